"""What a decoder has looked at need not be looked at again: the findings stay the same."""

import base64
import random

import pytest
from lxml import etree

from vnhealth import codecs, rules, synth
from vnhealth.records import Claim

BROKEN = ["", "", "-1", "1.00001", "9" * 30, "20260801", "202608010930", "A;;B", "Z" * 300, "1,5"]


def damaged(data: bytes, dice: random.Random) -> bytes:
    """The file with some values replaced, so that fields are empty, too long or of wrong form."""
    root = etree.fromstring(data)
    for node in root.iter("NOIDUNGFILE"):
        inner = etree.fromstring(base64.b64decode(node.text or ""))
        leaves = [element for element in inner.iter() if not len(element)]
        for leaf in dice.sample(leaves, min(len(leaves), dice.randrange(3))):
            leaf.text = dice.choice(BROKEN)
        node.text = base64.b64encode(etree.tostring(inner, encoding="utf-8")).decode()
    return etree.tostring(root, encoding="utf-8", xml_declaration=True)


def looked_at_again(claim: Claim) -> Claim:
    return Claim.from_tables(claim.family, claim.tables, claim.parts, claim.findings)


@pytest.mark.parametrize("edition", ["4210", "130", "4750", "3176", "1931"])
@pytest.mark.parametrize("dialect", ["official", "php", "shuffled_order"])
def test_fitting_tables_have_the_findings_of_any_table(edition: str, dialect: str) -> None:
    dice = random.Random(f"{edition} {dialect}")
    fitting = others = 0
    for claim in synth.generate(encounters=25, edition=edition, seed=21, faults=0.3):
        data = damaged(synth.render([claim], edition=edition, dialect=dialect), dice)
        for read in codecs.read(data).claims:
            for judged_by in (None, "3176", "4750"):
                found = rules.check(read, edition=judged_by)
                assert found == rules.check(looked_at_again(read), edition=judged_by)
            fitting += len(read.fitting)
            others += len(read.tables) - len(read.fitting)
    assert fitting > others > 0


def test_a_table_fits_only_if_all_is_filled_and_short_enough() -> None:
    claim = next(iter(synth.generate(encounters=1, edition="3176", seed=3)))
    line = claim.xml3[0]
    for wrong in ({"ten_dich_vu": "X" * 1025}, {"ma_nhom": None}, {"so_luong": "-1"}):
        rows = [line.replace(**wrong), *claim.xml3[1:]]
        data = synth.render([claim.replace(xml3=rows)], edition="3176")
        assert codecs.read(data).claims[0].fitting == claim.tables.keys() - {"XML3"}
    assert codecs.read(synth.render([claim])).claims[0].fitting == claim.tables.keys()
