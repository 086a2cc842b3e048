"""The importers on the official files, where these lie beside the checkout (else counted skips)."""

from __future__ import annotations

import datetime as dt

import pytest

from vnhealth import catalogs
from vnhealth.catalogs import Pack
from vnhealth.catalogs._data import shared

JUNE = dt.date(2026, 6, 30)


@pytest.fixture(scope="module")
def real(data, tmp_path_factory):
    pytest.importorskip("python_calamine", reason="reading workbooks needs the extra [excel]")
    target = tmp_path_factory.mktemp("real") / "real.sqlite"
    reports = {
        layout: catalogs.import_file(data / name, layout, pack=target)
        for layout, name in (
            ("icd10-2020", "icd10_qd4469_2020_appendix.xlsx"),
            ("icd9-2020", "icd9cm_qd4440_2020_appendix3.xlsx"),
            ("admin-2024", "admin_units_2024-06-11.xlsx"),
        )
    }
    return reports, Pack(target)


def test_icd10_of_4469(real):
    reports, pack = real
    report = reports["icd10-2020"]
    main = report.sheets[0]
    assert (main.read, main.kept, main.merged, main.rejected) == (12219, 12137, 82, 0)
    assert report.codes == {"icd10": 12137}
    assert (report.rules, report.links) == (4040, 2287)
    assert report.findings.by_code("CAT-54")[0].params["count"] == "81"
    assert not report.findings.by_code("CAT-51")
    absent = {f.params["list"]: int(f.params["count"]) for f in report.findings.by_code("CAT-53")}
    assert absent == {
        "A1": 70, "A2": 410, "A3.4": 20, "A3.5": 161, "A3.6": 80, "A3.8": 14, "A3.9": 180,
        "A3.10": 30, "A4.1": 76, "A4.2": 10,
    }  # fmt: skip
    leaves = [row for (row,) in pack._all("SELECT attrs FROM entry WHERE system = 'icd10'")]
    assert sum('"leaf": "yes"' in row for row in leaves) == 10489


def test_icd10_of_4469_says_what_the_package_says_without_it(real):
    _, pack = real
    bare = Pack(None)
    codes = [
        row["category"] + ("" if detail == "-" else detail)
        for row in shared("icd10_4469")
        for detail in row["details"].split()
    ]
    held = {key for (key,) in pack._all("SELECT key FROM entry WHERE system = 'icd10'")}
    assert held == set(codes)
    for code in codes[::7]:
        with_, without = pack.effects("icd10", code, JUNE), bare.effects("icd10", code, JUNE)
        key = lambda e: (e.effect, e.list, e.min_days, e.max_days)  # noqa: E731
        assert sorted(map(key, with_)) == sorted(map(key, without))


def test_asterisk_codes_of_the_pairs_are_never_main(real):
    _, pack = real
    stars = {right for _, right in pack._all(
        "SELECT left_key, right_key FROM link WHERE kind = 'dagger'")}  # fmt: skip
    assert len(stars) == 503
    for code in stars:
        assert "NOT_AS_MAIN" in {e.effect for e in pack.effects("icd10", code, JUNE)}


def test_icd9_of_4440(real):
    reports, pack = real
    report = reports["icd9-2020"]
    (sheet,) = report.sheets
    assert (sheet.read, sheet.skipped, sheet.rejected) == (9209, 1174, 0)
    assert sheet.kept + sheet.merged == 8035
    assert report.codes == {"icd9": 1260}
    assert pack.resolve("icd9", "88.73", on=JUNE).found
    assert pack.state("icd9", "88.7", JUNE) == "unknown"


def test_units_of_june_2024(real):
    reports, pack = real
    report = reports["admin-2024"]
    assert (report.rows_read, report.rows_rejected) == (10600, 0)
    assert report.codes == {"province": 63, "district": 705, "commune": 10595}
    assert pack.resolve("commune", "00001", on=dt.date(2024, 6, 11)).parent == "001"
    assert pack.verify().ok


def test_a_workbook_of_another_kind_is_refused(data, tmp_path):
    for name in ("qd4750_appendix.xlsx", "vss_validation_qd4750.xlsx"):
        for layout in ("icd10-2020", "icd10-2026", "icd9-2020", "admin-2024"):
            with pytest.raises(catalogs.Refused) as caught:
                catalogs.import_file(data / name, layout, pack=tmp_path / "x.sqlite")
            assert caught.value.findings.by_code("CAT-23")
    assert not (tmp_path / "x.sqlite").exists()
