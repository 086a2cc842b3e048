"""HIV stays at home: codes, tables, columns, tests, and the gap that would tell as much."""

from __future__ import annotations

import pytest

from vnhealth import deid
from vnhealth.deid import Policy
from vnhealth.errors import DeidError
from vnhealth.protocol.deid_inspect import inspect

MARKS = [
    {"xml1": {"ma_benh_chinh": "B20"}},
    {"xml1": {"ma_benh_chinh": "b20.1"}},
    {"xml1": {"ma_benh_chinh": "B24 (HIV)"}},
    {"xml1": {"ma_benh_kt": "I10;Z21"}},
    {"xml1": {"ma_benh_kt": "I10, Z21"}},
    {"xml1": {"ma_benh_kt": "O987"}},
    {"xml1": {"ma_benh_yhct": "U62.392;B24"}},
    {"xml1": {"ma_doituong_kcb": "1.9"}},
    {"xml3": [{"ma_benh": "R75"}]},
    {"xml6": {"gioi_tinh": "1"}},
    {"xml6": {"ngaykd_hiv": "20200101"}},
    {"xml13": {"ma_benh_chinh": "B23"}},
    {"xml14": {"ma_benh_kt": "Z11.4"}},
    {"xml15": [{"phanloai_lao_hiv": "1"}]},
    {"xml15": [{"ngaykd_hiv": "20200101"}]},
    {"xml15": [{"bddt_arv": "20200101"}]},
    {"xml15": [{"ngay_bat_dau_dt_ctx": "20200101"}]},
]


@pytest.mark.parametrize("mark", MARKS, ids="-".join)
def test_one_mark_keeps_the_whole_encounter_at_home(kit, mark) -> None:
    others = [kit.claim(xml1={"ma_lk": f"x{n}", "ma_benh_chinh": "J18.9"}) for n in range(3)]
    result = kit.apply([*others, kit.claim(**mark)])
    assert result.data == kit.apply(others).data
    assert result.manifest.encounters.withheld == 1
    assert result.manifest.count("DEID-08") == 1
    assert result.manifest.count("DEID-05") >= 1


@pytest.mark.parametrize("mark", [{"ma_benh": "B20"}, {"ma_benhkhac": "I10;B24"}])
def test_the_same_in_the_family_4210(kit, mark) -> None:
    assert kit.apply(kit.claim("4210", xml1=mark)).manifest.encounters.withheld == 1


def test_the_reason_of_a_drug_order_counts_although_it_is_not_sent(kit) -> None:
    assert kit.apply(kit.claim("4210", xml2=[{"ma_benh": "B20"}])).records == 0


@pytest.mark.parametrize(
    "harmless",
    [
        {"xml1": {"ma_benh_chinh": "B25.1"}},
        {"xml1": {"ma_benh_chinh": "Z11.1"}},
        {"xml1": {"ma_doituong_kcb": "1.1"}},
        {"xml15": [{"phanloai_lao_hiv": "2"}]},
        {"xml15": [{"phanloai_lao_hiv": "3"}]},
    ],
)
def test_neighbours_are_not_withheld(kit, harmless) -> None:
    assert kit.apply(kit.claim(**harmless)).records == 1


def test_a_negative_status_is_dropped_all_the_same(kit) -> None:
    data = kit.apply(kit.claim(xml15=[{"phanloai_lao_hiv": "2", "phanloai_lao_vk": "1"}])).data
    assert b"<XML15><STT>1</STT><PHANLOAI_LAO_VK>1</PHANLOAI_LAO_VK></XML15>" in data


def test_rows_of_hiv_tests_go_and_the_numbers_close_up(kit) -> None:
    rows = [{"ma_dich_vu": c} for c in ("22.0121.1369", "24.0169.1616", "23.0058.1487")]
    results = [{**row, "gia_tri": "12.5"} for row in rows]
    result = kit.apply(kit.claim(xml3=rows, xml4=results))
    assert b"24.0169" not in result.data
    assert result.data.count(b"<STT>2</STT>") == 2
    assert b"<STT>3</STT>" not in result.data
    assert result.manifest.count("DEID-09") == 2
    assert result.manifest.rows["XML4"] == (3, 2)


def test_a_recipient_with_a_named_basis_may_have_the_codes(kit) -> None:
    claim = kit.claim(xml1={"ma_benh_chinh": "B20"}, xml6={"gioi_tinh": "1"})
    result = kit.apply(claim, exceptions={"hiv": "Công văn 12/BYT"})
    assert b"<MA_BENH_CHINH>B20</MA_BENH_CHINH>" in result.data
    assert b"XML6" not in result.data
    assert result.manifest.exceptions == {"hiv": "Công văn 12/BYT"}
    assert "GW-DEID-08" in inspect(result.data).findings.codes


@pytest.mark.parametrize("exceptions", [{"hiv": ""}, {"hiv": " "}, {"lao": "x"}])
def test_an_exception_needs_a_known_topic_and_a_basis(kit, exceptions) -> None:
    with pytest.raises(DeidError):
        kit.apply(kit.claim(), exceptions=exceptions)


def test_a_policy_may_hold_back_values_only(kit) -> None:
    from importlib.resources import files

    source = (files("vnhealth.deid") / "data" / "policy_linked.csv").read_text("utf-8")
    changed = source.replace("(encounter),sensitive,withhold,of=hiv", "(encounter),sensitive,keep,")
    policy = Policy.from_bytes(changed.encode())
    claim = kit.claim(xml1={"ma_benh_chinh": "B20", "ma_benh_kt": "I10"}, xml6={"gioi_tinh": "1"})
    result = kit.apply(claim, policy=policy)
    assert result.records == 1
    assert b"MA_BENH_CHINH" not in result.data
    assert b"<MA_BENH_KT>I10</MA_BENH_KT>" in result.data
    assert b"XML6" not in result.data
    assert inspect(result.data).ok
    assert isinstance(result, deid.Result)
