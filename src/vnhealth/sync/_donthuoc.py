"""The national e-prescription system as a facility, a doctor or a pharmacy sees it.

The HTTP status is the code; a success is a sentence with certain words. A sent prescription is
never changed: a code that was used before is refused. When that happens to a repeated try, the
first one had arrived, so the outcome is a duplicate; on a first try it is a refusal, for somebody
has to look whether it is the same prescription.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

from vnhealth.errors import ConformanceError
from vnhealth.findings import Finding, Findings, Severity
from vnhealth.protocol import Endpoint, donthuoc
from vnhealth.protocol._json import compact
from vnhealth.protocol.donthuoc import USED_BEFORE, WELL, code_key
from vnhealth.protocol.donthuoc_check import check_prescription, check_sale
from vnhealth.sync import _read
from vnhealth.sync._bearer import JSON, BearerGate
from vnhealth.sync._body import Body, checked_body, json_object, plain
from vnhealth.sync._capabilities import Capabilities, Found
from vnhealth.sync._errors import NotSent
from vnhealth.sync._mask import raw_answer
from vnhealth.sync._outcome import Outcome, Status, gateway_finding
from vnhealth.sync._retry import Resend
from vnhealth.sync._session import Account, Token
from vnhealth.sync._wire import HttpAnswer, HttpRequest, Plan

__all__ = ["DonthuocGate"]

FACILITY, DOCTOR, PHARMACY = "facility", "doctor", "pharmacy"
ROLES = (FACILITY, DOCTOR, PHARMACY)
LIFE = dt.timedelta(seconds=donthuoc.TOKEN_SECONDS)
WORDS = ("success", "token", "danh_sach_cac_loi", "message", "ma_don_thuoc")


class DonthuocGate(BearerGate):
    """``role`` of the account: a doctor prescribes, a facility links doctors, a pharmacy sells.

    Without one it is a facility when the user name is the facility code, else a doctor.
    """

    capabilities = Capabilities(
        kinds=("prescription", "sale"),
        lookups=("prescription", "prescriptions_by_phone", "link_doctor", "unlink_doctor"),
        repeatable=True,
    )
    calls = MappingProxyType({"prescription": "submit", "sale": "report_sale"})
    life = LIFE

    def __init__(self, key: str, account: Account, **how: Any) -> None:
        super().__init__(key, account, **how)
        guess = FACILITY if account.username == account.facility else DOCTOR
        self._role = getattr(account, "role", "") or guess
        if self._role not in ROLES:
            raise NotSent("ERR-SYNC-17", what="role")

    # sessions

    def _login(self, stale: Token | None) -> Plan[Token]:
        """A pharmacy has no login: it proves itself on every call."""
        if self._role == PHARMACY:
            return self.session.opened(PHARMACY, "", None, LIFE)
        return (yield from super()._login(stale))

    def _session_headers(self, token: Token) -> dict[str, str]:
        if self._role != PHARMACY:
            return super()._session_headers(token)
        return {
            donthuoc.HEADER_APP_NAME: self.session.username,
            donthuoc.HEADER_APP_KEY: self.session.secret.reveal(),
        }

    def _login_request(self) -> HttpRequest:
        facility = {"ma_lien_thong_co_so_kham_chua_benh": self.scope}
        fields = {**facility, "password": self.session.secret.reveal()}
        call = "login"
        if self._role == DOCTOR:
            fields = {"ma_lien_thong_bac_si": self.session.username, **fields}
            call = "login_doctor"
        return self._request(self.gateway.endpoint(call), headers=JSON, body=compact(fields))

    def _login_code(self, answer: HttpAnswer) -> str | None:
        """200 with a sentence and no token lets nobody in: asking again would not help."""
        code = self._code(answer)
        barred = code == "200" and not (answer.document() or {}).get("token") and _sentence(answer)
        return "403" if barred else code

    def _open(self, answer: HttpAnswer) -> Token | None:
        token = (answer.document() or {}).get("token")
        return self._opened(token, _end_of(token) if isinstance(token, str) else None)

    def _code(self, answer: HttpAnswer) -> str | None:
        """The HTTP status, when the answer is one of the contract: words we know, or a sentence."""
        value = _value(answer)
        known = isinstance(value, str | list) or (
            isinstance(value, dict) and any(name in value for name in WORDS)
        )
        return str(answer.status) if known else None

    # files

    def body(self, data: bytes, kind: str) -> Body:
        """A prescription or sale report as JSON, of the right form: else `ConformanceError`."""
        data = plain(data)
        value = json_object(data, kind)
        sale = kind == "sale"
        found = check_sale(value) if sale else check_prescription(value, facility=self.scope)
        if any(f.code == "GW-RX-04" for f in found):
            raise NotSent("ERR-SYNC-13")
        if not found.ok:
            raise ConformanceError(findings=found)
        key = code_key(str(value["ma_don_thuoc"]))
        if sale:
            key = f"{key}/{str(value['ma_hoa_don']).strip()}"
        return checked_body(data, kind, [self.scope], [key], scope=self.scope)

    def send(self, endpoint: Endpoint, body: Body) -> Plan[Outcome]:
        """The message as it is."""
        outcome = yield from self.deliver(
            endpoint, body, headers=JSON, content=body.data, resend=Resend.SAFE
        )
        used = outcome.status is Status.REFUSED and USED_BEFORE in outcome.message.lower()
        if used and outcome.attempts > 1:
            return replace(outcome, status=Status.DUPLICATE)
        return outcome

    def _receipt(self, answer: HttpAnswer, body: Body) -> Outcome:
        """A sentence decides: with the words of success it is one, any other is a refusal."""
        said = _sentence(answer)
        code = str(answer.status)
        outcome = Outcome(gateway=self.key, status=Status.UNKNOWN, code=code, message=said)
        if answer.status == 200 and WELL in said.lower():
            outcome = replace(outcome, status=Status.ACCEPTED)
        elif said or answer.status >= 400:
            outcome = replace(
                outcome, status=Status.REFUSED, findings=Findings(self._errors(answer, said))
            )
        return replace(outcome, raw=raw_answer(answer))

    def _errors(self, answer: HttpAnswer, said: str) -> list[Finding]:
        errors = (answer.document() or {}).get("danh_sach_cac_loi")
        listed = errors if isinstance(errors, list) else [errors]
        texts = [text for text in listed if isinstance(text, str) and text] or [said]
        code = str(answer.status)
        return [gateway_finding(self.key, code, Severity.ERROR, text=text) for text in texts]

    # questions

    def ask_about(self, question: str, fields: Mapping[str, str]) -> Plan[Found]:
        """A prescription by ``code``, several by ``phone``; link or unlink a ``doctor``."""
        if question == "prescription":
            endpoint = self.gateway.endpoint("fetch")
            path = endpoint.path.replace("{ma}", quote(fields["code"], safe=""))
            answer = yield from self.ask(endpoint, path=path)
        elif question == "prescriptions_by_phone":
            endpoint = self.gateway.endpoint("search")
            answer = yield from self.ask(endpoint, query={"phone": fields["phone"]})
        else:
            endpoint = self.gateway.endpoint(question)
            content = compact({"ma_lien_thong_bac_si": fields["doctor"]})
            answer = yield from self.ask(endpoint, headers=JSON, body=content)
        return self._found(question, answer)

    def _found(self, question: str, answer: HttpAnswer) -> Found:
        value = _value(answer)
        rows = value if isinstance(value, list) else [value]
        well = answer.status == 200
        return Found(
            gateway=self.key,
            question=question,
            code=str(answer.status),
            message=_sentence(answer),
            rows=tuple(row for row in rows if isinstance(row, dict)) if well else (),
            raw=raw_answer(answer),
        )


def _value(answer: HttpAnswer) -> Any:
    """The body as JSON of any sort, or None."""
    try:
        return json.loads(answer.body.decode("utf-8-sig", "replace"))
    except ValueError:
        return None


def _sentence(answer: HttpAnswer) -> str:
    """What an answer says: a bare text, or that of ``success`` or ``message``."""
    value = _value(answer)
    if isinstance(value, str):
        return value.strip()
    return _read.text(value, "success", "message") if isinstance(value, dict) else ""


def _end_of(token: str) -> dt.datetime | None:
    """The end of a JWT by its ``exp``, unverified: the gateway decides, this only saves calls."""
    payload = token.split(".")[1] if token.count(".") == 2 else ""
    try:
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return dt.datetime.fromtimestamp(int(claims["exp"]), dt.UTC)
    except (binascii.Error, ValueError, KeyError, TypeError, OverflowError, OSError):
        return None
