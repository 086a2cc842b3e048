"""The facts of all gateways, read from the CSV files of this package on first touch.

``data/gateways.csv`` has a row per gateway; ``endpoints/``, ``result_codes/`` and ``behaviours/``
hold a file per gateway.
"""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Iterator, Mapping
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
    "result_codes",
]

_DATA = files("vnhealth.protocol") / "data"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One call of a gateway.

    ``path`` has the published casing; ``{name}`` stands for one path segment. ``content`` says what
    the body is (form, json, xml, multipart, none; ``batch`` beside it: several items with a result
    for each), ``auth`` how the caller proves who it is (none, vss = three headers, query = the same
    in the query, headers = name and password, bearer). ``record`` is what is carried: ``0`` and
    ``130`` are values of loaiHoSo; claim, checkin and deid are the kinds of the repositories.
    ``cors`` is yes where browsers call. ``evidence`` is official, two vendors, one vendor,
    document, vnhealth-defined or assumption.
    """

    gateway: str
    name: str
    method: str
    path: str
    content: str
    auth: str
    record: str
    edition: str
    cors: str
    evidence: str
    source: str


@dataclass(frozen=True, slots=True)
class Gateway:
    """A receiver of records.

    ``prefix`` is its path prefix in the sandbox, ``hosts`` the real host names. ``contract`` says
    whose protocol it is: official (published text), vendor (as clients or documents of vendors
    show it) or vnhealth (a reference contract of this project, to be shown as such). ``codes`` is
    the gateway whose result codes it uses; ``accounts`` are the forms of its user names, in which
    ``{facility}`` and ``{province}`` stand for a code. ``login`` is the form of the first request:
    form, json or multipart and the fields; ``{md5}`` is the hashed password.
    """

    key: str
    prefix: str
    hosts: tuple[str, ...]
    contract: str
    codes: str
    accounts: tuple[str, ...]
    title_vi: str
    title_en: str
    source: str
    login: str
    endpoints: Mapping[str, Endpoint]

    @property
    def official(self) -> bool:
        """True when the protocol was published by its owner."""
        return self.contract == "official"

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


def _by_gateway(folder: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Rows of the files of a folder with the gateway that names each file, in order of names."""
    for file in sorted((_DATA / folder).iterdir(), key=lambda found: found.name):
        key = file.name.removesuffix(".csv")
        for row in _rows(f"{folder}/{file.name}"):
            yield key, row


@cache
def gateways() -> Mapping[str, Gateway]:
    """All gateways by key.

    >>> sorted(gateways())[-2:]
    ['vinhlong', 'vss']
    """
    calls: dict[str, dict[str, Endpoint]] = {}
    for key, row in _by_gateway("endpoints"):
        calls.setdefault(key, {})[row["name"]] = Endpoint(gateway=key, **row)
    found = {
        row["gateway"]: Gateway(
            key=row["gateway"],
            prefix=row["prefix"],
            hosts=tuple(row["hosts"].split()),
            contract=row["contract"],
            codes=row["codes"],
            accounts=tuple(row["accounts"].split()),
            title_vi=row["title_vi"],
            title_en=row["title_en"],
            source=row["source"],
            login=row["login"] or "",
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
    for key, row in _by_gateway("result_codes"):
        entry = ResultCode(
            gateway=key,
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
    """What a code means at a gateway, or None.

    >>> result_code("vss", 401).outcome, result_code("national", "ACCEPTED").outcome
    ('auth', 'accepted')
    """
    known = gateways().get(gateway)
    return _result_codes().get((known.codes, str(code))) if known else None


def result_codes(gateway: str) -> tuple[ResultCode, ...]:
    """All codes of a gateway, in the order of its file.

    >>> [c.code for c in result_codes("vss") if c.outcome == "auth"][:1]
    ['401']
    """
    known = gateways().get(gateway)
    codes = known.codes if known else gateway
    return tuple(code for (key, _), code in _result_codes().items() if key == codes)


@cache
def behaviours() -> tuple[Behaviour, ...]:
    """The parity register: every behaviour with its evidence.

    >>> {b.gateway for b in behaviours()} >= {"vss", "province"}
    True
    """
    return tuple(
        Behaviour(
            gateway=key,
            behaviour=row["behaviour"],
            evidence=row["evidence"],
            confidence=row["confidence"],
            modelled=row["modelled"],
            source=row["source"],
            last_checked=dt.date.fromisoformat(row["last_checked"]),
        )
        for key, row in _by_gateway("behaviours")
    )
