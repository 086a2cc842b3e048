"""What was measured on: the facts that go with every set of figures."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

__all__ = ["machine"]

LIBRARIES = [
    "lxml",
    "pybase64",
    "cryptography",
    "signxml",
    "httpx",
    "xsdata",
    "pydantic-xml",
    "xmlschema",
]


def machine(source: str) -> dict[str, object]:
    """Facts of this machine and its libraries; ``busy`` is how many processes want a core now."""
    model = ""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = [x for x in cpuinfo.read_text().splitlines() if x.startswith("model name")]
        model = lines[0].partition(":")[2].strip() if lines else ""
    libraries = {}
    for name in LIBRARIES:
        try:
            libraries[name] = version(name)
        except PackageNotFoundError:
            libraries[name] = "not installed"
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cpu": model,
        "cores": os.cpu_count(),
        "busy": round(os.getloadavg()[0], 1),
        "corpus": source,
        "libraries": libraries,
    }
