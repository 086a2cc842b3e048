"""Conformance kits: what a client or a server did, proven, signed, and honest about its limits.

`kits.kit` gives a kit, `run_kit` runs it against a `Subject` (a client in this process or a command
in any language), `evidence` seals what came of it into a file that can be checked offline, `zoo`
holds wrong clients on which the kit itself is tested. Nothing here is a certificate of a state
body.
"""

from vnhealth.conformance import evidence
from vnhealth.conformance._command import Command
from vnhealth.conformance._course import Course, Page, Run
from vnhealth.conformance._guidance import Guide, Sight
from vnhealth.conformance._guided import Guided, Told
from vnhealth.conformance._holdout import Holdout, open_holdout
from vnhealth.conformance._keys import pki
from vnhealth.conformance._lanes import night_in_processes
from vnhealth.conformance._load import night_batch
from vnhealth.conformance._model import Case, Kit, Reason, Result, Scenario, Step, step
from vnhealth.conformance._package import report_files, run_section
from vnhealth.conformance._play import FACILITIES
from vnhealth.conformance._report import csv_table, html, junit
from vnhealth.conformance._requirements import Requirement, coverage, requirements
from vnhealth.conformance._run import run_kit
from vnhealth.conformance._stage import Kill, Stage, Strike
from vnhealth.conformance._subject import InProcess, Subject
from vnhealth.conformance._target import Target
from vnhealth.conformance._waivers import Waiver, read_waivers, waive
from vnhealth.conformance.kits import KITS, client_of, kit

__all__ = [
    "KITS",
    "Case",
    "Command",
    "Course",
    "Guide",
    "Guided",
    "Holdout",
    "InProcess",
    "Kill",
    "Kit",
    "Page",
    "Reason",
    "Requirement",
    "Result",
    "Run",
    "Scenario",
    "Sight",
    "Stage",
    "Step",
    "Strike",
    "Subject",
    "Target",
    "Told",
    "Waiver",
    "client_of",
    "coverage",
    "csv_table",
    "evidence",
    "html",
    "junit",
    "kit",
    "night_batch",
    "night_in_processes",
    "open_holdout",
    "read_waivers",
    "report_files",
    "requirements",
    "run_kit",
    "run_section",
    "staged_authority",
    "step",
    "waive",
]


def staged_authority() -> bytes:
    """The certificate (PEM) of the authority under which the staged files are signed."""
    return pki(FACILITIES).authority
