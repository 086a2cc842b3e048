"""What may be shown of an answer: its shape and words of the contracts, never a value.

A gateway can echo anything it was sent, in any field. So nothing is shown because it looks
harmless: a text is shown only when it is a word that the contracts or our catalogue know, a number
only where a code stands and only up to four digits, a time only where a time of receipt stands.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from vnhealth.findings import Severity, catalogue
from vnhealth.protocol import gateways, repository, vss
from vnhealth.protocol.vss_notices import notice_infos
from vnhealth.signing import SignatureStatus
from vnhealth.sync._codes import MASK, known_code
from vnhealth.sync._wire import HttpAnswer

__all__ = ["RawAnswer", "known_tags", "mask_json", "raw_answer", "shape"]

LONGEST = 2000
DEEPEST = 8
ITEMS = 20

_CODE_KEYS = frozenset(
    {"maketqua", "code", "maloi", "trangthai", "status", "mucdo", "severity", "bang", "table"}
    | {
        "chitieu",
        "field",
        "tag",
        "signature_status",
        "chuky",
        "token_type",
        "dong",
        "row",
        "loaithongbao",
    }
)
_TIME_KEYS = frozenset(
    {"thoigiantiepnhan", "thoigianxuly", "received_at", "processed_at", "expires_at", "expires_in"}
    | {"thoigianthongbao", "hansua"}
)
_NUMBER = re.compile(r"[0-9]{1,4}")
_TIME = re.compile(r"20\d{12}|20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,7})?(Z|[+-]\d\d:\d\d)?")
_KEY = re.compile(r"[A-Za-z_]{1,40}|dsLichSu\w{1,10}")
_MEDIA = frozenset(
    {"application/json", "application/problem+json", "application/xml", "application/octet-stream"}
    | {"text/html", "text/plain", "text/xml", "text/json"}
)
_WORD = re.compile(r"[^\W\d_]")
_DIGIT = re.compile(r"\d")


@cache
def known_tags() -> frozenset[str]:
    """All tags and table names of all editions, and the words of the envelope."""
    from vnhealth.spec import Family, record_fields, tables

    known = {"MACSKCB", "CHUKYDONVI", "NOIDUNGFILE", "LOAIHOSO", "HOSO", "SOLUONGHOSO", "NGAYLAP"}
    for family, edition in ((Family.F4210, "4210"), (Family.F130, "3176")):
        for name in tables(edition):
            known.add(name)
            known.update(f.tag for f in record_fields(family, name))
    return frozenset(known)


@cache
def _states() -> frozenset[str]:
    words = {*vss.RecordState, *repository.RecordStatus, *Severity, *SignatureStatus}
    plain = {str(word) for word in words} | {"DA_XU_LY", "bearer", "Bearer"}
    plain |= {info.word for info in notice_infos().values()}
    return frozenset(plain | {word.upper() for word in plain})


def _shown_text(key: str, text: str) -> bool:
    if key in _TIME_KEYS:
        return _TIME.fullmatch(text) is not None
    if key not in _CODE_KEYS:
        return False
    if _NUMBER.fullmatch(text) or text in _states() or text in known_tags() or text in catalogue:
        return True
    return any(known_code(gateway, text) for gateway in gateways())


def mask_json(value: Any, key: str = "", depth: int = 0) -> Any:
    """The same structure with every value masked that is not a word of the contracts.

    >>> mask_json({"maKetQua": "205", "thongDiep": "MA_LK A1", "n": 12, "001099012345": True})
    {'maKetQua': '205', 'thongDiep': '•••', 'n': '•••', '•••': True}
    """
    if depth > DEEPEST:
        return MASK
    if isinstance(value, dict):
        out = {}
        for name, item in list(value.items())[:ITEMS]:
            out[name if _KEY.fullmatch(name) else MASK] = mask_json(item, name.lower(), depth + 1)
        return out
    if isinstance(value, list):
        return [mask_json(item, key, depth + 1) for item in value[:ITEMS]]
    if value is None or isinstance(value, bool) or value == "":
        return value
    if isinstance(value, str):
        return value if _shown_text(key, value) else MASK
    if isinstance(value, int):
        return value if key in _CODE_KEYS and _NUMBER.fullmatch(str(value)) else MASK
    return MASK


def shape(text: str) -> str:
    """Letters as x, digits as 9: enough to see an HTML page, no word of it.

    >>> shape("<p>Lỗi 500</p>")
    '<x>xxx 999</x>'
    """
    return _WORD.sub("x", _DIGIT.sub("9", text))


@dataclass(frozen=True, slots=True, repr=False)
class RawAnswer:
    """An answer kept for diagnosis. ``text`` is masked; `reveal` gives the bytes as they came.

    ``request_id`` is the gateway's number for the exchange, for its support desk.
    """

    status: int
    content_type: str
    text: str
    request_id: str = ""
    _body: bytes = field(default=b"", compare=False)

    def reveal(self) -> bytes:
        """The body as it came; it may hold anything that was sent. For a person, not for a log."""
        return self._body

    def __repr__(self) -> str:
        return f"<RawAnswer HTTP {self.status} {len(self._body)} bytes>"

    def __str__(self) -> str:
        return f"HTTP {self.status} {self.content_type} {self.text}".strip()


def raw_answer(answer: HttpAnswer) -> RawAnswer:
    """Keep an answer, masked.

    >>> str(raw_answer(HttpAnswer(502, {"content-type": "text/html"}, b"<b>Bad</b>")))
    'HTTP 502 text/html <x>xxx</x>'
    """
    media = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    document = answer.document()
    if document is not None:
        text = json.dumps(mask_json(document), ensure_ascii=False)
    else:
        text = shape(answer.body[:400].decode("utf-8", "replace"))
    return RawAnswer(
        status=answer.status,
        content_type=media if media in _MEDIA else "",
        text=text[:LONGEST],
        request_id=answer.request_id,
        _body=answer.body,
    )
