"""Expectations about a server: what it answers to the probes of `ProbeClient`."""

from __future__ import annotations

import json
from typing import Any

from vnhealth.conformance._line import Heard
from vnhealth.conformance._model import Step, Undecided, step
from vnhealth.conformance._watch import Watch
from vnhealth.conformance.clients._probe import ENTITY
from vnhealth.localtime import LocalTime
from vnhealth.protocol.vss import parse_expiry

__all__ = [
    "entity_harmless",
    "login_answers",
    "login_plain",
    "probed",
    "receipts_complete",
    "refused",
    "said_by",
    "transactions_distinct",
    "unknown_call_refused",
    "verdict_comes",
    "wrong_login_refused",
]


def probed(watch: Watch, label: str) -> Heard:
    """The exchange of a probe. Raises `Undecided` when it got no answer."""
    probes: dict[str, int] = json.loads(watch.results.text or "{}").get("probes", {})
    if label not in probes:
        raise Undecided(f"no answer to {label}")
    return watch.heard[probes[label] - 1]


def said_by(heard: Heard) -> dict[str, Any]:
    """The members of an answer, their names in lower case; none when it is no object."""
    try:
        found = json.loads(heard.response.body)
    except ValueError:
        return {}
    return {k.lower(): v for k, v in found.items()} if isinstance(found, dict) else {}


@step(
    "Đăng nhập đúng được phiên, có thời hạn đọc được",
    "A right login gets a session with an end that can be read",
)
def login_answers(watch: Watch) -> str:
    """The published members, all usable."""
    heard = probed(watch, "login")
    said = said_by(heard)
    key = said.get("apikey")
    if str(said.get("maketqua")) != "200" or not isinstance(key, dict):
        return f"HTTP {heard.response.status}"
    missing = [name for name in ("access_token", "id_token", "expires_in") if not key.get(name)]
    if missing:
        return ", ".join(missing)
    return "" if parse_expiry(key["expires_in"], heard.at) else "expires_in"


@step(
    "Khoá của trả lời đăng nhập theo thứ tự đã công bố; phiên không có dấu phẩy, hai chấm",
    "The login answer has the published order of keys; tokens hold no comma or colon",
)
def login_plain(watch: Watch) -> str:
    """One known client splits the text at commas."""
    heard = probed(watch, "login")
    said = json.loads(heard.response.body)
    key = said.get("APIKey") or {}
    if list(said)[:2] != ["maKetQua", "APIKey"]:
        return "order"
    wanted = ["access_token", "id_token", "token_type", "username", "expires_in"]
    if [name for name in key if name in wanted] != wanted:
        return "order of APIKey"
    tokens = f"{key.get('access_token')}{key.get('id_token')}"
    return "token" if "," in tokens or ":" in tokens else ""


@step("Sai mật khẩu không nhận được phiên", "A wrong password gets no session")
def wrong_login_refused(watch: Watch) -> str:
    """No token, no code 200."""
    said = said_by(probed(watch, "wrong_login"))
    return "session" if said.get("apikey") or str(said.get("maketqua")) == "200" else ""


def refused(label: str, vi: str, en: str, *codes: str) -> Step:
    """A file that must not be taken; with ``codes`` the answer must be one of them."""

    @step(vi, en)
    def check(watch: Watch) -> str:
        heard = probed(watch, label)
        said = said_by(heard)
        code = str(said.get("maketqua", ""))
        if code == "200" or said.get("magiaodich"):
            return "taken"
        if heard.response.status >= 500:
            return f"HTTP {heard.response.status}"
        right = not codes or code in codes or str(heard.response.status) in codes
        return "" if right else f"code {code[:4] or heard.response.status}"

    return check


def _receipts(watch: Watch) -> list[dict[str, Any]]:
    return [said_by(probed(watch, label)) for label in ("checkin", "claim1", "claim2")]


@step(
    "Tệp hợp lệ được nhận kèm maGiaoDich và thoiGianTiepNhan 14 chữ số",
    "Good files are taken with maGiaoDich and a thoiGianTiepNhan of 14 digits",
)
def receipts_complete(watch: Watch) -> str:
    """Of a check-in and two claims."""
    bad = 0
    for said in _receipts(watch):
        moment = str(said.get("thoigiantiepnhan", ""))
        try:
            right = len(moment) == 14 and bool(LocalTime.parse(moment[:12]))
        except ValueError:
            right = False
        bad += str(said.get("maketqua")) != "200" or not said.get("magiaodich") or not right
    return f"{bad} of 3 receipts" if bad else ""


@step("Mỗi tệp có mã giao dịch riêng", "Each file has a transaction of its own")
def transactions_distinct(watch: Watch) -> str:
    """Three files, three transactions."""
    found = [said.get("magiaodich") for said in _receipts(watch)]
    if not all(found):
        raise Undecided("no transaction")
    return "" if len(set(found)) == len(found) else "the same transaction twice"


@step(
    "Tệp có DTD không làm máy chủ lỗi, thực thể không được mở ra",
    "A file with a DTD does not break the server; entities are not expanded",
)
def entity_harmless(watch: Watch) -> str:
    """No 5xx and no sign of the entity."""
    response = probed(watch, "entity").response
    if response.status >= 500:
        return f"HTTP {response.status}"
    return "entity" if ENTITY.encode() in response.body else ""


@step(
    "Lời gọi không có thì không trả lời thành công",
    "A call that does not exist does not answer success",
)
def unknown_call_refused(watch: Watch) -> str:
    """Neither 2xx nor code 200."""
    heard = probed(watch, "unknown")
    good = heard.response.status < 300 or str(said_by(heard).get("maketqua")) == "200"
    return f"HTTP {heard.response.status}" if good else ""


@step("Hỏi được kết quả của hồ sơ", "The verdict on a claim can be asked for")
def verdict_comes(watch: Watch) -> str:
    """By the call that vnhealth defined; a server that has none leaves this open."""
    heard = probed(watch, "verdict")
    said = said_by(heard)
    if str(said.get("maketqua")) != "200":
        raise Undecided("the server has no such call")
    states = [row.get("trangThai") for row in said.get("dshoso") or () if isinstance(row, dict)]
    return "" if said.get("trangthai") == "DA_XU_LY" and states else "no verdict in time"
