"""Keys: derived by the book, never shown, weak ones refused."""

from __future__ import annotations

import base64
import copy
import hashlib
import hmac
import logging
import os
import pickle
import stat

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given
from hypothesis import strategies as st

from vnhealth.deid import Key, KeyProvider, Tokens
from vnhealth.errors import DeidError

MASTER = bytes(range(100, 132))


@given(st.binary(min_size=32, max_size=80), st.binary(max_size=60))
def test_derivation_is_hkdf(master: bytes, info: bytes) -> None:
    if len(set(master)) == 1:
        return
    other = HKDF(hashes.SHA256(), 32, salt=b"vnhealth deid 1", info=info).derive(master)
    assert Key.from_bytes(master).derive(info) == other


@given(st.binary(min_size=1, max_size=150), st.lists(st.text(max_size=20), max_size=4))
def test_a_token_is_an_hmac_of_the_framed_parts(derived: bytes, parts: list[str]) -> None:
    class Provider:
        version = "K"

        def derive(self, info: bytes) -> bytes:
            return derived

    token = Tokens(Provider(), "r", "p").token("kind", *parts)
    framed = b"".join(b"%d:%b" % (len(part.encode()), part.encode()) for part in ("kind", *parts))
    digest = hmac.digest(derived, framed, hashlib.sha256)
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    assert token == "K" + "".join(letters[byte & 31] for byte in digest[:26])


@pytest.mark.parametrize("master", [b"", b"short", bytes(31), bytes(32), b"x" * 40])
def test_weak_keys_are_refused_without_showing_them(master: bytes) -> None:
    with pytest.raises(DeidError) as caught:
        Key.from_bytes(master)
    assert caught.value.code == "ERR-DEID-03"
    if len(master) > 4:
        assert master.decode("latin1") not in str(caught.value) + repr(caught.value.params)


@pytest.mark.parametrize("version", ["", "a", "1", "AA", "Ä"])
def test_a_version_is_one_capital_letter(version: str) -> None:
    with pytest.raises(DeidError):
        Key.from_bytes(MASTER, version)


def test_hex_base64_and_bytes_are_the_same_key(tmp_path, monkeypatch) -> None:
    expected = Key.from_bytes(MASTER).derive(b"x")
    texts = [MASTER.hex(), MASTER.hex().upper() + "\n", base64.b64encode(MASTER).decode()]
    for text in texts:
        assert Key.from_text(text).derive(b"x") == expected
    path = tmp_path / "key"
    for data in (MASTER.hex().encode(), b"A:" + base64.b64encode(MASTER) + b"\n"):
        path.write_bytes(data)
        assert Key.from_file(path).derive(b"x") == expected
    raw = bytes(range(150, 190))
    path.write_bytes(raw)
    assert Key.from_file(path).derive(b"x") == Key.from_bytes(raw).derive(b"x")
    monkeypatch.setenv("VNHEALTH_DEID_KEY", "D:" + MASTER.hex())
    assert Key.from_env().version == "D"
    assert Key.from_env(version="E").version == "E"
    monkeypatch.delenv("VNHEALTH_DEID_KEY")
    with pytest.raises(DeidError):
        Key.from_env()
    with pytest.raises(DeidError):
        Key.from_file(tmp_path / "none")


def test_a_key_file_is_made_once_and_for_its_owner(tmp_path) -> None:
    path = tmp_path / "key"
    made = Key.create_file(path, "C", entropy=lambda n: bytes(range(n)))
    assert Key.from_file(path).derive(b"x") == made.derive(b"x")
    assert Key.from_file(path).version == "C"
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    before = path.read_bytes()
    with pytest.raises(DeidError):
        Key.create_file(path)
    assert path.read_bytes() == before
    fresh = Key.create_file(tmp_path / "other")
    assert fresh.derive(b"x") != made.derive(b"x")


def shown(master: bytes) -> list[str]:
    key = Key.from_bytes(master)
    inner = [key.derive(b"x")]
    forms = [master, *inner]
    return [text for f in forms for text in (f.hex(), base64.b64encode(f).decode(), repr(f))]


def test_keys_are_never_shown_logged_pickled_or_in_a_manifest(kit, caplog) -> None:
    key = Key.from_bytes(MASTER)
    tokens = Tokens(key, "a", "b")
    result = kit.apply(kit.claim(), key=key)
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("x").warning("%s %r %s", key, tokens, result)
    text = caplog.text + repr(key) + repr(tokens) + str(result) + result.manifest.to_json()
    assert not any(secret in text for secret in shown(MASTER))
    assert str(MASTER) not in text
    for thing in (key, tokens):
        for copier in (pickle.dumps, copy.copy, copy.deepcopy):
            with pytest.raises(TypeError):
                copier(thing)
    assert not hasattr(key, "__dict__")


def test_any_provider_that_derives_will_do(kit) -> None:
    class Device:
        """Stands for a PKCS#11 token: the key stays inside."""

        version = "Q"

        def derive(self, info: bytes) -> bytes:
            return Key.from_bytes(MASTER, "Q").derive(info)

    device = Device()
    assert isinstance(device, KeyProvider)
    made = kit.apply(kit.claim(), key=device)
    assert made.data == kit.apply(kit.claim(), key=Key.from_bytes(MASTER, "Q")).data
    assert made.manifest.key_version == "Q"


def test_tokens_are_the_hmac_of_kind_and_value() -> None:
    """Computed again here, step by step, so that a stored token can be checked by anybody."""
    import hashlib
    import hmac

    def framed(*parts: str) -> bytes:
        return b"".join(str(len(p.encode())).encode() + b":" + p.encode() for p in parts)

    inner = hmac.digest(b"vnhealth deid 1", MASTER, hashlib.sha256)
    key = hmac.digest(inner, framed("token", "kho", "mục đích", "A") + b"\x01", hashlib.sha256)
    digest = hmac.digest(key, framed("person.cccd", "001101000123"), hashlib.sha256)
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    expected = "A" + "".join(letters[b % 32] for b in digest[:26])
    assert Tokens(Key.from_bytes(MASTER), "kho", "mục đích").token(
        "person.cccd", "001101000123"
    ) == expected  # fmt: skip


@given(st.lists(st.text(max_size=8), min_size=1, max_size=4), st.lists(st.text(max_size=8), min_size=1, max_size=4))  # fmt: skip
def test_different_parts_never_share_a_token(a: list[str], b: list[str]) -> None:
    tokens = Tokens(Key.from_bytes(MASTER), "r", "p")
    assert (tokens.token(*a) == tokens.token(*b)) == (a == b)


def test_shifts_are_whole_weeks_spread_over_a_year_without_zero() -> None:
    tokens = Tokens(Key.from_bytes(MASTER), "r", "p")
    found = [tokens.weeks("person.bhxh", f"{n:010}") for n in range(5200)]
    assert set(found) == set(range(-26, 27)) - {0}
    assert max(found.count(w) for w in set(found)) < 160
