"""What becomes of answers that are torn or strange: never "nothing there"."""

from __future__ import annotations

import pytest

from checks.aws.session import Aws
from checks.lake import Lake
from checks.layout import StatedLayout
from checks.model import Column, Listing, ProblemKind, Table, Unobserved
from checks.rules.base import TablePlan
from tests.support.odd_answers import BARE, GOOD, ORDERS, ask, problem
from tests.support.stub_http import Answer, Asked, Stub, as_json, listing, refusal_json, refusal_xml
from tests.support.times import at

TORN_LISTINGS = {
    "empty": b"",
    "truncated": listing(GOOD)[:-60],
    "cut after the head": listing(GOOD).split(b"<Contents>")[0],
    "fewer keys than counted": listing(GOOD).replace(b"<KeyCount>1", b"<KeyCount>2"),
    "no count": listing(GOOD).replace(b"<KeyCount>1</KeyCount>", b""),
    "an empty document": b'<?xml version="1.0"?><ListBucketResult></ListBucketResult>',
    "no next page named": listing(GOOD, token="x").replace(
        b"<NextContinuationToken>x</NextContinuationToken>", b""
    ),
    "html": b"<html><body>proxy</body></html>",
    "words": b"all is well",
}


@pytest.mark.parametrize("body", TORN_LISTINGS.values(), ids=TORN_LISTINGS.keys())
def test_a_torn_listing_is_malformed_after_three_attempts(served: Stub, body: bytes) -> None:
    told = problem(ask(served, BARE, Answer(body, 200, {"Content-Type": "application/xml"})))
    assert told.kind is ProblemKind.MALFORMED
    assert told.message.startswith("S3 ListObjectsV2 on s3://lake/raw/: ")
    assert told.message.endswith("; nothing can be concluded from it")
    assert len(served.asked) == 3


def test_an_error_in_a_good_answer_is_an_error(served: Stub) -> None:
    body = refusal_xml("InternalError", "We encountered an internal error.", 200)
    told = problem(ask(served, BARE, body))
    assert told.kind is ProblemKind.UNREACHABLE
    assert (
        told.message
        == "S3 ListObjectsV2 on s3://lake/raw/: the service failed after all attempts (InternalError)"
    )


def test_a_torn_answer_followed_by_a_whole_one_counts_twice_and_is_believed(served: Stub) -> None:
    answers = iter([Answer(b""), Answer(listing(GOOD))])
    seen = ask(served, BARE, lambda _asked: next(answers))
    assert seen.problem is None
    assert seen.requests == 2
    assert seen.listing == Listing(
        objects=1, size_bytes=7, newest_at=at("2026-11-23 11:00"), oldest_at=at("2026-11-23 11:00"),
        newest_key="s3://lake/raw/a.csv",
    )  # fmt: skip


@pytest.mark.parametrize(
    "body", [b"", b"{}", b'{"Partitions": [{"Val', b'{"NextToken": "x"}', b"null", b'{"Partitions": null}']
)
def test_torn_partitions_are_malformed(served: Stub, body: bytes) -> None:
    told = problem(ask(served, ORDERS, Answer(body, 200, {"Content-Type": "application/x-amz-json-1.1"})))
    assert told.kind is ProblemKind.MALFORMED
    assert "Glue GetPartitions on sales.orders" in told.message
    assert len(served.asked) == 3


def test_a_partition_without_values_is_malformed(served: Stub) -> None:
    told = problem(ask(served, ORDERS, as_json({"Partitions": [{"StorageDescriptor": {}}]})))
    assert told.message == "Glue tells a partition of sales.orders without values"


def test_pages_of_partitions_and_keys_are_followed_by_their_tokens(served: Stub) -> None:
    def answer(asked: Asked) -> Answer:
        if asked.operation == "GetPartitions":
            first = b'"NextToken"' not in asked.body
            day = "2026-11-21" if first else "2026-11-22"
            entry = {"Values": [day], "StorageDescriptor": {"Location": f"s3://lake/sales/orders/dt={day}"}}
            return as_json({"Partitions": [entry], **({"NextToken": "t"} if first else {})})
        name = "sales/orders/dt=2026-11-22/" + ("b" if "continuation-token=n" in asked.path else "a")
        return Answer(listing([(name, 5, "2026-11-23T01:00:00Z")], token=None if name.endswith("b") else "n"))

    seen = ask(served, ORDERS, answer)
    assert [(each.values, each.listing.objects if each.listing else None) for each in seen.partitions] == [
        (("2026-11-22",), 2)
    ]
    assert seen.requests == 4
    assert b"dt >= '2026-11-22'" in served.asked[0].body
    assert b'"ExcludeColumnSchema": true' in served.asked[0].body


