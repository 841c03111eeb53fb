"""A chat's topic: it gets the notification and nothing else, and a topic that refuses is told."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from checks.channels import channel_of
from checks.config.targets import Target
from checks.report import chat
from checks.rights import Home
from tests.support.report_cases import first_day

if TYPE_CHECKING:
    import pytest

    from tests.support.lakes import HttpLake

GONE = "arn:aws:sns:eu-west-1:123456789012:gone"


def test_a_chat_gets_its_notification(lake: HttpLake) -> None:
    import boto3
    from moto.core import DEFAULT_ACCOUNT_ID
    from moto.sns import sns_backends

    topic = boto3.client("sns").create_topic(Name="chat")["TopicArn"]
    channel = channel_of(Target("chat", topic))
    delivery = channel.deliver(first_day())
    assert delivery.ok, delivery.problem
    assert (delivery.target, bool(delivery.message_id)) == (f"chat {topic}", True)
    ((_, message, *_),) = sns_backends[DEFAULT_ACCOUNT_ID]["eu-west-1"].topics[topic].sent_notifications
    assert json.loads(message) == chat.notification(first_day())
    assert "has no subscription" in channel.unheard()


def test_a_topic_that_is_gone_is_told(lake: HttpLake) -> None:
    delivery = channel_of(Target("chat", GONE)).deliver(first_day())
    assert not delivery.ok
    assert delivery.problem.startswith(f"There is no topic {GONE}; create it, or correct `chat`")


def test_what_a_chat_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    channel = channel_of(Target("chat", GONE))
    assert {right.action for right in channel.needs(Home("aws", "eu-west-1", "1"))} == {
        "sns:Publish",
        "sns:ListSubscriptionsByTopic",
    }
    assert channel.unanswered().problem.startswith(f"The topic {GONE} did not answer in time")
