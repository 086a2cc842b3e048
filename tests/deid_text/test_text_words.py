"""What must go without a record, what must stay, and the lists behind it."""

from __future__ import annotations

import csv
import unicodedata
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vnhealth.deid.text import scrub
from vnhealth.deid.text._evaluation_notes import labelled, notes
from vnhealth.deid.text._page import HIDDEN, Page
from vnhealth.deid.text._prepare import prepare

DATA = files("vnhealth.deid.text") / "data"
STAYS = (
    "Tiền sử Basedow, bệnh Parkinson, hội chứng Cushing; nghiệm pháp Romberg (+), Babinski (-)",
    "Bệnh Hodgkin, u Wilms, tam chứng Fallot, Alzheimer, bệnh Crohn, dấu Murphy, Down, Still",
    "Glasgow 15 điểm, Apgar 8/9, NYHA III, Child-Pugh B, Killip I, Forrest IIb, ASA 2",
    "Hoạt Huyết Dưỡng Não, Kim Tiền Thảo, Bổ Phế Nam Hà, An Cung Ngưu Hoàng, Cao Ích Mẫu",
    "Đỗ trọng 12g, Đương quy 10g, Bạch thược 12g, Hà thủ ô 8g, Hoàng kỳ 20g, Kim ngân hoa 10g",
    "Hồng cầu 4,5 T/L, Bạch cầu 12 G/L, Hoàng đản (-), Phúc mạc không phản ứng, Thanh quản bình thường",
    "HA 120/80 mmHg, M 80 l/p, SpO2 98%, T 37,5, CN 52 kg, VAS 5/10, thị lực 8/10, cơ lực 4/5",
    "Uống 1/2 viên x 2 lần/ngày, ngày thứ 5, tiêm 2-3 lần, 5 tháng 11 ngày tuổi, thổi tâm thu 3/6",
    "Chuyển Bệnh viện Nguyễn Tri Phương, tái khám BV Phạm Ngọc Thạch, phòng khám Hồng Ngọc",
    "BN tỉnh, tiếp xúc tốt; NB Tỉnh; BN Vào viện lúc 8h; BS Khám lại; ĐD Chăm sóc cấp 2; Bé Gái 3100g",
    "TĂNG HUYẾT ÁP, ĐÁI THÁO ĐƯỜNG TÝP 2, THOÁI HÓA CỘT SỐNG. HƯỚNG ĐIỀU TRỊ: NỘI KHOA BẢO TỒN",
    "HBV-DNA 1.230.000.000 copies/ml, WBC 12.500.000, tổng 15.000.000 đồng, BHYT 100%",
    "Mẹ: Tăng huyết áp. Cha: Đái tháo đường. Anh trai: Hen. Con: khỏe. Chồng: Nhiễm HBV",
    "Augmentin 1g x 2 lọ TMC, Ringer lactat 500ml, sonde Foley số 16, kim luồn 20G, SĐK VD-26345-17",
    "H. pylori (+), E. coli, nhóm máu O, vitamin A, gan to 3 cm, khối u 5 cm, độ 2, giai đoạn III",
    "bảo hiểm xã hội, tổ đỉa, đường huyết 7,8, bản thân khỏe, khu trú, đội ngũ, tỉnh dậy, ấp ủ",
    "Thang điểm Mallampati, thủ thuật Epley, phẫu thuật Hartmann, chỉ Prolene, dẫn lưu Kehr",
)
GOES = (
    ("anh Tuấn", "anh [HO_TEN]"),
    ("BS. Hùng và ĐD Lan khám", "BS. [HO_TEN] và ĐD [HO_TEN] khám"),
    ("mẹ cháu tên hoa, bố là Năm", "mẹ cháu tên [HO_TEN], bố là [HO_TEN]"),
    ("Nguyễn Văn Còn, Lê Thị Đẹp", "[HO_TEN], [HO_TEN]"),
    ("H'Hen Niê, Y Bliă Niê, Giàng A Páo, K'Brêu", "[HO_TEN], [HO_TEN], [HO_TEN], [HO_TEN]"),
    ("ông John Smith, ông Kim Min Soo", "ông [HO_TEN], ông [HO_TEN]"),
    ("BN N.T.H., anh NVA, Ng. V. Bình", "BN [HO_TEN]., anh [HO_TEN], [HO_TEN]"),
    ("benh nhan nguyen van an vao vien", "benh nhan [HO_TEN] vao vien"),
    ("CMND 272 123 456, mã BN 26001234", "CMND [SO], mã BN [SO]"),
    ("svv 12345/26, HSBA NT26-000123", "svv [SO], HSBA [SO]"),
    ("thẻ GD 4 79 79 223 45678", "thẻ [SO]"),
    ("0912.345.678, +84 912 345 678, (028) 3823 4567", "[SDT], [SDT], [SDT]"),
    ("stk 19031234567890 VCB", "stk [TAI_KHOAN] VCB"),
    ("xe 29A-123.45, mail an@mau.vn", "xe [BIEN_SO], mail [LIEN_HE]"),
    ("zalo Mẹ Bông, fb: tuan.nguyen91", "zalo [LIEN_HE], fb: [LIEN_HE]"),
    ("92 tuổi, 95t, 89 tuổi", "[TUOI], [TUOI], 89 tuổi"),
    ("SN 1957, sn 57, sinh năm 1957", "SN [NGAY], sn [NGAY], sinh năm [NGAY]"),
    ("ngày 5/11, từ 5/11 đến 8/11, 5/11/24", "ngày [NGAY], từ [NGAY] đến [NGAY], [NGAY]"),
    ("tháng 11/2024, ngày 5 tháng 11", "tháng [NGAY], [NGAY]"),
    ("trú tại 12/3B Lê Lợi, P. Bến Nghé, Q1 nhập viện", "trú tại [DIA_CHI] nhập viện"),
    ("tổ 5, ấp 3, xã Tân Phú", "[DIA_CHI]"),
    ("quê Nam Định, nhà ở TP Vũng Tàu", "quê [DIA_CHI], nhà ở [DIA_CHI]"),
    ("học trường THPT Nguyễn Huệ", "học [DON_VI]"),
    ("CCHN 001234/HNO-CCHN, đơn 01901a1b2c3d-C", "CCHN [SO], đơn [SO]"),
)


