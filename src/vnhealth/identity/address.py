"""From the text of an address (DIA_CHI) to province, district and commune codes, with confidence.

Read from the right: province, then district, then commune; what is left is house, street and
hamlet. Kinds may be written out, abbreviated (``P.``, ``Q1``, ``TX``) or missing, marks may be
missing, commas too. Names of before 01/07/2025 are understood on any day: an old commune is carried
to its heir when there is one, and all heirs are given when there are several. Nothing is guessed:
where names leave a choice, ``commune`` is None and ``candidates`` hold the choice.

``confidence`` (0 to 1) is a product of fixed factors for what was not exact; it ranks addresses for
checking and is no measured probability.

Legal source: MATINH_CU_TRU, MAHUYEN_CU_TRU and MAXA_CU_TRU of decision 130/QĐ-BYT as amended.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from vnhealth.identity._address_words import Reading, Taken, split, take
from vnhealth.identity._lists import province_successor
from vnhealth.identity.admin_units import REFORM, AdminUnit, AdminUnits

__all__ = ["Address", "parse"]

_EVE = dt.date.fromordinal(REFORM.toordinal() - 1)
_WITH_KIND = frozenset(("quận", "huyện", "thị xã", "thành phố"))


@dataclass(frozen=True, slots=True, repr=False)
class Address:
    """What was read. ``former`` is the old commune that the text names, when the codes are those of
    its heir. ``notes``: NO_PROVINCE, NO_DISTRICT, NO_COMMUNE, OLD_PROVINCE, OLD_COMMUNE, SPLIT (the
    old commune has several heirs), NO_HEIR (no succession loaded), AMBIGUOUS (several communes of
    the name), NO_MARKS, MARKS_DIFFER, NO_KIND, OTHER_KIND, LETTER_OFF, NO_COMMA. The representation
    shows no address.
    """

    province: AdminUnit | None = None
    district: AdminUnit | None = None
    commune: AdminUnit | None = None
    former: AdminUnit | None = None
    rest: str = ""
    confidence: float = 0.0
    notes: tuple[str, ...] = ()
    candidates: tuple[AdminUnit, ...] = ()

    def codes(self) -> dict[str, str]:
        """Give the three codes under the names of the fields; empty where unknown."""
        return {
            "MATINH_CU_TRU": self.province.code if self.province else "",
            "MAHUYEN_CU_TRU": self.district.code if self.district else "",
            "MAXA_CU_TRU": self.commune.code if self.commune else "",
        }

    def __repr__(self) -> str:
        return f"<Address {self.confidence:.2f} {' '.join(self.notes)}>"


def parse(text: str, units: AdminUnits, on: dt.date) -> Address:
    """Read an address as it should be coded on a day; never raises on any text.

    >>> found = parse("Số 2, tổ 5, TP. Hồ Chí Minh", AdminUnits.builtin(), dt.date(2026, 3, 2))
    >>> found.codes()["MATINH_CU_TRU"], found.rest, found.notes
    ('79', 'Số 2, tổ 5', ('NO_COMMUNE',))
    >>> parse("xã Mẫu, tỉnh Hà Giang", AdminUnits.builtin(), dt.date(2026, 3, 2)).province.name
    'Tuyên Quang'
    """
    reading = split(text)
    if on >= REFORM:
        return _since_the_reform(reading, units, on)
    province = _chosen(reading, take(reading, units, "province", on))
    if province is None:
        reading.note("NO_PROVINCE")
    old = _old_style(reading, units, (province.code,) if province else None, on)
    return _finish(reading, old.reading, province, old.district, old.communes, None)


def _chosen(reading: Reading, taken: Taken | None) -> AdminUnit | None:
    """Use a unit when there is just one, and drop its words."""
    if taken is None or len(taken.units) != 1:
        return None
    reading.drop(taken.words)
    reading.note(*taken.notes)
    return taken.units[0]


@dataclass(slots=True)
class _Old:
    """District and communes by the old lists, and the reading after taking their words."""

    reading: Reading
    district: AdminUnit | None
    communes: tuple[AdminUnit, ...]
    sure: bool


def _old_style(
    reading: Reading, units: AdminUnits, provinces: Sequence[str] | None, on: dt.date
) -> _Old:
    reading = reading.copy()
    districts = take(reading, units, "district", on, provinces)
    if districts is None:
        below = None
        if provinces is not None:
            below = {d.code for p in provinces for d in units.on(on, "district", p)}
        taken = take(reading, units, "commune", on, below)
        if taken is None:
            return _Old(reading, None, (), False)
        reading.drop(taken.words)
        reading.note(*taken.notes, "NO_DISTRICT")
        district = _parent(units, taken.units, on)
        return _Old(reading, district, taken.units, False)
    reading.drop(districts.words)
    reading.note(*districts.notes)
    codes = [unit.code for unit in districts.units]
    taken = take(reading, units, "commune", on, codes)
    sure = districts.kind in _WITH_KIND or taken is not None
    if taken is None:
        district = districts.units[0] if len(codes) == 1 else None
        return _Old(reading, district, (), sure)
    reading.drop(taken.words)
    reading.note(*taken.notes)
    return _Old(reading, _parent(units, taken.units, on), taken.units, sure)


def _parent(units: AdminUnits, communes: Sequence[AdminUnit], on: dt.date) -> AdminUnit | None:
    parents = {commune.parent for commune in communes}
    return units.resolve(parents.pop(), on, "district") if len(parents) == 1 else None


def _since_the_reform(reading: Reading, units: AdminUnits, on: dt.date) -> Address:
    before = reading.copy()
    province = _chosen(reading, take(reading, units, "province", on, nearly=False))
    was = _chosen(before, take(before, units, "province", _EVE, nearly=province is None))
    if province is None and was is not None:
        reading = before
        reading.note("OLD_PROVINCE")
        province = units.resolve(province_successor(was.code), on)
    if province is None:
        reading.note("NO_PROVINCE")
        old = _old_style(reading, units, None, _EVE)
        return _converted(reading, old, None, units, on)
    olds = [
        p.code for p in units.on(_EVE, "province") if province_successor(p.code) == province.code
    ]
    named = [was.code] if was is not None and was.code in olds else olds
    old = _old_style(reading, units, named, _EVE)
    if old.sure and old.communes:
        return _converted(reading, old, province, units, on)
    new = take(reading, units, "commune", on, (province.code,))
    if new is not None:
        after = reading.copy()
        after.drop(new.words)
        after.note(*new.notes)
        return _finish(reading, after, province, None, new.units, None)
    if not old.communes and named != olds:
        old = _old_style(reading, units, olds, _EVE)
    return _converted(reading, old, province, units, on)


def _before(province: AdminUnit, units: AdminUnits) -> list[str]:
    """Give the old provinces that went into a new one."""
    olds = units.on(_EVE, "province")
    return [old.code for old in olds if province_successor(old.code) == province.code]


def _converted(
    reading: Reading, old: _Old, province: AdminUnit | None, units: AdminUnits, on: dt.date
) -> Address:
    """Carry the old commune that was read to its heir."""
    old.reading.notes.pop("NO_DISTRICT", None)
    if len(old.communes) != 1:
        return _finish(reading, old.reading, province, None, old.communes, None)
    former = old.communes[0]
    found = units.convert(former.code, "commune", on)
    old.reading.note("OLD_COMMUNE")
    if found.outcome == "unknown":
        old.reading.note("NO_HEIR")
        return _finish(reading, old.reading, province, None, (), former)
    if province is None:
        province = units.resolve(found.heirs[0].parent, on)
    if found.outcome == "split":
        old.reading.note("SPLIT")
    return _finish(reading, old.reading, province, None, found.heirs, former)


def _finish(
    reading: Reading,
    after: Reading,
    province: AdminUnit | None,
    district: AdminUnit | None,
    communes: Sequence[AdminUnit],
    former: AdminUnit | None,
) -> Address:
    confidence = after.confidence()
    commune = communes[0] if len(communes) == 1 else None
    if not communes and "NO_HEIR" not in after.notes:
        after.note("NO_COMMUNE")
    if len(communes) > 1:
        if "SPLIT" not in after.notes:
            after.note("AMBIGUOUS")
        confidence /= len(communes)
    if province is None and commune is None and not communes:
        confidence = 0.0
    return Address(
        province,
        district,
        commune,
        former,
        after.rest(),
        round(confidence, 4),
        tuple(after.notes),
        tuple(communes) if len(communes) > 1 else (),
    )
