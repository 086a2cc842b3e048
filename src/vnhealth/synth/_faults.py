"""Single wrong values on request, each logged.

What can be made wrong stands in ``data/faults.csv``: a table, a tag and an operation. A fault that
an encounter cannot have (no such table) gives way to the next one in the list.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from vnhealth.errors import SpecError
from vnhealth.localtime import LocalTime, Precision
from vnhealth.records import Claim, Record
from vnhealth.synth._data import rows
from vnhealth.synth._dice import Dice

__all__ = ["FAULTS", "Fault", "Faults", "spoil"]
_KNOWN = {r["name"]: r for r in rows("faults")}

FAULTS: tuple[str, ...] = tuple(_KNOWN)
"""Names of all faults."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One value that was made wrong. ``encounter`` and ``row`` count from 0; ``what`` is its name.

    >>> Fault(3, "XML1", 0, "GIOI_TINH", "sex_code").text("en")
    'Sex code outside the list'
    """

    encounter: int
    table: str
    row: int
    tag: str
    what: str

    def text(self, lang: str = "vi") -> str:
        """One sentence in ``vi`` or ``en``."""
        return _KNOWN[self.what][f"what_{lang}"]


@dataclass(frozen=True, slots=True)
class Faults:
    """Which encounters get which fault."""

    per_million: int
    names: tuple[str, ...]

    @classmethod
    def of(cls, wanted: float | Sequence[str]) -> Faults:
        """From a share between 0 and 1, or from names. Raises `SpecError` for unknown names."""
        if isinstance(wanted, int | float):
            return cls(round(wanted * 1_000_000), FAULTS)
        for name in wanted:
            if name not in _KNOWN:
                raise SpecError("ERR-SPEC-01", name=name[:40])
        return cls(1_000_000 if wanted else 0, tuple(wanted))

    def chosen(self, seed: int, index: int) -> int | None:
        """The position in ``names`` of the fault of an encounter, if it gets one."""
        if not self.per_million:
            return None
        if len(self.names) < len(FAULTS):
            return index % len(self.names)
        dice = Dice("fault", seed, index)
        return dice.below(len(self.names)) if dice.below(1_000_000) < self.per_million else None

    def put(self, claim: Claim, seed: int, index: int) -> tuple[Claim, Fault | None]:
        """The claim with its fault; unchanged when it gets none or can have none of the names."""
        first = self.chosen(seed, index)
        if first is None:
            return claim, None
        for step in range(len(self.names)):
            name = self.names[(first + step) % len(self.names)]
            spoiled = spoil(claim, seed, index, name)
            if spoiled is not None:
                return spoiled
        return claim, None


def _changed(value: Any, how: str, by: str) -> Any:
    if how == "clear":
        return None
    if how == "set":
        return by
    if how == "append":
        return f"{value}{by}"
    if how == "cut":
        return str(value)[: -int(by)]
    if how == "plus":
        return value + (Decimal(by) if isinstance(value, Decimal) else int(by))
    assert how == "days"
    day = value.date() + dt.timedelta(days=int(by))
    return LocalTime.parse(f"{day:%Y%m%d}{value.text[8:]}")


def _usable(row: Record, fault: dict[str, str]) -> bool:
    value = getattr(row, fault["tag"].lower(), None)
    needs = fault["needs"]
    if value is None or (needs and row[needs] is None):
        return False
    how = fault["how"]
    return how != "days" or (isinstance(value, LocalTime) and value.precision >= Precision.DAY)


def spoil(claim: Claim, seed: int, index: int, name: str) -> tuple[Claim, Fault] | None:
    """The claim with one wrong value, or None when it cannot have this fault."""
    fault = _KNOWN[name]
    if fault["family"] in ("4210", "130") and fault["family"] != claim.family.value:
        return None
    table, tag, how = fault["table"], fault["tag"], fault["how"]
    held = claim.rows(table)
    usable = [n for n, row in enumerate(held) if _usable(row, fault)]
    if not usable:
        return None
    chosen = Dice("spoil", seed, index, name).pick(usable)
    value = _changed(getattr(held[chosen], tag.lower()), how, fault["by"])
    spoiled = held[chosen].replace(**{tag.lower(): value})
    changed = tuple(spoiled if n == chosen else row for n, row in enumerate(held))
    tables = {**claim.tables, table: changed}
    return Claim.from_tables(claim.family, tables), Fault(index, table, chosen, tag, name)
