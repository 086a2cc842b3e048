"""The catalogue of permanent codes: texts, severity, legal basis and examples as CSV rows."""

from __future__ import annotations

import csv
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files

__all__ = ["CodeInfo", "catalogue"]

SOURCES = (
    "errors",
    "codec",
    "convert",
    "rules",
    "pricing",
    "identity",
    "catalogs",
    "signing",
    "deid",
    "protocol",
    "sandbox",
    "sync",
    "indicators",
    "pipelines",
    "conformance",
    "cli",
)
"""The files of ``findings/data``, in the order in which pages list them. A missing one is empty."""


class _Blank(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "…"


def _filled(text: str, params: Mapping[str, str]) -> str:
    return text.format_map(_Blank(params)) if "{" in text or "}" in text else text


@dataclass(frozen=True, slots=True)
class CodeInfo:
    """All that is known of one code.

    ``severity`` is the default; a rule may lower or raise it on a date. ``confidence`` is one of
    official, gateway, practice, draft, own (this project's own technical finding).
    ``example_fail`` and ``example_pass`` are shown on its page.
    """

    code: str
    severity: str
    message_vi: str
    message_en: str
    hint_vi: str
    hint_en: str
    basis: str
    confidence: str
    example_fail: str
    example_pass: str
    source: str

    def message(self, lang: str, params: Mapping[str, str]) -> str:
        """The sentence in ``vi`` or ``en`` with its placeholders filled, unknown ones by …"""
        return _filled(self.message_en if lang == "en" else self.message_vi, params)

    def hint(self, lang: str, params: Mapping[str, str]) -> str:
        """How to repair it, in ``vi`` or ``en``."""
        return _filled(self.hint_en if lang == "en" else self.hint_vi, params)


class _Catalogue:
    """Loads all CSV files on first touch, under a lock."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    @cached_property
    def _rows(self) -> dict[str, CodeInfo]:
        with self._lock:
            rows: dict[str, CodeInfo] = {}
            folder = files("vnhealth.findings") / "data"
            for source in SOURCES:
                path = folder / f"{source}.csv"
                if not path.is_file():
                    continue
                for row in csv.DictReader(path.read_text("utf-8").splitlines()):
                    if row["code"] in rows:
                        raise AssertionError(f"code {row['code']} stands twice in the catalogue")
                    rows[row["code"]] = CodeInfo(source=source, **row)
            return rows

    def info(self, code: str) -> CodeInfo:
        """The entry of a code. Raises `vnhealth.errors.SpecError` for an unknown one."""
        try:
            return self._rows[code]
        except KeyError:
            from vnhealth.errors import SpecError

            raise SpecError("ERR-SPEC-05", name=code) from None

    def add(self, info: CodeInfo) -> None:
        """Make a code of another package known, once or again. Raises `ValueError` when taken."""
        if self._rows.setdefault(info.code, info) != info:
            raise ValueError(f"the code {info.code} is taken")

    def __contains__(self, code: object) -> bool:
        return code in self._rows

    def __iter__(self) -> Iterator[CodeInfo]:
        return iter(self._rows.values())

    def __len__(self) -> int:
        return len(self._rows)


catalogue = _Catalogue()
"""The one catalogue of this installation.

>>> catalogue.info("ERR-XML-02").severity
'error'
"""
