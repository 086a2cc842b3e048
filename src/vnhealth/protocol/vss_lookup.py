"""The card look-up of the insurance gateway: question, answer, and what its codes mean.

Source: 1923/BHXH-CNTT (2024), annex 3, function KQNhanLichSuKCB2024; client code of vendors where
it is silent. The look-ups of 2017 to 2019 were withdrawn on 01/08/2024.
"""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from vnhealth.protocol._json import compact
from vnhealth.protocol._named import as_object, as_texts, wire_names

__all__ = [
    "CardCode",
    "CardQuestion",
    "CardReply",
    "Lookup",
    "Visit",
    "card_code",
    "card_codes",
    "read_birth_date",
]


@dataclass(frozen=True, slots=True)
class CardCode:
    """What a code of the look-up means.

    ``kind`` is valid, papers (look at the card itself), replaced (there is a new card), expired,
    revoked, decreased, child, unknown (no such card), number, person (name, birth, sex), officer,
    request, session or failure (ask again later). ``edition`` is 2024, or 2018 and 2016 for the
    withdrawn functions.
    """

    edition: str
    code: str
    kind: str
    meaning_vi: str
    meaning_en: str
    advice_vi: str
    advice_en: str
    evidence: str
    source: str

    @property
    def shows_card(self) -> bool:
        """True when the answer holds the data of a card."""
        return self.kind in ("valid", "replaced", "expired", "revoked", "decreased", "child")

    @property
    def usable(self) -> bool:
        """True when a card of the answer can be used (of a replaced one, the new card)."""
        return self.kind in ("valid", "replaced")


@cache
def card_codes(edition: str = "2024") -> Mapping[str, CardCode]:
    """The codes of an edition of the look-up, in the order of the table.

    >>> len(card_codes()), card_codes()["060"].kind, list(card_codes("2016"))[:2]
    (27, 'person', ['00', '01'])
    """
    text = (files("vnhealth.protocol") / "data" / "vss_card_codes.csv").read_text("utf-8")
    rows = (CardCode(**row) for row in csv.DictReader(text.splitlines()))
    return MappingProxyType({row.code: row for row in rows if row.edition == edition})


def card_code(code: str) -> CardCode | None:
    """What a code of the current look-up means, or None.

    >>> card_code("004").usable, card_code("010").usable, card_code("9")
    (True, False, None)
    """
    return card_codes().get(code)


def read_birth_date(text: str) -> dt.date | int | None:
    """The ngaySinh of a question: a day as dd/MM/yyyy or ddMMyyyy, a year alone, or None.

    The table of the circular says DD/MM/YYYY and its sample has no slashes; clients send either, or
    the year.

    >>> read_birth_date("05/03/1994") == read_birth_date("05031994"), read_birth_date("1994")
    (True, 1994)
    """
    plain = text.strip()
    if len(plain) == 4 and plain.isascii() and plain.isdigit():
        return int(plain)
    try:
        return dt.datetime.strptime(plain, "%d/%m/%Y" if "/" in plain else "%d%m%Y").date()
    except ValueError:
        return None


