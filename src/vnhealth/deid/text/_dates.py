"""Dates in all usual forms, years of birth, and days of the record without their year."""

from __future__ import annotations

import re
from collections.abc import Iterator

from vnhealth.deid.text._days import FIRST, LAST, KnownDays, century, is_compact_date, is_day, read
from vnhealth.deid.text._lexicon import listed, name_folds, name_keys, near_words
from vnhealth.deid.text._page import Page

__all__ = ["find_dates"]

_MONTH = re.compile(
    r"\b[0-3]?[0-9][/.-]([01]?[0-9])[/.-](?:19|20)?[0-9]{2}\b"
    r"|\b(?:ngày|hẹn|hôm|ngay|hen) [0-3]?[0-9]/([01]?[0-9])\b"
)
_SCORE = frozenset({"score"})
_COUNTING = frozenset({"score", "ratio"})
_LAST_MONTH = 12
_MONTHS = [
    "jan",
    "feb",
    "mar",
    "apr",
    "may",
    "jun",
    "jul",
    "aug",
    "sep",
    "sept",
    "oct",
    "nov",
    "dec",
    "january",
    "february",
    "march",
    "april",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]
_SEXES = frozenset({"M", "F", "Nam", "Nữ", "NAM", "NỮ", "NU"})
_TIES = {
    "/": ("/", "-", "."),
    "-": ("-", "/", "–"),
    "–": ("–", "-"),
    ".": (".", "/", "-"),
    ",": (",",),
    "\\": ("\\",),
}
"""The first separator of a date, and what may be its second."""
_FOLLOWERS = frozenset({"tết", "tet", "tháng", "thang", "th", "năm", *_MONTHS})
_LEADERS = frozenset({"tháng", "thang", "t", "nam", "nữ", "nu", *_MONTHS})


def _year(word: str) -> int:
    return int(word) if len(word) == 4 and FIRST <= int(word) <= LAST else 0


