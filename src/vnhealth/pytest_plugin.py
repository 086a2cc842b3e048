"""pytest plugin: fixtures for tests of hospital software against the sandbox.

Loaded by pytest on its own as soon as the package is installed, so it imports nothing before a
fixture is used.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from vnhealth.sandbox import Exchange

__all__ = ["vnhealth_exchange"]


@pytest.fixture
def vnhealth_exchange() -> Iterator[Exchange]:
    """A fresh sandbox in this process: seed 7, frozen virtual time, invented facilities.

    Use ``vnhealth_exchange.transport()`` with httpx, `credentials` for accounts and ``clock`` to
    move time.
    """
    from vnhealth.sandbox import Exchange

    exchange = Exchange.default(seed=7)
    yield exchange
    exchange.close()
