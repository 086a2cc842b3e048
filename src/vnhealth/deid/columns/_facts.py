"""Facts: one small table of neutral columns per kind of row, the same from every source.

`derive` is a function of one record batch: it looks at no other row, so any split of the input
gives the same rows. Indicators are computed from facts alone and never see a name or an address.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from vnhealth.deid._case import age_band
from vnhealth.deid._people import cards
from vnhealth.deid._tables import Label
from vnhealth.deid.columns._lists import (
    block_of,
    care_of,
    category,
    facts_rows,
    is_restricted,
    restricted_object,
)
from vnhealth.deid.columns._need import need_arrow
from vnhealth.deid.columns._schema import (
    ColumnType,
    Described,
    arrow_type,
    described,
    read_meta,
    with_meta,
)
from vnhealth.errors import DeidError
from vnhealth.identity import so_cccd_field
from vnhealth.localtime import LocalTime
from vnhealth.models import meaning_of

if TYPE_CHECKING:
    import pyarrow as pa  # type: ignore[import-untyped]

__all__ = ["FACTS", "UNKNOWN", "Rows", "about_of", "fact_schema", "register", "table_of"]

UNKNOWN = "?"
"""Stands for what is not known in the columns by which facts are grouped."""

FACTS: Mapping[str, str] = {
    "encounter": "XML1",
    "drug": "XML2",
    "service": "XML3",
    "test": "XML4",
    "summary": "XML8",
    "birth": "XML9",
    "tb": "XML15",
}
"""Fact table and the table it is made of, row by row; ``quality`` is made of all tables."""

_MAKERS: dict[str, Callable[[Rows], dict[str, list[Any]]]] = {}


def register(name: str) -> Callable[[Callable[[Rows], dict[str, list[Any]]]], Any]:
    """Name the function that makes a fact table."""

    def put(function: Callable[[Rows], dict[str, list[Any]]]) -> Any:
        _MAKERS[name] = function
        return function

    return put


def makers() -> Mapping[str, Callable[[Rows], dict[str, list[Any]]]]:
    """The functions by fact table."""
    return _MAKERS


def table_of(fact: str) -> str:
    """The table a fact is made of. Raises `DeidError` (ERR-COL-05) for an unknown fact."""
    try:
        return FACTS[fact]
    except KeyError:
        raise DeidError("ERR-COL-05", name=fact[:40]) from None


@cache
def _fact_fields(fact: str) -> tuple[tuple[str, ColumnType, str, str], ...]:
    rows = facts_rows().get(fact)
    if rows is None:
        raise DeidError("ERR-COL-05", name=fact[:40])
    return tuple(
        (row["column"], ColumnType(row["type"]), row["title_vi"], row["title_en"]) for row in rows
    )


def fact_schema(fact: str, about: Described | None = None) -> pa.Schema:
    """The Arrow schema of a fact table.

    >>> fact_schema("drug").names[:3]
    ['enc', 'version', 'row']
    """
    pa = need_arrow()
    fields = [
        pa.field(name, arrow_type(kind), metadata={"title_vi": vi, "title_en": en})
        for name, kind, vi, en in _fact_fields(fact)
    ]
    found = pa.schema(fields)
    if about is None:
        return found
    return with_meta(
        found,
        Described(
            about.label, f"fact:{fact}", about.dates, about.manifest_sha256, about.policy_sha256
        ),
    )


def about_of(batch: pa.RecordBatch) -> Described:
    """The description of a batch; told from its columns when an engine has lost the metadata.

    Identified tables have a column that no policy ever sends: DU_PHONG is dropped everywhere, and
    every table of the standard has it. Released tables have nothing to join by.
    """
    found = read_meta(batch.schema)
    if found is not None:
        return found
    names = set(batch.schema.names)
    if "_encounter" not in names:
        raise DeidError("ERR-COL-06")
    if "DU_PHONG" in names:
        return described("", Label.IDENTIFIED)
    joins = "MA_LK" in names or "TOKEN_BN" in names
    return described("", Label.PSEUDONYMISED if joins else Label.DEIDENTIFIED)


class Rows:
    """The columns of one batch as Python lists; a column that is not there is all None."""

    def __init__(self, batch: pa.RecordBatch, about: Described) -> None:
        self._batch = batch
        self._names = set(batch.schema.names)
        self._held: dict[str, list[Any]] = {}
        self.about = about
        self.n = batch.num_rows

    @property
    def shifted(self) -> bool:
        """True when dates are not the true ones."""
        return self.about.dates != "true"

    @property
    def identified(self) -> bool:
        """True when numbers of people are in it."""
        return self.about.label is Label.IDENTIFIED

    def has(self, name: str) -> bool:
        """True when there is such a column."""
        return name in self._names

    def __getitem__(self, name: str) -> list[Any]:
        if name not in self._held:
            self._held[name] = (
                self._batch.column(name).to_pylist() if name in self._names else [None] * self.n
            )
        return self._held[name]

    def map(self, name: str, function: Callable[[Any], Any]) -> list[Any]:
        """A function of one column, asked once per distinct value."""
        memo: dict[Any, Any] = {}
        found = []
        for value in self[name]:
            try:
                found.append(memo[value])
            except KeyError:
                memo[value] = function(value)
                found.append(memo[value])
        return found


def codes(text: str | None) -> list[str]:
    """The diagnoses of a list in their normal form, unreadable ones left out."""
    return [code for item in (text or "").split(";") if (code := category(item))]


def _age3(band: str) -> str:
    if band[:1] in ("D", "M") or band == "Y02-04":
        return "<5"
    if band in ("Y05-09", "Y10-14"):
        return "5-14"
    return "15+" if band[:1] == "Y" else UNKNOWN


def _local(moment: dt.datetime | None, precision: int | None) -> LocalTime | None:
    """The value that the columns were made of."""
    if moment is None or precision is None:
        return None
    digits = moment.strftime("%Y%m%d%H%M").rjust(12, "0")
    if precision == 8:
        return LocalTime.parse(digits[:8])
    return LocalTime.parse(digits[:precision].ljust(12, "0"))


def _ages(rows: Rows) -> list[str]:
    if rows.has("NHOM_TUOI"):
        return [band or UNKNOWN for band in rows["NHOM_TUOI"]]
    found = []
    for born, known, came, sure, end in zip(
        rows["NGAY_SINH"],
        rows["NGAY_SINH__P"],
        rows["NGAY_VAO"],
        rows["NGAY_VAO__P"],
        rows["_end"],
        strict=True,
    ):
        start = came.date() if came is not None and (sure or 0) >= 8 else end
        found.append(age_band(_local(born, known), start) or UNKNOWN)
    return found


def _week(moment: dt.datetime | None, precision: int | None) -> str:
    if moment is None or (precision or 0) < 8:
        return UNKNOWN
    year, week, _ = moment.isocalendar()
    return f"{year:04}-W{week:02}"


def person(card: str | None, document: str | None) -> str:
    """The number by which visits of a person join: of the card, else of the document."""
    for known, _ in cards(card or ""):
        return known[1]
    found = so_cccd_field.parse(document[:64]) if document else None
    return found.normalized if found and found.is_valid and found.details.get("document") else ""


def id_kind(text: str | None) -> str:
    """What kind of number stands in SO_CCCD.

    >>> id_kind("001056990658"), id_kind("xx"), id_kind(None)
    ('CCCD', 'invalid', 'none')
    """
    if not text or not text.strip():
        return "none"
    found = so_cccd_field.parse(text[:64])
    return found.details.get("document", "invalid") if found.is_valid else "invalid"


def _persons(rows: Rows) -> list[str]:
    if rows.identified:
        return [
            person(card, document)
            for card, document in zip(rows["MA_THE_BHYT"], rows["SO_CCCD"], strict=True)
        ]
    tokens = zip(rows["TOKEN_BHXH"], rows["TOKEN_CCCD"], rows["TOKEN_BN"], strict=True)
    return [a or b or c or "" for a, b, c in tokens]


def _insured(rows: Rows) -> list[str]:
    card = rows["MA_THE_BHYT"] if rows.identified else rows["TOKEN_BHXH"]
    valid = rows["THE_CON_HAN"]
    found = []
    for code, number, flag, paid in zip(
        rows["MA_DOITUONG_KCB"], card, valid, rows["T_BHTT"], strict=True
    ):
        has_card = bool(number and number.strip()) or flag is not None
        insured = code != "9" and (has_card or bool(paid and paid > 0))
        found.append("yes" if insured else "no")
    return found


def _spans(rows: Rows) -> list[int | None]:
    names = ("NGAY_VAO", "NGAY_RA", "NGAY_VAO__P", "NGAY_RA__P")
    found: list[int | None] = []
    for came, left, a, b in zip(*(rows[name] for name in names), strict=True):
        days = (left.date() - came.date()).days if min(a or 0, b or 0) >= 8 else -1
        found.append(days if days >= 0 else None)
    return found


@register("encounter")
def encounter(rows: Rows) -> dict[str, list[Any]]:
    """XML1, one row per version of an encounter."""
    family = rows.about.family
    care = rows.map("MA_LOAI_KCB", lambda code: care_of(code, family))
    main = rows.map("MA_BENH_CHINH", category)
    others = rows.map("MA_BENH_KT", codes)
    hiv = [
        is_restricted(a) or any(map(is_restricted, b)) or restricted_object(c)
        for a, b, c in zip(main, others, rows["MA_DOITUONG_KCB"], strict=True)
    ]
    open_main = ["" if is_restricted(code) else code for code in main]
    found = [block_of(code) if code else None for code in open_main]
    bands = _ages(rows)
    identified = rows.identified
    born = rows["NGAY_SINH"]
    return {
        "enc": rows["_encounter"],
        "version": rows["_version"],
        "sent": rows["_sent"],
        "facility": [code or UNKNOWN for code in rows["_facility"]],
        "province": rows["province"],
        "period": [p if p[:1].isdigit() else UNKNOWN for p in rows["period"]],
        "week": [UNKNOWN] * rows.n
        if rows.shifted
        else list(map(_week, rows["NGAY_VAO"], rows["NGAY_VAO__P"])),
        "ended": rows["_end"],
        "ended_at": [
            None if rows.shifted or (known or 0) < 12 else moment
            for moment, known in zip(rows["NGAY_RA"], rows["NGAY_RA__P"], strict=True)
        ],
        "care": [kind.kind if kind else UNKNOWN for kind in care],
        "setting": [kind.setting if kind else UNKNOWN for kind in care],
        "bh_block": [(kind.bh_block if kind else "") or UNKNOWN for kind in care],
        "insured": _insured(rows),
        "sex": rows.map("GIOI_TINH", lambda code: _meaning("sex", family, code)),
        "age_band": bands,
        "age3": list(map(_age3, bands)),
        "icd": open_main,
        "icd3": [code[:3] for code in open_main],
        "icd_block": [block.name if block else "" for block in found],
        "icd_chapter": [block.chapter if block else "" for block in found],
        "others": [sorted({c[:3] for c in held if not is_restricted(c)}) for held in others],
        "injury": rows.map("MA_TAI_NAN", lambda code: "" if code in (None, "0") else code),
        "external": [_external([a, *b]) for a, b in zip(open_main, others, strict=True)],
        "outcome": rows.map("KET_QUA_DTRI", lambda code: _meaning("outcome", family, code)),
        "discharge": rows.map("MA_LOAI_RV", lambda code: _meaning("discharge_kind", family, code)),
        "days": [None if value is None else int(value) for value in rows["SO_NGAY_DTRI"]],
        "span": _spans(rows),
        "from_place": [value or "" for value in rows["MA_NOI_DI"]],
        "to_place": [value or "" for value in rows["MA_NOI_DEN"]],
        "icd9": rows.map("MA_PTTT_QT", items),
        "t_total": rows["T_TONGCHI_BV"],
        "t_scope": rows["T_TONGCHI_BH"],
        "t_drug": rows["T_THUOC"],
        "t_supply": rows["T_VTYT"],
        "t_fund": rows["T_BHTT"],
        "t_copay": rows["T_BNCCT"],
        "t_self": rows["T_BNTT"],
        "t_other": rows["T_NGUONKHAC"],
        "blood_group": [value is not None for value in rows["NHOM_MAU"]],
        "weight": [value is not None for value in rows["CAN_NANG"]],
        "height": [bool(value) for value in rows["DU_PHONG"]] if identified else [None] * rows.n,
        "person": _persons(rows),
        "id_kind": rows.map("SO_CCCD", id_kind) if identified else [None] * rows.n,
        "birth_year": [None if value is None else value.year for value in born],
        "hiv": hiv,
    }


def items(text: str | None) -> list[str]:
    """The items of a ``;`` list, each once, in order."""
    return sorted({item.strip() for item in (text or "").split(";") if item.strip()})


def _meaning(vocabulary: str, family: str, code: str | None) -> str:
    found = meaning_of(vocabulary, family, code) if code else None
    return found.value if found is not None else UNKNOWN


def _external(held: list[str]) -> str:
    for code in held:
        if code[:1] in ("V", "W", "X", "Y"):
            block = block_of(code)
            if block is not None and block.chapter == "XX":
                return block.name
    return ""
