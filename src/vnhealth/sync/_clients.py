"""The clients: typed faces over the plans, one blocking and one asynchronous per gateway.

What all of them share, and those of the repositories; `vnhealth.sync._vss_clients` has those of the
insurance gateway.
"""

from __future__ import annotations

import datetime as dt
import ssl
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Generic, Literal, NoReturn, Self, TypedDict, TypeVar, Unpack

import anyio
import httpx

from vnhealth.sync._drivers import AsyncDriver, SyncDriver
from vnhealth.sync._gate import Gate
from vnhealth.sync._outcome import DayCount, Notice, Outcome, PersonHit, RecordPage
from vnhealth.sync._repository import RepositoryGate, repository_class
from vnhealth.sync._retry import RetryPolicy, Timeouts
from vnhealth.sync._session import Account, Clock, system_clock

__all__ = [
    "AsyncGatewayClient",
    "AsyncOptions",
    "AsyncRepositoryClient",
    "GatewayClient",
    "Kind",
    "Options",
    "RepositoryClient",
    "gate_of",
]

G = TypeVar("G", bound=Gate)
Kind = Literal["claim", "checkin"]
ErrorStatus = Literal["all", "has_error", "no_error"]


class _Common(TypedDict, total=False):
    clock: Clock
    retry: RetryPolicy
    timeouts: Timeouts
    verify: ssl.SSLContext | None
    proxy: str | None
    allow_http: bool


class Options(_Common, total=False):
    """Options of the blocking clients; see `GatewayClient`."""

    transport: httpx.BaseTransport | None
    sleep: Callable[[float], None]


class AsyncOptions(_Common, total=False):
    """Options of the asynchronous clients; see `GatewayClient`."""

    transport: httpx.AsyncBaseTransport | None
    sleep: Callable[[float], Awaitable[None]]


class _NoPickle:
    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a client holds a password and cannot be pickled or copied")


def gate_of(kind: type[G], key: str, account: Account, options: Options | AsyncOptions) -> G:
    """A gateway's own class for one account; plain http is allowed inside a given transport."""
    return kind(
        key,
        account,
        clock=options.get("clock", system_clock),
        retry=options.get("retry", RetryPolicy()),
        trusted=options.get("transport") is not None or options.get("allow_http", False),
    )


class GatewayClient(_NoPickle, Generic[G]):
    """What all blocking clients can do. Safe to use from several threads.

    Options, all by keyword:

    * ``transport``: an httpx transport, such as that of the sandbox; it is not closed here.
    * ``clock``: a function that gives the present moment, aware; ``sleep``: one that waits.
    * ``retry``: `RetryPolicy`; ``timeouts``: `Timeouts` (5 s to connect, 30 s in all).
    * ``verify``: an `ssl.SSLContext` with a private authority or a client certificate.
    * ``proxy``: address of a proxy (none is read from the environment).
    * ``allow_http``: permit plain http to another machine; passwords then travel in the clear.

    A submission returns an `Outcome` and raises only when the gateway certainly did not take the
    file: `NotSent`, `ConnectionFailed`, `AuthFailed`, `Rejected`, `RateLimited`, `Unavailable`; and
    `vnhealth.errors.CodecError` for a file that cannot be read. Other calls also raise `TimedOut`.
    """

    def __init__(self, gate: G, options: Options) -> None:
        self._gate: G = gate
        self._driver = SyncDriver(
            gate.origin,
            options.get("timeouts", Timeouts()),
            options.get("transport"),
            sleep=options.get("sleep", time.sleep),
            verify=options.get("verify"),
            proxy=options.get("proxy"),
        )

    def login(self) -> None:
        """Log in now. Not needed before other calls; clears an earlier refusal.

        Raises `AuthFailed` when the account is refused.
        """
        self._driver.run(self._gate.login())

    def refresh(self, outcome: Outcome) -> Outcome:
        """What became of a file since; the outcome itself when nothing did."""
        return self._driver.run(self._gate.refresh(outcome))

    def wait(self, outcome: Outcome, *, timeout_s: float, every_s: float = 5.0) -> Outcome:
        """Refresh until there is a verdict, at most for ``timeout_s`` (counted in pauses)."""
        return self._driver.run(self._gate.wait(outcome, timeout_s=timeout_s, every_s=every_s))

    def confirm(self, outcome: Outcome, *, known: Collection[str]) -> Outcome:
        """Ask whether a file with status ``unknown`` arrived.

        ``known`` holds the transactions that you have of earlier versions of the record (empty for
        a first send): a record found under one of them is not this file. The result is ``missing``
        when the gateway does not hold the file (then `resend` is safe), its state when it does, and
        the outcome unchanged when it cannot be told.
        """
        return self._driver.run(self._gate.confirm(outcome, known))

    def resend(self, outcome: Outcome, xml: bytes, *, known: Collection[str]) -> Outcome:
        """`confirm`, and send the same file again only when the gateway does not hold it."""
        return self._driver.run(self._gate.resend(outcome, xml, known))

    def reconciliation(self, since: dt.date, until: dt.date) -> tuple[DayCount, ...]:
        """Counts per day of receipt (vnhealth-defined at every gateway)."""
        return self._driver.run(self._gate.reconciliation(since, until))

    def notices(self, since: dt.date, until: dt.date) -> tuple[Notice, ...]:
        """What the gateway told of its own accord between two days (vnhealth-defined)."""
        return self._driver.run(self._gate.notices(since, until))

    def close(self) -> None:
        """Close connections and forget the session."""
        self._gate.session.close()
        self._driver.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._gate.key} {self._gate.scope}>"


