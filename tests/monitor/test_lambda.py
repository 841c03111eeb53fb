"""The Lambda: EventBridge's event, a direct call, and what happens when time or delivery runs out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from checks import monitor
from checks.changes import State
from checks.config import ConfigErrors
from checks.history import EventHeld, Lease, open_history
from checks.monitor.invocation import UnreadableEvent, read_event
from checks.monitor.time_left import TimeLeft
from lambda_handler import lambda_handler
from tests.support.accounts import Team
from tests.support.times import DAY, HOUR, SECOND, at

if TYPE_CHECKING:
    from datetime import datetime

    from tests.support.lakes import HttpLake

ROOT = Path(__file__).parents[2]
NOW = at("2026-11-23 00:00")
# The shape that EventBridge documents for a scheduled rule.
EVENT = {
    "version": "0",
    "id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa",
    "detail-type": "Scheduled Event",
    "source": "aws.events",
    "account": "123456789012",
    "time": "2026-11-23T00:00:00Z",
    "region": "eu-west-1",
    "resources": ["arn:aws:events:eu-west-1:123456789012:rule/monitor-schedule"],
    "detail": {},
}
CONTEXT = SimpleNamespace(get_remaining_time_in_millis=lambda: 900_000)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    """What the machine's clock shows, as the one value of a list; a few seconds after the event at first."""
    shows = [NOW + 5 * SECOND]
    monkeypatch.setattr(monitor, "_clock", lambda: shows[0])
    return shows


@pytest.fixture
def team(lake: HttpLake, clock: list[datetime], monkeypatch: pytest.MonkeyPatch) -> Team:
    team = Team(lake)
    lake.bucket("ops")
    lake.put(f"{lake.table('web.clicks').location}a.parquet", NOW - HOUR)
    lake.put(f"{lake.table('sales.orders').location}a.parquet", NOW - 3 * DAY)
    for name, value in {
        "AWS_LAMBDA_FUNCTION_NAME": "monitor",
        "TABLES": "web.clicks,sales.orders",
        "TOPIC_ARN": team.topic,
        "HISTORY": "s3://ops/monitor/",
        "CONFIG": "",
    }.items():
        monkeypatch.setenv(name, value)
    return team


def test_a_scheduled_event_is_one_report_and_a_small_answer(team: Team) -> None:
    answer = lambda_handler(EVENT, CONTEXT)
    cost = {"requests": answer.pop("requests"), "usd": answer.pop("usd")}
    assert answer == {
        "run_id": EVENT["id"],
        "now": "2026-11-23T00:00:00Z",
        "already_reported": False,
        "refused": None,
        "delivered": True,
        "tables": 2,
        "fresh": 1,
        "warning": 0,
        "critical": 1,
        "unknown": 0,
        "complaints": [],
    }
    assert cost["requests"] == 4
    assert 0 < cost["usd"] < 0.001
    json.dumps({**answer, **cost})
    assert team.mail().subject == "[S3 tables] 1 new, 1 fresh - Mon 23 Nov"
    again = lambda_handler(EVENT, CONTEXT)
    assert again["already_reported"]
    assert team.mails() == []


def test_a_direct_call_looks_at_some_tables_and_remembers_nothing(team: Team) -> None:
    answer = lambda_handler({"tables": ["web.*"], "send": False}, None)
    assert (answer["tables"], answer["delivered"]) == (1, True)
    assert team.mails() == []
    assert not team.lake.s3.buckets["ops"].keys
    lambda_handler({"tables": "sales.orders"}, None)
    assert team.mail().subject.startswith("[S3 tables] 1 new")
    assert not team.lake.s3.buckets["ops"].keys


def test_an_object_later_than_the_event_counts_as_age_0(team: Team) -> None:
    team.lake.put("s3://lake/sales/orders/b.parquet", NOW + HOUR)
    assert lambda_handler(EVENT, CONTEXT)["fresh"] == 2


