"""One invented episode of care before it is written down in the tables of an edition."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal

from vnhealth.synth._cards import Card, Category
from vnhealth.synth._dice import Dice
from vnhealth.synth._facilities import Staff
from vnhealth.synth._items import Diagnosis, Drug, Indicator, Reading, Scenario, Service, Supply
from vnhealth.synth._people import Household, Person

__all__ = ["DrugLine", "Episode", "NoteLine", "ResultLine", "ServiceLine"]

Moment = dt.datetime


@dataclass(slots=True)
class DrugLine:
    """One drug order. ``days`` is the length of the course; ``given`` only when used on site."""

    drug: Drug
    quantity: Decimal
    dose: str
    ordered: Moment
    given: Moment | None
    doctor: Staff
    dept: str
    days: int
    service: str = ""
    covered: bool = True
    support: Decimal = Decimal(0)


@dataclass(slots=True)
class ServiceLine:
    """One service, bed day or supply. ``rate`` is TYLE_TT_DV."""

    quantity: Decimal
    ordered: Moment
    doctor: Staff
    dept: str
    service: Service | None = None
    supply: Supply | None = None
    done: Moment | None = None
    result: Moment | None = None
    performer: Staff | None = None
    rate: int = 100
    bed: str = ""
    package: str = ""
    within: str = ""
    code: str = ""
    covered: bool = True
    surcharge: bool = False
    fuel: str = ""
    support: Decimal = Decimal(0)

    @property
    def group(self) -> int:
        """MA_NHOM."""
        item = self.supply or self.service
        assert item is not None
        return item.ma_nhom


@dataclass(slots=True)
class ResultLine:
    """One measured value or one reading."""

    service: Service
    indicator: Indicator | None
    reading: Reading | None
    value: str
    at: Moment
    doctor: Staff


@dataclass(slots=True)
class NoteLine:
    """One clinical note."""

    text: str
    at: Moment
    staff: Staff
    stage: str = ""
    consult: str = ""
    surgery: str = ""


@dataclass(slots=True)
class Episode:
    """Who came, why, when, and all that was ordered, found and written."""

    index: int
    link: str
    dice: Dice
    scenario: Scenario
    loai: str
    person: Person
    home: Household
    diagnosis: Diagnosis
    also: tuple[Diagnosis, ...]
    category: Category
    cards: tuple[Card, ...]
    why: str
    arrived: Moment
    admitted: Moment | None
    ended: Moment
    written_end: Moment
    doctor: Staff
    dept: str
    percent: Decimal
    capitation: bool
    surcharge: bool
    weight: Decimal
    baby: Person | None = None
    baby_grams: int = 0
    outcome: str = "2"
    discharge: str = "1"
    sent_to: str = ""
    came_from: str = ""
    paper: str = ""
    follow_up: dt.date | None = None
    drugs: list[DrugLine] = field(default_factory=list)
    services: list[ServiceLine] = field(default_factory=list)
    results: list[ResultLine] = field(default_factory=list)
    notes: list[NoteLine] = field(default_factory=list)

    @property
    def insured(self) -> bool:
        """True when a card is used."""
        return bool(self.cards)

    @property
    def inpatient(self) -> bool:
        """True for those who were admitted to a ward or a day bed."""
        return self.admitted is not None

    @property
    def icd9(self) -> str:
        """The ICD-9-CM codes of surgery and procedures, in order, without repetition."""
        seen: dict[str, None] = {}
        for line in self.services:
            if line.service is not None and line.service.icd9:
                seen.setdefault(line.service.icd9)
        return ";".join(seen)

    @property
    def diagnosis_text(self) -> str:
        """The discharge diagnosis with comorbid diseases."""
        return "; ".join(d.name for d in (self.diagnosis, *self.also))

    @property
    def depts(self) -> str:
        """The departments in order."""
        if self.inpatient and self.dept != "K01":
            return f"K01;{self.dept}"
        return self.dept
