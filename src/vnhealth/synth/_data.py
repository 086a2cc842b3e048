"""The generator's own small catalogues, read from ``synth/data`` on first use.

Everything in them is invented: names of drugs, services and facilities say so ("Mẫu" means sample).
Codes have the shape of the official lists and must not be read as entries of them.
"""

from __future__ import annotations

import csv
from decimal import Decimal
from functools import cache
from importlib.resources import files

from vnhealth.synth._items import (
    Diagnosis,
    Drug,
    Indicator,
    Profile,
    Reading,
    Scenario,
    Service,
    Supply,
)

__all__ = [
    "diagnoses",
    "drugs",
    "indicators",
    "profiles",
    "readings",
    "rows",
    "scenarios",
    "services",
    "supplies",
]


@cache
def rows(name: str) -> tuple[dict[str, str], ...]:
    """The rows of one CSV file of ``synth/data``."""
    text = files("vnhealth.synth").joinpath("data", f"{name}.csv").read_text("utf-8")
    return tuple(csv.DictReader(text.splitlines()))


def _money(text: str) -> Decimal:
    return Decimal(text or "0")


@cache
def diagnoses() -> dict[str, Diagnosis]:
    """All diagnoses by code."""
    return {
        r["code"]: Diagnosis(
            code=r["code"],
            name=r["name"],
            sex=r["sex"],
            age_min=int(r["age_min"]),
            age_max=int(r["age_max"]),
            weight=int(r["weight"]),
            dept=r["dept"],
            settings=frozenset(r["settings"].split()),
            profile=r["profile"],
            injury=r["injury"],
            also=tuple(r["also"].split()),
            reason=r["reason"],
            signs=r["signs"],
        )
        for r in rows("diagnoses")
    }


@cache
def drugs() -> dict[str, Drug]:
    """All drugs by key."""
    found = {}
    for r in rows("drugs"):
        numbers = {k: int(r[k]) for k in ("ma_nhom", "tyle", "lieu", "lan", "ngay", "nguon")}
        found[r["key"]] = Drug(**{**r, **numbers, "gia": Decimal(r["gia"])})  # type: ignore[arg-type]
    return found


@cache
def services() -> dict[str, Service]:
    """All services by key."""
    found = {}
    for r in rows("services"):
        numbers = {"ma_nhom": int(r["ma_nhom"]), "phut": int(r["phut"])}
        money = {"gia": _money(r["gia"]), "yeu_cau": _money(r["yeu_cau"])}
        found[r["key"]] = Service(**{**r, **numbers, **money})  # type: ignore[arg-type]
    return found


@cache
def supplies() -> dict[str, Supply]:
    """All supplies by key."""
    found = {}
    for r in rows("supplies"):
        more = {"ma_nhom": int(r["ma_nhom"]), "tyle": int(r["tyle"]), "gia": Decimal(r["gia"])}
        ceiling = Decimal(r["tran"]) if r["tran"] else None
        found[r["key"]] = Supply(**{**r, **more, "tran": ceiling})  # type: ignore[arg-type]
    return found


@cache
def indicators(service: str) -> tuple[Indicator, ...]:
    """The measured values of a service."""
    return tuple(
        Indicator(
            service=service,
            ma_chi_so=r["ma_chi_so"],
            ten_chi_so=r["ten_chi_so"],
            don_vi_do=r["don_vi_do"],
            thap=Decimal(r["thap"]),
            cao=Decimal(r["cao"]),
            so_le=int(r["so_le"]),
        )
        for r in rows("indicators")
        if r["service"] == service
    )


@cache
def readings(service: str) -> tuple[Reading, ...]:
    """The possible readings of a service."""
    return tuple(Reading(**r) for r in rows("readings") if r["service"] == service)


@cache
def profiles() -> dict[str, Profile]:
    """What is ordered, by profile key."""
    return {
        r["key"]: Profile(*(tuple(r[c].split()) for c in list(r)[1:])) for r in rows("profiles")
    }


@cache
def scenarios() -> tuple[Scenario, ...]:
    """All kinds of visit."""
    found = []
    for r in rows("scenarios"):
        numbers = {k: int(r[k]) for k in ("weight", "days_min", "days_max")}
        found.append(Scenario(**{**r, **numbers}))  # type: ignore[arg-type]
    return tuple(found)
