"""The small lists the identifier modules judge by, read once from ``identity/data``."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

__all__ = [
    "PSEUDO_PROVINCES",
    "CardGroup",
    "card_groups",
    "old_mobile_prefixes",
    "province_successor",
    "provinces",
    "read",
]

PSEUDO_PROVINCES = frozenset(("97", "98", "99"))
"""Army, police and cipher service in the province position of cards and facility codes."""


def read(name: str) -> list[dict[str, str]]:
    """Read one CSV file of ``identity/data`` as rows of text."""
    path = files("vnhealth.identity") / "data" / f"{name}.csv"
    return list(csv.DictReader(path.read_text("utf-8").splitlines()))


@cache
def provinces() -> Mapping[str, str]:
    """Give the 63 province codes of before 01/07/2025 with names.

    Numbers, cards and facility codes keep them for ever; the 34 codes in force are among them.

    >>> len(provinces()), provinces()["02"]
    (63, 'Hà Giang')
    """
    return {row["code"]: row["name_vi"] for row in read("provinces_63")}


@cache
def _successors() -> Mapping[str, str]:
    return {row["code"]: row["successor"] for row in read("provinces_63")}


def province_successor(code: str) -> str:
    """Give the code, since 01/07/2025, of the province that took over an older one.

    >>> province_successor("02")
    '08'
    """
    return _successors().get(code, "")


class CardGroup:
    """One insured group: the payer group, the benefit levels by date, the expiry rule.

    >>> card_groups()["CN"].level_on(dt.date(2025, 12, 31))
    '3'
    """

    __slots__ = ("_levels", "code", "payer_group", "special_expiry")

    def __init__(self, code: str, payer_group: str, special_expiry: bool) -> None:
        self.code = code
        self.payer_group = payer_group
        self.special_expiry = special_expiry
        self._levels: list[tuple[str, str, str]] = []

    def add_level(self, level: str, valid_from: str, valid_to: str) -> None:
        """Note that the group has this level between two dates (ISO, empty = open)."""
        self._levels.append((level, valid_from, valid_to or "9999-12-31"))

    def had_before(self, level: str, day: dt.date) -> bool:
        """Tell whether the group had this level until some day before."""
        text = day.isoformat()
        return any(known == level and end < text for known, _, end in self._levels)

    def level_on(self, day: dt.date) -> str:
        """Give the level on a day; empty when it is not known."""
        text = day.isoformat()
        return next((lv for lv, start, end in self._levels if start <= text <= end), "")


@cache
def card_groups() -> Mapping[str, CardGroup]:
    """Give the insured groups of the portal's list by their two letters."""
    groups = {
        row["group"]: CardGroup(row["group"], row["payer_group"], row["special_expiry"] == "yes")
        for row in read("bhyt_groups")
    }
    for row in read("bhyt_group_levels"):
        groups[row["group"]].add_level(row["level"], row["valid_from"], row["valid_to"])
    return groups


@cache
def old_mobile_prefixes() -> Mapping[str, str]:
    """Give the 21 mobile prefixes of before 2018 and what replaced them."""
    return {row["old"]: row["new"] for row in read("phone_prefixes_2018")}
