"""Findings: what is wrong in a document, where, by which text, and how to repair it.

A finding is data, never an exception. Its code is permanent; its texts, legal basis and repair hint
live in the catalogue (CSV files beside this module) and are looked up when they are shown.

`Findings` filters, groups and exports. A check of files gives `CheckedFile` objects, which the
exporters `write_json`, `write_sarif` and `write_junit` (and those of `vnhealth.reports`) write one
by one. `Suppressions` take out what somebody answers for, a `Baseline` what was known before.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from vnhealth.findings._catalogue import CodeInfo, catalogue
from vnhealth.findings._finding import MASK, Finding, Severity
from vnhealth.findings._findings import Findings

if TYPE_CHECKING:
    from vnhealth.findings._baseline import Baseline, Comparison, Fingerprints, place_of
    from vnhealth.findings._cause import Cause, Tally
    from vnhealth.findings._checked import CheckedFile, FindingList, Run, Spool
    from vnhealth.findings._export_json import write_json
    from vnhealth.findings._export_junit import write_junit
    from vnhealth.findings._export_sarif import write_sarif
    from vnhealth.findings._export_text import causes_table, findings_table
    from vnhealth.findings._suppress import Suppression, Suppressions

__all__ = [
    "MASK",
    "Baseline",
    "Cause",
    "CheckedFile",
    "CodeInfo",
    "Comparison",
    "Finding",
    "FindingList",
    "Findings",
    "Fingerprints",
    "Run",
    "Severity",
    "Spool",
    "Suppression",
    "Suppressions",
    "Tally",
    "catalogue",
    "causes_table",
    "findings_table",
    "place_of",
    "write_json",
    "write_junit",
    "write_sarif",
]

_LATER = {
    "_baseline": ("Baseline", "Comparison", "Fingerprints", "place_of"),
    "_cause": ("Cause", "Tally"),
    "_checked": ("CheckedFile", "FindingList", "Run", "Spool"),
    "_export_json": ("write_json",),
    "_export_junit": ("write_junit",),
    "_export_sarif": ("write_sarif",),
    "_export_text": ("causes_table", "findings_table"),
    "_suppress": ("Suppression", "Suppressions"),
}
"""Loaded when they are used: readers and rules need none of them."""

_MODULES = {name: module for module, names in _LATER.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    globals()[name] = found
    return found
