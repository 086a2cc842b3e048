"""The wire of the health-data axis of Hà Nội: JSON, a bearer token, several files in one call.

One vendor's client is the only source; no specification was published. The answer of the status
call is **vnhealth-defined**: the client that asks it keeps the answer as it came. Evidence per
behaviour: `vnhealth.protocol.behaviours`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from vnhealth.protocol._json import compact

__all__ = [
    "GATEWAY",
    "HO_SO",
    "PROVINCE",
    "TOKEN_SECONDS",
    "BatchReply",
    "FileResult",
    "LoginReply",
    "login_body",
    "submit_body",
]

GATEWAY = "hanoi"
PROVINCE = "HN"
"""Value of maTinh: letters, where the insurance gateway takes two digits."""
HO_SO = ("3176", "130")
"""Values of loaiHoSo: that of the shipped configuration, and the default of the client's code."""
TOKEN_SECONDS = 3600


def login_body(username: str, password: str, facility: str) -> bytes:
    """Body of the login; the password goes in clear text.

    >>> login_body("01001", "x", "01001")
    b'{"username":"01001","password":"x","code":"01001"}'
    """
    return compact({"username": username, "password": password, "code": facility})


def submit_body(facility: str, files: Sequence[str], *, ho_so: str = HO_SO[0]) -> bytes:
    """Body of a submission; ``files`` are Base64 texts of GIAMDINHHS files without BOM.

    >>> submit_body("01001", ["PEE+"])
    b'{"loaiHoSo":"3176","maTinh":"HN","maCSKCB":"01001","files":["PEE+"]}'
    """
    fields = {"loaiHoSo": ho_so, "maTinh": PROVINCE, "maCSKCB": facility, "files": list(files)}
    return compact(fields)


@dataclass(frozen=True, slots=True, repr=False)
class LoginReply:
    """Answer of the login: here maKetQua is a boolean. ``expires_in`` is kept as it came."""

    ok: bool
    access_token: str | None = None
    id_token: str | None = None
    username: str = ""
    expires_in: int | str | None = None
    message: str = ""

    def to_bytes(self) -> bytes:
        """Compact JSON in the order that the vendor records.

        >>> LoginReply(False, message="x").to_bytes()
        b'{"maKetQua":false,"apiKey":null,"message":"x"}'
        """
        key = None
        if self.access_token is not None:
            key = {
                "accessToken": self.access_token,
                "idToken": self.id_token,
                "tokenType": "Bearer",
                "username": self.username,
                "expiresIn": self.expires_in,
            }
        return compact({"maKetQua": self.ok, "apiKey": key, "message": self.message})

    @classmethod
    def from_json(cls, value: Any) -> LoginReply:
        """From parsed JSON. Raises `ValueError` when the value is no such answer.

        >>> LoginReply.from_json({"maKetQua": True, "apiKey": {"accessToken": "t"}}).access_token
        't'
        """
        if not isinstance(value, dict) or not isinstance(value.get("maKetQua"), bool):
            raise ValueError("not an answer of this gateway")
        key = value.get("apiKey")
        found = key if isinstance(key, dict) else {}
        return cls(
            ok=value["maKetQua"],
            access_token=found.get("accessToken"),
            id_token=found.get("idToken"),
            username=str(found.get("username") or ""),
            expires_in=found.get("expiresIn"),
            message=str(value.get("message") or ""),
        )

    def __repr__(self) -> str:
        return f"<LoginReply {self.ok} {'with' if self.access_token else 'without'} token>"


@dataclass(frozen=True, slots=True)
class FileResult:
    """What became of one file: a transaction when it was taken, else a code and a message.

    Only maGiaoDich is recorded; ``code`` and ``message`` are vnhealth-defined.
    """

    transaction: str | None
    code: str = "200"
    message: str = ""

    @property
    def taken(self) -> bool:
        """True when the axis holds the file."""
        return self.transaction is not None and self.code == "200"


@dataclass(frozen=True, slots=True)
class BatchReply:
    """Answer of a submission: here maKetQua is a text. ``results`` are in the order of the files.

    ``totalSuccess`` above zero does not mean that every file was taken.
    """

    code: str
    batch: str | None = None
    results: tuple[FileResult, ...] = ()
    message: str = ""

    def to_bytes(self) -> bytes:
        """Compact JSON in the order that the vendor records."""
        taken = sum(result.taken for result in self.results)
        rows = [
            {"maGiaoDich": r.transaction, "maKetQua": r.code, "thongDiep": r.message}
            for r in self.results
        ]
        return compact(
            {
                "maKetQua": self.code,
                "batchId": self.batch,
                "totalSuccess": taken,
                "totalFailed": len(rows) - taken,
                "fileResults": rows,
                "thongDiep": self.message,
            }
        )

    @classmethod
    def from_json(cls, value: Any) -> BatchReply:
        """From parsed JSON. Raises `ValueError` when the value is no such answer.

        >>> BatchReply.from_json({"maKetQua": 200, "fileResults": [{"maGiaoDich": "G"}]}).results
        (FileResult(transaction='G', code='200', message=''),)
        """
        if not isinstance(value, dict) or not isinstance(value.get("maKetQua"), str | int):
            raise ValueError("not an answer of this gateway")
        rows = value.get("fileResults")
        return cls(
            code=str(value["maKetQua"]),
            batch=str(value.get("batchId") or "") or None,
            results=tuple(map(_file_result, rows if isinstance(rows, list) else ())),
            message=str(value.get("thongDiep") or ""),
        )


def _file_result(row: Any) -> FileResult:
    found = row if isinstance(row, dict) else {}
    transaction = str(found.get("maGiaoDich") or "") or None
    code = found.get("maKetQua", "200" if transaction else "")
    return FileResult(transaction, str(code), str(found.get("thongDiep") or ""))