STRANGE = [
    "raw/a\nb", "raw/tab\tand\rreturn", "raw/a//b", "raw/./x/../y", "raw/\x01", "raw/a+b c%20d", "raw/🚀/é/日本",
    "raw/ ends ", "raw/<&>\"'", "raw/dt=2026-11-22 00%3A00%3A00/x", "raw/\\back", "raw/\x7f",
]  # fmt: skip


def test_no_strange_key_is_lost(served: Stub) -> None:
    for key in STRANGE:
        served.answer = lambda _asked, key=key: Answer(listing([(key, 1, "2026-11-23T11:00:00Z")]))  # type: ignore[misc]
        store = Lake(aws=Aws(attempts=1)).reader(BARE).store
        assert [each.key for each in store.list_page("lake", "raw/").keys] == [key]


def test_unprocessed_keys_are_asked_for_again(served: Stub) -> None:
    asks: list[bytes] = []

    def answer(asked: Asked) -> Answer:
        if asked.operation == "BatchGetPartition":
            asks.append(asked.body)
            if len(asks) == 1:
                return as_json({"Partitions": [], "UnprocessedKeys": [{"Values": ["2026", "11", "22"]}]})
            return as_json({"Partitions": [{"Values": ["2026", "11", "22"]}], "UnprocessedKeys": []})
        return Answer(listing([]))

    keys = tuple(Column(name, "string") for name in ("year", "month", "day"))
    plan = TablePlan(
        table=Table(id="a.b", database="a", name="b", location="s3://lake/a/b/", partition_keys=keys),
        rules=ORDERS.rules,
        stated_layout=StatedLayout(("year", "month", "day"), ("%Y", "%m", "%d")),
    )
    seen = ask(served, plan, answer)
    assert [each.values for each in seen.partitions] == [("2026", "11", "22")]
    assert asks[1].count(b"Values") == 1


def test_a_key_that_glue_cannot_filter_by_is_asked_for_by_its_values(served: Stub) -> None:
    def answer(asked: Asked) -> Answer:
        if asked.operation == "GetPartitions":
            return refusal_json("InvalidInputException", "Unsupported expression 'dt'")
        if asked.operation == "BatchGetPartition":
            return as_json({"Partitions": [{"Values": ["2026-11-22"]}]})
        return Answer(listing([]))

    seen = ask(served, ORDERS, answer)
    assert ("2026-11-22", True) in [(each.values[0], each.registered) for each in seen.partitions]
    assert seen.problem is None or seen.problem.kind is ProblemKind.MALFORMED


def test_a_large_object_is_not_read(served: Stub) -> None:
    served.answer = lambda _asked: Answer(b"x" * 2000)
    store = Lake(aws=Aws(attempts=1)).reader(BARE).store
    assert store.get("lake", "raw/a", max_bytes=2000) == b"x" * 2000
    with pytest.raises(Unobserved, match="is larger than 1,999 bytes"):
        store.get("lake", "raw/a", max_bytes=1999)
    served.answer = lambda _asked: refusal_xml("NoSuchKey", "no", 404)
    with pytest.raises(Unobserved, match="the object does not exist"):
        store.get("lake", "raw/a", max_bytes=10)


@pytest.mark.parametrize(
    "torn",
    [Answer(b"one\n", length=9), Answer(b"", length=9), Answer(b"one\n", length=9, reset=True)],
    ids=["ended early", "empty", "broken off"],
)
def test_an_object_that_ends_early_is_asked_for_again_and_never_believed(served: Stub, torn: Answer) -> None:
    store = Lake(aws=Aws(attempts=1)).reader(BARE).store
    served.answer = lambda _asked: torn
    with pytest.raises(Unobserved) as caught:
        store.get("lake", "raw/a", max_bytes=1000)
    assert caught.value.problem.kind is ProblemKind.MALFORMED
    assert caught.value.problem.message.startswith(
        "S3 GetObject on s3://lake/raw/a: the answer of GetObject was torn"
    )
    assert len(served.asked) == 3
    answers = iter([torn, Answer(b"one\ntwo\n", length=8)])
    served.answer = lambda _asked: next(answers)
    assert store.get("lake", "raw/a", max_bytes=1000) == b"one\ntwo\n"


def test_a_name_that_is_no_text_is_malformed_and_told_in_text(served: Stub) -> None:
    with pytest.raises(Unobserved) as caught:
        Lake(aws=Aws(attempts=1)).reader(BARE).store.get("lake", "raw/\ud800\u202ea", max_bytes=10)
    assert caught.value.problem.kind is ProblemKind.MALFORMED
    assert caught.value.problem.message.encode().startswith(
        b"S3 GetObject on s3://lake/raw/ a: its name is no text"
    )
    assert served.asked == []
