"""The kit for pharmacy systems: look-up of prescriptions and report of what was sold."""

from __future__ import annotations

from vnhealth.conformance import expect as x
from vnhealth.conformance._model import Case, Kit, Scenario
from vnhealth.conformance._stage import Kill, Strike
from vnhealth.conformance._stage_pharmacy import PharmacyStage
from vnhealth.conformance.kits._troubled import Troubles

__all__ = ["KIT"]

FETCH, REPORT = "donthuoc.fetch", "donthuoc.report_sale"
WHOLE = (x.nothing_lost("sale"), x.only_staged_sales, x.sales_whole, x.accepted_is_known)

COUNTER = Scenario(
    "PHA-DAY",
    "Một ngày ở quầy thuốc",
    "A day at the counter",
    PharmacyStage(encounters=3, split=True, amended=True),
    (
        Case("PHA-01", ("R-RXP-01",), "Khoá ở tiêu đề", "Keys in headers", (x.keys_in_headers,)),
        Case("PHA-02", ("R-RXP-02",), "Tra cứu đơn", "Look-ups",
             (x.found_each, x.answers_noted)),
        Case("PHA-03", ("R-RXP-03",), "Tra trước khi bán", "Look-up before sale",
             (x.asked_before_sale,)),
        Case("PHA-04", ("R-RXP-04",), "Báo bán đủ và đúng", "Sales reported whole",
             (x.nothing_lost("sale"), x.sales_whole)),
        Case("PHA-05", ("R-RXP-05",), "Không báo thừa", "No report too many",
             (x.only_staged_sales,)),
        Case("PHA-06", ("R-RXP-06",), "Sửa báo cáo bán", "A report is corrected",
             (x.amended_sale_stands,)),
        Case("PHA-07", ("R-RXP-07",), "Không lộ bí mật, dữ liệu người bệnh",
             "No secret, no patient data leaks",
             (x.no_patient_in_address, x.no_patient_in_results)),
        Case("PHA-08", ("R-RXP-08",), "Không lạc quan", "Not too good",
             (x.results_written, x.never_too_good, x.accepted_is_known)),
    ),
)  # fmt: skip

HOPELESS = Scenario(
    "PHA-NOT",
    "Đơn không được bán",
    "Prescriptions that must not be filled",
    PharmacyStage(encounters=1, hopeless=True),
    (
        Case("PHA-09", ("R-RXP-09",), "Không bán đơn không có, bị thay, quá hạn",
             "Nothing sold from unknown, replaced and old ones", (x.hopeless_not_sold,)),
        Case("PHA-10", ("R-RXP-02",), "Biết đơn không tra được", "Knows what was not found",
             (x.answers_noted,)),
    ),
)  # fmt: skip


_trouble = Troubles("PHA", "PHF", PharmacyStage, 2).faults

TROUBLES = (
    _trouble("LOST", "R-RXP-10", "Đã nhận báo cáo nhưng không trả lời",
             "The report was taken, but no answer", (Strike("F10", REPORT, (1,)),), WHOLE),
    _trouble("ERR", "R-RXP-10", "Máy chủ lỗi khi tra cứu và khi báo bán",
             "Server errors at look-up and report",
             (Strike("F09", FETCH, (1,)), Strike("F04", REPORT, (1,))),
             (*WHOLE, x.found_each, x.answers_noted, x.backs_off(0.2))),
    _trouble("BAD", "R-RXP-11", "Báo cáo bán bị từ chối", "A report is refused",
             (Strike("F04", REPORT, (1,), "content"),),
             (x.rx_not_pushed("report_sale"), x.refused_is_not_taken, x.never_too_good)),
    Scenario(
        "PHA-KILL", "Tắt giữa lúc báo bán", "Killed while reporting",
        PharmacyStage(encounters=3, kills=(Kill(1, "cap-nhat-don-thuoc"),
                                           Kill(2, "cap-nhat-don-thuoc", answered=False))),
        (Case("PHF-KILL", ("R-RXP-12",), "Không mất, không thừa khi chạy lại",
              "Nothing lost, nothing too many after restarts", (x.restarted(2), *WHOLE)),),
    ),
)  # fmt: skip

KIT = Kit(
    "eprescription-pharmacy",
    "1.0.0",
    "Tra cứu đơn thuốc và báo thuốc đã bán",
    "Look-up of prescriptions and report of sales",
    (COUNTER, HOPELESS, *TROUBLES),
    ("pharmacy",),
)
