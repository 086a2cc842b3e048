"""What goes around the facts of a run: its particulars, and the files that are handed out."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import platform
import resource
import sys
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from vnhealth.conformance import evidence
from vnhealth.conformance._course import Run
from vnhealth.conformance._report import csv_table, html, junit

__all__ = ["report_files", "run_section"]

VALID_DAYS = 365
PROCESSES = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
"""The largest of them is told: this one, or one that it started."""
VENDOR = (
    "name", "tax_code", "contact", "product", "version", "build", "system", "database", "facility",
)  # fmt: skip


def run_section(
    about: Mapping[str, Any], run: Run, *, started: dt.datetime, finished: dt.datetime
) -> dict[str, Any]:
    """The section ``run`` of the evidence: what differs between two runs of the same kit and seed.

    ``about`` may hold ``issuer``, ``number``, ``vendor`` and ``attestations``. Raises `OSError` for
    an attachment that cannot be read.
    """
    digest = evidence.facts_digest(run.facts)
    vendor = about.get("vendor", {})
    peak = max(resource.getrusage(who).ru_maxrss for who in PROCESSES)
    return {
        "number": str(about.get("number") or f"VNH-{started:%Y%m%d}-{digest[:8].upper()}"),
        "issuer": str(about.get("issuer", "")),
        "date": started.isoformat(timespec="seconds"),
        "started": started.isoformat(timespec="seconds"),
        "finished": finished.isoformat(timespec="seconds"),
        "machine": {"python": platform.python_version(), "platform": platform.platform()},
        "vendor": {name: str(vendor[name]) for name in VENDOR if vendor.get(name)},
        "attestations": [_attestation(a) for a in about.get("attestations", ())],
        "valid_until": (started.date() + dt.timedelta(days=VALID_DAYS)).isoformat(),
        "peak_memory_mib": peak // (2**20 if sys.platform == "darwin" else 1024),
    }


def _attestation(entry: Mapping[str, Any]) -> dict[str, str]:
    attached = entry.get("attachment")
    digest = hashlib.sha256(Path(attached).read_bytes()).hexdigest() if attached else ""
    names = ("name", "role", "statement", "date")
    return {**{n: str(entry.get(n, "")) for n in names}, "attachment_sha256": digest}


def report_files(data: bytes) -> dict[str, bytes]:
    """The files of a run by name, all made from its evidence."""
    payload = json.loads(data)["payload"]
    page = files("vnhealth.conformance.evidence") / "data" / "verify.html"
    return {
        "evidence.json": data,
        "bao-cao.html": html(data, "vi").encode(),
        "report.html": html(data, "en").encode(),
        "junit.xml": junit(payload).encode(),
        "requirements.csv": csv_table(payload).encode(),
        "verify.html": page.read_bytes(),
    }
