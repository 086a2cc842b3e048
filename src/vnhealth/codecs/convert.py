"""Conversion of claims between editions, with a report of everything that is lost or uncertain.

Up from edition 4210 and between the editions of the 130 family for work, down to 4210 for archives.
No official conversion table exists: the maps are this project's own, made from the field lists of
both sides. Nothing is filled in silently and nothing is changed without an entry in the report.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from vnhealth.codecs import _convert_dates, _convert_lists, _convert_money, _convert_values
from vnhealth.codecs._convert_job import METHODS, Context, Job, number, rounded
from vnhealth.codecs._convert_plan import OPTIONAL, Hop, Plan, Rule, hops, plan
from vnhealth.codecs._loss import Loss, LossEntry, LossReport, Tally
from vnhealth.errors import SpecError
from vnhealth.records import Claim, NotCanonical, Record, Value, cache_of, record_class, to_text
from vnhealth.spec import Edition, Field, Kind, edition_info, table, tables

__all__ = ["ConvertOptions", "Loss", "LossEntry", "LossReport", "convert_claim"]

_MODULES = (_convert_dates, _convert_lists, _convert_money, _convert_values)
"""They register the methods that the CSV files name."""
NEVER_CUT = ("MA_LK", "STT")
LINES_FIRST = ("XML2", "XML3", "XML4", "XML5")


@dataclass(frozen=True, slots=True)
class ConvertOptions:
    """What the caller takes responsibility for; everything is off by default.

    ``copy_times``: fill the order time of services and the execution time of drugs with the one
    time that 4210 holds. ``new_year_is_unknown``: read birth day 0101 of 4210 as an unknown day.
    ``move_transfer_condition``: PP_DIEU_TRI of a transfer paper becomes TINH_TRANG_CT.
    ``merge_transfer_names``: names of services and drugs of a transfer paper go to PP_DIEUTRI.
    """

    copy_times: bool = False
    new_year_is_unknown: bool = False
    move_transfer_condition: bool = False
    merge_transfer_names: bool = False


def convert_claim(
    claim: Claim,
    to: Edition | str,
    *,
    source: Edition | str | None = None,
    options: ConvertOptions | None = None,
) -> tuple[Claim, LossReport]:
    """A claim in another edition, and the report of what was lost.

    ``source`` is the edition of the claim; without it, the one in force at the end of the encounter
    in the claim's family. The input is not changed. Raises `vnhealth.errors.SpecError` for an
    unknown edition, and when ``source`` is not of the claim's family.

    >>> from vnhealth.records.bhyt4210 import Xml1
    >>> new, report = convert_claim(Claim(xml1=Xml1(ma_lk="A1", ma_loai_kcb="3")), "3176")
    >>> new.xml1.ma_loai_kcb, "MA_QUOCTICH" in {e.to_tag for e in report.missing_required}
    ('03', True)
    """
    target = Edition.parse(str(to))
    start = Edition.parse(str(source)) if source is not None else claim.edition()
    if edition_info(start).family is not claim.family:
        raise SpecError("CONV-20", source=start.value, family=claim.family.value)
    asked = options or ConvertOptions()
    tally = Tally()
    path = hops(start, target)
    changed = claim
    origin: dict[tuple[str, str], tuple[str, str]] = {}
    for hop in path:
        context = Context(changed, hop, tally, asked.new_year_is_unknown, origin=origin)
        changed = _hop(context, asked)
        origin = _renamed(origin, _plan(hop, asked))
    if path:
        _missing(changed, path, asked, tally)
    said = Tally()
    for entry in tally.entries():
        said.put(_with_requirement(entry, target))
    return changed, LossReport((start.value,), target.value, 1, said.entries())


def _plan(hop: Hop, options: ConvertOptions) -> Plan:
    return plan(hop, frozenset(name for name in OPTIONAL.values() if getattr(options, name)))


def _renamed(
    origin: dict[tuple[str, str], tuple[str, str]], rules: Plan
) -> dict[tuple[str, str], tuple[str, str]]:
    """What the first edition called the fields that now have another name."""
    pairs = (
        ((r.to_table, r.to_tag), origin.get((r.table, r.tag), (r.table, r.tag)))
        for held in rules.rules.values()
        for r in held
        if r.tag
    )
    return {now: then for now, then in pairs if now != then}


def _hop(context: Context, options: ConvertOptions) -> Claim:
    hop, claim = context.hop, context.claim
    rules = _plan(hop, options)
    held = sorted(tables(hop.target), key=lambda name: (name not in LINES_FIRST, name == "XML1"))
    for name in held:
        if claim.rows(name) and rules.rules[name]:
            built = enumerate(claim.rows(name))
            context.done[name] = tuple(_row(context, rules, name, row, i) for i, row in built)
    for row in claim:
        _dropped(context, rules, row)
    if not hop.within:
        _unplaced_machines(context, rules)
    return Claim.from_tables(edition_info(hop.target).family, context.done)


def _row(context: Context, rules: Plan, name: str, row: Record, index: int) -> Record:
    cls = record_class(edition_info(context.hop.target).family, name)
    kinds = cls.kinds()
    state: dict[str, Value] = {}
    raw: dict[str, str] = {}
    for rule in rules.rules[name]:
        attr = rule.to_tag.lower()
        own = row if rule.table == name else None
        job = Job(context, rule, own, index)
        text = METHODS[rule.method](job, *rule.args)
        if not text or not (text := _fitted(job, text, kinds[attr])):
            continue
        if context.hop.within and own is not None and text == job.text and rule.tag == rule.to_tag:
            state[attr] = own[rule.tag]
            if rule.tag in own.raw_texts:
                raw[rule.tag] = own.raw_texts[rule.tag]
            continue
        try:
            state[attr] = cache_of(kinds[attr])[text]
        except NotCanonical:
            raw[rule.to_tag] = text
    extra = row.extra if context.hop.within else ()
    return cls._trusted({a: v for a, v in state.items() if v is not None}, raw, extra)


def _fitted(job: Job, text: str, kind: Kind) -> str:
    """The text within the size of the target field, where the target is narrower."""
    rule, limit = job.rule, job.to_field
    if kind in (Kind.INTEGER, Kind.DECIMAL):
        return _fitted_number(job, text, limit, kind)
    size = limit.max_length
    if size is None or len(text) <= size or rule.to_tag in NEVER_CUT or not rule.tag:
        return text
    held = table(job.source, rule.table)[rule.tag].max_length
    if text == job.text and held is not None and held <= size:
        return text
    way = rule.too_long or ("items" if limit.separator else "drop")
    if way == "cut":
        job.note(Loss.TRUNCATED)
        return text[:size].rstrip()
    if way == "items":
        kept = ""
        for item in text.split(limit.separator or ";"):
            longer = f"{kept}{limit.separator or ';'}{item}" if kept else item
            if len(longer) > size:
                break
            kept = longer
        job.note(Loss.TRUNCATED if kept else Loss.TOO_LONG)
        return kept
    job.note(Loss.TOO_LONG)
    return ""


def _fitted_number(job: Job, text: str, limit: Field, kind: Kind) -> str:
    value, places = number(text), limit.decimals
    if value is None or places is None:
        return text
    held = table(job.source, job.rule.table)[job.rule.tag].decimals if job.rule.tag else None
    if kind is Kind.DECIMAL and text == job.text and held is not None and held <= places:
        return text
    short = rounded(value, places)
    if short != value:
        job.note(Loss.TRUNCATED)
    elif kind is Kind.DECIMAL:
        return text
    return to_text(short)


def _dropped(context: Context, rules: Plan, row: Record) -> None:
    """Counts the values of a row that no rule carries."""
    for tag in row.to_dict():
        if (row.TABLE, tag) not in rules.carried and row.text(tag):
            note = rules.notes.get((row.TABLE, tag), ("", ""))
            context.lost(Loss.NO_TARGET, (row.TABLE, tag), note=note)
    if not context.hop.within:
        for tag, _ in row.extra:
            context.lost(Loss.UNKNOWN_ELEMENT, (row.TABLE, tag[:40]))


def _unplaced_machines(context: Context, rules: Plan) -> None:
    """Counts machines that found no line on the other side."""
    claim, places = context.claim, _convert_lists.machine_places(context)
    if context.hop.source is Edition.QD4210:
        rows = [r for r, at in zip(claim.rows("XML4"), places, strict=True) if at is None]
        rule = _machine_rule(rules, "XML3")
    else:
        rows = [r for i, r in enumerate(claim.rows("XML3")) if i not in places]
        rule = _machine_rule(rules, "XML4")
    for _ in (r for r in rows if r.text("MA_MAY")):
        note = (rule.note_vi, rule.note_en)
        to = (rule.to_table, rule.to_tag)
        context.lost(Loss.UNDETERMINED, (rule.table, rule.tag), to, note)


def _machine_rule(rules: Plan, name: str) -> Rule:
    return next(rule for rule in rules.rules[name] if rule.to_tag == "MA_MAY")


_SAID = (Loss.UNDETERMINED, Loss.TOO_LONG, Loss.UNREADABLE)


def _missing(claim: Claim, path: Sequence[Hop], options: ConvertOptions, tally: Tally) -> None:
    """Counts the empty fields of the result: without any source, or with an empty one."""
    fed = {(name, f.tag) for name in tables(path[0].source) for f in table(path[0].source, name)}
    fed.add(("", ""))
    for hop in path:
        rules = (rule for held in _plan(hop, options).rules.values() for rule in held)
        fed = {(r.to_table, r.to_tag) for r in rules if (r.table, r.tag) in fed} | {("", "")}
    target = path[-1].target
    for name, rows in claim.tables.items():
        for f in table(target, name):
            empty = sum(1 for row in rows if not row.text(f.tag))
            if not empty:
                continue
            if (name, f.tag) not in fed:
                required = f.required == "yes"
                loss = Loss.MISSING_REQUIRED if required else Loss.MISSING_OPTIONAL
                tally.add(loss, "", "", name, f.tag, rows=empty)
            elif f.required == "yes":
                silent = empty - tally.rows(_SAID, name, f.tag)
                if silent > 0:
                    tally.add(Loss.SOURCE_EMPTY, "", "", name, f.tag, rows=silent)


def _with_requirement(entry: LossEntry, target: Edition) -> LossEntry:
    """Says what the target requires; a field that only an edition on the way has is left out."""
    name, tag = entry.to_table, entry.to_tag
    if not tag:
        return entry
    if name not in tables(target) or tag not in table(target, name):
        return replace(entry, to_table="", to_tag="")
    return replace(entry, required=table(target, name)[tag].required)
