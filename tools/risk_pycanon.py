"""Hold our risk figures against pycanon, in an environment of its own.

    python -m venv /tmp/canon && /tmp/canon/bin/pip install pycanon
    /tmp/canon/bin/python tools/risk_pycanon.py RELEASE.xml MANIFEST.json

Needs neither this package nor its environment. Prints both figures and ends with 1 when they
differ.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path


def main(data: str, manifest: str) -> int:
    import pandas as pd
    from pycanon import anonymity as canon

    risk = json.loads(Path(manifest).read_text("utf-8"))["risk"]
    rows = re.findall("<HOSO><XML1>(.*?)</XML1></HOSO>", Path(data).read_text("utf-8"))
    frame = pd.DataFrame([dict(re.findall("<([A-Z0-9_]+)>([^<]*)</", row)) for row in rows])
    frame = frame.fillna("")
    declared = risk["released"]["fields"]
    others = [name for name in declared if name != "MA_BENH_CHINH"]
    pairs = {
        "k": (risk["released"]["k"], canon.k_anonymity(frame, declared)),
        "k without diagnosis": (risk["diversity"]["k"], canon.k_anonymity(frame, others)),
        "l of diagnosis": (
            risk["diversity"]["diversity"],
            canon.l_diversity(frame, others, ["MA_BENH_CHINH"]),
        ),
        "entropy l": (
            int(risk["diversity"]["entropy"] + 1e-9),
            canon.entropy_l_diversity(frame, others, ["MA_BENH_CHINH"]),
        ),
    }
    wrong = 0
    for name, (ours, theirs) in pairs.items():
        same = int(ours) == int(theirs)
        wrong += not same
        print(f"{name:22} vnhealth {ours}  pycanon {theirs}  {'same' if same else 'DIFFERENT'}")
    print(f"rows {len(frame)}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
