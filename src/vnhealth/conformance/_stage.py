"""What a scenario puts before a client: patients, events, accounts, and how the gateway behaves."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar

from vnhealth import synth
from vnhealth.localtime import ICT, LocalTime
from vnhealth.records import Claim, Record
from vnhealth.spec import Edition, edition_at
from vnhealth.spec import table as spec_table

if TYPE_CHECKING:
    from vnhealth.sandbox import Exchange

__all__ = [
    "DAY",
    "MARKED_TEXT",
    "SEARCHED",
    "Kill",
    "Rows",
    "Send",
    "Stage",
    "Staged",
    "Strike",
    "Writer",
    "batch",
    "checkins",
    "claims_of",
    "refused_pair",
    "renamed",
    "staged",
    "tables_of",
]

DAY = dt.date(2026, 8, 3)
EVENING = dt.time(18, 0)
SEARCHED = 160
"""How many invented encounters are looked through for one that has a table."""
MARKED_TEXT = 'Đau < 3 ngày & sốt > 38,5 độ; người nhà kể "mệt"'
"""A text with every character that has to be escaped."""

LOOKED_UP = ("000", "050", "060")
"""Answers of the card register that are staged: right, no such card, another name."""

Rows = list[dict[str, str]]


@dataclass(frozen=True, slots=True)
class Strike:
    """A fault of the sandbox's plan: which (F01 to F20), at which calls, at which of them."""

    fault: str
    on: str = "vss.*"
    nth: tuple[int, ...] = (1,)
    variant: str = ""
    times: int = 0


