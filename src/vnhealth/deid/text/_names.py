"""Names of people that no record knows, found by the words they are made of and the words around.

The rules are regular expressions over the string of `name_shape`: a title such as ``BS`` or
``con gái`` before a word weighs most, a family name next, the capital letter least.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from vnhealth.deid.text._lexicon import keys_of, listed
from vnhealth.deid.text._page import Page

__all__ = ["find_names"]

_N = "SVGDRQCOAN"
_MORE = (
    rf"(?:[ -][{_N}Ub]|[ .][IH]|(?<=[IHA])[. ][{_N}U]|(?<=[SVA])n[VGDO]"
    r"|(?<=V) [XYCFE]|(?<=[GDV]) Y(?=[^ ]|$))"
)
"""A further word of a name: behind a blank or hyphen, an initial, behind an initial, the given name
in the next line, anything behind Văn or Thị, an everyday word that ends the name."""
_GIVEN = r"SVGDRQO"


def _rule(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern.replace("<N>", _N).replace("<MORE>", _MORE).replace("<G>", _GIVEN))


_RULES = (
    # family name and more: Nguyễn Văn An, Lê Hoa, Trần T. Hoa, Nguyễn-Văn-An
    _rule(r"[^'](?P<n>S<MORE>{1,4})"),
    _rule(r"(?P<n>N)(?<![A-Z].)"),
    # Mai Văn Tám, Hà Thị Bé; Kim Ngọc Loan
    _rule(r"(?P<n>[DRCGQUV] V(?: [<N>UXYIH])(?: [<N>UIH]){0,2})"),
    _rule(r"(?P<n>[DR](?: [GDRSO]){2,3})"),
    _rule(r"(?P<n>[DR] [GDRSO] C)(?![ -][CFXY])"),
    _rule(r"d\.(?P<n>[GDRV](?: [GDRSC]){1,2})(?![ -][CFXY])"),
    _rule(r"(?:[ ,:()/-]|^.)(?P<n>[R] [GDO])(?![ -][CFXYR])"),
    # minorities: Giàng A Páo, Ksor H'Lan, H'Hen Niê, Y Bliă, K'Brêu
    _rule(r"(?P<n>Q(?: [IH](?=[ ']))?(?:[ '][CFGDRSOQU]){1,3})"),
    _rule(r"(?P<n>[QS] H'[CFGDRSOQXYU](?: [CFGDRSOQU])?)"),
    _rule(r"(?P<n>[SDR] I [CFGDRSOQ](?: [CFGDRSOQ])?)"),
    _rule(r"(?P<n>H['-][CFGDRSOQVXYUN](?: [CFGDRSOQVN]){0,2})"),
    _rule(r"(?P<n>H (?:[FQG]|C [FQ])(?: [CFGDRSOQVN]){0,2})"),
    # capitals in mid-sentence that are usual in names: Ngọc Hân, Văn An; An Nguyễn Văn
    _rule(r"(?:(?<![XYCFEB])[ ]|[,:(/)])(?P<n>[GDV](?: [GDSR]){1,3})(?![ -][CFXY])"),
    _rule(r"(?P<n>[GDOC](?: [GDCVO]){0,2} S(?: [VGD]){0,2})"),
    # behind a title: anh Tuấn, BS. Hùng, bà Năm, ông John Smith, BN NTH
    _rule(r"(?:[TPL][ .:(n_-]|T B[ :.]|K[ :(n_-]|[TKP] a )(?P<n>[<G>NAU](?:<MORE>|[ ]F){0,4})"),
    _rule(r"(?:[TL][ .:(]|K[ :(]|[TKP] a )(?P<n>C(?:<MORE>){0,3})"),
    _rule(r"P[ .:(](?P<n>C(?:<MORE>){1,3})"),
    _rule(r"h[. ](?P<n>[SGDRQ](?:<MORE>){0,4})"),
    _rule(r"[TK](?: a)?[ .:(](?P<n>F(?: [FE<N>IH]){0,3})"),
    _rule(r"[TKPL](?: a)?[ .:(_](?P<n>J)(?![_ ]d)"),
    _rule(r"[TKPL](?: a)?[ .:(](?P<n>[IH](?:[._-][IH]){1,4}(?:[. ][GDRSOC])?)"),
    _rule(r"[TKPL](?: a)?[ .:(](?P<n>[IH][. ][GDRSOCF])"),
    _rule(r"[TKPL](?: a)?[ .](?P<n>[IH])(?![ _:.]d)(?![_'])"),
    _rule(r"[WZ][ :(](?P<n>[SGDRQN](?:<MORE>){0,4})(?![ -][CFXY])"),
    # lower case behind a title or label, and family name with văn or thị
    _rule(r"[TK](?: a)?[ .:(](?P<n>[sg](?: [srvgo]){0,3})"),
    _rule(r"P[ :](?P<n>(?:s|[srgo]? ?v)(?: [srvgo]){1,3})"),
    _rule(r"P[ :](?P<n>[gs] [go](?: [go])?)(?=[,.;(n]| d|$)"),
    _rule(r"[TKL][ :](?P<n>[bU](?: [<N>bU]){1,3})"),
    _rule(r"T[ .:](?P<n>[ogr](?: [ogr]){0,2})"),
    _rule(r"[TK][ .](?P<n>[or])(?=[,.;)n]|$| k)"),
    _rule(r"L[ :](?P<n>[srg](?: [srvgol]){0,3}|o(?: [srgv])(?: [srgvo])?)(?=[^ ]|$| [kdlPTK])"),
    _rule(r"L[ :](?P<n>[or])(?=[,.;)n]|$| k)"),
    _rule(r"(?P<n>[sr] v [gorl](?: [go])?)"),
    _rule(r"(?P<n>s w [gorl](?: [go])?)"),
    _rule(r"(?P<n>s [go] [g])"),
    _rule(r"(?P<n>s g)(?=[^ ]|$| [kldP])"),
    # a list: các ĐD: Lan, Hoa và Quế
    _rule(r"[TLP]:(?P<n>[<G>N](?:<MORE>){0,3}(?:,[<G>N](?:<MORE>){0,3}){1,12})(?=[.;)n]|$| e)"),
    # the second of two: anh Tuấn và Hoa
    _rule(r"[TKPLW](?: a)?[ .:(][<G>N](?:<MORE>){0,4} e (?P<n>[<G>](?:<MORE>){0,4})"),
    # initials: N.T.H., N.V. An, Ng. V. An
    _rule(r"(?P<n>[IH](?:\.[IH]){2,4}(?:[. ][GDRSOC])?)"),
    _rule(r"(?P<n>[IH][. ][IH][. ][GDRSO])"),
    _rule(r"(?P<n>A[. ][IHVGDRSCO](?:[. ][IHVGDRSCO]){0,3})"),
    # one usual name that speaks, or with its age: Tuấn kể, Hoa (34 tuổi)
    _rule(r"(?P<n>[GD](?: [GDSR]){0,2})(?= k)"),
    _rule(r"(?P<n>[GD](?: [GDSR]){0,2})(?=[,( ]d[ _]y)"),
    _rule(r"(?P<n>[GD](?: [GDSR]){0,2})(?=\([tK])"),
)
_NEEDS = "TKPLWZhSNVDRQHGIACsrk"


def _needed(rule: re.Pattern[str]) -> frozenset[str]:
    """Classes of which one must be there for a rule to find anything: of its titles, else names."""
    text = rule.pattern
    head = text[: text.index("(?P<n>")]
    titles = frozenset("TKPLWZh") & frozenset(re.sub(r"\(\?<!.*?\)", "", head))
    first = text[text.index("(?P<n>") + 6 :]
    letters = re.match(r"\[([^\]]+)\]|\(?(?:\?:)?(\w)", first)
    own = frozenset((letters[1] or letters[2]) if letters else _NEEDS)
    return titles or own


_NEEDED = tuple((_needed(rule), rule) for rule in _RULES)
_SINGLE = frozenset({"nam", "nư4"})


@cache
def _everyday() -> frozenset[str]:
    return keys_of("ordinary") | keys_of("stop")


def find_names(page: Page, shape: str, taken: bytearray | None = None) -> Iterator[tuple[int, int]]:
    """First and last word of each name; some are found more than once.

    ``shape`` is that of `name_shape`; words under ``taken`` cannot be names any more.

    >>> from vnhealth.deid.text._shape import name_shape
    >>> page = Page("Con gái BN tên Lan, BS Trần Thử khám, nghĩ Basedow")
    >>> sorted({page.text[slice(*page.span(*at))] for at in find_names(page, name_shape(page))})
    ['Lan', 'Thử', 'Trần Thử']
    """
    if taken is not None and any(taken):
        letters = list(shape)
        for i, is_taken in enumerate(taken):
            if is_taken:
                letters[2 * i + 1] = "x"
        shape = "".join(letters)
    there = set(shape)
    for needed, rule in _NEEDED:
        if not needed & there:
            continue
        for match in rule.finditer(shape):
            start, end = match.span("n")
            first = start // 2
            last = (end - 1) // 2
            if _plausible(page, shape, first, last):
                yield first, last


def _plausible(page: Page, shape: str, first: int, last: int) -> bool:
    kinds = shape[2 * first + 1 : 2 * last + 2 : 2]
    if len(kinds) == 1 and page.keys[first] in _SINGLE:
        return first > 0 and shape[2 * first - 1] in "TK"
    if len(kinds) == 1 and first and kinds == "U":
        return shape[2 * first - 1] != "P"
    if "w" in kinds and not page.words[first].isascii():
        return False
    apart = kinds[:2] in ("HF", "HQ", "HG", "HC") and shape[2 * first + 2] == " "
    if apart and (page.words[first] == "K" or (kinds[1] == "G" and len(kinds) < 3)):
        return False
    before = shape[2 * first - 1] if first else ""
    after = shape[2 * first + 2 : 2 * first + 4]
    if len(kinds) == 1 and page.keys[first] in _everyday():
        if before == "W" and page.words[first - 1].lower() in listed("preposition"):
            return after == " k"
        if page.begins(first) and before not in "TKPLWh":
            return after[:1] in ("(", ",")
        if not before or (after == " k" and page.shape[first] != " " and before not in "TKPL"):
            return after[:1] in ("(", ",")
    if kinds in ("I", "H"):
        return page.words[first - 1].lower() in listed("title_initial")
    if set(kinds) <= {"I", "H"} and len(kinds) > 1:
        letters = "".join(page.words[first : last + 1])
        return letters not in listed("initials_not")
    return True
