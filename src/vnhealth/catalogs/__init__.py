"""Code lists that know time: official files installed once, looked up by day.

Small official sets ship with `vnhealth.spec`; large ones are imported from the official workbooks
into one SQLite file of this machine, a pack. Every answer names its source, and what cannot be
known is never guessed: a miss says whether a code ended, starts later, does not exist, or cannot be
judged because a list is missing or incomplete.

>>> import datetime as dt
>>> from vnhealth import catalogs
>>> catalogs.resolve("province", "15", on=dt.date(2026, 1, 1)).other_meanings[0].name_vi
'Yên Bái'
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vnhealth.catalogs._installed import ENV, Installed, default_path
from vnhealth.catalogs._model import Effect, Entry, Meaning, Miss, Row, Source, State
from vnhealth.catalogs._pack import Pack, Successor
from vnhealth.catalogs._registry import CatalogueSet, installed_pack, resolve, sets

if TYPE_CHECKING:
    from vnhealth.catalogs._diff import Change, diff
    from vnhealth.catalogs._forms import Revision, revise, row_on
    from vnhealth.catalogs._import import import_file
    from vnhealth.catalogs._layouts import Column, Layout, layout, layouts
    from vnhealth.catalogs._report import ImportReport, Refused, Reject, SheetCount
    from vnhealth.catalogs._workbook import Limits

__all__ = [
    "ENV",
    "CatalogueSet",
    "Change",
    "Column",
    "Effect",
    "Entry",
    "ImportReport",
    "Installed",
    "Layout",
    "Limits",
    "Meaning",
    "Miss",
    "Pack",
    "Refused",
    "Reject",
    "Revision",
    "Row",
    "SheetCount",
    "Source",
    "State",
    "Successor",
    "default_path",
    "diff",
    "import_file",
    "installed_pack",
    "layout",
    "layouts",
    "resolve",
    "revise",
    "row_on",
    "sets",
]

_HOME = {
    "Change": "_diff",
    "diff": "_diff",
    "Revision": "_forms",
    "revise": "_forms",
    "row_on": "_forms",
    "import_file": "_import",
    "Column": "_layouts",
    "Layout": "_layouts",
    "layout": "_layouts",
    "layouts": "_layouts",
    "ImportReport": "_report",
    "Refused": "_report",
    "Reject": "_report",
    "SheetCount": "_report",
    "Limits": "_workbook",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'vnhealth.catalogs' has no attribute {name!r}")
    from importlib import import_module

    found = getattr(import_module(f"vnhealth.catalogs.{_HOME[name]}"), name)
    globals()[name] = found
    return found
