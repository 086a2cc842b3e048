"""Wrong servers of provinces and of de-identified stores."""

from __future__ import annotations

import json
from itertools import count

import httpx

from vnhealth.conformance.zoo._bug import Change, WrongServer, said, said_where

__all__ = ["STORE_SERVERS"]

NUMBERS = count()
SUBMIT, INTAKE = "hoan-tat", "tiep-nhan"
TAKEN = {
    "success": True,
    "code": "ACCEPTED",
    "data": {"tracking_id": "T1", "status": "QUEUED", "received_at": "2026-08-03T08:00:00+07:00"},
}


def _takes(part: str, status: int) -> Change:
    """Takes what the sandbox refuses with this status."""
    return said_where(part, lambda request, answer: answer.status_code == status, 202, TAKEN)


def _data(part: str, **fields: object) -> Change:
    """Members of the data of every good answer put in place."""

    def change(request: httpx.Request, response: httpx.Response) -> httpx.Response:
        held = json.loads(response.read() or b"null")
        if part not in request.url.path or not held.get("success"):
            return response
        held["data"] = {**(held["data"] or {}), **fields}
        return httpx.Response(response.status_code, json=held, request=request)

    return change


def _echo(request: httpx.Request, response: httpx.Response) -> httpx.Response:
    """A refusal that copies what it was sent."""
    if response.status_code != 422:
        return response
    held = {**json.loads(response.read()), "message": request.content.decode("utf-8", "replace")}
    return httpx.Response(422, json=held, request=request)


def _password_told(request: httpx.Request, response: httpx.Response) -> httpx.Response:
    """A login that tells the password again."""
    if "token" not in request.url.path:
        return response
    held = {**json.loads(response.read()), "message": request.content.decode()}
    return httpx.Response(response.status_code, json=held, request=request)


def _crash(request: httpx.Request, response: httpx.Response) -> httpx.Response:
    if b"<!DOCTYPE" in request.content:
        return httpx.Response(500, text="Traceback", request=request)
    return response


def _other_answer_again(request: httpx.Request, response: httpx.Response) -> httpx.Response:
    """Each cancellation is a new one, whatever its request id."""
    if "huy-ho-so" not in request.url.path or response.status_code != 200:
        return response
    held = json.loads(response.read())
    held["data"] = {**held["data"], "thoi_gian": f"lần {next(NUMBERS)}"}
    return httpx.Response(200, json=held, request=request)


STORE_SERVERS = (
    WrongServer("rpv-no-unit", "RPV-01", "Đăng nhập không trả ma_don_vi", "A login without unit",
                _data("xac-thuc/token", ma_don_vi="")),
    WrongServer("rpv-any-password", "RPV-02", "Mật khẩu nào cũng được", "Any password will do",
                said("xac-thuc/token", 200,
                     {"success": True, "data": {"access_token": "x", "expires_in": 1,
                                                "ma_don_vi": "01991"}})),
    WrongServer("rpv-no-session", "RPV-03", "Nhận tệp khi không có phiên",
                "Takes files without a session", _takes(SUBMIT, 401)),
    WrongServer("rpv-foreign", "RPV-04", "Nhận hồ sơ của cơ sở khác",
                "Takes records of another facility", _takes(SUBMIT, 403)),
    WrongServer("rpv-empty", "RPV-05", "Nhận tệp rỗng", "Takes an empty file",
                _takes(SUBMIT, 400)),
    WrongServer("rpv-any-type", "RPV-05", "Nhận mọi Content-Type", "Takes any Content-Type",
                _takes(SUBMIT, 415)),
    WrongServer("rpv-no-tracking", "RPV-06", "Không cấp tracking_id", "Gives no tracking_id",
                _data(SUBMIT, tracking_id=None)),
    WrongServer("rpv-duplicate-new", "RPV-07", "Tệp trùng được nhận như mới",
                "A duplicate is taken as new",
                said_where(SUBMIT, lambda q, a: "DUPLICATE" in a.text, 202, {"code": "ACCEPTED"})),
    WrongServer("rpv-one-tracking", "RPV-08", "Mọi tệp chung một tracking_id",
                "One tracking_id for all", _data(SUBMIT, tracking_id="T1")),
    WrongServer("rpv-never-unknown", "RPV-09", "Hồ sơ chưa nhận cũng có trạng thái",
                "A state for what was never received",
                said_where("trang-thai", lambda q, a: a.status_code == 404, 200,
                           {"success": True, "data": {"status": "QUEUED"}})),
    WrongServer("rpv-cancel-later", "RPV-10", "Huỷ xong vẫn thấy hồ sơ", "Cancelled but shown",
                _data("trang-thai", status="ACCEPTED")),
    WrongServer("rpv-new-answer", "RPV-11", "Mã yêu cầu lặp lại cho trả lời khác",
                "A repeated request id gets another answer", _other_answer_again),
    WrongServer("rpv-no-conflict", "RPV-11", "Cùng mã yêu cầu, khác nội dung vẫn được",
                "Other content under a used request id",
                said_where("huy-ho-so", lambda q, a: a.status_code == 409, 200,
                           {"success": True})),
    WrongServer("rpv-no-balance", "RPV-12", "Đối soát không cân", "Counts out of balance",
                _data("doi-soat", days=[{"kind": "claim", "sent": 3, "accepted": 1}])),
    WrongServer("rpv-crash", "RPV-13", "Tệp có DTD làm máy chủ lỗi", "A DTD breaks it", _crash),
    WrongServer("rpv-anything", "RPV-14", "Lời gọi nào cũng thành công", "Every call succeeds",
                said("khong-co", 200, {"success": True})),
    WrongServer("rpv-tells-password", "RPV-15", "Trả lời chép lại mật khẩu",
                "Answers copy the password", _password_told),
    WrongServer("div-no-tracking", "DIV-01", "Không cấp tracking_id", "Gives no tracking_id",
                _data(INTAKE, tracking_id=None)),
    WrongServer("div-takes-all", "DIV-02", "Nhận cả hồ sơ còn định danh",
                "Takes records with identifiers", _takes(INTAKE, 422)),
    WrongServer("div-takes-names", "DIV-03", "Nhận thẻ họ tên thêm vào", "Takes an added name",
                said_where(INTAKE, lambda q, a: b"<HO_TEN>" in q.content, 202, TAKEN)),
    WrongServer("div-takes-numbers", "DIV-04", "Nhận số định danh trong ô khác",
                "Takes a citizen id in another cell",
                said_where(INTAKE, lambda q, a: b"<SO_NGAY_DTRI>0" in q.content, 202, TAKEN)),
    WrongServer("div-echo", "DIV-05", "Lời từ chối chép lại nội dung", "Refusals copy the content",
                _echo),
    WrongServer("div-no-session", "DIV-06", "Nhận khi không có phiên", "Takes without a session",
                _takes(INTAKE, 401)),
    WrongServer("div-any-password", "DIV-06", "Mật khẩu nào cũng được", "Any password will do",
                said("xac-thuc/token", 200,
                     {"success": True, "data": {"access_token": "x", "expires_in": 1}})),
    WrongServer("div-crash", "DIV-07", "Tệp có DTD làm máy chủ lỗi", "A DTD breaks it", _crash),
)  # fmt: skip
