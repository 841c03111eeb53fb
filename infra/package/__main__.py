"""``python -m infra.package --arch arm64 --output build/lambda-arm64.zip``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from infra.package.build import build
from infra.package.failures import NotBuilt
from infra.package.targets import TARGETS


def main() -> int:
    """Build a package, and tell its sizes; 1 with a sentence when it cannot be built."""
    parser = argparse.ArgumentParser(prog="python -m infra.package", description=__doc__)
    parser.add_argument("--arch", choices=sorted(TARGETS), default="x86_64")
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()
    try:
        print(build(TARGETS[arguments.arch], arguments.output).say())
    except NotBuilt as error:
        print(f"package: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
