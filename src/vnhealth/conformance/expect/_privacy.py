"""Expectations about the de-identified feed: planted values must not come through."""

from __future__ import annotations

import re

from vnhealth.conformance._model import Undecided, step
from vnhealth.conformance._opened import opened
from vnhealth.conformance._watch import Arrived, Watch

__all__ = ["canaries", "hiv_kept_back", "no_canary"]

SHORTEST = 6
"""Shorter values occur by chance."""
IDENTIFYING = (
    "HO_TEN", "SO_CCCD", "MA_THE_BHYT", "MA_BN", "DIA_CHI", "DIEN_THOAI", "MA_LK", "MA_HSBA",
    "MA_THE_TAM", "MA_BAC_SI", "NGUOI_THUC_HIEN", "SO_SERI", "HO_TEN_CHA", "HO_TEN_ME",
)  # fmt: skip


def canaries(watch: Watch) -> set[str]:
    """The identifying values of everybody staged, whole and without blanks."""
    found: set[str] = set()
    for send in watch.staged.sends:
        for rows in send.tables.values():
            for row in rows:
                for tag in IDENTIFYING:
                    for value in re.split("[;,]", row.get(tag, "")):
                        if len(value.strip()) >= SHORTEST:
                            found.add(value.strip())
    return found


def _feed(watch: Watch) -> list[Arrived]:
    found = watch.files_of("deid", "national_deid")
    if not found:
        raise Undecided("nothing reached the de-identified store")
    return found


@step(
    "Không giá trị định danh nào của người bệnh được giao tới kho không định danh",
    "No identifying value of anybody staged reaches the de-identified store",
)
def no_canary(watch: Watch) -> str:
    """Looked for in every request to that store, taken or not, in its address, its body and the
    tables that are packed in the body.
    """
    _feed(watch)
    planted = canaries(watch)
    leaks = 0
    for heard in watch.heard:
        if heard.gateway != "national_deid" or heard.call == "login":
            continue
        body = heard.request.body
        texts = [body.decode("utf-8", "replace"), heard.request.query, *_packed(body)]
        leaks += sum(any(value in text for text in texts) for value in planted)
    return f"{leaks} values" if leaks else ""


def _packed(body: bytes) -> list[str]:
    """The cells of the tables of a claim file."""
    return [
        cell
        for case in opened(body).cases
        for rows in case.values()
        for row in rows
        for cell in row.values()
    ]


@step(
    "Hồ sơ của người nhiễm HIV không tới kho không định danh",
    "Cases of people with HIV do not reach the de-identified store",
)
def hiv_kept_back(watch: Watch) -> str:
    """Fewer records than staged arrive: those with XML6 stay at home."""
    _feed(watch)
    staged = watch.staged.claims
    withheld = sum(1 for claim in staged if claim.rows("XML6"))
    if not withheld:
        raise Undecided("no such case staged")
    arrived = sum(len(found) for key, found in watch.held.items() if key[0] == "national_deid")
    if not arrived:
        raise Undecided("nothing was taken")
    return f"{arrived} of {len(staged)}" if arrived > len(staged) - withheld else ""
