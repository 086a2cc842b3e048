"""Take what names people out of free text: known values of the record first, then forms of
numbers, words of addresses, and names by the words around them. Medical words stay.

>>> from vnhealth.deid import text
>>> known = text.Known(names=("Trần Thị Mẫu",), phones=("0900000123",))
>>> text.scrub("Bà Mẫu (0900.000.123) bị Parkinson, BS Lê Thử khám.", known).text
'Bà [HO_TEN] ([SDT]) bị Parkinson, BS [HO_TEN] khám.'
"""

from vnhealth.deid.text._known import Known
from vnhealth.deid.text._scrub import Mode, Recogniser, Scrubbed, Scrubber, scrub
from vnhealth.deid.text._spans import KINDS, SOURCES, Source, Span, tag_of

__all__ = [
    "KINDS",
    "SOURCES",
    "Known",
    "Mode",
    "Recogniser",
    "Scrubbed",
    "Scrubber",
    "Source",
    "Span",
    "scrub",
    "tag_of",
]
