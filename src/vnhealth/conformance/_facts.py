"""The facts of a run that go into the evidence: counts, hashes and codes, never a value."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections import Counter
from collections.abc import Sequence
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

__all__ = [
    "kit_facts",
    "leaf_of",
    "salt_of",
    "scenario_sums",
    "scenario_traffic",
    "standards",
    "summed",
]

MANY = 2000
"""Exchanges of a scenario beyond which the root stands for them alone."""
TOP = 10
TIER = "pseudonymised"
PROBES = ("SRV", "RXV", "RPV", "DIV")
"""Scenarios that ask a server: what lies in the sandbox then is nobody's books."""
PRIVACY = (("DEI-01", "DEI-02"), ("RPP-01", "RPP-02"))
"""The tests of each kit that look for planted values and for cases of HIV."""
INJECTED = re.compile(r"Fault F\d\d was injected")
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
        "gateway": kit.gateway,
        "edition": "1931" if kit.gateway != "donthuoc" else "",
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
    salt = salt_of(scenario.id, seed)
    leaves = [leaf_of(heard, salt) for heard in watch.heard]
    return {
        "id": scenario.id,
        "count": len(leaves),
        "root": evidence.scenario_root(leaves),
        "leaves": [] if hidden or len(leaves) > MANY else leaves,
    }


def salt_of(name: str, seed: int) -> bytes:
    """The salt of the hashes of a scenario."""
    return hashlib.sha256(f"vnhealth salt {name} {seed}".encode()).digest()


def leaf_of(heard: Heard, salt: bytes) -> dict[str, Any]:
    """One exchange as a leaf: when, what, its result, and hashes of request and answer."""
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


def scenario_sums(scenario: Scenario, watch: Watch, judged: Sequence[CaseResult]) -> dict[str, Any]:
    """What one scenario adds to the sections of the evidence that are sums; JSON-ready."""
    results = {r.case.id: r for r in judged}
    return {
        "gateways": sorted({heard.gateway for heard in watch.heard}),
        "faults": [_fault(number, case, watch) for case in judged for number in _struck(case)],
        "security": _security(watch, results) if scenario.id == "DAY" else None,
        "load": _load(watch) if scenario.id == "LOD" else None,
        "privacy": _privacy(results),
        **_books(scenario, watch),
    }


def summed(sums: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The sections of the evidence over the sums of all scenarios."""
    counts: Counter[str] = Counter()
    codes: Counter[str] = Counter()
    for found in sums:
        counts.update(found["counts"])
        codes.update(found["codes"])
    gateways = {name for found in sums for name in found["gateways"]}
    classes = Counter(b.evidence for b in behaviours() if b.gateway in gateways)
    return {
        "faults": _faults([row for found in sums for row in found["faults"]]),
        "quality": {
            **{n: counts[n] for n in ("sent", "accepted", "warned", "refused")},
            "pending": counts["pending"],
            "replaced": counts["replaced"],
            "codes": [{"code": c, "count": n} for c, n in codes.most_common(TOP)],
            "total_dong": int(sum(Decimal(found["total"]) for found in sums)),
        },
        "security": _last(sums, "security", {"tls": False, "certificates": []}),
        "privacy": _last(sums, "privacy", {"tier": TIER, "canaries": "", "hiv": ""}),
        "load": _last(sums, "load", None),
        "parity": dict(sorted(classes.items())),
    }


def _last(sums: Sequence[dict[str, Any]], name: str, otherwise: Any) -> Any:
    return next((found[name] for found in reversed(sums) if found[name] is not None), otherwise)


def _privacy(results: dict[str, CaseResult]) -> dict[str, str] | None:
    for canaries, hiv in PRIVACY:
        if canaries in results:
            found = {"canaries": results[canaries], "hiv": results[hiv]}
            return {"tier": TIER, **{name: r.result.value for name, r in found.items()}}
    return None


def _books(scenario: Scenario, watch: Watch) -> dict[str, Any]:
    """Counts and codes of what is held, and the total of what was accepted, as text."""
    counts: Counter[str] = Counter()
    codes: Counter[str] = Counter()
    total = Decimal(0)
    if scenario.id not in PROBES:
        for row in watch.exchange.reconcile():
            for name in ("sent", "accepted", "warned", "refused", "pending", "replaced"):
                counts[name] += getattr(row, name)
        for found in watch.held.values():
            for _, record in found:
                codes.update(str(f["code"]) for f in record.findings)
        for send in watch.latest("claim"):
            if watch.state(send).startswith("accepted"):
                total += Decimal(send.tables["XML1"][0].get("T_TONGCHI_BV") or "0")
    return {"counts": dict(counts), "codes": dict(codes), "total": str(total)}


def _struck(result: CaseResult) -> list[str]:
    """The faults that a test is about: by its id in the first kit, else by its steps."""
    if result.case.id.startswith("FLT-"):
        return ["F" + result.case.id.removeprefix("FLT-")[:2]]
    texts = (found.step.text_en for found in result.steps)
    return [text.split()[1] for text in texts if INJECTED.fullmatch(text)]


def _fault(number: str, case: CaseResult, watch: Watch) -> dict[str, Any]:
    lost = any(s.result is Result.FAIL and s.step.text_en.startswith(LOST) for s in case.steps)
    return {
        "id": number,
        "title_vi": fault_kinds()[number][0].title_vi,
        "title_en": fault_kinds()[number][0].title_en,
        "injected": sum(1 for name in watch.faults if name.startswith(number)),
        "lost": sum(1 for s in watch.sends() if watch.state(s) == "missing") if lost else 0,
        "doubled": _doubled(watch),
        "logins": max([0, *(len(found) for found in watch.logins.values())]),
        "recovery_s": _recovery(watch),
        "result": case.result.value,
    }


def _faults(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One row a fault: its variants added up, the last result that is no pass."""
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        known = found.setdefault(row["id"], row)
        if known is row:
            continue
        added = {name: known[name] + row[name] for name in ("injected", "lost", "doubled")}
        worst = {name: max(known[name], row[name]) for name in ("logins", "recovery_s")}
        bad = row["result"] != Result.PASS.value
        found[row["id"]] = {
            **known,
            **added,
            **worst,
            "result": row["result"] if bad else known["result"],
        }
    return [found[name] for name in sorted(found)]


def _doubled(watch: Watch) -> int:
    versions = Counter((s.kind, s.ma_lk) for s in watch.sends())
    return sum(
        max(len(watch.held.get((watch.gateway, kind, key), ())) - count, 0)
        for (kind, key), count in versions.items()
        if kind not in watch.staged.stage.replaced_by_itself
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
