"""Keys and what is derived from them. A key is never shown, logged, or written to a manifest.

Tokens come from HMAC-SHA256 under a key that is derived (HKDF, RFC 5869) for one recipient, one
purpose and one key version: two recipients share no token, and nobody can try out numbers without
the key (there are only about 10^10 citizen numbers, so a plain hash of one is no protection).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn, Protocol, runtime_checkable

from vnhealth.errors import DeidError

__all__ = ["ENV", "DeviceKey", "Key", "KeyProvider", "Tokens", "framed"]

ENV = "VNHEALTH_DEID_KEY"
"""The environment variable that `Key.from_env` reads by default."""

_SALT = b"vnhealth deid 1"
_MIN = 32
_VERSION = re.compile("[A-Z]")
_WITH_VERSION = re.compile(r"([A-Z]):([!-~]+)")
_SHIFT_LINE = re.compile(r"^shift ([A-Z]):([A-Za-z0-9+/=]{44})\s*$", re.MULTILINE)
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2})+")
_BASE32 = bytes(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[byte & 31] for byte in range(256))
"""The low five bits of each byte as a letter: 26 bytes give 26 letters, 130 bits."""
_WEEKS = tuple(w for w in range(-26, 27) if w)


@runtime_checkable
class KeyProvider(Protocol):
    """Something that holds a master key and derives from it without giving it away.

    `Key` holds it in memory, `DeviceKey` asks a PKCS#11 device. A provider that also has
    ``derive_shift`` and ``shift_version`` keeps the week shifts of an older key.
    """

    @property
    def version(self) -> str:
        """One letter A to Z; the first letter of every token."""
        ...

    def derive(self, info: bytes) -> bytes:
        """32 bytes for this ``info`` (HKDF-Expand with SHA-256)."""
        ...


def _refuse(reason: str) -> NoReturn:
    raise DeidError("ERR-DEID-03", reason=reason) from None


class Key:
    """A master key in memory, with the letter of its version.

    >>> key = Key.from_bytes(bytes(range(32)), version="B")
    >>> key
    <Key B>
    """

    __slots__ = ("_extracted", "_shift", "_version", "shift_version")

    def __init__(self, master: bytes, version: str = "A") -> None:
        if not _VERSION.fullmatch(version):
            _refuse("the version must be one letter A to Z")
        if len(master) < _MIN:
            _refuse(f"fewer than {_MIN} bytes")
        if len(set(master)) == 1:
            _refuse("all bytes are equal")
        self._version = version
        self.shift_version = version
        self._extracted = self._shift = hmac.digest(_SALT, bytes(master), hashlib.sha256)

    @classmethod
    def from_bytes(cls, master: bytes, version: str = "A") -> Key:
        """From at least 32 random bytes. Raises `DeidError` (ERR-DEID-03), without the bytes."""
        return cls(master, version)

    @classmethod
    def from_text(cls, text: str, version: str | None = None) -> Key:
        """From hexadecimal or base64 text, with its version in front if it has one (``B:…``).

        Text that is neither is taken as it stands, when it has 32 bytes or more.

        >>> Key.from_text("C:" + "0f" * 31 + "aa").version
        'C'
        """
        text = text.strip()
        shift = _SHIFT_LINE.search(text)
        if shift:
            text = text[: shift.start()].strip()
        given = _WITH_VERSION.fullmatch(text)
        if given:
            text = given[2]
        letter = version or (given[1] if given else "A")
        key = cls(_decoded(text), letter)
        if shift:
            key.shift_version, key._shift = shift[1], _decoded(shift[2])
        return key

    @classmethod
    def from_file(cls, path: str | os.PathLike[str], version: str | None = None) -> Key:
        """From a file that holds the bytes themselves or text as `from_text` takes it."""
        try:
            data = Path(path).read_bytes()
        except OSError:
            _refuse("the key file cannot be read")
        try:
            text = data.decode("ascii")
        except UnicodeDecodeError:
            return cls(data, version or "A")
        return cls.from_text(text, version)

    @classmethod
    def from_env(cls, name: str = ENV, version: str | None = None) -> Key:
        """From an environment variable, as text. Raises `DeidError` when it is not set."""
        text = os.environ.get(name, "")
        if not text.strip():
            _refuse(f"the variable {name} is not set")
        return cls.from_text(text, version)

    @classmethod
    def create_file(
        cls,
        path: str | os.PathLike[str],
        version: str = "A",
        *,
        entropy: Callable[[int], bytes] = secrets.token_bytes,
    ) -> Key:
        """Make a new key file that only its owner can read. An existing file is never replaced."""
        master = entropy(_MIN)
        key = cls(master, version)
        _create(path, f"{version}:{base64.b64encode(master).decode()}\n")
        return key

    def rotated(self, master: bytes, version: str) -> Key:
        """A new key for tokens that keeps the week shifts of this one.

        Dates already delivered stay comparable with later ones; tokens change and can be followed
        with `vnhealth.deid.crosswalk`. After a key was stolen make a wholly new one instead.

        >>> old = Key(bytes(range(32)))
        >>> new = old.rotated(bytes(range(1, 33)), "B")
        >>> new.version, new.shift_version, new.derive(b"") == old.derive(b"")
        ('B', 'A', False)
        """
        key = Key(master, version)
        if version == self._version:
            _refuse("a new key needs a new letter")
        key.shift_version, key._shift = self.shift_version, self._shift
        return key

    def rotate_file(
        self,
        path: str | os.PathLike[str],
        version: str,
        *,
        entropy: Callable[[int], bytes] = secrets.token_bytes,
    ) -> Key:
        """Make the key file of the next version, keeping the week shifts. Never replaces a file."""
        master = entropy(_MIN)
        key = self.rotated(master, version)
        shift = base64.b64encode(self._shift).decode()
        text = (
            f"{version}:{base64.b64encode(master).decode()}\nshift {self.shift_version}:{shift}\n"
        )
        _create(path, text)
        return key

    @property
    def version(self) -> str:
        """The letter of the version."""
        return self._version

    def derive_shift(self, info: bytes) -> bytes:
        """The same as `derive`, under the key whose week shifts are kept."""
        return hmac.digest(self._shift, info + b"\x01", hashlib.sha256)

    def derive(self, info: bytes) -> bytes:
        """HKDF-Expand with SHA-256, one block."""
        return hmac.digest(self._extracted, info + b"\x01", hashlib.sha256)

    def __repr__(self) -> str:
        return f"<Key {self._version}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a key is not pickled")


class DeviceKey:
    """A key that never leaves a PKCS#11 device (HSM, USB token).

    ``sign`` is one HMAC-SHA256 under the secret in the device (``CKM_SHA256_HMAC``), as any PKCS#11
    library offers it; this library brings none. The secret must hold 32 random bytes or more.

    >>> import hashlib, hmac
    >>> key = DeviceKey(lambda data: hmac.digest(bytes(range(32)), data, hashlib.sha256), "C")
    >>> key, len(key.derive(b"x"))
    (<DeviceKey C>, 32)
    """

    __slots__ = ("_sign", "_version")

    def __init__(self, sign: Callable[[bytes], bytes], version: str) -> None:
        if not _VERSION.fullmatch(version):
            _refuse("the version must be one letter A to Z")
        self._sign, self._version = sign, version

    @property
    def version(self) -> str:
        """The letter of the version."""
        return self._version

    def derive(self, info: bytes) -> bytes:
        """HKDF-Expand with SHA-256, one block, made by the device."""
        try:
            found = self._sign(info + b"\x01")
        except Exception:
            _refuse("the device does not answer")
        if not isinstance(found, bytes) or len(found) != _MIN:
            _refuse("the device gave no HMAC-SHA256")
        return found

    def __repr__(self) -> str:
        return f"<DeviceKey {self._version}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a key is not pickled")


def _create(path: str | os.PathLike[str], text: str) -> None:
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError:
        _refuse("the key file cannot be made, or is there already")
    with os.fdopen(handle, "wb") as file:
        file.write(text.encode())


def _decoded(text: str) -> bytes:
    if len(text) >= 2 * _MIN and _HEX.fullmatch(text):
        return bytes.fromhex(text)
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        data = b""
    return data if len(data) >= _MIN else text.encode("utf-8", "surrogateescape")


def framed(*parts: str) -> bytes:
    """Parts with their lengths in front: no two lists of parts give the same bytes.

    >>> framed("a", "bé") == "1:a3:bé".encode()
    True
    """
    text = "".join([f"{len(part)}:{part}" for part in parts])
    if text.isascii():
        return text.encode("ascii")
    encoded = [part.encode("utf-8", "surrogatepass") for part in parts]
    return b"".join([b"%d:%b" % (len(part), part) for part in encoded])


class _Keyed:
    """HMAC-SHA256 (RFC 2104) under one key, whose two pads are hashed only once."""

    __slots__ = ("_inner", "_outer")

    def __init__(self, key: bytes) -> None:
        block = (key if len(key) <= 64 else hashlib.sha256(key).digest()).ljust(64, b"\0")
        self._inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in block))
        self._outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in block))

    def digest(self, message: bytes) -> bytes:
        """The code of a message."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(message)
        outer.update(inner.digest())
        return outer.digest()


