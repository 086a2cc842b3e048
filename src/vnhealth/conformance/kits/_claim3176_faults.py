"""The fault scenarios of the first kit: F01 to F20, each with what a good client does."""

from __future__ import annotations

import datetime as dt
from typing import Any

from vnhealth.conformance import expect as x
from vnhealth.conformance._model import Case, Scenario, Step
from vnhealth.conformance._stage import Stage, Strike

__all__ = ["FAULTS"]

CLAIM = "vss.claim_*"
WHOLE = (x.nothing_lost(), x.nothing_doubled("claim"), x.nothing_doubled("checkin"))
HONEST = (x.never_too_good, x.verdicts_fetched, x.accepted_is_known)


def _fault(
    number: str,
    vi: str,
    en: str,
    strikes: tuple[Strike, ...],
    steps: tuple[Step, ...],
    *,
    part: str = "",
    seen: str = "",
    virtual: bool = False,
    roles: tuple[str, ...] = (),
    **stage: Any,
) -> Scenario:
    name = f"F{number}{part}"
    case = Case(
        f"FLT-{number}{part}",
        (f"R-FLT-{number}",),
        vi,
        en,
        (x.injected(seen or f"F{number}"), *steps),
    )
    stage.setdefault("encounters", 2)
    return Scenario(name, vi, en, Stage(strikes=strikes, **stage), (case,), roles, virtual)


