"""One record as the matching ladder sees it, and the same record prepared for many comparisons.

Fillers (all digits equal, all zeros, "Vô danh") are never evidence; a doubtful 1 January counts as
"year only"; nine digits in the field of the personal number are an old identity card.

Legal source: Luật Căn cước 2023 and decree 70/2024/NĐ-CP (a person may have had two numbers; the
old one stays evidence). The rules are this project's own policy.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

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


@dataclass(frozen=True, slots=True, repr=False)
class PreparedRecord:
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
    blocks: frozenset[str] = field(default_factory=frozenset)

    def __repr__(self) -> str:
        return "<PreparedRecord>"


def prepare(record: PersonRecord) -> PreparedRecord:
    """Bring a record to its comparable forms.

    ``blocks`` are keys such that two records that are not plainly different share one (two unknown
    patients excepted): look up candidates by them instead of comparing all pairs.

    >>> prepare(PersonRecord("Thử Nguyễn Văn", "5/3/1901")).skeleton
    'nguyen thu van'
    """
    name = names.read(record.name)
    newborn = "NEWBORN_PREFIX" in name.flags
    mother = names.mother_of_newborn(record.name) if newborn else ""
    words = (names.skeleton(mother) if mother else name.skeleton).split()
    skeleton = " ".join(sorted(words))
    key = " ".join(sorted((names.key(mother) if mother else name.key).split()))
    born = birth_date.parse(record.birth_date)
    digits = born.details.get("digits", "")
    doubtful = "MAYBE_YEAR_ONLY" in born.codes
    month = "" if doubtful or digits[4:6] == "00" else digits[4:6]
    day = digits[6:8] if month and digits[6:8] != "00" else ""
    sex = _SEX.get(record.sex.strip(), "")
    current = _numbers(record.cccd)
    earlier = _numbers(record.old_id)
    ids12 = frozenset(n for n in current if len(n) == 12 and is_digits(n))
    asked = {"sex": sex, "dob": digits[:4]}
    misfits = ("SEX_MISMATCH", "BIRTH_YEAR_MISMATCH")
    suspect = frozenset(n for n in ids12 if set(misfits) & set(cccd.parse(n, asked).codes))
    insurance = bhxh.parse(record.bhxh) if record.bhxh else None
    code = insurance.normalized if insurance else ""
    if len(set(code)) == 1:
        code = ""
    telephone = phone.parse(record.phone).normalized if record.phone else ""
    anonymous = "ANONYMOUS" in name.flags
    year = digits[:4]
    blocks = {f"i:{number}" for number in current | earlier}
    blocks |= {f"b:{code}"} if code else set()
    blocks |= {f"p:{telephone}"} if telephone else set()
    blocks |= {f"n:{skeleton}:{year}"} if skeleton and year and not anonymous else set()
    ward = clean(record.ward)
    date = year + month + day if day else ""
    blocks |= {f"w:{ward}:{date}"} if ward and date else set()
    blocks |= {f"c:{skeleton}"} if newborn else set()
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
        ids12 | frozenset(n for n in current if not is_digits(n)),
        current | earlier,
        suspect,
        code,
        telephone,
        ward,
        frozenset(blocks),
    )


def _numbers(text: str) -> frozenset[str]:
    """Return the valid numbers of a field: 12 digits, 9 digits, passports; no fillers."""
    found = set()
    for part in text.split(";"):
        number = upper(strip_separators(clean(part)))
        if is_digits(number):
            nine = len(number) == 9 and len(set(number)) > 1
            if nine or (len(number) == 12 and cccd.is_valid(number)):
                found.add(number)
        elif _PASSPORT.fullmatch(number):
            found.add(number)
    return frozenset(found)
