"""The console of the sandbox: pages for the people who watch a system send, at ``/``.

`Console` turns requests of a browser into pages over one `vnhealth.sandbox.Exchange`. They are made
on the server, in Vietnamese or English, with nothing from elsewhere: no font, script or picture of
another host. Needs the extra ``vnhealth[sandbox]`` (jinja2).
"""

from vnhealth.console._desk import Desk
from vnhealth.console._kits import KitRun, KitRuns
from vnhealth.console._site import Console

__all__ = ["Console", "Desk", "KitRun", "KitRuns"]
