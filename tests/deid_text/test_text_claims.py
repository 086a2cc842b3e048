"""The record of an encounter tells the scrubber what to look for."""

from __future__ import annotations

from vnhealth import synth
from vnhealth.deid.text import Known, Scrubber, scrub
from vnhealth.records import Claim
from vnhealth.records.bhyt130 import Xml1, Xml7, Xml9


def _claims() -> list[Claim]:
    return list(synth.Day(encounters=40, edition="3176", seed=11))


def test_every_table_feeds_the_scrubber() -> None:
    claim = Claim(
        xml1=Xml1(
            ma_lk="A1",
            ho_ten="Trần Thị Mẫu",
            dia_chi="Tổ 5, Xã Tân Phú, Tỉnh Đồng Nai",
            dien_thoai="0900000123",
            so_cccd="001099000123",
            ma_the_bhyt="GD4010012345678",
        ),
        xml7=[Xml7(ma_lk="A1", ten_bs="BS. Võ Thị Út", ho_ten_cha="Lê Văn Thử")],
        xml9=[Xml9(ma_lk="A1", ho_ten_con="Lê Thị Bông", nguoi_do_de="Hồ Thị Sen")],
    )
    known = Known.from_claim(claim)
    assert set(known.names) == {
        "Trần Thị Mẫu",
        "BS. Võ Thị Út",
        "Lê Văn Thử",
        "Lê Thị Bông",
        "Hồ Thị Sen",
    }
    note = (
        "mẫu và thử đưa bông tới, út ghi; trần thị mẫu, lê văn thử, lê thị bông, võ thị út, hồ thị sen, "
        "tan phu; gọi 900000123, thẻ 0012345678"
    )
    left = scrub(note, known).text
    assert left.count("[HO_TEN]") == 5
    assert "[SDT]" in left
    assert left.count("[SO]") == 1


def test_staff_of_a_roster_come_by_their_codes() -> None:
    claim = _claims()[0]
    code = next(
        part for text in Known.from_claim(claim).ids for part in text.split(";") if "/" in part
    )
    roster = {code: "Quàng Văn Pản", "999999/XX-CCHN": "Lò Thị Ín"}
    known = Known.from_claim(claim, roster=roster)
    assert "Quàng Văn Pản" in known.names
    assert "Lò Thị Ín" not in known.names


def test_texts_made_of_a_record_keep_nothing_of_it() -> None:
    for claim in _claims():
        known = Known.from_claim(claim)
        summary = claim.rows("XML1")[0]
        note = (
            f"BN {summary.ho_ten} trú {summary.dia_chi}, CCCD {summary.so_cccd}, "
            f"thẻ {summary.ma_the_bhyt}, ĐT {summary.dien_thoai}. {summary.ho_ten.upper()} khám lại."
        )
        left = Scrubber(known).scrub(note).text
        for value in (summary.ho_ten, summary.so_cccd, summary.ma_the_bhyt, summary.dien_thoai):
            for part in str(value or "").split(";"):
                assert not part or part.casefold() not in left.casefold()


def test_clinical_texts_of_a_day_lose_nothing() -> None:
    texts = [
        str(row[tag])
        for claim in _claims()
        for name, tags in (("XML4", ("MO_TA", "KET_LUAN")), ("XML5", ("DIEN_BIEN_LS", "HOI_CHAN")))
        for row in claim.rows(name)
        for tag in tags
        if row[tag]
    ]
    assert len(texts) > 20
    touched = [text for text in texts if scrub(text).spans]
    assert touched == []
