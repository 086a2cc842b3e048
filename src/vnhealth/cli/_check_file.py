"""One file checked in whichever process: read, judged, verified, repaired on request."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vnhealth.errors import CodecError, VnHealthError
from vnhealth.findings import CheckedFile, Finding, Findings, Severity, catalogue

if TYPE_CHECKING:
    from vnhealth.records import Claim, Document

__all__ = ["Judged", "Options", "check_bytes", "check_path", "identity", "only_wanted", "verified"]

VERIFY_UP_TO = 256 * 1024 * 1024
"""Larger signed files are not verified: a signature is verified over the whole file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How files are checked. Goes to every worker, so it holds plain values only.

    ``disabled`` are codes of rules that are not run, ``only`` the codes that are wanted (None:
    all). ``places`` asks for what a baseline needs. ``fix`` asks for repairs, ``nfc`` for Unicode
    normalisation among them.
    """

    lang: str = "vi"
    edition: str | None = None
    on: dt.date | None = None
    sent_at: dt.datetime | None = None
    trust: Path | None = None
    pack: Path | None = None
    values: bool = False
    drafts: bool = False
    disabled: frozenset[str] = frozenset()
    only: frozenset[str] | None = None
    places: bool = False
    fix: bool = False
    nfc: bool = False
    now: dt.datetime = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)

    def rules(self) -> dict[str, Any]:
        """The options of `vnhealth.rules.check`."""
        return {
            "edition": self.edition,
            "on": self.on,
            "sent_at": self.sent_at,
            "drafts": self.drafts,
            "disabled": self.disabled,
            "outside": _outside(),
            "catalog": _catalogues(self.pack),
        }


@cache
def _outside() -> tuple[Any, ...]:
    from vnhealth import rules

    return rules.installed()


@cache
def _catalogues(pack: Path | None) -> Any:
    from vnhealth import catalogs

    return catalogs.installed_pack(pack)


@dataclass(slots=True, kw_only=True)
class Judged:
    """A checked file, and for a baseline: who its encounters are and the STT of each finding."""

    file: CheckedFile
    links: Mapping[int, str | None] = field(default_factory=dict)
    stts: Sequence[Any] = field(default_factory=list)


def check_path(path: str, options: Options, target: str | None = None) -> Judged:
    """Check a file, or stdin for ``-``. ``target`` is where a repaired copy goes."""
    try:
        source = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
        return check_bytes(path, source, options, target)
    except OSError as error:
        known = CodecError("ERR-XML-06", path=Path(path).name, reason=error.strerror or "")
        return _unreadable(path, known)
    except CodecError as error:
        return _unreadable(path, error)


def check_bytes(path: str, source: bytes, options: Options, target: str | None = None) -> Judged:
    """Check a file that is in memory. Raises `CodecError` when it cannot be read."""
    if not options.fix:
        return _judged(path, source, options)
    from vnhealth import repair

    proposal = repair.propose(source, nfc=options.nfc)
    written = bool(proposal.repairs) and target is not None
    if written and target is not None:
        _write(Path(target), proposal.data, like=Path(path))
    judged = _judged(path, proposal.data if written else source, options)
    file = judged.file
    file.repairs = tuple(
        {**r.to_dict(values=options.values), "message": r.text(options.lang)}
        for r in proposal.repairs
    )
    state = "written" if written else "proposed" if proposal.repairs else "clean"
    file.fix, file.fixed_to = proposal.refused or state, target if written else None
    return judged


def _judged(path: str, source: bytes, options: Options) -> Judged:
    from vnhealth import bhyt

    document = bhyt.read(source)
    findings = bhyt.check(document, **options.rules())
    status, trusted, about = verified(document.signature, source, options)
    findings = only_wanted(findings + about, options)
    links = dict(enumerate(map(identity, document.claims))) if options.places else {}
    file = CheckedFile(
        path=path,
        edition=document.edition.value if document.edition else None,
        amended_by=document.amended_by.value if document.amended_by else None,
        encounters=len(document),
        tables=document.counts(),
        signature=status,
        signature_trusted=trusted,
        findings=findings,
        links=tuple(c.ma_lk for c in document.claims) if options.values else (),
    )
    stts = stts_of(findings, document) if options.places else ()
    return Judged(file=file, links=links, stts=stts)


def only_wanted(findings: Iterable[Finding], options: Options) -> Findings:
    """The findings asked for; their values are taken out unless they are to be shown."""
    only, off = options.only, options.disabled
    held = findings if isinstance(findings, Findings) else Findings(findings)
    if only is not None or off:
        held = held.filter(code=only, but=off)
    return held if options.values else held.masked()


def identity(claim: Claim) -> str | None:
    """What tells an encounter from all others, for a baseline: facility and MA_LK."""
    link = claim.ma_lk
    if link is None:
        return None
    summary = claim.xml1
    return f"{summary.ma_cskcb if summary else ''}|{link}"


def stts_of(findings: Iterable[Finding], document: Document) -> list[Any]:
    """For each finding the STT that its row bears, or None."""
    found: list[Any] = []
    for f in findings:
        row = None
        if f.encounter is not None and f.table and f.row is not None:
            rows = document.claims[f.encounter].rows(f.table)
            row = rows[f.row] if f.row < len(rows) else None
        found.append(getattr(row, "stt", None))
    return found


def verified(state: str, source: bytes | None, options: Options) -> tuple[str, bool, Findings]:
    """Status of the signature, whether its signer is trusted, and what there is to say.

    ``source`` None stands for a file that is too large to be verified.
    """
    if state != "present":
        return "missing", False, Findings()
    if source is None:
        code = "BHYT-CHECK-02"
        limit = {"limit": f"{VERIFY_UP_TO // 1024**2} MiB"}
        severity = Severity(catalogue.info(code).severity)
        return "unchecked", False, Findings([Finding(code, severity, params=limit)])
    from vnhealth import signing

    profile = replace(signing.VSS, max_bytes=VERIFY_UP_TO)
    store = _store(options.trust)
    report = signing.verify(source, trust=store, at=options.now, profile=profile)
    return report.status.value, report.trusted, report.findings


@cache
def _store(trust: Path | None) -> Any:
    from vnhealth import signing

    return signing.TrustStore([trust.read_bytes()]) if trust else None


def _unreadable(path: str, error: VnHealthError) -> Judged:
    finding = Finding(error.code, Severity.ERROR, params=error.params)
    return Judged(file=CheckedFile(path=path, readable=False, findings=Findings([finding])))


def _write(target: Path, data: bytes, like: Path) -> None:
    """Write a file at once or not at all, with the permissions of the one it was made from."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=".vnhealth-")
        try:
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            if like.exists():
                shutil.copymode(like, name)
            os.replace(name, target)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        reason = error.strerror or ""
        raise VnHealthError("ERR-CHECK-08", path=target.name, reason=reason) from None
