"""The library in notebooks and scripts."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
import pandas as pd
import pytest
from nbclient import NotebookClient

import checks
from checks.config import ConfigErrors
from checks.monitor import NothingMatches, Request, load_config
from checks.monitor import run as monitor_run
from tests.support.accounts import Team, land_days
from tests.support.discovered import in_one_place, in_the_morning, partitioned
from tests.support.times import DAY, HOUR, at

if TYPE_CHECKING:
    from tests.support.lakes import HttpLake

ROOT = Path(__file__).parents[2]
NOW = at("2026-11-23 07:00")
CONFIG: dict[str, Any] = {
    "version": 1,
    "tables": [
        {
            "table": "sales.orders",
            "partitions": {"every": "1d", "due": "06:00", "lookback": 3},
            "owner": "<b>me</b>",
        },
        {"table": "web.clicks", "freshness": {"max_age": "24h"}},
    ],
}
INSTANT = "datetime64[ns, UTC]"


@pytest.fixture
def tables(lake: HttpLake) -> HttpLake:
    land_days(lake, lake.table("sales.orders", dt="string"), "2026-11-10", "2026-11-21")
    lake.put(f"{lake.table('web.clicks').location}a.parquet", NOW - HOUR)
    return lake


def test_a_report_answers_what_one_asks_first(tables: HttpLake) -> None:
    report = checks.run(CONFIG, now=NOW)
    assert not report.ok
    assert (report.summary.critical, report.summary.fresh, len(report)) == (1, 1, 2)
    assert repr(report) == "<Report [S3 tables] 1 new, 1 fresh - Mon 23 Nov>"
    assert report["web.clicks"].ok
    assert not report["sales.orders"].ok
    assert "2026-11-22 missing" in str(report["sales.orders"])
    assert report.to_dict()["summary"] == {"tables": 2, "fresh": 1, "warning": 0, "critical": 1, "unknown": 0}
    with pytest.raises(KeyError, match=r"sales\.order is not in this report; it has sales\.orders"):
        report["sales.order"]


def test_frames_have_typed_columns_in_utc(tables: HttpLake) -> None:
    report = checks.run(CONFIG, now=NOW)
    findings = report.findings
    for column in ("observed_at", "expected_at", "deadline"):
        assert str(findings[column].dtype) == INSTANT
    assert list(findings["severity"].cat.categories) == ["warning", "critical"]
    clicks = findings.set_index("table").loc["web.clicks"]
    assert clicks["observed_at"] == pd.Timestamp(NOW - HOUR)
    assert clicks["expected_at"] == pd.Timestamp(NOW - DAY)
    assert pd.isna(findings["observed_number"]).tolist() == [False, True]
    orders = findings.set_index("table").loc["sales.orders"]
    assert (orders["observed_number"], orders["bad_items"]) == (1, 1)
    items = report.items.set_index("period")
    assert list(items["state"]) == ["missing", "present", "present"]
    assert items.loc["2026-11-22", "due_at"] == pd.Timestamp("2026-11-23T06:00Z")
    assert list(report.changes["reason"]) == ["new"]
    assert checks.run({**CONFIG, "tables": CONFIG["tables"][1:]}, now=NOW).items.empty


def test_it_shows_itself_with_escaped_text(tables: HttpLake) -> None:
    shown = checks.run(CONFIG, now=NOW)._repr_html_().replace("<wbr>", "")
    assert "sales.orders" in shown
    assert "&lt;b&gt;me&lt;/b&gt;" in shown
    assert "<b>me</b>" not in shown
    assert "<script" not in shown


def test_it_works_inside_a_running_event_loop(tables: HttpLake) -> None:
    async def cell() -> bool:
        return checks.run(CONFIG, now=NOW)["web.clicks"].ok

    assert asyncio.run(cell())


def test_a_run_from_a_notebook_never_moves_the_state(tables: HttpLake) -> None:
    team = Team(tables)
    config = {**CONFIG, "topic": team.topic}
    checks.run(config)
    assert team.mails() == []
    checks.run(config, send=True)
    checks.run(config, send=True)
    assert len(team.mails()) == 2
    assert not Path(".checks").exists()


def test_what_was_measured_comes_without_a_verdict(tables: HttpLake) -> None:
    seen = checks.observe(CONFIG, now=NOW)
    assert str(seen["newest_data_at"].dtype) == INSTANT
    orders = seen[seen["table"] == "sales.orders"].set_index("period")
    assert orders.loc["2026-11-21", "objects"] == 1
    assert orders.loc["2026-11-21", "registered"]
    assert not orders.loc["2026-11-22", "registered"]
    clicks = seen[seen["table"] == "web.clicks"].iloc[0]
    assert (clicks["evidence"], clicks["complete"]) == ("s3://lake/web/clicks/a.parquet", True)
    assert pd.isna(clicks["period"])


def test_some_tables_and_wrong_input(tables: HttpLake) -> None:
    assert list(checks.run(CONFIG, tables="web.*", now=NOW).findings["table"]) == ["web.clicks"]
    with pytest.raises(NothingMatches):
        checks.run(CONFIG, tables=["crm.*"], now=NOW)
    with pytest.raises(ValueError, match="has no time zone"):
        checks.run(CONFIG, now=datetime(2026, 11, 23))
    with pytest.raises(ConfigErrors, match="soon"):
        checks.run({"version": 1, "tables": [{"table": "a.b", "freshness": {"max_age": "soon"}}]})
    with pytest.raises(AttributeError, match="module 'checks' has no attribute 'rum'"):
        checks.rum  # noqa: B018 - asking is the test


def test_importing_it_imports_nothing_heavy() -> None:
    script = (
        "import sys, checks\nassert 'run' in dir(checks)\n"
        "assert not {'pandas', 'boto3', 'great_expectations'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, cwd=ROOT)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the Jupyter client, not of ours
@pytest.mark.parametrize("name", ["notebook", "own_suite"])
def test_the_example_notebooks_run(tables: HttpLake, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("HISTORY", "")
    read: Any = nbformat.read  # it has no types
    notebook = read(ROOT / "docs" / f"{name}.ipynb", as_version=4)
    NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    shown = [output for cell in cells for output in cell.outputs if output.output_type == "execute_result"]
    assert len(shown) == len(cells)
    assert "sales.orders" in shown[0]["data"]["text/html"].replace("<wbr>", "")


def test_a_table_is_found_by_its_name_alone_where_one_has_it(tables: HttpLake) -> None:
    report = checks.run(CONFIG, now=NOW)
    assert list(report["clicks"].findings["table"]) == ["web.clicks"]
    assert list(report["ORDERS"].findings["table"]) == ["sales.orders"]
    config = {
        **CONFIG,
        "tables": [*CONFIG["tables"], {"prefix": "s3://lake/other/clicks/", "catalog": "off"}],
    }
    config["tables"][-1] = {"prefix": "s3://lake/other/clicks/", "freshness": {"max_age": "24h"}}
    tables.bucket("lake")
    with pytest.raises(KeyError, match=r"clicks is the name of s3://lake/other/clicks/ and of web\.clicks"):
        checks.run(config, now=NOW)["clicks"]


def test_what_fails_and_what_was_measured_are_frames_of_their_own(tables: HttpLake) -> None:
    report = checks.run(CONFIG, now=NOW)
    assert list(report.failing["table"]) == ["sales.orders"]
    assert str(report.failing["deadline"].dtype) == INSTANT
    seen = report.observations
    assert str(seen["newest_data_at"].dtype) == INSTANT
    assert set(seen["table"]) == {"sales.orders", "web.clicks"}
    assert set(report["clicks"].observations["table"]) == {"web.clicks"}
    pd.testing.assert_frame_equal(
        seen.sort_values(["table", "period"], ignore_index=True),
        checks.observe(CONFIG, now=NOW).sort_values(["table", "period"], ignore_index=True),
    )


@pytest.mark.parametrize("text", ["2026-11-23T07:00Z", "2026-11-23 08:00+01:00", "2026-11-23T07:00"])
def test_now_may_be_text(tables: HttpLake, text: str) -> None:
    assert checks.run(CONFIG, now=text).now == NOW


def test_text_that_is_no_time_is_told(tables: HttpLake) -> None:
    with pytest.raises(ValueError, match=r"now='today' is not a time; write ISO 8601"):
        checks.run(CONFIG, now="today")
    with pytest.raises(
        ValueError, match=r"now='9999-12-31T23:59-12:00' is beyond the years 1 to 9999 in UTC"
    ):
        checks.run(CONFIG, now="9999-12-31T23:59-12:00")


def test_a_plot_draws_the_worst_first(tables: HttpLake) -> None:
    drawn = checks.run(CONFIG, now=NOW).plot()._repr_html_().replace("<wbr>", "")
    assert drawn.index("sales.orders") < drawn.index("web.clicks")
    assert 'class="strip"' in drawn
    assert "<script" not in drawn


def test_a_plot_is_an_altair_chart_too(lake: HttpLake, tmp_path: Path) -> None:
    in_one_place(
        lake, "web.daily", (come for n, (_, come) in enumerate(in_the_morning("dd")) if n not in {50, 60})
    )
    partitioned(lake, "sales.orders", in_the_morning("orders", lost=(60,)))
    tables = [
        {"table": "web.daily", "freshness": "auto"},
        {"table": "sales.orders", "partitions": {"every": "1d", "due": "08:30"}},
        {"table": "web.young", "freshness": {"max_age": "1d"}},
    ]
    in_one_place(lake, "web.young", [at("2026-11-23 11:00")])
    report = checks.run({"version": 1, "tables": tables}, now=at("2026-11-23 12:00"))
    learned = report["web.daily"].plot()
    assert "nothing came" not in learned.markup
    assert "2 silences longer than was learned" in learned.markup
    area, deadline, shade = learned.to_dict()["layer"]
    assert area["mark"]["type"] == "area"
    assert deadline["encoding"]["y"]["field"] == "allowed"
    assert [each["from"][:10] for each in shade["data"]["values"]] == ["2026-11-04", "2026-11-14"]
    shaded = report["sales.orders"].plot().to_dict()["layer"][0]
    assert shaded["transform"] == [{"filter": "datum.state == 'without data'"}]
    assert [each["period"] for each in shaded["data"]["values"] if each["state"] == "without data"] == [
        "2026-11-13"
    ]
    assert len(report.plot().to_dict()["vconcat"]) == 2
    report.plot().save(str(tmp_path / "all.json"))
    assert "vconcat" in json.loads((tmp_path / "all.json").read_text(encoding="utf-8"))
    report.plot().save(str(tmp_path / "all.html"))
    saved = (tmp_path / "all.html").read_text(encoding="utf-8")
    assert report.plot().markup in saved
    assert "://" not in re.sub(r'xmlns="[^"]*"', "", saved), "a saved picture asks no other host"
    with pytest.raises(ValueError, match="nothing to draw"):
        _ = report["web.young"].plot().chart


def test_progress_is_shown_where_it_is_asked_for(
    tables: HttpLake, capsys: pytest.CaptureFixture[str]
) -> None:
    checks.run(CONFIG, now=NOW)
    assert capsys.readouterr().err == ""
    checks.run(CONFIG, now=NOW, progress=True)
    assert "looking" in capsys.readouterr().err


def test_history_tells_since_when_and_until_when(tables: HttpLake, tmp_path: Path) -> None:
    path = tmp_path / "checks.yml"
    path.write_text(json.dumps(CONFIG), encoding="utf-8")  # JSON is YAML
    config = load_config(str(path), {})
    for day in range(2):
        now = NOW + day * DAY
        monitor_run(config, Request(now=now, send=False, keep=True), {})
    report = checks.run(path, now=NOW + DAY)
    past = report["orders"].history()
    assert list(past["table"]) == ["sales.orders"]
    assert past.iloc[0]["since"] == pd.Timestamp(NOW)
    assert pd.isna(past.iloc[0]["until"])
    assert (past.iloc[0]["severity"], past.iloc[0]["runs"]) == ("critical", 2)
    assert str(past["until"].dtype) == INSTANT
    assert set(report.history()["table"]) == {"sales.orders", "web.clicks"}
    with pytest.raises(ValueError, match="soon"):
        report["orders"].history("soon")


def test_history_needs_a_place_and_few_tables(tables: HttpLake) -> None:
    report = checks.run(CONFIG, now=NOW, environ={"AWS_LAMBDA_FUNCTION_NAME": "f"})
    with pytest.raises(ValueError, match="no place to keep history"):
        report.history()
