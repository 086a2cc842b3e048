"""The person behind the numbers of an encounter, as tokens."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from vnhealth.deid._keys import Tokens
from vnhealth.identity import bhxh, bhyt_card, opaque_key, so_cccd_field

__all__ = ["LEAST", "LIMIT", "Known", "People", "Person", "cards", "documents", "insurance"]

LIMIT = 4096
"""Distinct values that one memo remembers before it starts anew, so that memory stays flat."""

LEAST = 8
"""Characters that a direct identifier has at least; shorter ones are not searched for."""

_KINDS = {"CCCD": "person.cccd", "CMND": "person.cmnd"}

Known = tuple[str, str]
"""Kind of token and normalised number."""


def _usable(number: str) -> bool:
    return len(set(number)) > 1


def documents(text: str) -> Iterator[Known]:
    """The identity document in SO_CCCD, if it is one."""
    for item in text.split(";"):
        found = so_cccd_field.parse(item[:64])
        kind = found.details.get("document")
        if kind and found.is_valid and _usable(found.normalized):
            yield _KINDS.get(kind, "person.document"), found.normalized


def cards(text: str) -> Iterator[tuple[Known, str]]:
    """The persons behind card numbers, each with the printed benefit digit (may be empty)."""
    for item in text.split(";"):
        found = bhyt_card.parse(item[:64])
        if not found.is_valid:
            continue
        number = found.details.get("bhxh", "")
        if number and _usable(number):
            yield ("person.bhxh", number), found.details.get("level", "")
        elif not number and _usable(found.normalized):
            yield ("person.cccd", found.normalized), ""


def insurance(text: str) -> Iterator[Known]:
    """The person behind a ten-digit insurance code."""
    found = bhxh.parse(text[:64])
    if found.is_valid and _usable(found.normalized):
        yield "person.bhxh", found.normalized


@dataclass(frozen=True, slots=True, repr=False)
class Person:
    """What the numbers of XML1 say of a person. Its representation shows nothing."""

    tokens: Mapping[str, str]
    """Token by the tag of XML1 it stands for."""
    refused: tuple[str, ...]
    """Tags of XML1 that hold something which is no identifier."""
    days: int
    """The shift of the dates; 0 where no number tells who it is."""
    level: str
    """The printed benefit digit of the card, or nothing."""

    def __repr__(self) -> str:
        return "<Person>"


class People(dict[tuple[str, str, str, str], Person]):
    """The person behind (card numbers, documents, patient number, facility).

    Those met last are remembered: who comes again is not looked at again.
    """

    __slots__ = ("tokens",)

    def __init__(self, tokens: Tokens) -> None:
        super().__init__()
        self.tokens = tokens

    def __missing__(self, numbers: tuple[str, str, str, str]) -> Person:
        if len(self) >= LIMIT:
            self.clear()
        found = self[numbers] = self._person(*numbers)
        return found

    def _person(self, card: str, document: str, local: str, facility: str) -> Person:
        held = list(cards(card))
        insured = [known for known, _ in held if known[0] == "person.bhxh"]
        papers = list(documents(document)) or [k for k, _ in held if k[0] != "person.bhxh"]
        patient = opaque_key.parse(local)
        people: list[tuple[str, ...]] = [*insured, *papers]
        found: dict[str, tuple[str, ...]] = {}
        if papers:
            found["SO_CCCD"] = papers[0]
        if insured:
            found["MA_THE_BHYT"] = insured[0]
        if patient.is_valid:
            found["MA_BN"] = ("person.local", facility, patient.normalized)
            people.append(found["MA_BN"])
        given = {"SO_CCCD": document, "MA_THE_BHYT": "" if held else card, "MA_BN": local}
        return Person(
            tokens={tag: self.tokens.token(*known) for tag, known in found.items()},
            refused=tuple(tag for tag, text in given.items() if text and tag not in found),
            days=7 * self.tokens.weeks(*people[0]) if people else 0,
            level=next((level for _, level in held if level), ""),
        )

    def __repr__(self) -> str:
        return "<People>"

    def __reduce__(self) -> tuple[type[People], tuple[Tokens]]:
        return People, (self.tokens,)
