"""Names that engines hide, and folders of partition keys that only look like them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from checks.layout.data_files import is_data, is_hidden, own_keys
from checks.model import Status
from tests.support.lakes import MemoryLake, hive_location, prefix
from tests.support.rule_checks import NOW, find, plan_of
from tests.support.times import DAY

if TYPE_CHECKING:
    from checks.lake.s3.table_reader import LakeReader
    from checks.rules.base import TablePlan

DAILY: dict[str, Any] = {"every": "1d", "due": "06:00", "lookback": 3}
KEYS = frozenset({"_load_date", "_t"})


@pytest.mark.parametrize(
    ("path", "counts"),
    [
        ("_load_date=2026-11-22/a", True),
        ("_LOAD_DATE=2026-11-22/a", True),
        ("%5Fload_date=1/a", True),  # no underscore is there to be hidden by
        ("dt=1/_t=2/a", True),
        ("_t=1/_load_date=2/a", True),
        ("_other=1/a", False),
        ("_load_date/a", False),
        ("_load_date=1", False),
        ("_load_date=1/_SUCCESS", False),
        ("_load_date=1/_temporary/0/a", False),
        ("_load_date=1/.hidden/a", False),
        ("._t=1/a", False),
    ],
)
def test_only_folders_of_the_keys_are_not_hidden(path: str, counts: bool) -> None:  # noqa: FBT001 - a table of cases
    assert is_data(path, keys=KEYS) is counts


def test_below_a_bare_prefix_any_key_may_be_one() -> None:
    assert is_data("_whatever=1/a", keys=None)
    assert not is_data("_whatever/a", keys=None)
    assert not is_data("_whatever=1", keys=None)
    assert not is_hidden("_x=", None)
    assert is_hidden(".x=1", None)


@pytest.mark.parametrize(
    ("place", "counts"), [("", False), ("_archive/dt=1/", True), ("_archive/", True), ("dt=1/", False)]
)
def test_the_name_of_the_place_that_is_read_hides_nothing(place: str, counts: bool) -> None:  # noqa: FBT001 - a table of cases
    assert is_data("_archive/dt=1/a", place=place) is counts
    assert not is_data("_archive/dt=1/_tmp/a", place=place)


def test_a_table_without_such_keys_hides_them_as_before() -> None:
    lake = MemoryLake()
    assert own_keys(lake.table("a.b", dt="string")) == frozenset({"dt"})
    assert own_keys(prefix("s3://lake/x/")) is None


@pytest.fixture(params=[1, 3, 1000])
def lake(request: pytest.FixtureRequest) -> MemoryLake:
    return MemoryLake(page_size=request.param)


def loaded(lake: MemoryLake, key: str) -> Any:
    keys: dict[str, Any] = {key: "string"}
    table = lake.table("sales.orders", **keys)
    for day in ("2026-11-19", "2026-11-20", "2026-11-21", "2026-11-22"):
        place = hive_location(table, [day])
        lake.put(f"{place}a.parquet", NOW - DAY / 2)
        lake.put(f"{place}_SUCCESS", NOW - DAY / 2, 0)
        lake.register(table, [day])
    return table


@pytest.mark.parametrize("key", ["_load_date", "_dt", "__day", "load_date"])
def test_partitions_of_such_a_key_are_there_and_match(lake: MemoryLake, key: str) -> None:
    table = loaded(lake, key)
    plan = plan_of(table, partitions=DAILY, catalog="on", freshness={"max_age": "24h"})
    for check in ("partitions", "catalog", "freshness"):
        finding = find(lake, plan, check)
        assert finding.status is Status.PASS, finding.because
        assert not [item.remedy for item in finding.items if item.remedy]


def test_what_is_empty_of_such_a_key_is_told_as_ever(lake: MemoryLake) -> None:
    table = lake.table("sales.orders", _dt="string")
    for day in ("2026-11-20", "2026-11-21", "2026-11-22"):
        lake.register(table, [day])
        lake.put(f"{hive_location(table, [day])}{'_temporary/' if day.endswith('22') else ''}a", NOW - DAY)
    finding = find(lake, plan_of(table, partitions=DAILY, catalog="on"), "catalog")
    assert [item.period for item in finding.items if item.state.is_bad] == ["2026-11-22"]


def test_without_time_the_whole_location_is_read(lake: MemoryLake) -> None:
    table = lake.table("sales.orders", _tenant="string")
    lake.put("s3://lake/sales/orders/_tenant=a/x.parquet", NOW - DAY / 8)
    lake.register(table, ["a"])
    assert find(lake, plan_of(table, freshness={"max_age": "24h"}), "freshness").status is Status.PASS


def test_the_path_below_a_bare_prefix_may_begin_so(lake: MemoryLake) -> None:
    loaded(lake, "_load_date")
    table = prefix("s3://lake/sales/orders/")
    for config in (DAILY, {**DAILY, "format": "_load_date=%Y-%m-%d/"}):
        finding = find(lake, plan_of(table, partitions=config), "partitions")
        assert finding.status is Status.PASS, finding.because
    assert find(lake, plan_of(table, freshness={"max_age": "24h"}), "freshness").status is Status.PASS


def test_a_partition_that_is_registered_in_a_hidden_folder_is_read(lake: MemoryLake) -> None:
    table = lake.table("sales.orders", dt="string")
    for day in ("2026-11-20", "2026-11-21", "2026-11-22"):
        place = f"{table.location}_archive/{day}/"
        lake.put(f"{place}a.parquet", NOW - DAY)
        lake.register(table, [day], place)
    plan = plan_of(table, partitions=DAILY, catalog="on")
    for check in ("partitions", "catalog"):
        finding = find(lake, plan, check)
        assert finding.status is Status.PASS, finding.because


def test_files_are_named_and_footers_sought_there_too(lake: MemoryLake) -> None:
    table = loaded(lake, "_load_date")
    finding = find(lake, plan_of(table, partitions=DAILY, files="on"), "files")
    assert finding.status is Status.PASS, finding.because


def test_a_reader_with_helpers_sees_the_same(lake: MemoryLake) -> None:
    from dataclasses import replace

    from checks.lake.s3.split import Helpers
    from checks.rules.asking import Clock

    table = loaded(lake, "_load_date")
    plan: TablePlan = plan_of(table, freshness={"max_age": "24h"})
    reader: LakeReader = lake.reader(plan)
    alone = reader.place(plan, Clock(now=NOW), table.location)
    together = replace(reader, helpers=Helpers(2)).place(plan, Clock(now=NOW), table.location)
    assert alone.objects == together.objects == 4
