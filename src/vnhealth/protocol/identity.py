"""Verification of personal numbers and look-up in the population data, as an emulated contract.

**Reference contract of this project, not an official protocol**: no request or answer of a real
service for hospitals is public. A hospital may ask only through a licensed service, with the
person's consent, and may not pass a result on or use it for another transaction (decrees
69/2024/NĐ-CP articles 18 and 19, 70/2024/NĐ-CP article 7). So here every question names a consent
and a transaction, a consent serves one transaction, and an answer says no more than it must.

The envelope, the login and the token are those of `vnhealth.protocol.repository`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from vnhealth.protocol._json import compact

__all__ = [
    "ACTORS",
    "GATEWAY",
    "PURPOSES",
    "RESULT_HOURS",
    "Consent",
    "Question",
    "Result",
    "withdrawal_body",
]

GATEWAY = "identity"
RESULT_HOURS = 24
"""So long a result can be read again by the transaction that asked for it."""

PURPOSES: Mapping[str, str] = MappingProxyType(
    {
        "KHAM_CHUA_BENH": "Khám bệnh, chữa bệnh",
        "THANH_TOAN_BHYT": "Thanh toán bảo hiểm y tế",
        "SO_SUC_KHOE": "Liên thông Sổ sức khoẻ điện tử",
    }
)
"""What a person can consent to, one at a time."""

ACTORS: Mapping[str, str] = MappingProxyType(
    {
        "CHINH_CHU": "Chính người bệnh",
        "DAI_DIEN": "Người đại diện",
        "TRE_EM_VA_DAI_DIEN": "Trẻ em cùng người đại diện",
    }
)
"""Who gives the consent (law 91/2025/QH15 article 9 and decree 356/2025/NĐ-CP article 6)."""


class Result(StrEnum):
    """All that an answer says about a person."""

    MATCH = "KHOP"
    NO_MATCH = "KHONG_KHOP"
    """Also when there is no such number: the difference is not told."""
    FOUND = "TIM_THAY"
    DOUBTFUL = "CAN_DOI_CHIEU"
    """One or more people may be meant; compare with papers."""
    NOT_FOUND = "KHONG_TIM_THAY"


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Consent:
    """A consent for one purpose and one transaction.

    ``subject`` is a personal number, or empty with name and date of birth. ``text_digest`` is the
    SHA-256 of the text that was shown, which said that the data are sensitive; ``at`` is ISO 8601.
    """

    purpose: str
    actor: str
    channel: str
    at: str
    text_digest: str
    number: str = ""
    name: str = ""
    birth_date: str = ""

    def to_bytes(self) -> bytes:
        """The body of the call that records it.

        >>> one = Consent(purpose="KHAM_CHUA_BENH", actor="CHINH_CHU", channel="QUAY",
        ...               at="2026-08-03T08:00:00+07:00", text_digest="0" * 64, number="1")
        >>> one.to_bytes().startswith(b'{"muc_dich":"KHAM_CHUA_BENH","nguoi_dong_y":"CHINH_CHU"')
        True
        """
        return compact(
            {
                "muc_dich": self.purpose,
                "nguoi_dong_y": self.actor,
                "kenh": self.channel,
                "thoi_diem": self.at,
                "van_ban_sha256": self.text_digest,
                "da_biet_du_lieu_nhay_cam": True,
                "so_dinh_danh": self.number,
                "ho_ten": self.name,
                "ngay_sinh": self.birth_date,
            }
        )

    def __repr__(self) -> str:
        return f"<Consent {self.purpose[:20]}>"


@dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Question:
    """Is this the person of the number (with ``number``), or is there such a person (without)?

    ``transaction`` is the caller's own number of the transaction, the key of the answer. ``sex`` is
    that of the claim tables; ``phone`` and ``commune`` help a look-up without a number.
    """

    transaction: str
    purpose: str
    consent: str
    name: str
    birth_date: str
    number: str = ""
    sex: str = ""
    phone: str = ""
    commune: str = ""

    def to_bytes(self) -> bytes:
        """The body of the question."""
        return compact(
            {
                "ma_giao_dich": self.transaction,
                "muc_dich": self.purpose,
                "ma_dong_y": self.consent,
                "so_dinh_danh": self.number,
                "ho_ten": self.name,
                "ngay_sinh": self.birth_date,
                "gioi_tinh": self.sex,
                "dien_thoai": self.phone,
                "ma_xa": self.commune,
            }
        )

    def __repr__(self) -> str:
        return f"<Question {self.purpose[:20]}>"


def withdrawal_body(consent: str, reason: str) -> bytes:
    """The body that takes a consent back.

    >>> withdrawal_body("DY1", "x")
    b'{"ma_dong_y":"DY1","ly_do":"x"}'
    """
    return compact({"ma_dong_y": consent, "ly_do": reason})
