"""Infectious-disease surveillance (ECDS): sessions with refresh, catalogues, cases one or many."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping
from typing import Any

from vnhealth.findings import Finding, Findings
from vnhealth.localtime import ICT
from vnhealth.protocol import Endpoint, ecds
from vnhealth.protocol._fields import error, moment, plain
from vnhealth.protocol.ecds import Reply
from vnhealth.protocol.ecds_check import DAY, IN_ORDER, check_case
from vnhealth.sandbox._check import Checked, File, RecordVerdict
from vnhealth.sandbox._core import Answer, Call, Core, Front, Handler
from vnhealth.sandbox._forms import (
    Refused,
    clear_account,
    compact,
    for_account,
    guarded,
    json_object,
    said,
    texts,
)
from vnhealth.sandbox._http import BadBody, Response
from vnhealth.sandbox._ledger import FIRST_DAY, LAST_DAY, Intake
from vnhealth.sandbox._model import Account, Record, Submission
from vnhealth.sandbox._refresh import open_renewable, renew
from vnhealth.sandbox._results import taken_and_judged
from vnhealth.sandbox._store import local_day
from vnhealth.sandbox.gateways._ecds_catalogues import CODED, PARENTS, catalogue

__all__ = ["front"]

LIFE = dt.timedelta(seconds=ecds.TOKEN_SECONDS)
REFRESH_LIFE = dt.timedelta(days=7)
MAX_PAGE = 100


def front(core: Core, key: str) -> Front:
    """The surveillance gateway."""
    return Front(Ecds(core).handlers(), _refused, check_kept)


def check_kept(file: File) -> Checked:
    """What was taken is right: everything else was refused at the door and is not kept."""
    key = str(json.loads(file.body)["maCaBenh"])
    return Checked(Findings(), (RecordVerdict(key, Findings()),), "")


def _refused(endpoint: Endpoint, code: str, status: int | None) -> Answer:
    """A refusal as the fault plan asks for it; all calls share one form."""
    return _refusal(code, "", status)


def _refusal(code: str, detail: str, status: int | None = None) -> Answer:
    http, text = said(ecds.GATEWAY, code, detail, status)
    return Answer(Response(http, Reply(False, code, text).to_bytes()), code)


class Ecds:
    """Handlers by endpoint name."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def handlers(self) -> Mapping[str, Handler]:
        """The handler of every endpoint."""
        calls: dict[str, Callable[[Call, Account], Answer]] = {
            "submit": self.submit,
            "submit_batch": self.submit_batch,
            "list": self.listing,
            "catalogue": self.catalogue,
        }
        return {
            "login": guarded(self.login, _refusal, "INVALID_CREDENTIALS"),
            "refresh": guarded(self.refresh, _refusal, "UNAUTHORIZED"),
            **{
                name: guarded(
                    for_account(self._core, ecds.GATEWAY, call, "UNAUTHORIZED"), _refusal, "INVALID"
                )
                for name, call in calls.items()
            },
        }

    # sessions

    def login(self, call: Call) -> Answer:
        """JSON with the password in clear text."""
        fields = texts(json_object(call.request))
        return self._opened(clear_account(self._core, ecds.GATEWAY, fields, "INVALID_CREDENTIALS"))

    def refresh(self, call: Call) -> Answer:
        """A new session for a refresh token, which works once (assumption)."""
        token = texts(json_object(call.request)).get("refreshToken", "")
        account = renew(self._core, ecds.GATEWAY, token)
        if account is None:
            raise Refused("UNAUTHORIZED")
        return self._opened(account)

    def _opened(self, account: Account) -> Answer:
        tokens = open_renewable(self._core, account, LIFE, REFRESH_LIFE)
        data = {
            "accessToken": tokens.access,
            "refreshToken": tokens.refresh,
            "expiresIn": ecds.TOKEN_SECONDS,
            "username": account.username,
            "email": f"{account.scope}@co-so-thu.invalid",
            "roles": ["CSKCB"],
        }
        return _well(data, account.scope)

    # catalogues

    def catalogue(self, call: Call, account: Account) -> Answer:
        """``[{ma, ten}]`` of one catalogue, narrowed by tuKhoa, maTinh, maXa, maIcd10Benh."""
        asked = texts(json_object(call.request)) if call.request.body else {}
        name = call.args["ten"]
        found = catalogue(name, self._today(), asked.get(PARENTS.get(name, ""), ""))
        if found is None:
            raise Refused("NOT_FOUND")
        word = asked.get("tuKhoa", "").strip().lower()
        rows = [
            {"ma": code, "ten": label}
            for code, label in found.items()
            if word in label.lower() or word == code.lower()
        ]
        return _well(rows, account.scope)

    def _today(self) -> dt.date:
        return local_day(self._core.clock.now())

    # cases

    def submit(self, call: Call, account: Account) -> Answer:
        """One case; with the number of an earlier report it takes the place of that one."""
        case = json_object(call.request)
        code, found = self._judge(case, account)
        if code:
            return _wrong(code, found)
        kept, number = self._keep(case, account)
        return _well({"maCaBenh": number}, account.scope, kept.transaction)

    def submit_batch(self, call: Call, account: Account) -> Answer:
        """Several cases, each taken or refused by itself; the answer as a whole is a success."""
        cases = call.request.json()
        if not isinstance(cases, list) or not cases:
            raise BadBody
        if len(cases) > ecds.MAX_BATCH:
            raise Refused("TOO_MANY", str(ecds.MAX_BATCH))
        results = [self._one(index, case, account) for index, case in enumerate(cases)]
        taken = sum(1 for result in results if result["thanhCong"])
        data = {
            "tongSo": len(results),
            "soThanhCong": taken,
            "soThatBai": len(results) - taken,
            "ketQua": results,
        }
        return _well(data, account.scope)

    def _one(self, index: int, case: Any, account: Account) -> dict[str, Any]:
        code, found = "INVALID", Findings()
        if self._core.ledger.conditions.partial and index % 2:
            code = "SERVER_ERROR"
        elif isinstance(case, dict):
            code, found = self._judge(case, account)
        number = None if code else self._keep(case, account)[1]
        return {
            "viTri": index,
            "thanhCong": not code,
            "maCaBenh": number,
            "maLoi": code or None,
            "thongDiep": said(ecds.GATEWAY, code)[1] if code else "",
            "danhSachLoi": [_shown(f) for f in found],
        }

    def _judge(self, case: Mapping[str, Any], account: Account) -> tuple[str, Findings]:
        """The code of the refusal (empty: none) and what is wrong."""
        found = [*check_case(case), *self._codes(case), *self._future(case)]
        treating = plain(case.get("maCoSoDieuTri"))
        if treating and not account.may_send(treating):
            found.append(error("GW-ECDS-05", "maCoSoDieuTri"))
        if found:
            return "INVALID", Findings(found)
        number = plain(case.get("maCaBenh"))
        if number and self._current(account, number) is None:
            return "NOT_FOUND", Findings()
        return "", Findings()

    def _codes(self, case: Mapping[str, Any]) -> list[Finding]:
        found = []
        for field, name in CODED.items():
            parent = plain(case.get("maXaHienNay")) if name == "thon" else ""
            if not self._listed(plain(case.get(field)), name, parent):
                found.append(error("GW-ECDS-03", field))
        stage = plain(case.get("maPhanLoaiLamSang"))
        if not self._listed(stage, "phan-loai-lam-sang", plain(case.get("maIcd10Benh"))):
            found.append(error("GW-ECDS-03", "maPhanLoaiLamSang"))
        return found

    def _listed(self, code: str, name: str, parent: str = "") -> bool:
        """True when a code stands in a catalogue, or there is none to look for."""
        return not code or code in (catalogue(name, self._today(), parent) or {})

    def _future(self, case: Mapping[str, Any]) -> list[Finding]:
        days = [(name, moment(plain(case.get(name)), DAY)) for name in IN_ORDER]
        today = self._today()
        return [error("GW-ECDS-04", name) for name, day in days if day and day.date() > today]

    def _current(self, account: Account, number: str) -> Record | None:
        return self._core.ledger.current(ecds.GATEWAY, account.scope, "case", number)

    def _keep(self, case: Mapping[str, Any], account: Account) -> tuple[Submission, str]:
        number = plain(case.get("maCaBenh"))
        if not number:
            count = self._core.ledger.store.next_number("ecds:case")
            number = f"CB{self._today():%y%m%d}{count:06d}"
        intake = Intake(
            gateway=ecds.GATEWAY,
            kind="case",
            edition="",
            facility=account.scope,
            username=account.username,
            body=compact({**case, "maCaBenh": number}),
            keys=(number,),
        )
        return taken_and_judged(self._core, intake)[0], number

    def listing(self, call: Call, account: Account) -> Answer:
        """Cases of the facility, latest version only, in pages (the form is an assumption)."""
        asked = texts(json_object(call.request)) if call.request.body else {}
        page, size = _number(asked, "trang", 1), _number(asked, "kichThuoc", MAX_PAGE)
        since, until = _day(asked, "tuNgay", FIRST_DAY), _day(asked, "denNgay", LAST_DAY)
        rows = []
        store = self._core.ledger.store
        for submission, record in store.listing(ecds.GATEWAY, account.scope, since, until):
            if record.current:
                case = json.loads(store.body(submission.number))
                wanted = {name: asked.get(name) for name in ("maCaBenh", "maIcd10Benh")}
                if all(not value or case.get(name) == value for name, value in wanted.items()):
                    received = submission.received.astimezone(ICT)
                    rows.append({**case, "ngayBaoCao": received.isoformat(timespec="seconds")})
        data = {
            "tongSo": len(rows),
            "trang": page,
            "kichThuoc": size,
            "danhSach": rows[(page - 1) * size : page * size],
        }
        return _well(data, account.scope)


def _number(asked: Mapping[str, str], name: str, default: int) -> int:
    text = asked.get(name, str(default))
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:9]) <= 10**6:
        raise Refused("INVALID", name)
    return min(int(text), MAX_PAGE) if name == "kichThuoc" else int(text)


def _day(asked: Mapping[str, str], name: str, default: dt.date) -> dt.date:
    text = asked.get(name, "")
    found = moment(text, DAY) if text else None
    if text and found is None:
        raise Refused("INVALID", name)
    return found.date() if found else default


def _shown(found: Finding) -> dict[str, Any]:
    return {"truong": found.tag, "maLoi": found.code, "moTa": found.message_vi}


def _well(data: Any, facility: str, transaction: str = "") -> Answer:
    body = Reply(True, ecds.OK, "Thành công", data).to_bytes()
    return Answer(Response(200, body), ecds.OK, facility, transaction)


def _wrong(code: str, found: Findings) -> Answer:
    http, text = said(ecds.GATEWAY, code)
    body = Reply(False, code, text, {"danhSachLoi": [_shown(f) for f in found]}).to_bytes()
    return Answer(Response(http, body), code)
