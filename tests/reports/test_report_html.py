"""The HTML report: alone, masked, both languages, usable by keyboard and on a small screen."""

from __future__ import annotations

import io
import re
from html.parser import HTMLParser

import pytest

from vnhealth.findings import CheckedFile, Finding, Findings, Run, Severity
from vnhealth.reports import write_html

VOID = {"meta", "link", "br", "hr", "img", "input", "rect"}


class Page(HTMLParser):
    """Collects elements and checks that tags pair."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.elements if name == tag]


def page(files: list[CheckedFile], run: Run) -> str:
    stream = io.StringIO()
    write_html(files, stream, run)
    return stream.getvalue()


def test_it_stands_alone(checked: list[CheckedFile], run: Run) -> None:
    text = page(checked, run)
    held = Page(text)
    assert "http:" not in text
    assert "https:" not in text
    assert "@import" not in text
    assert "url(" not in text
    for _, attrs in held.elements:
        assert "src" not in attrs
        assert not any(name.startswith("on") for name in attrs)
        assert (attrs.get("href") or "#").startswith("#")
    assert held.all("link") == held.all("img") == held.all("iframe") == []
    (policy,) = [m["content"] for m in held.all("meta") if m.get("http-equiv")]
    assert policy.startswith("default-src 'none'")  # type: ignore[union-attr]


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_values_are_shown_only_when_asked_for_and_never_as_markup(
    lang: str, checked: list[CheckedFile], run: Run
) -> None:
    run.lang = lang
    assert "001099012345" not in page(checked, run)
    run.values = True
    text = page(checked, run)
    assert "001099012345" in text
    assert "<script>alert" not in text
    assert "<b>hoso" not in text
    assert len(Page(text).all("script")) == 1
    assert "LK7" in text


def test_it_counts_everything_and_lists_some(checked: list[CheckedFile], run: Run) -> None:
    text = page(checked, run)
    held = Page(text)
    assert len(held.all("details")) == 3
    assert "200×" in text
    assert text.count("XML3[1].DON_GIA") < 40
    bars = [r for r in held.all("rect") if r["class"] in ("error", "warning", "good")]
    assert bars
    states = bars[:2]
    assert [s["class"] for s in states] == ["error", "good"]
    widths = [float(s["width"] or 0) for s in states]
    assert sum(widths) == pytest.approx(100, abs=0.01)
    assert widths[0] == pytest.approx(100 * 50 / 52, abs=0.01)


def test_the_size_does_not_grow_with_the_number_of_findings(run: Run) -> None:
    def sized(count: int) -> int:
        found = [Finding("BHYT-VAL-02", Severity.ERROR, n, "XML3", 0, "STT") for n in range(count)]
        file = CheckedFile(path="a.xml", encounters=count, findings=Findings(found))
        return len(page([file], run))

    assert sized(3000) - sized(300) < 200


def test_both_languages_are_there_and_every_sentence_has_both(
    checked: list[CheckedFile], run: Run
) -> None:
    text = page(checked, run)
    spans = [s.get("lang") for s in Page(text).all("span")]
    assert spans.count("vi") == spans.count("en") > 50
    (html,) = Page(text).all("html")
    assert html["lang"] == "vi"
    run.lang = "en"
    (html,) = Page(page(checked, run)).all("html")
    assert html["lang"] == html["data-lang"] == "en"


def test_it_works_without_a_mouse_and_in_dark_mode(checked: list[CheckedFile], run: Run) -> None:
    text = page(checked, run)
    held = Page(text)
    assert "prefers-color-scheme: dark" in text
    assert "focus-visible" in text
    assert held.all("a")[0]["class"] == "skip"
    names = {d["id"] for d in held.all("details")} | {h.get("id") for h in held.all("h2")}
    for link in held.all("a"):
        assert (link["href"] or "").removeprefix("#") in names
    for box in held.all("div"):
        if box.get("tabindex") == "0":
            assert box["role"] == "region"
            assert box["aria-label"]
    assert len(held.all("label")) == len(held.all("input")) + len(held.all("select"))
    for svg in held.all("svg"):
        assert svg.get("aria-labelledby") or svg.get("aria-hidden") == "true"
    viewport = [m["content"] for m in held.all("meta") if m.get("name") == "viewport"]
    assert viewport == ["width=device-width, initial-scale=1"]


def test_suppressions_are_shown_the_ended_ones_too(checked: list[CheckedFile], run: Run) -> None:
    text = re.sub(r"\s+", " ", page(checked, run))
    assert "bộ xuất cũ" in text
    assert "P. CNTT" in text
    assert "đã hết hạn, không áp dụng" in text


def test_a_clean_run_says_so(run: Run) -> None:
    text = page([CheckedFile(path="a.xml", encounters=1)], Run())
    assert "Không có phát hiện nào." in text
    assert "<svg" in text
    assert "Loại trừ" not in text
