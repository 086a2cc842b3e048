"""Which call of which gateway a request is, by the registry; the path itself is never kept."""

from __future__ import annotations

from dataclasses import dataclass, field

from vnhealth.protocol import Endpoint, gateways

__all__ = ["Route", "locate"]


@dataclass(frozen=True, slots=True, repr=False)
class Route:
    """``gateway`` is empty when none is known, ``endpoint`` None when the call is not."""

    gateway: str = ""
    endpoint: Endpoint | None = None
    args: dict[str, str] = field(default_factory=dict)


def locate(method: str, host: str, path: str, gateway: str = "") -> Route:
    """The call by the gateway that is given, else by host name, else by the sandbox's prefix.

    The end of the path decides, so a base URL may have a path of its own.

    >>> found = locate("POST", "egw.baohiemxahoi.gov.vn", "/api/token/take")
    >>> found.gateway, found.endpoint.name
    ('vss', 'login')
    """
    key = gateway or _by_host(host) or _by_prefix(path)
    if not key:
        return Route()
    given = path.strip("/").split("/")
    for endpoint in gateways()[key].endpoints.values():
        args = _args(endpoint.path.strip("/").split("/"), given)
        if args is not None and endpoint.method == method:
            return Route(key, endpoint, args)
    return Route(key)


def _by_host(host: str) -> str:
    return next((key for key, g in gateways().items() if host.lower() in g.hosts), "")


def _by_prefix(path: str) -> str:
    first = "/" + path.lstrip("/").partition("/")[0].lower()
    return next((key for key, g in gateways().items() if g.prefix == first), "")


def _args(wanted: list[str], given: list[str]) -> dict[str, str] | None:
    if len(given) < len(wanted):
        return None
    found = {}
    for want, have in zip(wanted, given[-len(wanted) :], strict=True):
        if want.startswith("{"):
            found[want[1:-1]] = have
        elif want.lower() != have.lower():
            return None
    return found
