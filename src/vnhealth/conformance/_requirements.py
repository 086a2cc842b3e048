"""What is required, by whom, and which tests decide it: rows of ``data/requirements.csv``."""

from __future__ import annotations

import csv
import hashlib
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from vnhealth.conformance._model import Kit

__all__ = [
    "Requirement",
    "coverage",
    "requirements",
    "requirements_digest",
    "requirements_of",
]


@dataclass(frozen=True, slots=True)
class Requirement:
    """One requirement of a kit. ``role`` is the smallest role it binds, ``level`` must or should.

    ``basis`` and ``clause`` are its legal or other source, ``confidence`` as in the catalogue of
    findings. With ``reason_vi`` and ``reason_en`` it cannot be tested, and this is why.
    """

    id: str
    kit: str
    role: str
    level: str
    basis: str
    clause: str
    confidence: str
    text_vi: str
    text_en: str
    reason_vi: str
    reason_en: str

    @property
    def testable(self) -> bool:
        """True unless a reason says otherwise."""
        return not self.reason_en


def _text() -> str:
    path = files("vnhealth.conformance") / "data" / "requirements.csv"
    return path.read_text("utf-8")


@cache
def requirements() -> Mapping[str, Requirement]:
    """All requirements by their permanent id, in order.

    >>> requirements()["R-CHK-02"].basis
    '4750/QĐ-BYT'
    """
    rows = csv.DictReader(_text().splitlines())
    return MappingProxyType({row["id"]: Requirement(**row) for row in rows})


def requirements_of(kit: Kit) -> Mapping[str, Requirement]:
    """The requirements of a kit."""
    return {name: r for name, r in requirements().items() if r.kit == kit.id}


def requirements_digest() -> str:
    """SHA-256 of the rows."""
    return hashlib.sha256(_text().encode()).hexdigest()


def coverage(kit: Kit) -> dict[str, Any]:
    """Which tests verify each requirement, and why some are not tested. JSON-ready."""
    tests: dict[str, list[str]] = defaultdict(list)
    for case in kit.cases():
        for name in case.verifies:
            tests[name].append(case.id)
    rows = [
        {
            "id": r.id,
            "level": r.level,
            "role": r.role,
            "basis": r.basis,
            "clause": r.clause,
            "confidence": r.confidence,
            "text_vi": r.text_vi,
            "text_en": r.text_en,
            "tests": tests[r.id],
            "testable": r.testable,
            "reason_vi": r.reason_vi,
            "reason_en": r.reason_en,
        }
        for r in requirements_of(kit).values()
    ]
    testable = [row for row in rows if row["testable"]]
    covered = sum(1 for row in testable if row["tests"])
    return {
        "kit": kit.id,
        "version": kit.version,
        "requirements": len(rows),
        "testable": len(testable),
        "covered": covered,
        "coverage_percent": 100 * covered // len(testable),
        "tests": len(kit.cases()),
        "rows": rows,
    }
