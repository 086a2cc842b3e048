"""Identifiers planted in every field of every table of every edition, and around: none survives."""

from __future__ import annotations

import base64
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vnhealth import bhyt, deid, spec
from vnhealth.codecs import iter_claims
from vnhealth.localtime import LocalTime
from vnhealth.protocol.deid_inspect import inspect
from vnhealth.records import Claim, record_class
from vnhealth.spec import Family, Kind

CANARIES = {
    "name": ["Trần Thị Ngọc Hoàng Yến", "Y Bhăm Niê Kđăm"],
    "id": ["001199888777", "280998877"],
    "card": ["DN4797766554433", "7766554433"],
    "phone": ["0987654321", "+84987654321"],
    "address": ["12/7 ngõ Cây Bưởi, xã Hòa Lạc"],
    "birth": ["19990718"],
    "paper": ["GT-77/2031"],
    "mail": ["benhnhan@example.vn"],
}
ALL = [value for values in CANARIES.values() for value in values]
TABLES = [
    (family, table)
    for family, edition in ((Family.F4210, "4210"), (Family.F130, "3176"))
    for table in spec.tables(edition)
]
PLAIN = {
    (f, t): {"ma_lk": "LK1"} if "MA_LK" in spec.table("4210" if f == "4210" else "3176", t) else {}
    for f, t in TABLES
}


def planted(kind: Kind, value: str) -> object:
    """The value as a decoder could have it: in the type of the field where that is possible."""
    digits = "".join(c for c in value if c.isdigit())
    if kind is Kind.TIME and len(digits) == 8:
        try:
            return LocalTime.parse(digits)
        except ValueError:
            return value
    if kind is Kind.DECIMAL and digits:
        return Decimal(digits)
    if kind is Kind.INTEGER and digits:
        return int(digits)
    return value


def with_summary(family: Family, table: str, rows: list) -> Claim:
    tables = {table: tuple(rows)}
    if table != "XML1":
        tables["XML1"] = (record_class(family, "XML1")(ma_lk="LK1", ma_cskcb="01901"),)
    return Claim.from_tables(family, tables)


def clean(result: deid.Result) -> None:
    for output in (result.data, result.manifest.to_json(), repr(result), result.name):
        report = deid.scan(output, CANARIES)
        assert report.ok, report
    text = "".join(f.text("en", values=True) for f in result.manifest.findings())
    assert deid.scan(text, CANARIES).ok


@pytest.mark.parametrize(("family", "table"), TABLES, ids=str)
def test_nothing_planted_in_a_field_survives(kit, family, table) -> None:
    cls = record_class(family, table)
    for attr, kind in cls.kinds().items():
        claims = []
        for n, value in enumerate(ALL):
            state = {**PLAIN[family, table], attr: planted(kind, value)}
            rows = [cls._trusted(dict(state))]
            raw = {attr.upper(): value}
            if kind not in (Kind.TEXT, Kind.CODE):
                rows.append(cls._trusted({**state, attr: value}))
                rows.append(cls._trusted({**state, attr: None}, raw))
            elif f"{value};{value}" != value:
                rows.append(cls._trusted({**state, attr: f"K02;{value}"}))
            if table == "XML1":
                claims += [with_summary(family, table, [row]) for row in rows]
            else:
                claims.append(with_summary(family, table, rows))
            assert n < len(ALL)
        result = kit.apply(claims)
        clean(result)
        if result.records:
            assert inspect(result.data).ok, (table, attr)


@pytest.mark.parametrize(("family", "table"), TABLES, ids=str)
def test_nothing_planted_in_all_fields_at_once_survives(kit, family, table) -> None:
    cls = record_class(family, table)
    rows = [
        cls._trusted(
            {attr: planted(kind, value) for attr, kind in cls.kinds().items()},
            {attr.upper(): value for attr in cls.kinds()},
            tuple((value, value) for value in ALL) + (("HO_TEN", value),),
        )
        for value in ALL
    ]
    clean(kit.apply(with_summary(family, table, rows)))


def envelope() -> bytes:
    name = CANARIES["name"][0]
    summary = (
        f'<?xml version="1.0"?><!-- {name} --><TONG_HOP nguoi="{name}"><?ai {name}?>'
        f'<MA_LK>LK1</MA_LK><STT>1</STT><HO_TEN ten="{name}">{name}</HO_TEN>'
        f"<SO_CCCD><![CDATA[{CANARIES['id'][0]}]]></SO_CCCD><{'BENH_NHAN_LA'}>{name}</BENH_NHAN_LA>"
        f"<MA_CSKCB>01901</MA_CSKCB></TONG_HOP>"
    )
    broken = f"<CHITIEU_CHITIET_THUOC>{name}"
    parts = "".join(
        f"<FILEHOSO><LOAIHOSO>{kind}</LOAIHOSO><NOIDUNGFILE>{content}</NOIDUNGFILE></FILEHOSO>"
        for kind, content in (
            ("XML1", base64.b64encode(summary.encode()).decode()),
            ("XML2", base64.b64encode(broken.encode()).decode()),
            (name, name),
        )
    )
    return (
        f'<?xml version="1.0" encoding="utf-8"?><!-- {name} --><GIAMDINHHS><THONGTINDONVI>'
        f"<MACSKCB>01901</MACSKCB></THONGTINDONVI><THONGTINHOSO><NGAYLAP>19990718</NGAYLAP>"
        f"<SOLUONGHOSO>1</SOLUONGHOSO><DANHSACHHOSO><HOSO>{parts}</HOSO></DANHSACHHOSO>"
        f"</THONGTINHOSO><CHUKYDONVI>{name}</CHUKYDONVI></GIAMDINHHS>"
    ).encode()


