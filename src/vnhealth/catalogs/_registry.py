"""The registry that knows time: one question for code sets, built-in lists and installed ones."""

from __future__ import annotations

import datetime as dt
import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from vnhealth import spec
from vnhealth.catalogs import _builtin
from vnhealth.catalogs._installed import default_path
from vnhealth.catalogs._keys import systems
from vnhealth.catalogs._model import Entry, Miss, Source
from vnhealth.catalogs._pack import Pack

__all__ = ["CatalogueSet", "installed_pack", "resolve", "sets"]


@lru_cache(maxsize=8)
def _opened(path: Path, stamp: tuple[int, int]) -> Pack:
    return Pack(path)


@lru_cache(maxsize=1)
def _bare() -> Pack:
    return Pack(None)


def installed_pack(path: str | os.PathLike[str] | None = None) -> Pack | None:
    """The pack at a path, by default that of this machine; None when there is none.

    It is opened once and opened again after it was written to. Pass it to `vnhealth.rules.check`
    as ``catalog``; with None the rules say that codes were not looked up.
    """
    found = Path(path) if path is not None else default_path()
    try:
        held = found.stat()
    except OSError:
        return None
    return _opened(found.absolute(), (held.st_mtime_ns, held.st_size))


def resolve(
    set: str,
    code: str,
    *,
    on: dt.date,
    pack: Pack | str | os.PathLike[str] | None = None,
) -> Entry | Miss:
    """What a code means on a day, or precisely why it means nothing then.

    ``set`` is a code set of the specification (``ma_loai_kcb``) or an installable catalogue
    (``icd10``, ``commune``, ``drug`` ...). ``pack`` is a `Pack` or its path, by default that of
    this machine. Never raises for a code; raises `vnhealth.errors.SpecError` for an unknown set.

    >>> found = resolve("ma_loai_kcb", "14", on=dt.date(2026, 8, 1))
    >>> found.found, found.valid_from
    (True, datetime.date(2026, 8, 1))
    >>> miss = resolve("ma_loai_kcb", "14", on=dt.date(2026, 7, 31))
    >>> miss.state.value, miss.code
    ('future', 'CAT-04')
    >>> resolve("province", "02", on=dt.date(2026, 1, 1)).replaced_by
    ('08',)
    """
    if isinstance(pack, Pack):
        return pack.resolve(set, code, on=on)
    return (installed_pack(pack) or _bare()).resolve(set, code, on=on)


@dataclass(frozen=True, slots=True)
class CatalogueSet:
    """A set that can be asked for: its name, its titles, its editions (none: not installed)."""

    name: str
    kind: str
    title_vi: str
    title_en: str
    sources: tuple[Source, ...]


def sets(pack: Pack | str | os.PathLike[str] | None = None) -> tuple[CatalogueSet, ...]:
    """All sets that `resolve` knows: ``kind`` is ``catalogue`` or ``code set``.

    >>> [one.name for one in sets() if one.kind == "catalogue"][:2]
    ['icd10', 'icd9']
    """
    held = pack if isinstance(pack, Pack) else installed_pack(pack) or _bare()
    found = [
        CatalogueSet(name, "catalogue", row["title_vi"], row["title_en"], held.sources(name))
        for name, row in systems().items()
    ]
    found += [
        CatalogueSet(name, "code set", name, name, _builtin.code_set_sources(name))
        for name in spec.code_sets()
    ]
    return tuple(found)
