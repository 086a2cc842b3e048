"""Who calls the e-prescription system: facilities and doctors by session, pharmacies by key."""

from __future__ import annotations

from datetime import timedelta

from vnhealth.protocol import Endpoint, donthuoc
from vnhealth.sandbox._core import Answer, Call, Core
from vnhealth.sandbox._forms import Refused, json_object, json_response, texts
from vnhealth.sandbox._jwt import jwt_of, token_in
from vnhealth.sandbox._model import Account

__all__ = ["Sessions"]

LIFE = timedelta(seconds=donthuoc.TOKEN_SECONDS)


class Sessions:
    """Logins, and the links between doctors and facilities, kept in the store."""

    def __init__(self, core: Core, key: str) -> None:
        self._core = core
        self._key = key
        self._store = core.ledger.store

    def login(self, call: Call) -> Answer:
        """A facility by its code; the password in clear text (``mat_khau`` at one client)."""
        fields = texts(json_object(call.request))
        name = fields.get("ma_lien_thong_co_so_kham_chua_benh", "")
        account = self._account(name, fields.get("password") or fields.get("mat_khau", ""))
        if account.username != account.scope:
            raise Refused("401")
        return self._opened(account, account.scope, call.endpoint)

    def login_doctor(self, call: Call) -> Answer:
        """A doctor at a facility that linked her; 404 when there is no such doctor."""
        fields = texts(json_object(call.request))
        name = fields.get("ma_lien_thong_bac_si", "")
        if not self._is_doctor(name):
            raise Refused("404")
        account = self._account(name, fields.get("password", ""))
        facility = fields.get("ma_lien_thong_co_so_kham_chua_benh", "")
        if not self._linked(account, facility):
            raise Refused("403")
        return self._opened(account, facility, call.endpoint)

    def _account(self, username: str, password: str) -> Account:
        account = self._core.account(self._key, username, password)
        if account is None or account.locked:
            raise Refused("403" if account else "401")
        return account

    def _is_doctor(self, username: str) -> bool:
        account = self._core.accounts.get((self._key, username))
        return account is not None and username == f"BS{account.scope}"

    def _linked(self, doctor: Account, facility: str) -> bool:
        """Doctors start out linked to the facility that their code names."""
        kept = self._store.get("donthuoc:doctor", f"{facility}/{doctor.username}")
        return doctor.scope == facility if kept is None else kept == "linked"

    def _opened(self, account: Account, facility: str, endpoint: Endpoint) -> Answer:
        session = self._core.new_session(account, LIFE)
        self._store.put("donthuoc:session", str(session.number), facility)
        issuer = f"https://api.donthuocquocgia.vn{endpoint.path}"
        token = jwt_of(self._core.ids, session, self._core.clock.now(), iss=issuer)
        return Answer(json_response({"token": token, "token_type": "bearer"}), "200", facility)

    def session(self, call: Call) -> tuple[Account, str]:
        """Account and facility of the session; a doctor's ends when the link to her is cut."""
        scheme, _, text = call.request.header("authorization").partition(" ")
        token = token_in(self._core.ids, text.strip())
        found = self._core.session_account(self._key, token)
        if scheme.lower() != "bearer" or found is None:
            raise Refused("401")
        session, account = found
        facility = self._store.get("donthuoc:session", str(session.number)) or ""
        if account.username != facility and not self._linked(account, facility):
            raise Refused("401")
        return account, facility

    def link_doctor(self, call: Call) -> Answer:
        """A facility links a doctor, or cuts the link."""
        account, facility = self.session(call)
        if account.username != facility:
            raise Refused("403")
        doctor = texts(json_object(call.request)).get("ma_lien_thong_bac_si", "")
        if not self._is_doctor(doctor):
            raise Refused("404")
        linked = call.endpoint.name == "link_doctor"
        self._store.put("donthuoc:doctor", f"{facility}/{doctor}", "linked" if linked else "cut")
        done = "Thêm" if linked else "Xoá"
        body = {"success": f"{done} bác sĩ {donthuoc.WELL}"}
        return Answer(json_response(body), "200", facility)

    def pharmacy(self, call: Call) -> Account:
        """Pharmacy software proves itself on every call by two headers."""
        header = call.request.header
        name, secret = header(donthuoc.HEADER_APP_NAME), header(donthuoc.HEADER_APP_KEY)
        account = self._account(name, secret)
        if account.username != f"QT{account.scope}":
            raise Refused("401")
        return account
