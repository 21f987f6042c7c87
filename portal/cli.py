"""The `flask` commands: each checks its ground, does one thing, and ends with one clear line."""

from flask import Flask
from flask.cli import AppGroup

from portal import vault

vault_group = AppGroup("vault", help="Keys for bank details.")


@vault_group.command("new-key")
def vault_new_key() -> None:
    """Print a fresh key to put first in VAULT_KEYS."""
    print(vault.new_key())


def install(app: Flask) -> None:
    """Register the commands."""
    app.cli.add_command(vault_group)
