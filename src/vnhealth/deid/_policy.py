"""Policies as data: one row per field, read, checked and hashed."""

from __future__ import annotations

import csv
import hashlib
import io
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import NoReturn

from vnhealth.deid._tables import Label, forms, topics
from vnhealth.errors import DeidError
from vnhealth.spec import Edition, Family, edition_info, record_fields, tables

__all__ = ["ENVELOPE", "Action", "Policy", "PolicyRow"]

ENVELOPE = "ENVELOPE"
"""The table name of the rows that speak of the file around the tables; their family is ``*``."""

ENCOUNTER = "(encounter)"
TIER = "(tier)"
TIERS = ("linked", "release")
_COLUMNS = ["family", "table", "tag", "class", "action", "parameters", "reason"]
_OUT = re.compile(r"[A-Z][A-Z0-9_]{0,39}")


class Action(StrEnum):
    """What is done with the values of a field."""

    DROP = "drop"
    KEEP = "keep"
    RENUMBER = "renumber"
    RECOMPUTE = "recompute"
    TOKEN = "token"  # noqa: S105
    SHIFT = "shift"
    AGE_BAND = "age_band"
    GENERALISE = "generalise"
    ROUND = "round"
    BAND = "band"
    CAP = "cap"
    ICD = "icd"
    FACILITY = "facility"
    SUPPRESS = "suppress"
    WITHHOLD = "withhold"
    SCRUB = "scrub"


SILENT = frozenset({Action.DROP, Action.SUPPRESS, Action.SCRUB})
"""Actions after which nothing of the value is left; `SCRUB` only where ``mode`` is not given."""
_MODES = ("tags", "surrogates")

_CLASSES = {
    "direct identifier",
    "linkage key",
    "quasi-identifier",
    "clinical",
    "sensitive",
    "cost",
    "facility",
    "staff identifier",
    "technical",
    "free text",
}
_STRICT = {
    "direct identifier": SILENT | {Action.TOKEN, Action.WITHHOLD, Action.AGE_BAND},
    "staff identifier": SILENT | {Action.TOKEN, Action.WITHHOLD},
    "linkage key": SILENT | {Action.TOKEN, Action.WITHHOLD},
    "free text": SILENT | {Action.WITHHOLD},
}
_KEYS: Mapping[Action, frozenset[str]] = {
    Action.DROP: frozenset(),
    Action.SUPPRESS: frozenset(),
    Action.SCRUB: frozenset({"whitelist", "mode"}),
    Action.KEEP: frozenset({"as", "list", "recode"}),
    Action.RENUMBER: frozenset(),
    Action.RECOMPUTE: frozenset({"from", "part", "of"}),
    Action.TOKEN: frozenset({"kind", "level"}),
    Action.SHIFT: frozenset({"list", "with"}),
    Action.AGE_BAND: frozenset(),
    Action.GENERALISE: frozenset({"by"}),
    Action.ROUND: frozenset({"digits", "step", "max", "list"}),
    Action.BAND: frozenset({"step"}),
    Action.CAP: frozenset({"max"}),
    Action.ICD: frozenset({"rare", "list"}),
    Action.FACILITY: frozenset(),
    Action.WITHHOLD: frozenset({"of", "else"}),
}
_COMMON = frozenset({"form", "to", "at", "sent", "feed", "mark", "withhold", "not_with", "qi"})
GENERALISATIONS = frozenset(
    {
        "blood",
        "card_valid",
        "device_group",
        "drug",
        "ethnic",
        "facility_province",
        "facility_provinces",
        "first_digit",
        "nation",
        "province",
        "result",
        "service",
        "supply",
    }
)
_NUMBERS = ("digits", "step", "max", "rare")


@dataclass(frozen=True, slots=True)
class PolicyRow:
    """What happens to one field of one table, and why.

    ``params``: ``form`` the only form the result may have, ``to`` the tag it is written under,
    ``qi`` which declared quasi-identifier it is, ``at`` record or header when it does not stand in
    its table, ``sent=no`` when the receiving contract has no place for it (then it is dropped),
    ``sent=record`` when the same already stands at the record, ``feed`` what the value tells the
    text scrubber, ``withhold`` and ``mark`` which kept-back topic it touches, ``not_with`` a field
    beside which it is dropped, ``mode`` (tags or surrogates) that scrubbed text is sent. The rest
    belongs to the action.
    """

    family: str
    table: str
    tag: str
    sensitivity: str
    action: Action
    params: Mapping[str, str]
    reason: str

    @property
    def place(self) -> str:
        """For messages: family, table and tag."""
        return f"{self.family}:{self.table}.{self.tag}"

    @property
    def out(self) -> str:
        """The tag under which the result is written."""
        return self.params.get("to", self.tag)

    @property
    def effective(self) -> Action:
        """The action once nothing is kept back any more."""
        return Action(self.params["else"]) if self.action is Action.WITHHOLD else self.action

    @property
    def sent(self) -> bool:
        """True when something of the value is written."""
        if "sent" in self.params:
            return False
        action = self.effective
        return action not in SILENT or (action is Action.SCRUB and "mode" in self.params)


