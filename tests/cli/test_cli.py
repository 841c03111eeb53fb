"""The command line as a user types it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import jsonschema
import pytest

from checks import cli
from checks.report import as_json
from tests.support.accounts import Team, land_days
from tests.support.times import DAY, HOUR, at

if TYPE_CHECKING:
    from tests.support.lakes import HttpLake

ROOT = Path(__file__).parents[2]
NOW = at("2026-11-23 07:00")
CONFIG = """\
version: 1
name: prod
tables:
  - table: sales.orders
    partitions: {every: 1d, due: "06:00", lookback: 3, error_when: 2}
  - table: web.clicks
    freshness: {max_age: 24h}
"""


@pytest.fixture
def tables(lake: HttpLake) -> HttpLake:
    """Two tables: orders lacks a day (a warning), clicks is fresh at NOW."""
    Path("checks.yml").write_text(CONFIG, encoding="utf-8")
    land_days(lake, lake.table("sales.orders", dt="string"), "2026-11-10", "2026-11-21")
    lake.put(f"{lake.table('web.clicks').location}a.parquet", NOW - HOUR)
    return lake


def checks(*words: str, cwd: Path | None = None, **environ: str) -> subprocess.CompletedProcess[str]:
    """Start the command as a process of its own."""
    command = [sys.executable, "-m", "checks.cli", *words]
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environ},
    )


def at_now(*words: str) -> int:
    return cli.main(["run", "--now", "2026-11-23T07:00Z", *words])


@pytest.mark.parametrize("words", [["--help"], ["run", "--help"], ["plan", "--help"], ["--version"]])
def test_help_imports_nothing_heavy(words: list[str]) -> None:
    script = (
        "import sys\nfrom checks import cli\n"
        f"try:\n    cli.main({words!r})\nexcept SystemExit as ended:\n    assert not ended.code\n"
        "heavy = {'pandas', 'great_expectations', 'boto3', 'awswrangler', 'pydantic'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, cwd=ROOT)


def test_validate_imports_neither_pandas_nor_aws_nor_great_expectations(tmp_path: Path) -> None:
    (tmp_path / "checks.yml").write_text(CONFIG, encoding="utf-8")
    script = (
        "import sys\nfrom checks import cli\nassert cli.main(['validate']) == 0\n"
        "heavy = {'pandas', 'great_expectations', 'boto3', 'awswrangler'} & set(sys.modules)\nassert not heavy, heavy"
    )
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True, cwd=tmp_path, env=environ
    )
    assert done.stdout == "checks.yml: no mistakes: 2 entries (0 with globs), times in UTC\n"


def test_every_mistake_is_told_at_once_with_its_line(tmp_path: Path) -> None:
    config = tmp_path / "checks.yml"
    config.write_text(CONFIG.replace("24h", "soon").replace("lookback", "lookbak"), encoding="utf-8")
    done = checks("run", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("checks.yml:5: sales.orders: partitions.lookbak: ")
    assert "lookback" in lines[0]
    assert lines[1] == (
        "checks.yml:7: web.clicks: freshness.max_age: 'soon' is not a duration; "
        "write a number and s, m, h, d or w, such as 26h"
    )


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["run"], "neither CONFIG nor TABLES is set"),
        (["run", "--config", "nowhere.yml"], "nowhere.yml"),
        (["validate", "--config", "."], "."),
        (
            ["run", "--now", "yesterday"],
            "'yesterday' is not a time; write ISO 8601, such as 2026-11-22T06:00+01:00",
        ),
        (["run", "--fail-on", "sometimes"], "invalid choice"),
        (["fly"], "invalid choice"),
        ([], "required"),
    ],
)
def test_wrong_usage_exits_with_2_and_says_why(words: list[str], told: str, tmp_path: Path) -> None:
    done = checks(*words, cwd=tmp_path, CONFIG="", TABLES="")
    assert done.returncode == 2
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_the_report_goes_to_standard_output_and_what_is_news_to_the_exit_code(
    tables: HttpLake, capsys: pytest.CaptureFixture[str]
) -> None:
    assert at_now("--no-send") == 0  # a warning only
    told = capsys.readouterr()
    assert "WARNING sales.orders (partitions)" in told.out
    assert told.err == "looked at 2 of 2 tables\n"
    assert at_now("--no-send", "--fail-on", "warning") == 1
    assert at_now("--no-send", "--fail-on", "never") == 0
    tables.table("web.sessions")
    Path("checks.yml").write_text(f"{CONFIG}  - table: web.sessions\n", encoding="utf-8")
    assert at_now("--no-send") == 1
    assert at_now("--no-send", "--table", "web.clicks") == 0
    Path("checks.yml").write_text(f"{CONFIG}  - table: web.nowhere\n", encoding="utf-8")
    assert at_now("--no-send") == 3
    assert at_now("--no-send", "--fail-on", "warning") == 1
    assert not Path(".checks").exists()


def test_a_table_that_is_not_watched_is_wrong_usage(
    tables: HttpLake, capsys: pytest.CaptureFixture[str]
) -> None:
    assert at_now("--no-send", "--table", "crm.*") == 2
    assert "crm.* matches none of the 2 tables that the config watches" in capsys.readouterr().err


def test_a_choice_of_tables_whose_catalog_cannot_be_read_is_unknown(
    tables: HttpLake, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_DEFAULT_REGION", "AWS_REGION"):
        monkeypatch.delenv(name)
    Path("checks.yml").write_text("version: 1\ntables:\n  - table: web.*\n", encoding="utf-8")
    assert at_now("--no-send", "--table", "web.clicks") == 3
    assert "UNKNOWN web.* (catalog)" in capsys.readouterr().out


def test_json_holds_to_its_published_schema(tables: HttpLake, capsys: pytest.CaptureFixture[str]) -> None:
    assert at_now("--no-send", "--format", "json") == 0
    document = json.loads(capsys.readouterr().out)
    jsonschema.validate(document, as_json.schema())
    assert document["summary"] == {"tables": 2, "fresh": 1, "warning": 1, "critical": 0, "unknown": 0}
    orders = next(finding for finding in document["findings"] if finding["table"] == "sales.orders")
    states = {item["period"]: item["state"] for item in orders["items"]}
    assert states == {"2026-11-22": "missing", "2026-11-21": "present", "2026-11-20": "present"}


def test_output_is_written_by_the_files_ending(tables: HttpLake, capsys: pytest.CaptureFixture[str]) -> None:
    assert at_now("--no-send", "--output", "out/report.html") == 0
    assert Path("out/report.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert at_now("--no-send", "--output", "report.txt", "--format", "json") == 0
    assert json.loads(Path("report.txt").read_text(encoding="utf-8"))["version"] == 1
    assert capsys.readouterr().out == ""
    Path("folder").mkdir()
    assert at_now("--no-send", "--output", "folder") == 3
    assert "folder could not be written" in capsys.readouterr().err


def test_evidence_that_is_later_than_a_stated_now_is_ignored(
    tables: HttpLake, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["run", "--no-send", "--format", "json", "--table", "web.clicks", "--now"]
    assert cli.main([*words, "2026-11-23T05:59Z"]) == 1  # before the one object came
    finding = json.loads(capsys.readouterr().out)["findings"][0]
    assert finding["because"].startswith("never loaded")
    assert cli.main([*words, "2026-11-23T06:00Z"]) == 0
    assert cli.main([*words, "2026-11-24T06:00:01+00:00"]) == 1
    assert cli.main([*words, "2026-11-24T07:00:00+01:00"]) == 0


def test_a_run_publishes_and_remembers(tables: HttpLake, capsys: pytest.CaptureFixture[str]) -> None:
    team = Team(tables)
    text = CONFIG.replace("name: prod", f'name: prod\ntopic: "{team.topic}"')
    Path("checks.yml").write_text(text, encoding="utf-8")
    assert cli.main(["run", "--fail-on", "never"]) == 0
    assert team.mail().subject.startswith("[S3 tables] ")
    assert json.loads(Path(".checks/states/prod.json").read_text(encoding="utf-8"))["last_completed_at"]
    team.mails()
    assert cli.main(["run", "--no-send", "--fail-on", "never"]) == 0
    assert team.mails() == []


def test_what_is_not_delivered_exits_with_3(tables: HttpLake, capsys: pytest.CaptureFixture[str]) -> None:
    topic = "arn:aws:sns:eu-west-1:123456789012:gone"
    Path("checks.yml").write_text(CONFIG.replace("name: prod", f'topic: "{topic}"'), encoding="utf-8")
    assert cli.main(["run"]) == 3
    assert topic in capsys.readouterr().err


@pytest.mark.parametrize(
    ("missing", "told"),
    [
        ("AWS_DEFAULT_REGION", "no aws region is set"),
        ("AWS_ACCESS_KEY_ID", "credentials were found"),
        ("PROFILE", "nobody"),
    ],
)
def test_a_machine_that_is_not_set_up_for_aws_is_told_and_not_a_traceback(
    missing: str,
    told: str,
    tables: HttpLake,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name in {"AWS_DEFAULT_REGION": ["AWS_DEFAULT_REGION", "AWS_REGION"], "PROFILE": []}.get(
        missing, [missing]
    ):
        monkeypatch.delenv(name)
    if missing == "PROFILE":
        monkeypatch.setenv("AWS_PROFILE", "nobody")
    Path("checks.yml").write_text(f"{CONFIG}  - table: web.*\n", encoding="utf-8")
    for command in ("run", "plan"):
        words = [command, "--no-send"] if command == "run" else [command]
        assert cli.main(words) == 3
        printed = capsys.readouterr()
        assert told in " ".join(printed.out.lower().split())


def test_the_plan_tells_reading_and_cost(
    tables: HttpLake, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "140")
    assert cli.main(["plan", "--now", "2026-11-23T07:00Z"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["TABLE", "FORMAT", "CHECKS", "READ", "BY", "REQUESTS", "USD", "A", "RUN"]
    assert lines[1].startswith("sales.orders  files   partitions  3 due days, ")
    assert lines[2].startswith("web.clicks    files   freshness   whole prefix")
    assert lines[4].startswith("2 tables, about ")
    Path("checks.yml").write_text(f"{CONFIG}  - table: web.nowhere\n", encoding="utf-8")
    assert cli.main(["plan"]) == 3
    assert "web.nowhere is not in the catalog" in capsys.readouterr().out


def test_a_schedule_that_is_none_is_told_whatever_is_watched(
    tables: HttpLake, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("checks.yml").write_text("version: 1\ntables:\n  - table: web.clicks\n", encoding="utf-8")
    assert cli.main(["plan", "--cron", "cron(0 0 * * *)"]) == 2
    assert "it has 5 fields and needs six" in capsys.readouterr().err
    monkeypatch.setenv("CRON_SCHEDULE", "daily")
    assert cli.main(["plan"]) == 2
    assert "'daily' is no schedule of an EventBridge rule" in capsys.readouterr().err


def test_a_test_alert_says_that_it_is_a_test(tables: HttpLake, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["test-alert"]) == 2
    assert "no topic" in capsys.readouterr().err
    team = Team(tables)
    text = CONFIG.replace("name: prod", f'name: prod\ntopic: "{team.topic}"')
    Path("checks.yml").write_text(text, encoding="utf-8")
    assert cli.main(["test-alert"]) == 0
    mail = team.mail()
    assert mail.subject.startswith("[S3 tables] TEST of prod, ")
    assert "This is a test: no table was looked at." in mail.text
    assert not Path(".checks").exists()


def test_the_schema_takes_the_config_and_refuses_a_typo(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["schema"]) == 0
    schema = json.loads(capsys.readouterr().out)
    good = {"version": 1, "tables": [{"table": "a.b", "freshness": {"max_age": "24h"}}]}
    jsonschema.validate(good, schema)
    good["tables"][0]["freshness"] = {"max_agee": "24h"}  # type: ignore[index]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(good, schema)


def test_tables_without_a_config_are_checked_for_data_of_a_day(
    tables: HttpLake, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("checks.yml").unlink()
    monkeypatch.setenv("TABLES", " s3://lake/web/clicks , sales.orders ")
    assert at_now("--no-send", "--format", "json") == 1
    findings = json.loads(capsys.readouterr().out)["findings"]
    told = {finding["table"]: (finding["status"], finding["check"]) for finding in findings}
    assert told == {"s3://lake/web/clicks/": ("pass", "freshness"), "sales.orders": ("fail", "freshness")}
    Path("other.yml").write_text(CONFIG, encoding="utf-8")
    monkeypatch.setenv("CONFIG", "other.yml")
    assert at_now("--no-send") == 0
    assert "warning: environment: TABLES: is set beside CONFIG, which wins" in capsys.readouterr().err


def test_a_config_in_s3_is_read(tables: HttpLake, capsys: pytest.CaptureFixture[str]) -> None:
    tables.bucket("ops")
    tables.s3.put_object("ops", "team/checks.yml", CONFIG.encode())
    assert at_now("--no-send", "--config", "s3://ops/team/checks.yml") == 0
    assert cli.main(["validate", "--config", "s3://ops/team/nowhere.yml"]) == 2
    assert "s3://ops/team/nowhere.yml" in capsys.readouterr().err


def test_the_text_has_colours_only_on_a_terminal(
    tables: HttpLake, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    at_now("--no-send")
    assert "\033[" not in capsys.readouterr().out
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    at_now("--no-send")
    assert "\033[1;31mNEW (1 table)\033[0m" in capsys.readouterr().out
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    at_now("--no-send")
    assert "\033[" not in capsys.readouterr().out


def test_a_reader_that_goes_away_is_no_error(tables: HttpLake) -> None:
    command = f"{sys.executable} -m checks.cli schema | head -1"
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_daily_run_at_another_time_of_day_is_news_only(
    tables: HttpLake, capsys: pytest.CaptureFixture[str]
) -> None:
    from checks import monitor
    from checks.config import load

    team = Team(tables)
    config = load("checks.yml", environ={})
    environ = {**os.environ, "TOPIC_ARN": team.topic}
    for now, mails in ((NOW, 1), (NOW + HOUR, 0), (NOW + DAY, 1)):
        monitor.run(config, monitor.Request(now=now), environ)
        assert len(team.mails()) == mails
