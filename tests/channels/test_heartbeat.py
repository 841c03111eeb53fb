"""The sign of life after a run: when it is sent, when it is not, and that it never costs the run."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from checks import monitor
from checks.channels import heartbeat
from checks.model import Summary
from lambda_handler import lambda_handler
from tests.support.accounts import Team
from tests.support.stub_http import Answer, stub
from tests.support.times import DAY, HOUR

if TYPE_CHECKING:
    from tests.support.lakes import HttpLake

NAMESPACE = "S3TableMonitor"
NOW = datetime(2026, 11, 23, tzinfo=UTC)
EVENT = {"id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa", "time": "2026-11-23T00:00:00Z"}
SHOWS = [NOW]
"""What the clock shows, as the one value of a list."""
CONTEXT = SimpleNamespace(get_remaining_time_in_millis=lambda: 900_000)


@pytest.fixture
def team(lake: HttpLake, monkeypatch: pytest.MonkeyPatch) -> Team:
    team = Team(lake)
    monkeypatch.setattr(monitor, "_clock", lambda: SHOWS[0])
    SHOWS[0] = NOW
    lake.bucket("ops")
    lake.put(f"{lake.table('web.clicks').location}a.parquet", NOW - HOUR)
    lake.put(f"{lake.table('sales.orders').location}a.parquet", NOW - 3 * DAY)
    for name, value in {
        "AWS_LAMBDA_FUNCTION_NAME": "s3-table-monitor-prod",
        "METRICS_NAMESPACE": NAMESPACE,
        "TABLES": "web.clicks,sales.orders",
        "TOPIC_ARN": team.topic,
        "HISTORY": "s3://ops/monitor/",
        "CONFIG": "",
    }.items():
        monkeypatch.setenv(name, value)
    return team


def put() -> dict[str, list[float]]:
    """What was put, by the name of the metric, of this function in the last hour."""
    found: dict[str, list[float]] = {}
    client = boto3.client("cloudwatch")
    end = datetime.now(UTC) + timedelta(minutes=1)  # noqa: TID251 - CloudWatch has its own clock
    for name in ("Heartbeat", "Tables", "Unknown", "AllUnknown"):
        answer = client.get_metric_statistics(
            Namespace=NAMESPACE,
            MetricName=name,
            Dimensions=[{"Name": "Monitor", "Value": "s3-table-monitor-prod"}],
            StartTime=end - timedelta(hours=1),
            EndTime=end,
            Period=3600,
            Statistics=["Sum", "SampleCount"],
        )
        for point in answer["Datapoints"]:
            found[name] = [point["SampleCount"], point["Sum"]]
    return found


def test_a_report_that_was_delivered_is_a_heartbeat_with_the_counts(team: Team) -> None:
    lambda_handler(EVENT, CONTEXT)
    assert put() == {"Heartbeat": [1, 1], "Tables": [1, 2], "Unknown": [1, 0], "AllUnknown": [1, 0]}


def test_no_news_is_a_heartbeat_too(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    team.lake.s3.put_object(
        "ops",
        "checks.yml",
        b'{"version": 1, "name": "n", "report": "on_change", "tables": [{"table": "web.clicks"}]}',
    )
    monkeypatch.setenv("CONFIG", "s3://ops/checks.yml")
    monkeypatch.setenv("TABLES", "")
    lambda_handler(EVENT, CONTEXT)
    assert team.mails() == []
    assert put()["Heartbeat"] == [1, 1]


def test_an_event_that_was_reported_already_is_none(team: Team) -> None:
    lambda_handler(EVENT, CONTEXT)
    assert lambda_handler(EVENT, CONTEXT)["already_reported"]
    assert put()["Heartbeat"] == [1, 1]


def test_a_report_that_was_not_delivered_is_none(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOPIC_ARN", team.topic + "-gone")
    with pytest.raises(monitor.NotDelivered):
        lambda_handler(EVENT, CONTEXT)
    assert put() == {}


@pytest.mark.parametrize("event", [{"tables": ["web.*"]}, {"send": False}])
def test_a_look_at_some_tables_or_without_sending_is_none(event: dict[str, Any], team: Team) -> None:
    lambda_handler(event, CONTEXT)
    assert put() == {}


@pytest.mark.parametrize("namespace", ["", " "])
def test_nothing_is_put_where_no_namespace_is_set(
    namespace: str, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("METRICS_NAMESPACE", namespace)
    lambda_handler(EVENT, CONTEXT)
    assert put() == {}


@pytest.mark.parametrize(
    ("tables", "unknown", "all_unknown"), [(0, 0, 0), (1, 0, 0), (2, 1, 0), (2, 2, 1), (1, 1, 1)]
)
def test_all_are_unknown_only_where_there_are_some(tables: int, unknown: int, all_unknown: int) -> None:
    summary = Summary(tables=tables, fresh=tables - unknown, warning=0, critical=0, unknown=unknown)
    assert heartbeat.metrics_of(summary) == {
        "Heartbeat": 1,
        "Tables": tables,
        "Unknown": unknown,
        "AllUnknown": all_unknown,
    }


def test_metrics_that_are_denied_are_told_and_the_run_is_well(
    team: Team, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    denied = Answer(
        status=403,
        body=b'{"__type": "AccessDenied", "message": "not authorized to perform: cloudwatch:PutMetricData"}',
    )
    with stub(lambda _: denied) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDWATCH", server.url)
        assert lambda_handler(EVENT, CONTEXT)["delivered"]
    told = capsys.readouterr().out
    assert "No heartbeat was put, so its alarm may ring." in told
    assert "Access to the metrics of S3TableMonitor is denied; allow cloudwatch:PutMetricData" in told


def test_a_cloudwatch_that_hangs_costs_seconds_not_the_run(
    monkeypatch: pytest.MonkeyPatch, lake: HttpLake, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(heartbeat, "_TIMEOUT_S", 0.2)
    summary = Summary(tables=1, fresh=1, warning=0, critical=0, unknown=0)
    started = time.monotonic()
    with stub(lambda _: Answer(hang_s=3)) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDWATCH", server.url)
        heartbeat.beat(summary, {"METRICS_NAMESPACE": NAMESPACE})
        assert time.monotonic() - started < 3
    assert "AWS could not be reached for the metrics of S3TableMonitor" in capsys.readouterr().out


def test_it_calls_what_it_says_that_it_needs_and_only_where_a_namespace_is_set() -> None:
    assert heartbeat.IAM_ACTIONS == ("cloudwatch:PutMetricData",)
    asked: list[str] = []

    class Recording:
        def put_metric_data(self, **request: Any) -> dict[str, Any]:
            asked.append(request["Namespace"])
            return {}

    summary = Summary(tables=1, fresh=1)
    heartbeat.beat(summary, {"METRICS_NAMESPACE": " Mine "}, Recording())
    heartbeat.beat(summary, {}, Recording())
    assert asked == ["Mine"]
