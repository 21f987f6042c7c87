"""Each sender against a real server: what goes over the wire, and what comes of each way of saying no."""

import socket
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from portal.config import Settings
from portal.outbox.senders import Console, Notify, NotNow, Parcel, Sender, Smtp, Undeliverable, senders, written
from tests.servers import NOTIFY_KEY, certificate, mail_server, notify_server

PARCEL = Parcel(
    key="award:17:offered:person:4",
    channel="email",
    name="Maya Ōkafor",
    address="maya@example.org",
    subject="Your idea: “Plants for Elm Green”",
    body="Dear Maya,\n\nyes! £250.00 is yours.\n\nhttps://sparks.example/grants/SPK-7F3K-9QXA",
    short="Yes! £250.00 is yours.",
    letter="Dear Maya,\n\nyes!",
    again=False,
)


def settings(tmp_path: Path, **changes: object) -> Settings:
    values: dict[str, object] = {
        "database_url": "sqlite:///unused.db",
        "secret_key": "x" * 40,
        "vault_keys": (Fernet.generate_key().decode(),),
        "base_url": "https://sparks.example",
        "data_dir": tmp_path,
        "mail_from": "Small Sparks <hello@sparks.example>",
        **changes,
    }
    return Settings(**values)  # type: ignore[arg-type]


def notify(tmp_path: Path, url: str) -> Notify:
    return Notify(
        settings(
            tmp_path,
            notify_api_key=NOTIFY_KEY,
            notify_url=url,
            notify_email_template="E",
            notify_sms_template="S",
            notify_letter_template="L",
        )
    )


def test_mail_arrives_as_it_was_written(tmp_path: Path) -> None:
    with mail_server() as box:
        reference = Smtp(settings(tmp_path, smtp_url=f"smtp://127.0.0.1:{box.port}")).send(PARCEL)
    (mail,) = box.mails
    assert mail["To"] == "Maya Ōkafor <maya@example.org>"
    assert mail["From"] == "Small Sparks <hello@sparks.example>"
    assert mail["Subject"] == PARCEL.subject
    assert mail.get_content_type() == "text/plain"
    assert mail.get_content().replace("\r\n", "\n").strip() == PARCEL.body
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Message-ID"] == f"<{reference}>" and str(mail["Message-ID"]).endswith("@sparks.example>")
    assert mail["Date"] is not None


def test_what_comes_again_and_again_has_a_way_out_on_one_line(tmp_path: Path) -> None:
    long = "https://small-sparks-of-a-long-named-council.example/gifts/weekly/by/GWK-7F3K-9QXA-0123456789abcdef"
    for way_out in (long, "https://a.example/x", long + "\r\nBcc: everybody@example.org"):
        raw = written(replace(PARCEL, way_out=way_out), "A <a@a.example>", "https://a.example").as_bytes().split(b"\r\n\r\n")[0]
        lines = raw.decode().split("\r\n")
        assert [line for line in lines if line.startswith("List-Unsubscribe:")] == [f"List-Unsubscribe: <{' '.join(way_out.split())}>"]
        assert "List-Unsubscribe-Post: List-Unsubscribe=One-Click" in lines and not any(line.startswith("Bcc") for line in lines)
    with mail_server() as box:
        sender = Smtp(settings(tmp_path, smtp_url=f"smtp://127.0.0.1:{box.port}"))
        sender.send(replace(PARCEL, way_out=long))
        sender.send(PARCEL)
    assert box.mails[0]["List-Unsubscribe"] == f"<{long}>" and box.mails[0]["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert box.mails[1]["List-Unsubscribe"] is None is box.mails[1]["List-Unsubscribe-Post"]
    with notify_server() as world:
        for way_out in (long, "http://localhost/x", ""):
            notify(tmp_path, world.url).send(replace(PARCEL, way_out=way_out))
    assert [one.get("one_click_unsubscribe_url") for one in world.taken] == [long, None, None]


def test_the_same_fact_has_the_same_message_id_and_another_fact_another() -> None:
    def id_of(parcel: Parcel, home: str = "https://a.example") -> str:
        return str(written(parcel, "A <a@a.example>", home)["Message-ID"])

    assert id_of(PARCEL) == id_of(replace(PARCEL, again=True))
    assert id_of(PARCEL) != id_of(replace(PARCEL, key="award:18:offered:person:4"))
    assert id_of(PARCEL) != id_of(PARCEL, "https://b.example")


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r", "\u2028", "\x0b", "\x85", "\0"])
@pytest.mark.parametrize("field", ["name", "subject", "address"])
def test_no_value_can_add_a_header(tmp_path: Path, field: str, line_end: str) -> None:
    value = getattr(PARCEL, field) + line_end + "Bcc: everybody@example.org" + line_end + line_end + "Buy!"
    with mail_server() as box:
        sender = Smtp(settings(tmp_path, smtp_url=f"smtp://127.0.0.1:{box.port}"))
        try:
            sender.send(replace(PARCEL, **{field: value}))
        except Undeliverable:
            assert field == "address"
    for mail in box.mails:
        assert "bcc" not in {name.lower() for name in mail}
        assert mail["To"].addresses[0].addr_spec == "maya@example.org" and len(mail["To"].addresses) == 1


@pytest.mark.parametrize(
    "address", ["", "maya", "@", "maya@", "a b@example.org", "maya@example.org, tom@example.org", "<maya@example.org>"]
)
def test_what_is_no_address_fails_at_once(tmp_path: Path, address: str) -> None:
    with mail_server() as box, pytest.raises(Undeliverable):
        Smtp(settings(tmp_path, smtp_url=f"smtp://127.0.0.1:{box.port}")).send(replace(PARCEL, address=address))
    assert not box.mails


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [("550 5.1.1 no such user", Undeliverable), ("451 4.7.1 greylisted, come again", NotNow), ("452 mailbox full", NotNow)],
)
def test_the_recipients_verdict(tmp_path: Path, answer: str, verdict: type[Exception]) -> None:
    with mail_server() as box:
        box.verdict = lambda _address: answer
        with pytest.raises(verdict, match=answer[:3]):
            Smtp(settings(tmp_path, smtp_url=f"smtp://127.0.0.1:{box.port}")).send(PARCEL)
    assert not box.mails


