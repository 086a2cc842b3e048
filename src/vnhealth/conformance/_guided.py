"""A run with a person at the hospital system: one scenario at a time, in any pace.

The second front of `Course`. The person is shown what is staged, works at the system, sees what
arrived, tells what the system shows, and closes the scenario. `Guided.handle` is the address that
the system speaks to; time goes on by the clock given, stands still while the run is paused, and can
be moved ahead.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any

from vnhealth.conformance._command import key_files
from vnhealth.conformance._course import Course, Page, Run
from vnhealth.conformance._guidance import Guide, guides
from vnhealth.conformance._keys import pki
from vnhealth.conformance._line import Heard, Tap
from vnhealth.conformance._model import Kit, Reason, Scenario
from vnhealth.conformance._play import FACILITIES, exchange_of
from vnhealth.conformance._stage import Staged, renamed, staged
from vnhealth.conformance._subject import Results, work_order
from vnhealth.conformance._watch import Watch
from vnhealth.errors import ConformanceError
from vnhealth.sandbox import Clock, Exchange, Request, Response, VirtualClock
from vnhealth.sandbox._http import Wire

__all__ = ["Guided", "Told"]

KIND = "vendor_client"
VERDICT_S = 5
"""Seconds to a verdict while a person waits, where the scenario is not about waiting."""
LONGEST = dt.timedelta(days=31)
CLOSED = Response(503)
CUT = Response(503, wire=Wire(reset=True))
BY_A_PERSON = Reason(
    "Lượt có người hướng dẫn: người chạy kể lại HIS hiện gì, không có tệp kết quả",
    "A guided run: a person tells what the system shows, there is no file of results",
)
OWN_FILE = "R-OUT-01"
SHORTEST_ENDING = 6


class Told:
    """What the person says that the system shows: a state per task, transactions, counts, cards."""

    def __init__(self) -> None:
        self.states: dict[str, str] = {}
        self.endings: dict[str, str] = {}
        self.counts: list[dict[str, Any]] = []
        self.lookups: dict[str, str] = {}
        self.file = ""
        """The text of the results that the system wrote itself; it goes before all of the above."""

    def results(self, watch: Watch) -> Results:
        """In the form in which a program would have written them.

        Of a transaction its last characters are enough.
        """
        if self.file:
            return Results.of(self.file)
        sends = {s.task: s for s in watch.staged.sends}
        records = [
            {
                "task": task,
                "state": state,
                "transaction": _whole(self.endings.get(task, ""), watch.transaction(sends[task])),
            }
            for task, state in self.states.items()
            if task in sends and state
        ]
        lookups = [{"task": task, "code": code} for task, code in self.lookups.items() if code]
        found = {"records": records, "counts": self.counts, "lookups": lookups}
        return Results.of(json.dumps(found))


def _whole(given: str, transaction: str) -> str:
    """A transaction of which its last characters were given."""
    is_ending = len(given) >= SHORTEST_ENDING and transaction.lower().endswith(given.lower())
    return transaction if is_ending else given


class Guided:
    """A run of a kit by steps. ``base_url`` is the address under which `handle` is reached.

    Raises `ConformanceError` (ERR-CERT-10) for a kit that tests servers, and as `Course` does.
    """

    def __init__(
        self,
        kit: Kit,
        *,
        base_url: str,
        clock: Clock,
        seed: int,
        role: str = "",
        only: tuple[str, ...] = (),
        about: Mapping[str, Any] | None = None,
    ) -> None:
        if "server" in kit.roles:
            raise ConformanceError("ERR-CERT-10", what="kit")
        self.course = Course(kit, seed=seed, role=role, only=only)
        self.only = only
        self.about = dict(about or {})
        self.started = clock.now()
        self.paused = False
        self.again: dict[str, int] = {}
        self._base_url = base_url
        self._clock = clock
        self._open()

    # the scenario at hand

    def _open(self) -> None:
        self.told = Told()
        self.names: dict[str, str] = {}
        self.halted = False
        self._seen = self._clock.now()
        scenario = self.course.current
        self._scene = None if scenario is None else _Scene(scenario, self.course.seed, self._halt)

    def _halt(self) -> None:
        self.halted = True

    @property
    def scenario(self) -> Scenario | None:
        """The scenario at hand; None when all are over."""
        return self.course.current

    @property
    def scene(self) -> _Scene:
        """What is staged for it. Raises `LookupError` when all are over."""
        if self._scene is None:
            raise LookupError("no scenario")
        return self._scene

    def handle(self, request: Request) -> Response:
        """A request of the hospital system. Nothing is open while paused, or while the system has
        to be killed and started again.
        """
        if self._scene is None or self.paused or self.halted:
            return CLOSED
        self.tick()
        response = self._scene.tap.handle(request)
        return CUT if self.halted else response

    def tick(self) -> None:
        """Let the time of the sandbox go on as far as the clock did, unless it is paused."""
        now = self._clock.now()
        passed, self._seen = now - self._seen, now
        if self._scene is not None and not self.paused and passed > dt.timedelta():
            self._scene.clock.advance(passed)

    def advance(self, by: dt.timedelta) -> None:
        """Move the time ahead. Raises `ValueError` beyond a month, or back."""
        if not dt.timedelta() < by <= LONGEST:
            raise ValueError("out of range")
        self.tick()
        self.scene.clock.advance(by)

    def pause(self) -> None:
        """Let time stand still and the address be closed."""
        self.tick()
        self.paused = True

    def resume(self) -> None:
        """Go on."""
        self.tick()
        self.paused = False

    def restarted(self) -> None:
        """The person says that the system was killed and runs again."""
        if self.halted:
            self.scene.tap.life += 1
            self.halted = False

    def rename(self, names: Mapping[str, str]) -> None:
        """Take the MA_LK that the system gave to staged visits, by the staged one."""
        self.names = {old: new.strip() for old, new in names.items() if new.strip()}

    def watch(self) -> Watch:
        """What was seen so far, with what the person told."""
        scene = self.scene
        found = renamed(scene.staged, self.names) if self.names else scene.staged
        watch = Watch(found, scene.exchange, scene.tap, Results(), scene.pki)
        watch.results = self.told.results(watch)
        return watch

    def guides(self) -> list[Guide]:
        """The steps of the scenario at hand, and what was seen of each.

        Verdicts that are due are made, so that the person sees them before the system asks.
        """
        self.tick()
        self.scene.exchange.settle()
        watch = self.watch()
        return guides(watch.staged, watch)

    def heard(self) -> list[Heard]:
        """What arrived, in order."""
        return self.scene.tap.heard if self._scene is not None else []

    def order(self) -> dict[str, Any]:
        """The work order of the scenario at hand, for systems that can load it."""
        scene = self.scene
        return work_order(scene.staged, scene.exchange, self._base_url, scene.clock.now())

    def keys(self) -> dict[str, bytes]:
        """The keys and certificates (PEM) that sign what is staged."""
        return key_files(self.order(), self.scene.pki)

    # from one to the next

    def close(self) -> Page:
        """Judge the scenario at hand and open the next."""
        self.tick()
        watch = self.watch()
        scenario = self.scene.scenario
        own = not self.told.file
        left_out = {c.id: BY_A_PERSON for c in scenario.cases if own and OWN_FILE in c.verifies}
        page = self.course.judge(watch, left_out)
        self._open()
        return page

    def skip(self, reason: str) -> Page:
        """Leave the scenario at hand out, for a reason of the person."""
        page = self.course.skip(Reason(reason, reason))
        self._open()
        return page

    def repeat(self) -> None:
        """Stage the scenario at hand anew; how often that was done stands in the evidence."""
        name = self.scene.scenario.id
        self.again[name] = self.again.get(name, 0) + 1
        self._open()

    def run(self) -> Run:
        """The whole run, when all scenarios are over."""
        run = self.course.run(KIND)
        run.facts["kit"]["guided"] = {"again": dict(self.again)}
        return run

    # over a restart of the server

    def to_dict(self) -> dict[str, Any]:
        """What has to be kept of the scenarios that are over; the one at hand begins anew."""
        return {
            "kit": self.course.kit.id,
            "version": self.course.kit.version,
            "seed": self.course.seed,
            "role": self.course.role,
            "only": list(self.only),
            "about": self.about,
            "started": self.started.isoformat(),
            "again": self.again,
            "pages": [page.to_dict() for page in self.course.pages],
        }

    def take_up(self, kept: Mapping[str, Any]) -> None:
        """Go on from `to_dict`. Raises `ConformanceError` (ERR-CERT-10) for another kit."""
        kit = self.course.kit
        if (kept["kit"], kept["version"]) != (kit.id, kit.version):
            raise ConformanceError("ERR-CERT-10", what="kit")
        self.started = dt.datetime.fromisoformat(kept["started"])
        self.again = dict(kept["again"])
        self.course.take_up(kept["pages"])
        self._open()


class _Scene:
    """A staged scenario with a sandbox of its own."""

    def __init__(self, scenario: Scenario, seed: int, on_kill: Any) -> None:
        self.scenario = scenario
        self.staged: Staged = staged(scenario.stage, seed)
        self.pki = pki(FACILITIES)
        self.clock = VirtualClock(self.staged.start)
        waited = scenario.stage.verdict_delay_s if scenario.virtual else VERDICT_S
        self.exchange: Exchange = exchange_of(scenario.stage, seed, self.clock, waited)
        self.tap = Tap(self.exchange, scenario.stage.kills, on_kill=on_kill)