class AsyncGatewayClient(_NoPickle, Generic[G]):
    """What all asynchronous clients can do: `GatewayClient` with ``await``.

    ``transport`` is an asynchronous httpx transport, ``sleep`` an asynchronous function. One client
    belongs to one event loop; any number of tasks may share it.
    """

    def __init__(self, gate: G, options: AsyncOptions) -> None:
        self._gate: G = gate
        self._driver = AsyncDriver(
            gate.origin,
            options.get("timeouts", Timeouts()),
            options.get("transport"),
            sleep=options.get("sleep", anyio.sleep),
            verify=options.get("verify"),
            proxy=options.get("proxy"),
        )

    async def login(self) -> None:
        """See `GatewayClient.login`."""
        await self._driver.run(self._gate.login())

    async def refresh(self, outcome: Outcome) -> Outcome:
        """See `GatewayClient.refresh`."""
        return await self._driver.run(self._gate.refresh(outcome))

    async def wait(self, outcome: Outcome, *, timeout_s: float, every_s: float = 5.0) -> Outcome:
        """See `GatewayClient.wait`."""
        plan = self._gate.wait(outcome, timeout_s=timeout_s, every_s=every_s)
        return await self._driver.run(plan)

    async def confirm(self, outcome: Outcome, *, known: Collection[str]) -> Outcome:
        """See `GatewayClient.confirm`."""
        return await self._driver.run(self._gate.confirm(outcome, known))

    async def resend(self, outcome: Outcome, xml: bytes, *, known: Collection[str]) -> Outcome:
        """See `GatewayClient.resend`."""
        return await self._driver.run(self._gate.resend(outcome, xml, known))

    async def reconciliation(self, since: dt.date, until: dt.date) -> tuple[DayCount, ...]:
        """See `GatewayClient.reconciliation`."""
        return await self._driver.run(self._gate.reconciliation(since, until))

    async def notices(self, since: dt.date, until: dt.date) -> tuple[Notice, ...]:
        """See `GatewayClient.notices`."""
        return await self._driver.run(self._gate.notices(since, until))

    async def aclose(self) -> None:
        """Close connections and forget the session."""
        self._gate.session.close()
        await self._driver.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._gate.key} {self._gate.scope}>"


