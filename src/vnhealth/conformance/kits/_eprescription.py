"""The kit for systems that send prescriptions to the national e-prescription system."""

from __future__ import annotations

from vnhealth.conformance import expect as x
from vnhealth.conformance._model import Case, Kit, Scenario
from vnhealth.conformance._stage import Kill, Strike
from vnhealth.conformance._stage_rx import PrescriptionStage
from vnhealth.conformance.kits._troubled import Troubles

__all__ = ["KIT"]

ROLES = ("clinic", "hospital")
SUBMIT = "donthuoc.submit"
LOGIN = "donthuoc.login_doctor"
KIND = "prescription"
WHOLE = (x.nothing_lost(KIND), x.nothing_doubled(KIND), x.same_code_again, x.accepted_is_known)

DESK = Scenario(
    "RX-DAY",
    "Một buổi khám",
    "A morning at the desk",
    PrescriptionStage(encounters=5, people=("LE_GIA_HAN",)),
    (
        Case("RXS-01", ("R-RXS-01",), "Phiên của bác sĩ kê đơn", "Session of the doctor",
             (x.everybody_by_own_session,)),
        Case("RXS-02", ("R-RXS-02",), "Dùng lại phiên", "Session is kept", (x.sessions(1),)),
        Case("RXS-03", ("R-RXS-03",), "Không lộ bí mật, dữ liệu người bệnh",
             "No secret, no patient data leaks",
             (x.no_patient_in_address, x.no_patient_in_results)),
        Case("RXS-04", ("R-RXS-04",), "Mật khẩu chỉ khi đăng nhập", "Password at login only",
             (x.no_password_after_login,)),
        Case("RXC-01", ("R-RXC-01",), "Dạng của mã đơn", "Form of the code", (x.codes_formed,)),
        Case("RXC-02", ("R-RXC-02",), "Mã cơ sở trong mã đơn", "Facility in the code",
             (x.codes_of_facility,)),
        Case("RXC-03", ("R-RXC-03",), "Loại đơn trong mã đơn", "Type in the code",
             (x.codes_of_kind,)),
        Case("RXC-04", ("R-RXC-04",), "Mỗi đơn một mã", "A code of its own", (x.codes_unique,)),
        Case("RXC-05", ("R-RXC-05",), "Mã không đếm được", "Codes are not counted",
             (x.codes_not_counted,)),
        Case("RXC-06", ("R-RXC-06", "R-RXT-09"), "Giữ mã từng đơn", "Codes are kept",
             (x.results_written, x.code_kept)),
        Case("RXM-01", ("R-RXM-01",), "Giới tính", "Sex", (x.sexes_translated,)),
        Case("RXM-02", ("R-RXM-02",), "Ngày giờ", "Days and moments", (x.moments_written,)),
        Case("RXM-03", ("R-RXM-03",), "Họ tên, văn bản", "Names and texts", (x.rx_texts_kept,)),
        Case("RXM-04", ("R-RXM-04",), "Số giấy tờ", "Numbers of papers", (x.identity_kept,)),
        Case("RXM-05", ("R-RXM-05",), "Người giám hộ", "Guardian", (x.guardian_named,)),
        Case("RXM-06", ("R-RXM-06",), "Chẩn đoán", "Diagnoses", (x.diagnoses_whole,)),
        Case("RXM-07", ("R-RXM-07",), "Thuốc", "Medicines", (x.medicines_whole,)),
        Case("RXT-01", ("R-RXT-01",), "Mọi đơn tới hệ thống", "Every prescription arrives",
             (x.nothing_lost(KIND),)),
        Case("RXT-02", ("R-RXT-02",), "Không gửi trùng", "Nothing sent twice",
             (x.nothing_doubled(KIND),)),
        Case("RXT-03", ("R-RXT-03",), "Không lạc quan", "Not too good",
             (x.never_too_good, x.accepted_is_known)),
    ),
)  # fmt: skip

REPLACED = Scenario(
    "RX-REP",
    "Sửa đơn đã gửi",
    "A prescription that was sent is corrected",
    PrescriptionStage(encounters=2, replaced=True),
    (
        Case("RXT-08", ("R-RXT-08",), "Đơn mới thay đơn cũ", "A new one takes its place",
             (x.nothing_lost(KIND), x.nothing_doubled(KIND), x.replaced_by_new_code)),
        Case("RXT-08K", ("R-RXC-06",), "Giữ mã đơn thay thế", "The new code is kept",
             (x.code_kept,)),
    ),
)  # fmt: skip

