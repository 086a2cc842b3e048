"""The first kit: check-in and claim by 3176 and its amendment of 2026."""

from __future__ import annotations

import datetime as dt

from vnhealth.conformance import expect as x
from vnhealth.conformance._model import Case, Kit, Scenario
from vnhealth.conformance._stage import Kill, Stage, Strike
from vnhealth.conformance._stage_codes import CodedStage
from vnhealth.conformance.kits._claim3176_faults import FAULTS

__all__ = ["KIT"]

ROLES = ("clinic", "hospital", "multi_site", "full")
BIGGER = ROLES[1:]

DAY = Scenario(
    "DAY",
    "Một ngày bình thường",
    "An ordinary day",
    Stage(
        people=("NGUYEN_VAN_AN", "LE_VAN_DUNG", "PHAM_THI_EM", "LE_GIA_HAN"),
        encounters=3,
    ),
    (
        Case("SES-01", ("R-SES-01",), "Mật khẩu là MD5 chữ hoa", "Password as upper-case MD5",
             (x.password_hashed,)),
        Case("SES-02", ("R-SES-02",), "Dùng lại phiên", "Session is kept", (x.sessions(2),)),
        Case("SES-03", ("R-SES-03",), "Đủ ba tiêu đề phiên", "Three session headers",
             (x.three_headers,)),
        Case("SES-04", ("R-SES-04",), "Không lộ bí mật", "No secret leaks",
             (x.no_secret_in_address, x.no_secret_in_results)),
        Case("CHK-01", ("R-CHK-01", "R-CHK-03"), "Mọi check-in tới cổng",
             "Every check-in arrives", (x.nothing_lost("checkin"), x.nothing_foreign)),
        Case("CHK-02", ("R-CHK-02",), "Check-in trước hồ sơ", "Check-in before claim",
             (x.checkin_first,)),
        Case("CLM-01", ("R-CLM-01", "R-CLM-07"), "Mọi hồ sơ tới cổng", "Every claim arrives",
             (x.nothing_lost("claim"),)),
        Case("CLM-02", ("R-CLM-02",), "Không gửi trùng", "Nothing sent twice",
             (x.nothing_doubled("claim"), x.nothing_doubled("checkin"))),
        Case("CLM-03", ("R-CLM-03",), "Mỗi tệp một lượt", "One visit a file",
             (x.one_record_a_file, x.declared_count)),
        Case("CLM-04", ("R-CLM-04",), "Đúng lời gọi", "The right call", (x.right_call,)),
        Case("CLM-05", ("R-CLM-05",), "Đúng tham số biểu mẫu", "Right form fields",
             (x.right_kind, x.province_right)),
        Case("CLM-06", ("R-CLM-06",), "Đúng cơ sở", "The right facility",
             (x.own_account, x.envelope_facility)),
        Case("CNT-01", ("R-CNT-01",), "Mã và số giấy tờ", "Codes and numbers of papers",
             (x.codes_unchanged,)),
        Case("CNT-02", ("R-CNT-02",), "Số tiền, số lượng", "Amounts and quantities",
             (x.numbers_unchanged,)),
        Case("CNT-03", ("R-CNT-03",), "Ngày giờ", "Dates and times", (x.dates_unchanged,)),
        Case("CNT-04", ("R-CNT-04",), "Họ tên, văn bản", "Names and texts",
             (x.texts_unchanged, x.names_composed)),
        Case("CNT-05", ("R-CNT-05",), "Đủ bảng, đủ dòng", "All tables, all rows",
             (x.all_tables, x.all_rows)),
        Case("CNT-06", ("R-CNT-06",), "Các dòng cùng MA_LK", "Rows share MA_LK", (x.links_hold,)),
        Case("CNT-07", ("R-CNT-07",), "Ký tự đặc biệt", "Special characters",
             (x.special_characters,)),
        Case("CNT-08", ("R-CNT-08",), "Không có giá trị giả", "No placeholders",
             (x.no_placeholders,)),
        Case("CNT-09", ("R-CNT-09",), "Thứ tự và đủ thẻ", "Order and presence of tags",
             (x.tag_order, x.all_tags)),
        Case("ENC-01", ("R-ENC-01",), "Không có BOM", "No byte-order mark", (x.no_bom,)),
        Case("ENC-02", ("R-ENC-02",), "XML đúng cú pháp, UTF-8", "Well-formed XML, UTF-8",
             (x.utf8_xml,)),
        Case("ENC-03", ("R-ENC-03",), "Bảng là Base64", "Tables as Base64", (x.parts_plain,)),
        Case("ENC-04", ("R-ENC-04",), "Biểu mẫu mã hoá đúng", "Form encoded right",
             (x.base64_clean, x.form_encoded)),
        Case("ENC-05", ("R-ENC-05",), "NGAYLAP", "NGAYLAP", (x.created_today,)),
        Case("SIG-01", ("R-SIG-01",), "Có chữ ký", "Signed", (x.sign_present,)),
        Case("SIG-02", ("R-SIG-02",), "Chữ ký nguyên vẹn", "Signature intact", (x.sign_intact,)),
        Case("SIG-03", ("R-SIG-03",), "Chứng thư đúng cơ sở", "Certificate of the facility",
             (x.sign_owner,)),
        Case("SIG-04", ("R-SIG-04",), "Thuật toán đủ mạnh", "Strong algorithm",
             (x.sign_algorithm,)),
        Case("VER-01", ("R-VER-01",), "Không lạc quan", "Not too good", (x.never_too_good,)),
        Case("VER-02", ("R-VER-02",), "Lấy đủ kết quả", "Fetches the verdicts",
             (x.verdicts_fetched, x.accepted_is_known)),
        Case("VER-03", ("R-VER-03",), "Hỏi thưa", "Asks with patience", (x.asked_with_patience,)),
        Case("VER-04", ("R-VER-04",), "Giữ mã giao dịch", "Keeps transactions",
             (x.transactions_kept,)),
        Case("REC-01", ("R-REC-01",), "Đối soát hằng ngày", "Daily reconciliation",
             (x.counts_asked,)),
        Case("REC-02", ("R-REC-02",), "Số liệu cân", "Counts balance", (x.counts_agree,)),
        Case("OUT-01", ("R-OUT-01",), "Ghi kết quả đúng lược đồ", "Results by the schema",
             (x.results_written,)),
    ),
)  # fmt: skip

