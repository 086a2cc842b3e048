"""An identity check needs consent, belongs to one transaction and is used once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest

from vnhealth.errors import IdentityError
from vnhealth.models.person import Identifier, IdentifierType, PersonIdentity, Provenance
from vnhealth.models.person_verification import (
    Consent,
    IdentityVerifier,
    VerificationLedger,
    VerificationOutcome,
    VerificationPurpose,
    VerificationRequest,
    VerificationResult,
)

AT = datetime(2026, 11, 20, 9, 0)
REGISTRATION = VerificationPurpose.REGISTRATION
NUMBER = Identifier(type=IdentifierType.PERSONAL_NUMBER, value="001001000123")
PERSON = PersonIdentity(code="BN1").with_identifier(NUMBER)
CONSENT = Consent(person="BN1", purpose=REGISTRATION, given_at=AT - timedelta(minutes=5))
REQUEST = VerificationRequest(
    transaction="T1",
    person="BN1",
    purpose=REGISTRATION,
    identifier=NUMBER,
    name="Nguyễn Văn Thử",
    birth_date="19010305",
    asked_at=AT,
    asked_by="desk 1",
)


@dataclass
class Scripted:
    """Answers as it is told; stands for a licensed service in these tests."""

    outcome: VerificationOutcome = VerificationOutcome.CONFIRMED
    transaction: str = ""
    emulated: bool = False
    calls: int = 0

    def verify(self, request: VerificationRequest) -> VerificationResult:
        self.calls += 1
        return VerificationResult(
            transaction=self.transaction or request.transaction,
            outcome=self.outcome,
            answered_at=request.asked_at,
            source="scripted",
            checked=("number", "name", "birth_date"),
            emulated=self.emulated,
        )


def _ledger() -> VerificationLedger:
    ledger = VerificationLedger()
    ledger.note(CONSENT)
    return ledger


def test_a_confirmed_number_becomes_verified() -> None:
    ledger, service = _ledger(), Scripted()
    assert isinstance(service, IdentityVerifier)
    assert ledger.ask(service, REQUEST).outcome is VerificationOutcome.CONFIRMED
    found = ledger.use("T1", PERSON, REGISTRATION)
    assert found.current(IdentifierType.PERSONAL_NUMBER).provenance is Provenance.VERIFIED
    assert [answer.source for _, answer in ledger.records()] == ["scripted"]


@pytest.mark.parametrize(
    "service",
    [
        Scripted(VerificationOutcome.NOT_CONFIRMED),
        Scripted(VerificationOutcome.UNAVAILABLE),
        Scripted(emulated=True),
    ],
    ids=["not-confirmed", "unavailable", "emulated"],
)
def test_nothing_else_verifies(service: Scripted) -> None:
    ledger = _ledger()
    ledger.ask(service, REQUEST)
    assert ledger.use("T1", PERSON, REGISTRATION) == PERSON


def test_without_consent_nobody_is_asked() -> None:
    service = Scripted()
    withdrawn = replace(CONSENT, given_at=AT - timedelta(minutes=1), withdrawn=True)
    expired = replace(CONSENT, expires_at=AT)
    other = replace(CONSENT, purpose=VerificationPurpose.INSURANCE)
    later = replace(CONSENT, given_at=AT + timedelta(minutes=1))
    for said in ([], [CONSENT, withdrawn], [expired], [other], [later]):
        ledger = VerificationLedger()
        for one in said:
            ledger.note(one)
        with pytest.raises(IdentityError, match="ID-VERIFY_NO_CONSENT"):
            ledger.ask(service, REQUEST)
    assert service.calls == 0


def test_a_result_is_used_once_for_its_own_person_and_purpose() -> None:
    ledger = _ledger()
    ledger.ask(Scripted(), REQUEST)
    with pytest.raises(IdentityError, match="ID-VERIFY_PURPOSE"):
        ledger.use("T1", PERSON, VerificationPurpose.RECORD_ACCESS)
    with pytest.raises(IdentityError, match="ID-VERIFY_PURPOSE"):
        ledger.use("T1", PersonIdentity(code="BN2"), REGISTRATION)
    ledger.use("T1", PERSON, REGISTRATION)
    with pytest.raises(IdentityError, match="ID-VERIFY_USED"):
        ledger.use("T1", PERSON, REGISTRATION)
    with pytest.raises(IdentityError, match="ID-VERIFY_UNKNOWN"):
        ledger.use("T2", PERSON, REGISTRATION)


def test_a_transaction_is_asked_once_and_answers_for_itself() -> None:
    ledger = _ledger()
    ledger.ask(Scripted(), REQUEST)
    with pytest.raises(IdentityError, match="ID-VERIFY_TRANSACTION"):
        ledger.ask(Scripted(), REQUEST)
    with pytest.raises(IdentityError, match="ID-VERIFY_TRANSACTION"):
        ledger.ask(Scripted(transaction="T1"), replace(REQUEST, transaction="T2"))
    with pytest.raises(IdentityError, match="ID-VERIFY_UNKNOWN"):
        ledger.use("T2", PERSON, REGISTRATION)
    assert "001001000123" not in repr(REQUEST) + repr(ledger)
