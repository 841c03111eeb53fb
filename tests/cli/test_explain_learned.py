"""`checks explain` of limits that are learned: whether the stated ones beside them are in use."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from checks import cli
from tests.support.times import DAY, HOUR, at

if TYPE_CHECKING:
    from tests.support.lakes import HttpLake

NOW = at("2026-11-23 06:00")


@pytest.mark.parametrize(
    ("days", "said"),
    [
        (
            7,
            "learned: nothing yet it may raise 4 false alarms a year{} stated limits, used until enough is known:",
        ),
        (30, "(sure) it may raise 4 false alarms a year{} stated limits, not used now that enough is known:"),
    ],
)
def test_it_is_told_whether_stated_limits_are_in_use(
    days: int, said: str, lake: HttpLake, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("checks.yml").write_text(
        "version: 1\ntables:\n  - {prefix: s3://lake/a/, freshness: {auto: true, max_age: 36h}}\n",
        encoding="utf-8",
    )
    for number in range(days):
        lake.put(f"s3://lake/a/{number:02d}.json", NOW - number * DAY - HOUR)
    assert cli.main(["explain", "s3://lake/a/", "--now", NOW.isoformat()]) == 0
    told = " ".join(capsys.readouterr().out.split())
    share = ", the most that is taken; its share of false_alarms would be 12"
    limit = "watermark: critical where nothing came since Sat 21 Nov 2026 18:00 UTC"
    assert f"{said.format(share)} {limit}" in told
