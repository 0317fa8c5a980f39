"""`python -m tools.checks [folder]`: prints every fault, and fails when there is one."""

from __future__ import annotations

import sys
from pathlib import Path

from tools.checks.run import RULES, run


def main() -> int:
    faults = run(Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve())
    for fault in faults:
        print(fault)
    print(f"{len(RULES)} house rules, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
