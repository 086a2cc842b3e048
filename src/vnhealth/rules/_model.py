"""What a rule is, what it sees and what it says."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal, NamedTuple, Protocol

from vnhealth.findings import CodeInfo, Finding, Severity, catalogue
from vnhealth.findings._finding import Draft
from vnhealth.spec import Edition

__all__ = [
    "Check",
    "ClaimCheck",
    "ClaimGate",
    "CodeCatalog",
    "Era",
    "Found",
    "Gate",
    "Hit",
    "On",
    "RowCheck",
    "Rule",
    "Scope",
    "Tolerance",
    "When",
]

Scope = Literal["field", "row", "claim", "document"]
"""What one run of a rule looks at: a value, a row, an encounter or a whole document."""


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How much two amounts may differ, in VND (a text sets none; these are recommendations).

    Up to ``ignore`` nothing is said (None: the figure of each rule, 0.005 to 0.05); above it a
    warning, above ``error`` the severity of the rule.

    >>> Tolerance().error
    Decimal('1')
    """

    ignore: Decimal | None = None
    error: Decimal = Decimal(1)


_NO_WORDS: Mapping[str, str] = {}
"""What a hit says beside its field, as a rule. Shared, so never to be written to."""

_NO_ROW = -1


class Hit(Draft):
    """What a predicate saw: the field, words for the message, values of the document.

    ``table`` and ``row`` are filled in by the engine for row rules; ``whole`` says that it is about
    the table and not about the row that gave the occasion. ``severity`` is set only where it is
    lower than that of the rule (a small difference). A hit is made anew each time: it becomes the
    finding.
    """

    __slots__ = ()

    def __init__(
        self,
        tag: str | None = None,
        params: Mapping[str, str] = _NO_WORDS,
        values: Mapping[str, str] = _NO_WORDS,
        table: str | None = None,
        row: int | None = None,
        severity: Severity | None = None,
        whole: bool = False,
    ) -> None:
        self.tag = tag
        self.params = params
        self.values = values
        self.table = table
        self.row = _NO_ROW if whole else row
        self.severity = severity

    @property
    def whole(self) -> bool:
        """True when it is about no row in particular."""
        return self.row == _NO_ROW

    def report(
        self,
        code: str,
        severity: Severity,
        encounter: int | None,
        table: str | None,
        row: int | None,
    ) -> Finding:
        """The same object as a finding; what the predicate left open is taken from here."""
        self.code = code
        self.encounter = encounter
        if self.severity is None or severity.rank < self.severity.rank:
            self.severity = severity
        if self.table is None:
            self.table = table
        if self.row is None:
            self.row = row
        elif self.row == _NO_ROW:
            self.row = None
        finding: Any = self
        finding.__class__ = Finding
        return finding  # type: ignore[no-any-return]

    def __repr__(self) -> str:
        return f"<Hit {self.table or ''}.{self.tag or ''}>"


Found = Hit | Iterable[Hit] | None
"""What a predicate returns: nothing, one hit or several."""

RowCheck = Callable[[Any, Any], Found]
"""``check(row, case)`` of a row rule; ``case`` is a `vnhealth.rules.Case`."""


class Era(NamedTuple):
    """The edition and a day of the period that a plan is made for."""

    edition: Edition
    on: dt.date


When = Callable[[str, Era], bool]
"""Tells from a text alone whether a rule has to look at the row; remembered per text."""


@dataclass(frozen=True, slots=True)
class On:
    """A row rule that can only break when one field is so: then alone it is run.

    ``attr`` is there (or not, with ``absent``), is one of ``values``, and ``when`` is true of it;
    ``groups`` are the MA_NHOM of rows that can break the rule. ``doubt(value, case)`` is asked once
    about the same object in one row after the other while it is false. The condition is part of the
    rule: the predicate may rely on it.
    """

    check: RowCheck
    attr: str
    absent: bool = False
    values: tuple[str, ...] = ()
    when: When | None = None
    doubt: Callable[[Any, Any], bool] | None = None
    groups: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Gate:
    """A quick test of a row of the 130 family: true when no rule named by ``codes`` can break.

    ``test(case, *values)`` is given the values of ``attrs``, None for an empty name.
    """

    table: str
    test: Callable[..., bool]
    attrs: tuple[str, ...]
    codes: frozenset[str]


@dataclass(frozen=True, slots=True)
class ClaimGate:
    """The same for an encounter: ``test(case)``."""

    test: Callable[[Any], bool]
    codes: frozenset[str]


ClaimCheck = Callable[[Any], Found]
"""``check(case)`` of a claim rule, ``check(document)`` of a document rule."""

Check = RowCheck | On | ClaimCheck


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule as data. Its texts are the entry of ``code`` in the catalogue of findings.

    ``editions`` and the dates (both inclusive, compared with the end of the encounter) guard it.
    ``severity_from`` lists days from which another severity holds. ``exact`` is the difference in
    VND up to which amounts count as equal. ``implies`` names codes that a break of this rule brings
    along by arithmetic. ``example_on`` names the clean encounter that the examples edit.
    ``instead_of`` names a field (``XML1.MAHUYEN_CU_TRU``) whose requiredness this rule judges.
    """

    code: str
    source_id: str
    scope: Scope
    tables: tuple[str, ...]
    tags: tuple[str, ...]
    editions: frozenset[Edition]
    valid_from: dt.date | None
    valid_to: dt.date | None
    severity_from: tuple[tuple[dt.date, Severity], ...]
    exact: Decimal
    implies: tuple[str, ...]
    example_on: str
    draft: bool

    @property
    def info(self) -> CodeInfo:
        """The texts: messages, hints, basis, confidence, examples."""
        return catalogue.info(self.code)

    def severity(self, on: dt.date | None = None) -> Severity:
        """The severity on a day."""
        found = Severity(self.info.severity)
        for day, severity in self.severity_from:
            if on is not None and day <= on:
                found = severity
        return found

    def holds(self, edition: Edition, on: dt.date) -> bool:
        """True when the rule is to be applied to an encounter of this edition that ends then."""
        return (
            edition in self.editions
            and (self.valid_from is None or self.valid_from <= on)
            and (self.valid_to is None or on <= self.valid_to)
        )


class CodeCatalog(Protocol):
    """Where rules look up codes of the large catalogues; passed to `vnhealth.rules.check`.

    ``has`` tells whether a system (``icd10``, ``icd9``, ``yhct``, ``dvkt``, ``drug``, ``supply``,
    ``facility``, ``unit``, ``lab``) is installed for a day; ``state`` is ``valid``, ``unknown``,
    ``ended`` or ``future``.
    """

    def has(self, system: str, on: dt.date) -> bool:
        """True when codes of this system can be judged on this day."""
        ...

    def state(self, system: str, code: str, on: dt.date) -> str:
        """One of valid, unknown, ended, future."""
        ...
