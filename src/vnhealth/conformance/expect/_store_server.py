"""Expectations about a repository: its answers to the probes of `StoreProbe` and `DeidProbe`."""

from __future__ import annotations

import json
from typing import Any

from vnhealth.conformance._model import Step, Undecided, step
from vnhealth.conformance._watch import Watch
from vnhealth.conformance.expect._privacy import canaries
from vnhealth.conformance.expect._server import probed, said_by

__all__ = [
    "cancelled_and_back",
    "counts_balance",
    "duplicate_known",
    "nothing_personal_told",
    "request_id_holds",
    "state_known",
    "store_login_answers",
    "store_no_token",
    "store_refuses",
    "taken_with_tracking",
]

QUEUED = ("QUEUED", "ACCEPTED", "ACCEPTED_WITH_WARNING")


def _data(watch: Watch, label: str) -> dict[str, Any]:
    found = said_by(probed(watch, label)).get("data")
    return found if isinstance(found, dict) else {}


@step(
    "Đăng nhập đúng được access_token, thời hạn và ma_don_vi của tài khoản",
    "A right login gets access_token, its end, and ma_don_vi of the account",
)
def store_login_answers(watch: Watch) -> str:
    """In the data of the envelope."""
    heard, data = probed(watch, "login"), _data(watch, "login")
    if heard.response.status != 200 or said_by(heard).get("success") is not True:
        return f"HTTP {heard.response.status}"
    missing = [n for n in ("access_token", "expires_in", "ma_don_vi") if not data.get(n)]
    return ", ".join(missing)


@step("Sai mật khẩu trả 401, không có token", "A wrong password is answered by 401, no token")
def store_no_token(watch: Watch) -> str:
    """Neither token nor success."""
    status = probed(watch, "wrong_login").response.status
    if _data(watch, "wrong_login").get("access_token"):
        return "token"
    return "" if status == 401 else f"HTTP {status}"


def store_refuses(label: str, vi: str, en: str, *statuses: int) -> Step:
    """A file that must not be taken."""

    @step(vi, en)
    def check(watch: Watch) -> str:
        heard = probed(watch, label)
        status = heard.response.status
        if said_by(heard).get("success") is True or _data(watch, label).get("tracking_id"):
            return "taken"
        if status < 300 or status >= 500 or (statuses and status not in statuses):
            return f"HTTP {status}"
        return ""

    return check


def taken_with_tracking(*labels: str) -> Step:
    """Good files: success, tracking_id, status and received_at; each a tracking of its own."""

    @step(
        "Tệp đúng được nhận với tracking_id riêng, status, received_at",
        "A good file is taken with a tracking_id of its own, status and received_at",
    )
    def check(watch: Watch) -> str:
        bad, seen = [], set()
        for label in labels:
            heard, data = probed(watch, label), _data(watch, label)
            good = said_by(heard).get("success") is True and heard.response.status < 300
            whole = data.get("tracking_id") and data.get("received_at")
            if not good or not whole or data.get("status") not in QUEUED:
                bad.append(label)
            elif data["tracking_id"] in seen:
                bad.append(f"{label}: the same tracking_id")
            seen.add(data.get("tracking_id"))
        return ", ".join(bad)

    return check


@step(
    "Đúng tệp ấy lần nữa là ACCEPTED_DUPLICATE, giữ tracking_id đầu",
    "The very same file again is ACCEPTED_DUPLICATE and keeps the first tracking_id",
)
def duplicate_known(watch: Watch) -> str:
    """And counts once."""
    code = said_by(probed(watch, "again")).get("code")
    if code != "ACCEPTED_DUPLICATE":
        return f"code {str(code)[:24]}"
    first, again = (_data(watch, label).get("tracking_id") for label in ("file1", "again"))
    return "" if first == again else "another tracking_id"


@step(
    "Hỏi được trạng thái theo ma_lk; hồ sơ chưa từng nhận thì trả 404",
    "The state can be asked for by ma_lk; what was never received is 404",
)
def state_known(watch: Watch) -> str:
    """Of a record and of none."""
    if not _data(watch, "state").get("status"):
        return "no status"
    status = probed(watch, "never").response.status
    return "" if status == 404 else f"HTTP {status}"


@step(
    "Huỷ và khôi phục có hiệu lực ngay",
    "Cancelling and restoring take effect at once",
)
def cancelled_and_back(watch: Watch) -> str:
    """By the state that the server shows."""
    for label in ("cancel", "restore"):
        if said_by(probed(watch, label)).get("success") is not True:
            return label
    if _data(watch, "state_cancelled").get("status") != "CANCELLED":
        return "not cancelled"
    return "not restored" if _data(watch, "state_restored").get("status") == "CANCELLED" else ""


@step(
    "Mã yêu cầu lặp lại cho đúng trả lời cũ; cùng mã mà khác nội dung thì 409",
    "A repeated request id gives the same answer; with other content it is 409",
)
def request_id_holds(watch: Watch) -> str:
    """Code and data."""
    first, again = (said_by(probed(watch, label)) for label in ("cancel", "cancel_again"))
    if (first.get("code"), first.get("data")) != (again.get("code"), again.get("data")):
        return "another answer"
    status = probed(watch, "cancel_other").response.status
    return "" if status == 409 else f"HTTP {status}"


@step(
    "Đối soát trong ngày cân: đã gửi = chấp nhận + từ chối + đang chờ, đủ hồ sơ đã nhận",
    "The counts of the day balance: sent = accepted + refused + pending, and hold what was taken",
)
def counts_balance(watch: Watch) -> str:
    """Of claims; two records were taken."""
    rows = _data(watch, "counts").get("days")
    claims = [row for row in rows or () if row.get("kind") == "claim"]
    if not claims:
        return "no counts"
    sums = {
        name: sum(int(row.get(name) or 0) for row in claims)
        for name in ("sent", "accepted", "refused", "pending", "cancelled")
    }
    if sums["sent"] != sums["accepted"] + sums["refused"] + sums["pending"]:
        return "out of balance"
    return "" if sums["sent"] + sums["cancelled"] >= 2 else f"{sums['sent']} records"


@step(
    "Không trả lời nào chứa họ tên, số giấy tờ hay mật khẩu",
    "No answer holds a name, a number of a paper or a password",
)
def nothing_personal_told(watch: Watch) -> str:
    """Of all answers; MA_LK is the key by which records are asked for."""
    password = json.loads(probed(watch, "login").request.body)["password"]
    keys = {send.ma_lk for send in watch.staged.sends}
    told = [*(canaries(watch) - keys - set(watch.staged.stage.facilities)), password]
    texts = [heard.response.body.decode("utf-8", "replace") for heard in watch.heard]
    if not texts:
        raise Undecided("no answer")
    bad = sum(any(value in text for value in told) for text in texts)
    return f"{bad} answers" if bad else ""
