"""Reports for people: one HTML file, or a workbook to work through.

`reconciliation_html` and `reconciliation_xlsx` show a day of an outbox; `write_html` and
`write_xlsx` a check. The latter two take `vnhealth.findings.CheckedFile` objects one by one, and a
`vnhealth.findings.Run`.

>>> from io import StringIO
>>> from vnhealth.findings import CheckedFile, Run
>>> page = StringIO()
>>> write_html([CheckedFile(path="hoso.xml")], page, Run())
>>> "hoso.xml" in page.getvalue(), "src=" in page.getvalue()
(True, False)
"""

from importlib import import_module

from vnhealth.reports._html import write_html
from vnhealth.reports._reconciliation import reconciliation_html, reconciliation_xlsx
from vnhealth.reports._xlsx import write_xlsx

__all__ = ["reconciliation_html", "reconciliation_xlsx", "require", "write_html", "write_xlsx"]

_NEEDS = {"cli": "jinja2", "excel": "xlsxwriter"}


def require(extra: str) -> None:
    """Raise `ImportError` unless what an extra brings for reports (cli, excel) is installed."""
    import_module(_NEEDS[extra])
