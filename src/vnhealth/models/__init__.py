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
from vnhealth.models.person import Identifier, PersonIdentity
from vnhealth.models.person_book import PersonBook
from vnhealth.models.person_verification import IdentityVerifier

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
    "Identifier",
    "IdentityVerifier",
    "LabResult",
    "OrderKind",
    "OrderLine",
    "Outcome",
    "Patient",
    "PaymentMethod",
    "PersonBook",
    "PersonIdentity",
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