def _refuse(place: str, problem: str) -> NoReturn:
    raise DeidError("ERR-DEID-04", place=place, problem=problem) from None


def _row(raw: Mapping[str, str | None], line: int) -> PolicyRow:
    if list(raw) != _COLUMNS or None in raw.values():
        _refuse(f"line {line}", "the columns are not " + ",".join(_COLUMNS))
    text = {name: (value or "").strip() for name, value in raw.items()}
    place = f"{text['family']}:{text['table']}.{text['tag']}"[:60]
    try:
        action = Action(text["action"])
    except ValueError:
        _refuse(place, "unknown action")
    params: dict[str, str] = {}
    for part in text["parameters"].split():
        name, equal, value = part.partition("=")
        if not equal or not value or name in params:
            _refuse(place, "parameters are name=value, parted by blanks")
        params[name] = value
    row = PolicyRow(
        text["family"], text["table"], text["tag"], text["class"], action, params, text["reason"]
    )
    _check(row)
    return row


def _check(row: PolicyRow) -> None:
    place, params = row.place, row.params
    if row.sensitivity not in _CLASSES:
        _refuse(place, "unknown class")
    if not row.reason:
        _refuse(place, "no reason given")
    if row.action is Action.WITHHOLD and row.table != ENVELOPE:
        if params.get("of") not in topics():
            _refuse(place, "withhold needs of= a known topic")
        if params.get("else") not in set(Action) - {Action.WITHHOLD}:
            _refuse(place, "withhold needs else= an action")
    action = row.action if row.table == ENVELOPE else row.effective
    allowed = _KEYS[row.action] | _KEYS[action] | _COMMON
    unknown = sorted(params.keys() - allowed)
    if unknown:
        _refuse(place, f"parameter {unknown[0][:20]} does not belong to {action}")
    if action not in _STRICT.get(row.sensitivity, set(Action)):
        _refuse(place, f"a field of class {row.sensitivity} is never given to {action}")
    for name in _NUMBERS:
        if name in params and not (params[name].isascii() and params[name].isdigit()):
            _refuse(place, f"{name} needs a whole number")
    if params.get("sent", "no") not in ("no", "record") or not _OUT.fullmatch(
        params.get("to", "A")
    ):
        _refuse(place, "sent= is no, record or absent, to= is a tag")
    listed = params.get("withhold", "")
    topic, _, kind = listed.partition(".")
    if listed and kind not in topics().get(topic, frozenset()):
        _refuse(place, "withhold= names no list")
    if listed and action not in (
        Action.KEEP,
        Action.GENERALISE,
        Action.ICD,
        Action.SCRUB,
    ):
        _refuse(place, f"withhold= does not go with {action}")
    if row.table != ENVELOPE and row.sent:
        _check_sent(row, action)


def _check_sent(row: PolicyRow, action: Action) -> None:
    place, params = row.place, row.params
    form = params.get("form", "")
    if action is Action.SCRUB:
        if params["mode"] not in _MODES:
            _refuse(place, "mode= is tags or surrogates")
        return
    if action is Action.TOKEN:
        if not params.get("kind"):
            _refuse(place, "token needs kind=")
        if params.get("at", "record") != "record":
            _refuse(place, "at= is record or absent")
        return
    if form not in forms():
        _refuse(place, "a value that is sent needs form= a known form")
    needs = {
        Action.GENERALISE: ("by",),
        Action.BAND: ("step",),
        Action.CAP: ("max",),
        Action.RECOMPUTE: ("from", "part"),
    }
    for name in needs.get(action, ()):
        if name not in params:
            _refuse(place, f"{action} needs {name}=")
    if action is Action.GENERALISE and params["by"] not in GENERALISATIONS:
        _refuse(place, "unknown generalisation")
    if action is Action.SHIFT and form not in ("day", "minute"):
        _refuse(place, "shift needs form=day or form=minute")
    if action is Action.RECOMPUTE and not (form == params["part"] in ("year", "month", "period")):
        _refuse(place, "recompute needs part= and form= year, month or period")
    if action is Action.ROUND and not params.keys() & {"digits", "step"}:
        _refuse(place, "round needs digits= or step=")


@cache
def fields_of_spec() -> frozenset[tuple[str, str, str]]:
    """(family, table, tag) of every field of every edition."""
    found: set[tuple[str, str, str]] = set()
    for edition in Edition:
        family = edition_info(edition).family
        for name in tables(edition):
            found.update((family.value, name, f.tag) for f in record_fields(family, name))
    return frozenset(found)


