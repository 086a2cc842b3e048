"""What holds for any claim: no crash, same bytes again, no order, no shared token, true intervals."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vnhealth import deid
from vnhealth.deid import _values as v
from vnhealth.localtime import LocalTime, Precision
from vnhealth.protocol.deid_inspect import inspect
from vnhealth.records import Claim, record_class
from vnhealth.spec import Edition, Family

EDITIONS = [Edition.QD4210, Edition.QD130, Edition.QD4750, Edition.QD3176]
TOKEN = re.compile("[A-Z][A-Z2-7]{26}")


@pytest.mark.parametrize("edition", EDITIONS, ids=str)
def test_any_claim_gives_what_the_receiver_takes_and_the_same_again(
    kit, strategies, edition
) -> None:
    @settings(max_examples=25)
    @given(st.lists(strategies.claims(edition, messy=True), min_size=1, max_size=3), st.randoms())
    def check(claims: list[Claim], random) -> None:
        result = kit.apply(claims)
        if result.records:
            found = inspect(result.data)
            assert found.ok, [(f.code, f.path, f.params) for f in found.findings]
            assert found.facility == "01901"
        again = kit.apply(claims)
        assert (again.data, again.manifest) == (result.data, result.manifest)
        random.shuffle(claims)
        mixed = kit.apply(claims)
        assert mixed.data == result.data
        assert mixed.manifest == result.manifest
        e = result.manifest.encounters
        parts = e.written + e.withheld + e.without_summary + e.stopped
        assert e.read == len(claims) == parts
        assert e.stopped == 0

    check()


@pytest.mark.parametrize("edition", EDITIONS, ids=str)
def test_two_recipients_never_share_a_token(kit, strategies, edition) -> None:
    @settings(max_examples=25)
    @given(strategies.claims(edition))
    def check(claim: Claim) -> None:
        one, two = (kit.apply(claim, recipient=r).data.decode() for r in ("a", "b"))
        assert not set(TOKEN.findall(one)) & set(TOKEN.findall(two))
        assert [TOKEN.sub("", t) for t in one.split("<")[:2]] == [
            TOKEN.sub("", t) for t in two.split("<")[:2]
        ]

    check()


def moments(claim: Claim) -> list[LocalTime]:
    """The days that are sent of XML1 to XML3, in order."""
    found = []
    for table, tags in (
        ("XML1", ("ngay_vao", "ngay_vao_noi_tru", "ngay_ra", "ngay_ttoan")),
        ("XML2", ("ngay_yl", "ngay_th_yl")),
        ("XML3", ("ngay_yl", "ngay_th_yl", "ngay_kq")),
    ):
        for row in claim.rows(table):
            for tag in tags:
                value = getattr(row, tag, None)
                if isinstance(value, LocalTime) and value.precision is Precision.MINUTE:
                    found.append(value)
    return found


def test_one_offset_of_whole_weeks_for_all_dates_of_an_encounter(kit, strategies) -> None:
    @settings(max_examples=40)
    @given(strategies.claims(Edition.QD3176))
    def check(claim: Claim) -> None:
        if claim.xml1 is None:
            return
        result = kit.apply(claim.replace(xml6=(), xml15=()))
        if not result.records:
            return
        given_ = [m.datetime() for m in moments(claim)]
        pattern = r"<NGAY_(?:VAO|VAO_NOI_TRU|RA|TTOAN|YL|TH_YL|KQ)>(\d{12})<"
        body = re.sub(r"<XML(?:[4-9]|1\d)>.*", "", result.data.decode(), flags=re.DOTALL)
        out = [LocalTime.parse(text).datetime() for text in re.findall(pattern, body)]
        offsets = {b - a for a, b in zip(given_, out, strict=True)}
        assert len(offsets) <= 1
        for offset in offsets:
            assert offset.seconds == 0
            assert offset.days % 7 == 0
            assert 7 <= abs(offset.days) <= 182

    check()


WILD = st.one_of(
    st.text(max_size=30),
    st.text("0123456789;,.-/ ABCDEK\ud800\x00<>&", max_size=30),
    st.integers(),
    st.decimals(),
    st.dates().map(LocalTime.of),
    st.booleans(),
    st.floats(),
    st.none(),
    st.just([]),
)


@settings(max_examples=100)
@given(st.data())
def test_values_of_any_kind_never_crash_and_never_leave_the_contract(kit, data) -> None:
    """Rows as no decoder would make them: any value in any field, raw text and unknown tags."""
    family = data.draw(st.sampled_from(list(Family)))
    name = data.draw(st.sampled_from(["XML1", "XML2", "XML3", "XML4", "XML5"] + (
        ["XML7", "XML9", "XML13", "XML15"] if family is Family.F130 else []
    )))  # fmt: skip
    cls = record_class(family, name)
    attrs = sorted(cls.kinds())
    state = data.draw(st.dictionaries(st.sampled_from(attrs), WILD, max_size=12))
    extra = data.draw(st.lists(st.tuples(st.text(max_size=5), st.text(max_size=5)), max_size=2))
    rows = (cls._trusted(state, {"MA_LK": "x"}, tuple(extra)),)
    tables = {name: rows}
    tables.setdefault("XML1", (record_class(family, "XML1")(ma_lk="1"),))
    result = kit.apply(Claim.from_tables(family, tables))
    if result.records:
        assert inspect(result.data).ok


@given(st.decimals(0, 10**12, places=2), st.integers(1, 6))
def test_rounding_keeps_so_many_digits_and_stays_near(number: Decimal, digits: int) -> None:
    text = v.rounded_significant(number, digits)
    assert len(text.rstrip("0")) <= digits
    step = Decimal(10) ** max(number.adjusted() - digits + 1, 0)
    assert abs(Decimal(text) - number) <= step / 2


@given(st.integers(0, 10**6), st.sampled_from([1, 10, 100]), st.integers(0, 500))
def test_steps_and_caps(number: int, step: int, ceiling: int) -> None:
    half = Decimal(v.rounded_step(number, step, None))
    low = Decimal(v.rounded_step(number, step, None, down=True))
    assert half % step == low % step == 0
    assert abs(half - number) <= Decimal(step) / 2
    assert low <= number < low + step
    assert int(v.rounded_step(number, 1, ceiling)) == min(number, ceiling)
    assert int(v.capped(number, ceiling)) == min(number, ceiling)


@given(st.text(max_size=40))
def test_generalisations_answer_or_refuse(text: str) -> None:
    for name in v._GENERALISATIONS:
        found = ""
        with suppress(v.Refused):
            found = v.generalisation(name)(text)
        assert len(found) <= max(len(text), 4)


@given(
    st.lists(st.sampled_from(["I10", "J18.9", "Q90.9", "A09", "E11.9", "K29.7", "x"]), max_size=9)
)
def test_diagnoses_are_sorted_distinct_and_few(codes: list[str]) -> None:
    known = [c for c in codes if c != "x"]
    try:
        text, cut = v.diagnoses(";".join(codes), "icds", 3, 5)
    except v.Refused:
        assert not known
        return
    found = text.split(";")
    assert found == sorted(set(found))
    assert len(found) <= 5
    assert "Q90.9" not in found
    assert cut == (len(known) < len(codes) or len(set(known)) > 5)


def test_manifest_counts_every_filled_in_value_once(kit, strategies) -> None:
    policy = deid.Policy.load("linked")

    @settings(max_examples=30)
    @given(strategies.claims(Edition.QD3176))
    def check(claim: Claim) -> None:
        result = kit.apply(claim)
        if claim.xml1 is None:
            assert result.manifest.actions == {}
            return
        expected: Counter[str] = Counter()
        for row in claim:
            for tag, _ in row.items():
                rule = policy.row("130", row.TABLE, tag)
                silent = rule.action.value == "withhold" or rule.effective in {
                    deid.Action.DROP,
                    deid.Action.SCRUB,
                    deid.Action.SUPPRESS,
                }
                place = "at record" if rule.params.get("sent") == "record" else "not sent"
                expected[rule.action.value if silent or rule.sent else place] += 1
        assert result.manifest.actions == dict(expected)

    check()


def test_a_shift_never_leaves_the_years_of_the_contract(kit) -> None:
    for year in ("0001", "1899", "2099", "2100", "9999"):
        for day in ("0101", "1231"):
            claim = kit.claim(xml1={"ngay_vao": f"{year}{day}0800"})
            result = kit.apply(claim)
            assert inspect(result.data).ok
    assert dt.date.max.year == 9999


@pytest.mark.parametrize("edition", EDITIONS, ids=str)
def test_the_compiled_way_and_the_careful_way_write_the_same(kit, strategies, edition) -> None:
    from vnhealth.deid import _plan

    def gives_up(*_: object) -> None:
        raise KeyError

    @settings(max_examples=25)
    @given(strategies.claims(edition, messy=True))
    def check(claim: Claim) -> None:
        compiled = kit.apply(claim)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(_plan, "compiled", lambda *_: gives_up)
            slow = kit.apply(claim)
        assert slow.data == compiled.data
        assert slow.manifest == compiled.manifest

    check()
