"""``vnhealth sign`` and ``vnhealth verify``."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from vnhealth.cli._common import Exit, Settings, out, print_json, say
from vnhealth.errors import CodecError

DEFAULT_VARIABLE = "VNHEALTH_KEY_PASSWORD"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("sign")(sign)
    app.command("verify")(verify)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CodecError("ERR-XML-06", path=path.name, reason=error.strerror or "") from None


def sign(
    source: Annotated[Path, typer.Argument(metavar="IN")],
    target: Annotated[Path, typer.Argument(metavar="OUT")],
    key: Annotated[Path, typer.Option(help="Tệp PKCS#12 (.p12/.pfx).")],
    key_variable: Annotated[
        str, typer.Option(help="Biến môi trường giữ mật khẩu / variable with the password.")
    ] = DEFAULT_VARIABLE,
) -> None:
    """Ký số vào CHUKYDONVI, không đổi byte nào khác. / Sign into CHUKYDONVI."""
    from vnhealth import signing

    password = os.environ.get(key_variable, "")
    signer = signing.Pkcs12Signer(_read(key), password.encode())
    target.write_bytes(signing.sign(_read(source), signer))
    out.print(say(f"Đã ký: {target}", f"Signed: {target}"), markup=False)


def verify(
    source: Annotated[Path, typer.Argument(metavar="FILE")],
    trust: Annotated[Path | None, typer.Option(help="CA tin cậy (PEM) / trusted CA.")] = None,
    format: Annotated[str, typer.Option("--format", help="human | json")] = "human",
) -> None:
    """Xác minh chữ ký của tệp. / Verify the signature of a file."""
    from vnhealth import signing

    store = signing.TrustStore([_read(trust)]) if trust else None
    report = signing.verify(_read(source), trust=store, at=datetime.now(UTC))
    valid = report.status is signing.SignatureStatus.VALID
    if format == "json":
        found = [f.to_dict(Settings.lang) for f in report.findings]
        print_json({"version": 1, "path": str(source), "status": report.status, "findings": found})
    else:
        out.print(f"{source}: {report.status.value}", markup=False)
        for finding in report.findings:
            out.print(f"  {finding.code} {finding.text(Settings.lang)}", markup=False)
    raise typer.Exit(Exit.OK if valid else Exit.FINDINGS)
