"""The commands: files, manifests, labels, exit codes, and nothing written when refused."""

from __future__ import annotations

import json
import re

import pytest

from vnhealth import deid
from vnhealth.cli import run
from vnhealth.protocol.deid_inspect import inspect


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("deid-cli")
    args = ["synth", "--encounters", "250", "--edition", "3176", "--seed", "7", str(place / "hoso")]
    assert run(["--quiet", *args]) == 0
    assert run(["--quiet", "deid", "key", str(place / "k")]) == 0
    return place


def xml(folder, out: str, *more: str) -> int:
    base = ["--quiet", "deid", "xml", "--key-file", str(folder / "k")]
    return run([*base, *more, str(folder / "hoso"), str(folder / out)])


def test_the_linked_tier_writes_what_a_store_takes(folder) -> None:
    manifest, short = folder / "m.json", folder / "short.json"
    more = ["--tier", "linked", "--policy", "linked", "--manifest", str(manifest)]
    assert xml(folder, "linked.xml", *more, "--recipient-manifest", str(short)) == 0
    data = (folder / "linked.xml").read_bytes()
    found = inspect(data)
    assert found.ok
    content = json.loads(manifest.read_text("utf-8"))
    assert content["label"] == "pseudonymised"
    assert content["encounters"]["written"] == len(found.records)
    names = [line["name"] for line in content["risk"]["sets"]]
    assert {"age-sex", "two-visits-gap"} <= set(names)
    assert "dropped" not in json.loads(short.read_text("utf-8"))
    key = (folder / "k").read_text()
    assert key.strip()[2:20] not in manifest.read_text("utf-8")


def test_the_release_tier_keeps_its_thresholds_and_a_report(folder, capsys) -> None:
    manifest, page = folder / "r.json", folder / "r.html"
    more = ["--tier", "release", "--manifest", str(manifest), "--html", str(page)]
    assert xml(folder, "release.xml", *more) == 0
    risk = json.loads(manifest.read_text("utf-8"))["risk"]
    assert risk["released"]["k"] >= 11
    assert risk["released"]["maximum"] <= 0.09
    assert risk["released"]["unique"] == 0
    assert risk["suppressed"] <= 0.05
    html = page.read_text("utf-8")
    assert "khử nhận dạng" in html
    assert html.count("<svg") >= 2
    assert "http" not in html
    assert "<script" not in html
    assert run(["--quiet", "risk", str(folder / "release.xml"), "--format", "json"]) == 0
    table = json.loads(capsys.readouterr().out)
    assert table["sets"][0]["k"] == risk["released"]["k"]
    assert table["ok"] is True


def test_risk_tells_a_release_file_that_was_tampered_with(folder, capsys) -> None:
    xml(folder, "bad.xml", "--tier", "release")
    path = folder / "bad.xml"
    text = path.read_text("utf-8")
    path.write_text(re.sub("<KY>[^<]*<", "<KY>1999-01<", text, count=1), "utf-8")
    assert run(["risk", str(path)]) == 1
    assert "biết gì" in capsys.readouterr().out
    xml(folder, "own.xml", "--tier", "linked")
    capsys.readouterr()
    assert run(["--lang", "en", "risk", str(folder / "own.xml")]) == 0
    assert "still personal data" in capsys.readouterr().out
    some = next((folder / "hoso").iterdir())
    assert run(["risk", str(some)]) == 2


def test_too_few_encounters_write_nothing(folder, capsys) -> None:
    one = next((folder / "hoso").iterdir())
    out, manifest = folder / "never.xml", folder / "never.json"
    args = ["--tier", "release", "--key-file", str(folder / "k"), "--manifest", str(manifest)]
    assert run(["deid", "xml", *args, str(one), str(out)]) == 2
    assert "ERR-DEID-10" in capsys.readouterr().err
    assert not out.exists()
    assert not manifest.exists()
    assert not [p for p in folder.iterdir() if p.name.startswith(".deid-")]


