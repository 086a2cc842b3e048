"""Signed manifests, rotated and device keys, stand-ins for test data."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import json

import pytest

from vnhealth import deid
from vnhealth.deid import DeviceKey, Key, Tokens
from vnhealth.errors import DeidError
from vnhealth.signing import TestAuthority as Authority

START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def signer():
    authority = Authority(not_before=START, not_after=START + dt.timedelta(days=900))
    return authority.issue("01901", not_before=START, not_after=START + dt.timedelta(days=800))


def test_a_seal_holds_until_anything_is_changed(kit, signer) -> None:
    result = kit.apply(kit.claim(xml1={"gioi_tinh": "2"}))
    assert isinstance(signer, deid.Signer)
    sealed = deid.seal(result.manifest.to_dict(), signer)
    travelled = json.loads(json.dumps(sealed, ensure_ascii=False, indent=2))
    assert deid.seal_holds(travelled, result.data)
    assert not deid.seal_holds(travelled, result.data + b" ")
    assert not deid.seal_holds({**travelled, "label": "de-identified"})
    assert not deid.seal_holds({k: v for k, v in travelled.items() if k != "signature"})
    for name, value in (("value", "AAAA"), ("certificate", "AAAA"), ("algorithm", "none")):
        broken = {**travelled, "signature": {**travelled["signature"], name: value}}
        assert not deid.seal_holds(broken)
    assert not deid.seal_holds({**travelled, "signature": "x"})
    short = deid.seal(result.manifest.for_recipient(), signer)
    assert deid.seal_holds(short, result.data)


def test_the_form_for_the_recipient_says_nothing_of_what_stayed(kit) -> None:
    marked = kit.claim(
        xml1={"ma_lk": "L2", "ma_benh_chinh": "B20"}, xml6={"gioi_tinh": "1"}, xml3=[{"stt": 1}]
    )
    one, two = kit.apply([kit.claim()]), kit.apply([kit.claim(), marked])
    assert one.data == two.data
    assert one.manifest != two.manifest
    assert "XML6" in two.manifest.to_json()
    assert two.manifest.to_json(recipient=True) == one.manifest.to_json(recipient=True)
    assert one.manifest.for_recipient()["label"] == "pseudonymised"


def test_a_rotated_key_changes_tokens_and_keeps_shifts(kit, tmp_path) -> None:
    old = Key.create_file(tmp_path / "a", entropy=lambda n: bytes(range(n)))
    new = old.rotate_file(tmp_path / "b", "B", entropy=lambda n: bytes(range(1, n + 1)))
    read = Key.from_file(tmp_path / "b")
    assert (read.version, read.shift_version) == ("B", "A")
    assert read.derive(b"x") == new.derive(b"x") != old.derive(b"x")
    assert read.derive_shift(b"x") == old.derive_shift(b"x")
    for n in range(20):
        person = ("person.cccd", f"{n:012}")
        first, second = Tokens(old, "r", "p"), Tokens(read, "r", "p")
        assert first.weeks(*person) == second.weeks(*person)
        assert first.token(*person)[1:] != second.token(*person)[1:]
    third = read.rotated(bytes(range(2, 34)), "C")
    assert third.shift_version == "A"
    assert third.derive_shift(b"x") == old.derive_shift(b"x")
    fresh = Key.from_bytes(bytes(range(1, 33)), "B")
    assert fresh.derive_shift(b"x") != old.derive_shift(b"x")
    with pytest.raises(DeidError):
        old.rotated(bytes(range(1, 33)), "A")
    claim = kit.claim(xml1={"ma_the_bhyt": "DN4010000012345"})
    dates = [
        next(
            t for t in kit.apply(claim, key=k).data.decode().split("<") if t.startswith("NGAY_VAO")
        )
        for k in (old, read, third)
    ]
    assert len(set(dates)) == 1


def test_every_token_can_be_followed_after_a_rotation(kit) -> None:
    """100 % of tokens of the new batch are reached from the old one by the crosswalk."""
    import re

    old = kit.key
    new = old.rotated(bytes(range(1, 33)), "B")
    claims = [
        kit.claim(xml1={"ma_lk": f"L{n}", "ma_bn": f"B{n % 30}", "so_cccd": f"0010{n % 40:08}"})
        for n in range(200)
    ]
    change = {c.old: c.new for c in deid.crosswalk(claims, old=old, new=new, **kit.names)}
    pattern = re.compile("[A-Z][A-Z2-7]{26}")
    before = {*pattern.findall(kit.apply(claims).data.decode())}
    after = {*pattern.findall(kit.apply(claims, key=new).data.decode())}
    assert {change[token] for token in before} == after
    assert len(change) == len(before) == len(after)


def test_a_device_key_makes_the_same_tokens_and_fails_closed(kit) -> None:
    master = bytes(range(32))
    extracted = hmac.digest(b"vnhealth deid 1", master, hashlib.sha256)
    device = DeviceKey(lambda data: hmac.digest(extracted, data, hashlib.sha256), "A")
    claim = kit.claim(xml1={"ma_bn": "7"})
    assert kit.apply(claim, key=device).data == kit.apply(claim).data
    assert isinstance(device, deid.KeyProvider)

    def broken(data: bytes) -> bytes:
        raise OSError("PIN 123456 refused")

    for sign in (broken, lambda data: b"short", lambda data: None):
        with pytest.raises(DeidError) as caught:
            kit.apply(claim, key=DeviceKey(sign, "A"))
        assert "123456" not in str(caught.value) + repr(caught.value.__cause__)
    with pytest.raises(DeidError):
        DeviceKey(broken, "ab")


def test_stand_ins_are_a_permutation_that_keeps_the_form() -> None:
    pytest.importorskip("ffx")
    from vnhealth.identity import bhyt_card, cccd

    made = deid.StandIns(Key.from_bytes(bytes(range(32))), "test", "đào tạo")
    numbers = [f"001099{n:06}" for n in range(3000)]
    found = [made.personal_number(n) for n in numbers]
    assert len(set(found)) == len(numbers)
    assert set(found).isdisjoint({"x"})
    assert all(f[:6] == "001099" and cccd.parse(f).is_valid for f in found)
    assert sum(f == n for f, n in zip(found, numbers, strict=True)) <= 3
    card = made.card("DN4010000012345")
    assert bhyt_card.parse(card).is_valid
    assert card[:5] == "DN401"
    assert made.back(card[5:], "bhxh") == "0000012345"
    other = deid.StandIns(Key.from_bytes(bytes(range(32))), "khác", "đào tạo")
    assert other.card("DN4010000012345") != card
    for wrong in ("12345", "00109900012x", "٠٠١٠٩٩٠٠٠١٢٣"):
        with pytest.raises(ValueError, match="needed"):
            made.digits(wrong, "x")
    with pytest.raises(ValueError, match="twelve"):
        made.personal_number("123")
    with pytest.raises(ValueError, match="fifteen"):
        made.card("123")


def test_without_the_package_the_error_says_what_to_install(monkeypatch) -> None:
    import sys

    from vnhealth.deid import _fpe

    _fpe._ff1.cache_clear()
    monkeypatch.setitem(sys.modules, "ffx", None)
    with pytest.raises(DeidError) as caught:
        deid.StandIns(Key.from_bytes(bytes(range(32))), "a", "b")
    assert caught.value.code == "ERR-DEID-11"
    assert "libffx" in caught.value.hint("vi")
    monkeypatch.undo()
    _fpe._ff1.cache_clear()
