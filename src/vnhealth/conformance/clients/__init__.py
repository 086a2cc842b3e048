"""Clients that a kit runs by itself: the reference, and a plain one without shared code."""

from vnhealth.conformance.clients._place import Answer, NoAnswer, Task, Workplace
from vnhealth.conformance.clients._plain import PlainClient
from vnhealth.conformance.clients._plain_stores import PlainStoresClient
from vnhealth.conformance.clients._probe import ProbeClient
from vnhealth.conformance.clients._reference import ReferenceClient

__all__ = [
    "Answer",
    "NoAnswer",
    "PlainClient",
    "PlainStoresClient",
    "ProbeClient",
    "ReferenceClient",
    "Task",
    "Workplace",
]
