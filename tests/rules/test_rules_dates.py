"""The same encounter on five days is judged by five rule sets; each switch is shown."""

import datetime as dt

import pytest

from vnhealth import rules

SWITCHES = (
    # what, edits, day before, finding before, day after, finding after
    ("XML1[0].NHOM_MAU=O+", "2024-06-30", {"BHYT-FLD-07"}, "2024-07-01", set()),
    ("XML3[0].TYLE_TT_DV=50", "2024-06-30", set(), "2024-07-01", {"BHYT-XML3-013"}),
    ("XML1[0].MA_NGHE_NGHIEP=62111", "2024-12-31", set(), "2025-01-01", {"BHYT-FLD-02"}),
    ("XML1[0].SO_CCCD=PASSPORT12", "2024-12-31", {"error"}, "2025-01-01", {"warning"}),
    ("XML1[0].MAHUYEN_CU_TRU=", "2024-12-31", {"BHYT-FLD-01"}, "2025-07-01", set()),
    ("XML1[0].MA_DOITUONG_KCB=1.11", "2025-06-18", {"BHYT-FLD-09"}, "2025-07-01", set()),
    ("XML1[0].MA_DOITUONG_KCB=1.8", "2025-06-18", set(), "2026-01-01", {"BHYT-FLD-08"}),
    ("XML1[0].MA_BENH_CHINH=J06.7", "2026-06-30", {"BHYT-XML1-152"}, "2026-07-01", set()),
    ("XML1[0].MA_BENH_CHINH=S72.0", "2026-06-30", set(), "2026-07-01", {"BHYT-XML1-156"}),
    ("XML1[0].MA_LOAI_KCB=14", "2026-07-31", {"BHYT-FLD-09"}, "2026-08-01", set()),
    ("XML3[0].MA_KHOA=K55", "2026-07-31", {"BHYT-FLD-09"}, "2026-08-01", set()),
)
OF_INTEREST = {
    *("BHYT-FLD-01", "BHYT-FLD-02", "BHYT-FLD-03", "BHYT-FLD-04", "BHYT-FLD-07"),
    *("BHYT-FLD-08", "BHYT-FLD-09", "BHYT-XML3-013", "BHYT-XML1-152", "BHYT-XML1-156"),
    "BHYT-FMT-001",
}


@pytest.mark.parametrize(("edits", "before", "found_before", "after", "found_after"), SWITCHES)
def test_switch(edits, before, found_before, after, found_after, edited):
    for day, wanted in ((before, found_before), (after, found_after)):
        target, _ = edited(f"outpatient {day}", edits)
        found = [f for f in rules.check(target) if f.code in OF_INTEREST]
        if wanted <= {"error", "warning"} and wanted:
            assert {f.severity.value for f in found} == wanted
        else:
            assert {f.code for f in found} == wanted


def test_district_is_only_a_warning_in_the_half_year_between(edited):
    target, _ = edited("outpatient 2025-03-17", "XML1[0].MAHUYEN_CU_TRU=")
    found = rules.check(target).by_code("BHYT-FLD-01")
    assert [(f.tag, f.severity.value) for f in found] == [("MAHUYEN_CU_TRU", "warning")]


def test_rate_with_a_decimal_fits_only_from_july_2026(edited):
    """47.5 = half of 95 percent: card HT (pensioner), category 1.13."""
    edits = (
        "XML1[0].MA_THE_BHYT=HT3010000012345 | XML1[0].MA_DOITUONG_KCB=1.13 | "
        "XML2[0].MUC_HUONG=47.5 | XML2[0].T_BHTT=7125.00 | XML2[0].T_BNCCT=7875.00"
    )
    june, _ = edited("outpatient 2026-06-30", edits)
    july, _ = edited("outpatient 2026-07-01", edits)
    at = ("XML2", 0, "MUC_HUONG")
    before = {f.code for f in rules.check(june) if (f.table, f.row, f.tag) == at}
    assert before == {"BHYT-FLD-03", "BHYT-XML2-170"}
    assert not [f for f in rules.check(july) if (f.table, f.row, f.tag) == at]


@pytest.mark.parametrize(
    ("kind", "day", "edition"),
    [
        ("outpatient", "2024-06-30", "130"),
        ("outpatient", "2024-12-31", "4750"),
        ("outpatient", "2026-06-30", "3176"),
        ("outpatient", "2026-07-31", "1931"),
        ("outpatient", "2026-08-01", "1931"),
        ("outpatient4210", "2024-06-30", "4210"),
    ],
)
def test_rule_set_follows_the_end_of_the_encounter(kind, day, edition, clean):
    claim = clean(f"{kind} {day}")
    assert claim.edition().value == edition
    assert rules.check(claim).ok


