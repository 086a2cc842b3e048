"""Both stores keep the same promises; the file keeps them over a restart."""

import datetime as dt
import sqlite3

import pytest

from vnhealth.errors import SandboxError
from vnhealth.sandbox import (
    Exchange,
    MemoryStore,
    PostgresStore,
    Record,
    SqliteStore,
    State,
    Submission,
)
from vnhealth.sandbox._store import Wanted

NOW = dt.datetime(2026, 8, 3, 16, 59, 59, 123456, tzinfo=dt.UTC)


def submission(number, **changed):
    values = {
        "number": number,
        "gateway": "vss",
        "kind": "claim",
        "edition": "3176",
        "facility": "01001",
        "username": "01001_BV",
        "transaction": f"T{number}",
        "received": NOW,
        "due": NOW + dt.timedelta(minutes=number),
        "digest": "d",
        "size": 3,
    }
    return Submission(**{**values, **changed})


def postgres_store(request):
    url = request.getfixturevalue("postgres").replace("+psycopg", "")
    made = PostgresStore(url)
    made.replace_contents({}, ())
    return made


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def store(request, tmp_path):
    if request.param == "postgresql":
        made = postgres_store(request)
    else:
        made = MemoryStore() if request.param == "memory" else SqliteStore(tmp_path / "state.db")
    yield made
    made.close()


def test_what_is_added_comes_back_whole(store):
    finding = {"code": "X", "severity": "error", "table": None, "row": 0, "tag": "T", "params": {}}
    record = Record(1, 0, "Á1", State.REFUSED, None, True, (finding,))
    store.add(submission(1), b"\x00\xffabc", [record, Record(1, 1, None)])
    assert store.submission("vss", "T1") == submission(1) == store.numbered(1)
    assert store.body(1) == b"\x00\xffabc"
    assert store.records(1) == (record, Record(1, 1, None))
    assert store.current("vss", "01001", "claim", "Á1") == record
    assert store.current("vss", "01001", "checkin", "Á1") is None
    assert store.submission("province", "T1") is None
    with pytest.raises(LookupError):
        store.numbered(2)
    with pytest.raises(LookupError):
        store.body(2)


def test_due_in_order_and_only_once(store):
    for number in (2, 1, 3):
        store.add(submission(number), b"", [Record(number, 0, f"K{number}")])
    at = NOW + dt.timedelta(minutes=2)
    assert [s.number for s in store.due(at, 10, "", "")] == [1, 2]
    assert [s.number for s in store.due(at, 1, "", "")] == [1]
    assert store.due(at, 10, "province", "") == []
    assert store.due(at, 10, "vss", "79") == []
    store.settle(submission(1, settled=True), [Record(1, 0, "K1", State.ACCEPTED)])
    assert [s.number for s in store.due(at, 10, "vss", "01")] == [2]


def test_days_are_days_of_viet_nam(store):
    store.add(submission(1), b"", [Record(1, 0, "A")])
    store.add(submission(2, received=NOW + dt.timedelta(seconds=1)), b"", [Record(2, 0, "B")])
    first, last = dt.date(2026, 8, 3), dt.date(2026, 8, 4)
    assert [r.day for r in store.counts("", "", first, last)] == [first, last]
    assert [r.key for _, r in store.listing("vss", "01001", last, last)] == ["B"]


def test_counters_never_give_a_number_twice(store):
    assert [store.next_number("a"), store.next_number("a"), store.next_number("b")] == [1, 2, 1]


def test_a_later_record_is_the_current_one(store):
    store.add(submission(1), b"", [Record(1, 0, "A")])
    store.update(Record(1, 0, "A", replaced_by=2))
    store.add(submission(2), b"", [Record(2, 0, "A")])
    assert store.current("vss", "01001", "claim", "A").submission == 2
    (row,) = store.counts("vss", "01001", dt.date(2026, 8, 3), dt.date(2026, 8, 4))
    assert (row.received, row.sent, row.replaced, row.balanced) == (2, 1, 1, True)


def test_the_current_records_of_many_keys_at_once(store):
    keys = [f"K{number}" for number in range(1, 1202)]
    store.add(submission(1), b"", [Record(1, i, key) for i, key in enumerate(keys)])
    store.update(Record(1, 2, "K3", replaced_by=2))
    store.add(submission(2), b"", [Record(2, 0, "K3")])
    found = store.current_ones("vss", "01001", "claim", [*keys, "K9999"])
    assert list(sorted(found)) == sorted(keys)
    assert (found["K1"].submission, found["K3"].submission) == (1, 2)
    assert store.current_ones("vss", "01002", "claim", keys) == {}
    assert store.current_ones("vss", "01001", "claim", []) == {}


def test_a_province_stands_for_its_facilities_and_a_code_for_itself(store):
    for number, facility in enumerate(("79001", "7900100000001", "01001"), 1):
        store.add(submission(number, facility=facility), b"", [Record(number, 0, "A")])
    day = dt.date(2026, 8, 3)
    wanted = {"": [1, 2, 3], "79": [1, 2], "79001": [1], "7900100000001": [2], "99": []}
    late = NOW + dt.timedelta(days=1)
    for facility, numbers in wanted.items():
        assert [s.number for s, _ in store.listing("vss", facility, day, day)] == numbers
        assert [s.number for s in store.due(late, 9, "vss", facility)] == numbers
        assert sum(row.received for row in store.counts("", facility, day, day)) == len(numbers)


