"""Two answers of the same call, as shapes: in what they differ, and how sure that is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from vnhealth.findings import catalogue
from vnhealth.protocol import result_codes
from vnhealth.sandbox.recording._cassette import Recorded
from vnhealth.sandbox.recording._shape import VERDICT_KEYS, Shape

__all__ = ["Difference", "compare"]

NOT_EMULATED = "SBX-DRIFT-01"
STATUS = "SBX-DRIFT-02"
KEYS = "SBX-DRIFT-03"
TYPE = "SBX-DRIFT-04"
OTHER_CODE = "SBX-DRIFT-05"
UNKNOWN_CODE = "SBX-DRIFT-06"


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that the recorded answer has and the sandbox's has not, or the other way.

    ``place`` is a path in the body (``$`` is the whole). ``certain`` is False where the values that
    scrubbing took away may explain it: another result code, an empty field.
    """

    code: str
    exchange: int
    operation: str
    place: str
    recorded: str
    sandbox: str
    certain: bool = True

    def message(self, lang: str = "vi") -> str:
        """The sentence of the catalogue in ``vi`` or ``en``."""
        return catalogue.info(self.code).message(lang, {})

    def line(self, lang: str = "vi") -> str:
        """One line for a person; a question mark stands before what is not certain.

        >>> Difference("SBX-DRIFT-02", 3, "vss.login", "$", "500", "200").line("en")[:30]
        '3 vss.login $: 500 <> 200. The'
        """
        doubt = "" if self.certain else "? "
        seen = f"{self.exchange} {self.operation} {self.place}: {self.recorded} <> {self.sandbox}."
        return f"{doubt}{seen} {self.message(lang)} [{self.code}]"

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready, with the sentence in both languages."""
        return {
            **asdict(self),
            "message": self.message(),
            "message_en": self.message("en"),
        }


def compare(recorded: Recorded, answer: Mapping[str, Any]) -> Iterator[Difference]:
    """What differs between a recorded answer and the sandbox's answer (`answer_shape`)."""
    return _Comparison(recorded).run(recorded.answer or answer, answer)


class _Comparison:
    def __init__(self, recorded: Recorded) -> None:
        self._number = recorded.number
        self._gateway = recorded.gateway
        self._operation = f"{recorded.gateway}.{recorded.operation}"

    def run(self, theirs: Mapping[str, Any], ours: Mapping[str, Any]) -> Iterator[Difference]:
        """All differences; of answers with another verdict only that, for they cannot be alike."""
        left, right = _codes(theirs["body"]), _codes(ours["body"])
        if self._another_verdict(theirs, ours):
            for name in left.keys() & right.keys():
                yield from self._types(left[name], right[name], f"$.{name}")
            shown = _said(theirs["status"], left), _said(ours["status"], right)
            yield self._found(OTHER_CODE, "$", *shown, certain=False)
            yield from self._status_of_codes(theirs["status"], left)
            return
        if theirs["status"] != ours["status"]:
            yield self._found(STATUS, "$", theirs["status"], ours["status"])
        yield from self._shapes(theirs["body"], ours["body"], "$")

    def _another_verdict(self, theirs: Mapping[str, Any], ours: Mapping[str, Any]) -> bool:
        """True when the codes say something else, or, without codes, the statuses do."""
        left, right = _codes(theirs["body"]), _codes(ours["body"])
        if _type(theirs["body"]) != _type(ours["body"]):
            return False
        if left and right:
            return _words(left) != _words(right)
        fields = dict(theirs["body"].get("fields", ()))
        if any(fields.get(name, {"is": "null"})["is"] != "null" for name in right):
            return False
        return bool(theirs["status"] != ours["status"])

    def _status_of_codes(self, status: int, codes: dict[str, Shape]) -> Iterator[Difference]:
        """The status has to be one that the gateway's code table has for these codes."""
        table = result_codes(self._gateway)
        said = set(_words(codes))
        usual = {c.http for c in table if c.http and c.code in said}
        usual = usual or {200} | {c.http for c in table if c.http}
        if status not in usual:
            wanted = " ".join(str(http) for http in sorted(usual))
            yield self._found(STATUS, "$", status, wanted)

    def _shapes(self, theirs: Shape, ours: Shape, place: str) -> Iterator[Difference]:
        if _type(theirs) != _type(ours):
            yield from self._types(theirs, ours, place)
        elif theirs["is"] == "object":
            yield from self._objects(theirs, ours, place)
        elif theirs["is"] == "list" and theirs["items"] and ours["items"]:
            for item in theirs["items"]:
                yield from self._shapes(item, ours["items"][0], place + "[]")
        elif ours["is"] == "code" and theirs["is"] != "code":
            yield self._found(UNKNOWN_CODE, place, theirs.get("form", "?"), ours["code"])
        elif ours["is"] == "code" and theirs["code"] != ours["code"]:
            yield self._found(OTHER_CODE, place, theirs["code"], ours["code"], certain=False)

    def _types(self, theirs: Shape, ours: Shape, place: str) -> Iterator[Difference]:
        left, right = _type(theirs), _type(ours)
        if left != right:
            certain = "null" not in (left, right)
            yield self._found(TYPE, place, left, right, certain=certain)

    def _objects(self, theirs: Shape, ours: Shape, place: str) -> Iterator[Difference]:
        left = [name for name, _ in theirs["fields"]]
        right = [name for name, _ in ours["fields"]]
        if left != right:
            yield self._found(KEYS, place, " ".join(left), " ".join(right))
        for name, item, mine in _pairs(theirs["fields"], ours["fields"]):
            yield from self._shapes(item, mine, f"{place}.{name}")

    def _found(
        self, code: str, place: str, theirs: object, ours: object, *, certain: bool = True
    ) -> Difference:
        shown = str(theirs), str(ours)
        return Difference(code, self._number, self._operation, place, *shown, certain=certain)


def _codes(body: Shape) -> dict[str, Shape]:
    """The result codes at the top of an answer or in its header, by the name of their field."""
    found: dict[str, Shape] = {}
    for name, item in body.get("fields", ()):
        if name == "header":
            found |= _codes(item)
        elif item["is"] == "code" and name.lower() in VERDICT_KEYS:
            found[name] = item
    return found


def _pairs(left: list[Any], right: list[Any]) -> Iterator[tuple[str, Shape, Shape]]:
    """Fields that belong together: by place when the names are equal, else by known names."""
    if [name for name, _ in left] == [name for name, _ in right]:
        for (name, item), (_, other) in zip(left, right, strict=True):
            yield name, item, other
        return
    known = {name: item for name, item in right if not name.startswith("?")}
    for name, item in left:
        if name in known:
            yield name, item, known[name]


def _words(codes: dict[str, Shape]) -> list[str]:
    return [item["code"] for item in codes.values()]


def _said(status: int, codes: dict[str, Shape]) -> str:
    return " ".join([str(status), *_words(codes)])


def _type(shape: Shape) -> str:
    kind = shape["is"]
    plain = ("object", "list", "null", "boolean", "number")
    return kind if kind in plain else str(shape.get("type", "text"))
