"""`make lint-infra`: package the stack in its variants, and hold each against cfn-lint and checkov.

Neither asks anybody anything: cfn-lint has its rules with it, and checkov downloads none (`--skip-download`), is given
no key of its vendor's, and a proxy where nobody listens.
"""

from __future__ import annotations

import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from infra.variants import REGION, ROOT, VARIANTS, NotPackaged, package

if TYPE_CHECKING:
    from collections.abc import Sequence

_CHECKOV = ROOT / "build" / "scanner" / "bin"
_NOBODY = "http://127.0.0.1:9"
_OFFLINE = {
    "PATH": "/usr/bin:/bin",
    "HOME": str(ROOT / "build" / "scanner"),
    **dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), _NOBODY),
}


def main() -> int:
    """Return 0 when all are clean, else 1, having printed what is not."""
    with ThreadPoolExecutor(2) as two:
        told = list(two.map(_found, VARIANTS))
    for name, sentences in zip(VARIANTS, told, strict=True):
        print(f"infra: {name}: {sentences or 'osls, cfn-lint and checkov pass'}", flush=True)
    return 1 if any(told) else 0


def _found(name: str) -> str:
    """Return what is not clean in a variant, empty when all is."""
    try:
        template = package(VARIANTS[name], ROOT / "build" / "deployments" / name)
    except NotPackaged as refused:
        return str(refused)
    lint = Path(sys.executable).with_name("cfn-lint")
    # What is created first is a part of it: the bucket that the package is uploaded to.
    first = template.with_name("cloudformation-template-create-stack.json")
    scan: list[str | Path] = [
        _CHECKOV / "python",
        _CHECKOV / "checkov",
        "--skip-download",
        "--framework",
        "cloudformation",
    ]
    return _said([lint, "--regions", REGION, "--", template, first]) + _said(
        [*scan, "--quiet", "--compact", "--file", template], _OFFLINE, expected=r"Passed checks: [1-9]"
    )


def _said(
    command: Sequence[str | Path], environment: dict[str, str] | None = None, expected: str = ""
) -> str:
    """Return what a tool found; what it was expected to say and did not is a finding, too."""
    done = subprocess.run(  # noqa: S603 - the project's own tools
        command, env=environment, capture_output=True, text=True, check=False
    )
    well = done.returncode == 0 and re.search(expected, done.stdout)
    return "" if well else f"\n{command[0]} ended with {done.returncode}:\n{done.stdout}{done.stderr}"


if __name__ == "__main__":
    sys.exit(main())
