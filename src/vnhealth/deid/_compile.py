"""One function per table, made from the policy: all rows at once, without a call per value.

The function knows nothing of refusals. Whatever is unusual (a value of another type, a refused
value, a field that excludes another) makes it give up or leaves `MARK` in its result; then the
plan goes through the rows value by value, which gives the same text for rows without refusals.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from operator import attrgetter
from typing import Any

from vnhealth.deid._steps import LIMIT, MARK

__all__ = ["Column", "Days", "Moments", "compiled"]

REFUSED = MARK * 12
Writer = Callable[..., tuple[list[str], tuple[int, ...]]]


class Days(dict[str, str]):
    """Day of eight digits to the shifted one, for one number of days.

    Empty for what is no day and outside the years 1900 to 2099.
    """

    __slots__ = ("_delta",)

    def __init__(self, days: int) -> None:
        super().__init__()
        self._delta = timedelta(days=days)

    def __missing__(self, text: str) -> str:
        try:
            day = date(int(text[:4]), int(text[4:6]), int(text[6:8])) + self._delta
        except (ValueError, OverflowError):
            return ""
        if len(self) >= 8 * LIMIT:
            self.clear()
        found = f"{day.year:04}{day.month:02}{day.day:02}" if 1900 <= day.year < 2100 else ""
        self[text] = found
        return found


class Moments(dict[str, str]):
    """Text of a moment to the shifted text, full of `MARK` when there is none."""

    __slots__ = ("days",)

    def __init__(self, days: Days) -> None:
        super().__init__()
        self.days = days

    def __missing__(self, text: str) -> str:
        if len(self) >= LIMIT:
            self.clear()
        day = self.days[text[:8]]
        found = self[text] = day + text[8:] if day else REFUSED
        return found


@dataclass(frozen=True, slots=True)
class Column:
    """One thing the function does: look up attribute ``index`` with getter ``getter``, or write the
    shifted moment in the given ``part`` under ``tag``.
    """

    index: int
    getter: int = -1
    part: str = ""
    tag: str = ""


_PARTS = {
    "minute": "M[{v}.text] if len({v}.text) == 12 else R",
    "day": "M[{v}.text][:8]",
    "year": "M[{v}.text][:4]",
    "month": "M[{v}.text][4:6]",
}


def compiled(
    name: str,
    attrs: Sequence[str],
    columns: Sequence[Column],
    getters: int,
    excluding: Sequence[int],
    twins: Sequence[tuple[int, int]],
    numbered: bool,
) -> Writer:
    """The function ``write(rows, getters, moments) -> (texts of rows, filled-in values by field)``.

    ``excluding`` are attributes that must be absent, ``twins`` pairs of which one must be.
    """
    lines = [
        "def write(rows, G, M):",
        "    out = []; add = out.append; n = 0",
        f"    {' = '.join(f'c{i}' for i in range(len(attrs)))} = 0",
    ]
    if getters:
        lines.append(f"    {''.join(f'g{i}, ' for i in range(getters))}= G")
    values = "".join(f"v{i}, " for i in range(len(attrs)))
    lines += ["    for row in rows:", "        n += 1", f"        {values}= take(row)"]
    by_attr: dict[int, list[int]] = {}
    for position, column in enumerate(columns):
        by_attr.setdefault(column.index, []).append(position)
    for i in range(len(attrs)):
        mine = by_attr.get(i, ())
        if mine:
            lines.append(f"        if v{i} is None: {'; '.join(f'f{p} = E' for p in mine)}")
            lines.append(
                f"        else: c{i} += 1; " + "; ".join(_made(columns[p], p) for p in mine)
            )
        else:
            lines.append(f"        if v{i} is not None: c{i} += 1")
    lines += [f"        if v{i} is not None: raise KeyError" for i in excluding]
    lines += [f"        if v{a} is not None and v{b} is not None: raise KeyError" for a, b in twins]
    number = "<STT>{n}</STT>" if numbered else ""
    body = "".join(f"{{f{p}}}" for p in range(len(columns)))
    lines.append(f'        add(f"<{name}>{number}{body}</{name}>")')
    lines.append(f"    return out, ({''.join(f'c{i}, ' for i in range(len(attrs)))})")
    many = attrgetter(*attrs)
    take = many if len(attrs) > 1 else lambda row: (many(row),)
    scope: dict[str, Any] = {"take": take, "E": "", "R": REFUSED}
    exec("\n".join(lines), scope)  # noqa: S102
    found: Writer = scope["write"]
    return found


def _made(column: Column, position: int) -> str:
    value = f"v{column.index}"
    if not column.part:
        return f"f{position} = g{column.getter}[{value}]"
    tag = column.tag
    if column.part == "period":
        return f'x = M[{value}.text]; f{position} = f"<{tag}>{{x[:4]}}-{{x[4:6]}}</{tag}>"'
    made = _PARTS[column.part].format(v=value)
    return f'f{position} = f"<{tag}>{{{made}}}</{tag}>"'
