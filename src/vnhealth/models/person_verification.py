"""Records of identity checks: consent, purpose, one result for one transaction, never used twice.

`IdentityVerifier` is the interface of whatever asks the registry. This package contains no
connector to the national population database and claims none: facilities reach it through a
licensed authentication service and an agreement of their own. `VerificationLedger` sees to what the
law asks of the caller: consent for the purpose, and no passing on or reuse of a result.

Legal source: decree 69/2024/NĐ-CP articles 18 and 19 (authentication service with consent; the
result is not shared and not used for another transaction); Luật 91/2025 article 9 and decree
356/2025/NĐ-CP article 6 (consent for each purpose, withdrawal as a new record).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Protocol, runtime_checkable

from vnhealth.errors import IdentityError
from vnhealth.models._base import Model
from vnhealth.models.person import (
    Identifier,
    IdentifierState,
    PersonIdentity,
    Provenance,
)

__all__ = [
    "Consent",
    "ConsentGiver",
    "IdentityVerifier",
    "VerificationLedger",
    "VerificationOutcome",
    "VerificationPurpose",
    "VerificationRequest",
    "VerificationResult",
]


class VerificationPurpose(StrEnum):
    """Why an identity is checked."""

    REGISTRATION = "registration"
    INSURANCE = "insurance"
    RECORD_ACCESS = "record_access"
    RECORD_MERGE = "record_merge"


class ConsentGiver(StrEnum):
    """Who agreed."""

    SELF = "self"
    REPRESENTATIVE = "representative"
    CHILD_AND_REPRESENTATIVE = "child_and_representative"


class VerificationOutcome(StrEnum):
    """What the registry answered. Only `CONFIRMED` proves anything."""

    CONFIRMED = "confirmed"
    NOT_CONFIRMED = "not_confirmed"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Consent(Model):
    """Agreement of a person to one purpose. A withdrawal is a new record with ``withdrawn``.

    ``text_version`` names the wording that was shown; ``channel`` how it was given.
    """

    person: str
    purpose: VerificationPurpose
    given_at: datetime
    giver: ConsentGiver = ConsentGiver.SELF
    channel: str = ""
    text_version: str = ""
    expires_at: datetime | None = None
    withdrawn: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class VerificationRequest(Model):
    """One question to a registry: this number with this name and birth date, for one transaction.

    ``transaction`` is the caller's own unique key of what the check is for, for example an
    admission.
    """

    transaction: str
    person: str
    purpose: VerificationPurpose
    identifier: Identifier
    name: str
    birth_date: str
    asked_at: datetime
    asked_by: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class VerificationResult(Model):
    """The answer for one transaction. ``checked`` names what was compared, never the values;
    ``source`` who answered; ``emulated`` is True for every answer that came from no registry.
    """

    transaction: str
    outcome: VerificationOutcome
    answered_at: datetime
    source: str
    checked: tuple[str, ...] = ()
    emulated: bool = False


@runtime_checkable
class IdentityVerifier(Protocol):
    """Whatever asks a registry: the licensed service of a facility, or an emulation for tests."""

    def verify(self, request: VerificationRequest) -> VerificationResult:
        """Ask once. An unreachable service is an answer (``unavailable``), not an exception."""


class VerificationLedger:
    """Consents, questions and answers, each written down; gives a result to its transaction only.

    >>> at = datetime(2026, 11, 20, 9, 0)
    >>> ledger = VerificationLedger()
    >>> ledger.consented("BN1", VerificationPurpose.REGISTRATION, at)
    False
    >>> ledger.note(Consent(person="BN1", purpose=VerificationPurpose.REGISTRATION, given_at=at))
    >>> ledger.consented("BN1", VerificationPurpose.REGISTRATION, at)
    True
    """

    def __init__(self) -> None:
        self._consents: list[Consent] = []
        self._asked: dict[str, VerificationRequest] = {}
        self._answers: dict[str, VerificationResult] = {}
        self._used: set[str] = set()

    def note(self, consent: Consent) -> None:
        """Write a consent or a withdrawal down."""
        self._consents.append(consent)

    def consented(self, person: str, purpose: VerificationPurpose, at: datetime) -> bool:
        """Tell whether the last word of the person on a purpose, up to ``at``, is yes."""
        said = [
            x
            for x in self._consents
            if (x.person, x.purpose) == (person, purpose) and x.given_at <= at
        ]
        if not said:
            return False
        last = max(said, key=lambda x: x.given_at)
        return not last.withdrawn and (last.expires_at is None or at < last.expires_at)

    def ask(self, verifier: IdentityVerifier, request: VerificationRequest) -> VerificationResult:
        """Ask a registry for one transaction and write question and answer down.

        Raises `IdentityError`: ``ID-VERIFY_NO_CONSENT``, ``ID-VERIFY_TRANSACTION`` when the
        transaction was asked for before, or the answer belongs to another.
        """
        if not self.consented(request.person, request.purpose, request.asked_at):
            raise IdentityError("ID-VERIFY_NO_CONSENT")
        if request.transaction in self._asked:
            raise IdentityError("ID-VERIFY_TRANSACTION")
        self._asked[request.transaction] = request
        result = verifier.verify(request)
        if result.transaction != request.transaction:
            raise IdentityError("ID-VERIFY_TRANSACTION")
        self._answers[request.transaction] = result
        return result

    def use(
        self, transaction: str, person: PersonIdentity, purpose: VerificationPurpose
    ) -> PersonIdentity:
        """Use a result, once, for the person and purpose it was asked for.

        A confirmed number of the person becomes verified; any other outcome changes nothing. An
        emulated answer never verifies. Raises `IdentityError`: ``ID-VERIFY_UNKNOWN``,
        ``ID-VERIFY_USED``, ``ID-VERIFY_PURPOSE`` (another purpose or person).
        """
        result, request = self._answers.get(transaction), self._asked.get(transaction)
        if result is None or request is None:
            raise IdentityError("ID-VERIFY_UNKNOWN")
        if transaction in self._used:
            raise IdentityError("ID-VERIFY_USED")
        if (request.person, request.purpose) != (person.code, purpose):
            raise IdentityError("ID-VERIFY_PURPOSE")
        self._used.add(transaction)
        if result.outcome is not VerificationOutcome.CONFIRMED or result.emulated:
            return person
        proven = replace(
            request.identifier,
            provenance=Provenance.VERIFIED,
            state=IdentifierState.ACTIVE,
            recorded_at=result.answered_at,
        )
        return person.with_identifier(proven)

    def records(self) -> tuple[tuple[VerificationRequest, VerificationResult | None], ...]:
        """Give all questions with their answers, oldest first; None where none came."""
        return tuple((asked, self._answers.get(key)) for key, asked in self._asked.items())

    def __repr__(self) -> str:
        return f"<VerificationLedger {len(self._asked)} questions, {len(self._used)} used>"
