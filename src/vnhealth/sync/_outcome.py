"""What became of a file and of its records: one vocabulary for all gateways."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from vnhealth.findings import CodeInfo, Finding, Findings, Severity, catalogue
from vnhealth.protocol.vss_notices import NoticeKind
from vnhealth.sync._codes import known_code, safe_code
from vnhealth.sync._mask import RawAnswer

__all__ = [
    "DayCount",
    "GatewayFinding",
    "Notice",
    "Outcome",
    "PersonHit",
    "RecordOutcome",
    "RecordPage",
    "Status",
]


class Status(StrEnum):
    """What a gateway made of a file or a record."""

    ACCEPTED = "accepted"
    ACCEPTED_WITH_WARNINGS = "accepted_with_warnings"
    DUPLICATE = "duplicate"
    """The very same file was received before; the earlier one counts."""
    REFUSED = "refused"
    PENDING = "pending"
    """Received and not judged yet."""
    UNKNOWN = "unknown"
    """It may have been received or not: ask before sending again."""
    MISSING = "missing"
    """The gateway does not hold it: the answer to a question, or a file of a batch that was
    left out for a passing reason."""
    NOT_SENT = "not_sent"
    """It certainly did not go out (a later file of several; `Outcome.cause` says why)."""
    REPLACED = "replaced"
    """A later file with the same MA_LK took its place."""
    CANCELLED = "cancelled"

    @property
    def received(self) -> bool:
        """True when the gateway holds it."""
        return self not in NOT_HELD and self is not Status.REFUSED

    @property
    def final(self) -> bool:
        """True when nothing more will come of itself."""
        return self not in NOT_HELD and self not in (Status.PENDING, Status.DUPLICATE)


NOT_HELD = frozenset({Status.UNKNOWN, Status.MISSING, Status.NOT_SENT})


ORDER = (
    Status.UNKNOWN,
    Status.MISSING,
    Status.NOT_SENT,
    Status.REFUSED,
    Status.PENDING,
    Status.ACCEPTED_WITH_WARNINGS,
    Status.ACCEPTED,
    Status.DUPLICATE,
    Status.CANCELLED,
    Status.REPLACED,
)
"""From the one that needs most attention to the one that needs least."""


def worst(statuses: Iterable[Status]) -> Status | None:
    """The status that needs most attention, or None when there is none."""
    return min(statuses, key=ORDER.index, default=None)


@dataclass(frozen=True, slots=True, repr=False)
class GatewayFinding(Finding):
    """A finding that a gateway reported.

    ``code`` is ours where the gateway uses a code of our catalogue, else SYNC-01 (error) or SYNC-02
    (warning); ``remote_code`` is always the gateway's. Its own words can quote the record, so they
    are shown only when values are asked for: ``finding.text("vi", values=True)``.
    """

    gateway: str = ""
    remote_code: str = ""
    remote_text: str = ""
    remote_hint: str = ""
    remote_basis: str = ""

    __hash__ = Finding.__hash__

    def text(self, lang: str = "vi", *, values: bool = False) -> str:
        """Masked: the text of the code. With values: the gateway's own words, as it wrote them."""
        if values and self.remote_text:
            return self.remote_text
        if self.code not in ("SYNC-01", "SYNC-02"):
            return Finding.text(self, lang, values=values)
        said = self.info.message(lang, {"remote_code": safe_code(self.gateway, self.remote_code)})
        known = known_code(self.gateway, self.remote_code)
        if known is None:
            return said
        meaning = known.meaning_en if lang == "en" else known.meaning_vi
        return f"{said.removesuffix('.')}: {meaning[:1].lower()}{meaning[1:]}."

    @property
    def info(self) -> CodeInfo:
        """The catalogue entry of the code."""
        return catalogue.info(self.code)


