"""What is left of a value: its type, length and form. Nothing else leaves the memory of a session.

A shape is a JSON-ready object; ``is`` says what it is: object, list, null, boolean, number, text,
secret, code, kind (the loaiHoSo of the call), word (of the contract), account, facility, province,
record (numbered in the order in which they were seen), earlier (a text that an earlier answer
had), xml, json, base64, bytes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from vnhealth.protocol import Endpoint, result_code
from vnhealth.sandbox._forms import from_base64
from vnhealth.sandbox._http import BadBody
from vnhealth.sandbox.recording._words import LONGEST, contract_words, form, shown_key
from vnhealth.sandbox.recording._xml import xml_root, xml_shape

__all__ = ["VERDICT_KEYS", "Memory", "Scrubber", "Shape"]

Shape = dict[str, Any]

CODE_KEYS = frozenset({"maketqua", "code", "trangthai", "status", "error", "maloi", "res_code"})
VERDICT_KEYS = CODE_KEYS | {"success"}
DEEPEST = 12
MAX_ITEMS = 20
SHORTEST_ORIGIN = 6

_SECRETS = frozenset(
    {"password", "passwordhash", "mat_khau", "access_token", "accesstoken", "id_token", "idtoken"}
    | {"token", "tokenid", "refresh_token", "refreshtoken", "refresh", "access", "client_secret"}
    | {"apikey", "app-key", "authorization", "signature", "checksum"}
)
_SLOTS = {
    **dict.fromkeys(("username", "user_name", "userkt"), "account"),
    **dict.fromkeys(("macskcb", "ma_cskcb", "csyt", "sender_id", "madonvi"), "facility"),
    **dict.fromkeys(("ma_lk", "malk", "ma_don_thuoc"), "record"),
    **dict.fromkeys(("matinh", "ma_tinh", "tinh"), "province"),
}


@dataclass(slots=True, repr=False)
class Memory:
    """What one session has to remember; it is never written.

    ``slots`` numbers accounts, facilities and records as they are first seen; ``origins`` knows
    in which answer and where a text stood.
    """

    slots: dict[str, dict[str, int]] = field(default_factory=dict)
    origins: dict[str, tuple[int, list[str | int]]] = field(default_factory=dict)

    def slot(self, kind: str, value: str) -> int:
        """The number of a value among those of its kind."""
        known = self.slots.setdefault(kind, {})
        return known.setdefault(value, len(known))

    def learn(self, exchange: int, value: Any) -> None:
        """Remember where the texts of a JSON answer stand."""
        for path, text in _texts(value, []):
            if len(text) >= SHORTEST_ORIGIN:
                self.origins.setdefault(text, (exchange, path))


def _texts(value: Any, path: list[str | int]) -> Iterator[tuple[list[str | int], str]]:
    if len(path) > DEEPEST:
        return
    if isinstance(value, dict):
        for name, item in value.items():
            if shown_key(name) == name:
                yield from _texts(item, [*path, name])
    elif isinstance(value, list):
        for number, item in enumerate(value[:MAX_ITEMS]):
            yield from _texts(item, [*path, number])
    elif isinstance(value, str):
        yield path, value


@dataclass(slots=True, repr=False)
class Scrubber:
    """Makes shapes of what one exchange holds.

    ``endpoint`` is the call, when the registry knows it. ``answer`` is true for answers: there
    result codes stand, and nothing refers to earlier answers.
    """

    memory: Memory
    endpoint: Endpoint | None
    answer: bool
    words: frozenset[str] = frozenset()

    def value(self, value: Any, key: str = "", depth: int = 0) -> Shape:
        """The shape of a JSON value."""
        if depth > DEEPEST:
            return {"is": "text", "length": 0}
        if isinstance(value, dict):
            fields = [
                [shown_key(name, self.words), self.value(item, name, depth + 1)]
                for name, item in value.items()
            ]
            return {"is": "object", "fields": fields}
        if isinstance(value, list):
            items = [self.value(item, key, depth + 1) for item in value[:MAX_ITEMS]]
            return {"is": "list", "count": len(value), "items": items}
        if value is None:
            return {"is": "null"}
        if isinstance(value, bool):
            if self.answer and key.lower() in VERDICT_KEYS:
                return {"is": "code", "code": str(value).lower(), "type": "boolean"}
            return {"is": "boolean"}
        if isinstance(value, str):
            return self.text(value, key, depth)
        return self._number(value, key)

    def _number(self, value: int | float | Decimal, key: str) -> Shape:
        special = self._special(str(value), key.lower())
        if special is not None:
            return {**special, "type": "number"}
        return {"is": "number", "form": form(str(value))}

    def text(self, text: str, key: str = "", depth: int = 0) -> Shape:
        """The shape of a text, of what is packed in it too."""
        special = self._special(text, key.lower())
        if special is not None:
            return special
        return self._packed(text, depth) or _plain(text)

    def raw(self, data: bytes, key: str = "", depth: int = 0) -> Shape:
        """The shape of bytes: of the text that they are, or their length."""
        try:
            return self.text(data.decode("utf-8-sig"), key, depth)
        except UnicodeDecodeError:
            return {"is": "bytes", "length": len(data)}

    def _special(self, text: str, key: str) -> Shape | None:
        """What a value is by its place: a secret, a code, somebody, something seen before."""
        if key in _SECRETS:
            return {"is": "secret"}
        gateway = self.endpoint.gateway if self.endpoint else ""
        if not self.answer and text in contract_words(gateway, key):
            return {"is": "word", "word": text}
        kind = _SLOTS.get(key)
        if kind == "province":
            return {"is": kind}
        if kind is not None and text:
            return {
                "is": kind,
                "n": self.memory.slot(f"{gateway} {kind}", text),
                "length": len(text),
            }
        if self.answer:
            if key in CODE_KEYS and result_code(gateway, text) is not None:
                return {"is": "code", "code": text}
            return None
        if key == "loaihoso" and self.endpoint is not None and text == self.endpoint.record:
            return {"is": "kind"}
        if len(text) >= SHORTEST_ORIGIN and text in self.memory.origins:
            exchange, path = self.memory.origins[text]
            return {"is": "earlier", "exchange": exchange, "path": path}
        return None

    def _packed(self, text: str, depth: int) -> Shape | None:
        if depth > DEEPEST:
            return None
        start = text.lstrip()[:1]
        if start == "<":
            root = xml_root(text.encode("utf-8", "replace"))
            if root is None:
                return None
            return {"is": "xml", "root": xml_shape(root, self.text, depth + 1)}
        if start in ("{", "["):
            try:
                return {"is": "json", "of": self.value(json.loads(text), "", depth + 1)}
            except (ValueError, RecursionError):
                return None
        if len(text) > LONGEST:
            try:
                data = from_base64(text)
            except (BadBody, UnicodeEncodeError):
                return None
            return {"is": "base64", "of": self.raw(data, "", depth + 1)}
        return None


def _plain(text: str) -> Shape:
    """Long texts have no form: their length says enough."""
    if len(text) > LONGEST:
        return {"is": "text", "length": len(text)}
    return {"is": "text", "length": len(text), "form": form(text)}
