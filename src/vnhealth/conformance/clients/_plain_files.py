"""The files of the plain client: rows become tables, tables an envelope, an envelope is signed."""

from __future__ import annotations

import base64
import datetime as dt
from xml.sax.saxutils import escape

from vnhealth import signing
from vnhealth.conformance.clients._place import Task, Workplace
from vnhealth.localtime import ICT
from vnhealth.spec import Edition, edition_at
from vnhealth.spec import table as spec_table

__all__ = ["PlainFiles"]

DECLARATION = '<?xml version="1.0" encoding="utf-8"?>\n'
NAMESPACES = (
    ' xmlns:xsd="http://www.w3.org/2001/XMLSchema"'
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
)


class PlainFiles:
    """Writes and signs the file of a task."""

    def __init__(self, place: Workplace) -> None:
        self.place = place

    def edition(self, task: Task) -> Edition:
        """The edition in force on the day on which the visit ends (check-in: begins)."""
        tables = task["tables"]
        moment = tables["XML1"][0]["NGAY_RA"] if "XML1" in tables else tables["XML0"][0]["NGAY_VAO"]
        return edition_at(dt.datetime.strptime(moment[:8], "%Y%m%d").date())

    def call_of(self, task: Task, kind: str) -> str:
        """The name of the call: the amendment of 2026 still travels by the path of 3176."""
        edition = self.edition(task).value
        return f"{kind}_{'3176' if edition == '1931' else edition}"

    def file(self, task: Task, kind: str) -> bytes:
        """The signed file of a task."""
        if kind == "checkin":
            return self.sign(self.standalone(task, "XML0"), task)
        return self.sign(self.envelope(task), task)

    def sign(self, file: bytes, task: Task) -> bytes:
        """The file with the facility's signature."""
        signer = self.place.signers.get(task["facility"])
        return signing.sign(file, signer) if signer else file

    def cell(self, tag: str, text: str) -> str:
        """One value as it stands in the file."""
        return escape(text)

    def row(self, cells: dict[str, str]) -> str:
        """One row."""
        return "".join(f"<{tag}>{self.cell(tag, text)}</{tag}>" for tag, text in cells.items())

    def rows(self, task: Task, table: str) -> list[dict[str, str]]:
        """The rows of a table, with the codes that this client has to choose."""
        rows = [dict(row) for row in task["tables"][table]]
        for place, codes in task.get("choices", {}).items():
            of, _, tag = place.partition(".")
            for row in rows if of == table else ():
                row[tag] = row[tag] or self.code_in_force(codes, self.code_day(task))
        return rows

    def code_day(self, task: Task) -> str:
        """The day whose list of codes counts: that on which the visit ended (ISO)."""
        text = task["tables"]["XML1"][0]["NGAY_RA"]
        return f"{text[:4]}-{text[4:6]}-{text[6:8]}"

    def code_in_force(self, codes: list[dict[str, str]], day: str) -> str:
        """The code of a choice that holds on a day."""
        return next(c["code"] for c in codes if c["from"] <= day <= c["until"])

    def part(self, task: Task, table: str) -> str:
        """The XML of one table."""
        spec = spec_table(self.edition(task), table)
        rows = self.rows(task, table)
        if spec.row == spec.root:
            return f"{DECLARATION}<{spec.root}>{self.row(rows[0])}</{spec.root}>"
        body = "".join(f"<{spec.row}>{self.row(row)}</{spec.row}>" for row in rows)
        inner = f"<{spec.list}>{body}</{spec.list}>" if spec.list else body
        return f"{DECLARATION}<{spec.root}>{inner}</{spec.root}>"

    def standalone(self, task: Task, table: str) -> bytes:
        """A file with one table and a place for the signature."""
        text = self.part(task, table)
        root = spec_table(self.edition(task), table).root
        return text.replace(f"</{root}>", f"<CHUKYDONVI></CHUKYDONVI></{root}>").encode()

    def table_names(self, task: Task) -> list[str]:
        """The tables of a claim in the order of their numbers."""
        return sorted(task["tables"], key=lambda name: int(name.removeprefix("XML")))

    def content(self, part: str) -> str:
        """The Base64 of a table."""
        return base64.b64encode(part.encode()).decode("ascii")

    def case(self, task: Task) -> str:
        """The HOSO of a claim."""
        files = "".join(
            f"<FILEHOSO><LOAIHOSO>{name}</LOAIHOSO>"
            f"<NOIDUNGFILE>{self.content(self.part(task, name))}</NOIDUNGFILE></FILEHOSO>"
            for name in self.table_names(task)
        )
        return f"<HOSO>{files}</HOSO>"

    def created(self) -> str:
        """The day on which the file is made."""
        return f"{self.place.clock().astimezone(ICT):%Y%m%d}"

    def envelope(self, task: Task) -> bytes:
        """The GIAMDINHHS of one claim."""
        return self.wrapped(task["facility"], [self.case(task)])

    def wrapped(self, facility: str, cases: list[str]) -> bytes:
        """The envelope around some HOSO."""
        return (
            f"{DECLARATION}<GIAMDINHHS{NAMESPACES}>"
            f"<THONGTINDONVI><MACSKCB>{facility}</MACSKCB></THONGTINDONVI>"
            f"<THONGTINHOSO><NGAYLAP>{self.created()}</NGAYLAP>"
            f"<SOLUONGHOSO>{len(cases)}</SOLUONGHOSO>"
            f"<DANHSACHHOSO>{''.join(cases)}</DANHSACHHOSO></THONGTINHOSO>"
            f"<CHUKYDONVI></CHUKYDONVI></GIAMDINHHS>"
        ).encode()
