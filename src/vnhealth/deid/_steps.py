"""From a policy row to a memo: value of a record in, finished fragment of XML out.

A fragment is ``<TAG>text</TAG>``, nothing, or starts with `MARK` and two digits of a finding code
(DEID-nn) that says what was refused; behind them may stand what is left.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from vnhealth.deid._case import Case, age_band, facility_code
from vnhealth.deid._keys import Tokens
from vnhealth.deid._people import LEAST, LIMIT, cards, documents, insurance
from vnhealth.deid._policy import Action, PolicyRow
from vnhealth.deid._tables import Withheld, forms, withheld
from vnhealth.deid._values import (
    FORM,
    LISTED,
    ROW,
    TOO_LONG,
    WITHHELD,
    Refused,
    as_number,
    as_text,
    capped,
    diagnoses,
    first_of,
    generalisation,
    items_of,
    kept_back,
    number_text,
    rounded_significant,
    rounded_step,
    translated,
)
from vnhealth.identity import bhyt_temp, licence, opaque_key
from vnhealth.localtime import LocalTime

__all__ = [
    "ENCOUNTER",
    "MARK",
    "CaseMemo",
    "Getter",
    "Memo",
    "ShiftGetter",
    "ShiftPlan",
    "Written",
    "marked",
]

MOST = 65_536
"""Longer values that are remembered; once there are so many, every encounter is searched."""
ONE_LICENCE = 60
"""Characters of one licence at most; no field for staff is shorter."""
_CENTURIES = ("19", "20")
MARK = "\1"
ENCOUNTER = "DEID-08"
Transform = Callable[[Any], "str | tuple[str, bool]"]


class Getter(Protocol):
    """Anything asked by ``memo[value]``."""

    def __getitem__(self, value: Any) -> str:
        """The fragment of a value."""
        ...


def marked(code: str, rest: str = "") -> str:
    """A fragment that reports a finding, and what is left."""
    return MARK + code[-2:] + rest


REFUSED_FORM = marked(FORM)


class Memo(dict[Any, str]):
    """Value to fragment for what depends on the value alone (and on the facility)."""

    __slots__ = ("_make",)

    def __init__(self, make: Callable[[Any], str]) -> None:
        super().__init__({None: ""})
        self._make = make

    def __missing__(self, value: Any) -> str:
        found = self._make(value)
        if len(self) >= LIMIT:
            self.clear()
            self[None] = ""
        self[value] = found
        return found


class CaseMemo:
    """Asks the encounter, not the memory."""

    __slots__ = ("_case", "_make")

    def __init__(self, make: Callable[[Case, Any], str], case: Case) -> None:
        self._make = make
        self._case = case

    def __getitem__(self, value: Any) -> str:
        return "" if value is None else self._make(self._case, value)


class ShiftGetter:
    """Moment to fragment, shifted by the weeks of the person."""

    __slots__ = ("_days", "_plan")

    def __init__(self, plan: ShiftPlan, days: Mapping[str, str]) -> None:
        self._plan = plan
        self._days = days

    def __getitem__(self, value: Any) -> str:
        if value is None:
            return ""
        plan = self._plan
        if value.__class__ is not LocalTime:
            return plan.odd(value, self._days)
        text: str = value.text
        try:
            day = self._days[text[:8]]
        except KeyError:
            return REFUSED_FORM
        if plan.minutes:
            if len(text) == 8:
                return REFUSED_FORM
            return plan.start + day + text[8:] + plan.end
        if plan.period:
            return f"{plan.start}{day[:4]}-{day[4:6]}{plan.end}"
        return plan.start + day[plan.part] + plan.end


class ShiftPlan:
    """How the moments of one field are shifted and written: a minute, a day, a year, a month."""

    __slots__ = ("_list", "end", "minutes", "name", "part", "period", "start")

    def __init__(self, row: PolicyRow) -> None:
        part = self.name = row.params.get("part") or row.params["form"]
        self.minutes = part == "minute"
        self.part = {"year": slice(0, 4), "month": slice(4, 6)}.get(part, slice(0, 8))
        self._list = row.params.get("list") == "first"
        self.start, self.end = f"<{row.out}>", f"</{row.out}>"
        self.period = part == "period"

    def odd(self, value: Any, days: Mapping[str, str]) -> str:
        """A moment that came as text, or a list of them."""
        cut = False
        try:
            text = as_text(value)
            if not text:
                return ""
            if self._list:
                text, cut = first_of(text)
            moment = LocalTime.parse(text)
        except (Refused, ValueError):
            return REFUSED_FORM
        fragment = ShiftGetter(self, days)[moment]
        return marked(LISTED, fragment) if cut and fragment[:1] != MARK else fragment


class Gate:
    """The kept-back topic a field touches: what its values do when they are met."""

    __slots__ = ("_held", "_marks", "_silent", "_whole")

    def __init__(self, row: PolicyRow, whole: frozenset[str], exceptions: frozenset[str]) -> None:
        topic, _, kind = row.params.get("withhold", "").partition(".")
        self._held: Withheld | None = None
        self._silent = False
        self._marks: frozenset[str] | None = None
        self._whole = False
        if topic and topic not in exceptions:
            self._held = withheld(topic, kind)
            self._whole = topic in whole
        if row.action is Action.WITHHOLD and row.params["of"] not in exceptions:
            self._silent = True
            topic, _, values = row.params.get("mark", "").partition(":")
            self._whole = row.params["of"] in whole
            if topic:
                self._marks = frozenset(values.split("|")) if values else frozenset()

    @property
    def active(self) -> bool:
        """True when values must be looked at even if nothing of them is sent."""
        return self._held is not None or self._silent

    def check(self, text: str) -> str:
        """The fragment that stops a value, or nothing."""
        if self._silent:
            met = self._marks is not None and (not self._marks or text in self._marks)
            return marked(ENCOUNTER if met and self._whole else WITHHELD)
        effect = kept_back(text, self._held) if self._held else ""
        if effect == "encounter" and self._whole:
            return marked(ENCOUNTER)
        if effect == "row":
            return marked(ROW)
        return marked(WITHHELD) if effect else ""


class Written(set[str]):
    """All longer values that memos gave so far: what the rows of any encounter may hold.

    >>> written = Written(["DN4010000012345"])
    >>> written.may_hold(["DN4010000012345"]), written.may_hold(["001101000123"])
    (True, False)
    """

    def add_long(self, value: str) -> None:
        """Take note of a value that is long enough to be an identifier."""
        if len(value) >= LEAST and len(self) < MOST:
            self.add(value)

    def may_hold(self, identifiers: Iterable[str]) -> bool:
        """False only when no row can hold one of these, be it a value or a shifted moment."""
        return (
            len(self) >= MOST
            or not self.isdisjoint(identifiers)
            or any(text[:2] in _CENTURIES for text in identifiers)
        )


def fragment_maker(
    row: PolicyRow, transform: Transform, gate: Gate, limit: int | None, written: Written
) -> Callable[[Any], str]:
    """The function behind a `Memo`: gate, length, transformation, form."""
    form = forms().get(row.params.get("form", ""))
    if row.effective is Action.TOKEN:
        form = forms()["token"]
    start, end = f"<{row.out}>", f"</{row.out}>"
    sent, gated = row.sent, gate.active

    def make(value: Any) -> str:
        try:
            if isinstance(value, str) and not value.strip():
                return ""
            stopped = gate.check(as_text(value)) if gated else ""
            if stopped or not sent:
                return stopped
            if limit is not None and isinstance(value, str) and len(value) > limit:
                raise Refused(TOO_LONG)
            found = transform(value)
        except Refused as refused:
            return marked(refused.code)
        done, cut = found if isinstance(found, tuple) else (found, False)
        if form is None or not form.fullmatch(done):
            return marked(FORM)
        written.add_long(done)
        fragment = f"{start}{done}{end}"
        return marked(LISTED, fragment) if cut else fragment

    return make


def transform_of(row: PolicyRow) -> Transform:
    """The transformation of an action that needs only the value."""
    params, action = row.params, row.effective
    if action is Action.ROUND:
        return _round(row)
    if action is Action.BAND:
        step = int(params["step"])
        return lambda value: rounded_step(value, step, None, down=True)
    if action is Action.CAP:
        ceiling = int(params["max"])
        return lambda value: capped(value, ceiling)
    if action is Action.GENERALISE:
        by = generalisation(params["by"])
        return lambda value: by(as_text(value))
    if action is Action.ICD:
        form, rare, most = params["form"], int(params.get("rare", 0)), int(params.get("list", 1))
        return lambda value: diagnoses(as_text(value), form, rare, most)
    return _facility if action is Action.FACILITY else _keep(row)


def _facility(value: Any) -> str:
    return facility_code(as_text(value))


def _keep(row: PolicyRow) -> Transform:
    params = row.params
    if params.get("as") == "number":
        return lambda value: number_text(as_number(value))
    if params.get("list") == "first":
        return lambda value: first_of(as_text(value))
    if "list" in params:
        most, ordered = int(params["list"]), params["form"] == "departments"
        return lambda value: items_of(as_text(value), most, ordered=ordered)
    if "recode" in params:
        vocabulary = params["recode"]
        return lambda value: translated(as_text(value), vocabulary)
    return as_text


def _round(row: PolicyRow) -> Transform:
    params = row.params
    digits, step = int(params.get("digits", 0)), int(params.get("step", 0))
    ceiling = int(params["max"]) if "max" in params else None

    def rounded(value: Any) -> str | tuple[str, bool]:
        cut = False
        if params.get("list") == "first" and isinstance(value, str):
            value, cut = first_of(value)
        done = rounded_significant(value, digits) if digits else rounded_step(value, step, ceiling)
        return (done, cut) if cut else done

    return rounded


class StaffTokens(dict[Any, str]):
    """Token of a licence, for one facility; shared by all fields.

    Raises `KeyError` for what is not the text of one licence: see `StaffGetter` for those.
    """

    __slots__ = ("_facility", "_tokens")

    def __init__(self, tokens: Tokens, facility: str) -> None:
        super().__init__()
        self._tokens = tokens
        self._facility = facility

    def __missing__(self, value: Any) -> str:
        if value.__class__ is not str or ";" in value or len(value) > ONE_LICENCE:
            raise KeyError
        text = value.strip()
        if not text:
            raise KeyError
        if len(self) >= LIMIT:
            self.clear()
        found = self[value] = self.token(text)
        return found

    def token(self, item: str) -> str:
        """The token of one item of a list."""
        known = licence.parse_practitioners(item)
        held = known[0].licence if known else None
        key = held.normalized if held is not None and held.is_valid else item.upper()
        return self._tokens.token("staff", self._facility, key)


class StaffGetter:
    """Licences to fragment for one field and one facility: the first of a list counts."""

    __slots__ = ("_end", "_limit", "_start", "_tokens")

    def __init__(self, row: PolicyRow, limit: int | None, tokens: StaffTokens) -> None:
        self._start, self._end = f"<{row.out}>", f"</{row.out}>"
        self._limit = limit
        self._tokens = tokens

    def __getitem__(self, value: Any) -> str:
        if value is None:
            return ""
        try:
            text = as_text(value)
            if not text.strip(";"):
                return ""
            if self._limit is not None and len(text) > self._limit:
                raise Refused(TOO_LONG)
            item, cut = first_of(text)
        except Refused as refused:
            return marked(refused.code)
        token = self._tokens[item] if len(item) <= ONE_LICENCE else self._tokens.token(item)
        found = self._start + token + self._end
        return marked(LISTED, found) if cut else found


def token_transform(row: PolicyRow, tokens: Tokens, facility: str) -> Transform:
    """The token of a value inside a table, for one facility."""
    kind = row.params["kind"]

    def person(value: Any) -> str:
        text = as_text(value)
        if kind == "person.card":
            found = [k for k, _ in cards(text)]
        else:
            found = list(insurance(text) if kind == "person.bhxh" else documents(text))
        if not found:
            raise Refused
        return tokens.token(*found[0])

    def temporary(value: Any) -> str:
        found = bhyt_temp.parse(as_text(value)[:64])
        if not found.is_valid:
            raise Refused
        return tokens.token(kind, found.normalized)

    def local(value: Any) -> str:
        found = opaque_key.parse(as_text(value))
        if not found.is_valid:
            raise Refused
        return tokens.token(kind, facility, found.normalized)

    if kind == "person.temp":
        return temporary
    return person if kind in ("person.card", "person.bhxh", "person.cccd") else local


def case_maker(row: PolicyRow) -> Callable[[Case, Any], str]:
    """The function behind a `CaseMemo`: what the encounter says instead of the value."""
    name = row.params.get("form", "")
    out = row.out
    if row.effective is Action.TOKEN:
        name, out = "digit", row.params["level"]
    form = forms()[name]

    def make(case: Case, value: Any) -> str:
        if row.effective is Action.AGE_BAND:
            text = age_band(value, case.start)
        elif row.effective is Action.TOKEN:
            text = case.level
        else:
            text = case.card_valid
        if not text:
            return marked(FORM) if row.effective is Action.AGE_BAND else ""
        return f"<{out}>{text}</{out}>" if form.fullmatch(text) else marked(FORM)

    return make
