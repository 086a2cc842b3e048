"""What the insurer tells a facility of its own accord after a file was received.

12/2026/TT-BTC article 9 names what is told and by when (`vnhealth.protocol.deadlines`, flows
``notice_late``, ``notice_structure``, ``notice_totals``); no text publishes a call that gives it.
The call ``notices`` and the words here are vnhealth-defined.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files

from vnhealth.protocol.deadlines import Deadline, deadlines

__all__ = ["NoticeInfo", "NoticeKind", "kind_of_code", "notice_infos"]


class NoticeKind(StrEnum):
    """What a notice is about."""

    LATE = "late"
    """The record came after its deadline."""
    STRUCTURE = "structure"
    """Errors of single fields."""
    TOTALS = "totals"
    """Totals that do not match the tables below them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeInfo:
    """A row of ``data/notices.csv``.

    ``word`` stands on the wire, ``flow`` is its clock, ``codes`` are the findings that it tells of
    (none: all that no other kind tells of; which error is which is inferred).
    """

    kind: NoticeKind
    word: str
    flow: str
    codes: frozenset[str]
    title_vi: str
    title_en: str

    @property
    def limit(self) -> Deadline:
        """By when it is told.

        >>> notice_infos()[NoticeKind.LATE].limit.limit
        6
        """
        return deadlines()[self.flow]


@cache
def notice_infos() -> Mapping[NoticeKind, NoticeInfo]:
    """All kinds of notices."""
    text = (files("vnhealth.protocol") / "data" / "notices.csv").read_text("utf-8")
    found = (
        NoticeInfo(
            kind=NoticeKind(row["kind"]),
            word=row["word"],
            flow=row["flow"],
            codes=frozenset(row["codes"].split()),
            title_vi=row["title_vi"],
            title_en=row["title_en"],
        )
        for row in csv.DictReader(text.splitlines())
    )
    return {info.kind: info for info in found}


def kind_of_code(code: str) -> NoticeKind:
    """The notice that tells of an error: `NoticeKind.TOTALS` or `NoticeKind.STRUCTURE`.

    >>> kind_of_code("BHYT-CLAIM-103").value, kind_of_code("BHYT-VAL-01").value
    ('totals', 'structure')
    """
    totals = notice_infos()[NoticeKind.TOTALS]
    return totals.kind if code in totals.codes else NoticeKind.STRUCTURE
