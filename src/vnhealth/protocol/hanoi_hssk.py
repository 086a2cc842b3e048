"""The wire of the electronic health record of Hà Nội (HSSK): intake of health-check files.

Source: 7286/SYT-QLBHYTCNTT (2026) as a text extract. An answer says *queued*; the verdict shows on
a page for people only. The envelope and the file stand in `vnhealth.protocol.health_check`.
Evidence per behaviour: `vnhealth.protocol.behaviours`.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from vnhealth.protocol._json import compact
from vnhealth.protocol.health_check import message_id, milliseconds

__all__ = [
    "DATA_TYPE",
    "GATEWAY",
    "RECEIVER",
    "TOKEN_SECONDS",
    "TXN_TYPE",
    "LoginReply",
    "Receipt",
    "submit_body",
]

GATEWAY = "hanoi_hssk"
RECEIVER = "VTS"
TXN_TYPE = "sync_checkup"
DATA_TYPE = "xml/base64"
TOKEN_SECONDS = 3600


def submit_body(
    sender: str, now: dt.datetime, day: dt.date, unique: str, content: str, signature: str = ""
) -> bytes:
    """Body of a submission; ``content`` is the Base64 of the file.

    >>> now = dt.datetime(2026, 8, 3, tzinfo=dt.UTC)
    >>> b'"receiver_id":"VTS"' in submit_body("9520000010010", now, now.date(), "a" * 32, "PEE+")
    True
    """
    header = {
        "version": "1.0",
        "sender_id": sender,
        "receiver_id": RECEIVER,
        "txn_type": TXN_TYPE,
        "msg_id": message_id(sender, day, unique),
        "msg_type": "101",
        "data_type": DATA_TYPE,
        "send_datetime": milliseconds(now),
    }
    return compact({"header": header, "data": {"content": content}, "signature": signature})


@dataclass(frozen=True, slots=True, repr=False)
class LoginReply:
    """Answer of the login: a number and, when it is 200, a token."""

    code: int
    access_token: str | None = None
    message: str = ""

    def to_bytes(self) -> bytes:
        """Compact JSON; the text names code and access_token.

        >>> LoginReply(200, "t").to_bytes()
        b'{"code":200,"access_token":"t","message":""}'
        """
        return compact(
            {"code": self.code, "access_token": self.access_token, "message": self.message}
        )

    @classmethod
    def from_json(cls, value: Any) -> LoginReply:
        """From parsed JSON. Raises `ValueError` when the value is no such answer."""
        token = value.get("access_token") if isinstance(value, dict) else None
        return cls(
            _number(value, "code"),
            token if isinstance(token, str) else None,
            str(value.get("message") or ""),
        )

    def __repr__(self) -> str:
        return f"<LoginReply {self.code}>"


@dataclass(frozen=True, slots=True)
class Receipt:
    """Answer to a file: ``status`` 200 means queued and nothing more."""

    transaction: str | None
    message: str
    status: int

    def to_bytes(self) -> bytes:
        """Compact JSON in the order of the text.

        >>> Receipt("G1", "x", 200).to_bytes()
        b'{"maGiaoDich":"G1","message":"x","status":200}'
        """
        return compact(
            {"maGiaoDich": self.transaction, "message": self.message, "status": self.status}
        )

    @classmethod
    def from_json(cls, value: Any) -> Receipt:
        """From parsed JSON; the number may be a text. Raises `ValueError` for anything else.

        >>> Receipt.from_json({"maGiaoDich": "G1", "status": "200"}).status
        200
        """
        status = _number(value, "status")
        return cls(
            str(value.get("maGiaoDich") or "") or None, str(value.get("message") or ""), status
        )


def _number(value: Any, name: str) -> int:
    text = str(value.get(name)) if isinstance(value, dict) else ""
    if not text.isascii() or not text.isdigit():
        raise ValueError("not an answer of this gateway")
    return int(text)
