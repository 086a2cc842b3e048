"""The true state of a sandbox as one object: taken, put back, written to a file and read again."""

from __future__ import annotations

import base64
import datetime as dt
import gzip
import json
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from vnhealth.errors import SandboxError
from vnhealth.sandbox._model import Record, State, Submission
from vnhealth.sandbox._store import Store

__all__ = ["Snapshot"]

FORMAT = "vnhealth-sandbox-state-1"
MAX_STATE = 512 * 2**20
"""Bytes of an unpacked state file that are read at most."""


@dataclass(frozen=True, slots=True, repr=False)
class Snapshot:
    """Everything a sandbox keeps, at one moment.

    It holds what was sent, so it is as confidential as that. ``faults`` is the plan as data; what
    its rules saw so far is not kept: they begin anew.
    """

    seed: int
    at: dt.datetime
    counters: Mapping[str, int]
    texts: tuple[tuple[str, str, str], ...]
    submissions: tuple[tuple[Submission, bytes, tuple[Record, ...]], ...]
    faults: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def take(
        cls, store: Store, *, seed: int, at: dt.datetime, faults: Mapping[str, Any]
    ) -> Snapshot:
        """The present state of a store."""
        counters, texts = store.contents()
        found: dict[int, tuple[Submission, list[Record]]] = {}
        for submission, record in store.after(0):
            found.setdefault(submission.number, (submission, []))[1].append(record)
        kept = tuple(
            (submission, store.body(number), tuple(records))
            for number, (submission, records) in sorted(found.items())
        )
        return cls(seed, at, counters, texts, kept, faults)

    def put(self, store: Store) -> None:
        """Put this state in place of what a store holds."""
        with store.transaction():
            store.replace_contents(self.counters, self.texts)
            store.add_many(self.submissions)

    def to_bytes(self) -> bytes:
        """A compressed JSON file."""
        value = {
            "format": FORMAT,
            "seed": self.seed,
            "at": self.at.isoformat(),
            "counters": dict(self.counters),
            "texts": self.texts,
            "faults": self.faults,
            "submissions": [
                {
                    **asdict(submission),
                    "received": submission.received.isoformat(),
                    "due": submission.due.isoformat(),
                    "body": base64.b64encode(body).decode(),
                    "records": [asdict(record) for record in records],
                }
                for submission, body, records in self.submissions
            ],
        }
        return gzip.compress(json.dumps(value, ensure_ascii=False).encode(), 6, mtime=0)

    @classmethod
    def from_bytes(cls, data: bytes) -> Snapshot:
        """Read such a file. Raises `SandboxError` (SBX-STATE-04) when it is none."""
        try:
            value = json.loads(_unpacked(data))
            if value["format"] != FORMAT:
                raise SandboxError("SBX-STATE-04")
            return cls(
                seed=int(value["seed"]),
                at=_aware(value["at"]),
                counters={str(k): int(v) for k, v in value["counters"].items()},
                texts=tuple((str(s), str(k), str(v)) for s, k, v in value["texts"]),
                submissions=tuple(_submission(dict(row)) for row in value["submissions"]),
                faults=dict(value["faults"]),
            )
        except (ValueError, TypeError, KeyError, AttributeError, EOFError, zlib.error, OSError):
            raise SandboxError("SBX-STATE-04") from None

    def __repr__(self) -> str:
        return f"<Snapshot {len(self.submissions)} submissions at {self.at.isoformat()}>"


def _unpacked(data: bytes) -> bytes:
    unpacker = zlib.decompressobj(wbits=31)
    found = unpacker.decompress(data, MAX_STATE)
    if not unpacker.eof:
        raise SandboxError("SBX-STATE-04")
    return found


def _aware(text: str) -> dt.datetime:
    moment = dt.datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a moment without time zone")
    return moment


def _submission(row: dict[str, Any]) -> tuple[Submission, bytes, tuple[Record, ...]]:
    body = base64.b64decode(row.pop("body"), validate=True)
    records = tuple(
        Record(
            **{
                **record,
                "state": State(record["state"]),
                "findings": tuple(record["findings"]),
            }
        )
        for record in row.pop("records")
    )
    row["received"], row["due"] = _aware(row["received"]), _aware(row["due"])
    return Submission(**row), body, records
