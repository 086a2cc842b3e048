"""The outbox commands against a running sandbox, as a clerk or a service uses them."""

import base64
import csv
import datetime as dt
import json
import threading

import httpx
import pytest

from vnhealth.cli import run
from vnhealth.cli._outbox_metrics import metrics_server
from vnhealth.codecs import read
from vnhealth.findings import Finding, Findings, Severity
from vnhealth.localtime import ICT
from vnhealth.sandbox import Checked, Exchange, RecordVerdict, Settings
from vnhealth.sandbox.server import SystemClock, running
from vnhealth.signing import TestAuthority, sign

pytestmark = pytest.mark.e2e
TODAY = SystemClock().now().astimezone(ICT).date().isoformat()


def claim_file(number, cost=100000):
    row = (
        f"<TONG_HOP><MA_LK>CLI-{number}</MA_LK><STT>1</STT><MA_CSKCB>01001</MA_CSKCB>"
        f"<NGAY_RA>202608030730</NGAY_RA><T_TONGCHI_BV>{cost}</T_TONGCHI_BV></TONG_HOP>"
    )
    part = base64.b64encode(row.encode()).decode()
    return (
        "<GIAMDINHHS><THONGTINDONVI><MACSKCB>01001</MACSKCB></THONGTINDONVI><THONGTINHOSO>"
        "<SOLUONGHOSO>1</SOLUONGHOSO><DANHSACHHOSO><HOSO><FILEHOSO><LOAIHOSO>XML1</LOAIHOSO>"
        f"<NOIDUNGFILE>{part}</NOIDUNGFILE></FILEHOSO></HOSO></DANHSACHHOSO></THONGTINHOSO>"
        "<CHUKYDONVI/></GIAMDINHHS>"
    )


def refusing_high_costs(file):
    verdicts = []
    for claim in read(file.body).claims:
        bad = claim.xml1.t_tongchi_bv > 999999
        found = Findings([Finding("GW-DOC-05", Severity.ERROR)] if bad else [])
        verdicts.append(RecordVerdict(claim.ma_lk, found))
    return Checked(records=tuple(verdicts))


