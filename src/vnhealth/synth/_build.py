"""From a planned episode to the claim of its edition."""

from __future__ import annotations

from vnhealth.records import Claim, Record
from vnhealth.spec import Family
from vnhealth.synth._care import fill
from vnhealth.synth._context import Context
from vnhealth.synth._episode import Episode
from vnhealth.synth._papers import papers
from vnhealth.synth._plan import Wanted, plan
from vnhealth.synth._programmes import programmes
from vnhealth.synth._rows import Sheet
from vnhealth.synth._rows4210 import old_claim
from vnhealth.synth._summary import summary

__all__ = ["claim_of", "episode_of"]


def episode_of(ctx: Context, index: int, wanted: Wanted | None = None) -> Episode:
    """Encounter ``index`` of a day, with all its orders."""
    episode = plan(ctx, index, wanted)
    fill(ctx, episode)
    return episode


def claim_of(ctx: Context, index: int, wanted: Wanted | None = None) -> Claim:
    """Encounter ``index`` of a day as the tables of the edition."""
    episode = episode_of(ctx, index, wanted)
    if ctx.old:
        return old_claim(ctx, episode)
    sheet = Sheet(ctx, episode)
    tables: dict[str, list[Record]] = {
        "XML2": [sheet.drug(line, n) for n, line in enumerate(episode.drugs, 1)],
        "XML3": [sheet.service(line, n) for n, line in enumerate(episode.services, 1)],
        "XML4": sheet.results(),
        "XML5": sheet.journal(),
    }
    tables["XML1"] = [summary(sheet)]
    for name, row in (*programmes(sheet), *papers(sheet)):
        tables.setdefault(name, []).append(row)
    held = {name: tuple(rows) for name, rows in tables.items() if rows}
    return Claim.from_tables(Family.F130, held)
