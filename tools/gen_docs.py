"""Write the generated reference pages (tables, fields, code sets, codes, editions): `make docs`.

Another folder than `docs` may be named on the command line.

Everything here is derived from the registry and the catalogue; nothing generated is checked in.
"""

from __future__ import annotations

import csv
import json
import shutil
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from vnhealth import spec
from vnhealth.conformance import KITS, coverage
from vnhealth.conformance.zoo import ZOO
from vnhealth.findings import CodeInfo, catalogue
from vnhealth.protocol import behaviours

ROOT = Path(__file__).resolve().parents[1]
LANGS = ("vi", "en")

WORDS = {
    "vi": {
        "tables": "Các bảng",
        "table": "Bảng",
        "codes": "Bộ mã",
        "errors": "Mã phát hiện và mã lỗi",
        "editions": "Các quyết định",
        "order": "STT",
        "tag": "Chỉ tiêu",
        "title": "Tên",
        "type": "Kiểu",
        "required": "Bắt buộc",
        "code_set": "Bộ mã",
        "note": "Điều kiện, ghi chú (tiếng Anh, lời của vnhealth)",
        "basis": "Căn cứ",
        "confidence": "Độ tin cậy",
        "meaning": "Ý nghĩa",
        "valid": "Hiệu lực",
        "severity": "Mức",
        "message": "Nội dung",
        "hint": "Cách sửa",
        "bad": "Ví dụ sai",
        "good": "Ví dụ đúng",
        "generated": "Sinh từ dữ liệu của vnhealth; phụ lục của quyết định là căn cứ cuối cùng.",
        "root": "Phần tử gốc",
        "row": "Phần tử dòng",
        "law": "Căn cứ pháp lý hoặc nguồn",
        "source": "Nguồn chép",
        "in_force": "Hiệu lực từ",
        "signed": "Ngày ký",
        "where": "Dùng ở các bảng",
        "fidelity": "Mỗi hành vi được mô phỏng và bằng chứng của nó",
        "speed": "Tốc độ đo được",
        "figure": "Việc",
        "measured": "Kết quả",
        "spread": "Dao động",
        "goal": "Mục tiêu",
        "base": "So với (tiếng Anh)",
        "how": "Đo bằng `python -m benchmarks` trên {cpu}, Python {python}, dữ liệu: {corpus}. "
        "Tỉ số là thời gian CPU của việc chia cho thời gian của cái được so, đo xen kẽ trong một "
        "tiến trình; số tuyệt đối phụ thuộc vào máy. Thư viện khác được đo thêm so với chính mức "
        "sàn lxml: chúng nhanh hay chậm so với lxml còn tuỳ máy, nên số lần nhanh gấp cũng đổi "
        "theo. Mục tiêu chưa đạt vẫn được ghi ở đây.",
        "stores": "Kho của môi trường thử khi lớn dần",
        "stores_how": "Đo bằng `python -m benchmarks.bench_stores` trên {cpu}, {cores} nhân: mili "
        "giây CPU của tiến trình và của cơ sở dữ liệu (không phụ thuộc việc khác trên máy; thời "
        "gian thực có trong `benchmarks/stores.json`). Mỗi hồ sơ là một tệp XML nhỏ khoảng 9 kB, "
        "5.000 hồ sơ một ngày, 50 cơ sở; phần nhận tính cho một hồ sơ.",
        "disk": "Byte trên đĩa cho một hồ sơ",
        "all_indexes": "đủ chỉ mục",
        "without": "Với {size} hồ sơ, lần lượt bỏ từng chỉ mục không do ràng buộc nào cần:",
        "gateway": "Cổng",
        "behaviour": "Hành vi (tiếng Anh)",
        "evidence": "Bằng chứng",
        "modelled": "Đã mô phỏng",
        "kits": "Các bộ kiểm thử",
        "kit": "Bộ",
        "roles": "Vai trò, từ nhỏ đến lớn",
        "scenarios": "Kịch bản",
        "tests": "Bài kiểm thử",
        "wrong": "Phần mềm cố ý sai",
        "requirement": "Yêu cầu",
        "level": "Mức",
        "not_tested": "Không kiểm được:",
        "kits_say": "Kết quả là bằng chứng kiểm thử trên môi trường mô phỏng, không phải chứng "
        "nhận của cơ quan nhà nước. `vnhealth certify --kit BỘ` chạy một bộ.",
    },
    "en": {
        "tables": "Tables",
        "table": "Table",
        "codes": "Code sets",
        "errors": "Finding and error codes",
        "editions": "Decisions",
        "order": "No.",
        "tag": "Field",
        "title": "Title",
        "type": "Type",
        "required": "Required",
        "code_set": "Code set",
        "note": "Condition, note (vnhealth's own words)",
        "basis": "Basis",
        "confidence": "Confidence",
        "meaning": "Meaning",
        "valid": "Valid",
        "severity": "Severity",
        "message": "Message",
        "hint": "Repair",
        "bad": "Failing example",
        "good": "Passing example",
        "generated": "Generated from vnhealth's data; the annex of the decision is the authority.",
        "root": "Root element",
        "row": "Row element",
        "law": "Legal basis or source",
        "source": "Transcribed from",
        "in_force": "In force from",
        "signed": "Signed",
        "where": "Used in",
        "fidelity": "Every emulated behaviour and its evidence",
        "speed": "Measured speed",
        "figure": "Work",
        "measured": "Result",
        "spread": "Spread",
        "goal": "Goal",
        "base": "Beside",
        "how": "Measured by `python -m benchmarks` on {cpu}, Python {python}, data: {corpus}. "
        "A ratio is the CPU time of the work over that of its base, timed in turns in one process; "
        "absolute figures depend on the machine. Other libraries are measured against the lxml "
        "floor as well: how they stand to lxml differs from machine to machine, and so does how "
        "many times faster vnhealth is. Goals that are not reached stand here too.",
        "stores": "Stores of the sandbox as they grow",
        "stores_how": "Measured by `python -m benchmarks.bench_stores` on {cpu}, {cores} cores: "
        "milliseconds of CPU of the process and of the database (they do not depend on what else "
        "the machine does; wall times stand in `benchmarks/stores.json`). Each encounter is a "
        "small XML file of about 9 kB, 5,000 a day, 50 facilities; intake is for one encounter.",
        "disk": "Bytes on disk for each encounter",
        "all_indexes": "all indexes",
        "without": "At {size} encounters, without each index that no constraint needs:",
        "gateway": "Gateway",
        "behaviour": "Behaviour",
        "evidence": "Evidence",
        "modelled": "Modelled",
        "kits": "Conformance kits",
        "kit": "Kit",
        "roles": "Roles, smallest first",
        "scenarios": "Scenarios",
        "tests": "Tests",
        "wrong": "Wrong on purpose",
        "requirement": "Requirement",
        "level": "Level",
        "not_tested": "Not testable:",
        "kits_say": "What comes out is evidence of tests against an emulated environment, no "
        "certificate of a state body. `vnhealth certify --kit KIT` runs one.",
    },
}


