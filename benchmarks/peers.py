"""Other libraries doing the same work, with models made from the registry at run time.

A peer that is not installed is left out and said so. Peers get what they like best: one table in
official order, models built beforehand, no envelope.
"""

from __future__ import annotations

import base64
import dataclasses
import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Annotated, Any, Optional

from lxml import etree

from vnhealth import spec
from vnhealth.records._sizes import BIRTHS

TABLES = ("XML1", "XML2", "XML3", "XML4", "XML5")
EDITION = "4750"


def inner(files: list[bytes]) -> list[tuple[str, bytes]]:
    """(table, bytes) of every inner document; empty elements dropped, which some peers refuse."""
    out = []
    for data in files:
        for file in etree.fromstring(data).iter("FILEHOSO"):
            name = file.findtext("LOAIHOSO") or ""
            content = base64.b64decode(file.findtext("NOIDUNGFILE") or "")
            root = etree.fromstring(content)
            for element in list(root.iter()):
                parent = element.getparent()
                if parent is not None and not len(element) and not (element.text or "").strip():
                    parent.remove(element)
            out.append((name, etree.tostring(root)))
    return out


def _python(f: spec.Field) -> type:
    kind = spec.record_kind("130", f.table, f.tag)
    return {spec.Kind.INTEGER: int, spec.Kind.DECIMAL: Decimal}.get(kind, str)


def pydantic_reader(parts: list[tuple[str, bytes]]) -> Callable[[], object] | None:
    """Models as most people write them, on the texts that lxml gives, row by row."""
    try:
        from pydantic import BeforeValidator, Field, create_model
    except ImportError:
        return None

    def moment(text: object) -> dt.datetime | None:
        if not isinstance(text, str):
            return None
        return dt.datetime.strptime(text, "%Y%m%d%H%M" if len(text) == 12 else "%Y%m%d")

    rows: dict[str, tuple[str, Any]] = {}
    for name in TABLES:
        held = spec.table(EDITION, name)
        fields: dict[str, Any] = {}
        for f in held.fields:
            type_: Any = _python(f)
            time = spec.record_kind("130", name, f.tag) is spec.Kind.TIME and f.tag not in BIRTHS
            limit = f.max_length if type_ is str and not time else None
            if time:
                type_ = Annotated[Optional[dt.datetime], BeforeValidator(moment)]
            fields[f.attr] = (Optional[type_], Field(None, alias=f.tag, max_length=limit))
        rows[name] = held.row, create_model(name, **fields)

    def run() -> None:
        for name, content in parts:
            tag, model = rows[name]
            for row in etree.fromstring(content).iter(tag):
                model.model_validate({cell.tag: cell.text for cell in row})

    return run


def xsdata_reader(parts: list[tuple[str, bytes]]) -> Callable[[], object] | None:
    try:
        from xsdata.formats.dataclass.parsers import XmlParser
    except ImportError:
        return None
    roots: dict[str, type] = {}
    for name in TABLES:
        held = spec.table(EDITION, name)
        fields = [
            (
                f.attr,
                Optional[_python(f)],
                dataclasses.field(default=None, metadata={"name": f.tag, "type": "Element"}),
            )
            for f in held.fields
        ]
        row: Any = dataclasses.make_dataclass(held.row.title(), fields)
        row.Meta = type("Meta", (), {"name": held.row})
        for element in (held.list, held.root if held.root != held.row else ""):
            if element:
                child = {"name": row.Meta.name, "type": "Element"}
                many = dataclasses.field(default_factory=list, metadata=child)
                row = dataclasses.make_dataclass(element.title(), [("rows", list[row], many)])
                row.Meta = type("Meta", (), {"name": element})
        roots[name] = row
    parser = XmlParser()

    def run() -> None:
        for name, content in parts:
            parser.from_bytes(content, roots[name])

    return run


def pydantic_xml_reader(parts: list[tuple[str, bytes]]) -> Callable[[], object] | None:
    try:
        import pydantic_xml
    except ImportError:
        return None
    roots: dict[str, Any] = {}
    for name in TABLES:
        held = spec.table(EDITION, name)
        body: dict[str, Any] = {"__annotations__": {}}
        for f in held.fields:
            body["__annotations__"][f.attr] = Optional[_python(f)]
            body[f.attr] = pydantic_xml.element(tag=f.tag, default=None)
        made: Any = type(pydantic_xml.BaseXmlModel)(
            f"{name}Row", (pydantic_xml.BaseXmlModel,), body, tag=held.row
        )
        for element in (held.list, held.root if held.root != held.row else ""):
            if element:
                wrapped = {
                    "__annotations__": {"rows": list[made]},
                    "rows": pydantic_xml.element(tag=made.__xml_tag__, default=[]),
                }
                made = type(pydantic_xml.BaseXmlModel)(
                    f"{name}{element}", (pydantic_xml.BaseXmlModel,), wrapped, tag=element
                )
        roots[name] = made

    def run() -> None:
        for name, content in parts:
            roots[name].from_xml(content)

    return run


def schema(name: str) -> str:
    """An XSD of one table: all elements optional, sizes of strings, decimals."""
    held = spec.table(EDITION, name)
    cells = []
    for f in held.fields:
        kind = _python(f)
        if kind is str:
            limit = f'<xs:maxLength value="{f.max_length}"/>' if f.max_length else ""
            body = f'<xs:restriction base="xs:string">{limit}</xs:restriction>'
        else:
            body = '<xs:restriction base="xs:decimal"/>'
        cells.append(
            f'<xs:element name="{f.tag}" minOccurs="0"><xs:simpleType>{body}</xs:simpleType>'
            "</xs:element>"
        )
    content = f"<xs:complexType><xs:sequence>{''.join(cells)}</xs:sequence></xs:complexType>"
    out = f'<xs:element name="{held.row}" %s>{content}</xs:element>'
    for element in (held.list, held.root if held.root != held.row else ""):
        if element:
            inside = out % 'maxOccurs="unbounded"' if "%s" in out else out
            wrap = f"<xs:complexType><xs:sequence>{inside}</xs:sequence></xs:complexType>"
            out = f'<xs:element name="{element}">{wrap}</xs:element>'
    out = out % "" if "%s" in out else out
    return f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">{out}</xs:schema>'


def xmlschema_reader(parts: list[tuple[str, bytes]]) -> Callable[[], object] | None:
    try:
        import xmlschema
    except ImportError:
        return None
    schemas = {name: xmlschema.XMLSchema(schema(name)) for name in TABLES}

    def run() -> None:
        for name, content in parts:
            schemas[name].decode(content.decode(), validation="lax")

    return run


def xsd_validator(parts: list[tuple[str, bytes]]) -> Callable[[], object]:
    """lxml's own XSD check, which makes no objects: a floor for validation."""
    schemas = {name: etree.XMLSchema(etree.fromstring(schema(name))) for name in TABLES}

    def run() -> None:
        for name, content in parts:
            schemas[name].validate(etree.fromstring(content))

    return run
