"""Real processes and kill -9, a few points; ``tools/kill_outbox.py`` runs hundreds."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

TOOL = Path(__file__).parents[3] / "tools" / "kill_outbox.py"
pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def tool():
    spec = importlib.util.spec_from_file_location("kill_outbox", TOOL)
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_nothing_is_lost_or_doubled_when_processes_are_killed(tool, database):
    if database == "postgresql" and not tool.PG_BIN.is_dir():
        pytest.skip("no PostgreSQL 15 binaries")
    done = subprocess.run(
        [sys.executable, TOOL, "--points", "4", "--database", database],
        capture_output=True,
        text=True,
        timeout=120,
    )
    found = json.loads(done.stdout)
    assert {name: found[name] for name in tool.BAD} == dict.fromkeys(tool.BAD, 0), done.stderr
    assert found["acknowledged"] == found["added"] > 0
    assert done.returncode == 0
