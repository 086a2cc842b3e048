"""The facts of all gateways, read from the CSV files of this package on first touch."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from vnhealth.errors import SpecError

__all__ = [
    "Behaviour",
    "Endpoint",
    "Gateway",
    "ResultCode",
    "behaviours",
    "gateway",
    "gateways",
    "result_code",
]

_DATA = files("vnhealth.protocol") / "data"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One call of a gateway.

    ``path`` has the published casing; ``{name}`` stands for one path segment. ``content`` says what
    the body is (form, json, xml, none), ``auth`` how the caller proves who it is (none, vss = three
    headers, bearer). ``record`` is what is carried: ``0`` and ``130`` are values of loaiHoSo;
    claim, checkin and deid are the kinds of the repositories. ``evidence`` is official, two
    vendors, one vendor, document, vnhealth-defined or assumption.
    """

    gateway: str
    name: str
    method: str
    path: str
    content: str
    auth: str
    record: str
    edition: str
    evidence: str
    source: str


@dataclass(frozen=True, slots=True)
class Gateway:
    """A receiver of records.

    ``prefix`` is its path prefix in the sandbox, ``hosts`` the real host names. A gateway that is
    not ``official`` is a reference contract of this project and must be shown as such.
    """

    key: str
    prefix: str
    hosts: tuple[str, ...]
    official: bool
    title_vi: str
    title_en: str
    source: str
    endpoints: Mapping[str, Endpoint]

    def endpoint(self, name: str) -> Endpoint:
        """The call of this name. Raises `SpecError` when the gateway has none."""
        try:
            return self.endpoints[name]
        except KeyError:
            raise SpecError("GW-REG-01", name=f"{self.key}.{name}") from None


@dataclass(frozen=True, slots=True)
class ResultCode:
    """A result code of a gateway: its meaning and what a client should make of it.

    ``outcome`` is accepted, duplicate, refused, auth, transient or unknown. ``http`` is the HTTP
    status that usually comes with it; it is never the verdict by itself.
    """

    gateway: str
    code: str
    http: int
    outcome: str
    meaning_vi: str
    meaning_en: str
    evidence: str
    source: str


@dataclass(frozen=True, slots=True)
class Behaviour:
    """One behaviour of the sandbox and how sure we are that the real gateway has it.

    ``evidence``: official, two vendors, one vendor, document, vnhealth-defined, assumption.
    ``confidence``: high, medium, low. ``modelled``: yes, no or partly.
    """

    gateway: str
    behaviour: str
    evidence: str
    confidence: str
    modelled: str
    source: str
    last_checked: dt.date


def _rows(name: str) -> list[dict[str, str]]:
    return list(csv.DictReader((_DATA / name).read_text("utf-8").splitlines()))


@cache
def gateways() -> Mapping[str, Gateway]:
    """All gateways by key.

    >>> sorted(gateways())
    ['national', 'national_deid', 'province', 'vss']
    """
    calls: dict[str, dict[str, Endpoint]] = {}
    for row in _rows("endpoints.csv"):
        calls.setdefault(row["gateway"], {})[row["name"]] = Endpoint(**row)
    found = {
        row["gateway"]: Gateway(
            key=row["gateway"],
            prefix=row["prefix"],
            hosts=tuple(row["hosts"].split()),
            official=row["official"] == "yes",
            title_vi=row["title_vi"],
            title_en=row["title_en"],
            source=row["source"],
            endpoints=MappingProxyType(calls[row["gateway"]]),
        )
        for row in _rows("gateways.csv")
    }
    return MappingProxyType(found)


def gateway(key: str) -> Gateway:
    """One gateway. Raises `SpecError` for an unknown key.

    >>> gateway("vss").endpoint("claim_3176").path
    '/api/qd130/guiHoSoXmlQD3176'
    """
    try:
        return gateways()[key]
    except KeyError:
        raise SpecError("GW-REG-01", name=key[:20]) from None


@cache
def _result_codes() -> Mapping[tuple[str, str], ResultCode]:
    found = {}
    for row in _rows("result_codes.csv"):
        entry = ResultCode(
            gateway=row["gateway"],
            code=row["code"],
            http=int(row["http"]),
            outcome=row["outcome"],
            meaning_vi=row["meaning_vi"],
            meaning_en=row["meaning_en"],
            evidence=row["evidence"],
            source=row["source"],
        )
        found[entry.gateway, entry.code] = entry
    return MappingProxyType(found)


def result_code(gateway: str, code: str | int) -> ResultCode | None:
    """What a code means at a gateway, or None. The repositories share the province's codes.

    >>> result_code("vss", 401).outcome, result_code("national", "ACCEPTED").outcome
    ('auth', 'accepted')
    """
    family = "vss" if gateway == "vss" else "province"
    return _result_codes().get((family, str(code)))


@cache
def behaviours() -> tuple[Behaviour, ...]:
    """The parity register: every behaviour with its evidence.

    >>> {b.gateway for b in behaviours()} >= {"vss", "province"}
    True
    """
    return tuple(
        Behaviour(
            gateway=row["gateway"],
            behaviour=row["behaviour"],
            evidence=row["evidence"],
            confidence=row["confidence"],
            modelled=row["modelled"],
            source=row["source"],
            last_checked=dt.date.fromisoformat(row["last_checked"]),
        )
        for row in _rows("behaviours.csv")
    )