CORRECTIONS = Scenario(
    "COR",
    "Sửa, gửi lại, bổ sung thanh toán",
    "Corrections, resending, completed payment",
    Stage(encounters=2, refused=True, paid=True),
    (
        Case("COR-01", ("R-COR-01",), "Sửa hồ sơ bị từ chối", "Correct a refused record",
             (x.corrected,)),
        Case("COR-02", ("R-COR-02",), "Giữ nguyên MA_LK", "Keep MA_LK",
             (x.nothing_foreign, x.nothing_lost("claim"))),
        Case("COR-03", ("R-COR-03",), "Bản mới nhất được giữ", "The newest version stands",
             (x.versions_in_order,)),
        Case("COR-04", ("R-COR-04",), "Gửi lại trọn hồ sơ", "The whole record again",
             (x.all_tables, x.all_rows)),
        Case("COR-05", ("R-COR-05",), "Biết hồ sơ bị từ chối", "Knows what was refused",
             (x.refusal_is_known, x.never_too_good)),
        Case("COR-06", ("R-CLM-02",), "Không gửi lại bản bị từ chối", "No pushing of refused files",
             (x.same_file_not_pushed, x.nothing_doubled("claim"))),
    ),
)  # fmt: skip

SITES = Scenario(
    "MUL",
    "Hai cơ sở, một phần mềm",
    "Two facilities, one software",
    Stage(encounters=2, facilities=("01991", "79991")),
    (
        Case("MUL-01", ("R-MUL-01",), "Không dùng lẫn phiên", "Sessions are not mixed",
             (x.own_account,)),
        Case("MUL-02", ("R-MUL-02",), "Mọi hồ sơ của hai cơ sở", "All records of both",
             (x.nothing_lost(), x.nothing_doubled())),
        Case("MUL-03", ("R-SIG-03",), "Chứng thư của từng cơ sở", "Each its certificate",
             (x.sign_owner,)),
        Case("MUL-04", ("R-REC-01",), "Đối soát từng cơ sở", "Reconciliation of each",
             (x.counts_asked, x.counts_agree)),
    ),
    roles=("multi_site", "full"),
)  # fmt: skip


