"""Are two records one person? A ladder of rules that a clerk can read and check.

Each pair gets one of three answers: ``match`` (may be merged automatically, and the merge undone),
``review`` (somebody must look) or ``no``. A number alone never merges: the name and the birth date
must not contradict it. Name, birth date and sex merge only inside one facility; across a province
or the nation the same three agree for different people, so ward or phone must agree too. The answer
does not depend on the order of the two records.

Legal source: none orders the rules; they are this project's own policy. That a person may have had
two numbers is decree 70/2024/NĐ-CP articles 11 and 12; that the personal number is the medical
identifier is decree 102/2025/NĐ-CP article 6.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from vnhealth.identity._base import CATALOGUE_PREFIX
from vnhealth.identity._similarity import date_slip, jaro_winkler, one_edit
from vnhealth.identity._syllables import is_bare_syllable
from vnhealth.identity.person_record import PersonRecord, PreparedRecord, prepare

__all__ = [
    "NAME_THRESHOLD",
    "Decision",
    "PersonRecord",
    "PreparedRecord",
    "Scope",
    "compare",
    "compare_prepared",
    "pairs",
    "plainly_different",
    "prepare",
]

NAME_THRESHOLD = 0.90
"""Jaro-Winkler similarity of sorted skeletons from which names count as similar."""

_BLOCK_LIMIT = 1000
_Same = Literal["equal", "partly", "slip", "differs", "unknown"]


class Scope(StrEnum):
    """How many people the two records come from; decides what name and birth date can prove.

    >>> Scope("national") is Scope.NATION
    True
    """

    FACILITY = "facility"
    PROVINCE = "province"
    NATION = "nation"

    @classmethod
    def _missing_(cls, value: object) -> Scope | None:
        return cls.NATION if value == "national" else None


@dataclass(frozen=True, slots=True)
class Decision:
    """``outcome`` (match, review, no), the permanent code of the ``rule`` that gave it, and the
    ``evidence``, codes of what agreed and what did not. Holds no value of either record.

    >>> Decision("no", "NO_RULE").reasons("en")
    ('No rule finds enough in common.',)
    """

    outcome: Literal["match", "review", "no"]
    rule: str
    evidence: tuple[str, ...] = ()

    def reasons(self, lang: str = "vi") -> tuple[str, ...]:
        """Return one sentence for the rule and one for each piece of evidence."""
        from vnhealth.findings import catalogue
        from vnhealth.identity.kinds import texts

        said = texts("name")
        codes = (self.rule, *self.evidence)
        return tuple(catalogue.info(CATALOGUE_PREFIX + code).message(lang, said) for code in codes)


def compare(a: PersonRecord, b: PersonRecord, scope: Scope | str = Scope.FACILITY) -> Decision:
    """Decide whether two records are one person.

    >>> one = PersonRecord("Nguyễn Văn Hòa", "1901-03-05", "1")
    >>> other = PersonRecord("NGUYỄN VĂN HOÀ", "5/3/1901", "1")
    >>> compare(one, other, "facility").outcome, compare(one, other, "nation").outcome
    ('match', 'review')
    """
    return compare_prepared(prepare(a), prepare(b), Scope(scope))


def compare_prepared(a: PreparedRecord, b: PreparedRecord, scope: Scope) -> Decision:
    """Decide on two prepared records; for loops over many pairs."""
    shared = _share_a_number(a, b)
    name, dob = _names_agree(a, b, similar=shared), _dates_agree(a, b)
    if shared:
        for rule in (_same_number, _earlier_number, _same_insurance):
            found = rule(a, b, name, dob)
            if found:
                return _with_evidence(found, a, b, name, dob)
    found = _special(a, b) or _two_numbers(a, b, name, dob) or _by_name(a, b, name, dob, scope)
    return _with_evidence(found or ("no", "NO_RULE"), a, b, name, dob)


def plainly_different(a: PreparedRecord, b: PreparedRecord) -> bool:
    """Tell quickly that `compare_prepared` would say no: neither a number nor the name nor the
    full date is shared.
    """
    return (
        a.skeleton != b.skeleton
        and (not a.date or a.date != b.date)
        and not _share_a_number(a, b)
        and not (a.anonymous or b.anonymous)
    )


_Found = tuple[Literal["match", "review", "no"], str]


def _share_a_number(a: PreparedRecord, b: PreparedRecord) -> bool:
    return not a.numbers.isdisjoint(b.numbers) or _same_code(a, b)


def _names_agree(a: PreparedRecord, b: PreparedRecord, *, similar: bool) -> _Same:
    """Return equal, partly (words left out, one letter apart, with ``similar`` also names that
    merely look alike), or differs.
    """
    if not a.skeleton or not b.skeleton:
        return "unknown"
    if a.skeleton == b.skeleton:
        return "equal"
    if _words_left_out(a, b) or _one_letter_apart(a, b):
        return "partly"
    if similar and jaro_winkler(a.skeleton, b.skeleton) >= NAME_THRESHOLD:
        return "partly"
    return "differs"


def _words_left_out(a: PreparedRecord, b: PreparedRecord) -> bool:
    """Tell whether one name has all words of the other, at least two, and more."""
    small, large = sorted((a.tokens, b.tokens), key=len)
    return len(small) > 1 and small < large


def _one_letter_apart(a: PreparedRecord, b: PreparedRecord) -> bool:
    """Tell whether one word of the names is one letter apart and the others are equal."""
    mine, theirs = a.tokens - b.tokens, b.tokens - a.tokens
    if len(mine) == len(theirs) == 1:
        return one_edit(next(iter(mine)), next(iter(theirs)))
    return one_edit(a.plain, b.plain)


def _slip_of_the_pen(a: PreparedRecord, b: PreparedRecord) -> bool:
    """Tell whether, of two words one letter apart, one can be no Vietnamese syllable and the other
    can: a typing slip, not another name.
    """
    mine, theirs = a.tokens - b.tokens, b.tokens - a.tokens
    if len(mine) != 1 or len(theirs) != 1:
        return False
    return is_bare_syllable(next(iter(mine))) != is_bare_syllable(next(iter(theirs)))


def _marks_differ(a: PreparedRecord, b: PreparedRecord) -> bool:
    """Tell whether equal skeletons were both written with marks, and not the same ones."""
    return a.marked and b.marked and a.key != b.key


def _dates_agree(a: PreparedRecord, b: PreparedRecord) -> _Same:
    """Return equal (full dates), partly (known parts agree), slip, differs or unknown."""
    if not a.year or not b.year:
        return "unknown"
    if a.date and b.date:
        if a.date == b.date:
            return "equal"
        return "slip" if date_slip(a.date, b.date) else "differs"
    if a.year != b.year or (a.month and b.month and a.month != b.month):
        return "differs"
    return "partly"


def _sexes_differ(a: PreparedRecord, b: PreparedRecord) -> bool:
    return bool(a.sex and b.sex and a.sex != b.sex)


def _same_phone(a: PreparedRecord, b: PreparedRecord) -> bool:
    return bool(a.phone) and a.phone == b.phone


def _same_ward(a: PreparedRecord, b: PreparedRecord) -> bool:
    return bool(a.ward) and a.ward == b.ward


def _same_place(a: PreparedRecord, b: PreparedRecord) -> bool:
    return _same_phone(a, b) or _same_ward(a, b)


def _elsewhere(a: PreparedRecord, b: PreparedRecord) -> bool:
    """Tell whether phone and ward are known on both sides and both differ: a namesake, perhaps."""
    return bool(a.phone and b.phone and a.ward and b.ward) and not _same_place(a, b)


def _codes_conflict(a: PreparedRecord, b: PreparedRecord) -> bool:
    """Tell whether the insurance codes differ by more than a slip that the place explains."""
    return _other_code(a, b) and not (_same_place(a, b) and one_edit(a.bhxh, b.bhxh))


def _same_code(a: PreparedRecord, b: PreparedRecord) -> bool:
    return bool(a.bhxh) and a.bhxh == b.bhxh


def _other_code(a: PreparedRecord, b: PreparedRecord) -> bool:
    return bool(a.bhxh and b.bhxh) and a.bhxh != b.bhxh


def _same_number(a: PreparedRecord, b: PreparedRecord, name: _Same, dob: _Same) -> _Found | None:
    """R1: same personal number or passport."""
    if not a.strong & b.strong:
        return None
    name_fits, date_fits = name in ("equal", "partly"), dob in ("equal", "partly", "unknown")
    if dob == "slip" and name == "equal":
        date_fits = _same_code(a, b) or _same_place(a, b)
    if name_fits and date_fits:
        return "match", "R1_ID"
    return "review", "R1_ID_ONE_CONFLICT" if name_fits or date_fits else "R1_ID_BOTH_CONFLICT"


def _earlier_number(a: PreparedRecord, b: PreparedRecord, name: _Same, dob: _Same) -> _Found | None:
    """R2: a number of one is an earlier number of the other."""
    if not a.numbers & b.numbers:
        return None
    if name in ("equal", "partly") and dob in ("equal", "partly", "unknown"):
        return "match", "R2_OLD_ID"
    return "review", "R2_OLD_ID_CONFLICT"


def _same_insurance(a: PreparedRecord, b: PreparedRecord, name: _Same, dob: _Same) -> _Found | None:
    """R3: same insurance code, and nothing against it."""
    if not _same_code(a, b):
        return None
    if _numbers_conflict(a, b):
        return "review", "R3_BHXH_ID_CONFLICT"
    sure = name == "equal" and dob == "equal" and not _marks_differ(a, b)
    year_fits = dob in ("equal", "partly") or (dob == "slip" and a.year == b.year)
    if name in ("equal", "partly") and year_fits and (sure or not _sexes_differ(a, b)):
        return "match", "R3_BHXH"
    return "review", "R3_BHXH_CONFLICT"


def _numbers_conflict(a: PreparedRecord, b: PreparedRecord) -> bool:
    """Tell whether both have personal numbers and they differ for good.

    One digit or two neighbours apart is taken as mistyped when one of the two does not fit the sex
    or birth year of its own record, or when two of insurance code, phone and ward agree.
    """
    if not a.ids12 or not b.ids12 or a.ids12 & b.ids12:
        return False
    supported = _same_code(a, b) + _same_phone(a, b) + _same_ward(a, b) > 1
    mistyped = any(
        one_edit(x, y) and (supported or (x in a.suspect) != (y in b.suspect))
        for x in a.ids12
        for y in b.ids12
    )
    return not mistyped


def _special(a: PreparedRecord, b: PreparedRecord) -> _Found | None:
    """R7 and unknown patients: names that are not the person's own."""
    if a.anonymous or b.anonymous:
        if _sexes_differ(a, b):
            return "no", "NO_RULE"
        if (a.anonymous and b.anonymous) or _same_phone(a, b):
            return "review", "ANONYMOUS"
        return "no", "NO_RULE"
    if a.newborn != b.newborn:
        return "no", "R7_NEWBORN"
    if a.newborn and b.newborn:
        alike = a.skeleton == b.skeleton and not _sexes_differ(a, b)
        close = not a.date or not b.date or a.date == b.date
        return ("review", "R7_NEWBORN_PAIR") if alike and close else ("no", "NO_RULE")
    return None


