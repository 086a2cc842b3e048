"""What a person is told to do for each task of a work order, and what was seen of it so far."""

from __future__ import annotations

import csv
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

from vnhealth.conformance._stage import Rows, Send, Staged
from vnhealth.conformance._watch import Watch
from vnhealth.findings import Finding
from vnhealth.sandbox import State
from vnhealth.sandbox._core import restored

__all__ = ["Guide", "Sight", "guides"]

SIGHTS = ("wrong", "waiting", "arrived", "done")
"""What can be seen of a task, the worst first."""
MANY = 12
"""Differences that are listed; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What was seen of a task.

    ``state`` is waiting, arrived (no verdict yet), done, wrong (it arrived, but not as it was
    staged, or was refused without having to be). ``places`` are tables and tags that differ, never
    values; ``more`` counts those that are not listed.
    """

    state: str
    transaction: str = ""
    places: tuple[str, ...] = ()
    more: int = 0
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Guide:
    """One step of a scenario for a person: what to do, with what, and what came of it."""

    number: int
    task: Mapping[str, Any] = field(repr=False)
    texts: Mapping[str, str]
    sight: Sight

    @property
    def id(self) -> str:
        """The id of the task."""
        return str(self.task["id"])

    @property
    def tables(self) -> dict[str, Rows]:
        """The rows to be entered, by table; files of a batch under the id of each."""
        if "files" in self.task:
            return {
                f"{file['id']} {name}": rows
                for file in self.task["files"]
                for name, rows in file["tables"].items()
            }
        return dict(self.task.get("tables", {}))

    @property
    def who(self) -> str:
        """The invented person whom the step is about; empty when it is about nobody."""
        rows = self.tables.get("XML1") or self.tables.get("XML0") or [{}]
        patient = self.task.get("patient", {})
        return str(rows[0].get("HO_TEN") or patient.get("name") or self.task.get("name") or "")

    @property
    def details(self) -> dict[str, str]:
        """The other particulars of the task as text, by name."""
        left_out = ("id", "task", "tables", "files")
        return {name: _told(value) for name, value in self.task.items() if name not in left_out}


def _told(value: Any) -> str:
    """A particular as text; parts of a part by their names, items one after the other."""
    if isinstance(value, list):
        return ", ".join(_told(item) for item in value)
    if isinstance(value, dict):
        return "; ".join(f"{name}: {_told(part)}" for name, part in value.items() if part)
    return str(value)


@cache
def _texts() -> dict[str, dict[str, str]]:
    text = (files("vnhealth.conformance") / "data" / "guidance.csv").read_text("utf-8")
    return {row["task"]: row for row in csv.DictReader(text.splitlines())}


def guides(staged: Staged, watch: Watch) -> list[Guide]:
    """The steps of a scenario in order."""
    sends = {send.task: send for send in watch.staged.sends}
    return [
        Guide(number, task, _texts()[task["task"]], _sight(task, sends, watch))
        for number, task in enumerate(staged.tasks, start=1)
    ]


def _sight(task: Mapping[str, Any], sends: Mapping[str, Send], watch: Watch) -> Sight:
    if task["id"] in sends:
        return _sent(sends[task["id"]], watch)
    if "files" in task:
        return _worst([_sent(sends[file["id"]], watch) for file in task["files"]])
    return Sight("done" if _asked(task, watch) else "waiting")


def _worst(found: list[Sight]) -> Sight:
    return min(found, key=lambda sight: SIGHTS.index(sight.state))


def _sent(send: Send, watch: Watch) -> Sight:
    versions = watch.versions(send)
    if len(versions) < send.version:
        return Sight("waiting")
    submission, record = versions[send.version - 1]
    places = tuple(_differences(send, watch))
    findings = tuple(restored(record.findings))
    unwanted = record.state is State.REFUSED and not send.refused
    state = "arrived" if record.state is State.PENDING else "done"
    return Sight(
        "wrong" if places or unwanted else state,
        submission.transaction,
        places[:MANY],
        max(len(places) - MANY, 0),
        findings,
    )


def _differences(send: Send, watch: Watch) -> Iterator[str]:
    """Tables, rows and tags in which a file that arrived is not what was staged."""
    file = watch.arrived(send)
    cases = file.opened.cases if file is not None else ()
    case = next((c for c in cases if _is_of(c, send.ma_lk)), None)
    if case is None:
        return
    for table, rows in send.tables.items():
        have = [r for r in case.get(table, ()) if table != "XML0" or _key(r) == send.ma_lk]
        if len(have) != len(rows):
            yield f"{table}: {len(have)}/{len(rows)}"
        for index, (row, given) in enumerate(zip(rows, have, strict=False)):
            yield from (
                f"{table}[{index}].{tag}" for tag, text in row.items() if given.get(tag, "") != text
            )


def _key(row: Mapping[str, str]) -> str:
    return row.get("MA_LK", "").strip()


def _is_of(case: Mapping[str, Rows], key: str) -> bool:
    return any(_key(row) == key for name in ("XML1", "XML0") for row in case.get(name, ()))


def _asked(task: Mapping[str, Any], watch: Watch) -> bool:
    """True when the call was heard that a task without a file leads to."""
    kind = task["task"]
    if kind == "lookup":
        cards = (watch.login_form(h).get("maThe") for h in watch.calls("card"))
        return task["card"] in cards
    if kind == "reconcile":
        calls = watch.calls("reconciliation", task.get("gateway", "vss"))
        return any(h.code in ("200", "OK") and h.facility == task["facility"] for h in calls)
    if kind in ("cancel", "restore"):
        wanted = {"cancel": "CANCELLED", "restore": "RESTORED"}[kind]
        return any(h.code == wanted for h in watch.calls(kind, task.get("gateway", "province")))
    if kind in ("link_doctor", "unlink_doctor"):
        return any(h.code == "200" for h in watch.calls(kind))
    if kind in ("find", "sell"):
        paths = [h.request.path for h in watch.calls("fetch")]
        return any(path.lower().endswith(task["code"].lower()) for path in paths)
    if kind == "deid":
        return any(file.taken for file in watch.files_of("deid", "national_deid"))
    return _settled(task, watch)


def _settled(task: Mapping[str, Any], watch: Watch) -> bool:
    """True when somebody asked for verdicts and nothing that arrived before is without one."""
    tasks = watch.staged.tasks
    before = itertools.takewhile(lambda known: known["id"] != task["id"], tasks)
    ids = {file["id"] for known in before for file in known.get("files", (known,))}
    states = {watch.state(s) for s in watch.staged.sends if s.task in ids} - {"missing"}
    asked = any(h.call.startswith(("result", "status", "list")) for h in watch.heard)
    return bool(states) and asked and "pending" not in states
