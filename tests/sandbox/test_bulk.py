"""A bulk load leaves in the store what the same files leave that are sent one by one."""

import datetime as dt
from dataclasses import asdict, replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vnhealth import synth
from vnhealth.errors import SandboxError
from vnhealth.sandbox import (
    Exchange,
    MemoryStore,
    PostgresStore,
    Settings,
    SqliteStore,
    VirtualClock,
    _bulk,
)

AT_ONCE = Settings(verdict_delay=dt.timedelta(0))
DAY = dt.date(2026, 8, 3)


def written(folder, bodies):
    """The files of a folder, in the order of their names."""
    folder.mkdir(exist_ok=True)
    paths = [folder / f"{n:03}.xml" for n in range(len(bodies))]
    for path, body in zip(paths, bodies, strict=True):
        path.write_bytes(body)
    return paths


def state(exchange):
    """Everything the store holds of submissions; numbers that were left out do not count."""
    exchange.settle()
    kept = exchange.snapshot().submissions
    place = {submission.number: n for n, (submission, _, _) in enumerate(kept)}

    def record(one):
        return asdict(
            replace(one, submission=place[one.submission], replaced_by=place.get(one.replaced_by))
        )

    return [
        (asdict(replace(s, number=place[s.number], transaction="")), body, [*map(record, records)])
        for s, body, records in kept
    ]


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def store(request, tmp_path):
    if request.param == "postgresql":
        made = PostgresStore(request.getfixturevalue("postgres").replace("+psycopg", ""))
        made.replace_contents({}, ())
    elif request.param == "sqlite":
        made = SqliteStore(tmp_path / "a.sqlite")
    else:
        made = MemoryStore()
    yield made
    made.close()


@pytest.fixture(params=[1, 3, 1000])
def portion(request, monkeypatch):
    """Files to a commit."""
    monkeypatch.setattr(_bulk, "FILES", request.param)


def send(files, exchange, key, bodies):
    """One by one, by the account of the facility that each of them names."""
    for body in bodies:
        facility = "79001" if b"<MACSKCB>79001" in body else "01001"
        assert files.caller(exchange, key, facility).login().send(body).status < 300


def mixed(files):
    """Accepted, warned and refused ones, two facilities, sent again, several to a file."""
    bodies = [files.claim(f"{'ARW'[n % 3]}{n}") for n in range(6)]
    bodies += [files.claim("A0", facility="79001"), files.claim("A0"), files.claim("A3", "A9")]
    bodies += [files.claim("A0", extra="<HO_TEN>X</HO_TEN>"), files.claim("A9", "R1", "A9")]
    return bodies


@pytest.mark.parametrize("key", ["vss", "province", "national"])
def test_the_state_is_that_of_files_sent_one_by_one(files, tmp_path, store, portion, key):
    before = [files.claim("R4", extra="<HO_TEN>Y</HO_TEN>"), files.claim("A3")]
    bodies = mixed(files)

    one_by_one = Exchange.default(seed=7, checker=files.judge, settings=AT_ONCE)
    loaded = Exchange.default(seed=7, checker=files.judge, store=store, settings=AT_ONCE)
    send(files, one_by_one, key, before + bodies)
    send(files, loaded, key, before)
    result = loaded.load(written(tmp_path / "in", bodies), key)

    assert state(loaded) == state(one_by_one)
    assert loaded.reconcile() == one_by_one.reconcile()
    assert (result.files, result.duplicates, result.skipped) == (
        (11, 0, ()) if key == "vss" else (9, 2, ())
    )
    assert result.records == result.accepted + result.refused
    assert all(row.balanced for row in loaded.reconcile())


@given(
    sent=st.lists(
        st.tuples(
            st.lists(st.sampled_from(["A1", "A2", "R1", "W1"]), min_size=1, max_size=3),
            st.sampled_from(["01001", "79001"]),
            st.sampled_from(["", "<HO_TEN>X</HO_TEN>"]),
        ),
        max_size=12,
    ),
    first=st.integers(0, 12),
    together=st.integers(1, 12),
    key=st.sampled_from(["vss", "province"]),
)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_files_in_any_portions_leave_the_same_state(
    files, tmp_path, sent, first, together, key
):
    bodies = [files.claim(*keys, facility=code, extra=extra) for keys, code, extra in sent]
    one_by_one = Exchange.default(seed=7, checker=files.judge, settings=AT_ONCE)
    loaded = Exchange.default(seed=7, checker=files.judge, settings=AT_ONCE)
    send(files, one_by_one, key, bodies)
    send(files, loaded, key, bodies[:first])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_bulk, "FILES", together)
        loaded.load(written(tmp_path / "in", bodies[first:]), key)
    assert state(loaded) == state(one_by_one)


