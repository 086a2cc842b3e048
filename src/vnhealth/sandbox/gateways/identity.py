"""Identity verification and population look-up, emulated: a consent, a transaction, one word back.

vnhealth-defined; see `vnhealth.protocol.identity`. Nothing that was asked is kept: the store holds
keyed hashes of the subject, the purpose and the answer. The people asked about are those of
`vnhealth.synth.people` under the seed of the exchange; none of them exists.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from vnhealth.findings import Findings
from vnhealth.identity import cccd
from vnhealth.identity.person_record import PersonRecord, prepare
from vnhealth.protocol import Endpoint, identity
from vnhealth.protocol.identity import Result
from vnhealth.protocol.repository import Envelope, format_moment
from vnhealth.sandbox._check import Checked, File, RecordVerdict
from vnhealth.sandbox._core import Answer, Call, Core, Front, Handler
from vnhealth.sandbox._forms import (
    Refused,
    compact,
    for_account,
    guarded,
    json_object,
    said,
    texts,
)
from vnhealth.sandbox._http import Response
from vnhealth.sandbox._ledger import Intake
from vnhealth.sandbox._model import Account, Record
from vnhealth.sandbox._results import taken_and_judged
from vnhealth.sandbox._store import local_day
from vnhealth.sandbox.gateways._population import Population
from vnhealth.sandbox.gateways.repository import Repository

__all__ = ["front"]

MAX_MISMATCHES = 5
"""Wrong answers about one subject, per facility and day."""
MAX_TEXT = 100
LIFE = dt.timedelta(hours=identity.RESULT_HOURS)
_DIGEST = re.compile("[0-9a-f]{64}")


def front(core: Core, key: str) -> Front:
    """The gateway for identities; its login is that of the repositories."""
    return Front(Identity(core, key).handlers(), _refused, check_kept)


def check_kept(file: File) -> Checked:
    """Consents and answers are right when they are kept."""
    key = str(json.loads(file.body)["key"])
    return Checked(Findings(), (RecordVerdict(key, Findings()),), "")


def _refused(endpoint: Endpoint, code: str, status: int | None) -> Answer:
    """A refusal as the fault plan asks for it; all calls share one form."""
    return _refusal(code, "", status)


def _refusal(code: str, detail: str, status: int | None = None) -> Answer:
    http, text = said(identity.GATEWAY, code, detail, status)
    return Answer(Response(http, Envelope(False, code, text).to_bytes()), code)


def _well(code: str, data: Any, facility: str, transaction: str = "") -> Answer:
    http, text = said(identity.GATEWAY, code)
    body = Envelope(True, code, text, data).to_bytes()
    return Answer(Response(http, body), code, facility, transaction)


class Identity:
    """Handlers by endpoint name."""

    def __init__(self, core: Core, key: str) -> None:
        self._core = core
        self._key = key
        self._sessions = Repository(core, key)
        self._people = Population(core.ids.seed)

    def handlers(self) -> Mapping[str, Handler]:
        """The handler of every endpoint."""
        calls: dict[str, Callable[[Call, Account], Answer]] = {
            "consent": self.consent,
            "withdraw": self.withdraw,
            "verify": self.ask,
            "look_up": self.ask,
            "result": self.result,
        }
        known = {
            name: guarded(
                for_account(self._core, self._key, call, "UNAUTHORIZED"),
                _refusal,
                "INVALID_REQUEST",
            )
            for name, call in calls.items()
        }
        return {"login": self._sessions.login, **known}

    # consent

    def consent(self, call: Call, account: Account) -> Answer:
        """Record a consent; every one is a new record, for one purpose and one transaction."""
        value = json_object(call.request)
        fields = texts(value)
        if value.get("da_biet_du_lieu_nhay_cam") is not True:
            raise Refused("INVALID_REQUEST", "da_biet_du_lieu_nhay_cam")
        _one_of(fields, "muc_dich", identity.PURPOSES)
        _one_of(fields, "nguoi_dong_y", identity.ACTORS)
        _filled(fields, "kenh")
        if not _DIGEST.fullmatch(fields.get("van_ban_sha256", "")):
            raise Refused("INVALID_REQUEST", "van_ban_sha256")
        if not self._past(fields.get("thoi_diem", "")):
            raise Refused("INVALID_REQUEST", "thoi_diem")
        number = self._core.ledger.store.next_number("identity:consent")
        key = f"DY{number:08d}{self._core.ids.letters(6, 'consent', number)}"
        names = ("muc_dich", "nguoi_dong_y", "kenh", "thoi_diem", "van_ban_sha256")
        kept = {name: fields[name] for name in names}
        self._keep(account, "consent", key, {**kept, "doi_tuong": self._subject(fields)})
        return _well("CONSENT_RECORDED", {"ma_dong_y": key}, account.scope)

    def _past(self, text: str) -> bool:
        try:
            found = dt.datetime.fromisoformat(text)
        except ValueError:
            return False
        return found.tzinfo is not None and found <= self._core.clock.now()

    def _subject(self, fields: Mapping[str, str]) -> str:
        """A keyed hash of the number, or of name and date of birth; refused when there is none."""
        number = fields.get("so_dinh_danh", "").strip()
        if number:
            checked = cccd.parse(number)
            if not checked.is_valid:
                raise Refused("INVALID_REQUEST", "so_dinh_danh")
            return self._core.ids.letters(26, "subject", checked.normalized)
        ready = prepare(PersonRecord(fields.get("ho_ten", ""), fields.get("ngay_sinh", "")))
        if not ready.skeleton or not ready.year:
            raise Refused("INVALID_REQUEST", "ho_ten, ngay_sinh")
        return self._core.ids.letters(26, "subject", ready.skeleton, ready.year, ready.date)

    def withdraw(self, call: Call, account: Account) -> Answer:
        """Take a consent back: from now on nothing is asked or read under it."""
        fields = texts(json_object(call.request))
        _filled(fields, "ly_do")
        record = self._record(account, "consent", fields.get("ma_dong_y", ""))
        if record.cancelled:
            raise Refused("CONSENT_WITHDRAWN")
        self._core.ledger.set_cancelled(record, True)
        now = format_moment(self._core.clock.now())
        data = {"ma_dong_y": record.key, "thoi_diem": now}
        return _well("WITHDRAWN", data, account.scope)

    def _consent(self, account: Account, key: str) -> dict[str, Any]:
        record = self._core.ledger.current(self._key, account.scope, "consent", key)
        if record is None:
            raise Refused("CONSENT_REQUIRED")
        if record.cancelled:
            raise Refused("CONSENT_WITHDRAWN")
        return self._body(record)

    # questions

    def ask(self, call: Call, account: Account) -> Answer:
        """Verify a number, or look a person up; the same question again gets the same answer."""
        fields = texts(json_object(call.request))
        transaction = _filled(fields, "ma_giao_dich")
        _one_of(fields, "muc_dich", identity.PURPOSES)
        if call.endpoint.name == "verify":
            _filled(fields, "so_dinh_danh")
        elif fields.get("so_dinh_danh"):
            raise Refused("INVALID_REQUEST", "so_dinh_danh")
        subject = self._subject(fields)
        _filled(fields, "ho_ten")
        _filled(fields, "ngay_sinh")
        asked = self._core.ids.letters(26, "asked", call.endpoint.name, json.dumps(fields))
        earlier = self._core.ledger.current(self._key, account.scope, "answer", transaction)
        if earlier is not None:
            return self._again(account, earlier, asked)
        consent = self._consent(account, fields.get("ma_dong_y", ""))
        self._fits(consent, fields, subject)
        day = local_day(self._core.clock.now()).isoformat()
        space, wrong = "identity:mismatch", f"{account.scope}/{subject}/{day}"
        store = self._core.ledger.store
        mismatches = int(store.get(space, wrong) or 0)
        if mismatches >= MAX_MISMATCHES:
            raise Refused("TOO_MANY_MISMATCHES")
        asking = {"verify": self._people.verify, "look_up": self._people.look_up}
        result = asking[call.endpoint.name](fields)
        kept = {"ma_dong_y": fields["ma_dong_y"], "muc_dich": fields["muc_dich"], "asked": asked}
        with store.transaction():
            self._keep(account, "answer", transaction, {**kept, "ket_qua": result})
            store.put("identity:used", f"{account.scope}/{fields['ma_dong_y']}", transaction)
            if result in (Result.NO_MATCH, Result.NOT_FOUND):
                store.put(space, wrong, str(mismatches + 1))
        record = self._record(account, "answer", transaction)
        return self._shown(account, record, "ANSWERED")

    def _fits(self, consent: Mapping[str, Any], fields: Mapping[str, str], subject: str) -> None:
        """The consent is about this purpose and this person and was not used."""
        if consent["muc_dich"] != fields["muc_dich"]:
            raise Refused("CONSENT_OTHER_PURPOSE")
        if consent["doi_tuong"] != subject:
            raise Refused("CONSENT_OTHER_PERSON")
        used = f"{consent['facility']}/{consent['key']}"
        if self._core.ledger.store.get("identity:used", used) is not None:
            raise Refused("CONSENT_USED")

    def _again(self, account: Account, record: Record, asked: str) -> Answer:
        if self._body(record)["asked"] != asked:
            raise Refused("REQUEST_ID_CONFLICT")
        return self._shown(account, record, "ANSWERED_BEFORE")

    # answers

    def result(self, call: Call, account: Account) -> Answer:
        """An answer once more: only to its own transaction, for a day, while the consent stands."""
        wanted = self._core.ledger.store.get(
            "identity:answer", f"{account.scope}/{call.args['ma']}"
        )
        if wanted is None:
            raise Refused("NOT_FOUND")
        if call.request.params().get("ma_giao_dich") != wanted:
            raise Refused("RESULT_NOT_TRANSFERABLE")
        return self._shown(account, self._record(account, "answer", wanted), "ANSWERED_BEFORE")

    def _shown(self, account: Account, record: Record, code: str) -> Answer:
        body = self._body(record)
        self._consent(account, body["ma_dong_y"])
        submission = self._core.ledger.store.numbered(record.submission)
        ends = submission.received + LIFE
        if ends <= self._core.clock.now():
            raise Refused("RESULT_EXPIRED")
        data = {
            "ma_xac_thuc": submission.transaction,
            "ma_giao_dich": record.key,
            "ket_qua": body["ket_qua"],
            "thoi_diem": format_moment(submission.received),
            "het_han": format_moment(ends),
        }
        return _well(code, data, account.scope, submission.transaction)

    # the store

    def _keep(self, account: Account, kind: str, key: str, facts: Mapping[str, Any]) -> None:
        intake = Intake(
            gateway=self._key,
            kind=kind,
            edition="",
            facility=account.scope,
            username=account.username,
            body=compact({"key": key, "facility": account.scope, **facts}),
            keys=(key,),
        )
        kept, _ = taken_and_judged(self._core, intake, tracking=True)
        if kind == "answer":
            self._core.ledger.store.put(
                "identity:answer", f"{account.scope}/{kept.transaction}", key
            )

    def _record(self, account: Account, kind: str, key: str) -> Record:
        record = self._core.ledger.current(self._key, account.scope, kind, key) if key else None
        if record is None:
            raise Refused("NOT_FOUND")
        return record

    def _body(self, record: Record) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self._core.ledger.store.body(record.submission))
        return found


def _filled(fields: Mapping[str, str], name: str) -> str:
    value = fields.get(name, "").strip()
    if not value or len(value) > MAX_TEXT:
        raise Refused("INVALID_REQUEST", name)
    return value


def _one_of(fields: Mapping[str, str], name: str, known: Mapping[str, str]) -> None:
    if fields.get(name) not in known:
        raise Refused("INVALID_REQUEST", name)
