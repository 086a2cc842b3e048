"""The kit for systems that send to the repositories of a province and of the nation."""

from __future__ import annotations

from vnhealth.conformance import expect as x
from vnhealth.conformance._model import Case, Kit, Scenario
from vnhealth.conformance._stage import Kill, Strike
from vnhealth.conformance._stage_store import StoreStage
from vnhealth.conformance.kits._troubled import Troubles

__all__ = ["KIT"]

ROLES = ("facility", "province")
SUBMIT = "province.submit"
WHOLE = (x.nothing_lost("claim"), x.nothing_doubled("claim"))
HONEST = (x.never_too_good, x.verdicts_fetched, x.accepted_is_known)

DAY = Scenario(
    "REP-DAY",
    "Một ngày gửi kho của tỉnh",
    "A day of sending to the province",
    StoreStage(encounters=3, people=("LE_VAN_DUNG", "PHAM_THI_EM")),
    (
        Case("RPS-01", ("R-RPS-01",), "Dùng lại phiên", "Session is kept", (x.sessions(2),)),
        Case("RPS-02", ("R-RPS-02",), "Đúng cơ sở", "The right facility", (x.file_of_account,)),
        Case("RPS-03", ("R-RPS-03",), "Không lộ bí mật", "No secret leaks",
             (x.no_secret_in_address, x.no_secret_in_results)),
        Case("RPC-01", ("R-RPC-01",), "XML thô, UTF-8, không BOM", "Raw XML, UTF-8, no BOM",
             (x.sent_as_xml, x.utf8_xml, x.no_bom)),
        Case("RPC-02", ("R-RPC-02",), "Đủ bảng, đủ dòng", "All tables, all rows",
             (x.all_tables, x.all_rows)),
        Case("RPC-03", ("R-RPC-03",), "Nội dung giữ nguyên", "Content unchanged",
             (x.codes_unchanged, x.numbers_unchanged, x.dates_unchanged, x.texts_unchanged)),
        Case("RPC-04", ("R-RPC-04",), "Chữ ký số", "Signature",
             (x.sign_present, x.sign_intact, x.sign_owner)),
        Case("RPB-01", ("R-RPB-01",), "Mọi hồ sơ tới kho", "Every record arrives",
             (x.nothing_lost("claim"),)),
        Case("RPB-02", ("R-RPB-02",), "Không gửi trùng", "Nothing sent twice",
             (x.nothing_doubled("claim"),)),
        Case("RPB-03", ("R-RPB-03",), "Tiếp nhận chưa phải chấp nhận",
             "Receipt is not acceptance", HONEST),
        Case("RPB-04", ("R-RPB-04",), "Giữ tracking_id", "tracking_id is kept",
             (x.results_written, x.tracking_kept)),
        Case("RPB-05", ("R-RPB-05",), "Đối soát", "Reconciliation",
             (x.counts_asked, x.counts_agree)),
    ),
)  # fmt: skip

CORRECTED = Scenario(
    "REP-COR",
    "Hồ sơ bị kho từ chối được sửa",
    "A record that the store refused is corrected",
    StoreStage(encounters=1, refused=True),
    (
        Case("RPB-06", ("R-RPB-06",), "Sửa và gửi lại dưới MA_LK cũ", "Corrected under its MA_LK",
             (x.corrected, x.versions_in_order, *WHOLE)),
        Case("RPB-07", ("R-RPB-03",), "Biết hồ sơ bị từ chối", "Knows what was refused",
             (x.refusal_is_known, x.never_too_good)),
    ),
)  # fmt: skip

WITHDRAWN = Scenario(
    "REP-WDR",
    "Huỷ rồi khôi phục",
    "Cancelled and restored",
    StoreStage(encounters=2, withdrawn=True),
    (
        Case("RPW-01", ("R-RPW-01",), "Huỷ và khôi phục đúng hồ sơ", "The right record",
             (x.withdrawn_and_back, x.withdrawn_with_reason)),
    ),
)  # fmt: skip

WITHDRAWN_AGAIN = Scenario(
    "REP-WDL",
    "Lời huỷ, lời khôi phục không có trả lời",
    "No answer to a cancellation and a restoration",
    StoreStage(
        encounters=2,
        withdrawn=True,
        strikes=(
            Strike("F09", "province.cancel", (1,), "html_ok"),
            Strike("F09", "province.restore", (1,), "empty"),
        ),
    ),
    (
        Case("RPW-02", ("R-RPW-02",), "Lặp lại với chính mã yêu cầu", "Repeated under its id",
             (x.injected("F09"), x.withdrawn_and_back, x.same_request_again)),
    ),
)  # fmt: skip

