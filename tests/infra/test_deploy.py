"""`make deploy`: what was given is held against what AWS takes, all at once, before anything is done."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from infra.deploy import told
from infra.parameters import Mistakes, Parameters, read
from infra.schedule import Heartbeat, follows
from tests.support.times import at

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parents[2]
NOW = at("2026-11-23 12:00")
QUARTER = timedelta(minutes=15)
CONFIG = 'version: 1\nname: prod\ntopic: "${TOPIC_ARN}"\ntables:\n  - prefix: s3://lake/a/\n'


def given(folder: Path, environ: Mapping[str, str], region: str | None = "eu-west-1") -> Parameters:
    return read(environ, region, folder, NOW)


def mistakes(folder: Path, environ: Mapping[str, str], region: str | None = "eu-west-1") -> list[str]:
    with pytest.raises(Mistakes) as found:
        read(environ, region, folder, NOW)
    return list(found.value.sentences)


# What follows from the schedule ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "period", "evaluations"),
    [
        ("rate(1 minute)", 300, 11),
        ("rate(15 minutes)", 300, 14),
        ("rate(311 minutes)", 300, 73),
        ("rate(312 minutes)", 300, 73),
        ("rate(313 minutes)", 3600, 8),
        ("rate(1 hour)", 300, 23),
        ("cron(0 0 * * ? *)", 3600, 26),
        ("cron(0 0,12 * * ? *)", 3600, 14),
        ("cron(0 6 ? * MON-FRI *)", 3600, 74),
        ("rate(165 hours)", 3600, 167),
        ("rate(166 hours)", 3600, 168),
    ],
)
def test_silence_is_longer_than_the_schedule_and_all_tries_and_at_most_seven_days(
    expression: str, period: int, evaluations: int
) -> None:
    found = follows(expression, QUARTER, NOW)
    assert found.heartbeat == Heartbeat(period, evaluations)
    assert found.note == ""
    assert found.heartbeat.silence <= timedelta(days=7)
    if period == 300:  # below periods of an hour, an alarm looks back a day
        assert found.heartbeat.silence <= timedelta(days=1)


@pytest.mark.parametrize(
    "expression", ["rate(167 hours)", "rate(7 days)", "cron(0 6 ? * MON *)", "cron(0 6 1 * ? *)"]
)
def test_what_alarms_do_not_look_back_is_told_with_what_to_do(expression: str) -> None:
    found = follows(expression, QUARTER, NOW)
    assert found.heartbeat is None
    assert found.note.startswith(f"{expression} leaves ")
    assert "an alarm looks back 7 days at most" in found.note
    assert "Run it daily, with `report: on_change`" in found.note


def test_a_schedule_with_one_run_left_has_no_alarm_and_one_with_none_is_refused() -> None:
    once = follows("cron(0 0 1 1 ? 2027)", QUARTER, NOW)
    assert (once.heartbeat, once.event_age) == (None, 21_600)
    assert "runs once more only" in once.note
    with pytest.raises(ValueError, match="never runs again"):
        follows("cron(0 0 1 1 ? 2026)", QUARTER, NOW)


@pytest.mark.parametrize(
    ("expression", "timeout_s", "age"),
    [
        ("rate(1 minute)", 900, 2880),  # as long as three tries take
        ("rate(47 minutes)", 900, 2880),
        ("rate(48 minutes)", 900, 2880),
        ("rate(49 minutes)", 900, 2940),  # until the next run
        ("rate(1 minute)", 60, 360),
        ("rate(359 minutes)", 900, 21_540),
        ("rate(6 hours)", 900, 21_600),
        ("rate(361 minutes)", 900, 21_600),  # Lambda keeps none longer
        ("cron(0 6,9 * * ? *)", 900, 10_800),
    ],
)
def test_an_event_waits_until_the_next_run_and_for_its_tries(
    expression: str, timeout_s: int, age: int
) -> None:
    assert follows(expression, timedelta(seconds=timeout_s), NOW).event_age == age


# What is given -----------------------------------------------------------------------------------------------


def test_three_variables_do(tmp_path: Path) -> None:
    (tmp_path / "checks.yml").write_text(CONFIG)
    found = given(tmp_path, {"ALERT_EMAILS": "a@example.com"})
    assert (found.region, found.stage, found.stack) == ("eu-west-1", "prod", "s3-table-monitor-prod")
    assert found.uploads == tmp_path / "checks.yml"
    assert found.alert_emails == found.operations_emails == ("a@example.com",)
    assert found.schedule == "cron(0 0 * * ? *)"
    assert (
        found.topic_arn("123456789012") == "arn:aws:sns:eu-west-1:123456789012:S3TableMonitoringNotifications"
    )


def test_tables_need_no_config_and_a_config_that_is_named_wins_over_the_one_that_lies_there(
    tmp_path: Path,
) -> None:
    (tmp_path / "checks.yml").write_text(CONFIG)
    found = given(tmp_path, {"TABLES": "s3://a/"})
    assert (found.uploads, found.config) == (None, "")
    found = given(tmp_path, {"CONFIG": "s3://ops/checks.yml"})
    assert (found.uploads, found.config) == (None, "s3://ops/checks.yml")


def test_empty_variables_are_unset_ones(tmp_path: Path) -> None:
    found = given(tmp_path, {"TABLES": " a.b ", "CRON_SCHEDULE": "", "HISTORY": "  ", "ALERT_EMAILS": " , "})
    assert found.given == {"TABLES": "a.b", "ALERT_EMAILS": ","}
    assert (found.schedule, found.alert_emails) == ("cron(0 0 * * ? *)", ())


def test_alarms_go_to_those_who_get_the_reports_unless_others_are_named(tmp_path: Path) -> None:
    found = given(tmp_path, {"TABLES": "a.b", "ALERT_EMAIL": "a@example.com, b@example.com,a@example.com"})
    assert found.alert_emails == found.operations_emails == ("a@example.com", "b@example.com")
    found = given(
        tmp_path, {"TABLES": "a.b", "ALERT_EMAILS": "a@example.com", "OPERATIONS_EMAILS": "o@example.com"}
    )
    assert (found.alert_emails, found.operations_emails) == (("a@example.com",), ("o@example.com",))


def test_variables_that_the_config_names_go_with_it_and_those_of_the_function_do_not(tmp_path: Path) -> None:
    (tmp_path / "checks.yml").write_text(
        f"{CONFIG}# ${{PARTNER_ID}} ${{UNSET}} ${{AWS_REGION}} ${{PARTNER_ID}}\n"
        "# ${OWNER:-data} ${NONE:-} ${STAGE} ${HISTORY}\n"
    )
    environ = {"PARTNER_ID": "7", "AWS_REGION": "eu-west-1", "TOPIC_ARN": "", "CONFIG_VARIABLES": "MORE"}
    environ |= {"OWNER": "sales", "STAGE": "test", "HISTORY": "s3://ops/monitor/"}
    assert given(tmp_path, environ).given["CONFIG_VARIABLES"] == "MORE,PARTNER_ID,OWNER,STAGE"


TOPIC = "arn:aws:sns:eu-west-1:123456789012:team"
KEY = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"


@pytest.mark.parametrize(
    ("environ", "sentence"),
    [
        ({"TABLES": ""}, "CONFIG: neither CONFIG nor TABLES is set, and there is no checks.yml"),
        ({"CONFIG": "no-such.yml"}, "CONFIG: there is no file"),
        ({"CONFIG": "s3://ops"}, "CONFIG: 's3://ops' is not an object in S3"),
        ({"CONFIG": "s3://ops/"}, "is not an object in S3"),
        (
            {"ALERT_EMAILS": "a@example.com;b@example.com"},
            "'a@example.com;b@example.com' is not an e-mail address",
        ),
        ({"ALERT_EMAILS": "a@example"}, "ALERT_EMAILS: 'a@example' is not"),
        ({"ALERT_EMAIL": "team"}, "ALERT_EMAIL: 'team' is not"),
        ({"OPERATIONS_EMAILS": "Team <a@example.com>"}, "OPERATIONS_EMAILS: 'Team <a@example.com>' is not"),
        (
            {"ALERT_EMAILS": "a@example.com", "ALERT_EMAIL": "b@example.com"},
            "put all addresses into ALERT_EMAILS",
        ),
        ({"CRON_SCHEDULE": "rate(1 minutes)"}, "CRON_SCHEDULE: 'rate(1 minutes)' is not read"),
        ({"CRON_SCHEDULE": "0 0 * * *"}, "CRON_SCHEDULE: '0 0 * * *' is no schedule"),
        ({"TOPIC_ARN": "team"}, "TOPIC_ARN: 'team' is not the ARN of an SNS topic"),
        (
            {"TOPIC_ARN": TOPIC.replace("eu-west-1", "us-east-1")},
            "lies in us-east-1, and the monitor is deployed to",
        ),
        ({"KMS_KEY_ARN": "alias/mine"}, "KMS_KEY_ARN: 'alias/mine' is not the ARN of a key"),
        ({"KMS_KEY_ARN": KEY.replace("eu-west-1", "us-east-1")}, "lies in us-east-1"),
        ({"HISTORY": "s3://bucket"}, "HISTORY: 's3://bucket' is not a folder in S3"),
        ({"HISTORY": "s3://bucket/"}, "HISTORY: 's3://bucket/' is not a folder"),
        ({"METRICS_NAMESPACE": "AWS/Lambda"}, "METRICS_NAMESPACE: 'AWS/Lambda' is not a namespace"),
        ({"STAGE": "Prod"}, "STAGE: 'Prod' is not"),
        ({"ARCH": "amd64"}, "ARCH: 'amd64' is not x86_64 or arm64"),
        ({"TIMEOUT": "59"}, "TIMEOUT: '59' is not a whole number from 60 to 900"),
        ({"TIMEOUT": "901"}, "TIMEOUT: '901'"),
        ({"MEMORY_SIZE": "1023"}, "MEMORY_SIZE: '1023' is not a whole number from 1024 to 10240"),
        ({"RESERVED_CONCURRENCY": "0"}, "RESERVED_CONCURRENCY: '0'"),
        ({"LOG_RETENTION_DAYS": "31"}, "LOG_RETENTION_DAYS: '31' is not one of 1, 3, 5, 7, 14, 30"),
        ({"REPORT_RETENTION_DAYS": "x"}, "REPORT_RETENTION_DAYS: 'x'"),
    ],
)
def test_what_aws_would_refuse_is_told(environ: dict[str, str], sentence: str, tmp_path: Path) -> None:
    (found,) = mistakes(tmp_path, {"TABLES": "a.b", **environ})
    assert sentence in found


@pytest.mark.parametrize(
    "environ",
    [
        {"TOPIC_ARN": TOPIC, "KMS_KEY_ARN": KEY, "HISTORY": "s3://bucket/folder"},
        {"TIMEOUT": "60", "MEMORY_SIZE": "1024", "RESERVED_CONCURRENCY": "1"},
        {"TIMEOUT": "61", "MEMORY_SIZE": "10240", "LOG_RETENTION_DAYS": "30"},
        {"TIMEOUT": "900", "STAGE": "test-2", "ARCH": "arm64", "METRICS_NAMESPACE": "Acme/Tables"},
    ],
)
def test_what_aws_takes_is_taken(environ: dict[str, str], tmp_path: Path) -> None:
    assert given(tmp_path, {"TABLES": "a.b", **environ}).given == {"TABLES": "a.b", **environ}


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    environ = {"ALERT_EMAILS": "a,b", "CRON_SCHEDULE": "soon", "TIMEOUT": "1"}
    found = mistakes(tmp_path, environ, region=None)
    assert [each.split(":")[0] for each in found] == [
        "CONFIG",
        "AWS_REGION",
        "ALERT_EMAILS",
        "ALERT_EMAILS",
        "TIMEOUT",
        "CRON_SCHEDULE",
    ]


def test_a_config_whose_name_would_not_do_as_a_key_is_told(tmp_path: Path) -> None:
    (tmp_path / "my checks.yml").write_text(CONFIG)
    (found,) = mistakes(tmp_path, {"CONFIG": "my checks.yml"})
    assert "is uploaded under its name 'my checks.yml'; use letters" in found


# What is said ------------------------------------------------------------------------------------------------

OUTPUTS = {
    "FunctionName": "s3-table-monitor-prod",
    "TopicArn": "arn:aws:sns:eu-west-1:123456789012:S3TableMonitoringNotifications",
    "OperationsTopicArn": "arn:aws:sns:eu-west-1:123456789012:S3TableMonitoringOperations",
    "History": "s3://history/table-monitor/",
}


def said(folder: Path, environ: dict[str, str], *waiting: str) -> str:
    parameters = given(folder, {"TABLES": "a.b", **environ})
    return told(parameters, OUTPUTS, "", waiting, NOW)


def test_in_the_end_it_says_what_was_done_and_what_is_left(tmp_path: Path) -> None:
    text = said(tmp_path, {"ALERT_EMAILS": "a@example.com"}, "a@example.com")
    assert "s3-table-monitor-prod, cron(0 0 * * ? *), next Tue 24 Nov 2026 00:00 UTC" in text
    assert "an alarm after 26 h" in text
    assert "Follow the links in the mails that AWS sent to a@example.com" in text
    assert "aws lambda invoke --region eu-west-1 --function-name s3-table-monitor-prod" in text
    assert "For a first run now, until which the alarm on silence of a new stack rings: aws" in text
    assert "Subscribe somebody" not in text


def test_it_says_whom_nothing_reaches(tmp_path: Path) -> None:
    text = said(tmp_path, {})
    assert f"Subscribe somebody to {OUTPUTS['TopicArn']}" in text
    assert "alarms ring into nothing" in text
    assert "Follow the links" not in text
    text = said(tmp_path, {"OPERATIONS_EMAILS": "o@example.com"})
    assert "alarms ring into nothing" not in text


def test_it_says_that_no_alarm_waits_for_a_weekly_run(tmp_path: Path) -> None:
    assert "silence   cron(0 6 ? * MON *) leaves 7 days" in said(
        tmp_path, {"CRON_SCHEDULE": "cron(0 6 ? * MON *)"}
    )


# The command -------------------------------------------------------------------------------------------------


def run(folder: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run the command where neither AWS nor osls nor make can be reached without leaving a trace."""
    tools = folder / "tools"
    tools.mkdir()
    for name in ("make", "osls"):
        (tools / name).write_text(f"#!/bin/sh\ntouch '{folder}/{name}-was-called'\n")
        (tools / name).chmod(0o755)
    kept: dict[str, Any] = {
        name: value for name, value in os.environ.items() if not name.startswith("AWS_") and name != "CONFIG"
    }
    kept |= {
        "PATH": f"{tools}:{os.environ['PATH']}",
        "OSLS": str(tools / "osls"),
        "PYTHONPATH": str(ROOT),
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "AWS_ACCESS_KEY_ID": "none",
        "AWS_SECRET_ACCESS_KEY": "none",
        "AWS_MAX_ATTEMPTS": "1",
    }
    return subprocess.run(
        [sys.executable, "-m", "infra.deploy", "deploy"],
        cwd=folder,
        env=kept | environ,
        capture_output=True,
        text=True,
        check=False,
    )


