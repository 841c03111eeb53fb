"""Prefixes by period that hold a table with a log of its own, and listings that end early."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from checks.lake.observe import observe as observe_table
from checks.lake.s3.table_reader import LakeReader
from checks.model import Status, TableMemory
from checks.rules.asking import Clock
from tests.support.lakes import prefix
from tests.support.loads import as_iceberg
from tests.support.prefixes import (
    AGE,
    DAILY,
    DAYS,
    FRESH,
    KEYED,
    OLD,
    OLD_LOADS,
    STATED,
    Delta,
    Metered,
    below,
    look,
    renamed,
)
from tests.support.rule_checks import judged
from tests.support.rule_checks import plan_of as plan_by_config
from tests.support.tables_by_engines import (
    LOCATION,
    NOW,
    ROOT,
    ObjectsInMemory,
    _NoGlue,
)
from tests.support.times import DAY, HOUR

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def dated_delta(tmp_path: Path) -> Delta:
    table = Delta(tmp_path / "dated")
    table.append(OLD, *DAYS, partition_by=["day"])
    return table


@pytest.mark.parametrize("blocks", [DAILY, STATED, KEYED])
def test_days_count_as_the_log_tells_them(dated_delta: Delta, blocks: dict[str, Any]) -> None:
    dated_delta.objects.put(f"{ROOT}day=2026-11-21/part-dead.parquet", b"rows", FRESH)
    found, seen, memory = look(dated_delta.objects, **blocks)
    bad = [item.period for item in found["partitions"].items if item.state.is_bad]
    assert bad == ["2026-11-21"]
    assert found["freshness"].status is Status.FAIL
    assert dated_delta.objects.calls[0] == f"LIST {ROOT}"
    first = seen.requests
    dated_delta.append(FRESH, "2026-11-21", partition_by=["day"])
    again, more, _ = look(dated_delta.objects, memory, **blocks)
    assert again["partitions"].status is again["freshness"].status is Status.PASS
    assert more.requests <= first


def test_days_of_plain_files_cost_one_look_in_a_while() -> None:
    plain = ObjectsInMemory()
    for day in ("2026-11-19", "2026-11-20", "2026-11-21"):
        plain.put(f"{ROOT}day={day}/a.csv", b"rows", FRESH)
    blocks = {"partitions": STATED["partitions"]}
    counts = []
    memory = TableMemory(first_period_at=NOW - 30 * DAY)
    for now in (NOW, NOW + HOUR, NOW + 8 * DAY):
        _, seen, memory = look(plain, memory, now=now, **blocks)
        counts.append(seen.requests)
    assert counts == [2, 1, 2]


@pytest.mark.parametrize("inner", ["", "orders/"])
def test_a_dated_folder_that_holds_a_table_is_unknown(old_delta: Delta, inner: str) -> None:
    objects = below(old_delta.objects, *(f"day=2026-11-{day}/{inner}" for day in (19, 20, 21)))
    for blocks in (DAILY, STATED):
        found, seen, memory = look(objects, **blocks)
        assert found["partitions"].status is Status.UNKNOWN
        if "format" in blocks["partitions"]:
            said_so = look(objects, ignore=["*_delta_log/*"], **blocks)[0]["partitions"]
            assert '(ignore: ["*_delta_log/*"])' in found["partitions"].advice
            assert said_so.status is Status.PASS
        said = [seen.problem, *(each.problem for each in seen.partitions)]
        assert any("has a log of its own" in each.message for each in said if each is not None)
        assert look(objects, memory, **blocks)[0]["partitions"].status is Status.UNKNOWN


def test_a_place_that_is_not_read_to_its_end_hides_no_log(tmp_path: Path) -> None:
    loaded = renamed(as_iceberg(tmp_path, OLD_LOADS), "v1.metadata.json")
    objects = below(loaded.objects, *(f"day=2026-11-{day}/" for day in (19, 20, 21)))
    objects.page_size = 2
    for day in (19, 20, 21):
        for number in range(9):
            objects.put(f"{ROOT}day=2026-11-{day}/data/{number}.parquet", b"rows", FRESH)
    found, _, _ = look(objects, partitions=STATED["partitions"])
    assert found["partitions"].status is Status.UNKNOWN


@pytest.mark.parametrize("name", ["0{}.parquet", "day=2026-11-19/0{}.parquet"])
def test_a_listing_that_the_budget_ends_hides_no_log(old_delta: Delta, name: str) -> None:
    objects = ObjectsInMemory(dict(old_delta.objects.objects), dict(old_delta.objects.modified), page_size=2)
    for number in range(9):
        objects.put(f"{ROOT}{name.format(number)}", b"rows", FRESH)
    statuses = []
    for most in range(1, 13):
        plan = plan_by_config(prefix(LOCATION), **AGE)
        plan = replace(plan, entry=plan.entry.model_copy(update={"max_requests": most}))
        seen = observe_table(plan, Clock(now=NOW), LakeReader(Metered(objects), _NoGlue()))
        statuses.append(judged(plan, seen, NOW)["freshness"].status)
    assert Status.PASS not in statuses
    assert statuses[-1] is Status.FAIL
