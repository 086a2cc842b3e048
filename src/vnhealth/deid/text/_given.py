"""Whether a given name that stands alone is that of a person of the record."""

from __future__ import annotations

from vnhealth.deid.text._lexicon import listed
from vnhealth.deid.text._page import Page

__all__ = ["AFTER_TITLE", "stands_alone"]

AFTER_TITLE = frozenset("TKPLWZ")
"""Classes of titles in the string of `vnhealth.deid.text._shape.name_shape`."""
_SEXED = frozenset(
    [
        "giới",
        "bệnh",
        "nhân",
        "tính",
        "khoa",
        "sinh",
        "tuổi",
        "cao",
        "hóa",
        "trẻ",
        "nhi",
        "bn",
        "giới_tính",
        "mỹ",
        "bộ",
    ]
)


def stands_alone(page: Page, shape: str, i: int, given: str) -> bool:
    """True when a given name that stands alone is that of the person."""
    word = page.words[i]
    before = shape[2 * i - 1] if i else ""
    kind = shape[2 * i + 1]
    same = page.keys[i] == given
    near = bool(before) and page.shape[i] in " .:(_-n"
    titled = near and (before in AFTER_TITLE or (before == "a" and shape[2 * i - 3] in "TKPL"))
    if kind in "xt":
        return False
    if kind in "K" and near and same and (before in "TKPt" or before == "L"):
        return True
    if not near or titled:
        pass
    elif (
        word.isascii() and page.words[i - 1].isascii() and page.folds[i - 1] in listed("title_bare")
    ):
        return kind not in "XTKP" or page.capital(i)
    if titled:
        if page.capital(i):
            return same or word.isascii() or before not in "WL"
        return kind not in "XTP" and (same or word.isascii())
    if not page.capital(i) or kind in "E" or (kind == "X" and not _amid(page, i)):
        return False
    if word.isupper() and len(word) > 1 and _shouting(page, i):
        return False
    if not same and not (word.isascii() and (page.bare_at[i] or kind not in "OXB")):
        return False
    follows = shape[2 * i + 2 : 2 * i + 4]
    if page.keys[i] in ("nam", "nư4") and _sex(page, shape, i):
        return False
    return follows != "_d" and not (page.begins(i) and follows[1:] == "d")


def _amid(page: Page, i: int) -> bool:
    """True for a word with a capital letter amid words without."""
    if page.begins(i) or page.shape[i] != " " or not page.words[i - 1].islower():
        return False
    return i + 1 == page.size or not page.capital(i + 1)


def _sex(page: Page, shape: str, i: int) -> bool:
    """True when Nam or Nữ tells the sex: BN Nam 45 tuổi, giới tính: Nam."""
    near = shape[2 * i + 2 : 2 * i + 6]
    if "d" in near or "y" in near or shape[2 * i + 2 : 2 * i + 3] in (")", ""):
        return True
    after = page.words[i + 1].lower() if i + 1 < page.size else ""
    if page.begins(i):
        return after in _SEXED or not after.isalpha()
    return i > 0 and page.folds[i - 1] in ("tinh", "gioi", "viet")


def _shouting(page: Page, i: int) -> bool:
    """True when the words around are in capitals too, so that capitals say nothing."""
    around = [page.words[j] for j in range(max(0, i - 2), min(page.size, i + 3)) if j != i]
    loud = sum(w.isupper() and len(w) > 1 for w in around)
    return loud * 2 > len(around)
