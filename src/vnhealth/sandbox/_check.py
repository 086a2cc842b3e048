"""The verdict on a file: read it, check it, verify its signature.

A checker is a callable, so that another one can be injected. The default uses `vnhealth.codecs`,
`vnhealth.rules` and `vnhealth.signing`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from vnhealth.errors import CodecError, VnHealthError
from vnhealth.findings import Finding, Findings, Severity, catalogue
from vnhealth.sandbox._model import State

if TYPE_CHECKING:
    from vnhealth.records import Claim, Document
    from vnhealth.signing import SignatureReport, TrustStore

__all__ = ["Checked", "Checker", "File", "RecordVerdict", "check_file", "marked", "state_of"]

SIGNATURE_POLICIES = ("off", "warn", "require")


@dataclass(frozen=True, slots=True, repr=False)
class File:
    """What a checker is given. ``at`` is the moment of the verdict, in virtual time.

    ``signatures`` is off, warn or require. ``edition`` is that of the path (may be empty).
    """

    body: bytes
    kind: str
    facility: str
    edition: str
    at: dt.datetime
    trust: TrustStore | None
    signatures: str

    def __repr__(self) -> str:
        return f"<File {self.kind} {len(self.body)} bytes>"


@dataclass(frozen=True, slots=True, repr=False)
class RecordVerdict:
    """The findings of one record. ``key`` is its MA_LK, None for the file as a whole."""

    key: str | None
    findings: Findings


@dataclass(frozen=True, slots=True, repr=False)
class Checked:
    """What a checker says: findings of the file, of each record, and the signature's status."""

    whole: Findings = field(default_factory=Findings)
    records: tuple[RecordVerdict, ...] = ()
    signature: str = ""


Checker = Callable[[File], Checked]


def state_of(findings: Iterable[Finding]) -> State:
    """Refused with an error, warned with a warning, else accepted."""
    worst = max((f.severity.rank for f in findings), default=0)
    return (State.ACCEPTED, State.WARNED, State.REFUSED)[worst]


def own(code: str, **params: str) -> Finding:
    """A finding of this layer with the severity of its catalogue entry."""
    return Finding(code, Severity(catalogue.info(code).severity), params=params)


def marked(checked: Checked, marks: Iterable[str]) -> Checked:
    """A verdict as the fault plan changes it: ``F14``, or ``F15:expired`` with the reason."""
    found = []
    for mark in marks:
        fault, _, reason = mark.partition(":")
        found.append(own(f"SBX-{fault}", **({"reason": reason} if reason else {})))
    return replace(checked, whole=checked.whole + Findings(found)) if found else checked


def check_file(file: File) -> Checked:
    """The default checker: only what a valid signature covers is read of a signed file."""
    report = _verified(file)
    signature, found = report.status.value, _signature(report, file)
    if file.body.startswith(b"PK"):
        return Checked(Findings([own("GW-DOC-01", kind="zip")]), (), signature)
    try:
        document = _read(report.covered or file.body)
    except CodecError as error:
        return Checked(Findings([_of(error)]), (), signature)
    found += _document(document, file)
    records = _minutes(document) if document.kind.value == MINUTES else _records(document)
    return Checked(Findings(found), records, signature)


def _of(error: VnHealthError) -> Finding:
    return Finding(error.code, Severity.ERROR, params=error.params)


def _read(body: bytes) -> Document:
    from vnhealth.codecs import read

    return read(body)


def _check(claim: Claim) -> Findings:
    from vnhealth.rules import check

    return check(claim)


def _verified(file: File) -> SignatureReport:
    from vnhealth.signing import verify

    return verify(file.body, trust=file.trust, at=file.at)


def _signature(report: SignatureReport, file: File) -> list[Finding]:
    if file.signatures == "off":
        return []
    found = list(report.findings)
    if _foreign(report, file.facility):
        found.append(own("GW-SIG-01"))
    severity = Severity.ERROR if file.signatures == "require" else Severity.WARNING
    deciding = {"GW-SIG-01"} if report.is_valid else {report.code}
    return [replace(f, severity=severity) if f.code in deciding else f for f in found]


def _foreign(report: SignatureReport, facility: str) -> bool:
    return bool(report.facilities) and facility not in report.facilities


MINUTES = "assessment"
KINDS = {
    "claim": "envelope",
    "claim_4210": "envelope",
    "checkin": "checkin",
    "gdyk": MINUTES,
}
"""Which `vnhealth.records.DocumentKind` each kind of call takes."""


def _document(document: Document, file: File) -> list[Finding]:
    found = list(document.own_findings)
    if document.kind.value != KINDS.get(file.kind):
        found.append(own("GW-DOC-01", kind=document.kind.value))
    elif (document.family.value == "4210") != (file.kind == "claim_4210"):
        found.append(own("GW-DOC-01", kind=f"{document.kind.value} {document.family.value}"))
    if not document.claims:
        found.append(own("GW-DOC-02"))
    if file.kind == "claim" and len(document.claims) > 1:
        found.append(own("GW-DOC-03", count=str(len(document.claims))))
    if document.facility and document.facility.strip() != file.facility:
        found.append(own("GW-DOC-04"))
    return found


def _records(document: Document) -> tuple[RecordVerdict, ...]:
    """Findings by MA_LK; claims that share one are one record.

    A reading finding may also be given by the rules; it counts once.
    """
    found: dict[str | None, list[Finding]] = {}
    for index, claim in enumerate(document.claims):
        place = found.setdefault((claim.ma_lk or "").strip() or None, [])
        place += [replace(f, encounter=index) for f in _said(claim)]
    return tuple(_verdict(key, said) for key, said in found.items())


def _minutes(document: Document) -> tuple[RecordVerdict, ...]:
    """Findings by SO_BIEN_BAN: assessment minutes have no MA_LK."""
    found: dict[str | None, list[Finding]] = {}
    for claim in document.claims:
        said = _said(claim)
        for index, row in enumerate(claim.rows("XML12")):
            place = found.setdefault(row.text("SO_BIEN_BAN").strip() or None, [])
            place += [f for f in said if f.row in (None, index)]
    return tuple(_verdict(key, said) for key, said in found.items())


def _said(claim: Claim) -> list[Finding]:
    try:
        return [*claim.findings, *_check(claim)]
    except VnHealthError as error:
        return [_of(error)]


def _verdict(key: str | None, said: Iterable[Finding]) -> RecordVerdict:
    return RecordVerdict(key, Findings(dict.fromkeys(said)))
