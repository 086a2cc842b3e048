"""The files that everything is measured on: synthetic encounters in two vendor looks."""

from __future__ import annotations

import base64
import importlib.util
import random
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import ModuleType

from lxml import etree

from vnhealth import synth

ROOT = Path(__file__).resolve().parents[1]
GENERATOR = ROOT.parent / "shared" / "bench" / "gen_corpus.py"


def _scattered(data: bytes, seed: int) -> bytes:
    dice = random.Random(seed)
    envelope = etree.fromstring(data)
    for node in envelope.iter("NOIDUNGFILE"):
        root = etree.fromstring(base64.b64decode(node.text or ""))
        for row in [root, *root.iter()]:
            if len(row) and not len(row[0]):
                row[:] = dice.sample(list(row), len(row))
        content = etree.tostring(root, encoding="utf-8", xml_declaration=True)
        node.text = base64.b64encode(content).decode()
    return etree.tostring(envelope, encoding="utf-8", xml_declaration=True)


@dataclass
class Corpus:
    """One encounter per file: official field order, a vendor's own order, no order at all."""

    source: str
    official: list[bytes]
    shuffled: list[bytes]

    @cached_property
    def scattered(self) -> list[bytes]:
        """The same encounters with every row in an order of its own, which no reader can learn."""
        return [_scattered(data, number) for number, data in enumerate(self.official)]


def generator() -> ModuleType | None:
    if not GENERATOR.is_file():
        return None
    found = importlib.util.spec_from_file_location("gen_corpus", GENERATOR)
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    sys.modules["gen_corpus"] = module
    found.loader.exec_module(module)
    return module


def load(count: int) -> Corpus:
    module = generator()
    if module is None:
        claims = list(synth.generate(encounters=count, edition="4750", seed=4750))
        looks = ("php", "official")
        official = [
            synth.render(
                [claim], edition="4750", facility=claim.xml1.ma_cskcb, dialect=looks[i % 2]
            )
            for i, claim in enumerate(claims)
        ]
        shuffled = [
            synth.render(
                [claim],
                edition="4750",
                facility=claim.xml1.ma_cskcb,
                dialect=f"{looks[i % 2]}+shuffled_order",
            )
            for i, claim in enumerate(claims)
        ]
        return Corpus("vnhealth synth, edition 4750, php and official looks", official, shuffled)
    return Corpus("gen_corpus.py, php and dotnet looks", _files(module, count), _own(module, count))


def _files(module: ModuleType, count: int) -> list[bytes]:
    out = []
    for i in range(count):
        encounter = module.encounter(i)
        facility = encounter["XML1"][0]["MA_CSKCB"]
        body = module.hoso(encounter, module.style_of(i, "mix"))
        out.append(module.head(facility, 1) + body + module.TAIL)
    return out


def _own(module: ModuleType, count: int) -> list[bytes]:
    """The same encounters in the field order of one vendor, the same in all of its files."""
    official = dict(module.TABLES)
    try:
        for name, fields in official.items():
            order = list(fields)
            random.Random(name).shuffle(order)
            module.TABLES[name] = order
        return _files(module, count)
    finally:
        module.TABLES.update(official)
