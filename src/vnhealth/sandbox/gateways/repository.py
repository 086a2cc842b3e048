"""The provincial repository and the two national stores: one contract, three instances.

vnhealth reference contracts, not official protocols; see `vnhealth.protocol.repository`.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from vnhealth.findings import Finding, Findings, Severity
from vnhealth.protocol import Endpoint, repository, result_code
from vnhealth.protocol.deid_inspect import inspect
from vnhealth.protocol.repository import Envelope, RecordStatus, format_moment
from vnhealth.sandbox._check import Checked, File, RecordVerdict, own
from vnhealth.sandbox._core import Answer, Call, Core, Front, Handler, restored, shown
from vnhealth.sandbox._forms import Refused
from vnhealth.sandbox._http import BadBody, Response
from vnhealth.sandbox._ledger import Intake
from vnhealth.sandbox._model import Account, Reconciliation, Record, State, Submission, digest
from vnhealth.sandbox._peek import peek
from vnhealth.sandbox._persons import SCOPES, Persons, person_of
from vnhealth.sandbox._store import Wanted, local_day

__all__ = ["Denied", "Repository", "front"]

MAX_PAGE = 100
ERRORS = {"all": None, "has_error": True, "no_error": False}
"""Values of ``error_status``: whether the records shown are the refused ones."""
MAX_REASON = 500
MAX_REQUEST_ID = 100
LIFE = dt.timedelta(seconds=repository.TOKEN_SECONDS)
Item = Callable[[Submission, Record], dict[str, Any]]
"""How a record is shown."""
STATUSES = {
    State.PENDING: RecordStatus.QUEUED,
    State.ACCEPTED: RecordStatus.ACCEPTED,
    State.WARNED: RecordStatus.ACCEPTED_WITH_WARNING,
    State.REFUSED: RecordStatus.REJECTED,
}


def check_deid(file: File) -> Checked:
    """The verdict on de-identified records: the contract once more, then nothing else."""
    found = inspect(file.body)
    records = tuple(RecordVerdict(key, Findings()) for key in found.records)
    return Checked(found.findings, records, "")


class Denied(Refused):
    """A request was refused with a result code, findings, and data for the envelope."""

    def __init__(self, code: str, findings: Findings | None = None, **data: Any) -> None:
        super().__init__(code)
        self.findings = findings or Findings()
        self.data = data


def front(core: Core, key: str) -> Front:
    """One of the gateways province, national and national_deid."""
    found = Repository(core, key)
    return Front(found.handlers(), found.refused, check_deid if key == "national_deid" else None)


class Repository:
    """Handlers by endpoint name for one of the gateways province, national, national_deid."""

    def __init__(self, core: Core, gateway: str) -> None:
        self._core = core
        self._gateway = gateway
        self._kind = "deid" if gateway == "national_deid" else "claim"
        self._persons = Persons(core.ledger.store, gateway) if gateway in SCOPES else None

    def handlers(self) -> Mapping[str, Handler]:
        """The handler of every endpoint of the gateway."""
        calls: dict[str, Callable[[Call, Account], Answer]] = {
            "whoami": self.whoami,
            "submit": self.submit,
            "checkin": self.submit,
            "list": self.listing,
            "status": self.status,
            "cancel": self.cancel,
            "restore": self.cancel,
            "reconciliation": self.reconciliation,
            "who_is": self.who_is,
        }
        guarded = {name: self.guarded(call) for name, call in calls.items()}
        return {**guarded, "login": self.login}

    def guarded(self, handler: Callable[[Call, Account], Answer]) -> Handler:
        """A handler for callers with a session; refusals become answers."""

        def run(call: Call) -> Answer:
            try:
                return handler(call, self._account(call))
            except BadBody:
                return self.answer("INVALID_REQUEST")
            except Denied as refused:
                return self.answer(
                    refused.code, refused.data or None, errors=tuple(map(shown, refused.findings))
                )
            except Refused as refused:
                return self.answer(refused.code, {"field": refused.detail})

        return run

    def answer(
        self,
        code: str,
        data: Any = None,
        *,
        facility: str = "",
        transaction: str = "",
        warnings: tuple[Any, ...] = (),
        errors: tuple[Any, ...] = (),
    ) -> Answer:
        """An answer in the envelope; the code says whether it is a success and which status."""
        known = result_code(self._gateway, code)
        success = known is not None and known.outcome in ("accepted", "duplicate")
        meaning = known.meaning_vi if known else ""
        body = Envelope(success, code, meaning, data, warnings, errors)
        status = known.http if known else 400
        return Answer(Response(status, body.to_bytes()), code, facility, transaction)

    def refused(self, endpoint: Endpoint, code: str, status: int | None) -> Answer:
        """A refusal as the fault plan asks for it; the gateways share one form."""
        answer = self.answer(code)
        response = answer.response
        return replace(answer, response=replace(response, status=status or response.status))

    def login(self, call: Call) -> Answer:
        """JSON with the password in clear text; the token lives three hours."""
        try:
            value = call.request.json()
        except BadBody:
            value = None
        fields = value if isinstance(value, dict) else {}
        account = self._core.account(
            self._gateway, str(fields.get("username", "")), str(fields.get("password", ""))
        )
        if account is None or account.locked:
            return self.answer("ACCOUNT_LOCKED" if account else "INVALID_CREDENTIALS")
        session = self._core.new_session(account, LIFE)
        data = {
            "access_token": self._core.ids.token(session),
            "token_type": "Bearer",
            "expires_in": repository.TOKEN_SECONDS,
            "expires_at": format_moment(session.expires),
            "ma_don_vi": account.scope,
        }
        return self.answer("OK", data, facility=account.scope)

    def _account(self, call: Call) -> Account:
        scheme, _, token = call.request.header("authorization").partition(" ")
        found = self._core.session_account(self._gateway, token.strip())
        if scheme.lower() != "bearer" or found is None:
            raise Denied("UNAUTHORIZED")
        return found[1]

    def whoami(self, call: Call, account: Account) -> Answer:
        """The unit of the account."""
        data = {"ten_don_vi": account.username, "ma_don_vi": account.scope}
        return self.answer("OK", data, facility=account.scope)

    def submit(self, call: Call, account: Account) -> Answer:
        """One raw XML file. The very same file again is a duplicate and changes nothing."""
        request = call.request
        if request.content_type not in repository.XML_CONTENT_TYPES:
            raise Denied("UNSUPPORTED_MEDIA_TYPE")
        if len(request.body) > repository.MAX_XML_BYTES:
            raise Denied("PAYLOAD_TOO_LARGE")
        if not request.body:
            raise Denied("INVALID_REQUEST")
        intake, notes = self._seen(call, account)
        earlier = self._same_file(intake)
        if earlier is not None:
            return self._received(earlier, repository.ACCEPTED_DUPLICATE, ())
        delay = self._core.settings.delay(self._gateway)
        kept = self._core.ledger.accept(intake, delay, tracking=True)
        code = repository.ACCEPTED_WITH_WARNING if notes else repository.ACCEPTED
        return self._received(kept, code, tuple(map(shown, notes)))

    def _seen(self, call: Call, account: Account) -> tuple[Intake, list[Finding]]:
        body, kind = call.request.body, call.endpoint.record
        keys: tuple[str | None, ...]
        if kind == "deid":
            found = inspect(body)
            if not found.ok:
                raise Denied("DIRECT_IDENTIFIER_REFUSED", found.findings)
            facility, keys, signature = found.facility, tuple(dict.fromkeys(found.records)), ""
        else:
            seen = peek(body)
            facility, keys = seen.facility, seen.keys
            signature = "PENDING" if seen.signed else "MISSING"
        if facility is None and len(account.scope) == 5:
            facility = account.scope
        if facility is None:
            raise Denied("INVALID_REQUEST")
        if not account.may_send(facility):
            raise Denied("MACSKCB_MISMATCH")
        notes = []
        if kind == "claim" and len(keys) > 1:
            notes.append(own("GW-DOC-03", count=str(len(keys))))
        intake = Intake(
            gateway=self._gateway,
            kind=kind,
            edition="",
            facility=facility,
            username=account.username,
            body=body,
            keys=keys,
            signature=signature,
        )
        return intake, notes

    def _same_file(self, intake: Intake) -> Submission | None:
        """The submission whose bytes these are, if it is still the latest of all its records."""
        store = self._core.ledger.store
        first = intake.keys[0]
        if first is None:
            return None
        record = self._core.ledger.current(self._gateway, intake.facility, intake.kind, first)
        if record is None or record.cancelled:
            return None
        found = store.numbered(record.submission)
        if found.digest != digest(intake.body):
            return None
        whole = all(r.current and not r.cancelled for r in store.records(found.number))
        return found if whole else None

    def _received(self, kept: Submission, code: str, notes: tuple[Any, ...]) -> Answer:
        data = {
            "tracking_id": kept.transaction,
            "status": RecordStatus.QUEUED,
            "signature_status": _signature(kept),
            "received_at": format_moment(kept.received),
        }
        return self.answer(
            code, data, facility=kept.facility, transaction=kept.transaction, warnings=notes
        )

    def _facility(self, account: Account, given: str | None) -> str:
        facility = given or account.scope
        if len(facility) != 5:
            raise Denied("INVALID_REQUEST")
        if not account.may_send(facility):
            raise Denied("MACSKCB_MISMATCH")
        return facility

    def status(self, call: Call, account: Account) -> Answer:
        """By ``ma_lk`` (with ``ma_cskcb`` for accounts of a province) or by ``tracking_id``."""
        checkin = call.request.params().get("loai") == "checkin"
        return self.record_status(call, account, "checkin" if checkin else self._kind, _item)

    def record_status(self, call: Call, account: Account, kind: str, item: Item) -> Answer:
        """The latest record of a kind with this MA_LK, or all of one file."""
        params = call.request.params()
        store, ledger = self._core.ledger.store, self._core.ledger
        if params.get("tracking_id"):
            found = store.submission(self._gateway, params["tracking_id"])
            if found is None or not account.may_send(found.facility):
                raise Denied("NOT_FOUND")
            key = params.get("ma_lk")
        else:
            facility = self._facility(account, params.get("ma_cskcb"))
            key = params.get("ma_lk") or ""
            record = self._core.ledger.current(self._gateway, facility, kind, key)
            if record is None:
                raise Denied("NOT_FOUND")
            found = store.numbered(record.submission)
        found = ledger.settled(found)
        records = [r for r in store.records(found.number) if not key or r.key == key]
        said = [f for record in records for f in restored(record.findings)]
        items = [item(found, record) for record in records]
        data = items[0] if len(items) == 1 else {"tracking_id": found.transaction, "items": items}
        return self.answer(
            "OK",
            data,
            facility=found.facility,
            transaction=found.transaction,
            warnings=tuple(shown(f) for f in said if f.severity is Severity.WARNING),
            errors=tuple(shown(f) for f in said if f.severity is Severity.ERROR),
        )

    def listing(self, call: Call, account: Account) -> Answer:
        """Records received between two days, latest version only, in pages of at most 100."""
        return self.record_list(call, account, (self._kind, "checkin"), _item)

    def record_list(
        self, call: Call, account: Account, kinds: tuple[str, ...], item: Item
    ) -> Answer:
        """One page of the records of some kinds."""
        params = call.request.params()
        since, until = self.days(params)
        page = _number(params.get("page", "1"), 1, 10**6)
        size = _number(params.get("page_size", str(MAX_PAGE)), 1, MAX_PAGE)
        wanted = params.get("error_status", "all")
        if wanted not in ERRORS:
            raise Denied("INVALID_REQUEST")
        with_cancelled = params.get("include_cancelled", "false").lower() == "true"
        self._core.ledger.settle_due(self._gateway, account.scope)
        rows, total = self._core.ledger.store.page(
            self._gateway,
            account.scope,
            since,
            until,
            Wanted(kinds, with_cancelled, ERRORS[wanted]),
            offset=(page - 1) * size,
            limit=size,
        )
        data = {
            "items": [item(*row) for row in rows],
            "page": page,
            "page_size": size,
            "total": total,
        }
        return self.answer("OK", data, facility=account.scope)

    def days(self, params: Mapping[str, str]) -> tuple[dt.date, dt.date]:
        """From ``from_date`` and ``to_date``; today where they are missing."""
        today = local_day(self._core.clock.now()).isoformat()
        try:
            since = dt.date.fromisoformat(params.get("from_date", today))
            return since, dt.date.fromisoformat(params.get("to_date", today))
        except ValueError:
            raise Denied("INVALID_REQUEST") from None

    def cancel(self, call: Call, account: Account) -> Answer:
        """Cancel or restore, at once. The same MA_YEU_CAU again gives the same answer."""
        restore = call.endpoint.name == "restore"
        fields = call.request.json()
        reason_name = "LY_DO" if restore else "LY_DO_HUY"
        names = ("MA_LK", "MA_CSKCB", reason_name, "MA_YEU_CAU")
        if not isinstance(fields, dict) or not all(_is_text(fields.get(name)) for name in names):
            raise Denied("INVALID_REQUEST")
        facility = self._facility(account, fields["MA_CSKCB"])
        asked = digest(json.dumps([call.endpoint.name, *(fields[n] for n in names)]).encode())
        space, key = f"request:{self._gateway}:{facility}", fields["MA_YEU_CAU"]
        if len(key) > MAX_REQUEST_ID or len(fields[reason_name]) > MAX_REASON:
            raise Denied("INVALID_REQUEST")
        known = self._core.ledger.store.get(space, key)
        if known is not None:
            kept = json.loads(known)
            if kept["asked"] != asked:
                raise Denied("REQUEST_ID_CONFLICT")
            return self.answer(kept["code"], kept["data"], facility=facility)
        record = self._core.ledger.current(self._gateway, facility, self._kind, fields["MA_LK"])
        if record is None:
            raise Denied("NOT_FOUND")
        code, data = _outcome(record.cancelled, restore), {"ma_lk": record.key}
        if code in ("CANCELLED", "RESTORED"):
            data["thoi_gian"] = format_moment(self._core.clock.now())
        text = json.dumps({"asked": asked, "code": code, "data": data}, ensure_ascii=False)
        with self._core.ledger.store.transaction():
            if record.cancelled is restore:
                self._core.ledger.set_cancelled(record, not restore)
            self._core.ledger.store.put(space, key, text)
        return self.answer(code, data, facility=facility)

    def who_is(self, call: Call, account: Account) -> Answer:
        """vnhealth-defined: the person codes that the fields of XML1 in the body may belong to."""
        fields = call.request.json()
        if self._persons is None or not isinstance(fields, dict) or not fields.get("HO_TEN"):
            raise Denied("INVALID_REQUEST")
        if not all(isinstance(value, str) for value in fields.values()):
            raise Denied("INVALID_REQUEST")
        self._core.ledger.settle_due(self._gateway)
        found = self._persons.who_is(person_of(fields), self._core.clock.now())
        return self.answer("OK", {"items": found}, facility=account.scope)

    def reconciliation(self, call: Call, account: Account) -> Answer:
        """vnhealth-defined: counts per facility, kind and day of receipt."""
        since, until = self.days(call.request.params())
        rows = self._core.ledger.reconcile(self._gateway, account.scope, since, until)
        return self.answer("OK", {"days": [_counts(row) for row in rows]}, facility=account.scope)


def _outcome(cancelled: bool, restore: bool) -> str:
    if restore:
        return "RESTORED" if cancelled else "NOT_CANCELLED"
    return "ALREADY_CANCELLED" if cancelled else "CANCELLED"


def _counts(row: Reconciliation) -> dict[str, Any]:
    return {
        "date": row.day.isoformat(),
        "ma_cskcb": row.facility,
        "kind": row.kind,
        "received": row.received,
        "sent": row.sent,
        "accepted": row.accepted,
        "accepted_with_warning": row.warned,
        "refused": row.refused,
        "pending": row.pending,
        "cancelled": row.cancelled,
        "replaced": row.replaced,
        "balanced": row.balanced,
    }


def _item(submission: Submission, record: Record) -> dict[str, Any]:
    status = STATUSES[record.state]
    if not record.current:
        status = RecordStatus.REPLACED
    elif record.cancelled:
        status = RecordStatus.CANCELLED
    return {
        "ma_lk": record.key,
        "ma_cskcb": submission.facility,
        "tracking_id": submission.transaction,
        "status": status,
        "signature_status": _signature(submission),
        "received_at": format_moment(submission.received),
        "processed_at": format_moment(submission.due) if submission.settled else None,
    }


def _signature(submission: Submission) -> str | None:
    return submission.signature.upper() or None


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value.strip() != ""


def _number(text: str, low: int, high: int) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise Denied("INVALID_REQUEST")
    value = int(text)
    if not low <= value <= high:
        raise Denied("INVALID_REQUEST")
    return value
