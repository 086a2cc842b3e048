"""Lines against the facility's own lists (forms 03/DM and 05/DM): lots, approved services, prices.

A list counts only for the facility that filed it, on the day of the order. Without the list of the
facility nothing is said. All of it is practice: the insurer refuses, here it only warns.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Protocol, runtime_checkable

from vnhealth.rules._case import Case, day_of
from vnhealth.rules._model import ClaimCheck, Hit

__all__ = ["CHECKS", "ListCatalog"]


@runtime_checkable
class ListCatalog(Protocol):
    """A catalogue that holds lists of facilities, as `vnhealth.catalogs.Pack` does.

    ``entries`` gives objects with ``attrs``, a mapping from the tags of the forms to texts.
    """

    def facilities(self, system: str) -> frozenset[str]:
        """The facilities whose list of a catalogue is installed."""
        ...

    def entries(self, system: str, code: str, on: dt.date) -> Iterable[Any]:
        """The rows of a code valid on a day."""
        ...


def _lines(case: Case, table: str, attr: str, system: str) -> Iterator[tuple[int, Any, list[Any]]]:
    """(index, row, attributes of the facility's rows of its code on the day of the order)."""
    catalog: object = case.catalog
    facility = case.x1.ma_cskcb if case.x1 is not None else None
    if case.old or not facility or not isinstance(catalog, ListCatalog):
        return
    if facility not in catalog.facilities(system):
        return
    for index, row in enumerate(case.rows(table)):
        code = getattr(row, attr)
        if code:
            found = catalog.entries(system, code.strip(), day_of(row.ngay_yl) or case.on)
            yield (
                index,
                row,
                [one.attrs for one in found if one.attrs.get("MA_CSKCB") == facility],
            )


def _lots(case: Case) -> list[tuple[int, Any, list[Any], list[Any]]]:
    """(index, row, lots of its drug, those that are its purchase), worked out once."""
    held: list[tuple[int, Any, list[Any], list[Any]]] | None = case.memo.get("lots")
    if held is None:
        held = case.memo["lots"] = []
        for index, row, lots in _lines(case, "XML2", "ma_thuoc", "drug"):
            mine = [
                lot
                for lot in lots
                if _same(row.so_dang_ky, lot.get("SO_DANG_KY"))
                and _same(row.tt_thau, lot.get("TT_THAU"))
            ]
            held.append((index, row, lots, mine))
    return held


def _same(one: str | None, other: str | None) -> bool:
    return (one or "").strip().upper() == (other or "").strip().upper()


def _highest(lots: Iterable[Mapping[str, str]], *tags: str) -> Decimal | None:
    found = []
    for lot in lots:
        for tag in tags:
            try:
                found.append(Decimal(lot[tag]))
            except (KeyError, InvalidOperation):
                continue
    return max(found, default=None)


def lot(case: Case) -> list[Hit] | None:
    """The drug is in the list, but not with this registration number and tender."""
    found = [
        Hit("MA_THUOC", values={"value": row.ma_thuoc}, table="XML2", row=index)
        for index, row, lots, mine in _lots(case)
        if lots and not mine
    ]
    return found or None


def drug_price(case: Case) -> list[Hit] | None:
    """The unit price is above every price of the lot."""
    found = []
    for index, row, _, mine in _lots(case):
        limit = _highest(mine, "DON_GIA", "DON_GIA_BH")
        if limit is not None and row.don_gia is not None and row.don_gia > limit:
            found.append(_priced("DON_GIA", row.don_gia, limit, "XML2", index))
    return found or None


def approved(case: Case) -> list[Hit] | None:
    """The service is not in the facility's list on the day of the order."""
    found = [
        Hit("MA_DICH_VU", values={"value": row.ma_dich_vu}, table="XML3", row=index)
        for index, row, held in _lines(case, "XML3", "ma_dich_vu", "service")
        if not held and not _made_by_rule(row.ma_dich_vu)
    ]
    return found or None


def _made_by_rule(code: str) -> bool:
    return code.startswith("VC.") or ".K." in code


def service_price(case: Case) -> list[Hit] | None:
    """The insured price is above every price of the service in the facility's list."""
    found = []
    for index, row, held in _lines(case, "XML3", "ma_dich_vu", "service"):
        if row.ma_vat_tu is not None:
            continue
        limit = _highest(held, "GIA_THANH_TOAN", "DON_GIA")
        price = row.don_gia_bh
        if limit is not None and price is not None and price > limit:
            found.append(_priced("DON_GIA_BH", price, limit, "XML3", index))
    return found or None


def _priced(tag: str, price: Decimal, limit: Decimal, table: str, row: int) -> Hit:
    values = {"value": format(price, "f"), "limit": format(limit, "f")}
    return Hit(tag, values=values, table=table, row=row)


CHECKS: Mapping[str, ClaimCheck] = {
    "BHYT-CAT-101": lot,
    "BHYT-CAT-102": drug_price,
    "BHYT-CAT-103": approved,
    "BHYT-CAT-104": service_price,
}
