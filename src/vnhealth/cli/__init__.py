"""The command line. `run` is what ``vnhealth`` and ``python -m vnhealth`` call."""

from vnhealth.cli._app import app, run

__all__ = ["app", "run"]
