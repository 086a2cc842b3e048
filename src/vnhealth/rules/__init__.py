"""The rules: everything a gateway or an assessor would refuse, judged by the texts of the day.

>>> from vnhealth import rules
>>> rules.explain("BHYT-CLAIM-111")["source_id"]
'S11'
"""

from vnhealth.rules._calendar import Calendar, calendar
from vnhealth.rules._case import Case
from vnhealth.rules._engine import check
from vnhealth.rules._face import explain, export
from vnhealth.rules._model import CodeCatalog, Hit, Rule, Tolerance
from vnhealth.rules._outside import OutsideRule, installed
from vnhealth.rules._registry import registry

__all__ = [
    "Calendar",
    "Case",
    "CodeCatalog",
    "Hit",
    "OutsideRule",
    "Rule",
    "Tolerance",
    "calendar",
    "check",
    "explain",
    "export",
    "installed",
    "registry",
]
