"""A person keeps every number she had; a newborn and an unknown patient never look like a number."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vnhealth.errors import IdentityError
from vnhealth.identity import cccd, cmnd, passport, so_cccd_field
from vnhealth.models.person import (
    Identifier,
    IdentifierState,
    IdentifierType,
    PersonIdentity,
    Provenance,
    newborn,
    temporary_code,
    unknown_patient,
)

NUMBER = IdentifierType.PERSONAL_NUMBER
AT = datetime(2026, 11, 20, 8, 15)


def number(value: str, **more: object) -> Identifier:
    return Identifier(type=NUMBER, value=value, **more)  # type: ignore[arg-type]


def person(*identifiers: Identifier) -> PersonIdentity:
    found = PersonIdentity(code="BN1")
    for one in identifiers:
        found = found.with_identifier(one)
    return found


def test_a_reissued_number_replaces_the_old_one_and_both_are_kept_with_their_days() -> None:
    before = person(number("001001000123", valid_from=date(2021, 5, 1)))
    after = before.reissue(number("001101000124"), on=date(2026, 3, 1), reason="sex re-determined")
    old, new = after.history(NUMBER)
    assert after.current(NUMBER) is new
    assert (old.state, old.valid_to, old.reason) == (
        IdentifierState.SUPERSEDED,
        date(2026, 2, 28),
        "sex re-determined",
    )
    assert new.valid_from == date(2026, 3, 1)
    assert after.on(NUMBER, date(2026, 2, 28)) == (old,)
    assert after.on(NUMBER, date(2026, 3, 1)) == (new,)
    assert before.current(NUMBER).state is IdentifierState.ACTIVE


def test_a_cancelled_number_still_finds_and_a_mistaken_one_does_not() -> None:
    one = person(number("001001000123")).cancel(NUMBER, "001 001 000 123", on=date(2026, 3, 1))
    assert one.current(NUMBER) is None
    assert [x.state for x in one.finding()] == [IdentifierState.CANCELLED]
    other = person(number("001001000123")).mistaken(NUMBER, "001001000123", reason="borrowed card")
    assert list(other.finding()) == []
    assert other.history(NUMBER)[0].reason == "borrowed card"
    assert other.on(NUMBER, date(2026, 1, 1)) == ()
    with pytest.raises(IdentityError, match="ID-IDENTIFIER_UNKNOWN"):
        other.cancel(NUMBER, "001001000123", on=date(2026, 3, 1))


def test_a_second_active_personal_number_is_refused_and_a_second_passport_is_not() -> None:
    with pytest.raises(IdentityError, match="ID-IDENTIFIER_IN_USE"):
        person(number("001001000123"), number("001101000124"))
    papers = [
        Identifier(type=IdentifierType.PASSPORT, value=v, issuer="VNM")
        for v in ("B0000011", "C0000012")
    ]
    assert len(person(*papers).identifiers) == 2


def test_the_same_number_again_only_improves_what_proves_it() -> None:
    found = person(
        number("001001000123", provenance=Provenance.SCANNED),
        number("001.001.000.123", provenance=Provenance.VERIFIED),
        number("001001000123", provenance=Provenance.TYPED),
    )
    assert [x.provenance for x in found.identifiers] == [Provenance.VERIFIED]


@pytest.mark.parametrize("value", ["1001000123", "000000000000", "", "abc"])
def test_a_value_that_is_not_of_its_type_is_refused_without_being_shown(value: str) -> None:
    with pytest.raises(IdentityError) as caught:
        person(number(value))
    assert caught.value.code.startswith("ID-")
    assert not value or value not in str(caught.value)


def test_a_newborn_is_linked_to_the_mother_and_gets_her_own_number_later() -> None:
    mother = person(number("001190000123"))
    child, mother = newborn("BN2", temporary_code("01901", "newborn", 1), mother, born=AT)
    assert child.mother() == "BN1"
    assert [kin.person for kin in mother.kin] == ["BN2"]
    assert child.provisional
    assert child.birth_date == "202611200815"
    assert child.current(NUMBER) is None
    later = child.with_identifier(number("001326000001", valid_from=date(2026, 12, 1)))
    assert later.current(NUMBER).value == "001326000001"
    assert later.history(IdentifierType.TEMPORARY_CODE) == child.identifiers


@given(facility=st.from_regex(r"[0-9]{5}", fullmatch=True), serial=st.integers(0, 10**9))
def test_a_temporary_code_can_never_pass_as_a_number(facility: str, serial: int) -> None:
    for purpose in ("newborn", "unknown"):
        code = temporary_code(facility, purpose, serial)
        assert not any(kind.is_valid(code) for kind in (cccd, cmnd, passport))
        assert "GATEWAY_WILL_REJECT" in so_cccd_field.parse(code).codes or not (
            so_cccd_field.is_valid(code)
        )


@pytest.mark.parametrize("bad", ["001001000123", "123456789", "B1234567", "01901-NB-1", ""])
def test_a_real_looking_number_is_no_temporary_code(bad: str) -> None:
    with pytest.raises(IdentityError):
        unknown_patient("BN9", bad, at=AT)
    with pytest.raises(IdentityError):
        temporary_code("1", "newborn", 1)
    with pytest.raises(IdentityError):
        temporary_code("01901", "other", 1)


def test_nothing_shows_a_value() -> None:
    found = person(number("001001000123"))
    shown = repr(found) + repr(found.identifiers[0])
    assert "001001000123" not in shown
    assert "BN1" not in shown
