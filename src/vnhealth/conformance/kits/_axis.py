"""The kit for systems that send health checks to the ministry's data axis."""

from __future__ import annotations

from vnhealth.conformance import expect as x
from vnhealth.conformance._model import Case, Kit, Scenario
from vnhealth.conformance._stage import Kill, Strike
from vnhealth.conformance._stage_axis import AxisStage
from vnhealth.conformance.kits._troubled import Troubles

__all__ = ["KIT"]

PUSH, LOGIN = "emrhub.push", "emrhub.login"
KIND = "health_check"
WHOLE = (x.nothing_lost(KIND), x.nothing_doubled(KIND), x.one_message_each, x.accepted_is_known)

DAY = Scenario(
    "AXS-DAY",
    "Một ngày khám sức khoẻ",
    "A day of health checks",
    AxisStage(encounters=3),
    (
        Case("AXS-01", ("R-AXS-01",), "Dùng lại phiên", "Session is kept", (x.sessions(2),)),
        Case("AXS-02", ("R-AXS-02",), "Không lộ bí mật, dữ liệu người khám",
             "No secret, no personal data", (x.no_patient_in_address, x.no_patient_in_results)),
        Case("AXS-03", ("R-AXS-03",), "Phiên của chính cơ sở", "Session of the facility",
             (x.axis_own_session,)),
        Case("AXM-01", ("R-AXM-01",), "Đầu thông điệp", "Header of the message",
             (x.axis_header_right, x.axis_service_type)),
        Case("AXM-02", ("R-AXM-02",), "msg_id", "msg_id",
             (x.message_ids_formed, x.one_message_each)),
        Case("AXM-03", ("R-AXM-03",), "Chữ ký của thông điệp", "Signature of the message",
             (x.axis_never_refused_for("PS_DS_RSA_", "Chữ ký của thông điệp đúng",
                                       "The signature of the message is right"),
              x.nothing_lost(KIND))),
        Case("AXM-04", ("R-AXM-04",), "Hai chữ ký của tệp", "Two signatures of the file",
             (x.axis_never_refused_for("PS_DS_CA_", "Hai chữ ký trong tệp đúng",
                                       "Both signatures in the file are right"),
              x.nothing_lost(KIND))),
        Case("AXM-05", ("R-AXM-05",), "Base64 của XML", "Base64 of XML", (x.axis_files_plain,)),
        Case("AXM-06", ("R-AXM-06",), "Nội dung giữ nguyên", "Content unchanged",
             (x.axis_content_kept,)),
        Case("AXT-01", ("R-AXT-01",), "Mọi tệp tới trục", "Every file arrives",
             (x.nothing_lost(KIND), x.nothing_doubled(KIND))),
        Case("AXT-02", ("R-AXT-02",), "Chỉ tin res_code", "res_code decides",
             (x.results_written, x.never_too_good, x.accepted_is_known)),
        Case("AXT-03", ("R-AXT-03",), "Giữ txn_id", "txn_id is kept", (x.axis_txn_kept,)),
    ),
)  # fmt: skip

REPEATED = Scenario(
    "AXS-REP",
    "Khám lại trong sáu tháng",
    "Examined again within six months",
    AxisStage(encounters=2, repeated=True),
    (
        Case("AXT-04", ("R-AXT-04",), "Biết lượt bị từ chối", "Knows what was refused",
             (x.repeated_is_refused, x.never_too_good)),
    ),
)  # fmt: skip


_trouble = Troubles("AXS", "AXF", AxisStage, 2).faults

TROUBLES = (
    _trouble("LOST", "R-AXT-05", "Đã nhận nhưng không có trả lời", "Taken, but no answer",
             (Strike("F10", PUSH, (1, 3)),), WHOLE),
    _trouble("CUT", "R-AXT-05", "Trả lời rỗng, bị cắt", "Answers empty and cut",
             (Strike("F09", PUSH, (1,), "empty"), Strike("F09", PUSH, (3,), "truncated")), WHOLE),
    _trouble("ERR", "R-AXT-06", "Trang lỗi, đứt đường", "Error pages, connection reset",
             (Strike("F09", PUSH, (1,)), Strike("F18", PUSH, (3,), "reset"),
              Strike("F09", LOGIN, (1,))), (*WHOLE, x.backs_off(0.2))),
    _trouble("AUTH", "R-AXS-04", "Phiên bị thu hồi giữa chừng", "The session is revoked",
             (Strike("F07", PUSH, (2,), "revoked"),), (*WHOLE, x.sessions(3))),
    _trouble("LOCK", "R-AXS-05", "Tài khoản bị khoá", "The account is locked",
             (Strike("F03", LOGIN, (), "locked"),), (x.gives_up_when_barred,)),
    Scenario(
        "AXS-KILL", "Tắt sau khi trục nhận, chưa kịp có trả lời",
        "Killed after the axis took a file, before its answer",
        AxisStage(encounters=3, kills=(Kill(2, "data-sync"),)),
        (Case("AXF-KILL", ("R-AXT-07",), "Không mất, không trùng sau khi chạy lại",
              "Nothing lost, nothing twice after the restart", (x.restarted(1), *WHOLE)),),
    ),
)  # fmt: skip

KIT = Kit(
    "health-data-axis",
    "1.0.0",
    "Gửi khám sức khoẻ lên trục dữ liệu Bộ Y tế",
    "Sending health checks to the ministry's data axis",
    (DAY, REPEATED, *TROUBLES),
    ("facility",),
)
