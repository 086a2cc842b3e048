"""The file of a pack: written whole or not at all, found, verified, shared, repeated."""

from __future__ import annotations

import datetime as dt
import pickle
import sqlite3
import threading
from pathlib import Path

import pytest

from vnhealth import catalogs
from vnhealth.catalogs import Pack, _store
from vnhealth.errors import CatalogError

DAY = dt.date(2026, 8, 1)
LIST = {"S": [["MA", "TEN"], ["0701", "Một"], ["0702", "Hai"], ["0703", "Ba"]]}


@pytest.fixture
def pack(install):
    return install(LIST, "yhct", complete=True, imported=dt.date(2026, 9, 1))[1]


def test_default_path_follows_the_environment_then_the_system():
    assert catalogs.default_path({catalogs.ENV: "/x/y.db"}) == Path("/x/y.db")
    linux = catalogs.default_path({"HOME": "/home/a"}, "linux")
    assert linux == Path("/home/a/.local/share/vnhealth/catalogs.sqlite")
    assert catalogs.default_path({"XDG_DATA_HOME": "/d"}, "linux").parent == Path("/d/vnhealth")
    mac = catalogs.default_path({"HOME": "/Users/a"}, "darwin")
    assert mac.parent == Path("/Users/a/Library/Application Support/vnhealth")
    windows = catalogs.default_path({"LOCALAPPDATA": "C:/L", "HOME": "C:/U"}, "win32")
    assert windows.parts[-2:] == ("vnhealth", "catalogs.sqlite")


def test_the_pack_of_the_machine_is_found_once_it_is_there(book):
    assert catalogs.installed_pack() is None
    catalogs.import_file(book("a.xlsx", LIST), "yhct", complete=True)
    held = catalogs.installed_pack()
    assert held is not None
    assert held is catalogs.installed_pack()
    assert catalogs.resolve("yhct", "0701", on=DAY).name_vi == "Một"
    catalogs.import_file(book("b.xlsx", {"S": [["MA", "TEN"], ["01901", "x"]]}), "facility")
    assert catalogs.resolve("facility", "01901", on=DAY).found


def test_what_is_installed_is_told(pack):
    (one,) = pack.installed
    assert (one.name, one.layout, one.imported) == ("yhct", "yhct", "2026-09-01")
    assert (one.rows_read, one.rows_kept, one.rows_rejected) == (3, 3, 0)
    assert one.systems[0].complete == "yes"
    assert one.to_dict()["systems"]["yhct"]["entries"] == 3


def test_equal_rows_have_equal_hashes_whatever_their_order(install):
    turned = {"S": [LIST["S"][0], *reversed(LIST["S"][1:])]}
    _, pack = install(LIST, "yhct")
    install(turned, "yhct", name="yhct-2")
    _, pack = install({"S": LIST["S"][:3]}, "yhct", name="yhct-3")
    one, two, three = (held.content_sha256 for held in pack.installed)
    assert one == two != three


def test_days_and_completeness_can_be_told(install):
    _, pack = install(LIST, "yhct", valid_from=dt.date(2026, 1, 1), valid_to=dt.date(2026, 12, 31))
    assert not pack.resolve("yhct", "0701", on=dt.date(2027, 1, 1)).found
    report, _ = install(LIST, "yhct", valid_from=dt.date(2026, 1, 1), replace_existing=True)
    assert report.installed
    _, pack = install(LIST, "yhct", valid_from=dt.date(2026, 1, 1))
    assert pack.resolve("yhct", "0701", on=dt.date(2027, 1, 1)).found


def test_replaced_editions_leave_a_trace(install):
    install(LIST, "yhct", imported=dt.date(2026, 8, 1))
    changed = {"S": [*LIST["S"][:3], ["0704", "Bốn"]]}
    _, pack = install(changed, "yhct", replace_existing=True, imported=dt.date(2026, 9, 1))
    ((name, digest, entries, imported, replaced),) = pack._all("SELECT * FROM history")
    assert (name, entries, imported, replaced) == ("yhct", 3, "2026-08-01", "2026-09-01")
    assert digest != pack.installed[0].content_sha256
    assert not pack.rows("yhct", "0703")
    assert pack.verify().ok


