"""The evidence for people and build servers: HTML in two languages, JUnit, CSV."""

from __future__ import annotations

import csv
import io
import json
from importlib.resources import files
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from vnhealth.conformance.evidence import fingerprint_of

__all__ = ["csv_table", "html", "junit"]

KINDS = (
    "pass", "fail", "error", "inconclusive", "expected_failure", "skip", "not_applicable",
    "not_testable",
)  # fmt: skip
KIND_NAMES = {
    "vi": (
        "đạt", "không đạt", "lỗi bộ kiểm thử", "chưa kết luận", "miễn trừ", "không chạy",
        "không áp dụng", "không kiểm được",
    ),
    "en": (
        "pass", "fail", "kit error", "inconclusive", "waived", "not run", "not applicable",
        "not testable",
    ),
}  # fmt: skip
OUTCOMES = {
    "PASS": ("ĐẠT", "PASS"),
    "PASS_WITH_WARNINGS": ("ĐẠT, CÓ CẢNH BÁO", "PASS WITH WARNINGS"),
    "CONDITIONAL": ("ĐẠT CÓ ĐIỀU KIỆN", "CONDITIONAL"),
    "FAIL": ("KHÔNG ĐẠT", "FAIL"),
    "INCONCLUSIVE": ("CHƯA KẾT LUẬN", "INCONCLUSIVE"),
}
LABELS = {
    "name": ("Tên pháp nhân", "Legal name"),
    "tax_code": ("Mã số thuế", "Tax code"),
    "contact": ("Liên hệ", "Contact"),
    "product": ("Sản phẩm", "Product"),
    "version": ("Phiên bản", "Version"),
    "build": ("Hàm băm bản dựng", "Build hash"),
    "system": ("Hệ điều hành", "Operating system"),
    "database": ("Cơ sở dữ liệu", "Database"),
    "facility": ("Cơ sở (MA_CSKCB)", "Facility (MA_CSKCB)"),
    "python": ("Python", "Python"),
    "platform": ("Máy chạy", "Machine"),
    "password": ("Mật khẩu", "Password handling"),
    "secrets": ("Không lộ bí mật", "No secret leaks"),
    "signature": ("Chữ ký số nguyên vẹn", "Signature intact"),
    "algorithm": ("Thuật toán ký", "Signature algorithm"),
}
GROUPS = {
    "SES": ("Phiên", "Sessions"),
    "CHK": ("Check-in", "Check-in"),
    "CLM": ("Hồ sơ", "Claims"),
    "CNT": ("Nội dung", "Content"),
    "ENC": ("Mã hoá tệp", "Encoding"),
    "SIG": ("Chữ ký số", "Signatures"),
    "CRD": ("Tra cứu thẻ", "Card look-up"),
    "COR": ("Sửa, gửi lại", "Corrections"),
    "VER": ("Kết quả", "Verdicts"),
    "REC": ("Đối soát", "Reconciliation"),
    "OUT": ("Tệp kết quả", "Results file"),
    "MUL": ("Nhiều cơ sở", "Several sites"),
    "EDN": ("Chuẩn theo ngày", "Editions"),
    "DOC": ("Giấy tờ", "Documents"),
    "CRS": ("Tắt đột ngột", "Crashes"),
    "FLT": ("Lỗi F01–F20", "Faults F01–F20"),
    "PRO": ("Kho của tỉnh", "Province"),
    "PRV": ("Không định danh", "De-identified"),
    "LOD": ("Lô ban đêm", "Night batch"),
    "LAW": ("Ngoài phép thử", "Beyond tests"),
    "SRV": ("Máy chủ", "Server"),
    "RXS": ("Đơn: phiên", "Rx sessions"),
    "RXC": ("Đơn: mã", "Rx codes"),
    "RXM": ("Đơn: nội dung", "Rx content"),
    "RXD": ("Đơn: bác sĩ", "Rx doctors"),
    "RXT": ("Đơn: gửi", "Rx sending"),
    "RXL": ("Đơn: ngoài phép thử", "Rx beyond tests"),
    "RXP": ("Nhà thuốc", "Pharmacy"),
    "RXV": ("Máy chủ đơn thuốc", "Rx server"),
    "RPS": ("Kho: phiên", "Store sessions"),
    "RPC": ("Kho: nội dung", "Store content"),
    "RPB": ("Kho: sổ sách", "Store books"),
    "RPW": ("Kho: huỷ, khôi phục", "Store withdrawals"),
    "RPN": ("Kho quốc gia", "National store"),
    "RPP": ("Kho không định danh", "De-identified store"),
    "RPT": ("Kho: sự cố", "Store troubles"),
    "RPL": ("Kho: ngoài phép thử", "Store beyond tests"),
    "RPV": ("Máy chủ kho", "Store server"),
    "AXS": ("Trục: phiên", "Axis sessions"),
    "AXM": ("Trục: thông điệp", "Axis messages"),
    "AXT": ("Trục: gửi", "Axis sending"),
    "AXL": ("Trục: ngoài phép thử", "Axis beyond tests"),
    "DIV": ("Máy chủ không định danh", "De-id server"),
}
COLOURS = {"pass": "#0a7a4b", "fail": "#b3261e", "error": "#7b1fa2", "inconclusive": "#946200"}
BAR = 420