@pytest.fixture
def clerk(tmp_path, monkeypatch, capsys):
    """Runs a command in a folder with three files; gives exit status and what was printed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VNHEALTH_OUTBOX", str(tmp_path / "hop-thu.db"))
    for number in range(3):
        (tmp_path / f"{number}.xml").write_text(claim_file(number), "utf-8")

    def command(*words):
        status = run(["--quiet", "outbox", *words])
        return status, capsys.readouterr().out

    return command


@pytest.fixture
def accounts(tmp_path):
    """An accounts file of a running sandbox that judges at once."""
    exchange = Exchange.default(
        seed=7,
        clock=SystemClock(),
        checker=refusing_high_costs,
        settings=Settings(verdict_delay=dt.timedelta(), notices={"late": dt.timedelta()}),
    )
    with running(exchange) as base_url:
        found = {
            key: exchange.credentials("01001", key, base_url=base_url).to_dict()
            for key in ("vss", "province")
        }
        path = tmp_path / "tai-khoan.json"
        path.write_text(json.dumps(found), "utf-8")
        yield path


def test_from_files_to_a_balanced_day(clerk, accounts, tmp_path):
    files = [f"{number}.xml" for number in range(3)]
    assert clerk("add", *files, "--to", "vss", "--to", "province", "--format", "json") == (
        0,
        '{\n  "files": 3,\n  "new": 3\n}\n',
    )
    assert clerk("add", *files, "--to", "vss")[1].startswith("3 tệp, 0 mới")
    status, shown = clerk("run", "--accounts", str(accounts), "--for", "30", "--format", "json")
    assert status == 0
    assert json.loads(shown)["states"] == {"accepted": 6}
    assert json.loads(shown)["sent"] == 6
    status, shown = clerk(
        *("reconcile", TODAY, "--accounts", str(accounts), "--format", "json"),
        *("--html", "doi-soat.html", "--xlsx", "doi-soat.xlsx"),
    )
    book = json.loads(shown)
    assert status == 0
    assert book["balanced"]
    assert {line["gateway_received"] for line in book["lines"]} == {3}
    assert {line["total"] for line in book["lines"]} == {"300000"}
    assert "CLI-0" not in (tmp_path / "doi-soat.html").read_text("utf-8")
    assert (tmp_path / "doi-soat.xlsx").stat().st_size > 0


def test_a_refused_file_is_a_finding_until_it_is_corrected(clerk, accounts, tmp_path):
    (tmp_path / "0.xml").write_text(claim_file(0, cost=9999999), "utf-8")
    clerk("add", "0.xml", "--to", "vss")
    assert clerk("run", "--accounts", str(accounts), "--for", "30")[0] == 1
    assert clerk("status")[0] == 1
    (tmp_path / "0.xml").write_text(claim_file(0), "utf-8")
    assert clerk("add", "0.xml", "--to", "vss")[0] == 4
    assert clerk("add", "0.xml", "--to", "vss", "--reason", "sửa tổng chi")[0] == 0
    assert clerk("run", "--accounts", str(accounts), "--for", "30")[0] == 0


def test_without_a_line_files_wait(clerk, tmp_path):
    account = {"base_url": "http://127.0.0.1:9", "username": "01001_BV", "password": "x"}
    (tmp_path / "a.json").write_text(json.dumps({"vss": {**account, "facility": "01001"}}), "utf-8")
    clerk("add", "0.xml", "--to", "vss")
    status, shown = clerk("run", "--accounts", "a.json", "--once", "--format", "json")
    assert status == 4
    assert json.loads(shown)["states"] == {"ready": 1}
    assert 'state="ready"} 1' in clerk("metrics")[1]


def test_what_is_held_goes_again_with_a_reason(clerk, accounts, tmp_path):
    (tmp_path / "none.json").write_text("{}", "utf-8")
    clerk("add", "0.xml", "--to", "vss")
    assert clerk("run", "--accounts", "none.json", "--once")[0] == 1
    assert clerk("retry", "--held", "--reason", "đã có tài khoản")[1].startswith("1 lần gửi")
    assert clerk("run", "--accounts", str(accounts), "--for", "30")[0] == 0


def test_the_export_hides_keys_unless_asked(clerk, tmp_path):
    clerk("add", "0.xml", "--to", "vss")
    assert "CLI-0" not in clerk("export")[1]
    assert clerk("export", "lan-gui.csv", "--values")[0] == 0
    with (tmp_path / "lan-gui.csv").open(encoding="utf-8-sig", newline="") as stream:
        (row,) = csv.DictReader(stream)
    assert (row["key"], row["state"]) == ("CLI-0", "ready")
    (row,) = json.loads(clerk("export", "--format", "json")[1])
    assert row["receipts"] == []


def test_force_majeure_excuses_a_missed_deadline(clerk):
    clerk("add", "0.xml", "--to", "vss")
    shown = json.loads(clerk("status", "--format", "json")[1])
    assert {alarm["level"] for alarm in shown["alarms"]} == {"missed"}
    clerk(
        "excuse",
        "--since",
        "2026-08-01T00:00",
        "--until",
        "2027-08-01T00:00",
        "--reason",
        "bão số 9",
    )
    shown = json.loads(clerk("status", "--format", "json")[1])
    assert {alarm["level"] for alarm in shown["alarms"]} == {"excused"}


def test_a_file_of_another_kind_is_described_by_options(clerk, tmp_path):
    (tmp_path / "don.json").write_text("{}", "utf-8")
    assert clerk("add", "don.json", "--to", "donthuoc", "--kind", "prescription")[0] == 2
    described = ("--kind", "prescription", "--facility", "01001", "--key", "DT-1")
    ended = ("--ended", "2026-08-03T08:00")
    assert clerk("add", "don.json", "--to", "donthuoc", *described, *ended)[0] == 0
    (row,) = json.loads(clerk("export", "--format", "json", "--values")[1])
    assert (row["kind"], row["key"], row["flow"]) == ("prescription", "DT-1", "prescription")


def test_accepted_records_go_on_to_the_nation_once_their_day_is_over(clerk, accounts):
    clerk("add", "0.xml", "--to", "province")
    clerk("run", "--accounts", str(accounts), "--for", "30")
    forward = ("forward", "--first", TODAY, "--to", "national", "--format", "json")
    assert json.loads(clerk(*forward)[1]) == []
    assert clerk("forward", "--first", TODAY, "--to", "vss")[0] == 2


@pytest.mark.parametrize(
    "words",
    [
        ("add", "0.xml", "--to", "nowhere"),
        ("retry", "1", "--reason", " "),
        ("reconcile", "yesterday"),
        ("excuse", "--since", "x", "--until", "y", "--reason", "z"),
    ],
)
def test_wrong_use_is_said_without_a_traceback(clerk, words):
    assert clerk(*words)[0] in (2, 4)


def test_the_numbers_are_served_to_a_prometheus_on_this_machine(clerk):
    clerk("add", "0.xml", "--to", "vss")
    asked = []

    def numbers():
        asked.append(1)
        return clerk("metrics")[1]

    with metrics_server(numbers, 0) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        base = f"http://127.0.0.1:{server.server_port}"
        found = httpx.get(base + "/metrics")
        assert httpx.get(base + "/else").status_code == 404
        server.shutdown()
        thread.join()
    assert found.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert 'state="ready"} 1' in found.text
    assert len(asked) == 1


def test_a_paid_claim_goes_again_with_its_moment_of_payment(clerk, accounts, tmp_path):
    clerk("add", "0.xml", "--to", "vss")
    clerk("run", "--accounts", str(accounts), "--for", "30")
    paid = ("complete-payment", "CLI-0", "--facility", "01001", "--paid-at")
    assert clerk(*paid, "20260803")[0] == 2
    status, shown = clerk(*paid, "202608031500", "--format", "json")
    assert (status, json.loads(shown)) == (0, {"version": 2, "new": True, "deliveries": 1})
    assert clerk("run", "--accounts", str(accounts), "--for", "30")[0] == 0
    rows = json.loads(clerk("export", "--format", "json")[1])
    assert [(row["number"], row["state"]) for row in rows] == [(1, "replaced"), (2, "accepted")]


def test_a_signed_claim_is_signed_anew(clerk, tmp_path, monkeypatch):
    life = {"not_before": dt.datetime(2026, 1, 1), "not_after": dt.datetime(2030, 1, 1)}
    signer = TestAuthority(**life).issue("01001", **life)
    (tmp_path / "0.xml").write_bytes(sign(claim_file(0).encode(), signer))
    (tmp_path / "khoa.p12").write_bytes(signer.to_pkcs12(b"mat-khau"))
    monkeypatch.setenv("VNHEALTH_KEY_PASSWORD", "mat-khau")
    clerk("add", "0.xml", "--to", "vss")
    paid = ("complete-payment", "CLI-0", "--facility", "01001", "--paid-at", "202608031500")
    assert clerk(*paid)[0] == 4
    assert clerk(*paid, "--p12", "khoa.p12")[0] == 0


def test_notices_are_asked_for_kept_and_shown(clerk, accounts, tmp_path):
    clerk("add", "0.xml", "--to", "vss", "--to", "province")
    clerk("run", "--accounts", str(accounts), "--for", "30")
    asked = ("notices", "--accounts", str(accounts))
    status, shown = clerk(*asked)
    assert (status, shown.splitlines()[-1]) == (0, "1 thông báo, 1 mới.")
    assert "Hồ sơ gửi muộn" in shown
    assert "CLI-0" not in shown
    status, shown = clerk(*asked, "--since", TODAY, "--until", TODAY, "--format", "json")
    (row,) = json.loads(shown)
    assert (status, row["kind"], row["new"], row["answer_by"]) == (0, "late", False, "")
    assert clerk(*asked, "--values", "--since", "2026-08-01", "--until", "2026-08-02")[0] == 0
