"""The face of the scrubber: tags, stand-ins, reports, review, and what it must never show."""

from __future__ import annotations

import dataclasses

import pytest

from vnhealth.deid import text as deid_text
from vnhealth.deid.text import KINDS, Known, Scrubber, Span, scrub, tag_of
from vnhealth.deid.text._finder import Finder

KNOWN = Known(
    names=("Trần Thị Mẫu", "Lê Văn Thử"),
    addresses=("Tổ 5, Phường Tân Phú, Quận 7, TP Hồ Chí Minh",),
    ids=("001099000123",),
    phones=("0900000123",),
    dates=("1957-03-05", "2024-11-05"),
)
NOTE = (
    "Bà Mẫu, SN 1957, ở tổ 5, P. Tân Phú, Q7, CCCD 001 099 000 123, vào viện 5/11. Con trai là Thử "
    "(0900.000.123). BS Hoàng Lan khám: Parkinson, hồng cầu 4,5 T/L."
)


def test_tags_stand_where_people_stood() -> None:
    assert scrub(NOTE, KNOWN).text == (
        "Bà [HO_TEN], SN [NGAY], ở [DIA_CHI], CCCD [SO], vào viện [NGAY]. Con trai là [HO_TEN] "
        "([SDT]). BS [HO_TEN] khám: Parkinson, hồng cầu 4,5 T/L."
    )


def test_spans_tell_kind_and_source() -> None:
    found = {(NOTE[s.start : s.end], s.kind, s.source) for s in scrub(NOTE, KNOWN).spans}
    assert ("Mẫu", "name", "record") in found
    assert ("Hoàng Lan", "name", "name") in found
    assert ("001 099 000 123", "id", "record") in found
    assert ("5/11", "date", "record") in found


def test_without_a_record_forms_and_words_still_count() -> None:
    done = scrub("Trú tại xã Tân Phú. SĐT 0912345678. BS Hoàng Lan ký ngày 5/11/2024.")
    assert {s.source for s in done.spans} == {"address", "pattern", "name"}


def test_stand_ins_are_one_for_a_person_in_all_texts() -> None:
    scrubber = Scrubber(KNOWN, mode="surrogates", days=14)
    first = scrubber.scrub("BN Trần Thị Mẫu (TRẦN THỊ MẪU), bà Mẫu, vào 05/11/2024").text
    second = scrubber.scrub("bà Mẫu và con là Lê Văn Thử").text
    full = first[3 : first.index(" (")]
    given = full.split()[-1]
    assert full.upper() in first
    assert f"bà {given}" in first
    assert f"bà {given}" in second
    assert "19/11/2024" in first
    other = second.rpartition("là ")[2]
    assert other not in (full, "Lê Văn Thử")


def test_stand_ins_do_not_depend_on_the_name() -> None:
    """The number in which a person is met decides, so that nobody can guess back."""
    one = Scrubber(Known(names=("Trần Thị Mẫu",)), mode="surrogates").scrub("BN Trần Thị Mẫu")
    two = Scrubber(Known(names=("Phạm Quốc Khác",)), mode="surrogates").scrub("BN Phạm Quốc Khác")
    assert one.text == two.text


def test_a_roster_serves_many_records() -> None:
    roster = Scrubber(Known(names=("Võ Thị Út",)))
    done = Scrubber(KNOWN, roster=roster).scrub("võ thị út ghi, bà mẫu ký")
    assert done.text == "[HO_TEN] ghi, bà [HO_TEN] ký"


def test_a_recogniser_only_points() -> None:
    text = "Gặp Aurelius lúc 8 giờ"
    plain = scrub(text)
    done = Scrubber(review=lambda t: [(4, 12)] if "Aurelius" in t else []).scrub(text)
    assert done.text == plain.text == text
    assert done.review == ((4, 12),)
    assert done.report()["review"] == 1


def test_the_report_has_counts_and_no_text() -> None:
    report = scrub(NOTE, KNOWN).report()
    assert report["kinds"] == {"address": 1, "date": 2, "id": 1, "name": 3, "phone": 1}
    assert report["removed"] == sum(report["sources"].values()) == 8
    assert "Mẫu" not in str(report)


def test_nothing_shows_people() -> None:
    done = scrub(NOTE, KNOWN)
    for shown in (repr(KNOWN), repr(done), repr(Scrubber(KNOWN)), str(done.spans)):
        assert "Mẫu" not in shown
        assert "0900" not in shown
    assert repr(KNOWN) == "<Known 2 names 1 addresses 1 ids 1 phones 2 dates>"


def test_results_cannot_be_changed() -> None:
    done = scrub(NOTE, KNOWN)
    with pytest.raises(dataclasses.FrozenInstanceError):
        done.text = ""  # type: ignore[misc]


def test_an_unknown_mode_is_refused() -> None:
    with pytest.raises(ValueError, match="tags or surrogates"):
        Scrubber(mode="blank")  # type: ignore[arg-type]


def test_known_takes_what_comes() -> None:
    known = Known.from_dict({"names": "Trần Thị Mẫu", "ids": [12345, None, True], "else": ["x"]})
    assert known == Known(names=("Trần Thị Mẫu",), ids=("12345",))
    assert not Known.from_dict({"names": None})
    assert Known(names=("A", " A ", "")) == Known(names=("A",))
    assert (Known(names=("A",)) | Known(names=("B",))).names == ("A", "B")


def test_text_that_never_settles_is_given_up_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    finder = Finder(Known())
    text = "một hai ba bốn năm sáu"

    def nibble(view: str) -> list[tuple[int, int, str, str]]:
        at = next(i for i, c in enumerate(view) if c.isalpha())
        return [(at, at + 1, "name", "name")]

    monkeypatch.setattr(Finder, "_once", lambda self, page: nibble(page.text))
    assert finder.find(text) == [(0, len(text), "name", "pattern")]


def test_old_encodings_are_read_but_not_rewritten() -> None:
    done = scrub("BN NguyÔn V¨n Thö ho 3 ngµy", Known(names=("Nguyễn Văn Thử",)))
    assert done.text == "BN [HO_TEN] ho 3 ngµy"
    done = scrub("Beänh nhaân Nguyeãn Vaên Thöû ho", Known(names=("Nguyễn Văn Thử",)))
    assert done.text == "Beänh nhaân [HO_TEN] ho"


def test_each_kind_has_a_tag_of_its_own() -> None:
    tags = [tag_of(kind) for kind in KINDS]
    assert len(set(tags)) == len(tags)
    assert tags[0] == "[HO_TEN]"
    assert Span(1, 2, "name", "record").to_dict() == {
        "start": 1,
        "end": 2,
        "kind": "name",
        "source": "record",
    }


def test_the_package_says_what_is_public() -> None:
    assert len(set(deid_text.__all__)) == len(deid_text.__all__)
    assert all(hasattr(deid_text, name) for name in deid_text.__all__)
