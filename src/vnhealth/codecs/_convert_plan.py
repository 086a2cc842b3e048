"""The rules of a conversion, read from the CSV files of ``data/``.

``map_4210.csv`` maps the fields of the two families, ``map_130.csv`` lists what differs between
neighbouring editions of the 130 family (all else is copied), ``recode.csv`` holds the codes that
have no code of exactly the same meaning on the other side.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from importlib.resources import files
from itertools import pairwise

from vnhealth.models import VOCABULARIES, same_meaning
from vnhealth.spec import Edition, Family, edition_info, table, tables

__all__ = ["NO_RULE", "OPTIONAL", "Hop", "Plan", "Rule", "hops", "plan", "recode"]

NO_RULE = ("", "drop", "merged")
"""Methods that carry nothing; `merged` and the `OPTIONAL` ones do when they are asked for."""

OPTIONAL = {
    "copied_time": "copy_times",
    "moved_condition": "move_transfer_condition",
    "merged_names": "merge_transfer_names",
    "merged": "merge_transfer_names",
}
"""Methods that run only on request, and the option that asks for them."""

_STEPS = (Edition.QD130, Edition.QD4750, Edition.QD3176)


@dataclass(frozen=True, slots=True)
class Hop:
    """One step between two editions that are neighbours in layout."""

    source: Edition
    target: Edition

    @property
    def families(self) -> tuple[Family, Family]:
        """The families of both sides."""
        return edition_info(self.source).family, edition_info(self.target).family

    @property
    def within(self) -> bool:
        """True when both sides are of one family."""
        return self.families[0] is self.families[1]


@dataclass(frozen=True, slots=True)
class Rule:
    """How one target field is made from one source field; either side may be empty.

    ``too_long``: cut (free text), items (whole items of a list) or drop (codes are never cut).
    """

    table: str
    tag: str
    to_table: str
    to_tag: str
    method: str
    args: tuple[str, ...] = ()
    too_long: str = ""
    note_vi: str = ""
    note_en: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """The rules of a hop: by target table, what each source field feeds, and notes on losses."""

    rules: dict[str, tuple[Rule, ...]]
    carried: frozenset[tuple[str, str]]
    notes: dict[tuple[str, str], tuple[str, str]]


def _rows(name: str) -> list[dict[str, str]]:
    source = files("vnhealth.codecs") / "data" / f"{name}.csv"
    return list(csv.DictReader(source.read_text("utf-8").splitlines()))


def _layout(edition: Edition) -> Edition:
    """QD 1931 changes no layout."""
    return Edition.QD3176 if edition is Edition.QD1931 else edition


def hops(source: Edition, target: Edition) -> tuple[Hop, ...]:
    """The steps from one edition to another; none when they share a layout.

    >>> [h.target.value for h in hops(Edition.QD130, Edition.QD3176)]
    ['4750', '3176']
    """
    if edition_info(source).family is not edition_info(target).family:
        return (Hop(source, target),)
    if Edition.QD4210 in (source, target) or _layout(source) is _layout(target):
        return ()
    start, end = _STEPS.index(_layout(source)), _STEPS.index(_layout(target))
    step = 1 if start < end else -1
    path = [source, *(_STEPS[i] for i in range(start + step, end, step)), target]
    return tuple(Hop(a, b) for a, b in pairwise(path))


def _rule(side: tuple[str, str, str, str], how: str, too_long: str, vi: str, en: str) -> Rule:
    method, *args = how.split()
    return Rule(*side, method, tuple(args), too_long, vi, en)


def _between_families(hop: Hop) -> list[Rule]:
    up = hop.source is Edition.QD4210
    found = []
    for row in _rows("map_4210"):
        old, new = (row["table_4210"], row["tag_4210"]), (row["table_130"], row["tag_130"])
        way = "up" if up else "down"
        if new[1] and not up and new[1] not in table(hop.source, new[0]):
            continue
        if new[1] and up and new[1] not in table(hop.target, new[0]):
            continue
        side = (*old, *new) if up else (*new, *old)
        how = row[way] or "drop"
        found.append(_rule(side, how, row["too_long"], row[f"{way}_vi"], row[f"{way}_en"]))
    return found


def _within_family(hop: Hop) -> list[Rule]:
    source, target = _layout(hop.source), _layout(hop.target)
    found = []
    for row in _rows("map_130"):
        if (row["from"], row["to"]) != (source.value, target.value):
            continue
        for name in row["tables"].split():
            if row["tag"] in table(hop.source, name):
                side = (name, row["tag"], name, row["to_tag"])
                notes = (row["note_vi"], row["note_en"])
                found.append(_rule(side, row["method"], row["too_long"], *notes))
    named = {(r.table, r.tag) for r in found}
    for name in tables(hop.target):
        if name in tables(hop.source):
            shared = [f.tag for f in table(hop.source, name) if f.tag in table(hop.target, name)]
            found += [
                Rule(name, tag, name, tag, "copy") for tag in shared if (name, tag) not in named
            ]
    return found


@cache
def plan(hop: Hop, asked: frozenset[str]) -> Plan:
    """The rules of a hop with the options that were asked for."""
    everything = _within_family(hop) if hop.within else _between_families(hop)
    used: list[Rule] = []
    for rule in everything:
        option = OPTIONAL.get(rule.method)
        if option is None or option in asked:
            used.append(rule)
        elif (rule.table, rule.tag) == (rule.to_table, rule.to_tag) and hop.within:
            used.append(Rule(rule.table, rule.tag, rule.to_table, rule.to_tag, "copy"))
    working = [r for r in used if r.method not in NO_RULE and r.to_tag]
    carried = {(r.table, r.tag) for r in used if r.method not in ("", "drop")}
    order = {
        name: {f.tag: i for i, f in enumerate(table(hop.target, name))}
        for name in tables(hop.target)
    }
    by_table = {
        name: tuple(
            sorted(
                (r for r in working if r.to_table == name and r.method != "carried"),
                key=lambda r: order[r.to_table][r.to_tag],
            )
        )
        for name in order
    }
    return Plan(
        rules=by_table,
        carried=frozenset(carried),
        notes={
            (r.table, r.tag): (r.note_vi, r.note_en)
            for r in everything
            if r.note_en and (r.table, r.tag) not in carried
        },
    )


@cache
def _recodes() -> dict[tuple[str, str, str], tuple[dict[str, str], ...]]:
    found: dict[tuple[str, str, str], list[dict[str, str]]] = {}
    for row in _rows("recode"):
        found.setdefault((row["name"], row["from"], row["to"]), []).append(row)
    return {key: tuple(rows) for key, rows in found.items()}


def recode(name: str, hop: Hop, code: str) -> tuple[str, bool, str, str]:
    """The code on the other side ('' when there is none), whether it is sure, and a note.

    >>> recode("payment_method", Hop(Edition.QD4210, Edition.QD3176), "2")[:2]
    ('1', False)
    >>> recode("encounter_kind", Hop(Edition.QD3176, Edition.QD4210), "03")[:2]
    ('3', True)
    """
    here, there = hop.families
    keys = (here.value, there.value)
    if hop.within:
        keys = (_layout(hop.source).value, _layout(hop.target).value)
    for row in _recodes().get((name, *keys), ()):
        if fnmatchcase(code, row["code"]):
            becomes = row["becomes"].replace("=", code)
            return becomes, row["sure"] == "yes", row["note_vi"], row["note_en"]
    if name in VOCABULARIES and not hop.within:
        return same_meaning(name, code, here, there), True, "", ""
    return "", False, "", ""