def _two_numbers(a: PreparedRecord, b: PreparedRecord, name: _Same, dob: _Same) -> _Found | None:
    """R6: two different valid personal numbers."""
    if not _numbers_conflict(a, b):
        return None
    agree = name == "equal" and dob == "equal" and _same_phone(a, b)
    return ("review" if agree else "no"), "R6_TWO_IDS"


def _by_name(
    a: PreparedRecord, b: PreparedRecord, name: _Same, dob: _Same, scope: Scope
) -> _Found | None:
    """R4 and R5: no number in common."""
    if name == "equal" and dob == "equal":
        return _name_and_date(a, b, scope)
    if _sexes_differ(a, b) or name == "unknown":
        return None
    if name == "equal" and dob == "partly" and _same_place(a, b):
        sure = scope is Scope.FACILITY and _same_phone(a, b)
        if sure and not _marks_differ(a, b) and not _codes_conflict(a, b):
            return "match", "R4_YEAR_PLACE"
        return "review", "R5_YEAR"
    if not _same_place(a, b):
        return None
    if name == "equal" and dob == "slip":
        sure = scope is Scope.FACILITY and _same_phone(a, b) and _same_ward(a, b)
        if sure and a.year == b.year and not _marks_differ(a, b) and not _codes_conflict(a, b):
            return "match", "R4_DOB_SLIP"
        return ("review", "R5_DOB_SLIP") if _same_phone(a, b) else None
    if dob == "equal":
        sure = scope is Scope.FACILITY and not _codes_conflict(a, b)
        if _one_letter_apart(a, b):
            if sure and _slip_of_the_pen(a, b):
                return "match", "R4_TYPO"
            return "review", "R5_TYPO"
        if _words_left_out(a, b):
            if sure and a.ends == b.ends:
                return "match", "R4_SHORT_NAME"
            return "review", "R5_SHORT_NAME"
    return None


