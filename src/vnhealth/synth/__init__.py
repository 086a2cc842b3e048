"""Synthetic hospital days: seeded, believable, about nobody.

Same seed, same bytes. `generate` yields claims of any edition; `Day` gives any of them by its
number. Everything is invented: the population, the facilities, the drugs and their prices.
"""

from vnhealth.synth._cards import Card
from vnhealth.synth._context import default_day
from vnhealth.synth._day import Day, generate
from vnhealth.synth._facilities import Facility, Staff, facilities
from vnhealth.synth._faults import FAULTS, Fault
from vnhealth.synth._people import Household, Person, household

__all__ = [
    "FAULTS",
    "Card",
    "Day",
    "Facility",
    "Fault",
    "Household",
    "Person",
    "Staff",
    "default_day",
    "facilities",
    "generate",
    "household",
]
