"""Bad nights by the thousand: the reference client against random fault plans, in virtual time.

`storm` runs the outbox of `vnhealth.sync` against a sandbox whose gateways fail at random, by a
seed; workers die at random calls and others take over. It says what was sent, accepted, refused and
pending, and counts what must never happen: records lost, records taken twice, storms of logins.
"""

from vnhealth.conformance.storm._night import Night, NightResult
from vnhealth.conformance.storm._storm import StormResult, storm

__all__ = ["Night", "NightResult", "StormResult", "storm"]