def _name_and_date(a: PreparedRecord, b: PreparedRecord, scope: Scope) -> _Found:
    if _sexes_differ(a, b):
        return "review", "R4_SEX"
    if _codes_conflict(a, b):
        return "review", "R4_OTHER_BHXH"
    if _marks_differ(a, b):
        return "review", "R4_MARKS_DIFFER"
    if _same_place(a, b):
        return "match", "R4_NAME_DOB"
    if scope is Scope.FACILITY:
        return ("review", "R4_ELSEWHERE") if _elsewhere(a, b) else ("match", "R4_NAME_DOB")
    return "review", "R4_NATIONAL" if scope is Scope.NATION else "R4_PROVINCE"


_NAME_CODES = {"equal": "NAME_EQUAL", "partly": "NAME_SIMILAR", "differs": "NAME_DIFFERS"}
_DATE_CODES = {
    "equal": "DOB_EQUAL",
    "partly": "DOB_PARTLY_EQUAL",
    "slip": "DOB_SLIP",
    "differs": "DOB_DIFFERS",
    "unknown": "DOB_UNKNOWN",
}


def _with_evidence(
    found: _Found, a: PreparedRecord, b: PreparedRecord, name: _Same, dob: _Same
) -> Decision:
    said = []
    if a.numbers and not a.numbers.isdisjoint(b.numbers):
        said.append("SAME_OLD_ID" if a.strong.isdisjoint(b.strong) else "SAME_ID")
    if _same_code(a, b):
        said.append("SAME_BHXH")
    if name != "unknown":
        said.append(_NAME_CODES[name])
        if name == "equal" and _marks_differ(a, b):
            said.append("MARKS_DIFFER")
    said.append(_DATE_CODES[dob])
    if _sexes_differ(a, b):
        said.append("SEX_DIFFERS")
    if _same_phone(a, b):
        said.append("SAME_PHONE")
    if _same_ward(a, b):
        said.append("SAME_WARD")
    if _other_code(a, b):
        said.append("OTHER_BHXH")
    if a.ids12 and b.ids12 and a.ids12.isdisjoint(b.ids12):
        said.append("OTHER_ID")
    if a.suspect or b.suspect:
        said.append("ID_MISFIT")
    return Decision(*found, tuple(said))


