"""What becomes of answers that are torn, refused, slow or strange: never "nothing there"."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from checks.aws.session import Aws
from checks.lake import Lake
from checks.layout import StatedLayout
from checks.model import Column, Listing, Observation, Problem, ProblemKind, Status, Table, Unobserved
from checks.rules.asking import Clock
from checks.rules.base import Binding, TablePlan
from checks.rules.freshness import FreshnessConfig
from checks.rules.partitions import PartitionsConfig
from tests.support.lakes import point_at, prefix
from tests.support.stub_http import Answer, Asked, Stub, as_json, listing, refusal_json, refusal_xml, stub
from tests.support.times import at
from tests.support.verdicts import judge

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NOW = at("2026-11-23 12:00")
CLOCK = Clock(now=NOW)
BINDING = Binding(zone=ZoneInfo("UTC"))
GOOD = [("raw/a.csv", 7, "2026-11-23T11:00:00.000Z")]
PRINCIPAL = "arn:aws:sts::123456789012:assumed-role/monitor/x"
BARE = TablePlan(
    table=prefix("s3://lake/raw/"), rules=(FreshnessConfig.model_validate({"max_age": "24h"}).bind(BINDING),)
)
ORDERS = TablePlan(
    table=Table(
        id="sales.orders",
        database="sales",
        name="orders",
        location="s3://lake/sales/orders/",
        partition_keys=(Column("dt", "string"),),
    ),
    rules=(PartitionsConfig.model_validate({"every": "1d", "lookback": 1}).bind(BINDING),),
    stated_layout=StatedLayout(("dt",), ("%Y-%m-%d",)),
)


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let botocore retry at once."""
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _seconds: None)


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stub]:
    with stub(lambda _asked: Answer()) as running:
        point_at(monkeypatch, running.url)
        yield running


def ask(
    running: Stub, plan: TablePlan, answer: Callable[[Asked], Answer] | Answer, **settings: Any
) -> Observation:
    running.answer = answer if callable(answer) else lambda _asked: answer
    lake = Lake(aws=Aws(**{"attempts": 2, "read_timeout_s": 0.3, **settings}), table_timeout_s=20)
    return lake.observe_all([plan], CLOCK)[plan.table.id]


def problem(seen: Observation) -> Problem:
    assert seen.problem is not None
    assert seen.listing is None
    assert seen.partitions == ()
    return seen.problem


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


REFUSALS: dict[str, tuple[TablePlan, Answer, ProblemKind, str, str, str]] = {
    "S3": (
        BARE,
        refusal_xml("AccessDenied", f"User: {PRINCIPAL} is not authorized to perform: s3:ListBucket", 403),
        ProblemKind.DENIED,
        f"S3 ListObjectsV2 on s3://lake/raw/: access denied to {PRINCIPAL} (AccessDenied)",
        "allow s3:ListBucket on arn:aws:s3:::lake",
        "denied s3:ListBucket lake",
    ),
    "Glue": (
        ORDERS,
        refusal_json(
            "AccessDeniedException", f"User: {PRINCIPAL} is not authorized to perform: glue:GetPartitions"
        ),
        ProblemKind.DENIED,
        f"Glue GetPartitions on sales.orders: access denied to {PRINCIPAL} (AccessDeniedException)",
        (
            "allow glue:GetPartitions on arn:aws:glue:*:*:catalog, arn:aws:glue:*:*:database/sales, "
            "arn:aws:glue:*:*:table/sales/orders"
        ),
        "denied glue:GetPartitions sales",
    ),
    "Lake Formation": (
        ORDERS,
        refusal_json("AccessDeniedException", "Insufficient Lake Formation permission(s) on orders"),
        ProblemKind.DENIED,
        (
            "Glue GetPartitions on sales.orders: Lake Formation denied access: "
            "Insufficient Lake Formation permission(s) on orders"
        ),
        "grant DESCRIBE and SELECT on sales.orders to the monitor's role in Lake Formation",
        "denied lakeformation sales",
    ),
    "KMS": (
        ORDERS,
        refusal_json("GlueEncryptionException", "no access to the key"),
        ProblemKind.DENIED,
        "Glue GetPartitions on sales.orders: KMS refused its key: no access to the key",
        "allow kms:Decrypt on the key that sales.orders is encrypted with, in its key policy too",
        "denied kms:Decrypt sales",
    ),
    "bucket gone": (
        BARE,
        refusal_xml("NoSuchBucket", "The specified bucket does not exist", 404),
        ProblemKind.NOT_FOUND,
        "S3 ListObjectsV2 on s3://lake/raw/: the bucket lake does not exist",
        "mend the location, or take the table off the config",
        "not found s3 lake",
    ),
    "database gone": (
        ORDERS,
        refusal_json("EntityNotFoundException", "Database sales not found."),
        ProblemKind.NOT_FOUND,
        "Glue GetPartitions on sales.orders: the database sales does not exist (any more)",
        "mend its name, or take it off the config",
        "not found glue sales",
    ),
    "table gone": (
        ORDERS,
        refusal_json("EntityNotFoundException", "Table orders not found."),
        ProblemKind.NOT_FOUND,
        "Glue GetPartitions on sales.orders: the table sales.orders does not exist (any more)",
        "mend its name, or take it off the config",
        "not found glue sales.orders",
    ),
    "throttled": (
        BARE,
        refusal_xml("SlowDown", "Please reduce your request rate.", 503),
        ProblemKind.THROTTLED,
        "S3 ListObjectsV2 on s3://lake/raw/: still throttled after all attempts (SlowDown)",
        "run again later, or with less concurrency",
        "throttled s3",
    ),
    "Glue throttled": (
        ORDERS,
        refusal_json("ThrottlingException", "Rate exceeded"),
        ProblemKind.THROTTLED,
        "Glue GetPartitions on sales.orders: still throttled after all attempts (ThrottlingException)",
        "run again later, or with less concurrency",
        "throttled glue",
    ),
    "expired": (
        BARE,
        refusal_xml("ExpiredToken", "The provided token has expired.", 400),
        ProblemKind.DENIED,
        "S3 ListObjectsV2 on s3://lake/raw/: the credentials have expired",
        "sign in again",
        "credentials expired",
    ),
}


