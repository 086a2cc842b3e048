"""Findings: what is wrong in a document, where, by which text, and how to repair it.

A finding is data, never an exception. Its code is permanent; its texts, legal basis and repair hint
live in the catalogue (CSV files beside this module) and are looked up when they are shown.
"""

from vnhealth.findings._catalogue import CodeInfo, catalogue
from vnhealth.findings._finding import Finding, Severity
from vnhealth.findings._findings import Findings

__all__ = ["CodeInfo", "Finding", "Findings", "Severity", "catalogue"]
