"""Keys and structure of an encounter and of a document (K01 to K05, editions)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from vnhealth.records import Document, DocumentKind
from vnhealth.rules._case import NOT_CLAIMS, Case
from vnhealth.rules._model import ClaimCheck, Hit
from vnhealth.spec import Edition, edition_info, tables

__all__ = ["CHECKS", "DOCUMENT_CHECKS"]

_COUNTED = frozenset({"XML2", "XML3", "XML4", "XML5"})
"""Tables whose STT counts within one encounter; XML0 counts within a file."""


def link_ids(case: Case) -> list[Hit] | None:
    """K01: one MA_LK in all rows; that of XML1, else the most frequent, is taken as right."""
    expected = case.link
    if expected is not None and case.linked >= case.tables.keys():
        return None
    if expected is None:
        counts = Counter(row.ma_lk for _, _, row in case.indexed(*case.tables) if _has_link(row))
        if len(counts) < 2:
            return None
        expected = min(counts, key=lambda key: (-counts[key], key))
    found = [
        Hit("MA_LK", values={"value": row.ma_lk, "expected": expected}, table=table, row=index)
        for table, index, row in case.indexed(*case.tables)
        if _has_link(row) and row.ma_lk != expected
    ]
    return found or None


def _has_link(row: Any) -> bool:
    return getattr(row, "ma_lk", None) is not None


def one_summary(case: Case) -> Hit | None:
    """K01: exactly one row of XML1, except in check-ins, assessments and bare table files."""
    count = len(case.rows("XML1"))
    if count == 1 or (not count and (case.bare or not case.tables.keys() - NOT_CLAIMS)):
        return None
    return Hit(params={"count": str(count)}, table="XML1")


def running_numbers(case: Case) -> list[Hit] | None:
    """K03: the STT of a table are 1, 2, 3 ... in some order."""
    found = []
    for table, rows in case.tables.items():
        if table not in _COUNTED or table in case.counted:
            continue
        numbers = [row.stt for row in rows]
        size = len(numbers)
        if None in numbers:
            continue
        if len(set(numbers)) != size or min(numbers) != 1 or max(numbers) != size:
            found.append(Hit("STT", {"count": str(size)}, table=table))
    return found or None


def wrong_family(case: Case) -> Hit | None:
    """A 4210 encounter that ended after the 4210 layout did."""
    ended = edition_info(case.edition).ended
    if ended is None or case.on <= ended:
        return None
    return Hit(params={"edition": case.edition.value, "ended": ended.isoformat()})


@cache
def _tables(edition: Edition) -> frozenset[str]:
    return frozenset(tables(edition))


def tables_of_edition(case: Case) -> list[Hit] | None:
    """Tables that the edition does not have."""
    known = _tables(case.edition)
    if case.tables.keys() <= known:
        return None
    found = [
        Hit(params={"edition": case.edition.value}, table=name)
        for name in case.tables
        if name not in known
    ]
    return found or None


def travels_alone(case: Case) -> list[Hit] | None:
    """XML0 and XML12 never stand in an envelope beside the tables of a claim."""
    if case.x1 is None or NOT_CLAIMS.isdisjoint(case.tables):
        return None
    return [Hit(table=name) for name in case.tables if name in NOT_CLAIMS]


CHECKS: Mapping[str, ClaimCheck] = {
    "BHYT-CLAIM-001": link_ids,
    "BHYT-CLAIM-002": one_summary,
    "BHYT-CLAIM-004": running_numbers,
    "BHYT-CLAIM-021": wrong_family,
    "BHYT-CLAIM-023": tables_of_edition,
    "BHYT-CLAIM-024": travels_alone,
}


def unique_links(document: Document) -> Iterator[tuple[int, Hit]]:
    """K02: no MA_LK twice in one document."""
    if document.kind is not DocumentKind.ENVELOPE or len(document.claims) < 2:
        return
    seen: set[str] = set()
    for index, claim in enumerate(document.claims):
        link = claim.ma_lk
        if link is None:
            continue
        if link in seen:
            yield index, Hit("MA_LK", values={"value": link}, table="XML1")
        seen.add(link)


def same_facility(document: Document) -> Iterator[tuple[int, Hit]]:
    """K04: MACSKCB of the envelope is MA_CSKCB of XML1."""
    if document.facility is None:
        return
    for index, claim in enumerate(document.claims):
        facility = claim.xml1.ma_cskcb if claim.xml1 is not None else None
        if facility is not None and facility != document.facility:
            values = {"value": facility, "expected": document.facility}
            yield index, Hit("MA_CSKCB", values=values, table="XML1", row=0)


def declared_count(document: Document) -> Iterator[tuple[int | None, Hit]]:
    """K05: SOLUONGHOSO is the number of encounters."""
    if document.kind is not DocumentKind.ENVELOPE or document.declared is None:
        return
    if document.declared != len(document.claims):
        params = {"declared": str(document.declared), "count": str(len(document.claims))}
        yield None, Hit("SOLUONGHOSO", params)


def one_per_file(document: Document) -> Iterator[tuple[int | None, Hit]]:
    """Gateways are served one encounter per file."""
    if document.kind is DocumentKind.ENVELOPE and len(document.claims) > 1:
        yield None, Hit("SOLUONGHOSO", {"count": str(len(document.claims))})


DOCUMENT_CHECKS = {
    "BHYT-CLAIM-003": unique_links,
    "BHYT-CLAIM-005": same_facility,
    "BHYT-CLAIM-006": declared_count,
    "BHYT-CLAIM-007": one_per_file,
}
"""Document rules yield (index of the encounter or None, hit)."""
