"""What is staged at a doctor's desk for the national e-prescription system."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar

from vnhealth import synth
from vnhealth.conformance._stage import MARKED_TEXT, Send, Stage, Staged, Writer
from vnhealth.localtime import ICT
from vnhealth.protocol import donthuoc
from vnhealth.records import Claim
from vnhealth.spec import edition_at

__all__ = [
    "GATEWAY",
    "LETTERS",
    "PrescriptionStage",
    "born_of",
    "message_of",
    "prescription_of",
    "with_medicines",
]

GATEWAY = donthuoc.GATEWAY
LETTERS = {"ordinary": "c", "psychotropic": "h", "narcotic": "n", "traditional": "y"}
"""Kinds of prescriptions in the words of a work order, and what they are called on the wire."""
KINDS = ("ordinary", "psychotropic", "ordinary", "narcotic", "traditional")
"""Kinds of the staged prescriptions, in turn."""
GUARDIAN = "Trần Văn Giám Hộ"
GUARDED_YEARS = 6
"""Children below 72 months have a guardian."""
COURSE = "Uống đủ ngày, dùng thêm theo lời dặn"

Facts = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class PrescriptionStage(Stage):
    """Prescriptions to be sent: one for each of ``people`` and ``encounters``.

    ``replaced`` adds a correction of the first one; ``guest`` a doctor of the last facility who is
    linked to the first, writes the last prescription there and is unlinked.
    """

    gateways: tuple[str, ...] = (GATEWAY,)
    replaced: bool = False
    guest: bool = False

    told_apart_by_content: ClassVar[tuple[str, ...]] = ("prescription",)

    def laid_out(self, seed: int) -> Staged:
        """Tasks ``prescribe``, ``replace``, ``link_doctor`` and ``unlink_doctor``."""
        writer = Writer()
        claims = tuple(with_medicines(self, seed))
        visitor = {"facility": self.facilities[0], "doctor": f"BS{self.facilities[-1]}"}
        if self.guest:
            writer.task("link_doctor", **visitor)
        facts = [prescription_of(claim, index) for index, claim in enumerate(claims)]
        if self.guest:
            facts[-1] |= visitor
        numbers = [_send(writer, "prescribe", one) for one in facts]
        if self.replaced:
            _send(writer, "replace", {**_corrected(facts[0]), "replaces": numbers[0]}, version=2)
        if self.guest:
            writer.task("unlink_doctor", **visitor)
        start = dt.datetime.combine(self.day, self.start, ICT)
        return Staged(self, start, tuple(writer.tasks), tuple(writer.sends), claims)

    def key_of(self, body: bytes) -> str:
        """The health id of the patient: the code is of the client's making."""
        return str(message_of(body).get("ma_dinh_danh_y_te", ""))


def message_of(body: bytes) -> dict[str, Any]:
    """A body as the JSON object that it should be; an empty one when it is none."""
    try:
        value = json.loads(body)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _send(writer: Writer, task: str, facts: Facts, version: int = 1) -> str:
    number = writer.task(task, **facts)
    key = facts["patient"]["id"]
    send = Send(number, GATEWAY, "prescription", facts["facility"], key, version, "", {})
    writer.sends.append(send)
    return number


def with_medicines(stage: Stage, seed: int) -> Iterator[Claim]:
    """The people of a stage and as many encounters of its day that have medicines."""
    edition, facility = edition_at(stage.day), stage.facilities[0]
    for key in stage.people:
        persona = synth.persona(key)
        yield persona.claim(edition=edition, facility=facility, day=stage.day, seed=seed)
    fit = (claim for claim in stage.invented(seed) if _medicines(claim) and born_of(claim))
    yield from (claim for _, claim in zip(range(stage.encounters), fit, strict=False))


def born_of(claim: Claim) -> str:
    """The day of birth (ISO); empty when only a year is known."""
    text = _text(claim, "NGAY_SINH")
    return "" if "00" in (text[4:6], text[6:8]) else f"{text[:4]}-{text[4:6]}-{text[6:8]}"


def _text(claim: Claim, tag: str) -> str:
    x1 = claim.xml1
    assert x1 is not None
    return str(x1.text(tag))


def prescription_of(claim: Claim, index: int) -> Facts:
    """A prescription in the words of a hospital system: codes are those of the claim tables."""
    written = dt.datetime.strptime(_text(claim, "NGAY_RA"), "%Y%m%d%H%M").replace(tzinfo=ICT)
    facility = _text(claim, "MA_CSKCB")
    return {
        "facility": facility,
        "doctor": f"BS{facility}",
        "kind": KINDS[index % len(KINDS)],
        "written_at": written.isoformat(),
        "patient": _patient(claim, written),
        "diagnoses": [
            {"code": _text(claim, "MA_BENH_CHINH"), "name": _text(claim, "CHAN_DOAN_RV")}
        ],
        "medicines": _medicines(claim),
        "advice": MARKED_TEXT,
    }


def _patient(claim: Claim, written: dt.datetime) -> dict[str, str]:
    born = dt.date.fromisoformat(born_of(claim))
    before_birthday = (written.month, written.day) < (born.month, born.day)
    child = written.year - born.year - before_birthday < GUARDED_YEARS
    return {
        "id": _text(claim, "MA_BN"),
        "name": _text(claim, "HO_TEN"),
        "birth_date": born.isoformat(),
        "sex": _text(claim, "GIOI_TINH"),
        "address": _text(claim, "DIA_CHI"),
        "phone": _text(claim, "DIEN_THOAI"),
        "citizen_id": _text(claim, "SO_CCCD"),
        "insurance_card": _text(claim, "MA_THE_BHYT").split(";")[0],
        "weight": _text(claim, "CAN_NANG"),
        "guardian": GUARDIAN if child else "",
    }


def _medicines(claim: Claim) -> list[dict[str, str]]:
    """One line for each medicine that has a code, however many days it was given on."""
    rows = [row for row in claim.rows("XML2") if row.text("MA_THUOC")]
    amounts: dict[str, Decimal] = {}
    for row in rows:
        code = row.text("MA_THUOC")
        amounts[code] = amounts.get(code, Decimal(0)) + Decimal(row.text("SO_LUONG"))
    firsts = {row.text("MA_THUOC"): row for row in reversed(rows)}
    return [
        {
            "code": code,
            "name": firsts[code].text("TEN_THUOC"),
            "unit": firsts[code].text("DON_VI_TINH"),
            "amount": f"{amount.normalize():f}",
            "usage": firsts[code].text("CACH_DUNG") or firsts[code].text("LIEU_DUNG"),
        }
        for code, amount in amounts.items()
    ]


def _corrected(facts: Facts) -> Facts:
    """The same a quarter of an hour later, with another advice."""
    later = dt.datetime.fromisoformat(facts["written_at"]) + dt.timedelta(minutes=15)
    return {**facts, "written_at": later.isoformat(), "advice": COURSE}