GUEST = Scenario(
    "RX-DOC",
    "Bác sĩ của cơ sở khác đến khám",
    "A doctor of another facility comes in",
    PrescriptionStage(encounters=2, guest=True, facilities=("01991", "79991")),
    (
        Case("RXD-01", ("R-RXD-01",), "Thêm bác sĩ", "Doctor linked",
             (x.doctor_linked, x.nothing_lost(KIND))),
        Case("RXD-02", ("R-RXD-02",), "Xoá liên kết bác sĩ", "Doctor unlinked",
             (x.doctor_unlinked,)),
        Case("RXD-03", ("R-RXS-01",), "Mỗi bác sĩ một phiên", "A session each",
             (x.everybody_by_own_session, x.codes_of_facility)),
    ),
    roles=("hospital",),
)  # fmt: skip


_PLAYED = Troubles("RX", "RXF", PrescriptionStage, 3)
_trouble, _death = _PLAYED.faults, _PLAYED.death

REFUSED = (x.rx_not_pushed("submit"), x.refused_is_not_taken, x.never_too_good)
TROUBLES = (
    _trouble("LOST", "R-RXT-05", "Đã nhận nhưng không có trả lời", "Taken, but no answer",
             (Strike("F10", SUBMIT, (1, 3)),), WHOLE),
    _trouble("CUT", "R-RXT-05", "Trả lời rỗng, bị cắt, là trang HTML",
             "Answers empty, cut, or a page of HTML",
             (Strike("F09", SUBMIT, (1,), "empty"), Strike("F09", SUBMIT, (3,), "truncated"),
              Strike("F09", SUBMIT, (5,), "html_ok")), WHOLE),
    _trouble("BOM", "R-RXT-03", "Trả lời có BOM ở đầu", "Answers that begin with a BOM",
             (Strike("F16", SUBMIT, (), "answer"),), (*WHOLE, x.never_too_good)),
    _trouble("ERR", "R-RXT-06", "Máy chủ lỗi, hết giờ", "Server error, timeout",
             (Strike("F04", SUBMIT, (1,), "server"), Strike("F04", SUBMIT, (3,), "timeout")),
             (*WHOLE, x.backs_off(0.2))),
    _trouble("RATE", "R-RXT-06", "Gửi quá nhanh", "Too many requests",
             (Strike("F18", SUBMIT, (2,)),), (*WHOLE, x.backs_off(29)), virtual=True),
    _trouble("LINE", "R-RXT-06", "Không nối được, đứt đường", "No connection, connection reset",
             (Strike("F18", SUBMIT, (1,), "refused"), Strike("F18", SUBMIT, (3,), "reset")),
             (*WHOLE, x.backs_off(0.2))),
    _trouble("PAGE", "R-RXT-06", "Trang HTML báo lỗi thay cho JSON", "An error page of HTML",
             (Strike("F09", SUBMIT, (2,)), Strike("F09", LOGIN, (1,))), WHOLE),
    _trouble("BAD", "R-RXT-04", "Đơn bị từ chối", "A prescription is refused",
             (Strike("F04", SUBMIT, (2,), "content"),), (*REFUSED, x.sessions(1))),
    _trouble("CODE", "R-RXT-03", "HTTP 200, 201 nhưng câu trả lời là từ chối",
             "HTTP 200 and 201 with a sentence that refuses",
             (Strike("F01", SUBMIT, (1,), "forbidden"), Strike("F05", SUBMIT, (2,))), REFUSED),
    _trouble("AUTH", "R-RXS-05", "Phiên bị thu hồi giữa chừng", "The session is revoked",
             (Strike("F07", SUBMIT, (2,), "revoked"),), (*WHOLE, x.one_new_login)),
    _trouble("LOCK", "R-RXS-06", "Tài khoản bị khoá", "The account is locked",
             (Strike("F03", LOGIN, (), "locked"),), (x.gives_up_when_barred,)),
    _death("KILL", "R-RXT-07", "Tắt sau khi hệ thống nhận đơn, chưa kịp có trả lời",
           "Killed after a prescription was taken, before its answer",
           Kill(2, "gui-don-thuoc"), (*WHOLE, x.never_too_good)),
    _death("KILB", "R-RXT-07", "Tắt trước khi đơn tới hệ thống",
           "Killed before a prescription arrived",
           Kill(2, "gui-don-thuoc", answered=False), (*WHOLE, x.never_too_good)),
)  # fmt: skip

KIT = Kit(
    "eprescription",
    "1.0.0",
    "Gửi đơn thuốc lên hệ thống đơn thuốc quốc gia",
    "Sending to the national e-prescription system",
    (DESK, REPLACED, GUEST, *TROUBLES),
    ROLES,
)
