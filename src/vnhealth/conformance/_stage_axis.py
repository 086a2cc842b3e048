"""What is staged for the ministry's data axis: people who had a health check."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from vnhealth.conformance._stage import Send, Stage, Staged, Writer
from vnhealth.conformance._stage_rx import born_of
from vnhealth.localtime import ICT
from vnhealth.protocol.health_check import facility_number
from vnhealth.records import Claim

__all__ = ["GATEWAY", "AxisStage"]

GATEWAY = "emrhub"
KIND = "health_check"


@dataclass(frozen=True, slots=True, kw_only=True)
class AxisStage(Stage):
    """A health check for each of ``encounters`` people; ``repeated`` adds one for the first again.

    The axis refuses an identity number that had an examination within six months: the repeated one
    has to be known as refused.
    """

    gateways: tuple[str, ...] = (GATEWAY,)
    repeated: bool = False

    def laid_out(self, seed: int) -> Staged:
        """Tasks ``push``."""
        writer = Writer()
        claims = tuple(_people(self, seed))
        for claim in claims:
            _push(writer, claim, "")
        if self.repeated:
            _push(writer, claims[0], "-2")
        start = dt.datetime.combine(self.day, self.start, ICT)
        return Staged(self, start, tuple(writer.tasks), tuple(writer.sends), claims)


def _people(stage: Stage, seed: int) -> Iterator[Claim]:
    """Visits of different people whose identity number and day of birth are known."""
    people: dict[str, Claim] = {}
    for claim in stage.invented(seed):
        x1 = claim.xml1
        assert x1 is not None
        if x1.text("SO_CCCD") and x1.text("MAXA_CU_TRU") and born_of(claim):
            people.setdefault(x1.text("SO_CCCD"), claim)
        if len(people) == stage.encounters:
            break
    return iter(people.values())


def _push(writer: Writer, claim: Claim, again: str) -> None:
    x1 = claim.xml1
    assert x1 is not None
    sender, key = facility_number(x1.text("MA_CSKCB")), f"KSK{x1.text('MA_LK')}{again}"
    born = dt.date.fromisoformat(born_of(claim))
    person = {
        "MA_LK": key,
        "HO_TEN": x1.text("HO_TEN"),
        "NGAY_SINH": f"{born:%d%m%Y}",
        "GIOI_TINH": x1.text("GIOI_TINH"),
        "MATINH_CU_TRU": x1.text("MATINH_CU_TRU"),
        "MAXA_CU_TRU": x1.text("MAXA_CU_TRU"),
        "SO_CCCD": x1.text("SO_CCCD"),
    }
    number = writer.task("push", facility=sender, ma_lk=key, person=person)
    refused = bool(again)
    writer.sends.append(Send(number, GATEWAY, KIND, sender, key, 1, "", {}, refused))
