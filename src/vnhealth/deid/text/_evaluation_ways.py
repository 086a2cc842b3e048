"""The usual ways of writing a name, a number, a date and an address."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from random import Random

__all__ = ["ADDRESS_WAYS", "DATE_WAYS", "NAME_WAYS", "NUMBER_WAYS", "bare", "one_letter_wrong"]

NameWay = Callable[[str, Random], "str | None"]
_TITLES = ("anh", "chị", "ông", "bà", "BN", "bác", "cháu", "em", "con gái tên")


def bare(text: str) -> str:
    """A text without marks, case kept."""
    kept = (c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))
    return unicodedata.normalize("NFC", "".join(kept)).replace("đ", "d").replace("Đ", "D")


def _tone(text: str, random: Random) -> str | None:
    """The tone mark on the other vowel: hòa, hoà."""
    pairs = (("òa", "oà"), ("óa", "oá"), ("ỏa", "oả"), ("õa", "oã"), ("ọa", "oạ"), ("ùy", "uỳ"),
             ("úy", "uý"), ("ủy", "uỷ"), ("ụy", "uỵ"), ("òe", "oè"), ("óe", "oé"))  # fmt: skip
    for old, new in pairs:
        for a, b in ((old, new), (new, old)):
            if a in text:
                return text.replace(a, b)
    for old, new in (("y", "i"), ("ỹ", "ĩ"), ("ý", "í"), ("ỳ", "ì")):
        if text.endswith(old):
            return text[: -len(old)] + new
    return None


def one_letter_wrong(text: str, random: Random) -> str | None:
    """One letter wrong, dropped, doubled or swapped in a word of three and more letters."""
    words = text.split()
    long = [i for i, word in enumerate(words) if len(word) > 2]
    if len(words) < 3 or not long:
        return None
    i = random.choice(long)
    word = words[i]
    at = random.randrange(1, len(word))
    way = random.randrange(4)
    if way == 0:
        word = word[:at] + random.choice("bcdghklmnprstv") + word[at + 1 :]
    elif way == 1:
        word = word[:at] + word[at + 1 :]
    elif way == 2:
        word = word[:at] + word[at] + word[at:]
    else:
        word = word[: at - 1] + word[at].lower() + word[at - 1].lower() + word[at + 1 :]
        word = word[0].upper() + word[1:]
    words[i] = word
    return " ".join(words)


def _initials(text: str) -> str:
    return ".".join(word[0] for word in text.split())


def _titled(change: Callable[[str], str]) -> NameWay:
    def way(text: str, random: Random) -> str | None:
        return f"{random.choice(_TITLES)} \0{change(text.rsplit(maxsplit=1)[-1])}\0"

    return way


def _parts(change: Callable[[list[str]], str | None], least: int = 3) -> NameWay:
    def way(text: str, random: Random) -> str | None:
        words = text.split()
        return change(words) if len(words) >= least else None

    return way


NAME_WAYS: Mapping[str, NameWay] = {
    "exact": lambda t, r: t,
    "upper case": lambda t, r: t.upper(),
    "lower case": lambda t, r: t.lower(),
    "decomposed": lambda t, r: unicodedata.normalize("NFD", t),
    "no marks": lambda t, r: bare(t),
    "no marks, lower case": lambda t, r: bare(t).lower(),
    "tone or i/y variant": _tone,
    "double blank": lambda t, r: t.replace(" ", "  "),
    "line break": lambda t, r: t.replace(" ", "\n", 1),
    "glued": lambda t, r: t.replace(" ", ""),
    "hyphens": lambda t, r: t.replace(" ", "-"),
    "one letter wrong": one_letter_wrong,
    "given name first": _parts(lambda w: " ".join([w[-1], *w[:-1]]), 2),
    "middle and given": _parts(lambda w: " ".join(w[-2:])),
    "family and given": _parts(lambda w: f"{w[0]} {w[-1]}"),
    "initials and given": _parts(lambda w: ".".join(x[0] for x in w[:-1]) + f". {w[-1]}", 2),
    "dotted initials": _parts(lambda w: ".".join(x[0] for x in w) + "."),
    "initials behind a title": lambda t, r: (
        f"{r.choice(('anh', 'chị', 'BS', 'ông'))} \0{''.join(x[0] for x in t.split())}\0"
        if len(t.split()) > 2
        else None
    ),
    "given behind a title": _titled(lambda w: w),
    "given behind a title, lower case": _titled(str.lower),
    "given behind a title, no marks": _titled(bare),
    "given alone in a sentence": lambda t, r: f"\1{t.split()[-1]}",
    "given alone at its beginning": lambda t, r: f"\2{t.split()[-1]}",
}
"""A way takes a name and gives the text; NUL marks the part that is the name, SOH and STX ask for
a sentence in which the name stands alone inside or at the beginning. None when it does not apply.
"""


def _grouped(*sizes: int) -> Callable[[str], str]:
    def way(text: str) -> str:
        parts, at = [], 0
        for size in sizes:
            parts.append(text[at : at + size])
            at += size
        return " ".join(part for part in [*parts, text[at:]] if part)

    return way


NUMBER_WAYS: Mapping[str, tuple[str, Callable[[str], str]]] = {
    "cccd": ("cccd", lambda t: t),
    "cccd spaced": ("cccd", _grouped(3, 3, 3, 3)),
    "cccd dotted": ("cccd", lambda t: _grouped(3, 3, 3, 3)(t).replace(" ", ".")),
    "cccd glued": ("cccd", lambda t: f"CCCD{t}"),
    "card": ("card", lambda t: t),
    "card spaced": ("card", _grouped(2, 1, 2, 3, 7)),
    "card last ten": ("card", lambda t: t[-10:]),
    "card lower case": ("card", str.lower),
    "record": ("record", lambda t: t),
    "phone": ("phone", lambda t: t),
    "phone spaced": ("phone", _grouped(4, 3, 3)),
    "phone dotted": ("phone", lambda t: _grouped(4, 3, 3)(t).replace(" ", ".")),
    "phone +84": ("phone", lambda t: f"+84{t[1:]}"),
    "phone 84 spaced": ("phone", lambda t: f"84 {_grouped(3, 3, 3)(t[1:])}"),
    "phone without zero": ("phone", lambda t: t[1:]),
    "phone in pairs": ("phone", _grouped(2, 2, 2, 2, 2)),
    "phone hyphens": ("phone", lambda t: _grouped(3, 3, 4)(t).replace(" ", "-")),
}
"""Attribute of the invented person and how it is written."""


def _day(form: str) -> Callable[[str], str]:
    def way(iso: str) -> str:
        y, m, d = iso.split("-")
        return form.format(y=y, m=m, d=d, M=int(m), D=int(d), yy=y[2:])

    return way


DATE_WAYS: Mapping[str, tuple[str, Callable[[str], str]]] = {
    "full": ("born", _day("{d}/{m}/{y}")),
    "full short": ("born", _day("{D}/{M}/{y}")),
    "full dotted": ("born", _day("{d}.{m}.{y}")),
    "full hyphens": ("born", _day("{d}-{m}-{y}")),
    "iso": ("born", _day("{y}-{m}-{d}")),
    "compact": ("born", _day("{y}{m}{d}")),
    "two-digit year": ("born", _day("{d}/{m}/{yy}")),
    "in words": ("born", _day("ngày {D} tháng {M} năm {y}")),
    "year of birth": ("born", _day("SN \0{y}\0")),
    "short year of birth": ("born", _day("SN \0{yy}\0")),
    "day and month": ("days", _day("{D}/{M}")),
    "ngày d/m": ("days", _day("ngày \0{d}/{m}\0")),
    "ngày d-m": ("days", _day("ngày \0{D}-{M}\0")),
    "ngày d tháng m": ("days", _day("ngày \0{D} tháng {M}\0")),
}


def _short(text: str) -> str:
    for long, short in (
        ("Thị xã ", "TX. "), ("Phường ", "P. "), ("Xã ", "X. "), ("Huyện ", "H. "), ("Quận ", "Q."),
        ("Tỉnh ", "T. "), ("Tổ dân phố số ", "TDP "), ("đường ", "đ. "),
    ):  # fmt: skip
        text = text.replace(long, short)
    return text


ADDRESS_WAYS: Mapping[str, Callable[[tuple[str, ...]], str]] = {
    "full": ", ".join,
    "abbreviated": lambda p: _short(", ".join(p)),
    "without the province": lambda p: ", ".join(p[:-1]),
    "hyphens": " - ".join,
    "lower case": lambda p: ", ".join(p).lower(),
    "no marks": lambda p: bare(", ".join(p)),
    "commune and district": lambda p: f"{p[-3]}, {p[-2]}",
    "commune alone": lambda p: p[-3],
    "head alone": lambda p: ", ".join(p[:-3]),
}
