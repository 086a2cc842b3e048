"""The kit for servers: what an intake of check-ins and claims answers, and what it refuses."""

from __future__ import annotations

from vnhealth.conformance._model import Case, Kit, Scenario
from vnhealth.conformance._stage import Stage
from vnhealth.conformance.expect import _server as s

__all__ = ["KIT"]

KIT = Kit(
    "bhyt-server-3176",
    "1.0.0",
    "Máy chủ tiếp nhận check-in và hồ sơ theo 3176",
    "A server that takes check-ins and claims by 3176",
    (
        Scenario(
            "SRV",
            "Lời gọi đúng và lời gọi sai",
            "Good calls and bad calls",
            Stage(encounters=3, verdict_delay_s=2),
            (
                Case("SRV-01", ("R-SRV-01",), "Đăng nhập", "Login", (s.login_answers,)),
                Case("SRV-02", ("R-SRV-02",), "Sai mật khẩu", "Wrong password",
                     (s.wrong_login_refused,)),
                Case("SRV-03", ("R-SRV-03",), "Không có phiên", "No session",
                     (s.refused("no_session", "Không có phiên thì trả 401",
                                "Without a session the answer is 401", "401"),)),
                Case("SRV-04", ("R-SRV-04",), "Cơ sở khác", "Another facility",
                     (s.refused("foreign", "Không nhận tệp của cơ sở khác",
                                "A file of another facility is not taken", "401", "403"),)),
                Case("SRV-05", ("R-SRV-05",), "Tham số sai", "Bad parameters",
                     (s.refused("bad_base64", "Không nhận Base64 hỏng",
                                "Broken Base64 is not taken"),
                      s.refused("bad_kind", "Không nhận loaiHoSo sai",
                                "A wrong loaiHoSo is not taken"))),
                Case("SRV-06", ("R-SRV-06",), "Biên nhận", "Receipts", (s.receipts_complete,)),
                Case("SRV-07", ("R-SRV-07",), "Mã giao dịch", "Transactions",
                     (s.transactions_distinct,)),
                Case("SRV-08", ("R-SRV-08",), "Trả lời đăng nhập gọn", "Plain login answer",
                     (s.login_plain,)),
                Case("SRV-09", ("R-SRV-09",), "Tệp có DTD", "A file with a DTD",
                     (s.entity_harmless,)),
                Case("SRV-10", ("R-SRV-10",), "Lời gọi lạ", "Unknown call",
                     (s.unknown_call_refused,)),
                Case("SRV-11", ("R-SRV-11",), "Kết quả", "Verdict", (s.verdict_comes,)),
            ),
        ),
    ),
    ("server",),
)  # fmt: skip