class Policy:
    """A checked policy: it says something about every field that any edition knows.

    >>> policy = Policy.load("linked")
    >>> policy.row("130", "XML1", "HO_TEN").action.value, policy.label.value, len(policy.sha256)
    ('drop', 'pseudonymised', 64)
    """

    def __init__(self, data: bytes, name: str) -> None:
        self.name = name
        self.sha256 = hashlib.sha256(data).hexdigest()
        try:
            lines = data.decode("utf-8-sig").splitlines()
        except UnicodeDecodeError:
            _refuse("file", "not UTF-8")
        rows = [_row(raw, line) for line, raw in enumerate(csv.DictReader(lines), 2)]
        self._rows: dict[tuple[str, str, str], PolicyRow] = {}
        for row in rows:
            key = (row.family, row.table, row.tag)
            if key in self._rows:
                _refuse(row.place, "the field stands twice")
            self._rows[key] = row
        self._check_complete()
        self.tier = self._tier()
        self.label = Label.PSEUDONYMISED if self.tier == "linked" else Label.DEIDENTIFIED

    def _check_complete(self) -> None:
        own = {key for key in self._rows if key[1] != ENVELOPE}
        missing = sorted(fields_of_spec() - own)
        unknown = sorted(own - fields_of_spec())
        if missing or unknown:
            first = ":".join((missing or unknown)[0])
            raise DeidError(
                "ERR-DEID-05", missing=len(missing), unknown=len(unknown), first=first[:60]
            )
        if ("*", ENVELOPE, ENCOUNTER) not in self._rows:
            _refuse(f"*:{ENVELOPE}.{ENCOUNTER}", "the row is missing")

    def _tier(self) -> str:
        """The tier that the policy declares, once it keeps the rules of that tier."""
        row = self._rows.get(("*", ENVELOPE, TIER))
        tier = row.params.get("of", "") if row else ""
        if tier not in TIERS:
            _refuse(f"*:{ENVELOPE}.{TIER}", "the row is missing or names no tier")
        if tier == "linked":
            for family in Family:
                row = self.row(family.value, "XML1", "MA_LK")
                if row.action is not Action.TOKEN or row.params.get("at") != "record":
                    _refuse(row.place, "the link id must become the token of the record")
            return tier
        for row in self:
            if row.table == ENVELOPE or not row.sent:
                continue
            if row.table != "XML1" or "at" in row.params:
                _refuse(row.place, "the release tier writes one row for each encounter, from XML1")
            if row.effective in (Action.TOKEN, Action.SHIFT, Action.FACILITY, Action.SCRUB):
                _refuse(row.place, f"the release tier has no place for {row.effective}")
            if row.sensitivity == "quasi-identifier" and "qi" not in row.params:
                _refuse(row.place, "a quasi-identifier that is sent needs qi=")
        return tier

    @classmethod
    def load(cls, name: str = "linked") -> Policy:
        """A policy of this library. Raises `DeidError` (ERR-DEID-02) for one it does not hold."""
        return _own(name)

    @classmethod
    def from_file(cls, path: str | os.PathLike[str]) -> Policy:
        """Your own policy: a changed copy of one of this library."""
        try:
            data = Path(path).read_bytes()
        except OSError:
            raise DeidError("ERR-DEID-02", name=_shown(Path(path).name)) from None
        return cls(data, Path(path).stem[:60])

    @classmethod
    def from_bytes(cls, data: bytes, name: str = "own") -> Policy:
        """The same from the bytes of a CSV file."""
        return cls(data, name)

    def with_text(self, mode: str = "tags") -> Policy:
        """A copy that sends free text, scrubbed, with ``tags`` or ``surrogates`` in it.

        For a store that is ready for it, such as one of a province; the contract of the national
        store has no place for text. Raises `DeidError` for the release tier.

        >>> Policy.load("linked").with_text().row("130", "XML1", "GHI_CHU").params["mode"]
        'tags'
        """
        if self.tier != "linked":
            raise DeidError("ERR-DEID-08", tier=self.tier)
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(_COLUMNS)
        for row in self:
            params = dict(row.params)
            if row.action is Action.SCRUB and row.sensitivity == "free text":
                params["mode"] = mode
            words = " ".join(f"{name}={value}" for name, value in params.items())
            place = (row.family, row.table, row.tag, row.sensitivity, row.action.value)
            writer.writerow([*place, words, row.reason])
        return Policy(out.getvalue().encode(), f"{self.name}_text")

    def row(self, family: Family | str, table: str, tag: str) -> PolicyRow:
        """The row of a field. Raises `KeyError` for what is no field."""
        return self._rows[str(family), table, tag]

    @property
    def whole_encounters(self) -> frozenset[str]:
        """Topics of which one mark keeps the whole encounter back."""
        row = self._rows["*", ENVELOPE, ENCOUNTER]
        return frozenset({row.params["of"]} if row.action is Action.WITHHOLD else ())

    @property
    def topics(self) -> frozenset[str]:
        """The topics that can be kept back."""
        return frozenset(topics())

    def __iter__(self) -> Iterator[PolicyRow]:
        return iter(self._rows.values())

    def __len__(self) -> int:
        return len(self._rows)

    def __repr__(self) -> str:
        return f"<Policy {self.name} {self.sha256[:12]}>"


def _shown(name: str) -> str:
    """A name that may stand in a message: plain words only, because anything may be given."""
    return name if re.fullmatch(r"[A-Za-z_.-]{1,40}", name) else "(?)"


@cache
def _own(name: str) -> Policy:
    path = files("vnhealth.deid") / "data" / f"policy_{name}.csv"
    if not name.isidentifier() or not path.is_file():
        raise DeidError("ERR-DEID-02", name=_shown(name))
    return Policy(path.read_bytes(), name)
