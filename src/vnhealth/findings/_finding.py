"""One finding."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from vnhealth.findings._catalogue import CodeInfo, catalogue

__all__ = ["MASK", "Draft", "Finding", "Severity"]

MASK = "•••"


class Severity(StrEnum):
    """How bad a finding is; ordered from `INFO` to `ERROR` by `rank`."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"

    @property
    def rank(self) -> int:
        """0 for info, 1 for warning, 2 for error."""
        return ("info", "warning", "error").index(self.value)


@dataclass(frozen=True, slots=True, repr=False)
class Finding:
    """Something a reader, a rule, a verifier or a gateway has to say about a document.

    ``encounter`` and ``row`` are indices from 0, or None when the finding is about a whole document
    or table. ``params`` fill the message and hold no value of the document; ``values`` do, and are
    masked unless the caller asks for them.

    >>> f = Finding("BHYT-VAL-01", Severity.ERROR, table="XML3", row=11, tag="SO_LUONG",
    ...             values={"value": "12x"})
    >>> f.path
    'XML3[11].SO_LUONG'
    >>> "12x" in f.message_en, "12x" in f.text("en", values=True)
    (False, True)
    """

    code: str
    severity: Severity
    encounter: int | None = None
    table: str | None = None
    row: int | None = None
    tag: str | None = None
    params: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, str] = field(default_factory=dict)

    @property
    def info(self) -> CodeInfo:
        """The catalogue entry of the code."""
        return catalogue.info(self.code)

    @property
    def basis(self) -> str:
        """The legal basis or other source of the rule."""
        return self.info.basis

    @property
    def path(self) -> str:
        """Where it is, for example ``XML3[11].NGAY_YL`` (indices from 0)."""
        where = self.table or ""
        if where and self.row is not None:
            where += f"[{self.row}]"
        return ".".join(part for part in (where, self.tag) if part)

    def text(self, lang: str = "vi", *, values: bool = False) -> str:
        """The message in ``vi`` or ``en``; values of the document are masked unless asked for."""
        shown = dict(self.values) if values else dict.fromkeys(self.values, MASK)
        place = {"tag": self.tag or "", "table": self.table or ""}
        return self.info.message(lang, {**place, **self.params, **shown})

    @property
    def message(self) -> str:
        """The Vietnamese message, values masked."""
        return self.text("vi")

    @property
    def message_vi(self) -> str:
        """The Vietnamese message, values masked."""
        return self.text("vi")

    @property
    def message_en(self) -> str:
        """The English message, values masked."""
        return self.text("en")

    def hint(self, lang: str = "vi") -> str:
        """How to repair it."""
        place = {"tag": self.tag or "", "table": self.table or ""}
        return self.info.hint(lang, {**place, **self.params})

    def masked(self) -> Finding:
        """The same with a mask for each value of the document."""
        return replace(self, values=dict.fromkeys(self.values, MASK))

    def to_dict(self, lang: str = "vi", *, values: bool = False) -> dict[str, Any]:
        """A JSON-ready object: code, severity, encounter, table, row, tag, message, basis, hint."""
        info = self.info
        words = {"tag": self.tag or "", "table": self.table or "", **self.params}
        shown = self.values if values else dict.fromkeys(self.values, MASK)
        all_words = {**words, **shown} if shown else words
        out: dict[str, Any] = {
            "code": self.code,
            "severity": str(self.severity),
            "encounter": self.encounter,
            "table": self.table,
            "row": self.row,
            "tag": self.tag,
            "message": info.message(lang, all_words),
            "hint": info.hint(lang, words),
            "basis": info.basis,
            "confidence": info.confidence,
        }
        if values:
            out["values"] = dict(self.values)
        return out

    def __hash__(self) -> int:
        return hash((self.code, self.encounter, self.table, self.row, self.tag))

    def __repr__(self) -> str:
        at = "" if self.encounter is None else f" encounter={self.encounter}"
        return f"<Finding {self.code} {self.severity.value}{at} {self.path}>"


class Draft:
    """A `Finding` that is still being filled in, with the same slots.

    Setting ``__class__`` to `Finding` freezes it: for checks that find many and should not build
    each of them twice.
    """

    __slots__ = Finding.__slots__

    code: str
    severity: Severity | None
    encounter: int | None
    table: str | None
    row: int | None
    tag: str | None
    params: Mapping[str, str]
    values: Mapping[str, str]
