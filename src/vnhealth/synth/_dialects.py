"""Names of the deviations seen in real files, and of the vendor styles made of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from vnhealth.errors import SpecError
from vnhealth.synth._data import rows

__all__ = ["DIALECTS", "SWITCHES", "Switch", "switches_of"]


@dataclass(frozen=True, slots=True)
class Switch:
    """One deviation. ``number`` is its number in the list of deviations (0 for harmless styles);
    ``level`` is value, part or file.
    """

    name: str
    number: int
    level: str
    text_vi: str
    text_en: str


SWITCHES: dict[str, Switch] = {
    r["name"]: Switch(r["name"], int(r["deviation"] or 0), r["level"], r["text_vi"], r["text_en"])
    for r in rows("switches")
}
"""All deviations by name."""

DIALECTS: dict[str, tuple[str, ...]] = {
    r["name"]: tuple(r["switches"].split()) for r in rows("dialects")
}
"""Vendor styles: name to deviations. ``official`` has none."""


def switches_of(dialect: str | Iterable[str] | None) -> frozenset[str]:
    """The deviations of a dialect.

    ``dialect`` is a vendor style, one deviation, several joined by ``+``, or an iterable of such.
    Raises `SpecError` for an unknown name.

    >>> sorted(switches_of("batch")), switches_of("official")
    (['concatenated_roots', 'raw_ampersand', 'wrong_count'], frozenset())
    >>> sorted(switches_of("bom+cdata"))
    ['bom', 'cdata']
    """
    if dialect is None:
        return frozenset()
    names = dialect.split("+") if isinstance(dialect, str) else list(dialect)
    found: set[str] = set()
    for name in names:
        if name in DIALECTS:
            found.update(DIALECTS[name])
        elif name in SWITCHES:
            found.add(name)
        else:
            raise SpecError("ERR-SPEC-01", name=name[:40])
    return frozenset(found)
