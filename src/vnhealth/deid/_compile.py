"""One function per table, made from the policy: a row at a time, without a call per value.

The function knows nothing of refusals: it writes what stands in its memos and nothing else. What
is unusual (a value of another type, a refused value, a field that excludes another, a moment that
is none) makes it give up or leaves `MARK` in its result; then the plan goes through the rows value
by value, which gives the same text for rows without refusals.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from vnhealth.deid._people import LIMIT

__all__ = ["STAFF", "Column", "Counts", "Days", "Writer", "compiled"]

Counts = tuple[int, ...]
Writer = Callable[
    [Iterable[tuple[Any, ...]], Sequence[Any], "Days", Mapping[Any, str], Counts],
    tuple[list[str], Counts],
]
"""``write(values of rows, getters, days, staff, counts) -> (texts of rows, counts)``; the counts,
of absent values by field, go on from those given. Raises when a value is unusual."""


class Days(dict[str, str]):
    """Day of eight digits to the shifted one, for one number of days.

    Raises `KeyError` for what is no day and for days that leave the years 1900 to 2099.

    >>> Days(7)["20261231"]
    '20270107'
    """

    __slots__ = ("_delta",)

    def __init__(self, days: int) -> None:
        super().__init__()
        self._delta = timedelta(days=days)

    def __missing__(self, text: str) -> str:
        try:
            day = date(int(text[:4]), int(text[4:6]), int(text[6:8])) + self._delta
        except (ValueError, OverflowError):
            raise KeyError from None
        if not 1900 <= day.year < 2100:
            raise KeyError
        if len(self) >= LIMIT:
            self.clear()
        found = self[text] = f"{day.year:04}{day.month:02}{day.day:02}"
        return found


MINUTES = {text: text for text in (f"{n // 60:02}{n % 60:02}" for n in range(24 * 60))}
"""The last four digits of a moment that is known to the minute."""


@dataclass(frozen=True, slots=True)
class Column:
    """One thing the function does: look up attribute ``index`` with getter ``getter``, or write it
    under ``tag``: as a shifted moment in the given ``part``, or as the token of a member of staff.
    """

    index: int
    getter: int = -1
    part: str = ""
    tag: str = ""


STAFF = "staff"
_PARTS = {
    STAFF: "{S[%s]}",
    "minute": "{D[%s.text[:8]]}{T[%s.text[8:]]}",
    "day": "{D[%s.text[:8]]}",
    "year": "{D[%s.text[:8]][:4]}",
    "month": "{D[%s.text[:8]][4:6]}",
    "period": "{D[%s.text[:8]][:4]}-{D[%s.text[:8]][4:6]}",
}


def compiled(
    name: str,
    width: int,
    columns: Sequence[Column],
    getters: int,
    excluding: Sequence[int],
    twins: Sequence[tuple[int, int]],
    numbered: bool,
) -> Writer:
    """The function for rows of ``width`` values.

    ``excluding`` are values that must be absent, ``twins`` pairs of which one must be.
    """
    values = "".join(f"v{i}, " for i in range(width))
    number = "<STT>{n}</STT>" if numbered else ""
    counts = "".join(f"c{i}, " for i in range(width))
    body = "".join(map(_written, columns))
    lines = [
        "def write(rows, G, D, S, C):",
        "    out = []; add = out.append; n = 0",
        f"    {''.join(f'g{i}, ' for i in range(getters)) or '*_, '}= G",
        f"    {counts}= C",
        f"    for {values}in rows:",
        "        n += 1",
        *(f"        if v{i} is None: c{i} += 1" for i in range(width)),
        *(f"        if v{i} is not None: raise KeyError" for i in excluding),
        *(f"        if v{a} is not None and v{b} is not None: raise KeyError" for a, b in twins),
        f"        add(f'<{name}>{number}{body}</{name}>')",
        f"    return out, ({counts})",
    ]
    scope: dict[str, Any] = {"E": "", "T": MINUTES}
    exec("\n".join(lines), scope)  # noqa: S102
    found: Writer = scope["write"]
    return found


def _written(column: Column) -> str:
    value = f"v{column.index}"
    if not column.part:
        return f"{{g{column.getter}[{value}]}}"
    found = _PARTS[column.part].replace("%s", value)
    return f'{{E if {value} is None else f"<{column.tag}>{found}</{column.tag}>"}}'
