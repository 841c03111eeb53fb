"""Data that is not registered is sought where registered partitions lie, also within periods that hold some."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from checks.lake.plain.siblings import Way, ways_of
from checks.layout import StatedLayout, TimeLayout, infer_layout
from checks.model import Finding, ItemState, PartitionSeen, Status
from checks.schedule.periods import DAILY, period_of
from tests.support.lakes import MemoryLake, hive_location
from tests.support.rule_checks import NOW, find, plan_of
from tests.support.times import DAY, UTC_ZONE, wall

if TYPE_CHECKING:
    from collections.abc import Sequence

    from checks.model import Table

BLOCK: dict[str, Any] = {"every": "1d", "due": "06:00", "lookback": 5}
DAYS = [date(2026, 11, 22) - number * timedelta(days=1) for number in range(8)][::-1]


def remedies(finding: Finding) -> list[str]:
    return [item.remedy for item in finding.items if item.remedy]


def put(lake: MemoryLake, place: str) -> str:
    lake.put(f"{place}a.json", NOW - DAY)
    return place


@pytest.mark.parametrize(
    "folders",
    [
        "%Y/%m/%d",
        "%Y/%-m/%-d",
        "%Y%m%d",
        "day-%Y-%m-%d",
        "DT=%Y-%m-%d",
        "archive/Dt=%Y-%m-%d",
        "day=%Y-%m-%d",
        "%Y-%m-%d",
        "year=%Y/month=%m/day=%d",
    ],
)
@pytest.mark.parametrize("root", ["s3://lake/sales/orders/", "s3://other/landing/"])
def test_days_whose_registration_died_are_found_beside_their_siblings(folders: str, root: str) -> None:
    lake = MemoryLake()
    lake.bucket("other")
    table = lake.table("sales.orders", dt="string")
    for day in DAYS:
        text = day.strftime(folders)
        place = put(lake, f"{root}{text}/")
        if day.day < 21:
            lake.register(table, [str(day)], place)
    plan = plan_of(table, partitions=BLOCK, catalog="on")
    if folders in ("day-%Y-%m-%d", "year=%Y/month=%m/day=%d"):  # no way that is known
        assert find(lake, plan, "catalog").status is Status.UNKNOWN
        return
    finding = find(lake, plan, "partitions")
    assert [item.state for item in finding.items if item.state.is_bad] == [ItemState.UNREGISTERED] * 2
    assert "not registered" in finding.because
    where = f"{root}{DAYS[-1].strftime(folders)}/"
    expected = f"ALTER TABLE sales.orders ADD IF NOT EXISTS PARTITION (dt = '2026-11-22') LOCATION '{where}'"
    assert expected in remedies(finding)
    assert expected in remedies(find(lake, plan, "catalog"))


def test_days_that_lie_nowhere_are_missing_still_and_match() -> None:
    lake = MemoryLake()
    table = lake.table("sales.orders", dt="string")
    for day in DAYS[:-2]:
        lake.register(table, [str(day)], put(lake, f"s3://lake/sales/orders/{day:%Y/%m/%d}/"))
    plan = plan_of(table, partitions=BLOCK, catalog="on")
    assert find(lake, plan, "partitions").because.startswith(
        "2 of 5 due days without usable data: 2026-11-21 to"
    )
    catalog = find(lake, plan, "catalog")
    assert (catalog.status, catalog.because) == (
        Status.PASS,
        "catalog and storage match in 5 due days; 2 of them were found in neither",
    )


def test_one_partition_that_was_moved_shows_no_way() -> None:
    lake = MemoryLake()
    table = lake.table("sales.orders", dt="string")
    for day in DAYS[:-1]:
        place = f"s3://lake/old/{day}/" if day.day == 20 else hive_location(table, [str(day)])
        lake.register(table, [str(day)], put(lake, place))
    before = lake.counts["s3:ListObjectsV2"]
    find(lake, plan_of(table, partitions=BLOCK), "partitions")
    assert lake.counts["s3:ListObjectsV2"] - before == 5, "the missing day only by its name"


def test_places_without_a_way_are_not_known() -> None:
    lake = MemoryLake()
    table = lake.table("sales.orders", dt="string")
    for number, day in enumerate(DAYS[:-1]):
        lake.register(table, [str(day)], put(lake, f"s3://lake/sales/orders/run-{number * 7}/"))
    plan = plan_of(table, partitions=BLOCK, catalog="on")
    assert find(lake, plan, "partitions").status is Status.FAIL
    finding = find(lake, plan, "catalog")
    assert (finding.status, "where its data would lie is not known" in finding.because) == (
        Status.UNKNOWN,
        True,
    )


def hours(lake: MemoryLake, keys: dict[str, Any], folder: str) -> Table:
    table = lake.table("web.hits", **keys)
    for day in DAYS:
        for hour in range(24):
            place = put(lake, f"s3://lake/web/hits/{folder.format(day=day, hour=hour)}/")
            if day.day < 22 or hour < 12:
                values = [str(day), f"{hour:02d}"] if len(keys) == 2 else [f"{day}-{hour:02d}"]
                lake.register(table, values, place)
    return table


@pytest.mark.parametrize(
    ("keys", "folder"),
    [
        ({"dt": "string", "hour": "string"}, "dt={day}/hour={hour:02d}"),
        ({"dt": "string", "hour": "string"}, "{day}/{hour:02d}"),
        ({"dt": "string", "hour": "string"}, "{day:%Y/%m/%d}/{hour:02d}"),
        ({"dt": "string"}, "dt={day}-{hour:02d}"),
        ({"dt": "string"}, "{day:%Y/%m/%d}/{hour:02d}"),
    ],
)
def test_hours_that_are_not_registered_are_told_with_one_statement(keys: dict[str, Any], folder: str) -> None:
    lake = MemoryLake()
    table = hours(lake, keys, folder)
    finding = find(lake, plan_of(table, partitions=BLOCK, catalog="on"), "catalog")
    assert finding.status is Status.FAIL
    (statement,) = remedies(finding)
    assert statement.count(" LOCATION ") == 12
    for hour in range(12, 24):
        assert f"LOCATION 's3://lake/web/hits/{folder.format(day=DAYS[-1], hour=hour)}/'" in statement


def test_days_whose_hours_are_all_registered_cost_nothing_more() -> None:
    lake = MemoryLake()
    table = lake.table("web.hits", dt="string", hour="string")
    for day in DAYS:
        for hour in range(24):
            values = [str(day), f"{hour:02d}"]
            lake.register(table, values, put(lake, hive_location(table, values)))
    find(lake, plan_of(table, partitions=BLOCK), "partitions")
    alone = lake.counts["s3:ListObjectsV2"]
    assert find(lake, plan_of(table, partitions=BLOCK, catalog="on"), "catalog").status is Status.PASS
    assert lake.counts["s3:ListObjectsV2"] == 2 * alone


@pytest.mark.parametrize(
    "names", [("dt", "region"), ("region", "dt"), ("dt", "region", "hour"), ("dt", "hour", "region")]
)
def test_values_that_are_registered_on_other_days_only_are_found(names: Sequence[str]) -> None:
    lake = MemoryLake()
    keys: dict[str, Any] = dict.fromkeys(names, "string")
    table = lake.table("web.hits", **keys)
    for day in DAYS[-4:]:
        for region in ("eu", "us"):
            row = {"dt": str(day), "region": region, "hour": "05"}
            values = [row[name] for name in names]
            place = put(lake, hive_location(table, values))
            if not (day.day == 22 and region == "us"):
                lake.register(table, values, place)
    finding = find(lake, plan_of(table, partitions=BLOCK, catalog="on"), "catalog")
    assert (
        finding.because == "1 partition not registered in Glue though data lies in S3 (region=us: 2026-11-22)"
    )
    if names != ("dt", "region", "hour"):
        (statement,) = remedies(finding)
        assert "us" in statement


def test_what_is_hidden_or_of_another_key_is_no_partition() -> None:
    lake = MemoryLake()
    table = lake.table("web.hits", dt="string", region="string")
    for day in DAYS[-5:]:
        lake.register(table, [str(day), "eu"], put(lake, hive_location(table, [str(day), "eu"])))
        for name in ("_temporary", ".staging", "other=1", "plain"):
            put(lake, f"s3://lake/web/hits/dt={day}/{name}/")
    assert find(lake, plan_of(table, partitions=BLOCK, catalog="on"), "catalog").status is Status.PASS


def layout_of(*names: str) -> TimeLayout:
    from checks.model import Column

    formats = {"dt": "%Y-%m-%d", "hour": "%H"}
    timed = tuple(name for name in names if name in formats)
    columns = tuple(Column(name, "string") for name in names)
    found = infer_layout(columns, (), UTC_ZONE, StatedLayout(timed, tuple(formats[name] for name in timed)))
    assert isinstance(found, TimeLayout)
    return found


def test_the_way_that_most_siblings_share_is_the_first() -> None:
    lake = MemoryLake()
    table = lake.table("a.b", dt="string")
    seen = []
    for day in DAYS:
        period = period_of(wall(str(day)), DAILY, UTC_ZONE)
        assert period is not None
        place = f"s3://x/{day:%Y/%m/%d}/" if day.day != 20 else hive_location(table, [str(day)])
        seen.append(PartitionSeen(period=period, values=(str(day),), location=place, registered=True))
    assert ways_of(table, layout_of("dt"), seen) == [Way("s3://x/${}/", "%Y/%m/%d"), None]
    assert ways_of(table, layout_of("dt"), seen[:1]) == [Way("s3://x/${}/", "%Y/%m/%d")]
    assert ways_of(table, layout_of("dt"), []) == [None]


def test_what_is_looked_into_for_that_is_planned() -> None:
    from checks.lake.estimate import estimate
    from checks.rules.asking import Clock

    lake = MemoryLake()
    table = lake.table("web.hits", dt="date", region="string")
    for day in DAYS:
        lake.register(table, [str(day), "eu"], put(lake, hive_location(table, [str(day), "eu"])))
    cases: tuple[tuple[dict[str, Any], int], ...] = (({}, 0), ({"catalog": "on"}, 5))
    for more, extra in cases:
        plan = plan_of(table, partitions={**BLOCK, "key": "dt", "format": "%Y-%m-%d"}, **more)
        before = lake.counts["s3:ListObjectsV2"]
        find(lake, plan, "partitions")
        assert lake.counts["s3:ListObjectsV2"] - before == 1 + extra
        assert estimate(plan, Clock(now=NOW)).requests["s3:ListObjectsV2"] == 1 + extra


@pytest.mark.parametrize(
    "folder", ["{region}/{day:%Y/%m/%d}", "{region}/dt={day}", "by-region/region={region}/{day:%Y%m%d}"]
)
def test_values_whose_folders_stand_in_another_order_are_found(folder: str) -> None:
    lake = MemoryLake()
    table = lake.table("web.hits", dt="string", region="string")
    for day in DAYS:
        for region in ("eu", "us"):
            place = put(lake, f"s3://lake/raw/{folder.format(day=day, region=region)}/")
            if not (day.day == 22 and region == "us"):
                lake.register(table, [str(day), region], place)
    finding = find(lake, plan_of(table, partitions=BLOCK, catalog="on"), "catalog")
    assert (
        finding.because == "1 partition not registered in Glue though data lies in S3 (region=us: 2026-11-22)"
    )
    (statement,) = remedies(finding)
    assert statement.endswith(f"LOCATION 's3://lake/raw/{folder.format(day=DAYS[-1], region='us')}/'")


def by_region(lake: MemoryLake, *regions: str, way: str = "region={}/dt={}/") -> Table:
    """Return a table whose days are registered for these regions, which stand before the time."""
    table = lake.table("sales.orders", region="string", dt="string")
    for region in regions:
        for day in DAYS:
            place = put(lake, f"s3://lake/sales/orders/{way.format(region, day)}")
            lake.register(table, [region, str(day)], place)
    return table


def unregistered(finding: Finding) -> list[tuple[str, str]]:
    return [
        (item.period, dict(item.dimensions)["region"])
        for item in finding.items
        if item.state is ItemState.UNREGISTERED
    ]


@pytest.mark.parametrize("way", ["region={}/dt={}/", "REGION={}/DT={}/", "{}/{}/"])
def test_a_value_that_was_never_registered_is_found_before_the_time_too(way: str) -> None:
    lake = MemoryLake()
    table = by_region(lake, "eu", "us", way=way)
    plan = plan_of(table, partitions=BLOCK, catalog="on")
    assert find(lake, plan, "catalog").status is Status.PASS
    for day in DAYS[-2:]:
        put(lake, f"s3://lake/sales/orders/{way.format('new', day)}")
    finding = find(lake, plan, "catalog")
    assert finding.status is Status.FAIL
    assert unregistered(finding) == [("2026-11-21", "new"), ("2026-11-22", "new")] or unregistered(
        finding
    ) == [
        ("2026-11-22", "new"),
        ("2026-11-21", "new"),
    ]
    where = f"s3://lake/sales/orders/{way.format('new', DAYS[-1])}"
    added = f"ADD IF NOT EXISTS PARTITION (region = 'new', dt = '2026-11-22') LOCATION '{where}'"
    assert any(added in each for each in remedies(finding))


def test_a_value_that_was_retired_is_none_that_was_never_registered() -> None:
    lake = MemoryLake()
    table = by_region(lake, "eu")
    plan = plan_of(table, partitions=BLOCK, catalog="on")
    find(lake, plan, "catalog")
    before = lake.counts["s3:ListObjectsV2"]
    find(lake, plan, "catalog")
    usual = lake.counts["s3:ListObjectsV2"] - before
    for day in ("2026-10-01", "2026-11-17"):  # the lookback begins on the 18th
        put(lake, f"s3://lake/sales/orders/region=old/dt={day}/")
    put(lake, "s3://lake/sales/orders/_tmp/dt=2026-11-22/")
    before = lake.counts["s3:ListObjectsV2"]
    assert find(lake, plan, "catalog").status is Status.PASS
    assert lake.counts["s3:ListObjectsV2"] - before == usual + 1


@pytest.mark.parametrize(("number", "status"), [(50, Status.PASS), (51, Status.UNKNOWN)])
def test_more_values_than_are_looked_into_are_unknown(number: int, status: Status) -> None:
    lake = MemoryLake()
    table = by_region(lake, "eu")
    for retired in range(number):
        put(lake, f"s3://lake/sales/orders/region=r{retired:02}/dt=2026-10-01/")
    finding = find(lake, plan_of(table, partitions=BLOCK, catalog="on"), "catalog")
    assert finding.status is status
    assert ("51 folders such as" in finding.because) is (status is Status.UNKNOWN)
