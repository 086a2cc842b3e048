"""Names of people that no record knows, found by the words they are made of and the words around.

The rules are regular expressions over the string of `name_shape`: a title such as ``BS`` or
``con gái`` before a word weighs most, a family name next, the capital letter least.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache

from vnhealth.deid.text._lexicon import keys_of, listed
from vnhealth.deid.text._page import Page

__all__ = ["find_again", "find_names"]

_N = "SVGDRQCOAN"
_MORE = (
    rf"(?:[ -][{_N}Ub]|[ .][IH](?!_d)|(?<=[IHA])[. ][{_N}U]"
    r"|(?<=[SVADRQG])n[VGDSRQO](?![.:]|(?: \w){1,3}:)|(?<=V) [XYCFEB]| [IH]'[CFMG]"
    r"|(?<=[GDVO]) Y(?=[^ ]|$)|(?<=[SGD]) Y(?= [GDSQRO])|(?<=[SV] [GDO]) Y(?= <L>))"
)
"""A further word of a name: behind a blank or hyphen, an initial, behind an initial, the given name
in the next line, anything behind Văn or Thị, an everyday word that ends the name or stands between
words of names."""
_GIVEN = r"SVGDRQO"
_LOWER = "lkgorsvyhaepnmw"


def _rule(pattern: str) -> re.Pattern[str]:
    for name, letters in (("<MORE>", _MORE), ("<N>", _N), ("<G>", _GIVEN), ("<L>", f"[{_LOWER}]")):
        pattern = pattern.replace(name, letters)
    return re.compile(pattern)


_RULES = (
    # family name and more: Nguyễn Văn An, Lê Hoa, Trần T. Hoa, Nguyễn-Văn-An
    _rule(r"[^'](?P<n>S<MORE>{1,4})"),
    _rule(r"(?P<n>N)(?<![A-Z].)"),
    # Mai Văn Tám, Hà Thị Bé; Kim Ngọc Loan
    _rule(r"(?P<n>[DRCGQUVF] V(?: [<N>UXYIH])(?: [<N>UIH]){0,2})"),
    _rule(r"(?P<n>V [GDSRQOC])(?=[,.;:)(n]|$| <L>)"),
    _rule(r"(?P<n>[DR](?: [GDRSOQ]){2,3})"),
    _rule(r"(?P<n>[DR] [GDRSO] C)(?![ -][CFMXY])"),
    _rule(r"d\.(?P<n>[GDRV](?: [GDRSC]){1,2})(?![ -][CFMXY])"),
    _rule(r"(?:[ ,:()/-]|^.)(?P<n>[R] [GDO])(?![ -][CFMXYR])"),
    # minorities: Giàng A Páo, Ksor H'Lan, H'Hen Niê, Y Bliă, K'Brêu
    _rule(r"(?P<n>Q(?: [IH](?=[ ']))?(?:[ '][CFMGDRSOQU]){1,3})"),
    _rule(r"(?P<n>[QR] [CYFMGDRSOQ] [IH]['-][CFMGDRSOQU])"),
    _rule(r"(?P<n>[QSFM] H'[CFMGDRSOQXYU](?: [CFMGDRSOQU])?)"),
    _rule(r"(?P<n>[SDR] I [CFMGDRSOQ](?: [CFMGDRSOQ])?)"),
    _rule(r"(?P<n>H['-][CFMGDRSOQVXYUN](?: [CFMGDRSOQVN]){0,2})"),
    _rule(r"(?P<n>H (?:[FMQG]|C [FMQR])(?: [CFMGDRSOQVN]){0,2})"),
    # capitals in mid-sentence that are usual in names: Ngọc Hân, Văn An; An Nguyễn Văn
    _rule(r"(?:(?<![XYCFMEB])[ ]|[,:(/)])(?P<n>[GDV](?: [GDSR]){1,3})(?![ -][CFMXY])"),
    _rule(r"(?P<n>[GDOC](?: [GDCVO]){0,2} S(?: [VGD]){0,2})"),
    # one such word between words in lower case, or alone behind a colon: vợ gọi Đoan
    _rule(r"<L>[ ,(](?P<n>[SGDRQ])(?=[,.;:)(n]|$| (?:<L>|[dTKPLWt]))"),
    _rule(r":(?P<n>[SGDRQ])(?=[,.;)n]|$)"),
    _rule(r"\((?P<n>[SGDRQ])\)"),
    # with a syllable that is not usual in names: tê: Thuỳ Kín, Đoái (vợ)
    _rule(r"(?:<L>[ ,:(]|[:(])(?P<n>[GDRQ] C)(?=[,.;)(n]|$)"),
    _rule(r"(?P<n>[GDSRQ] C)(?=\([tKL])"),
    _rule(r"(?P<n>C)(?=\([tKL])"),
    # two such words at the beginning of a sentence: Vân Khánh ngủ được
    _rule(r"(?:[.;n]|^.)(?P<n>[GD] [GDQS])(?= <L>)"),
    # names of accounts: nguyen.thi.an
    _rule(r"(?P<n>[sm](?:\.[wvngopsrm]){2,4})"),
    # an initial and a given name: T.Hải
    _rule(r"(?P<n>[IH]\.[GDSR])(?=[,.;:)(n]|$| <L>)"),
    # alone in brackets; two at the beginning of a sentence; of a full name and another
    _rule(r"[;(](?P<n>[GDSRQ](?: [GDSRQC]){1,2})(?=\))"),
    _rule(r"(?:[.;n]|^.)(?P<n>[SGDRQ] e [SGDRQ])(?= <L>)"),
    _rule(r"(?:S|[RDQC] V)(?: [<N>]){1,2} e (?P<n>[<G>](?: [<N>]){1,3})"),
    _rule(r"S(?: [<N>]){1,3},(?P<n>[CDRGQ] [CGDRSO] [GDSRQ])(?=[,.;)n]|$)"),
    _rule(r"<L>:(?P<n>C [CGDRSO] [GDSRQ])(?=[,.;)(n]|$)"),
    _rule(r"[;n][JB]:(?P<n>[GDSRQ] [GDSRQ])(?=[,.;)n]|$)"),
    # set off before a people: Pờ Xì Chừ, người Hà Nhì
    _rule(r"(?P<n>[QRSDGCFN](?:[ '][QRSDGCFNIHYO]){1,4})(?=[,(]z)"),
    _rule(r"(?P<n>[QCRSDGF] [CFQRSDG] H[ '][CFMGDRSOQU])"),
    # a title with more words: cô giáo can thiệp Hiền Mai
    _rule(r"T(?: [lgopX]){1,3} (?P<n>[GDSRQ] [GDSRQ])(?=[,.;:)(n]|$| <L>)"),
    # foreign names: Maria Lopez, Kathleen O'Brien, Petrov Ivan; family name, comma, the rest
    _rule(r"(?P<n>M(?:[ -](?:[MF]|[IH]'[FMC]|[<N>b]|[IH](?= [FM]))){1,3})"),
    _rule(r"(?P<n>[FQSDR] M)(?=[^ ]|$| <L>)"),
    _rule(r"(?P<n>S,V [GDSRQOCUb](?: [GDSRQOUb])?)(?=[^ ]|$)"),
    # behind a title: anh Tuấn, BS. Hùng, bà Năm, ông John Smith, BN NTH
    _rule(r"(?:[TPL][ .:(n_-]|T B[ :.]|K[ :(n_-]|[TKPL] a )(?P<n>[<G>NAU](?:<MORE>|[ ][FM]){0,4})"),
    _rule(r"(?:[TL][ .:(]|K[ :(]|[TKPL] a )(?P<n>C(?:<MORE>){0,3})"),
    _rule(r"L (?P<n>Y)(?=[,.;)n(]|$| <L>)"),
    _rule(r"P[ .:(](?P<n>C(?:<MORE>){1,3})"),
    _rule(r"P[ :(](?P<n>C)(?=[,;)n.]|$)"),
    _rule(r"h[. ](?P<n>[SGDRQ](?:<MORE>){0,4})"),
    _rule(r"(?P<n>[QR] I Y)(?=[^ ]|$)"),
    _rule(r"[TKPL](?: a)?[ :.(](?P<n>[bUGDR] V [<N>bUBXYC](?: [<N>bU])?)(?=[^ ]|$)"),
    _rule(r"[TK](?: a)?[ .:(](?P<n>[FM](?: [FME<N>IH]){0,3})"),
    _rule(r"[TKPL](?: a)?[ .:(_](?P<n>J)(?![_ ]d)"),
    _rule(r"L[ :](?P<n>[FM](?: [FM]| [IH]'[FMC]){1,3})"),
    _rule(r"[TL]:(?P<n>Y [GDSRQO](?: [GDSRQO])?)(?=[,.;)(n]|$)"),
    _rule(r"<L>:(?P<n>Y [GDSRQ] [GDSRQC])(?=[,.;)(n]|$)"),
    # an everyday word as a name or nickname: anh Đau (chồng), cô Ba Còi kể
    _rule(r"K (?P<n>Y)(?=[.,;)(]| k)"),
    # one who speaks: Thu Hoài: dạ
    _rule(r"(?:[.;n]|^.)(?P<n>[SGDRQ] [GDSRQ])(?=:)"),
    _rule(r"[KL][ :](?P<n>[GDSRO](?: [YC]){1,2})(?=[^ ]|$| <L>)"),
    _rule(r"T [lgok]:(?P<n>[<G>N](?:<MORE>){0,4})"),
    _rule(r"[TKPL](?: a)?[ .:(](?P<n>[IH](?:[._-][IH]){1,4}(?:[. ][GDRSOC])?)"),
    _rule(r"[TKPL](?: a)?[ .:(](?P<n>[IH][. ][GDRSOCFM])"),
    _rule(r"[TKPL](?: a)?[ .](?P<n>[IH])(?![ _:.]d)(?![_'])"),
    _rule(r"[WZ][ :(](?P<n>[SGDRQNM](?:<MORE>){0,4})(?![ -][CFMXY])"),
    # lower case behind a title or label, and family name with văn or thị
    _rule(r"[TK](?: a)?[ .:(](?P<n>[sg](?: [srvgo]){0,3})"),
    _rule(r"[TKPL](?: a)?[ .:(](?P<n>[srgo] v [lgokp](?: [srgolnp])?)(?=[^ ]|$| [dPTKL])"),
    _rule(r"[TKPL](?: a)?[ .:(](?P<n>s [lgopn] [lgopn])(?=[,.;)(n]|$)"),
    _rule(r"K[ .:](?P<n>[or] g)(?=[^ ]|$| [lkdWPTK])"),
    _rule(r"[TKPL](?: a)?[ .:(](?P<n>[srgo] h [lgo])(?=[,.;(n]| d|$)"),
    _rule(r"a (?P<n>s [go] [go])(?=[,.;(n]|$)"),
    _rule(r"P[ :](?P<n>(?:s|[srgo]? ?v)(?: [srvgo]){1,3})"),
    _rule(r"P[ :](?P<n>[gs] [go](?: [go])?)(?=[,.;(n]| d|$)"),
    _rule(r"[TKL][ :](?P<n>[bU](?: [<N>bU]){1,3})"),
    _rule(r"P[ :](?P<n>[bU](?: [<N>bU]){1,2} [<N>bUC])(?=[,;:(n]|$)"),
    _rule(r"T[ .:](?P<n>[ogr](?: [ogr]){0,2})"),
    _rule(r"[TK][ .](?P<n>[or])(?=[,.;)(n]|$| k)"),
    _rule(r"L[ :](?P<n>(?:[srg](?: [srvgol]){0,3}|o(?: [srgv])(?: [srgvo])?))(?=[^ ]|$| [kdlPTK])"),
    _rule(r"L[ :](?P<n>[or])(?=[,.;)n]|$| k)"),
    _rule(r"(?P<n>[sr] v [gorlp](?: [gos])?)"),
    _rule(r"(?P<n>[sr] v [go] [gol])(?=[,.;:)n]|$)"),
    _rule(r"(?P<n>s w [gorl](?: [go])?)"),
    _rule(r"(?P<n>s [go] [g])"),
    _rule(r"(?P<n>s g)(?=[^ ]|$| [kldP])"),
    # a list: các ĐD: Lan, Hoa và Quế
    _rule(r"[TLPW]:(?P<n>[<G>NC](?:<MORE>){0,3}(?:,[<G>NC](?:<MORE>){0,3}){1,12})(?=[.;)n]|$| e)"),
    _rule(r":(?P<n>[GDSRQ](?: [GDSRQOC]){0,3}(?:[,@][GDSRQ](?: [GDSRQOC]){0,3})+)(?=[.;)n]|$)"),
    # the second of two: anh Tuấn và Hoa; hai con Bảo, Ngọc
    _rule(r"[TKL][ :(][<G>N](?:<MORE>){0,3},(?P<n>[GDSRQ](?: [GDSRQ]){0,2})(?=[.;)n]|$| e)"),
    _rule(r"[TKPLW](?: a)?[ .:(][<G>N](?:<MORE>){0,4}[@/](?P<n>[<G>](?:<MORE>){0,4})"),
    _rule(r"[TKPLW](?: a)?[ .:(][<G>N](?:<MORE>){0,4} e (?P<n>[<G>](?:<MORE>){0,4})"),
    # initials: N.T.H., N.V. An, Ng. V. An
    _rule(r"(?P<n>[IH](?:\.[IH]){2,4}(?:[. ][GDRSOC])?)"),
    _rule(r"(?P<n>[IH][. ][IH][. ][GDRSO])"),
    _rule(r"(?P<n>A[. ][IHVGDRSCO](?:[. ][IHVGDRSCO]){0,3})"),
    # one usual name that speaks, or with its age: Tuấn kể, Hoa (34 tuổi)
    _rule(r"(?P<n>[GD](?: [GDSR]){0,2})(?= k)"),
    _rule(r"(?P<n>[GD](?: [GDSR]){0,2})(?=[,( ]d[ _]y)"),
    _rule(r"(?P<n>[GD](?: [GDSR]){0,2})(?=\([tKL])"),
)
_ATOM = re.compile(
    r"\\(?P<escaped>.)|\[(?P<set>[^^][^\]]*)\]|\[\^[^\]]+\]|(?P<name>\(\?P<n>)|(?P<open>\()"
    r"|(?P<close>\))|[?*+^$]|\{[^}]*\}|(?P<one>.)"
)
_MAYBE = ("?", "*", "{0")


def _mask(letters: Iterable[str]) -> int:
    return sum({1 << ord(letter) for letter in letters})


def _needed(rule: re.Pattern[str]) -> tuple[int, int]:
    """Masks of two small sets of letters and separators, of each of which one must be there for a
    rule to match.
    """
    found: set[int] = set()
    depth = 0
    for match in _ATOM.finditer(rule.pattern):
        if match["open"]:
            depth += 1
        elif match["close"] and depth:
            depth -= 1
        letters = match["escaped"] or match["set"] or match["one"]
        maybe = rule.pattern.startswith(_MAYBE, match.end())
        if letters and " " not in letters and not depth and not maybe:
            found.add(_mask(letters))
    fewest = sorted(found, key=int.bit_count)
    return fewest[0], fewest[min(1, len(fewest) - 1)]


_NEEDED = tuple((*_needed(rule), rule) for rule in _RULES)
_PLAIN = frozenset(_LOWER + "dXYBCx") - {"a"}
"""Classes of words that say nothing of the word behind them."""
_AGAIN = frozenset("SGDRQOCU")
_ALONE = re.compile("(?<![SVGDRQCOFNUA])[SGDRQC](?![SVGDRQCOFNUA])")
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
    there = _mask(set(shape))
    for one, two, rule in _NEEDED:
        if not (there & one and there & two):
            continue
        for match in rule.finditer(shape):
            start, end = match.span("n")
            first = start // 2
            last = _hyphened(page, shape, (end - 1) // 2)
            if _plausible(page, shape, first, last):
                yield first, last


def find_again(page: Page, shape: str, names: Iterable[tuple[int, int]]) -> Iterator[int]:
    """Places where the last word of one of the names stands alone, the known one among them.

    >>> from vnhealth.deid.text._shape import name_shape
    >>> page = Page("Chị Hạnh tỉnh. Tối qua Hạnh ngủ được")
    >>> list(find_again(page, name_shape(page), [(1, 1)]))
    [1, 5]
    """
    keys = {page.keys[last] for _, last in names if shape[2 * last + 1] in _AGAIN}
    keys |= _repeated(page, shape)
    if not keys:
        return
    for i in [i for i, word in enumerate(page.keys) if word in keys]:
        usual = page.begins(i) and page.keys[i] in _everyday()
        if shape[2 * i + 1] in _AGAIN and page.capital(i) and not usual:
            yield i


def _repeated(page: Page, shape: str) -> set[str]:
    """Words usual in names that stand alone with a capital letter more than once, once of them
    inside a sentence.
    """
    stop = keys_of("stop")
    places = [match.start() for match in _ALONE.finditer(shape[1::2])]
    alone = [i for i in places if page.words[i][1:].islower() and page.keys[i] not in stop]
    if len(alone) < 2:
        return set()
    met = Counter(page.keys[i] for i in alone)
    inside = {page.keys[i] for i in alone if not page.begins(i) and shape[2 * i] in " ,"}
    return {word for word in inside if met[word] > 1}


def _hyphened(page: Page, shape: str, last: int) -> int:
    """The word in lower case behind a hyphen belongs to a foreign name: Kim Min-jung."""
    i = last + 1
    joined = i < page.size and page.seps[i] == "-" and page.words[i].islower()
    return i if joined and shape[2 * last + 1] in "CFMGQ" else last


def _loose(page: Page, first: int, before: str) -> bool:
    """True for a word inside a sentence that no title or label introduces."""
    return before in _PLAIN and not page.begins(first)


def _plausible(page: Page, shape: str, first: int, last: int) -> bool:
    kinds = shape[2 * first + 1 : 2 * last + 2 : 2]
    if len(kinds) == 1 and page.keys[first] in _SINGLE:
        return first > 0 and shape[2 * first - 1] in "TK"
    if len(kinds) == 1 and first and kinds == "U":
        return shape[2 * first - 1] != "P"
    if "w" in kinds and not page.words[first].isascii():
        return False
    if kinds.islower() and len(kinds) > 2 and shape[2 * first + 2] == ".":
        return set(page.seps[first + 1 : last + 1]) == {"."}
    word = page.words[first - 1] if first else ""
    if shape[2 * first] == "." and word.islower() and len(word) > 3 and kinds[0] in "FMCG":
        return False
    if len(kinds) == 1 and shape[2 * first] == ":" and page.keys[first] in keys_of("stop"):
        return shape[2 * last + 2 : 2 * last + 3] != " "
    apart = kinds[:2] in ("HF", "HQ", "HG", "HC") and shape[2 * first + 2] == " "
    if apart and (page.words[first] == "K" or (kinds[1] == "G" and len(kinds) < 3)):
        return False
    before = shape[2 * first - 1] if first else ""
    after = shape[2 * first + 2 : 2 * first + 4]
    if after == " k" and page.words[last + 1] == "ơi":
        return True
    if kinds[:1] in ("I", "H") and len(kinds) == 2 and before not in "TKPL":
        return page.seps[first + 1] == "." or shape[2 * first] == ":"
    if kinds in "Y" and not page.words[first].istitle():
        return False
    if kinds in "Y" and shape[2 * last + 2 : 2 * last + 3] == "." and page.capital(first - 1):
        return False
    if (
        len(kinds) == 1
        and before != "h"
        and _loose(page, first, before)
        and after != " k"
        and kinds in "SGDRQ"
    ):
        usual = keys_of("stop") if shape[2 * first] == " " else _everyday()
        return page.keys[first] not in usual
    if len(kinds) == 1 and page.keys[first] in _everyday():
        if before == "W" and page.words[first - 1].lower() in listed("preposition"):
            return after == " k" or (after[:1] in (",", ";", "(", ")") and not page.bare)
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
