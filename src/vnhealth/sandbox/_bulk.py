"""Claim files of an archive put into the store, judged at once, many of them to a commit.

What stands in the store afterwards is what the same files leave that are sent one by one to a
gateway whose verdict comes at once. Only the way in is another: no session and no form, the plan of
faults does not strike, months are never closed, and a file nobody can read is left out.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass, replace
from os import PathLike, fspath
from pathlib import Path

from vnhealth.errors import SandboxError
from vnhealth.findings import Findings
from vnhealth.protocol import gateway as gateway_of
from vnhealth.protocol import repository, vss
from vnhealth.sandbox._check import Checked, own
from vnhealth.sandbox._core import Core
from vnhealth.sandbox._ledger import Intake, judged
from vnhealth.sandbox._model import Record, State, Submission
from vnhealth.sandbox._peek import peek

__all__ = ["Loaded", "Loader", "Skipped"]

REPOSITORIES = ("province", "national")
FILES = 1000
"""Files to a commit."""
BYTES = 64 * 2**20
"""Or so many bytes, where files are large."""
Name = tuple[str, str]
"""Facility and MA_LK: whatever has them last is the current record."""


@dataclass(frozen=True, slots=True, repr=False)
class Skipped:
    """A file that was left out, and the findings that say why."""

    path: str
    findings: Findings

    def __repr__(self) -> str:
        return f"<Skipped {', '.join(f.code for f in self.findings)}>"


@dataclass(frozen=True, slots=True)
class Loaded:
    """What came of a load.

    ``files`` and ``records`` were put in; ``accepted`` (``warned`` is a part of it) and ``refused``
    are the verdicts on these records, ``replaced`` counts records that a later file took the place
    of. ``duplicates`` are files a repository had already; ``skipped`` those left out.
    """

    gateway: str
    files: int
    records: int
    accepted: int
    warned: int
    refused: int
    replaced: int
    duplicates: int
    skipped: tuple[Skipped, ...]


@dataclass(frozen=True, slots=True, repr=False)
class _Judged:
    """A file on its way into the store."""

    intake: Intake
    at: dt.datetime
    checked: Checked

    def names(self) -> list[Name]:
        """Those of all its records, seen on receipt or found by reading."""
        keys = (*self.intake.keys, *(verdict.key for verdict in self.checked.records))
        return [(self.intake.facility, key) for key in dict.fromkeys(keys) if key is not None]


class Loader:
    """Takes files of one gateway one after another; `finished` puts the rest of them in.

    Raises `SandboxError` (SBX-SET-01) for a gateway that no claim files can be loaded for.
    """

    def __init__(self, core: Core, gateway: str) -> None:
        if gateway not in (vss.GATEWAY, *REPOSITORIES):
            raise SandboxError("SBX-SET-01", name="gateway")
        self._core = core
        self._gateway = gateway
        self._to_repository = gateway in REPOSITORIES
        self._limit = repository.MAX_XML_BYTES if self._to_repository else core.settings.max_file
        self._edition = "" if self._to_repository else _newest_edition()
        self._users: dict[str, str] = {}
        for account in core.accounts.values():
            if account.gateway == gateway:
                self._users.setdefault(account.scope, account.username)
        self._held: list[_Judged] = []
        self._size = 0
        self._counts: Counter[str] = Counter()
        self._skipped: list[Skipped] = []
        core.ledger.settle_due(gateway)

    def take(self, path: str | PathLike[str]) -> None:
        """Judge a file; it is in the store when its portion is full, or with `finished`."""
        found = self._judged(fspath(path))
        if isinstance(found, Findings):
            self._skipped.append(Skipped(fspath(path), found))
            return
        self._held.append(found)
        self._size += len(found.intake.body)
        if len(self._held) >= FILES or self._size >= BYTES:
            self._put_in()

    def finished(self) -> Loaded:
        """Put in what is still held, and say what came of all."""
        self._put_in()
        count = self._counts
        return Loaded(
            gateway=self._gateway,
            files=count["files"],
            records=count["records"],
            accepted=count[State.ACCEPTED] + count[State.WARNED],
            warned=count[State.WARNED],
            refused=count[State.REFUSED],
            replaced=count["replaced"],
            duplicates=count["duplicates"],
            skipped=tuple(self._skipped),
        )

    def _judged(self, path: str) -> _Judged | Findings:
        """A file with its verdict, or why it is left out."""
        try:
            body = Path(path).read_bytes()
        except OSError as error:
            name, reason = Path(path).name, error.strerror or ""
            return Findings([own("ERR-XML-06", path=name, reason=reason)])
        if len(body) > self._limit:
            return Findings([own("SBX-LOAD-02", limit=str(self._limit))])
        seen = peek(body)
        facility = seen.facility or ""
        username = self._users.get(facility, "")
        if facility and not username:
            return Findings([own("SBX-LOAD-01")])
        intake = Intake(
            gateway=self._gateway,
            kind="claim",
            edition=self._edition,
            facility=facility,
            username=username,
            body=body,
            keys=seen.keys,
            signature=self._signature(signed=seen.signed),
        )
        at = self._core.clock.now()
        checked = self._core.ledger.verdict(intake, body, at)
        if not checked.records:
            return checked.whole or Findings([own("GW-DOC-05")])
        return _Judged(intake, at, checked) if facility else Findings([own("SBX-LOAD-01")])

    def _signature(self, *, signed: bool) -> str:
        """What a repository notes on receipt."""
        if not self._to_repository:
            return ""
        return "PENDING" if signed else "MISSING"

    def _put_in(self) -> None:
        if not self._held:
            return
        with self._core.ledger.store.transaction():
            portion = _Portion(self._core, self._held)
            for item in self._held:
                if self._to_repository and portion.same_file(item):
                    self._counts["duplicates"] += 1
                else:
                    portion.add(item, tracking=self._to_repository)
            self._counts.update(portion.put_in())
        self._held, self._size = [], 0


class _Portion:
    """Files of one commit: their entries, and which record takes the place of which."""

    def __init__(self, core: Core, held: list[_Judged]) -> None:
        self._ledger = core.ledger
        self._store = core.ledger.store
        self._next = self._store.next_number("submission", len(held))
        self._kept: dict[int, tuple[Submission, bytes]] = {}
        self._records: dict[int, list[Record]] = {}
        self._replaced = 0
        self._current = self._stored(held)

    def _stored(self, held: list[_Judged]) -> dict[Name, Record]:
        """The current records in the store that have a name of these files."""
        keys: dict[str, list[str]] = {}
        for facility, key in dict.fromkeys(name for item in held for name in item.names()):
            keys.setdefault(facility, []).append(key)
        gateway = held[0].intake.gateway
        return {
            (facility, key): record
            for facility, some in keys.items()
            for key, record in self._store.current_ones(gateway, facility, "claim", some).items()
        }

    def same_file(self, item: _Judged) -> bool:
        """True when the very same file is still the latest of all its records."""
        first = item.intake.keys[0]
        record = None if first is None else self._current.get((item.intake.facility, first))
        if record is None or record.cancelled:
            return False
        number = record.submission
        if number in self._kept:
            body, records = self._kept[number][1], self._records[number]
        else:
            body, records = self._store.body(number), list(self._store.records(number))
        return body == item.intake.body and all(r.current and not r.cancelled for r in records)

    def add(self, item: _Judged, *, tracking: bool) -> None:
        """Enter a file with the next number; records of the same names are replaced from now on."""
        number, intake = self._next, item.intake
        self._next += 1
        entry = self._ledger.entry(intake, number, item.at, item.at, tracking=tracking)
        signature = item.checked.signature or entry.signature
        seen = [Record(number, index, key) for index, key in enumerate(intake.keys)]
        self._kept[number] = replace(entry, settled=True, signature=signature), intake.body
        self._records[number] = judged(seen, item.checked)
        for record in self._records[number]:
            if record.key is not None:
                name = (intake.facility, record.key)
                self._replace(name, number)
                self._current[name] = record

    def _replace(self, name: Name, by: int) -> None:
        earlier = self._current.get(name)
        if earlier is None:
            return
        done = replace(earlier, replaced_by=by)
        self._replaced += 1
        if done.submission in self._records:
            self._records[done.submission][done.index] = done
        else:
            self._store.update(done)

    def put_in(self) -> Counter[str]:
        """Write everything; gives the counts of `Loaded`."""
        items = [(*kept, self._records[number]) for number, kept in self._kept.items()]
        self._store.add_many(items)
        states = [str(record.state) for _, _, records in items for record in records]
        counts = {"files": len(items), "records": len(states), "replaced": self._replaced}
        return Counter(states) + Counter(counts)


def _newest_edition() -> str:
    """That of the insurance gateway's newest call for claims."""
    calls = gateway_of(vss.GATEWAY).endpoints.values()
    return [call.edition for call in calls if call.record == vss.HO_SO_CLAIM][-1]
