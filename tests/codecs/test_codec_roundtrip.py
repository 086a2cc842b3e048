"""Encode, then decode: the identity, for every table of every edition."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from functools import cache
from unicodedata import normalize

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from vnhealth import codecs, spec
from vnhealth.localtime import LocalTime
from vnhealth.records import LITERALS, Claim, Record, record_class, to_text
from vnhealth.spec import Edition, Field, Kind

TABLES = [(edition, name) for edition in Edition for name in spec.tables(edition)]
BLANKS = " \t\r\n\u00a0\ufeff\u200b"
NASTY = st.sampled_from(
    [
        "Nguyễn Thị Thử",
        "a & b < c > d",
        "]]>",
        "<![CDATA[x]]>",
        "<MA_LK>1</MA_LK>",
        "&amp;",
        "&#13;",
        "a\tb\nc",
        "a\rb",
        "a\r\nb",
        "“trích” ‘dẫn’",
        "𝔸😀",
        "\x85\u2028\u2003x",
        "<!--x-->",
        "%s %d {0} \\1",
        "@vnhealth-part-0@",
    ]
)
LETTERS = st.text(
    st.characters(
        exclude_categories=["Cs"],
        exclude_characters="".join(map(chr, [*range(9), 11, 12, *range(14, 32), 0xFFFE, 0xFFFF])),
    ),
    min_size=1,
    max_size=30,
)


def _fit(text: str, limit: int | None) -> str:
    text = normalize("NFC", text[:limit]).strip(BLANKS)[:limit].strip(BLANKS)
    return "x" if not text or text in LITERALS or normalize("NFC", text) != text else text


@cache
def values(field: Field, kind: Kind) -> st.SearchStrategy[object]:
    limit = field.max_length
    if kind is Kind.TIME:
        size = limit or 12
        days = st.dates(dt.date(1900, 1, 1), dt.date(2099, 12, 31))
        moments = st.datetimes(dt.datetime(1900, 1, 1), dt.datetime(2099, 12, 31))
        some = days.map(LocalTime.of) if size < 12 else st.one_of(moments, days).map(LocalTime.of)
        return st.one_of(some, st.just(LocalTime.parse("19860000")))
    if kind is Kind.INTEGER:
        return st.integers(0, 10 ** min(limit or 18, 18) - 1)
    if kind is Kind.DECIMAL:
        places = field.decimals or 0
        digits = max(1, min(limit or 15, 15) - places - 1)
        whole = st.integers(0, 10**digits - 1)
        return st.one_of(
            whole.map(Decimal),
            st.builds(lambda n: Decimal(n).scaleb(-places), whole) if places < digits else whole,
        )
    if field.type == "number":
        return st.text("0123456789", min_size=1, max_size=min(limit or 9, 9))
    return st.one_of(NASTY, LETTERS).map(lambda text: _fit(text, limit))


@st.composite
def rows(draw: st.DrawFn, edition: Edition, name: str) -> Record:
    """A row with a value in every field, then some of them emptied and some drawn anew."""
    row = filled(edition, name)
    kinds = row.kinds()
    fields = st.lists(st.sampled_from(spec.table(edition, name).fields), max_size=6, unique=True)
    drawn = {f.attr: draw(values(f, kinds[f.attr])) for f in draw(fields)}
    emptied = {f.attr: None for f in draw(fields)}
    return row.replace(**{**emptied, **drawn})


@cache
def filled(edition: Edition, name: str) -> Record:
    """One row with a value in every field."""
    cls = record_class(spec.edition_info(edition).family, name)
    kinds = cls.kinds()
    some = {}
    for f in spec.table(edition, name):
        kind, size = kinds[f.attr], f.max_length or 12
        plain = "1" * min(size, 3)
        time = "202603010930"[: 8 if size < 12 else 12]
        made = {Kind.TIME: LocalTime.parse(time), Kind.DECIMAL: Decimal(plain)}
        some[f.attr] = made.get(kind, int(plain) if kind is Kind.INTEGER else plain)
    return cls(**some)


def part(content: bytes) -> tuple[Record, ...]:
    document = codecs.read(content)
    return tuple(row for claim in document.claims for row in claim)


@pytest.mark.parametrize(("edition", "name"), TABLES)
def test_a_full_row_comes_back_whole(edition: Edition, name: str) -> None:
    row = filled(edition, name)
    written = codecs.encode_table(name, [row], edition)
    document = codecs.read(written)
    assert [*document.claims[0]] == [row]
    assert document.family is spec.edition_info(edition).family
    assert document.findings.codes <= {"BHYT-DOC-10"}
    tree = etree.fromstring(written)
    table = spec.table(edition, name)
    found = next(iter(tree.iter(table.row)))
    assert [cell.tag for cell in found] == list(table.tags)
    assert all(cell.text for cell in found)


@pytest.mark.parametrize(("edition", "name"), TABLES)
@settings(max_examples=8)
@given(data=st.data())
def test_rows_come_back_equal(edition: Edition, name: str, data: st.DataObject) -> None:
    many = spec.table(edition, name).many
    drawn = data.draw(st.lists(rows(edition, name), min_size=1, max_size=3 if many else 1))
    written = codecs.encode_table(name, drawn, edition)
    family = spec.edition_info(edition).family
    envelope = b"<GIAMDINHHS><DANHSACHHOSO><HOSO>%s</HOSO></DANHSACHHOSO></GIAMDINHHS>"
    file = b"<FILEHOSO><LOAIHOSO>%s</LOAIHOSO><NOIDUNGFILE>%s</NOIDUNGFILE></FILEHOSO>"
    inline = written.partition(b"?>")[2]
    marked = filled(edition, "XML1")
    summary = codecs.encode_table("XML1", [marked], edition).partition(b"?>")[2]
    lead = file % (b"XML1", summary) if name != "XML1" else b""
    claims = codecs.read(envelope % (lead + file % (name.encode(), inline))).claims
    back = [row for claim in claims for row in claim.rows(name)]
    if claims[0].family is family:  # an empty row of XML1 alone says nothing of its family
        assert back == drawn
        assert [to_text(v) for r in back for _, v in r.items()] == [
            to_text(v) for r in drawn for _, v in r.items()
        ]
    else:
        assert name == "XML1"


@settings(max_examples=25)
@given(data=st.data(), edition=st.sampled_from(list(Edition)))
def test_a_claim_comes_back_equal(edition: Edition, data: st.DataObject) -> None:
    tables: dict[str, object] = {"xml1": filled(edition, "XML1")}
    inside = [n for n in spec.tables(edition) if spec.table(edition, n).in_envelope]
    for name in data.draw(st.lists(st.sampled_from(inside[1:]), unique=True, max_size=4)):
        size = 3 if spec.table(edition, name).many else 1
        drawn = data.draw(st.lists(rows(edition, name), min_size=1, max_size=size))
        tables[name.lower()] = drawn
    claim = Claim(family=spec.edition_info(edition).family, **tables)
    written = codecs.write(claim, edition=edition)
    document = codecs.read(written)
    assert document.claims == (claim,)
    assert codecs.write(document) == written
    assert not document.findings.at_least("error")
    assert document.findings.codes <= {"BHYT-DOC-07", "BHYT-VAL-12"}
    assert codecs.write(document.claims, edition=edition) == written
    assert list(codecs.iter_claims(written)) == [claim]


@settings(max_examples=25)
@given(data=st.data(), edition=st.sampled_from([e for e in Edition if e is not Edition.QD4210]))
def test_stand_alone_files_come_back_equal(edition: Edition, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(["XML0", "XML12"]))
    drawn = data.draw(st.lists(rows(edition, name), min_size=1, max_size=3))
    written = codecs.write_standalone(drawn, edition=edition)
    document = codecs.read(written)
    assert document.kind.value == {"XML0": "checkin", "XML12": "assessment"}[name]
    assert document.signature == "empty"
    back = [row for claim in document.claims for row in claim.rows(name)]
    assert sorted(map(_key, back)) == sorted(map(_key, drawn))
    assert codecs.write(document) == written


def _key(row: Record) -> list[tuple[str, str]]:
    return [(tag, to_text(value)) for tag, value in row.items()]
