"""One request of somebody who signed in, as pages and forms get it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vnhealth.sandbox import Exchange

if TYPE_CHECKING:
    from vnhealth.console._desk import Desk
    from vnhealth.console._kits import KitRuns

__all__ = ["View", "Visit"]


@dataclass(slots=True)
class View:
    """What people chose to see; it ends with the process."""

    unmasked: bool = False


@dataclass(frozen=True, slots=True, repr=False)
class Visit:
    """One request of somebody who signed in."""

    exchange: Exchange
    kits: KitRuns | None
    desk: Desk | None
    base_url: str
    language: str
    path: str
    params: Mapping[str, str]
    csrf: str
    view: View

    @property
    def section(self) -> str:
        """The page, as the navigation names it."""
        return self.path.partition("/")[0] or "overview"
