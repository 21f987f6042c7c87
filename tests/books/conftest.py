"""The small scheme of the exports, whose every day is fixed."""

from collections.abc import Iterator

import pytest
from flask import Flask

from portal.clock import held_at
from portal.db import db
from tests.conftest import Store
from tests.exports import conftest as exports
from tests.exports.small import TODAY, Small

small = exports.small


@pytest.fixture
def scheme(small: Small, store: Store) -> Iterator[Flask]:
    """The app of the small scheme, for its pages."""
    with held_at(TODAY):
        yield store.app
        db.session.rollback()
