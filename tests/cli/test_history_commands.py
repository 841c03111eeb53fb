"""The commands that look back, as a user types them."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from checks import cli, monitor
from checks.config import load
from checks.report import as_json
from tests.support.times import DAY, HOUR, at

if TYPE_CHECKING:
    from tests.support.lakes import HttpLake

NOW = at("2026-11-23 07:00")
CONFIG = """\
version: 1
name: prod
tables:
  - {table: web.clicks, freshness: {max_age: 24h}}
"""


@pytest.fixture
def three_days(lake: HttpLake) -> list[str]:
    """Three runs: fresh, failing, fresh again; returns their ids."""
    Path("checks.yml").write_text(CONFIG, encoding="utf-8")
    place = lake.table("web.clicks").location
    ids = []
    for number in range(3):
        now = NOW + number * DAY
        if number != 1:
            lake.put(f"{place}{number}.parquet", now - HOUR)
        else:
            now += HOUR
        outcome = monitor.run(load("checks.yml", environ={}), monitor.Request(now=now), os.environ)
        ids.append(outcome.report.run_id)
    return ids


def typed(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    capsys.readouterr()
    try:
        code = cli.main(list(words))
    except SystemExit as left:
        code = int(left.code or 0)
    told = capsys.readouterr()
    return code, told.out, told.err


def test_since_when_and_how_often(three_days: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = typed(capsys, "history", "web.clicks", "--now", "2026-11-25T12:00")
    assert (code, err) == (0, "")
    assert out.splitlines()[0] == "web.clicks: looked at by 3 of 3 runs, 2026-08-27 to 2026-11-25."
    assert "  2026-11  freshness: 2 of 3 on time (66 %)" in out
    assert (
        "  critical freshness since Tue 24 Nov 2026 08:00 UTC, until Wed 25 Nov 2026 07:00 UTC (23 h), 1 run"
        in out
    )
    assert [line for line in out.splitlines() if line.startswith("  2026-11-24")] == [
        "  2026-11-24 freshness: stale"
    ]


@pytest.mark.parametrize(
    ("now", "runs", "failures"),
    [
        ("2026-11-24T07:59:59", 1, 0),
        ("2026-11-24T08:00:00", 2, 1),
        ("2026-11-24T08:00:01", 2, 1),
    ],
)
def test_runs_count_up_to_now(
    three_days: list[str], capsys: pytest.CaptureFixture[str], now: str, runs: int, failures: int
) -> None:
    _, out, _ = typed(capsys, "history", "web.clicks", "--json", "--now", now)
    (one,) = json.loads(out)["tables"]
    assert (one["runs"], len(one["failures"])) == (runs, failures)


@pytest.mark.parametrize(("last", "runs"), [("29h", 2), ("28h", 2), ("27h", 1)])
def test_runs_count_from_so_far_back(
    three_days: list[str], capsys: pytest.CaptureFixture[str], last: str, runs: int
) -> None:
    _, out, _ = typed(capsys, "history", "web.clicks", "--json", "--now", "2026-11-25T12:00", "--last", last)
    (one,) = json.loads(out)["tables"]
    assert one["runs"] == runs


def test_a_table_that_nothing_is_known_of(three_days: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("web.none", "s3://none", "' OR 1=1 --", "*"):
        code, out, _ = typed(capsys, "history", name, "--now", "2026-11-25T12:00")
        assert code == 0
        assert "nothing of it in 3 runs" in out
    code, out, _ = typed(capsys, "history", "Web.Clicks", "--now", "2026-11-25T12:00")
    assert out.startswith("web.clicks: looked at by 3 of 3 runs")


def test_without_any_history(
    lake: HttpLake, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("checks.yml").write_text(CONFIG, encoding="utf-8")
    code, out, err = typed(capsys, "history", "--now", "2026-11-25T12:00")
    assert (code, err) == (0, "")
    assert out.splitlines()[-1] == "No period of any table is known yet."
    assert not Path(".checks").exists()
    code, _, err = typed(capsys, "report", "--run", "last")
    assert (code, "no run of prod is kept at" in err) == (2, True)
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "monitor")
    for words in (["history"], ["report", "--run", "last"]):
        code, _, err = typed(capsys, *words)
        assert (code, err) == (
            2,
            "no place to keep history is set; write history: into the config, or set HISTORY\n",
        )


@pytest.mark.parametrize(
    "words",
    [
        ["history", "--last", "3 days"],
        ["history", "--last", "0d"],
        ["history", "--ddl", "a", "--register", "b"],
        ["report"],
        ["report", "--run", "last", "--format", "pdf"],
    ],
)
def test_wrong_usage_is_told(
    three_days: list[str], capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    code, out, err = typed(capsys, *words)
    assert (code, out) == (2, "")
    assert err


def test_what_cannot_be_read_is_told_beside_what_can(
    three_days: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    torn = next(Path(".checks/datasets/findings").rglob("*.parquet"))
    torn.write_bytes(torn.read_bytes()[:100])
    code, out, err = typed(capsys, "history", "web.clicks", "--now", "2026-11-25T12:00")
    assert code == 3
    assert "looked at by 2 of 3 runs" in out
    assert "is left out: it is no Parquet of a data set" in err


def test_a_kept_report_is_rendered_again(three_days: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = typed(capsys, "report", "--run", three_days[1])
    assert (code, err) == (0, "")
    assert "NEW (1 table)" in out
    assert "web.clicks" in out
    code, kept, _ = typed(capsys, "report", "--run", three_days[1], "--format", "json")
    document = json.loads(kept)
    jsonschema.validate(document, as_json.schema())
    assert document["run_id"] == three_days[1]
    kept_as = next(Path(".checks/runs").rglob(f"{three_days[1]}.json")).read_text(encoding="utf-8")
    assert json.loads(kept_as) == document
    code, out, err = typed(capsys, "report", "--run", "last", "--output", "r.html")
    assert code == 0
    assert "<html" in Path("r.html").read_text(encoding="utf-8")
    code, out, _ = typed(capsys, "report", "--run", "last", "--format", "json")
    assert json.loads(out)["run_id"] == three_days[2]


@pytest.mark.parametrize("run", ["nope", "../../states/prod", "", "20261123", "\ud800", "a/b"])
def test_a_run_that_is_not_kept_is_told(
    three_days: list[str], capsys: pytest.CaptureFixture[str], run: str
) -> None:
    code, out, err = typed(capsys, "report", "--run", run)
    assert (code, out) == (2, "")
    assert "of prod is kept at" in err


def test_a_report_that_is_torn_is_told(three_days: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    path = next(Path(".checks/runs").rglob(f"{three_days[0]}.json"))
    path.write_text("{", encoding="utf-8")
    code, out, err = typed(capsys, "report", "--run", three_days[0])
    assert (code, out) == (3, "")
    assert err.endswith("cannot be read as a report: it is not whole JSON.\n")


def test_all_of_it_as_json_is_one_document(three_days: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = typed(capsys, "history", "--json", "--now", "2026-11-25T12:00")
    whole: Any = json.loads(out)
    assert (whole["version"], whole["name"], whole["runs"]) == (1, "prod", 3)
    (one,) = whole["tables"]
    assert one["on_time"] == [
        {"check": "freshness", "month": "2026-11", "on_time": 2, "known": 3, "share": 0.6667}
    ]
