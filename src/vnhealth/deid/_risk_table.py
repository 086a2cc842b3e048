"""The risk table of a finished file: what groups there are for somebody who knows this or that."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import re
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from vnhealth.deid._hierarchy import quasi_identifiers
from vnhealth.deid._risk import RiskSet, risk_sets
from vnhealth.deid._tables import Label
from vnhealth.errors import DeidError

__all__ = ["RiskLine", "RiskTable", "records_of", "risk_table"]

_HEADER = re.compile(r"<NHAN>([a-z-]{1,20})</NHAN>")
_SUMMARY = re.compile(r"<XML1>(.*?)</XML1>", re.DOTALL)
_FIELD = re.compile(r"<([A-Z0-9_]+)>([^<]*)</")
_TOKEN = re.compile(r"<TOKEN_[A-Z]+>([^<]*)</")


@dataclass(frozen=True, slots=True)
class RiskLine:
    """One set of known features: size of the smallest group and share of rows in small groups."""

    name: str
    meaning_vi: str
    meaning_en: str
    rows: int
    groups: int
    k: int
    unique: float
    below_5: float
    below_11: float
    maximum: float
    average: float

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready object, figures rounded to six places."""
        found = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {n: round(v, 6) if isinstance(v, float) else v for n, v in found.items()}


