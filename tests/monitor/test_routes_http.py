"""Runs with routes to a real receiver: what refuses fails the run loudly, is told again, and shows no secret."""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING, Any

import pytest

from checks import cli, monitor
from checks.channels import https
from checks.monitor.time_left import TimeLeft
from checks.report.build import FailOn
from tests.support.accounts import Team
from tests.support.stub_http import Answer, Asked, Stub, stub
from tests.support.times import DAY, HOUR, at

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.lakes import HttpLake

MORNING = at("2026-11-23 07:00")
PATH = "/services/T00000000/B00000000/hunter2hunter2"
KEY = "hunter3hunter3"
CONFIG = """
version: 1
topic: "${{TOPIC}}"
report: on_change
tables:
  - {{table: web.clicks, owner: web, freshness: {{max_age: 24h}}}}
routes:
  - {{match: {{owner: web}}, webhook: {{url: "env:SLACK_URL", as: slack}}}}
  - {{match: {{severity: critical}}, webhook: {{as: pagerduty, url: "env:PAGER_URL", secret: "env:KEY"}}}}
{more}
"""


class Receiver:
    """Answers as it is told, and keeps what it took by the path."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.taken: list[tuple[str, Any]] = []

    def answer(self, asked: Asked) -> Answer:
        said = self.answers.get(asked.path, Answer(b"ok"))
        if said.status == 200:
            self.taken.append((asked.path, json.loads(asked.body)))
        return said

    def alerts(self) -> list[tuple[str, str]]:
        found = [(body["event_action"], body["dedup_key"]) for path, body in self.taken if path == "/pager"]
        self.taken.clear()
        return found


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Receiver, Stub]]:
    monkeypatch.setattr(https, "FIRST_WAIT_S", 0.01)
    made = Receiver()
    with stub(made.answer) as running:
        monkeypatch.setenv("SLACK_URL", f"{running.url}{PATH}")
        monkeypatch.setenv("PAGER_URL", f"{running.url}/pager")
        monkeypatch.setenv("KEY", KEY)
        yield made, running


@pytest.fixture
def config(lake: HttpLake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    clicks = lake.table("web.clicks")
    lake.put(f"{clicks.location}a.parquet", MORNING - 3 * DAY)
    monkeypatch.setenv("TOPIC", Team(lake).topic)
    path = tmp_path / "checks.yml"
    path.write_text(CONFIG.format(more=""), "utf-8")
    return path


def run(path: Path, now: Any, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """Run as a person does; return the exit code and what is said beside the report."""
    outcome = monitor.run(monitor.load_config(str(path), os.environ), monitor.Request(now=now), os.environ)
    for sentence in outcome.complaints:
        print(sentence)  # noqa: T201 - as the command does
    told = capsys.readouterr().out
    assert "hunter" not in told
    return outcome.exit_code(FailOn.CRITICAL), told


def test_what_refuses_is_told_loudly_and_gets_the_rest_later(
    receiver: tuple[Receiver, Stub], config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    box, _ = receiver
    box.answers[PATH] = Answer(b"no_service hunter2hunter2", 404)
    code, told = run(config, MORNING, capsys)
    assert code == 3
    assert told == (
        "The webhook slack at env:SLACK_URL refused the report (404): no_service ***; "
        "look whether its address and secret are right.\n"
    )
    ((action, key),) = box.alerts()
    assert (action, key.startswith("web.clicks/freshness/")) == ("trigger", True)
    box.answers.clear()
    code, told = run(config, MORNING + HOUR, capsys)
    assert (code, told) == (1, "")
    ((path, message),) = box.taken
    assert (path, "web.clicks" in json.dumps(message)) == (PATH, True)
    box.taken.clear()
    assert run(config, MORNING + 2 * HOUR, capsys) == (1, "")
    assert box.taken == []
    state = (config.parent / ".checks/states/checks.json").read_text("utf-8")
    assert list(json.loads(state)["routes"]) == ['webhook {"owner": ["web"]}']  # it heard of it an hour later
    assert "hunter" not in state


def test_an_alert_is_resolved_by_the_data_that_came(
    receiver: tuple[Receiver, Stub], config: Path, lake: HttpLake, capsys: pytest.CaptureFixture[str]
) -> None:
    box, _ = receiver
    run(config, MORNING, capsys)
    opened = box.alerts()
    lake.put("s3://lake/web/clicks/b.parquet", MORNING)
    assert run(config, MORNING + HOUR, capsys)[0] == 0
    assert box.alerts() == [("resolve", opened[0][1])]


def test_a_receiver_that_hangs_holds_up_neither_the_others_nor_the_run(
    receiver: tuple[Receiver, Stub], config: Path
) -> None:
    box, _ = receiver
    box.answers[PATH] = Answer(hang_s=60)
    started = time.monotonic()
    request = monitor.Request(now=MORNING, time_left=TimeLeft.of(24.0))
    outcome = monitor.run(monitor.load_config(str(config), os.environ), request, os.environ)
    assert time.monotonic() - started < 24
    assert [one.ok for one in outcome.deliveries] == [True, False, True]
    assert "did not answer in time" in outcome.complaints[0]
    assert len(box.alerts()) == 1


def test_the_command_tells_each_target(
    receiver: tuple[Receiver, Stub], config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    box, _ = receiver
    page = '  - {match: {table: "*"}, file: page.html}'
    config.write_text(CONFIG.format(more=page), "utf-8")
    assert cli.main(["test-alert", "--config", str(config)]) == 0
    told = capsys.readouterr()
    assert told.out.splitlines() == [
        f"sent to {os.environ['TOPIC']}",
        "sent to webhook slack at env:SLACK_URL",
        "sent to webhook pagerduty at env:PAGER_URL with env:KEY",
        f"sent to {config.parent / 'page.html'}",
    ]
    assert "hunter" not in told.out + told.err
    assert [action for action, _ in box.alerts()] == ["trigger", "resolve"]
    box.answers["/pager"] = Answer(b'{"status":"invalid key hunter3hunter3"}', 400)
    assert cli.main(["test-alert", "--config", str(config)]) == 3
    told = capsys.readouterr()
    assert "2 of 2 alerts did not get to the webhook pagerduty" in told.err
    assert "hunter" not in told.out + told.err


@pytest.mark.parametrize("command", [["validate"], ["plan"], ["explain", "web.clicks"], ["run", "--no-send"]])
def test_no_command_shows_a_secret(
    command: list[str], receiver: tuple[Receiver, Stub], config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    more = '  - {match: {table: "*"}, webhook: {url: "https://hooks.example.com/hunter4", secret: "env:KEY"}}'
    config.write_text(CONFIG.format(more=more), "utf-8")
    cli.main([*command, "--config", str(config)])
    told = capsys.readouterr()
    assert "hunter" not in told.out + told.err
    if command[0] == "explain":
        assert "a route tells webhook slack at env:SLACK_URL" in told.out
        assert "a route tells webhook pagerduty at env:PAGER_URL with env:KEY, of what is critical" in (
            " ".join(told.out.split())
        )
    loaded = monitor.load_config(str(config), os.environ)
    assert "hunter" not in repr(loaded) + str(loaded)
