"""``vnhealth certify``: run a conformance kit, keep signed evidence, check it offline."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Callable
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from vnhealth.cli._app import ClickException
from vnhealth.cli._common import (
    Settings,
    err,
    out,
    parse_day,
    print_json,
    progress,
    say,
    show_error,
)
from vnhealth.errors import VnHealthError

if TYPE_CHECKING:
    from vnhealth.conformance import Run
    from vnhealth.conformance.evidence import Sealer, Verified

USAGE = 3
DEFAULT_KIT = "bhyt-claim-3176"
SERVER_KIT = "bhyt-server-3176"


class _Group(TyperGroup):
    """Exit status 3 for whatever is wrong with the call: 2 means inconclusive here."""

    def make_context(self, *args: Any, **kwargs: Any) -> Any:
        """See the base class."""
        return _usage(lambda: super(_Group, self).make_context(*args, **kwargs))

    def invoke(self, ctx: Any) -> Any:
        """See the base class."""
        return _usage(lambda: super(_Group, self).invoke(ctx))


def _usage(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except VnHealthError as error:
        show_error(error)
    except OSError as error:
        err.print(f"{error.filename}: {error.strerror}", markup=False)
    except Exception as error:
        if not isinstance(error, ClickException):
            raise
        error.show(file=sys.stderr)  # type: ignore[attr-defined]
    raise typer.Exit(USAGE)


app = typer.Typer(
    help="Kiểm thử kết nối, có bằng chứng ký số. / Conformance kits with signed evidence.",
    cls=_Group,
    invoke_without_command=True,
    rich_markup_mode=None,
)

KitName = Annotated[str, typer.Option("--kit", help="Bộ kiểm thử / kit.")]
KeyFile = Annotated[Path | None, typer.Option("--key", help="Khoá ký (PEM) / signing key.")]
CertFile = Annotated[Path | None, typer.Option("--cert", help="Chứng thư X.509 / certificate.")]


@app.callback()
def certify(
    ctx: typer.Context,
    kit_name: Annotated[
        str | None, typer.Option("--kit", help="Bộ kiểm thử / kit (bhyt-claim-3176).")
    ] = None,
    seed: Annotated[int, typer.Option(help="Hạt giống / seed.")] = 7,
    folder: Annotated[Path, typer.Option("--out", help="Nơi ghi bằng chứng / output.")] = Path(
        "certify-out"
    ),
    format: Annotated[str, typer.Option("--format", help="human | json")] = "human",
    his_command: Annotated[
        str | None, typer.Option(help="Lệnh chạy HIS: LỆNH THƯ_MỤC / command of the HIS.")
    ] = None,
    target: Annotated[
        str | None, typer.Option(help="Địa chỉ máy chủ cần thử / address of a server under test.")
    ] = None,
    account: Annotated[
        Path | None,
        typer.Option(
            help="JSON {username, password, facility[, role]}, một hay nhiều / one or a list."
        ),
    ] = None,
    role: Annotated[str | None, typer.Option(help="clinic | hospital | multi_site | full")] = None,
    only: Annotated[
        list[str] | None, typer.Option(help="Chỉ kịch bản này (lặp được) / only this scenario.")
    ] = None,
    junit: Annotated[Path | None, typer.Option(help="Ghi thêm JUnit / also JUnit.")] = None,
    key: KeyFile = None,
    cert: CertFile = None,
    about: Annotated[
        Path | None, typer.Option(help="TOML: issuer, number, [vendor], [[attestations]]")
    ] = None,
    waivers: Annotated[Path | None, typer.Option(help="Miễn trừ đã ký / signed waivers.")] = None,
    waiver_key: Annotated[
        list[str] | None, typer.Option(help="Dấu vân tay khoá được miễn trừ / who may waive.")
    ] = None,
    load: Annotated[
        int,
        typer.Option(
            min=0, help="Thêm lô ban đêm N lượt khám (tự kiểm) / night batch of N visits."
        ),
    ] = 0,
    holdout: Annotated[
        Path | None, typer.Option(help="Tệp bí mật (certify holdout) / secret seed file.")
    ] = None,
) -> None:
    """Chạy bộ kiểm thử. 0 đạt, 1 không đạt, 2 chưa kết luận, 3 sai cách gọi. / Run a kit."""
    if ctx.invoked_subcommand is not None:
        return
    from vnhealth.cli._certify_run import Job

    job = Job(
        kit_name=kit_name or (SERVER_KIT if target else DEFAULT_KIT),
        seed=seed,
        folder=folder,
        his_command=his_command,
        target=target,
        account=account,
        role=role,
        only=tuple(only or ()),
        key=key,
        cert=cert,
        about=about,
        waivers=waivers,
        waiver_keys=tuple(waiver_key or ()),
        holdout=holdout,
        load=load,
    )
    run, written = job.run()
    if junit is not None:
        junit.write_bytes(written["junit.xml"].read_bytes())
    if format == "json":
        print_json(job.summary(run, written))
    else:
        _tell(run, written)
    raise typer.Exit(run.exit_code)


def _tell(run: Run, written: dict[str, Path]) -> None:
    counts = run.facts["summary"]["tests"]
    out.print(f"{run.kit.id} {run.kit.version}: {run.outcome}", markup=False)
    out.print("  " + ", ".join(f"{name} {n}" for name, n in counts.items()), markup=False)
    position = 0 if Settings.lang == "vi" else 1
    for result in run.results:
        if result.result.value in ("fail", "error", "inconclusive"):
            title = (result.case.title_vi, result.case.title_en)[position]
            out.print(f"  {result.result.value:13} {result.case.id:8} {title}", markup=False)
            for found in result.steps:
                if found.detail:
                    text = (found.step.text_vi, found.step.text_en)[position]
                    out.print(f"    - {text}: {found.detail}", markup=False)
    if run.kind == "self_test":
        text = say(
            "Đây là bản TỰ KIỂM của phần mềm tham chiếu, không phải kết quả của sản phẩm nào.",
            "This is a SELF-TEST of the reference client, not a result of any product.",
        )
        out.print(text, markup=False)
    load = run.facts["load"]
    if load is not None and "lanes" in load:
        _tell_night(load, written["evidence.json"])
    where = say("Bằng chứng", "Evidence")
    out.print(f"{where}: {written['evidence.json']}, {written['bao-cao.html']}", markup=False)


def _tell_night(load: dict[str, Any], file: Path) -> None:
    """The figures of a night batch: the machine's own stand in the section ``run``."""
    from vnhealth.conformance import evidence

    run = evidence.payload_of(file.read_bytes())["run"]
    counts = [load[n] for n in ("encounters", "files", "calls", "lost", "doubled", "open")]
    names = say(
        "lượt khám, tệp, lời gọi, mất, trùng, còn chờ",
        "visits, files, calls, lost, doubled, open",
    )
    pairs = zip(names.split(", "), counts, strict=True)
    figures = ", ".join(f"{name} {count}" for name, count in pairs)
    head = say("Lô ban đêm", "Night batch")
    out.print(
        f"{head}: {figures}; {run['load_seconds']} s, {run['peak_memory_mib']} MiB", markup=False
    )


