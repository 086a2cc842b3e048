"""Wrong content: what clients do to values, tables, encodings and signatures."""

from __future__ import annotations

import base64
import gzip
import unicodedata
from typing import Any

from vnhealth import signing
from vnhealth.conformance._keys import pki
from vnhealth.conformance.clients import PlainClient
from vnhealth.conformance.zoo._bug import bug
from vnhealth.localtime import ICT

__all__ = ["CONTENT"]

Cells = dict[str, str]
MONEY = ("T_", "DON_GIA", "THANH_TIEN")
BOM = b"\xef\xbb\xbf"


def on(tags: str | tuple[str, ...], change: Any) -> Any:
    """A patch of ``cell`` that changes the values of tags that begin so."""

    def cell(self: PlainClient, tag: str, text: str) -> str:
        changed = change(text) if text and tag.startswith(tags) else text
        return PlainClient.cell(self, tag, changed)

    return cell


def each_row(change: Any) -> Any:
    """A patch of ``rows`` that changes the list of rows of a table."""

    def rows(self: PlainClient, task: Any, table: str) -> list[Cells]:
        found: list[Cells] = change(PlainClient.rows(self, task, table), table)
        return found

    return rows


def without(*tables: str) -> Any:
    """A patch of ``table_names`` that leaves tables out."""
    return lambda self, task: [
        name for name in PlainClient.table_names(self, task) if name not in tables
    ]


def rewritten(change: Any) -> Any:
    """A patch of ``sign`` that changes the file after it was signed."""
    return lambda self, file, task: change(PlainClient.sign(self, file, task))


def before_signing(change: Any) -> Any:
    """A patch of ``sign`` that changes the file before it is signed."""
    return lambda self, file, task: PlainClient.sign(self, change(file), task)


def signed_as(facility: str) -> Any:
    """A patch of ``sign`` that always signs with one facility's certificate."""
    return lambda self, file, task: signing.sign(file, self.place.signers[facility])


def _stranger(self: PlainClient, file: bytes, task: Any) -> bytes:
    return signing.sign(file, pki(("99999",)).signers["99999"])


def _first_signature(self: PlainClient, file: bytes, task: Any) -> bytes:
    signed = PlainClient.sign(self, file, task)
    start, end = signed.index(b"<CHUKYDONVI>"), signed.index(b"</CHUKYDONVI>")
    kept = self.notes.setdefault("first", {"signature": signed[start:end].decode()})
    return signed[:start] + str(kept["signature"]).encode() + signed[end:]


def _unescaped(self: PlainClient, tag: str, text: str) -> str:
    return text


def _no_accents(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))


def _swap_names(text: str) -> str:
    first, _, last = text.rpartition(" ")
    return f"{last} {first}".strip()


def _utc(text: str) -> str:
    if len(text) != 12 or not text.isdigit():
        return text
    return f"{text[:8]}{(int(text[8:10]) - 7) % 24:02d}{text[10:]}"


def _float(text: str) -> str:
    return repr(float(text) + 0.1 - 0.1) if "." in text else text


def _moved_link(rows: list[Cells], table: str) -> list[Cells]:
    return [{**row, "MA_LK": "SAI" + row["MA_LK"][3:]} for row in rows] if table == "XML3" else rows


TEXTS = ("HO_TEN", "DIA_CHI", "TEN_", "CHAN_DOAN", "LY_DO", "GHI_CHU")
INDENTED = lambda file: file.replace(b"><", b">\n<", 40)  # noqa: E731 - a table entry

