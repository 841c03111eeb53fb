"""What becomes of answers that are slow or never come, and of budgets of time and requests that end."""

from __future__ import annotations

import time

import pytest

from checks.aws.session import Aws
from checks.lake import Lake
from checks.model import Problem, ProblemKind, Status
from checks.rules.base import TablePlan
from tests.support.lakes import point_at, prefix
from tests.support.odd_answers import BARE, CLOCK, GOOD, ORDERS, ask, problem
from tests.support.stub_http import Answer, Asked, Stub, as_json, listing, stub
from tests.support.verdicts import judge


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


@pytest.mark.usefixtures("no_waiting")
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
