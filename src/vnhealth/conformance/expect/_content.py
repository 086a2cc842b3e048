"""Expectations about files: what stands in them is what was staged, in the form of the standard."""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections.abc import Callable, Iterator

from vnhealth.conformance._model import Step, Undecided, step
from vnhealth.conformance._stage import MARKED_TEXT, Send
from vnhealth.conformance._watch import Arrived, Watch
from vnhealth.localtime import ICT
from vnhealth.signing import SignatureStatus
from vnhealth.spec import Edition
from vnhealth.spec import table as spec_table

__all__ = [
    "all_rows",
    "all_tables",
    "all_tags",
    "base64_clean",
    "codes_of_the_day",
    "codes_unchanged",
    "created_today",
    "dates_unchanged",
    "declared_count",
    "envelope_facility",
    "form_encoded",
    "links_hold",
    "names_composed",
    "no_bom",
    "no_placeholders",
    "numbers_unchanged",
    "one_record_a_file",
    "parts_plain",
    "sign_algorithm",
    "sign_intact",
    "sign_owner",
    "sign_present",
    "special_characters",
    "tag_order",
    "texts_unchanged",
    "utf8_xml",
]

NUMBERS = (
    "T_", "DON_GIA", "SO_LUONG", "TYLE_", "CAN_NANG", "THANH_TIEN", "MUC_HUONG", "SO_NGAY",
    "NAM_QT", "THANG_QT", "STT",
)  # fmt: skip
DATES = ("NGAY_", "GT_THE_", "NAM_NAM", "GIO_")
CODES = (
    "MA_",
    "MAHUYEN",
    "MATINH",
    "MAXA",
    "SO_CCCD",
    "SO_SERI",
    "GIOI_TINH",
    "DIEN_THOAI",
    "NHOM_MAU",
)
PLACEHOLDERS = ("null", "undefined", "none", "nan", "n/a", "dbnull")


def _sort(tag: str) -> str:
    for name, starts in (("numbers", NUMBERS), ("dates", DATES), ("codes", CODES)):
        if tag.startswith(starts):
            return name
    return "texts"


def _pairs(watch: Watch) -> Iterator[tuple[Send, Arrived, dict[str, list[dict[str, str]]]]]:
    """Each version that arrived, its file, and the tables of its record."""
    for send in watch.sends():
        file = watch.arrived(send)
        if file is None:
            continue
        for case in file.opened.cases:
            rows = case.get("XML1") or case.get("XML0") or [{}]
            mine = [row for row in rows if row.get("MA_LK", "").strip() == send.ma_lk]
            if mine:
                yield send, file, {**case, "XML0": mine} if "XML0" in case else case
                break


def _all(
    watch: Watch, bad: Callable[[Send, Arrived, dict[str, list[dict[str, str]]]], list[str]]
) -> str:
    found: list[str] = []
    seen = 0
    for send, file, case in _pairs(watch):
        seen += 1
        found += [f"{watch.name(send)} {place}" for place in bad(send, file, case)]
    if not seen:
        raise Undecided("no file could be opened")
    return ", ".join(found[:6]) + (" …" if len(found) > 6 else "")


def _cells(sort: str, send: Send, case: dict[str, list[dict[str, str]]]) -> list[str]:
    """Cells of a sort that differ, compared by place; a missing row is another test's affair."""
    found = []
    for table, rows in send.tables.items():
        for index, (row, have) in enumerate(zip(rows, case.get(table, ()), strict=False)):
            for tag, text in row.items():
                if _sort(tag) == sort and tag in have and have[tag] != text:
                    found.append(f"{table}[{index}].{tag}")
    return found


def _unchanged(sort: str, vi: str, en: str) -> Step:
    return step(vi, en)(lambda watch: _all(watch, lambda send, _, case: _cells(sort, send, case)))


codes_unchanged = _unchanged(
    "codes",
    "Mã và số giấy tờ giữ nguyên từng ký tự, kể cả số 0 đứng đầu",
    "Codes and numbers of papers keep every character, leading zeros too",
)
numbers_unchanged = _unchanged(
    "numbers",
    "Số tiền và số lượng giữ nguyên giá trị và cách viết",
    "Amounts and quantities keep value and form",
)
dates_unchanged = _unchanged(
    "dates",
    "Ngày giờ giữ nguyên, theo giờ Việt Nam",
    "Dates and times are unchanged, in Viet Nam time",
)
texts_unchanged = _unchanged(
    "texts",
    "Họ tên và văn bản giữ nguyên dấu, chữ hoa và độ dài",
    "Names and texts keep marks, case and length",
)


@step(
    "Chữ tiếng Việt ở dạng dựng sẵn (NFC)",
    "Vietnamese letters are composed (NFC)",
)
def names_composed(watch: Watch) -> str:
    """No decomposed text where the staged one is composed."""

    def bad(send: Send, _: Arrived, case: dict[str, list[dict[str, str]]]) -> list[str]:
        return [
            f"{table}[{i}].{tag}"
            for table, rows in case.items()
            for i, row in enumerate(rows)
            for tag, text in row.items()
            if not unicodedata.is_normalized("NFC", text)
        ]

    return _all(watch, bad)


