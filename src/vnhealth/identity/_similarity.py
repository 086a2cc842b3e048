"""How alike two names or dates are: Jaro-Winkler, one letter apart, one digit apart."""

from __future__ import annotations

__all__ = ["date_slip", "jaro_winkler", "one_edit"]


def jaro_winkler(a: str, b: str) -> float:
    """Return the Jaro-Winkler similarity, 0 to 1 (prefix weight 0.1, up to four characters).

    >>> round(jaro_winkler("martha", "marhta"), 4), jaro_winkler("", "an")
    (0.9611, 0.0)
    """
    if a == b:
        return 1.0
    if not a or not b:
        return 0.0
    if (len(a), a) > (len(b), b):
        a, b = b, a
    reach = max(len(a), len(b)) // 2 - 1
    taken = [False] * len(b)
    matched = []
    for place, char in enumerate(a):
        for other in range(max(0, place - reach), min(len(b), place + reach + 1)):
            if not taken[other] and b[other] == char:
                taken[other] = True
                matched.append(char)
                break
    if not matched:
        return 0.0
    theirs = [char for char, used in zip(b, taken, strict=True) if used]
    moved = sum(x != y for x, y in zip(matched, theirs, strict=True)) / 2
    size = len(matched)
    jaro = (size / len(a) + size / len(b) + (size - moved) / size) / 3
    prefix = 0
    for x, y in zip(a[:4], b[:4], strict=False):
        if x != y:
            break
        prefix += 1
    return jaro + prefix * 0.1 * (1 - jaro)


def one_edit(a: str, b: str) -> bool:
    """Tell whether one letter was put in, dropped, replaced, or two neighbours were swapped.

    >>> one_edit("an", "anh"), one_edit("tuan", "tuna"), one_edit("an", "an"), one_edit("a", "bcd")
    (True, True, False, False)
    """
    if a == b or abs(len(a) - len(b)) > 1:
        return False
    if len(a) > len(b):
        a, b = b, a
    at = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), len(a))
    if len(a) < len(b):
        return a[at:] == b[at + 1 :]
    if a[at + 1 :] == b[at + 1 :]:
        return True
    return a[at + 2 :] == b[at + 2 :] and a[at : at + 2] == b[at : at + 2][::-1]


def date_slip(a: str, b: str) -> bool:
    """Tell whether two dates ``yyyymmdd`` differ by one digit, two neighbours, or day for month.

    >>> date_slip("19010305", "19010503"), date_slip("19010305", "19020305")
    (True, True)
    >>> date_slip("19010305", "19251120")
    False
    """
    if len(a) != 8 or len(b) != 8 or a == b:
        return False
    return a[:4] + a[6:] + a[4:6] == b or one_edit(a, b)
