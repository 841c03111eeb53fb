"""Alerts to PagerDuty: one an item, what it refuses, and those that wait for the next run."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from checks.report import pagerduty
from tests.support.report_cases import CASES, ORDERS, first_day, missing, report_of
from tests.support.stub_http import Answer, Asked, stub
from tests.support.webhooks import KEY, OK, answering, assert_hides, hook

pytestmark = pytest.mark.usefixtures("quick")


def test_an_alert_an_item_each_with_the_routing_key(monkeypatch: pytest.MonkeyPatch) -> None:
    report = first_day()
    with stub(answering(Answer(b'{"status":"success"}', status=202))) as receiver:
        delivery = hook("pagerduty", receiver.url, monkeypatch).deliver(report)
    assert delivery.ok, delivery.problem
    bodies = [json.loads(asked.body) for asked in receiver.asked]
    assert {body.pop("routing_key") for body in bodies} == {KEY}
    sent = sorted(bodies, key=lambda body: str(body["dedup_key"]))
    assert sent == sorted(
        (one.event for one in pagerduty.alerts(report)), key=lambda one: str(one["dedup_key"])
    )


def test_what_pagerduty_refuses_is_lost_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    report = first_day()

    def answer(asked: Asked) -> Answer:
        return Answer(b'{"status":"invalid event"}', 400) if b"legacy.t00" in asked.body else OK

    with stub(answer) as receiver:
        delivery = hook("pagerduty", receiver.url, monkeypatch).deliver(report)
    assert not delivery.ok
    assert delivery.lost is not None
    assert {one.table for one in delivery.lost} == {"legacy.t00"}
    assert delivery.problem.startswith(
        f"1 of {len(receiver.asked)} alerts did not get to the webhook pagerduty at "
    )
    assert_hides(delivery.problem)


@pytest.mark.parametrize("count", [299, 300, 301])
def test_more_alerts_than_one_run_sends_are_told_in_the_next(
    count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = report_of([replace(ORDERS, table=f"a.t{n}", items=missing("2026-11-22")) for n in range(count)])
    with stub(answering(OK)) as receiver:
        delivery = hook("pagerduty", receiver.url, monkeypatch).deliver(report)
    assert len(receiver.asked) == min(count, 300)
    assert delivery.ok is (count <= 300)
    assert len(delivery.lost or ()) == max(0, count - 300)


def test_a_test_opens_an_alert_and_closes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with stub(answering(OK)) as receiver:
        assert hook("pagerduty", receiver.url, monkeypatch).deliver(CASES["test"]).ok
    assert [json.loads(asked.body)["event_action"] for asked in receiver.asked] == ["trigger", "resolve"]
