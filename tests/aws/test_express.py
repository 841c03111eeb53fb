"""Listings of known buckets go out without botocore's middle layers, and come back as they would by them."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qs

import boto3
import pytest
from moto.core import set_initial_no_auth_action_count

from checks.aws.session import Aws
from checks.lake import Lake
from checks.model import ProblemKind, Unobserved
from checks.rules.base import TablePlan
from tests.support.lakes import point_at, prefix
from tests.support.stub_http import Answer, Asked, Stub, listing, refusal_xml, stub
from tests.support.times import at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from checks.lake.s3.objects import Page, S3Store
    from tests.support.lakes import HttpLake

AT = "2026-11-23T11:00:00.000Z"
PAGE = Answer(listing([("raw/a", 1, AT)]))
SLOW_DOWN = refusal_xml("SlowDown", "Please reduce your request rate.", 503)


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stub]:
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _seconds: None)
    with stub(lambda _asked: PAGE) as running:
        point_at(monkeypatch, running.url)
        yield running


def store(aws: Aws | None = None) -> S3Store:
    plan = TablePlan(table=prefix("s3://lake/raw/"), rules=())
    return cast("S3Store", Lake(aws=aws or Aws(attempts=3)).reader(plan).store)


def by_botocore(asked: Asked) -> bool:
    return "amz-sdk-invocation-id" in asked.headers


def ways(running: Stub) -> list[bool]:
    return [by_botocore(asked) for asked in running.asked]


def answers(running: Stub, *given: Answer | Callable[[Asked], Answer]) -> None:
    """Give these answers in turn, and a good page ever after."""
    waiting = list(given)

    def answer(asked: Asked) -> Answer:
        following = waiting.pop(0) if waiting else PAGE
        return following(asked) if callable(following) else following

    running.answer = answer


def test_botocore_asks_a_bucket_once_and_its_connections_the_rest(served: Stub) -> None:
    place = store()
    for prefix_ in ("raw/", "raw/b/", "other/"):
        assert [*place.list_page("lake", prefix_).keys.names] == ["raw/a"]
    place.list_page("another", "raw/")
    assert ways(served) == [True, False, False, True]
    assert place.aws.cost().by_operation == {"s3:ListObjectsV2": 4}


@pytest.mark.parametrize("strange", ["raw/ü b+c%20&d=e/~", "raw/a\nb\t", "raw/'\"<>#?;:@", "😀"])
def test_it_asks_for_the_same_by_both_ways(served: Stub, strange: str) -> None:
    place = store()
    for _ in range(2):
        place.list_page("lake", strange, start_after=f"{strange}a", delimiter="/", max_keys=7)
        place.list_page("lake", strange, token="1/a+b==&<x>")
    first, _, *shortly = served.asked
    long = store()
    long.list_page("lake", strange, token="1/a+b==&<x>")
    questions = [parse_qs(asked.path.partition("?")[2], keep_blank_values=True) for asked in served.asked]
    assert questions[0] == questions[2]
    assert questions[1] == questions[3] == questions[4]
    assert {asked.path.partition("?")[0] for asked in served.asked} == {"/lake"}
    assert first.headers["user-agent"] == shortly[0].headers["user-agent"]
    assert [by_botocore(asked) for asked in served.asked] == [True, False, False, False, True]


@pytest.mark.parametrize("strange", ["raw/", "raw/ü b+c%20&d=e/~", "raw/'\"<>#?;:@ */"])
def test_what_it_signs_is_accepted_by_who_checks_it(lake: HttpLake, strange: str) -> None:
    lake.put(f"s3://lake/{strange}a", at("2026-11-23 11:00"))
    good, wrong = credentials_that_may_read()
    place = store()
    client = place.aws.client("s3")
    place.list_page("lake", strange)
    query = {"list-type": "2", "encoding-type": "url", "prefix": strange}

    @set_initial_no_auth_action_count(0)  # from here on moto checks each signature
    def ask(credentials: Any) -> Page | None:
        client._request_signer._credentials = credentials
        return place.aws.express.page(client, "lake", query)

    page = ask(good)
    assert page is not None
    assert [*page.keys.names] == [f"{strange}a"]
    assert ask(wrong) is None


def credentials_that_may_read() -> tuple[Any, Any]:
    """Credentials of a user of the emulated account, and the same with another secret."""
    iam = boto3.client("iam")
    iam.create_user(UserName="monitor")
    statement = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_user_policy(UserName="monitor", PolicyName="read", PolicyDocument=policy)
    key = iam.create_access_key(UserName="monitor")["AccessKey"]
    good, wrong = (
        boto3.Session(aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=secret).get_credentials()
        for secret in (key["SecretAccessKey"], "wrong")
    )
    return good, wrong


@pytest.mark.parametrize(
    "answer",
    [
        refusal_xml("AccessDenied", "Access Denied", 403),
        refusal_xml("PermanentRedirect", "elsewhere", 301),
        refusal_xml("InternalError", "We encountered an internal error.", 200),
        SLOW_DOWN,
        Answer(),
        Answer(b"<html/>"),
        Answer(PAGE.body[:-9]),
        Answer(PAGE.body[:60], length=len(PAGE.body), reset=True),
        Answer(b"", length=10, reset=True),
    ],
)
def test_whatever_is_no_listing_is_asked_again_by_botocore(served: Stub, answer: Answer) -> None:
    place = store()
    place.list_page("lake", "raw/")
    answers(served, answer)
    assert [*place.list_page("lake", "raw/").keys.names] == ["raw/a"]
    assert ways(served) == [True, False, True]
    assert place.aws.cost().requests == 3


def test_a_page_that_lacks_a_part_is_torn_by_either_way(served: Stub) -> None:
    place = store()
    place.list_page("lake", "raw/")
    served.answer = lambda _asked: Answer(PAGE.body.replace(b"<KeyCount>1", b"<KeyCount>2"))
    with pytest.raises(Unobserved) as caught:
        place.list_page("lake", "raw/")
    assert caught.value.problem.kind is ProblemKind.MALFORMED
    assert len(served.asked) == 4


def test_after_a_throttle_botocore_alone_asks_that_bucket(served: Stub) -> None:
    place = store()
    place.list_page("another", "raw/")
    place.list_page("lake", "raw/")
    answers(served, SLOW_DOWN)
    for bucket in ("lake", "lake", "lake", "another"):
        place.list_page(bucket, "raw/")
    assert ways(served) == [True, True, False, True, True, True, False]


def test_after_a_broken_connection_it_is_learned_again(served: Stub) -> None:
    place = store()
    place.list_page("lake", "raw/")
    answers(served, Answer(b"", length=10, reset=True))
    for _ in range(2):
        place.list_page("lake", "raw/")
    assert ways(served) == [True, False, True, False]


def test_threads_that_meet_broken_connections_together_all_get_their_page(served: Stub) -> None:
    place = store()
    place.list_page("lake", "raw/")
    together = threading.Barrier(4)

    def answer(asked: Asked) -> Answer:
        if by_botocore(asked):
            return PAGE
        together.wait(10)
        return Answer(b"", length=10, reset=True)

    served.answer = answer
    with ThreadPoolExecutor(4) as pool:
        pages = list(pool.map(lambda _: place.list_page("lake", "raw/"), range(4)))
    assert [[*page.keys.names] for page in pages] == [["raw/a"]] * 4


def test_a_refusal_keeps_its_name(served: Stub) -> None:
    place = store()
    place.list_page("lake", "raw/")
    served.answer = lambda _asked: refusal_xml("AccessDenied", "Access Denied", 403)
    with pytest.raises(Unobserved, match="access denied") as caught:
        place.list_page("lake", "raw/")
    assert caught.value.problem.kind is ProblemKind.DENIED


def test_requests_over_the_budget_do_not_go_out(served: Stub) -> None:
    place = store(Aws(attempts=1, max_requests=2))
    for _ in range(2):
        place.list_page("lake", "raw/")
    with pytest.raises(Unobserved) as caught:
        place.list_page("lake", "raw/")
    assert caught.value.problem.kind is ProblemKind.OVER_BUDGET
    assert len(served.asked) == 2


def test_credentials_that_were_renewed_are_used(served: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", "first")
    place = store()
    place.list_page("lake", "raw/")
    place.list_page("lake", "raw/")
    credentials = place.aws.client("s3")._request_signer._credentials
    credentials.token = "second"
    place.list_page("lake", "raw/")
    assert [asked.headers["x-amz-security-token"] for asked in served.asked] == ["first", "first", "second"]


def test_a_proxy_is_asked_by_both_ways(served: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    point_at(monkeypatch, "http://s3.example.com")
    monkeypatch.setenv("HTTP_PROXY", served.url)
    place = store()
    for _ in range(2):
        place.list_page("lake", "raw/")
    assert ways(served) == [True, False]
    assert all(asked.path.startswith("http://s3.example.com/lake?") for asked in served.asked)


def test_other_signatures_are_left_to_botocore(served: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    place = store()
    place.aws.client("s3").meta.events.register("before-send.s3", _signed_otherwise)
    for _ in range(2):
        place.list_page("lake", "raw/")
    assert ways(served) == [True, True]


def _signed_otherwise(request: Any, **_: Any) -> None:
    request.headers["Authorization"] = (
        "AWS4-ECDSA-P256-SHA256 Credential=x/20261123/s3/aws4_request, Signature=1"
    )
