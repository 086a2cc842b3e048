"""What differs between two editions: codes that came, went, were renamed, or mean another thing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass

from vnhealth import spec
from vnhealth.catalogs._installed import Installed
from vnhealth.catalogs._keys import skeleton
from vnhealth.catalogs._pack import Pack
from vnhealth.errors import CatalogError, SpecError

__all__ = ["Change", "diff"]

_UNITS = frozenset(("province", "district", "commune"))


@dataclass(frozen=True, slots=True)
class Change:
    """One difference.

    ``kind`` is added, removed, renamed, reused (the number of a unit now means another unit),
    changed (other columns, named in ``detail``), or rules (coding rules that came or went).
    """

    kind: str
    set: str
    code: str
    before: str
    after: str
    detail: str = ""

    def to_dict(self) -> dict[str, str]:
        """A JSON-ready object."""
        return asdict(self)


def diff(old: str, new: str, pack: Pack) -> tuple[Change, ...]:
    """All differences between two installed files, or two versions of a code set, by code.

    Raises `vnhealth.errors.CatalogError` (ERR-CAT-09) when a name is neither.

    >>> found = diff("ma_loai_kcb_824", "ma_loai_kcb_1804", Pack(None))
    >>> [change.code for change in found if change.kind == "added"]
    ['11', '12', '13', '14', '15', '16']
    """
    held = {one.name: one for one in pack.installed}
    if old in held and new in held:
        return tuple(_files(held[old], held[new], pack))
    if old not in held and new not in held:
        return tuple(_versions(old, new))
    raise CatalogError("ERR-CAT-09", name=(new if old in held else old)[:60])


def _versions(old: str, new: str) -> Iterator[Change]:
    before, after = _version(old), _version(new)
    names = {code: (c.meaning_vi, "") for code, c in before.codes.items()}
    yield from _compare(
        after.name, names, {code: (c.meaning_vi, "") for code, c in after.codes.items()}
    )


def _version(name: str) -> spec.CodeSet:
    try:
        versions = spec.code_set_versions(name)
    except SpecError:
        raise CatalogError("ERR-CAT-09", name=name[:60]) from None
    return next((one for one in versions if one.version == name), versions[-1])


def _files(old: Installed, new: Installed, pack: Pack) -> Iterator[Change]:
    systems = {one.system for one in old.systems} & {one.system for one in new.systems}
    for system in sorted(systems):
        before, after = _stored(pack, old.id, system), _stored(pack, new.id, system)
        yield from _compare(system, before, after)
        yield from _rules(pack, system, old.id, new.id, before.keys() & after.keys())


def _stored(pack: Pack, number: int, system: str) -> dict[str, tuple[str, str]]:
    """Code to name and to everything else, over all rows of the code."""
    found: dict[str, tuple[str, str]] = {}
    for code, name, *rest in pack._all(
        "SELECT code, name_vi, COALESCE(valid_from, ''), COALESCE(valid_to, ''), attrs "
        "FROM entry WHERE source = ? AND system = ? ORDER BY key, valid_from, seq",
        number,
        system,
    ):
        more = found.get(code)
        text = "|".join(rest)
        found[code] = (name, f"{more[1]}\n{text}" if more else text)
    return found


def _compare(
    system: str, before: dict[str, tuple[str, str]], after: dict[str, tuple[str, str]]
) -> Iterator[Change]:
    for code in sorted(before.keys() | after.keys()):
        if code not in after:
            yield Change("removed", system, code, before[code][0], "")
        elif code not in before:
            yield Change("added", system, code, "", after[code][0])
        else:
            (name, more), (other, now) = before[code], after[code]
            if skeleton(name) != skeleton(other):
                kind = "reused" if system in _UNITS else "renamed"
                yield Change(kind, system, code, name, other)
            elif more != now and not system.startswith("icd"):
                yield Change("changed", system, code, name, other)


def _rules(pack: Pack, system: str, old: int, new: int, both: Iterable[str]) -> Iterator[Change]:
    query = (
        "SELECT e.code, r.effect FROM rule r JOIN entry e ON e.system = r.system AND "
        "e.key = r.key AND e.source = r.source WHERE r.source = ? AND r.system = ?"
    )
    shared = set(both)
    before = {tuple(row) for row in pack._all(query, old, system) if row[0] in shared}
    after = {tuple(row) for row in pack._all(query, new, system) if row[0] in shared}
    for code, effect in sorted(before - after):
        yield Change("rules", system, code, effect, "", "no longer")
    for code, effect in sorted(after - before):
        yield Change("rules", system, code, "", effect, "now")