@dataclass(frozen=True, slots=True)
class RiskTable:
    """Label and record count of a file, and one line for each set of known features.

    For the linked tier the lines show that records stay personal data; for the release tier the
    line ``declared`` is the proof, counted again from the file alone. ``sizes`` is the number of
    rows by size of their group (1, 2-4, 5-10, 11-49, 50 and more) for the last line.
    """

    label: Label
    records: int
    lines: tuple[RiskLine, ...]
    sizes: tuple[tuple[str, tuple[int, ...]], ...]

    @property
    def ok(self) -> bool:
        """False for a file of the release tier in which some group is smaller than eleven."""
        if self.label is not Label.DEIDENTIFIED:
            return True
        return bool(self.lines) and self.lines[0].k >= 11

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready object."""
        return {
            "label": self.label.value,
            "records": self.records,
            "ok": self.ok,
            "sets": [line.to_dict() for line in self.lines],
            "sizes": {name: list(counts) for name, counts in self.sizes},
        }


def records_of(source: bytes | str | os.PathLike[str]) -> tuple[Label, Iterator[str]]:
    """The label of a de-identified file and its records, one text each, in flat memory.

    Raises `vnhealth.errors.DeidError` (ERR-DEID-12) for any other file.
    """
    lines = _lines(source)
    head = next(lines, "") + next(lines, "")
    found = _HEADER.search(head)
    if "<VNHEALTH_DEID>" not in head or found is None or found[1] not in set(Label):
        raise DeidError("ERR-DEID-12")
    return Label(found[1]), (line for line in lines if line.startswith("<HOSO>"))


def _lines(source: bytes | str | os.PathLike[str]) -> Iterator[str]:
    if isinstance(source, bytes):
        yield from source.decode("utf-8", "replace").splitlines()
        return
    try:
        with open(source, encoding="utf-8", errors="replace") as file:
            for line in file:
                yield line.rstrip("\n")
    except OSError:
        raise DeidError("ERR-DEID-12") from None


def risk_table(source: bytes | str | os.PathLike[str]) -> RiskTable:
    """Measure a file that `vnhealth.deid` wrote, from the file alone.

    >>> from vnhealth.deid import Key, apply
    >>> from vnhealth.records import Claim
    >>> from vnhealth.records.bhyt130 import Xml1
    >>> claims = [Claim(xml1=Xml1(ma_lk=f"A{n}", gioi_tinh=str(n % 2 + 1))) for n in range(6)]
    >>> made = apply(claims, key=Key(bytes(range(32))), recipient="kho", purpose="x",
    ...              facility="01901")
    >>> [(line.name, line.k) for line in risk_table(made.data).lines][0]
    ('age-sex', 3)
    """
    label, records = records_of(source)
    sets = risk_sets("linked") if label is Label.PSEUDONYMISED else _declared()
    seen = [array("Q") for _ in sets]
    visits: dict[int, list[tuple[str, ...]]] = {}
    count = 0
    for text in records:
        count += 1
        summary = _SUMMARY.search(text)
        values = dict(_FIELD.findall(summary[1])) if summary else {}
        for hashes, known in zip(seen, sets, strict=True):
            hashes.append(_hash(known.values(values)))
        if label is Label.PSEUDONYMISED:
            _note(visits, text, values)
    lines, sizes = [], []
    for hashes, known in zip(seen, sets, strict=True):
        counts = Counter(Counter(hashes).values())
        lines.append(_line(known.name, known.meaning_vi, known.meaning_en, counts))
        sizes.append((known.name, _sizes(counts)))
    if label is Label.PSEUDONYMISED:
        lines += _repeats(visits)
    return RiskTable(label, count, tuple(lines), tuple(sizes))


def _declared() -> tuple[RiskSet, ...]:
    tags = tuple(q.tag for q in quasi_identifiers())
    return (
        RiskSet(
            "declared",
            tags,
            "mọi chỉ tiêu bán định danh đã khai",
            "all declared quasi-identifiers",
        ),
    )


def _hash(values: Iterable[str]) -> int:
    digest = hashlib.blake2b("\x1f".join(values).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big")


def _note(visits: dict[int, list[tuple[str, ...]]], text: str, values: dict[str, str]) -> None:
    """Keep the first two visits of a person: what is needed to compare pairs."""
    token = _TOKEN.search(text)
    if token is None:
        return
    held = visits.setdefault(_hash([token[1]]), [])
    held.append(
        (
            values.get("NGAY_VAO", "")[:8],
            values.get("MA_BENH_CHINH", "")[:3],
            values.get("GIOI_TINH", ""),
            values.get("NHOM_TUOI", ""),
        )
    )
    held.sort()
    del held[2:]


def _repeats(visits: dict[int, list[tuple[str, ...]]]) -> list[RiskLine]:
    pairs: Counter[tuple[str, ...]] = Counter()
    gaps: Counter[tuple[str, ...]] = Counter()
    for held in visits.values():
        if len(held) < 2:
            continue
        (first, icd1, sex, age), (second, icd2, _, _) = held
        pairs[icd1, icd2, sex, age] += 1
        gaps[icd1, icd2, sex, age, _days(first, second)] += 1
    return [
        _line(name, vi, en, Counter(counts.values()))
        for name, vi, en, counts in (
            (
                "two-visits",
                "hai lần khám: bệnh, bệnh, giới, nhóm tuổi",
                "two visits of one person: diagnosis, diagnosis, sex, age band",
                pairs,
            ),
            (
                "two-visits-gap",
                "hai lần khám và số ngày giữa hai lần",
                "the same and the gap in days",
                gaps,
            ),
        )
    ]


def _days(first: str, second: str) -> str:
    try:
        return str((dt.date.fromisoformat(second) - dt.date.fromisoformat(first)).days)
    except ValueError:
        return ""


def _line(name: str, vi: str, en: str, counts: Counter[int]) -> RiskLine:
    """From the number of groups by their size."""
    rows = sum(size * groups for size, groups in counts.items())
    total = rows or 1

    def below(limit: int) -> float:
        return sum(size * n for size, n in counts.items() if size < limit) / total

    k = min(counts, default=0)
    return RiskLine(
        name,
        vi,
        en,
        rows,
        counts.total(),
        k,
        counts[1] / total,
        below(5),
        below(11),
        1 / k if k else 0.0,
        counts.total() / total,
    )


def _sizes(counts: Counter[int]) -> tuple[int, ...]:
    steps = ((1, 1), (2, 4), (5, 10), (11, 49), (50, 10**9))
    return tuple(
        sum(size * n for size, n in counts.items() if low <= size <= high) for low, high in steps
    )