class Tokens:
    """Makes the tokens and the week shifts of one recipient, purpose and key version.

    Equal values give equal tokens only within one kind: a patient number is not looked up among
    cards.

    >>> tokens = Tokens(Key(bytes(range(32))), "kho", "thong ke")
    >>> token = tokens.token("person.cccd", "001101000123")
    >>> len(token), token[0], token == tokens.token("person.bhxh", "001101000123")
    (27, 'A', False)
    """

    __slots__ = ("_letter", "_shift", "_token")

    def __init__(self, key: KeyProvider, recipient: str, purpose: str) -> None:
        letter = key.version
        if not _VERSION.fullmatch(letter):
            _refuse("the version must be one letter A to Z")
        self._letter = letter
        self._token = _Keyed(key.derive(framed("token", recipient, purpose, letter)))
        derive = getattr(key, "derive_shift", key.derive)
        shift = getattr(key, "shift_version", letter)
        self._shift = _Keyed(derive(framed("shift", recipient, purpose, shift)))

    def token(self, kind: str, *parts: str) -> str:
        """The letter of the key version and 26 characters of base32 (130 bits)."""
        digest = self._token.digest(framed(kind, *parts))
        return self._letter + digest[:26].translate(_BASE32).decode("ascii")

    def weeks(self, kind: str, *parts: str) -> int:
        """Whole weeks from -26 to 26, never 0, the same for the same person."""
        digest = self._shift.digest(framed(kind, *parts))
        return _WEEKS[int.from_bytes(digest[:8], "big") % len(_WEEKS)]

    def __repr__(self) -> str:
        return f"<Tokens {self._letter}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("keys are not pickled")
