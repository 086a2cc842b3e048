"""Waivers: failures that are known, owned, explained, limited in time, and signed."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from vnhealth.conformance.evidence import (
    Sealer,
    canonical,
    checks_out,
    fingerprint_of,
)
from vnhealth.errors import ConformanceError

__all__ = ["Waiver", "read_waivers", "waive"]

FIELDS = ("test", "owner", "reason", "expires")


@dataclass(frozen=True, slots=True)
class Waiver:
    """A test that may fail until a day. ``signer`` is the fingerprint of the key that said so."""

    test: str
    owner: str
    reason: str
    expires: dt.date
    signer: str

    def to_dict(self) -> dict[str, str]:
        """A JSON-ready object."""
        return {
            "test": self.test,
            "owner": self.owner,
            "reason": self.reason,
            "expires": self.expires.isoformat(),
            "signer": self.signer,
        }


def _signed(entry: dict[str, Any]) -> bytes:
    return b"vnhealth-waiver/1\n" + canonical({name: entry[name] for name in (*FIELDS, "public")})


def waive(
    sealer: Sealer, *, test: str, owner: str, reason: str, expires: dt.date
) -> dict[str, Any]:
    """One signed entry of a waiver file."""
    entry: dict[str, Any] = {
        "test": test,
        "owner": owner,
        "reason": reason,
        "expires": expires.isoformat(),
        "public": sealer.public,
    }
    return {**entry, "signature": sealer.sign(_signed(entry)).hex()}


def read_waivers(data: bytes, *, on: dt.date, keys: Iterable[str]) -> tuple[Waiver, ...]:
    """The waivers of a file (a JSON list) that are in force on a day.

    ``keys`` are the fingerprints of those who may waive. Expired entries are left out. Raises
    `ConformanceError` (ERR-CERT-06) for an entry that is incomplete or not signed by one of them.
    """
    trusted = {key.lower() for key in keys}
    try:
        entries = json.loads(data)
    except ValueError:
        raise ConformanceError("ERR-CERT-06", where="file", what="JSON") from None
    found = []
    for number, entry in enumerate(entries if isinstance(entries, list) else [None], 1):
        waiver = _read(entry, f"#{number}")
        if waiver.signer not in trusted:
            raise ConformanceError("ERR-CERT-06", where=f"#{number}", what="key")
        if waiver.expires >= on:
            found.append(waiver)
    return tuple(found)


def _read(entry: Any, where: str) -> Waiver:
    if not isinstance(entry, dict):
        raise ConformanceError("ERR-CERT-06", where=where, what="object")
    for name in FIELDS:
        if not isinstance(entry.get(name), str) or not entry[name].strip():
            raise ConformanceError("ERR-CERT-06", where=where, what=name)
    try:
        expires = dt.date.fromisoformat(entry["expires"])
    except ValueError:
        raise ConformanceError("ERR-CERT-06", where=where, what="expires") from None
    try:
        signature = bytes.fromhex(str(entry.get("signature")))
        signer = fingerprint_of(entry["public"])
        right = checks_out(entry["public"], _signed(entry), signature)
    except (ValueError, KeyError, TypeError, ConformanceError):
        right, signer = False, ""
    if not right:
        raise ConformanceError("ERR-CERT-06", where=where, what="signature")
    return Waiver(entry["test"], entry["owner"], entry["reason"], expires, signer)
