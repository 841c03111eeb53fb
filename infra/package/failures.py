"""What ends a build, and commands that may."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


class NotBuilt(Exception):  # noqa: N818 - a sentence for whoever builds
    """Raised when the package cannot be built; its text says why, and what to do."""


def run(
    command: Sequence[str | Path],
    what: str,
    env: Mapping[str, str] | None = None,
    given: str = "",
    folder: Path | None = None,
) -> str:
    """Return what a command prints that is given some text; raise `NotBuilt` with its last words when it fails."""
    words = [str(word) for word in command]
    done = subprocess.run(
        words, check=False, capture_output=True, text=True, env=env, input=given, cwd=folder
    )
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip())[-2000:]
        raise NotBuilt(f"{what} failed with exit code {done.returncode}:\n{said}")
    return done.stdout
