"""Visits on both sides of a change of the disease list, whose codes the client has to choose."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace

from vnhealth.conformance._stage import Rows, Stage, Staged, Writer, checkins, tables_of
from vnhealth.localtime import ICT
from vnhealth.records import Claim

__all__ = ["CodedStage"]

CHANGE = dt.date(2026, 7, 1)
"""From this day the list of 06/2026/TT-BYT holds."""
FRACTURE = (
    {"code": "S72.0", "from": "0001-01-01", "until": "2026-06-30"},
    {"code": "S72.00", "from": "2026-07-01", "until": "9999-12-31"},
)
"""One disease, the code of each list with the days on which it may be used."""
TAG = "MA_BENH"


@dataclass(frozen=True, slots=True, kw_only=True)
class CodedStage(Stage):
    """Two visits, one that ended on the last day of the old list, one on the first of the new.

    Both are sent on the evening of the second day. Their disease codes are left empty: the client
    takes the one of the list that held when the visit ended.
    """

    day: dt.date = CHANGE

    def laid_out(self, seed: int) -> Staged:
        """Tasks ``checkin``, ``claim`` with ``choices``, and ``settle``."""
        writer = Writer()
        before = self.day - dt.timedelta(days=1)
        claims = tuple(_plain_case(self, day, seed) for day in (before, self.day))
        for claim in claims:
            checkins(writer, claim)
        for claim, choice in zip(claims, FRACTURE, strict=True):
            tables, places = _blank(tables_of(claim), "")
            choices = {place: list(FRACTURE) for place in places}
            writer.file("claim", claim, tables, kind="claim", choices=choices)
            right, _ = _blank(tables_of(claim), choice["code"])
            writer.sends[-1] = replace(writer.sends[-1], tables=right)
        writer.task("settle")
        start = dt.datetime.combine(self.day, self.start, ICT)
        return Staged(self, start, tuple(writer.tasks), tuple(writer.sends), claims)


def _plain_case(stage: Stage, day: dt.date, seed: int) -> Claim:
    """The first visit of a day with one disease and no papers that tell it again."""
    return next(claim for claim in stage.invented(seed, day=day) if _alone(tables_of(claim)))


def _alone(tables: Mapping[str, Rows]) -> bool:
    return set(tables) <= {"XML1", "XML2", "XML3", "XML4"} and not tables["XML1"][0]["MA_BENH_KT"]


def _blank(tables: Mapping[str, Rows], code: str) -> tuple[dict[str, Rows], list[str]]:
    """The tables with this in place of the main disease, and where it stands."""
    main = tables["XML1"][0]["MA_BENH_CHINH"]
    places: dict[str, None] = {}
    found: dict[str, Rows] = {}
    for name, rows in tables.items():
        found[name] = [dict(row) for row in rows]
        for row in found[name]:
            for tag in [t for t, text in row.items() if t.startswith(TAG) and text == main]:
                row[tag] = code
                places[f"{name}.{tag}"] = None
    return found, list(places)