def test_comments_attributes_signatures_and_broken_parts_survive_nowhere(kit, tmp_path) -> None:
    document = bhyt.read(envelope())
    result = kit.apply(document)
    clean(result)
    assert result.manifest.count("DEID-11") >= 3
    assert result.manifest.count("DEID-04") >= 1
    source = tmp_path / f"{CANARIES['name'][0]} {CANARIES['card'][0]}.xml"
    source.write_bytes(envelope())
    out = tmp_path / "out"
    out.mkdir()
    manifest = deid.deidentify_file(source, out, key=kit.key, manifest=out / "m.json")
    for path in out.iterdir():
        assert deid.scan(path.name, CANARIES).ok
        assert deid.scan(path.read_bytes(), CANARIES).ok
    assert manifest.facility == "01901"
    assert len(list(iter_claims(source))) == manifest.encounters.read


def test_exceptions_and_logs_hold_nothing(kit, caplog) -> None:
    from vnhealth.errors import VnHealthError

    name = CANARIES["name"][0]
    claim = kit.claim(xml1={"ho_ten": name})
    caught = []
    for change in ({"recipient": ""}, {"policy": "x"}, {"facility": name}, {"purpose": "\x00"}):
        with pytest.raises(VnHealthError) as error:
            kit.apply(claim, **change)
        caught.append(str(error.value) + repr(error.value) + error.value.message("vi"))
    assert deid.scan("".join(caught) + caplog.text, CANARIES).ok


def test_a_policy_of_a_careless_author_is_stopped_by_the_last_check(kit, monkeypatch) -> None:
    """If a number ever came through a form, the encounter would not be written."""
    import re

    from vnhealth.deid import _tables

    loose = {**_tables.forms(), "departments": re.compile(".*")}
    monkeypatch.setattr("vnhealth.deid._steps.forms", lambda: loose)
    leaking = kit.claim(xml1={"so_cccd": "001199888777", "ma_khoa": "001199888777"})
    fine = kit.claim(xml1={"ma_lk": "LK2", "so_cccd": "001199888777", "ma_khoa": "K02"})
    result = kit.apply([leaking, fine])
    assert result.manifest.encounters.stopped == 1
    assert result.manifest.scanner == {"encounters": 2, "found": 1}
    assert result.records == 1
    clean(result)


IDENTIFIERS = ("001199888777", "DN4010000012345", "190100000012", "202601010800", "0912345678")


@settings(max_examples=60)
@given(data=st.data())
def test_the_quick_look_of_the_last_check_overlooks_nothing(kit, data) -> None:
    """Whatever leaks through forms that let all pass, the full search finds nothing more."""
    import re

    from vnhealth.deid import _steps, _tables

    value = st.one_of(
        st.none(), st.sampled_from(IDENTIFIERS), st.sampled_from(["K02", "202608010800"])
    )
    tags = ("ma_khoa", "ma_doituong_kcb", "so_cccd", "ma_the_bhyt", "dien_thoai", "ngay_vao")
    claims = [
        kit.claim(
            xml1={"ma_lk": f"LK{n}", **{tag: data.draw(value) for tag in tags}},
            xml2={"ma_thuoc": data.draw(value), "ma_khoa": data.draw(value)},
        )
        for n in range(3)
    ]
    loose = {name: re.compile(".*", re.DOTALL) for name in _tables.forms()}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("vnhealth.deid._steps.forms", lambda: loose)
        quick = kit.apply(claims)
        patch.setattr(_steps.Written, "may_hold", lambda *_: True)
        full = kit.apply(claims)
    assert quick.data == full.data
    assert quick.manifest == full.manifest


def test_the_scanner_finds_what_is_there_in_many_spellings() -> None:
    for text in (
        "001199888777",
        "so 001 199 888 777.",
        "001.199.888.777",
        base64.b64encode(b"<a>001199888777</a>" * 3).decode(),
    ):
        assert deid.scan(text, CANARIES).found == {"id": 1}
    for text in ("TRẦN THỊ NGỌC  HOÀNG\nYẾN", "tran thi ngoc hoang yen"):
        assert deid.scan(text.encode(), CANARIES).found == {"name": 1}
    assert deid.scan("0987.654.321 và DN4 79 77 66 55 44 33", ["0987654321"]).found == {
        "identifier": 1
    }
    assert deid.scan("không có gì", CANARIES).ok
    assert deid.scan(b"\xff\xfe", ["abc"]).searched == 0