def test_five_days_have_five_rule_sets():
    from vnhealth.rules._plans import plan_on

    days = ["2024-06-30", "2024-12-31", "2026-06-30", "2026-07-31", "2026-08-01"]
    plans = [
        plan_on(dt.date.fromisoformat(day), False, None, frozenset(), False, ())[1] for day in days
    ]
    assert len({id(plan) for plan in plans}) == 5


def test_given_day_and_edition_win(edited):
    target, _ = edited("outpatient 2026-03-16", "XML1[0].MA_LOAI_KCB=14")
    assert "BHYT-FLD-09" in rules.check(target).codes
    assert "BHYT-FLD-09" not in rules.check(target, on=dt.date(2026, 8, 1)).codes
    target, _ = edited("outpatient 2026-03-16", "XML1[0].MA_NGHE_NGHIEP=62111")
    assert "BHYT-FLD-02" in rules.check(target).codes
    assert "BHYT-FLD-02" not in rules.check(target, edition="4750").codes


def test_encounter_without_any_date_is_judged_by_the_newest_rules(maker):
    made = maker("outpatient 2026-03-16")
    for rows in made.tables.values():
        for row in rows:
            for tag in row:
                if tag.startswith("NGAY"):
                    row[tag] = ""
    made.tables["XML1"][0]["MA_LOAI_KCB"] = "14"
    found = rules.check(made.claim())
    assert found.by_code("BHYT-FLD-01")
    assert not found.by_code("BHYT-FLD-09")


def test_4210_after_its_end_and_before(edited):
    target, _ = edited("outpatient4210 2024-06-30", "")
    assert rules.check(target).ok
    later = rules.check(target, on=dt.date(2024, 7, 1))
    assert [f.code for f in later.at_least("error")] == ["BHYT-CLAIM-021"]


def test_split_variants_of_130_and_4750_are_accepted_and_repealed_by_3176(edited):
    pooled = (  # worked example of the annex: 10,000,000 at 50 percent, 3,000,000 given, 80 percent
        "XML2[1].SO_LUONG=1 | XML2[1].DON_GIA=10000000 | XML2[1].THANH_TIEN_BV=10000000 | "
        "XML2[1].THANH_TIEN_BH=3500000 | XML2[1].T_NGUONKHAC=3000000 | "
        "XML2[1].T_NGUONKHAC_CL=3000000 | XML2[1].T_BHTT=2800000 | XML2[1].T_BNCCT=700000 | "
        "XML2[1].T_BNTT=3500000"
    )
    line = {f"BHYT-XML2-{n}" for n in ("010", "011", "017", "018", "019", "020", "021", "022")}
    target, _ = edited("outpatient 2024-12-31", pooled)
    assert not line & rules.check(target).codes
    target, _ = edited("outpatient 2025-01-01", pooled)
    assert line & rules.check(target).codes == {
        "BHYT-XML2-011",
        "BHYT-XML2-020",
        "BHYT-XML2-021",
        "BHYT-XML2-022",
    }


def test_outside_money_is_taken_off_self_pay_then_co_payment_then_fund(edited):
    """12,345.5 * 3 at 50 percent and 80: 18,518.25 own, 3,703.65 shared, 14,814.60 fund."""
    for given, own, shared, fund in (
        ("10000", "8518.25", "3703.65", "14814.60"),
        ("20000", "0", "2221.90", "14814.60"),
        ("25000", "0", "0", "12036.50"),
    ):
        target, _ = edited(
            "outpatient 2026-03-16",
            f"XML2[1].T_NGUONKHAC={given} | XML2[1].T_NGUONKHAC_CL={given} | "
            f"XML2[1].T_BNTT={own} | XML2[1].T_BNCCT={shared} | XML2[1].T_BHTT={fund}",
        )
        found = rules.check(target)
        assert not [f for f in found if f.table == "XML2"]


@pytest.mark.parametrize(("born", "missed"), [("202602160900", False), ("202602150900", True)])
def test_a_newborn_needs_no_person_number_up_to_28_days(edited, born, missed):
    claim, _ = edited("outpatient 2026-03-16", f"XML1[0].SO_CCCD= | XML1[0].NGAY_SINH={born}")
    assert ("BHYT-XML1-114" in rules.check(claim).codes) is missed


@pytest.mark.parametrize("blank", [" ", "\t\n", "\u00a0"])
def test_blanks_do_not_fill_a_required_field(clean, blank):
    claim = clean("outpatient 2026-03-16")
    blanks = claim.replace(xml1=claim.xml1.replace(ho_ten=blank))
    assert [f.path for f in rules.check(blanks).by_code("BHYT-FLD-01")] == ["XML1[0].HO_TEN"]
