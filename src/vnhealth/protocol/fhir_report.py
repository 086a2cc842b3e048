"""The wire of the FHIR/XML report gateway: tokens that renew, XML in a form, FHIR R4B, a log.

Source: one complete interface specification whose owner could not be identified (placeholder host,
words of the insurance gateway behind OAuth-like tokens). It is a **document, not evidence of a
running service**. Evidence per behaviour: `vnhealth.protocol.behaviours`.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from vnhealth.findings import Findings, Severity
from vnhealth.protocol._json import compact

__all__ = [
    "ACTIONS",
    "CODE_SYSTEMS",
    "FHIR_CONTENT_TYPE",
    "FHIR_VERSION",
    "GATEWAY",
    "LOG_DAYS",
    "MAX_PAGE",
    "PAGE",
    "State",
    "Tokens",
    "XmlReply",
    "format_expiry",
    "log_item",
    "operation_outcome",
    "refusal",
]

GATEWAY = "fhir_report"
FHIR_CONTENT_TYPE = "application/fhir+json"
FHIR_VERSION = "4.3.0"
CODE_SYSTEMS = ("icd-10-vn", "icd-9-cm-vn", "dvkt-vn", "thuoc-vn", "vtyt-vn", "yhct-vn")
"""Names of the catalogues that a facility puts there."""
LOG_DAYS = 60
"""Longest stretch of days that one log query may cover."""
PAGE, MAX_PAGE = 20, 100

ACTIONS: Mapping[str, str] = MappingProxyType(
    {"checkin": "checkIn", "claim": "submitXml", "fhir": "submitFhir"}
)
"""Word of the log for each kind of record."""


class State(StrEnum):
    """Status in the metadata of an XML file."""

    SUCCESS = "success"
    ERROR = "error"
    PENDING = "pending"


def format_expiry(moment: dt.datetime) -> str:
    """``expires_in`` and ``timestamp``: UTC, whole seconds, with Z.

    >>> format_expiry(dt.datetime(2026, 8, 3, 8, tzinfo=dt.timezone(dt.timedelta(hours=7))))
    '2026-08-03T01:00:00Z'
    """
    return f"{moment.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%SZ}"


def refusal(status: int, error: str, message: str) -> bytes:
    """What comes with 400, 401, 403 and 422 when nothing was logged.

    >>> refusal(401, "Unauthorized", "x")
    b'{"status":401,"error":"Unauthorized","message":"x"}'
    """
    return compact({"status": status, "error": error, "message": message})


@dataclass(frozen=True, slots=True, repr=False)
class Tokens:
    """Answer of the login and of a renewal. ``expires`` is the end of the access token."""

    access: str
    refresh: str
    username: str
    expires: str

    def to_bytes(self) -> bytes:
        """Compact JSON, keys in the order of the source.

        >>> Tokens("a", "r", "01001", "2026-08-03T01:00:00Z").to_bytes()[:40]
        b'{"access_token":"a","refresh_token":"r",'
        """
        return compact(
            {
                "access_token": self.access,
                "refresh_token": self.refresh,
                "token_type": "Bearer",
                "expires_in": self.expires,
                "username": self.username,
            }
        )

    def __repr__(self) -> str:
        return "<Tokens>"


@dataclass(frozen=True, slots=True, repr=False)
class XmlReply:
    """Answer to an XML file: its number in the log and what is known of it."""

    log_id: str
    state: State
    message: str = ""
    code: str = "200"

    def metadata(self) -> dict[str, str]:
        """status, message, code."""
        return {"status": self.state, "message": self.message, "code": self.code}

    def to_bytes(self) -> bytes:
        """Compact JSON, keys in the order of the source.

        >>> XmlReply("L1", State.PENDING).to_bytes()
        b'{"logId":"L1","metadata":{"status":"pending","message":"","code":"200"}}'
        """
        return compact({"logId": self.log_id, "metadata": self.metadata()})

    @classmethod
    def from_json(cls, value: Any) -> XmlReply:
        """From parsed JSON. Raises `ValueError` when the value is no such answer."""
        meta = value.get("metadata") if isinstance(value, dict) else None
        if not isinstance(meta, dict) or "status" not in meta:
            raise ValueError("not an answer of this gateway")
        return cls(
            str(value.get("logId") or ""),
            State(str(meta["status"])),
            str(meta.get("message") or ""),
            str(meta.get("code") or ""),
        )

    def __repr__(self) -> str:
        return f"<XmlReply {self.state}>"


def operation_outcome(findings: Findings) -> dict[str, Any]:
    """Findings as an OperationOutcome; without any, one issue that says all is well.

    >>> operation_outcome(Findings())["issue"][0]["severity"]
    'information'
    """
    words = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "information"}
    issues = [
        {
            "severity": words[f.severity],
            "code": "structure",
            "diagnostics": f"{f.message_vi} [{f.code}]",
            **({"expression": [f.tag]} if f.tag else {}),
        }
        for f in findings
    ]
    well = {"severity": "information", "code": "informational", "diagnostics": "Đã tiếp nhận"}
    return {"resourceType": "OperationOutcome", "issue": issues or [well]}


def log_item(
    *, log_id: str, kind: str, data: str, received: dt.datetime, metadata: Mapping[str, Any]
) -> dict[str, str]:
    """One row of the log; its metadata is JSON inside a text.

    >>> log_item(log_id="L1", kind="claim", data="", metadata={},
    ...          received=dt.datetime(2026, 8, 3, tzinfo=dt.UTC))["metadata"]
    '{}'
    """
    return {
        "id": log_id,
        "action": ACTIONS[kind],
        "resourceType": "json" if kind == "fhir" else "xml",
        "resourceData": data,
        "timestamp": format_expiry(received),
        "metadata": json.dumps(metadata, ensure_ascii=False, separators=(",", ":")),
    }
