"""Every tutorial and the README run as they stand: shell blocks and Python blocks, in order."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    ROOT / "README.md",
    *sorted((ROOT / "docs").glob("*/tutorials/*.md")),
    *sorted((ROOT / "docs").glob("*/how-to/**/*.md")),
]
BLOCK = re.compile(r"^```(sh|python)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks(page: Path) -> list[tuple[str, str]]:
    found = BLOCK.findall(page.read_text("utf-8"))
    if page.name == "README.md":
        found = [(lang, body) for lang, body in found if lang == "python"]
    return found


@pytest.mark.e2e
@pytest.mark.parametrize("page", PAGES, ids=lambda p: "-".join(p.relative_to(ROOT).parts))
def test_page_runs(page: Path, tmp_path: Path) -> None:
    found = blocks(page)
    assert found
    bin_folder = Path(sys.executable).parent
    env = {**os.environ, "PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}", "QUIET": "1"}
    for number, (lang, body) in enumerate(found, 1):
        if lang == "sh":
            command = ["bash", "-euo", "pipefail", "-c", body]
        else:
            command = [sys.executable, "-W", "error", "-c", body]
        done = subprocess.run(
            command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=240
        )
        assert done.returncode == 0, f"block {number} of {page.name}:\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr
