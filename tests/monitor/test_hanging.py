"""Services that take a connection and never answer: the report goes out, or the invocation fails, in time."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from checks import cli, monitor
from checks.aws import clients, session
from checks.config import load
from checks.lake.glue.catalog import prefix_table
from checks.model import Listing, Observation
from checks.monitor import time_left
from checks.rules.asking import (
    Clock,
)
from checks.rules.base import (
    TablePlan,
)
from lambda_handler import lambda_handler
from tests.support.accounts import Mail, Team
from tests.support.stub_http import Answer, stub
from tests.support.times import DAY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.support.lakes import HttpLake
    from tests.support.stub_http import Asked

ROOT = Path(__file__).parents[2]
SECONDS = 16.0
"""What an invocation has; a real one has 900."""
FAILING = "failing.s3"


class Context:
    """What Lambda hands over: the time that is left."""

    aws_request_id = "r-1"

    def __init__(self, seconds: float = SECONDS) -> None:
        self.ends = time.monotonic() + seconds

    def get_remaining_time_in_millis(self) -> int:
        return int(1000 * (self.ends - time.monotonic()))


@contextmanager
def relay(endpoint: str, hangs: Callable[[Asked], bool]) -> Iterator[str]:
    """Hand requests on to the emulator, but for those that hang until the test ends."""
    host = endpoint.removeprefix("http://")

    def answer(asked: Asked) -> Answer:
        if hangs(asked):
            return Answer(hang_s=600)
        connection = http.client.HTTPConnection(host, timeout=60)
        dropped = ("host", "connection", "expect")
        headers = {name: value for name, value in asked.headers.items() if name not in dropped}
        connection.request(asked.method, asked.path, asked.body, headers)
        told = connection.getresponse()
        body = told.read()
        kept = {name: value for name, value in told.getheaders() if name.lower() in ("etag", "content-type")}
        connection.close()
        return Answer(body, told.status, kept)

    with stub(answer) as running:
        yield running.url


@pytest.fixture(scope="module", autouse=True)
def _warm() -> None:
    """Import what is heavy, and judge once, before the time of a test begins: a Lambda of 900 s has it left over."""
    import awswrangler  # noqa: F401 - only that it is there

    import checks.channels.sns  # noqa: F401
    from checks.assess import findings_of

    entry = {"prefix": "s3://raw/", "freshness": {"max_age": "24h"}}
    config = load({"version": 1, "tables": [entry]}, environ={})
    resolved = config.resolve_prefix("s3://raw/")
    assert resolved is not None
    plan = TablePlan(table=prefix_table("s3://raw/"), rules=resolved.rules)
    clock = Clock(now=monitor._clock())
    seen = Observation(table=plan.table, now=clock.now, listing=Listing())
    assert findings_of((plan,), {plan.table.id: seen}, clock)


@pytest.fixture
def team(lake: HttpLake, monkeypatch: pytest.MonkeyPatch) -> Team:
    team = Team(lake)
    lake.bucket("ops")
    lake.put("s3://raw/x/old.parquet", monitor._clock() - 3 * DAY)
    monkeypatch.setattr(session, "READ_TIMEOUT_S", 2.0)
    monkeypatch.setattr(clients, "ATTEMPT_S", 2.0)
    for name, value in {"AWS_LAMBDA_FUNCTION_NAME": "monitor", "TOPIC_ARN": team.topic}.items():
        monkeypatch.setenv(name, value)
    return team


def configure(monkeypatch: pytest.MonkeyPatch, *entries: dict[str, Any], **settings: Any) -> None:
    """Let the Lambda watch a prefix that fails, and more."""
    tables = [{"prefix": "s3://raw/", "freshness": {"max_age": "24h"}}, *entries]
    Path("nightly.yml").write_text(json.dumps({"version": 1, "tables": tables, **settings}), encoding="utf-8")
    monkeypatch.setenv("CONFIG", "nightly.yml")


def invoke(**event: Any) -> dict[str, Any]:
    """Invoke the Lambda; it has to be through before its time is up, whatever comes of it."""
    context = Context()
    now = f"{monitor._clock():%Y-%m-%dT%H:%M:%SZ}"
    try:
        return lambda_handler({"id": "e-1", "time": now, **event}, context)
    finally:
        assert context.get_remaining_time_in_millis() > 0


def not_reached(mail: Mail) -> set[str]:
    return {
        finding["table"]
        for finding in mail.json["findings"]
        if finding["status"] == "unknown" and "not reached" in finding["because"]
    }


GLOBS = [{"table": f"db{number}.*"} for number in range(20)]
EXACT = [{"table": f"db{number}.orders"} for number in range(20)]
MANY_OF_ONE = [{"table": f"sales.table_{number}"} for number in range(5)]


@pytest.mark.parametrize("entries", [GLOBS, EXACT, MANY_OF_ONE, [{"table": "*.events_*"}, {"table": "a.b"}]])
def test_a_catalog_that_hangs_leaves_its_tables_not_reached_and_the_rest_is_judged(
    team: Team, monkeypatch: pytest.MonkeyPatch, entries: list[dict[str, Any]]
) -> None:
    monkeypatch.setattr(session, "READ_TIMEOUT_S", 30)  # it does not even end by itself
    configure(monkeypatch, *entries)
    with relay(team.lake.endpoint, lambda _: True) as hole:
        monkeypatch.setenv("AWS_ENDPOINT_URL_GLUE", hole)
        answer = invoke()
    assert (answer["delivered"], answer["critical"], answer["unknown"]) == (True, 1, len(entries))
    mail = team.mail()
    assert not_reached(mail) == {entry["table"] for entry in entries}
    assert f"1 of {1 + len(entries)} tables" in mail.text


@pytest.mark.parametrize("entries", [GLOBS, EXACT])
@pytest.mark.parametrize("concurrency", [1, 8])
def test_the_catalog_is_read_side_by_side_within_the_bound(
    team: Team, monkeypatch: pytest.MonkeyPatch, entries: list[dict[str, Any]], concurrency: int
) -> None:
    configure(monkeypatch, *entries, concurrency=concurrency)
    monkeypatch.setattr(session, "READ_TIMEOUT_S", 30)
    lock, at_once, most = threading.Lock(), [0], [0]

    def slow(_: Asked) -> bool:
        with lock:
            at_once[0] += 1
            most[0] = max(most[0], at_once[0])
        time.sleep(0.1)
        with lock:
            at_once[0] -= 1
        return False

    config = monitor.load_config("nightly.yml", os.environ)
    with relay(team.lake.endpoint, slow) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_GLUE", url)
        request = monitor.Request(now=monitor._clock(), send=False, keep=False)
        planned, _ = monitor.make_plan(config, request, os.environ)
    assert len(planned.findings) == len(entries)
    assert most[0] <= concurrency
    assert (most[0] > 1) is (concurrency > 1)


def test_one_database_that_hangs_costs_no_other(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    team.lake.put(f"{team.lake.table('web.clicks').location}a.parquet", monitor._clock())
    configure(monkeypatch, {"table": "db0.*"}, {"table": "web.*", "freshness": {"max_age": "24h"}})
    with relay(team.lake.endpoint, lambda asked: b'"db0"' in asked.body) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_GLUE", url)
        answer = invoke()
    assert (answer["fresh"], answer["critical"], answer["unknown"]) == (1, 1, 1)


def test_an_answer_that_hangs_once_costs_no_verdict(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    team.lake.put(f"{team.lake.table('web.clicks').location}a.parquet", monitor._clock())
    configure(monkeypatch, {"table": "web.*", "freshness": {"max_age": "24h"}})
    monkeypatch.setattr(session, "READ_TIMEOUT_S", 1.0)
    monkeypatch.setattr(clients, "ATTEMPT_S", 1.0)
    hung: list[str] = []

    def hangs(asked: Asked) -> bool:
        hung.append(asked.operation)
        return hung.count(asked.operation) == 1

    with relay(team.lake.endpoint, hangs) as url:
        for service in ("GLUE", "S3", "SNS"):
            monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service}", url)
        answer = invoke()
    assert (answer["fresh"], answer["critical"], answer["unknown"], answer["delivered"]) == (1, 1, 0, True)


def test_storage_that_hangs_is_unknown_and_the_report_goes_out(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(monkeypatch, *({"prefix": f"s3://raw/x{number}/"} for number in range(20)))
    with relay(team.lake.endpoint, lambda _: True) as hole:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", hole)
        monkeypatch.setattr(session, "READ_TIMEOUT_S", 30)
        answer = invoke()
    assert (answer["delivered"], answer["unknown"]) == (True, 21)
    assert len(not_reached(team.mail())) == 21


def test_marks_that_hang_silence_nothing_and_the_report_goes_out(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(monkeypatch, history="s3://ops/monitor/")
    monkeypatch.setattr(clients, "ATTEMPT_S", 30)
    with relay(team.lake.endpoint, lambda asked: "list-type" in asked.path and "marks" in asked.path) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", url)
        answer = invoke()
    assert (answer["delivered"], answer["critical"]) == (True, 1)
    (complaint,) = answer["complaints"]
    assert (
        "so none of them holds in this run: The history s3://ops/monitor/ did not answer in time" in complaint
    )
    assert "none of them holds in this run" in " ".join(team.mail().text.split())


def test_another_account_whose_role_cannot_be_taken_on_in_time_costs_no_other(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    partner = {"role_arn": "arn:aws:iam::111122223333:role/monitor"}
    entries = [{"account": "partner", "table": f"db{number}.*"} for number in range(40)]
    team.lake.put(f"{team.lake.table('web.clicks').location}a.parquet", monitor._clock())
    own = {"table": "web.*", "freshness": {"max_age": "24h"}}
    configure(monkeypatch, own, *entries, accounts={"partner": partner})
    with relay(team.lake.endpoint, lambda _: True) as hole:
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", hole)
        answer = invoke()
    assert (answer["delivered"], answer["fresh"], answer["critical"], answer["unknown"]) == (True, 1, 1, 40)


def test_topics_that_hang_fail_the_invocation_and_do_not_add_up(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    prefix = team.topic.rpartition(":")[0]
    routes = [{"match": {"severity": "critical"}, "topic": f"{prefix}:topic-{n}"} for n in range(40)]
    configure(monkeypatch, routes=routes, history="s3://ops/monitor/")
    with relay(team.lake.endpoint, lambda _: True) as hole:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SNS", hole)
        monkeypatch.setattr(clients, "ATTEMPT_S", 30.0)
        with pytest.raises(monitor.NotDelivered, match="topic-39 did not answer in time, so whether it got"):
            invoke()
    monkeypatch.delenv("AWS_ENDPOINT_URL_SNS")
    configure(monkeypatch, history="s3://ops/monitor/")
    assert invoke()["delivered"]  # the retry of the same event
    assert "NEW (1 table)" in team.mail().text


def test_one_topic_that_hangs_leaves_the_others_told(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    oncall = Team(team.lake, "oncall")
    configure(monkeypatch, routes=[{"match": {"severity": "critical"}, "topic": oncall.topic}])
    with relay(team.lake.endpoint, lambda asked: b"Notifications" in asked.body) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SNS", url)
        with pytest.raises(monitor.NotDelivered, match="S3TableMonitoringNotifications"):
            invoke()
    assert team.mails() == []
    assert oncall.mail().subject.startswith("[S3 tables] 1 new")


def test_a_list_of_subscriptions_that_hangs_is_done_without(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(monkeypatch)
    with relay(team.lake.endpoint, lambda asked: b"Action=ListSubscriptions" in asked.body) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SNS", url)
        assert invoke()["delivered"]
    assert team.mail().subject.startswith("[S3 tables] 1 new")


def in_history(method: str, name: str = "") -> Callable[[Asked], bool]:
    return lambda asked: asked.method == method and asked.path.startswith(f"/ops/monitor/{name}")


@pytest.mark.parametrize(
    ("hangs", "note"),
    [
        (in_history("GET"), "Nothing is known of earlier runs: "),
        (in_history("GET", "leases/"), "This run cannot be remembered: "),
        (in_history("PUT", "leases/"), "This run cannot be remembered: "),
    ],
)
@pytest.mark.parametrize("attempt_s", [0.3, 30.0])
def test_a_history_that_hangs_at_the_beginning_is_told_in_the_report(
    team: Team, monkeypatch: pytest.MonkeyPatch, hangs: Callable[[Asked], bool], note: str, attempt_s: float
) -> None:
    configure(monkeypatch, history="s3://ops/monitor/")
    monkeypatch.setattr(clients, "ATTEMPT_S", attempt_s)
    with relay(team.lake.endpoint, hangs) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", url)
        answer = invoke()
    assert (answer["delivered"], answer["critical"]) == (True, 1)
    assert note in " ".join(team.mail().text.split())


@pytest.mark.parametrize("attempt_s", [0.3, 30.0])
def test_a_history_that_hangs_after_sending_fails_the_invocation_and_the_retry_tells_it_again(
    team: Team, monkeypatch: pytest.MonkeyPatch, attempt_s: float
) -> None:
    configure(monkeypatch, history="s3://ops/monitor/")
    monkeypatch.setattr(clients, "ATTEMPT_S", attempt_s)
    with relay(team.lake.endpoint, in_history("PUT", "states/")) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", url)
        with pytest.raises(monitor.NotDelivered, match="is not remembered, and will be told again"):
            invoke()
    assert len(team.mails()) == 1
    monkeypatch.delenv("AWS_ENDPOINT_URL_S3")
    assert not invoke()["already_reported"]  # a duplicate, and no loss
    assert "NEW (1 table)" in team.mail().text
    assert invoke()["already_reported"]


def test_a_report_that_cannot_be_kept_in_time_is_only_complained_of(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(monkeypatch, history="s3://ops/monitor/")
    with relay(team.lake.endpoint, in_history("PUT", "runs/")) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", url)
        monkeypatch.setattr(clients, "ATTEMPT_S", 30.0)
        answer = invoke()
    assert answer["delivered"]
    assert "s3://ops/monitor/ did not answer in time" in " ".join(answer["complaints"])
    assert invoke()["already_reported"]


def test_a_config_that_cannot_be_read_in_time_fails_the_invocation(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONFIG", "s3://ops/nightly.yml")
    with relay(team.lake.endpoint, lambda _: True) as hole:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", hole)
        monkeypatch.setattr(session, "READ_TIMEOUT_S", 30)
        with pytest.raises(monitor.NotRead, match=r"s3://ops/nightly\.yml could not be read in time"):
            invoke()


def test_a_run_in_a_terminal_ends_too(
    team: Team, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    configure(monkeypatch, *GLOBS)
    monkeypatch.setattr(time_left, "_PLANNING_S", 1.0)
    monkeypatch.setattr(time_left, "_SENDING_S", 1.0)
    for hanging in ("GLUE", "SNS"):
        begun = time.monotonic()
        with relay(team.lake.endpoint, lambda _: True) as hole:
            monkeypatch.setenv(f"AWS_ENDPOINT_URL_{hanging}", hole)
            monkeypatch.setattr(session, "READ_TIMEOUT_S", 30)
            monkeypatch.setattr(clients, "ATTEMPT_S", 30.0)
            assert cli.main(["run"]) == (1 if hanging == "GLUE" else 3)
        assert time.monotonic() - begun < 10
        monkeypatch.delenv(f"AWS_ENDPOINT_URL_{hanging}")


def test_threads_that_hang_do_not_hold_up_the_end_of_the_process(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(monkeypatch, *GLOBS)
    script = (
        "import time\nimport checks.assess, checks.expectations\nfrom checks import monitor\n"
        "ends = time.monotonic() + 20\n"
        "outcome = monitor.run_event({}, lambda: int(1000 * (ends - time.monotonic())))\n"
        "print(outcome.brief()['unknown'], time.monotonic() < ends)"
    )
    with relay(team.lake.endpoint, lambda _: True) as hole:
        monkeypatch.setenv("AWS_ENDPOINT_URL_GLUE", hole)
        environ = {**os.environ, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            [sys.executable, "-c", script],
            check=True,
            capture_output=True,
            text=True,
            env=environ,
            timeout=120,
        )
    assert done.stdout.splitlines()[-1] == "20 True"
