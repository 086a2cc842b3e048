"""What the insurer tells of its own accord: late sending, errors of fields, totals that differ.

Each notice stands from its own moment on, by the clock of the sandbox: at the limit that the law
sets (6, 24 and 48 hours after receipt) unless the settings say otherwise, and never before the
verdict it rests on. A record that was replaced before that moment is not told of.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from vnhealth.findings import Finding, Severity
from vnhealth.protocol import vss
from vnhealth.protocol.deadlines import deadlines
from vnhealth.protocol.vss_notices import NoticeKind, kind_of_code, notice_infos
from vnhealth.sandbox._amounts import ends
from vnhealth.sandbox._core import Core, restored
from vnhealth.sandbox._ledger import FIRST_DAY
from vnhealth.sandbox._model import Record, Submission
from vnhealth.sandbox._store import local_day

__all__ = ["Notice", "Notices"]


@dataclass(frozen=True, slots=True, repr=False)
class Notice:
    """One notice about one record; ``answer_by`` is None where nothing has to be corrected."""

    kind: NoticeKind
    at: dt.datetime
    submission: Submission
    record: Record
    findings: tuple[Finding, ...] = ()

    @property
    def answer_by(self) -> dt.datetime | None:
        """Until when the facility corrects the record (12/2026/TT-BTC article 9.3)."""
        return deadlines()["correction"].due(self.at) if self.findings else None

    def __repr__(self) -> str:
        return f"<Notice {self.kind} {self.submission.number}>"


class Notices:
    """The notices of the insurance gateway."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._ends: dict[str, Mapping[str, dt.datetime]] = {}

    def between(self, facility: str, since: dt.date, until: dt.date) -> list[Notice]:
        """Those given from one day to another (Viet Nam time), the earliest first."""
        self._core.ledger.settle_due(vss.GATEWAY, facility)
        now = self._core.clock.now()
        found = [
            notice
            for notice in self._all(facility, until)
            if notice.at <= now and since <= local_day(notice.at) <= until
        ]
        return sorted(found, key=lambda n: (n.at, n.submission.number, n.record.index))

    def _all(self, facility: str, until: dt.date) -> Iterator[Notice]:
        """Every notice that there will be about what was received until a day."""
        seen: set[tuple[str, str, str | None]] = set()
        for submission, record in list(
            self._core.ledger.store.listing(vss.GATEWAY, facility, FIRST_DAY, until)
        ):
            if submission.kind not in vss.CLAIM_KINDS:
                continue
            name = (submission.facility, submission.kind, record.key)
            first = name not in seen
            seen.add(name)
            yield from self._of(submission, record, first=first)

    def _of(self, submission: Submission, record: Record, *, first: bool) -> Iterator[Notice]:
        told: dict[NoticeKind, list[Finding]] = {}
        if first and self._late(submission, record):
            told[NoticeKind.LATE] = []
        for finding in restored(record.findings):
            if finding.severity is Severity.ERROR:
                told.setdefault(kind_of_code(finding.code), []).append(finding)
        for kind, findings in told.items():
            at = self._moment(kind, submission)
            if not self._replaced_before(record, at):
                yield Notice(kind, at, submission, record, tuple(findings))

    def _late(self, submission: Submission, record: Record) -> bool:
        """True when a record first came after the day on which it had to (48/2017/TT-BYT)."""
        known = self._ends.get(submission.digest)
        if known is None:
            body = self._core.ledger.store.body(submission.number)
            known = self._ends[submission.digest] = ends(body)
        ended = known.get(record.key or "")
        return ended is not None and submission.received > deadlines()["claim_at_once"].due(ended)

    def _moment(self, kind: NoticeKind, submission: Submission) -> dt.datetime:
        after = self._core.settings.notices.get(kind)
        if after is None:
            at = notice_infos()[kind].limit.due(submission.received)
        else:
            at = submission.received + after
        return at if kind is NoticeKind.LATE else max(at, submission.due)

    def _replaced_before(self, record: Record, at: dt.datetime) -> bool:
        if record.replaced_by is None:
            return False
        return self._core.ledger.store.numbered(record.replaced_by).received <= at
