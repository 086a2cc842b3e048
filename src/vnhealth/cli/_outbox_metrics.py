"""The numbers of an outbox at an address, for a Prometheus on this machine."""

from __future__ import annotations

from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

__all__ = ["metrics_server"]

TYPE = "text/plain; version=0.0.4; charset=utf-8"


def metrics_server(numbers: Callable[[], str], port: int) -> ThreadingHTTPServer:
    """A server on the loopback address that answers ``GET /metrics``; port 0 takes a free one.

    ``numbers`` is asked anew for each request. Requests are not logged.
    """

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known = self.path == "/metrics"
            body = numbers().encode() if known else b""
            self.send_response(200 if known else 404)
            self.send_header("Content-Type", TYPE)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    return ThreadingHTTPServer(("127.0.0.1", port), Page)
