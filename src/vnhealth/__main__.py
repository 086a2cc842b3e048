"""``python -m vnhealth``: the command line, which needs the extra ``[cli]``."""

from __future__ import annotations

import sys


def main() -> int:
    """Run the command line; a missing extra is said in one sentence."""
    try:
        from vnhealth.cli import run

        return run()
    except ModuleNotFoundError as error:
        if error.name and error.name.split(".")[0] in ("typer", "rich", "click"):
            sys.stderr.write(
                "Thiếu thành phần dòng lệnh: pip install 'vnhealth[cli]'\n"
                "The command line needs an extra: pip install 'vnhealth[cli]'\n"
            )
            return 2
        raise


if __name__ == "__main__":
    raise SystemExit(main())
