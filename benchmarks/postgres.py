"""A PostgreSQL of its own for measuring, in a folder that is gone afterwards; fsync stays on."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["cluster", "tools"]


def tools() -> Path | None:
    """The folder of ``initdb``, ``pg_ctl`` and ``postgres``, if there is one."""
    found = shutil.which("initdb")
    folders = [Path(os.path.realpath(found)).parent] if found else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return next((f for f in folders if (f / "pg_ctl").exists() and (f / "postgres").exists()), None)


@contextmanager
def cluster(folder: Path) -> Iterator[str]:
    """The address of a new cluster that listens on a socket only."""
    programs = tools()
    assert programs is not None
    data, socket = folder / "data", folder / "socket"
    for made in (data, socket):
        made.mkdir(parents=True)
    before: list[str] = []
    if os.geteuid() == 0:
        for made in (data, socket):
            shutil.chown(made, "nobody")
        before = ["runuser", "-u", "nobody", "--"]

    def run(program: str, *options: str) -> None:
        command = [*before, str(programs / program), "-D", str(data), *options]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)

    run("initdb", "-A", "trust", "-U", "vnhealth", "-E", "UTF8", "--locale", "C.UTF-8")
    options = f"-k {socket} -c listen_addresses='' -c max_wal_size=4GB -c shared_buffers=512MB"
    run("pg_ctl", "-w", "-l", str(data / "log"), "-o", options, "start")
    try:
        yield f"postgresql://vnhealth@/postgres?host={socket}"
    finally:
        run("pg_ctl", "-m", "fast", "stop")
