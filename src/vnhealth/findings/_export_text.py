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
_NARROWEST = 30


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
    """Lines of text: level and columns, then the message and below it the hint, both folded."""
    held = list(lines)
    if not held:
        return
    count = len(held[0][1])
    wide = [max(_width(line[1][i]) for line in held) for i in range(count)]
    level = max(_width(_level(s, lang)) for s in (line[0] for line in held))
    margin = level + 2 + sum(w + 2 for w in wide)
    below = width - margin < _NARROWEST
    indent = " " * (4 if below else margin)
    for severity, columns, message, hint in held:
        name = _level(severity, lang)
        head = paint(name, severity.value) + " " * (level - _width(name) + 2)
        for text, size in zip(columns, wide, strict=True):
            head += text + " " * (size - _width(text) + 2)
        folded = textwrap.wrap(message, max(width - len(indent), 20), break_on_hyphens=False)
        if below:
            yield head.rstrip()
        else:
            yield (head + (folded.pop(0) if folded else "")).rstrip()
        yield from (indent + line for line in folded)
        if hint:
            for line in textwrap.wrap(hint, max(width - len(indent) - 2, 20)):
                yield paint(f"{indent}→ {line}" if line else "", "dim")


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
    causes: Iterable[Cause], lang: str = "vi", *, width: int = 100, paint: Paint = plain
) -> str:
    """One cause after another: how often, in how many encounters and files."""

    def line(c: Cause) -> tuple[Severity, Sequence[str], str, str]:
        return c.severity, (f"{c.count}×", c.code, c.path), c.text(lang), c.hint(lang)

    return "\n".join(rows(map(line, causes), lang, width=width, paint=paint))
