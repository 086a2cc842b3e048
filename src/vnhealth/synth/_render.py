"""Writes claims as vendors do: the official envelope, or one with deviations on request.

A small renderer of its own, so that tests of the reader share no code with `vnhealth.codecs`.
"""

from __future__ import annotations

import base64
import datetime as dt
from collections.abc import Iterable, Iterator, Sequence

from vnhealth.records import Claim, Record
from vnhealth.spec import Edition, TableSpec, tables
from vnhealth.spec import table as spec_table
from vnhealth.synth._context import edition_of
from vnhealth.synth._deviate import cells
from vnhealth.synth._dialects import switches_of

__all__ = ["render", "render_chunks"]

_DECLARATION = '<?xml version="1.0" encoding="utf-8"?>'
_XSD = ' xmlns:xsd="http://www.w3.org/2001/XMLSchema"'
_XSI = ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
_BAD_XSI = ' xmlns:xsi="http://www.w3.org/2001/XMLSchema instance"'
_NAMESPACES = {Edition.QD4210: _XSD, Edition.QD130: ""}
"""What the skeletons of the circulars declare on the root; two namespaces since QD 4750."""
_BOM = "\ufeff"
_TEXTS = ("HO_TEN", "DIA_CHI", "GHI_CHU", "HAM_LUONG", "GIA_TRI", "MO_TA", "KET_LUAN", "LY_DO_VV")
_TEXT_STARTS = ("CHAN_DOAN", "TEN_", "LIEU_", "CACH_", "DIEN_BIEN", "PHAU_THUAT", "HOI_CHAN")
_SPOILED = frozenset({"CHAN_DOAN_VAO", "TEN_BENH", "DIEN_BIEN_LS", "DIEN_BIEN"})


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _is_text(tag: str) -> bool:
    return tag in _TEXTS or tag.startswith(_TEXT_STARTS)


class _Writer:
    def __init__(self, edition: Edition, switches: frozenset[str]) -> None:
        self.edition = edition
        self.switches = switches
        self.end = "\r\r\n" if "cr_cr_lf" in switches else "\r\n" if "crlf" in switches else "\n"

    def has(self, name: str) -> bool:
        return name in self.switches

    def cell(self, spec: TableSpec, tag: str, text: str) -> str:
        if not text:
            return f"<{tag}/>" if self.has("self_closing") else f"<{tag}></{tag}>"
        shown = _escape(text)
        wrapped = tag in spec.cdata or (self.has("cdata") and _is_text(tag))
        if tag in _SPOILED and (self.has("raw_ampersand") or self.has("raw_less_than")):
            wrapped = False
            shown = shown.replace("&amp;", "&").replace("&lt;", "<")
            shown += " & theo dõi" if self.has("raw_ampersand") else ", SpO2 < 95%"
        if wrapped:
            shown = "<![CDATA[" + text.replace("]]>", "]]]]><![CDATA[>") + "]]>"
        return f"<{tag}>{shown}</{tag}>"

    def row(self, spec: TableSpec, row: Record, claim: Claim, attributes: str = "") -> str:
        pad = self.end + "  " if self.has("indented") else ""
        body = "".join(
            pad + self.cell(spec, tag, text) for tag, text in cells(row, spec, claim, self.switches)
        )
        close = self.end if self.has("indented") else ""
        return f"<{spec.row}{attributes}>{body}{close}</{spec.row}>"

    def part(self, name: str, claims: Sequence[Claim]) -> str:
        """The table file of some claims (of one, unless roots are concatenated)."""
        spec = spec_table(self.edition, name)
        namespace = _BAD_XSI + _XSD if self.has("bad_xsi_namespace") else ""
        flat = spec.row == spec.root
        attributes = namespace if flat else ""
        rows = [
            self.row(spec, row, claim, attributes) for claim in claims for row in claim.rows(name)
        ]
        body = self.end.join(rows)
        if not flat:
            if spec.list:
                body = f"<{spec.list}>{self.end}{body}{self.end}</{spec.list}>"
            body = f"<{spec.root}{namespace}>{self.end}{body}{self.end}</{spec.root}>"
        bare = self.has("no_declaration") or self.has("inline_xml")
        return body if bare else _DECLARATION + self.end + body

    def content(self, part: str) -> str:
        """NOIDUNGFILE: base64, or one of the forms in which vendors leave it readable."""
        if self.has("inline_xml"):
            return part
        if self.has("inline_cdata"):
            return "<![CDATA[" + part.replace("]]>", "]]]]><![CDATA[>") + "]]>"
        data = ((_BOM if self.has("bom_parts") else "") + part).encode("utf-8")
        if self.has("wrapped_base64"):
            return "\r\n" + base64.encodebytes(data).decode("ascii").replace("\n", "\r\n")
        return base64.b64encode(data).decode("ascii")

    def file(self, name: str, content: str) -> str:
        return (
            f"<FILEHOSO><LOAIHOSO>{name}</LOAIHOSO><NOIDUNGFILE>{content}</NOIDUNGFILE></FILEHOSO>"
        )

    def case(self, claims: Sequence[Claim], names: Sequence[str]) -> str:
        files = []
        for name in names:
            if any(claim.rows(name) for claim in claims):
                files.append(self.file(name, self.content(self.part(name, claims))))
            elif self.has("empty_part"):
                files.append(self.file(name, ""))
        if self.has("empty_file"):
            files.append("<FILEHOSO></FILEHOSO>")
        return "<HOSO>\n" + "\n".join(files) + "\n</HOSO>"


