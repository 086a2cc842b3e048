"""What the small coded values mean, independent of the digits any standard writes for them.

The digits of each standard stand in ``data/codes.csv``.
"""

from __future__ import annotations

import csv
from enum import StrEnum
from functools import cache
from importlib.resources import files

from vnhealth.spec import Family

__all__ = [
    "VOCABULARIES",
    "DischargeKind",
    "EncounterKind",
    "Outcome",
    "PaymentMethod",
    "Route",
    "Scope",
    "Sex",
    "code_of",
    "meaning_of",
    "same_meaning",
]


class Sex(StrEnum):
    """Sex as recorded."""

    MALE = "male"
    FEMALE = "female"
    UNDETERMINED = "undetermined"


class EncounterKind(StrEnum):
    """How care was given (hình thức khám bệnh, chữa bệnh)."""

    EXAMINATION = "examination"
    OUTPATIENT = "outpatient"
    INPATIENT = "inpatient"
    DAY_TREATMENT = "day_treatment"
    CHRONIC_VISIT = "chronic_visit"
    COMMUNE_STAY = "commune_stay"
    DRUG_PICKUP = "drug_pickup"
    CHRONIC_TREATMENT = "chronic_treatment"
    SHORT_INPATIENT = "short_inpatient"
    OTHER = "other"
    MOBILE = "mobile"
    HOME = "home"
    FAMILY_MEDICINE = "family_medicine"
    TELEHEALTH = "telehealth"
    PERIODIC_CHECK = "periodic_check"
    SCREENING = "screening"


class DischargeKind(StrEnum):
    """How the encounter ended. `TRANSFERRED` is the older, coarser transfer of either kind."""

    DISCHARGED = "discharged"
    TRANSFERRED = "transferred"
    TRANSFERRED_BY_FACILITY = "transferred_by_facility"
    TRANSFERRED_AT_REQUEST = "transferred_at_request"
    ABSCONDED = "absconded"
    LEFT_ON_REQUEST = "left_on_request"


class Outcome(StrEnum):
    """Result of the treatment."""

    RECOVERED = "recovered"
    IMPROVED = "improved"
    UNCHANGED = "unchanged"
    WORSE = "worse"
    DIED = "died"
    TAKEN_HOME_DYING = "taken_home_dying"
    UNDETERMINED = "undetermined"
    DIED_OUTSIDE = "died_outside"


class Route(StrEnum):
    """How the patient came, in the coarse classes used until 2024."""

    IN_ROUTE = "in_route"
    EMERGENCY = "emergency"
    OFF_ROUTE = "off_route"
    THROUGH_ROUTE = "through_route"


class PaymentMethod(StrEnum):
    """How the fund pays a line."""

    FEE_FOR_SERVICE = "fee_for_service"
    CAPITATION = "capitation"
    OUTSIDE_CAPITATION = "outside_capitation"
    CASE = "case"


class Scope(StrEnum):
    """Whether the insurance covers a line."""

    COVERED = "covered"
    NOT_COVERED = "not_covered"
    ARMED_FORCES = "armed_forces"


VOCABULARIES: dict[str, type[StrEnum]] = {
    "sex": Sex,
    "encounter_kind": EncounterKind,
    "discharge_kind": DischargeKind,
    "outcome": Outcome,
    "route": Route,
    "payment_method": PaymentMethod,
    "scope": Scope,
}
"""The vocabularies by the name that ``data/codes.csv`` uses."""


@cache
def _codes() -> tuple[dict[tuple[str, str, str], StrEnum], dict[tuple[str, str, str], str]]:
    source = files("vnhealth.models") / "data" / "codes.csv"
    meanings: dict[tuple[str, str, str], StrEnum] = {}
    codes: dict[tuple[str, str, str], str] = {}
    for row in csv.DictReader(source.read_text("utf-8").splitlines()):
        name = row["vocabulary"]
        meaning = VOCABULARIES[name](row["value"])
        for family in [row["family"]] if row["family"] else [f.value for f in Family]:
            if (name, family, row["code"]) in meanings or (name, family, meaning) in codes:
                raise AssertionError(f"{name} {row['code']} stands twice in codes.csv")
            meanings[name, family, row["code"]] = meaning
            codes[name, family, meaning] = row["code"]
    return meanings, codes


def meaning_of(vocabulary: str, family: Family | str, code: str) -> StrEnum | None:
    """What a code of a family means, or None when it is not in the vocabulary.

    >>> meaning_of("payment_method", "4210", "1"), meaning_of("payment_method", "130", "1")
    (<PaymentMethod.CAPITATION: 'capitation'>, <PaymentMethod.FEE_FOR_SERVICE: 'fee_for_service'>)
    """
    return _codes()[0].get((vocabulary, str(family), code))


def code_of(vocabulary: str, family: Family | str, meaning: str) -> str | None:
    """The code that a family writes for a meaning, or None when it has none.

    >>> code_of("discharge_kind", "4210", DischargeKind.ABSCONDED)
    '3'
    """
    return _codes()[1].get((vocabulary, str(family), meaning))


def same_meaning(vocabulary: str, code: str, source: Family | str, target: Family | str) -> str:
    """The code of another family with exactly the same meaning, or an empty text.

    >>> same_meaning("encounter_kind", "3", "4210", "130"), same_meaning(
    ...     "encounter_kind", "04", "130", "4210")
    ('03', '')
    """
    meaning = meaning_of(vocabulary, source, code)
    return (code_of(vocabulary, target, meaning) or "") if meaning is not None else ""
