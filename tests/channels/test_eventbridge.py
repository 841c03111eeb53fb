"""Events to a bus: how many a request, how large, and what becomes of those that it refuses."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from checks.aws import clients
from checks.channels import channel_of
from checks.channels.eventbridge import Bus, _Event, batches
from checks.config.targets import Target
from checks.report import events
from checks.rights import Home, Right
from tests.support.report_cases import CASES, ORDERS, first_day, missing, report_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.lakes import HttpLake


class Client:
    """A bus that takes what ``refuse`` gives no code for."""

    def __init__(self, refuse: Callable[[dict[str, Any], int], str] = lambda _entry, _call: "") -> None:
        self.calls: list[list[dict[str, Any]]] = []
        self.refuse = refuse

    def put_events(self, *, Entries: list[dict[str, Any]]) -> Any:  # noqa: N803 - as the API writes it
        self.calls.append(Entries)
        codes = [self.refuse(entry, len(self.calls)) for entry in Entries]
        entries = [
            {"ErrorCode": code, "ErrorMessage": "so it is"} if code else {"EventId": "1"} for code in codes
        ]
        return {"FailedEntryCount": sum(map(bool, codes)), "Entries": entries}


@pytest.fixture
def bus(monkeypatch: pytest.MonkeyPatch) -> Callable[[Client], Bus]:
    monkeypatch.setattr(time, "sleep", lambda _s: None)

    def made(client: Client) -> Bus:
        monkeypatch.setattr(clients, "client", lambda *_: client)
        return Bus("tables")

    return made


def failing(count: int) -> Any:
    return report_of([replace(ORDERS, table=f"a.t{n:04}", items=missing("2026-11-22")) for n in range(count)])


def test_a_bus_gets_an_event_a_change(lake: HttpLake) -> None:
    client = boto3.client("events")
    queues: Any = boto3.client("sqs")
    client.create_event_bus(Name="tables")
    queue = queues.create_queue(QueueName="q")["QueueUrl"]
    arn = queues.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    client.put_rule(Name="all", EventBusName="tables", EventPattern='{"source": ["s3-table-monitor"]}')
    client.put_targets(Rule="all", EventBusName="tables", Targets=[{"Id": "1", "Arn": arn}])
    report = first_day()
    assert channel_of(Target("eventbridge", "tables")).deliver(report).ok
    came = []
    while messages := queues.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
        for message in messages:
            came.append(json.loads(message["Body"]))
            queues.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    assert {each["detail-type"] for each in came} == {events.DETAIL_TYPE}
    wanted = [json.loads(events.detail(report, change)) for change in events.told(report)]
    assert sorted((each["detail"] for each in came), key=str) == sorted(wanted, key=str)


@pytest.mark.parametrize(("count", "requests"), [(0, 0), (1, 1), (9, 1), (10, 1), (11, 2), (20, 2), (21, 3)])
def test_ten_events_a_request(bus: Callable[[Client], Bus], count: int, requests: int) -> None:
    client = Client()
    assert bus(client).deliver(failing(count)).ok
    assert len(client.calls) == requests
    assert sum(map(len, client.calls)) == count


@given(st.lists(st.integers(0, 300_000), max_size=40))
def test_no_request_is_too_large_and_none_is_lost_or_turned(sizes: list[int]) -> None:
    made = [
        _Event({"Source": "", "DetailType": "", "Detail": "x" * size, "Number": number}, None)
        for number, size in enumerate(sizes)
    ]
    found = list(batches(made))
    assert [one for batch in found for one in batch] == made
    for batch in found:
        assert len(batch) <= 10
        assert len(batch) == 1 or sum(one.size for one in batch) <= 256 * 1024


def test_an_event_is_as_large_as_eventbridge_counts_it() -> None:
    entry = {"Source": "a", "DetailType": "\u00e4", "Detail": "\U0001f600"}
    assert _Event(entry, None).size == 14 + 1 + 2 + 4


def test_what_is_refused_for_now_is_tried_again_alone(bus: Callable[[Client], Bus]) -> None:
    client = Client(
        lambda entry, call: "ThrottlingException" if call == 1 and "t0003" in entry["Detail"] else ""
    )
    assert bus(client).deliver(failing(10)).ok
    assert [len(call) for call in client.calls] == [10, 1]
    assert "t0003" in client.calls[1][0]["Detail"]


def test_what_stays_refused_is_lost_alone_and_told(bus: Callable[[Client], Bus]) -> None:
    client = Client(lambda entry, _: "ThrottlingException" if "t0003" in entry["Detail"] else "")
    delivery = bus(client).deliver(failing(25))
    assert not delivery.ok
    assert {one.table for one in delivery.lost or ()} == {"a.t0003"}
    assert delivery.problem == (
        "1 of 25 events did not get to the event bus tables: ThrottlingException: so it is."
    )
    assert [len(call) for call in client.calls] == [10, 1, 1, 1, 10, 5]


def test_what_is_wrong_is_not_tried_again(bus: Callable[[Client], Bus]) -> None:
    client = Client(lambda entry, _: "MalformedDetail" if "t0003" in entry["Detail"] else "")
    delivery = bus(client).deliver(failing(10))
    assert len(client.calls) == 1
    assert {one.table for one in delivery.lost or ()} == {"a.t0003"}


def test_a_refused_request_loses_its_own_events(bus: Callable[[Client], Bus]) -> None:
    def refuse(_entry: dict[str, Any], call: int) -> str:
        if call == 1:
            raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "PutEvents")
        return ""

    delivery = bus(Client(refuse)).deliver(failing(15))
    assert len(delivery.lost or ()) == 10
    assert "allow events:PutEvents on it for the monitor's role" in delivery.problem


def test_when_the_time_is_up_the_rest_is_lost(bus: Callable[[Client], Bus]) -> None:
    client = Client()
    delivery = bus(client).deliver(failing(15), time.monotonic() - 1)
    assert client.calls == []
    assert len(delivery.lost or ()) == 15
    assert "The run's time was up." in delivery.problem


def test_a_test_is_an_event_of_its_own_type(bus: Callable[[Client], Bus]) -> None:
    client = Client()
    assert bus(client).deliver(CASES["test"]).ok
    ((entry,),) = client.calls
    assert entry["DetailType"] == events.TEST_TYPE
    assert json.loads(entry["Detail"])["test"] is True


@pytest.mark.parametrize(
    ("name", "arn"),
    [
        ("default", "arn:aws:events:eu-west-1:123456789012:event-bus/default"),
        (
            "arn:aws:events:us-east-1:999999999999:event-bus/b",
            "arn:aws:events:us-east-1:999999999999:event-bus/b",
        ),
    ],
)
def test_the_right_that_a_bus_takes(name: str, arn: str) -> None:
    home = Home("aws", "eu-west-1", "123456789012")
    assert Bus(name).needs(home) == (Right("events:PutEvents", arn),)


def test_a_bus_by_its_arn_is_asked_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def made(*given: Any) -> Client:
        asked.append(given)
        return Client()

    monkeypatch.setattr(clients, "client", made)
    assert Bus("arn:aws:events:us-east-1:999999999999:event-bus/b").deliver(failing(1)).ok
    assert Bus("default").deliver(failing(1)).ok
    assert asked == [("events", "us-east-1"), ("events", None)]