def pairs(
    left: Sequence[PersonRecord],
    right: Sequence[PersonRecord] | None = None,
    scope: Scope | str = Scope.FACILITY,
) -> Iterator[tuple[int, int, Decision]]:
    """Yield (index left, index right, decision) for all pairs that are match or review.

    Without ``right`` the list is compared with itself (index left < index right). Only records
    that share a block (see `prepare`) are compared;
    keys shared by more than 1,000 records on a side (shared phones) are skipped. Two unknown
    patients are not paired.

    >>> people = [PersonRecord("Trần Thị Mẫu", "1901-03-05", "2"), PersonRecord("Lê Văn Thử"),
    ...           PersonRecord("Mẫu Trần Thị", "05/03/1901", "2")]
    >>> [(i, j, d.outcome) for i, j, d in pairs(people)]
    [(0, 2, 'match')]
    """
    scope = Scope(scope)
    mine = [prepare(record) for record in left]
    theirs = mine if right is None else [prepare(record) for record in right]
    index: dict[str, list[int]] = defaultdict(list)
    for place, record in enumerate(theirs):
        for block in record.blocks:
            index[block].append(place)
    for i, record in enumerate(mine):
        candidates: set[int] = set()
        for block in record.blocks:
            found = index.get(block, ())
            if len(found) <= _BLOCK_LIMIT:
                candidates.update(found)
        for j in sorted(candidates):
            if right is None and j <= i:
                continue
            if plainly_different(record, theirs[j]):
                continue
            decision = compare_prepared(record, theirs[j], scope)
            if decision.outcome != "no":
                yield i, j, decision
