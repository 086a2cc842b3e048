"""What all models share: a repr that shows no value of a patient."""

from __future__ import annotations

from dataclasses import fields

__all__ = ["Model"]


class Model:
    """Base of the models: immutable, keyword-only, and silent about its values.

    >>> from vnhealth.models import Patient
    >>> Patient(name="Nguyễn Văn A")
    <Patient 1 values>
    """

    __slots__ = ()

    def __repr__(self) -> str:
        filled = 0
        for f in fields(self):  # type: ignore[arg-type]
            if f.compare and getattr(self, f.name) not in (None, ()):
                filled += 1
        return f"<{type(self).__name__} {filled} values>"
