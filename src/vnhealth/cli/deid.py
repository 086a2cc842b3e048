"""``vnhealth deid``: de-identify files, search for leaks, attack the own output."""

from __future__ import annotations

import csv
import json
import os
import tempfile
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from vnhealth.cli._archives import Workers, finish, kilobytes
from vnhealth.cli._common import Exit, Settings, out, print_json, progress, say
from vnhealth.errors import CodecError, DeidError

app = typer.Typer(
    help="Khử định danh và thử tấn công kết quả. / De-identify, and attack the result.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
policy_app = typer.Typer(
    help="Chính sách theo từng chỉ tiêu. / Policies, one row for each field.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(policy_app, name="policy")

Format = Annotated[str, typer.Option("--format", help="human | json")]
Seed = Annotated[int, typer.Option(help="Hạt giống / seed.")]
KeyFile = Annotated[
    Path | None, typer.Option(help="Tệp khoá (mặc định: biến VNHEALTH_DEID_KEY) / key file.")
]


def load_key(path: Path | None) -> Any:
    """The key of a file, else of the environment."""
    from vnhealth import deid

    return deid.Key.from_file(path) if path else deid.Key.from_env()


def load_policy(name: str) -> Any:
    """A policy of this library by name, or one from a CSV file."""
    from vnhealth import deid

    own = name in ("linked", "release") or not Path(name).exists()
    return deid.Policy.load(name) if own else deid.Policy.from_file(name)


@app.command()
def key(
    target: Annotated[Path, typer.Argument(metavar="FILE", help="Tệp khoá mới / new key file.")],
    rotate: Annotated[
        Path | None, typer.Option(help="Khoá cũ: giữ nguyên độ dịch ngày / keep its date shifts.")
    ] = None,
    version: Annotated[str, typer.Option(help="Một chữ cái A-Z / one letter.")] = "A",
) -> None:
    """Tạo khoá bí mật, chỉ chủ tệp đọc được. / Make a secret key, readable by its owner only."""
    from vnhealth import deid

    if rotate is None:
        deid.Key.create_file(target, version)
    else:
        old = deid.Key.from_file(rotate)
        following = chr(ord(old.version) + 1) if old.version < "Z" else "A"
        deid.Key.from_file(rotate).rotate_file(target, following if version == "A" else version)
    text = say(
        f"Đã tạo khoá {target}. Mất khoá là không nối được dữ liệu cũ; lộ khoá là lộ danh tính.",
        f"Made the key {target}. Without it old data cannot be joined; who has it can identify.",
    )
    out.print(text, markup=False)


@app.command()
def xml(
    source: Annotated[Path, typer.Argument(metavar="IN", help="Tệp hoặc thư mục / file, folder.")],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="Tệp kết quả / result file.")],
    tier: Annotated[str, typer.Option(help="linked | release")] = "linked",
    policy: Annotated[
        str | None, typer.Option(help="Tên hoặc tệp CSV chính sách / policy name or file.")
    ] = None,
    key_file: KeyFile = None,
    manifest: Annotated[
        Path | None, typer.Option(help="Bản kê đầy đủ, giữ tại nhà / full manifest, stays home.")
    ] = None,
    recipient_manifest: Annotated[
        Path | None, typer.Option(help="Bản kê ngắn gửi kèm / short manifest to send along.")
    ] = None,
    recipient: Annotated[str, typer.Option(help="Bên nhận / recipient.")] = "repository",
    purpose: Annotated[str, typer.Option(help="Mục đích / purpose.")] = "statistics",
    facility: Annotated[str | None, typer.Option(help="Mã cơ sở / facility code.")] = None,
    exception: Annotated[
        list[str] | None,
        typer.Option(help="hiv=CĂN CỨ: bên nhận được luật cho phép / entitled by law."),
    ] = None,
    k: Annotated[int, typer.Option(help="release: k nhỏ nhất / least k.")] = 11,
    max_risk: Annotated[float, typer.Option(help="release: rủi ro tối đa / highest risk.")] = 0.09,
    sign: Annotated[
        Path | None, typer.Option(help="PKCS#12 ký bản kê / signs the manifests.")
    ] = None,
    sign_variable: Annotated[
        str, typer.Option(help="Biến giữ mật khẩu PKCS#12 / variable with its password.")
    ] = "VNHEALTH_KEY_PASSWORD",
    html: Annotated[Path | None, typer.Option(help="Báo cáo rủi ro / risk report.")] = None,
    workers: Workers = None,
) -> None:
    """Khử định danh tệp XML theo chính sách, không qua được thì không ghi gì.

    De-identify XML by a policy, fail closed: when it cannot be done, nothing is written.
    """
    from vnhealth import deid

    chosen = load_policy(policy or tier)
    if tier not in ("linked", "release") or chosen.tier != tier:
        raise DeidError("ERR-DEID-08", tier=chosen.tier)
    if not source.exists():
        raise CodecError("ERR-XML-06", path=source.name, reason="not found")
    options: dict[str, Any] = {
        "key": load_key(key_file),
        "policy": chosen,
        "recipient": recipient,
        "purpose": purpose,
        "exceptions": _exceptions(exception),
    }
    report = None
    label = say("Khử định danh", "De-identify")
    if workers is not None:
        if tier != "linked":
            raise typer.BadParameter("--workers: --tier linked")
        from vnhealth import pipelines

        options |= {"key": partial(load_key, key_file), "workers": workers, "risk": True}
        with kilobytes(label) as step:
            report = pipelines.deid(source, target, facility=facility, progress=step, **options)
        found = report.manifest
    else:
        with progress(label, None) as advance:
            if tier == "linked":
                found = deid.deidentify_file(
                    source, target, facility=facility, risk=True, progress=advance, **options
                )
            else:
                options |= {"k": k, "max_risk": max_risk}
                found = _release(source, target, facility, options, advance)
    signer = _signer(sign, sign_variable)
    for path, content in (
        (manifest, found.to_dict()),
        (recipient_manifest, found.for_recipient()),
    ):
        if path is not None:
            sealed = deid.seal(content, signer) if signer else content
            path.write_text(json.dumps(sealed, ensure_ascii=False, indent=2) + "\n", "utf-8")
    _summary(found, target)
    if html is not None:
        from vnhealth.cli._deid_html import risk_page

        written = target / f"{found.batch}.xml" if target.is_dir() else target
        html.write_text(risk_page(deid.risk_table(written), found.to_dict()), "utf-8")
    if report is not None:
        finish(report, [])


