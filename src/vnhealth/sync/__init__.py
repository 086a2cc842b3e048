"""Clients of the gateways, blocking and asynchronous, over httpx.

`connect` gives one face for all gateways (`Gateway`, `AsyncGateway`): submit, status, results,
lookup. `VssClient` and `RepositoryClient` (and their asynchronous twins) are richer faces of the
insurance gateway and of the repositories. What a gateway made of a file is an `Outcome`, never an
HTTP status; errors are those of `vnhealth.sync._errors`, all of them `vnhealth.errors.SyncError`.

>>> from vnhealth.sync import Credentials, VssClient
>>> client = VssClient(Credentials("https://gateway.example", "01001_BV", "secret", "01001"))
>>> client.submit(b"<GIAMDINHHS/>", edition="3176")
Traceback (most recent call last):
    ...
vnhealth.sync._errors.NotSent: Not sent: the file names no facility. [ERR-SYNC-15]
"""

from vnhealth.sync._capabilities import Capabilities, Found
from vnhealth.sync._clients import (
    AsyncGatewayClient,
    AsyncRepositoryClient,
    GatewayClient,
    RepositoryClient,
)
from vnhealth.sync._errors import (
    AuthFailed,
    ConnectionFailed,
    NotSent,
    NotSupported,
    RateLimited,
    Rejected,
    RemoteError,
    SyncError,
    TimedOut,
    Unavailable,
)
from vnhealth.sync._face import AsyncGateway, Gateway, connect, connect_async
from vnhealth.sync._mask import RawAnswer
from vnhealth.sync._outcome import (
    DayCount,
    GatewayFinding,
    Notice,
    Outcome,
    PersonHit,
    RecordOutcome,
    RecordPage,
    Status,
)
from vnhealth.sync._retry import RetryPolicy, Timeouts
from vnhealth.sync._session import Account, Credentials
from vnhealth.sync._vss_cards import Officer
from vnhealth.sync._vss_clients import (
    AsyncDriverClient,
    AsyncVssClient,
    DriverClient,
    VssClient,
)

__all__ = [
    "Account",
    "AsyncDriverClient",
    "AsyncGateway",
    "AsyncGatewayClient",
    "AsyncRepositoryClient",
    "AsyncVssClient",
    "AuthFailed",
    "Capabilities",
    "ConnectionFailed",
    "Credentials",
    "DayCount",
    "DriverClient",
    "Found",
    "Gateway",
    "GatewayClient",
    "GatewayFinding",
    "NotSent",
    "NotSupported",
    "Notice",
    "Officer",
    "Outcome",
    "PersonHit",
    "RateLimited",
    "RawAnswer",
    "RecordOutcome",
    "RecordPage",
    "Rejected",
    "RemoteError",
    "RepositoryClient",
    "RetryPolicy",
    "Status",
    "SyncError",
    "TimedOut",
    "Timeouts",
    "Unavailable",
    "VssClient",
    "connect",
    "connect_async",
]
