"""Checks bytes against the contract of `vnhealth.protocol.deid_contract`, fail closed.

There is no XML parser behind it: the contract allows so little of XML that a list of tokens is
enough, and what is not such a token is refused. So no entity, no external reference, no comment and
no attribute can reach anything.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache

from vnhealth.findings import Finding, Findings, Severity
from vnhealth.protocol.deid_contract import (
    HEADER,
    RECORD,
    ROOT,
    allowed_fields,
    withheld_prefixes,
)

__all__ = ["DeidInspection", "inspect"]

MAX_BYTES = 20 * 2**20
MAX_FINDINGS = 200
HIDDEN = "(?)"
"""Stands for a tag that no standard knows: its name itself could be a value."""

_DECLARATION = re.compile(r'\A<\?xml version="1\.0"(?: encoding="[Uu][Tt][Ff]-8")?\s?\?>')
_TOKEN = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9_]{0,39})(/?)>|([^<]+)|<")
_CONSTRUCTS = (
    ("<!--", "comment"),
    ("<![CDATA[", "CDATA"),
    ("<!", "DOCTYPE"),
    ("<?", "processing instruction"),
)
_IDENTIFIERS = (
    ("card", re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}[ .-]?\d(?:[ .-]?\d){12}(?!\d)")),
    ("12 digits", re.compile(r"(?<!\d)\d(?:[ .-]?\d){11}(?!\d)")),
    ("phone", re.compile(r"(?<!\d)(?:\+?84|0)(?:[ .-]?\d){9}(?!\d)")),
    ("10 digits", re.compile(r"(?<!\d)\d(?:[ .-]?\d){9}(?!\d)")),
    ("e-mail", re.compile(r"[^\s@]@[^\s@]")),
)


@dataclass(frozen=True, slots=True, repr=False)
class DeidInspection:
    """What was found. ``records`` holds the episode token of every HOSO, in order.

    ``facility`` is MA_CSKCB of the header, None when it could not be read. ``encounter`` of a
    finding is the index of the HOSO.
    """

    findings: Findings
    facility: str | None = None
    records: tuple[str | None, ...] = ()

    @property
    def ok(self) -> bool:
        """True when the record may be taken."""
        return self.findings.ok

    def __repr__(self) -> str:
        return f"<DeidInspection {len(self.records)} records, {len(self.findings)} findings>"


@cache
def _known_tags() -> frozenset[str]:
    from vnhealth.spec import Family, record_fields, tables

    known = {ROOT, RECORD, "Signature", "X509Certificate", "CHUKYDONVI", *HEADER}
    known.update(tag for fields in allowed_fields().values() for tag in fields)
    for family, edition in ((Family.F4210, "4210"), (Family.F130, "3176")):
        for name in tables(edition):
            known.add(name)
            known.update(f.tag for f in record_fields(family, name))
    return frozenset(known)


def _shown(tag: str) -> str:
    return tag if tag in _known_tags() else HIDDEN


@dataclass(slots=True)
class _Walk:
    """One pass over the tokens with the place it is at."""

    found: list[Finding] = field(default_factory=list)
    header: dict[str, str] = field(default_factory=dict)
    records: list[str | None] = field(default_factory=list)
    path: list[str] = field(default_factory=list)
    rows: dict[str, int] = field(default_factory=dict)
    row: int | None = None
    seen: set[str] = field(default_factory=set)
    outer: set[str] = field(default_factory=set)
    last_table: int = 0
    text: str = ""
    closed: bool = False

    def add(self, code: str, tag: str | None = None, **params: str) -> None:
        table = self.path[2] if len(self.path) > 2 and self.path[2].startswith("XML") else None
        found = Finding(
            code,
            Severity.ERROR,
            encounter=len(self.records) - 1 if self.records else None,
            table=_shown(table) if table else None,
            row=self.row if table else None,
            tag=_shown(tag) if tag else None,
            params=params,
        )
        if len(self.found) < MAX_FINDINGS and self.found[-1:] != [found]:
            self.found.append(found)

    def start(self, tag: str) -> None:
        depth = len(self.path)
        if self.text.strip():
            self.add("GW-DEID-02", self.path[-1] if self.path else None, what="text")
        self.text = ""
        if depth == 0:
            if tag != ROOT or self.closed:
                self.add("GW-DEID-02", tag, what="root")
        elif depth == 1:
            self._outer(tag)
        elif depth == 2:
            self._inner(tag)
        elif depth == 3:
            self._field(tag, self.path[2])
        else:
            self.add("GW-DEID-02", tag, what="depth")
        self.path.append(tag)
        if depth == 2 and tag.startswith("XML"):
            self.row = self.rows.get(tag, 0)
            self.rows[tag] = self.row + 1
            self.seen = set()

    def _outer(self, tag: str) -> None:
        if tag == RECORD:
            if tuple(self.header) != HEADER:
                self.add("GW-DEID-02", tag, what="header")
            self.records.append(None)
            self.rows, self.outer, self.last_table, self.row = {}, set(), 0, None
        elif tag not in HEADER:
            self._refuse(tag)
        elif tag in self.header or self.records:
            self.add("GW-DEID-02", tag, what="order")

    def _inner(self, tag: str) -> None:
        if self.path[1] != RECORD:
            self.add("GW-DEID-02", tag, what="depth")
        elif tag.startswith("XML") and tag in allowed_fields():
            number = int(tag[3:])
            if number < self.last_table or (number == 1 and self.rows.get(tag)):
                self.add("GW-DEID-02", tag, what="order")
            self.last_table = max(number, self.last_table)
        elif tag not in allowed_fields()["HOSO"]:
            self._refuse(tag)
        elif tag in self.outer or self.last_table:
            self.add("GW-DEID-02", tag, what="order")
        else:
            self.outer.add(tag)

    def _field(self, tag: str, table: str) -> None:
        if tag not in allowed_fields().get(table, {}):
            self._refuse(tag)
        elif tag in self.seen:
            self.add("GW-DEID-02", tag, what="order")
        self.seen.add(tag)

    def _refuse(self, tag: str) -> None:
        signed = tag in ("CHUKYDONVI", "Signature", "X509Certificate")
        self.add("GW-DEID-07" if signed else "GW-DEID-03", tag)

    def end(self, tag: str) -> bool:
        if not self.path or self.path[-1] != tag:
            self.add("GW-DEID-02", tag, what="nesting")
            return False
        value, self.text = self.text.strip(), ""
        depth = len(self.path)
        level = self._level()
        if level and tag in allowed_fields()[level]:
            if value or level == "HEADER":
                self._value(level, tag, value)
        elif value:
            self.add("GW-DEID-03", tag)
        self.path.pop()
        if depth == 2 and tag == RECORD:
            self._close_record()
        if depth == 3:
            self.row = None
        self.closed = self.closed or not self.path
        return True

    def _level(self) -> str:
        """The level of the allow list that the innermost open element belongs to, or nothing."""
        depth = len(self.path)
        if depth == 2:
            return "HEADER"
        if depth > 2 and self.path[1] == RECORD and self.records:
            if depth == 3:
                return "HOSO"
            if depth == 4 and self.path[2].startswith("XML") and self.path[2] in allowed_fields():
                return self.path[2]
        return ""

    def _value(self, level: str, tag: str, value: str) -> None:
        if level == "HEADER":
            self.header.setdefault(tag, value)
        shape = allowed_fields()[level][tag]
        if not shape.accepts(value):
            kind = next((name for name, form in _IDENTIFIERS if form.search(value)), None)
            if kind:
                self.add("GW-DEID-05", tag, kind=kind)
            elif shape.name == "label":
                self.add("GW-DEID-06", tag)
            else:
                self.add("GW-DEID-04", tag, shape=shape.name)
        elif level == "HOSO" and tag == "MA_LK":
            self.records[-1] = value
        elif shape.name in ("icd", "icds") and any(
            code.startswith(withheld_prefixes()) for code in value.split(";")
        ):
            self.add("GW-DEID-08", tag)

    def _close_record(self) -> None:
        if self.records[-1] is None:
            self.add("GW-DEID-02", "MA_LK", what="missing")
        if not self.rows.get("XML1"):
            self.add("GW-DEID-02", "XML1", what="missing")


def inspect(data: bytes) -> DeidInspection:
    """Check a file of de-identified records. Never raises on content, never shows a value.

    >>> found = inspect(b"<VNHEALTH_DEID><HO_TEN>x</HO_TEN></VNHEALTH_DEID>").findings
    >>> found.by_code("GW-DEID-03")[0].tag
    'HO_TEN'
    """
    walk = _Walk()
    text = ""
    if len(data) > MAX_BYTES:
        walk.add("GW-DEID-09", what="size")
    else:
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            walk.add("GW-DEID-09", what="UTF-8")
    if not walk.found:
        _run(walk, text)
    if len(walk.found) >= MAX_FINDINGS:
        walk.found.append(Finding("GW-DEID-10", Severity.WARNING))
    facility = walk.header.get("MA_CSKCB")
    if facility and not allowed_fields()["HEADER"]["MA_CSKCB"].accepts(facility):
        facility = None
    return DeidInspection(Findings(walk.found), facility, tuple(walk.records))


def _run(walk: _Walk, text: str) -> None:
    declaration = _DECLARATION.match(text)
    position = declaration.end() if declaration else 0
    for token in _TOKEN.finditer(text, position):
        close, tag, empty, plain = token.groups()
        if tag is None and plain is None:
            _construct(walk, text, token.start())
            return
        if plain is not None:
            if "&" in plain:
                walk.add("GW-DEID-01", walk.path[-1] if walk.path else None, what="entity")
            elif plain.strip() and not walk.path:
                walk.add("GW-DEID-02", what="text")
            walk.text += plain
            continue
        if not close:
            walk.start(tag)
        if (close or empty) and not walk.end(tag):
            return
        if close and empty:
            walk.add("GW-DEID-01", tag, what="tag")
    if walk.path or not walk.closed:
        walk.add("GW-DEID-02", what="end")
    elif walk.header.get("SO_LUONG") != str(len(walk.records)):
        walk.add("GW-DEID-02", "SO_LUONG", what="count")


def _construct(walk: _Walk, text: str, at: int) -> None:
    here = text[at : at + 200]
    if re.match(r"</?(?:[A-Za-z0-9]+:)?(?:Signature|X509)", here):
        walk.add("GW-DEID-07", "Signature")
        return
    what = next((name for start, name in _CONSTRUCTS if here.startswith(start)), "attribute")
    walk.add("GW-DEID-01", walk.path[-1] if walk.path else None, what=what)
