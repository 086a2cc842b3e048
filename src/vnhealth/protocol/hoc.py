"""The wire of the health operations centre (HOC) of VNPT, default realm Phú Thọ.

A Keycloak token, then raw XML for check-ins and claim files. Source: one vendor's client; the
document beside it also shows a JSON body, which contradicts the code. Evidence per behaviour:
`vnhealth.protocol.behaviours`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from vnhealth.protocol._json import compact

__all__ = [
    "CLIENT_ID",
    "GATEWAY",
    "GRANT",
    "HEADER_FACILITY",
    "HEADER_PROVINCE",
    "JSON_FILE",
    "TOKEN_SECONDS",
    "XML_CONTENT_TYPES",
    "Receipt",
    "token_error",
    "token_reply",
]

GATEWAY = "hoc"
GRANT = "password"
CLIENT_ID = "hoc-receiver"
"""Not recorded: the real one comes with the account."""
HEADER_PROVINCE = "tinh"
HEADER_FACILITY = "csyt"
TOKEN_SECONDS = 1800
XML_CONTENT_TYPES = ("application/xml", "text/xml")
JSON_FILE = "du_lieu_chi_tiet"
"""Field of the JSON body that the document shows: the file in Base64."""


def token_reply(access: str, refresh: str, session: str, seconds: int) -> bytes:
    """A token in Keycloak's form.

    >>> token_reply("a", "r", "s", 60)[:48]
    b'{"access_token":"a","expires_in":60,"refresh_exp'
    """
    return compact(
        {
            "access_token": access,
            "expires_in": seconds,
            "refresh_expires_in": seconds,
            "refresh_token": refresh,
            "token_type": "Bearer",
            "not-before-policy": 0,
            "session_state": session,
            "scope": "profile email",
        }
    )


def token_error(error: str, description: str) -> bytes:
    """An error of the token call.

    >>> token_error("invalid_grant", "x")
    b'{"error":"invalid_grant","error_description":"x"}'
    """
    return compact({"error": error, "error_description": description})


@dataclass(frozen=True, slots=True)
class Receipt:
    """Answer to a file: a number, a word, and the transaction under ``result``."""

    code: int
    message: str
    transaction: str | None = None

    def to_bytes(self) -> bytes:
        """Compact JSON in the order that the vendor records.

        >>> Receipt(200, "success", "G1").to_bytes()
        b'{"code":200,"message":"success","result":"G1"}'
        """
        body = {"code": self.code, "message": self.message, "result": self.transaction}
        return compact(body)

    @classmethod
    def from_json(cls, value: Any) -> Receipt:
        """From parsed JSON; the number may be a text. Raises `ValueError` for anything else.

        >>> Receipt.from_json({"code": "200", "message": "success", "result": "G1"}).code
        200
        """
        code = str(value.get("code")) if isinstance(value, dict) else ""
        if not code.isascii() or not code.isdigit():
            raise ValueError("not an answer of this gateway")
        found = value.get("result")
        return cls(
            int(code),
            str(value.get("message") or ""),
            str(found) if isinstance(found, str | int) and found else None,
        )
