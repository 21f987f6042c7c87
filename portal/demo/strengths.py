"""The map of strengths in the demo: every kind and state, who looks after what, a list that was brought and one that was taken back."""

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy import select

from portal.db import db
from portal.history import Actor
from portal.people import queries as people
from portal.people.access import Who
from portal.people.model import Organisation
from portal.places.queries import area_by_code
from portal.strengths import actions, desk, imports, keeping, shapes
from portal.strengths.rules import Draft

if TYPE_CHECKING:
    from portal.demo.story import Story

# (kind, name, what it offers, area, where, when, contact, words, how people meet, access)
SAID = (
    ("people", "Mossgate Choir", "We sing what we like. Everybody may join, no notes needed.", "mossgate", "Mossgate Hall", "Tuesdays at 7 pm", "Just come along", "singing, music", "", "step-free, toilet"),
    ("people", "Friends of the Green", "We look after the green by the library: planting, benches, a chat.", "mossgate", "By the library", "First Saturday of the month", "Ask at the library", "gardening, outdoors", "", "step-free"),
    ("people", "Saltmarsh Walkers", "Slow walks by the river, with dogs and without.", "saltmarsh", "From the hub", "Mondays at 10 am", "Ask at the hub", "walking, dogs", "", ""),
    ("people", "Stitch and Talk", "Sewing, mending and tea. We have machines.", "larch-court", "The common room", "Thursday afternoons", "Knock at the common room", "sewing, mending", "", "quiet"),
    ("people", "Dads at the Dock", "Fathers with small children meet to play.", "eastquay", "The boat shed", "Sundays at 11 am", "Just come along", "children, fathers", "", "step-free"),
    ("place", "Mossgate Hall", "A large room with a kitchen, chairs for eighty, and a garden.", "mossgate", "Market Square", "Every day until 10 pm", "Ring the bell, or ask at the library", "hall, kitchen, room to hire", "", "step-free, toilet, loop, parking"),
    ("place", "The Anchor’s back room", "A pub with a room for twenty. Free before six.", "eastquay", "The Anchor, on the quay", "Weekdays", "Ask at the bar", "room, pub", "", "toilet"),
    ("place", "Kilnfield Community Garden", "Beds to share, a polytunnel, a shed full of tools.", "kilnfield", "Behind the old kiln", "Wednesdays and Saturdays", "The gate is open when somebody is there", "garden, vegetables, tools", "", "step-free"),
    ("place", "Saltmarsh Hub", "Tea, computers, somebody to talk to.", "saltmarsh-hub", "The old bank", "Weekdays, 9 am to 4 pm", "Just come in", "hub, computers, tea", "", "step-free, toilet, loop, quiet"),
    ("place", "Tidemill Library", "Books, warmth, a printer, and a corner for children.", "tidemill", "Mill Street", "Not on Sundays", "Just come in", "library, printer, children", "", "step-free, toilet, signing"),
    ("culture", "Estuary Carnival", "Floats, drums and costumes. Everybody can make something.", "wharfside", "From the quay to the park", "Second Saturday in July", "Come to a making day", "carnival, music, costumes", "", ""),
    ("culture", "The Big Lunch in Larkrise", "One long table down the street. Bring a dish.", "larkrise", "Lark Street", "First Sunday in June", "Put your name on the list in the shop", "big lunch, food, street party", "", "step-free"),
    ("culture", "Lantern Walk", "We build lanterns from willow and walk them to the water.", "ferryside", "From the school", "Early in December", "Workshops are on the noticeboard", "lanterns, winter", "", ""),
    ("support", "Listening Ear", "Somebody who has been there listens, for as long as it takes.", "priory-hub", "", "When you call", "Leave your first name, we call back", "company, grief", "one-to-one, telephone", ""),
    ("support", "Carers’ Cuppa", "People who look after somebody meet and breathe out.", "heronsbrook", "The church room", "Fridays at 2 pm", "Just come along", "carers", "group", "step-free, quiet"),
    ("support", "New Mums Online", "A friendly group chat, with a video call on Wednesdays.", "chalkhill", "", "Wednesdays at 8 pm", "Ask the health visitor for the link", "babies, mothers", "online, group", ""),
    ("support", "Men’s Shed Peers", "Men who have had a hard time make things side by side.", "brickfields", "The blue shed", "Tuesdays and Thursdays", "Come and look", "men, woodwork", "group, one-to-one", "parking"),
    ("enterprise", "Quay Bikes", "Repairs, second-hand bikes, and a free pump outside.", "eastquay", "On the quay", "Not on Mondays", "Come in", "bicycles, repair", "", "step-free"),
    ("enterprise", "The Flour Fairy", "Bread from the market stall; teaches baking in winter.", "orchard-park", "Orchard Market", "Fridays and Saturdays", "At the stall", "bread, baking", "", ""),
    ("enterprise", "Rookery Repair Café", "Bring what is broken, go home with what works.", "rookery", "The scout hut", "Last Saturday of the month", "Just come along", "repair, tools", "", "step-free"),
)  # fmt: skip
INITIATIVES = ("Mossgate Choir", "Kilnfield Community Garden", "Rookery Repair Café", "Carers’ Cuppa", "Friends of the Green")
PLACES = {"Mossgate Hall": (51482, 331), "Saltmarsh Hub": (51475, 352), "Tidemill Library": (51466, 318)}
PUBLISHED = {"Listening Ear": ("hello@listening-ear.example", "+441632960777"), "Mossgate Hall": ("", "+441632960555")}
# where the wards stand in the grid, from west to east and north to south
GRID = (
    ("beaconfield", 2, 1), ("highlands", 3, 1), ("chalkhill", 4, 1), ("gorseheath", 1, 2), ("larkrise", 2, 2), ("orchard-park", 3, 2), ("rookery", 4, 2),
    ("millrace", 5, 2), ("netherby", 1, 3), ("st-brannoc", 2, 3), ("mossgate", 3, 3), ("priory", 4, 3), ("heronsbrook", 5, 3), ("cockle-row", 6, 3),
    ("tidemill", 2, 4), ("kilnfield", 3, 4), ("saltmarsh", 4, 4), ("wharfside", 5, 4), ("eastquay", 5, 5), ("ferryside", 4, 5),
)  # fmt: skip
LIST = """id,name,kind,offers,area,contact,place,when,tags
1,St Brannoc Bell Ringers,people,Six bells and always one ringer too few.,St Brannoc,Come up the tower,The church,Wednesdays at 7.30 pm,bells
2,Netherby Allotments,place,Plots to share and a waiting list that moves.,Netherby,Ask at the gate,Behind the school,Every day,garden
3,Millrace Chess,people,Chess for all ages.,Millrace,Just come along,The café,Mondays at 6 pm,chess
"""
WRONG_LIST = "name,kind,offers,area,contact\nTest Group,people,Only a test,Priory,Nobody\nSecond Test,place,Only a test,Priory,Nobody\n"


