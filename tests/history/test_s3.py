"""A history in S3 that refuses, breaks off or was written by somebody else: told, and never an empty one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.stub import Stubber

from checks.changes import State
from checks.history import (
    History,
    HistoryConflict,
    HistoryTorn,
    HistoryUnavailable,
    open_history,
)
from checks.history.document import to_text

if TYPE_CHECKING:
    from collections.abc import Iterator


SESSION = boto3.Session(aws_access_key_id="testing", aws_secret_access_key="testing", region_name="eu-west-1")
STATE = State(name="prod", config_at="/home/team/checks.yml")


@pytest.fixture
def stubbed() -> Iterator[tuple[History, Stubber]]:
    stub = SESSION.client("s3", config=Config(retries={"max_attempts": 1}))
    with Stubber(stub) as stubber:
        yield open_history("s3://ops/monitor", "prod", stub), stubber


def test_a_denied_read_is_told_with_what_to_allow(stubbed: tuple[History, Stubber]) -> None:
    history, stubber = stubbed
    stubber.add_client_error("get_object", "AccessDenied", "Access Denied", 403)
    with pytest.raises(HistoryUnavailable) as caught:
        history.load()
    assert str(caught.value) == (
        "Access to the history s3://ops/monitor/ is denied; allow s3:GetObject, and s3:ListBucket "
        "(without which a first run looks denied), on it for the monitor's role."
    )


@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [
        (
            "AccessDenied",
            403,
            "Access to the history s3://ops/monitor/ is denied; allow s3:PutObject on it for the monitor's role.",
        ),
        (
            "NoSuchBucket",
            404,
            "There is no history s3://ops/monitor/; create the bucket, or correct `history`.",
        ),
        (
            "SlowDown",
            503,
            "AWS throttled the requests to the history s3://ops/monitor/ after several tries; run again later.",
        ),
    ],
)
def test_a_refused_write_is_told(
    stubbed: tuple[History, Stubber], code: str, status: int, expected: str
) -> None:
    history, stubber = stubbed
    stubber.add_client_error("put_object", code, "said AWS", status)
    with pytest.raises(HistoryUnavailable) as caught:
        history.save(STATE, "token")
    assert str(caught.value) == expected


def body(content: bytes) -> dict[str, Any]:
    from io import BytesIO

    from botocore.response import StreamingBody

    return {"Body": StreamingBody(BytesIO(content), len(content)), "ETag": '"new"'}


@pytest.mark.parametrize("code", ["PreconditionFailed", "ConditionalRequestConflict"])
def test_a_write_whose_answer_was_lost_is_no_conflict(stubbed: tuple[History, Stubber], code: str) -> None:
    history, stubber = stubbed
    stubber.add_client_error("put_object", code, "", 412)
    stubber.add_response("get_object", body(to_text(STATE).encode()))
    assert history.save(STATE, '"old"') == '"new"'


def test_a_write_after_somebody_else_is_a_conflict(stubbed: tuple[History, Stubber]) -> None:
    history, stubber = stubbed
    stubber.add_client_error("put_object", "PreconditionFailed", "", 412)
    stubber.add_response("get_object", body(to_text(State(name="other")).encode()))
    with pytest.raises(HistoryConflict):
        history.save(STATE, '"old"')


def test_an_answer_that_breaks_off_is_not_an_empty_history(stubbed: tuple[History, Stubber]) -> None:
    from io import BytesIO

    from botocore.response import StreamingBody

    history, stubber = stubbed
    torn = StreamingBody(BytesIO(b'{"format'), 5000)
    stubber.add_response("get_object", {"Body": torn, "ETag": '"e"'})
    with pytest.raises((HistoryUnavailable, HistoryTorn)):
        history.load()


def test_writes_are_conditional(stubbed: tuple[History, Stubber]) -> None:
    history, stubber = stubbed
    common = {"Bucket": "ops", "Key": "monitor/states/prod.json", "ContentType": "application/json"}
    content = to_text(STATE).encode()
    stubber.add_response("put_object", {"ETag": '"1"'}, {**common, "Body": content, "IfNoneMatch": "*"})
    stubber.add_response("put_object", {"ETag": '"2"'}, {**common, "Body": content, "IfMatch": '"1"'})
    assert history.save(STATE, "") == '"1"'
    assert history.save(STATE, '"1"') == '"2"'
