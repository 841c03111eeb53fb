"""What one table may ask for: the rest of it is unknown, and no other table has less for it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from checks.aws.session import Aws
from checks.config import load
from checks.config.mistakes import ConfigErrors
from checks.lake import Lake
from checks.model import Observation, ProblemKind, Status
from checks.rules.asking import Clock
from checks.rules.base import Binding, TablePlan
from checks.rules.entry import EntryKeys
from checks.rules.freshness import FreshnessConfig
from tests.support.lakes import point_at, prefix
from tests.support.stub_http import Answer, Asked, Stub, listing, stub
from tests.support.times import at
from tests.support.verdicts import judge

if TYPE_CHECKING:
    from collections.abc import Iterator

CLOCK = Clock(now=at("2026-11-23 12:00"))
FRESH, STALE = "2026-11-23T11:00:00Z", "2026-11-01T11:00:00Z"
RULE = FreshnessConfig.model_validate({"max_age": "24h"}).bind(Binding(zone=ZoneInfo("UTC")))
LARGE = TablePlan(table=prefix("s3://lake/large/"), rules=(RULE,))
SMALL = TablePlan(table=prefix("s3://lake/small/"), rules=(RULE,))


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stub]:
    with stub(lambda _asked: Answer()) as running:
        point_at(monkeypatch, running.url)
        yield running


def pages(count: int, came: str) -> Any:
    """A large place of so many pages, and a small one of one."""

    def answer(asked: Asked) -> Answer:
        if "small" in asked.path:
            return Answer(listing([("small/a", 1, FRESH)]))
        number = int(asked.path.partition("continuation-token=")[2].partition("&")[0] or "1")
        more = str(number + 1) if number < count else None
        return Answer(listing([(f"large/{number:04d}", 1, came)], token=more))

    return answer


def look(served: Stub, *plans: TablePlan, **settings: Any) -> dict[str, Observation]:
    return Lake(aws=Aws(attempts=1, **settings), concurrency=1).observe_all(plans, CLOCK)


@pytest.mark.parametrize(
    ("most", "came", "status"),
    [
        (4, STALE, Status.UNKNOWN),
        (5, STALE, Status.FAIL),  # all that there is was seen
        (6, STALE, Status.FAIL),
        (1, FRESH, Status.PASS),  # what was seen proves it
        (None, STALE, Status.FAIL),
    ],
)
def test_what_is_over_a_tables_budget_is_unknown_with_what_was_seen(
    served: Stub, most: int | None, came: str, status: Status
) -> None:
    served.answer = pages(5, came)
    plan = replace(LARGE, entry=EntryKeys.model_construct(max_requests=most))
    seen = look(served, plan)[plan.table.id]
    assert judge(plan, seen, CLOCK)["freshness"].status is status
    assert seen.requests == min(most or 5, 5)
    assert seen.listing is not None
    assert seen.listing.objects == seen.requests


def test_a_table_that_may_ask_for_nothing_says_why(served: Stub) -> None:
    plan = replace(LARGE, entry=EntryKeys.model_construct(max_requests=0))
    told = look(served, plan)[plan.table.id].problem
    assert told is not None
    assert told.kind is ProblemKind.OVER_BUDGET
    assert told.message == "the table's budget of 0 requests is spent"
    assert told.remedy == "raise its max_requests, or watch less of it"
    assert not served.asked


def test_it_leaves_the_runs_budget_to_the_other_tables(served: Stub) -> None:
    served.answer = pages(1000, STALE)
    starved = look(served, LARGE, SMALL, max_requests=10)
    assert judge(SMALL, starved["s3://lake/small/"], CLOCK)["freshness"].status is Status.UNKNOWN
    fair = look(served, replace(LARGE, entry=EntryKeys(max_requests=5)), SMALL, max_requests=10)
    assert judge(SMALL, fair["s3://lake/small/"], CLOCK)["freshness"].status is Status.PASS


def test_it_is_a_key_of_an_entry() -> None:
    config = load(
        {
            "version": 1,
            "tables": [
                {"table": "web.*", "max_requests": 50},
                {"table": "web.clicks", "max_requests": 500},
                {"table": "web.views", "owner": "web"},
                {"table": "sales.orders"},
            ],
        },
        environ={},
    )
    names = [("web", "pages"), ("web", "clicks"), ("web", "views"), ("sales", "orders")]
    found = [config.resolve(None, *name) for name in names]
    assert [each.entry.max_requests for each in found if each is not None] == [50, 500, 50, None]


@pytest.mark.parametrize("value", [0, -1, "many", 1.5, True])
def test_anything_but_a_count_is_a_mistake(value: object) -> None:
    with pytest.raises(ConfigErrors, match="max_requests"):
        load({"version": 1, "tables": [{"table": "web.*", "max_requests": value}]}, environ={})