def _edition(number: str, day: dt.date) -> Scenario:
    return Scenario(
        f"EDN-{number}",
        f"Lượt khám kết thúc ngày {day:%d/%m/%Y}",
        f"Visits that ended on {day:%Y-%m-%d}",
        Stage(encounters=2, day=day),
        (
            Case(f"EDN-{number}", ("R-EDN-01", "R-CLM-04"), "Chuẩn theo ngày", "Edition by date",
                 (x.right_call, x.nothing_lost())),
            Case(f"EDN-{number}C", ("R-EDN-02",), "Bảng và thẻ của chuẩn đó",
                 "Tables and tags of that edition", (x.all_tags, x.tag_order, x.all_tables)),
        ),
    )  # fmt: skip


DISEASES = Scenario(
    "ICD",
    "Danh mục bệnh đổi lúc nửa đêm 30/06/2026",
    "The disease list changes at midnight of 2026-06-30",
    CodedStage(),
    (
        Case("ICD-01", ("R-LAW-08",), "Mã bệnh theo ngày", "Disease codes by date",
             (x.codes_of_the_day,)),
        Case("ICD-02", ("R-LAW-08", "R-EDN-01"), "Cổng chấp nhận cả hai", "Both are accepted",
             (x.nothing_lost(), x.right_call, x.verdicts_fetched, x.none_refused)),
    ),
)  # fmt: skip

DOCUMENTS = Scenario(
    "DOC",
    "Giấy ra viện, tóm tắt, chứng sinh, nghỉ hưởng BHXH, chuyển tuyến, hẹn khám",
    "Discharge papers, summaries, birth, sick leave, referral, re-visit",
    Stage(
        people=("PHAM_THI_EM", "LO_THI_HA", "VO_THI_LAN", "LO_VAN_GIANG", "NGUYEN_VAN_AN"),
        tables=("XML11",),
    ),
    (
        Case("DOC-01", ("R-DOC-07", "R-DOC-08", "R-DOC-09", "R-DOC-10", "R-DOC-11", "R-DOC-13",
                        "R-DOC-14"), "Đủ giấy tờ", "All documents", (x.all_tables, x.all_rows)),
        Case("DOC-02", ("R-DOC-01",), "Nội dung giấy tờ", "Content of documents",
             (x.codes_unchanged, x.texts_unchanged, x.dates_unchanged)),
        Case("DOC-03", ("R-CHK-04",), "Check-in lần hai tại khoa", "Second check-in on the ward",
             (x.nothing_lost("checkin"),)),
    ),
    roles=BIGGER,
)  # fmt: skip

LIFETIME = Scenario(
    "TOK",
    "Phiên hết hạn giữa chừng",
    "A session that ends in between",
    Stage(encounters=2, token_s=900, verdict_delay_s=3 * 3600),
    (
        Case("TOK-01", ("R-SES-05",), "Đăng nhập lại đúng lúc", "Logs in again in time",
             (x.verdicts_fetched, x.accepted_is_known)),
        Case("TOK-02", ("R-SES-02",), "Không đăng nhập dồn dập", "No storm of logins",
             (x.sessions(16),)),
    ),
    virtual=True,
)  # fmt: skip


def _crash(number: int, vi: str, en: str, *kills: Kill) -> Scenario:
    return Scenario(
        f"CRS-{number}",
        vi,
        en,
        Stage(encounters=4, kills=kills),
        (
            Case(f"CRS-{number}1", ("R-CRS-01",), "Không mất khi bị tắt đột ngột", "No loss",
                 (x.restarted(len(kills)), x.nothing_lost())),
            Case(f"CRS-{number}2", ("R-CRS-02",), "Không gửi trùng sau khi chạy lại",
                 "Nothing sent twice after the restart",
                 (x.restarted(len(kills)), x.nothing_doubled("claim"),
                  x.nothing_doubled("checkin"))),
            Case(f"CRS-{number}3", ("R-CRS-03",), "Kết quả đúng sau khi chạy lại",
                 "Right results after the restart",
                 (x.restarted(len(kills)), x.never_too_good, x.verdicts_fetched)),
        ),
    )  # fmt: skip


