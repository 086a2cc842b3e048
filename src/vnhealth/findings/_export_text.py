"""Findings as a table for a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from unicodedata import east_asian_width

from vnhealth.findings._cause import Cause
from vnhealth.findings._finding import Finding, Severity

__all__ = ["causes_table", "findings_table", "plain", "rows"]

Paint = Callable[[str, str], str]
"""Colours a text; the second argument is a severity, or ``dim``."""

LEVELS = {
    Severity.ERROR: ("LỖI", "ERROR"),
    Severity.WARNING: ("cảnh báo", "warning"),
    Severity.INFO: ("ghi chú", "note"),
}
INDENT = "    "


def plain(text: str, _: str) -> str:
    """No colour."""
    return text


def _width(text: str) -> int:
    return sum(2 if east_asian_width(c) in "WF" else 1 for c in text)


def _level(severity: Severity, lang: str) -> str:
    return LEVELS[severity][lang == "en"]


def rows(
    lines: Iterable[tuple[Severity, Sequence[str], str, str]],
    lang: str,
    *,
    width: int,
    paint: Paint = plain,
) -> Iterator[str]:
    """Lines of text: level and columns, below them the message and the hint, both folded.

    A hint is given once, where it stands first.
    """
    held = list(lines)
    if not held:
        return
    columns = range(len(held[0][1]))
    wide = [max(_width(line[1][i]) for line in held) for i in columns]
    level = max(_width(_level(line[0], lang)) for line in held)
    room = max(width - len(INDENT), 24)
    told: set[str] = set()
    for severity, texts, message, hint in held:
        name = _level(severity, lang)
        head = paint(name, severity.value) + " " * (level - _width(name) + 2)
        for text, size in zip(texts, wide, strict=True):
            head += text + " " * (size - _width(text) + 2)
        yield head.rstrip()
        yield from (INDENT + line for line in textwrap.wrap(message, room))
        if hint and hint not in told:
            told.add(hint)
            folded = textwrap.wrap(hint, room - 2, initial_indent="→ ", subsequent_indent="  ")
            yield from (paint(INDENT + line, "dim") for line in folded)


def findings_table(
    findings: Iterable[Finding],
    lang: str = "vi",
    *,
    values: bool = False,
    width: int = 100,
    where: Callable[[Finding], str] | None = None,
    paint: Paint = plain,
) -> str:
    """One finding after another: level, code, place, message (basis), hint."""
    place = where or _place

    def line(f: Finding) -> tuple[Severity, Sequence[str], str, str]:
        text = f.text(lang, values=values)
        message = f"{text} ({f.basis})" if f.basis else text
        return f.severity, (f.code, place(f)), message, f.hint(lang)

    return "\n".join(rows(map(line, findings), lang, width=width, paint=paint))


def _place(f: Finding) -> str:
    return f.path if f.encounter is None else f"{f.encounter}:{f.path}"


def causes_table(
    causes: Iterable[Cause],
    lang: str = "vi",
    *,
    width: int = 100,
    paint: Paint = plain,
    example: Callable[[Cause], str] | None = None,
) -> str:
    """One cause after another: how often, in how many encounters and files."""

    def line(c: Cause) -> tuple[Severity, Sequence[str], str, str]:
        text = f"{c.text(lang)} ({example(c)})" if example else c.text(lang)
        return c.severity, (f"{c.count}×".rjust(8), c.code, c.path), text, c.hint(lang)

    return "\n".join(rows(map(line, causes), lang, width=width, paint=paint))
