"""Encryption at rest for the few fields that need it (bank details, second factors)."""

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

_vault: MultiFernet | None = None


def open_with(keys: tuple[str, ...]) -> None:
    """Install the keys, newest first; called once by `create_app`."""
    global _vault
    _vault = MultiFernet([Fernet(key) for key in keys])


def new_key() -> str:
    """A fresh key to put first in VAULT_KEYS."""
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


def reseal(token: str) -> str:
    """The same text under the newest key (for `flask vault rotate`)."""
    assert _vault is not None, "open_with() has not been called"
    return _vault.rotate(token.encode()).decode()
