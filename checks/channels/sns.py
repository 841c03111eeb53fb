"""Reports to an SNS topic: an email for people, JSON for machines, one line for telephones.

Limits are those of the SNS API reference (`Publish`): 262,144 bytes for the message with all its
copies and its attributes, a subject of fewer than 100 ASCII characters.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from checks import text as words
from checks.aws import clients, refusals
from checks.channels.base import Delivery
from checks.model import Severity, Status
from checks.report import as_json, text
from checks.report.build import subject
from checks.rights import Right

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sns.type_defs import MessageAttributeValueTypeDef

    from checks.report.build import Report
    from checks.rights import Home

PUBLISH = "sns:Publish"
IAM_ACTIONS = (PUBLISH, "sns:ListSubscriptionsByTopic")
MESSAGE_LONGEST = 262_144
EMAIL_LONGEST = 120 * 1024
JSON_LONGEST = 100 * 1024
JSON_PROTOCOLS = ("sqs", "lambda", "https", "http")
_ARN = re.compile(r"arn:(aws[a-z-]*):sns:([a-z0-9-]+):(\d{12}):([A-Za-z0-9_-]{1,256}(?:\.fifo)?)")
_ATTRIBUTE_VALUES = 50
_ATTRIBUTE_VALUE_LONGEST = 100
_MARGIN = 1024


def region_of(topic_arn: str) -> str | None:
    """Return the region in which the topic lives, None when this is not the ARN of a topic."""
    match = _ARN.fullmatch(topic_arn)
    return match[2] if match else None


def client_for(topic_arn: str) -> SNSClient:
    """Return a client of the topic's own region; raises ValueError when this is not the ARN of a topic."""
    region = region_of(topic_arn)
    if region is None:
        raise ValueError(_not_a_topic(topic_arn))
    return clients.sns(region)


def publish(report: Report, topic_arn: str, client: SNSClient | None = None) -> Delivery:
    """Publish the report, or a part of it, to the topic; what goes wrong is told in the `Delivery`."""
    if region_of(topic_arn) is None:
        return Delivery(topic_arn, ok=False, problem=_not_a_topic(topic_arn))
    request: dict[str, Any] = {
        "TopicArn": topic_arn,
        "Subject": subject(report),
        "Message": message(report),
        "MessageStructure": "json",
        "MessageAttributes": attributes(report),
    }
    if topic_arn.endswith(".fifo"):
        request["MessageGroupId"] = "s3-table-monitor"
        request["MessageDeduplicationId"] = _deduplication_id(report)
    answer, error = refusals.attempt(lambda: (client or client_for(topic_arn)).publish(**request))
    if error is not None:
        problem = refusals.sentence(
            error,
            f"the topic {topic_arn}",
            PUBLISH,
            "create it, or correct `topic` (its region and account too)",
        )
        return Delivery(topic_arn, ok=False, problem=problem)
    return Delivery(topic_arn, ok=True, message_id=str(answer.get("MessageId", "")))


def unconfirmed(topic_arn: str, client: SNSClient | None = None) -> str:
    """Return a sentence when nobody gets what is sent to the topic, because no subscription is confirmed.

    Empty when somebody does, and when the subscriptions may not be listed or the topic cannot be
    reached: that is not known, and publishing tells.
    """
    if region_of(topic_arn) is None:
        return ""

    def subscriptions() -> list[str]:
        pages = (client or client_for(topic_arn)).get_paginator("list_subscriptions_by_topic")
        found = pages.paginate(TopicArn=topic_arn)
        return [one.get("SubscriptionArn", "") for page in found for one in page.get("Subscriptions", [])]

    arns, error = refusals.attempt(subscriptions)
    if error is not None or any(arn.startswith("arn:") for arn in arns):
        return ""
    if not arns:
        return (
            f"The topic {topic_arn} has no subscription, so nobody gets what is sent to it; "
            "subscribe the team's address."
        )
    waiting = words.count(len(arns), "subscription", "subscriptions")
    return (
        f"The topic {topic_arn} has {waiting} and none is confirmed, so nobody gets what is sent to it; "
        "follow the link in the email from AWS, or subscribe again."
    )


