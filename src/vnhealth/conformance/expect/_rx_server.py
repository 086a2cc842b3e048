"""Expectations about a server for e-prescriptions: its answers to `PrescriptionProbe`."""

from __future__ import annotations

import base64
import json
from typing import Any

from vnhealth.conformance._model import Step, Undecided, step
from vnhealth.conformance._watch import Watch
from vnhealth.conformance.expect._server import probed, said_by
from vnhealth.protocol import donthuoc

__all__ = [
    "fetch_shows",
    "gone_after_replacement",
    "passwords_not_told",
    "rx_accepted",
    "rx_login_answers",
    "rx_no_token",
    "rx_refused",
    "unknown_call_denied",
]

SHOWN = ("ma_don_thuoc", "chan_doan", "thong_tin_don_thuoc", "ngay_gio_ke_don", "loai_don_thuoc")


def _sentence(body: bytes) -> str:
    try:
        value = json.loads(body)
    except ValueError:
        return ""
    if isinstance(value, dict):
        value = value.get("success")
    return value if isinstance(value, str) else ""


def rx_login_answers(label: str) -> Step:
    """A right login gets a bearer token whose end can be read in it."""

    @step(
        "Đăng nhập đúng được token là JWT có hạn dùng",
        "A right login gets a token, a JWT that says when it ends",
    )
    def check(watch: Watch) -> str:
        heard = probed(watch, label)
        token = said_by(heard).get("token")
        if heard.response.status != 200 or not isinstance(token, str):
            return f"HTTP {heard.response.status}"
        return "" if _ends(token) else "no exp"

    return check


def _ends(token: str) -> bool:
    try:
        part = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (IndexError, ValueError):
        return False
    return isinstance(claims, dict) and isinstance(claims.get("exp"), int)


def rx_no_token(label: str, vi: str, en: str, *statuses: int) -> Step:
    """A login that must not get in."""

    @step(vi, en)
    def check(watch: Watch) -> str:
        heard = probed(watch, label)
        if said_by(heard).get("token"):
            return "token"
        right = not statuses or heard.response.status in statuses
        return "" if right else f"HTTP {heard.response.status}"

    return check


def rx_accepted(*labels: str) -> Step:
    """Good messages: HTTP 200 and a sentence with the words of success."""

    @step(
        "Nhận thông điệp đúng: HTTP 200 và câu trả lời có chữ “thành công”",
        "Takes a good message: HTTP 200 and a sentence that says “thành công”",
    )
    def check(watch: Watch) -> str:
        bad = []
        for label in labels:
            response = probed(watch, label).response
            if response.status != 200 or donthuoc.WELL not in _sentence(response.body).lower():
                bad.append(label)
        return ", ".join(bad)

    return check


def rx_refused(label: str, vi: str, en: str, *statuses: int, words: str = "") -> Step:
    """A call that must not go well, nor break the server."""

    @step(vi, en)
    def check(watch: Watch) -> str:
        response = probed(watch, label).response
        sentence = _sentence(response.body).lower()
        if response.status < 300 or donthuoc.WELL in sentence:
            return "taken"
        if response.status >= 500 or (statuses and response.status not in statuses):
            return f"HTTP {response.status}"
        return "" if words in sentence else "words"

    return check


@step(
    "Nhà thuốc tra được đơn: mã, loại, chẩn đoán, thuốc, lúc kê",
    "A pharmacy is shown code, type, diagnoses, medicines and moment of a prescription",
)
def fetch_shows(watch: Watch) -> str:
    """As they were sent."""
    heard, sent = probed(watch, "fetch"), json.loads(probed(watch, "rx2").request.body)
    said = said_by(heard)
    if heard.response.status != 200:
        return f"HTTP {heard.response.status}"
    return ", ".join(name for name in SHOWN if said.get(name) != sent[name])


@step(
    "Đơn đã bị thay không còn tra được để bán",
    "A prescription that was replaced can no longer be fetched",
)
def gone_after_replacement(watch: Watch) -> str:
    """Left open by a server that does not know the field of the reference."""
    replacement = probed(watch, "replacement").response
    if replacement.status != 200:
        raise Undecided("the server takes no replacement")
    return "shown" if probed(watch, "fetch_replaced").response.status == 200 else ""


@step("Không trả lời nào chứa mật khẩu đã gửi", "No answer holds a password that was sent")
def passwords_not_told(watch: Watch) -> str:
    """Of all answers."""
    probed(watch, "login")
    sent: list[Any] = [
        json.loads(probed(watch, label).request.body)["password"]
        for label in ("login", "login_doctor", "wrong_login")
    ]
    told = sum(any(p.encode() in heard.response.body for p in sent) for heard in watch.heard)
    return f"{told} answers" if told else ""


@step(
    "Lời gọi không có thì không trả lời thành công",
    "A call that is not there does not answer success",
)
def unknown_call_denied(watch: Watch) -> str:
    """Neither 2xx nor the words of success."""
    response = probed(watch, "unknown_call").response
    good = response.status < 300 or donthuoc.WELL in _sentence(response.body).lower()
    return f"HTTP {response.status}" if good else ""
