"""One face for all gateways: submit, status, results, counts, lookup."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import Unpack

from vnhealth.sync._capabilities import Capabilities, Found
from vnhealth.sync._clients import (
    AsyncGatewayClient,
    AsyncOptions,
    GatewayClient,
    Options,
    gate_of,
)
from vnhealth.sync._gate import Gate
from vnhealth.sync._outcome import Outcome, RecordOutcome
from vnhealth.sync._registry import gate_class
from vnhealth.sync._session import Account

__all__ = ["AsyncGateway", "Gateway", "connect", "connect_async"]


class Gateway(GatewayClient[Gate]):
    """One account at any gateway; made by `connect`.

    What the gateway does not have raises `NotSupported`; `capabilities` says so beforehand. The
    methods of `GatewayClient` (confirm, resend, refresh, wait, reconciliation) are there as well.
    """

    @property
    def key(self) -> str:
        """Key of the gateway in `vnhealth.protocol`."""
        return self._gate.key

    @property
    def facility(self) -> str:
        """Facility or province of the account."""
        return self._gate.scope

    @property
    def capabilities(self) -> Capabilities:
        """What this gateway has."""
        return self._gate.capabilities

    def submit(self, *files: bytes, kind: str = "claim", edition: str = "") -> tuple[Outcome, ...]:
        """Send files of one kind; gives one outcome per file, in their order.

        ``edition`` chooses the call where there is one per edition; empty: by the file itself.
        Raises only when the gateway certainly took none of the files; of several, one that did not
        go out after others did has the status ``not_sent``.
        """
        return self._driver.run(self._gate.submit_files(files, kind=kind, edition=edition))

    def in_doubt(self, data: bytes, *, kind: str = "claim", edition: str = "") -> Outcome:
        """The outcome ``unknown`` of a file that may have gone out before a program ended.

        Feed it to `confirm` or `resend`. Nothing goes out.
        """
        return self._gate.in_doubt(data, kind=kind, edition=edition)

    def status(self, outcome: Outcome, *, known: Collection[str] = ()) -> Outcome:
        """What became of a file: its verdict, or whether it arrived when that is not known.

        ``known`` as in `GatewayClient.confirm`: transactions of earlier versions of the record.
        """
        return self._driver.run(self._gate.status(outcome, known))

    def results(self, since: dt.date, until: dt.date) -> tuple[RecordOutcome, ...]:
        """The records received between two days, latest versions only."""
        return self._driver.run(self._gate.results(since, until))

    def lookup(self, question: str, **fields: str) -> Found:
        """Ask about a card, a person, a prescription: one of ``capabilities.lookups``."""
        return self._driver.run(self._gate.lookup(question, fields))


class AsyncGateway(AsyncGatewayClient[Gate]):
    """`Gateway` with ``await``; made by `connect_async`."""

    @property
    def key(self) -> str:
        """Key of the gateway in `vnhealth.protocol`."""
        return self._gate.key

    @property
    def facility(self) -> str:
        """Facility or province of the account."""
        return self._gate.scope

    @property
    def capabilities(self) -> Capabilities:
        """What this gateway has."""
        return self._gate.capabilities

    async def submit(
        self, *files: bytes, kind: str = "claim", edition: str = ""
    ) -> tuple[Outcome, ...]:
        """See `Gateway.submit`."""
        return await self._driver.run(self._gate.submit_files(files, kind=kind, edition=edition))

    def in_doubt(self, data: bytes, *, kind: str = "claim", edition: str = "") -> Outcome:
        """See `Gateway.in_doubt`."""
        return self._gate.in_doubt(data, kind=kind, edition=edition)

    async def status(self, outcome: Outcome, *, known: Collection[str] = ()) -> Outcome:
        """See `Gateway.status`."""
        return await self._driver.run(self._gate.status(outcome, known))

    async def results(self, since: dt.date, until: dt.date) -> tuple[RecordOutcome, ...]:
        """See `Gateway.results`."""
        return await self._driver.run(self._gate.results(since, until))

    async def lookup(self, question: str, **fields: str) -> Found:
        """See `Gateway.lookup`."""
        return await self._driver.run(self._gate.lookup(question, fields))


def connect(key: str, credentials: Account, **options: Unpack[Options]) -> Gateway:
    """A blocking client of any gateway; options as in `GatewayClient`. Nothing goes out yet.

    Raises `vnhealth.errors.SpecError` for an unknown gateway, `NotSent` for an unusable address.

    >>> from vnhealth.sync import Credentials
    >>> gate = connect("vss", Credentials("https://gateway.example", "01001_BV", "secret", "01001"))
    >>> gate, gate.capabilities.kinds
    (<Gateway vss 01001>, ('claim', 'checkin', 'gdyk'))
    """
    return Gateway(gate_of(gate_class(key), key, credentials, options), options)


def connect_async(key: str, credentials: Account, **options: Unpack[AsyncOptions]) -> AsyncGateway:
    """`connect` for an event loop."""
    return AsyncGateway(gate_of(gate_class(key), key, credentials, options), options)
