"""How messages leave the house: console, SMTP, GOV.UK Notify. Each carries one parcel and says what came of it.

A sender returns its own reference for the message, raises `Undeliverable` when this address will never take it, and
`NotNow` when a later try may do better.
"""

import hashlib
import logging
import smtplib
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC
from email.errors import HeaderParseError, MessageError
from email.headerregistry import Address, BaseHeader, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from typing import Any, Protocol
from urllib.parse import SplitResult, unquote, urlsplit

from notifications_python_client.errors import APIError, InvalidResponse
from notifications_python_client.notifications import NotificationsAPIClient

from portal import clock
from portal.config import Settings

log = logging.getLogger("kindling")

TIMEOUT = 20  # seconds for an answer; all of them together stay well below sending.LEASE
TAKING = 60  # seconds for a mail server to take a message: some look inside first
LOCAL = ("localhost", "127.0.0.1", "::1")


class Undeliverable(Exception):
    """This address will never take it; the words are for the officer."""


class NotNow(Exception):
    """It did not go out this time; the words are for the officer."""


@dataclass(frozen=True)
class Parcel:
    """A message as a sender sees it. `again`: an earlier try may have gone out without our knowing."""

    key: str
    channel: str
    name: str
    address: str
    subject: str
    body: str
    short: str
    letter: str
    again: bool
    way_out: str = ""


class Sender(Protocol):
    def send(self, parcel: Parcel) -> str | None:
        """Carry it; the sender's own reference, when it has one. Raises Undeliverable or NotNow."""


def senders(settings: Settings) -> dict[str, Sender]:
    """Who carries what: channel to sender. A channel without one waits for print (letters) or is told to the officer (texts)."""
    if settings.sender == "console":
        return {"email": Console(), "sms": Console()}
    by: dict[str, Sender] = {}
    if settings.notify_api_key:
        notify = Notify(settings)
        templates = {
            "email": settings.notify_email_template,
            "sms": settings.notify_sms_template,
            "letter": settings.notify_letter_template,
        }
        by.update({channel: notify for channel, template in templates.items() if template})
    if settings.sender == "smtp":
        by["email"] = Smtp(settings)
    return by


class Console:
    """Says in the log that a message would have gone, to nobody in particular: its text is at /dev/outbox."""

    def send(self, parcel: Parcel) -> str | None:
        log.info("message", extra={"fields": {"key": parcel.key, "channel": parcel.channel}})
        return None


class Smtp:
    """One connection a message. Encrypted and proved, except to a server without password on this very machine."""

    def __init__(self, settings: Settings) -> None:
        self.url = urlsplit(settings.smtp_url)
        self.sender = settings.mail_from
        self.home = settings.base_url
        self.tls = ssl.create_default_context()

    def send(self, parcel: Parcel) -> str | None:
        """E-mail of `parcel.body`. The Message-ID comes from the message's key, so that a copy after an accident is known as one."""
        try:
            mail = written(parcel, self.sender, self.home)
        except (ValueError, IndexError, MessageError, HeaderParseError) as why:
            raise Undeliverable(f"not an e-mail address: {why}") from why
        try:
            with _connected(self.url, self.tls) as server:
                server.send_message(mail)
        except smtplib.SMTPRecipientsRefused as why:
            (code, answer), *_others = why.recipients.values()
            raise _verdict(code, answer, never=code >= 500) from why
        except smtplib.SMTPDataError as why:
            raise _verdict(why.smtp_code, why.smtp_error, never=why.smtp_code >= 500) from why
        except smtplib.SMTPNotSupportedError as why:
            raise NotNow(f"the mail server cannot do this: {why}") from why
        except smtplib.SMTPResponseException as why:  # our name, password or sender: not the fault of this message
            raise _verdict(why.smtp_code, why.smtp_error, never=False) from why
        except (OSError, smtplib.SMTPException) as why:
            raise NotNow(f"the mail server did not answer: {type(why).__name__} {why}") from why
        return str(mail["Message-ID"]).strip("<>")


class _Whole(UnstructuredHeader, BaseHeader):
    """A header whose value goes out on one line as it is: folded or encoded, no mail program would know the address in it."""

    def fold(self, *, policy: Any) -> str:
        return f"{self.name}: {self}{policy.linesep}"


_headers = HeaderRegistry()
_headers.map_to_type("list-unsubscribe", _Whole)
POLICY = SMTP.clone(header_factory=_headers)


def written(parcel: Parcel, sender: str, home: str) -> EmailMessage:
    """The e-mail as it goes out. ValueError (or a relative) when the address is none; no value can add a header."""
    name, address = parseaddr(sender)
    _at, _sep, domain = address.rpartition("@")
    mail = EmailMessage(policy=POLICY)
    mail["From"] = Address(_one_line(name), addr_spec=address)
    mail["To"] = Address(_one_line(parcel.name), addr_spec=parcel.address)
    mail["Subject"] = _one_line(parcel.subject)
    mail["Date"] = format_datetime(clock.now().astimezone(UTC))
    mail["Message-ID"] = f"<{hashlib.sha256(f'{home} {parcel.key}'.encode()).hexdigest()[:40]}@{domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    if parcel.way_out:
        mail["List-Unsubscribe"] = f"<{_one_line(parcel.way_out)}>"
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"  # RFC 8058
    mail.set_content(parcel.body.replace("\0", ""), charset="utf-8", cte="quoted-printable")
    return mail


