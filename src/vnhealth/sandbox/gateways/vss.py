"""The insurance gateway: its groups of functions put together."""

from __future__ import annotations

from collections.abc import Callable

from vnhealth.protocol import Endpoint
from vnhealth.sandbox._core import Answer, Core, Front, Handler
from vnhealth.sandbox.gateways import (
    _vss_917,
    _vss_917_results,
    _vss_4210,
    _vss_4210_queries,
    _vss_cards,
    _vss_driver,
    _vss_files,
    _vss_results,
    _vss_session,
)

__all__ = ["front"]

GROUPS = (
    _vss_session,
    _vss_files,
    _vss_results,
    _vss_cards,
    _vss_4210,
    _vss_4210_queries,
    _vss_917,
    _vss_917_results,
    _vss_driver,
)
"""Each has ``handlers(core)`` and its own form of a refusal, ``refusal(code, detail)``."""


def front(core: Core, key: str) -> Front:
    """The handlers of all groups; paths in any case, as the portal is ASP.NET (assumption)."""
    handlers: dict[str, Handler] = {}
    forms: dict[str, Callable[[str, str], Answer]] = {}
    for group in GROUPS:
        found = group.handlers(core)
        handlers.update(found)
        forms.update(dict.fromkeys(found, group.refusal))

    def refuse(endpoint: Endpoint, code: str, status: int | None) -> Answer:
        return _vss_session.with_status(forms[endpoint.name](code, ""), status)

    return Front(handlers, refuse, checkers=_vss_driver.CHECKERS, exact_case=False)