class Strengths:
    """Tells it at the end, so that nothing before it changes."""

    def __init__(self, story: "Story") -> None:
        self.story = story
        self.number = 0
        self.officer, self.connector = story.staff["council-officer"], story.staff["connector"]
        self.refs: dict[str, str] = {}

    def tell(self) -> None:
        for code, column, row in GRID:
            with self.story.at(self.story.ago(200)):
                shapes.set_shape(code, column, row, "", Actor(self.officer.id))
        for number, said in enumerate(SAID):
            self._published(self._draft(*said), 190 - number * 5)
        self._lists()
        self._kept()
        self._waiting()
        self._ended()
        for days in (20, 8, 0):
            with self.story.at(self.story.ago(days) if days else self.story.now):
                keeping.remind()
                keeping.archive_due()

    def _draft(
        self, kind: str, name: str, offers: str, area: str, place: str = "", when: str = "", contact: str = "", tags: str = "", ways: str = "", access: str = ""
    ) -> Draft:  # fmt: skip
        found = area_by_code(area)
        north, east = PLACES.get(name, (None, None))
        email, phone = PUBLISHED.get(name, ("", ""))
        return Draft(
            kind, name, offers, found.id if found else None, contact=contact, email=email, phone=phone, contact_public=bool(email or phone), ways=ways, place=place,
            open_door=north is not None, access=access, when_words=when, tags=tags, latitude=north, longitude=east,
            links="https://listening-ear.example/" if name == "Listening Ear" else "",
        )  # fmt: skip

    def _resident(self, number: int) -> Who:
        someone = people.person(self.story.residents[number])
        return Who(someone.id, someone.ref, someone.name, someone.area_id)

    def _suggested(self, draft: Draft, who: Who, days: float, keeper: str = "", again: bool = False) -> str:
        self.number += 1
        with self.story.at(self.story.ago(days)):
            return actions.suggest(draft, who, keeper=keeper, again=again, once_key=f"demo strengths {self.number}")

    def _published(self, draft: Draft, days: float, who: Who | None = None, keeper: str = "", months: int = 12, again: bool = False) -> str:
        ref = self._suggested(draft, who or self.connector, days, keeper or ("me" if who is None else ""), again)
        with self.story.at(self.story.ago(days - 1)):
            desk.publish(ref, self.connector, shown=1, months=months, initiative=draft.name in INITIATIVES)
        self.refs[draft.name] = ref
        return ref

    def _lists(self) -> None:
        with self.story.at(self.story.ago(60)):
            imports.take_over(LIST.encode(), "council-groups.csv", "Council list of groups", "", self.officer, publish=True)
        with self.story.at(self.story.ago(58)):
            _plan, ref = imports.take_over(WRONG_LIST.encode(), "test.csv", "A test", "", self.officer, publish=False)
        with self.story.at(self.story.ago(57)):
            imports.undo(ref, self.officer)

    def _kept(self) -> None:
        """Looked after by residents and a group; changed; nobody's, with somebody who would."""
        story, maya, idris = self.story, self._resident(0), self._resident(1)
        group = db.session.scalar(select(Organisation).where(Organisation.archived_at.is_(None)).order_by(Organisation.id))
        assert group is not None
        acting = people.acting_for(group.id)[0][1]
        for_group = Who(acting.id, acting.ref, acting.name, acting.area_id, acts_for=frozenset((group.id,)))
        self._published(
            self._draft(
                "people",
                "Toy Exchange",
                "Swap toys and outgrown clothes.",
                "mossgate",
                "The school hall",
                "Termly",
                "Just come along",
                "toys, children",
            ),
            80,
            for_group,
            group.ref,
        )
        draft = self._draft(
            "culture",
            "Street Pantomime",
            "A silly play in the street, made by its people.",
            "gorseheath",
            "",
            "In January",
            "Come to a rehearsal",
            "theatre",
        )
        ref = self._published(draft, 75, maya, "me")
        with story.at(story.ago(30)):
            actions.edit(ref, replace(draft, when_words="The last weekend in January", place="Heath Road"), maya, shown=1)
        with story.at(story.ago(29)):
            desk.publish(ref, self.connector, shown=2)
        left = self._published(
            self._draft(
                "enterprise",
                "The Seed Swap",
                "Seeds for seeds, all year.",
                "beaconfield",
                "In the phone box",
                "Any time",
                "Open the door",
                "seeds, garden",
            ),
            70,
            idris,
            "me",
        )
        with story.at(story.ago(12)):
            actions.let_go(left, idris)
        with story.at(story.ago(2)):
            actions.offer_to_keep(left, maya)
        # one whose day comes, so that its keeper is asked
        self._published(self._draft("people", "Night Fishers", "Quiet company by the water.", "cockle-row", "The pier", "At full moon", "Bring a lamp", "fishing"), 85, maya, "me", months=3)  # fmt: skip

    def _waiting(self) -> None:
        maya, rosa = self._resident(0), self._resident(2)
        self._suggested(
            self._draft(
                "place",
                "Highlands Orchard",
                "Apples for everybody who picks them up.",
                "highlands",
                "By the water tower",
                "In autumn",
                "Just go",
                "apples",
            ),
            maya,
            3,
        )
        self._suggested(
            self._draft("people", "Mossgate choir", "A choir that sings on Tuesdays.", "mossgate", "", "", "Come along", "singing"),
            rosa,
            2,
            again=True,
        )
        ref = self._suggested(
            self._draft("enterprise", "Cheap Loans", "Money today, ask later.", "priory", "", "", "Ask me", "money"), rosa, 9
        )
        with self.story.at(self.story.ago(8)):
            desk.turn_down(ref, "The map is for what makes a neighbourhood stronger. Lending money is not a part of it.", self.connector)

    def _ended(self) -> None:
        """Put away with a reason, joined with another, and one for which nobody answered."""
        away = self._published(
            self._draft(
                "place", "The Old Cinema", "A stage and two hundred seats.", "wharfside", "Dock Road", "", "Ask next door", "stage"
            ),
            90,
        )
        twin = self._published(
            self._draft("people", "Saltmarsh walkers", "Walks by the river.", "saltmarsh", "", "Mondays", "Ask at the hub", "walking"),
            50,
            again=True,
        )
        with self.story.at(self.story.ago(40)):
            desk.archive(away, "It has closed", self.connector)
            desk.merge(twin, self.refs["Saltmarsh Walkers"], "They are the same", self.connector)


def tell(story: "Story") -> None:
    """Told at the end of the story."""
    Strengths(story).tell()
