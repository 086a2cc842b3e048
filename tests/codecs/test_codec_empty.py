"""Tables without rows, in every form that an exporter can leave behind."""

from __future__ import annotations

import pytest

from vnhealth import codecs, spec

SHAPES = ("<{root}/>", "<{root}></{root}>", "<{root}><{inner}/></{root}>", "<{root} > </{root}>")


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("edition", ["4210", "3176"])
def test_an_empty_table_is_read(edition: str, shape: str) -> None:
    for name in spec.tables(edition):
        held = spec.table(edition, name)
        text = shape.format(root=held.root, inner=held.list or held.row)
        document = codecs.read(text.encode())
        rows = [row for claim in document.claims for row in claim]
        assert all(not dict(row.items()) for row in rows)
