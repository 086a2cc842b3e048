"""Patients, encounters and claims as plain dataclasses that know no format.

``to_domain`` reads them from the records of any edition, ``from_domain`` writes them back whole.
"""

from vnhealth.models._episode import (
    ClaimTotals,
    ClinicalNote,
    Diagnosis,
    DiagnosisSystem,
    Encounter,
    Episode,
    LabResult,
    OrderKind,
    OrderLine,
)
from vnhealth.models._people import Coverage, Department, Facility, Patient, Practitioner
from vnhealth.models._transform import from_domain, to_domain
from vnhealth.models._vocabulary import (
    VOCABULARIES,
    DischargeKind,
    EncounterKind,
    Outcome,
    PaymentMethod,
    Route,
    Scope,
    Sex,
    code_of,
    meaning_of,
    same_meaning,
)

__all__ = [
    "VOCABULARIES",
    "ClaimTotals",
    "ClinicalNote",
    "Coverage",
    "Department",
    "Diagnosis",
    "DiagnosisSystem",
    "DischargeKind",
    "Encounter",
    "EncounterKind",
    "Episode",
    "Facility",
    "LabResult",
    "OrderKind",
    "OrderLine",
    "Outcome",
    "Patient",
    "PaymentMethod",
    "Practitioner",
    "Route",
    "Scope",
    "Sex",
    "code_of",
    "from_domain",
    "meaning_of",
    "same_meaning",
    "to_domain",
]
