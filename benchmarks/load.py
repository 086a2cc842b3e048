"""A small load generator: one process, some connections, each sends the next request at once."""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from pathlib import Path


async def _connection(host: str, port: int, request: bytes, stop: float, done: list[int]) -> None:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        while time.perf_counter() < stop:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            status = int(head[9:12])
            length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r")[0])
            await reader.readexactly(length)
            if status != 200:
                raise SystemExit(f"status {status}")
            done.append(1)
    finally:
        writer.close()


async def load(host: str, port: int, request: bytes, connections: int, seconds: float) -> float:
    """Requests per second."""
    done: list[int] = []
    start = time.perf_counter()
    stop = start + seconds
    await asyncio.gather(
        *(_connection(host, port, request, stop, done) for _ in range(connections))
    )
    return len(done) / (time.perf_counter() - start)


def main() -> None:
    """``python -m benchmarks.load HOST PORT REQUEST_FILE CONNECTIONS SECONDS``: prints JSON."""
    parser = argparse.ArgumentParser()
    for name in ("host", "port", "request", "connections", "seconds"):
        parser.add_argument(name)
    o = parser.parse_args()
    request = Path(o.request).read_bytes()
    rate = asyncio.run(load(o.host, int(o.port), request, int(o.connections), float(o.seconds)))
    print(json.dumps({"per_second": rate}))


if __name__ == "__main__":
    main()
