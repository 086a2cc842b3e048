"""Whole archives through several processes: check, convert, de-identify, turn into tables.

Huge files are cut between encounters by bytes. Workers read their ranges themselves and write
files or give Arrow tables back, never claims. Results come in order and do not depend on the number
of workers; memory is flat; a job that was killed goes on where it stopped. One broken encounter or
file costs nothing but itself: it stands in the ``troubles`` of the `Report`.

>>> import tempfile
>>> from pathlib import Path
>>> from vnhealth import pipelines, synth
>>> folder = Path(tempfile.mkdtemp())
>>> _ = (folder / "day.xml").write_bytes(synth.render(list(synth.generate(encounters=3, seed=7))))
>>> report = pipelines.to_parquet(folder / "day.xml", folder / "tables", workers=1)
>>> report.encounters, report.rows["XML1"], report.troubles
(3, 3, [])
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vnhealth.pipelines._check import Checked, check
    from vnhealth.pipelines._chunks import Trouble
    from vnhealth.pipelines._convert import Converted, convert
    from vnhealth.pipelines._deid import Deidentified, deid
    from vnhealth.pipelines._run import Report
    from vnhealth.pipelines._tables import arrow, to_parquet

__all__ = [
    "Checked",
    "Converted",
    "Deidentified",
    "Report",
    "Trouble",
    "arrow",
    "check",
    "convert",
    "deid",
    "to_parquet",
]

_MODULES = {
    "Checked": "_check",
    "check": "_check",
    "Trouble": "_chunks",
    "Converted": "_convert",
    "convert": "_convert",
    "Deidentified": "_deid",
    "deid": "_deid",
    "Report": "_run",
    "arrow": "_tables",
    "to_parquet": "_tables",
}
"""Loaded when they are used: who only cuts a file needs no rules and no policies."""


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    globals()[name] = found
    return found