NATION = Scenario(
    "REP-NAT",
    "Gửi cả kho quốc gia có định danh",
    "The national store as well",
    StoreStage(encounters=2, gateways=("national", "province")),
    (
        Case("RPN-01", ("R-RPN-01",), "Mọi hồ sơ tới kho quốc gia", "Every record arrives there",
             (*WHOLE, x.nothing_lost("claim", "province"), x.tracking_kept)),
        Case("RPN-02", ("R-RPN-01",), "Phiên của từng kho", "A session each",
             (x.file_of_account, x.sessions(2))),
    ),
    roles=("province",),
)  # fmt: skip

FEED = Scenario(
    "REP-DEI",
    "Kho quốc gia đã khử định danh",
    "The national de-identified store",
    StoreStage(encounters=3, people=("HO_NGOC_NAM",), deid=True),
    (
        Case("RPP-01", ("R-RPP-01",), "Không giá trị định danh nào tới kho",
             "No identifier reaches the store", (x.no_canary,)),
        Case("RPP-02", ("R-RPP-02",), "Giữ lại hồ sơ HIV", "HIV cases are kept back",
             (x.hiv_kept_back,)),
        Case("RPP-03", ("R-RPP-03",), "Tệp đúng quy ước đã khử định danh",
             "Files of the contract", (x.feed_taken,)),
    ),
    roles=("province",),
)  # fmt: skip


_PLAYED = Troubles("REP", "RPT", StoreStage, 2)
_trouble, _death = _PLAYED.faults, _PLAYED.death

TROUBLES = (
    _trouble("LOST", "R-RPT-01", "Đã nhận nhưng không có trả lời", "Taken, but no answer",
             (Strike("F10", SUBMIT, (1, 3)),), (*WHOLE, x.same_bytes_again, *HONEST)),
    _trouble("CUT", "R-RPT-01", "Trả lời rỗng, bị cắt, là trang HTML",
             "Answers empty, cut, or a page of HTML",
             (Strike("F09", SUBMIT, (1,), "empty"), Strike("F09", SUBMIT, (3,), "truncated")),
             (*WHOLE, x.same_bytes_again, *HONEST)),
    _trouble("ERR", "R-RPT-02", "Máy chủ lỗi, trang HTML báo lỗi", "Server errors, error pages",
             (Strike("F09", SUBMIT, (1,)), Strike("F18", SUBMIT, (3,), "reset"),
              Strike("F09", "province.login", (1,))), (*WHOLE, x.backs_off(0.2), *HONEST)),
    _trouble("RATE", "R-RPT-02", "Gửi quá nhanh", "Too many requests",
             (Strike("F18", SUBMIT, (2,)),), (*WHOLE, x.backs_off(29), *HONEST), virtual=True),
    _trouble("AUTH", "R-RPS-04", "Phiên bị thu hồi giữa chừng", "The session is revoked",
             (Strike("F07", SUBMIT, (2,), "revoked"),), (*WHOLE, x.sessions(3), *HONEST)),
    _trouble("LOCK", "R-RPS-05", "Tài khoản bị khoá", "The account is locked",
             (Strike("F03", "province.login", (), "locked"),), (x.gives_up_when_barred,)),
    _trouble("BAD", "R-RPT-03", "Kho từ chối tệp", "The store refuses a file",
             (Strike("F04", SUBMIT, (1,), "content"),),
             (x.refused_stays_home, x.refused_is_not_taken, x.never_too_good)),
    _trouble("WARN", "R-RPT-04", "Chấp nhận kèm cảnh báo", "Accepted with warnings",
             (Strike("F14", SUBMIT, ()),), (*WHOLE, x.warning_is_accepted)),
    _trouble("LATE", "R-RPT-05", "Kết quả đến sau nhiều giờ", "The verdict comes hours later",
             (Strike("F13", SUBMIT, ()),), (*WHOLE, *HONEST), virtual=True),
    _death("KILL", "R-RPT-06", "Tắt sau khi kho nhận, chưa kịp có trả lời",
           "Killed after the store took a file, before its answer",
           Kill(2, "hoan-tat"), (*WHOLE, *HONEST)),
    _death("KILB", "R-RPT-06", "Tắt trước khi tệp tới kho",
           "Killed before a file reached the store",
           Kill(2, "hoan-tat", answered=False), (*WHOLE, *HONEST)),
)  # fmt: skip

KIT = Kit(
    "provincial-repository",
    "1.0.0",
    "Gửi kho dữ liệu y tế của tỉnh và quốc gia",
    "Sending to the repositories of a province and of the nation",
    (DAY, CORRECTED, WITHDRAWN, WITHDRAWN_AGAIN, NATION, FEED, *TROUBLES),
    ROLES,
)