@pytest.mark.parametrize(
    ("plan", "answer", "kind", "message", "remedy", "cause"), REFUSALS.values(), ids=REFUSALS.keys()
)
def test_refusals_are_told_apart(
    served: Stub, plan: TablePlan, answer: Answer, kind: ProblemKind, message: str, remedy: str, cause: str
) -> None:
    told = problem(ask(served, plan, answer))
    assert replace(told, lacks=None, refused_by=None) == Problem(kind, message, remedy, cause)
    assert told.refused_by is not None
    assert told.refused_by[0] == ("s3" if message.startswith("S3") else "glue")
    assert (told.lacks is not None) is cause.startswith(("denied s3:", "denied glue:"))


def test_credentials_are_never_told(served: Stub) -> None:
    leak = "Credential=AKIAIOSFODNN7EXAMPLE/20261123, Signature=deadbeef key wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
    told = problem(ask(served, ORDERS, refusal_json("IncompleteSignature", leak)))
    for secret in ("AKIA", "deadbeef", "wJalrXUtnFEMI"):
        assert secret not in told.message


def test_throttling_for_a_while_is_lived_through(served: Stub) -> None:
    answers = iter([refusal_xml("SlowDown", "slow", 503)] * 3 + [Answer(listing(GOOD))])
    seen = ask(served, BARE, lambda _asked: next(answers), attempts=5)
    assert seen.problem is None
    assert seen.requests == 4


@pytest.mark.parametrize(
    "answer",
    [
        Answer(reset=True),
        Answer(listing(GOOD)[:80], length=5000, reset=True),
        Answer(listing(GOOD)[:80], length=5000),
    ],
    ids=["at once", "in mid body", "ended early"],
)
def test_a_connection_that_breaks_off_is_unreachable_or_torn(served: Stub, answer: Answer) -> None:
    assert problem(ask(served, BARE, answer)).kind in {ProblemKind.UNREACHABLE, ProblemKind.MALFORMED}


def test_nothing_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    with stub(lambda _asked: Answer()) as running:
        point_at(monkeypatch, running.url)
    told = problem(ask(running, BARE, Answer()))
    assert told.kind is ProblemKind.UNREACHABLE
    assert told.cause == "unreachable s3"


def test_an_endpoint_that_hangs_times_out(served: Stub) -> None:
    told = problem(ask(served, BARE, Answer(listing(GOOD), hang_s=30)))
    assert told == Problem(
        ProblemKind.TIMED_OUT,
        "S3 ListObjectsV2 on s3://lake/raw/: no answer in time",
        "run again; if it stays, look at the network and the endpoint",
        "timed out s3",
    )


def test_a_dripping_answer_ends_with_its_table_and_holds_up_no_other(served: Stub) -> None:
    def answer(asked: Asked) -> Answer:
        return Answer(listing(GOOD), drip_s=0.1 if "slow" in asked.path else 0.0)

    served.answer = answer
    slow = TablePlan(table=prefix("s3://lake/slow/"), rules=BARE.rules)
    lake = Lake(aws=Aws(attempts=1), table_timeout_s=0.5, concurrency=1)
    started = time.monotonic()
    seen = lake.observe_all([slow, BARE], CLOCK)
    assert time.monotonic() - started < 5
    assert list(seen) == ["s3://lake/slow/", "s3://lake/raw/"]
    assert problem(seen["s3://lake/slow/"]).message == "s3://lake/slow/ was not read within 0.5 s"
    assert seen["s3://lake/raw/"].listing is not None


