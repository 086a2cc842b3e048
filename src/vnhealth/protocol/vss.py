"""The wire of the insurance gateway, 130 family: login, check-in, claim data.

Sources: 3190/BHXH-CNTT (2023), 1245/BHXH-CNTT (2024), 917/QD-BHXH (2016, login as JSON); client
code of vendors where the circulars are silent. Evidence per behaviour:
`vnhealth.protocol.behaviours`.

The calls whose path holds ``/api/vnhealth/`` are defined by this project; the circulars publish no
status call for this family.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any
from urllib.parse import quote_plus

from vnhealth.localtime import ICT
from vnhealth.protocol._json import compact

__all__ = [
    "CLAIM_KINDS",
    "DRIVER_SUFFIX",
    "FORM_CONTENT_TYPE",
    "FORM_FIELDS",
    "GATEWAY",
    "HEADER_ACCESS_TOKEN",
    "HEADER_PASSWORD_HASH",
    "HEADER_TOKEN_ID",
    "HO_SO",
    "HO_SO_CLAIM",
    "JSON_CONTENT_TYPE",
    "KINDS",
    "LIST_PAGE",
    "LoginReply",
    "Receipt",
    "RecordState",
    "encode_form",
    "format_expiry",
    "format_received",
    "parse_expiry",
    "password_hash",
]

GATEWAY = "vss"
FORM_CONTENT_TYPE = "application/x-www-form-urlencoded"
JSON_CONTENT_TYPE = "application/json; charset=utf-8"

HEADER_ACCESS_TOKEN = "accessToken"  # noqa: S105 - the name of a header
HEADER_TOKEN_ID = "tokenId"  # noqa: S105 - the name of a header
HEADER_PASSWORD_HASH = "passwordHash"  # noqa: S105 - the name of a header

HO_SO_CLAIM = "130"
"""Value of loaiHoSo for claim files; also on the 4750 and 3176 paths."""
HO_SO: Mapping[str, str] = MappingProxyType(
    {"checkin": "0", "claim": HO_SO_CLAIM, "gdyk": "12", "claim_4210": "3", "gksk": "GKSK"}
)
"""loaiHoSo by kind of file (GKSK is our own: that call has none)."""
KINDS: Mapping[str, str] = MappingProxyType({number: kind for kind, number in HO_SO.items()})

CLAIM_KINDS = ("claim", "claim_4210")
"""Kinds of files that ask for payment."""
LIST_PAGE = 500
"""Rows in a page of the vnhealth-defined list of a day."""

DRIVER_SUFFIX = "_HSSK"
"""End of the names of accounts that may only send driver health checks."""

_BASE64 = re.compile("[A-Za-z0-9+/=]*")

FORM_FIELDS = ("username", "loaiHoSo", "maTinh", "maCSKCB", "fileHSBase64")
"""Form fields of check-in and claim calls, in published order."""


class RecordState(StrEnum):
    """State of one record in the answers of the vnhealth-defined result calls."""

    PENDING = "CHO_XU_LY"
    ACCEPTED = "CHAP_NHAN"
    ACCEPTED_WITH_WARNINGS = "CHAP_NHAN_CO_CANH_BAO"
    REFUSED = "TU_CHOI"
    REPLACED = "DA_THAY_THE"


def password_hash(password: str) -> str:
    """The password as the gateway takes it: MD5 of its UTF-8, upper-case hexadecimal.

    Legal source: 1245/BHXH-CNTT. (MD5 is the gateway's choice; it protects nothing.)

    >>> password_hash("123456")
    'E10ADC3949BA59ABBE56E057F20F883E'
    """
    return hashlib.md5(password.encode(), usedforsecurity=False).hexdigest().upper()


def format_expiry(moment: dt.datetime) -> str:
    """``expires_in``: a UTC date-time with seven decimals, in spite of its name.

    >>> format_expiry(dt.datetime(2026, 8, 3, 8, 0, 0, 123456, ICT))
    '2026-08-03T01:00:00.1234560Z'
    """
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%f0Z")


def parse_expiry(text: str | int | None, now: dt.datetime) -> dt.datetime | None:
    """The moment a token ends, from any form that gateways use: date-time, epoch or seconds.

    A number up to 10^8 is seconds from ``now``, above that an epoch. None when there is nothing
    usable.

    >>> now = dt.datetime(2026, 8, 3, 1, tzinfo=dt.UTC)
    >>> parse_expiry("2026-08-03T02:00:00.1234567Z", now).isoformat()
    '2026-08-03T02:00:00.123456+00:00'
    >>> parse_expiry(3600, now).isoformat()
    '2026-08-03T02:00:00+00:00'
    """
    plain = str(text or "").strip()
    try:
        if plain.isascii() and plain.isdigit():
            seconds = int(plain)
            if seconds <= 10**8:
                return now + dt.timedelta(seconds=seconds)
            return dt.datetime.fromtimestamp(seconds, dt.UTC)
        head, dot, tail = plain.partition(".")
        digits = len(tail) - len(tail.lstrip("0123456789"))
        found = dt.datetime.fromisoformat(head + dot + tail[: min(digits, 6)] + tail[digits:])
    except (ValueError, OverflowError, OSError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=dt.UTC)


def format_received(moment: dt.datetime) -> str:
    """``thoiGianTiepNhan``: fourteen digits in Viet Nam time.

    >>> format_received(dt.datetime(2026, 8, 3, 1, 0, 5, tzinfo=dt.UTC))
    '20260803080005'
    """
    return moment.astimezone(ICT).strftime("%Y%m%d%H%M%S")


def encode_form(fields: Mapping[str, str]) -> bytes:
    """A form body; ``+`` of Base64 is percent-encoded, as it must be.

    >>> encode_form({"maTinh": "01", "fileHSBase64": "a+b="})
    b'maTinh=01&fileHSBase64=a%2Bb%3D'
    """
    return "&".join(f"{quote_plus(k)}={_quoted(v)}" for k, v in fields.items()).encode()


def _quoted(value: str) -> str:
    """Percent-encoded; Base64 needs three replacements only, which is a hundred times faster."""
    if _BASE64.fullmatch(value):
        return value.replace("+", "%2B").replace("/", "%2F").replace("=", "%3D")
    return quote_plus(value)


@dataclass(frozen=True, slots=True, repr=False)
class LoginReply:
    """Answer of the login. ``access_token`` is None when it was refused.

    ``expires_in`` is kept as it came; read it with `parse_expiry`.
    """

    code: str
    access_token: str | None = None
    id_token: str | None = None
    token_type: str = "bearer"  # noqa: S105 - the scheme
    username: str = ""
    expires_in: str | int | None = None

    def to_bytes(self) -> bytes:
        """Compact JSON in the published key order: one known client splits it at commas.

        >>> LoginReply("401").to_bytes()
        b'{"maKetQua":"401","APIKey":null}'
        """
        key = None
        if self.access_token is not None:
            key = {
                "access_token": self.access_token,
                "id_token": self.id_token,
                "token_type": self.token_type,
                "username": self.username,
                "expires_in": self.expires_in,
            }
        return compact({"maKetQua": self.code, "APIKey": key})

    @classmethod
    def from_json(cls, value: Any) -> LoginReply:
        """From parsed JSON; codes may be numbers and keys may differ in case of the first letter.

        Raises `ValueError` when the value is no such answer.
        """
        code = _code(value)
        key = value.get("APIKey")
        if not isinstance(key, dict):
            return cls(code)
        return cls(
            code=code,
            access_token=_text(key, "access_token"),
            id_token=_text(key, "id_token"),
            token_type=_text(key, "token_type") or "bearer",
            username=_text(key, "username") or "",
            expires_in=key.get("expires_in"),
        )

    def __repr__(self) -> str:
        return f"<LoginReply {self.code[:8]} {'with' if self.access_token else 'without'} token>"


@dataclass(frozen=True, slots=True)
class Receipt:
    """Answer to a check-in or claim file: queued, not judged.

    ``received`` is thoiGianTiepNhan (14 digits). ``message`` may be empty.
    """

    code: str
    transaction: str | None = None
    received: str | None = None
    message: str = ""

    def to_bytes(self) -> bytes:
        """Compact JSON in the published key order.

        >>> Receipt("200", "G1", "20260803080005").to_bytes()
        b'{"maKetQua":"200","maGiaoDich":"G1","thoiGianTiepNhan":"20260803080005","thongDiep":""}'
        """
        return compact(
            {
                "maKetQua": self.code,
                "maGiaoDich": self.transaction,
                "thoiGianTiepNhan": self.received,
                "thongDiep": self.message,
            }
        )

    @classmethod
    def from_json(cls, value: Any) -> Receipt:
        """From parsed JSON. Raises `ValueError` when the value is no such answer.

        >>> Receipt.from_json({"MaKetQua": 200, "maGiaoDich": "G1"}).code
        '200'
        """
        return cls(
            code=_code(value),
            transaction=_text(value, "maGiaoDich"),
            received=_text(value, "thoiGianTiepNhan"),
            message=_text(value, "thongDiep") or "",
        )

    @property
    def accepted(self) -> bool:
        """True when the file was queued. The verdict on its records comes later."""
        return self.code == "200"


def _code(value: Any) -> str:
    if isinstance(value, dict):
        for name in ("maKetQua", "MaKetQua"):
            if isinstance(value.get(name), str | int):
                return str(value[name]).strip()
    raise ValueError("not an answer of this gateway")


def _text(value: dict[str, Any], name: str) -> str | None:
    found = value.get(name, value.get(name[0].upper() + name[1:]))
    return None if found is None else str(found)
