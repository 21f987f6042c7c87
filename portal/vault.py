"""Encryption at rest for the few fields that need it (bank details, second factors), and keyed marks of what is not kept open."""

import hashlib
import hmac
import sys

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

_vault: MultiFernet | None = None
_keys: tuple[str, ...] = ()


def open_with(keys: tuple[str, ...]) -> None:
    """Install the keys, newest first; called once by `create_app`."""
    global _vault, _keys
    _vault = MultiFernet([Fernet(key) for key in keys])
    _keys = keys


def new_key() -> str:
    """A fresh key to put first in VAULT_KEYS; `python -m portal.vault` prints one, before there are any settings."""
    return Fernet.generate_key().decode()


def seal(text: str) -> str:
    """Encrypt with the newest key."""
    assert _vault is not None, "open_with() has not been called"
    return _vault.encrypt(text.encode()).decode()


def unseal(token: str) -> str:
    """Decrypt with whichever key fits. RuntimeError with a clear line when none does."""
    assert _vault is not None, "open_with() has not been called"
    try:
        return _vault.decrypt(token.encode()).decode()
    except InvalidToken as why:
        raise RuntimeError("VAULT_KEYS holds no key that opens this; put the old key back at the end of the list") from why


def marks(purpose: str, text: str) -> tuple[str, ...]:
    """A keyed hash (40 hex digits) of a text for one purpose, under each key, newest first.

    The first is what is kept or sent; whoever compares accepts any, so that a rotated key does not end a link.
    """
    assert _keys, "open_with() has not been called"
    return tuple(hmac.new(key.encode(), f"{purpose}\0{text}".encode(), hashlib.sha256).hexdigest()[:40] for key in _keys)


if __name__ == "__main__":
    sys.stdout.write(new_key() + "\n")
