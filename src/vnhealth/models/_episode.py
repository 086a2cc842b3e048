"""What happened to the patient, what it cost, and the aggregate that holds it together."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum

from vnhealth.localtime import LocalTime
from vnhealth.models._base import Model
from vnhealth.models._people import Coverage, Department, Facility, Patient, Practitioner
from vnhealth.models._vocabulary import (
    DischargeKind,
    EncounterKind,
    Outcome,
    PaymentMethod,
    Route,
    Scope,
)
from vnhealth.models._wire import RowWire, Wire

__all__ = [
    "ClaimTotals",
    "ClinicalNote",
    "Diagnosis",
    "DiagnosisSystem",
    "Encounter",
    "Episode",
    "LabResult",
    "OrderKind",
    "OrderLine",
]

_TRADITIONAL = re.compile(r"U[5-7][0-9](\.[0-9]{1,3}){0,2}", re.IGNORECASE)


class DiagnosisSystem(StrEnum):
    """Which list a disease code is of."""

    ICD10 = "icd10"
    TRADITIONAL = "traditional"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Diagnosis(Model):
    """One coded disease."""

    code: str
    system: DiagnosisSystem = DiagnosisSystem.ICD10

    @classmethod
    def of(cls, code: str) -> Diagnosis:
        """With the list told by the shape of the code.

        Traditional-medicine codes use U50 to U79, which ICD-10 leaves free (inferred from the
        published codes, no decision states it).

        >>> Diagnosis.of("U62.392").system.value, Diagnosis.of("I10").system.value
        ('traditional', 'icd10')
        """
        found = DiagnosisSystem.TRADITIONAL if _TRADITIONAL.fullmatch(code) else None
        return cls(code=code, system=found or DiagnosisSystem.ICD10)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Encounter(Model):
    """One treatment episode of one patient at one facility.

    ``entitlement`` is the class of the visit in the current list (``1.1``, ``2``, ``3.2`` ...),
    ``route`` the coarse class of older records; neither follows from the other. Times are local.
    ``weight_kg`` is in kilograms, ``newborn_weights_g`` in grams, ``treatment_days`` in days.
    """

    link_id: str | None = None
    chart_no: str | None = None
    kind: EncounterKind | None = None
    entitlement: str | None = None
    route: Route | None = None
    living_area: str | None = None
    copayment_exempt_from: LocalTime | None = None
    five_years_insured_on: LocalTime | None = None
    started_at: LocalTime | None = None
    admitted_at: LocalTime | None = None
    ended_at: LocalTime | None = None
    treatment_days: int | None = None
    reason: str | None = None
    admission_reason: str | None = None
    admission_reason_code: str | None = None
    admission_diagnosis_text: str | None = None
    discharge_diagnosis_text: str | None = None
    main_diagnosis: Diagnosis | None = None
    other_diagnoses: tuple[Diagnosis, ...] = ()
    traditional_diagnoses: tuple[Diagnosis, ...] = ()
    procedures: tuple[str, ...] = ()
    injury: str | None = None
    departments: tuple[Department, ...] = ()
    discharge_department: Department | None = None
    referred_from: tuple[Facility, ...] = ()
    referred_to: Facility | None = None
    referral_no: str | None = None
    outgoing_referral_no: str | None = None
    illness_course: str | None = None
    results_summary: str | None = None
    treatment_method: str | None = None
    outcome: Outcome | None = None
    discharge_kind: DischargeKind | None = None
    advice: str | None = None
    follow_up_on: tuple[LocalTime, ...] = ()
    weight_kg: Decimal | None = None
    newborn_weights_g: tuple[Decimal, ...] = ()


class OrderKind(StrEnum):
    """What a line is about."""

    DRUG = "drug"
    SERVICE = "service"
    SUPPLY = "supply"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class OrderLine(Model):
    """One charged drug, service or supply. Money is VND as `Decimal`, rates are percent.

    ``code`` and ``name`` are those of the drug, service or supply itself; ``related_services``
    are the services in which a drug or supply was used. ``staff`` is filled where the source does
    not tell the ordering from the performing person.

    >>> OrderLine(kind=OrderKind.DRUG, code="40.30", quantity=Decimal(20)).kind.value
    'drug'
    """

    kind: OrderKind
    line_no: int | None = None
    code: str | None = None
    name: str | None = None
    related_services: tuple[str, ...] = ()
    related_service_name: str | None = None
    cost_group: str | None = None
    unit: str | None = None
    strength: tuple[str, ...] = ()
    dosage_form: str | None = None
    processing_method: tuple[str, ...] = ()
    registration_no: str | None = None
    tender: str | None = None
    source_facility: str | None = None
    fuel_code: str | None = None
    model: str | None = None
    supply_package: str | None = None
    route: str | None = None
    dose: str | None = None
    instructions: str | None = None
    quantity: Decimal | None = None
    unit_price: Decimal | None = None
    insurance_unit_price: Decimal | None = None
    payment_rate: Decimal | None = None
    insurance_rate: Decimal | None = None
    service_rate: Decimal | None = None
    benefit_rate: Decimal | None = None
    payment_ceiling: Decimal | None = None
    amount: Decimal | None = None
    amount_in_scope: Decimal | None = None
    state_budget: Decimal | None = None
    foreign_aid: Decimal | None = None
    domestic_aid: Decimal | None = None
    remaining_sources: Decimal | None = None
    other_sources: Decimal | None = None
    self_pay: Decimal | None = None
    copayment: Decimal | None = None
    fund_pays: Decimal | None = None
    outside_capitation: Decimal | None = None
    scope: Scope | None = None
    payment_method: PaymentMethod | None = None
    payer: str | None = None
    department: Department | None = None
    beds: tuple[str, ...] = ()
    ordered_by: tuple[Practitioner, ...] = ()
    performers: tuple[Practitioner, ...] = ()
    staff: tuple[Practitioner, ...] = ()
    diagnoses: tuple[Diagnosis, ...] = ()
    traditional_diagnoses: tuple[Diagnosis, ...] = ()
    procedures: tuple[str, ...] = ()
    anaesthesia: str | None = None
    body_site: str | None = None
    devices: tuple[str, ...] = ()
    reused: bool | None = None
    recurrent_wound: bool | None = None
    ordered_at: LocalTime | None = None
    performed_at: LocalTime | None = None
    result_at: LocalTime | None = None
    wire: RowWire | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class LabResult(Model):
    """One result of an investigation. ``value`` is text as reported, ``unit`` where it is given."""

    line_no: int | None = None
    service_code: str | None = None
    code: str | None = None
    name: str | None = None
    value: str | None = None
    unit: str | None = None
    description: str | None = None
    conclusion: str | None = None
    reported_at: LocalTime | None = None
    read_by: Practitioner | None = None
    devices: tuple[str, ...] = ()
    wire: RowWire | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ClinicalNote(Model):
    """One progress note with its consultation and surgery report."""

    line_no: int | None = None
    recorded_at: LocalTime | None = None
    authors: tuple[Practitioner, ...] = ()
    text: str | None = None
    disease_stage: str | None = None
    consultation: str | None = None
    surgery: str | None = None
    wire: RowWire | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ClaimTotals(Model):
    """Totals of the claim in VND, and when it was settled and is to be reimbursed."""

    settled_at: LocalTime | None = None
    settlement_year: int | None = None
    settlement_month: int | None = None
    drugs_total: Decimal | None = None
    supplies_total: Decimal | None = None
    total: Decimal | None = None
    total_in_scope: Decimal | None = None
    self_pay: Decimal | None = None
    copayment: Decimal | None = None
    fund_pays: Decimal | None = None
    other_sources: Decimal | None = None
    fund_pays_fee_for_service: Decimal | None = None
    outside_capitation: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Episode(Model):
    """An encounter with all that belongs to it.

    ``wire`` (here and in each line) carries what the models do not: opaque remains of the record
    that the episode came from, needed only to write it back whole. It takes no part in equality.
    """

    encounter: Encounter = field(default_factory=Encounter)
    patient: Patient = field(default_factory=Patient)
    facility: Facility = field(default_factory=Facility)
    coverages: tuple[Coverage, ...] = ()
    totals: ClaimTotals = field(default_factory=ClaimTotals)
    orders: tuple[OrderLine, ...] = ()
    results: tuple[LabResult, ...] = ()
    notes: tuple[ClinicalNote, ...] = ()
    wire: Wire | None = field(default=None, compare=False)

    def without_wire(self) -> Episode:
        """A copy with the meaning alone; writing it back loses what only the record held."""
        return replace(
            self,
            wire=None,
            orders=tuple(replace(line, wire=None) for line in self.orders),
            results=tuple(replace(line, wire=None) for line in self.results),
            notes=tuple(replace(line, wire=None) for line in self.notes),
        )
