"""Codes of the large catalogues, looked up when one is given; else it is said that they were not.

Which field belongs to which system is data (``catalogue_fields.csv``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import NamedTuple

from vnhealth.findings import Severity
from vnhealth.rules._case import Case
from vnhealth.rules._icd import ICD_TT06_FROM, is_known_to_4469
from vnhealth.rules._load import rows
from vnhealth.rules._model import ClaimCheck, CodeCatalog, Hit

__all__ = ["CHECKS", "unjudged"]


class Link(NamedTuple):
    """A field whose codes belong to a system; lists of one facility only warn."""

    table: str
    attr: str
    system: str
    national: bool
    many: bool


@cache
def _links() -> tuple[Link, ...]:
    return tuple(
        Link(
            row["table"],
            row["tag"].lower(),
            row["system"],
            row["national"] == "yes",
            row["many"] == "yes",
        )
        for row in rows("catalogue_fields")
    )


@cache
def _systems(icd_held: bool) -> tuple[str, ...]:
    systems = {link.system for link in _links()}
    return tuple(sorted(systems - {"icd10"} if icd_held else systems))


def unjudged(catalog: CodeCatalog | None, on: dt.date) -> Sequence[str]:
    """The systems whose codes nobody can judge on a day; decision 4469 is held in the package."""
    systems = _systems(on < ICD_TT06_FROM)
    return systems if catalog is None else [s for s in systems if not catalog.has(s, on)]


def _hits(case: Case, state: str) -> list[Hit] | None:
    found = list(_search(case, state)) if case.catalog is not None else []
    return found or None


def _search(case: Case, state: str) -> Iterator[Hit]:
    catalog, day = case.catalog, case.on
    if catalog is None or case.old:
        return
    for link in _links():
        if not catalog.has(link.system, day):
            continue
        for index, row in enumerate(case.rows(link.table)):
            text = getattr(row, link.attr, None)
            if text is None:
                continue
            for item in text.split(";") if link.many else [text]:
                code = item.strip()
                if code and catalog.state(link.system, code, day) == state:
                    yield Hit(
                        link.attr.upper(),
                        {"system": link.system},
                        {"value": code},
                        link.table,
                        index,
                        None if link.national else Severity.WARNING,
                    )


def unknown(case: Case) -> list[Hit] | None:
    """Codes that the catalogue does not hold, unless a rule of `vnhealth.rules._icd` says so."""
    found = _hits(case, "unknown")
    if found is None or case.on >= ICD_TT06_FROM:
        return found
    kept = [
        hit
        for hit in found
        if hit.params["system"] != "icd10" or is_known_to_4469(hit.values["value"])
    ]
    return kept or None


def ended(case: Case) -> list[Hit] | None:
    """Codes that ended before the end of the encounter."""
    return _hits(case, "ended")


def future(case: Case) -> list[Hit] | None:
    """Codes that begin only later."""
    return _hits(case, "future")


CHECKS: Mapping[str, ClaimCheck] = {
    "BHYT-CLAIM-091": unknown,
    "BHYT-CLAIM-092": ended,
    "BHYT-CLAIM-093": future,
}
