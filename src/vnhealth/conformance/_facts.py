"""The facts of a run that go into the evidence: counts, hashes and codes, never a value."""

from __future__ import annotations

import hashlib
import hmac
from collections import Counter
from decimal import Decimal
from typing import Any

from vnhealth import __version__
from vnhealth.conformance import evidence
from vnhealth.conformance._line import Heard
from vnhealth.conformance._model import CaseResult, Kit, Result, Scenario
from vnhealth.conformance._requirements import requirements_digest
from vnhealth.conformance._watch import Watch
from vnhealth.localtime import ICT
from vnhealth.protocol import behaviours
from vnhealth.sandbox.faults import fault_kinds
from vnhealth.spec import Edition, edition_info, tables
from vnhealth.spec import table as spec_table

__all__ = ["Sums", "kit_facts", "scenario_traffic", "standards"]

MANY = 2000
"""Exchanges of a scenario beyond which the root stands for them alone."""
TOP = 10
LOST = "Every record that had to arrive"
"""How the step begins that looks for lost records; other faults refuse some on purpose."""


def _sha(*parts: bytes) -> str:
    return hashlib.sha256(b"".join(parts)).hexdigest()


def kit_facts(kit: Kit, role: str, seed: int | None, commitment: str) -> dict[str, Any]:
    """What was run; ``seed`` is None while it is secret."""
    tests = [
        {
            "id": case.id,
            "verifies": list(case.verifies),
            "steps": [[s.text_vi, s.text_en] for s in case.steps],
        }
        for case in kit.cases()
    ]
    stages = "\n".join(f"{s.id} {s.stage!r}" for s in kit.scenarios)
    return {
        "id": kit.id,
        "version": kit.version,
        "title_vi": kit.title_vi,
        "title_en": kit.title_en,
        "product": f"vnhealth {__version__}",
        "tests_sha256": _sha(evidence.canonical(tests), stages.encode()),
        "requirements_sha256": requirements_digest(),
        "role": role,
        "gateway": "vss",
        "edition": "1931",
        "seed": seed,
        "holdout_commitment": commitment,
        "clock": "virtual from the day and hour of each scenario; real for a program or server",
    }


def standards() -> list[dict[str, str]]:
    """The editions with their start and a hash of all field rows that stand in this product."""
    found = []
    for edition in Edition:
        about = edition_info(edition)
        rows = [
            f"{name} {field.tag} {field.type} {field.max_length} {field.required}"
            for name in tables(edition)
            for field in spec_table(edition, name).fields
        ]
        found.append(
            {
                "name": about.decision,
                "in_force": about.in_force.isoformat(),
                "sha256": _sha("\n".join(rows).encode()),
            }
        )
    return found


def scenario_traffic(
    scenario: Scenario, watch: Watch, seed: int, *, hidden: bool
) -> dict[str, Any]:
    """The exchanges of a scenario as leaves, and the root over them.

    A leaf holds no value: request and answer are hashed with a salt that follows from the seed, so
    that short ones cannot be guessed by whoever has the evidence of a secret seed.
    """
    salt = hashlib.sha256(f"vnhealth salt {scenario.id} {seed}".encode()).digest()
    leaves = [_leaf(heard, salt) for heard in watch.heard]
    return {
        "id": scenario.id,
        "count": len(leaves),
        "root": evidence.scenario_root(leaves),
        "leaves": [] if hidden or len(leaves) > MANY else leaves,
    }


def _leaf(heard: Heard, salt: bytes) -> dict[str, Any]:
    request, answer = heard.request, heard.response
    key = salt + heard.n.to_bytes(8, "big")
    asked = f"{request.method} {request.path}?{request.query}\n".encode() + request.body
    return {
        "n": heard.n,
        "at": heard.at.astimezone(ICT).isoformat(timespec="seconds"),
        "gateway": heard.gateway,
        "call": heard.call,
        "method": request.method if request.method in ("GET", "POST") else "?",
        "status": answer.status,
        "code": heard.code if len(heard.code) < 40 else "",
        "fault": heard.fault,
        "request": hmac.digest(key, asked, "sha256").hex(),
        "answer": hmac.digest(key, answer.body, "sha256").hex(),
    }


