"""A terminal at which marks are made, over a lake with troubles."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema

from checks import cli, commands, mark_commands
from checks.report import as_json
from tests.support.times import at

if TYPE_CHECKING:
    import pytest

    from tests.support.lakes import HttpLake


NOW = at("2026-11-23 07:00")
CONFIG = """\
version: 1
name: prod
timezone: Europe/Berlin
history: {history}
tables:
  - table: sales.orders
    partitions: {{every: 1d, due: "06:00", lookback: 3}}
  - table: web.*
    freshness: {{warn_after: 24h, error_after: 48h}}
"""


class Desk:
    """A terminal at a time."""

    def __init__(
        self, lake: HttpLake, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.lake, self.capsys, self.now = lake, capsys, NOW
        for module in (commands, mark_commands):
            monkeypatch.setattr(module, "read_clock", lambda: self.now)

    def do(self, *words: str, code: int = 0) -> str:
        """Carry a command out; return what it said."""
        done = cli.main(list(words))
        said = self.capsys.readouterr()
        assert done == code, said
        return said.err if code == 2 else said.out

    def run(self, code: int = 1) -> Any:
        """Return the JSON report of a run."""
        done = cli.main(["run", "--format", "json"])
        said = self.capsys.readouterr()
        assert done == code, said
        report = json.loads(said.out)
        jsonschema.validate(report, as_json.schema())
        return report

    def heard(self, code: int = 1) -> dict[str, str]:
        """Return what a run tells: how each table's (or item's) trouble differs."""
        return {change["item"] or change["table"]: change["reason"] for change in self.run(code)["changes"]}


def configure(history: str = ".checks") -> None:
    Path("checks.yml").write_text(CONFIG.format(history=history), encoding="utf-8")


def mark_id(said: str) -> str:
    """Return the id out of what was said of a mark."""
    return said.rstrip().rpartition(" ")[2]
