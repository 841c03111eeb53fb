"""How places grew: what came when, by the minute, of listings and of the logs of tables."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from checks.aws.pages import Key, Keys
from checks.lake.formats import delta, hudi, iceberg
from checks.lake.s3 import growth
from checks.lake.s3.growth import Growing
from checks.lake.s3.tally import tally_of
from checks.model import Column, Format, Growth
from checks.rules.asking import Clock, Detail
from checks.rules.proposing import Extent
from checks.rules.volume import VolumeConfig
from tests.support.hudi_tables import HudiTable
from tests.support.rule_checks import plan_of as plan_by_config
from tests.support.tables_by_engines import (
    NOW,
    ROOT,
    ObjectsInMemory,
    delta_add,
    delta_commit,
    delta_remove,
    iceberg_metadata,
    observe,
    plan_of,
    put_metadata,
    snapshot,
)
from tests.support.times import DAY, HOUR, at

if TYPE_CHECKING:
    from datetime import datetime

    import pytest

    from checks.lake.s3.tally import Tally
    from checks.model import Observation

EIGHT = at("2026-11-20 08:00")


def seconds(when: datetime) -> int:
    return int(when.timestamp())


def tally(**detail: Any) -> Tally:
    return tally_of("s3://lake/a/", None, Clock(now=NOW), Format.FILES, Detail(**detail))


def test_what_came_in_a_minute_is_there_at_its_end() -> None:
    found = tally(growth=True)
    times = (EIGHT - HOUR / 60, EIGHT - HOUR / 3600, EIGHT, EIGHT + HOUR / 3600)
    found.add_all(Keys.of(Key(f"a/{number}", 10, when) for number, when in enumerate(times)))
    assert found.listing("lake", complete=True).growth == (
        Growth(seconds(EIGHT) - 60, 10, 1),
        Growth(seconds(EIGHT), 20, 2),
        Growth(seconds(EIGHT) + 60, 10, 1),
    )


def test_nothing_is_noted_where_nobody_asks() -> None:
    found = tally()
    found.add_all(Keys.of([Key("a/1", 10, EIGHT)]))
    assert found.listing("lake", complete=True).growth == ()


def test_what_a_compaction_wrote_and_what_holds_nothing() -> None:
    found = tally(growth=True)
    names = ("a/base_0000005_v0000009/bucket_0", "a/delta_0000001_0000001/bucket_0", "a/_SUCCESS")
    found.add_all(Keys.of([*(Key(each, 10, EIGHT) for each in names), Key("a/empty", 0, EIGHT)]))
    assert {each.is_dated for each in found.listing("lake", complete=True).growth} == {True, False}
    assert sum(each.files for each in found.listing("lake", complete=True).growth) == 2


def test_parts_of_a_place_are_brought_together() -> None:
    one, other = tally(growth=True), tally(growth=True)
    one.add_all(Keys.of([Key("a/1", 10, EIGHT)]))
    other.add_all(Keys.of([Key("a/2", 5, EIGHT), Key("a/3", 5, EIGHT + HOUR)]))
    one.merge(other)
    assert one.listing("lake", complete=True).growth == (
        Growth(seconds(EIGHT), 15, 2),
        Growth(seconds(EIGHT + HOUR), 5, 1),
    )


def test_of_many_minutes_the_oldest_keep_only_what_they_come_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(growth, "MOST_MINUTES", 3)
    found = Growing()
    for minute in range(7):
        found.add(minute * 60, 10, 1, 2)
    steps = found.steps()
    assert (sum(each.size_bytes for each in steps), sum(each.rows or 0 for each in steps)) == (70, 14)
    assert [each for each in steps if not each.is_dated] == [Growth(180, 40, 4, 8, is_dated=False)]


def looked(reader: Any, table_format: Format, objects: ObjectsInMemory, **blocks: Any) -> Observation:
    """Look at a table as a replay of its sizes does."""
    parameters = blocks.pop("parameters", None)
    table = plan_of(table_format, parameters=parameters).table
    keyed = replace(table, partition_keys=(Column("day", "string"),))
    plan = plan_by_config(keyed, volume={"min_rows": 1}, **blocks)
    how = VolumeConfig.retelling
    assert how is not None
    far = (
        each if each.check != "volume" else how.looking_back(each, Extent(back=90 * DAY))
        for each in plan.rules
    )
    plan = replace(plan, rules=tuple(each for each in far if not isinstance(each, str)))
    return observe(reader, plan, objects, NOW)


PERIODS = {"partitions": {"every": "1d", "key": "day", "format": "%Y-%m-%d", "lookback": 3}}


def grown(seen: Observation, label: str) -> tuple[Growth, ...]:
    (found,) = (
        each.listing for each in seen.partitions if each.period.label == label and each.listing is not None
    )
    return found.growth


def test_delta_dates_what_commits_add_and_not_what_they_write_anew() -> None:
    objects = ObjectsInMemory()
    commits = [
        delta_commit(delta_add("a", day="2026-11-20"), at=EIGHT),
        delta_commit(delta_add("b", day="2026-11-20"), delta_add("c", day="2026-11-19"), at=EIGHT + HOUR),
        delta_commit(delta_remove("c"), delta_add("d", day="2026-11-19"), at=EIGHT + 2 * HOUR),
        delta_commit(
            delta_remove("b", data_change=False),
            delta_add("e", data_change=False, day="2026-11-20"),
            at=EIGHT + 3 * HOUR,
            operation="OPTIMIZE",
        ),
    ]
    for version, data in enumerate(commits):
        objects.put(f"{ROOT}_delta_log/{version:020d}.json", data, EIGHT + version * HOUR)
    seen = looked(delta.READER, Format.DELTA, objects, **PERIODS)
    assert [(each.at, each.is_dated) for each in grown(seen, "2026-11-20")] == [
        (seconds(EIGHT), True),
        (seconds(EIGHT + 3 * HOUR), False),
    ]
    assert [each.is_dated for each in grown(seen, "2026-11-19")] == [False]
    whole = looked(delta.READER, Format.DELTA, objects).whole
    assert whole is not None
    assert whole.listing is not None
    assert [each.is_dated for each in whole.listing.growth] == [True, False, False]


def test_hudi_dates_what_begins_a_file_group() -> None:
    log = HudiTable()
    for number, before in enumerate(("null", "20261120080000000")):
        stat = {"fileId": f"f-{number}", "path": f"day=2026-11-20/f-{number}.parquet", "prevCommit": before}
        counts = {"numWrites": 3, "numInserts": 3, "fileSizeInBytes": 100}
        document = {"partitionToWriteStats": {"day=2026-11-20": [stat | counts]}, "operationType": "UPSERT"}
        log.instant(EIGHT + number * HOUR, "commit", json.dumps(document).encode())
    assert grown(looked(hudi.READER, Format.HUDI, log.objects, **PERIODS), "2026-11-20") == (
        Growth(seconds(EIGHT), 100, 1, 3),
        Growth(seconds(EIGHT + HOUR), 100, 1, 3, is_dated=False),
    )


def test_iceberg_summaries_are_steps_and_end_where_one_is_not_summed_up() -> None:
    def entry(number: int, **counts: int) -> dict[str, Any]:
        return snapshot(
            number, EIGHT + number * HOUR, "overwrite", number - 1 or None, added_records=1, **counts
        )

    def sums(size: int, files: int, count: int) -> dict[str, int]:
        return {
            "total_files_size": size,
            "total_data_files": files,
            "total_records": count,
            "total_delete_files": 0,
        }

    objects, parameters = put_metadata(
        iceberg_metadata(
            entry(1), entry(2, **sums(100, 4, 40)), entry(3, **sums(70, 5, 50)), entry(4, **sums(70, 5, 50))
        )
    )
    whole = looked(iceberg.READER, Format.ICEBERG, objects, parameters=parameters).whole
    assert whole is not None
    assert whole.listing is not None
    assert whole.listing.growth == (
        Growth(seconds(EIGHT + 2 * HOUR), 100, 4, 40),
        Growth(seconds(EIGHT + 3 * HOUR), -30, 1, 10),
        Growth(seconds(EIGHT + 4 * HOUR), 0, 0, 0),
    )