def test_an_import_that_dies_half_way_leaves_the_old_edition(install, book, monkeypatch):
    _, pack = install(LIST, "yhct")

    def die(attrs):
        raise KeyboardInterrupt

    monkeypatch.setattr(_store, "_attrs", die)
    monkeypatch.setattr(_store, "content_hash", lambda content: "x")
    changed = {"S": [["MA", "TEN"], ["0709", "Chín"]]}
    with pytest.raises(KeyboardInterrupt):
        catalogs.import_file(book("c.xlsx", changed), "yhct", pack=pack.path, replace_existing=True)
    monkeypatch.undo()
    with Pack(pack.path) as again:
        assert [one.entries for one in again.sources("yhct")] == [3]
        assert again.verify().ok
        assert not again._all("SELECT * FROM history")


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        ("UPDATE entry SET name_vi = 'khác' WHERE key = '0701'", {"CAT-70"}),
        ("DELETE FROM entry WHERE key = '0701'", {"CAT-70", "CAT-71"}),
        ("UPDATE entry SET valid_to = '2026-01-01' WHERE key = '0701'", {"CAT-70"}),
        ("INSERT INTO link VALUES ('dagger', 'A001', 'G01', 1, '')", {"CAT-70"}),
        ("INSERT INTO rule VALUES ('icd10', 'A00', 1, 'x', 'NOT_AS_MAIN', 0, 1)", {"CAT-70"}),
    ],
)
def test_verify_sees_every_change(pack, change, codes):
    assert pack.verify() == pack.verify().by_code("none")
    connection = sqlite3.connect(pack.path)
    with connection:
        connection.execute(change)
    connection.close()
    with Pack(pack.path) as changed:
        assert changed.verify().codes == codes


def test_a_damaged_file_is_called_damaged(pack):
    data = bytearray(pack.path.read_bytes())
    pack.close()
    data[4096:] = bytes(len(data) - 4096)
    pack.path.write_bytes(data)
    with Pack(pack.path) as broken:
        assert broken.verify().codes == {"CAT-72"}
        with pytest.raises(CatalogError) as caught:
            broken.resolve("yhct", "0701", on=DAY)
    assert caught.value.code == "ERR-CAT-03"


@pytest.mark.parametrize("content", [b"", b"SQLite format 3\x00 not really", b"<xml/>"])
def test_what_is_no_pack_is_refused(tmp_path, content):
    path = tmp_path / "x.sqlite"
    path.write_bytes(content)
    with pytest.raises(CatalogError) as caught:
        Pack(path)
    assert caught.value.code == "ERR-CAT-03"
    assert "x.sqlite" in str(caught.value)


def test_a_missing_file_is_not_made_by_looking(tmp_path):
    with pytest.raises(CatalogError):
        Pack(tmp_path / "none.sqlite")
    assert not (tmp_path / "none.sqlite").exists()


def test_another_version_is_refused(pack):
    connection = sqlite3.connect(pack.path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(CatalogError) as caught:
        Pack(pack.path)
    assert "99" in str(caught.value)


def test_a_pack_goes_to_other_processes_and_threads(pack):
    copy = pickle.loads(pickle.dumps(pack))
    assert copy.resolve("yhct", "0701", on=DAY).name_vi == "Một"
    wrong: list[str] = []

    def ask():
        for number in range(200):
            code = f"07{number % 5:02d}"
            state = pack.state("yhct", code, DAY + dt.timedelta(days=number))
            if state != ("valid" if code in ("0701", "0702", "0703") else "unknown"):
                wrong.append(code)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_memory_of_answers_is_bounded(pack, monkeypatch):
    monkeypatch.setattr("vnhealth.catalogs._pack._REMEMBERED", 10)
    for number in range(50):
        pack.state("yhct", f"{number:04d}", DAY)
        pack.effects("icd10", f"A{number:02d}", DAY)
        pack.daggers(f"A{number:02d}")
    assert max(len(pack._states), len(pack._effects), len(pack._daggers)) <= 10
    assert pack.state("yhct", "0701", DAY) == "valid"


def test_reports_and_refusals_survive_a_process_border(book, tmp_path):
    with pytest.raises(catalogs.Refused) as caught:
        catalogs.import_file(book("a.xlsx", {"S": [["MA", "TEN"], [7, "x"]]}), "yhct")
    again = pickle.loads(pickle.dumps(caught.value))
    assert again.findings == caught.value.findings
    assert again.report.rejects == caught.value.report.rejects
    assert str(again) == str(caught.value)


def test_progress_reaches_its_end(book, tmp_path):
    rows = [["MA", "TEN"], *[[f"{n:05d}", "x"] for n in range(1200)]]
    seen: list[tuple[int, int]] = []
    catalogs.import_file(
        book("p.xlsx", {"S": rows}),
        "yhct",
        pack=tmp_path / "p.sqlite",
        progress=lambda done, total: seen.append((done, total)),
    )
    assert len(seen) > 2
    assert seen == sorted(seen)
    assert seen[-1][0] == seen[-1][1]


def test_diff_needs_two_editions_that_are_there(pack):
    with pytest.raises(CatalogError) as caught:
        catalogs.diff("yhct", "yhct-9", pack)
    assert caught.value.code == "ERR-CAT-09"
    with pytest.raises(CatalogError):
        catalogs.diff("none", "ma_loai_kcb_824", pack)
    assert catalogs.diff("yhct", "yhct", pack) == ()
