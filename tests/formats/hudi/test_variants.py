"""Hudi tables that are written in less usual ways, and yet rightly: what their timelines tell of their periods."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from checks.lake.formats import hudi
from checks.model import Column, Format, ItemState, TableMemory
from checks.rules.asking import Clock
from tests.support.hudi_tables import HudiTable, hudi_commit
from tests.support.partitioned import (
    A_GAP,
    EIGHT,
    NINE,
    PRESENT,
    TEN,
    filled,
    partitions_rule,
    plan_with,
)
from tests.support.tables_by_engines import (
    NOW,
    ROOT,
    observe,
)
from tests.support.times import DAY, HOUR, at

if TYPE_CHECKING:
    from checks.rules.base import TablePlan


def test_a_day_that_was_written_ahead_by_a_commit_that_is_archived_is_found_by_its_path() -> None:
    table = HudiTable()
    table.instant(at("11-20 08:00"), "commit", hudi_commit(partition="day=2026-11-19"))
    table.objects.put(f"{ROOT}.hoodie/archived/.commits_.archive.1_1-0-1", b"...")
    table.objects.put(f"{ROOT}day=2026-11-21/f-0_0-1-2_20261101.parquet", b"rows")
    plan = plan_with(Format.HUDI)
    assert filled(plan, observe(hudi.READER, plan, table.objects)) == A_GAP


@pytest.mark.parametrize(
    ("path", "properties"),
    [
        ("eventDay={}", {"hive_style_partitioning": "true"}),
        ("eventDay={}", {"hive_style_partitioning": "true", "partitionpath.urlencode": "true"}),
        ("{}", {"hive_style_partitioning": "false", "partitionpath.urlencode": "true"}),
        ("eventDay={}", {"hive_style_partitioning": "true", "partitionpath.urlencode": "false"}),
    ],
)
@pytest.mark.parametrize("day", ["2026-11-{}", "2026/11/{}"])
def test_paths_before_the_timeline_are_written_as_the_table_writes_them(
    path: str, day: str, properties: dict[str, str]
) -> None:
    more = {f"hoodie.datasource.write.{name}": value for name, value in properties.items()}
    table = HudiTable(more={**more, "hoodie.table.partition.fields": "eventDay:SIMPLE"})
    sign = "%2F" if properties.get("partitionpath.urlencode") == "true" else "/"
    paths = {number: path.format(day.format(number).replace("/", sign)) for number in (19, 21)}
    table.instant(NINE, "commit", hudi_commit(partition=paths[21]))
    table.objects.put(f"{ROOT}.hoodie/archived/.commits_.archive.1_1-0-1", b"...")
    table.objects.put(f"{ROOT}{paths[19]}/f-0_0-1-2_20261119.parquet", b"rows")
    plan = plan_with(Format.HUDI)
    assert filled(plan, observe(hudi.READER, plan, table.objects)) == A_GAP


def regions(plan: TablePlan, table: HudiTable) -> dict[str, str]:
    """Return the states of each day and region, written shortly: ``{"20": "eu present, us missing"}``."""
    keys = (Column("region", "string"), Column("day", "string"))
    plan = replace(plan, table=replace(plan.table, partition_keys=keys))
    row = plan.rules[0].measure(observe(hudi.READER, plan, table.objects), Clock(now=NOW), TableMemory())
    assert row.unknown is None, row.unknown
    found: dict[str, str] = {}
    for item in row.items:
        state = PRESENT if item.state is ItemState.LATE else item.state
        told = f"{item.dimensions[0][1]} {state.value}"
        found[item.period[-2:]] = ", ".join(filter(None, (found.get(item.period[-2:]), told)))
    return found


def load_regions(table: HudiTable, **loads: str) -> HudiTable:
    """Load the next morning what is told of each day: ``d20="eu us"``."""
    for name, loaded in loads.items():
        day = f"2026-11-{name[1:]}"
        for hour, region in enumerate(loaded.split()):
            moment = at(f"{day[5:]} 00:00") + DAY + hour * HOUR
            table.instant(moment, "commit", hudi_commit(partition=f"region={region}/day={day}"))
    return table


def test_each_value_of_a_key_is_looked_for_in_all_commits_since_the_first_day() -> None:
    by_region = {"hoodie.table.partition.fields": "region,day"}
    stated = plan_with(Format.HUDI, partitions_rule(each={"region": ["eu", "us"]}))
    seen = plan_with(Format.HUDI, partitions_rule(each="region"))
    table = load_regions(
        HudiTable(more=by_region), d17="us eu", d18="us eu", d19="us eu", d20="us eu", d21="eu"
    )
    days = {"21": "eu present, us missing", "20": "eu present, us present", "19": "eu present, us present"}
    assert regions(stated, table) == regions(seen, table) == days
    assert table.objects.counts == (1, 9)  # the properties, and commits up to one from before the 19th
    table = load_regions(HudiTable(more=by_region), d19="ap us", d20="us", d21="us")
    assert regions(seen, table)["21"] == "ap missing, us present"


def test_what_began_before_the_timeline_is_unknown_and_what_began_since_is_missing() -> None:
    by_region = {"hoodie.table.partition.fields": "region,day"}
    plan = plan_with(Format.HUDI, partitions_rule(each={"region": ["eu", "us"]}, lookback=4))
    table = load_regions(HudiTable(more=by_region), d18="eu", d19="eu us", d20="us", d21="eu")
    table.objects.put(f"{ROOT}.hoodie/archived/.commits_.archive.1_1-0-1", b"...")
    assert regions(plan, table) == {
        "21": "eu present, us missing",
        "20": "eu missing, us present",
        "19": "eu present, us present",
        "18": "eu present, us unknown",
    }
    table.instant(NOW - HOUR, "savepoint")
    assert regions(plan, table)["21"] == "eu present, us unknown"


def test_what_only_a_plan_calls_clustering_did_not_come_then() -> None:
    table = HudiTable()
    for moment, day in ((EIGHT, "2026-11-19"), (NINE, "2026-11-21")):
        table.instant(moment, "commit", hudi_commit(partition=f"day={day}"))
    table.instant(TEN, "replacecommit", hudi_commit(None, replaced=("day=2026-11-21",)))
    plan = json.dumps({"operationType": "CLUSTER"}).encode()
    table.objects.put(f"{table.folder}20261121100000000.replacecommit.requested", plan, TEN)
    seen = observe(hudi.READER, plan_with(Format.HUDI), table.objects)
    newest = next(each for each in seen.partitions if each.period.label == "2026-11-21")
    assert newest.listing is not None
    assert newest.listing.newest_at == NINE


def test_the_catalog_tells_the_partition_fields_of_an_old_table() -> None:
    table = HudiTable()
    properties = f"{ROOT}.hoodie/hoodie.properties"
    kept = [
        line for line in table.objects.objects[properties].splitlines() if b"partition.fields" not in line
    ]
    table.objects.put(properties, b"\n".join(kept))
    for moment, day in ((EIGHT - DAY, "2026/11/18"), (EIGHT, "2026/11/19"), (NINE, "2026/11/21")):
        table.instant(moment, "commit", hudi_commit(partition=day))
    plan = plan_with(Format.HUDI)
    keys = tuple(Column(name, "string") for name in ("year", "month", "day"))
    plan = replace(plan, table=replace(plan.table, partition_keys=keys))
    assert filled(plan, observe(hudi.READER, plan, table.objects)) == A_GAP
