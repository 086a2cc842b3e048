"""The de-identified intake takes what the contract lists and nothing else."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vnhealth.protocol import deid_contract
from vnhealth.protocol.deid_inspect import inspect

TOKEN = "A" + "B2" * 13
GOOD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    "<VNHEALTH_DEID><PHIEN_BAN>1</PHIEN_BAN><NHAN>pseudonymised</NHAN>"
    f"<MA_CSKCB>01001</MA_CSKCB><CHINH_SACH>{'0' * 64}</CHINH_SACH><SO_LUONG>1</SO_LUONG>\n"
    f"<HOSO><MA_LK>{TOKEN}</MA_LK><TOKEN_CCCD>{TOKEN}</TOKEN_CCCD>"
    "<XML1><STT>1</STT><NHOM_TUOI>Y35-39</NHOM_TUOI><GIOI_TINH>1</GIOI_TINH>"
    "<MA_BENH_CHINH>J18.9</MA_BENH_CHINH><NGAY_VAO>202608010800</NGAY_VAO>"
    "<T_TONGCHI_BV>123000</T_TONGCHI_BV></XML1>"
    "<XML2><STT>1</STT><MA_THUOC>40.67</MA_THUOC></XML2>"
    "<XML2><STT>2</STT><SO_LUONG/></XML2></HOSO></VNHEALTH_DEID>\n"
)
IDENTIFIERS = {
    "citizen": "001090123456",
    "spaced citizen": "001 090 123 456",
    "card": "DN4010123456789",
    "social insurance": "0123456789",
    "phone": "0912345678",
    "phone abroad": "+84912345678",
}


def codes(text: str) -> set[str]:
    return set(inspect(text.encode()).findings.codes)


def test_the_example_is_taken() -> None:
    found = inspect(GOOD.encode())
    assert found.ok
    assert (found.facility, found.records) == ("01001", (TOKEN,))


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("<XML1>", "<XML1><HO_TEN>x</HO_TEN>", "GW-DEID-03"),
        ("<XML1>", "<XML1><HO_TEN></HO_TEN>", "GW-DEID-03"),
        ("<XML1>", "<XML1><GHI_CHU>x</GHI_CHU>", "GW-DEID-03"),
        ("<XML1>", '<XML1 a="x">', "GW-DEID-01"),
        ("<XML1>", "<!-- x --><XML1>", "GW-DEID-01"),
        ("<XML1>", "<?x y?><XML1>", "GW-DEID-01"),
        ("<GIOI_TINH>1", "<GIOI_TINH><![CDATA[1]]>", "GW-DEID-01"),
        ("<GIOI_TINH>1", "<GIOI_TINH>&#49;", "GW-DEID-01"),
        ("<VNHEALTH_DEID>", "<!DOCTYPE x><VNHEALTH_DEID>", "GW-DEID-01"),
        ("</HOSO>", "</HOSO><CHUKYDONVI></CHUKYDONVI>", "GW-DEID-07"),
        ("</HOSO>", '</HOSO><ds:Signature xmlns:ds="x"/>', "GW-DEID-07"),
        ("pseudonymised", "x", "GW-DEID-06"),
        ("<NHAN>pseudonymised</NHAN>", "", "GW-DEID-02"),
        ("<SO_LUONG>1", "<SO_LUONG>2", "GW-DEID-02"),
        ("J18.9", "B20", "GW-DEID-08"),
        ("123000", "123456", "GW-DEID-04"),
        ("<XML1>", "x<XML1>", "GW-DEID-02"),
        ("</XML1>", "Nguyễn</XML1>", "GW-DEID-03"),
        ("</VNHEALTH_DEID>", "</VNHEALTH_DEID>x", "GW-DEID-02"),
        ("</VNHEALTH_DEID>", "", "GW-DEID-02"),
        ("<XML2>", "<XML1><STT>1</STT></XML1><XML2>", "GW-DEID-02"),
        ("<GIOI_TINH>1", "<GIOI_TINH>1</GIOI_TINH><GIOI_TINH>1", "GW-DEID-02"),
        (f"<MA_LK>{TOKEN}</MA_LK>", "", "GW-DEID-02"),
    ],
)
def test_one_wrong_thing_refuses_the_file(old: str, new: str, code: str) -> None:
    assert old in GOOD
    found = inspect(GOOD.replace(old, new, 1).encode())
    assert not found.ok
    assert code in found.findings.codes


@pytest.mark.parametrize("kind", IDENTIFIERS)
def test_no_shape_takes_an_identifier(kind: str) -> None:
    """Not by luck of the fields chosen: every shape of the contract refuses it."""
    value = IDENTIFIERS[kind]
    for table, fields in deid_contract.allowed_fields().items():
        for tag, shape in fields.items():
            assert not shape.accepts(value), (table, tag)
    assert "GW-DEID-05" in codes(GOOD.replace(TOKEN, value, 1))


def test_names_are_refused_by_every_shape() -> None:
    for fields in deid_contract.allowed_fields().values():
        for tag, shape in fields.items():
            for name in ("Nguyễn Văn An", "NGUYEN VAN AN", "An", "Lê"):
                assert not shape.accepts(name), tag


def test_findings_never_hold_the_value_nor_an_unknown_tag() -> None:
    text = GOOD.replace("<XML1>", "<XML1><NGUYEN_VAN_AN>0912345678</NGUYEN_VAN_AN>", 1)
    found = inspect(text.replace("Y35-39", "0912345678").encode()).findings
    shown = found.to_json(values=True) + repr(found) + "".join(repr(f) for f in found)
    assert "0912345678" not in shown
    assert "NGUYEN_VAN_AN" not in shown
    assert {"GW-DEID-03", "GW-DEID-05"} <= found.codes


def test_other_encodings_and_a_byte_order_mark_are_refused() -> None:
    assert not inspect(GOOD.encode("utf-16")).ok
    assert not inspect(b"\xef\xbb\xbf" + GOOD.encode()).ok


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_refused_and_never_raise(data: bytes) -> None:
    assert not inspect(data).ok


@given(st.integers(0, len(GOOD) - 1), st.text(string.ascii_letters + "<>/&'\"=! é", max_size=3))
def test_an_edit_is_refused_or_leaves_only_listed_shapes(at: int, new: str) -> None:
    """Whatever is changed: what is taken still holds nothing but listed tags and shapes."""
    import lxml.etree as etree

    text = GOOD[:at] + new + GOOD[at + len(new) :]
    if not inspect(text.encode()).ok:
        return
    root = etree.fromstring(text.encode())
    fields = deid_contract.allowed_fields()
    for node in root.iter():
        assert not node.attrib
        level = {1: "HEADER", 2: "HOSO"}.get(len(list(node.iterancestors())))
        level = level or (node.getparent().tag if node.getparent() is not None else None)
        if len(node) == 0 and node.text:
            assert fields[level][node.tag].accepts(node.text.strip())
