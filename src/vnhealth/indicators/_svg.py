"""Plots as inline SVG: horizontal bars, and lines over weeks. Colours follow the style sheet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from html import escape

__all__ = ["Bar", "bars", "lines"]

LABEL, WIDTH, LINE = 300, 760, 24
PLOT = (48, 12, 720, 208)
"""Left, top, right and bottom of the plot of lines."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar; ``value`` is None when it is hidden."""

    label: str
    value: int | Decimal | None


def number(value: int | Decimal | None) -> str:
    """A figure as people write it in Viet Nam: dots between thousands, a comma before decimals.

    >>> number(1234567), number(Decimal("12.50")), number(None)
    ('1.234.567', '12,50', '✱')
    """
    if value is None:
        return "✱"
    return f"{value:,}".translate(str.maketrans(",.", ".,"))


def _cut(text: str, most: int = 44) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def bars(found: Sequence[Bar], title: str) -> str:
    """Horizontal bars, longest figure to the full width; a hidden one is a hatched stub.

    >>> "<svg" in bars([Bar("a", 3), Bar("b", None)], "n")
    True
    """
    most = max((float(bar.value) for bar in found if bar.value), default=1.0)
    height = LINE * len(found) + 8
    room = WIDTH - LABEL - 110
    out = [
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(title, quote=True)}">'
    ]
    for i, bar in enumerate(found):
        top = 4 + i * LINE
        width = 8.0 if bar.value is None else max(room * float(bar.value) / most, 1.0)
        kind = "gone" if bar.value is None else "bar"
        name, figure = escape(bar.label), number(bar.value)
        left, base = LABEL - 8, top + 15
        out += (
            f"<g><title>{name}: {figure}</title>",
            f'<text x="{left}" y="{base}" text-anchor="end">{escape(_cut(bar.label))}</text>',
            f'<rect class="{kind}" x="{LABEL}" y="{top + 3}" width="{width:.1f}" ',
            'height="16" rx="2"/>',
            f'<text class="n" x="{LABEL + width + 6:.1f}" y="{base}">{figure}</text></g>',
        )
    return "".join(out) + "</svg>"


def lines(
    steps: Sequence[str], series: Mapping[str, Sequence[int | Decimal | None]], title: str
) -> str:
    """One line per series over the steps; hidden figures are gaps.

    >>> lines(["2026-W01", "2026-W02"], {"a": [1, None]}, "x").count("<circle")
    1
    """
    left, top, right, bottom = PLOT
    most = max(
        (float(v) for values in series.values() for v in values if v is not None), default=1.0
    )
    wide = (right - left) / max(len(steps) - 1, 1)
    height = bottom + 34 + 18 * len(series)
    out = [
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(title, quote=True)}">',
        f'<path class="axis" d="M{left} {top}V{bottom}H{right}"/>',
        f'<text x="{left - 6}" y="{top + 5}" text-anchor="end">{number(int(most))}</text>',
        f'<text x="{left - 6}" y="{bottom + 4}" text-anchor="end">0</text>',
    ]
    every = max(1, len(steps) // 8)
    for i, step in enumerate(steps):
        if i % every == 0:
            out.append(
                f'<text x="{left + i * wide:.1f}" y="{bottom + 18}" text-anchor="middle">'
                f"{escape(step)}</text>"
            )
    for n, (name, values) in enumerate(series.items()):
        path, pen = [], "M"
        for i, value in enumerate(values):
            if value is None:
                pen = "M"
                continue
            x = left + i * wide
            y = bottom - (bottom - top) * float(value) / (most or 1.0)
            path.append(f"{pen}{x:.1f} {y:.1f}")
            pen = "L"
            out.append(
                f'<circle class="s{n % 6}" cx="{x:.1f}" cy="{y:.1f}" r="3"><title>{escape(name)} '
                f"{escape(steps[i])}: {number(value)}</title></circle>"
            )
        key = bottom + 38 + 18 * n
        out.append(
            f'<path class="line s{n % 6}" d="{"".join(path)}"/>'
            f'<rect class="key s{n % 6}" x="{left}" y="{key - 9}" width="12" height="10"/>'
            f'<text x="{left + 18}" y="{key}">{escape(name)}</text>'
        )
    return "".join(out) + "</svg>"
