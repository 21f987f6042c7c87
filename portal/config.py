"""Settings, read once from the environment. A missing or unsafe one stops the start with one clear line."""

import os
import re
import secrets
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parseaddr
from pathlib import Path
from urllib.parse import urlsplit


class BadSetting(SystemExit):
    """One line on stderr and exit code 1: the environment is not fit to start in."""

    def __init__(self, line: str) -> None:
        super().__init__(f"kindling: {line}")


@dataclass(frozen=True)
class Settings:
    database_url: str  # sqlite:///FILE or postgresql://...
    secret_key: str  # signs cookies and the links that neighbours get; at least 32 characters
    vault_keys: tuple[str, ...]  # Fernet keys for bank details, newest first; older ones only decrypt
    base_url: str  # how people reach us, without a slash at the end; goes into every message
    data_dir: Path  # photos and generated files live here
    demo: bool = False  # KINDLING_DEMO=1: sign in as anybody, see the outbox. Never with real people
    sender: str = "console"  # console, smtp or notify
    mail_from: str = "Kindling <no-reply@kindling.example>"
    smtp_url: str = ""  # smtp://user:password@host:587 (STARTTLS) or smtps://
    notify_api_key: str = ""  # GOV.UK Notify
    notify_url: str = "https://api.notifications.service.gov.uk"
    notify_email_template: str = ""
    notify_sms_template: str = ""
    notify_letter_template: str = ""
    trusted_proxies: int = 0  # how many reverse proxies stand in front and set X-Forwarded-For
    second_factor: bool = False  # asked of every officer, finance officer, auditor and administrator; else of those who have set one up
    testing: bool = False

    @property
    def https(self) -> bool:
        return self.base_url.startswith("https://")

    @classmethod
    def from_environment(cls, env: Mapping[str, str] | None = None) -> "Settings":
        """Read and judge the environment. BadSetting names the variable and says what to write there."""
        env = os.environ if env is None else env
        demo = env.get("KINDLING_DEMO", "") == "1"
        data_dir = Path(env.get("KINDLING_DATA", "instance")).absolute()
        try:
            data_dir.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=data_dir) as probe:
                probe.write(b"room for one byte?")
            if demo:
                secret, vault = _demo_keys(data_dir)
        except OSError as why:
            raise BadSetting(f"cannot use KINDLING_DATA={data_dir}: {why.strerror}") from why
        if demo:
            secret = env.get("SECRET_KEY", secret)
            vault = env.get("VAULT_KEYS", vault)
            url = env.get("DATABASE_URL") or f"sqlite:///{data_dir / 'kindling.db'}"
            base = env.get("BASE_URL", "http://127.0.0.1:" + env.get("PORT", "8000"))
        else:
            secret, vault, url, base = (_required(env, name) for name in ("SECRET_KEY", "VAULT_KEYS", "DATABASE_URL", "BASE_URL"))
        settings = cls(
            database_url=_database_url(url),
            secret_key=secret,
            vault_keys=tuple(key.strip() for key in vault.split(",") if key.strip()),
            base_url=base.rstrip("/"),
            data_dir=data_dir,
            demo=demo,
            sender=env.get("SENDER", "console"),
            mail_from=env.get("MAIL_FROM", cls.mail_from),
            smtp_url=env.get("SMTP_URL", ""),
            notify_api_key=env.get("NOTIFY_API_KEY", ""),
            notify_url=env.get("NOTIFY_URL", cls.notify_url),
            notify_email_template=env.get("NOTIFY_EMAIL_TEMPLATE", ""),
            notify_sms_template=env.get("NOTIFY_SMS_TEMPLATE", ""),
            notify_letter_template=env.get("NOTIFY_LETTER_TEMPLATE", ""),
            trusted_proxies=_whole_number(env, "TRUSTED_PROXIES"),
            second_factor=_second_factor(env, demo),
        )
        _judge(settings)
        return settings


