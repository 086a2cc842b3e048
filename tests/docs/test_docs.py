"""Both languages have the same pages, and every code, command and table is documented."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import typer.main

from vnhealth import spec
from vnhealth.findings import catalogue

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The written pages with the generated ones, away from the tree that others read."""
    docs = tmp_path_factory.mktemp("site") / "docs"
    generated = shutil.ignore_patterns("reference")
    shutil.copytree(ROOT / "docs", docs, ignore=generated)
    subprocess.run([sys.executable, str(ROOT / "tools" / "gen_docs.py"), str(docs)], check=True)
    return docs


def pages(folder: Path) -> set[str]:
    return {str(p.relative_to(folder)) for p in folder.rglob("*.md")}


def test_both_languages_have_the_same_pages(built: Path) -> None:
    assert pages(built / "vi") == pages(built / "en")


def test_every_code_and_table_has_a_page(built: Path) -> None:
    held = pages(built / "vi")
    for info in catalogue:
        assert f"reference/findings/{info.code}.md" in held
    for edition in spec.Edition:
        family = spec.edition_info(edition).family
        for name in spec.tables(edition):
            assert f"reference/tables/bhyt{family}-{name.lower()}.md" in held


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_every_command_is_on_the_cli_page(lang: str) -> None:
    from vnhealth.cli import _app

    if not _app.app.registered_groups:
        _app.register()
    text = (ROOT / "docs" / lang / "cli.md").read_text("utf-8")
    group = typer.main.get_command(_app.app)
    for name, command in group.commands.items():  # type: ignore[attr-defined]
        for sub in getattr(command, "commands", {"": None}):
            wanted = f"{name} {sub}".strip()
            assert wanted in text or name == "version", wanted