def _names(edition: Edition) -> tuple[str, ...]:
    return tuple(n for n in tables(edition) if spec_table(edition, n).in_envelope)


def render_chunks(
    claims: Iterable[Claim],
    *,
    edition: Edition,
    facility: str,
    created: dt.date,
    count: int,
    dialect: str | Iterable[str] | None = "official",
) -> Iterator[bytes]:
    """The envelope in pieces, one encounter after the other, in flat memory.

    ``count`` is what SOLUONGHOSO says. Joined roots (a deviation) need all encounters at once.
    """
    writer = _Writer(edition, switches_of(dialect))
    names = _names(edition)
    shown = count + 1 if writer.has("wrong_count") else count
    marks = 2 if writer.has("double_bom") else 1 if writer.has("bom") else 0
    yield (
        f"{_BOM * marks}{_DECLARATION}\n<GIAMDINHHS{_NAMESPACES.get(edition, _XSD + _XSI)}>\n"
        f"<THONGTINDONVI><MACSKCB>{facility}</MACSKCB></THONGTINDONVI>\n"
        f"<THONGTINHOSO>\n<NGAYLAP>{created:%Y%m%d}</NGAYLAP>\n"
        f"<SOLUONGHOSO>{shown}</SOLUONGHOSO>\n<DANHSACHHOSO>\n"
    ).encode()
    if writer.has("concatenated_roots"):
        yield writer.case(tuple(claims), names).encode() + b"\n"
    else:
        for claim in claims:
            yield writer.case((claim,), names).encode() + b"\n"
    signature = "" if writer.has("no_signature_element") else "\n<CHUKYDONVI></CHUKYDONVI>"
    yield f"</DANHSACHHOSO>\n</THONGTINHOSO>{signature}\n</GIAMDINHHS>".encode()


def render(
    claims: Iterable[Claim] | Claim,
    *,
    edition: Edition | str | None = None,
    facility: str | None = None,
    dialect: str | Iterable[str] | None = "official",
    created: dt.date | None = None,
) -> bytes:
    r"""The envelope GIAMDINHHS of some claims, as a vendor of a dialect would write it.

    ``dialect`` is a style of `DIALECTS`, deviations of `SWITCHES` joined by ``+``, or both.
    ``edition``, ``facility`` and ``created`` (NGAYLAP) follow from the first claim unless given:
    by the end of its encounter, by MA_CSKCB, the day of its end.

    >>> from vnhealth import synth
    >>> claim = synth.persona("LE_GIA_HAN").claim()
    >>> render(claim, dialect="bom")[:5]
    b'\xef\xbb\xbf<?'
    """
    held = (claims,) if isinstance(claims, Claim) else tuple(claims)
    first = held[0] if held else None
    code = facility or (first.xml1.ma_cskcb if first is not None and first.xml1 else "") or ""
    return b"".join(
        render_chunks(
            held,
            edition=edition_of(edition) if edition else _edition(first),
            facility=code,
            created=created or (first.ended_on if first else None) or dt.date(2000, 1, 1),
            count=len(held),
            dialect=dialect,
        )
    )


def _edition(first: Claim | None) -> Edition:
    return Edition.QD3176 if first is None else first.edition()
