"""Health insurance card number (MA_THE_BHYT): 15 characters, 10 digits or 12 digits.

Fifteen characters are group (2 letters), printed level (1-5), province (2 digits, the 63 codes and
97-99) and social insurance code (10). New cards print only the ten digits; a personal number may
stand in for the card. The benefit follows from the group and the date of the encounter: printed
levels lag behind (groups CN and LH changed on 01/01/2026). Unknown groups and levels that do not
fit their group only warn, because decrees extend the list. A list parted by ``;`` must be split
before.

Legal source: decision 1351/QĐ-BHXH (2015) as amended; decision 1666/QĐ-BHXH (2020); decree
188/2025/NĐ-CP article 37; official letter 38/BYT-BH (2026) with resolution 261/2025/QH15. The level
of a group is practice (54 of 80 groups known), not read from a text.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cache

from vnhealth.identity import cccd
from vnhealth.identity._base import (
    KNOWLEDGE_DATE,
    Checked,
    Context,
    Outcome,
    canonical,
    clean,
    context_date,
    damage,
    is_digits,
    lookalike_digits,
    no,
    ok,
    passed,
    propose,
    require_text,
    strip_separators,
    upper,
)
from vnhealth.identity._lists import PSEUDO_PROVINCES, card_groups, provinces, read

__all__ = ["KIND", "Benefit", "benefit", "format", "is_valid", "normalize", "parse", "validate"]

KIND = "bhyt_card"
_LEVELS = frozenset("12345")


@dataclass(frozen=True, slots=True)
class Benefit:
    """What a card pays: ``level`` 1-5, ``percent`` of the cost in scope, and the limits.

    ``by`` is ``group`` when the level follows from the group and the date, ``printed`` when the
    level of the group is not known and the digit on the card was taken.
    """

    level: str
    percent: int
    ratio_limits: bool
    outside_scope: bool
    by: str


def benefit(group: str, on: dt.date, printed_level: str = "") -> Benefit | None:
    """Give the benefit of a group on the date of an encounter; None when it cannot be known.

    >>> benefit("CN", dt.date(2026, 1, 1), printed_level="3").percent
    100
    >>> benefit("CN", dt.date(2025, 12, 31)).percent
    95
    >>> benefit("DQ", dt.date(2026, 1, 1), printed_level="4").by
    'printed'
    """
    known = card_groups().get(group)
    level = known.level_on(on) if known else ""
    by = "group" if level else "printed"
    row = _levels().get(level or printed_level)
    if row is None:
        return None
    percent, ratio_limits, outside_scope = row
    return Benefit(level or printed_level, percent, ratio_limits, outside_scope, by)


@cache
def _levels() -> dict[str, tuple[int, bool, bool]]:
    return {
        row["level"]: (
            int(row["percent"]),
            row["ratio_limits"] == "yes",
            row["outside_scope"] == "yes",
        )
        for row in read("bhyt_levels")
    }


def parse(text: str, context: Context | None = None) -> Checked:
    """Read one card number; ``on`` in the context is the date of the encounter.

    Details: ``form`` (CARD15, CARD10, ID12); for CARD15 also ``group``, ``level`` (printed),
    ``province``, ``bhxh``, ``benefit_level``, ``benefit_percent``, ``special_expiry`` (yes: an
    expired print must be looked up, not refused).

    >>> found = parse("CN 3 01 0000012345", {"on": "20260801"})
    >>> found.codes, found.details["level"], found.details["benefit_level"]
    (('LEVEL_SUPERSEDED',), '3', '2')
    """
    number = upper(strip_separators(clean(require_text(text, KIND))))
    if not number:
        return no(KIND, "EMPTY")
    found = damage(number)
    if found:
        return no(KIND, found)
    size = len(number)
    if size == 15:
        return _card15(number, context)
    if is_digits(number):
        if size == 10:
            if number == "0000000000":
                return no(KIND, "ALL_ZERO")
            return ok(KIND, number, "CARD10", form="CARD10", bhxh=number)
        if size == 12:
            return _id12(number, context)
    with_facility = size == 20 and is_digits(number[15:])
    return propose(KIND, "LENGTH", number[:15], number) if with_facility else no(KIND, "LENGTH")


def _id12(number: str, context: Context | None) -> Checked:
    person = cccd.parse(number, context)
    if not person.is_valid:
        return no(KIND, person.code)
    codes = (*(c for c in person.codes if c != "OK"), "ID12")
    return Checked(KIND, number, person.outcome, codes, "", {"form": "ID12"})


def _card15(number: str, context: Context | None) -> Checked:
    group, level, tail = number[:2], number[2], number[3:]
    if not (group.isascii() and group.isalpha()):
        return propose(KIND, "GROUP_NOT_LETTERS", number.replace("Đ", "D"), number)
    if level not in _LEVELS:
        return no(KIND, "LEVEL")
    if not is_digits(tail):
        return propose(KIND, "NON_DIGIT_TAIL", group + level + lookalike_digits(tail), number)
    province, bhxh = tail[:2], tail[2:]
    if province == "00":
        return no(KIND, "PROVINCE_ZERO")
    if bhxh == "0000000000":
        return no(KIND, "BHXH_ALL_ZERO")
    on = (context_date(context, "on") if context else None) or KNOWLEDGE_DATE
    details = {"form": "CARD15", "group": group, "level": level, "province": province, "bhxh": bhxh}
    codes = []
    known = card_groups().get(group)
    if known is None:
        codes.append("GROUP_UNKNOWN")
    else:
        details["special_expiry"] = "yes" if known.special_expiry else "no"
        now = known.level_on(on)
        if now and level != now:
            older = known.had_before(level, on)
            codes.append("LEVEL_SUPERSEDED" if older else "LEVEL_NOT_OF_GROUP")
    if province not in provinces() and province not in PSEUDO_PROVINCES:
        codes.append("PROVINCE_UNKNOWN")
    pays = benefit(group, on, level)
    if pays:
        details["benefit_level"] = pays.level
        details["benefit_percent"] = str(pays.percent)
        details["benefit_by"] = pays.by
    outcome: Outcome = "warn" if codes else "yes"
    return Checked(KIND, number, outcome, tuple(codes) or ("CARD15",), "", details)


def validate(text: str, context: Context | None = None) -> str:
    """Return the number in capitals without blanks; raise `IdentityError` otherwise.

    >>> validate("dn-4-01-0000012345")
    'DN4010000012345'
    """
    return passed(parse(text, context))


def is_valid(text: str, context: Context | None = None) -> bool:
    """Tell whether the text is a card number, with or without warnings."""
    return parse(text, context).outcome != "no"


def normalize(text: str) -> str:
    """Return the number in capitals without blanks, or the text unchanged when it is none."""
    return canonical(parse(text), text)


def format(text: str) -> str:
    """Group as on the printed card; what is no card number comes back unchanged.

    >>> format("DN4010000012345")
    'DN 4 01 0000012345'
    """
    found = parse(text)
    if not found.is_valid:
        return text
    n = found.normalized
    return f"{n[:2]} {n[2]} {n[3:5]} {n[5:]}" if len(n) == 15 else n
