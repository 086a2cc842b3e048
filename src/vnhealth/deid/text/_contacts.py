"""E-mail and web addresses, handles, plates, licences, masked numbers, high ages."""

from __future__ import annotations

import re
from collections.abc import Iterator

from vnhealth.deid.text._lexicon import listed
from vnhealth.deid.text._page import Page
from vnhealth.deid.text._spans import Mark

__all__ = ["find_contacts"]

_EMAIL = re.compile(r"[\w.+-]+(?:@| ?\[at\] ?| ?\(at\) ?)[\w-]+(?:\.[\w-]+)+")
_LINK = re.compile(
    r"(?:https?://|www\.)\S*[\w/]|(?:facebook|fb|zalo|m|t|tiktok|instagram|youtube|wa)\.(?:com|me)/[@\w./?=&-]*\w",
    re.IGNORECASE,
)
_HANDLE = re.compile(
    r"\b(?:facebook|fb|zalo|instagram|insta|tiktok|skype|messenger|viber|telegram|youtube"
    r"|nick(?:name)?(?: zalo| fb| facebook)?)\b"
    r"(?:[ ](?:cá nhân|ca nhan|của|tên|là|nick|acc|id|name|bn|người nhà|nn)\b)*"
    r"[ ]?[:(]?[ ]?(?P<v>[\"“'‘][^\"”'’\n]{2,40}[\"”'’]|@?[\w.-]*\w)",
    re.IGNORECASE,
)
_PLATE = re.compile(
    r"(?<![\w.,/-])[1-9][0-9][ ]?-?[ ]?(?:[A-ZĐ][0-9]?|[A-ZĐ]{2})"
    r"(?:[ ]?[-. ]?[ ]?[0-9]{3}\.?[0-9]{2}|[ ]?-[ ]?[0-9]{4}|[0-9]{4})(?![\w%])"
)
_BOAT = re.compile(r"\b[A-ZĐ]{1,3}[ -]?[0-9]{4,5}[ -]?TS\b")
_LICENCE = re.compile(
    r"\b[0-9]{3,7}\s?/\s?[A-ZĐ]{2,5}\s?[-–/]\s?(?:CCHN[A-Z]?|GPHN|CCHND|GPHĐ|GP)\b(?:[-–][\w]+)?",
    re.IGNORECASE,
)
_PRESCRIPTION = re.compile(r"\b[0-9]{2}[0-9A-Z]{3}[0-9a-zA-Z]{7}-[NHCTnhct]\b", re.ASCII)
_MASKED = re.compile(
    r"(?<![\w])\+?(?:[0-9]{2,6}[ .-]?)?(?:[xX*•#]{2,}[ .-]?){1,4}[0-9]{2,6}(?!\w)"
    r"|(?<![\w])\+?0[0-9]{1,6}[ .-]?(?:[xX*•#]{2,}[ .-]?){1,4}(?!\w)"
)
_MASKS = ("xx", "XX", "**", "••", "##")
_PRESCRIBED = re.compile(r"[0-9a-zA-Z]{7}-[NHCTnhct]\b")
_TENS = frozenset({"muoi", "tram"})
_OLD = re.compile(
    r"(?:chín mươi|một trăm|chin muoi|mot tram)(?: (?:linh |lẻ )?[^\W\d_]+)?(?= tuổi| tuoi)",
    re.IGNORECASE,
)


def find_contacts(page: Page) -> Iterator[Mark]:
    """E-mail, web addresses, handles, plates, licences, masked numbers, high ages.

    >>> page = Page("mail: an@mau.vn, zalo Mẹ Bông, xe 29A-123.45, 09xx xxx 123")
    >>> [page.text[a:b] for a, b, *_ in find_contacts(page)]
    ['an@mau.vn', 'Mẹ Bông', '09xx xxx 123', '29A-123.45']
    """
    text = page.text
    folds = set(page.folds)
    if "@" in text or "(at)" in text or "[at]" in text:
        yield from _all(_EMAIL, text, "contact")
    if "://" in text or "www." in text or (".me/" in text or ".com/" in text):
        yield from _all(_LINK, text, "contact")
    if not folds.isdisjoint(listed("site")):
        for match in _HANDLE.finditer(text):
            end = _handle(text, *match.span("v"))
            if end:
                yield match.start("v"), end, "contact", "pattern"
    if not folds.isdisjoint(_TENS):
        yield from _all(_OLD, text, "age")
    if not page.digits:
        return
    yield from _ages(page)
    if not folds.isdisjoint(listed("licence")):
        yield from _all(_LICENCE, text, "id")
    if "-" in text and _PRESCRIBED.search(text):
        yield from _all(_PRESCRIPTION, text, "id")
    if any(mask in text for mask in _MASKS):
        yield from _all(_MASKED, text, "phone")
    if "TS" in page.words:
        yield from _all(_BOAT, text, "plate")
    words, seps = page.words, page.seps
    for i in page.digits:
        following = words[i + 1] if i + 1 < len(words) else ""
        if len(words[i]) == 2 and len(following) < 3 and following.isupper():
            if len(seps[i + 1]) > 3:
                continue
            yield from _all(_PLATE, text, "plate")
            return


def _ages(page: Page) -> Iterator[Mark]:
    """Ages from 90 on: 92 tuổi, 95t, tuổi: 101."""
    for i in page.digits:
        word = page.words[i]
        if len(word) not in (2, 3) or not 90 <= int(word) <= 125:
            continue
        close = i + 1 < page.size and page.shape[i + 1] in " _"
        after = page.words[i + 1].lower() if close else ""
        aged = after in ("tuổi", "tuoi", "yo", "ty") or (after == "t" and page.shape[i + 1] == "_")
        said = i > 0 and page.words[i - 1].lower() in ("tuổi", "tuoi", "age")
        if aged or (said and page.shape[i] in " :."):
            yield (*page.span(i, i + 1 if aged else i), "age", "pattern")


def _all(pattern: re.Pattern[str], text: str, kind: str) -> Iterator[Mark]:
    for match in pattern.finditer(text):
        yield match.start(), match.start() + len(match[0].rstrip(" .-")), kind, "pattern"


def _handle(text: str, start: int, end: int) -> int:
    """The end of a nickname: quoted, with a sign in it, or words with capital letters."""
    value = text[start:end]
    if value[0] in "\"“'‘@" or any(c in "._-" or c.isdigit() for c in value):
        return end if not value.isdigit() else 0
    if not value[0].isupper():
        return 0
    while match := re.match(r"[ ]([^\W\d_]\w*)", text[end:]):
        if not match[1][0].isupper():
            break
        end += match.end()
    return end
