"""Every exception vnhealth raises, in one tree.

```
VnHealthError
├─ SpecError            unknown edition, table or tag
├─ CodecError
│  ├─ MalformedXml      the bytes are not XML and could not be repaired
│  ├─ UnsafeXml         DTD, entities or other dangerous constructs
│  ├─ UnknownEnvelope   well-formed, but not one of the ministry's documents
│  ├─ LimitExceeded     a size, depth or count limit was passed
│  └─ EncodeError       a writer refused a value
├─ IdentityError        also a ValueError
├─ CatalogError
├─ ConformanceError     carries findings; raised only on request or by strict writers
├─ DeidError
├─ SignatureError
├─ SyncError
└─ SandboxError
```

Business errors in data are never exceptions: they are `vnhealth.findings.Finding` objects.
Texts live in the catalogue ``findings/data/errors.csv``; ``str(error)`` never holds a value that
came from a document.
"""

from __future__ import annotations

from typing import Any, ClassVar

__all__ = [
    "CatalogError",
    "CodecError",
    "ConformanceError",
    "DeidError",
    "EncodeError",
    "IdentityError",
    "LimitExceeded",
    "MalformedXml",
    "SandboxError",
    "SignatureError",
    "SpecError",
    "SyncError",
    "UnknownEnvelope",
    "UnsafeXml",
    "VnHealthError",
]


class VnHealthError(Exception):
    """Base of all errors of this package.

    ``code`` is permanent and has a page in the documentation; ``params`` fill the message of the
    catalogue and must never hold personal data (names of tags, limits and paths are fine).

    >>> from vnhealth.errors import LimitExceeded
    >>> error = LimitExceeded("ERR-XML-04", limit="10 MB")
    >>> error.code
    'ERR-XML-04'
    >>> "10 MB" in error.message("en")
    True
    """

    default_code: ClassVar[str] = "ERR-GEN-01"
    retryable: ClassVar[bool] = False

    def __init__(self, code: str | None = None, **params: Any) -> None:
        super().__init__(code or self.default_code)
        self.code = code or self.default_code
        self.params = {name: str(value) for name, value in params.items()}

    def message(self, lang: str = "vi") -> str:
        """The one-sentence text in ``vi`` or ``en``: what happened, where, what to do."""
        from vnhealth.findings import catalogue

        return catalogue.info(self.code).message(lang, self.params)

    def hint(self, lang: str = "vi") -> str:
        """How to repair it, in ``vi`` or ``en``; may be empty."""
        from vnhealth.findings import catalogue

        return catalogue.info(self.code).hint(lang, self.params)

    def __str__(self) -> str:
        return f"{self.message('en')} [{self.code}]"

    def __reduce__(self) -> tuple[Any, ...]:
        return (_rebuild, (type(self), self.code, self.params))


def _rebuild(kind: type[VnHealthError], code: str, params: dict[str, str]) -> VnHealthError:
    return kind(code, **params)


class SpecError(VnHealthError, LookupError):
    """An edition, table, tag or code set that the registry does not hold."""

    default_code = "ERR-SPEC-01"


class CodecError(VnHealthError):
    """A document could not be read or written."""

    default_code = "ERR-XML-01"


class MalformedXml(CodecError):
    """The bytes are not XML and no loss-free repair was found."""

    default_code = "ERR-XML-01"


class UnsafeXml(CodecError):
    """The document uses a construct that can attack a parser (DTD, entity, external reference)."""

    default_code = "ERR-XML-02"


class UnknownEnvelope(CodecError):
    """The XML is well-formed but is none of the documents of the standards."""

    default_code = "ERR-XML-03"


class LimitExceeded(CodecError):
    """A size, depth or count limit was passed."""

    default_code = "ERR-XML-04"


class EncodeError(CodecError):
    """A strict writer refused a value; see the findings of `ConformanceError` for the list."""

    default_code = "ERR-XML-05"


class IdentityError(VnHealthError, ValueError):
    """A text is not the identifier it was taken for."""

    default_code = "ERR-ID-01"


class CatalogError(VnHealthError):
    """A catalogue is missing, outdated or does not hold a code."""

    default_code = "ERR-CAT-01"


class ConformanceError(VnHealthError):
    """Findings of a severity that the caller asked to treat as an error.

    ``findings`` holds all of them.
    """

    default_code = "ERR-CONF-01"

    def __init__(self, code: str | None = None, *, findings: Any = (), **params: Any) -> None:
        params.setdefault("count", str(len(findings)))
        params.setdefault("codes", ", ".join(sorted({f.code for f in findings})[:5]))
        super().__init__(code, **params)
        self.findings = findings

    def __reduce__(self) -> tuple[Any, ...]:
        return (_rebuild_conformance, (self.code, self.findings, self.params))


def _rebuild_conformance(code: str, findings: Any, params: dict[str, str]) -> ConformanceError:
    return ConformanceError(code, findings=findings, **params)


class DeidError(VnHealthError):
    """De-identification was refused (missing key, policy violation, risk too high)."""

    default_code = "ERR-DEID-01"


class SignatureError(VnHealthError):
    """Signing failed, or the caller asked to raise on a verification result."""

    default_code = "ERR-SIGN-01"


class SyncError(VnHealthError):
    """A gateway could not be reached or answered with an error."""

    default_code = "ERR-SYNC-01"


class SandboxError(VnHealthError):
    """The sandbox was asked for something it does not hold."""

    default_code = "ERR-SBX-01"