def _one_line(text: str) -> str:
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


@contextmanager
def _connected(url: SplitResult, tls: ssl.SSLContext) -> Iterator[smtplib.SMTP]:
    host = url.hostname or ""
    if url.scheme == "smtps":
        server: smtplib.SMTP = smtplib.SMTP_SSL(host, url.port or 465, timeout=TIMEOUT, context=tls)
    else:
        server = smtplib.SMTP(host, url.port or 587, timeout=TIMEOUT)
    try:
        server.ehlo()
        if url.scheme == "smtp" and (server.has_extn("starttls") or url.username or host not in LOCAL):
            server.starttls(context=tls)  # raises when the server does not offer it
            server.ehlo()
        if url.username:
            server.login(unquote(url.username), unquote(url.password or ""))
        assert server.sock is not None
        server.sock.settimeout(TAKING)
        yield server
    finally:
        with suppress(OSError, smtplib.SMTPException):
            server.quit()  # a bad goodbye must not look like a message that did not go


def _verdict(code: int, answer: bytes | str, *, never: bool) -> Undeliverable | NotNow:
    said = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
    return (Undeliverable if never else NotNow)(f"the mail server said {code} {said}")


class Notify:
    """GOV.UK Notify. Its templates are only frames: ((subject)) and ((body)); ((text)); ((address_line_1)) to 7 and ((body))."""

    def __init__(self, settings: Settings) -> None:
        client: Any = NotificationsAPIClient  # untyped
        self.client = client(settings.notify_api_key, base_url=settings.notify_url, timeout=TIMEOUT)
        self.client.request_session.max_redirects = 0  # words of messages go nowhere else
        self.templates = {
            "email": settings.notify_email_template, "sms": settings.notify_sms_template, "letter": settings.notify_letter_template,
        }  # fmt: skip

    def send(self, parcel: Parcel) -> str | None:
        """Notify's id of the message. Before a second try it is asked by our key, so that nothing goes out twice."""
        return str(self._ask(lambda: (self._already_there(parcel.key) if parcel.again else None) or self._new(parcel)))

    def bounced(self) -> list[tuple[str, str]]:
        """(Notify's id, its status) of the latest messages that Notify took and could not deliver."""
        answer = self._ask(lambda: self.client.get_all_notifications(status=list(NOT_DELIVERED)))
        return [(str(one["id"]), str(one["status"])) for one in answer["notifications"]]

    def _already_there(self, key: str) -> str | None:
        for one in self.client.get_all_notifications(reference=key)["notifications"]:
            if one["status"] not in NOT_DELIVERED:
                return str(one["id"])
        return None

    def _new(self, parcel: Parcel) -> str:
        template = self.templates[parcel.channel]
        if parcel.channel == "email":
            said: Mapping[str, str] = {"subject": _one_line(parcel.subject), "body": _plain(parcel.body)}
            way_out = {"one_click_unsubscribe_url": parcel.way_out} if parcel.way_out.startswith("https:") else {}  # Notify takes no other
            answer = self.client.send_email_notification(parcel.address, template, personalisation=said, reference=parcel.key, **way_out)
        elif parcel.channel == "sms":
            answer = self.client.send_sms_notification(
                parcel.address, template, personalisation={"text": parcel.short}, reference=parcel.key
            )
        else:
            lines = [line.strip() for line in [parcel.name, *parcel.address.splitlines()] if line.strip()]
            lines = lines if len(lines) <= 7 else [*lines[:5], ", ".join(lines[5:-1]), lines[-1]]  # Notify prints seven
            said = {"body": _plain(parcel.letter)} | {f"address_line_{number}": line for number, line in enumerate(lines, 1)}
            answer = self.client.send_letter_notification(template, said, reference=parcel.key)
        return str(answer["id"])

    def _ask(self, question: Callable[[], Any]) -> Any:
        try:
            return question()
        except (InvalidResponse, KeyError, TypeError) as why:
            raise NotNow("Notify answered something that we do not understand") from why
        except APIError as why:
            words = "; ".join(str(each.get("message", each)) for each in why.message) if isinstance(why.message, list) else str(why.message)
            if why.status_code == 400 and any(part in words.lower() for part in ("address", "phone_number", "postcode")):
                raise Undeliverable(f"Notify said: {words}") from why
            raise NotNow(f"Notify said {why.status_code}: {words}") from why


NOT_DELIVERED = ("permanent-failure", "temporary-failure", "technical-failure")


def _plain(text: str) -> str:
    """Notify reads Markdown: nobody's title may become a link that says something else than where it goes."""
    return text.replace("[", "\\[").replace("]", "\\]")