def _release(
    source: Path, target: Path, facility: str | None, options: dict[str, Any], advance: Any
) -> Any:
    from vnhealth import deid

    engine = deid.Releaser(facility=facility or deid.first_facility(source), **options)
    for claim in deid.read_claims(source):
        engine.add(claim)
        advance()
    result = engine.finish()
    path = target / result.name if target.is_dir() else target
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".deid-", delete=False) as file:
        file.write(result.data)
    os.replace(file.name, path)
    return result.manifest


def _exceptions(given: list[str] | None) -> dict[str, str]:
    found = {}
    for item in given or ():
        topic, _, basis = item.partition("=")
        found[topic] = basis
    return found


def _signer(path: Path | None, variable: str) -> Any:
    if path is None:
        return None
    from vnhealth.signing import Pkcs12Signer

    try:
        data = path.read_bytes()
    except OSError as error:
        raise CodecError("ERR-XML-06", path=path.name, reason=error.strerror or "") from None
    return Pkcs12Signer(data, os.environ.get(variable, "").encode())


def _summary(found: Any, target: Path) -> None:
    if Settings.quiet:
        return
    e = found.encounters
    out.print(
        say(
            f"{target}: {e.written} hồ sơ, nhãn “{found.label.name_vi}” ({found.label.value}). "
            f"{found.label.meaning('vi')}",
            f"{target}: {e.written} records, label {found.label.value}. "
            f"{found.label.meaning('en')}",
        ),
        markup=False,
    )
    out.print(
        say(
            f"Đọc {e.read}, giữ lại theo luật {e.withheld}, thiếu XML1 {e.without_summary}, "
            f"chặn {e.stopped}.",
            f"Read {e.read}, kept back by law {e.withheld}, without XML1 {e.without_summary}, "
            f"stopped {e.stopped}.",
        ),
        markup=False,
    )
    for finding in found.findings().at_least("warning"):
        out.print(f"  {finding.code}: {finding.text(Settings.lang, values=True)}", markup=False)
    for line in risk_lines(found.risk):
        out.print(line, markup=False)


