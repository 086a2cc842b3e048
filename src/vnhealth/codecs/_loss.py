"""What a conversion could not carry over, named field by field and without any value."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from vnhealth.findings import catalogue

__all__ = ["Loss", "LossEntry", "LossReport", "Tally"]


class Loss(StrEnum):
    """What happened to a field; the value is the permanent code of its text."""

    MISSING_REQUIRED = "CONV-01"
    MISSING_OPTIONAL = "CONV-02"
    NO_TARGET = "CONV-03"
    RESHAPED = "CONV-04"
    RECODED = "CONV-05"
    UNDETERMINED = "CONV-06"
    TRUNCATED = "CONV-07"
    TOO_LONG = "CONV-08"
    RECOMPUTED = "CONV-09"
    ASSUMED = "CONV-10"
    KEPT = "CONV-11"
    UNREADABLE = "CONV-12"
    UNKNOWN_ELEMENT = "CONV-13"
    SOURCE_EMPTY = "CONV-14"
    NOT_RECOMPUTED = "CONV-15"


LEFT_EMPTY = (
    Loss.MISSING_REQUIRED,
    Loss.UNDETERMINED,
    Loss.TOO_LONG,
    Loss.UNREADABLE,
    Loss.SOURCE_EMPTY,
)
"""After these the target field is empty."""


@dataclass(frozen=True, slots=True)
class LossEntry:
    """One field of the report. Either side is empty when the field exists on the other only.

    ``rows`` counts the rows concerned, ``required`` is what the target edition says of its field
    (yes, no, conditional, unknown; empty without a target field), ``note_*`` adds why.
    """

    loss: Loss
    table: str
    tag: str
    to_table: str
    to_tag: str
    rows: int
    required: str = ""
    note_vi: str = ""
    note_en: str = ""

    @property
    def code(self) -> str:
        """The permanent code, ``CONV-xx``."""
        return self.loss.value

    @property
    def severity(self) -> str:
        """error, warning or info."""
        return catalogue.info(self.code).severity

    def reason(self, lang: str = "vi") -> str:
        """What happened and why, in ``vi`` or ``en``."""
        params = {
            "field": f"{self.table}.{self.tag}" if self.tag else "—",
            "to_field": f"{self.to_table}.{self.to_tag}" if self.to_tag else "—",
            "rows": str(self.rows),
        }
        text = catalogue.info(self.code).message(lang, params)
        note = self.note_en if lang == "en" else self.note_vi
        return f"{text} {note}".strip()

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready object without values."""
        return {
            "code": self.code,
            "kind": self.loss.name.lower(),
            "severity": self.severity,
            "table": self.table or None,
            "tag": self.tag or None,
            "to_table": self.to_table or None,
            "to_tag": self.to_tag or None,
            "rows": self.rows,
            "required": self.required or None,
            "reason_vi": self.reason("vi"),
            "reason_en": self.reason("en"),
        }


