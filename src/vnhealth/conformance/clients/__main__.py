"""The plain client as a program: ``python -m vnhealth.conformance.clients FOLDER``.

It does the work order in the folder and follows the clock of the sandbox by event lines, see
`vnhealth.conformance._events`. It is an example of a program under test, and no part of a run.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
import time
from collections.abc import Iterator, MutableMapping
from pathlib import Path
from typing import IO

import httpx
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from cryptography.x509 import load_pem_x509_certificate

from vnhealth.conformance.clients._place import Workplace
from vnhealth.conformance.clients._plain_stores import PlainStoresClient
from vnhealth.sandbox.server import SystemClock
from vnhealth.signing import KeySigner

TIMEOUT_S = 3.0
"""How long an answer is waited for: real seconds, also where the rest is virtual."""
TASKS = sorted(n.removeprefix("do_") for n in dir(PlainStoresClient) if n.startswith("do_"))


class _Disk(MutableMapping[str, str]):
    """Files of the folder by name, each written in one step."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __getitem__(self, name: str) -> str:
        try:
            return (self._folder / name).read_text("utf-8")
        except FileNotFoundError:
            raise KeyError(name) from None

    def __setitem__(self, name: str, text: str) -> None:
        fresh = self._folder / f"{name}.new"
        fresh.write_text(text, "utf-8")
        fresh.replace(self._folder / name)

    def __delitem__(self, name: str) -> None:
        (self._folder / name).unlink()

    def __iter__(self) -> Iterator[str]:
        return (path.name for path in self._folder.iterdir())

    def __len__(self) -> int:
        return sum(1 for _ in self)


class _Time:
    """The clock of the sandbox when the other side tells it, else that of the machine."""

    def __init__(self, tell: IO[str], told: IO[str]) -> None:
        self._tell, self._told = tell, told
        self._now: dt.datetime | None = None
        self._ask({"event": "hello", "clock": "sandbox", "tasks": TASKS})

    def _ask(self, event: dict[str, object]) -> None:
        self._tell.write(json.dumps(event) + "\n")
        self._tell.flush()
        line = self._told.readline()
        self._now = dt.datetime.fromisoformat(json.loads(line)["now"]) if line else None

    def now(self) -> dt.datetime:
        """The present moment."""
        return self._now or SystemClock().now()

    def sleep(self, seconds: float) -> None:
        """Wait in the time of the sandbox."""
        if self._now is None:
            time.sleep(seconds)
        else:
            self._ask({"event": "sleep", "seconds": seconds})


class _Hurried(httpx.HTTPTransport):
    """Gives up on an answer after a short time."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.extensions["timeout"] = httpx.Timeout(TIMEOUT_S).as_dict()
        return super().handle_request(request)


def main(folder: Path) -> None:
    """Do the work order of a folder."""
    clock = _Time(sys.stdout, sys.stdin)
    order = json.loads((folder / "work-order.json").read_text("utf-8"))
    signers = {}
    for code, names in order["signing"].items():
        key = load_pem_private_key((folder / names["key"]).read_bytes(), None)
        certificate = load_pem_x509_certificate((folder / names["certificate"]).read_bytes())
        signers[code] = KeySigner(key, certificate.public_bytes(Encoding.DER))
    with _Hurried() as transport:
        place = Workplace(order, transport, clock.now, clock.sleep, _Disk(folder), signers)
        PlainStoresClient(place).run()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
