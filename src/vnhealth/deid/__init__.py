"""De-identification of claims, fail closed: what no policy row lets through stays at home.

Tier ``linked``: names, numbers, addresses and all free text are gone, persons are keyed tokens,
dates are shifted by whole weeks of the person. Visits of one person can still be joined, so the
label is *pseudonymised* and the data stay personal data.

>>> from vnhealth import deid
>>> deid.Policy.load("linked").label.value
'pseudonymised'
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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

_HOME = {
    "Action": "_policy",
    "Deidentifier": "_engine",
    "DeviceKey": "_keys",
    "Dropped": "_manifest",
    "Encounters": "_manifest",
    "Key": "_keys",
    "KeyProvider": "_keys",
    "Label": "_tables",
    "Manifest": "_manifest",
    "ModelRow": "_models",
    "Policy": "_policy",
    "PolicyRow": "_policy",
    "Releaser": "_release",
    "Result": "_apply",
    "RiskLine": "_risk_table",
    "RiskMeasure": "_risk",
    "RiskTable": "_risk_table",
    "RiskTooHigh": "_risk",
    "ScanReport": "_scan",
    "Signer": "_seal",
    "StandIns": "_fpe",
    "TokenChange": "_crosswalk",
    "Tokens": "_keys",
    "Withheld": "_tables",
    "apply": "_apply",
    "crosswalk": "_crosswalk",
    "deidentify_file": "_apply",
    "first_facility": "_apply",
    "forms": "_tables",
    "meanings": "_tables",
    "measure": "_risk",
    "model_rows": "_models",
    "policy_actions": "_tables",
    "read_claims": "_apply",
    "release": "_release",
    "risk_table": "_risk_table",
    "scan": "_scan",
    "seal": "_seal",
    "seal_holds": "_seal",
    "withheld": "_tables",
}
"""Loaded when they are used: who turns archives into tables needs no engine, keys or seals."""


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = found
    return found
