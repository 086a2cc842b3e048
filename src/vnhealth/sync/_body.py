"""Whose file is it and which records does it hold: looked at before anything is sent."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from vnhealth.codecs import read
from vnhealth.errors import ConformanceError
from vnhealth.protocol import deid_inspect
from vnhealth.records import Claim, DocumentKind
from vnhealth.sync._errors import NotSent

__all__ = [
    "Body",
    "body_of",
    "checked_body",
    "digest_of",
    "in_scope",
    "json_object",
    "minutes_body",
    "plain",
]

BOM = b"\xef\xbb\xbf"
KINDS = {DocumentKind.ENVELOPE: "claim", DocumentKind.CHECKIN: "checkin"}


@dataclass(frozen=True, slots=True, repr=False)
class Body:
    """A file about to be sent: its bytes without byte-order mark, its facility and records.

    ``edition`` is that of its layout where the file tells (130, 4750, 3176, 4210), else empty.
    """

    data: bytes
    kind: str
    facility: str
    keys: tuple[str, ...]
    digest: str
    edition: str = ""


def in_scope(facility: str, scope: str) -> bool:
    """True when an account may carry records of a facility; two characters are a province.

    >>> in_scope("01001", "01001"), in_scope("01001", "01"), in_scope("01002", "01001")
    (True, True, False)
    """
    if len(scope) == 2:
        return len(facility) == 5 and facility.startswith(scope)
    return facility == scope


def digest_of(data: bytes) -> str:
    """SHA-256 of a file as it goes out (without byte-order mark)."""
    return hashlib.sha256(plain(data)).hexdigest()


def plain(data: bytes) -> bytes:
    """A file without byte-order mark: one known gateway cannot decode it otherwise."""
    while data.startswith(BOM):
        data = data[len(BOM) :]
    return data


def body_of(data: bytes, *, kind: str, scope: str) -> Body:
    """Look at a file of kind claim, checkin or deid; ``scope`` is the facility of the account.

    Every facility named in the file has to be in scope: that of the envelope and that of each
    record. Raises `NotSent` (wrong kind, no facility, another facility),
    `vnhealth.errors.ConformanceError` for a file that is not de-identified as the contract wants,
    and `vnhealth.errors.CodecError` for a file that cannot be read.
    """
    data = plain(data)
    if kind == "deid":
        facilities, keys = _deid(data)
        return checked_body(data, kind, facilities, keys, scope=scope)
    facilities, keys, edition = _document(data, kind)
    return checked_body(data, kind, facilities, keys, scope=scope, edition=edition)


def checked_body(
    data: bytes,
    kind: str,
    facilities: Sequence[str],
    keys: Iterable[str],
    *,
    scope: str,
    edition: str = "",
) -> Body:
    """A file of any kind, once its facilities and record keys were read from it.

    Every gateway's files go through here, so that a session of one facility never carries a body of
    another. Raises `NotSent` when a facility is missing or out of scope.

    >>> checked_body(b"{}", "prescription", ["01001"], ["DT1", "DT1"], scope="01").keys
    ('DT1',)
    """
    if not facilities:
        raise NotSent("ERR-SYNC-15")
    if not all(in_scope(facility, scope) for facility in facilities):
        raise NotSent("ERR-SYNC-13")
    data = plain(data)
    kept = tuple(key for key in dict.fromkeys(keys) if key)
    return Body(data, kind, facilities[0], kept, hashlib.sha256(data).hexdigest(), edition)


def minutes_body(data: bytes, *, scope: str) -> Body:
    """Look at assessment minutes (XML12): they name no facility, so they are the account's."""
    document = read(data)
    if document.kind is not DocumentKind.ASSESSMENT:
        raise NotSent("ERR-SYNC-14", call="gdyk", kind=document.kind.value)
    rows = (row for claim in document.claims for row in claim.rows("XML12"))
    return checked_body(
        data, "gdyk", [scope], (row.text("SO_BIEN_BAN") for row in rows), scope=scope
    )


def json_object(data: bytes, kind: str) -> dict[str, Any]:
    """A message that is one JSON object. Raises `NotSent` when it is none.

    >>> json_object(b'{"a": 1}', "case")
    {'a': 1}
    """
    try:
        value = json.loads(data)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise NotSent("ERR-SYNC-14", call=kind, kind="json")
    return value


def _document(data: bytes, kind: str) -> tuple[list[str], list[str], str]:
    document = read(data)
    if KINDS.get(document.kind) != kind:
        raise NotSent("ERR-SYNC-14", call=kind, kind=document.kind.value)
    facilities = [document.facility] if document.facility else []
    for claim in document.claims:
        facilities += _facilities(claim, kind)
    keys = [claim.ma_lk for claim in document.claims if claim.ma_lk]
    edition = document.edition
    return facilities, keys, "" if edition is None else edition.value


def _facilities(claim: Claim, kind: str) -> list[str]:
    rows = claim.rows("XML0" if kind == "checkin" else "XML1")
    return [str(row["MA_CSKCB"]) for row in rows if row["MA_CSKCB"]]


def _deid(data: bytes) -> tuple[list[str], list[str]]:
    found = deid_inspect.inspect(data)
    if not found.ok:
        raise ConformanceError(findings=found.findings)
    return [found.facility] if found.facility else [], [key for key in found.records if key]
