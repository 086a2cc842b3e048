"""The desk of a guided run: one at a time, kept on disk between scenarios, sealed at its end."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vnhealth.localtime import ICT
from vnhealth.sandbox import Clock, Request, Response

if TYPE_CHECKING:
    from vnhealth.conformance import Guided, Page

__all__ = ["DOOR", "Desk"]

DOOR = "/kit"
"""Where the system under test calls: ``/kit/vss/...`` is the gateway of the scenario at hand."""
STATE, EVIDENCE = "guided.json", "evidence.json"
CLOSED = Response(503)


class Desk:
    """Holds the guided run of a server.

    ``folder`` takes a folder for each run (``guided-001``): its state after every scenario, without
    any value of a record, and at the end evidence and reports. A server that starts again goes on
    with the run that was not finished. ``clock`` is the clock of the machine.
    """

    def __init__(self, folder: Path, *, clock: Clock, base_url: str) -> None:
        self._folder = folder
        self._clock = clock
        self._base_url = base_url.rstrip("/") + DOOR
        self._run: Guided | None = None
        self._looked = False
        self._place: Path | None = None
        self.last: Page | None = None
        """The scenario that was judged last, for the page to show."""

    # the run

    @property
    def run(self) -> Guided | None:
        """The run under way, also one that an earlier server began; None when there is none."""
        if not self._looked:
            self._looked = True
            self._take_up()
        return self._run

    @property
    def base_url(self) -> str:
        """The address of the gateways for the system under test."""
        return self._base_url

    def start(self, kit: str, *, seed: int, role: str, only: str, about: dict[str, Any]) -> None:
        """Begin a run. Raises `ValueError` while another one is under way."""
        if self.run is not None and self.evidence is None:
            raise ValueError("a run is under way")
        self._run = self._begun(
            kit, seed=seed, role=role, only=(only,) if only else (), about=about
        )
        self._place = self._new_place()
        self.last = None
        self._save()

    def _begun(
        self, kit: str, *, seed: int, role: str, only: tuple[str, ...], about: dict[str, Any]
    ) -> Guided:
        from vnhealth import conformance

        return conformance.Guided(
            conformance.kit(kit),
            base_url=self._base_url,
            clock=self._clock,
            seed=seed,
            role=role,
            only=only,
            about=about,
        )

    def handle(self, request: Request) -> Response:
        """A request of the system under test; nothing answers while there is no run."""
        if self.run is None:
            return CLOSED
        path = request.path.removeprefix(DOOR)
        return self.run.handle(replace(request, path=path))

    def closed(self, page: Page) -> None:
        """A scenario is over: keep what came of it, and seal the run when it was the last."""
        self.last = page
        assert self.run is not None
        self._save()
        if self.run.scenario is None:
            self._seal()

    def repeat(self) -> None:
        """Stage the scenario at hand anew; that it was done is kept at once."""
        if self.run is not None and self.run.scenario is not None:
            self.run.repeat()
            self._save()

    def abandon(self) -> None:
        """End the run without evidence."""
        if self.run is not None and self._place is not None and self.evidence is None:
            (self._place / STATE).unlink(missing_ok=True)
        self._run = self.last = self._place = None

    # what is kept

    @property
    def evidence(self) -> bytes | None:
        """The sealed evidence of the run; None until it is over."""
        file = self._place / EVIDENCE if self._place is not None else None
        return file.read_bytes() if file is not None and file.is_file() else None

    @property
    def files(self) -> list[str]:
        """Names of the files to download."""
        if self._place is None or self.evidence is None:
            return []
        return sorted(p.name for p in self._place.iterdir() if p.name != STATE)

    def file(self, name: str) -> bytes | None:
        """One of them."""
        if self._place is None or name not in self.files:
            return None
        return (self._place / name).read_bytes()

    def witness(self, *, name: str, unit: str, role: str, key: str) -> str:
        """Have a person sign the evidence; gives the fingerprint of the key.

        Without a key (PEM) one is made for this signature alone and thrown away. Raises
        `VnHealthError` as `vnhealth.conformance.evidence.countersign` and `Sealer.from_pem` do.
        """
        from vnhealth.conformance import evidence

        data = self.evidence
        if data is None:
            raise LookupError("no evidence")
        sealer = evidence.Sealer.from_pem(key.encode()) if key.strip() else evidence.Sealer.new()
        at = self._clock.now().astimezone(ICT)
        self._write(evidence.countersign(data, sealer, name=name, unit=unit, role=role, at=at))
        return sealer.fingerprint

    def _seal(self) -> None:
        from vnhealth import conformance

        assert self.run is not None
        run = self.run.run()
        particulars = conformance.run_section(
            self.run.about,
            run,
            started=self.run.started.astimezone(ICT),
            finished=self._clock.now().astimezone(ICT),
        )
        payload = {
            "kind": run.kind, "outcome": run.outcome, "facts": run.facts, "run": particulars,
        }  # fmt: skip
        self._write(conformance.evidence.seal(payload, conformance.evidence.Sealer.new()))

    def _write(self, data: bytes) -> None:
        from vnhealth import conformance

        assert self._place is not None
        for name, content in conformance.report_files(data).items():
            _replace(self._place / name, content)

    def _save(self) -> None:
        assert self._place is not None
        assert self._run is not None
        text = json.dumps(self._run.to_dict(), ensure_ascii=False)
        _replace(self._place / STATE, text.encode())

    def _new_place(self) -> Path:
        number = 1 + sum(1 for _ in self._folder.glob("guided-*"))
        place = self._folder / f"guided-{number:03}"
        place.mkdir(parents=True)
        return place

    def _take_up(self) -> None:
        places = sorted(p.parent for p in self._folder.glob(f"guided-*/{STATE}"))
        if not places or (places[-1] / EVIDENCE).exists():
            return
        kept = json.loads((places[-1] / STATE).read_text("utf-8"))
        run = self._begun(
            kept["kit"],
            seed=kept["seed"],
            role=kept["role"],
            only=tuple(kept["only"]),
            about=kept["about"],
        )
        run.take_up(kept)
        self._run, self._place = run, places[-1]


def _replace(path: Path, content: bytes) -> None:
    """Write a file in one step."""
    temporary = path.with_name(f".{path.name}.new")
    temporary.write_bytes(content)
    os.replace(temporary, path)