def html(data: bytes, lang: str = "vi") -> str:
    """The report of an evidence file: one page, no outside asset, printable; ``vi`` or ``en``."""
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    document = json.loads(data)
    payload = document["payload"]
    at = 0 if lang == "vi" else 1
    names = dict(zip(KINDS, KIND_NAMES[lang], strict=True))
    environment = Environment(autoescape=True, undefined=StrictUndefined)
    folder = files("vnhealth.conformance") / "templates"
    template = environment.from_string((folder / "report.html.j2").read_text("utf-8"))
    witnesses = [
        {**w["statement"], "key": fingerprint_of(w["statement"]["signer"])}
        for w in document["witnesses"]
    ]

    def row(name: str, value: object) -> Markup:
        return Markup("<tr><th scope='row'>{}</th><td>{}</td></tr>\n").format(name, value)

    return template.render(
        lang=lang,
        t=lambda vi, en: vi if lang == "vi" else en,
        row=row,
        payload=payload,
        facts=payload["facts"],
        run=payload["run"],
        outcome=OUTCOMES[payload["outcome"]][at],
        labels={name: texts[at] for name, texts in LABELS.items()},
        kinds=KINDS,
        kind_names=names,
        signer=fingerprint_of(payload["signer"]),
        witnesses=witnesses,
        witnessed=any(w["role"] == "witness" for w in witnesses),
        chart=Markup(_groups_chart(payload["facts"]["summary"]["groups"], names, at)),  # noqa: S704
        codes_chart=Markup(_codes_chart(payload["facts"]["quality"]["codes"], lang)),  # noqa: S704
    )


def _svg(rows: list[tuple[str, list[tuple[str, int]]]], title: str) -> str:
    """Horizontal bars: a label and coloured pieces a row."""
    most = max((sum(n for _, n in pieces) for _, pieces in rows), default=0) or 1
    height = 22 * len(rows) + 6
    parts = [
        f'<svg role="img" aria-label={quoteattr(title)} viewBox="0 0 640 {height}" '
        f'width="100%" style="max-width:640px" font-size="12" fill="currentColor">'
    ]
    for index, (label, pieces) in enumerate(rows):
        y, x = 22 * index + 4, 160.0
        parts.append(f'<text x="0" y="{y + 13}">{escape(label)}</text>')
        for colour, n in pieces:
            width = BAR * n / most
            parts.append(
                f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="16" fill="{colour}"/>'
            )
            x += width
        parts.append(f'<text x="{x + 6:.1f}" y="{y + 13}">{sum(n for _, n in pieces)}</text>')
    return "".join([*parts, "</svg>"])


def _groups_chart(groups: dict[str, dict[str, int]], names: dict[str, str], language: int) -> str:
    rows = [
        (
            f"{group} {GROUPS[group][language]}",
            [(COLOURS.get(kind, "#999"), counts[kind]) for kind in KINDS if kind in counts],
        )
        for group, counts in groups.items()
    ]
    return _svg(rows, ", ".join(f"{names[k]}: {c}" for k, c in COLOURS.items()))


def _codes_chart(codes: list[dict[str, Any]], lang: str) -> str:
    title = "Mã lỗi nhiều nhất" if lang == "vi" else "Most frequent codes"
    return _svg([(c["code"], [("#3b6ea5", c["count"])]) for c in codes], title) if codes else ""


def junit(payload: dict[str, Any], lang: str = "vi") -> str:
    """JUnit XML: a suite per scenario, a case per test."""
    tests = payload["facts"]["tests"]
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', '<testsuites name="vnhealth certify">']
    for scenario in dict.fromkeys(t["scenario"] for t in tests):
        mine = [t for t in tests if t["scenario"] == scenario]
        failed = sum(t["result"] == "fail" for t in mine)
        errors = sum(t["result"] in ("error", "inconclusive") for t in mine)
        left = sum(t["result"] in ("skip", "not_applicable", "expected_failure") for t in mine)
        lines.append(
            f'<testsuite name={quoteattr(scenario)} tests="{len(mine)}" failures="{failed}" '
            f'errors="{errors}" skipped="{left}">'
        )
        lines += [_junit_case(test, lang) for test in mine]
        lines.append("</testsuite>")
    return "\n".join([*lines, "</testsuites>", ""])


def _junit_case(test: dict[str, Any], lang: str) -> str:
    title = f"{test['id']} {test[f'title_{lang}']}"
    head = f"<testcase classname={quoteattr(test['scenario'])} name={quoteattr(title)}"
    if test["result"] == "pass":
        return head + "/>"
    said = [
        f"{s[f'text_{lang}']}: {s['result']} {s['detail']}".strip()
        for s in test["steps"]
        if s["result"] != "pass"
    ]
    text = escape("\n".join(said))
    if test["result"] == "fail":
        inner = f"<failure message={quoteattr(', '.join(test['verifies']))}>{text}</failure>"
    elif test["result"] in ("error", "inconclusive"):
        inner = f"<error type={quoteattr(test['result'])}>{text}</error>"
    else:
        why = test.get(f"reason_{lang}") or test["result"]
        inner = f"<skipped message={quoteattr(why)}/>"
    return f"{head}>{inner}</testcase>"


def csv_table(payload: dict[str, Any]) -> str:
    """One row per requirement."""
    out = io.StringIO()
    names = ("id", "level", "role", "basis", "clause", "text_vi", "text_en", "result", "evidence")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow((*names, "tests"))
    for row in payload["facts"]["requirements"]:
        writer.writerow((*(row[name] for name in names), " ".join(row["tests"])))
    return out.getvalue()
