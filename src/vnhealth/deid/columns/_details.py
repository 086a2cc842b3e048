"""Facts of the detail tables, and what is counted about every column (quality)."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from functools import cache
from typing import TYPE_CHECKING, Any

from vnhealth.deid._policy import Action, Policy
from vnhealth.deid._tables import Label
from vnhealth.deid.columns._facts import (
    FACTS,
    UNKNOWN,
    Rows,
    about_of,
    fact_schema,
    items,
    makers,
    register,
)
from vnhealth.deid.columns._lists import restricted_service
from vnhealth.deid.columns._need import need_arrow
from vnhealth.deid.columns._schema import technical
from vnhealth.errors import DeidError
from vnhealth.spec import (
    Edition,
    Family,
    code_set_versions,
    edition_at,
    record_fields,
    tables,
)
from vnhealth.spec import table as spec_table

if TYPE_CHECKING:
    import pyarrow as pa  # type: ignore[import-untyped]

__all__ = ["derive", "measure"]

_NUMBER = re.compile(r"[<>≤≥]?\s*-?[0-9]+(?:[.,][0-9]+)?", re.ASCII)
_SUBSTANCE = re.compile(r"([0-9A-Z]{2,3}[.][0-9]{1,4})(?:[.+].*)?", re.ASCII | re.DOTALL)


def derive(batch: pa.RecordBatch, fact: str) -> pa.RecordBatch:
    """The facts of a batch of the table that this fact is made of, one row for each of its rows.

    Takes identified and pseudonymised batches; the label and the hash of the manifest go along.
    Raises `DeidError`: ERR-COL-05 for an unknown fact, ERR-COL-06 for columns that are not ours,
    ERR-COL-09 for released rows (their values were hidden selectively, counts would be off).

    >>> from vnhealth.deid.columns import to_arrow
    >>> from vnhealth.records import Claim
    >>> from vnhealth.records.bhyt130 import Xml1
    >>> batch = to_arrow(Claim(xml1=Xml1(ma_lk="A1", ma_benh_chinh="J18.9", gioi_tinh="2")))["XML1"]
    >>> derive(batch, "encounter").select(["icd_block", "sex"]).to_pylist()
    [{'icd_block': 'J09-J18', 'sex': 'female'}]
    """
    pa = need_arrow()
    if fact == "quality":
        return measure(batch)
    about = about_of(batch)
    if about.label is Label.DEIDENTIFIED:
        raise DeidError("ERR-COL-09")
    schema = fact_schema(fact, about)
    found = makers()[fact](Rows(batch, about))
    arrays = [pa.array(found[field.name], field.type) for field in schema]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _keys(rows: Rows) -> dict[str, list[Any]]:
    return {"enc": rows["_encounter"], "version": rows["_version"], "row": rows["_row"]}


def _substance(code: str | None) -> str:
    found = _SUBSTANCE.fullmatch(code.strip()) if code else None
    return found[1] if found else ""


def _open(code: str | None) -> str:
    return "" if not code or restricted_service(code) else code.strip()


def _flag(code: Any) -> bool | None:
    return None if code not in ("0", "1") else code == "1"


@register("drug")
def drug(rows: Rows) -> dict[str, list[Any]]:
    """XML2."""
    return _keys(rows) | {
        "code": [code or "" for code in rows["MA_THUOC"]],
        "substance": rows.map("MA_THUOC", _substance),
        "group": [code or UNKNOWN for code in rows["MA_NHOM"]],
        "quantity": rows["SO_LUONG"],
        "amount": rows["THANH_TIEN_BV" if rows.has("THANH_TIEN_BV") else "THANH_TIEN"],
        "fund": rows["T_BHTT"],
    }


@register("service")
def service(rows: Rows) -> dict[str, list[Any]]:
    """XML3: services and supplies."""
    codes = rows.map("MA_DICH_VU", _open)
    return _keys(rows) | {
        "code": codes,
        "chapter": [code[:2] for code in codes],
        "supply": rows.map("MA_VAT_TU", lambda code: (code or "")[:10]),
        "group": [code or UNKNOWN for code in rows["MA_NHOM"]],
        "icd9": rows.map("MA_PTTT_QT", items),
        "quantity": rows["SO_LUONG"],
        "amount": rows["THANH_TIEN_BV" if rows.has("THANH_TIEN_BV") else "THANH_TIEN"],
        "fund": rows["T_BHTT"],
    }


@register("test")
def test(rows: Rows) -> dict[str, list[Any]]:
    """XML4."""
    services = rows["MA_DICH_VU"]
    kept = [not restricted_service(code) for code in services]
    return _keys(rows) | {
        "service": rows.map("MA_DICH_VU", _open),
        "indicator": [
            (code or "").strip() if keep else ""
            for code, keep in zip(rows["MA_CHI_SO"], kept, strict=True)
        ],
        "numeric": rows.map("GIA_TRI", lambda v: bool(v and _NUMBER.fullmatch(str(v).strip()))),
        "unit": [bool(value and str(value).strip()) for value in rows["DON_VI_DO"]],
    }


@register("summary")
def summary(rows: Rows) -> dict[str, list[Any]]:
    """XML8."""
    dead = [None if value is None else int(value) for value in rows["SO_CONCHET"]]
    return _keys(rows) | {"dead_infants": dead}


@register("birth")
def birth(rows: Rows) -> dict[str, list[Any]]:
    """XML9: one row per child."""
    sexes = {"1": "male", "2": "female", "3": "undetermined"}
    return _keys(rows) | {
        "sex": [sexes.get(code, UNKNOWN) for code in rows["GIOI_TINH_CON"]],
        "grams": [None if value is None else int(value) for value in rows["CAN_NANG_CON"]],
        "caesarean": rows.map("SINHCON_PHAUTHUAT", _flag),
        "preterm32": rows.map("SINHCON_DUOI32TUAN", _flag),
        "children": [None if value is None else int(value) for value in rows["SO_CON"]],
    }


@register("tb")
def tb(rows: Rows) -> dict[str, list[Any]]:
    """XML15."""
    tags = {
        "site": "PHANLOAI_LAO_VITRI",
        "history": "PHANLOAI_LAO_TS",
        "bacteria": "PHANLOAI_LAO_VK",
        "kind": "LOAI_DTRI_LAO",
        "result": "KET_QUA_DTRI_LAO",
    }
    return _keys(rows) | {
        name: [code or UNKNOWN for code in rows[tag]] for name, tag in tags.items()
    }


@cache
def _required(table: str, period: str, family: str) -> frozenset[str]:
    """Tags that the edition in force in a month demands without a condition."""
    if not period[:1].isdigit():
        return frozenset()
    year, month = int(period[:4]), int(period[5:7])
    edition: Edition = edition_at(dt.date(year, month, 1), family)
    if table not in tables(edition):
        return frozenset()
    return frozenset(f.tag for f in spec_table(edition, table) if f.required == "yes")


@cache
def _code_sets(table: str, family: str) -> dict[str, str]:
    """Tag to code set, of fields that hold one whole code of a closed or partial list."""
    found = {}
    for f in record_fields(family, table):
        if not f.code_set or f.separator:
            continue
        versions = code_set_versions(f.code_set)
        if any(v.closed == "open" or v.note.startswith("part of a value") for v in versions):
            continue
        found[f.tag] = versions[0].name
    return found


@cache
def _kept(table: str, tag: str) -> bool:
    """True when the policy lets the code through as it is, so that it can still be judged."""
    try:
        return Policy.load("linked").row(Family.F130, table, tag).effective is Action.KEEP
    except KeyError:
        return False


@cache
def _in_set(name: str, code: str, day: dt.date | None) -> bool:
    """True when the code stands in the set on the day; in any version when the day is not true."""
    for version in code_set_versions(name):
        held = version.get(code)
        if held is None:
            continue
        if day is None:
            return True
        in_force = version.valid_from is None or version.valid_from <= day
        if in_force and (version.valid_to is None or day <= version.valid_to):
            return True
    return False


def _table_name(batch: pa.RecordBatch, named: str) -> str:
    return named if named in {f"XML{n}" for n in range(1, 16)} else ""


def measure(batch: pa.RecordBatch, table: str = "") -> pa.RecordBatch:
    """Counts for each column of a batch: rows, filled, unreadable, codes judged, codes valid.

    The counts of batches can be added up; that is what the indicators do. ``table`` is needed only
    where an engine has lost the metadata. Of pseudonymised tables only codes that the policy keeps
    as they are are judged; on shifted dates a code counts as valid when any version of its set
    holds it, and nothing is said of what is required.
    """
    pa = need_arrow()
    about = about_of(batch)
    if about.label is Label.DEIDENTIFIED:
        raise DeidError("ERR-COL-09")
    rows = Rows(batch, about)
    name = table or _table_name(batch, about.table)
    skip = {column.name for column in technical()}
    tags = [t for t in batch.schema.names if t not in skip and not t.endswith("__P")]
    sets = _code_sets(name, about.family) if name else {}
    if not rows.identified:
        sets = {tag: found for tag, found in sets.items() if _kept(name, tag)}
    groups: dict[tuple[str, str], list[int]] = {}
    for i, place in enumerate(zip(rows["period"], rows["province"], strict=True)):
        groups.setdefault(place, []).append(i)
    out: list[dict[str, Any]] = []
    for (period, province), where in sorted(groups.items()):
        required = _required(name, period, about.family) if name and not rows.shifted else None
        unread = Counter(tag for i in where for tag in rows["_unread"][i])
        for tag in tags:
            values = rows[tag]
            there = [i for i in where if values[i] is not None]
            line: dict[str, Any] = {
                "table": name or UNKNOWN,
                "tag": tag,
                "period": period if period[:1].isdigit() else UNKNOWN,
                "province": province,
                "required": None if required is None else tag in required,
                "code_set": sets.get(tag, ""),
                "n": len(where),
                "filled": len(there),
                "unread": unread[tag],
                "coded": 0,
                "valid": 0,
            }
            if tag in sets:
                days = rows["_end"]
                pairs = Counter((str(values[i]), None if rows.shifted else days[i]) for i in there)
                line["coded"] = len(there)
                line["valid"] = sum(
                    n for (code, day), n in pairs.items() if _in_set(sets[tag], code, day)
                )
            out.append(line)
    schema = fact_schema("quality", about)
    arrays = [pa.array([line[f.name] for line in out], f.type) for f in schema]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def facts_of(tables_: dict[str, pa.RecordBatch]) -> dict[str, list[pa.RecordBatch]]:
    """All facts of a set of batches, by fact table."""
    found: dict[str, list[pa.RecordBatch]] = {}
    for fact, table in FACTS.items():
        if table in tables_:
            found.setdefault(fact, []).append(derive(tables_[table], fact))
    for batch in tables_.values():
        found.setdefault("quality", []).append(measure(batch))
    return found
