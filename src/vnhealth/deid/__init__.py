"""De-identification of claims, fail closed: what no policy row lets through stays at home.

Tier ``linked``: names, numbers, addresses and all free text are gone, persons are keyed tokens,
dates are shifted by whole weeks of the person. Visits of one person can still be joined, so the
label is *pseudonymised* and the data stay personal data.

>>> from vnhealth import deid
>>> deid.Policy.load("linked").label.value
'pseudonymised'
"""

from vnhealth.deid._apply import Result, apply, deidentify_file, first_facility, read_claims
from vnhealth.deid._crosswalk import TokenChange, crosswalk
from vnhealth.deid._engine import Deidentifier
from vnhealth.deid._fpe import StandIns
from vnhealth.deid._keys import DeviceKey, Key, KeyProvider, Tokens
from vnhealth.deid._manifest import Dropped, Encounters, Manifest
from vnhealth.deid._models import ModelRow, model_rows
from vnhealth.deid._policy import Action, Policy, PolicyRow
from vnhealth.deid._release import Releaser, release
from vnhealth.deid._risk import RiskMeasure, RiskTooHigh, measure
from vnhealth.deid._risk_table import RiskLine, RiskTable, risk_table
from vnhealth.deid._scan import ScanReport, scan
from vnhealth.deid._seal import Signer, seal, seal_holds
from vnhealth.deid._tables import Label, Withheld, forms, meanings, policy_actions, withheld

__all__ = [
    "Action",
    "Deidentifier",
    "DeviceKey",
    "Dropped",
    "Encounters",
    "Key",
    "KeyProvider",
    "Label",
    "Manifest",
    "ModelRow",
    "Policy",
    "PolicyRow",
    "Releaser",
    "Result",
    "RiskLine",
    "RiskMeasure",
    "RiskTable",
    "RiskTooHigh",
    "ScanReport",
    "Signer",
    "StandIns",
    "TokenChange",
    "Tokens",
    "Withheld",
    "apply",
    "crosswalk",
    "deidentify_file",
    "first_facility",
    "forms",
    "meanings",
    "measure",
    "model_rows",
    "policy_actions",
    "read_claims",
    "release",
    "risk_table",
    "scan",
    "seal",
    "seal_holds",
    "withheld",
]