CONTENT = (
    bug("drops-leading-zeros", "CNT-01", "Mất số 0 đầu của số định danh",
        "Loses the leading zeros of the person number",
        cell=on("SO_CCCD", lambda t: t.lstrip("0"))),
    bug("zeros-of-codes", "CNT-01", "Mất số 0 đầu của mã danh mục",
        "Loses the leading zeros of codes",
        cell=on(("MA_DANTOC", "MA_LOAI_KCB", "MATINH"), lambda t: t.lstrip("0"))),
    bug("zeros-of-commune", "CNT-01", "Mất số 0 đầu của mã xã", "Loses zeros of the commune code",
        cell=on("MAXA", lambda t: t.lstrip("0"))),
    bug("phone-country-code", "CNT-01", "Đổi số điện thoại sang +84",
        "Turns the phone number into +84", cell=on("DIEN_THOAI", lambda t: "+84" + t[1:])),
    bug("icd-by-sending-day", "ICD-01", "Lấy mã bệnh theo danh mục của ngày gửi",
        "Takes disease codes from the list of the day of sending",
        code_day=lambda self, task: f"{self.place.clock().astimezone(ICT):%Y-%m-%d}"),
    bug("icd-old-list", "ICD-02", "Vẫn dùng danh mục bệnh cũ sau khi đổi",
        "Goes on with the old disease list after the change",
        code_in_force=lambda self, codes, day: codes[0]["code"]),
    bug("icd-without-dot", "CNT-01", "Bỏ dấu chấm của mã bệnh", "Drops the dot of disease codes",
        cell=on("MA_BENH", lambda t: t.replace(".", ""))),
    bug("icd-shortened", "CNT-01", "Cắt mã bệnh còn 3 ký tự", "Cuts disease codes to 3 characters",
        cell=on("MA_BENH_CHINH", lambda t: t[:3] + "X")),
    bug("sex-swapped", "CNT-01", "Đảo mã giới tính", "Swaps the sex codes",
        cell=on("GIOI_TINH", lambda t: {"1": "2", "2": "1"}.get(t, t))),
    bug("card-cut", "CNT-01", "Gửi 10 số cuối thay cho cả thẻ BHYT",
        "Sends the last 10 digits instead of the card",
        cell=on("MA_THE_BHYT", lambda t: t[-10:])),
    bug("codes-lower-case", "CNT-01", "Đổi mã sang chữ thường", "Lower-cases codes",
        cell=on(("MA_KHOA", "MA_BAC_SI", "MA_DKBD", "MA_BN"), lambda t: t.lower())),
    bug("visit-kind-old", "CNT-01", "Ghi loại khám theo danh mục cũ (một ký tự)",
        "Writes the visit kind by the old list (one character)",
        cell=on("MA_LOAI_KCB", lambda t: t[-1:])),
    bug("decimal-comma", "CNT-02", "Dấu phẩy thập phân", "Decimal comma",
        cell=on((*MONEY, "SO_LUONG"), lambda t: t.replace(".", ",") + ("" if "." in t else ",00"))),
    bug("rounds-money", "CNT-02", "Làm tròn tiền đến nghìn đồng", "Rounds money to thousands",
        cell=on("T_TONGCHI", lambda t: str(round(float(t), -3)))),
    bug("thousand-separators", "CNT-02", "Chèn dấu chấm hàng nghìn", "Inserts thousand separators",
        cell=on(MONEY, lambda t: f"{float(t):,.2f}")),
    bug("float-dust", "CNT-02", "Sai số dấu phẩy động", "Floating-point dust",
        cell=on(MONEY, _float), content=PlainClient.content),
    bug("scientific", "CNT-02", "Số mũ khoa học", "Scientific notation",
        cell=on("T_TONGCHI", lambda t: f"{float(t):E}")),
    bug("quantity-as-integer", "CNT-02", "Số lượng bị ép thành số khác",
        "Quantities forced to another number",
        cell=on("SO_LUONG", lambda t: str(int(float(t)) + 1))),
    bug("benefit-as-fraction", "CNT-02", "Mức hưởng ghi 0.8 thay cho 80",
        "Benefit written 0.8 for 80",
        cell=on(("TYLE_TT", "MUC_HUONG"), lambda t: str(float(t) / 100))),
    bug("numbering-from-zero", "CNT-02", "STT đếm từ 0", "Numbers rows from 0",
        cell=on("STT", lambda t: str(int(t) - 1))),
    bug("dates-with-slashes", "CNT-03", "Ngày dạng dd/mm/yyyy", "Dates as dd/mm/yyyy",
        cell=on(("NGAY_YL", "NGAY_KQ"), lambda t: f"{t[6:8]}/{t[4:6]}/{t[:4]}")),
    bug("dates-without-time", "CNT-03", "Cắt mất giờ phút", "Cuts hours and minutes",
        cell=on(("NGAY_YL", "NGAY_VAO"), lambda t: t[:8])),
    bug("dates-in-utc", "CNT-03", "Ghi giờ UTC", "Writes UTC", cell=on("NGAY_", _utc)),
    bug("dates-with-seconds", "CNT-03", "Thêm giây vào ngày giờ", "Adds seconds to times",
        cell=on("NGAY_TH_YL", lambda t: t + "00")),
    bug("day-and-month-swapped", "CNT-03", "Đảo ngày và tháng", "Swaps day and month",
        cell=on("NGAY_SINH", lambda t: t[:4] + t[6:8] + t[4:6] + t[8:])),
    bug("names-without-marks", "CNT-04", "Bỏ dấu tiếng Việt", "Strips Vietnamese marks",
        cell=on("HO_TEN", _no_accents)),
    bug("names-decomposed", "CNT-04", "Chữ dạng tổ hợp (NFD)", "Decomposed letters (NFD)",
        cell=on(TEXTS, lambda t: unicodedata.normalize("NFD", t))),
    bug("names-upper-case", "CNT-04", "Viết hoa toàn bộ họ tên", "Upper-cases names",
        cell=on("HO_TEN", lambda t: t.upper())),
    bug("names-swapped", "CNT-04", "Đảo tên lên trước họ", "Puts the given name first",
        cell=on("HO_TEN", _swap_names)),
    bug("question-marks", "CNT-04", "Chữ có dấu thành dấu hỏi", "Letters with marks become ?",
        cell=on(TEXTS, lambda t: t.encode("latin-1", "replace").decode("latin-1"))),
    bug("mojibake", "CNT-04", "Sai bảng mã (UTF-8 đọc như Latin-1)", "UTF-8 read as Latin-1",
        cell=on("HO_TEN", lambda t: t.encode().decode("latin-1"))),
    bug("texts-truncated", "CNT-04", "Cắt văn bản còn 20 ký tự", "Cuts texts to 20 characters",
        cell=on(("CHAN_DOAN", "DIA_CHI", "LY_DO"), lambda t: t[:20])),
    bug("texts-padded", "CNT-04", "Thêm khoảng trắng quanh văn bản", "Pads texts with blanks",
        cell=on(("HO_TEN", "DIA_CHI", "CACH_DUNG"), lambda t: f" {t} ")),
    bug("last-row-lost", "CNT-05", "Mất dòng cuối của bảng", "Loses the last row of a table",
        rows=each_row(lambda rows, table: rows[:-1] if len(rows) > 1 else rows)),
    bug("two-rows-only", "CNT-05", "Chỉ gửi hai dòng đầu", "Sends the first two rows only",
        rows=each_row(lambda rows, table: rows[:2])),
    bug("row-doubled", "CNT-05", "Lặp dòng đầu của bảng thuốc", "Repeats the first drug row",
        rows=each_row(lambda rows, table: [rows[0], *rows] if table == "XML2" else rows)),
    bug("no-drugs", "CNT-05", "Thiếu bảng thuốc", "Leaves the drugs out",
        table_names=without("XML2")),
    bug("no-tests", "CNT-05", "Thiếu bảng cận lâm sàng", "Leaves the test results out",
        table_names=without("XML4")),
    bug("no-notes", "CNT-05", "Thiếu bảng diễn biến", "Leaves the course notes out",
        table_names=without("XML5")),
    bug("only-the-summary", "CNT-05", "Chỉ gửi bảng tổng hợp", "Sends the summary table only",
        table_names=lambda self, task: ["XML1"]),
    bug("no-discharge-paper", "DOC-01", "Không gửi giấy ra viện", "Leaves the discharge paper out",
        table_names=without("XML7")),
    bug("no-sick-leave", "DOC-01", "Không gửi giấy nghỉ việc hưởng BHXH",
        "Leaves the sick-leave paper out", table_names=without("XML11")),
    bug("no-referral", "DOC-01", "Không gửi giấy chuyển tuyến", "Leaves the referral out",
        table_names=without("XML13")),
    bug("no-revisit-slip", "DOC-01", "Không gửi giấy hẹn khám lại", "Leaves the re-visit slip out",
        table_names=without("XML14")),
    bug("no-birth-paper", "DOC-01", "Không gửi giấy chứng sinh", "Leaves the birth paper out",
        table_names=without("XML9")),
    bug("one-child-of-twins", "DOC-01", "Chỉ gửi một dòng mỗi giấy tờ",
        "One row of each paper only",
        rows=each_row(lambda rows, table: rows[:1] if table not in ("XML1", "XML0") else rows)),
    bug("serials-cut", "DOC-02", "Cắt số lưu trữ, số seri", "Cuts serial numbers of papers",
        cell=on(("SO_LUU_TRU", "SO_SERI", "SO_CT", "MA_YTE"), lambda t: t[:-1])),
    bug("foreign-link", "CNT-06", "Dòng dịch vụ mang MA_LK khác",
        "Service rows carry another MA_LK",
        rows=each_row(_moved_link)),
    bug("unescaped", "CNT-07", "Không thoát ký tự đặc biệt", "Does not escape special characters",
        cell=_unescaped),
    bug("escaped-twice", "CNT-07", "Thoát ký tự hai lần", "Escapes twice",
        cell=on("GHI_CHU", lambda t: t.replace("&", "&amp;").replace("<", "&lt;"))),
    bug("specials-dropped", "CNT-07", "Xoá ký tự đặc biệt", "Drops special characters",
        cell=on("GHI_CHU", lambda t: t.replace("<", "").replace(">", "").replace("&", "và"))),
    bug("null-words", "CNT-08", "Ghi chữ null vào trường rỗng", "Writes null into empty fields",
        cell=lambda self, tag, text: PlainClient.cell(self, tag, text or "null")),
    bug("undefined-words", "CNT-08", "Ghi chữ undefined vào trường rỗng",
        "Writes undefined into empty fields",
        cell=lambda self, tag, text: PlainClient.cell(
            self, tag, "undefined" if not text and tag.startswith("MA_") else text)),
    bug("tags-by-alphabet", "CNT-09", "Sắp thẻ theo bảng chữ cái", "Sorts tags by the alphabet",
        row=lambda self, cells: PlainClient.row(self, dict(sorted(cells.items())))),
    bug("empty-tags-left-out", "CNT-09", "Bỏ thẻ rỗng", "Leaves empty tags out",
        row=lambda self, cells: PlainClient.row(self, {t: v for t, v in cells.items() if v})),
    bug("reserve-left-out", "CNT-09", "Bỏ thẻ DU_PHONG", "Leaves DU_PHONG out",
        row=lambda self, cells: PlainClient.row(
            self, {t: v for t, v in cells.items() if t != "DU_PHONG"})),
    bug("bom-of-file", "ENC-01", "BOM ở đầu tệp", "A byte-order mark before the file",
        sign=rewritten(lambda file: BOM + file)),
    bug("bom-of-part", "ENC-01", "BOM ở đầu mỗi bảng", "A byte-order mark before each table",
        content=lambda self, part: base64.b64encode(BOM + part.encode()).decode()),
    bug("utf-16-parts", "ENC-02", "Bảng mã hoá UTF-16", "Tables in UTF-16",
        content=lambda self, part: base64.b64encode(part.encode("utf-16")).decode()),
    bug("windows-1258", "ENC-02", "Khai báo bảng mã windows-1258", "Declares windows-1258",
        content=lambda self, part: base64.b64encode(
            part.replace("utf-8", "windows-1258").encode("utf-8")).decode()),
    bug("tag-not-closed", "ENC-02", "Thiếu thẻ đóng", "A closing tag is missing",
        content=lambda self, part: PlainClient.content(self, part.rpartition("</")[0])),
    bug("control-characters", "ENC-02", "Ký tự điều khiển trong văn bản",
        "Control characters in texts", content=lambda self, part: PlainClient.content(
            self, part.replace("</HO_TEN>", "\x0b</HO_TEN>"))),
    bug("parts-inline", "ENC-03", "Đặt XML thẳng vào NOIDUNGFILE",
        "Puts XML into NOIDUNGFILE as is",
        content=lambda self, part: part.partition("\n")[2]),
    bug("parts-zipped", "ENC-03", "Nén bảng trước khi mã hoá", "Compresses tables before encoding",
        content=lambda self, part: base64.b64encode(
            gzip.compress(part.encode(), mtime=0)).decode()[1:]),
    bug("part-names", "ENC-03", "Đặt sai tên bảng (XML01)", "Wrong names of tables (XML01)",
        case=lambda self, task: PlainClient.case(self, task).replace(
            "<LOAIHOSO>XML", "<LOAIHOSO>XML0")),
    bug("plus-not-encoded", "ENC-04", "Dấu + của Base64 không mã hoá",
        "Leaves + of Base64 as it is",
        encode=lambda self, form: "&".join(f"{k}={v}" for k, v in form.items()).encode()),
    bug("url-safe-base64", "ENC-04", "Dùng Base64 kiểu URL", "Uses URL-safe Base64",
        base64=lambda self, file: base64.urlsafe_b64encode(file + b"\n\xff\xfe").decode()),
    bug("base64-twice", "ENC-02", "Mã hoá Base64 hai lần", "Encodes Base64 twice",
        base64=lambda self, file: base64.b64encode(base64.b64encode(file)).decode()),
    bug("file-as-hex", "ENC-04", "Gửi tệp dạng hex", "Sends the file as hex",
        base64=lambda self, file: "0x" + file.hex() + "!"),
    bug("created-in-2000", "ENC-05", "NGAYLAP cố định", "A fixed NGAYLAP",
        created=lambda self: "20000101"),
    bug("created-with-slashes", "ENC-05", "NGAYLAP dạng dd/mm/yyyy", "NGAYLAP as dd/mm/yyyy",
        created=lambda self: f"{self.place.clock():%d/%m/%Y}"),
    bug("wrong-count", "CLM-03", "SOLUONGHOSO sai", "A wrong SOLUONGHOSO",
        sign=before_signing(lambda file: file.replace(b"HOSO>1</SOLUONG", b"HOSO>2</SOLUONG"))),
    bug("unsigned", "SIG-01", "Không ký", "Does not sign", sign=lambda self, file, task: file),
    bug("checkin-unsigned", "SIG-01", "Không ký check-in", "Does not sign check-ins",
        sign=lambda self, file, task: file if task["task"] == "checkin"
        else PlainClient.sign(self, file, task)),
    bug("indents-after-signing", "SIG-02", "Định dạng lại sau khi ký", "Re-indents after signing",
        sign=rewritten(INDENTED)),
    bug("date-after-signing", "SIG-02", "Đổi NGAYLAP sau khi ký", "Changes NGAYLAP after signing",
        sign=rewritten(lambda f: f.replace(b"<NGAYLAP>2026080", b"<NGAYLAP>2026081"))),
    bug("line-ends-after-signing", "SIG-02", "Đổi xuống dòng sau khi ký",
        "Changes line ends after signing",
        sign=rewritten(lambda f: f.replace(b"?>\n", b"?>\r\n")
                       .replace(b"</HOSO>", b"</HOSO>\r\n"))),
    bug("signature-cached", "SIG-02", "Dùng lại chữ ký của tệp đầu", "Reuses the first signature",
        sign=_first_signature),
    bug("signature-cut", "SIG-02", "Chữ ký bị cắt", "A truncated signature",
        sign=rewritten(lambda f: f.replace(b"<SignatureValue>", b"<SignatureValue>AAAA", 1)
                       .replace(b":SignatureValue>", b":SignatureValue>AAAA", 1))),
    bug("unknown-certificate", "SIG-03", "Ký bằng chứng thư lạ",
        "Signs with an unknown certificate",
        sign=_stranger),
    bug("other-certificate", "SIG-03", "Ký bằng chứng thư của cơ sở khác",
        "Signs with another facility's certificate", sign=signed_as("79991")),
)  # fmt: skip
