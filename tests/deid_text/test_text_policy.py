"""Free text through the engine: dropped by default, scrubbed where a policy asks for it."""

from __future__ import annotations

import pytest
from lxml import etree

from vnhealth import deid, synth
from vnhealth.deid import Deidentifier, Key, Policy
from vnhealth.errors import DeidError
from vnhealth.records import Claim
from vnhealth.records.bhyt130 import Xml1, Xml2, Xml5, Xml7

KEY = Key(bytes(range(32)))
NOTE = "Bà Mẫu & con <Thử> vào 05/11/2025, gọi 0900.000.123; BS Võ Thị Út khám: Parkinson"


def _engine(policy: Policy, **options: object) -> Deidentifier:
    return Deidentifier(
        KEY, recipient="tinh", purpose="nghien cuu", facility="01901", policy=policy, **options
    )  # type: ignore[arg-type]


def _claim(note: str = NOTE, **more: str) -> Claim:
    summary = Xml1(
        ma_lk="A1",
        ma_cskcb="01901",
        ho_ten="Trần Thị Mẫu",
        dien_thoai="0900000123",
        so_cccd="001099000123",
        ghi_chu=note,
        **more,
    )
    return Claim(
        xml1=summary,
        xml5=[Xml5(ma_lk="A1", stt=1, dien_bien_ls=note)],
        xml7=[Xml7(ma_lk="A1", ho_ten_cha="Lê Văn Thử")],
    )


def _text(policy: Policy, claim: Claim, tag: str = "GHI_CHU", **options: object) -> str | None:
    record = _engine(policy, **options).record(claim)
    assert record is not None
    return etree.fromstring(record).findtext(f".//{tag}")


def test_the_default_policy_sends_no_text() -> None:
    engine = _engine(Policy.load("linked"))
    record = engine.record(_claim())
    assert record is not None
    assert "GHI_CHU" not in record
    assert "Parkinson" not in record
    manifest = engine.manifest(batch="b", data_sha256="", data_bytes=0)
    assert manifest.free_text == "dropped"
    assert "scrubbed" not in manifest.to_dict()


def test_scrubbed_text_is_sent_where_the_policy_asks() -> None:
    policy = Policy.load("linked").with_text()
    assert _text(policy, _claim()) == (
        "Bà [HO_TEN] & con <[HO_TEN]> vào [NGAY], gọi [SDT]; BS [HO_TEN] khám: Parkinson"
    )
    assert _text(policy, _claim(), "DIEN_BIEN_LS") == _text(policy, _claim())


def test_the_manifest_counts_what_was_taken_out() -> None:
    engine = _engine(Policy.load("linked").with_text())
    engine.record(_claim())
    manifest = engine.manifest(batch="b", data_sha256="", data_bytes=0)
    assert manifest.free_text == "scrubbed"
    assert manifest.scrubbed == {"date": 1, "name": 3, "phone": 1}
    assert manifest.to_dict()["scrubbed"] == manifest.scrubbed
    assert "scrubbed" not in manifest.for_recipient()
    assert manifest.policy == "linked_text"
    assert manifest.policy_sha256 != Policy.load("linked").sha256


def test_stand_ins_move_dates_with_the_person() -> None:
    policy = Policy.load("linked").with_text("surrogates")
    claim = _claim(ngay_vao="202511050800")
    record = _engine(policy).record(claim)
    assert record is not None
    root = etree.fromstring(record)
    text = str(root.findtext(".//GHI_CHU"))
    moved = str(root.findtext(".//NGAY_VAO"))
    assert f"{moved[6:8]}/{moved[4:6]}/{moved[:4]}" in text
    assert "Mẫu" not in text
    assert "[HO_TEN]" not in text


@pytest.mark.parametrize(
    "note", ["XN HIV âm tính", "đang ARV", "theo dõi B20.1", "AIDS giai đoạn cuối", "tư vấn PrEP"]
)
def test_a_text_that_speaks_of_a_kept_back_topic_stays_at_home(note: str) -> None:
    policy = Policy.load("linked").with_text()
    engine = _engine(policy)
    record = engine.record(_claim(note))
    assert record is not None
    assert "GHI_CHU" not in record
    assert engine.manifest(batch="b", data_sha256="", data_bytes=0).count("DEID-05") == 2
    allowed = {"exceptions": {"hiv": "NĐ 1 - được giao quản lý"}}
    assert _text(policy, _claim(note), **allowed) == note


def test_too_long_a_text_is_refused() -> None:
    engine = _engine(Policy.load("linked").with_text())
    assert "GHI_CHU" in str(engine.record(_claim("sốt " * 100)))
    claim = Claim(xml1=replace_row(_claim(), "sốt " * 600))
    record = engine.record(claim)
    assert record is not None
    counted = engine.manifest(batch="b", data_sha256="", data_bytes=0).count("DEID-02")
    assert counted == (0 if "GHI_CHU" in record else 1)


def replace_row(claim: Claim, note: str) -> Xml1:
    row = claim.rows("XML1")[0]
    return Xml1(ma_lk=row.ma_lk, ma_cskcb=row.ma_cskcb, ho_ten=row.ho_ten, ghi_chu=note)


def test_control_characters_do_not_get_through() -> None:
    left = _text(Policy.load("linked").with_text(), _claim("sốt\x00 cao\x1f 3\u2028ngày"))
    assert left is not None
    assert left.isprintable()


def test_the_release_tier_has_no_place_for_text() -> None:
    with pytest.raises(DeidError):
        Policy.load("release").with_text()


def test_an_unknown_mode_is_refused() -> None:
    with pytest.raises(DeidError):
        Policy.load("linked").with_text("plain")


def test_a_roster_reaches_the_scrubber() -> None:
    policy = Policy.load("linked").with_text()
    code = "001234/HNO-CCHN"
    claim = Claim(
        xml1=Xml1(ma_lk="A1", ma_cskcb="01901", ghi_chu="ký nháy: sa my hang"),
        xml2=[Xml2(ma_lk="A1", stt=1, ma_bac_si=code)],
    )
    assert _text(policy, claim) == "ký nháy: sa my hang"
    assert _text(policy, claim, roster={code: "Sa Mỹ Hằng"}) == "ký nháy: [HO_TEN]"


def test_a_day_of_scrubbed_text_is_well_formed_and_names_nobody() -> None:
    claims = list(synth.Day(encounters=25, edition="3176", seed=5))
    done = deid.apply(
        claims,
        key=KEY,
        recipient="tinh",
        purpose="nghien cuu",
        facility="01901",
        policy=Policy.load("linked").with_text(),
    )
    root = etree.fromstring(done.data)
    assert root.findtext(".//DIEN_BIEN_LS")
    for claim in claims:
        name = claim.rows("XML1")[0].ho_ten
        assert name.encode() not in done.data