class _Finder:
    """One page and what stands before and behind its numbers."""

    def __init__(self, page: Page, known: KnownDays) -> None:
        self.page = page
        self.known = known
        self.listed: set[int] = set()
        """Places behind a date where another of a list may stand: từ 5/11 đến 8/11, 9/11."""
        self.cues: dict[int, frozenset[str]] = {}
        for _, last, classes in page.found["cues"]:
            self.cues[last] = self.cues.get(last, frozenset()) | frozenset(classes)
        self._near = near_words(bare=page.bare)
        self._forms = page.folds if page.bare else page.keys

    def before(self, i: int) -> frozenset[str]:
        """The classes of cues that end just before word i."""
        page = self.page
        if not i or page.shape[i] not in " .:(_-/,n":
            return frozenset()
        near = self._near.get(self._forms[i - 1], frozenset())
        return near | self.cues[i] if i in self.cues else near

    def value(self, i: int, longest: int = 2) -> int:
        """The number at a place, or -1."""
        if not 0 <= i < self.page.size:
            return -1
        word = self.page.words[i]
        return int(word) if word.isdigit() and len(word) <= longest and word.isascii() else -1

    def word(self, i: int) -> str:
        return self.page.words[i].lower() if 0 <= i < self.page.size else ""

    def tied(self, i: int, letters: str) -> bool:
        """True when word i hangs on the one before by one of these separators."""
        if not 0 < i < self.page.size:
            return False
        bare = self.page.seps[i].strip(" ")
        return bare in letters and bare != "" and len(self.page.seps[i]) <= 3

    def likely(self, i: int) -> bool:
        """False for most numbers that are no dates, at little cost."""
        page = self.page
        size = len(page.words[i])
        if size in (4, 8, 12, 14) or i in self.cues:
            return True
        if i and "day" in self._near.get(self._forms[i - 1], ()):
            return True
        if page.shape[i + 1 : i + 2] in ("/", "-", ".", ",", ":"):
            return True
        return self.word(i + 1) in _FOLLOWERS or self.word(i - 1) in _LEADERS

    def at(self, i: int) -> int:
        """The last word of the date that begins at word i, or -1."""
        ways = (self._triple, self._spoken, self._pair, self._foreign, self._alone)
        for way in ways:
            last = way(i)
            if last >= 0:
                return last
        return -1

    def _triple(self, i: int) -> int:
        """5/11/2024, 05.11.24, 2024-11-05."""
        page = self.page
        if i + 2 >= page.size:
            return -1
        one, two = page.seps[i + 1], page.seps[i + 2]
        if len(one) > 3 or len(two) > 3:
            return -1
        sep = one.strip(" ")
        if not sep or sep not in _TIES or two.strip(" ") not in _TIES[sep]:
            return -1
        a, b, c = page.words[i : i + 3]
        if not (a.isdigit() and b.isdigit() and c.isdigit()) or max(map(len, (a, b, c))) > 4:
            return -1
        if len(a) == 4 and len(b) <= 2 and len(c) <= 2:
            return i + 2 if is_day(int(a), int(b), int(c)) else -1
        if len(a) > 2 or len(b) > 2:
            return -1
        day, month = int(a), int(b)
        if not (1 <= day <= 31 and 1 <= month <= 12) and not (
            1 <= day <= 12 and 1 <= month <= 31 and len(c) == 4
        ):
            return -1
        if len(c) == 4:
            return i + 2 if _year(c) else -1
        if len(c) != 2 or self.tied(i + 3, sep):
            return -1
        if sep in ".," or self.before(i) & _SCORE:
            cued = self.before(i) & {"day", "birth"}
            known = (century(int(c)), month, day) in self.known.days
            return i + 2 if cued or known else -1
        return i + 2

    def _spoken(self, i: int) -> int:
        """(ngày) 5 tháng 11 năm 2024, tháng 11/2024, 5 tháng giêng, mùng 3 Tết."""
        if self.word(i + 1) in ("tết", "tet") and self.word(i - 1) in ("mùng", "mồng", "mung"):
            return i + 1
        if self.word(i + 1) not in ("tháng", "thang", "th") or self.page.shape[i + 1] not in " _/-":
            return -1
        day, month = self.value(i), self.value(i + 2)
        cued = "day" in self.before(i) or self.word(i - 1) in ("mùng", "mồng", "ngày", "ngay")
        if not 1 <= day <= 31:
            return -1
        if self.word(i + 2) in listed("lunar_month") and cued:
            return i + 2
        if not 1 <= month <= 12:
            return -1
        if self.word(i + 3) in ("năm", "nam") and self._any_year(i + 4):
            return i + 4
        if self._any_year(i + 3) and self.page.shape[i + 3] in " /-.,":
            return i + 3
        return i + 2 if cued and self.word(i + 3) not in ("ngày", "ngay", "tuổi") else -1

    def _any_year(self, i: int) -> bool:
        if not 0 < i < self.page.size:
            return False
        word = self.page.words[i]
        return word.isdigit() and _year(word) > 0

    def _pair(self, i: int) -> int:
        """11/2024, tháng 11 năm 2024; 5/11 behind a word of time or known from the record."""
        first = self.value(i)
        if first < 1:
            return -1
        month = self.word(i - 1) in ("tháng", "thang", "t") and self.page.shape[i] in " _."
        if month and self.word(i + 1) in ("năm", "nam") and self._any_year(i + 2):
            return i + 2
        if self._any_year(i + 1) and self.tied(i + 1, "/-.") and first <= 12:
            return i + 1
        second = self.value(i + 1)
        if second < 0 or self.tied(i + 2, "/"):
            return -1
        slash, hyphen = self.tied(i + 1, "/"), self.tied(i + 1, "-–.")
        if not (slash or hyphen) or not (1 <= first <= 31 and 1 <= second <= 12):
            return -1
        if self.page.shape[i : i + 1] in ("/",) and i and self.page.words[i - 1].isdigit():
            return -1
        if self.page.shape[i + 2 : i + 3] == "_" or self._measured(i + 2):
            return -1
        cue = self.before(i)
        if cue & {"birth"}:
            return i + 1
        follows = self.word(i + 2) if self.page.shape[i + 2 : i + 3] == " " else ""
        glued = i > 0 and self.page.seps[i] == ""
        counted = cue & _COUNTING or glued or follows in listed("unit") | listed("counted")
        if slash and not counted and self._padded(i):
            return i + 1
        timed = self.word(i - 1) in ("ngày", "ngay", "hôm", "hẹn", "khám") or (
            slash and "day" in cue
        )
        if timed or i in self.listed or (slash and self._heads_line(i)) or self._clocked(i):
            return i + 1
        falling = slash or (hyphen and first > second)
        if falling and first > _LAST_MONTH and self._in_brackets(i):
            return i + 1
        if falling and first > _LAST_MONTH and not cue & _SCORE and self._in_words(i):
            return i + 1
        if slash and not counted and self._in_season(second):
            return i + 1
        same = (second, first) in self.known.pairs
        return i + 1 if same and slash and not cue & _SCORE else -1

    def _padded(self, i: int) -> bool:
        """True for 05/11 and 5/03: parts and scores have no leading nought."""
        one, two = self.page.words[i : i + 2]
        return len(two) == 2 and "0" in (one[0], two[0]) and len(one) + len(two) > 2

    def _in_season(self, month: int) -> bool:
        """True for a month that a full date of the same text has, or one beside it."""
        months = {int(one or two) for one, two in _MONTH.findall(self.page.text)}
        return any((month - other) % _LAST_MONTH in (0, 1, 11) for other in months)

    def _in_brackets(self, i: int) -> bool:
        """True for a pair that is alone in brackets: mổ mắt trái (25/5)."""
        return self.page.shape[i] == "(" and self.page.shape[i + 2 : i + 3] == ")"

    def _clocked(self, i: int) -> bool:
        """True behind the time of day: lúc 10h 12.12, 19 giờ 30-4."""
        j = i - 1 if self.value(i - 1) < 0 else i - 2
        hour = self.word(j) in ("giờ", "gio", "h") and self.page.shape[i : i + 1] == " "
        return hour and self.value(j - 1) >= 0 and self.word(i + 2) not in listed("unit")

    def _in_words(self, i: int) -> bool:
        """True for a number in brackets or behind a word in lower case."""
        return not i or self.page.shape[i] == "(" or self.page.words[i - 1].islower()

    def _measured(self, i: int) -> bool:
        return self.word(i) in listed("duration") and self.page.shape[i : i + 1] in (" ", "_")

    def _heads_line(self, i: int) -> bool:
        """05/11: at the head of a line, as in notes of progress."""
        if i and self.page.shape[i] != "n":
            return False
        return i + 2 < self.page.size and self.page.shape[i + 2] == ":"

    def _alone(self, i: int) -> int:
        """A year of birth; eight digits that are a day."""
        word = self.page.words[i]
        if not word.isdigit():
            return -1
        if is_compact_date(word):
            return i
        year = _year(word)
        cue = self.before(i)
        short = len(word) == 2 and self.word(i - 1) not in ("sinh", "sanh")
        if "birth" in cue and (year or short):
            return i if not self._measured(i + 1) else -1
        if year and self.word(i - 1) in ("nam", "nữ", "nu") and _apart(self.page, i):
            return i
        if year and _between(self.page, i):
            return i
        if year and year in self.known.years and self.page.shape[i + 1 : i + 2] != "_":
            return i if not self._measured(i + 1) and not self._decimal(i) else -1
        return -1

    def _decimal(self, i: int) -> bool:
        shape, words = self.page.shape, self.page.words
        left = i > 0 and shape[i] in ".,/" and self.page.seps[i] in ".,/" and words[i - 1].isdigit()
        right = (
            i + 1 < len(words) and self.page.seps[i + 1] in (".", ",") and words[i + 1].isdigit()
        )
        return left or right

    def month_first(self, i: int) -> int:
        """The last word of Nov 5, 2024 when word i is the month, or -1."""
        if self.word(i) not in _MONTHS:
            return -1
        return i + 2 if 1 <= self.value(i + 1) <= 31 and self._any_year(i + 2) else -1

    def _foreign(self, i: int) -> int:
        """5 Nov 2024, 05-Nov-24."""
        if self.word(i + 1) in _MONTHS and 1 <= self.value(i) <= 31:
            two = self.value(i + 2)
            return i + 2 if self._any_year(i + 2) or (two >= 0 and self.tied(i + 2, "-/")) else -1
        return -1