def test_a_report_that_is_not_delivered_fails_the_invocation_and_stays_news(
    team: Team, clock: list[datetime], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOPIC_ARN", team.topic + "-gone")
    with pytest.raises(monitor.NotDelivered, match="-gone"):
        lambda_handler(EVENT, CONTEXT)
    monkeypatch.setenv("TOPIC_ARN", team.topic)
    clock[0] += HOUR
    later = {**EVENT, "id": "another", "time": "2026-11-23T01:00:00Z"}
    assert lambda_handler(later, CONTEXT)["delivered"]
    assert "NEW (1 table)" in team.mail().text


def test_without_a_place_to_write_it_runs_stateless_and_says_so(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HISTORY")
    for _ in range(2):
        answer = lambda_handler(EVENT, CONTEXT)
        assert answer["delivered"]
        assert not answer["already_reported"]
        told = " ".join(team.mail().text.split())
        assert "No place to keep history is set (HISTORY), so every run is a first run." in told


def test_a_history_that_is_denied_is_told_and_the_report_goes_out(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HISTORY", "s3://no-such-bucket/monitor/")
    assert lambda_handler(EVENT, CONTEXT)["delivered"]
    assert "no-such-bucket" in team.mail().text


def test_a_wrong_config_fails_the_invocation_with_every_mistake(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TABLES", "")
    with pytest.raises(ConfigErrors, match="neither CONFIG nor TABLES is set"):
        lambda_handler(EVENT, CONTEXT)


def test_a_config_in_s3_is_the_lambdas(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    config = b'{"version": 1, "name": "nightly", "tables": [{"table": "web.clicks"}]}'
    team.lake.s3.put_object("ops", "checks.yml", config)
    monkeypatch.setenv("CONFIG", "s3://ops/checks.yml")
    monkeypatch.setenv("TABLES", "")
    assert lambda_handler(EVENT, CONTEXT)["tables"] == 1
    assert team.mail().subject == "[S3 tables] all 1 fresh - nightly, Mon 23 Nov"


@pytest.mark.parametrize("event", [{}, {"time": "2026-11-23T00:00:00Z"}, {"tables": []}, {"id": None}])
def test_an_event_without_what_eventbridge_gives_is_a_run_all_the_same(
    event: dict[str, Any], team: Team
) -> None:
    assert lambda_handler(event, None)["tables"] == 2


def test_importing_the_handler_imports_nothing_heavy() -> None:
    script = (
        "import sys, lambda_handler\n"
        "heavy = {'pandas', 'great_expectations', 'boto3', 'awswrangler'} & set(sys.modules)\nassert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, cwd=ROOT)


def test_a_late_event_keeps_its_time_and_knows_what_the_clock_shows(clock: list[datetime]) -> None:
    clock[0] = NOW + 3 * HOUR
    asked = monitor.request_of(read_event(EVENT), TimeLeft.of(None))
    assert (asked.now, asked.reading, asked.is_stated) == (NOW, NOW + 3 * HOUR, True)
    direct = monitor.request_of(read_event({}), TimeLeft.of(None))
    assert (direct.now, direct.is_stated) == (NOW + 3 * HOUR, False)


# Events of other times, and of other shapes.


def moved(team: Team) -> dict[str, bytes]:
    """What the history holds."""
    return {key: bytes(kept.value) for key, kept in team.lake.s3.buckets["ops"].keys.items()}


@pytest.mark.parametrize(
    ("time", "said"),
    [
        ("2026-11-23T00:10:06Z", "more than 10 minutes ahead of the clock (2026-11-23T00:00:05Z)"),
        ("2026-11-23T20:00:00Z", "more than 10 minutes ahead of the clock"),
        ("2026-11-22T00:00:04Z", "more than 24 h before the clock"),
        ("1970-01-01T00:00:00Z", "more than 24 h before the clock"),
        ("2026-11-22T23:59:59Z", "before that of the last completed run (2026-11-23T00:00:00Z)"),
    ],
)
@pytest.mark.parametrize("more", [{}, {"tables": ["web.*"]}, {"send": False}])
def test_an_event_of_another_time_is_refused_and_moves_nothing(
    team: Team, time: str, said: str, more: dict[str, Any]
) -> None:
    assert lambda_handler(EVENT, CONTEXT)["refused"] is None
    team.mails()
    before = moved(team)
    answer = lambda_handler({**EVENT, "id": "other", "time": time, **more}, CONTEXT)
    assert answer["refused"].startswith("refused: the event's time is ")
    assert said in answer["refused"]
    assert (answer["delivered"], answer["already_reported"], answer["tables"]) == (False, False, 0)
    assert answer["requests"] == 0
    json.dumps(answer)
    assert team.mails() == []
    assert moved(team) == before


@pytest.mark.parametrize(
    ("shows", "time", "is_refused"),
    [
        (NOW, "2026-11-23T00:09:59Z", False),
        (NOW, "2026-11-23T00:10:00Z", False),
        (NOW, "2026-11-23T00:10:01Z", True),
        (NOW + DAY - SECOND, "2026-11-23T00:00:00Z", False),
        (NOW + DAY, "2026-11-23T00:00:00Z", False),
        (NOW + DAY + SECOND, "2026-11-23T00:00:00Z", True),
    ],
)
def test_the_limits_of_an_events_time(
    team: Team, clock: list[datetime], shows: datetime, time: str, *, is_refused: bool
) -> None:
    clock[0] = shows
    answer = lambda_handler({**EVENT, "time": time}, CONTEXT)
    assert (answer["refused"] is not None) is is_refused
    assert len(team.mails()) == (0 if is_refused else 1)


@pytest.mark.parametrize(
    ("time", "is_refused"),
    [("2026-11-22T23:59:59Z", True), ("2026-11-23T00:00:00Z", False), ("2026-11-23T00:00:01Z", False)],
)
def test_the_limit_that_the_last_completed_run_sets(team: Team, time: str, *, is_refused: bool) -> None:
    lambda_handler(EVENT, CONTEXT)
    answer = lambda_handler({**EVENT, "id": "next", "time": time}, CONTEXT)
    assert (answer["refused"] is not None) is is_refused


def test_after_an_event_that_was_refused_the_next_goes_on_where_the_last_one_was(
    team: Team, clock: list[datetime]
) -> None:
    lambda_handler(EVENT, CONTEXT)
    lambda_handler({**EVENT, "id": "replay", "time": "2026-11-20T00:00:00Z"}, CONTEXT)
    team.mails()
    clock[0] = NOW + DAY
    lambda_handler({**EVENT, "id": "next", "time": "2026-11-24T00:00:00Z"}, CONTEXT)
    mail = team.mail()
    assert "STILL FAILING (1 table)" in mail.text
    assert "RESOLVED" not in mail.text


def test_an_event_that_was_reported_is_so_also_after_later_runs(team: Team, clock: list[datetime]) -> None:
    lambda_handler(EVENT, CONTEXT)
    clock[0] = NOW + HOUR
    lambda_handler({**EVENT, "id": "next", "time": "2026-11-23T01:00:00Z"}, CONTEXT)
    again = lambda_handler(EVENT, CONTEXT)
    assert (again["already_reported"], again["refused"]) == (True, None)


@pytest.mark.parametrize(
    "event",
    [
        {"time": "<aws.scheduler.scheduled-time>"},
        {"time": 5},
        {"time": ["2026-11-23T00:00:00Z"]},
        {"id": {}},
        {"tables": {"a": 1}},
        {"send": "no"},
        ["sales.*"],
        "2026-11-23T00:00:00Z",
    ],
)
def test_an_event_that_cannot_be_read_fails_the_invocation_with_a_sentence(team: Team, event: Any) -> None:
    with pytest.raises(UnreadableEvent, match="The event"):
        lambda_handler(event, CONTEXT)
    assert team.mails() == []
    assert moved(team) == {}


# One event and several invocations.


class Request(SimpleNamespace):
    def __init__(self, request_id: str) -> None:
        super().__init__(get_remaining_time_in_millis=lambda: 900_000, aws_request_id=request_id)


DYING = """
import json, os, sys
from datetime import UTC, datetime
import checks.channels.sns
from checks import channels
from checks.monitor import kept_state
from checks import monitor
from lambda_handler import lambda_handler

monitor._clock = lambda: datetime.fromisoformat(sys.argv[3])
place, name = {"before publishing": (channels.sns, "publish"), "before marking": (kept_state, "update")}[sys.argv[1]]
setattr(place, name, lambda *_: os.kill(os.getpid(), 9))

class Context:
    aws_request_id = "r-1"
    def get_remaining_time_in_millis(self):
        return 900_000

lambda_handler(json.loads(sys.argv[2]), Context())
"""


@pytest.mark.parametrize(("when", "mails"), [("before publishing", 0), ("before marking", 1)])
def test_a_run_that_is_killed_is_done_again_by_the_retry_of_its_event(
    team: Team, clock: list[datetime], when: str, mails: int
) -> None:
    died = subprocess.run(
        [sys.executable, "-c", DYING, when, json.dumps(EVENT), clock[0].isoformat()],
        check=False, capture_output=True, text=True, cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    assert died.returncode == -9, died.stderr
    assert len(team.mails()) == mails
    with pytest.raises(EventHeld, match="Another invocation is carrying out event 53dc4d37-"):
        lambda_handler(EVENT, Request("r-2"))
    retry = lambda_handler(EVENT, Request("r-1"))
    assert (retry["already_reported"], retry["delivered"]) == (False, True)
    assert "NEW (1 table)" in team.mail().text
    for request in ("r-1", "r-2", "r-3"):
        assert lambda_handler(EVENT, Request(request))["already_reported"]
    assert team.mails() == []


@pytest.mark.parametrize(("seconds", "is_held"), [(29, True), (60, False)])
def test_a_lease_that_nobody_renews_ends_by_the_clock_and_not_by_the_events_time(
    team: Team, clock: list[datetime], seconds: int, *, is_held: bool
) -> None:
    clock[0] = NOW + 6 * HOUR  # the event comes late
    history = open_history("s3://ops/monitor/", "TABLES")
    killed = Lease(history, str(EVENT["id"]), "r-1", lambda: clock[0])
    killed.take()
    killed.end()
    clock[0] += seconds * SECOND
    if is_held:
        with pytest.raises(EventHeld):
            lambda_handler(EVENT, Request("r-2"))
        assert team.mails() == []
    else:
        assert lambda_handler(EVENT, Request("r-2"))["delivered"]


def test_a_last_run_that_lies_far_ahead_of_the_clock_is_mended(team: Team, clock: list[datetime]) -> None:
    history = open_history("s3://ops/monitor/", "TABLES")
    history.save(State(name="TABLES", last_completed_at=NOW + 30 * DAY), "")
    assert lambda_handler(EVENT, CONTEXT)["refused"] is None
    assert history.load()[0].last_completed_at == NOW