@dataclass(frozen=True, slots=True)
class Kill:
    """The client is killed at its ``nth`` call (of this name, when given).

    ``answered`` says when: before the call reaches the gateway, or after it was handled.
    """

    nth: int
    call: str = ""
    answered: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What is staged. ``tables`` asks for one encounter each that has such a table.

    ``refused`` adds an encounter with an error that the gateway finds, and its correction;
    ``paid`` the later completion of a payment; ``withdrawn`` a cancellation and its undoing at the
    provincial repository; ``deid`` the de-identified feed; ``lookups`` asks about cards at the
    register before the first check-in; ``axis``
    sends the claims to the axis of Hà Nội, several in one call.
    """

    people: tuple[str, ...] = ()
    encounters: int = 0
    tables: tuple[str, ...] = ()
    facilities: tuple[str, ...] = ("01991",)
    day: dt.date = DAY
    gateways: tuple[str, ...] = ("vss",)
    refused: bool = False
    paid: bool = False
    withdrawn: bool = False
    deid: bool = False
    lookups: bool = False
    axis: bool = False
    reconcile: bool = True
    verdict_delay_s: int = 300
    token_s: int = 3600
    skew_s: int = 0
    start: dt.time = EVENING
    strikes: tuple[Strike, ...] = ()
    kills: tuple[Kill, ...] = ()

    told_apart_by_content: ClassVar[tuple[str, ...]] = ()
    """Kinds of files whose key at the gateway is made by the client: `key_of` tells them apart."""

    replaced_by_itself: ClassVar[tuple[str, ...]] = ()
    """Kinds of files that may arrive twice: under the same key the later takes the place."""

    def invented(self, seed: int, *, facility: str = "", day: dt.date | None = None) -> synth.Day:
        """Visits of a facility (the first one) on a day (that of the stage), to choose from."""
        at = day or self.day
        return synth.Day(
            encounters=SEARCHED,
            edition=edition_at(at),
            seed=seed,
            facility=facility or self.facilities[0],
            day=at,
        )

    def laid_out(self, seed: int) -> Staged:
        """The tasks and what has to come of them; another sort of stage does it in its own way."""
        return _day(self, seed)

    def key_of(self, body: bytes) -> str:
        """Which staged record a file of those kinds is about."""
        raise NotImplementedError

    def prepare(self, staged: Staged, exchange: Exchange) -> None:
        """Bring what lies at the gateway there before the client begins."""


@dataclass(frozen=True, slots=True)
class Send:
    """One file that has to arrive: where, what, which version of its record (from 1)."""

    task: str
    gateway: str
    kind: str
    facility: str
    ma_lk: str
    version: int
    edition: str
    tables: Mapping[str, Rows] = field(repr=False)
    refused: bool = False


@dataclass(frozen=True, slots=True)
class Staged:
    """The tasks of a work order and what has to come of them.

    ``lying`` are messages that lie at the gateway before the client begins.
    """

    stage: Stage
    start: dt.datetime
    tasks: tuple[dict[str, Any], ...]
    sends: tuple[Send, ...]
    claims: tuple[Claim, ...]
    lying: tuple[dict[str, Any], ...] = field(default=(), repr=False)


class Writer:
    """Collects tasks and sends; numbers tasks and versions."""

    def __init__(self) -> None:
        self.tasks: list[dict[str, Any]] = []
        self.sends: list[Send] = []
        self._versions: dict[tuple[str, str, str], int] = {}

    def task(self, task: str, **facts: Any) -> str:
        number = f"t{len(self.tasks) + 1:03d}"
        self.tasks.append({"id": number, "task": task, **facts})
        return number

    def file(
        self,
        task: str,
        claim: Claim,
        tables: Mapping[str, Rows],
        *,
        kind: str,
        gateway: str = "vss",
        refused: bool = False,
        **more: Any,
    ) -> None:
        x1 = claim.xml1
        assert x1 is not None
        lk, facility = str(x1.ma_lk), str(x1.ma_cskcb)
        if task == "store":
            more["gateway"] = gateway
        number = self.task(task, ma_lk=lk, facility=facility, tables=dict(tables), **more)
        place = (gateway, kind, lk)
        self._versions[place] = version = self._versions.get(place, 0) + 1
        self.sends.append(
            Send(number, gateway, kind, facility, lk, version, _edition(claim), tables, refused)
        )

    def batch(self, task: str, claims: tuple[Claim, ...], *, gateway: str, kind: str) -> None:
        """One task with several claims of one facility, each with an id of its own."""
        files = []
        for index, claim in enumerate(claims):
            x1 = claim.xml1
            assert x1 is not None
            lk, tables = str(x1.ma_lk), tables_of(claim)
            number = f"b{index + 1:02d}"
            files.append({"id": number, "ma_lk": lk, "tables": tables})
            facility = str(x1.ma_cskcb)
            self.sends.append(Send(number, gateway, kind, facility, lk, 1, _edition(claim), tables))
        self.task(task, facility=facility, files=files)


def _edition(claim: Claim) -> str:
    ended = claim.ended_on
    assert ended is not None
    return edition_at(ended).value


def _row(edition: str, row: Record) -> dict[str, str]:
    return {tag: row.text(tag) for tag in _tags(edition, row.TABLE)}


@cache
def _tags(edition: str, table: str) -> tuple[str, ...]:
    return spec_table(Edition.parse(edition), table).tags


def tables_of(claim: Claim) -> dict[str, Rows]:
    """The rows of a claim as texts by tag, in the order of the standard."""
    edition = _edition(claim)
    return {
        name: [_row(edition, row) for row in rows] for name, rows in claim.tables.items() if rows
    }


@cache
def staged(stage: Stage, seed: int) -> Staged:
    """The tasks of a stage; the same for the same seed."""
    return stage.laid_out(seed)


def _day(stage: Stage, seed: int) -> Staged:
    claims = tuple(claims_of(stage, seed))
    writer = Writer()
    if stage.lookups:
        _lookups(writer, stage, claims[0])
    if "vss" in stage.gateways:
        for claim in claims:
            checkins(writer, claim)
        for claim in claims:
            writer.file("claim", claim, tables_of(claim), kind="claim")
    if stage.refused:
        wrong, right = refused_pair(stage, seed)
        checkins(writer, right)
        writer.file("claim", wrong, tables_of(wrong), kind="claim", refused=True)
        writer.task("settle")
        why = "Sửa theo lỗi cổng trả về"
        writer.file("correct", right, tables_of(right), kind="claim", reason=why)
    if stage.paid:
        writer.task("settle")
        paid = _paid(claims[0])
        writer.file("correct", paid, tables_of(paid), kind="claim", reason="Bổ sung NGAY_TTOAN")
    if "province" in stage.gateways:
        _province(writer, stage, claims)
    if stage.axis:
        writer.batch("axis", claims, gateway="hanoi", kind="claim")
    if stage.deid:
        writer.task("deid", ma_lk=[str(c.ma_lk) for c in claims], facility=stage.facilities[0])
    writer.task("settle")
    if stage.reconcile:
        for facility in stage.facilities:
            writer.task("reconcile", facility=facility, day=stage.day.isoformat())
    start = dt.datetime.combine(stage.day, stage.start, ICT)
    return Staged(stage, start, tuple(writer.tasks), tuple(writer.sends), claims)


def renamed(staged: Staged, names: Mapping[str, str]) -> Staged:
    """The same visits under other MA_LK: those that a hospital system gave them by itself."""

    def row(cells: dict[str, str]) -> dict[str, str]:
        old = cells.get("MA_LK", "")
        return {**cells, "MA_LK": names.get(old, old)} if "MA_LK" in cells else cells

    def tables(found: Mapping[str, Rows]) -> dict[str, Rows]:
        return {name: [row(cells) for cells in rows] for name, rows in found.items()}

    def task(known: dict[str, Any]) -> dict[str, Any]:
        found = dict(known)
        lk = found.get("ma_lk")
        if isinstance(lk, list):
            found["ma_lk"] = [names.get(one, one) for one in lk]
        elif lk is not None:
            found["ma_lk"] = names.get(lk, lk)
        if "tables" in found:
            found["tables"] = tables(found["tables"])
        if "files" in found:
            found["files"] = [task(file) for file in found["files"]]
        return found

    return replace(
        staged,
        tasks=tuple(task(known) for known in staged.tasks),
        sends=tuple(
            replace(s, ma_lk=names.get(s.ma_lk, s.ma_lk), tables=tables(s.tables))
            for s in staged.sends
        ),
    )


def batch(stage: Stage, seed: int, first: int, count: int) -> Staged:
    """A part of a long night: encounters ``first`` to ``first + count`` of a day, kept nowhere."""
    day = synth.Day(
        encounters=first + count,
        edition=edition_at(stage.day),
        seed=seed,
        facility=stage.facilities[0],
        day=stage.day,
    )
    writer = Writer()
    for index in range(first, first + count):
        claim = day[index]
        checkins(writer, claim)
        writer.file("claim", claim, tables_of(claim), kind="claim")
    writer.task("settle")
    start = dt.datetime.combine(stage.day, stage.start, ICT)
    return Staged(stage, start, tuple(writer.tasks), tuple(writer.sends), ())


def checkins(writer: Writer, claim: Claim) -> None:
    """The check-ins of a visit."""
    edition = _edition(claim)
    for row in synth.checkin(claim, edition=edition):
        tables = {"XML0": [{**_row(edition, row), "STT": "1"}]}
        writer.file("checkin", claim, tables, kind="checkin")


def _lookups(writer: Writer, stage: Stage, claim: Claim) -> None:
    """Cards whose last digits are the answer that the sandbox gives."""
    x1 = claim.xml1
    assert x1 is not None
    born = str(x1.ngay_sinh.text)
    whole = "00" not in (born[4:6], born[6:8])
    for code in LOOKED_UP:
        writer.task(
            "lookup",
            facility=stage.facilities[0],
            card=f"9999999{code}",
            name=str(x1.ho_ten),
            birth_date=f"{born[6:8]}/{born[4:6]}/{born[:4]}" if whole else born[:4],
            officer="Trần Văn Tra Cứu",
            officer_id="001090990001",
        )


def _province(writer: Writer, stage: Stage, claims: tuple[Claim, ...]) -> None:
    for claim in claims:
        writer.file("store", claim, tables_of(claim), kind="claim", gateway="province")
    if stage.withdrawn:
        x1 = claims[0].xml1
        assert x1 is not None
        who = {"ma_lk": str(x1.ma_lk), "facility": str(x1.ma_cskcb)}
        writer.task("settle")
        writer.task("cancel", **who, reason="Gửi nhầm", request_id="HUY-0001")
        writer.task("restore", **who, reason="Huỷ nhầm", request_id="KP-0001")


def claims_of(stage: Stage, seed: int) -> Iterator[Claim]:
    """The visits of a stage: its people, its encounters, those that have its tables."""
    edition = edition_at(stage.day)
    for facility in stage.facilities:
        for key in stage.people:
            persona = synth.persona(key)
            yield persona.claim(edition=edition, facility=facility, day=stage.day, seed=seed)
        day = stage.invented(seed, facility=facility)
        for index in range(stage.encounters):
            yield _marked(day[index]) if index == 0 else day[index]
        for name in stage.tables:
            yield next(claim for claim in day if claim.rows(name))


def _marked(claim: Claim) -> Claim:
    x1 = claim.xml1
    assert x1 is not None
    return claim.replace(xml1=x1.replace(ghi_chu=MARKED_TEXT))


def refused_pair(stage: Stage, seed: int) -> tuple[Claim, Claim]:
    """An encounter with a sex code outside the list, and the same as it should be."""
    right = stage.invented(seed)[SEARCHED - 1]
    x1 = right.xml1
    assert x1 is not None
    return right.replace(xml1=x1.replace(gioi_tinh="7")), right


def _paid(claim: Claim) -> Claim:
    x1 = claim.xml1
    assert x1 is not None
    assert isinstance(x1.ngay_ra, LocalTime)
    return claim.replace(xml1=x1.replace(ngay_ttoan=x1.ngay_ra))
