"""What is staged at a pharmacy: prescriptions that lie at the system, and what is sold."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

from vnhealth.conformance._stage import Send, Stage, Staged, Writer
from vnhealth.conformance._stage_rx import GATEWAY, prescription_of, with_medicines
from vnhealth.localtime import ICT
from vnhealth.protocol import donthuoc, gateway

if TYPE_CHECKING:
    from vnhealth.sandbox import Exchange

__all__ = ["PharmacyStage", "sent_by_doctor"]

STALE = dt.timedelta(days=donthuoc.VALID_DAYS + 5)
SHOP = {
    "id": "CSCU-MAU-01",
    "name": "Nhà thuốc Mẫu số 1",
    "phone": "0900000001",
    "address": "Phường Mẫu Hai",
}
UNKNOWN = "zz9zz9z-c"
"""End of a code that nobody made."""

Message = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class PharmacyStage(Stage):
    """Prescriptions that lie at the system: looked up, then sold from, one for each of
    ``encounters``.

    ``split`` sells the first in two halves; ``amended`` reports the last sale again with half of
    it, under its invoice; ``hopeless`` asks for an unknown one, a replaced one and one that is out
    of date, which must not be sold.
    """

    gateways: tuple[str, ...] = (GATEWAY,)
    split: bool = False
    amended: bool = False
    hopeless: bool = False

    replaced_by_itself: ClassVar[tuple[str, ...]] = ("sale",)

    def laid_out(self, seed: int) -> Staged:
        """Tasks ``find`` and ``sell``."""
        writer = Writer()
        claims = tuple(with_medicines(self, seed))
        facts = [prescription_of(claim, index) for index, claim in enumerate(claims)]
        good = [_message(one, f"mau000{index}") for index, one in enumerate(facts)]
        for index, message in enumerate(good):
            self._find(writer, message["ma_don_thuoc"])
            halves = 2 if self.split and index == 0 else 1
            for half in range(halves):
                self._sell(writer, message, f"HD{index}-{half}", halves)
        if self.amended:
            self._sell(writer, good[-1], f"HD{len(good) - 1}-0", 2, version=2)
        bad = _hopeless(facts[0]) if self.hopeless else []
        for message in bad[:2]:
            self._find(writer, message["ma_don_thuoc"])
            self._task(writer, message, "HDX", 1)
        if self.hopeless:
            unknown = {**good[0], "ma_don_thuoc": self.facilities[0] + UNKNOWN}
            self._find(writer, unknown["ma_don_thuoc"])
            self._task(writer, unknown, "HDX", 1)
        start = dt.datetime.combine(self.day, self.start, ICT)
        tasks, sends = tuple(writer.tasks), tuple(writer.sends)
        return Staged(self, start, tasks, sends, claims, (*good, *bad))

    def _find(self, writer: Writer, code: str) -> None:
        writer.task("find", facility=self.facilities[0], code=code)

    def _task(self, writer: Writer, message: Message, invoice: str, parts: int) -> str:
        medicines = [
            {
                "prescribed": medicine["ma_thuoc"],
                "code": medicine["ma_thuoc"],
                "name": medicine["ten_thuoc"],
                "unit": medicine["don_vi_tinh"],
                "amount": f"{Decimal(medicine['so_luong']) / parts:f}",
            }
            for medicine in message["thong_tin_don_thuoc"]
        ]
        return writer.task(
            "sell",
            facility=self.facilities[0],
            code=message["ma_don_thuoc"],
            invoice=invoice,
            shop=SHOP,
            medicines=medicines,
        )

    def _sell(
        self, writer: Writer, message: Message, invoice: str, parts: int, version: int = 1
    ) -> None:
        number = self._task(writer, message, invoice, parts)
        key = f"{message['ma_don_thuoc']}/{invoice}"
        facility = self.facilities[0]
        writer.sends.append(Send(number, GATEWAY, "sale", facility, key, version, "", {}))

    def prepare(self, staged: Staged, exchange: Exchange) -> None:
        """The doctor sends what the pharmacy is to find."""
        for message in staged.lying:
            sent_by_doctor(exchange, self.facilities[0], message)


def _message(facts: dict[str, Any], middle: str, **changes: str) -> Message:
    from vnhealth.conformance.clients._prescriber import prescription_message

    facts = {**facts, "kind": "ordinary"} | changes
    code = f"{facts['facility']}{middle}-c"
    return prescription_message(facts, code, changes.get("replaces", ""))


def _hopeless(facts: dict[str, Any]) -> list[Message]:
    """One that is out of date, one that was replaced, and what took its place."""
    written = dt.datetime.fromisoformat(facts["written_at"])
    old = _message(facts, "mau0old")
    return [
        _message(facts, "mausta1", written_at=(written - STALE).isoformat()),
        old,
        _message(facts, "mau0new", replaces=old["ma_don_thuoc"]),
    ]


def sent_by_doctor(exchange: Exchange, facility: str, message: Message) -> None:
    """A prescription sent straight into a sandbox, under a session of the facility's doctor."""
    from vnhealth.sandbox import Request

    system = gateway(GATEWAY)
    doctor = exchange.credentials(facility, GATEWAY, username=f"BS{facility}")

    def asked(call: str, value: Message, headers: dict[str, str]) -> Message:
        path = system.prefix + system.endpoint(call).path
        body = json.dumps(value, ensure_ascii=False).encode()
        answer = exchange.handle(Request("POST", path, headers, "", body))
        assert answer.status == 200, call
        found: Message = json.loads(answer.body)
        return found

    login = {
        "ma_lien_thong_bac_si": doctor.username,
        "password": doctor.password,
        "ma_lien_thong_co_so_kham_chua_benh": facility,
    }
    token = asked("login_doctor", login, {})["token"]
    asked("submit", message, {"Authorization": f"Bearer {token}"})