@pytest.mark.parametrize(
    "wrong",
    [
        ["--tier", "release", "--policy", "linked"],
        ["--tier", "open"],
        ["--policy", "none"],
        ["--exception", "hiv"],
        ["--tier", "release", "--k", "3"],
    ],
)
def test_wrong_wishes_are_refused(folder, wrong) -> None:
    assert xml(folder, "wrong.xml", *wrong) == 2
    assert not (folder / "wrong.xml").exists()


def test_without_a_key_nothing_happens(folder, monkeypatch) -> None:
    monkeypatch.delenv("VNHEALTH_DEID_KEY", raising=False)
    args = [str(folder / "hoso"), str(folder / "no.xml")]
    assert run(["--quiet", "deid", "xml", *args]) == 2
    assert run(["--quiet", "deid", "xml", "--key-file", str(folder / "none"), *args]) == 2
    monkeypatch.setenv("VNHEALTH_DEID_KEY", (folder / "k").read_text())
    assert run(["--quiet", "deid", "xml", *args]) == 0
    assert (folder / "no.xml").exists()
    missing = ["--key-file", str(folder / "k"), str(folder / "gone.xml"), str(folder / "x.xml")]
    assert run(["--quiet", "deid", "xml", *missing]) == 3


def test_a_signed_manifest_can_be_checked(folder, monkeypatch) -> None:
    import datetime as dt

    from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12
    from cryptography.x509 import load_der_x509_certificate

    from vnhealth.signing import TestAuthority as Authority

    start = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    days = dt.timedelta(days=900)
    signer = Authority(not_before=start, not_after=start + days).issue(
        "01901", not_before=start, not_after=start + days
    )
    packed = pkcs12.serialize_key_and_certificates(
        b"x",
        signer._key,
        load_der_x509_certificate(signer.certificate),
        None,
        BestAvailableEncryption(b"mat-khau"),
    )
    (folder / "s.p12").write_bytes(packed)
    monkeypatch.setenv("VNHEALTH_KEY_PASSWORD", "mat-khau")
    manifest = folder / "signed.json"
    more = ["--sign", str(folder / "s.p12"), "--manifest", str(manifest)]
    assert xml(folder, "signed.xml", *more) == 0
    content = json.loads(manifest.read_text("utf-8"))
    assert deid.seal_holds(content, (folder / "signed.xml").read_bytes())
    content["encounters"]["read"] += 1
    assert not deid.seal_holds(content)


