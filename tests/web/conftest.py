"""One limiter serves every app of a process: a test that turns it on must not slow down the others."""

from collections.abc import Iterator

import pytest

from portal.web.limits import limiter


@pytest.fixture(autouse=True)
def limits_end_with_the_test() -> Iterator[None]:
    yield
    if limiter.enabled:
        limiter.reset()
        limiter.enabled = False
