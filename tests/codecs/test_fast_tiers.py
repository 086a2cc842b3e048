"""No table and no family falls back to a slow tier: counted for each, not only for XML1 to XML5."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from vnhealth import spec
from vnhealth.codecs import _grammar, _template, _writer
from vnhealth.codecs._decode import RowDecoder
from vnhealth.codecs._limits import DEFAULT_LIMITS
from vnhealth.codecs._notes import Notes
from vnhealth.codecs._parts import is_plain, read_part
from vnhealth.records import Record, record_class
from vnhealth.spec import Edition, Kind

TABLES = [(edition, name) for edition in Edition for name in spec.tables(edition)]
TEXTS = {Kind.INTEGER: "7", Kind.DECIMAL: "12.5", Kind.TIME: "202608010930"}


def row(edition: Edition, name: str) -> Record:
    """A row in which every field is filled."""
    family = spec.edition_info(edition).family
    cls = record_class(family, name)
    kinds = cls.kinds()
    values = {}
    for f in spec.table(edition, name).fields:
        text = TEXTS.get(kinds[f.attr], "1")
        if kinds[f.attr] is Kind.DECIMAL and not f.decimals:
            text = "12"
        values[f.attr] = text[: f.max_length] if f.max_length else text
    return cls.from_row(values)


@pytest.fixture
def tiers(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often rows were read and written by which tier."""
    found: Counter[str] = Counter()
    known, elements, pieces = (
        _grammar._known_rows,
        RowDecoder.from_elements,
        _template.RowTemplate.pieces,
    )

    def known_rows(*given: Any) -> Any:
        rows, at = known(*given)
        found["known order"] += len(rows)
        return rows, at

    def from_elements(self: RowDecoder, *given: Any, **options: Any) -> Any:
        found["tree"] += 1
        return elements(self, *given, **options)

    def written(self: _template.RowTemplate, one: Record) -> Any:
        taken = pieces(self, one)
        found["template"] += 1
        return taken

    monkeypatch.setattr(_grammar, "_known", {})
    monkeypatch.setattr(_grammar, "_seen", {})
    monkeypatch.setattr(_grammar, "_known_rows", known_rows)
    monkeypatch.setattr(RowDecoder, "from_elements", from_elements)
    monkeypatch.setattr(_template.RowTemplate, "pieces", written)
    return found


@pytest.mark.parametrize(("edition", "name"), TABLES)
def test_every_table_is_written_and_read_by_the_fast_tiers(
    edition: Edition, name: str, tiers: Counter[str]
) -> None:
    first = row(edition, name)
    many = 3 if spec.table(edition, name).many else 1
    data = _writer.encode_table(name, [first] * many, edition)
    assert tiers == {"template": many}
    for reading in range(4):
        (section,) = read_part(data, name, DEFAULT_LIMITS, Notes())
        assert tiers["known order"] == (many if reading == 3 else 0)
    assert is_plain([section])
    if section.leaning:
        assert section.records(first.FAMILY, Notes(), 0) == (first,) * many
    assert tiers["tree"] == 0
