"""Looks at a health-check file (KHAMSUCKHOE): whose it is, its records, what is wrong in its form.

A small checker: the skeleton of 2062/QĐ-BYT and the fields that 7286/SYT requires. The full list of
fields of the health-check forms is not public, so a clean file here may be refused there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from vnhealth.errors import CodecError
from vnhealth.findings import Finding, Findings, Severity
from vnhealth.protocol.health_check import ROOT, SENDER

if TYPE_CHECKING:
    from lxml.etree import _Element

__all__ = ["REQUIRED", "HealthFile", "HealthRecord", "inspect"]

REQUIRED = ("HO_TEN", "NGAY_SINH", "GIOI_TINH", "MATINH_CU_TRU", "MAXA_CU_TRU", "SO_CCCD")
"""Fields that 7286/SYT (2026) requires in every file."""
READ = (*REQUIRED, "MA_LK")
PARTS = frozenset(f"XML{number}" for number in range(1, 13))
MAX_BYTES = 20 * 2**20

_DAY = re.compile(r"(0[1-9]|[12]\d|3[01])(0[1-9]|1[0-2])(19|20)\d\d")
_REVERSED = re.compile(r"(19|20)\d\d(0[1-9]|1[0-2]|00)(0[1-9]|[12]\d|3[01]|00)(\d{4})?")


@dataclass(frozen=True, slots=True, repr=False)
class HealthRecord:
    """One HOSO: its MA_LK (None when it has none), and the fields of `REQUIRED` as they came."""

    key: str | None
    fields: Mapping[str, str]
    findings: Findings

    @property
    def birth_year(self) -> str:
        """The year of NGAY_SINH in either form, else empty."""
        value = self.fields.get("NGAY_SINH", "")
        if _REVERSED.fullmatch(value):
            return value[:4]
        return value[4:] if _DAY.fullmatch(value) else ""

    def __repr__(self) -> str:
        return f"<HealthRecord {len(self.findings)} findings>"


@dataclass(frozen=True, slots=True, repr=False)
class HealthFile:
    """What was found. ``sender`` is MACSKCB, None when it is no number of 13 digits."""

    findings: Findings
    sender: str | None = None
    records: tuple[HealthRecord, ...] = field(default=())

    @property
    def readable(self) -> bool:
        """True when it is such a file at all."""
        return bool(self.records)

    def __repr__(self) -> str:
        return f"<HealthFile {len(self.records)} records, {len(self.findings)} findings>"


def inspect(data: bytes) -> HealthFile:
    """Look at a file; never raises on what stands in it.

    >>> [f.code for f in inspect(b"<GIAMDINHHS/>").findings]
    ['GW-KSK-02']
    """
    root = _root(data)
    if root is None:
        return HealthFile(Findings([_error("GW-KSK-01")]))
    if root.tag != ROOT:
        return HealthFile(Findings([_error("GW-KSK-02")]))
    sender = _text(root.find("THONGTINDONVI/MACSKCB"))
    items = root.findall("THONGTINHOSO/DANHSACHHOSO/HOSO")
    found = []
    if not SENDER.fullmatch(sender):
        found.append(_error("GW-KSK-03", tag="MACSKCB"))
    if _text(root.find("THONGTINHOSO/SOLUONGHOSO")) != str(len(items)) or len(items) != 1:
        found.append(_error("GW-KSK-04", tag="SOLUONGHOSO"))
    records = tuple(_record(item, index) for index, item in enumerate(items))
    return HealthFile(Findings(found), sender if SENDER.fullmatch(sender) else None, records)


def _root(data: bytes) -> _Element | None:
    from lxml.etree import XMLSyntaxError

    from vnhealth.codecs._encoding import clean
    from vnhealth.codecs._xml import tree

    if len(data) > MAX_BYTES:
        return None
    try:
        return tree(clean(data)[0])
    except (XMLSyntaxError, CodecError):
        return None


def _text(element: _Element | None) -> str:
    return "" if element is None else (element.text or "").strip()


def _error(code: str, **place: str | int | None) -> Finding:
    return Finding(code, Severity.ERROR, **place)  # type: ignore[arg-type]


def _record(item: _Element, index: int) -> HealthRecord:
    values = {tag: _text(item.find(f".//{tag}")) for tag in READ}
    key = values.pop("MA_LK") or None
    said = [*_parts(item, index), *_values(values, index)]
    if key is None:
        said.append(Finding("GW-KSK-10", Severity.WARNING, encounter=index, tag="MA_LK"))
    return HealthRecord(key, values, Findings(said))


def _parts(item: _Element, index: int) -> Iterator[Finding]:
    seen: set[str] = set()
    for part in item.findall("FILEHOSO"):
        kind, content = _text(part.find("LOAIHOSO")), part.find("NOIDUNGFILE")
        if kind not in PARTS or kind in seen:
            yield _error("GW-KSK-05", encounter=index, tag="LOAIHOSO")
        elif content is None or not len(content):
            yield _error("GW-KSK-06", encounter=index, table=kind, tag="NOIDUNGFILE")
        seen.add(kind)


def _values(values: Mapping[str, str], index: int) -> Iterator[Finding]:
    for tag in REQUIRED:
        if not values[tag]:
            yield _error("GW-KSK-07", encounter=index, tag=tag)
    born, sex, number = values["NGAY_SINH"], values["GIOI_TINH"], values["SO_CCCD"]
    if born and not _DAY.fullmatch(born) and not _REVERSED.fullmatch(born):
        yield _error("GW-KSK-08", encounter=index, tag="NGAY_SINH")
    if sex and sex not in _sexes():
        yield _error("GW-KSK-09", encounter=index, tag="GIOI_TINH")
    if number and not re.fullmatch(r"\d{12}|\d{9}", number, re.ASCII):
        yield _error("GW-KSK-11", encounter=index, tag="SO_CCCD")


@cache
def _sexes() -> frozenset[str]:
    from vnhealth.spec import code_set_versions

    return frozenset(code_set_versions("gioi_tinh")[-1].codes)
