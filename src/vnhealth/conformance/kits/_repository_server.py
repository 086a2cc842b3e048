"""The kits for servers of a province and for de-identified stores."""

from __future__ import annotations

from vnhealth.conformance._model import Case, Kit, Scenario
from vnhealth.conformance._stage_store import StoreStage
from vnhealth.conformance.expect import _server as web
from vnhealth.conformance.expect import _store_server as s

__all__ = ["DEID", "PROVINCE"]

PROVINCE = Kit(
    "provincial-repository-server",
    "1.0.0",
    "Máy chủ kho dữ liệu y tế của tỉnh",
    "A server that is the repository of a province",
    (
        Scenario(
            "RPV",
            "Lời gọi đúng và lời gọi sai",
            "Good calls and bad calls",
            StoreStage(encounters=2, verdict_delay_s=2),
            (
                Case("RPV-01", ("R-RPV-01",), "Đăng nhập", "Login", (s.store_login_answers,)),
                Case("RPV-02", ("R-RPV-02",), "Sai mật khẩu", "Wrong password",
                     (s.store_no_token,)),
                Case("RPV-03", ("R-RPV-03",), "Không có phiên", "No session",
                     (s.store_refuses("no_session", "Không có phiên thì trả 401",
                                      "Without a session the answer is 401", 401),)),
                Case("RPV-04", ("R-RPV-04",), "Cơ sở khác", "Another facility",
                     (s.store_refuses("foreign", "Không nhận hồ sơ của cơ sở khác",
                                      "A record of another facility is not taken", 403),)),
                Case("RPV-05", ("R-RPV-05",), "Tệp rỗng, sai loại", "Empty, of a wrong type",
                     (s.store_refuses("empty", "Tệp rỗng bị từ chối", "An empty file is refused"),
                      s.store_refuses("wrong_type", "Sai Content-Type bị từ chối",
                                      "A wrong Content-Type is refused"))),
                Case("RPV-06", ("R-RPV-06",), "Nhận tệp đúng", "Good files",
                     (s.taken_with_tracking("file1", "file2"),)),
                Case("RPV-07", ("R-RPV-07",), "Tệp trùng", "The same file again",
                     (s.duplicate_known,)),
                Case("RPV-08", ("R-RPV-08",), "Tệp đã sửa", "A changed file",
                     (s.taken_with_tracking("file1", "changed"),)),
                Case("RPV-09", ("R-RPV-09",), "Hỏi trạng thái", "States", (s.state_known,)),
                Case("RPV-10", ("R-RPV-10",), "Huỷ, khôi phục", "Cancelled and back",
                     (s.cancelled_and_back,)),
                Case("RPV-11", ("R-RPV-11",), "Mã yêu cầu", "Request ids", (s.request_id_holds,)),
                Case("RPV-12", ("R-RPV-12",), "Đối soát", "Reconciliation", (s.counts_balance,)),
                Case("RPV-13", ("R-RPV-13",), "Tệp có DTD", "A file with a DTD",
                     (web.entity_harmless,)),
                Case("RPV-14", ("R-RPV-14",), "Lời gọi lạ", "Unknown call",
                     (web.unknown_call_refused,)),
                Case("RPV-15", ("R-RPV-15",), "Không lộ dữ liệu", "Nothing personal told",
                     (s.nothing_personal_told,)),
            ),
        ),
    ),
    ("server",),
)  # fmt: skip

DEID = Kit(
    "deidentified-intake-server",
    "1.0.0",
    "Máy chủ nhận dữ liệu đã khử định danh",
    "A server that takes de-identified records",
    (
        Scenario(
            "DIV",
            "Tệp đúng quy ước và tệp còn định danh",
            "Files of the contract and files with identifiers",
            StoreStage(encounters=3, gateways=("national_deid",)),
            (
                Case("DIV-01", ("R-DIV-01",), "Nhận tệp đúng quy ước", "Good files",
                     (s.taken_with_tracking("good"),)),
                Case("DIV-02", ("R-DIV-02",), "Từ chối hồ sơ gốc", "Identified records refused",
                     (s.store_refuses("identified", "Từ chối hồ sơ còn định danh",
                                      "A record with identifiers is refused"),)),
                Case("DIV-03", ("R-DIV-03",), "Từ chối họ tên thêm vào", "An added name refused",
                     (s.store_refuses("named", "Từ chối thẻ ngoài danh sách cho phép",
                                      "A tag outside the allow list is refused"),)),
                Case("DIV-04", ("R-DIV-03",), "Từ chối số định danh trong ô khác",
                     "A citizen id in another cell refused",
                     (s.store_refuses("numbered", "Từ chối số định danh nằm trong ô được phép",
                                      "A citizen id in an allowed cell is refused"),)),
                Case("DIV-05", ("R-DIV-04",), "Không lộ dữ liệu", "Nothing personal told",
                     (s.nothing_personal_told,)),
                Case("DIV-06", ("R-DIV-05",), "Không có phiên, sai mật khẩu",
                     "No session, wrong password",
                     (s.store_no_token,
                      s.store_refuses("no_session", "Không có phiên thì trả 401",
                                      "Without a session the answer is 401", 401))),
                Case("DIV-07", ("R-DIV-02",), "Tệp có DTD", "A file with a DTD",
                     (web.entity_harmless,)),
            ),
        ),
    ),
    ("server",),
)  # fmt: skip
