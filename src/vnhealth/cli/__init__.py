"""The command line. `run` is what ``vnhealth`` and ``python -m vnhealth`` call."""

from vnhealth.cli._run import run

__all__ = ["run"]
