"""The FHIR/XML report gateway: XML is judged later, FHIR at once by its form, all is logged."""

from __future__ import annotations

import base64
import datetime as dt
import json
from collections.abc import Callable, Mapping

from vnhealth.findings import Finding, Findings
from vnhealth.localtime import ICT
from vnhealth.protocol import Endpoint, fhir_report
from vnhealth.protocol.fhir_form import check_form, keys_in
from vnhealth.protocol.fhir_report import Tokens, XmlReply
from vnhealth.sandbox._check import Checked, File, RecordVerdict
from vnhealth.sandbox._core import Answer, Call, Core, Front, Handler, restored
from vnhealth.sandbox._forms import (
    Refused,
    compact,
    for_account,
    from_base64,
    guarded,
    json_object,
    json_response,
    said,
    texts,
)
from vnhealth.sandbox._http import Response
from vnhealth.sandbox._ledger import Intake
from vnhealth.sandbox._model import Account, Record, State, Submission
from vnhealth.sandbox._refresh import open_renewable, renew, revoke
from vnhealth.sandbox._results import claim_intake, taken_and_judged
from vnhealth.sandbox._store import local_day

__all__ = ["front"]

LIFE = dt.timedelta(hours=1)
REFRESH_LIFE = dt.timedelta(days=7)
FHIR = "fhir"
WAITING = "Đã tiếp nhận, chờ xử lý"
ERRORS = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    422: "Unprocessable Entity",
}
JSON_TYPES = (fhir_report.FHIR_CONTENT_TYPE, "application/json", "application/json-patch+json")


def front(core: Core, key: str) -> Front:
    """The report gateway."""
    return Front(FhirReport(core).handlers(), _refused, checkers={FHIR: check_fhir})


def check_fhir(file: File) -> Checked:
    """The verdict on what came over FHIR: its form and nothing else."""
    kept = json.loads(file.body)
    found = check_form(kept["target"], kept["body"])
    keys = keys_in(kept["target"], kept["body"])
    return Checked(Findings(), tuple(RecordVerdict(key, found) for key in keys))


def _refused(endpoint: Endpoint, code: str, status: int | None) -> Answer:
    """A refusal as the fault plan asks for it; all calls share one form."""
    return _refusal(code, "", status)


def _refusal(code: str, detail: str, status: int | None = None) -> Answer:
    http, text = said(fhir_report.GATEWAY, code, detail, status)
    body = fhir_report.refusal(http, ERRORS.get(http, "Error"), text)
    return Answer(Response(http, body), code)


