"""The rules of the house that a machine can see."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from vnhealth.findings import catalogue

SRC = Path(__file__).resolve().parents[2] / "src" / "vnhealth"
MODULES = sorted(p for p in SRC.rglob("*.py") if not p.name.startswith("_gen_"))
CODE = re.compile(r"\b(?:BHYT|ERR|SIGN|SBX|GW|DEID|CONV|SYNC)(?:-[A-Z0-9]+)*-\d{2,3}\b")


def test_importing_vnhealth_is_cheap_and_lazy() -> None:
    heavy = [
        "lxml",
        "cryptography",
        "httpx",
        "typer",
        "rich",
        "starlette",
        "uvicorn",
        "pydantic",
        "csv",
        "decimal",
    ]
    code = f"import sys, vnhealth; print([m for m in {heavy!r} if m in sys.modules])"
    done = subprocess.run(
        [
            sys.executable,
            "-S",
            "-c",
            f"import sys; sys.path.insert(0, {str(SRC.parent)!r}); {code}",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(SRC)))
def test_no_module_passes_the_ceiling(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) <= 500


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(SRC)))
def test_every_code_used_is_in_the_catalogue(path: Path) -> None:
    used = set(CODE.findall(path.read_text("utf-8")))
    assert used <= {info.code for info in catalogue}


def test_the_library_has_no_clock_of_its_own() -> None:
    forbidden = {("datetime", "now"), ("datetime", "today"), ("date", "today"), ("time", "time")}
    forbidden |= {("datetime", "utcnow"), ("dt", "now")}
    found = []
    for path in MODULES:
        if path.relative_to(SRC).parts[0] in ("cli", "__main__.py"):
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                owner = node.func.value
                name = owner.attr if isinstance(owner, ast.Attribute) else getattr(owner, "id", "")
                if (name, node.func.attr) in forbidden:
                    found.append(f"{path.relative_to(SRC)}:{node.lineno}")
    allowed = {"sandbox/_clock.py", "sandbox/server.py", "sync/_session.py"}
    assert [f for f in found if f.split(":")[0] not in allowed] == []


def test_nothing_speaks_of_this_machine() -> None:
    root = SRC.parents[1]
    words = re.compile(
        "|".join(["/wor" + "k/", "pypi" + r"\.org", "registry" + r"\.npmjs", "deb" + r"\.debian"])
    )
    listed = subprocess.run(["git", "ls-files"], cwd=root, capture_output=True, text=True).stdout
    bad = []
    for name in listed.splitlines():
        path = root / name
        if path.suffix in (".py", ".md", ".toml", ".csv", ".yml", ".sh", "") and path.is_file():
            if words.search(path.read_text("utf-8", errors="ignore")):
                bad.append(name)
    assert bad == []
