"""The row grammar takes nothing that the XML parser would read in another way.

A differential fuzz: files of every table in three dialects are damaged at random. Whatever the
grammar accepts must give the same records (values, types, raw texts) and the same findings as the
XML parser with the same bytes. ``make test`` runs 10,000 files, the slow suite 200,000.
"""

from __future__ import annotations

import base64
import random
from collections.abc import Iterator
from typing import Any
from xml.sax.saxutils import escape

import pytest
from lxml import etree

from vnhealth import codecs, spec
from vnhealth.codecs import _grammar, _parts
from vnhealth.codecs._encoding import clean
from vnhealth.codecs._limits import DEFAULT_LIMITS
from vnhealth.codecs._notes import Notes
from vnhealth.codecs._xml import tree
from vnhealth.errors import UnsafeXml
from vnhealth.findings import Finding
from vnhealth.spec import Edition, Family

TABLES = [(edition, name) for edition in Edition for name in spec.tables(edition)]
TEXTS = [
    *("", "", "", "1", "12.50", "202603010930", "20260301", "05", "A1", "x", "undefined", "1,5"),
    *("Nguyễn Thị Thử", " blank ", "a & b", "5 < 6 > 4", "[1]", "a]]", "“x”", "tab\tx", "NguyÔn"),
]
DAMAGE = [
    *(
        b"&",
        b"&amp;",
        b"&#13;",
        b"&#xD;",
        b"&#8;",
        b"&#0;",
        b"&x;",
        b"&#xFFFE;",
        b"&AMP;",
        b"&#169;",
    ),
    *(
        b"]]>",
        b"]]",
        b"]",
        b"<![CDATA[",
        b"<![CDATA[]]>",
        b"<![CDATA[<x>&]]>",
        b"<!-- x -->",
        b"<?x?>",
    ),
    *(
        b"<",
        b">",
        b"/",
        b"/>",
        b" ",
        b"\t",
        b"\n",
        b"\r",
        b"\r\n",
        b"\r\r\n",
        b"\x0b",
        b"\x0c",
        b"\x00",
    ),
    *(
        b"\x1f",
        b"\x7f",
        b"\xc2\x85",
        b"\xc2\xa0",
        b"\xe2\x80\xa8",
        b"\xef\xbf\xbe",
        b"\xef\xbf\xbf",
    ),
    *(
        b"\xef\xbf\xbd",
        b"\xef\xbb\xbf",
        b"\xff",
        b"\xe1\xba",
        b"\xed\xa0\x80",
        b"\xc0\x80",
        b"\xf0\x9f\x98\x80",
    ),
    *(
        b' a="1"',
        b' xmlns="x"',
        b' xmlns:xsi="x"',
        b"x:",
        b"<STT>1</STT>",
        b"<STT/>",
        b"<A/>",
        b"</STT>",
    ),
    *(b"<!DOCTYPE a>", b"<?xml version='1.0'?>", b'<?xml version="1.1"?>', b"\xef\xbc\x91", b"="),
]


def rendered(edition: Edition, name: str, dialect: str, dice: random.Random) -> bytes:
    """A table file with the look of a vendor's program."""
    table = spec.table(edition, name)
    tags = list(table.tags)
    if dialect == "own order":
        dice.shuffle(tags)
    rows_differ = dialect == "scattered"
    line, gap = ("\r\n", "  ") if dialect == "dotnet" else ("", "")
    rows = []
    for _ in range(dice.choice([1, 1, 2])):
        cells = []
        for tag in dice.sample(tags, len(tags)) if rows_differ else tags:
            text = dice.choice(TEXTS)
            if dialect == "php" and text and dice.random() < 0.5:
                cells.append(f"<{tag}><![CDATA[{text.replace(']]', '')}]]></{tag}>")
            elif not text:
                empty = {"php": f"<{tag}/>", "dotnet": f"<{tag} />"}
                cells.append(empty.get(dialect, f"<{tag}></{tag}>"))
            else:
                cells.append(f"<{tag}>{escape(text)}</{tag}>")
        rows.append(f"<{table.row}>{line + gap}{(line + gap).join(cells)}{line}</{table.row}>")
        if table.row == table.root:
            break
    body = line.join(rows)
    if table.row != table.root:
        if table.list:
            body = f"<{table.list}>{line}{body}{line}</{table.list}>"
        body = f"<{table.root}>{line}{body}{line}</{table.root}>"
    if dialect == "dotnet":
        xsi = ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
        xsd = ' xmlns:xsd="http://www.w3.org/2001/XMLSchema"'
        body = body.replace(f"<{table.root}>", f"<{table.root}{xsi}{xsd}>", 1)
    head = {"dotnet": '<?xml version="1.0" encoding="utf-8"?>', "php": '<?xml version="1.0"?>'}
    return (head.get(dialect, "") + line + body).encode()


