"""What a repair is, and which kinds there are."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

__all__ = ["Kind", "Proposal", "Repair", "kinds"]


class Kind(NamedTuple):
    """A kind of repair: the finding that goes away by it, and what is done in two languages."""

    kind: str
    code: str
    text_vi: str
    text_en: str


@cache
def kinds() -> Mapping[str, Kind]:
    """All kinds by name (``data/kinds.csv``).

    >>> kinds()["trim"].code
    'BHYT-VAL-08'
    """
    text = (files("vnhealth.repair") / "data" / "kinds.csv").read_text("utf-8")
    return {row["kind"]: Kind(**row) for row in csv.DictReader(text.splitlines())}


@dataclass(frozen=True, slots=True, repr=False)
class Repair:
    """One change at one place, counted like findings are (from 0).

    ``before`` and ``after`` are the texts of a value; None where no value is touched.
    """

    kind: str
    encounter: int | None = None
    table: str | None = None
    row: int | None = None
    tag: str | None = None
    before: str | None = None
    after: str | None = None

    @property
    def code(self) -> str:
        """The finding that goes away."""
        return kinds()[self.kind].code

    @property
    def path(self) -> str:
        """Where it is, for example ``XML3[11].SO_LUONG``."""
        where = self.table or ""
        if where and self.row is not None:
            where += f"[{self.row}]"
        return ".".join(part for part in (where, self.tag) if part)

    def text(self, lang: str = "vi") -> str:
        """What is done, in ``vi`` or ``en``; never holds a value."""
        kind = kinds()[self.kind]
        return kind.text_en if lang == "en" else kind.text_vi

    def to_dict(self, *, values: bool = False) -> dict[str, Any]:
        """A JSON-ready object; the texts of values only when asked for."""
        out: dict[str, Any] = {
            "kind": self.kind,
            "code": self.code,
            "encounter": self.encounter,
            "table": self.table,
            "row": self.row,
            "tag": self.tag,
        }
        if values:
            out |= {"before": self.before, "after": self.after}
        return out

    def __repr__(self) -> str:
        return f"<Repair {self.kind} {self.path}>"


@dataclass(frozen=True, slots=True, repr=False)
class Proposal:
    """What can be repaired in a document: the list, and the bytes with all of it done.

    ``refused`` is empty, or why nothing is offered: signed (a repair would break the signature),
    archive, unreadable, encoding, malformed, batch (a HOSO of several episodes), large, loss (a
    value would have changed; this would be a defect).
    """

    data: bytes
    repairs: tuple[Repair, ...] = ()
    refused: str = ""

    def __repr__(self) -> str:
        return f"<Proposal {len(self.repairs)} repairs {self.refused}>".replace(" >", ">")
