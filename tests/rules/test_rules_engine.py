"""The face of the engine: arguments, documents, deadlines, catalogues, rules of others."""

import datetime as dt
import pickle
from dataclasses import FrozenInstanceError
from decimal import Decimal

import pytest

from vnhealth import rules
from vnhealth.errors import SpecError
from vnhealth.findings import CodeInfo, Finding, Severity, catalogue
from vnhealth.records import Claim, Document, DocumentKind
from vnhealth.records.bhyt130 import Xml1
from vnhealth.rules import _outside
from vnhealth.spec import Edition, Family

OUT = "outpatient 2026-03-16"


def test_findings_carry_encounter_table_row_and_tag(edited):
    claim, _ = edited(OUT, "XML3[2].THANH_TIEN_BH=9")
    found = rules.check(claim, encounter=4).by_code("BHYT-XML3-016")
    assert [(f.encounter, f.table, f.row, f.tag) for f in found] == [
        (4, "XML3", 2, "THANH_TIEN_BH")
    ]
    assert "58600" not in found[0].message
    assert "58600" in found[0].text("vi", values=True)


def test_document_gives_each_claim_its_index(edited, clean):
    wrong, _ = edited(OUT, "XML1[0].GIOI_TINH=7")
    document = Document(
        kind=DocumentKind.ENVELOPE, family=Family.F130, claims=(clean(OUT), wrong), declared=2
    )
    found = rules.check(document)
    assert [f.encounter for f in found.by_code("BHYT-FLD-04")] == [1]
    assert [f.encounter for f in found.by_code("BHYT-CLAIM-003")] == [1]
    assert found.by_code("BHYT-CLAIM-007")[0].encounter is None


def test_bare_table_needs_no_summary(clean):
    claim = Claim(xml3=clean(OUT).rows("XML3"))
    table = Document(kind=DocumentKind.TABLE, family=Family.F130, claims=(claim,))
    assert "BHYT-CLAIM-002" not in rules.check(table).codes
    assert "BHYT-CLAIM-002" in rules.check(claim).codes


@pytest.mark.parametrize("kind", ["checkin", "assessment"])
def test_tables_that_travel_alone_need_no_summary(kind, clean):
    assert "BHYT-CLAIM-002" not in rules.check(clean(f"{kind} 2026-03-16")).codes


def test_unreadable_value_is_not_called_missing(edited):
    claim, _ = edited(OUT, "XML2[0].SO_LUONG=12x")
    assert claim.rows("XML2")[0].so_luong is None
    found = rules.check(claim)
    assert found.codes == {"BHYT-CLAIM-090"}
    claim, _ = edited(OUT, "XML2[0].SO_LUONG=")
    assert [f.tag for f in rules.check(claim).by_code("BHYT-FLD-01")] == ["SO_LUONG"]


def test_disabled_codes_are_silent(edited):
    claim, _ = edited(OUT, "XML1[0].GIOI_TINH= | XML3[2].THANH_TIEN_BH=9 | XML1[0].STT=1")
    everything = rules.check(claim).codes
    for code in everything:
        assert rules.check(claim, disabled=[code]).codes == everything - {code}


@pytest.mark.parametrize(
    ("found", "tolerance", "severity"),
    [
        ("50600.004", rules.Tolerance(), None),
        ("50600.50", rules.Tolerance(), "warning"),
        ("50602", rules.Tolerance(), "error"),
        ("50602", rules.Tolerance(error=Decimal(5)), "warning"),
        ("50602", rules.Tolerance(ignore=Decimal(3)), None),
        ("50600.004", rules.Tolerance(ignore=Decimal(0)), "warning"),
    ],
)
def test_tolerance(found, tolerance, severity, edited):
    claim, _ = edited(OUT, f"XML3[0].THANH_TIEN_BH={found}")
    hits = rules.check(claim, tolerance=tolerance).by_code("BHYT-XML3-016")
    assert [f.severity.value for f in hits] == ([severity] if severity else [])


def test_practice_rule_stays_a_warning_whatever_the_difference(edited):
    claim, _ = edited(OUT, "XML3[0].T_BNTT=900000")
    found = rules.check(claim).by_code("BHYT-XML3-019")
    assert [f.severity for f in found] == [Severity.WARNING]


def test_edition_of_the_other_family_is_refused_in_words(clean):
    found = rules.check(clean("outpatient4210 2024-03-15"), edition="3176")
    assert [f.code for f in found.at_least("error")] == ["BHYT-CLAIM-020"]
    with pytest.raises(SpecError):
        rules.check(clean(OUT), edition="9999")


