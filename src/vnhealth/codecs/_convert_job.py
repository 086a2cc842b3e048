"""What a conversion method works on: one target field of one row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from vnhealth.codecs._convert_plan import Hop, Rule
from vnhealth.codecs._loss import Loss, Tally
from vnhealth.models import same_meaning
from vnhealth.records import Claim, Record, record_class
from vnhealth.spec import Edition, Family, Field, table

__all__ = ["METHODS", "Context", "Job", "Method", "amount", "items", "method", "number", "rounded"]


@dataclass(slots=True)
class Context:
    """One claim on its way: the source, what is already built, and what was lost."""

    claim: Claim
    hop: Hop
    tally: Tally
    new_year_is_unknown: bool = False
    done: dict[str, tuple[Record, ...]] = field(default_factory=dict)
    places: list[int | None] | None = None
    origin: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)

    def lost(
        self,
        loss: Loss,
        field: tuple[str, str],
        to: tuple[str, str] = ("", ""),
        note: tuple[str, str] = ("", ""),
    ) -> None:
        """Counts one row, naming the field as the first edition of the way called it."""
        self.tally.add(loss, *self.origin.get(field, field), *to, vi=note[0], en=note[1])

    @property
    def kind(self) -> str:
        """MA_LOAI_KCB of the source in the codes of the 130 family ('' when unknown)."""
        row = self.claim.xml1
        code = row.text("MA_LOAI_KCB") if row is not None else ""
        if self.claim.family is Family.F4210:
            return same_meaning("encounter_kind", code, Family.F4210, Family.F130)
        return code.zfill(2) if code else ""


class Job:
    """One rule applied to one row; ``row`` is None when the target row has no source row.

    ``text`` is the text of the source field, '' when there is none.
    """

    __slots__ = ("context", "index", "row", "rule", "text")

    def __init__(self, context: Context, rule: Rule, row: Record | None, index: int) -> None:
        self.context = context
        self.rule = rule
        self.row = row
        self.index = index
        self.text: str = row.text(rule.tag) if row is not None and rule.tag else ""

    @property
    def target(self) -> Edition:
        """The edition that is written."""
        return self.context.hop.target

    @property
    def source(self) -> Edition:
        """The edition that is read."""
        return self.context.hop.source

    @property
    def to_field(self) -> Field:
        """The specification of the target field."""
        return table(self.target, self.rule.to_table)[self.rule.to_tag]

    def get(self, tag: str) -> str:
        """Another field of the source row, '' when the row has none."""
        if self.row is None or tag.lower() not in self.row.ATTRS:
            return ""
        return self.row.text(tag)

    def summary(self, tag: str) -> str:
        """A field of XML1 of the source."""
        row = self.context.claim.xml1
        known = row is not None and tag.lower() in record_class(row.FAMILY, "XML1").ATTRS
        return row.text(tag) if known else ""

    def note(
        self, loss: Loss, vi: str | None = None, en: str | None = None, *, of: str = ""
    ) -> None:
        """Counts this row under a kind of loss, with the rule's own note unless one is given.

        ``of`` names another source field that the rule takes in.
        """
        rule = self.rule
        note = (rule.note_vi if vi is None else vi, rule.note_en if en is None else en)
        self.context.lost(loss, (rule.table, of or rule.tag), (rule.to_table, rule.to_tag), note)


Method = Callable[..., str]
METHODS: dict[str, Method] = {}
"""Name in the CSV files to function: takes the job and the words after the name, gives text."""


def method(function: Method) -> Method:
    """Registers a conversion method under its own name."""
    METHODS[function.__name__] = function
    return function


def items(text: str, separator: str = ";") -> list[str]:
    """The non-empty items of a list.

    >>> items("I10; E11;;")
    ['I10', 'E11']
    """
    return [item.strip() for item in text.split(separator) if item.strip()]


def number(text: str) -> Decimal | None:
    """A plain decimal number, None for an empty or unreadable text."""
    try:
        found = Decimal(text) if text.isascii() and "_" not in text else None
    except InvalidOperation:
        return None
    return found if found is not None and found.is_finite() else None


def rounded(value: Decimal, places: int = 2) -> Decimal:
    """Half up, as the amounts of the standards are rounded.

    >>> rounded(Decimal("2.345")), rounded(Decimal("-0.005"))
    (Decimal('2.35'), Decimal('-0.01'))
    """
    return value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)


def amount(*factors: Decimal | None) -> Decimal | None:
    """The product, rounded to 2 decimals; None when a factor is not known."""
    product = Decimal(1)
    for factor in factors:
        if factor is None:
            return None
        product *= factor
    return rounded(product)