def _required(env: Mapping[str, str], name: str) -> str:
    value = env.get(name, "").strip()
    if not value:
        raise BadSetting(
            f"{name} is not set. Set it in the environment (see the README, To production), or KINDLING_DEMO=1 to try the demo."
        )
    return value


def _second_factor(env: Mapping[str, str], demo: bool) -> bool:
    """Required of real people unless said otherwise; in the demo anybody is anybody."""
    said = env.get("SECOND_FACTOR", "own-choice" if demo else "required")
    if said not in ("required", "own-choice"):
        raise BadSetting("SECOND_FACTOR must be required or own-choice.")
    return said == "required"


def _whole_number(env: Mapping[str, str], name: str) -> int:
    text = env.get(name, "0")
    if not (text.isascii() and text.isdigit()):
        raise BadSetting(f"{name} must be a whole number, not {text!r}.")
    return int(text)


def _database_url(url: str) -> str:
    """Accept the spellings that hosting services hand out, and say which driver we mean."""
    for prefix in ("postgres://", "postgresql://"):
        if url.startswith(prefix):
            return "postgresql+psycopg://" + url.removeprefix(prefix)
    if url.startswith(("postgresql+psycopg://", "sqlite:///")):
        return url
    raise BadSetting("DATABASE_URL must begin with sqlite:/// or postgresql://.")


def _demo_keys(data_dir: Path) -> tuple[str, str]:
    """Keys of a demo, made on the first run and kept beside its data, so that a second run can read it."""
    from cryptography.fernet import Fernet

    found = []
    for name, fresh in (("secret.key", secrets.token_urlsafe(48)), ("vault.key", Fernet.generate_key().decode())):
        path = data_dir / name
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            pass
        else:
            with os.fdopen(handle, "w") as file:
                file.write(fresh)
        found.append(path.read_text().strip())
    return found[0], found[1]


def _judge(settings: Settings) -> None:
    from cryptography.fernet import Fernet

    if len(settings.secret_key) < 32:
        raise BadSetting("SECRET_KEY is too short to be safe. Use at least 32 random characters.")
    if not settings.vault_keys:
        raise BadSetting("VAULT_KEYS is empty. Make one with: python -m portal.vault")
    for key in settings.vault_keys:
        try:
            Fernet(key)
        except ValueError as why:
            raise BadSetting("VAULT_KEYS holds something that is not a key. Make one with: python -m portal.vault") from why
    if not settings.demo and not settings.https:
        raise BadSetting("BASE_URL must begin with https:// when real people use this.")
    if settings.sender not in ("console", "smtp", "notify"):
        raise BadSetting("SENDER must be console, smtp or notify.")
    if settings.sender == "console" and not settings.demo:
        raise BadSetting("SENDER=console sends nothing to anybody. Set SENDER to smtp or notify when real people use this.")
    if settings.sender == "smtp" and not _is_mail_server(settings.smtp_url):
        raise BadSetting("SENDER=smtp needs SMTP_URL, like smtp://user:password@mail.example:587.")
    if parseaddr(settings.mail_from)[1].count("@") != 1 or not settings.mail_from.isprintable():
        raise BadSetting("MAIL_FROM must be a name and an address, like Kindling <no-reply@scheme.example>.")
    if settings.notify_api_key and not re.search(r"[0-9a-f-]{36}-[0-9a-f-]{36}$", settings.notify_api_key):
        raise BadSetting("NOTIFY_API_KEY is not a key of GOV.UK Notify: copy all of it, with its name in front.")
    if not settings.notify_url.startswith(("https://", "http://127.0.0.1:")):
        raise BadSetting("NOTIFY_URL must begin with https://: the words of every message go there.")
    if settings.sender == "notify" and not all((settings.notify_api_key, settings.notify_email_template, settings.notify_sms_template)):
        raise BadSetting("SENDER=notify needs NOTIFY_API_KEY, NOTIFY_EMAIL_TEMPLATE and NOTIFY_SMS_TEMPLATE.")


def _is_mail_server(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("smtp", "smtps") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