# -- deadlines ------------------------------------------------------------------------------------


def _late(claim, sent_at, **more):
    codes = rules.check(claim, sent_at=sent_at, **more).codes
    return {code for code in codes if "BHYT-CLAIM-080" <= code <= "BHYT-CLAIM-086"}


@pytest.mark.parametrize(
    ("day", "sent", "codes"),
    [
        ("2026-03-16", "2026-03-16T10:00", set()),
        ("2026-03-16", "2026-03-16T09:59", {"BHYT-CLAIM-083"}),
        ("2026-03-16", "2026-03-17T00:01", {"BHYT-CLAIM-080"}),
        ("2026-02-13", "2026-02-23T16:00", {"BHYT-CLAIM-080"}),  # Friday before the Lunar New Year
        ("2026-02-17", "2026-02-23T16:00", set()),  # ended within the holidays
        ("2026-03-14", "2026-03-16T16:00", set()),  # Saturday
        ("2026-03-16", "2026-03-25T08:00", {"BHYT-CLAIM-080"}),  # the seventh working day
        ("2026-03-16", "2026-03-26T08:00", {"BHYT-CLAIM-080", "BHYT-CLAIM-081"}),
        ("2026-03-30", "2026-04-04T08:00", {"BHYT-CLAIM-080"}),
        ("2026-03-30", "2026-04-05T08:00", {"BHYT-CLAIM-080", "BHYT-CLAIM-082"}),
        ("2026-03-16", "2031-03-16T10:00", {"BHYT-CLAIM-085"}),
    ],
)
def test_deadlines(day, sent, codes, clean):
    assert _late(clean(f"outpatient {day}"), dt.datetime.fromisoformat(sent)) == codes


def test_time_of_sending_with_a_zone_is_moved_to_viet_nam(clean):
    at = dt.datetime(2026, 3, 16, 2, 59, tzinfo=dt.UTC)
    assert _late(clean(OUT), at) == {"BHYT-CLAIM-083"}
    assert not _late(clean(OUT), at + dt.timedelta(minutes=1))


def test_own_calendar(clean):
    year = frozenset({2026})
    shut = rules.Calendar(years=year, off=frozenset({dt.date(2026, 3, 16), dt.date(2026, 3, 17)}))
    sent = dt.datetime(2026, 3, 18, 8, 0)
    assert _late(clean(OUT), sent, working_days=shut) == set()
    assert _late(clean(OUT), sent) == {"BHYT-CLAIM-080"}


def test_draft_is_off_by_default_and_named_as_draft(clean):
    sent = dt.datetime(2026, 3, 16, 13, 1)
    assert not _late(clean(OUT), sent)
    found = rules.check(clean(OUT), sent_at=sent, drafts=True).by_code("BHYT-CLAIM-084")
    assert [f.info.confidence for f in found] == ["draft"]
    assert "DỰ THẢO" in found[0].message_vi
    assert "DRAFT" in found[0].message_en


# -- catalogues -----------------------------------------------------------------------------------


class Shelf:
    """A catalogue of two systems."""

    def has(self, system: str, on: dt.date) -> bool:
        return system in {"drug", "icd10"}

    def state(self, system: str, code: str, on: dt.date) -> str:
        return {"40.1": "unknown", "40.10": "ended", "I10": "future"}.get(code, "valid")


def test_without_a_catalogue_this_is_said_once_per_call(clean):
    document = Document(
        kind=DocumentKind.ENVELOPE, family=Family.F130, claims=(clean(OUT),) * 3, declared=3
    )
    found = rules.check(document).by_code("BHYT-CLAIM-090")
    assert len(found) == 1
    assert found[0].severity is Severity.INFO
    assert "icd10" not in found[0].params["systems"]
    july = rules.check(clean("outpatient 2026-07-15")).by_code("BHYT-CLAIM-090")
    assert "icd10" in july[0].params["systems"]


def test_catalogue_is_asked(clean):
    found = rules.check(clean(OUT), catalog=Shelf())
    seen = {(f.code, f.tag, f.severity.value) for f in found if f.code >= "BHYT-CLAIM-091"}
    assert {
        ("BHYT-CLAIM-091", "MA_THUOC", "warning"),
        ("BHYT-CLAIM-092", "MA_THUOC", "warning"),
        ("BHYT-CLAIM-093", "MA_BENH_KT", "error"),
    } <= seen
    assert "drug" not in found.by_code("BHYT-CLAIM-090")[0].params["systems"]


