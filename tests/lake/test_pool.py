"""Many tables at once: bounded, in order, ended in time."""

from __future__ import annotations

import threading
import time

from checks.lake.pool import observe_all
from checks.model import Observation, ProblemKind
from checks.rules.asking import Clock
from checks.rules.base import TablePlan
from tests.support.lakes import prefix
from tests.support.times import at

NOW = at("2026-11-23 12:00")
CLOCK = Clock(now=NOW)


def plans(count: int) -> list[TablePlan]:
    return [TablePlan(table=prefix(f"s3://lake/t{number}/"), rules=()) for number in range(count)]


def good(plan: TablePlan, clock: Clock) -> Observation:
    return Observation(table=plan.table, now=clock.now)


def kinds(seen: dict[str, Observation]) -> list[ProblemKind | None]:
    return [each.problem.kind if each.problem else None for each in seen.values()]


def test_results_come_in_the_order_of_the_plans() -> None:
    def slower_first(plan: TablePlan, clock: Clock) -> Observation:
        time.sleep(0.05 if plan.table.id == "s3://lake/t0/" else 0)
        return good(plan, clock)

    done: list[str] = []
    seen = observe_all(
        plans(20),
        CLOCK,
        slower_first,
        concurrency=4,
        table_timeout_s=5,
        on_done=lambda each: done.append(each.table.id),
    )
    assert list(seen) == [f"s3://lake/t{number}/" for number in range(20)]
    assert sorted(done) == sorted(seen)


def test_no_more_than_the_concurrency_at_once() -> None:
    lock, running, most = threading.Lock(), 0, 0

    def counted(plan: TablePlan, clock: Clock) -> Observation:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.01)
        with lock:
            running -= 1
        return good(plan, clock)

    observe_all(plans(20), CLOCK, counted, concurrency=3, table_timeout_s=5)
    assert most == 3


def test_a_fault_is_its_tables_problem() -> None:
    def faulty(plan: TablePlan, clock: Clock) -> Observation:
        if plan.table.id == "s3://lake/t1/":
            raise RuntimeError("oh\nno")
        return good(plan, clock)

    seen = observe_all(plans(3), CLOCK, faulty, concurrency=2, table_timeout_s=5)
    assert kinds(seen) == [None, ProblemKind.INTERNAL, None]
    problem = seen["s3://lake/t1/"].problem
    assert problem is not None
    assert problem.message == "s3://lake/t1/ could not be read: RuntimeError: oh no"


def test_hanging_tables_time_out_and_the_others_go_on() -> None:
    release = threading.Event()

    def hanging(plan: TablePlan, clock: Clock) -> Observation:
        if plan.table.id in {"s3://lake/t0/", "s3://lake/t1/"}:
            release.wait(30)
        return good(plan, clock)

    started = time.monotonic()
    seen = observe_all(plans(5), CLOCK, hanging, concurrency=2, table_timeout_s=0.2)
    release.set()
    assert time.monotonic() - started < 3
    assert kinds(seen) == [ProblemKind.TIMED_OUT, ProblemKind.TIMED_OUT, None, None, None]


def test_where_all_hang_the_run_still_ends() -> None:
    release = threading.Event()

    def hanging(plan: TablePlan, clock: Clock) -> Observation:
        release.wait(30)
        return good(plan, clock)

    seen = observe_all(plans(9), CLOCK, hanging, concurrency=1, table_timeout_s=0.05)
    release.set()
    assert kinds(seen) == [ProblemKind.TIMED_OUT] * 4 + [ProblemKind.NOT_REACHED] * 5


def test_what_is_left_when_the_time_is_up_is_not_reached() -> None:
    def slow(plan: TablePlan, clock: Clock) -> Observation:
        time.sleep(0.1)
        return good(plan, clock)

    seen = observe_all(
        plans(50), CLOCK, slow, concurrency=1, table_timeout_s=5, stop_at=time.monotonic() + 0.25
    )
    found = kinds(seen)
    assert len(found) == 50
    assert 1 <= found.count(None) <= 3
    assert found.count(ProblemKind.NOT_REACHED) == 50 - found.count(None)


def test_nothing_to_do() -> None:
    assert observe_all([], CLOCK, good, concurrency=4, table_timeout_s=5) == {}