def test_pages_hold_what_is_wanted_and_say_how_many_there_are(store):
    for number in range(1, 8):
        state = State.REFUSED if number % 2 else State.ACCEPTED
        record = Record(number, 0, f"K{number}", state, 99 if number == 3 else None, number == 4)
        kind = "checkin" if number == 6 else "claim"
        store.add(submission(number, kind=kind), b"", [record])
    day = dt.date(2026, 8, 3)

    def page(wanted, offset=0, limit=9, facility="01"):
        rows, total = store.page("vss", facility, day, day, wanted, offset=offset, limit=limit)
        return [s.number for s, _ in rows], total

    assert page(Wanted(("claim",))) == ([1, 2, 5, 7], 4)
    assert page(Wanted(("claim",)), offset=1, limit=2) == ([2, 5], 4)
    assert page(Wanted(("claim", "checkin"), cancelled=True)) == ([1, 2, 4, 5, 6, 7], 6)
    assert page(Wanted(("claim",), refused=True)) == ([1, 5, 7], 3)
    assert page(Wanted(("claim",), refused=False)) == ([2], 1)
    assert page(Wanted(("claim",)), facility="79") == ([], 0)
    assert page(Wanted(("claim",)), offset=99) == ([], 4)


def test_all_records_forwards_and_the_latest_backwards(store):
    for number in range(1, 601):
        gateway = "province" if number % 3 else "vss"
        kept = [Record(number, i, f"K{number}/{i}") for i in range(1 + number % 2)]
        store.add(submission(number, gateway=gateway), b"", kept)
    places = [(s.number, r.submission, r.index) for s, r in store.after(0)]
    assert places == [(n, n, i) for n in range(1, 601) for i in range(1 + n % 2)]
    assert [s.number for s, _ in store.after(590, "vss")] == [591, 591, 594, 597, 597, 600]
    assert [(s.number, r.index) for s, r in store.latest("vss", 4)] == [
        (600, 0), (597, 1), (597, 0), (594, 0),
    ]  # fmt: skip
    assert len(store.latest("", 1000)) == 900
    assert list(store.after(600)) == []


def test_many_numbers_of_a_counter_at_once(store):
    assert [store.next_number("a", 10), store.next_number("a"), store.next_number("a", 5)] == [
        1, 11, 12,
    ]  # fmt: skip


def test_an_older_file_gets_the_indexes_it_has_not_got(tmp_path):
    path = tmp_path / "state.db"
    store = SqliteStore(path)
    store._db.execute("DROP INDEX by_waiting")
    store.close()
    again = SqliteStore(path)
    (found,) = again._db.execute("SELECT count(*) FROM sqlite_master WHERE name = 'by_waiting'")
    assert found == (1,)
    again.close()


def test_a_file_survives_closing_without_ceremony(tmp_path, files):
    path = tmp_path / "state.db"
    first = Exchange.default(seed=7, store=SqliteStore(path), checker=files.judge)
    client = files.caller(first, "vss").login()
    number = client.send(files.claim("R1")).json()["maGiaoDich"]
    first.store._db.close()
    second = Exchange.default(seed=7, store=SqliteStore(path), checker=files.judge)
    second.clock.advance(minutes=5)
    again = files.caller(second, "vss")
    again.headers = client.headers
    assert again.json("result", maGiaoDich=number)["dsHoSo"][0]["trangThai"] == "TU_CHOI"
    assert again.send(files.claim("A2")).json()["maGiaoDich"] != number
    second.close()


def test_a_failed_transaction_leaves_nothing(tmp_path):
    store = SqliteStore(tmp_path / "state.db")

    def fail():
        with store.transaction():
            store.add(submission(1), b"", [Record(1, 0, "A")])
            with store.transaction():
                store.put("a", "b", "c")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert store.submission("vss", "T1") is None
    assert store.get("a", "b") is None
    store.close()


def test_durable_settings_of_the_file(tmp_path):
    store = SqliteStore(tmp_path / "state.db")
    pragma = lambda name: store._db.execute(f"PRAGMA {name}").fetchone()[0]  # noqa: E731
    assert (pragma("journal_mode"), pragma("synchronous")) == ("wal", 2)
    store.close()


def test_files_that_are_no_state_are_refused(tmp_path):
    (tmp_path / "text").write_bytes(b"not a database, but long enough to look at" * 50)
    other = sqlite3.connect(tmp_path / "other")
    other.execute("CREATE TABLE t (x)")
    other.commit()
    other.close()
    for name, code in (("text", "SBX-STATE-01"), ("other", "SBX-STATE-01"), ("", "SBX-STATE-02")):
        with pytest.raises(SandboxError) as caught:
            SqliteStore(tmp_path / name)
        assert caught.value.code == code


def test_only_one_server_may_have_a_database(request):
    first = postgres_store(request)
    with pytest.raises(SandboxError) as error:
        postgres_store(request)
    assert error.value.code == "SBX-STATE-02"
    first.close()
    postgres_store(request).close()


def test_a_database_that_is_not_there_is_told():
    with pytest.raises(SandboxError) as error:
        PostgresStore("postgresql://nobody@/nowhere?host=/nonexistent")
    assert error.value.code == "SBX-STATE-05"


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_many_at_once_are_as_one_by_one(request, tmp_path, kind):
    def rows():
        for number in range(1, 2501):
            yield submission(number), b"x" * number, [Record(number, 0, f"K{number}")]

    made = postgres_store(request) if kind == "postgresql" else SqliteStore(tmp_path / "a.db")
    made.add_many(list(rows()))
    assert made.numbered(2500) == submission(2500)
    assert made.body(2500) == b"x" * 2500
    assert made.current("vss", "01001", "claim", "K17").submission == 17
    (row,) = made.counts("vss", "", dt.date(2026, 8, 3), dt.date(2026, 8, 4))
    assert (row.received, row.pending) == (2500, 2500)
    made.close()
