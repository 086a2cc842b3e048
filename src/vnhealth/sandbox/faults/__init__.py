"""What goes wrong, on purpose: rules that make the sandbox misbehave the way gateways do.

A `Fault` is a rule (which fault, where, when), a `FaultPlan` the rules of an exchange with a seed:
the same plan and requests give the same faults. `fault_kinds` lists what is known, each variant
with its evidence. Magic values do the same from any language without a plan: an MA_LK that begins
with ``VNH-F10-`` or a facility ``99F10`` meets fault F10.
"""

from vnhealth.sandbox.faults._kinds import FaultKind, fault_kind, fault_kinds
from vnhealth.sandbox.faults._magic import MAGIC_FACILITIES, MAGIC_KEY
from vnhealth.sandbox.faults._plan import FaultPlan, Injection
from vnhealth.sandbox.faults._rule import Fault

__all__ = [
    "MAGIC_FACILITIES",
    "MAGIC_KEY",
    "Fault",
    "FaultKind",
    "FaultPlan",
    "Injection",
    "fault_kind",
    "fault_kinds",
]
