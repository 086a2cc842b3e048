"""Forms 01 to 06/DM, and the rule that a change closes one row and opens another."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vnhealth import catalogs
from vnhealth.errors import CatalogError

DAY = dt.date(2026, 9, 1)
FORMS = {
    "form01": ("department", {"MA_KHOA": "K01", "TEN_KHOA": "Khoa mẫu", "BAN_KHAM": 5}),
    "form02": ("staff", {"MACCHN": "000001/BYT-GPHN", "HO_TEN": "NGƯỜI MẪU", "MA_KHOA": "K01;K02"}),
    "form03": ("drug", {"MA_THUOC": "40.1", "TEN_THUOC": "Thuốc mẫu", "DON_GIA": 1500.5}),
    "form04": ("supply", {"MA_VAT_TU": "N06.02.020.1", "TEN_VAT_TU": "Vật tư mẫu"}),
    "form05": ("service", {"MA_DICH_VU": "01.0001.1778", "TEN_DICH_VU": "Dịch vụ mẫu"}),
    "form06": ("machine", {"MA_MAY": "XN.1.01901.1.2.3", "TEN_TB": "Máy mẫu"}),
}


@pytest.mark.parametrize("form", sorted(FORMS))
def test_each_form_is_read(install, made, form):
    system, cells = FORMS[form]
    rows = [made.form_head(form), made.form_row(form, **cells)]
    report, pack = install({"DM": rows}, form)
    assert report.rows_kept == 1
    code = next(iter(cells.values()))
    found = pack.resolve(system, str(code), on=DAY)
    assert found.found
    assert found.valid_from == dt.date(2026, 1, 1)
    assert found.attrs["MA_CSKCB"] == "01901"
    assert pack.facilities(system) == {"01901"}


def test_headings_are_found_whatever_their_spelling(install, made):
    head = [tag.replace("DEN_NGAY", "DENNGAY").replace("MA_THUOC", "Mã thuốc")
            for tag in made.form_head("form03")]  # fmt: skip
    report, _ = install({"DM": [head, made.form_row("form03", MA_THUOC="40.1")]}, "form03")
    assert report.codes == {"drug": 1}


def test_what_is_of_people_is_neither_read_nor_kept(install, made):
    cells = {
        "MACCHN": "000001/BYT-GPHN",
        "HO_TEN": "NGƯỜI MẪU",
        "SO_DINH_DANH": 3190000001.0,
        "GIOI_TINH": 1,
        "NOICAP_CCHN": "Nơi mẫu",
    }
    rows = [made.form_head("form02"), made.form_row("form02", **cells)]
    report, pack = install({"DM": rows}, "form02")
    told = report.findings.by_code("CAT-58")[0].params["columns"]
    assert "HO_TEN" in told
    assert "SO_DINH_DANH" in told
    found = pack.resolve("staff", "000001/byt-gphn", on=DAY)
    assert found.name_vi == ""
    assert not found.attrs.keys() & {"HO_TEN", "SO_DINH_DANH", "GIOI_TINH", "NOICAP_CCHN"}
    assert "NGƯỜI MẪU" not in str(pack._all("SELECT * FROM entry"))


def test_a_facility_code_that_became_a_number_stops_the_import(install, made):
    rows = [made.form_head("form03"), made.form_row("form03", MA_THUOC="40.1", MA_CSKCB=1901)]
    with pytest.raises(catalogs.Refused) as caught:
        install({"DM": rows}, "form03")
    assert caught.value.findings.by_code("CAT-20")[0].params["column"] == "MA_CSKCB"


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        ({"TU_NGAY": ""}, "CAT-40"),
        ({"TU_NGAY": "20260231"}, "CAT-40"),
        ({"DEN_NGAY": "20251231"}, "CAT-41"),
        ({"DON_GIA": "1.000,5"}, "CAT-44"),
        ({"MA_CSKCB": "019010"}, "CAT-45"),
    ],
)
def test_rows_that_break_the_form_are_rejected(install, made, cells, code):
    good = made.form_row("form03", MA_THUOC="40.2")
    rows = [made.form_head("form03"), good, made.form_row("form03", MA_THUOC="40.1", **cells)]
    report, _ = install({"DM": rows}, "form03")
    assert [(one.row, one.finding) for one in report.rejects] == [(3, code)]


def test_values_outside_a_closed_set_are_told_and_kept(install, made):
    rows = [made.form_head("form03"), made.form_row("form03", MA_THUOC="40.1", LOAI_THUOC=99)]
    report, _ = install({"DM": rows}, "form03")
    assert report.findings.by_code("CAT-43")[0].params["column"] == "LOAI_THUOC"
    assert report.rows_kept == 1


def test_an_open_row_under_a_newer_one_is_told_and_the_newer_counts(install, made):
    lot = {
        "MA_THUOC": "40.1",
        "TEN_THUOC": "Mẫu",
        "SO_DANG_KY": "VD-00001-20",
        "TT_THAU": "Q;G1;N1;2026",
    }
    rows = [
        made.form_head("form03"),
        made.form_row("form03", **lot, DON_GIA=100, TU_NGAY="20260101"),
        made.form_row("form03", **lot, DON_GIA=120, TU_NGAY="20260801"),
    ]
    report, pack = install({"DM": rows}, "form03")
    assert report.findings.by_code("CAT-42")[0].params["rows"] == "3"
    prices = [
        pack.resolve("drug", "40.1", on=day).attrs["DON_GIA"]
        for day in (dt.date(2026, 7, 31), dt.date(2026, 8, 1))
    ]
    assert prices == ["100", "120"]


def test_a_drug_code_is_no_key_a_lot_is(install, made):
    rows = [
        made.form_head("form03"),
        *[
            made.form_row("form03", MA_THUOC="40.1", SO_DANG_KY=f"VD-0000{n}-20", DON_GIA=n)
            for n in (1, 2, 3)
        ],
    ]
    report, pack = install({"DM": rows}, "form03")
    assert report.entries == {"drug": 3}
    assert not report.findings.by_code("CAT-42")
    assert pack.resolve("drug", "40.1", on=DAY).alternatives == 2
    assert len(pack.entries("drug", "40.1", DAY)) == 3


def test_dates_may_be_cells_of_a_spreadsheet(install, made):
    row = made.form_row(
        "form05", MA_DICH_VU="01.0001.1778", TU_NGAY=20260115, DEN_NGAY="31/12/2026"
    )
    _, pack = install({"DM": [made.form_head("form05"), row]}, "form05")
    found = pack.resolve("service", "01.0001.1778", on=DAY)
    assert (found.valid_from, found.valid_to) == (dt.date(2026, 1, 15), dt.date(2026, 12, 31))


def test_next_month_replaces_or_is_refused(install, made):
    def sheets(price: int):
        row = made.form_row("form05", MA_DICH_VU="01.0001.1778", DON_GIA=price)
        return {"DM": [made.form_head("form05"), row]}

    install(sheets(100), "form05")
    again, _ = install(sheets(100), "form05")
    assert (again.installed, again.unchanged) == (False, True)
    with pytest.raises(catalogs.Refused) as caught:
        install(sheets(120), "form05")
    assert caught.value.findings.by_code("CAT-26")
    report, pack = install(sheets(120), "form05", replace_existing=True)
    assert report.installed
    assert pack.resolve("service", "01.0001.1778", on=DAY).attrs["DON_GIA"] == "120"
    _, pack = install(sheets(130), "form05", name="form05-thang-9")
    assert {c.kind for c in catalogs.diff("form05", "form05-thang-9", pack)} == {"changed"}


def test_of_two_files_of_a_form_the_later_counts_for_its_facilities(install, made):
    def sheets(*services: str, at: str = "01901", end: str = ""):
        rows = [
            made.form_row("form05", MA_DICH_VU=code, MA_CSKCB=at, DEN_NGAY=end) for code in services
        ]
        return {"DM": [made.form_head("form05"), *rows]}

    install(sheets("01.0001.1778", "01.0002.1778"), "form05", name="thang-8")
    install(sheets("01.0003.1778", at="79048"), "form05", name="khac")
    _, pack = install(sheets("01.0001.1778", end="20260831"), "form05", name="thang-9")
    states = [pack.resolve("service", f"01.000{n}.1778", on=DAY).state.value for n in (1, 2, 3)]
    assert states == ["ended", "unknown", "valid"]
    assert pack.facilities("service") == {"01901", "79048"}
    # bounded by days that do not meet, both count, each on its own
    _, pack = install(
        sheets("01.0001.1778", "01.0002.1778"),
        "form05",
        name="thang-8",
        valid_to=dt.date(2026, 8, 31),
        replace_existing=True,
    )
    _, pack = install(
        sheets("01.0001.1778"), "form05", name="thang-9", valid_from=DAY, replace_existing=True
    )
    august = dt.date(2026, 8, 31)
    assert pack.resolve("service", "01.0002.1778", on=august).found
    assert not pack.resolve("service", "01.0002.1778", on=DAY).found


# -- close the old row, open a new one ------------------------------------------------------------

KHOA = st.sampled_from(["K01", "K02", "K03"])
LISTS = st.dictionaries(KHOA, st.integers(1, 5).map(str), max_size=3)


def _rows(beds):
    return [{"MA_CSKCB": "01901", "MA_KHOA": k, "BAN_KHAM": n} for k, n in beds.items()]


def _on(rows, day):
    """What the list says on a day."""
    found = {}
    for khoa in ("K01", "K02", "K03"):
        row = catalogs.row_on([r for r in rows if r["MA_KHOA"] == khoa], day)
        if row is not None:
            found[khoa] = row["BAN_KHAM"]
    return found


@given(st.lists(LISTS, min_size=1, max_size=6))
def test_after_each_change_every_day_reads_as_it_was_meant(steps):
    rows, days = [], []
    for number, wanted in enumerate(steps):
        day = dt.date(2026, 1, 1) + dt.timedelta(days=30 * number)
        revised = catalogs.revise(rows, _rows(wanted), form="form01", from_day=day)
        rows = [dict(one.row) for one in revised]
        days.append((day, wanted))
    for number, (day, wanted) in enumerate(days):
        last = days[number + 1][0] if number + 1 < len(days) else day + dt.timedelta(days=99)
        assert _on(rows, day) == wanted
        assert _on(rows, last - dt.timedelta(days=1)) == wanted
    for khoa in ("K01", "K02", "K03"):
        spans = sorted(
            (r["TU_NGAY"], r.get("DEN_NGAY") or "9999") for r in rows if r["MA_KHOA"] == khoa
        )
        assert all(end < start for (_, end), (start, _) in pairwise(spans))


@given(LISTS)
def test_a_list_that_stays_is_kept_row_for_row(beds):
    day = dt.date(2026, 1, 1)
    rows = [r.row for r in catalogs.revise([], _rows(beds), form="form01", from_day=day)]
    again = catalogs.revise(rows, _rows(beds), form="form01", from_day=dt.date(2026, 5, 1))
    assert {one.action for one in again} <= {"keep"}
    assert [one.row for one in again] == rows


def test_a_row_cannot_be_closed_before_it_starts():
    day = dt.date(2026, 1, 1)
    rows = [r.row for r in catalogs.revise([], _rows({"K01": "5"}), form="form01", from_day=day)]
    with pytest.raises(CatalogError) as caught:
        catalogs.revise(rows, _rows({"K01": "6"}), form="form01", from_day=day)
    assert caught.value.code == "ERR-CAT-08"


def test_revised_rows_go_through_the_reader(install, made):
    first = catalogs.revise([], _rows({"K01": "5"}), form="form01", from_day=dt.date(2026, 1, 1))
    next_ = catalogs.revise(
        [one.row for one in first], _rows({"K01": "6"}), form="form01", from_day=DAY
    )
    rows = [made.form_row("form01", **one.row) for one in next_]
    report, pack = install({"DM": [made.form_head("form01"), *rows]}, "form01")
    assert not report.findings.by_code("CAT-42")
    assert pack.resolve("department", "K01", on=DAY).attrs["BAN_KHAM"] == "6"
    before = DAY - dt.timedelta(days=1)
    assert pack.resolve("department", "K01", on=before).attrs["BAN_KHAM"] == "5"
    assert [one.action for one in next_] == ["close", "open"]