def risk_lines(risk: dict[str, Any]) -> list[str]:
    """The risk table of a manifest or of a file, for people."""
    if "released" in risk:
        r = risk["released"]
        hidden = ", ".join(f"{tag} {share:.1%}" for tag, share in risk["hidden"].items() if share)
        return [
            say(
                f"k = {r['k']} (số người ít nhất {r['persons']}), "
                f"rủi ro tối đa {r['maximum']:.3f}, trung bình {r['average']:.3f}, "
                f"duy nhất {r['unique']:.1%}, "
                f"bỏ {risk['suppressed']:.2%} số dòng, mất {risk['loss']:.1%} chi tiết.",
                f"k = {r['k']} (fewest persons {r['persons']}), maximum risk {r['maximum']:.3f}, "
                f"average {r['average']:.3f}, unique {r['unique']:.1%}, "
                f"{risk['suppressed']:.2%} of rows suppressed, {risk['loss']:.1%} of detail lost.",
            ),
            say("Giá trị bị che: ", "Hidden values: ") + (hidden or "0"),
        ]
    heads = say("duy nhất|nhóm <5|nhóm <11|k", "unique|below 5|below 11|k").split("|")
    lines = ["".join(f"{head:>10}" for head in heads) + "  " + say("biết gì", "what is known")]
    for row in risk.get("sets", ()):
        shares = "".join(f"{row[n]:>10.1%}" for n in ("unique", "below_5", "below_11"))
        lines.append(f"{shares}{row['k']:>10}  {row[f'meaning_{Settings.lang}']}")
    return lines


@app.command()
def crosswalk(
    source: Annotated[Path, typer.Argument(metavar="IN", help="Tệp còn định danh / identified.")],
    target: Annotated[Path, typer.Argument(metavar="OUT.csv")],
    old: Annotated[Path, typer.Option(help="Khoá cũ / old key.")],
    new: Annotated[Path, typer.Option(help="Khoá mới / new key.")],
    recipient: Annotated[str, typer.Option()] = "repository",
    purpose: Annotated[str, typer.Option()] = "statistics",
    facility: Annotated[str | None, typer.Option()] = None,
) -> None:
    """Bảng đổi mã sau khi thay khoá; chỉ người giữ cả hai khoá lập được, không gửi đi đâu.

    Old token to new token after a change of key. Only who holds both keys can make it.
    """
    from vnhealth import deid

    changes = deid.crosswalk(
        deid.read_claims(source),
        old=deid.Key.from_file(old),
        new=deid.Key.from_file(new),
        recipient=recipient,
        purpose=purpose,
        facility=facility or deid.first_facility(source),
    )
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    count = 0
    with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["tag", "old", "new"])
        for change in changes:
            count += 1
            writer.writerow([change.tag, change.old, change.new])
    out.print(say(f"{target}: {count} mã.", f"{target}: {count} tokens."), markup=False)


@policy_app.command("export")
def export(
    target: Annotated[Path, typer.Argument(metavar="OUT.csv")],
    tier: Annotated[str, typer.Option(help="linked | release")] = "linked",
) -> None:
    """Chép chính sách ra tệp CSV để sửa cho mình. / Copy a policy to a CSV file, to adapt it."""
    from importlib.resources import files

    load_policy(tier)
    path = files("vnhealth.deid") / "data" / f"policy_{tier}.csv"
    target.write_bytes(path.read_bytes())
    out.print(str(target), markup=False)


@policy_app.command("check")
def check(source: Annotated[Path, typer.Argument(metavar="POLICY.csv")]) -> None:
    """Kiểm tra một tệp chính sách. / Check a policy file."""
    from vnhealth import deid

    found = deid.Policy.from_file(source)
    text = say(
        f"Hợp lệ: mức {found.tier}, nhãn {found.label.value}, {len(found)} dòng, {found.sha256}",
        f"Valid: tier {found.tier}, label {found.label.value}, {len(found)} rows, {found.sha256}",
    )
    out.print(text, markup=False)