def damaged(data: bytes, dice: random.Random) -> bytes:
    for _ in range(dice.choice([0, 1, 1, 1, 2, 3])):
        at = dice.randrange(len(data) + 1)
        if dice.random() < 0.6:
            at = max(data.rfind(dice.choice([b"<", b">"]), 0, at) + dice.choice([0, 1]), 0)
        what = dice.randrange(5)
        if what < 2:
            data = data[:at] + dice.choice(DAMAGE) + data[at:]
        elif what == 2:
            data = data[:at] + data[at + dice.choice([1, 1, 2, 9]) :]
        elif what == 3:
            data = data[:at] + bytes([dice.randrange(256)]) + data[at + 1 :]
        else:
            to = dice.randrange(len(data) + 1)
            data = data[:to] + data[at : at + dice.randrange(40)] + data[to:]
    return data


Seen = tuple[str, int, list[Any], tuple[Finding, ...]]


def seen(section: Any, family: Family) -> Seen:
    notes = Notes()
    rows = section.records(family, notes, 7)
    shown = [
        [(tag, type(value), value) for tag, value in row.items()]
        + [row.__dict__.keys(), dict(row.raw_texts), row.extra]
        for row in rows
    ]
    found = notes.all_at(3)
    return section.name, section.leaning, shown, found


def by_grammar(data: bytes, family: Family) -> Seen | None:
    section = _parts._matched(data)
    return None if section is None else seen(section, family)


def by_parser(data: bytes, family: Family) -> Seen:
    notes = Notes()
    (section,) = _parts.read_root(tree(data), None, DEFAULT_LIMITS, notes)
    assert not notes
    return seen(section, family)


@pytest.fixture(autouse=True)
def own_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Orders learnt here are forgotten afterwards; every official order is known."""
    monkeypatch.setattr(_grammar, "_known", {})
    monkeypatch.setattr(_grammar, "_seen", {})
    for edition, name in TABLES:
        table = spec.table(edition, name)
        for _ in range(3):
            _grammar.learn(table.row, tuple(tag.encode() for tag in table.tags))


def enveloped(data: bytes) -> bytes:
    return (
        b"<GIAMDINHHS><DANHSACHHOSO><HOSO><FILEHOSO><LOAIHOSO>XML3</LOAIHOSO><NOIDUNGFILE>"
        + base64.b64encode(data)
        + b"</NOIDUNGFILE></FILEHOSO></HOSO></DANHSACHHOSO></GIAMDINHHS>"
    )


def learnt(data: bytes) -> None:
    """Read a file of an order of its own until the order is known."""
    for _ in range(3):
        codecs.read(enveloped(data))


def samples(dice: random.Random, count: int) -> Iterator[tuple[bytes, Family]]:
    made = 0
    while made < count:
        edition, name = dice.choice(TABLES)
        dialect = dice.choice(["php", "dotnet", "own order", "canonical", "scattered"])
        data = rendered(edition, name, dialect, dice)
        if dialect == "own order":
            learnt(data)
        for _ in range(25):
            made += 1
            family = spec.edition_info(edition).family
            other = dice.random() < 0.05 and name in spec.tables(Edition.QD4210)
            yield damaged(data, dice), Family.F4210 if other else family


def differ(seed: int, count: int) -> int:
    """How many of ``count`` damaged files the grammar took; all of them equal to the parser's."""
    accepted = 0
    for sample, family in samples(random.Random(seed), count):
        data, _ = clean(sample)
        mine = by_grammar(data, family)
        if mine is None:
            continue
        accepted += 1
        try:
            theirs = by_parser(data, family)
        except (etree.XMLSyntaxError, UnsafeXml):
            pytest.fail(f"accepted, but not well-formed (seed {seed})")
        assert mine == theirs
    return accepted


@pytest.mark.parametrize("seed", range(10))
def test_the_grammar_never_reads_what_the_parser_reads_otherwise(seed: int) -> None:
    assert differ(seed, 1000) > 80


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1000, 1040))
def test_the_grammar_at_length(seed: int) -> None:
    assert differ(seed, 5000) > 400


@pytest.mark.parametrize(("edition", "name"), TABLES)
@pytest.mark.parametrize("dialect", ["php", "dotnet", "canonical", "scattered"])
def test_every_table_goes_through_the_grammar(edition: Edition, name: str, dialect: str) -> None:
    """Undamaged files in any order are taken, so the fast path is not only for XML1 to 5."""
    dice = random.Random(f"{edition} {name} {dialect}")
    data = rendered(edition, name, dialect, dice)
    family = spec.edition_info(edition).family
    mine = by_grammar(data, family)
    if b"<![CDATA[" in data and b"]" in data.replace(b"]]>", b""):
        return
    assert mine is not None
    assert mine == by_parser(data, family)


def test_an_order_is_learnt_at_the_third_file() -> None:
    dice = random.Random(5)
    data = rendered(Edition.QD3176, "XML3", "own order", dice)
    taken = []
    for _ in range(5):
        found = _grammar.matched(data, _parts.skeletons())
        assert found is not None
        taken.append(isinstance(found.rows[0][0], _grammar.Order))
        codecs.read(enveloped(data))
    assert taken == [False, False, False, True, True]


def test_what_is_learnt_is_bounded() -> None:
    for number in range(2000):
        _grammar.learn("CHI_TIET_THUOC", (b"T%d" % number,))
        if number % 3 == 0:
            for _ in range(3):
                _grammar.learn("CHI_TIET_THUOC", (b"U%d" % number,))
    assert len(_grammar._seen) <= 256
    assert len(_grammar._known["CHI_TIET_THUOC"]) <= 8
