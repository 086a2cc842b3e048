"""Hypothesis strategies for rows and claims whose values are valid by the specification.

Load it from a test file (test modules are not on the import path):

    spec_ = importlib.util.spec_from_file_location("strategies_records", PATH)
    strategies = importlib.util.module_from_spec(spec_)
    spec_.loader.exec_module(strategies)
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from functools import cache
from unicodedata import normalize

from hypothesis import strategies as st

from vnhealth import spec
from vnhealth.localtime import LocalTime
from vnhealth.records import LITERALS, Claim, Record, record_class
from vnhealth.spec import Edition, Field, Kind

LINK_IDS = st.text("ABC0123456789", min_size=1, max_size=12)
SERVICES = st.sampled_from(["02.1900", "23.0158.1494", "13.0033.0614_GT", "K02.1911"])
DISEASES = st.sampled_from(["I10", "E11.9", "J18", "U62.392", "U50.011", "Z00.0", "A15.01"])
STAFF = st.sampled_from(["001234/HNO-CCHN", "0007/BYT-CCHN", "001234/HNO-CCHN.C.79001", "9"])
RAW = st.sampled_from(["1,5", "12x", "undefined", "31/12/2024", "1986", "2024-02-30"])

_LETTERS = "abđêôơưÂĂ ABC019,-./"


def _clean(text: str) -> str:
    text = normalize("NFC", text).strip()
    return "x" if not text or text in LITERALS else text


def texts(limit: int | None) -> st.SearchStrategy[str]:
    """Clean texts, now and then as long as the field allows."""
    size = min(limit or 20, 20)
    some = st.text(_LETTERS, min_size=1, max_size=size).map(_clean)
    return st.one_of(some, some, some, st.just("y" * min(limit or 400, 400)))


def days() -> st.SearchStrategy[dt.date]:
    return st.dates(dt.date(2022, 1, 1), dt.date(2026, 12, 31))


def times(f: Field) -> st.SearchStrategy[LocalTime]:
    if f.type == "date8":
        return days().map(LocalTime.of)
    moments = st.builds(
        lambda day, minute: LocalTime.of(dt.datetime.combine(day, dt.time()) + minute),
        days(),
        st.sampled_from([0, 1, 570, 1439]).map(lambda n: dt.timedelta(minutes=n)),
    )
    if f.tag != "NGAY_SINH":
        return moments
    partial = st.sampled_from(["198600000000", "199005000000", "200101010000"])
    return st.one_of(moments, partial.map(LocalTime.parse))


def decimals(f: Field) -> st.SearchStrategy[Decimal]:
    places = f.decimals or 0
    whole = min((f.max_length or 15) - places, 7)
    return st.integers(0, 10 ** (whole + places) - 1).map(lambda n: Decimal(n).scaleb(-places))


def codes(f: Field) -> st.SearchStrategy[str]:
    known = sorted(
        code
        for version in spec.code_set_versions(f.code_set)
        for code in version.codes
        if f.max_length is None or len(code) <= f.max_length
    )
    return st.sampled_from(known or ["1"])


_SPECIAL: dict[str, st.SearchStrategy[str]] = {
    "MA_DICH_VU": SERVICES,
    "MA_BENH": DISEASES,
    "MA_BENH_CHINH": DISEASES,
    "MA_BENHKHAC": DISEASES,
    "MA_BENH_KT": DISEASES,
    "MA_BENH_YHCT": DISEASES,
    "MA_BAC_SI": STAFF,
    "NGUOI_THUC_HIEN": STAFF,
    "HAM_LUONG": st.sampled_from(["500mg", "5mg+2", "10%"]),
    "CAN_NANG": st.sampled_from(["58.00", "3.2", "7"]),
    "MA_MAY": st.sampled_from(["XN.1.79001.A1", "SA.2.B", "M-9"]),
    "TT_THAU": st.sampled_from(["2019.1.45", "45/QD;G1;N2;2023", "45/QD;G1;N2", "x"]),
    "MA_CSKCB_THUOC": st.sampled_from(["HC.79001", "H.79001", "C.01001"]),
    "MA_THE": st.just("DN4797912345678"),
    "MA_THE_BHYT": st.just("DN4797912345678"),
    "MA_NHOM": st.sampled_from(["1", "4", "8", "10", "13", "15", "18"]),
}


@cache
def values(f: Field, kind: Kind) -> st.SearchStrategy[object]:
    """Valid typed values of one field."""
    if kind is Kind.TIME:
        return times(f)
    if kind is Kind.DECIMAL:
        return decimals(f)
    if kind is Kind.INTEGER:
        if f.tag.startswith("TYLE_"):
            return st.sampled_from([100, 100, 80, 50, 33, 30, 0])
        return st.integers(0, 10 ** min(f.max_length or 3, 3) - 1)
    if kind is Kind.TEXT and f.type == "number":
        one = st.text("0123456789", min_size=1, max_size=min(f.max_length or 9, 9))
    elif f.tag in _SPECIAL:
        one = _SPECIAL[f.tag]
    elif f.code_set:
        one = codes(f)
    elif f.type in ("date8", "datetime12"):
        one = times(f).map(str)
    elif f.tag.startswith("GT_THE") or f.tag == "NGAY_TAI_KHAM":
        one = days().map(lambda day: day.strftime("%Y%m%d"))
    else:
        one = texts(f.max_length).map(lambda t: t.replace(f.separator, "/") if f.separator else t)
    if not f.separator:
        return one
    joined = st.lists(one, min_size=1, max_size=4).map(f.separator.join)
    return joined.filter(lambda t: f.max_length is None or len(t) <= f.max_length)


@cache
def _optional(edition: Edition, name: str) -> dict[str, st.SearchStrategy[object]]:
    table = spec.table(edition, name)
    kinds = record_class(spec.edition_info(edition).family, name).kinds()
    return {f.attr: values(f, kinds[f.attr]) for f in table if f.tag != "MA_LK"}


@st.composite
def rows(draw: st.DrawFn, edition: Edition, name: str, ma_lk: str, *, messy: bool) -> Record:
    """One row with any of its fields; ``messy`` adds unreadable text and unknown elements."""
    cls = record_class(spec.edition_info(edition).family, name)
    held = draw(st.fixed_dictionaries({}, optional=_optional(edition, name)))
    if "MA_LK" in spec.table(edition, name):
        held["ma_lk"] = ma_lk
    row = cls(**held)
    if not messy or not draw(st.booleans()):
        return row
    soft = [a for a, k in cls.kinds().items() if k in (Kind.TIME, Kind.DECIMAL, Kind.INTEGER)]
    soft = [a for a in soft if a.upper() in spec.table(edition, name)]
    broken = draw(st.dictionaries(st.sampled_from(soft), RAW, max_size=3)) if soft else {}
    row = cls.from_row({**row.to_dict(), **broken})
    extra = draw(st.sampled_from([(), (("TRUONG_LA", "x"),)]))
    return cls._trusted(dict(row.__dict__), dict(row.raw_texts), extra)


@st.composite
def claims(draw: st.DrawFn, edition: Edition | str, *, messy: bool = False) -> Claim:
    """A claim of an edition: an XML1 row mostly, some lines, and one or two papers."""
    edition = Edition.parse(str(edition))
    ma_lk = draw(LINK_IDS)
    names = spec.tables(edition)
    chosen = {n for n in ("XML1", "XML2", "XML3", "XML4", "XML5") if draw(st.integers(0, 4))}
    papers = [n for n in names if n not in ("XML1", "XML2", "XML3", "XML4", "XML5")]
    if papers:
        chosen |= draw(st.sets(st.sampled_from(papers), max_size=2))
    tables = {}
    for name in sorted(chosen or {"XML1"}, key=lambda n: int(n[3:])):
        many = spec.table(edition, name).many
        size = draw(st.integers(1, 3)) if many else 1
        row = rows(edition, name, ma_lk, messy=messy)
        tables[name] = tuple(draw(row) for _ in range(size))
    return Claim.from_tables(spec.edition_info(edition).family, tables)
