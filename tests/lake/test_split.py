"""Huge places listed by several threads: the same listing as by one chain, and fair to other tables."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.aws.ledger import Ledger
from checks.lake.observe import observe
from checks.lake.s3 import split
from checks.lake.s3.split import Helpers, cuts_between
from checks.model import Listing, Observation, Problem, ProblemKind, Status, Unobserved
from checks.rules.asking import Clock
from checks.rules.base import TablePlan
from tests.lake.test_scan import freshness
from tests.support.lakes import MemoryLake, prefix
from tests.support.times import HOUR, at
from tests.support.verdicts import judge

if TYPE_CHECKING:
    from checks.aws.pages import Page

NOW = at("2026-11-23 12:00")
CLOCK = Clock(now=NOW)
PLAN = TablePlan(table=prefix("s3://lake/raw/"), rules=(freshness(),))


@dataclass
class Watched(MemoryLake):
    """Tells how many threads asked at once; waits a little, so that they meet."""

    wait_s: float = 0.0
    refuse_after: str = "\U0010ffff"
    is_reversed: bool = False
    now: int = 0
    most: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def list_page(self, bucket: str, prefix: str, **given: Any) -> Page:
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        time.sleep(self.wait_s)
        try:
            page = super().list_page(bucket, prefix, **given)
        finally:
            with self.lock:
                self.now -= 1
        if page.keys and page.keys[-1].key > self.refuse_after:
            raise Unobserved(Problem(ProblemKind.DENIED, "denied"))
        return replace(page, keys=page.keys[::-1]) if self.is_reversed else page


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(split, "SPLIT_AFTER", 2)


def see(lake: MemoryLake, helpers: Helpers | None) -> Observation:
    reader = replace(lake.reader(PLAN), helpers=helpers)
    if helpers is None:
        return observe(PLAN, CLOCK, reader)
    with helpers.table():
        return observe(PLAN, CLOCK, reader)


def filled(lake: Any, names: list[str]) -> Any:
    lake.bucket("lake")
    for number, name in enumerate(names):
        lake.put(f"s3://lake/raw/{name}", NOW - (number % 7) * HOUR, number % 5)
    return lake


NAMES = st.lists(
    st.text("0129AZaz/._-é😀", max_size=6) | st.integers(0, 9999).map("part-{:05d}".format)
    | st.dates().map("{:%Y/%m/%d/x}".format),
    max_size=80,
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(NAMES, st.integers(1, 6), st.integers(1, 5))
def test_it_counts_what_one_chain_counts(names: list[str], page_size: int, concurrency: int) -> None:
    lake = filled(MemoryLake(page_size=page_size), names)
    before = split.SPLIT_AFTER
    split.SPLIT_AFTER = 2
    try:
        together = see(lake, Helpers(concurrency))
    finally:
        split.SPLIT_AFTER = before
    asked = lake.counts["s3:ListObjectsV2"]
    assert together.requests == asked
    assert together.listing == see(lake, None).listing


def test_a_large_place_is_listed_by_all_who_are_free() -> None:
    lake = filled(Watched(page_size=10, wait_s=0.005), [f"part-{number:06d}" for number in range(2000)])
    seen = see(lake, Helpers(8))
    assert seen.listing is not None
    assert seen.listing.objects + seen.listing.empty_objects == 2000
    assert 4 <= lake.most <= 8
    assert lake.counts["s3:ListObjectsV2"] <= 200 * 1.5


def test_nobody_helps_where_all_have_tables_to_read() -> None:
    lake = filled(Watched(page_size=10, wait_s=0.001), [f"part-{number:06d}" for number in range(300)])
    helpers = Helpers(2)
    with helpers.table():
        see(lake, helpers)
    assert lake.most == 1
    assert lake.counts["s3:ListObjectsV2"] == 30


def test_who_helps_leaves_when_a_table_comes() -> None:
    lake = filled(Watched(page_size=5, wait_s=0.003), [f"part-{number:06d}" for number in range(3000)])
    helpers, seen = Helpers(4), []
    reading = threading.Thread(target=lambda: seen.append(see(lake, helpers)))
    reading.start()
    time.sleep(0.3)
    with helpers.table(), helpers.table(), helpers.table():
        time.sleep(0.1)
        lake.most = 0
        time.sleep(0.15)
        most_beside = lake.most
    reading.join(30)
    assert most_beside <= 1
    assert seen[0].listing == see(lake, None).listing


def test_what_is_refused_to_one_is_the_tables_problem() -> None:
    lake = filled(
        Watched(page_size=5, wait_s=0.002, refuse_after="raw/part-000500"),
        [f"part-{number:06d}" for number in range(1000)],
    )
    seen = see(lake, Helpers(4))
    assert seen.problem is not None
    assert seen.problem.kind is ProblemKind.DENIED
    assert seen.listing is None


def test_a_store_with_an_order_of_its_own_is_one_chain() -> None:
    lake = filled(Watched(page_size=7, is_reversed=True), [f"{number:03d}" for number in range(100)])
    assert see(lake, Helpers(4)).listing == see(lake, None).listing


@pytest.mark.parametrize("helpers", [None, Helpers(1), Helpers(4)])
def test_when_the_runs_requests_are_spent_what_was_seen_is_told(helpers: Helpers | None) -> None:
    lake = filled(MemoryLake(page_size=2), [f"part-{number:03d}" for number in range(60)])
    lake.ledger = Ledger(max_requests=9)
    seen = see(lake, helpers)
    assert lake.counts["s3:ListObjectsV2"] == 9
    assert seen.problem is None
    assert seen.listing is not None
    assert not seen.listing.complete
    assert 0 < seen.listing.objects < 48
    found = judge(PLAN, seen, CLOCK)["freshness"]
    assert found.status is Status.PASS
    lake.ledger = Ledger(max_requests=0)
    assert see(lake, helpers).problem is not None


def test_when_the_time_is_up_what_was_seen_is_told() -> None:
    lake = filled(Watched(page_size=5, wait_s=0.01), [f"part-{number:06d}" for number in range(3000)])
    reader = replace(lake.reader(PLAN), helpers=Helpers(3), stop_at=time.monotonic() + 0.3)
    started = time.monotonic()
    seen = observe(PLAN, CLOCK, reader)
    assert time.monotonic() - started < 3
    assert isinstance(seen.listing, Listing)
    assert not seen.listing.complete
    assert seen.listing.objects


@pytest.mark.parametrize(
    ("first", "last", "cuts"),
    [
        ("p/part-0000", "p/part-0150", ["p/part-02", "p/part-03", "p/part-04", "p/part-05", "p/part-06", "p/part-07",
                                        "p/part-08", "p/part-09", "p/part-1", "p/paru", "p/pas", "p/pb", "p/q"]),
        ("p/2020/01/01/x", "p/2020/03/07/x", ["p/2020/04", "p/2020/05", "p/2020/06", "p/2020/07", "p/2020/08",
                                              "p/2020/09", "p/2020/1", "p/2021", "p/203", "p/21", "p/3"]),
        ("p/a", "p/a", []),
        ("p/a", "p/z", []),
    ],
)  # fmt: skip
def test_where_to_cut(first: str, last: str, cuts: list[str]) -> None:
    assert cuts_between(first, last, 2) == cuts