@dataclass(frozen=True, slots=True, repr=False)
class CardQuestion:
    """A question: card number, name and birth date of the person, and who asks.

    ``card`` is a 15-character card, the ten digits of the new card or of the insurance book, or the
    12-digit personal number (practice of vendors). ``officer`` and ``officer_id`` are name and
    CCCD of the officer, who must be registered on the portal.
    """

    card: str
    name: str
    birth_date: str
    officer: str
    officer_id: str

    def to_bytes(self) -> bytes:
        """The JSON body in published order.

        >>> CardQuestion("0199000001", "An", "1990", "Bình", "1").to_bytes().decode()
        '{"maThe":"0199000001","hoTen":"An","ngaySinh":"1990","hoTenCb":"Bình","cccdCb":"1"}'
        """
        return compact(as_object(self, QUESTION))

    @classmethod
    def from_fields(cls, value: Mapping[str, Any]) -> CardQuestion:
        """From the fields of a body; missing ones are empty."""
        return cls(**as_texts(value, QUESTION))

    def missing(self) -> str:
        """The name of the first empty field on the wire, or an empty text."""
        return next((wire for name, wire in QUESTION.items() if not getattr(self, name)), "")

    def __repr__(self) -> str:
        return "<CardQuestion>"


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Visit:
    """An earlier visit: ``entered`` and ``left`` have twelve digits, ``disease`` may be empty.

    ``employer_code`` and ``employer`` travel as TEMP1 and TEMP2.
    """

    record: str = ""
    facility: str = ""
    entered: str = ""
    left: str = ""
    disease: str = ""
    condition: str = ""
    outcome: str = ""
    reason: str = ""
    employer_code: str = ""
    employer: str = ""
    spare_3: str = ""
    spare_4: str = ""
    spare_5: str = ""

    def __repr__(self) -> str:
        return "<Visit>"


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Lookup:
    """Who looked this card up before: account, twelve digits of time, notice, code."""

    user: str = ""
    at: str = ""
    notice: str = ""
    code: str = ""

    def __repr__(self) -> str:
        return "<Lookup>"


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class CardReply:
    """The answer. Dates are dd/MM/yyyy, ``sex`` is Nam or Nữ; all are texts, empty where unknown.

    ``new_card`` and what follows it are filled for the codes 003 and 004.
    """

    code: str
    note: str = ""
    card: str = ""
    name: str = ""
    birth_date: str = ""
    sex: str = ""
    address: str = ""
    home_facility: str = ""
    agency: str = ""
    valid_from: str = ""
    valid_to: str = ""
    area: str = ""
    five_years_from: str = ""
    bhxh: str = ""
    old_card: str = ""
    new_card: str = ""
    new_valid_from: str = ""
    new_valid_to: str = ""
    new_home_facility: str = ""
    new_home_facility_name: str = ""
    visits: tuple[Visit, ...] = ()
    lookups: tuple[Lookup, ...] = ()

    def to_bytes(self) -> bytes:
        """Compact JSON in published key order; what is unknown is null, lists are always there.

        >>> CardReply(code="050").to_bytes().decode()[:32]
        '{"maKetQua":"050","ghiChu":null,'
        """
        body: dict[str, Any] = as_object(self, REPLY)
        body["dsLichSuKCB2018"] = [as_object(visit, VISIT) for visit in self.visits]
        body["dsLichSuKT2018"] = [as_object(lookup, LOOKUP) for lookup in self.lookups]
        return compact(body)

    @classmethod
    def from_json(cls, value: Any) -> CardReply:
        """From parsed JSON. Raises `ValueError` when the value is no such answer.

        >>> CardReply.from_json({"MaKetQua": "000", "dsLichSuKCB2018": None}).visits
        ()
        """
        found = as_texts(value, REPLY) if isinstance(value, dict) else {"code": ""}
        if not found["code"]:
            raise ValueError("not an answer of the card look-up")
        return cls(
            **found,
            visits=tuple(Visit(**as_texts(row, VISIT)) for row in _rows(value, "dsLichSuKCB2018")),
            lookups=tuple(
                Lookup(**as_texts(row, LOOKUP)) for row in _rows(value, "dsLichSuKT2018")
            ),
        )

    @property
    def meaning(self) -> CardCode | None:
        """What the code means; None for one that no table knows."""
        return card_code(self.code)

    @property
    def card_to_use(self) -> str:
        """The card number that belongs into the record; empty when none can be used."""
        meaning = self.meaning
        if meaning is None or not meaning.usable:
            return ""
        return self.new_card if self.code == "003" and self.new_card else self.card

    def __repr__(self) -> str:
        return f"<CardReply {self.code[:3]} {len(self.visits)} visits>"


def _rows(value: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    found = value.get(name)
    return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []


QUESTION = wire_names(CardQuestion, "maThe", "hoTen", "ngaySinh", "hoTenCb", "cccdCb")
VISIT = wire_names(
    Visit,
    *("maHoSo", "maCSKCB", "ngayVao", "ngayRa", "tenBenh", "tinhTrang", "kqDieuTri", "lyDoVV"),
    *("TEMP1", "TEMP2", "TEMP3", "TEMP4", "TEMP5"),
)
LOOKUP = wire_names(Lookup, "userKT", "thoiGianKT", "thongBao", "maLoi")
REPLY = wire_names(
    CardReply,
    *("maKetQua", "ghiChu", "maThe", "hoTen", "ngaySinh", "gioiTinh", "diaChi", "maDKBD"),
    *("cqBHXH", "gtTheTu", "gtTheDen", "maKV", "ngayDu5Nam", "maSoBHXH", "maTheCu", "maTheMoi"),
    *("gtTheTuMoi", "gtTheDenMoi", "maDKBDMoi", "tenDKBDMoi"),
)