def cell(text: object) -> str:
    out = "" if text is None else str(text)
    return out.replace("|", "\\|").replace("\n", " ").replace("<", "&lt;").replace("{", "&#123;")


def grid(head: list[str], rows: list[list[object]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(cell(c) for c in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def title(f: spec.Field, lang: str) -> str:
    return f.title_vi if lang == "vi" else f.title_en


def table_page(family: str, name: str, lang: str) -> str:
    words = WORDS[lang]
    editions = [e for e in spec.Edition if spec.edition_info(e).family == family]
    editions = [e for e in editions if name in spec.tables(e)]
    held = spec.table(editions[-1], name)
    named = held.title_vi if lang == "vi" else held.title_en
    out = [f"# {name}: {named}\n", f"{words['generated']}\n"]
    out.append(f"{words['root']}: `{held.root}`. {words['row']}: `{held.row}`.\n")
    rows: list[list[object]] = []
    for f in spec.record_fields(family, name):
        only = [e.value for e in editions if f.tag in spec.table(e, name)]
        scope = "" if len(only) == len(editions) else f" ({', '.join(only)})"
        size = f"{f.type}({f.max_length or 'n'})"
        codes = f"[{f.code_set}](../codes/{f.code_set}.md)" if f.code_set else ""
        text = " ".join(t for t in (f.condition, f.note) if t)
        rows.append(
            [f.order, f"**{f.tag}**{scope}", title(f, lang), size, f.required, codes, text, f.basis]
        )
    heads = ("order", "tag", "title", "type", "required", "code_set", "note", "basis")
    out.append(grid([words[h] for h in heads], rows))
    return "\n".join(out)


def code_page(version: spec.CodeSet, used: list[str], lang: str) -> str:
    words = WORDS[lang]
    out = [f"# {version.version}\n", f"{words['generated']}\n"]
    span = f"{version.valid_from or '…'} – {version.valid_to or '…'}"
    out.append(f"{words['valid']}: {span}. {words['confidence']}: {version.confidence}. ")
    out.append(f"{words['basis']}: {cell(version.source)}. {cell(version.note)}\n")
    if used:
        out.append(f"{words['where']}: {', '.join(used)}.\n")
    rows: list[list[object]] = [
        [
            f"`{c.code}`",
            c.meaning_vi if lang == "vi" else c.meaning_en,
            f"{c.valid_from or ''} – {c.valid_to or ''}" if c.valid_from or c.valid_to else "",
            c.confidence,
        ]
        for c in version.codes.values()
    ]
    out.append(grid(["", words["meaning"], words["valid"], words["confidence"]], rows))
    return "\n".join(out)


def finding_page(info: CodeInfo, lang: str) -> str:
    words = WORDS[lang]
    rows: list[list[object]] = [
        [words["severity"], info.severity],
        [words["message"], info.message(lang, {})],
        [words["hint"], info.hint(lang, {})],
        [words["law"], info.basis],
        [words["confidence"], info.confidence],
        [words["bad"], f"`{info.example_fail}`" if info.example_fail else ""],
        [words["good"], f"`{info.example_pass}`" if info.example_pass else ""],
    ]
    return f"# {info.code}\n\n" + grid(["", ""], rows)


def edition_page(lang: str) -> str:
    words = WORDS[lang]
    rows: list[list[object]] = []
    for edition in spec.Edition:
        info = spec.edition_info(edition)
        rows.append(
            [
                info.decision,
                info.title_vi if lang == "vi" else info.title_en,
                info.signed,
                info.in_force,
                info.provenance["confidence"],
                info.provenance["fields"],
            ]
        )
    heads = ("editions", "title", "signed", "in_force", "confidence", "source")
    return f"# {words['editions']}\n\n" + grid([words[h] for h in heads], rows)


def fidelity_page(lang: str) -> str:
    words = WORDS[lang]
    held = behaviours()
    share = Counter(b.evidence for b in held)
    counted = ", ".join(f"{name}: {n}" for name, n in share.most_common())
    heads = ("gateway", "behaviour", "evidence", "confidence", "modelled", "source")
    rows: list[list[object]] = [
        [b.gateway, b.behaviour, b.evidence, b.confidence, b.modelled, b.source] for b in held
    ]
    return f"# {words['fidelity']}\n\n{len(held)}: {counted}.\n\n" + grid(
        [words[h] for h in heads], rows
    )


def speed_page(lang: str) -> str:
    """The committed figures of the benchmarks."""
    words = WORDS[lang]
    results = json.loads((ROOT / "benchmarks" / "results.json").read_text("utf-8"))
    titles = (ROOT / "benchmarks" / "figures.csv").read_text("utf-8").splitlines()
    named = {row["name"]: row[f"title_{lang}"] for row in csv.DictReader(titles)}
    rows: list[list[object]] = []
    for name, held in results["figures"].items():
        shown = f"{held['ratio']:,.2f}" if held["ratio"] < 100 else f"{held['ratio']:,.0f}"
        spread = f"{held['spread']:.0%}" if held["spread"] else ""
        mark = {True: "✓", False: "✗"}.get(held["reached"], "")
        goal = f"{held['goal']} {mark}".strip()
        rows.append([named.get(name, f"`{name}`"), shown, spread, goal, held["base"]])
    head = [words[key] for key in ("figure", "measured", "spread", "goal", "base")]
    how = words["how"].format(**results["machine"])
    return f"# {words['speed']}\n\n{how}\n\n{grid(head, rows)}\n{stores_part(lang)}"


def stores_part(lang: str) -> str:
    """What the stores of the sandbox cost as they grow, and without each index."""
    words = WORDS[lang]
    found = json.loads((ROOT / "benchmarks" / "stores.json").read_text("utf-8"))
    titles = (ROOT / "benchmarks" / "stores.csv").read_text("utf-8").splitlines()
    named = {row["name"]: row[f"title_{lang}"] for row in csv.DictReader(titles)}
    parts = [f"## {words['stores']}", words["stores_how"].format(**found["machine"])]
    for key, name in (("sqlite", "SQLite"), ("postgresql", "PostgreSQL")):
        lines = found[key]["curve"]
        sizes = [f"{line['encounters']:,}" for line in lines]
        rows = _store_rows(named, lines)
        sums = [f"{line['bytes']['all']:,.0f}" for line in lines]
        rows.append([words["disk"], *sums])
        parts += [f"### {name}", grid([words["figure"], *sizes], rows)]
        indexes = found[key]["indexes"]
        heads = [words["all_indexes"], *(f"`{index}` ✗" for index in indexes if index != "all")]
        rows = _store_rows(named, list(indexes.values()))
        parts += [words["without"].format(size=sizes[-1]), grid([words["figure"], *heads], rows)]
    return "\n\n".join(parts) + "\n"


def _store_rows(named: dict[str, str], lines: list[dict[str, Any]]) -> list[list[object]]:
    """A row for each thing measured, with the ms of CPU of each line."""
    rows: list[list[object]] = []
    for group in ("intake", "asked"):
        for name in lines[0][group]:
            cells = (line[group].get(name) for line in lines)
            shown = [f"{found['cpu']:,.3f}" if found else "" for found in cells]
            rows.append([named[name], *shown])
    return rows


def kits_page(lang: str) -> str:
    """Every kit: how large it is, and each requirement with its source and its tests."""
    words = WORDS[lang]
    wrong = Counter(bug.to_dict()["kit"] for bug in ZOO)
    sizes: list[list[object]] = []
    parts: list[str] = []
    for kit in KITS:
        held = coverage(kit)
        named = kit.title_vi if lang == "vi" else kit.title_en
        size = [len(kit.scenarios), held["tests"], held["requirements"], wrong[kit.id]]
        sizes.append([f"`{kit.id}`", named, ", ".join(kit.roles), *size])
        rows: list[list[object]] = []
        for row in held["rows"]:
            why = f"{words['not_tested']} {row[f'reason_{lang}']}"
            law = f"{row['basis']}, {row['clause']} ({row['confidence']})"
            tests = ", ".join(row["tests"]) if row["testable"] else why
            rows.append([row["id"], row["level"], row[f"text_{lang}"], law, tests])
        head = [words[name] for name in ("requirement", "level", "meaning", "law", "tests")]
        parts.append(f"## {kit.id}\n\n{named} ({kit.version}).\n\n" + grid(head, rows))
    names = ("kit", "title", "roles", "scenarios", "tests", "requirement", "wrong")
    table = grid([words[name] for name in names], sizes)
    return f"# {words['kits']}\n\n{words['kits_say']}\n\n{table}\n\n" + "\n\n".join(parts)


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text.rstrip() + "\n", "utf-8")


def usage() -> dict[str, list[str]]:
    used: dict[str, list[str]] = {}
    for edition in spec.Edition:
        for name in spec.tables(edition):
            for f in spec.table(edition, name).fields:
                where = f"{name}.{f.tag}"
                if f.code_set and where not in used.setdefault(f.code_set, []):
                    used[f.code_set].append(where)
    return used


def build(lang: str, docs: Path) -> None:
    words, home = WORDS[lang], docs / lang / "reference"
    shutil.rmtree(home, ignore_errors=True)
    tables: list[list[object]] = []
    for family in spec.Family:
        names: list[str] = []
        for edition in spec.Edition:
            if spec.edition_info(edition).family == family:
                names += [n for n in spec.tables(edition) if n not in names]
        for name in sorted(names, key=lambda n: int(n[3:])):
            page = f"bhyt{family}-{name.lower()}.md"
            write(home / "tables" / page, table_page(family, name, lang))
            latest = [e for e in spec.Edition if spec.edition_info(e).family == family][-1]
            held = spec.table(latest, name)
            named = held.title_vi if lang == "vi" else held.title_en
            tables.append([f"[{name}]({page})", family.value, named, len(held.fields)])
    write(
        home / "tables" / "index.md",
        f"# {words['tables']}\n\n" + grid([words["table"], "", words["title"], ""], tables),
    )
    used, sets = usage(), []
    for name in spec.code_sets():
        for version in spec.code_set_versions(name):
            page = f"{version.version}.md"
            write(home / "codes" / page, code_page(version, used.get(version.version, []), lang))
            link = f"[{version.version}]({page})"
            sets.append([link, len(version.codes), version.confidence, version.source])
    write(
        home / "codes" / "index.md",
        f"# {words['codes']}\n\n"
        + grid([words["codes"], "", words["confidence"], words["basis"]], sets),
    )
    found: list[list[object]] = []
    for info in catalogue:
        write(home / "findings" / f"{info.code}.md", finding_page(info, lang))
        link = f"[{info.code}]({info.code}.md)"
        found.append([link, info.severity, info.message(lang, {})])
    write(
        home / "findings" / "index.md",
        f"# {words['errors']}\n\n" + grid(["", words["severity"], words["message"]], found),
    )
    write(home / "editions.md", edition_page(lang))
    write(home / "fidelity.md", fidelity_page(lang))
    write(home / "kits.md", kits_page(lang))
    write(home / "speed.md", speed_page(lang))


def main() -> int:
    docs = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs"
    for lang in LANGS:
        build(lang, docs)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
