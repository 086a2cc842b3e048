"""Who the accepted records of a repository are about: one person code over all facilities.

vnhealth-defined. Built on `vnhealth.identity.person_index`; the index lives in memory and is made
again from the stored files after a restart. It is as sensitive as the records themselves, so only
opaque codes and reasons leave it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from heapq import heappop, heappush
from typing import Any

from vnhealth.codecs import read
from vnhealth.errors import CodecError
from vnhealth.identity.matching import Scope
from vnhealth.identity.person_index import PersonIndex
from vnhealth.identity.person_record import PersonRecord
from vnhealth.records import Record
from vnhealth.sandbox._model import Record as Kept
from vnhealth.sandbox._model import State, Submission
from vnhealth.sandbox._store import Store

__all__ = ["SCOPES", "Persons", "person_of"]

SCOPES = {"province": Scope.PROVINCE, "national": Scope.NATION}
"""The gateways that keep an index, with the scope in which they may call two records one person."""

_ACCEPTED = (State.ACCEPTED, State.WARNED)
_TAGS = ("HO_TEN", "NGAY_SINH", "GIOI_TINH", "SO_CCCD", "DIEN_THOAI", "MAXA_CU_TRU")


def person_of(row: Record | Mapping[str, Any]) -> PersonRecord:
    """What XML1, or the fields of a question, say of a person; the card gives the BHXH code."""
    text = row.text if isinstance(row, Record) else lambda tag: str(row.get(tag) or "")
    columns = {tag: text(tag) for tag in _TAGS}
    card = text("MA_THE_BHYT").split(";")[0].strip()
    if len(card) in (10, 15):
        columns["MA_BHXH"] = card[-10:]
    return PersonRecord.from_row(columns)


class Persons:
    """The persons of one repository, brought up to date whenever somebody asks."""

    def __init__(self, store: Store, gateway: str) -> None:
        self._store = store
        self._gateway = gateway
        self._scope = SCOPES[gateway]
        self._index = PersonIndex.open()
        self._seen = 0
        """The last submission that was looked at."""
        self._waiting: list[tuple[dt.datetime, int]] = []
        """A heap of earlier ones that had no verdict then, by the moment it is due."""
        self._known: dict[str, int] = {}

    def who_is(self, record: PersonRecord, now: dt.datetime) -> list[dict[str, Any]]:
        """Matches and doubtful ones, best first: code, outcome, rule, number of records.

        Everything due by ``now`` must have been judged.
        """
        self._catch_up(now)
        return [
            {
                "ma_nguoi": found.code,
                "ket_qua": found.decision.outcome,
                "quy_tac": found.decision.rule,
                "so_ho_so": self._known.get(found.code, 0),
            }
            for found in self._index.who_is(record, self._scope)
        ]

    def _catch_up(self, now: dt.datetime) -> None:
        ready = []
        while self._waiting and self._waiting[0][0] <= now:
            ready.append(heappop(self._waiting)[1])
        for number in ready:
            submission = self._store.numbered(number)
            for record in self._store.records(number):
                self._look(submission, record)
        for submission, record in self._store.after(self._seen, self._gateway):
            self._look(submission, record)

    def _look(self, submission: Submission, record: Kept) -> None:
        """Take in whom an accepted record is about; a submission without verdict waits."""
        self._seen = max(self._seen, submission.number)
        if not submission.settled:
            if record.index == 0:
                heappush(self._waiting, (submission.due, submission.number))
        elif submission.kind == "claim" and record.state in _ACCEPTED:
            for row in self._rows(submission.number, record.key):
                self._take(person_of(row))

    def _rows(self, number: int, key: str | None) -> Iterable[Record]:
        try:
            claims = read(self._store.body(number)).claims
        except CodecError:
            return
        for claim in claims:
            if claim.ma_lk == key and claim.xml1 is not None:
                yield claim.xml1

    def _take(self, person: PersonRecord) -> None:
        found = self._index.who_is(person, self._scope)
        same = next((c.code for c in found if c.decision.outcome == "match"), None)
        if same is None:
            same = f"P{len(self._known) + 1:08d}"
            self._index.add(same, person)
        self._known[same] = self._known.get(same, 0) + 1