@dataclass(frozen=True, slots=True)
class LossReport:
    """The report of one conversion or, added up with ``+``, of many.

    ``sources`` are the editions the claims came from, ``target`` the edition they were brought to.

    >>> LossReport(sources=("4210",), target="3176", encounters=1, entries=()).is_lossless
    True
    """

    sources: tuple[str, ...]
    target: str
    encounters: int
    entries: tuple[LossEntry, ...]

    @property
    def is_lossless(self) -> bool:
        """True when nothing but a change of form happened."""
        return all(entry.loss is Loss.RESHAPED for entry in self.entries)

    def of(self, *losses: Loss) -> tuple[LossEntry, ...]:
        """The entries of these kinds."""
        return tuple(entry for entry in self.entries if entry.loss in losses)

    @property
    def missing_required(self) -> tuple[LossEntry, ...]:
        """Target fields that the edition requires and that stayed empty, whatever the reason."""
        return tuple(e for e in self.of(*LEFT_EMPTY) if e.required == "yes")

    @property
    def missing_optional(self) -> tuple[LossEntry, ...]:
        """Target fields without any source that the edition does not always require."""
        return self.of(Loss.MISSING_OPTIONAL)

    @property
    def without_target(self) -> tuple[LossEntry, ...]:
        """Source fields with values that the target has no place for."""
        return self.of(Loss.NO_TARGET, Loss.UNKNOWN_ELEMENT)

    @property
    def uncertain(self) -> tuple[LossEntry, ...]:
        """Values that were recoded to the nearest, assumed, left undetermined or kept in doubt."""
        return self.of(Loss.RECODED, Loss.ASSUMED, Loss.UNDETERMINED, Loss.KEPT)

    @property
    def truncated(self) -> tuple[LossEntry, ...]:
        """Values that were shortened, rounded or left out because they do not fit."""
        return self.of(Loss.TRUNCATED, Loss.TOO_LONG)

    @property
    def recomputed(self) -> tuple[LossEntry, ...]:
        """Amounts and counts that were computed anew, or could not be."""
        return self.of(Loss.RECOMPUTED, Loss.NOT_RECOMPUTED)

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready object: no value of any record is in it."""
        return {
            "version": 1,
            "from": list(self.sources),
            "to": self.target,
            "encounters": self.encounters,
            "counts": {loss.name.lower(): len(found) for loss in Loss if (found := self.of(loss))},
            "missing_required": [
                {"table": e.to_table, "tag": e.to_tag, "rows": e.rows, "code": e.code}
                for e in self.missing_required
            ],
            "entries": [entry.to_dict() for entry in self.entries],
        }

    def to_json(self) -> str:
        """The same as text."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=2)

    def __add__(self, other: LossReport) -> LossReport:
        """Both reports as one; see `total`."""
        return LossReport.total((self, other))

    @classmethod
    def total(cls, reports: Iterable[LossReport]) -> LossReport:
        """Many reports as one, in one pass: rows of the same field and kind are added.

        Raises `ValueError` for no report at all and for reports of different targets.
        """
        tally, sources, targets, encounters = Tally(), set[str](), set[str](), 0
        for report in reports:
            sources.update(report.sources)
            targets.add(report.target)
            encounters += report.encounters
            for entry in report.entries:
                tally.put(entry)
        if len(targets) != 1:
            raise ValueError("reports of one target are needed")
        return cls(tuple(sorted(sources)), targets.pop(), encounters, tally.entries())


class Tally:
    """Counts rows per field and kind of loss."""

    def __init__(self) -> None:
        self._rows: Counter[tuple[Loss, str, str, str, str, str, str, str]] = Counter()

    def put(self, entry: LossEntry) -> None:
        """Adds an entry, or its rows to the one that is there."""
        self.add(
            entry.loss,
            entry.table,
            entry.tag,
            entry.to_table,
            entry.to_tag,
            rows=entry.rows,
            required=entry.required,
            vi=entry.note_vi,
            en=entry.note_en,
        )

    def add(
        self,
        loss: Loss,
        table: str,
        tag: str,
        to_table: str = "",
        to_tag: str = "",
        *,
        rows: int = 1,
        required: str = "",
        vi: str = "",
        en: str = "",
    ) -> None:
        """Counts rows of a field under a kind of loss."""
        self._rows[loss, table, tag, to_table, to_tag, required, vi, en] += rows

    def rows(self, losses: Iterable[Loss], to_table: str, to_tag: str) -> int:
        """How many rows a target field was counted with under these kinds."""
        wanted = set(losses)
        return sum(
            rows
            for key, rows in self._rows.items()
            if key[0] in wanted and key[3:5] == (to_table, to_tag)
        )

    def entries(self) -> tuple[LossEntry, ...]:
        """In a stable order: kind, then table and tag."""
        found = (
            LossEntry(*key[:5], rows=rows, required=key[5], note_vi=key[6], note_en=key[7])
            for key, rows in self._rows.items()
        )
        return tuple(sorted(found, key=_order))


def _order(e: LossEntry) -> tuple[Any, ...]:
    table, tag = (e.table, e.tag) if e.tag else (e.to_table, e.to_tag)
    return (e.code, int(table[3:] or 0), tag, e.to_table, e.to_tag, e.note_en)
