"""The messages about signing in and joining whose words a scheme may change, as they ship."""

from portal.settings.letters import Blank, Letter, register
from portal.words import N_

CODE = register(
    Letter(
        "code",
        N_("The code to sign in"),
        N_("When somebody asks for one"),
        subject=N_("Your code is {code}"),
        body=N_(
            "Your code is {code}.\n\nOr open this link and press the button:\n\n{link}\n\nBoth work once, for 15 minutes. If you did not ask for it, you can forget this message."
        ),
        short=N_("Your code is {code}. Or open {link}"),
        blanks={
            "code": Blank(N_("the six digits"), "314159"),
            "link": Blank(
                N_("the address that signs them in"), "https://portal.example/people/sign-in/link/aB3dE5fG7hJ9kL1mN2pQ4rS6tU8vW0xY"
            ),
        },
        needed={"subject": frozenset(), "body": frozenset({"code", "link"}), "short": frozenset({"code"})},
    )
)

WELCOME = register(
    Letter(
        "welcome",
        N_("Welcome"),
        N_("When somebody joins by themselves"),
        subject=N_("Welcome to {scheme}"),
        body=N_(
            "Hello {name}. You are with us now.\n\nHave an idea for your street? Neighbours who do something together can get a small grant for it. You can also share an hour, or give what you do not need any more:\n\n{link}\n\nAny questions? Call us: {telephone}."
        ),
        short=N_("Welcome to {scheme}, {name}. Share an idea, an hour or a gift: {link}"),
        blanks={
            "name": Blank(N_("their name"), "Rosa Delgado"),
            "link": Blank(N_("the address of the home page"), "https://portal.example/"),
        },
    )
)
