"""A reference sandbox of the data-exchange gateways: in process, or as a server for any language.

`Exchange` is the whole of it; `Exchange.handle` answers a `Request`. `transport` (httpx), `asgi`
and `server` are fronts over the same state. What is emulated, by which evidence, stands in
`vnhealth.protocol.behaviours`; everything else answers 501. Nothing here talks to a real system.
"""

from vnhealth.sandbox._bulk import Loaded, Skipped
from vnhealth.sandbox._check import Checked, Checker, File, RecordVerdict, check_file
from vnhealth.sandbox._clock import Clock, VirtualClock
from vnhealth.sandbox._core import Settings
from vnhealth.sandbox._exchange import Exchange, accounts_for, default_facilities
from vnhealth.sandbox._http import Request, Response
from vnhealth.sandbox._ids import IdMaker
from vnhealth.sandbox._journal import Entry, Journal
from vnhealth.sandbox._model import (
    Account,
    Credentials,
    Facility,
    Reconciliation,
    Record,
    State,
    Submission,
)
from vnhealth.sandbox._notices import Notice
from vnhealth.sandbox._postgres import PostgresStore
from vnhealth.sandbox._sqlite import SqliteStore
from vnhealth.sandbox._state import Snapshot
from vnhealth.sandbox._store import MemoryStore, Store
from vnhealth.sandbox.faults import Fault, FaultPlan

__all__ = [
    "Account",
    "Checked",
    "Checker",
    "Clock",
    "Credentials",
    "Entry",
    "Exchange",
    "Facility",
    "Fault",
    "FaultPlan",
    "File",
    "IdMaker",
    "Journal",
    "Loaded",
    "MemoryStore",
    "Notice",
    "PostgresStore",
    "Reconciliation",
    "Record",
    "RecordVerdict",
    "Request",
    "Response",
    "Settings",
    "Skipped",
    "Snapshot",
    "SqliteStore",
    "State",
    "Store",
    "Submission",
    "VirtualClock",
    "accounts_for",
    "check_file",
    "default_facilities",
]