def untouched(folder: Path) -> bool:
    return not list(folder.glob("*-was-called"))


def test_wrong_parameters_and_a_wrong_config_end_before_anything_is_done(tmp_path: Path) -> None:
    done = run(tmp_path, AWS_REGION="eu-west-1", TABLES="a.b", ALERT_EMAILS="nobody")
    assert (done.returncode, done.stdout) == (2, "")
    assert "ALERT_EMAILS: 'nobody' is not an e-mail address" in done.stderr
    assert done.stderr.endswith("Nothing was deployed.\n")
    assert untouched(tmp_path)


def test_a_config_with_mistakes_is_told_as_validate_tells_it(tmp_path: Path) -> None:
    (tmp_path / "checks.yml").write_text(CONFIG.replace("prefix:", "prefx:"))
    done = run(tmp_path, AWS_REGION="eu-west-1")
    assert done.returncode == 2
    assert "checks.yml:5: tables[0].prefx" in done.stderr
    assert done.stderr.endswith("Nothing was deployed.\n")
    assert untouched(tmp_path)


def test_an_account_that_does_not_answer_is_told_before_anything_is_built(tmp_path: Path) -> None:
    (tmp_path / "checks.yml").write_text(CONFIG)
    done = run(tmp_path, AWS_REGION="eu-west-1", ALERT_EMAILS="a@example.com")
    assert done.returncode == 2
    assert "AWS did not tell who is asking" in done.stderr
    assert done.stderr.endswith("renew the credentials\nNothing was deployed.\n")
    assert untouched(tmp_path)


def test_tables_are_validated_and_not_a_config_that_lies_beside_them(tmp_path: Path) -> None:
    (tmp_path / "checks.yml").write_text(CONFIG.replace("prefix:", "prefx:"))
    done = run(tmp_path, AWS_REGION="eu-west-1", TABLES="s3://lake/a/")
    assert "checks.yml" not in done.stderr
    assert "AWS did not tell who is asking" in done.stderr
