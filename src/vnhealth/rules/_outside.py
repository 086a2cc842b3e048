"""Rules of other packages, found by the entry point group ``vnhealth.rules``."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Any

from vnhealth.findings import CodeInfo, Severity, catalogue
from vnhealth.rules._model import Found, Hit, Rule

__all__ = ["GROUP", "Failed", "OutsideRule", "announce", "installed"]

GROUP = "vnhealth.rules"


@dataclass(frozen=True, slots=True, eq=False)
class OutsideRule:
    """A rule of another package: its guards, its texts and its predicate.

    ``check`` is called as ``check(row, case)`` for the scope ``row``, else as ``check(case)``.
    Codes must not begin with ``BHYT-``. An exception of a predicate becomes a warning finding
    (BHYT-CLAIM-099) and the other rules go on.
    """

    rule: Rule
    texts: CodeInfo
    check: Callable[..., Found]

    def check_row(self, row: Any, case: Any) -> Found:
        """Run it on a row."""
        return self._guarded(row, case)

    def check_claim(self, case: Any) -> Found:
        """Run it on an encounter."""
        return self._guarded(case)

    def _guarded(self, *arguments: Any) -> Found:
        try:
            found = self.check(*arguments)
            # Copies, as a package may give the same hit twice.
            return [copy(hit) for hit in ((found,) if isinstance(found, Hit) else found or ())]
        except Exception as error:
            params = {"rule": self.rule.code, "kind": type(error).__name__}
            return Failed(params=params, severity=Severity.WARNING)


class Failed(Hit):
    """Stands for a predicate that raised."""

    __slots__ = ()


def installed() -> tuple[OutsideRule, ...]:
    """Load the outside rules of all installed packages; pass them to `vnhealth.rules.check`.

    An entry point names a sequence of `OutsideRule`. Raises `ValueError` when a code is taken.

    >>> installed()
    ()
    """
    found: list[OutsideRule] = []
    for point in sorted(entry_points(group=GROUP), key=lambda p: (p.name, p.value)):
        for one in point.load():
            announce(one)
            found.append(one)
    return tuple(found)


def announce(one: OutsideRule) -> None:
    """Make the texts of an outside rule known to the catalogue; refuse a code that is taken."""
    if one.rule.code.startswith("BHYT-") or one.texts.code != one.rule.code:
        raise ValueError(f"the code {one.rule.code} is taken")
    catalogue.add(one.texts)