@app.command()
def verify(
    file: Annotated[Path, typer.Argument(metavar="FILE")],
    key: Annotated[
        str | None, typer.Option(help="Dấu vân tay khoá phải ký / fingerprint of the signer.")
    ] = None,
    leaves: Annotated[
        list[Path] | None,
        typer.Option(help="Tệp băm của lô ban đêm (lặp được) / leaves of a night batch."),
    ] = None,
    format: Annotated[str, typer.Option("--format", help="human | json")] = "human",
) -> None:
    """Kiểm tra bằng chứng, không cần mạng. 0 nguyên vẹn, 1 không. / Check evidence offline."""
    from vnhealth.conformance import evidence

    data = file.read_bytes()
    found = evidence.verify(data, key=key)
    if found.intact and leaves:
        load = evidence.payload_of(data)["facts"]["load"]
        if not all(evidence.leaves_belong(path, load) for path in leaves):
            found = replace(found, problem="leaves")
    if format == "json":
        print_json(found.to_dict())
    else:
        _tell_verified(found)
    raise typer.Exit(0 if found.intact else 1)


def _tell_verified(found: Verified) -> None:
    if not found.intact:
        text = say(
            f"KHÔNG hợp lệ: tệp đã bị thay đổi, hoặc không phải bằng chứng ({found.problem}).",
            f"NOT valid: the file was changed, or is no evidence ({found.problem}).",
        )
        out.print(text, markup=False)
        return
    kinds = {
        "self_test": ("bản tự kiểm", "self-test"),
        "vendor_client": ("phần mềm của đơn vị", "the vendor's client"),
        "server_target": ("máy chủ của đơn vị", "the vendor's server"),
    }
    kind = kinds[found.kind][0 if Settings.lang == "vi" else 1]
    seen = (
        say("có người chứng kiến", "witnessed")
        if found.witnessed
        else say("không có người chứng kiến", "not witnessed")
    )
    lines = [
        say("Nguyên vẹn", "Intact") + f": {found.outcome}, {kind}, {seen}.",
        say("Khoá ký", "Signing key") + f": {found.signer}",
    ]
    if found.trusted is None:
        lines.append(
            say(
                "Người ký chưa được đối chiếu: dùng --key với dấu vân tay đã công bố.",
                "The signer was not checked: use --key with the published fingerprint.",
            )
        )
    lines += [f"{w['role']}: {w['name']}, {w['unit']}, {w['at']}" for w in found.witnesses]
    out.print("\n".join(lines), markup=False)


