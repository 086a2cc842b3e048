"""The kit for servers that take e-prescriptions and serve pharmacies."""

from __future__ import annotations

from vnhealth.conformance._model import Case, Kit, Scenario
from vnhealth.conformance._stage_rx import PrescriptionStage
from vnhealth.conformance.expect import _rx_server as s
from vnhealth.protocol.donthuoc import USED_BEFORE

__all__ = ["KIT"]

KIT = Kit(
    "eprescription-server",
    "1.0.0",
    "Máy chủ nhận đơn thuốc điện tử và phục vụ nhà thuốc",
    "A server that takes e-prescriptions and serves pharmacies",
    (
        Scenario(
            "RXV",
            "Lời gọi đúng và lời gọi sai",
            "Good calls and bad calls",
            PrescriptionStage(encounters=2),
            (
                Case("RXV-01", ("R-RXV-01",), "Cơ sở đăng nhập", "Login of a facility",
                     (s.rx_login_answers("login"),)),
                Case("RXV-02", ("R-RXV-01",), "Bác sĩ đăng nhập", "Login of a doctor",
                     (s.rx_login_answers("login_doctor"),)),
                Case("RXV-03", ("R-RXV-02",), "Sai mật khẩu", "Wrong password",
                     (s.rx_no_token("wrong_login", "Sai mật khẩu không được token, trả 401",
                                    "A wrong password gets no token; the answer is 401", 401),)),
                Case("RXV-04", ("R-RXV-03",), "Bác sĩ không có", "Unknown doctor",
                     (s.rx_no_token("unknown_doctor", "Bác sĩ không có thì trả 404",
                                    "For an unknown doctor the answer is 404", 404),)),
                Case("RXV-05", ("R-RXV-04",), "Không có phiên", "No session",
                     (s.rx_refused("no_session", "Không có phiên thì trả 401",
                                   "Without a session the answer is 401", 401),)),
                Case("RXV-06", ("R-RXV-05",), "Nhận đơn đúng", "Good prescriptions",
                     (s.rx_accepted("rx1", "rx2"),)),
                Case("RXV-07", ("R-RXV-06",), "Mã đã dùng", "A code used before",
                     (s.rx_refused("again", "Mã đã dùng thì từ chối, nói rõ lý do",
                                   "A code that was used is refused, with the reason", 422,
                                   words=USED_BEFORE),)),
                Case("RXV-08", ("R-RXV-07",), "Đơn thiếu, mã sai", "Incomplete, bad code",
                     (s.rx_refused("incomplete", "Thiếu họ tên thì trả 422",
                                   "Without a name the answer is 422", 422),
                      s.rx_refused("bad_code", "Mã sai dạng thì trả 422",
                                   "For a malformed code the answer is 422", 422))),
                Case("RXV-09", ("R-RXV-08",), "Mã của cơ sở khác", "Code of another facility",
                     (s.rx_refused("foreign", "Mã của cơ sở khác không được nhận",
                                   "A code of another facility is not taken"),)),
                Case("RXV-10", ("R-RXV-09",), "Đơn thay thế", "Replacement",
                     (s.gone_after_replacement,)),
                Case("RXV-11", ("R-RXV-10",), "Nhà thuốc tra đơn", "Look-up by a pharmacy",
                     (s.fetch_shows,)),
                Case("RXV-12", ("R-RXV-11",), "Không có khoá", "No key",
                     (s.rx_refused("no_key", "Không có app-key thì không tra được",
                                   "Without an app-key nothing is shown", 401, 403),
                      s.rx_refused("sale_no_key", "Không có app-key thì không báo bán được",
                                   "Without an app-key no sale is taken", 401, 403))),
                Case("RXV-13", ("R-RXV-12",), "Đơn không có", "Unknown prescription",
                     (s.rx_refused("fetch_unknown", "Đơn không có thì trả 404",
                                   "For an unknown prescription the answer is 404", 404),
                      s.rx_refused("stray_sale", "Không nhận báo bán của đơn không có",
                                   "No sale from an unknown prescription is taken"))),
                Case("RXV-14", ("R-RXV-13",), "Báo bán", "Report of a sale",
                     (s.rx_accepted("sale"),)),
                Case("RXV-15", ("R-RXV-14",), "Bán quá số kê", "More sold than prescribed",
                     (s.rx_refused("too_much", "Bán quá số kê thì không nhận",
                                   "More than was prescribed is not taken"),)),
                Case("RXV-16", ("R-RXV-15",), "JSON hỏng, lời gọi lạ", "Broken JSON, unknown call",
                     (s.rx_refused("no_json", "JSON hỏng thì từ chối, máy chủ không lỗi",
                                   "Broken JSON is refused and breaks nothing"),
                      s.unknown_call_denied)),
                Case("RXV-17", ("R-RXV-16",), "Không lộ mật khẩu", "Passwords are not told",
                     (s.passwords_not_told,)),
            ),
        ),
    ),
    ("server",),
)  # fmt: skip