def test_policies_are_exported_checked_and_used(folder, capsys) -> None:
    mine = folder / "tinh.csv"
    assert run(["deid", "policy", "export", str(mine)]) == 0
    text = mine.read_text("utf-8").replace(
        "130,XML1,NHOM_MAU,clinical,generalise,by=blood form=blood",
        "130,XML1,NHOM_MAU,clinical,drop,",
    )
    mine.write_text(text, "utf-8")
    capsys.readouterr()
    assert run(["--lang", "en", "deid", "policy", "check", str(mine)]) == 0
    assert "tier linked" in capsys.readouterr().out
    manifest = folder / "tinh.json"
    assert xml(folder, "tinh.xml", "--policy", str(mine), "--manifest", str(manifest)) == 0
    assert json.loads(manifest.read_text("utf-8"))["policy"]["name"] == "tinh"
    mine.write_text(text[: len(text) // 2], "utf-8")
    assert run(["deid", "policy", "check", str(mine)]) == 2
    assert run(["--quiet", "deid", "policy", "export", "--tier", "release", str(mine)]) == 0
    assert deid.Policy.from_file(mine).tier == "release"


def test_a_rotated_key_and_its_crosswalk(folder) -> None:
    new, table = folder / "k2", folder / "cw.csv"
    assert run(["--quiet", "deid", "key", "--rotate", str(folder / "k"), str(new)]) == 0
    assert deid.Key.from_file(new).version == "B"
    args = [str(folder / "hoso"), str(table), "--old", str(folder / "k"), "--new", str(new)]
    assert run(["--quiet", "deid", "crosswalk", *args]) == 0
    rows = table.read_text().splitlines()
    assert rows[0] == "tag,old,new"
    assert all(re.fullmatch("[A-Z_]+,A[A-Z2-7]{26},B[A-Z2-7]{26}", row) for row in rows[1:])
    assert table.stat().st_mode & 0o077 == 0
    assert run(["--quiet", "deid", "key", str(new)]) == 2


def test_scan_finds_in_files_and_names(folder, capsys) -> None:
    known = folder / "known.json"
    known.write_text(json.dumps({"name": ["Trần Thị Ngọc Yến"], "id": ["001199888777"]}), "utf-8")
    clean, dirty = folder / "clean.txt", folder / "001199888777.txt"
    clean.write_text("không có gì", "utf-8")
    dirty.write_text("tran thi ngoc yen", "utf-8")
    scan = ["deid", "scan", "--known", str(known), "--format", "json"]
    assert run([*scan, str(clean)]) == 0
    capsys.readouterr()
    assert run([*scan, str(clean), str(dirty)]) == 1
    assert json.loads(capsys.readouterr().out)["kinds"] == {"id": 1, "name": 1}
    assert run(["deid", "scan", str(clean)]) == 2


def test_canaries_survive_nowhere_and_are_found_before(capsys) -> None:
    from vnhealth.cli._deid_canaries import canaries, plant
    from vnhealth.spec import Edition

    values = list(canaries(500, 7))
    known: dict[str, list[str]] = {}
    for kind, value in values:
        known.setdefault(kind, []).append(value)
    assert (
        sum(deid.scan(plant(Edition.QD3176, [v for _, v in values]), known).found.values()) == 500
    )
    assert len(set(canaries(10_000, 7))) == 10_000
    assert run(["deid", "scan", "--self-test", "2000", "--seed", "3", "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["planted"], found["found"]) == (2000, 0)
    assert found["places"] >= 590


def test_the_intruder_fails_on_the_release_tier_and_not_on_the_linked_one(capsys) -> None:
    args = ["--persons", "150", "--encounters", "1500", "--seed", "5", "--format", "json"]
    assert run(["--quiet", "deid", "intruder", *args]) == 0
    found = json.loads(capsys.readouterr().out)
    release, linked = found["reports"]
    assert release["share"] <= 0.01
    assert release["expected"] <= 0.01
    assert linked["expected"] > 0.3
    assert found["risk"]["released"]["k"] >= 12
    assert found["ok"] is True


def test_anchor_dates_give_nothing_away_unless_the_policy_leaks(capsys) -> None:
    args = ["--encounters", "500", "--seed", "5"]
    assert run(["--quiet", "deid", "anchors", *args, "--format", "json"]) == 0
    plain, leaky, period = json.loads(capsys.readouterr().out)["reports"]
    limit = 1 / 52 + 0.01
    assert plain["expected"] <= limit
    assert plain["share"] <= limit
    assert leaky["expected"] > 5 * limit
    assert period["expected"] > limit
    assert run(["--quiet", "deid", "anchors", *args]) == 0
    assert "đạt" in capsys.readouterr().out


@pytest.mark.slow
def test_the_figures_of_the_kit_at_full_size(capsys) -> None:
    """D7, D8 and D10: 1,000 known people, 4,000 encounters with anchors, 10,000 canaries."""
    intruder = ["--persons", "1000", "--encounters", "8000", "--format", "json"]
    assert run(["--quiet", "deid", "intruder", *intruder]) == 0
    assert json.loads(capsys.readouterr().out)["reports"][0]["share"] <= 0.01
    assert run(["--quiet", "deid", "anchors", "--encounters", "4000", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["reports"][0]["share"] <= 1 / 52 + 0.01
    assert run(["deid", "scan", "--self-test", "10000", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["found"] == 0


@pytest.mark.slow
def test_a_million_tokens_are_all_different() -> None:
    """130 bits: for 10^8 persons the chance of one collision is below 10^-23."""
    tokens = deid.Tokens(deid.Key.from_bytes(bytes(range(32))), "r", "p")
    assert len({tokens.token("person.cccd", f"{n:012}") for n in range(1_000_000)}) == 1_000_000
