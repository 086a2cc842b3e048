"""Values that call for a fault by themselves, so that a client in any language can do it.

An MA_LK ``VNH-F10-…`` or ``VNH-F09.empty-…`` (with a variant) meets the fault when it is sent, a
facility ``99F10`` meets it at its calls. A lasting fault comes every time, others the first time.
"""

from __future__ import annotations

import re

from vnhealth.errors import SandboxError
from vnhealth.sandbox.faults._kinds import fault_kind, fault_kinds
from vnhealth.sandbox.faults._rule import Fault

__all__ = ["MAGIC_FACILITIES", "MAGIC_KEY", "magic_of_facility", "magic_of_key"]

MAGIC_KEY = "VNH-"
MAGIC_PROVINCE = "99"

_KEY = re.compile(r"VNH-([FN]\d\d)(?:\.([a-z_0-9]+))?-")

MAGIC_FACILITIES = tuple(MAGIC_PROVINCE + fault for fault in fault_kinds() if fault[0] == "F")
"""Codes of the facilities that meet a fault: 99F01 to 99F20."""


def magic_of_key(key: str) -> Fault | None:
    """The fault that an MA_LK calls for, if any.

    >>> magic_of_key("VNH-F09.empty-0001").kind.name
    'F09/empty'
    """
    found = _KEY.match(key)
    return _fault(found[1], found[2] or "") if found else None


def magic_of_facility(code: str) -> Fault | None:
    """The fault that a facility calls for, if any.

    >>> magic_of_facility("99F18").kind.name, magic_of_facility("01001")
    ('F18/rate_limit', None)
    """
    return _fault(code[2:], "") if code.startswith(MAGIC_PROVINCE) and len(code) == 5 else None


def _fault(fault: str, variant: str) -> Fault | None:
    try:
        kind = fault_kind(fault, variant)
    except SandboxError:
        return None
    return Fault(fault, variant=kind.variant, times=0 if kind.lasting == "yes" else 1)
