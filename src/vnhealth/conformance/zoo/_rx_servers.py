"""Wrong servers for e-prescriptions."""

from __future__ import annotations

import json

import httpx

from vnhealth.conformance.zoo._bug import Change, WrongServer, said, said_where
from vnhealth.protocol.donthuoc import USED_BEFORE, WELL

__all__ = ["RX_SERVERS"]

GOOD = {"success": f"Gửi đơn thuốc {WELL}", "checksum": "0"}


def _refused_so(status: int) -> Change:
    """Takes for good what the sandbox refuses with this status."""
    return said_where("gui-don-thuoc", lambda q, a: a.status_code == status, 200, GOOD)


def _about(word: str) -> Change:
    """Takes a prescription whose refusal speaks so."""
    return said_where("gui-don-thuoc", lambda q, a: word in a.text, 200, GOOD)


def _crash(request: httpx.Request, response: httpx.Response) -> httpx.Response:
    if b'"ma_don_thuoc": ' in request.content:
        return httpx.Response(500, text="Traceback", request=request)
    return response


def _echo(request: httpx.Request, response: httpx.Response) -> httpx.Response:
    if "dang-nhap" not in request.url.path:
        return response
    held = json.loads(response.read())
    return httpx.Response(
        response.status_code, json={**held, "asked": request.content.decode()}, request=request
    )


def _gone(request: httpx.Request, response: httpx.Response) -> httpx.Response:
    """Shows something for every code."""
    if "thong-tin-don-thuoc" in request.url.path and response.status_code == 404:
        return httpx.Response(200, json={"ma_don_thuoc": "x"}, request=request)
    return response


RX_SERVERS = (
    WrongServer("rxv-no-end", "RXV-01", "Token không có hạn dùng", "A token without an end",
                said("dang-nhap-co-so", 200, {"token": "abc"})),
    WrongServer("rxv-doctor-no-token", "RXV-02", "Bác sĩ đăng nhập không được token",
                "No token for doctors", said("dang-nhap-bac-si", 200, {"token": None})),
    WrongServer("rxv-any-password", "RXV-03", "Mật khẩu nào cũng được", "Any password will do",
                said("dang-nhap-bac-si", 200, {"token": "a.b.c"})),
    WrongServer("rxv-doctor-made", "RXV-04", "Bác sĩ không có được coi là sai mật khẩu",
                "An unknown doctor is a wrong password",
                said_where("dang-nhap-bac-si", lambda q, a: a.status_code == 404, 401, {})),
    WrongServer("rxv-no-session", "RXV-05", "Nhận đơn khi không có phiên",
                "Takes prescriptions without a session", _refused_so(401)),
    WrongServer("rxv-boolean", "RXV-06", "success là true thay cho câu chữ",
                "success is true in place of a sentence",
                said_where("gui-don-thuoc", lambda q, a: a.status_code == 200, 200,
                           {"success": True})),
    WrongServer("rxv-used-again", "RXV-07", "Nhận lại mã đã dùng", "Takes a used code again",
                _about(USED_BEFORE)),
    WrongServer("rxv-no-reason", "RXV-07", "Từ chối mã đã dùng mà không nói lý do",
                "Refuses a used code without the reason",
                said_where("gui-don-thuoc", lambda q, a: USED_BEFORE in a.text, 422,
                           {"success": "Lỗi"})),
    WrongServer("rxv-anything", "RXV-08", "Nhận đơn thiếu họ tên", "Takes incomplete ones",
                _refused_so(422)),
    WrongServer("rxv-status-400", "RXV-08", "Trả 400 thay cho 422", "400 in place of 422",
                said_where("gui-don-thuoc", lambda q, a: a.status_code == 422, 400, {})),
    WrongServer("rxv-foreign", "RXV-09", "Nhận mã của cơ sở khác",
                "Takes codes of another facility",
                said_where("gui-don-thuoc", lambda q, a: b'"98765' in q.content, 200, GOOD)),
    WrongServer("rxv-shows-replaced", "RXV-10", "Vẫn cho tra đơn đã bị thay",
                "Still shows what was replaced", _gone),
    WrongServer("rxv-shows-half", "RXV-11", "Không cho xem thuốc", "Does not show the medicines",
                said_where("thong-tin-don-thuoc", lambda q, a: a.status_code == 200, 200,
                           {"thong_tin_don_thuoc": []})),
    WrongServer("rxv-no-key", "RXV-12", "Tra cứu không cần khoá", "Look-ups without a key",
                said_where("thong-tin-don-thuoc", lambda q, a: a.status_code == 401, 200, {})),
    WrongServer("rxv-stray-sale", "RXV-13", "Nhận báo bán của đơn không có",
                "Takes a sale from nothing",
                said_where("cap-nhat", lambda q, a: a.status_code == 404, 200, GOOD)),
    WrongServer("rxv-sale-refused", "RXV-14", "Không nhận báo bán đúng",
                "Refuses a good report", said("cap-nhat", 422, {"success": "Lỗi"})),
    WrongServer("rxv-sells-more", "RXV-15", "Nhận báo bán quá số kê",
                "Takes more than was prescribed",
                said_where("cap-nhat", lambda q, a: a.status_code == 422, 200, GOOD)),
    WrongServer("rxv-crash", "RXV-16", "JSON hỏng làm máy chủ lỗi", "Broken JSON breaks it",
                _crash),
    WrongServer("rxv-echo", "RXV-17", "Trả lời chép lại cả mật khẩu",
                "Answers copy the password", _echo),
)  # fmt: skip
