"""``validate`` says what reading and checking say of fields, and nothing where they say nothing."""

import base64
import random

import pytest
from lxml import etree

from vnhealth import bhyt, codecs, synth
from vnhealth.codecs import _validate
from vnhealth.codecs._limits import DEFAULT_LIMITS

BROKEN = ["", " ", "-1", "1.00001", "9" * 30, "20260801", "202602300930", "A;;B", "Z" * 300, "1,5"]
BROKEN += ["K99", "7", "x" * 4, "NguyÔn V¨n", "0", "05"]


def about_fields(data: bytes) -> list[object]:
    document = codecs.read(data)
    found = bhyt.check(document)
    return [f for f in found if f.code.startswith(_validate._ABOUT_FIELDS)]


def damaged(data: bytes, dice: random.Random) -> bytes:
    root = etree.fromstring(data)
    for node in root.iter("NOIDUNGFILE"):
        inner = etree.fromstring(base64.b64decode(node.text or ""))
        leaves = [element for element in inner.iter() if not len(element)]
        for leaf in dice.sample(leaves, min(len(leaves), dice.choice([0, 0, 0, 1]))):
            leaf.text = dice.choice(BROKEN)
        head = b'<?xml version="1.0" encoding="utf-8"?>\n'
        node.text = base64.b64encode(head + etree.tostring(inner, encoding="utf-8")).decode()
    return etree.tostring(root, encoding="utf-8", xml_declaration=True)


@pytest.mark.parametrize("edition", ["4210", "130", "4750", "3176", "1931"])
def test_the_same_is_said_as_by_reading_and_checking(edition: str) -> None:
    dice = random.Random(edition)
    sound = quick = 0
    claims = list(synth.generate(encounters=40, edition=edition, seed=31, faults=0.2))
    for claim in claims:
        made = synth.render([claim], edition=edition)
        for data in (made, damaged(made, dice)):
            expected = about_fields(data)
            assert list(codecs.validate(data)) == expected
            sound += not expected
            quick += _validate._is_sound(data, DEFAULT_LIMITS)
    assert quick <= sound
    assert quick > 0.8 * sound


@pytest.mark.parametrize("dialect", sorted(synth.DIALECTS))
def test_every_dialect_is_judged_alike(dialect: str) -> None:
    for claim in synth.generate(encounters=6, edition="3176", seed=5):
        data = synth.render([claim], dialect=dialect)
        assert list(codecs.validate(data)) == about_fields(data)


def test_a_sound_document_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    claim = next(iter(synth.generate(encounters=1, edition="3176", seed=5)))
    data = synth.render([claim])
    for _ in range(3):
        assert not codecs.validate(data)
    monkeypatch.setattr(_validate, "read", None)
    assert bhyt.validate(data).ok
