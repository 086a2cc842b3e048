"""People, cards and places."""

from __future__ import annotations

from dataclasses import dataclass

from vnhealth.localtime import LocalTime
from vnhealth.models._base import Model
from vnhealth.models._vocabulary import Sex

__all__ = ["Coverage", "Department", "Facility", "Patient", "Practitioner"]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Practitioner(Model):
    """Someone who orders, performs, reads or signs, known by one code.

    ``code`` is what the source calls the person: a licence or certificate number, a social
    insurance number or a personal number; the standards changed it several times.
    """

    code: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Facility(Model):
    """A place of care: ``code`` is the 5-character facility code of the insurance.

    ``head`` is the person who signs for it.
    """

    code: str | None = None
    head: Practitioner | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Department(Model):
    """A department by its code in the ministry's list (``K02``, ``K19`` ...)."""

    code: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Patient(Model):
    """A person who receives care.

    ``local_id`` is the number that the facility gave. ``birth_date`` may be known to the year or
    month only, and to the minute for newborns. Codes (nationality, ethnicity, occupation, province,
    district, commune) are those of the national lists, as text.

    >>> from vnhealth.localtime import LocalTime
    >>> Patient(birth_date=LocalTime.parse("198600000000")).birth_date.precision.name
    'YEAR'
    """

    local_id: str | None = None
    name: str | None = None
    birth_date: LocalTime | None = None
    sex: Sex | None = None
    blood_group: str | None = None
    national_id: str | None = None
    national_id_issued_on: LocalTime | None = None
    national_id_issued_by: str | None = None
    social_insurance_no: str | None = None
    temporary_card_number: str | None = None
    nationality: str | None = None
    ethnicity: str | None = None
    occupation: str | None = None
    occupation_text: str | None = None
    employer: str | None = None
    address: str | None = None
    province: str | None = None
    district: str | None = None
    commune: str | None = None
    phone: str | None = None
    father_name: str | None = None
    father_social_insurance_no: str | None = None
    mother_name: str | None = None
    mother_social_insurance_no: str | None = None
    guardian_name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Coverage(Model):
    """One health-insurance card: number, first registered facility, and the days it holds."""

    card_number: str
    home_facility: str | None = None
    valid_from: LocalTime | None = None
    valid_to: LocalTime | None = None
