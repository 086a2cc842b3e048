"""One record as the matching ladder sees it, and the same record prepared for many comparisons.

Fillers (all digits equal, all zeros, "Vô danh") are never evidence; a doubtful 1 January counts as
"year only"; nine digits in the field of the personal number are an old identity card.

Legal source: Luật Căn cước 2023 and decree 70/2024/NĐ-CP (a person may have had two numbers; the
old one stays evidence). The rules are this project's own policy.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from vnhealth.identity import bhxh, birth_date, cccd, names, phone
from vnhealth.identity._base import clean, is_digits, strip_separators, upper

__all__ = ["PersonRecord", "PreparedRecord", "prepare"]

_PASSPORT = re.compile(r"(?=.*[A-Z])[A-Z0-9]{5,15}")
_SEX = {"1": "1", "2": "2"}


@dataclass(frozen=True, slots=True, repr=False)
class PersonRecord:
    """What one record says of a person, as text; all but the name may be empty.

    ``birth_date`` in any form `vnhealth.identity.birth_date` reads; ``sex`` 1 male, 2 female, 3
    undetermined; ``cccd`` the identity field (12 digits, 9 digits or passport); ``old_id`` earlier
    numbers, parted by ``;``; ``bhxh`` the ten-digit insurance code; ``ward`` a commune code. The
    representation shows nothing.

    >>> PersonRecord("Trần Thị Mẫu", "1901-03-05", "2")
    <PersonRecord>
    """

    name: str
    birth_date: str = ""
    sex: str = ""
    cccd: str = ""
    old_id: str = ""
    bhxh: str = ""
    phone: str = ""
    ward: str = ""

    @classmethod
    def from_row(cls, row: Mapping[str, str], prefix: str = "") -> PersonRecord:
        """Read a row with the columns name, dob, sex, cccd, old, bhxh, phone, ward (or the tags
        HO_TEN, NGAY_SINH, GIOI_TINH, SO_CCCD, DIEN_THOAI, MAXA_CU_TRU), each after ``prefix``.

        Absent columns are empty.

        >>> PersonRecord.from_row({"HO_TEN": "Mẫu", "NGAY_SINH": "190100000000"}).birth_date
        '190100000000'
        """
        columns = (
            ("name", "HO_TEN"),
            ("dob", "NGAY_SINH"),
            ("sex", "GIOI_TINH"),
            ("cccd", "SO_CCCD"),
            ("old", "SO_CCCD_CU"),
            ("bhxh", "MA_BHXH"),
            ("phone", "DIEN_THOAI"),
            ("ward", "MAXA_CU_TRU"),
        )
        return cls(*(row.get(prefix + a) or row.get(prefix + b) or "" for a, b in columns))

    def __repr__(self) -> str:
        return "<PersonRecord>"


class PreparedRecord(NamedTuple):
    """A record with its comparable forms; made by `prepare`.

    ``skeleton`` has its words in alphabetical order, ``plain`` as written.
    ``date`` is ``yyyymmdd`` when the day is known and not doubtful, else empty; ``year`` and
    ``month`` are empty when unknown. ``numbers`` are all valid numbers of any age, ``ids12`` the
    valid personal numbers, ``strong`` those and passports; ``ends`` the first and last word.
    """

    skeleton: str
    plain: str
    tokens: frozenset[str]
    ends: tuple[str, ...]
    key: str
    marked: bool
    newborn: bool
    anonymous: bool
    year: str
    month: str
    date: str
    sex: str
    ids12: frozenset[str]
    strong: frozenset[str]
    numbers: frozenset[str]
    suspect: frozenset[str]
    bhxh: str
    phone: str
    ward: str
    blocks: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return "<PreparedRecord>"


def prepare(record: PersonRecord) -> PreparedRecord:
    """Bring a record to its comparable forms.

    ``blocks`` are keys such that two records that the ladder does not call different share one (two
    unknown patients excepted): look up candidates by them instead of comparing all pairs. They are
    a number, an insurance code, a phone, name with birth date, name with birth year and commune,
    commune with birth date; so few people share one, however many people there are.

    >>> prepare(PersonRecord("Thử Nguyễn Văn", "5/3/1901")).skeleton
    'nguyen thu van'
    """
    key, plain, anonymous, newborn = names.comparable(record.name)
    mother = names.mother_of_newborn(record.name) if newborn else ""
    if mother:
        key, plain = names.key(mother), names.skeleton(mother)
    words = plain.split()
    skeleton, key = " ".join(sorted(words)), " ".join(sorted(key.split()))
    year, month, day = birth_date.known_parts(record.birth_date)
    sex = _SEX.get(record.sex.strip(), "")
    current, suspect = _numbers(record.cccd, sex, year)
    ids12 = strong = current
    for number in current:
        if len(number) != 12 or not number.isdigit():
            ids12 = frozenset(n for n in current if len(n) == 12 and n.isdigit())
            strong = frozenset(n for n in current if len(n) == 12 or not n.isdigit())
            break
    numbers = current | _numbers(record.old_id)[0] if record.old_id else current
    code = bhxh.parse(record.bhxh).normalized if record.bhxh else ""
    if code and code == code[0] * 10:
        code = ""
    telephone = phone.parse(record.phone).normalized if record.phone else ""
    ward = record.ward if is_digits(record.ward) else clean(record.ward)
    date = year + month + day if day else ""
    blocks = [f"i:{number}" for number in numbers]
    if code:
        blocks.append(f"b:{code}")
    if telephone:
        blocks.append(f"p:{telephone}")
    if newborn:
        blocks.append(f"c:{skeleton}")
    elif skeleton and not anonymous:
        if date:
            blocks.append(f"d:{skeleton}:{date}")
        if year and ward:
            blocks.append(f"y:{skeleton}:{year}:{ward}")
        if date and ward:
            blocks.append(f"w:{ward}:{date}")
    return PreparedRecord(
        skeleton,
        " ".join(words),
        frozenset(words),
        (words[0], words[-1]) if words else (),
        key,
        key != skeleton,
        newborn,
        anonymous,
        year,
        month,
        date,
        sex,
        ids12,
        strong,
        numbers,
        suspect,
        code,
        telephone,
        ward,
        tuple(blocks),
    )


_MISFITS = frozenset(("SEX_MISMATCH", "BIRTH_YEAR_MISMATCH"))
_NO_NUMBERS: frozenset[str] = frozenset()


def _numbers(text: str, sex: str = "", year: str = "") -> tuple[frozenset[str], frozenset[str]]:
    """Return the valid numbers of a field (12 digits, 9 digits, passports; no fillers), and those
    of 12 digits that do not fit the sex or birth year.
    """
    if not text:
        return _NO_NUMBERS, _NO_NUMBERS
    found, suspect = set(), set()
    for part in text.split(";"):
        number = part if is_digits(part) else upper(strip_separators(clean(part)))
        if is_digits(number):
            if len(number) == 9 and len(set(number)) > 1:
                found.add(number)
            elif len(number) == 12:
                checked = cccd.parse(number, {"sex": sex, "dob": year})
                if checked.is_valid:
                    found.add(number)
                    if not _MISFITS.isdisjoint(checked.codes):
                        suspect.add(number)
        elif _PASSPORT.fullmatch(number):
            found.add(number)
    return frozenset(found), frozenset(suspect)