class FhirReport:
    """Handlers by endpoint name."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def handlers(self) -> Mapping[str, Handler]:
        """The handler of every endpoint."""
        resources = ("organization", "code_system", "practitioner", "practitioner_role", "location")
        patches = ("patch_coverage", "patch_medication", "patch_claim_response")
        calls: dict[str, Callable[[Call, Account], Answer]] = {
            "checkin": self.xml,
            "submit": self.xml,
            "logs": self.logs,
            **dict.fromkeys((*resources, *patches), self.fhir),
        }
        return {
            "login": guarded(self.login, _refusal, "401"),
            "refresh": guarded(self.refresh, _refusal, "401"),
            "revoke": guarded(self.revoke, _refusal, "400"),
            **{
                name: guarded(
                    for_account(self._core, fhir_report.GATEWAY, call, "401"), _refusal, "422"
                )
                for name, call in calls.items()
            },
        }

    # sessions

    def login(self, call: Call) -> Answer:
        """JSON; the password is an MD5 in upper case (lower case is taken too)."""
        fields = texts(json_object(call.request))
        account = self._core.account(
            fhir_report.GATEWAY, fields.get("username", ""), fields.get("password", ""), hashed=True
        )
        if account is None or account.locked:
            raise Refused("403" if account else "401")
        return self._opened(account)

    def refresh(self, call: Call) -> Answer:
        """A new pair of tokens for a refresh token, which is used up (rotating)."""
        fields = texts(call.request.form())
        token = fields.get("refresh_token", "")
        account = renew(self._core, fhir_report.GATEWAY, token)
        if fields.get("grant_type") != "refresh_token" or account is None:
            raise Refused("401")
        return self._opened(account)

    def revoke(self, call: Call) -> Answer:
        """Use up a refresh token; an unknown one is no error, as in OAuth."""
        token = texts(call.request.form()).get("token", "")
        if not token:
            raise Refused("400", "token")
        revoke(self._core, fhir_report.GATEWAY, token)
        return Answer(json_response({}), "200")

    def _opened(self, account: Account) -> Answer:
        pair = open_renewable(self._core, account, LIFE, REFRESH_LIFE)
        ends = fhir_report.format_expiry(pair.expires)
        reply = Tokens(pair.access, pair.refresh, account.username, ends)
        return Answer(Response(200, reply.to_bytes()), "200", account.scope)

    # files

    def xml(self, call: Call, account: Account) -> Answer:
        """A check-in or claim file, Base64 in one form field; logged now, judged later."""
        coded = texts(call.request.form()).get("fileHSBase64", "")
        body = from_base64(coded)
        kind = call.endpoint.record
        intake = claim_intake(fhir_report.GATEWAY, account, body, kind=kind, foreign="403")
        kept = self._core.ledger.accept(
            intake, self._core.settings.delay(fhir_report.GATEWAY), tracking=True
        )
        reply = XmlReply(kept.transaction, fhir_report.State.PENDING, WAITING)
        return Answer(Response(200, reply.to_bytes()), "200", kept.facility, kept.transaction)

    def fhir(self, call: Call, account: Account) -> Answer:
        """A resource, a bundle or a patch: judged by its form at once, logged in either case."""
        if call.request.content_type not in JSON_TYPES:
            raise Refused("422", "Content-Type")
        body = call.request.json()
        target = call.endpoint.path.removeprefix("/api/fhir/").format(**call.args)
        self._look_for_claim(target, account)
        intake = Intake(
            gateway=fhir_report.GATEWAY,
            kind=FHIR,
            edition="",
            facility=account.scope,
            username=account.username,
            body=compact({"target": target, "body": body}),
            keys=keys_in(target, body),
        )
        kept, records = taken_and_judged(self._core, intake, tracking=True)
        found = _findings(records)
        metadata = fhir_report.operation_outcome(found)
        code = "200" if found.ok else "422"
        response = json_response({"logId": kept.transaction, "metadata": metadata}, int(code))
        return Answer(response, code, kept.facility, kept.transaction)

    def _look_for_claim(self, target: str, account: Account) -> None:
        """A ClaimResponse is about a claim that was sent (assumption)."""
        kind, _, key = target.partition("/")
        ledger = self._core.ledger
        if kind == "ClaimResponse" and (
            ledger.current(fhir_report.GATEWAY, account.scope, "claim", key) is None
        ):
            raise Refused("404", "MA_LK")

    # log

    def logs(self, call: Call, account: Account) -> Answer:
        """What was sent and what became of it, latest first; at most 60 days."""
        params = call.request.params()
        since, until = self._days(params)
        page = _number(params, "page", 1, 10**6)
        size = _number(params, "pageSize", fhir_report.PAGE, fhir_report.MAX_PAGE)
        wanted = params.get("resourceType", "")
        if wanted not in ("", "xml", "json"):
            raise Refused("400", "resourceType")
        ledger = self._core.ledger
        ledger.settle_due(fhir_report.GATEWAY, account.scope)
        found: dict[int, Submission] = {}
        listing = ledger.store.listing(fhir_report.GATEWAY, account.scope, since, until)
        for submission, _ in listing:
            form = "json" if submission.kind == FHIR else "xml"
            if wanted in ("", form) and params.get("id", "") in ("", submission.transaction):
                found[submission.number] = submission
        rows = [found[number] for number in sorted(found, reverse=True)]
        shown = rows[(page - 1) * size : page * size]
        body = {
            "items": [self._logged(submission) for submission in shown],
            "page": page,
            "pageSize": size,
            "total": len(rows),
        }
        return Answer(json_response(body), "200", account.scope)

    def _days(self, params: Mapping[str, str]) -> tuple[dt.date, dt.date]:
        today = f"{local_day(self._core.clock.now()):%Y%m%d}"
        days = []
        for name in ("fromDate", "toDate"):
            try:
                days.append(dt.datetime.strptime(params.get(name, today), "%Y%m%d").date())
            except ValueError:
                raise Refused("400", name) from None
        if not 0 <= (days[1] - days[0]).days <= fhir_report.LOG_DAYS:
            raise Refused("400", "fromDate, toDate")
        return days[0], days[1]

    def _logged(self, submission: Submission) -> dict[str, str]:
        store = self._core.ledger.store
        body, records = store.body(submission.number), store.records(submission.number)
        if submission.kind == FHIR:
            data = compact(json.loads(body)["body"]).decode()
            metadata = fhir_report.operation_outcome(_findings(records))
        else:
            data = base64.b64encode(body).decode()
            metadata = _xml_metadata(submission, records)
        return fhir_report.log_item(
            log_id=submission.transaction,
            kind=submission.kind,
            data=data,
            received=submission.received.astimezone(ICT),
            metadata=metadata,
        )


def _findings(records: tuple[Record, ...]) -> Findings:
    found: dict[Finding, None] = {}
    for record in records:
        found.update(dict.fromkeys(restored(record.findings)))
    return Findings(found)


def _xml_metadata(submission: Submission, records: tuple[Record, ...]) -> dict[str, str]:
    if not submission.settled:
        return XmlReply("", fhir_report.State.PENDING, WAITING).metadata()
    wrong = any(record.state is State.REFUSED for record in records)
    text = "; ".join(f"{f.message_vi} [{f.code}]" for f in _findings(records))
    state = fhir_report.State.ERROR if wrong else fhir_report.State.SUCCESS
    return XmlReply("", state, text, "422" if wrong else "200").metadata()


def _number(params: Mapping[str, str], name: str, default: int, largest: int) -> int:
    text = params.get(name, str(default))
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:9]) <= largest:
        raise Refused("400", name)
    return int(text)
