"""The clients of the insurance gateway: files, questions, card look-up, driver health checks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, Unpack

from vnhealth.protocol.vss_4210 import DayTotal, FileError, FileTotal
from vnhealth.protocol.vss_lookup import CardReply
from vnhealth.spec import Edition
from vnhealth.sync._clients import (
    AsyncGatewayClient,
    AsyncOptions,
    GatewayClient,
    Kind,
    Options,
    gate_of,
)
from vnhealth.sync._outcome import Outcome, RecordOutcome
from vnhealth.sync._session import Account
from vnhealth.sync._vss import VssGate
from vnhealth.sync._vss_cards import Officer, question_of
from vnhealth.sync._vss_driver import DriverGate

__all__ = ["AsyncDriverClient", "AsyncVssClient", "DriverClient", "VssClient"]


class VssClient(GatewayClient[VssGate]):
    """The insurance gateway: check-in, claims, assessment minutes, results, card look-up.

    Legal source: 3190/BHXH-CNTT (2023), 1245/BHXH-CNTT (2024); 1923/BHXH-CNTT (2024) for the
    look-up; 4782/BHXH-CNTT (2017) for files of decision 4210. The questions `status`, `status_of`,
    `results` and `reconciliation` are vnhealth-defined: the real gateway shows verdicts on its
    portal only and answers these with `Rejected`. For files of decision 4210 it has `days_4210`,
    `files_4210` and `errors_4210`.

    >>> from vnhealth.sync import Credentials
    >>> VssClient(Credentials("https://gateway.example", "01001_BV", "secret", "01001"))
    <VssClient vss 01001>
    """

    def __init__(self, credentials: Account, **options: Unpack[Options]) -> None:
        super().__init__(gate_of(VssGate, "vss", credentials, options), options)

    def check_in(self, xml: bytes, *, edition: Edition | str) -> Outcome:
        """Send a check-in file (XML0). ``edition`` 130, 4750, 3176 or 1931 chooses the call."""
        return self._driver.run(self._gate.submit_file(xml, kind="checkin", edition=edition))

    def submit(self, xml: bytes, *, edition: Edition | str) -> Outcome:
        """Send a claim file (GIAMDINHHS); ``pending`` means received, the verdict comes later.

        There is no idempotency key: a file whose answer was lost is not sent again by itself but
        gives ``unknown``; see `confirm` and `resend`. ``edition`` 4210 sends a file of that
        decision by its own call.
        """
        return self._driver.run(self._gate.submit_file(xml, kind="claim", edition=edition))

    def status(self, transaction: str) -> Outcome:
        """The verdict on a file by its maGiaoDich; ``missing`` when the gateway has no such one."""
        return self._driver.run(self._gate.by_transaction(transaction))

    def status_of(
        self, ma_lk: str, *, facility: str | None = None, kind: Kind = "claim"
    ) -> Outcome:
        """The verdict on the latest record with this MA_LK."""
        return self._driver.run(self._gate.by_record(ma_lk, facility=facility, kind=kind))

    def results(self, transaction: str) -> tuple[RecordOutcome, ...]:
        """The verdicts on the records of a file."""
        return self.status(transaction).records

    def submit_minutes(self, xml: bytes) -> Outcome:
        """Send medical assessment minutes (XML12); each is known by its SO_BIEN_BAN."""
        return self._driver.run(self._gate.submit_file(xml, kind="gdyk"))

    def look_up_card(
        self, card: str, name: str, birth_date: dt.date | int, *, officer: Officer
    ) -> CardReply:
        """Ask the card register; ``birth_date`` is a day, or a year when no more is known.

        ``card`` has 15 characters or 10 digits (12 digits of a CCCD by practice of vendors). What
        is wrong with the card or the person is the reply's ``code`` and ``meaning``, not an error.
        Raises `Rejected` for a question that the gateway cannot read, `Unavailable` when its
        register cannot be read, and `NotSent` when a field is empty.
        """
        question = question_of(card, name, birth_date, officer)
        return self._driver.run(self._gate.look_up_card(question))

    def days_4210(
        self, since: dt.date, until: dt.date, *, facility: str | None = None
    ) -> tuple[DayTotal, ...]:
        """Totals of 4210 files per day of receipt (nhanKQTiepNhanHS4210)."""
        return self._driver.run(self._gate.days_4210(since, until, facility))

    def files_4210(self, day: dt.date, *, facility: str | None = None) -> tuple[FileTotal, ...]:
        """The 4210 files received on a day (nhanChiTietHSNgay4210)."""
        return self._driver.run(self._gate.files_4210(day, facility))

    def errors_4210(
        self, transaction: str, *, facility: str | None = None
    ) -> tuple[FileError, ...]:
        """The errors of a 4210 file (nhanChiTietLoiHS4210)."""
        return self._driver.run(self._gate.errors_4210(transaction, facility))


class AsyncVssClient(AsyncGatewayClient[VssGate]):
    """`VssClient` with ``await``."""

    def __init__(self, credentials: Account, **options: Unpack[AsyncOptions]) -> None:
        super().__init__(gate_of(VssGate, "vss", credentials, options), options)

    async def check_in(self, xml: bytes, *, edition: Edition | str) -> Outcome:
        """See `VssClient.check_in`."""
        return await self._driver.run(self._gate.submit_file(xml, kind="checkin", edition=edition))

    async def submit(self, xml: bytes, *, edition: Edition | str) -> Outcome:
        """See `VssClient.submit`."""
        return await self._driver.run(self._gate.submit_file(xml, kind="claim", edition=edition))

    async def status(self, transaction: str) -> Outcome:
        """See `VssClient.status`."""
        return await self._driver.run(self._gate.by_transaction(transaction))

    async def status_of(
        self, ma_lk: str, *, facility: str | None = None, kind: Kind = "claim"
    ) -> Outcome:
        """See `VssClient.status_of`."""
        return await self._driver.run(self._gate.by_record(ma_lk, facility=facility, kind=kind))

    async def results(self, transaction: str) -> tuple[RecordOutcome, ...]:
        """See `VssClient.results`."""
        return (await self.status(transaction)).records

    async def submit_minutes(self, xml: bytes) -> Outcome:
        """See `VssClient.submit_minutes`."""
        return await self._driver.run(self._gate.submit_file(xml, kind="gdyk"))

    async def look_up_card(
        self, card: str, name: str, birth_date: dt.date | int, *, officer: Officer
    ) -> CardReply:
        """See `VssClient.look_up_card`."""
        question = question_of(card, name, birth_date, officer)
        return await self._driver.run(self._gate.look_up_card(question))

    async def days_4210(
        self, since: dt.date, until: dt.date, *, facility: str | None = None
    ) -> tuple[DayTotal, ...]:
        """See `VssClient.days_4210`."""
        return await self._driver.run(self._gate.days_4210(since, until, facility))

    async def files_4210(
        self, day: dt.date, *, facility: str | None = None
    ) -> tuple[FileTotal, ...]:
        """See `VssClient.files_4210`."""
        return await self._driver.run(self._gate.files_4210(day, facility))

    async def errors_4210(
        self, transaction: str, *, facility: str | None = None
    ) -> tuple[FileError, ...]:
        """See `VssClient.errors_4210`."""
        return await self._driver.run(self._gate.errors_4210(transaction, facility))


class DriverClient(GatewayClient[DriverGate]):
    """Driver health checks (gksk) at the host of the insurance gateway; no session.

    The account is one of its own, ``<facility>_HSSK``. After client code of several vendors: no
    circular was found. Nothing can be asked afterwards; a check whose answer was lost is
    ``unknown``.

    >>> from vnhealth.sync import Credentials
    >>> DriverClient(Credentials("https://gateway.example", "01001_HSSK", "secret", "01001"))
    <DriverClient vss 01001>
    """

    def __init__(self, credentials: Account, **options: Unpack[Options]) -> None:
        super().__init__(gate_of(DriverGate, "vss", credentials, options), options)

    def send(self, check: Mapping[str, Any]) -> Outcome:
        """Send one check: the fields of `vnhealth.protocol.vss_driver.fields` by name.

        ``STATE`` is ADD for a new number and EDIT for a correction. The verdict comes at once:
        ``accepted`` or ``refused``. Raises `vnhealth.errors.ConformanceError` when a field is
        missing or has another form, `NotSent` for a number of another facility.
        """
        return self._driver.run(self._gate.send_check(check))


class AsyncDriverClient(AsyncGatewayClient[DriverGate]):
    """`DriverClient` with ``await``."""

    def __init__(self, credentials: Account, **options: Unpack[AsyncOptions]) -> None:
        super().__init__(gate_of(DriverGate, "vss", credentials, options), options)

    async def send(self, check: Mapping[str, Any]) -> Outcome:
        """See `DriverClient.send`."""
        return await self._driver.run(self._gate.send_check(check))
