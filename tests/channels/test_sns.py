"""Publishing to SNS: what is sent, how it fits, and each refusal as a sentence."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import EndpointConnectionError
from botocore.stub import Stubber

from checks.aws.refusals import sentence
from checks.channels import Delivery, sns
from checks.report import as_json, text
from checks.report.build import part
from tests.support.lakes import serving
from tests.support.report_cases import (
    CLICKS,
    FRESH,
    HOSTILE,
    ORDERS,
    WHOLE_AT,
    first_day,
    report_of,
    second_day,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_sns import SNSClient

TOPIC = "arn:aws:sns:eu-west-1:123456789012:S3TableMonitoringNotifications"
SESSION = boto3.Session(aws_access_key_id="testing", aws_secret_access_key="testing", region_name="eu-west-1")
MANY = report_of(
    [
        replace(ORDERS, table=f"db{number % 300}.t{number:04}", owner=f"team{number % 80}")
        for number in range(5000)
    ],
    whole_at=WHOLE_AT,
)


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with serving() as url:
        yield url


@pytest.fixture
def topics(endpoint: str) -> SNSClient:
    return SESSION.client("sns", endpoint_url=endpoint)


@pytest.fixture
def queues(endpoint: str) -> Any:
    return SESSION.client("sqs", endpoint_url=endpoint)


@pytest.fixture
def stubbed() -> Iterator[tuple[SNSClient, Stubber]]:
    client = SESSION.client("sns", config=Config(retries={"max_attempts": 1}))
    with Stubber(client) as stubber:
        yield client, stubber


def queue_on(topics: SNSClient, queues: Any, name: str) -> tuple[str, str]:
    """Return a topic and the URL of a queue that is subscribed to it."""
    topic = topics.create_topic(Name=name)["TopicArn"]
    url = queues.create_queue(QueueName=name)["QueueUrl"]
    subscribe(topics, queues, topic, url)
    return topic, url


def subscribe(topics: SNSClient, queues: Any, topic: str, url: str) -> None:
    arn = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    topics.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)


def received(queues: Any, url: str) -> dict[str, Any]:
    (message,) = queues.receive_message(QueueUrl=url, WaitTimeSeconds=1)["Messages"]
    envelope: dict[str, Any] = json.loads(message["Body"])
    return envelope


def test_a_queue_gets_the_json_and_the_subject(topics: SNSClient, queues: Any) -> None:
    topic, url = queue_on(topics, queues, "reports")
    delivery = sns.publish(second_day(), topic, topics)
    assert (delivery.target, delivery.ok, delivery.problem) == (topic, True, "")
    envelope = received(queues, url)
    assert envelope["MessageId"] == delivery.message_id
    assert (
        envelope["Subject"]
        == "[S3 tables] 2 new, 1 escalated, 5 still failing, 3 unknown, 22 fresh - prod, Mon 23 Nov"
    )
    assert json.loads(envelope["Message"]) == as_json.document(second_day())
    assert envelope["MessageAttributes"]["severity"] == {"Type": "String", "Value": "critical"}
    assert json.loads(envelope["MessageAttributes"]["owners"]["Value"]) == [
        "ads",
        "finance-data",
        "nobody",
        "people",
        "web",
    ]


def test_a_filter_policy_can_choose_by_owner(topics: SNSClient, queues: Any) -> None:
    topic, url = queue_on(topics, queues, "filtered")
    (subscription,) = topics.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    topics.set_subscription_attributes(
        SubscriptionArn=subscription["SubscriptionArn"],
        AttributeName="FilterPolicy",
        AttributeValue=json.dumps({"owners": ["finance-data"]}),
    )
    assert sns.publish(part(first_day(), lambda one: one.owner == "web"), topic, topics).ok
    assert sns.publish(part(first_day(), lambda one: one.owner == "finance-data"), topic, topics).ok
    document = json.loads(received(queues, url)["Message"])
    assert [one["owner"] for one in document["findings"]] == ["finance-data"]


def test_a_fifo_topic_gets_its_group_and_drops_repetitions(topics: SNSClient, queues: Any) -> None:
    topic = topics.create_topic(Name="reports.fifo", Attributes={"FifoTopic": "true"})["TopicArn"]
    url = queues.create_queue(QueueName="reports.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    subscribe(topics, queues, topic, url)
    assert sns.publish(first_day(), topic, topics).ok
    assert sns.publish(first_day(), topic, topics).ok
    received(queues, url)
    assert "Messages" not in queues.receive_message(QueueUrl=url, WaitTimeSeconds=0)


def test_the_message_names_each_protocol() -> None:
    message = json.loads(sns.message(first_day()))
    assert set(message) == {"default", "email", "sms", "sqs", "lambda", "https", "http"}
    assert message["email"] == text.render(first_day())
    assert message["default"] == message["sms"] == text.one_line(first_day())
    for protocol in sns.JSON_PROTOCOLS:
        assert message[protocol] == as_json.render(first_day())


@pytest.mark.parametrize("number", [1, 40, 60, 80, 200, 5000])
def test_everything_fits_into_one_message(number: int) -> None:
    report = report_of(MANY.findings[:number], whole_at=WHOLE_AT)
    whole = sns.message(report)
    message = json.loads(whole)
    assert len(message["email"].encode()) <= 120 * 1024
    assert len(message["sms"]) <= 140
    attributes = sum(len(json.dumps(value)) for value in sns.attributes(report).values())
    assert len(whole.encode()) + attributes <= 262_144
    for protocol in sns.JSON_PROTOCOLS:
        assert len(message[protocol].encode()) <= 100 * 1024
        document = json.loads(message[protocol])
        assert len(document["findings"]) + document.get("left_out", 0) == number
        assert document["findings"]


def test_letters_of_many_bytes_fit_too() -> None:
    wide = [replace(ORDERS, table=f"db.t{number}", because='🙂"\\' * 200) for number in range(2000)]
    whole = sns.message(report_of(wide))
    assert len(whole.encode()) <= 262_144
    assert json.loads(json.loads(whole)["sqs"])["findings"]


def test_attributes_of_a_fresh_report_have_no_empty_lists() -> None:
    assert sns.attributes(report_of(FRESH)) == {
        "severity": {"DataType": "String", "StringValue": "none"},
        "status": {"DataType": "String", "StringValue": "pass"},
    }


def test_attributes_are_bounded_and_clean() -> None:
    shown = sns.attributes(MANY)
    assert len(json.loads(shown["owners"].get("StringValue", ""))) == 51
    assert json.loads(shown["databases"].get("StringValue", ""))[-1] == "..."
    assert sum(len(json.dumps(value)) for value in shown.values()) < 16_000
    hostile = sns.attributes(report_of([replace(CLICKS, owner=HOSTILE, table="acct/web.clicks")]))
    assert json.loads(hostile["owners"].get("StringValue", "")) == [
        "<script>alert('x')</script> BCC: all@example.comgnp.exe"
    ]
    assert json.loads(hostile["databases"].get("StringValue", "")) == ["web"]


def test_a_prefix_has_no_database() -> None:
    assert "databases" not in sns.attributes(report_of([replace(CLICKS, table="s3://acme-raw/partner-a/")]))


@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [
        (
            "NotFound",
            404,
            f"There is no topic {TOPIC}; create it, or correct `topic` (its region and account too).",
        ),
        (
            "AuthorizationError",
            403,
            f"Access to the topic {TOPIC} is denied; allow sns:Publish on it for the monitor's role.",
        ),
        (
            "KMSAccessDenied",
            400,
            (
                f"The KMS key of the topic {TOPIC} is denied; allow kms:GenerateDataKey and kms:Decrypt on that key "
                "for the monitor's role, in the key's policy too."
            ),
        ),
        (
            "KMSDisabled",
            400,
            (
                f"The KMS key of the topic {TOPIC} cannot be used (KMSDisabled): said AWS; "
                "enable the key or choose another."
            ),
        ),
        ("KMSThrottling", 400, f"The KMS key of the topic {TOPIC} is throttled; run again later."),
        (
            "Throttled",
            429,
            f"AWS throttled the requests to the topic {TOPIC} after several tries; run again later.",
        ),
        (
            "InvalidClientTokenId",
            403,
            (
                f"There are no valid AWS credentials for the topic {TOPIC} (InvalidClientTokenId); "
                "renew them or check the role."
            ),
        ),
        ("InvalidParameter", 400, f"AWS refused the topic {TOPIC}: InvalidParameter: said AWS."),
    ],
)
def test_each_refusal_is_a_sentence(
    stubbed: tuple[SNSClient, Stubber], code: str, status: int, expected: str
) -> None:
    client, stubber = stubbed
    stubber.add_client_error("publish", code, "said\n AWS.", status)
    assert sns.publish(first_day(), TOPIC, client) == Delivery(TOPIC, ok=False, problem=expected)


def test_a_topic_that_is_not_there_is_told(topics: SNSClient) -> None:
    missing = f"{TOPIC}-missing"
    assert sns.publish(first_day(), missing, topics).problem.startswith(f"There is no topic {missing};")


def test_an_endpoint_that_is_not_there_is_told() -> None:
    client = SESSION.client(
        "sns",
        endpoint_url="http://127.0.0.1:9",
        config=Config(retries={"max_attempts": 1}, connect_timeout=1),
    )
    assert sns.publish(first_day(), TOPIC, client).problem == (
        f"AWS could not be reached for the topic {TOPIC} (EndpointConnectionError); "
        "check network, region and endpoint."
    )


@pytest.mark.parametrize(
    "arn",
    ["", "sales", "arn:aws:sqs:eu-west-1:123456789012:q", "arn:aws:sns:eu-west-1:12:t", "arn:aws:sns::1:t\n"],
)
def test_what_is_no_topic_is_told_before_any_request(arn: str) -> None:
    delivery = sns.publish(first_day(), arn)
    assert not delivery.ok
    assert delivery.problem.endswith(
        "is not the ARN of an SNS topic; write arn:aws:sns:<region>:<account>:<name>."
    )
    with pytest.raises(ValueError, match="is not the ARN of an SNS topic"):
        sns.client_for(arn)


@pytest.mark.parametrize(
    ("arn", "region"),
    [(TOPIC, "eu-west-1"), ("arn:aws-cn:sns:cn-north-1:123456789012:t.fifo", "cn-north-1"), ("t", None)],
)
def test_the_region_is_that_of_the_topic(arn: str, region: str | None) -> None:
    assert sns.region_of(arn) == region
    if region is not None:
        assert sns.client_for(arn).meta.region_name == region


def subscription(arn: str) -> dict[str, str]:
    return {"SubscriptionArn": arn, "Protocol": "email", "Endpoint": "data@example.com", "TopicArn": TOPIC}


@pytest.mark.parametrize(
    ("pages", "expected"),
    [
        (
            [[]],
            f"The topic {TOPIC} has no subscription, so nobody gets what is sent to it; subscribe the team's address.",
        ),
        (
            [["PendingConfirmation"], ["PendingConfirmation"]],
            (
                f"The topic {TOPIC} has 2 subscriptions and none is confirmed, so nobody gets what is sent to it; "
                "follow the link in the email from AWS, or subscribe again."
            ),
        ),
        ([["PendingConfirmation"], [f"{TOPIC}:1"]], ""),
        ([["Deleted"], [f"{TOPIC}:1"]], ""),
    ],
)
def test_a_topic_that_nobody_listens_to_is_told(
    stubbed: tuple[SNSClient, Stubber], pages: list[list[str]], expected: str
) -> None:
    client, stubber = stubbed
    for number, arns in enumerate(pages):
        answer: dict[str, Any] = {"Subscriptions": [subscription(arn) for arn in arns]}
        if number < len(pages) - 1:
            answer["NextToken"] = f"page-{number + 1}"
        stubber.add_response("list_subscriptions_by_topic", answer)
    assert sns.unconfirmed(TOPIC, client) == expected
    stubber.assert_no_pending_responses()


def test_subscriptions_that_may_not_be_listed_say_nothing_wrong(stubbed: tuple[SNSClient, Stubber]) -> None:
    client, stubber = stubbed
    stubber.add_client_error("list_subscriptions_by_topic", "AuthorizationError", http_status_code=403)
    assert sns.unconfirmed(TOPIC, client) == ""
    assert sns.unconfirmed("no topic", client) == ""


def test_an_error_without_an_answer_is_named() -> None:
    error = EndpointConnectionError(endpoint_url="https://sns")
    assert sentence(error, "the topic t", "sns:Publish", "x").startswith(
        "AWS could not be reached for the topic t"
    )
