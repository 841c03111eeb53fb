"""What `checks iam` prints for a config."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from checks import cli

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.lakes import HttpLake


@pytest.fixture
def ask(
    lake: HttpLake, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, Any, str]]:
    """What the command prints of a config that holds these lines, its code, and what it says beside it."""

    def run(text: str, *options: str) -> tuple[int, Any, str]:
        (tmp_path / "checks.yml").write_text(f"version: 1\n{text}", "utf-8")
        code = cli.main(["iam", "--config", str(tmp_path / "checks.yml"), *options])
        told = capsys.readouterr()
        return code, json.loads(told.out) if told.out else None, told.err

    return run
