"""The main job, end to end over a real socket, as `make demo` runs it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from vnhealth import bhyt, signing
from vnhealth.cli import run


@pytest.mark.e2e
def test_a_hospital_day_balances_and_leaves_its_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["demo", "--out", str(tmp_path), "--encounters", "6"]) == 0
    shown = capsys.readouterr().out
    assert "BHYT-FLD-04 XML1[0].GIOI_TINH" in shown
    counts = json.loads((tmp_path / "doi-soat.json").read_text("utf-8"))
    assert {c["gateway"] for c in counts} == {"vss", "province", "national_deid"}
    assert len({c["facility"] for c in counts}) == 2
    assert all(c["balanced"] and c["pending"] == c["refused"] == 0 for c in counts)
    assert sum(c["sent"] for c in counts if (c["gateway"], c["kind"]) == ("vss", "claim")) == 12
    assert sum(c["replaced"] for c in counts if (c["gateway"], c["kind"]) == ("vss", "claim")) == 1
    files = sorted(tmp_path.glob("*/hoso-*.xml"))
    assert len(files) == 12
    people = []
    for path in files:
        document = bhyt.read(path)
        assert document.signature == "present"
        assert bhyt.check(document).ok
        people += [document.claims[0].xml1.ho_ten, document.claims[0].xml1.so_cccd]
    report = (tmp_path / "bao-cao.html").read_text("utf-8")
    left = report + "".join(p.read_text("utf-8") for p in (tmp_path / "khu-dinh-danh").iterdir())
    assert not [person for person in people if person and person in left]
    assert not re.search(r"(?:src|href)\s*=\s*[\"']https?:", report)


@pytest.mark.e2e
def test_the_files_of_the_demo_are_signed_by_its_authority(tmp_path: Path) -> None:
    import datetime as dt

    assert run(["--quiet", "demo", "--out", str(tmp_path), "--encounters", "2"]) == 0
    trust = signing.TrustStore([(tmp_path / "ca.pem").read_bytes()])
    at = dt.datetime(2026, 8, 3, 12, tzinfo=dt.UTC)
    for path in sorted(tmp_path.glob("*/*.xml")):
        if path.parent.name != "khu-dinh-danh":
            assert signing.verify(path.read_bytes(), trust=trust, at=at).is_valid
