"""What a run leaves in the data sets, and that no fault of theirs is its own."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import checks
from checks import cli, monitor
from checks.config import load
from checks.history import HistoryUnavailable, open_history
from checks.history.datasets import DATASETS, read
from checks.model import Item, ItemState
from checks.monitor import NotDelivered, kept_state, recorded, run_event
from checks.monitor.recorded import _on_time
from tests.support.accounts import Team, land_days
from tests.support.times import DAY, HOUR, at

if TYPE_CHECKING:
    from tests.support.lakes import HttpLake

NOW = at("2026-11-23 07:00")
CONFIG = """\
version: 1
name: prod
timezone: Europe/Berlin
tables:
  - {table: sales.orders, owner: finance, partitions: {every: 1d, due: "06:00", lookback: 3}}
  - {table: web.clicks, freshness: {max_age: 24h}}
  - {table: web.gone, freshness: {max_age: 24h}}
"""


@pytest.fixture
def lake_of_two(lake: HttpLake) -> HttpLake:
    """Orders lacks a day, clicks is fresh, and one table of the config is not there."""
    Path("checks.yml").write_text(CONFIG, encoding="utf-8")
    land_days(lake, lake.table("sales.orders", dt="string"), "2026-11-10", "2026-11-21")
    lake.put(f"{lake.table('web.clicks').location}a.parquet", NOW - HOUR)
    return lake


def run(now: Any = NOW, **more: Any) -> monitor.Outcome:
    return monitor.run(load("checks.yml", environ={}), monitor.Request(now=now, **more), os.environ)


def rows(dataset: str, place: str = ".checks") -> list[dict[str, Any]]:
    found = read(open_history(place, "prod"), dataset, since=NOW.date(), until=(NOW + 30 * DAY).date())
    assert found.unread == ()
    return found.rows


def test_a_run_leaves_what_it_told(lake_of_two: HttpLake) -> None:
    outcome = run()
    report = json.loads(Path(next(Path(".checks/runs").rglob("*.json"))).read_text(encoding="utf-8"))
    (one,) = rows("runs")
    assert {key: one[key] for key in report["summary"]} == report["summary"]
    assert (one["run_id"], one["zone"], one["first_run"], one["delivered"]) == (
        outcome.report.run_id,
        "Europe/Berlin",
        True,
        True,
    )
    found = {(row["table_id"], row["check_name"]): row for row in rows("findings")}
    assert set(found) == {(each["table"], each["check"]) for each in report["findings"]}
    for each in report["findings"]:
        row = found[each["table"], each["check"]]
        for name in ("status", "severity", "because", "owner", "problem", "evidence", "silenced"):
            assert row[name] == each[name], name
    assert {(row["table_id"], row["reason"], row["item"]) for row in rows("changes")} == {
        (each["table"], each["reason"], each["item"]) for each in report["changes"]
    }
    assert all(row["delivered"] for row in rows("changes"))
    seen = {row["table_id"]: row for row in rows("observations")}
    assert set(seen) == {"sales.orders", "web.clicks"}
    assert (seen["web.clicks"]["files"], seen["web.clicks"]["newest_at"]) == (
        1,
        (NOW - HOUR).replace(tzinfo=None),
    )
    assert seen["web.clicks"]["evidence"].endswith("a.parquet")
    periods = {(row["table_id"], row["period"]): (row["state"], row["on_time"]) for row in rows("periods")}
    assert periods["sales.orders", "2026-11-22"] == ("missing", False)
    assert periods["web.clicks", "2026-11-23"] == ("fresh", True)
    assert not [key for key in periods if key[0] == "web.gone"]  # a table that is not there has no days


def test_a_run_that_moves_nothing_leaves_nothing(
    lake_of_two: HttpLake, monkeypatch: pytest.MonkeyPatch
) -> None:
    for options in (["--no-send"], ["--now", "2026-11-23T07:00"], ["--table", "web.clicks"]):
        assert cli.main(["run", *options]) in (0, 1)
    checks.run("checks.yml", now=NOW)
    assert not Path(".checks").exists()
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "monitor")
    config = load("checks.yml", environ={})
    assert monitor.run(config, monitor.Request(now=NOW), os.environ).report.findings
    assert not Path(".checks").exists()


def test_an_event_that_is_tried_again_is_there_once(
    lake_of_two: HttpLake, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("checks.yml").write_text(
        CONFIG.replace("name: prod", f"name: prod\ntopic: {Team(lake_of_two).topic[:-1]}none"),
        encoding="utf-8",
    )
    first = run(event_id="e-1")
    assert not first.delivered
    assert [row["delivered"] for row in rows("runs")] == [False]
    run(event_id="e-1")
    assert [row["run_id"] for row in rows("runs")] == ["e-1"]
    found = [(row["table_id"], row["check_name"]) for row in rows("findings")]
    assert len(found) == len(set(found)) == 3


@pytest.mark.parametrize("fault", ["place", "rows", "writer"])
def test_what_cannot_be_left_is_a_complaint_and_the_run_goes_on(
    lake_of_two: HttpLake, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    if fault == "place":
        Path(".checks").mkdir()
        Path(".checks/datasets").write_text("a file", encoding="utf-8")
    else:

        def broken(*_: Any, **__: Any) -> None:
            raise RuntimeError("a fault of the writer")

        if fault == "rows":
            monkeypatch.setattr(recorded, "_run", broken)
        else:
            monkeypatch.setattr(kept_state, "record", broken)
    team = Team(lake_of_two)
    Path("checks.yml").write_text(
        CONFIG.replace("name: prod", f"name: prod\ntopic: {team.topic}"), encoding="utf-8"
    )
    outcome = run()
    assert outcome.delivered
    assert len(team.mails()) == 1
    (said,) = (each for each in outcome.complaints if "data sets" in each or "history" in each)
    assert "is not in the history's data sets" in said
    assert run(NOW + HOUR).report.first_run is False  # the state was kept


def test_the_first_run_of_a_day_deletes_what_is_older_than_it_is_kept(lake_of_two: HttpLake) -> None:
    Path("checks.yml").write_text(
        CONFIG.replace("name: prod", "name: prod\nhistory: {keep: 3d}"), encoding="utf-8"
    )
    for number in range(6):
        outcome = run(NOW + number * DAY)
        assert outcome.complaints == ()
    days = {name.split("/")[2] for name in open_history(".checks", "prod").store.listed("datasets/")}
    assert days == {"day=2026-11-25", "day=2026-11-26", "day=2026-11-27", "day=2026-11-28"}
    assert len(list(Path(".checks/runs/prod").iterdir())) == 4
    assert Path(".checks/states/prod.json").exists()


def test_what_cannot_be_deleted_is_a_complaint(
    lake_of_two: HttpLake, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: Any) -> int:
        raise HistoryUnavailable("It cannot be deleted; allow it.")

    monkeypatch.setattr(kept_state, "expire", refused)
    Path("checks.yml").write_text(
        CONFIG.replace("name: prod", "name: prod\nhistory: {keep: 3d}"), encoding="utf-8"
    )
    outcome = run()
    assert (outcome.delivered, outcome.complaints) == (True, ("It cannot be deleted; allow it.",))
    assert run(NOW + HOUR).complaints == ()  # asked once a day


def test_an_invocation_whose_time_is_nearly_up_still_tells_and_says_what_it_could_not_keep(
    lake_of_two: HttpLake, monkeypatch: pytest.MonkeyPatch
) -> None:
    import time

    team = Team(lake_of_two)
    Path("checks.yml").write_text(
        CONFIG.replace("name: prod", f"name: prod\ntopic: {team.topic}"), encoding="utf-8"
    )
    monkeypatch.setenv("CONFIG", "checks.yml")
    monkeypatch.setenv("HISTORY", str(Path("kept").resolve()))

    def slow(*_: Any) -> bool:
        time.sleep(60)
        return False

    monkeypatch.setattr("checks.history.datasets.writing._tried", slow)
    begun = time.monotonic()
    try:
        outcome = run_event({}, lambda: int(1000 * (begun + 12 - time.monotonic())))
    except NotDelivered:
        pytest.fail("the report was delivered")
    assert time.monotonic() - begun < 12
    assert len(team.mails()) == 1
    assert any("did not answer in time" in each for each in outcome.complaints)


@pytest.mark.parametrize(
    ("state", "arrived", "on_time"),
    [
        (ItemState.PRESENT, NOW, True),
        (ItemState.PRESENT, None, None),
        (ItemState.LATE, NOW, False),
        (ItemState.MISSING, None, False),
        (ItemState.EMPTY, None, False),
        (ItemState.UNREGISTERED, None, False),
        (ItemState.UNKNOWN, None, None),
        (ItemState.GONE, None, None),
        (ItemState.GONE, NOW - HOUR, True),
        (ItemState.GONE, NOW, True),
        (ItemState.GONE, NOW + HOUR, None),
    ],
)
def test_on_time(state: ItemState, arrived: Any, on_time: bool | None) -> None:  # noqa: FBT001 - a column
    assert _on_time(Item(period="p", state=state, due_at=NOW, arrived_at=arrived)) is on_time


def test_names_of_the_data_sets_are_those_that_a_run_fills(lake_of_two: HttpLake) -> None:
    report = run().report
    made = recorded.rows_of("prod", report, {}, monitor.delivery.Sent())
    assert set(made) == set(DATASETS)
    for name, found in made.items():
        for row in found:
            assert set(row) <= set(DATASETS[name].columns)