@step("Mọi bảng của hồ sơ đều có mặt", "Every table of the record is there")
def all_tables(watch: Watch) -> str:
    """The same set of tables as staged."""
    return _all(watch, lambda send, _, case: sorted(set(send.tables) ^ set(case)))


@step("Mỗi bảng đủ số dòng", "Every table has all its rows")
def all_rows(watch: Watch) -> str:
    """The same number of rows."""
    return _all(
        watch,
        lambda send, _, case: [
            table
            for table, rows in send.tables.items()
            if table in case and len(case[table]) != len(rows)
        ],
    )


@step("Mỗi dòng có đủ các thẻ, kể cả thẻ rỗng", "Every row has all tags, empty ones too")
def all_tags(watch: Watch) -> str:
    """No tag of the standard is left out."""

    def bad(send: Send, _: Arrived, case: dict[str, list[dict[str, str]]]) -> list[str]:
        return [
            table
            for table, rows in send.tables.items()
            if any(set(rows[0]) - set(row) for row in case.get(table, ()))
        ]

    return _all(watch, bad)


@step("Các thẻ đứng đúng thứ tự của chuẩn", "The tags stand in the order of the standard")
def tag_order(watch: Watch) -> str:
    """By the order of the edition."""

    def bad(send: Send, file: Arrived, _: dict[str, list[dict[str, str]]]) -> list[str]:
        found = []
        for table in send.tables:
            tags = spec_table(Edition.parse(send.edition), table).tags
            place = {tag: n for n, tag in enumerate(tags)}
            for order in file.opened.orders.get(table, ()):
                at = [place[tag] for tag in order if tag in place]
                if at != sorted(at):
                    found.append(table)
                    break
        return found

    return _all(watch, bad)


@step("Mọi dòng của hồ sơ mang cùng MA_LK", "All rows of a record carry its MA_LK")
def links_hold(watch: Watch) -> str:
    """Within each HOSO."""
    return _all(
        watch,
        lambda send, _, case: [
            table
            for table, rows in case.items()
            if any(row.get("MA_LK", send.ma_lk) != send.ma_lk for row in rows)
        ],
    )


@step(
    "Không có giá trị giả như null, undefined, NaN",
    "No placeholder such as null, undefined, NaN stands for a value",
)
def no_placeholders(watch: Watch) -> str:
    """Case-insensitive."""
    return _all(
        watch,
        lambda send, _, case: [
            f"{table}[{i}].{tag}"
            for table, rows in case.items()
            for i, row in enumerate(rows)
            for tag, text in row.items()
            if text.strip().lower() in PLACEHOLDERS
        ],
    )


@step(
    'Ký tự đặc biệt < > & " được thoát đúng và tới nơi nguyên vẹn',
    'Special characters < > & " are escaped and arrive as they were',
)
def special_characters(watch: Watch) -> str:
    """The staged text with all of them, found again."""
    marked = [s for s in watch.sends("claim") if s.tables["XML1"][0].get("GHI_CHU") == MARKED_TEXT]
    if not marked or not watch.files_of("claim"):
        raise Undecided("the marked record did not arrive")
    wrong = []
    for send in marked:
        file = watch.arrived(send)
        texts = (
            [row.get("GHI_CHU") for c in file.opened.cases for row in c.get("XML1", ())]
            if file
            else []
        )
        if MARKED_TEXT not in texts:
            wrong.append(watch.name(send))
    return ", ".join(wrong)


@step(
    "Mã bệnh lấy từ danh mục của ngày kết thúc lượt khám, dù gửi vào ngày nào",
    "Disease codes come from the list of the day on which the visit ended, whenever it is sent",
)
def codes_of_the_day(watch: Watch) -> str:
    """Of the cells that the client had to fill."""
    choices = {t["id"]: t["choices"] for t in watch.staged.tasks if "choices" in t}

    def bad(send: Send, _: Arrived, case: dict[str, list[dict[str, str]]]) -> list[str]:
        found = []
        for place in choices.get(send.task, ()):
            table, _, tag = place.partition(".")
            given = [row.get(tag, "") for row in case.get(table, ())]
            found += [place] if given != [row[tag] for row in send.tables[table]] else []
        return found

    return _all(watch, bad)


def _files(watch: Watch, bad: Callable[[Arrived], bool], kind: str = "") -> str:
    files = watch.files_of(kind)
    if not files:
        raise Undecided("no file arrived")
    wrong = [f for f in files if bad(f)]
    return f"{len(wrong)} of {len(files)} files" if wrong else ""


def _odd(*names: str) -> Callable[[Arrived], bool]:
    return lambda file: bool(set(names) & set(file.opened.odd))


