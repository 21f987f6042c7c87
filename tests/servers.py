"""Real servers on loopback that stand where the world would be: a mail server, and GOV.UK Notify's HTTP boundary."""

import datetime
import ipaddress
import json
import socket
import ssl
import subprocess
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

SERVICE, SECRET = "11111111-2222-3333-4444-555555555555", "66666666-7777-8888-9999-000000000000"
NOTIFY_KEY = f"test-{SERVICE}-{SECRET}"


class Mailbox:
    """What aiosmtpd took. `verdict(address)` may answer a recipient with a code; `taken` is called when a message is in our hands."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.verdict: Callable[[str], str] = lambda _address: "250 OK"
        self.after_data = "250 taken"
        self.taken: Callable[[], None] = lambda: None
        self.encrypted: list[bool] = []
        self.port = 0

    async def handle_RCPT(self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]) -> str:
        answer = self.verdict(address)
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        if self.after_data.startswith("250"):
            mail = message_from_bytes(envelope.content, policy=policy.SMTP)
            assert isinstance(mail, EmailMessage)
            self.mails.append(mail)
            self.encrypted.append(session.ssl is not None)
            self.taken()
        return self.after_data

    def ids(self) -> list[str]:
        return [str(mail["Message-ID"]) for mail in self.mails]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def mail_server(certificate: Path | None = None, password: str | None = None) -> Iterator[Mailbox]:
    """A mail server; with a certificate it insists on STARTTLS, with a password on "kindling" and that password."""
    box = Mailbox()
    options: dict[str, Any] = {}
    if certificate is not None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate)
        options |= {"tls_context": context, "require_starttls": True}
    if password is not None:

        def judge(_server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: Any) -> AuthResult:
            right = isinstance(data, LoginPassword) and data.login == b"kindling" and data.password == password.encode()
            return AuthResult(success=right, handled=right)

        options |= {"authenticator": judge, "auth_required": True}
    box.port = free_port()
    controller = Controller(box, hostname="127.0.0.1", port=box.port, **options)
    controller.start()
    try:
        yield box
    finally:
        controller.stop()


def certificate(folder: Path) -> Path:
    """A certificate for 127.0.0.1 that vouches for itself, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / "server.pem"
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return file


class FakeNotify:
    """Notify's API as its documentation has it: send, look up by reference and status. Signatures are checked."""

    def __init__(self) -> None:
        self.taken: list[dict[str, Any]] = []
        self.refuse: tuple[int, str, str] | None = None  # status, error, message
        self.garbage = False
        self.elsewhere = ""  # where it sends people on to
        self.after_taking: Callable[[], None] = lambda: None
        self.url = ""

    def answer(self, method: str, path: str, query: dict[str, list[str]], body: dict[str, Any]) -> tuple[int, Any]:
        if self.refuse is not None:
            status, error, message = self.refuse
            return status, {"status_code": status, "errors": [{"error": error, "message": message}]}
        if method == "GET":
            found = [
                one
                for one in self.taken
                if one["reference"] in query.get("reference", [one["reference"]]) and one["status"] in query.get("status", [one["status"]])
            ]
            return 200, {"notifications": found, "links": {}}
        one = {"id": str(uuid.uuid4()), "status": "sending", "type": path.rsplit("/", 1)[1], **body}
        self.taken.append(one)
        self.after_taking()
        return 201, {"id": one["id"], "reference": one["reference"]}


@contextmanager
def notify_server() -> Iterator[FakeNotify]:
    fake = FakeNotify()

    class Handler(BaseHTTPRequestHandler):
        def handle_one(self) -> None:
            claims = jwt.decode(self.headers["Authorization"].removeprefix("Bearer "), SECRET, algorithms=["HS256"])
            assert claims["iss"] == SERVICE
            parts = urlsplit(self.path)
            length = int(self.headers.get("Content-Length") or 0)
            status, said = fake.answer(self.command, parts.path, parse_qs(parts.query), json.loads(self.rfile.read(length) or b"{}"))
            text = b"<html>" if fake.garbage else json.dumps(said).encode()
            self.send_response(307 if fake.elsewhere else status)
            if fake.elsewhere:
                self.send_header("Location", fake.elsewhere)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            try:
                self.wfile.write(text)
            except ConnectionError:
                pass  # whoever asked has died

        do_GET = do_POST = handle_one

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    fake.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def end(process: subprocess.Popen[Any]) -> None:
    """Make sure that a process of ours is gone."""
    if process.poll() is None:
        process.kill()
    process.wait()
