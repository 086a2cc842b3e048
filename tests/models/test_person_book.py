"""Merges lose nothing, are written down, and can be undone in any order."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vnhealth.errors import IdentityError
from vnhealth.identity.matching import Decision
from vnhealth.models.person import (
    Identifier,
    IdentifierType,
    PersonIdentity,
    Provenance,
    newborn,
    temporary_code,
    unknown_patient,
)
from vnhealth.models.person_book import PersonBook

AT = datetime(2026, 11, 20, 9, 0)
WHO = {"by": "records office", "at": AT}
SURE, UNSURE = Decision("match", "R1_ID", ("SAME_ID",)), Decision("review", "R5_TYPO")


def _person(code: str, bhxh: str = "", provenance: Provenance = Provenance.TYPED) -> PersonIdentity:
    found = PersonIdentity(code=code)
    if not bhxh:
        return found
    kind = IdentifierType.SOCIAL_INSURANCE
    return found.with_identifier(Identifier(type=kind, value=bhxh, provenance=provenance))


def _book(*people: PersonIdentity) -> PersonBook:
    book = PersonBook()
    for person in people:
        book.put(person)
    return book


def test_the_survivor_shows_all_numbers_and_the_log_says_why() -> None:
    book = _book(_person("A", "0000012345"), _person("B", "0000012346"), _person("C"))
    entry = book.merge("A", "B", decision=SURE, **WHO)
    assert (entry.rule, entry.evidence, entry.by, entry.number) == (
        "R1_ID",
        ("SAME_ID",),
        "records office",
        1,
    )
    assert {x.value for x in book.view("B").identifiers} == {"0000012345", "0000012346"}
    assert book.find(IdentifierType.SOCIAL_INSURANCE, "0000012346") == ("A",)
    assert len(book) == 2
    assert {person.code for person in book} == {"A", "C"}
    assert book.get("B").code == "B"


def test_the_same_number_of_both_stands_once_with_the_better_proof() -> None:
    book = _book(_person("A", "0000012345"), _person("B", "0000012345", Provenance.VERIFIED))
    book.merge("A", "B", **WHO)
    assert [x.provenance for x in book.view("A").identifiers] == [Provenance.VERIFIED]


def test_undoing_gives_both_records_back_as_they_were() -> None:
    one, other = _person("A", "0000012345"), _person("B", "0000012346")
    book = _book(one, other)
    entry = book.merge("A", "B", **WHO)
    undone = book.undo(entry.number, reason="twins", **WHO)
    assert (book.view("A"), book.view("B")) == (one, other)
    assert (undone.undoes, undone.reason) == (1, "twins")
    assert [line.action.value for line in book.log] == ["merge", "undo"]
    for number in (1, 2, 99):
        with pytest.raises(IdentityError, match="ID-MERGE_NOT_STANDING"):
            book.undo(number, **WHO)


def test_a_record_merged_earlier_goes_with_the_one_it_was_merged_into() -> None:
    book = _book(*(_person(code) for code in "ABC"))
    book.merge("B", "C", **WHO)
    second = book.merge("A", "B", **WHO)
    assert book.resolve("C") == "A"
    assert book.members("A") == ("A", "B", "C")
    book.undo(second.number, **WHO)
    assert (book.resolve("C"), book.resolve("A")) == ("B", "A")


def test_review_and_provisional_records_need_somebody_who_looked() -> None:
    unknown = unknown_patient("X", temporary_code("01901", "unknown", 1), at=AT)
    book = _book(_person("A"), _person("B"), unknown)
    with pytest.raises(IdentityError, match="ID-MERGE_UNCONFIRMED"):
        book.merge("A", "B", decision=UNSURE, **WHO)
    with pytest.raises(IdentityError, match="ID-MERGE_UNCONFIRMED"):
        book.merge("A", "X", decision=SURE, **WHO)
    book.merge("A", "X", decision=SURE, confirmed=True, **WHO)
    assert book.find(IdentifierType.TEMPORARY_CODE, "01901-KR-000001") == ("A",)


def test_mother_and_child_are_never_one_person() -> None:
    code = temporary_code("01901", "newborn", 1)
    child, mother = newborn("B", code, _person("A"), born=AT)
    book = _book(mother, child)
    for one, other in (("A", "B"), ("B", "A")):
        with pytest.raises(IdentityError, match="ID-MERGE_KIN"):
            book.merge(one, other, confirmed=True, **WHO)


def test_two_verified_holders_of_one_number_are_reported_until_they_are_merged() -> None:
    book = _book(*(_person(code, "0000012345", Provenance.VERIFIED) for code in "AB"))
    assert book.clashes() == {("bhxh", "0000012345"): ("A", "B")}
    book.merge("A", "B", **WHO)
    assert book.clashes() == {}


def test_unknown_codes_and_circles_are_refused() -> None:
    book = _book(_person("A"), _person("B"))
    book.merge("A", "B", **WHO)
    for one, other, code in (
        ("A", "B", "ID-MERGE_SELF"),
        ("B", "A", "ID-MERGE_SELF"),
        ("A", "Z", "ID-PERSON_UNKNOWN"),
    ):
        with pytest.raises(IdentityError, match=code):
            book.merge(one, other, **WHO)
    assert "A" not in repr(book.log[0])


@given(steps=st.lists(st.tuples(st.sampled_from("ABCDE"), st.sampled_from("ABCDE")), max_size=8),
       undo=st.permutations(range(1, 9)))  # fmt: skip
def test_undoing_every_merge_in_any_order_gives_the_first_state(
    steps: list[tuple[str, str]], undo: list[int]
) -> None:
    people = [_person(code, f"000001234{place}") for place, code in enumerate("ABCDE")]
    book = _book(*people)
    for one, other in steps:
        if book.resolve(one) != book.resolve(other):
            book.merge(one, other, **WHO)
    merges = len(book.log)
    assert len(book) == 5 - merges
    assert sum(len(person.identifiers) for person in book) == 5
    for number in undo:
        if number <= merges:
            book.undo(number, **WHO)
    assert [book.view(code) for code in "ABCDE"] == people
    assert len(book.log) == 2 * merges
