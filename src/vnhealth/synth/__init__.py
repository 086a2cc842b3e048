"""Synthetic hospital days: seeded, believable, about nobody.

Same seed, same bytes, on every machine. `generate` yields the claims of a day in any edition, `Day`
gives any of them by its number, `render` writes them as the standard or as a vendor's dialect has
it, `write_files` fills a folder. Everything is invented: the population, the facilities, drugs,
services and prices; codes have the shape of the official lists and are no entries of them.

>>> from vnhealth import synth
>>> claim = synth.Day(encounters=10, edition="3176", seed=7)[3]
>>> claim.xml1.ma_lk.startswith("260318"), claim == synth.Day(encounters=99, seed=7)[3]
(True, True)
"""

from vnhealth.synth._cards import Card, card_of
from vnhealth.synth._checkin import assessments, checkin
from vnhealth.synth._context import default_day
from vnhealth.synth._day import Day, generate
from vnhealth.synth._dialects import DIALECTS, SWITCHES, Switch, switches_of
from vnhealth.synth._facilities import Facility, Staff, facilities
from vnhealth.synth._faults import FAULTS, Fault
from vnhealth.synth._people import Household, Person, household, households, people
from vnhealth.synth._personas import Persona, persona, personas
from vnhealth.synth._render import render, render_chunks
from vnhealth.synth._write import Written, write_files

__all__ = [
    "DIALECTS",
    "FAULTS",
    "SWITCHES",
    "Card",
    "Day",
    "Facility",
    "Fault",
    "Household",
    "Person",
    "Persona",
    "Staff",
    "Switch",
    "Written",
    "assessments",
    "card_of",
    "checkin",
    "default_day",
    "facilities",
    "generate",
    "household",
    "households",
    "people",
    "persona",
    "personas",
    "render",
    "render_chunks",
    "switches_of",
    "write_files",
]
