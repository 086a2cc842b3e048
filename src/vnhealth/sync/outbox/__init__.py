"""A durable outbox: every file reaches every destination, in order, and none twice as new.

`Outbox` keeps files, versions, deliveries and receipts in SQLite or PostgreSQL; `Worker` sends.
Needs the extra ``vnhealth[outbox]`` (SQLAlchemy), with PostgreSQL also ``vnhealth[postgres]``.

A file whose answer was lost is asked about before it may go out again; a check-in goes before the
claim of the same MA_LK; a corrected version waits until it is known what became of the one before.
The states of a delivery and the moves between them stand in `State` and `MOVES`.
"""

from vnhealth.protocol.deadlines import Deadline, deadlines
from vnhealth.sync.outbox._alarms import Alarm, alarms, metrics
from vnhealth.sync.outbox._daily import DailyJob, DayDone, Forward
from vnhealth.sync.outbox._facts import Facts, facts_of
from vnhealth.sync.outbox._notices import Told, collect_notices
from vnhealth.sync.outbox._outbox import Added, Outbox
from vnhealth.sync.outbox._policy import Policy
from vnhealth.sync.outbox._reconcile import DayBook, Gap, Line, reconcile
from vnhealth.sync.outbox._routes import Route
from vnhealth.sync.outbox._states import MOVES, SENT, State
from vnhealth.sync.outbox._worker import ONE_TRY, Connections, Tally, Worker

__all__ = [
    "MOVES",
    "ONE_TRY",
    "SENT",
    "Added",
    "Alarm",
    "Connections",
    "DailyJob",
    "DayBook",
    "DayDone",
    "Deadline",
    "Facts",
    "Forward",
    "Gap",
    "Line",
    "Outbox",
    "Policy",
    "Route",
    "State",
    "Tally",
    "Told",
    "Worker",
    "alarms",
    "collect_notices",
    "deadlines",
    "facts_of",
    "metrics",
    "reconcile",
]