FAULTS = (
    _fault("01", "HTTP 200 nhưng phiên đã hết hạn", "HTTP 200 while the session is over",
           (Strike("F01", CLAIM),), (*WHOLE, x.sessions(3), *HONEST)),
    _fault("01", "HTTP 200 nhưng không có quyền", "HTTP 200 while not authorised",
           (Strike("F01", CLAIM, variant="forbidden"),),
           (x.sessions(2), x.same_file_not_pushed, x.never_too_good), part="F"),
    _fault("02", "Mã kết quả đổi kiểu và chữ hoa", "Result codes change type and case",
           (Strike("F02", CLAIM, variant="number"),
            Strike("F02", CLAIM, (2,), variant="casing")), (*WHOLE, *HONEST)),
    _fault("03", "Tài khoản bị khoá", "The account is locked",
           (Strike("F03", "vss.login", (), variant="locked"),), (x.gives_up_when_barred,)),
    _fault("03", "Máy chủ lỗi khi đăng nhập", "Server error at login",
           (Strike("F03", "vss.login", variant="server"),), (*WHOLE, *HONEST), part="S"),
    _fault("04", "Máy chủ lỗi, máy chủ hết giờ", "Server error, server timeout",
           (Strike("F04", CLAIM, variant="server"),
            Strike("F04", CLAIM, (3,), variant="timeout")), (*WHOLE, *HONEST)),
    _fault("04", "Sai tham số là lỗi vĩnh viễn", "A bad parameter is permanent",
           (Strike("F04", CLAIM, variant="parameters"),),
           (x.same_file_not_pushed, x.sessions(2), x.never_too_good), part="P"),
    _fault("05", "HTTP 201 nghĩa là sai", "HTTP 201 means wrong",
           (Strike("F05", CLAIM),), (x.never_too_good, x.same_file_not_pushed)),
    _fault("06", "Lô gửi lỗi một phần", "A batch that half fails",
           (Strike("F06", "hanoi.submit"),),
           (x.nothing_lost("claim", "hanoi"), x.nothing_doubled("claim", "hanoi"),
            x.never_too_good),
           encounters=4, gateways=(), axis=True, reconcile=False, roles=("full",)),
    _fault("07", "Phiên ngắn, bị thu hồi, không nói thời hạn", "Short, revoked, unstated sessions",
           (Strike("F07", "vss.login", variant="short"),
            Strike("F07", CLAIM, (2,), variant="revoked")),
           (*WHOLE, x.sessions(16), *HONEST), verdict_delay_s=1200, virtual=True),
    _fault("07", "expires_in không có", "No expires_in",
           (Strike("F07", "vss.login", (), variant="missing"),),
           (*WHOLE, x.sessions(8), *HONEST), part="M", verdict_delay_s=4 * 3600, virtual=True),
    _fault("07", "expires_in là số giây", "expires_in in seconds",
           (Strike("F07", "vss.login", (), variant="seconds"),),
           (*WHOLE, x.sessions(8), *HONEST), part="N", verdict_delay_s=4 * 3600, virtual=True),
    _fault("08", "Cổng nhận cả hồ sơ của cơ sở khác", "The gateway takes foreign records",
           (Strike("F08", CLAIM, ()),), (x.own_account,), facilities=("01991", "79991")),
    _fault("09", "Trả lời không phải JSON", "Answers that are no JSON",
           (Strike("F09", CLAIM, variant="html"), Strike("F09", CLAIM, (3,), variant="html_ok"),
            Strike("F09", "vss.checkin_*", (2,), variant="empty")), (*WHOLE, *HONEST)),
    _fault("09", "Trả lời bị cắt cụt", "Truncated answers",
           (Strike("F09", CLAIM, variant="truncated"),
            Strike("F09", "vss.result*", (1,), variant="html")), (*WHOLE, *HONEST), part="T"),
    _fault("10", "Đã nhận nhưng không trả lời", "Taken, but no answer",
           (Strike("F10", CLAIM), Strike("F10", "vss.checkin_*", (2,))), (*WHOLE, *HONEST)),
    _fault("11", "Gửi trùng thành lỗi", "A second send becomes an error",
           (Strike("F10", CLAIM), Strike("F11", CLAIM, ())),
           (x.nothing_doubled("claim"), x.accepted_is_known), seen="F10"),
    _fault("12", "Nhận rồi nhưng nhiều giờ sau mới tra được", "Taken, but visible hours later",
           (Strike("F12", CLAIM, ()),),
           (*WHOLE, x.asked_with_patience, *HONEST), virtual=True),
    _fault("13", "Kết quả đến sau nhiều giờ", "The verdict comes hours later",
           (Strike("F13", CLAIM, ()),), (*WHOLE, x.asked_with_patience, *HONEST), virtual=True),
    _fault("14", "Chấp nhận kèm cảnh báo", "Accepted with warnings",
           (Strike("F14", CLAIM, ()),), (x.warning_is_accepted, x.nothing_doubled("claim"))),
    _fault("15", "Bị từ chối vì chứng thư", "Refused for the certificate",
           (Strike("F15", CLAIM, (1,), variant="expired"),),
           (x.refusal_is_known, x.never_too_good, x.same_file_not_pushed)),
    _fault("16", "BOM bị từ chối, trả lời có BOM", "BOM is refused, answers have one",
           (Strike("F16", CLAIM, ()), Strike("F16", CLAIM, (2,), variant="answer")),
           (*WHOLE, x.no_bom)),
    _fault("17", "Danh mục và chuẩn đổi lúc nửa đêm", "Lists and edition change at midnight",
           (Strike("F17", CLAIM, ()),), (*WHOLE, x.right_call, x.accepted_is_known),
           day=dt.date(2026, 6, 30), reconcile=False, virtual=True),
    _fault("18", "Gửi quá nhanh", "Too many requests",
           (Strike("F18", CLAIM),), (*WHOLE, x.backs_off(29), *HONEST), virtual=True),
    _fault("18", "Không nối được, đứt giữa chừng", "No connection, connection reset",
           (Strike("F18", CLAIM, variant="refused"), Strike("F18", CLAIM, (3,), variant="reset")),
           (*WHOLE, x.backs_off(0.2), *HONEST), part="C"),
    _fault("18", "Bảo trì ban đêm", "Maintenance at night",
           (Strike("F18", "vss.*", (), variant="maintenance"),),
           (*WHOLE, x.sessions(90), *HONEST), part="N", start=dt.time(22, 30), virtual=True,
           reconcile=False),
    _fault("19", "Đồng hồ lệch bảy giờ", "Clocks seven hours apart",
           (Strike("F19", "vss.*", ()),), (*WHOLE, x.sessions(3), *HONEST), skew_s=0),
    _fault("20", "Hồ sơ không có check-in bị từ chối", "A claim without check-in is refused",
           (Strike("F20", CLAIM, ()), Strike("F18", "vss.checkin_*", (1, 2), variant="refused")),
           (x.checkin_first, *WHOLE), seen="F18"),
)  # fmt: skip
