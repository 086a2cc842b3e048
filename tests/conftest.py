from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# On a CI machine the examples of the quick suite are the same in every run, so that a red run can
# be repeated; everywhere else, and always in the slow suite, they are drawn anew.
settings.register_profile(
    "default", max_examples=60, deadline=None, derandomize=bool(os.environ.get("CI"))
)
settings.register_profile(
    "slow",
    max_examples=2000,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

SLOW = pytest.mark.skip(reason="slow suite: run `make test-slow`")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Slow tests run only when they are asked for, and are counted when they are not."""
    if "slow" in (config.option.markexpr or ""):
        return
    for item in items:
        if "slow" in item.keywords:
            item.add_marker(SLOW)


@pytest.fixture(scope="session")
def repo() -> Path:
    return Path(__file__).resolve().parents[1]


def _postgres_tools() -> Path | None:
    found = shutil.which("initdb") or ""
    tools = Path(os.path.realpath(found)).parent if found else None
    for folder in ([tools] if tools else []) + sorted(Path("/usr/lib/postgresql").glob("*/bin")):
        if (folder / "postgres").exists() and (folder / "pg_ctl").exists():
            return folder
    return None


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real PostgreSQL of its own, on a socket in a temporary folder."""
    pytest.importorskip("sqlalchemy")
    pytest.importorskip("psycopg")
    tools = _postgres_tools()
    if tools is None:
        pytest.skip("no PostgreSQL on this machine")
    folder = tmp_path_factory.mktemp("pg")
    data, socket = folder / "data", folder / "s"
    socket.mkdir()
    folder.chmod(0o777)
    socket.chmod(0o777)
    data.mkdir()
    before: list[str] = []
    if os.geteuid() == 0:
        shutil.chown(data, "nobody")
        shutil.chown(socket, "nobody")
        for parent in folder.parents:
            if parent.owner() == "root" and parent != Path("/") and parent != Path("/tmp"):
                parent.chmod(parent.stat().st_mode | 0o011)
        before = ["runuser", "-u", "nobody", "--"]

    def run(*command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*before, *command], capture_output=True, text=True, timeout=120)

    made = run(str(tools / "initdb"), "-D", str(data), "-A", "trust", "-U", "vnhealth", "-N")
    if made.returncode:
        pytest.skip("initdb cannot run here")
    options = f"-k {socket} -c listen_addresses='' -c fsync=off"
    control = str(tools / "pg_ctl")
    log = str(data / "log")
    started = run(control, "-D", str(data), "-w", "-l", log, "-o", options, "start")
    if started.returncode:
        pytest.skip("PostgreSQL cannot start here")
    try:
        yield f"postgresql+psycopg://vnhealth@/postgres?host={socket}"
    finally:
        run(control, "-D", str(data), "-m", "immediate", "stop")