@app.command()
def coverage(
    kit_name: KitName = DEFAULT_KIT,
    format: Annotated[str, typer.Option("--format", help="human | json")] = "human",
) -> None:
    """Mỗi yêu cầu được bài nào kiểm, vì sao có bài không. / Which tests verify each clause."""
    from vnhealth.conformance import coverage as coverage_of
    from vnhealth.conformance import kit

    found = coverage_of(kit(kit_name))
    if format == "json":
        print_json(found)
        return
    lang = Settings.lang
    for row in found["rows"]:
        tests = " ".join(row["tests"]) or row[f"reason_{lang}"]
        out.print(f"{row['id']:9} {row['level']:6} {row[f'text_{lang}']}", markup=False)
        out.print(f"{'':17}{row['basis']}, {row['clause']}: {tests}", markup=False)
    out.print(f"{found['covered']}/{found['testable']} = {found['coverage_percent']} %")


@app.command()
def kits(format: Annotated[str, typer.Option("--format", help="human | json")] = "human") -> None:
    """Các bộ kiểm thử. / The kits."""
    from vnhealth.conformance import KITS

    rows = [
        {
            "id": k.id,
            "version": k.version,
            "title_vi": k.title_vi,
            "title_en": k.title_en,
            "roles": list(k.roles),
            "tests": len(k.cases()),
        }
        for k in KITS
    ]
    if format == "json":
        print_json(rows)
        return
    for row in rows:
        out.print(f"{row['id']}  {row['version']}  {row[f'title_{Settings.lang}']}", markup=False)


@app.command()
def zoo(
    kit_name: Annotated[
        str | None, typer.Option("--kit", help="Chỉ của bộ này / of this kit only.")
    ] = None,
    format: Annotated[str, typer.Option("--format", help="human | json")] = "human",
    seed: Annotated[int, typer.Option(help="Hạt giống / seed.")] = 7,
) -> None:
    """Các phần mềm cố ý sai và bài bắt được chúng. / Wrong clients and what catches them."""
    from vnhealth.conformance import kit
    from vnhealth.conformance.zoo import ZOO, caught_by

    wanted = {case.id for case in kit(kit_name).cases()} if kit_name else None
    chosen = [bug for bug in ZOO if wanted is None or bug.expected in wanted]
    rows = []
    with progress(say("Phần mềm sai", "Wrong clients"), len(chosen)) as advance:
        for bug in chosen:
            rows.append({**bug.to_dict(), "caught_by": caught_by(bug, seed=seed)})
            advance()
    missed = [r for r in rows if r["expected"] not in r["caught_by"]]
    if format == "json":
        print_json(rows)
    else:
        for r in rows:
            bug_text = r["bug"] if Settings.lang == "vi" else r["bug_en"]
            out.print(f"{r['id']:28} {' '.join(r['caught_by']):24} {bug_text}", markup=False)
        out.print(f"{len(rows) - len(missed)}/{len(rows)}")
    raise typer.Exit(1 if missed else 0)


@app.command()
def schema(name: Annotated[str, typer.Argument(help="evidence | work-order | results")]) -> None:
    """In lược đồ JSON đã công bố. / Print a published JSON schema."""
    from vnhealth.conformance import evidence

    if name not in ("evidence", "work-order", "results"):
        raise typer.BadParameter("evidence | work-order | results")
    print_json(evidence.schema(name))


@app.command()
def page(file: Annotated[Path, typer.Argument(metavar="FILE")]) -> None:
    """Ghi trang kiểm tra chạy không cần mạng. / Write the static verify page."""
    source = files("vnhealth.conformance.evidence") / "data" / "verify.html"
    file.write_bytes(source.read_bytes())


@app.command()
def example(file: Annotated[Path, typer.Argument(metavar="FILE")]) -> None:
    """Ghi phần mềm HIS mẫu cho Node.js. / Write the example client for Node.js."""
    source = files("vnhealth.conformance") / "data" / "his.mjs"
    file.write_bytes(source.read_bytes())