def _apart(page: Page, i: int) -> bool:
    """True for a word parted from the one before by a comma, a dash or a bracket."""
    return page.shape[i] in ",:(-/" or page.seps[i].strip() in ("-", "–")


def _between(page: Page, i: int) -> bool:
    """True for a year of birth set off behind a name: Trần Thị Thử (1984), THỬ; 1984; Nữ."""
    if not i or i + 1 >= page.size:
        return False
    sexed = page.shape[i : i + 2] == "  " and page.words[i + 1] in _SEXES
    apart = page.shape[i] in ",;(" and page.shape[i + 1] in ",;.)"
    if not sexed and not apart:
        return False
    name = page.words[i - 1]
    if not name[0].isupper() or len(name) < 2:
        return False
    return page.keys[i - 1] in name_keys() or page.folds[i - 1] in name_folds()


def find_dates(page: Page, known: KnownDays) -> Iterator[tuple[int, int, bool]]:
    """First and last word of each date, and whether the record knows it.

    >>> page = Page("SN 57, vào 5/11/2024, HA 120/80, hẹn ngày 8/11, uống ngày 2 lần")
    >>> [page.text[slice(*page.span(a, b))] for a, b, _ in find_dates(page, KnownDays())]
    ['57', '5/11/2024', '8/11']
    """
    finder = _Finder(page, known)
    done = -1
    for i in page.digits:
        if i <= done or not finder.likely(i):
            continue
        first = i
        last = finder.at(i)
        if last < 0:
            first, last = i - 1, finder.month_first(i - 1)
        elif finder.word(i + 1) in ("tháng", "thang") or finder.word(i - 1) in ("mùng", "mồng"):
            first = i - 1 if i and finder.word(i - 1) in ("ngày", "ngay", "mùng", "mồng") else i
        if last < 0:
            continue
        day = read(page.text[page.starts[i] : page.ends[last]])
        yield first, last, _is_known(page, i, last, day, known)
        done = last
        for gap in (1, 2):
            joined = gap == 1 or finder.word(last + 1) in listed("date_join")
            if joined and page.shape[last + 1 : last + 2] in (" ", ","):
                finder.listed.add(last + gap)


def _is_known(
    page: Page, first: int, last: int, day: tuple[int, int, int] | None, known: KnownDays
) -> bool:
    if day is not None:
        return day in known.days or (not day[1] and day[0] in known.years)
    numbers = [int(w) for w in page.words[first : last + 1] if w.isdigit() and len(w) < 5]
    if len(numbers) == 2:
        return (numbers[1], numbers[0]) in known.pairs
    if len(numbers) == 1:
        return any(year % 100 == numbers[0] for year in known.years)
    return len(numbers) == 3 and (numbers[2], numbers[1], numbers[0]) in known.days
