"""Hold-out: a secret seed that nobody can swap afterwards, and what the vendor may learn of it."""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import dataclass
from typing import Any

from vnhealth.errors import ConformanceError

__all__ = ["Holdout", "open_holdout"]


@dataclass(frozen=True, slots=True)
class Holdout:
    """A secret seed with a random pad, and the commitment to both.

    The commitment is published before the run; seed and pad are revealed to the auditor after it.
    """

    seed: int
    pad: str

    @classmethod
    def new(cls) -> Holdout:
        """From the random source of the system."""
        return cls(secrets.randbelow(2**48), secrets.token_hex(32))

    @property
    def commitment(self) -> str:
        """SHA-256 over seed and pad.

        >>> Holdout(1, "00").commitment == Holdout(2, "00").commitment
        False
        """
        return hashlib.sha256(f"vnhealth-holdout/1\n{self.seed}\n{self.pad}".encode()).hexdigest()

    def to_json(self) -> str:
        """The secret file: keep it until the reveal."""
        return json.dumps({"seed": self.seed, "pad": self.pad, "commitment": self.commitment})

    def __repr__(self) -> str:
        return f"<Holdout {self.commitment[:16]}>"


def open_holdout(text: str, commitment: str = "") -> Holdout:
    """The secret of a file; checked against a published commitment when one is given.

    Raises `ConformanceError` (ERR-CERT-09) when it does not fit.
    """
    try:
        value: dict[str, Any] = json.loads(text)
        found = Holdout(int(value["seed"]), str(value["pad"]))
    except (ValueError, KeyError, TypeError):
        raise ConformanceError("ERR-CERT-09") from None
    if found.commitment != (commitment or str(value.get("commitment"))):
        raise ConformanceError("ERR-CERT-09")
    return found
