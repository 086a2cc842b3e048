"""Province codes before and after the merger of July 2025.

Legal source: resolution 202/2025/QH15 (34 provinces since 1 July 2025).

>>> province_successor("02")
'08'
"""

from vnhealth.identity._lists import province_successor, provinces

__all__ = ["province_successor", "provinces"]
