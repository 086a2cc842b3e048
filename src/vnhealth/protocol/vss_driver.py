"""Driver health checks at the host of the insurance gateway (``/api/hssk/gksk``).

Source: client code of four vendors or more; no circular was found. There is no session: name and
MD5 of the password stand in the headers of every call, of an account of its own
(``<facility>_HSSK``). What the signed XML in SIGNDATA looks like is not established.
"""

from __future__ import annotations

import csv
import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

import pybase64

from vnhealth.findings import Finding, Findings, Severity
from vnhealth.protocol._json import compact
from vnhealth.protocol._named import as_object, as_texts, wire_names

__all__ = [
    "HEADER_PASSWORD",
    "HEADER_USERNAME",
    "DriverField",
    "DriverReply",
    "facility_of",
    "fields",
    "inspect",
]

HEADER_USERNAME = "Username"
HEADER_PASSWORD = "Password"  # noqa: S105 - the name of a header

_NUMBER = re.compile(r"[0-9]{1,10}/GKSKLX/([0-9A-Z]{5})/[0-9]{2}")


@dataclass(frozen=True, slots=True)
class DriverField:
    """A field of the body.

    ``form`` is text, day (dd/MM/yyyy), number (of the certificate), base64, or the allowed values.
    That a field is required is inferred from what all clients send.
    """

    field: str
    required: str
    form: str
    title_vi: str
    title_en: str


@cache
def fields() -> Mapping[str, DriverField]:
    """The fields by name, in the order in which clients send them.

    >>> list(fields())[:3], fields()["STATE"].form
    (['SO', 'HOTEN', 'GIOITINHVAL'], 'ADD EDIT')
    """
    text = (files("vnhealth.protocol") / "data" / "vss_driver_fields.csv").read_text("utf-8")
    rows = (DriverField(**row) for row in csv.DictReader(text.splitlines()))
    return MappingProxyType({row.field: row for row in rows})


def facility_of(number: str) -> str:
    """The facility in the number of a certificate; empty when the number has another form.

    >>> facility_of("00012/GKSKLX/01001/26"), facility_of("12")
    ('01001', '')
    """
    found = _NUMBER.fullmatch(number)
    return found[1] if found else ""


def inspect(body: Mapping[str, Any]) -> Findings:
    """The fields that are missing (GW-GKSK-01) or have another form (GW-GKSK-02).

    >>> found = inspect({"SO": "12", "STATE": "NEW"})
    >>> len(found), [f.tag for f in found if f.code == "GW-GKSK-02"]
    (11, ['SO', 'STATE'])
    """
    given = as_texts(body, {name: name for name in fields()})
    missing = [f.field for f in fields().values() if f.required == "yes" and not given[f.field]]
    odd = [f.field for f in fields().values() if given[f.field] and not _fits(f, given[f.field])]
    return Findings([*_named("GW-GKSK-01", missing), *_named("GW-GKSK-02", odd)])


def _named(code: str, tags: list[str]) -> list[Finding]:
    return [Finding(code, Severity.ERROR, tag=tag, params={"tag": tag}) for tag in tags]


def _fits(field: DriverField, value: str) -> bool:
    match field.form:
        case "text":
            return True
        case "number":
            return bool(facility_of(value))
        case "day":
            return _is_day(value)
        case "base64":
            return _is_base64(value)
        case allowed:
            return value in allowed.split()


def _is_day(value: str) -> bool:
    try:
        dt.datetime.strptime(value, "%d/%m/%Y")
    except ValueError:
        return False
    return True


def _is_base64(value: str) -> bool:
    try:
        return bool(pybase64.b64decode(value, validate=True))
    except ValueError:
        return False


@dataclass(frozen=True, slots=True, repr=False)
class DriverReply:
    """The answer: ``state`` is 1 for taken and 0 for an error, with its text."""

    state: str
    text: str = ""
    facility: str = ""
    number: str = ""
    uuid: str = ""
    facility_name: str = ""

    def to_bytes(self) -> bytes:
        """Compact JSON.

        >>> DriverReply("0", "x").to_bytes().decode()[:32]
        '{"MSG_STATE":"0","MSG_TEXT":"x",'
        """
        return compact(as_object(self, REPLY))

    @classmethod
    def from_json(cls, value: Any) -> DriverReply:
        """From parsed JSON; the state may be a number. Raises `ValueError` when there is none."""
        found = as_texts(value, REPLY) if isinstance(value, dict) else {"state": ""}
        if not found["state"]:
            raise ValueError("not an answer of this gateway")
        return cls(**found)

    @property
    def accepted(self) -> bool:
        """True when the check was taken."""
        return self.state == "1"

    def __repr__(self) -> str:
        return f"<DriverReply {self.state[:1]}>"


REPLY = wire_names(DriverReply, "MSG_STATE", "MSG_TEXT", "IDBENHVIEN", "SO", "UUID", "BENHVIEN")
