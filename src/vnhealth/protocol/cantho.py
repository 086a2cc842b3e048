"""The wire of the health database of Cần Thơ: multipart, the result of the import in the answer.

Source: one vendor's client and the document it follows (1977/QĐ-SYT, annex V). HTTP 200 is not
success: look at TotalFailed. Other provinces use the same software. Evidence per behaviour:
`vnhealth.protocol.behaviours`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from vnhealth.protocol._json import compact

__all__ = [
    "FILE_FIELD",
    "GATEWAY",
    "KIND",
    "TOKEN_MINUTES",
    "ImportReply",
    "RecordError",
    "TokenReply",
]

GATEWAY = "cantho"
FILE_FIELD = "file"
KIND = "3176"
"""Value of the field ``type``."""
TOKEN_MINUTES = 180


@dataclass(frozen=True, slots=True, repr=False)
class TokenReply:
    """Answer of the login; ``minutes`` travels as a text under the name ``time``."""

    ok: bool
    token: str | None = None
    minutes: str | None = None
    message: str = ""

    def to_bytes(self) -> bytes:
        """Compact JSON in the order that the vendor records.

        >>> TokenReply(True, "t", "180").to_bytes()
        b'{"success":true,"token":"t","time":"180","message":""}'
        """
        return compact(
            {
                "success": self.ok,
                "token": self.token,
                "time": self.minutes,
                "message": self.message,
            }
        )

    @classmethod
    def from_json(cls, value: Any) -> TokenReply:
        """From parsed JSON. Raises `ValueError` when the value is no such answer."""
        if not isinstance(value, dict) or "success" not in value:
            raise ValueError("not an answer of this gateway")
        return cls(
            ok=value["success"] is True,
            token=value.get("token"),
            minutes=str(value.get("time") or "") or None,
            message=str(value.get("message") or ""),
        )

    def __repr__(self) -> str:
        return f"<TokenReply {self.ok}>"


@dataclass(frozen=True, slots=True, repr=False)
class RecordError:
    """A record that was not imported: its MA_LK and a text."""

    key: str | None
    text: str

    def __repr__(self) -> str:
        return "<RecordError>"


@dataclass(frozen=True, slots=True, repr=False)
class ImportReply:
    """The result of an import: ``inserted`` and ``updated`` together are what was taken."""

    transaction: str | None
    inserted: int = 0
    updated: int = 0
    errors: tuple[RecordError, ...] = ()
    failed: int = 0

    @property
    def taken(self) -> int:
        """TotalSucceed."""
        return self.inserted + self.updated

    def to_bytes(self) -> bytes:
        """Compact JSON in the order that the vendor records.

        >>> ImportReply("1", inserted=1).to_bytes().decode()[:60]
        '{"response3176":{"IdLanGui":"1","TotalSucceed":1,"Inserted":'
        """
        rows = [{"MA_LK": e.key, "CHI_TIET_LOI": e.text} for e in self.errors]
        found = {
            "IdLanGui": self.transaction,
            "TotalSucceed": self.taken,
            "Inserted": self.inserted,
            "Updated": self.updated,
            "TotalFailed": self.failed,
            "Total": self.taken + self.failed,
            "ListLoi": rows,
        }
        return compact({"response3176": found})

    @classmethod
    def from_json(cls, value: Any) -> ImportReply:
        """From parsed JSON. Raises `ValueError` when the value is no such answer.

        >>> ImportReply.from_json({"response3176": {"Inserted": 1, "TotalFailed": "1"}}).failed
        1
        """
        found = value.get("response3176") if isinstance(value, dict) else None
        failed = _number(found.get("TotalFailed")) if isinstance(found, dict) else None
        if not isinstance(found, dict) or failed is None:
            raise ValueError("not an answer of this gateway")
        updated = _number(found.get("Updated")) or 0
        taken = _number(found.get("TotalSucceed"))
        inserted = _number(found.get("Inserted")) or 0
        rows = found.get("ListLoi")
        return cls(
            transaction=str(found.get("IdLanGui") or "") or None,
            inserted=inserted if taken is None else max(taken - updated, 0),
            updated=updated,
            errors=tuple(
                RecordError(str(row.get("MA_LK") or "") or None, str(row.get("CHI_TIET_LOI") or ""))
                for row in (rows if isinstance(rows, list) else ())
                if isinstance(row, dict)
            ),
            failed=failed,
        )

    def __repr__(self) -> str:
        return f"<ImportReply {self.taken} taken, {self.failed} failed>"


def _number(value: Any) -> int | None:
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
