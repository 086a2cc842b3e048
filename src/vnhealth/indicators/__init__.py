"""Indicators of a repository: a catalogue as data, figures from facts, small cells hidden.

The catalogue holds the rows of the ministry's demand that the current tables can answer, each with
a permanent id, a version, its basis, its SQL and its chart; what cannot be computed is listed with
the reason. Results carry the label *aggregate*.

>>> from vnhealth import indicators
>>> "A1" in indicators.catalogue(), indicators.catalogue()["B3"].dates
(True, 'true')
"""

from vnhealth.indicators._catalogue import (
    Catalogue,
    Indicator,
    Measure,
    MeasureKind,
    NotComputed,
    catalogue,
    not_computed,
    thresholds,
)
from vnhealth.indicators._engine import Filters
from vnhealth.indicators._html import write_html
from vnhealth.indicators._result import Report, Result, Row, Skipped
from vnhealth.indicators._run import compute, write_columns
from vnhealth.indicators._titles import dim_title, value_title

__all__ = [
    "Catalogue",
    "Filters",
    "Indicator",
    "Measure",
    "MeasureKind",
    "NotComputed",
    "Report",
    "Result",
    "Row",
    "Skipped",
    "catalogue",
    "compute",
    "dim_title",
    "not_computed",
    "thresholds",
    "value_title",
    "write_columns",
    "write_html",
]