@step("Không có BOM ở đầu tệp hay đầu bảng", "No byte-order mark before a file or a table")
def no_bom(watch: Watch) -> str:
    """Of the envelope and of its parts."""
    return _files(watch, _odd("bom", "part_bom"))


@step("Tệp là XML đúng cú pháp, mã hoá UTF-8", "The file is well-formed XML in UTF-8")
def utf8_xml(watch: Watch) -> str:
    """Strictly parsed."""
    return _files(watch, _odd("not_xml", "encoding"))


@step("Mỗi bảng nằm trong NOIDUNGFILE dạng Base64", "Each table is Base64 inside NOIDUNGFILE")
def parts_plain(watch: Watch) -> str:
    """Not inline, not broken, under the names of the standard."""

    def bad(file: Arrived) -> bool:
        names = file.opened.part_names
        return _odd("inline", "part_base64")(file) or any(
            not n.startswith("XML") or n[3:] not in NUMBERED for n in names
        )

    return _files(watch, bad, "claim")


NUMBERED = tuple(str(n) for n in range(1, 16))


@step(
    "Base64 được mã hoá phần trăm trong biểu mẫu; cổng giải mã được",
    "The Base64 is percent-encoded in the form; the gateway can decode it",
)
def base64_clean(watch: Watch) -> str:
    """An empty file means that it could not be decoded."""
    return _files(watch, lambda file: not file.file)


@step(
    "Gửi dạng application/x-www-form-urlencoded",
    "Sent as application/x-www-form-urlencoded",
)
def form_encoded(watch: Watch) -> str:
    """The content type and the body agree."""
    return _files(
        watch,
        lambda f: (
            f.heard.request.content_type != "application/x-www-form-urlencoded"
            or f.heard.request.body[:1] == b"{"
        ),
    )


@step("SOLUONGHOSO bằng số HOSO trong tệp", "SOLUONGHOSO equals the number of HOSO in the file")
def declared_count(watch: Watch) -> str:
    """Of claim files."""
    return _files(watch, lambda f: f.opened.declared != str(len(f.opened.cases)), "claim")


@step("Mỗi tệp hồ sơ chỉ có một lượt", "Each claim file holds one visit")
def one_record_a_file(watch: Watch) -> str:
    """By MA_LK."""
    return _files(watch, lambda f: len(f.keys) != 1)


@step("MACSKCB trong tệp là cơ sở gửi", "MACSKCB of the file is the facility that sends")
def envelope_facility(watch: Watch) -> str:
    """Against the field maCSKCB of the form, else against the account."""
    return _files(watch, lambda f: f.opened.facility != f.sender, "claim")


@step("NGAYLAP là ngày lập tệp", "NGAYLAP is the day on which the file was made")
def created_today(watch: Watch) -> str:
    """Within a day of receipt."""

    def bad(file: Arrived) -> bool:
        try:
            made = dt.datetime.strptime(file.opened.created, "%Y%m%d").date()
        except ValueError:
            return True
        return abs((file.heard.at.astimezone(ICT).date() - made).days) > 1

    return _files(watch, bad, "claim")


# signatures


def _signed(watch: Watch, bad: Callable[[Arrived], bool]) -> str:
    files = [f for f in watch.files_of() if f.file]
    if not files:
        raise Undecided("no file arrived")
    wrong = [f for f in files if bad(f)]
    return f"{len(wrong)} of {len(files)} files" if wrong else ""


@step("Mọi tệp đều có chữ ký số", "Every file is signed")
def sign_present(watch: Watch) -> str:
    """CHUKYDONVI holds a signature."""
    return _signed(watch, lambda f: watch.signature(f).status is SignatureStatus.MISSING)


@step(
    "Chữ ký khớp với từng byte của tệp; không sửa tệp sau khi ký",
    "The signature fits every byte of the file; nothing is changed after signing",
)
def sign_intact(watch: Watch) -> str:
    """Digest, signature value and place are right."""
    broken = (
        SignatureStatus.DIGEST_MISMATCH,
        SignatureStatus.SIGNATURE_MISMATCH,
        SignatureStatus.MALFORMED,
        SignatureStatus.WRAPPING,
    )
    return _signed(watch, lambda f: watch.signature(f).status in broken)


@step(
    "Chứng thư còn hiệu lực và là của chính cơ sở gửi",
    "The certificate is valid and belongs to the facility that sends",
)
def sign_owner(watch: Watch) -> str:
    """Registered for the facility that sends."""
    unfit = (SignatureStatus.UNKNOWN_CERTIFICATE, SignatureStatus.EXPIRED)

    def bad(file: Arrived) -> bool:
        report = watch.signature(file)
        owner = file.sender in report.facilities
        return report.status in unfit or (report.is_valid and not owner)

    return _signed(watch, bad)


@step("Thuật toán ký là SHA-256 trở lên", "The signature uses SHA-256 or stronger")
def sign_algorithm(watch: Watch) -> str:
    """SHA-1 and short keys are refused."""
    return _signed(watch, lambda f: watch.signature(f).status is SignatureStatus.ALGORITHM_REFUSED)