CRASHES = (
    _crash(1, "Tắt ngay sau khi cổng nhận hồ sơ, chưa kịp có trả lời",
           "Killed after the gateway took a claim, before its answer",
           Kill(2, "guiHoSoXml")),
    _crash(2, "Tắt trước khi hồ sơ tới cổng", "Killed before a claim reached the gateway",
           Kill(2, "guiHoSoXml", answered=False)),
    _crash(3, "Tắt giữa lúc check-in và giữa lúc hỏi kết quả",
           "Killed at a check-in and while asking for verdicts",
           Kill(2, "checkInKcb"), Kill(2, "ket-qua")),
    _crash(4, "Tắt ba lần liên tiếp", "Killed three times in a row",
           Kill(1, "guiHoSoXml"), Kill(2, "guiHoSoXml", answered=False), Kill(2, "guiHoSoXml")),
)  # fmt: skip

CARDS = Scenario(
    "CRD",
    "Tra cứu thẻ khi tiếp đón",
    "Card look-up at the desk",
    Stage(encounters=1, lookups=True, strikes=(Strike("F04", "vss.card", (2,), "lookup"),)),
    (
        Case("CRD-01", ("R-CRD-01",), "Hỏi thẻ đúng hàm, đủ trường", "Right function, all fields",
             (x.cards_asked,)),
        Case("CRD-02", ("R-CRD-02",), "Ghi đúng kết quả tra cứu", "Answers noted",
             (x.cards_known,)),
        Case("CRD-03", ("R-CRD-03",), "Hỏi lại khi lỗi tạm thời", "Asks again when it must",
             (x.injected("F04"), x.cards_not_pushed, x.cards_known)),
    ),
)  # fmt: skip

PROVINCE = Scenario(
    "PRO",
    "Kho dữ liệu của tỉnh",
    "The provincial repository",
    Stage(encounters=3, gateways=("vss", "province"), withdrawn=True),
    (
        Case("PRO-01", ("R-PRO-01",), "Gửi kho của tỉnh", "Sends to the province",
             (x.nothing_lost("claim", "province"), x.nothing_doubled("claim", "province"))),
        Case("PRO-02", ("R-PRO-02",), "Huỷ và khôi phục", "Cancel and restore",
             (x.withdrawn_and_back,)),
    ),
    roles=("full",),
)  # fmt: skip

DEIDENTIFIED = Scenario(
    "DEI",
    "Kho quốc gia không định danh",
    "The national de-identified store",
    Stage(encounters=3, people=("HO_NGOC_NAM",), deid=True),
    (
        Case("DEI-01", ("R-PRV-01",), "Không giá trị định danh nào tới kho",
             "No identifier reaches the store", (x.no_canary,)),
        Case("DEI-02", ("R-PRV-02",), "Giữ lại hồ sơ HIV", "HIV cases are kept back",
             (x.hiv_kept_back,)),
    ),
    roles=("full",),
)  # fmt: skip

NIGHT = Scenario(
    "LOD",
    "Lô hồ sơ ban đêm",
    "A batch at night",
    Stage(encounters=40, start=dt.time(23, 0), reconcile=False),
    (
        Case("LOD-01", ("R-LOD-01",), "Gửi hết lô ban đêm", "The whole batch goes out",
             (x.nothing_lost(), x.nothing_doubled("claim"), x.nothing_doubled("checkin"),
              x.sessions(2), x.verdicts_fetched)),
    ),
    virtual=True,
)  # fmt: skip

KIT = Kit(
    "bhyt-claim-3176",
    "1.0.0",
    "Check-in và hồ sơ theo chuẩn 3176",
    "Check-in and claim by the 3176 standard",
    (
        DAY,
        CORRECTIONS,
        SITES,
        _edition("3176", dt.date(2025, 3, 10)),
        _edition("4750", dt.date(2024, 9, 10)),
        DISEASES,
        DOCUMENTS,
        LIFETIME,
        *CRASHES,
        CARDS,
        PROVINCE,
        DEIDENTIFIED,
        NIGHT,
        *FAULTS,
    ),
    ROLES,
)