class Sums:
    """Adds up what the scenarios came to."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._codes: Counter[str] = Counter()
        self._total = Decimal(0)
        self._faults: dict[str, dict[str, Any]] = {}
        self._load: dict[str, Any] | None = None
        self._security: dict[str, Any] = {"tls": False, "certificates": []}
        self._privacy: dict[str, Any] = {"tier": "pseudonymised", "canaries": "", "hiv": ""}
        self._gateways: set[str] = set()

    def add(self, scenario: Scenario, watch: Watch, judged: list[CaseResult]) -> None:
        """One scenario more."""
        results = {r.case.id: r for r in judged}
        if scenario.id != "SRV":
            self._books(watch)
        for case in judged:
            if case.case.id.startswith("FLT-"):
                self._fault(case, watch)
        if scenario.id == "DAY":
            self._security = _security(watch, results)
        if scenario.id == "LOD":
            self._load = _load(watch)
        if "DEI-01" in results:
            self._privacy |= {
                "canaries": results["DEI-01"].result.value,
                "hiv": results["DEI-02"].result.value,
            }
        self._gateways |= {heard.gateway for heard in watch.heard}

    def _books(self, watch: Watch) -> None:
        for row in watch.exchange.reconcile():
            for name in ("sent", "accepted", "warned", "refused", "pending", "replaced"):
                self._counts[name] += getattr(row, name)
        for found in watch.held.values():
            for _, record in found:
                self._codes.update(str(f["code"]) for f in record.findings)
        for send in watch.latest("claim"):
            if watch.state(send).startswith("accepted"):
                self._total += Decimal(send.tables["XML1"][0].get("T_TONGCHI_BV") or "0")

    def _fault(self, case: CaseResult, watch: Watch) -> None:
        number = "F" + case.case.id.removeprefix("FLT-")[:2]
        row = self._faults.setdefault(
            number,
            {
                "id": number,
                "title_vi": fault_kinds()[number][0].title_vi,
                "title_en": fault_kinds()[number][0].title_en,
                "injected": 0,
                "lost": 0,
                "doubled": 0,
                "logins": 0,
                "recovery_s": 0,
                "result": Result.PASS.value,
            },
        )
        row["injected"] += sum(1 for name in watch.faults if name.startswith(number))
        if any(s.result is Result.FAIL and s.step.text_en.startswith(LOST) for s in case.steps):
            row["lost"] += sum(1 for s in watch.sends() if watch.state(s) == "missing")
        row["doubled"] += _doubled(watch)
        logins = [0, *(len(found) for found in watch.logins.values())]
        row["logins"] = max(row["logins"], *logins)
        row["recovery_s"] = max(row["recovery_s"], _recovery(watch))
        if case.result is not Result.PASS:
            row["result"] = case.result.value

    def to_dict(self) -> dict[str, Any]:
        """The sections of the evidence that are sums."""
        classes = Counter(b.evidence for b in behaviours() if b.gateway in self._gateways)
        return {
            "faults": [self._faults[name] for name in sorted(self._faults)],
            "quality": {
                **{n: self._counts[n] for n in ("sent", "accepted", "warned", "refused")},
                "pending": self._counts["pending"],
                "replaced": self._counts["replaced"],
                "codes": [{"code": c, "count": n} for c, n in self._codes.most_common(TOP)],
                "total_dong": int(self._total),
            },
            "security": self._security,
            "privacy": self._privacy,
            "load": self._load,
            "parity": dict(sorted(classes.items())),
        }


def _doubled(watch: Watch) -> int:
    versions = Counter((s.kind, s.ma_lk) for s in watch.sends())
    return sum(
        max(len(watch.held.get(("vss", kind, key), ())) - count, 0)
        for (kind, key), count in versions.items()
    )


def _recovery(watch: Watch) -> int:
    """Seconds from the first fault to the next file that was taken; 0 when none was needed."""
    struck = next((h for h in watch.heard if h.fault), None)
    if struck is None:
        return 0
    later = next((f.heard for f in watch.files if f.taken and f.heard.n > struck.n), None)
    return 0 if later is None else int((later.at - struck.at).total_seconds())


def _security(watch: Watch, results: dict[str, CaseResult]) -> dict[str, Any]:
    certificates = []
    for facility in watch.staged.stage.facilities:
        report = next(
            (watch.signature(f) for f in watch.files if f.form.get("maCSKCB") == facility), None
        )
        if report is not None and report.not_after is not None:
            certificates.append(
                {
                    "facility": facility,
                    "fingerprint": report.fingerprint or "",
                    "not_after": report.not_after.date().isoformat(),
                    "kind": "test authority of the kit",
                }
            )
    return {
        "tls": False,
        "password": results["SES-01"].result.value,
        "secrets": results["SES-04"].result.value,
        "signature": results["SIG-02"].result.value,
        "algorithm": results["SIG-04"].result.value,
        "certificates": certificates,
    }


def _load(watch: Watch) -> dict[str, Any]:
    taken = [f.heard for f in watch.files if f.taken]
    seconds = int((taken[-1].at - taken[0].at).total_seconds()) if taken else 0
    return {
        "files": len(taken),
        "bytes": sum(len(h.request.body) for h in taken),
        "virtual_seconds": seconds,
        "lost": sum(1 for s in watch.sends() if watch.state(s) == "missing"),
        "doubled": _doubled(watch),
    }
