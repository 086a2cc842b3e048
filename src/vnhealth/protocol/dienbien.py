"""The wire of the health-data portal of Điện Biên: multipart both ways, the verdict at once.

Source: one vendor's client, usage note and request collection. HTTP 200 is right, **HTTP 201 is
received but wrong**. Evidence per behaviour: `vnhealth.protocol.behaviours`.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from vnhealth.localtime import ICT
from vnhealth.protocol._json import compact

__all__ = [
    "FILE_FIELD",
    "FILE_NAME",
    "GATEWAY",
    "INVALID",
    "TOKEN_LIFE",
    "VALID",
    "TokenReply",
    "Verdict",
    "error_text",
    "format_expiry",
]

GATEWAY = "dienbien"
FILE_FIELD = "files"
FILE_NAME = "hoso.xml"
VALID = 1
"""trangThai of a file without errors (HTTP 200)."""
INVALID = 2
"""trangThai of a file that was received and is wrong (HTTP 201)."""
TOKEN_LIFE = dt.timedelta(hours=2)


def format_expiry(moment: dt.datetime) -> str:
    """``expiresTime``: ISO 8601 with offset and seven decimals.

    >>> format_expiry(dt.datetime(2026, 8, 3, 1, 0, 0, 5, dt.UTC))
    '2026-08-03T08:00:00.0000050+07:00'
    """
    return moment.astimezone(ICT).strftime("%Y-%m-%dT%H:%M:%S.%f0+07:00")


def error_text(record: int, table: str | None, what: str) -> str:
    """One error in the words that the vendor records; ``record`` counts from 1.

    >>> error_text(1, "XML3", "SO_LUONG")
    'Lỗi hồ sơ thứ 1: (Lỗi cấu trúc xml3 - SO_LUONG)'
    """
    return f"Lỗi hồ sơ thứ {record}: (Lỗi cấu trúc {(table or 'xml').lower()} - {what})"


@dataclass(frozen=True, slots=True, repr=False)
class TokenReply:
    """Answer of the login. ``expires`` is kept as it came."""

    access_token: str
    username: str
    expires: str

    def to_bytes(self) -> bytes:
        """Compact JSON in the order that the vendor records.

        >>> TokenReply("t", "11001", "").to_bytes()
        b'{"access_token":"t","token_type":"bearer","username":"11001","expiresTime":""}'
        """
        return compact(
            {
                "access_token": self.access_token,
                "token_type": "bearer",
                "username": self.username,
                "expiresTime": self.expires,
            }
        )

    @classmethod
    def from_json(cls, value: Any) -> TokenReply:
        """From parsed JSON. Raises `ValueError` when the value is no such answer."""
        if not isinstance(value, dict) or not isinstance(value.get("access_token"), str):
            raise ValueError("not an answer of this gateway")
        texts = {name: str(value.get(name) or "") for name in ("username", "expiresTime")}
        return cls(value["access_token"], texts["username"], texts["expiresTime"])

    def __repr__(self) -> str:
        return "<TokenReply>"


@dataclass(frozen=True, slots=True, repr=False)
class Verdict:
    """Answer to a file: trangThai is the verdict, never the HTTP status alone."""

    transaction: str | None
    state: int | None
    errors: str | None = None

    def to_bytes(self) -> bytes:
        """Compact JSON in the order that the vendor records.

        >>> Verdict("G", VALID).to_bytes()
        b'{"maGiaoDich":"G","trangThai":1,"maLoi":null}'
        """
        return compact(
            {"maGiaoDich": self.transaction, "trangThai": self.state, "maLoi": self.errors}
        )

    @classmethod
    def from_json(cls, value: Any) -> Verdict:
        """From parsed JSON; the number may be a text. Raises `ValueError` when it is no answer.

        >>> Verdict.from_json({"maGiaoDich": "G", "trangThai": "2", "maLoi": "x"}).state
        2
        """
        if not isinstance(value, dict) or "trangThai" not in value:
            raise ValueError("not an answer of this gateway")
        state = str(value["trangThai"])
        return cls(
            str(value.get("maGiaoDich") or "") or None,
            int(state) if state.isascii() and state.isdigit() else None,
            str(value.get("maLoi") or "") or None,
        )

    def __repr__(self) -> str:
        return f"<Verdict {self.state}>"