@dataclass(frozen=True, slots=True)
class Topic:
    """The channel to an SNS topic, named by its ARN."""

    target: str
    news_only: bool = False

    def deliver(self, report: Report, stop_at: float | None = None) -> Delivery:  # noqa: ARG002 - one call
        """Publish the report; see `publish`."""
        return publish(report, self.target)

    def needs(self, home: Home) -> tuple[Right, ...]:  # noqa: ARG002 - an ARN says where it is
        """Return the rights on the topic."""
        return tuple(Right(action, self.target) for action in IAM_ACTIONS)

    def unheard(self) -> str:
        """Say whether nobody listens; see `unconfirmed`."""
        return unconfirmed(self.target)

    def unanswered(self) -> Delivery:
        """Say that the topic may or may not have got the report."""
        problem = (
            f"The topic {self.target} did not answer in time, so whether it got the report is not known; "
            "look at the network, the endpoint and the health of SNS."
        )
        return Delivery(self.target, ok=False, problem=problem)


channel = Topic
"""What `checks.channels.channel_of` makes of a target."""


def message(report: Report) -> str:
    """Return the message, a JSON object by protocol, that SNS will take: the copies of the JSON report
    are shrunk until all fits, since every copy counts.
    """  # noqa: D205 - one sentence
    email = text.render(report, EMAIL_LONGEST)
    fixed = {"default": text.one_line(report, 1000), "email": email, "sms": text.one_line(report)}
    taken = _size(json.dumps(fixed, ensure_ascii=False)) + _attributes_size(attributes(report)) + _MARGIN
    room = (MESSAGE_LONGEST - taken) // len(JSON_PROTOCOLS)
    budget = min(JSON_LONGEST, room)
    body = as_json.render(report, budget)
    while (encoded := _size(json.dumps(body, ensure_ascii=False))) > room and len(body.encode()) <= budget:
        budget = budget * room // (encoded + 1) - 1
        body = as_json.render(report, budget)
    return json.dumps({**fixed, **dict.fromkeys(JSON_PROTOCOLS, body)}, ensure_ascii=False)


def attributes(report: Report) -> dict[str, MessageAttributeValueTypeDef]:
    """Return what filter policies can choose by: the worst ``severity`` and ``status``, and the ``owners``
    and ``databases`` of all that is not well. Lists are bounded; one that was cut ends in ``...``.
    """  # noqa: D205 - one sentence
    counted = [finding for finding in report.findings if finding.silenced is None]
    bad = [finding for finding in counted if finding.status is not Status.PASS]
    severities = {finding.severity for finding in bad}
    statuses = {finding.status for finding in bad}
    severity = next((one.value for one in (Severity.CRITICAL, Severity.WARNING) if one in severities), "none")
    status = next((one for one in (Status.FAIL, Status.UNKNOWN) if one in statuses), Status.PASS)
    about = [(each.table, each.owner) for each in bad]
    about += [(each.table, each.owner) for each in report.changes]
    about += [party for change in report.changes for party in change.also]
    result: dict[str, MessageAttributeValueTypeDef] = {
        "severity": {"DataType": "String", "StringValue": severity},
        "status": {"DataType": "String", "StringValue": status.value},
    }
    for name, values in (
        ("owners", [owner for _, owner in about]),
        ("databases", [_database(table) for table, _ in about]),
    ):
        bounded = _bounded(value for value in values if value)
        if bounded:
            result[name] = {
                "DataType": "String.Array",
                "StringValue": json.dumps(bounded, ensure_ascii=False),
            }
    return result


def _database(table: str) -> str | None:
    if table.startswith("s3://"):
        return None
    return table.rpartition("/")[2].partition(".")[0]


def _bounded(values: Iterable[str]) -> list[str]:
    cleaned = {words.clean(value)[:_ATTRIBUTE_VALUE_LONGEST] for value in values}
    names = sorted(name for name in cleaned if name)
    return names if len(names) <= _ATTRIBUTE_VALUES else [*names[:_ATTRIBUTE_VALUES], "..."]


def _deduplication_id(report: Report) -> str:
    """Return an id that is equal when the same run tells the same findings again."""
    told = "\n".join([report.run_id, subject(report), *(finding.id for finding in report.findings)])
    return hashlib.sha256(told.encode("utf-8", "replace")).hexdigest()


def _attributes_size(values: Mapping[str, MessageAttributeValueTypeDef]) -> int:
    parts = ((name, value["DataType"], value.get("StringValue", "")) for name, value in values.items())
    return sum(_size(part) for triple in parts for part in triple)


def _not_a_topic(topic_arn: str) -> str:
    shown = words.name(topic_arn)
    return f"{shown} is not the ARN of an SNS topic; write arn:aws:sns:<region>:<account>:<name>."


def _size(value: str) -> int:
    return len(value.encode())
