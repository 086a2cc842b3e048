"""What rules need to know of insurance cards, asked of `vnhealth.identity` once per group."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache

from vnhealth.identity import bhyt_card

__all__ = ["percent", "special_expiry"]


@lru_cache(maxsize=256)
def special_expiry(group: str) -> bool:
    """True for groups whose printed expiry must be looked up (QN, HC, LS, XK, CY, CA)."""
    sample = f"{group}1010000012345"
    return bhyt_card.parse(sample).details.get("special_expiry") == "yes"


@lru_cache(maxsize=4096)
def percent(group: str, level: str, on: dt.date) -> int | None:
    """The percent a card pays in scope on a day: by its group, else by the printed digit."""
    found = bhyt_card.benefit(group, on, level)
    return found.percent if found else None
