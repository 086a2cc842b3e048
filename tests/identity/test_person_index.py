"""The person index: finds what comparing with everybody finds, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vnhealth.errors import IdentityError
from vnhealth.identity import damaged_population
from vnhealth.identity.matching import Scope, compare_prepared, pairs, prepare
from vnhealth.identity.person_index import SHARED_KEY_LIMIT, PersonIndex
from vnhealth.identity.person_record import PersonRecord

ONE = PersonRecord("Nguyễn Văn Hòa", "1901-03-05", "1", cccd="001001000123")
SAME = PersonRecord("NGUYEN VAN HOA", "5/3/1901", "1")
OTHER = PersonRecord("Trần Thị Mẫu", "1902-02-02", "2", phone="0900000001")


@pytest.fixture(params=["sqlite", "sqlalchemy", "postgresql"])
def index(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[PersonIndex]:
    if request.param == "sqlite":
        found = PersonIndex.open(tmp_path / "people.db")
    elif request.param == "sqlalchemy":
        pytest.importorskip("sqlalchemy")
        found = PersonIndex.connect(f"sqlite:///{tmp_path / 'people.db'}")
    else:
        url = request.getfixturevalue("postgres")
        import sqlalchemy

        engine = sqlalchemy.create_engine(url)
        with engine.begin() as base:
            for table in ("vnh_person", "vnh_person_key", "vnh_shared_key"):
                base.execute(sqlalchemy.text(f"DROP TABLE IF EXISTS {table}"))
        engine.dispose()
        found = PersonIndex.connect(url)
    with found:
        yield found


def codes(index: PersonIndex, record: PersonRecord, scope: str = "facility") -> list[str]:
    return [one.code for one in index.who_is(record, scope)]


def test_a_person_is_found_replaced_and_forgotten(index: PersonIndex) -> None:
    index.add("BN1", ONE)
    index.add("BN2", OTHER)
    assert codes(index, SAME) == ["BN1"]
    assert index.who_is(SAME)[0].decision.outcome == "match"
    assert index.who_is(SAME, "nation")[0].decision.rule == "R4_NATIONAL"
    index.add("BN1", PersonRecord("Lê Quang Thử", "1955-05-05", "1"))
    assert codes(index, SAME) == []
    assert codes(index, PersonRecord("LE QUANG THU", "1955-05-05", "1")) == ["BN1"]
    assert len(index) == 2
    index.remove("BN1")
    assert len(index) == 1
    assert codes(index, PersonRecord("LE QUANG THU", "1955-05-05", "1")) == []
    with pytest.raises(IdentityError, match="ID-PERSON_UNKNOWN"):
        index.remove("BN1")


def test_a_merge_leads_to_the_survivor_and_can_be_undone(index: PersonIndex) -> None:
    index.load([("A", ONE), ("B", SAME), ("C", OTHER)])
    index.merge("A", "B")
    assert codes(index, ONE) == ["B", "B"]
    assert sorted(one.found_as for one in index.who_is(ONE)) == ["A", "B"]
    with pytest.raises(IdentityError, match="ID-MERGE_SELF"):
        index.merge("B", "A")
    with pytest.raises(IdentityError, match="ID-MERGE_SELF"):
        index.merge("C", "C")
    with pytest.raises(IdentityError, match="ID-PERSON_UNKNOWN"):
        index.merge("A", "missing")
    with pytest.raises(IdentityError, match="ID-PERSON_UNKNOWN"):
        index.undo_merge("missing")
    index.undo_merge("A")
    assert sorted(codes(index, ONE)) == ["A", "B"]


def test_a_record_whose_survivor_was_removed_stands_for_itself(index: PersonIndex) -> None:
    index.load([("A", ONE), ("B", OTHER)])
    index.merge("A", "B")
    assert codes(index, SAME) == ["B"]
    index.remove("B")
    assert codes(index, SAME) == ["A"]


def test_loading_many_finds_the_same_pairs_as_comparing_the_whole_list(index: PersonIndex) -> None:
    made = damaged_population.generate(400, seed=9)
    seen: list[int] = []
    index.load(((str(i), r) for i, r in enumerate(made.records)), progress=seen.append)
    assert sum(seen) == len(index) == len(made.records)
    found = {
        tuple(sorted((i, int(one.found_as)))): one.decision.outcome
        for i, record in enumerate(made.records)
        for one in index.who_is(record)
        if int(one.found_as) != i
    }
    assert found == {(i, j): d.outcome for i, j, d in pairs(made.records)}


def test_a_phone_that_everybody_shares_is_no_key(index: PersonIndex) -> None:
    people = [
        (str(i), PersonRecord(f"Trần Thị {'abcdefghij'[i % 10]}", f"{1920 + i % 90}", "2", phone="0900000009"))
        for i in range(SHARED_KEY_LIMIT + 1)
    ]  # fmt: skip
    index.load(people[:-1])
    asked = PersonRecord("Trần Thị a", "1920-02-03", "2", phone="0900000009")
    assert codes(index, asked) != []
    index.add(*people[-1])
    assert codes(index, asked) == []


def test_an_index_in_a_file_is_there_again_after_closing(tmp_path: Path) -> None:
    with PersonIndex.open(tmp_path / "people.db") as index:
        index.add("BN1", ONE)
    with PersonIndex.open(tmp_path / "people.db") as index:
        assert codes(index, SAME) == ["BN1"]


def test_nothing_is_stored_when_loading_fails_and_no_code_is_shown(index: PersonIndex) -> None:
    with pytest.raises(IdentityError, match="ID-CODE_TWICE") as caught:
        index.load([("BIMAT7", ONE), ("BIMAT7", OTHER)])
    assert "BIMAT7" not in str(caught.value)
    assert caught.value.__suppress_context__
    assert len(index) == 0
    index.load([("BIMAT7", ONE)])
    found = index.who_is(SAME)
    assert [one.code for one in found] == ["BIMAT7"]
    assert "BIMAT7" not in repr(found)


def test_a_file_that_is_no_index_is_an_error(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.db"
    wrong.write_bytes(b"no database at all, just text" * 100)
    for path in (wrong, tmp_path / "no" / "folder" / "x.db"):
        with pytest.raises(IdentityError, match="ID-INDEX_UNREACHABLE"):
            PersonIndex.open(path)


def test_an_unreachable_database_is_an_error_without_its_address() -> None:
    pytest.importorskip("sqlalchemy")
    with pytest.raises(IdentityError, match="ID-INDEX_UNREACHABLE") as caught:
        PersonIndex.connect("postgresql+psycopg://user:secret@/db?host=/nonexistent")
    assert "secret" not in str(caught.value)


_PEOPLE = list(damaged_population.generate(30, seed=12).records) + [
    PersonRecord("CB Trần Thị Mẫu", "2026-11-20T08:15", "2", phone="0900000001"),
    PersonRecord("CB Trần Thị Mẫu", "2026-11-20", "2"),
    PersonRecord("Vô danh", "", "1", phone="0900000001"),
    PersonRecord("Nguyễn Văn Thử", "1901", "1", ward="00001"),
    PersonRecord("Nguyễn Văn Thử", "1901-03-05", "1", ward="00001"),
    PersonRecord("", "", ""),
]


@given(a=st.sampled_from(_PEOPLE), b=st.sampled_from(_PEOPLE), scope=st.sampled_from(list(Scope)))
def test_the_index_gives_what_the_ladder_gives(
    a: PersonRecord, b: PersonRecord, scope: Scope
) -> None:
    expected = compare_prepared(prepare(b), prepare(a), scope)
    with PersonIndex.open() as index:
        index.add("A", a)
        found = index.who_is(b, scope)
    if "Vô danh" in (a.name, b.name) and a.name == b.name:
        return
    assert [one.decision for one in found] == ([] if expected.outcome == "no" else [expected])
