"""The rules of an exchange, which calls they strike, and what they did so far."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from os import PathLike
from pathlib import Path
from typing import Any

from vnhealth.errors import SandboxError
from vnhealth.protocol import Endpoint
from vnhealth.sandbox.faults._magic import MAGIC_KEY, magic_of_facility, magic_of_key
from vnhealth.sandbox.faults._rule import Fault

__all__ = ["FaultPlan", "Injection"]


@dataclass(frozen=True, slots=True)
class Injection:
    """A fault that happened: the number of its journal entry and which fault."""

    entry: int
    fault: str
    variant: str


class FaultPlan:
    """Rules with a seed. Whether a rule strikes depends on the seed, its place in the plan and how
    many matching calls it has seen, and on nothing else.

    >>> plan = FaultPlan([Fault("F18", on="vss.*", nth=(2,))], seed=7)
    >>> len(plan), plan.injected
    (1, ())
    """

    def __init__(self, faults: Iterable[Fault] = (), *, seed: int = 7) -> None:
        self.seed = seed
        self._faults: list[Fault] = list(faults)
        self._seen: Counter[str] = Counter()
        self._struck: Counter[str] = Counter()
        self._injected: list[Injection] = []

    def add(self, *faults: Fault) -> None:
        """Add rules after those there are."""
        self._faults += faults

    def clear(self) -> None:
        """Take all rules away and forget what they saw and did."""
        self._faults.clear()
        self._seen.clear()
        self._struck.clear()
        self._injected.clear()

    @property
    def injected(self) -> tuple[Injection, ...]:
        """What happened so far, in order."""
        return tuple(self._injected)

    def note(self, entry: int, faults: Iterable[Fault]) -> None:
        """Remember that faults happened at a call."""
        self._injected += (Injection(entry, f.fault, f.kind.variant) for f in faults)

    # which calls are struck

    def at_call(self, endpoint: Endpoint, now: dt.datetime) -> list[Fault]:
        """Rules that strike a call, as far as that is known before it is read."""
        return self._due(
            endpoint, now, [(i, f) for i, f in enumerate(self._faults) if not _narrow(f)]
        )

    def at_account(self, endpoint: Endpoint, now: dt.datetime, facility: str) -> list[Fault]:
        """Rules that strike a call of this facility, magic facilities among them."""
        narrow = [
            (i, f)
            for i, f in enumerate(self._faults)
            if f.facility and not f.key and facility.startswith(f.facility)
        ]
        magic = magic_of_facility(facility)
        found = self._due(endpoint, now, narrow)
        if magic is not None and magic.covers(endpoint, now):
            found += self._once(f"{facility} {endpoint.gateway}.{endpoint.name}", magic)
        return found

    def at_intake(
        self, endpoint: Endpoint, now: dt.datetime, facility: str, keys: Sequence[str | None]
    ) -> list[Fault]:
        """Rules that strike a file by its records, magic MA_LK among them."""
        named = [key for key in keys if key]
        narrow = [
            (i, f)
            for i, f in enumerate(self._faults)
            if f.key
            and facility.startswith(f.facility)
            and any(fnmatchcase(key, f.key) for key in named)
        ]
        found = self._due(endpoint, now, narrow)
        for key in named:
            magic = magic_of_key(key) if key.startswith(MAGIC_KEY) else None
            if magic is not None and magic.covers(endpoint, now):
                found += self._once(f"{endpoint.gateway}.{endpoint.name} {key}", magic)
        return found

    def _due(
        self, endpoint: Endpoint, now: dt.datetime, rules: Iterable[tuple[int, Fault]]
    ) -> list[Fault]:
        found = []
        for index, rule in rules:
            if not rule.covers(endpoint, now):
                continue
            place = str(index)
            self._seen[place] += 1
            if self._takes(rule, place) and not (rule.times and self._struck[place] >= rule.times):
                self._struck[place] += 1
                found.append(rule)
        return found

    def _takes(self, rule: Fault, place: str) -> bool:
        count = self._seen[place]
        if rule.nth:
            return count in rule.nth
        if rule.every:
            return count % rule.every == 0
        return not rule.probability or self._chance(place, count) < rule.probability

    def _chance(self, place: str, count: int) -> float:
        drawn = hashlib.sha256(f"{self.seed} {place} {count}".encode()).digest()
        return int.from_bytes(drawn[:8], "big") / 2**64

    def _once(self, place: str, magic: Fault) -> list[Fault]:
        self._struck[place] += 1
        return [] if magic.times and self._struck[place] > magic.times else [magic]

    # as data

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready object: seed and rules."""
        return {"seed": self.seed, "faults": [fault.to_dict() for fault in self._faults]}

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> FaultPlan:
        """A plan from such an object. Raises `SandboxError` (SBX-FLT-01, SBX-FLT-02).

        >>> plan = FaultPlan.from_dict({"seed": 3, "faults": [{"fault": "F10", "every": 4}]})
        >>> plan.to_dict()
        {'seed': 3, 'faults': [{'fault': 'F10', 'every': 4}]}
        """
        rows = value.get("faults") if isinstance(value, Mapping) else None
        seed = value.get("seed", 7) if isinstance(value, Mapping) else None
        if (
            not isinstance(rows, list)
            or not isinstance(seed, int)
            or not all(isinstance(row, Mapping) for row in rows)
        ):
            raise SandboxError("SBX-FLT-02")
        return cls(map(Fault.from_dict, rows), seed=seed)

    @classmethod
    def load(cls, path: str | PathLike[str]) -> FaultPlan:
        """A plan from a YAML or JSON file. Needs the extra ``vnhealth[sandbox]`` for YAML.

        Raises `SandboxError`: SBX-FLT-01, SBX-FLT-02, SBX-FLT-03 when it cannot be read.
        """
        import yaml

        try:
            value = yaml.safe_load(Path(path).read_text("utf-8"))
        except (OSError, UnicodeDecodeError, yaml.YAMLError):
            raise SandboxError("SBX-FLT-03") from None
        return cls.from_dict(value)

    def __len__(self) -> int:
        return len(self._faults)

    def __iter__(self) -> Any:
        return iter(tuple(self._faults))

    def __repr__(self) -> str:
        return f"<FaultPlan {len(self)} rules, seed {self.seed}>"


def _narrow(fault: Fault) -> bool:
    return bool(fault.facility or fault.key)
