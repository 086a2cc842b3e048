"""What was done to a batch, in numbers: travels with it and proves which policy and key made it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from vnhealth.deid._tables import Label
from vnhealth.findings import Finding, Findings, Severity, catalogue

__all__ = ["Dropped", "Encounters", "Manifest"]

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Dropped:
    """Values, rows or encounters that did not leave: why, where, how many. No value is in it."""

    code: str
    table: str
    tag: str
    count: int


@dataclass(frozen=True, slots=True)
class Encounters:
    """``read`` is the sum of the others: written, withheld (kept-back topic), without a summary row
    (no XML1), stopped (an identifier was found in the finished text).
    """

    read: int = 0
    written: int = 0
    withheld: int = 0
    without_summary: int = 0
    stopped: int = 0


@dataclass(frozen=True, slots=True)
class Manifest:
    """Versions, policy, key version, tier and counts of one batch.

    ``actions`` counts the filled-in values of the encounters read, by what the policy says of
    them; ``not sent`` are those the receiving contract has no place for. Values refused later are
    in ``dropped``. ``free_text`` says what became of text (dropped or scrubbed), ``scrubbed`` how
    many pieces of each kind were taken out of distinct texts, ``scanner`` how many finished
    encounters were searched for the identifiers of their own patient. ``risk`` is the measured risk
    table.
    ``data_sha256`` is the hash of what was written, never of what was read.
    """

    library: str
    contract: str
    tier: str
    label: Label
    policy: str
    policy_sha256: str
    key_version: str
    recipient: str
    purpose: str
    facility: str
    batch: str
    encounters: Encounters
    rows: Mapping[str, tuple[int, int]]
    actions: Mapping[str, int]
    dropped: tuple[Dropped, ...]
    exceptions: Mapping[str, str]
    data_sha256: str
    data_bytes: int
    free_text: str = "dropped"
    scrubbed: Mapping[str, int] = field(default_factory=dict)
    scanner: Mapping[str, int] = field(default_factory=dict)
    risk: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready object."""
        e = self.encounters
        return {
            "manifest": FORMAT,
            "form": "full",
            "library": self.library,
            "contract": self.contract,
            "tier": self.tier,
            "label": self.label.value,
            "label_vi": self.label.name_vi,
            "meaning_vi": self.label.meaning("vi"),
            "meaning_en": self.label.meaning("en"),
            "policy": {"name": self.policy, "sha256": self.policy_sha256},
            "key_version": self.key_version,
            "recipient": self.recipient,
            "purpose": self.purpose,
            "facility": self.facility,
            "batch": self.batch,
            "encounters": {
                "read": e.read,
                "written": e.written,
                "withheld": e.withheld,
                "without_summary": e.without_summary,
                "stopped": e.stopped,
            },
            "rows": {t: {"read": n, "written": w} for t, (n, w) in self.rows.items()},
            "actions": dict(self.actions),
            "free_text": self.free_text,
            **({"scrubbed": dict(self.scrubbed)} if self.free_text != "dropped" else {}),
            "dropped": [
                {"code": d.code, "table": d.table, "tag": d.tag, "count": d.count}
                for d in self.dropped
            ],
            "exceptions": dict(self.exceptions),
            "scanner": dict(self.scanner),
            "risk": dict(self.risk),
            "data": {"sha256": self.data_sha256, "bytes": self.data_bytes},
        }

    def for_recipient(self) -> dict[str, Any]:
        """What may travel with the data: nothing of what stayed at home.

        That an encounter was kept back, or that a table was there, can tell of one person when the
        batch is small; the full manifest stays with the sender.
        """
        full = self.to_dict()
        for name in ("dropped", "exceptions", "actions", "scanner", "rows", "scrubbed"):
            full.pop(name, None)
        full["form"] = "recipient"
        full["encounters"] = {"written": self.encounters.written}
        full["rows"] = {t: w for t, (_, w) in self.rows.items() if w}
        full["exceptions"] = sorted(self.exceptions)
        return full

    def to_json(self, *, recipient: bool = False) -> str:
        """The same as text; with ``recipient`` the short form that may travel with the data."""
        found = self.for_recipient() if recipient else self.to_dict()
        return json.dumps(found, ensure_ascii=False, indent=2) + "\n"

    def findings(self) -> Findings:
        """What did not leave, as findings (DEID-nn) with counts."""
        return Findings(_finding(d) for d in self.dropped)

    def count(self, code: str) -> int:
        """How often something was dropped under a code."""
        return sum(d.count for d in self.dropped if d.code == code)


def _finding(d: Dropped) -> Finding:
    severity = Severity(catalogue.info(d.code).severity)
    params = {"count": str(d.count)}
    return Finding(d.code, severity, table=d.table or None, tag=d.tag or None, params=params)


def dropped_of(counts: Iterable[tuple[tuple[str, str, str], int]]) -> tuple[Dropped, ...]:
    """Counts by (code, table, tag) in a stable order."""

    def order(item: Dropped) -> tuple[str, int, str, str]:
        number = int(item.table[3:]) if item.table[3:].isdigit() else -1
        return (item.code, number, item.table, item.tag)

    return tuple(sorted((Dropped(*place, n) for place, n in counts), key=order))