@pytest.mark.parametrize(("answer", "verdict"), [("554 we think this is spam", Undeliverable), ("451 try later", NotNow)])
def test_the_verdict_on_the_text(tmp_path: Path, answer: str, verdict: type[Exception]) -> None:
    with mail_server() as box:
        box.after_data = answer
        with pytest.raises(verdict, match=answer[:3]):
            Smtp(settings(tmp_path, smtp_url=f"smtp://127.0.0.1:{box.port}")).send(PARCEL)


def test_a_password_only_travels_encrypted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pem = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    with mail_server(pem, "s3cret@/:") as box:
        Smtp(settings(tmp_path, smtp_url=f"smtp://kindling:s3cret%40%2F%3A@127.0.0.1:{box.port}")).send(PARCEL)
    assert box.encrypted == [True]
    with mail_server() as box, pytest.raises(NotNow, match="STARTTLS"):
        Smtp(settings(tmp_path, smtp_url=f"smtp://kindling:s3cret@127.0.0.1:{box.port}")).send(PARCEL)
    assert not box.mails


def test_a_stranger_with_a_certificate_of_his_own_gets_nothing(tmp_path: Path) -> None:
    with mail_server(certificate(tmp_path), "s3cret") as box, pytest.raises(NotNow, match="certificate"):
        Smtp(settings(tmp_path, smtp_url=f"smtp://kindling:s3cret@127.0.0.1:{box.port}")).send(PARCEL)
    assert not box.mails


def test_our_own_wrong_password_is_not_the_messages_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pem = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    with mail_server(pem, "right") as box, pytest.raises(NotNow, match="535"):
        Smtp(settings(tmp_path, smtp_url=f"smtp://kindling:wrong@127.0.0.1:{box.port}")).send(PARCEL)


