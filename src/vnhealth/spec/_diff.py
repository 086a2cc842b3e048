"""What differs between two editions, field by field."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from vnhealth.spec._load import table, tables
from vnhealth.spec._model import Edition, Field

__all__ = ["Change", "diff"]

_WORDS = ("condition", "note")
_COMPARED = ("type", "max_length", "decimals", "required", "code_set", "separator", *_WORDS)


@dataclass(frozen=True, slots=True)
class Change:
    """One difference: a field added, removed or changed, or a whole table added or removed."""

    table: str
    tag: str
    kind: str
    detail: str

    def to_dict(self) -> dict[str, str]:
        """A JSON-ready object."""
        return asdict(self)


def _shown(value: object) -> str:
    return "n" if value is None else str(value) or "∅"


def _size(f: Field) -> str:
    return f"{f.type}({_shown(f.max_length)})"


def diff(old: Edition | str, new: Edition | str) -> tuple[Change, ...]:
    """All differences between two editions, in table and field order of the newer one.

    >>> [c.detail for c in diff("3176", "1931") if c.tag == "MUC_HUONG"][0].split(";")[0]
    'max_length 3 → 4'
    """
    before, after = Edition.parse(old), Edition.parse(new)
    found: list[Change] = []
    names = sorted({*tables(before), *tables(after)}, key=lambda name: int(name[3:]))
    for name in names:
        if name not in tables(before):
            size = len(table(after, name).fields)
            found.append(Change(name, "*", "added", f"{size} fields"))
            continue
        if name not in tables(after):
            found.append(Change(name, "*", "removed", ""))
            continue
        found += _fields(name, before, after)
    return tuple(found)


def _fields(name: str, before: Edition, after: Edition) -> list[Change]:
    found = []
    was, now = table(before, name), table(after, name)
    for f in was.fields:
        if f.tag not in now:
            found.append(Change(name, f.tag, "removed", _size(f)))
    for f in now.fields:
        if f.tag not in was:
            found.append(Change(name, f.tag, "added", f"{_size(f)}, position {f.order}"))
            continue
        parts = [
            f"{what} {_shown(getattr(was[f.tag], what))} → {_shown(getattr(f, what))}"
            if what not in _WORDS
            else f"{what}: {_shown(getattr(f, what))}"
            for what in _COMPARED
            if getattr(was[f.tag], what) != getattr(f, what)
        ]
        if parts:
            found.append(Change(name, f.tag, "changed", "; ".join(parts)))
    return found