@pytest.mark.parametrize("text", STAYS)
def test_medical_words_stay(text: str) -> None:
    assert scrub(text).text == text


@pytest.mark.parametrize(("text", "left"), GOES)
def test_people_go(text: str, left: str) -> None:
    assert scrub(text).text == left


@pytest.mark.parametrize(
    "name", ["drugs:ten_thuoc", "services:ten_dich_vu", "diagnoses:name", "notes:text"]
)
def test_texts_of_the_generator_stay_whole(name: str) -> None:
    table, _, column = name.partition(":")
    path = files("vnhealth.synth") / "data" / f"{table}.csv"
    rows = list(csv.DictReader(path.read_text("utf-8").splitlines()))
    assert len(rows) > 20
    assert [row[column] for row in rows if scrub(row[column]).spans] == []


def _tables() -> list[str]:
    return sorted(path.name for path in DATA.iterdir() if path.name.endswith(".csv"))


@pytest.mark.parametrize("name", _tables())
def test_lists_are_composed_unique_and_say_where_they_come_from(name: str) -> None:
    text = (DATA / name).read_text("utf-8")
    assert unicodedata.is_normalized("NFC", text)
    rows = list(csv.DictReader(text.splitlines()))
    assert rows
    if not name.startswith(
        ("evaluation_notes", "evaluation_held_out", "evaluation_sentences", "kinds")
    ):
        assert all(row["source"] for row in rows)
        keys = [tuple(row.values())[:2] for row in rows]
        assert len(set(keys)) == len(keys)


@pytest.mark.parametrize(
    ("text", "view"),
    [
        ("Nguy\u200bễn", "Nguyễn"),
        ("０９12 345\u00a0678", "0912 345 678"),
        ("\u00d0ỗ Văn", "Đỗ Văn"),
        ("٠٩١٢", "0912"),
        ("NguyÔn V¨n", "Nguyễn Văn"),
        ("Nguyá»…n VÄƒn", "Nguyễn Văn"),
        ("5 µg, 37°C, hoà, quý", "5 µg, 37°C, hoà, quý"),
    ],
)
def test_the_text_that_is_looked_at(text: str, view: str) -> None:
    done = prepare(text)
    assert done.view == view
    ends = [done.place(i, i + 1) for i in range(len(view))]
    assert ends[0][0] == 0 or text[0] == "\u200b"
    assert all(a <= b <= len(done.text) for a, b in ends)
    assert done.place(0, len(view))[1] == len(done.text)


NOTES = [labelled(template)[0] for _, template in notes()]


@given(st.sampled_from(NOTES), st.lists(st.integers(0, 400), max_size=6))
def test_a_page_with_hidden_pieces_is_the_page_of_the_hidden_text(
    text: str, places: list[int]
) -> None:
    marks = sorted((at, min(at + 9, len(text))) for at in places if at < len(text))
    hidden = text
    for start, end in marks:
        hidden = hidden[:start] + HIDDEN * (end - start) + hidden[end:]
    taken, anew = Page(text).hiding(hidden, marks), Page(hidden)
    for name in Page.__slots__:
        assert getattr(taken, name) == getattr(anew, name)