class RepositoryClient(GatewayClient[RepositoryGate]):
    """A repository: ``gateway`` is province, national or national_deid.

    vnhealth reference contracts, not official protocols: see `vnhealth.protocol.repository`. The
    very same file again is recognised there, so a file whose answer was lost is sent again by
    itself. The de-identified store is sent only what its contract allows: anything else raises
    `vnhealth.errors.ConformanceError` before a byte goes out.
    """

    def __init__(
        self, credentials: Account, gateway: str = "province", **options: Unpack[Options]
    ) -> None:
        gate = gate_of(repository_class(gateway), gateway, credentials, options)
        super().__init__(gate, options)

    def whoami(self) -> str:
        """Code of the unit that the session belongs to."""
        return self._driver.run(self._gate.whoami())

    def who_is(self, fields: Mapping[str, str]) -> tuple[PersonHit, ...]:
        """The persons whom the fields of XML1 (by tag; HO_TEN at least) may belong to.

        vnhealth-defined; for the provincial and the identified national store.
        """
        return self._driver.run(self._gate.who_is(fields))

    def check_in(self, xml: bytes) -> Outcome:
        """Send a check-in file. Raises `vnhealth.errors.SpecError` where there is no such call."""
        return self._driver.run(self._gate.submit_file(xml, kind="checkin"))

    def submit(self, xml: bytes) -> Outcome:
        """Send one file; ``pending`` means received, ``duplicate`` that it was there already."""
        return self._driver.run(self._gate.submit_file(xml, kind=self._gate.own_kind))

    def status(self, ma_lk: str, *, facility: str | None = None, kind: Kind = "claim") -> Outcome:
        """The latest record with this MA_LK; ``missing`` when it was never received.

        ``facility`` is needed by accounts of a province.
        """
        return self._driver.run(self._gate.by_record(ma_lk, facility=facility, kind=kind))

    def status_by_tracking(self, tracking_id: str) -> Outcome:
        """All records of one file."""
        return self._driver.run(self._gate.by_tracking(tracking_id))

    def list_records(
        self,
        since: dt.date,
        until: dt.date,
        *,
        page: int = 1,
        page_size: int = 100,
        error_status: ErrorStatus = "all",
        include_cancelled: bool = False,
    ) -> RecordPage:
        """One page of the records received between two days, latest versions only."""
        return self._driver.run(
            self._gate.list_records(
                since,
                until,
                page=page,
                page_size=page_size,
                error_status=error_status,
                include_cancelled=include_cancelled,
            )
        )

    def cancel(
        self, ma_lk: str, *, reason: str, request_id: str, facility: str | None = None
    ) -> Outcome:
        """Withdraw a record. ``request_id`` (MA_YEU_CAU) is yours; the same again does nothing."""
        return self._driver.run(
            self._gate.cancel(ma_lk, reason=reason, request_id=request_id, facility=facility)
        )

    def restore(
        self, ma_lk: str, *, reason: str, request_id: str, facility: str | None = None
    ) -> Outcome:
        """Take a cancellation back; a new ``request_id``."""
        return self._driver.run(
            self._gate.restore(ma_lk, reason=reason, request_id=request_id, facility=facility)
        )


class AsyncRepositoryClient(AsyncGatewayClient[RepositoryGate]):
    """`RepositoryClient` with ``await``."""

    def __init__(
        self, credentials: Account, gateway: str = "province", **options: Unpack[AsyncOptions]
    ) -> None:
        gate = gate_of(repository_class(gateway), gateway, credentials, options)
        super().__init__(gate, options)

    async def whoami(self) -> str:
        """See `RepositoryClient.whoami`."""
        return await self._driver.run(self._gate.whoami())

    async def who_is(self, fields: Mapping[str, str]) -> tuple[PersonHit, ...]:
        """See `RepositoryClient.who_is`."""
        return await self._driver.run(self._gate.who_is(fields))

    async def check_in(self, xml: bytes) -> Outcome:
        """See `RepositoryClient.check_in`."""
        return await self._driver.run(self._gate.submit_file(xml, kind="checkin"))

    async def submit(self, xml: bytes) -> Outcome:
        """See `RepositoryClient.submit`."""
        return await self._driver.run(self._gate.submit_file(xml, kind=self._gate.own_kind))

    async def status(
        self, ma_lk: str, *, facility: str | None = None, kind: Kind = "claim"
    ) -> Outcome:
        """See `RepositoryClient.status`."""
        return await self._driver.run(self._gate.by_record(ma_lk, facility=facility, kind=kind))

    async def status_by_tracking(self, tracking_id: str) -> Outcome:
        """See `RepositoryClient.status_by_tracking`."""
        return await self._driver.run(self._gate.by_tracking(tracking_id))

    async def list_records(
        self,
        since: dt.date,
        until: dt.date,
        *,
        page: int = 1,
        page_size: int = 100,
        error_status: ErrorStatus = "all",
        include_cancelled: bool = False,
    ) -> RecordPage:
        """See `RepositoryClient.list_records`."""
        return await self._driver.run(
            self._gate.list_records(
                since,
                until,
                page=page,
                page_size=page_size,
                error_status=error_status,
                include_cancelled=include_cancelled,
            )
        )

    async def cancel(
        self, ma_lk: str, *, reason: str, request_id: str, facility: str | None = None
    ) -> Outcome:
        """See `RepositoryClient.cancel`."""
        return await self._driver.run(
            self._gate.cancel(ma_lk, reason=reason, request_id=request_id, facility=facility)
        )

    async def restore(
        self, ma_lk: str, *, reason: str, request_id: str, facility: str | None = None
    ) -> Outcome:
        """See `RepositoryClient.restore`."""
        return await self._driver.run(
            self._gate.restore(ma_lk, reason=reason, request_id=request_id, facility=facility)
        )