def test_a_withdrawn_record_comes_back_with_the_same_file(files, tmp_path):
    exchange = Exchange.default(checker=files.judge, settings=AT_ONCE)
    paths = written(tmp_path / "in", [files.claim("A1")])
    exchange.load(paths, "province")
    assert exchange.load(paths, "province").duplicates == 1
    client = files.caller(exchange, "province").login()
    ask = {"MA_LK": "A1", "MA_CSKCB": "01001", "LY_DO_HUY": "gửi nhầm", "MA_YEU_CAU": "Y1"}
    assert client.post("cancel", **ask).status == 200
    assert exchange.load(paths, "province").files == 1
    [row] = exchange.reconcile()
    assert (row.received, row.sent, row.replaced) == (2, 1, 1)


def test_real_claims_get_the_verdicts_of_the_rules(files, tmp_path):
    claims = list(synth.generate(encounters=6, seed=7, facility="01991", day=DAY))
    wrong = claims[0].replace(xml1=claims[0].xml1.replace(gioi_tinh="7"))
    bodies = [synth.render([claim]) for claim in [*claims, wrong]]
    one_by_one = Exchange.default(settings=AT_ONCE)
    for body in bodies:
        files.caller(one_by_one, "vss", "01991").login().send(body)
    loaded = Exchange.default(settings=AT_ONCE)
    result = loaded.load(written(tmp_path / "in", bodies))
    assert state(loaded) == state(one_by_one)
    assert (result.records, result.replaced) == (7, 1)
    assert result.refused >= 1


def test_a_key_seen_only_by_reading_takes_the_place_of_the_earlier_one(files, tmp_path):
    exchange = Exchange.default(checker=files.judge, settings=AT_ONCE)
    opaque = b"OPAQUE A1 <MACSKCB>01001</MACSKCB>"
    exchange.load(written(tmp_path / "in", [files.claim("A1"), opaque]))
    [(first, _, [old]), (second, _, [new])] = exchange.snapshot().submissions
    assert (old.key, old.replaced_by, new.key, new.replaced_by) == ("A1", second.number, "A1", None)
    assert (first.opaque, second.opaque) == (False, True)


def test_what_cannot_be_taken_is_left_out_and_told_of(files, tmp_path):
    exchange = Exchange.default(settings=replace(AT_ONCE, max_file=20_000))
    good = synth.render(synth.generate(encounters=1, seed=7, facility="01991", day=DAY))
    unknown = good.replace(b"<MACSKCB>01991", b"<MACSKCB>98765")
    bodies = [b"no XML", good, unknown, good + b" " * 20_000]
    paths = [*written(tmp_path / "in", bodies), tmp_path / "missing.xml"]
    result = exchange.load(paths)
    assert (result.files, len(exchange.snapshot().submissions)) == (1, 1)
    assert [skipped.path for skipped in result.skipped] == [
        str(path) for path in paths if path.name != "001.xml"
    ]
    codes = [skipped.findings[0].code for skipped in result.skipped]
    assert codes[1:] == ["SBX-LOAD-01", "SBX-LOAD-02", "ERR-XML-06"]
    assert codes[0].startswith("ERR-XML")
    assert "98765" not in repr(result)


def test_a_record_whose_facility_is_nowhere_told_is_left_out(files, tmp_path):
    exchange = Exchange.default(checker=files.judge)
    nobody = files.claim("A1").replace(b"<MACSKCB>01001</MACSKCB>", b"")
    [skipped] = exchange.load(written(tmp_path / "in", [nobody])).skipped
    assert [f.code for f in skipped.findings] == ["SBX-LOAD-01"]


def test_sending_goes_on_after_a_load(files, tmp_path, store):
    exchange = Exchange.default(checker=files.judge, store=store, clock=VirtualClock())
    exchange.load(written(tmp_path / "in", [files.claim("A1"), files.claim("A2")]))
    caller = files.caller(exchange, "vss").login()
    caller.send(files.claim("A1"))
    exchange.clock.advance(days=1)
    [row] = exchange.reconcile()
    assert (row.received, row.sent, row.replaced, row.accepted) == (3, 2, 1, 2)


def test_only_gateways_that_take_claim_files(files):
    with pytest.raises(SandboxError) as caught:
        Exchange.default().load([], "donthuoc")
    assert caught.value.code == "SBX-SET-01"