# -- rules of others ------------------------------------------------------------------------------


def _house(code, check, scope="row", severity="warning"):
    rule = rules.Rule(
        code=code,
        source_id="",
        scope=scope,
        tables=("XML1",),
        tags=("HO_TEN",),
        editions=frozenset(Edition),
        valid_from=None,
        valid_to=dt.date(2026, 12, 31),
        severity_from=(),
        exact=Decimal(0),
        implies=(),
        example_on="",
        draft=False,
    )
    texts = CodeInfo(
        code=code,
        severity=severity,
        message_vi="Tên viết thường.",
        message_en="Name in lower case.",
        hint_vi="",
        hint_en="",
        basis="house rule",
        confidence="own",
        example_fail="",
        example_pass="",
        source="outside",
    )
    return rules.OutsideRule(rule, texts, check)


@pytest.fixture
def clean_catalogue():
    held = dict(catalogue._rows)
    yield
    catalogue._rows.clear()
    catalogue._rows.update(held)


def _lower(row, case):
    return rules.Hit("HO_TEN") if row.ho_ten and row.ho_ten.islower() else None


@pytest.mark.usefixtures("clean_catalogue")
def test_outside_rule_is_run_when_given_and_guarded_by_its_dates(edited):
    one = _house("HOUSE-001", _lower)
    claim, _ = edited(OUT, "XML1[0].HO_TEN=nguyễn văn mẫu")
    assert "HOUSE-001" not in rules.check(claim).codes
    found = rules.check(claim, outside=[one]).by_code("HOUSE-001")
    assert [(f.path, f.message_en) for f in found] == [("XML1[0].HO_TEN", "Name in lower case.")]
    assert "HOUSE-001" not in rules.check(claim, outside=[one], disabled=["HOUSE-001"]).codes
    later = rules.check(claim, outside=[one], on=dt.date(2027, 1, 1))
    assert "HOUSE-001" not in later.codes


@pytest.mark.usefixtures("clean_catalogue")
def test_outside_rule_that_fails_does_not_stop_the_check(clean):
    def broken(case):
        raise RuntimeError("a value of a patient")

    found = rules.check(clean(OUT), outside=[_house("HOUSE-002", broken, scope="claim")])
    said = found.by_code("BHYT-CLAIM-099")
    assert [f.params for f in said] == [{"rule": "HOUSE-002", "kind": "RuntimeError"}]
    assert "patient" not in said[0].message_en


@pytest.mark.usefixtures("clean_catalogue")
def test_outside_rule_may_give_the_same_hit_twice(clean):
    always = rules.Hit("MA_LK", {"word": "same"})
    claim = clean(OUT)
    document = Document(kind=DocumentKind.ENVELOPE, family=Family.F130, claims=(claim, claim))
    one = _house("HOUSE-004", lambda case: [always, always], scope="claim")
    found = rules.check(document, outside=[one]).by_code("HOUSE-004")
    assert [(f.encounter, f.params["word"]) for f in found] == [
        (0, "same"),
        (0, "same"),
        (1, "same"),
        (1, "same"),
    ]
    assert type(always) is rules.Hit


class Point:
    """Stands for an entry point."""

    name, value = "house", "house:RULES"

    def __init__(self, held):
        self._held = held

    def load(self):
        return self._held


@pytest.mark.usefixtures("clean_catalogue")
def test_installed_rules_come_from_the_entry_point_group(monkeypatch, clean):
    one = _house("HOUSE-003", _lower)
    asked = []

    def points(*, group):
        asked.append(group)
        return [Point([one])]

    monkeypatch.setattr(_outside, "entry_points", points)
    assert rules.installed() == (one,)
    assert asked == ["vnhealth.rules"]
    assert "HOUSE-003" in catalogue


@pytest.mark.usefixtures("clean_catalogue")
@pytest.mark.parametrize("code", ["BHYT-XML1-061", "ERR-XML-01"])
def test_outside_rule_may_not_take_a_code(code, clean):
    with pytest.raises(ValueError, match="taken"):
        rules.check(clean(OUT), outside=[_house(code, _lower)])


def test_findings_of_rules_are_like_any_other():
    found = rules.check(Claim(xml1=Xml1(ma_lk="A1", ngay_ra="202603150930")))
    for one in found:
        parts = {name: getattr(one, name) for name in Finding.__slots__}
        assert one == Finding(**parts)
        assert pickle.loads(pickle.dumps(one)) == one
        with pytest.raises(FrozenInstanceError):
            one.code = "BHYT-FLD-02"