STRANGE = [
    "raw/a\nb", "raw/tab\tand\rreturn", "raw/a//b", "raw/./x/../y", "raw/\x01", "raw/a+b c%20d", "raw/🚀/é/日本",
    "raw/ ends ", "raw/<&>\"'", "raw/dt=2026-11-22 00%3A00%3A00/x", "raw/\\back", "raw/\x7f",
]  # fmt: skip


def test_no_strange_key_is_lost(served: Stub) -> None:
    for key in STRANGE:
        served.answer = lambda _asked, key=key: Answer(listing([(key, 1, "2026-11-23T11:00:00Z")]))  # type: ignore[misc]
        store = Lake(aws=Aws(attempts=1)).reader(BARE).store
        assert [each.key for each in store.list_page("lake", "raw/").keys] == [key]


def test_the_budget_of_requests_ends_a_run_and_says_so(served: Stub) -> None:
    told = problem(ask(served, BARE, Answer(listing(GOOD)), max_requests=0))
    assert told.kind is ProblemKind.OVER_BUDGET
    assert told.message == "the run's budget of 0 requests is spent"
    assert not served.asked


def test_the_budget_of_requests_leaves_what_was_seen_and_a_doubt_about_the_rest(served: Stub) -> None:
    pages = iter(range(1000))
    for day, status in (("23", Status.PASS), ("01", Status.UNKNOWN)):
        served.asked.clear()
        entry = ("raw/a.csv", 7, f"2026-11-{day}T11:00:00.000Z")
        answer = lambda _asked, entry=entry: Answer(listing([entry], token=f"t{next(pages)}"))  # noqa: E731 - endless
        seen = ask(served, BARE, answer, max_requests=5)
        assert len(served.asked) == 5
        assert seen.problem is None
        assert seen.listing is not None
        assert not seen.listing.complete
        found = judge(BARE, seen, CLOCK)["freshness"]
        assert found.status is status
        if status is Status.UNKNOWN:
            assert "s3://lake/raw/ was ended before its last page" in found.because


def test_time_that_is_up_leaves_what_was_seen_and_says_that_it_is_not_whole(served: Stub) -> None:
    served.answer = lambda asked: Answer(
        listing([(f"raw/{len(served.asked):04d}", 1, "2026-11-23T11:00:00Z")], token=f"t{len(asked.path)}"),
        hang_s=0.05,
    )
    lake = Lake(aws=Aws(attempts=1), table_timeout_s=2.0)
    lake.aws.client("s3")  # making it takes its time on a busy machine
    seen = lake.observe_all([BARE], CLOCK)["s3://lake/raw/"]
    assert seen.problem is None
    assert seen.listing is not None
    assert not seen.listing.complete
    assert seen.listing.objects >= 2


def test_without_credentials_or_region(served: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    assert problem(ask(served, BARE, Answer())).message == (
        "S3 ListObjectsV2 on s3://lake/raw/: no AWS credentials were found"
    )
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.delenv("AWS_REGION")
    told = problem(ask(served, ORDERS, Answer()))
    assert told.message == "Glue GetPartitions on sales.orders: no AWS region is set"


def test_a_bucket_in_another_region_is_followed_there_and_counted(served: Stub) -> None:
    def answer(asked: Asked) -> Answer:
        if "us-west-2/s3" in asked.headers["authorization"]:
            return Answer(listing(GOOD))
        moved = refusal_xml("PermanentRedirect", "elsewhere", 301)
        return Answer(moved.body, 301, {"x-amz-bucket-region": "us-west-2"})

    seen = ask(served, BARE, answer)
    assert seen.problem is None
    assert seen.requests == len(served.asked) == 2


def test_what_finds_out_an_objects_region_is_a_permission_on_its_bucket() -> None:
    from botocore.exceptions import ClientError

    from checks.aws.problems import asked_s3, problem_of

    error = ClientError({"Error": {"Code": "PermanentRedirect", "Message": "elsewhere"}}, "GetObject")
    told = problem_of(error, asked_s3("GetObject", "lake", "raw/v1.json"))
    assert told.remedy == "allow s3:ListBucket on arn:aws:s3:::lake, or set region"


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


def test_a_run_tells_its_cost_at_list_prices(served: Stub) -> None:
    served.answer = lambda asked: (
        as_json({"Partitions": []}) if asked.operation == "GetPartitions" else Answer(listing([]))
    )
    lake = Lake(aws=Aws(attempts=1))
    lake.observe_all([ORDERS, BARE], CLOCK)
    cost = lake.cost(1.5)
    assert cost.by_operation == {"glue:GetPartitions": 2, "s3:ListObjectsV2": 2}
    assert cost.requests == 4
    assert cost.usd == pytest.approx(2 * 1e-6 + 2 * 5e-6)
    assert cost.seconds == 1.5
