"""What holds for every text: places are right, nothing is raised, twice is once."""

from __future__ import annotations

import unicodedata

from hypothesis import example, given
from hypothesis import strategies as st

from vnhealth.deid.text import KINDS, SOURCES, Known, Scrubber, scrub, tag_of
from vnhealth.deid.text._evaluation_notes import labelled, notes

KNOWN = Known(
    names=("Trần Thị Mẫu", "H’Hen Niê", "CB Lê Văn Thử"),
    addresses=("Tổ 5, Ấp Bình Hòa, Xã Tân Phú, Huyện Long Điền, Tỉnh Đồng Nai",),
    ids=("001099000123", "GD4010012345678", "NT26-000123", "001234/HNO-CCHN"),
    phones=("0900000123",),
    dates=("1957-03-05", "05/11/2024"),
    orgs=("Công ty Mẫu Xanh",),
)
PIECES = st.sampled_from(
    (
        "BN ", "bà ", "Mẫu", "trần thị mẫu", "TRẦN", " Thị ", "Nguyễn Văn An", "anh Tuấn", "BS. Hùng",
        "N.T.H.", "H'Hen", " Niê", "Y Bliă", "con gái ", "tên ", "họ tên: ", "và ", ", ", ". ", ":", "\n", " - ",
        "xã Tân Phú", "P.", "Q1", "tổ 5", "ấp 3", "12/3B ", "Lê Lợi", "quê ", "Nam Định", "đường ", "TPHCM",
        "0900000123", "0900 000 123", "+84", "84", "001 099 000 123", "GD 4 01", "CCCD ", "SĐT", "số ", "mã BN ",
        "5/11", "05/11/2024", "SN 57", "ngày ", "1957", "120/80", "92 tuổi", "10.000.000 đồng", "xxx", "*",
        "Parkinson", "Hồng cầu", "an toàn", "Basedow", "BV Nguyễn Trãi", "thuốc ho Bảo Thanh", "[HO_TEN]",
        "[SO]", "[", "]", "a@b.vn", "zalo Mẹ Bông", "29A-123.45", "NguyÔn V¨n", "Nguyeãn", "á»…", "\u200b", "\u0301",
        "benh nhan nguyen van an ", "SOT CAO", "sốt cao ", "đau bụng ", "khám ", "(", ")", "'", "\"", "０９", "Đ", "",
    )
)  # fmt: skip
SOUP = st.lists(PIECES, max_size=25).map("".join)
TEXTS = st.one_of(SOUP, st.text(max_size=80), st.text(st.characters(), max_size=60))
TAGS = tuple(tag_of(kind) for kind in KINDS)


@given(TEXTS)
@example("\ud800 BN Trần Thị Mẫu")
@example("ﬃ Ⅳ ½ ²³ ١٢٣ 09")
@example("")
def test_places_are_right_and_the_rest_stays(text: str) -> None:
    done = Scrubber(KNOWN).scrub(text)
    whole = unicodedata.normalize("NFC", text)
    at = 0
    parts = []
    for span in done.spans:
        assert at <= span.start < span.end <= len(whole)
        assert span.kind in KINDS
        assert span.source in SOURCES
        parts += (whole[at : span.start], tag_of(span.kind))
        at = span.end
    assert "".join([*parts, whole[at:]]) == done.text


@given(SOUP)
def test_twice_is_once(text: str) -> None:
    scrubber = Scrubber(KNOWN)
    once = scrubber.scrub(text).text
    again = scrubber.scrub(once)
    assert again.text == once
    assert again.spans == ()


@given(SOUP)
def test_composed_and_decomposed_give_the_same(text: str) -> None:
    one = scrub(unicodedata.normalize("NFC", text), KNOWN)
    two = scrub(unicodedata.normalize("NFD", text), KNOWN)
    assert one == two


@given(SOUP, st.integers(-400, 400))
def test_stand_ins_leave_no_known_value(text: str, days: int) -> None:
    done = Scrubber(KNOWN, mode="surrogates", days=days).scrub(text)
    tags = Scrubber(KNOWN).scrub(text)
    assert [(s.start, s.end, s.kind) for s in done.spans] == [
        (s.start, s.end, s.kind) for s in tags.spans
    ]
    for value in ("Trần Thị Mẫu", "0900000123", "0900 000 123"):
        assert value not in done.text


def _missing(template: str) -> int:
    text, gold = labelled(template)
    gone = {i for span in scrub(text).spans for i in range(span.start, span.end)}
    asked = {i for start, end, _ in gold for i in range(start, end) if text[i].isalnum()}
    return len(asked - gone)


CLEAN = [one for one in notes() if not _missing(one[1])]


def _besides(text: str, gold: list[tuple[int, int, str]]) -> tuple[int, int]:
    """Letters and digits that stand under no label: how many are gone, how many there are."""
    asked = {i for start, end, _ in gold for i in range(start, end) if text[i].isalnum()}
    gone = {i for span in scrub(text).spans for i in range(span.start, span.end)}
    lost = {i for i in gone if text[i].isalnum()} - asked
    return len(lost), sum(c.isalnum() for c in text) - len(asked)


@given(st.lists(st.sampled_from(CLEAN), min_size=2, max_size=2, unique=True))
def test_labelled_notes_lose_what_is_labelled(pair: list[tuple[str, str]]) -> None:
    """Notes that lose all that is labelled lose it beside any other note too, and little else
    that they would keep alone. A note beside itself is no text: what comes again is a name.
    """
    alone = sum(_besides(*labelled(one[1]))[0] for one in pair)
    text, gold = labelled("\n".join(one[1] for one in pair))
    gone = {i for span in scrub(text).spans for i in range(span.start, span.end)}
    asked = {i for start, end, _ in gold for i in range(start, end) if text[i].isalnum()}
    assert len(asked - gone) <= len(asked) // 8
    lost, kept = _besides(text, gold)
    assert lost <= alone + 12 + kept // 20


@given(st.lists(st.text(max_size=30), max_size=4), st.text(max_size=40))
def test_any_known_values_are_taken(values: list[str], text: str) -> None:
    known = {
        name: values for name in ("names", "addresses", "ids", "phones", "dates", "births", "orgs")
    }
    done = Scrubber(known).scrub(f"BN {text} {' '.join(values)}")
    assert isinstance(done.text, str)
