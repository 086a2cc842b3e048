"""The static verify page, opened as a file in a Chromium without a network."""

from importlib.resources import files

import pytest

pytestmark = [pytest.mark.xdist_group("chromium"), pytest.mark.e2e]

DROP = """([text, name]) => {
  const data = new DataTransfer();
  data.items.add(new File([text], name, { type: "application/json" }));
  document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true }));
}"""


@pytest.fixture
def page(chromium, tmp_path):
    """The page as somebody keeps it on a stick: one file, nothing else."""
    file = tmp_path / "verify.html"
    file.write_bytes((files("vnhealth.conformance.evidence") / "data" / "verify.html").read_bytes())
    tab = chromium.new_context(offline=True).new_page()
    tab.said = []
    tab.on("console", lambda m: tab.said.append(m.text))
    tab.on("pageerror", lambda error: tab.said.append(str(error)))
    tab.on("request", lambda r: tab.said.append(r.url) if r.url != file.as_uri() else None)
    tab.goto(file.as_uri())
    return tab


@pytest.fixture
def example(repo):
    return (repo / "docs" / "vi" / "examples" / "evidence.json").read_text("utf-8")


def test_a_dropped_file_is_checked_without_a_network(page, broken, example):
    page.evaluate(DROP, [example, "evidence.json"])
    page.locator("#verdict.good").wait_for()
    assert "TỰ KIỂM" in page.locator("#band").inner_text()
    assert "bhyt-claim-3176" in page.locator("#facts").inner_text()
    assert broken(page) == []
    assert page.said == []


def test_a_changed_file_is_refused(page, example):
    changed = example.replace('"result":"pass"', '"result":"fail"', 1)
    assert changed != example
    page.evaluate(DROP, [changed, "evidence.json"])
    page.locator("#verdict.bad").wait_for()
    assert page.locator("#facts").is_hidden()
    page.evaluate(DROP, [example, "evidence.json"])
    page.locator("#verdict.good").wait_for()


def test_it_can_be_chosen_with_the_keyboard_on_a_narrow_screen(page, tmp_path, example):
    file = tmp_path / "evidence.json"
    file.write_text(example, "utf-8")
    page.set_viewport_size({"width": 360, "height": 740})
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "file"
    page.set_input_files("#file", str(file))
    page.locator("#verdict.good").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
