"""One run of ``vnhealth certify``: subject, kit, evidence and reports in a folder."""

from __future__ import annotations

import datetime as dt
import json
import logging
import time
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vnhealth import conformance
from vnhealth.cli._common import progress, say
from vnhealth.conformance import Holdout, Kit, Run, Subject
from vnhealth.conformance.clients import ReferenceClient
from vnhealth.conformance.evidence import Sealer
from vnhealth.errors import ConformanceError
from vnhealth.localtime import ICT

__all__ = ["Job"]

MANY = 500
"""Visits of a night from which on starting processes pays."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """The options of a run."""

    kit_name: str
    seed: int
    folder: Path
    his_command: str | None
    target: str | None
    account: Path | None
    role: str | None
    only: tuple[str, ...]
    key: Path | None
    cert: Path | None
    about: Path | None
    waivers: Path | None
    waiver_keys: tuple[str, ...]
    holdout: Path | None
    load: int

    def run(self) -> tuple[Run, dict[str, Path]]:
        """Run the kit and write everything into the folder."""
        kit = conformance.kit(self.kit_name)
        secret = self._secret()
        seed = secret.seed if secret else self.seed
        about = self._about()
        sealer = self._sealer()
        started = _now()
        waivers = self._waivers(started.date())
        subject = self._subject(kit)
        role = self._role(kit, subject)
        self.folder.mkdir(parents=True, exist_ok=True)
        logging.getLogger("vnhealth.sync").addHandler(logging.NullHandler())
        logging.getLogger("uvicorn.error").addFilter(
            lambda record: False
        )  # broken lines are staged
        with progress(say("Kịch bản", "Scenarios"), len(kit.scenarios)) as advance:
            run = conformance.run_kit(
                kit,
                subject,
                seed=seed,
                role=role,
                waivers=waivers,
                commitment=secret.commitment if secret else "",
                only=self.only,
                progress=lambda _: advance(),
            )
        seconds = self._load(run, seed)
        payload = {
            "kind": run.kind,
            "outcome": run.outcome,
            "facts": run.facts,
            "run": {
                **conformance.run_section(about, run, started=started, finished=_now()),
                "load_seconds": seconds,
            },
        }
        return run, self._write(conformance.evidence.seal(payload, sealer))

    def _secret(self) -> Holdout | None:
        if self.holdout is None:
            return None
        return conformance.open_holdout(self.holdout.read_text("utf-8"))

    def _about(self) -> dict[str, Any]:
        if self.about is None:
            return {}
        try:
            return tomllib.loads(self.about.read_text("utf-8"))
        except tomllib.TOMLDecodeError:
            raise ConformanceError("ERR-CERT-10", what="TOML") from None

    def _sealer(self) -> Sealer:
        if self.key is None:
            return Sealer.new()
        return Sealer.from_pem(self.key.read_bytes(), self.cert.read_bytes() if self.cert else b"")

    def _waivers(self, day: dt.date) -> tuple[conformance.Waiver, ...]:
        if self.waivers is None:
            return ()
        return conformance.read_waivers(self.waivers.read_bytes(), on=day, keys=self.waiver_keys)

    def _subject(self, kit: Kit) -> Subject:
        is_server = "server" in kit.roles
        if self.target and self.account and is_server and not self.his_command:
            account = json.loads(self.account.read_text("utf-8"))
            return conformance.Target(
                self.target, account, gateway=kit.gateway, probe=conformance.client_of(kit)
            )
        if self.target or self.account or (self.his_command and is_server):
            raise ConformanceError("ERR-CERT-10", what="--target, --account, --his-command")
        if self.his_command:
            return conformance.Command(self.his_command)
        return conformance.InProcess(conformance.client_of(kit))

    def _role(self, kit: Kit, subject: Subject) -> str:
        largest = subject.kind in ("self_test", "server_target")
        role = self.role or kit.roles[-1 if largest else 0]
        if role not in kit.roles:
            raise ConformanceError("ERR-CERT-10", what="role")
        return role

    def _load(self, run: Run, seed: int) -> int:
        """Send the night batch that was asked for; gives the seconds it took."""
        if not self.load:
            return 0
        if run.kind != "self_test" or run.kit.id != conformance.KITS[0].id:
            raise ConformanceError("ERR-CERT-10", what="--load")
        started = time.monotonic()
        with progress(say("Lô ban đêm", "Night batch"), self.load) as advance:
            done = [0]

            def step(count: int) -> None:
                done[0] += count
                advance(done[0], self.load)

            night = conformance.night_in_processes if self.load >= MANY else conformance.night_batch
            found = night(ReferenceClient, self.load, seed=seed, leaves=self.folder, progress=step)
        run.facts["load"] = found
        if found["lost"] or found["doubled"] or found["open"] or not found["balanced"]:
            run.outcome = "FAIL"
        return round(time.monotonic() - started)

    def _write(self, data: bytes) -> dict[str, Path]:
        written = {}
        for name, content in conformance.report_files(data).items():
            written[name] = self.folder / name
            written[name].write_bytes(content)
        return written

    def summary(self, run: Run, written: dict[str, Path]) -> dict[str, Any]:
        """What ``--format json`` prints."""
        return {
            "kit": run.kit.id,
            "version": run.kit.version,
            "kind": run.kind,
            "role": run.facts["kit"]["role"],
            "seed": run.facts["kit"]["seed"],
            "outcome": run.outcome,
            "summary": run.facts["summary"],
            "requirements": {name: result.value for name, result in run.requirements.items()},
            "tests": {r.case.id: r.result.value for r in run.results},
            "load": run.facts["load"],
            "exchanges": run.facts["traffic"]["count"],
            "merkle_root": run.facts["traffic"]["root"],
            "facts_sha256": conformance.evidence.facts_digest(run.facts),
            "evidence": str(written["evidence.json"]),
            "files": {name: str(path) for name, path in written.items()},
        }


def _now() -> dt.datetime:
    return dt.datetime.now(ICT)
