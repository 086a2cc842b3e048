"""What the package itself holds: code sets, provinces of both eras, the codes of decision 4469."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import replace
from functools import cache

from vnhealth import spec
from vnhealth.catalogs._data import rows, shared
from vnhealth.catalogs._layouts import layout
from vnhealth.catalogs._model import Effect, Row, Source

__all__ = ["code_set_rows", "code_set_sources", "effects", "held_rows", "held_sources"]

_ONE_DAY = dt.timedelta(days=1)
_REFORM = dt.date(2025, 7, 1)


@cache
def code_set_sources(name: str) -> tuple[Source, ...]:
    """The versions of a code set of the specification, each until the next begins."""
    versions = spec.code_set_versions(name)
    found = []
    for number, version in enumerate(versions):
        after = versions[number + 1].valid_from if number + 1 < len(versions) else None
        end = version.valid_to or (after - _ONE_DAY if after else None)
        found.append(
            Source(
                name=version.version,
                system=version.name,
                layout="",
                decision=version.source,
                appendix="",
                title_vi=version.name,
                title_en=version.name,
                valid_from=version.valid_from,
                valid_to=end,
                complete="yes" if version.closed == "yes" else "partial",
                confidence=version.confidence,
                entries=len(version.codes),
            )
        )
    return tuple(found)


def code_set_rows(name: str, code: str) -> list[Row]:
    """The rows of one code over all versions."""
    found = []
    for source, version in zip(code_set_sources(name), spec.code_set_versions(name), strict=True):
        held = version.get(code.strip())
        if held is not None:
            found.append(
                Row(
                    source,
                    held.code,
                    held.meaning_vi,
                    held.meaning_en,
                    "",
                    held.valid_from,
                    held.valid_to,
                    (),
                    {"confidence": held.confidence, "source": held.source},
                )
            )
    return found


@cache
def held_sources(system: str) -> tuple[Source, ...]:
    """The editions of an installable catalogue that the package holds by itself."""
    if system == "province":
        return (_provinces_63(), _provinces_34())
    if system == "icd10":
        return (_icd10(),)
    return ()


def _icd10() -> Source:
    found = layout("icd10-2020").sources("icd10-4469-codes")["icd10"]
    return _counted(found, len(_icd10_codes()))


def _provinces_63() -> Source:
    found = layout("admin-2024").sources("province-63")["province"]
    return _counted(found, len(shared("provinces_63")))


def _provinces_34() -> Source:
    found = layout("admin-2025").sources("province-34")["province"]
    return _counted(found, len(rows("provinces_34")))


def _counted(source: Source, entries: int) -> Source:
    return replace(source, entries=entries, as_of=None)


@cache
def _icd10_codes() -> frozenset[str]:
    return frozenset(
        row["category"] + ("" if detail == "-" else detail)
        for row in shared("icd10_4469")
        for detail in row["details"].split()
    )


@cache
def _provinces() -> Mapping[str, tuple[Row, ...]]:
    before, since = held_sources("province")
    found: dict[str, tuple[Row, ...]] = {}
    new = {row["code"]: row for row in rows("provinces_34")}
    for row in shared("provinces_63"):
        code, successor = row["code"], row["successor"]
        taken_over = () if new.get(code, {}).get("name_vi") == row["name_vi"] else (successor,)
        found[code] = (Row(before, code, row["name_vi"], "", "", None, None, taken_over, {}),)
    for code, row in new.items():
        held = Row(since, code, row["name_vi"], "", "", _REFORM, None, (), {"kind": row["kind"]})
        found[code] = (*found.get(code, ()), held)
    return found


def held_rows(system: str, key: str) -> tuple[Row, ...]:
    """The rows of one key that the package holds by itself."""
    if system == "province":
        return _provinces().get(key, ())
    if system == "icd10" and key in _icd10_codes():
        dotted = key[:3] + ("." + key[3:] if key[3:] else "")
        return (Row(held_sources("icd10")[0], dotted, "", "", "", None, None, (), {}),)
    return ()


@cache
def _effects() -> Mapping[str, tuple[Effect, ...]]:
    codes = sorted(_icd10_codes())
    limits = {row["list"]: row for row in shared("icd10_4469_rules")}
    found: dict[str, tuple[Effect, ...]] = {}
    for row in shared("icd10_4469_lists"):
        limit = limits[row["list"]]
        low, high = int(limit["min_days"] or 0), int(limit["max_days"] or 1_000_000)
        one = Effect(limit["effect"], row["list"], low, high, held_sources("icd10")[0].name)
        for code in codes[bisect_left(codes, row["first"]) : bisect_right(codes, row["last"])]:
            found[code] = (*found.get(code, ()), one)
    return found


def effects(system: str, key: str) -> tuple[Effect, ...]:
    """The coding rules on a key that the package holds by itself (decision 4469)."""
    return _effects().get(key, ()) if system == "icd10" else ()