def test_no_mail_server_is_for_later(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, and nobody listens
        with pytest.raises(NotNow, match="did not answer"):
            Smtp(settings(tmp_path, smtp_url=f"smtp://127.0.0.1:{taken.getsockname()[1]}")).send(PARCEL)


def test_notify_gets_each_form_of_a_message(tmp_path: Path) -> None:
    with notify_server() as world:
        sender = notify(tmp_path, world.url)
        sender.send(replace(PARCEL, body="Dear Maya, [win](https://evil.example)"))
        sender.send(replace(PARCEL, channel="sms", address="+447700900123"))
        sender.send(replace(PARCEL, channel="letter", address="The Hub\n1 High Road\nTilbury\nRM18 7AA"))
    mail, text, letter = world.taken
    assert (mail["email_address"], mail["template_id"], mail["reference"]) == ("maya@example.org", "E", PARCEL.key)
    assert mail["personalisation"] == {"subject": PARCEL.subject, "body": "Dear Maya, \\[win\\](https://evil.example)"}
    assert (text["phone_number"], text["personalisation"]) == ("+447700900123", {"text": PARCEL.short})
    assert letter["personalisation"] == {
        "body": PARCEL.letter, "address_line_1": "Maya Ōkafor", "address_line_2": "The Hub", "address_line_3": "1 High Road",
        "address_line_4": "Tilbury", "address_line_5": "RM18 7AA",
    }  # fmt: skip


def test_a_long_address_keeps_its_postcode_last(tmp_path: Path) -> None:
    with notify_server() as world:
        notify(tmp_path, world.url).send(replace(PARCEL, channel="letter", address="\n".join("abcdefgh") + "\nRM18 7AA"))
    said = world.taken[0]["personalisation"]
    assert len([name for name in said if name.startswith("address")]) == 7
    assert (said["address_line_6"], said["address_line_7"]) == ("e, f, g, h", "RM18 7AA")


def test_a_second_try_asks_notify_first(tmp_path: Path) -> None:
    with notify_server() as world:
        sender = notify(tmp_path, world.url)
        first = sender.send(PARCEL)
        assert sender.send(replace(PARCEL, again=True)) == first
        assert len(world.taken) == 1
        world.taken[0]["status"] = "permanent-failure"  # that one came back, so a new one is not a second
        assert sender.send(replace(PARCEL, again=True)) != first
        assert sender.bounced() == [(first, "permanent-failure")]


@pytest.mark.parametrize(
    ("status", "error", "message", "verdict"),
    [
        (400, "ValidationError", "email_address Not a valid email address", Undeliverable),
        (400, "ValidationError", "phone_number Not enough digits", Undeliverable),
        (400, "ValidationError", "Last line of address must be a real UK postcode or another country", Undeliverable),
        (400, "BadRequestError", "Can't send to this recipient when service is in trial mode", NotNow),
        (400, "BadRequestError", "Template not found", NotNow),
        (403, "AuthError", "Invalid token: API key not found", NotNow),
        (429, "RateLimitError", "Exceeded rate limit for key type LIVE of 3000 requests per 60 seconds", NotNow),
        (500, "Exception", "Internal server error", NotNow),
        (503, "Exception", "away", NotNow),
    ],
)
def test_notifys_verdicts(tmp_path: Path, status: int, error: str, message: str, verdict: type[Exception]) -> None:
    with notify_server() as world:
        world.refuse = (status, error, message)
        with pytest.raises(verdict, match=message[:20]):
            notify(tmp_path, world.url).send(PARCEL)


def test_notify_speaking_in_tongues_or_not_at_all_is_for_later(tmp_path: Path) -> None:
    with notify_server() as world:
        world.garbage = True
        with pytest.raises(NotNow, match="do not understand"):
            notify(tmp_path, world.url).send(PARCEL)
    with pytest.raises(NotNow):
        notify(tmp_path, world.url).send(PARCEL)  # the server is gone now


def test_notify_sends_us_nowhere_else(tmp_path: Path) -> None:
    with notify_server() as world, notify_server() as other:
        world.elsewhere = f"{other.url}/v2/notifications/email"
        with pytest.raises(NotNow):
            notify(tmp_path, world.url).send(PARCEL)
    assert not other.taken


def test_who_carries_what(tmp_path: Path) -> None:
    def kinds(**changes: object) -> dict[str, type[Sender]]:
        return {channel: type(sender) for channel, sender in senders(settings(tmp_path, **changes)).items()}

    keys = {"notify_api_key": NOTIFY_KEY, "notify_sms_template": "S"}
    assert kinds() == {"email": Console, "sms": Console}
    assert kinds(sender="smtp", smtp_url="smtp://localhost") == {"email": Smtp}
    assert kinds(sender="smtp", smtp_url="smtp://localhost", **keys) == {"email": Smtp, "sms": Notify}
    assert kinds(sender="notify", notify_email_template="E", **keys) == {"email": Notify, "sms": Notify}
    assert kinds(sender="notify", notify_email_template="E", notify_letter_template="L", **keys) == {
        "email": Notify,
        "sms": Notify,
        "letter": Notify,
    }