@app.command()
def scan(
    files: Annotated[list[Path] | None, typer.Argument(metavar="FILE...")] = None,
    known: Annotated[
        Path | None, typer.Option(help='JSON {"name": [...], "id": [...]}: điều phải vắng mặt.')
    ] = None,
    self_test: Annotated[
        int, typer.Option(min=0, help="Cài N dữ liệu giả rồi tìm / plant N and search.")
    ] = 0,
    seed: Seed = 7,
    format: Format = "human",
) -> None:
    """Tìm dữ liệu định danh còn sót trong tệp và tên tệp. / Search files and names for leaks."""
    from vnhealth import deid

    if self_test:
        from vnhealth.cli._deid_canaries import try_canaries

        with tempfile.TemporaryDirectory() as folder:
            report = try_canaries(self_test, seed, Path(folder))
        content = {
            "planted": report.planted,
            "places": report.places,
            "outputs": report.outputs,
            "seed": seed,
            "found": sum(report.found.values()),
            "kinds": report.found,
        }
    else:
        if not files or known is None:
            raise typer.BadParameter("FILE… --known, hoặc / or --self-test")
        wanted = json.loads(known.read_text("utf-8"))
        totals: dict[str, int] = {}
        searched = 0
        for path in files:
            for text in (path.read_bytes(), path.name):
                found = deid.scan(text, wanted)
                searched = max(searched, found.searched)
                for kind, n in found.found.items():
                    totals[kind] = totals.get(kind, 0) + n
        content = {"searched": searched, "found": sum(totals.values()), "kinds": totals}
    if format == "json":
        print_json(content)
    else:
        words = ", ".join(f"{name} {value}" for name, value in content.items())
        out.print(words, markup=False)
    raise typer.Exit(Exit.FINDINGS if content["found"] else Exit.OK)


def _trial(found: Any, limit: float, judged: str, format: str) -> None:
    """Print a trial. The exit status tells whether the judged report keeps the limit: by the share
    that the guesses give on average, so that luck with few targets decides nothing.
    """
    rows = [report.to_dict() for report in found.reports]
    ok = next(row["expected"] for row in rows if row["attack"] == judged) <= limit
    if format == "json":
        print_json(
            {
                "seed": found.seed,
                "encounters": found.encounters,
                "persons": found.persons,
                "judged": judged,
                "limit": round(limit, 6),
                "ok": ok,
                "reports": rows,
                "risk": found.risk,
            }
        )
    else:
        for row in rows:
            low, high = row["ci95"]
            out.print(
                f"{row['attack']:30} {row['correct']:>6}/{row['tries']:<6} {row['share']:.2%} "
                f"(95 %: {low:.2%}-{high:.2%}; "
                + say("trung bình", "on average")
                + f" {row['expected']:.2%})",
                markup=False,
            )
        text = say(
            f"Ngưỡng {limit:.2%} cho “{judged}”: {'đạt' if ok else 'KHÔNG ĐẠT'} "
            f"(hạt giống {found.seed}, {found.encounters} hồ sơ giả)",
            f"Limit {limit:.2%} for “{judged}”: {'kept' if ok else 'NOT KEPT'} "
            f"(seed {found.seed}, {found.encounters} invented encounters)",
        )
        out.print(text, markup=False)
    raise typer.Exit(Exit.OK if ok else Exit.FINDINGS)


@app.command()
def intruder(
    persons: Annotated[int, typer.Option(min=1, help="Số người bị nhắm / targets.")] = 1000,
    encounters: Annotated[int, typer.Option(min=200)] = 8000,
    seed: Seed = 7,
    format: Format = "human",
) -> None:
    """Kẻ tìm người: biết tên, ngày sinh, nơi ở, ngày khám. / Somebody who knows much of people."""
    from vnhealth.cli._deid_trials import try_intruder

    with progress(say("Sinh người giả", "Invent people"), encounters) as advance:
        found = try_intruder(persons, encounters, seed, advance)
    _trial(found, 0.01, "intruder/release", format)


@app.command()
def anchors(
    encounters: Annotated[int, typer.Option(min=200)] = 4000,
    seed: Seed = 7,
    format: Format = "human",
) -> None:
    """Tấn công độ dịch ngày bằng ngày mốc. / Attack the date shift by days that are special."""
    from vnhealth.cli._deid_trials import try_anchors

    with progress(say("Sinh người giả", "Invent people"), encounters) as advance:
        found = try_anchors(encounters, seed, advance)
    _trial(found, 1 / 52 + 0.01, "anchors", format)


def _add_text() -> None:
    """The command ``text`` is made by its own module, when that is there."""
    from importlib import import_module
    from importlib.util import find_spec

    if find_spec("vnhealth.cli.deid_text"):
        import_module("vnhealth.cli.deid_text").register(app)


_add_text()
