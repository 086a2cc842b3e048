"""The wire of the repositories: one envelope, a bearer token, raw XML, tracking, reconciliation.

Reference contract of this project, **not an official protocol**. The provincial repository follows
the published behaviour of one province's gateway (Vĩnh Long) as one vendor recorded it; the two
national stores use the same envelope with paths of their own. Evidence per behaviour:
`vnhealth.protocol.behaviours`.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from vnhealth.localtime import ICT

__all__ = [
    "ACCEPTED",
    "ACCEPTED_DUPLICATE",
    "ACCEPTED_WITH_WARNING",
    "MAX_XML_BYTES",
    "TOKEN_SECONDS",
    "XML_CONTENT_TYPES",
    "Envelope",
    "RecordStatus",
    "cancel_body",
    "format_moment",
    "restore_body",
]

ACCEPTED = "ACCEPTED"
ACCEPTED_WITH_WARNING = "ACCEPTED_WITH_WARNING"
ACCEPTED_DUPLICATE = "ACCEPTED_DUPLICATE"

TOKEN_SECONDS = 10800
"""Life of a token: three hours."""

XML_CONTENT_TYPES = ("application/xml", "text/xml")

MAX_XML_BYTES = 10 * 2**20
"""Largest encounter file: 10 MiB."""


class RecordStatus(StrEnum):
    """State of one record. Only QUEUED is named by the source; the rest is vnhealth-defined."""

    QUEUED = "QUEUED"
    ACCEPTED = "ACCEPTED"
    ACCEPTED_WITH_WARNING = "ACCEPTED_WITH_WARNING"
    REJECTED = "REJECTED"
    REPLACED = "REPLACED"
    CANCELLED = "CANCELLED"


def format_moment(moment: dt.datetime) -> str:
    """Times of these contracts: ISO 8601 with the offset of Viet Nam, whole seconds.

    >>> format_moment(dt.datetime(2026, 8, 3, 1, 0, 5, 9, dt.UTC))
    '2026-08-03T08:00:05+07:00'
    """
    return moment.astimezone(ICT).isoformat(timespec="seconds")


@dataclass(frozen=True, slots=True, repr=False)
class Envelope:
    """Every answer of a repository: success, code, message, data, warnings, errors.

    Items of ``warnings`` and ``errors`` are objects with code, message and place, never a value.
    """

    success: bool
    code: str
    message: str = ""
    data: Any = None
    warnings: tuple[Any, ...] = field(default=())
    errors: tuple[Any, ...] = field(default=())

    def to_bytes(self) -> bytes:
        """Compact JSON, keys in the order of the source.

        >>> Envelope(True, "OK").to_bytes()
        b'{"success":true,"code":"OK","message":"","data":null,"warnings":[],"errors":[]}'
        """
        body = {
            "success": self.success,
            "code": self.code,
            "message": self.message,
            "data": self.data,
            "warnings": self.warnings,
            "errors": self.errors,
        }
        return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()

    @classmethod
    def from_json(cls, value: Any) -> Envelope:
        """From parsed JSON. Raises `ValueError` when the value is no such answer."""
        if not isinstance(value, dict) or not isinstance(value.get("code"), str | int):
            raise ValueError("not an answer of this gateway")
        return cls(
            success=value.get("success") is True,
            code=str(value["code"]),
            message=str(value.get("message") or ""),
            data=value.get("data"),
            warnings=tuple(value.get("warnings") or ()),
            errors=tuple(value.get("errors") or ()),
        )

    def __repr__(self) -> str:
        return f"<Envelope {self.code[:40]}>"


def _object(**fields: str) -> bytes:
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()


def cancel_body(ma_lk: str, facility: str, reason: str, request_id: str) -> bytes:
    """Body of a cancellation; ``request_id`` (MA_YEU_CAU) is the idempotency key.

    >>> cancel_body("A1", "01001", "x", "R1")
    b'{"MA_LK":"A1","MA_CSKCB":"01001","LY_DO_HUY":"x","MA_YEU_CAU":"R1"}'
    """
    return _object(MA_LK=ma_lk, MA_CSKCB=facility, LY_DO_HUY=reason, MA_YEU_CAU=request_id)


def restore_body(ma_lk: str, facility: str, reason: str, request_id: str) -> bytes:
    """Body of a restoration; as `cancel_body` with LY_DO instead of LY_DO_HUY."""
    return _object(MA_LK=ma_lk, MA_CSKCB=facility, LY_DO=reason, MA_YEU_CAU=request_id)
