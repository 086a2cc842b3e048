"""vnhealth: SDK and reference sandbox for Viet Nam's digital-health data exchange.

Importing it is cheap: a part is loaded when it is first touched.

>>> import vnhealth
>>> vnhealth.Edition.QD3176.value
'3176'
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vnhealth import bhyt as bhyt
    from vnhealth import catalogs as catalogs
    from vnhealth import spec as spec
    from vnhealth.errors import VnHealthError as VnHealthError
    from vnhealth.findings import Finding as Finding
    from vnhealth.findings import Findings as Findings
    from vnhealth.findings import Severity as Severity
    from vnhealth.localtime import LocalTime as LocalTime
    from vnhealth.spec import Edition as Edition

__version__ = "0.1.0"

_HOME = {
    "bhyt": "vnhealth.bhyt",
    "catalogs": "vnhealth.catalogs",
    "spec": "vnhealth.spec",
    "Edition": "vnhealth.spec",
    "Finding": "vnhealth.findings",
    "Findings": "vnhealth.findings",
    "LocalTime": "vnhealth.localtime",
    "Severity": "vnhealth.findings",
    "VnHealthError": "vnhealth.errors",
}

__all__ = [
    "Edition",
    "Finding",
    "Findings",
    "LocalTime",
    "Severity",
    "VnHealthError",
    "__version__",
    "bhyt",
    "catalogs",
    "spec",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'vnhealth' has no attribute {name!r}")
    module = import_module(_HOME[name])
    found = module if _HOME[name].endswith(f".{name}") else getattr(module, name)
    globals()[name] = found
    return found