def gateway_finding(
    gateway: str,
    remote_code: str,
    severity: Severity,
    *,
    encounter: int | None = None,
    table: str | None = None,
    row: int | None = None,
    tag: str | None = None,
    text: str = "",
    hint: str = "",
    basis: str = "",
) -> GatewayFinding:
    """A finding under our code where we know the gateway's."""
    own = "SYNC-01" if severity is Severity.ERROR else "SYNC-02"
    return GatewayFinding(
        code=remote_code if remote_code in catalogue else own,
        severity=severity,
        encounter=encounter,
        table=table,
        row=row,
        tag=tag,
        gateway=gateway,
        remote_code=remote_code,
        remote_text=text,
        remote_hint=hint,
        remote_basis=basis,
    )


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class RecordOutcome:
    """One record (one MA_LK) as a gateway sees it. Times are aware, in Viet Nam time."""

    ma_lk: str | None
    status: Status
    facility: str = ""
    transaction: str | None = None
    received_at: dt.datetime | None = None
    judged_at: dt.datetime | None = None
    signature: str = ""
    findings: Findings = field(default_factory=Findings)

    def __repr__(self) -> str:
        return f"<RecordOutcome {self.status} {len(self.findings)} findings>"


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Notice:
    """Something that a gateway told of one record of its own accord; times are aware.

    ``answer_by`` is until when the record has to be corrected, None when nothing has to.
    ``transaction`` is that of the file it speaks of. Legal source: 12/2026/TT-BTC article 9.
    """

    kind: NoticeKind
    at: dt.datetime
    answer_by: dt.datetime | None = None
    ma_lk: str | None = None
    transaction: str | None = None
    facility: str = ""
    findings: Findings = field(default_factory=Findings)

    def __repr__(self) -> str:
        return f"<Notice {self.kind} {len(self.findings)} findings>"


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Outcome:
    """What a gateway made of one file; never derived from the HTTP status alone.

    ``code`` and ``message`` are the gateway's (the message can quote the record, so it is not part
    of the repr). ``transaction`` is maGiaoDich or tracking_id. ``records`` holds one entry per
    MA_LK once the gateway tells them apart; ``status`` is then the one that needs most attention.
    ``keys`` are the MA_LK of the file sent, ``digest`` the SHA-256 of its bytes, ``kind`` what
    the file is, ``call`` the name of the call it went by. ``cause`` says for ``unknown`` which
    error hid the answer, for ``not_sent`` which one kept the file here.
    """

    gateway: str
    status: Status
    call: str = ""
    kind: str = ""
    code: str = ""
    message: str = ""
    transaction: str | None = None
    received_at: dt.datetime | None = None
    judged_at: dt.datetime | None = None
    signature: str = ""
    facility: str = ""
    findings: Findings = field(default_factory=Findings)
    records: tuple[RecordOutcome, ...] = ()
    keys: tuple[str, ...] = ()
    digest: str = ""
    cause: str = ""
    attempts: int = 1
    raw: RawAnswer | None = None

    @property
    def received(self) -> bool:
        """True when the gateway holds the file (judged or not)."""
        return self.status.received

    @property
    def accepted(self) -> bool:
        """True when it was judged and accepted, with or without warnings."""
        return self.status in (Status.ACCEPTED, Status.ACCEPTED_WITH_WARNINGS)

    @property
    def refused(self) -> bool:
        """True when the file, or a record in it, has to be repaired."""
        return self.status is Status.REFUSED

    @property
    def final(self) -> bool:
        """True when nothing more will come of itself."""
        return self.status.final

    @property
    def warnings(self) -> Findings:
        """The findings that are warnings."""
        return Findings(f for f in self.findings if f.severity is Severity.WARNING)

    def __repr__(self) -> str:
        code = f" code={safe_code(self.gateway, self.code)}" if self.code else ""
        cause = f" cause={self.cause}" if self.cause else ""
        counts = f"{len(self.records)} records, {len(self.findings)} findings"
        return f"<Outcome {self.gateway} {self.status}{code}{cause} {counts}>"


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class RecordPage:
    """One page of a repository's list; ``total`` counts all pages, None when it was not said."""

    items: tuple[RecordOutcome, ...]
    page: int
    page_size: int
    total: int | None = None

    @property
    def last(self) -> bool:
        """True when no page follows."""
        if self.total is None:
            return len(self.items) < self.page_size
        return self.page * self.page_size >= self.total

    def __repr__(self) -> str:
        return f"<RecordPage {self.page} {len(self.items)} records>"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class PersonHit:
    """A person of a repository who is (match) or may be (review) the one asked for.

    ``code`` is the repository's own opaque code, ``rule`` the rung of the matching ladder.
    """

    code: str
    outcome: str
    rule: str
    records: int

    def __repr__(self) -> str:
        return f"<PersonHit {self.outcome} {self.records} records>"


@dataclass(frozen=True, slots=True, kw_only=True)
class DayCount:
    """Counts of one day of receipt, facility and kind (claim, checkin, deid) at a gateway.

    >>> day = DayCount(day=dt.date(2026, 8, 3), facility="01001", kind="claim", received=3, sent=2,
    ...                accepted=1, pending=1, replaced=1)
    >>> day.balanced
    True
    """

    day: dt.date
    facility: str
    kind: str
    received: int = 0
    sent: int = 0
    accepted: int = 0
    warned: int = 0
    refused: int = 0
    pending: int = 0
    replaced: int = 0
    cancelled: int = 0

    @property
    def balanced(self) -> bool:
        """Sent = accepted + refused + pending, and received = sent + replaced + cancelled."""
        return (
            self.sent == self.accepted + self.refused + self.pending
            and self.received == self.sent + self.replaced + self.cancelled
        )
