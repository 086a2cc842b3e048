"""Every code of this layer is in the catalogue, complete, and used; and the reverse."""

import re
from pathlib import Path

import vnhealth.signing
from vnhealth.findings import catalogue
from vnhealth.signing import SignatureStatus
from vnhealth.signing._report import STATUS_OF

FOLDER = Path(vnhealth.signing.__file__).parent
CODES = {info.code for info in catalogue if info.source == "signing"}


def used():
    text = "".join(path.read_text("utf-8") for path in FOLDER.glob("*.py"))
    return set(re.findall(r'"((?:ERR-)?SIGN-\d\d)"', text))


def test_catalogue_and_code_agree():
    assert used() == CODES


def test_every_status_has_a_code():
    assert set(STATUS_OF.values()) == set(SignatureStatus)
    assert set(STATUS_OF) | {"SIGN-12", "SIGN-13"} == {c for c in CODES if c.startswith("SIGN")}


def test_texts_are_complete_in_both_languages():
    for info in catalogue:
        if info.source == "signing":
            assert info.message_vi != info.message_en
            assert info.message_vi.endswith(".")
            assert info.message_en.endswith(".")
            assert bool(info.hint_vi) is bool(info.hint_en)
            assert set(re.findall(r"{\w+}", info.message_vi)) == set(
                re.findall(r"{\w+}", info.message_en)
            )
