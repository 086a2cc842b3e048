"""Baselines: what was known at the last run, kept without a trace of any patient.

A fingerprint says *this mistake at this place of this encounter*. Identifiers of encounters can be
guessed, so a plain hash of one tells whose it is to anybody who tries them all. Fingerprints are
therefore HMACs under a secret key that lies beside the baseline in a file of its own; without the
key a baseline says how many findings of which code there were, and nothing else.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vnhealth.errors import VnHealthError
from vnhealth.findings._finding import Finding

__all__ = ["Baseline", "Comparison", "Fingerprints", "place_of"]

KEY_BYTES = 32
_LENGTH = 32
_ABOUT_KEY = (
    "# vnhealth: khoá bí mật của baseline, không gửi kèm baseline. "
    "/ Secret key of a baseline: never send it along.\n"
)


@dataclass(frozen=True, slots=True)
class Fingerprints:
    """Makes fingerprints under one key of at least 16 bytes."""

    key: bytes = field(repr=False)

    @property
    def key_id(self) -> str:
        """Tells one key from another, and nothing about it."""
        return self._digest(("vnhealth key",))[:16]

    def of(self, finding: Finding, encounter: str, row: str) -> str:
        """The fingerprint of a finding.

        ``encounter`` is what identifies the encounter (or the document), ``row`` the row of the
        table. Neither the value nor the words of the finding are part of it: the same mistake at
        the same place stays the same while its value changes.

        >>> make = Fingerprints(b"0123456789abcdef")
        >>> f = Finding("BHYT-VAL-01", "error", 3, "XML3", 0, "STT")
        >>> make.of(f, "79001|A1", "1") == make.of(f, "79001|A1", "1") != make.of(f, "x", "1")
        True
        """
        return self._digest((encounter, finding.code, finding.table or "", row, finding.tag or ""))

    def _digest(self, parts: Sequence[str]) -> str:
        text = json.dumps(parts, ensure_ascii=True).encode()
        return hmac.new(self.key, text, hashlib.sha256).hexdigest()[:_LENGTH]

    @classmethod
    def from_file(cls, path: str | os.PathLike[str]) -> Fingerprints:
        """Read a key file. Raises `VnHealthError` (ERR-CHECK-03) when there is no key in it."""
        try:
            lines = Path(path).read_text("ascii", "ignore").splitlines()
            key = bytes.fromhex(next(x for x in lines if x.strip() and not x.startswith("#")))
        except (OSError, ValueError, StopIteration):
            raise VnHealthError("ERR-CHECK-03", path=Path(path).name) from None
        if len(key) < KEY_BYTES // 2:
            raise VnHealthError("ERR-CHECK-03", path=Path(path).name)
        return cls(key)

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write the key to a new file that only its owner may read."""
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(_ABOUT_KEY + self.key.hex() + "\n")


def place_of(
    finding: Finding, name: str, links: Mapping[int, str | None], stt: Any
) -> tuple[str, str]:
    """What identifies the encounter and the row of a finding.

    ``name`` is the file's, ``links`` identify its encounters, ``stt`` is the number that the row
    bears (rows may come in another order next time). A document is known by its first encounter,
    so that a new file name changes nothing.
    """
    link = links.get(finding.encounter or 0)
    if finding.encounter is None:
        encounter = f"document {link or name}"
    else:
        encounter = link or f"{name} {finding.encounter}"
    row = "" if finding.row is None else f"#{stt}" if stt is not None else str(finding.row)
    return encounter, row


class Baseline:
    """How often each fingerprint was there, by code."""

    def __init__(self, key_id: str, held: Mapping[str, Mapping[str, int]] | None = None) -> None:
        self.key_id = key_id
        self.held: dict[str, Counter[str]] = {c: Counter(f) for c, f in (held or {}).items()}

    def add(self, code: str, fingerprint: str) -> None:
        """Take in one finding."""
        self.held.setdefault(code, Counter())[fingerprint] += 1

    def __len__(self) -> int:
        return sum(held.total() for held in self.held.values())

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Baseline:
        """Read a baseline. Raises `VnHealthError` (ERR-CHECK-02) for anything else."""
        name = Path(path).name
        try:
            held = json.loads(Path(path).read_text("utf-8"))
            if held["version"] != 1 or held["tool"] != "vnhealth":
                raise ValueError
            findings = {
                str(code): {str(print_): int(n) for print_, n in prints.items()}
                for code, prints in held["findings"].items()
            }
            return cls(str(held["key_id"]), findings)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            raise VnHealthError("ERR-CHECK-02", path=name) from None

    def to_json(self) -> str:
        """The content of a baseline file; the same findings give the same text."""
        findings = {c: dict(sorted(self.held[c].items())) for c in sorted(self.held)}
        about = {"tool": "vnhealth", "version": 1, "key_id": self.key_id, "findings": findings}
        return json.dumps(about, indent=1) + "\n"

    def require(self, prints: Fingerprints) -> None:
        """Raise `VnHealthError` (ERR-CHECK-04) when the baseline was made under another key."""
        if self.key_id != prints.key_id:
            raise VnHealthError("ERR-CHECK-04")


class Comparison:
    """Holds findings against a baseline (None: nothing was known) and notes what is there now."""

    def __init__(self, old: Baseline | None, key_id: str) -> None:
        self.now = Baseline(key_id)
        self.compared = old is not None
        self.known = 0
        self._left = {c: held.copy() for c, held in old.held.items()} if old else {}

    def split(self, findings: Iterable[tuple[Finding, str]]) -> tuple[list[Finding], int]:
        """The findings that are new, and how many were known."""
        new: list[Finding] = []
        known = 0
        for finding, print_ in findings:
            self.now.add(finding.code, print_)
            left = self._left.get(finding.code)
            if left is not None and left[print_] > 0:
                left[print_] -= 1
                known += 1
            else:
                new.append(finding)
        self.known += known
        return new, known

    @property
    def gone(self) -> int:
        """How many findings of the baseline did not come again so far."""
        return sum(held.total() for held in self._left.values())

    def to_dict(self) -> dict[str, int]:
        """A JSON-ready object."""
        return {"known": self.known, "gone": self.gone}