@app.command()
def ca(file: Annotated[Path, typer.Argument(metavar="FILE")]) -> None:
    """Ghi CA thử của bộ kiểm thử (PEM). / Write the kit's test authority, to be trusted."""
    from vnhealth.conformance import staged_authority

    file.write_bytes(staged_authority())


@app.command("key")
def new_key(path: Annotated[Path, typer.Argument(metavar="FILE")]) -> None:
    """Tạo khoá Ed25519 và in dấu vân tay. / Make a key, print its fingerprint."""
    from vnhealth.conformance.evidence import Sealer

    sealer = Sealer.new()
    with path.open("xb") as stream:
        path.chmod(0o600)
        stream.write(sealer.to_pem())
    out.print(sealer.fingerprint, markup=False)


@app.command()
def witness(
    file: Annotated[Path, typer.Argument(metavar="FILE")],
    key: Annotated[Path, typer.Option("--key", help="Khoá của người ký (PEM) / key.")],
    name: Annotated[str, typer.Option(help="Họ tên / name.")],
    unit: Annotated[str, typer.Option(help="Đơn vị / unit.")],
    cert: CertFile = None,
    role: Annotated[str, typer.Option(help="witness | vendor")] = "witness",
) -> None:
    """Người chứng kiến hoặc đại diện đơn vị ký thêm. / Countersign evidence."""
    from vnhealth.conformance import evidence

    sealer = read_key(key, cert)
    now = dt.datetime.now(dt.UTC).astimezone()
    signed = evidence.countersign(
        file.read_bytes(), sealer, name=name, unit=unit, role=role, at=now
    )
    file.write_bytes(signed)
    out.print(sealer.fingerprint, markup=False)


@app.command()
def report(
    file: Annotated[Path, typer.Argument(metavar="FILE")],
    to: Annotated[Path, typer.Option("--out", help="HTML")] = Path("bao-cao.html"),
) -> None:
    """Lập lại báo cáo HTML từ bằng chứng. / Make the HTML report of evidence again."""
    from vnhealth import conformance

    data = file.read_bytes()
    conformance.evidence.payload_of(data)
    to.write_text(conformance.html(data, Settings.lang), "utf-8")


@app.command()
def holdout(
    path: Annotated[Path, typer.Argument(metavar="FILE")],
    reveal: Annotated[
        str | None, typer.Option(help="Cam kết đã công bố cần đối chiếu / commitment to check.")
    ] = None,
) -> None:
    """Tạo hạt giống bí mật và cam kết, hoặc đối chiếu khi công bố. / Commit or reveal."""
    from vnhealth.conformance import Holdout, open_holdout

    if reveal is not None:
        found = open_holdout(path.read_text("utf-8"), reveal)
        out.print(str(found.seed), markup=False)
        return
    made = Holdout.new()
    with path.open("x", encoding="utf-8") as stream:
        path.chmod(0o600)
        stream.write(made.to_json() + "\n")
    out.print(made.commitment, markup=False)


@app.command()
def waive(
    test: Annotated[str, typer.Argument(help="Mã bài kiểm thử / test id.")],
    file: Annotated[Path, typer.Option("--file", help="Tệp miễn trừ / waiver file.")],
    key: Annotated[Path, typer.Option("--key", help="Khoá ký (PEM) / key.")],
    owner: Annotated[str, typer.Option(help="Người chịu trách nhiệm / owner.")],
    reason: Annotated[str, typer.Option(help="Lý do / reason.")],
    expires: Annotated[str, typer.Option(help="yyyy-mm-dd")],
) -> None:
    """Thêm một miễn trừ có chữ ký. / Add a signed waiver."""
    import json

    from vnhealth.conformance import KITS
    from vnhealth.conformance import waive as sign_waiver

    if test not in {case.id for found in KITS for case in found.cases()}:
        raise typer.BadParameter(test)
    day = parse_day(expires)
    assert day is not None
    entries = json.loads(file.read_text("utf-8")) if file.exists() else []
    sealer = read_key(key, None)
    entries.append(sign_waiver(sealer, test=test, owner=owner, reason=reason, expires=day))
    file.write_text(json.dumps(entries, ensure_ascii=False, indent=2) + "\n", "utf-8")
    out.print(sealer.fingerprint, markup=False)


def read_key(key: Path, cert: Path | None) -> Sealer:
    """A signing key from files."""
    from vnhealth.conformance.evidence import Sealer

    return Sealer.from_pem(key.read_bytes(), cert.read_bytes() if cert else b"")
