"""The population, the facilities and what a day is made of."""

from __future__ import annotations

import datetime as dt
from functools import cache

import pytest

from vnhealth import synth
from vnhealth.errors import SandboxError, SpecError
from vnhealth.records import Claim
from vnhealth.spec import Edition, edition_at, edition_info


@cache
def day(edition: str, *visits: str) -> list[Claim]:
    count = 160 if visits else 420
    return list(synth.generate(encounters=count, edition=edition, seed=7, visits=visits))


def test_people_have_numbers_of_their_own() -> None:
    found = list(synth.people(600, seed=7))
    assert len({p.key for p in found}) == 600
    assert len({p.bhxh for p in found}) >= 599
    assert found == list(synth.people(600, seed=7))
    assert {p.role for p in found} >= {"father", "mother", "child1", "grandmother"}


def test_households_share_what_households_share() -> None:
    for number in range(60):
        home = synth.household(7, number)
        assert len({(p.place, p.hamlet, p.phone) for p in home.members}) == 1
        children = [p for p in home.members if p.role.startswith("child")]
        assert all(p.name.split()[0] == home.father.name.split()[0] for p in children)
        assert all(18 <= p.born.year - home.mother.born.year <= 50 for p in children)


def test_facilities_are_marked_and_staffed() -> None:
    found = synth.facilities(7)
    assert len({f.province for f in found}) == len(found) == 8
    assert all(f.code == f.province + "991" and "Mẫu" in f.name for f in found)
    assert all(f.doctors("K03") and f.helpers("K27") for f in found)
    with pytest.raises(SpecError):
        synth.generate(encounters=1, facility="99999")


def test_default_days_lie_in_the_validity_of_their_edition() -> None:
    for edition in Edition:
        found = synth.default_day(edition)
        assert found.weekday() < 5
        assert edition_at(found, edition_info(edition).family) is edition


def test_a_birth_links_mother_and_child() -> None:
    births = [
        c for c in synth.generate(encounters=500, edition="3176", seed=7, visits=["03"]) if c.xml9
    ]
    assert len(births) > 20
    for claim in births:
        x, child = claim.xml1, claim.xml9[0]
        assert x.gioi_tinh == "2"
        assert child.ho_ten_nnd == x.ho_ten
        assert child.ngaysinh_nnd.text == x.ngay_sinh.text[:8]
        assert x.ngay_vao <= child.ngay_sinh_con <= x.ngay_ra
        assert x.can_nang_con == str(child.can_nang_con)
        assert claim.xml7[0].ngay_ct.date() == x.ngay_ra.date()
        assert (child.sinhcon_phauthuat == "1") == x.ma_benh_chinh.startswith("O82")


def test_newborns_have_parents_and_a_temporary_card() -> None:
    babies = [c for c in day("3176", "03") if c.xml1.ma_doituong_kcb == "1.7"]
    assert babies
    for claim in babies:
        paper = claim.xml7[0]
        assert paper.ho_ten_me == claim.xml1.ho_ten
        assert paper.ma_the_tam == claim.xml1.ma_the_bhyt
        assert (claim.xml1.ngay_vao.date() - claim.xml1.ngay_sinh.date()).days <= 1


def test_every_table_and_population_group_occurs() -> None:
    claims = day("1931")
    tables = {name for claim in claims for name in claim.tables}
    assert tables == {f"XML{n}" for n in (*range(1, 12), 13, 14, 15)}
    ages = [c.xml1.ngay_vao.date().year - c.xml1.ngay_sinh.year for c in claims]
    assert min(ages) < 6
    assert max(ages) > 80
    assert any(not c.xml1.ma_the_bhyt for c in claims)
    assert any(c.xml1.ma_tai_nan for c in claims)
    assert {c.xml1.ma_loai_rv for c in claims} >= {"1", "2", "5"}
    assert any(c.xml1.so_cccd is None for c in claims)


def test_notes_vary_and_name_nobody() -> None:
    claims = day("1931")
    notes = [(row.dien_bien_ls, c.xml1.ho_ten) for c in claims for row in c.xml5]
    assert len({text for text, _ in notes}) > len(notes) * 0.6
    assert all(name not in text for text, name in notes)
    assert any("<" in text for text, _ in notes)


def test_people_come_back() -> None:
    seen = [c.xml1.ma_bn for c in day("1931")]
    assert len(set(seen)) < len(seen)


def test_personas_have_a_story_and_a_claim() -> None:
    found = synth.personas()
    assert len({p.key for p in found}) == len(found) >= 12
    for one in found:
        claim = one.claim()
        assert claim == one.claim()
        assert claim.xml1.ho_ten == one.person.name
        assert claim.xml1.ma_benh_chinh == one.diagnosis
    assert synth.persona("PHAM_THI_EM").claim().counts()["XML9"] == 1
    assert "XML15" in synth.persona("DANG_QUOC_MINH").claim().counts()
    assert "XML6" in synth.persona("HO_NGOC_NAM").claim().counts()
    with pytest.raises(SandboxError):
        synth.persona("NOBODY")


def test_checkins_say_what_the_claim_says() -> None:
    for claim in day("3176", "03"):
        for row in synth.checkin(claim):
            assert row.ma_lk == claim.ma_lk
            named = [row.ma_dich_vu, row.ma_thuoc, row.ma_vat_tu]
            assert sum(1 for code in named if code) == 1
            assert claim.xml1.ngay_vao <= row.ngay_yl <= claim.xml1.ngay_ra


def test_a_day_can_be_asked_for() -> None:
    asked = dt.date(2026, 9, 15)
    claim = next(synth.generate(encounters=1, edition="1931", seed=7, day=asked))
    assert claim.ended_on == asked
    with pytest.raises(SpecError):
        next(synth.generate(encounters=1, edition="3176", seed=7, visits=["16"]))
    with pytest.raises(IndexError):
        synth.Day(encounters=1)[1]
