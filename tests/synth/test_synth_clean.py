"""Clean encounters are clean: no error and no warning of the rules, whatever the kind of visit."""

from __future__ import annotations

import datetime as dt

import pytest

from vnhealth import rules, synth
from vnhealth.findings import Severity
from vnhealth.identity import bhyt_card, bhyt_temp, cccd, facility5, icd10, licence, phone
from vnhealth.records import Claim, Document, DocumentKind
from vnhealth.spec import Family, code_set, table
from vnhealth.synth._data import diagnoses

EDITIONS = ("4210", "130", "4750", "3176", "1931")
NEWBORN_WITHOUT_NUMBER = "BHYT-XML1-114"


def complaints(claim: Claim, edition: str) -> list[str]:
    found = rules.check(claim, edition=edition).at_least(Severity.WARNING)
    return [
        f"{f.code} {f.path}"
        for f in found
        if f.code != NEWBORN_WITHOUT_NUMBER or not is_newborn(claim)
    ]


def is_newborn(claim: Claim) -> bool:
    x = claim.xml1
    return bool((x.ngay_vao.date() - x.ngay_sinh.date()).days <= 28)


@pytest.mark.parametrize("edition", EDITIONS)
@pytest.mark.parametrize("facility", ["01991", "40991", "46991"])
def test_a_day_has_nothing_to_complain_about(edition: str, facility: str) -> None:
    day = synth.Day(encounters=40, edition=edition, seed=7, facility=facility)
    assert [(i, c) for i, claim in enumerate(day) for c in complaints(claim, edition)] == []


def kinds(edition: str) -> list[str]:
    day = synth.Day(encounters=1, edition=edition).day
    if edition == "4210":
        return ["1", "2", "3", "9"]
    return sorted(code_set("ma_loai_kcb", day).codes)


@pytest.mark.parametrize(("edition", "kind"), [(e, kind) for e in EDITIONS for kind in kinds(e)])
def test_every_kind_of_visit_is_reachable_and_clean(edition: str, kind: str) -> None:
    for claim in synth.generate(encounters=4, edition=edition, seed=5, visits=[kind]):
        assert claim.xml1.ma_loai_kcb == kind
        assert complaints(claim, edition) == []


@pytest.mark.parametrize(
    ("edition", "day"),
    [
        ("4210", dt.date(2024, 1, 3)),
        ("130", dt.date(2024, 6, 28)),
        ("4750", dt.date(2024, 12, 30)),
        ("3176", dt.date(2025, 1, 10)),
        ("3176", dt.date(2025, 7, 2)),
        ("3176", dt.date(2026, 1, 5)),
        ("3176", dt.date(2026, 6, 30)),
        ("1931", dt.date(2026, 7, 1)),
        ("1931", dt.date(2026, 8, 1)),
    ],
)
def test_days_around_switches_are_clean(edition: str, day: dt.date) -> None:
    for claim in synth.generate(encounters=25, edition=edition, seed=11, day=day):
        assert claim.ended_on == day
        assert complaints(claim, edition) == []


@pytest.mark.parametrize("edition", EDITIONS)
def test_personas_are_clean(edition: str) -> None:
    for person in synth.personas():
        assert complaints(person.claim(edition=edition), edition) == []


@pytest.mark.parametrize("edition", ["4750", "3176", "1931"])
def test_checkins_are_clean(edition: str) -> None:
    claims = synth.generate(encounters=60, edition=edition, seed=7)
    rows = [synth.checkin(claim, edition=edition) for claim in claims]
    announced = tuple(Claim(xml0=r) for r in rows if r)
    document = Document(DocumentKind.CHECKIN, Family.F130, announced)
    found = rules.check(document, edition=edition).at_least(Severity.WARNING)
    assert [f.path for f in found if f.code != NEWBORN_WITHOUT_NUMBER] == []
    assert {len(r) for r in rows} == {0, 1, 2}


@pytest.mark.parametrize("edition", ["130", "4750", "3176", "1931"])
def test_assessments_are_clean(edition: str) -> None:
    claim = Claim(xml12=list(synth.assessments(30, edition=edition, seed=7)))
    document = Document(DocumentKind.ASSESSMENT, Family.F130, (claim,))
    assert list(rules.check(document, edition=edition).at_least(Severity.WARNING)) == []


def test_required_fields_are_filled_without_asking_the_rules() -> None:
    for edition in EDITIONS:
        for claim in synth.generate(encounters=25, edition=edition, seed=2):
            for row in claim:
                fields = table(edition, row.TABLE)
                missing = [f.tag for f in fields if f.required == "yes" and row[f.tag] is None]
                unknown = [tag for tag, _ in row.items() if tag not in fields]
                assert (missing, unknown) == ([], [])


@pytest.mark.parametrize("code", sorted(diagnoses()))
def test_diseases_fit_the_coding_rules_before_and_after_2026(code: str) -> None:
    d = diagnoses()[code]
    for out in ("20241016", "20260803"):
        for sex in [d.sex] if d.sex else ["1", "2"]:
            for years in (d.age_min, d.age_max):
                days = str(years * 366 + 3)
                found = icd10.parse(code, {"out": out, "sex": sex, "age_days": days})
                assert found.codes == ("OK",)


def test_diseases_fit_the_people_who_have_them() -> None:
    for claim in synth.generate(encounters=150, edition="3176", seed=9):
        x = claim.xml1
        d = diagnoses()[x.ma_benh_chinh]
        born, came = x.ngay_sinh.first_day(), x.ngay_vao.date()
        age = came.year - born.year - ((came.month, came.day) < (born.month, born.day))
        assert d.sex in ("", x.gioi_tinh) or age == 0
        assert d.age_min - 1 <= age <= d.age_max + 1


def test_identifiers_have_valid_structure_and_the_mark_of_invention() -> None:
    for claim in synth.generate(encounters=80, edition="3176", seed=4):
        x = claim.xml1
        if x.so_cccd is not None:
            context = {"sex": x.gioi_tinh, "dob": x.ngay_sinh.text[:8], "as_of": "20260318"}
            assert cccd.parse(x.so_cccd, context).codes == ("OK",)
            assert x.so_cccd[6:8] == "99"
        for number in (x.ma_the_bhyt or "").split(";"):
            if number:
                found = bhyt_card.parse(number, {"on": x.ngay_ra.text[:8]})
                assert found.outcome == "yes"
                assert number[7:9] == "99" or number[5:9] == "9990"
        assert x.dien_thoai.startswith("0900000")
        assert phone.is_valid(x.dien_thoai)
        assert facility5.parse(x.ma_cskcb).outcome == "yes"
        for row in claim.xml2:
            assert licence.parse(row.ma_bac_si).outcome == "yes"


def test_newborns_have_temporary_cards_of_their_province() -> None:
    for claim in synth.generate(encounters=80, edition="3176", seed=6, visits=["03"]):
        for row in claim.xml9:
            context = {"matinh": row.matinh_cu_tru, "on": "20260318"}
            assert bhyt_temp.parse(row.ma_the_tam, context).codes == ("OK",)
