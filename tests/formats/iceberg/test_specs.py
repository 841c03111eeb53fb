"""Which periods hold rows where a table's partition spec changed: a field is its column and its transform, no name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from pyiceberg.partitioning import UNPARTITIONED_PARTITION_SPEC, PartitionField, PartitionSpec
from pyiceberg.transforms import (
    BucketTransform,
    DayTransform,
    HourTransform,
    IdentityTransform,
    MonthTransform,
    YearTransform,
)
from pyiceberg.types import DateType, NestedField, StringType, TimestampType

from checks.lake.formats import iceberg
from checks.lake.formats.iceberg.specs import _lies_within
from checks.model import Format, Severity, Status, TableMemory
from checks.rules.asking import (
    Clock,
)
from checks.schedule.periods import parse_every
from tests.support.partitioned import (
    MISSING,
    PRESENT,
    append_files,
    days_since_1970,
    filled,
    objects_of,
    partitions_rule,
    plan_with,
    spec,
)
from tests.support.rule_checks import judged
from tests.support.rule_checks import plan_of as plan_by_config
from tests.support.tables_by_engines import (
    NOW,
    ObjectsInMemory,
    edit_json,
    freshness,
    iceberg_catalog,
    iceberg_schema,
    observe,
    plan_of,
)
from tests.support.times import DAY, HOUR, at

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from checks.model import Finding, ItemState

SCHEMA = iceberg_schema(
    NestedField(3, "ts", TimestampType()),
    NestedField(4, "date", DateType()),
    NestedField(5, "region", StringType()),
)
D18, D19, D20, D21 = (days_since_1970(f"2026-11-{day}") for day in (18, 19, 20, 21))
TRANSFORMS: dict[str, Any] = {
    "year": YearTransform(), "month": MonthTransform(), "day": DayTransform(), "hour": HourTransform(),
    "identity": IdentityTransform(),
}  # fmt: skip


def created(tmp_path: Path, transform: str = "day", source: int = 3, name: str = "ts_part") -> Any:
    return iceberg_catalog(tmp_path).create(SCHEMA, spec(source, TRANSFORMS[transform], name))


def evolved(table: Any, *fields: tuple[int, int, Any, str]) -> None:
    """Give a table a new spec of these fields, as any engine may: pyiceberg's own builder knows not all changes."""
    evolved_spec = PartitionSpec(
        *(PartitionField(source_id=source, field_id=number, transform=transform, name=name)
          for source, number, transform, name in fields),
        spec_id=table.spec().spec_id + 1,
    )  # fmt: skip
    specs = [*table.metadata.partition_specs, evolved_spec]
    table.metadata = table.metadata.model_copy(
        update={
            "partition_specs": specs,
            "default_spec_id": evolved_spec.spec_id,
            "last_partition_id": max(
                table.metadata.last_partition_id or 0, *(each[1] for each in fields), 999
            ),
        }
    )


def states_of(table: Any, tmp_path: Path, *moments: Any, **config: Any) -> dict[str, ItemState]:
    objects, parameters = objects_of(table, tmp_path, *moments)
    edit_json(objects, parameters["metadata_location"], _as(table))
    plan = plan_with(Format.ICEBERG, partitions_rule(**config), parameters=parameters)
    return filled(plan, observe(iceberg.READER, plan, objects))


ALL = {"2026-11-19": PRESENT, "2026-11-20": PRESENT, "2026-11-21": PRESENT}


def test_a_field_that_was_renamed_tells_what_it_did(tmp_path: Path) -> None:
    table = created(tmp_path)
    append_files(table, (D19,), (D20,))
    with table.update_spec() as update:
        update.rename_field("ts_part", "event_day")
    append_files(table, (D21,))
    for key in ({}, {"key": "ts_part"}, {"key": "event_day"}, {"key": "ts"}):
        assert states_of(table, tmp_path, **key) == ALL


def test_a_column_that_was_renamed_is_found_by_either_name(tmp_path: Path) -> None:
    table = created(tmp_path)
    append_files(table, (D19,), (D20,), (D21,))
    with table.update_schema() as update:
        update.rename_column("ts", "happened_at")
    for key in ("happened_at", "ts", "ts_part"):
        objects, parameters = objects_of(table, tmp_path)
        plan = plan_with(Format.ICEBERG, partitions_rule(key=key), parameters=parameters)
        assert filled(plan, observe(iceberg.READER, plan, objects)) == ALL


VALUES = {
    "day": (D19, D20, D21),
    "hour": (D19 * 24 + 3, D20 * 24 + 23, D21 * 24),
    "identity": tuple(day * 86_400_000_000 + 17 for day in (D19, D20, D21)),
}


@pytest.mark.parametrize("before", ["day", "hour", "identity"])
@pytest.mark.parametrize("after", ["day", "hour", "identity"])
@pytest.mark.parametrize("split", [0, 1, 2, 3])
def test_finer_and_coarser_fields_of_one_column_tell_the_same_days(
    tmp_path: Path, before: str, after: str, split: int
) -> None:
    table = created(tmp_path, before)
    for value in VALUES[before][:split]:
        append_files(table, (value,))
    evolved(table, (3, 1001, TRANSFORMS[after], "ts_other"))
    for value in VALUES[after][split:]:
        append_files(table, (value,))
    assert states_of(table, tmp_path) == ALL


@pytest.mark.parametrize("name", ["region", "market"])
def test_a_dimension_that_was_renamed_is_found_by_either_name(tmp_path: Path, name: str) -> None:
    table = created(tmp_path, "day", name="ts_day")
    evolved(table, (3, 1000, DayTransform(), "ts_day"), (5, 1001, IdentityTransform(), "region"))
    append_files(table, (D19, "eu"), (D20, "eu"), (D19, "us"), (D20, "us"))
    evolved(table, (5, 1001, IdentityTransform(), "market"), (3, 1000, DayTransform(), "ts_day"))
    append_files(table, ("eu", D21))
    objects, parameters = objects_of(table, tmp_path)
    edit_json(objects, parameters["metadata_location"], _as(table))
    finding = find(objects, parameters, each=name)
    bad = [(item.period, item.dimensions) for item in finding.items if item.state.is_bad]
    assert bad == [("2026-11-21", ((name, "us"),))]


def test_a_gap_stays_a_gap_across_a_change(tmp_path: Path) -> None:
    table = created(tmp_path, "day")
    append_files(table, (D19,))
    evolved(table, (3, 1001, HourTransform(), "ts_hour"))
    append_files(table, (D21 * 24 + 5,))
    assert states_of(table, tmp_path) == {**ALL, "2026-11-20": MISSING}


def test_a_coarser_field_tells_no_period_of_its_own_but_all_that_came_after_it_is_known(
    tmp_path: Path,
) -> None:
    table = created(tmp_path, "month")
    append_files(table, (12 * 56 + 10,))
    evolved(table, (3, 1001, DayTransform(), "ts_day"))
    append_files(table, (D20,))
    append_files(table, (D21,))
    objects, parameters = objects_of(table, tmp_path, at("11-18 20:00"), at("11-21 05:00"), at("11-22 05:00"))
    plan = plan_with(Format.ICEBERG, partitions_rule(), parameters=parameters)
    edit_json(objects, parameters["metadata_location"], _as(table))
    seen = observe(iceberg.READER, plan, objects)
    known = {each.period.label: each.problem is None for each in seen.partitions}
    assert known == {"2026-11-21": True, "2026-11-20": True, "2026-11-19": True}
    plan = plan_with(Format.ICEBERG, partitions_rule(lookback=4), parameters=parameters)
    seen = observe(iceberg.READER, plan, objects)
    problems = {each.period.label: each.problem for each in seen.partitions}
    assert problems["2026-11-18"] is not None
    assert problems["2026-11-18"].message == (
        "sales.orders: files that came up to 2026-11-18T20:00:00Z were written by another partition spec, which does "
        "not tell ts_day"
    )
    months = partitions_rule(every="1mo", lookback=1, due=None, after="1h")
    plan = plan_with(Format.ICEBERG, months, parameters=parameters)
    december = at("12-02 00:00")
    assert filled(plan, observe(iceberg.READER, plan, objects, december), december) == {"2026-11": PRESENT}


def _as(table: Any) -> Callable[[dict[str, Any]], None]:
    document = table.metadata.model_dump(mode="json", by_alias=True)

    def evolve(written: dict[str, Any]) -> None:
        written["partition-specs"] = document["partition-specs"]
        written["default-spec-id"] = document["default-spec-id"]

    return evolve


def test_a_field_that_version_1_dropped_stays_as_void_and_tells_nothing(tmp_path: Path) -> None:
    table = created(tmp_path, "day", name="ts_day")
    append_files(table, (D19,), (D20,))
    objects, parameters = objects_of(table, tmp_path)

    def drop(document: dict[str, Any]) -> None:
        dropped = {"source-id": 3, "field-id": 1000, "transform": "void", "name": "ts_day"}
        hours = {"source-id": 3, "field-id": 1001, "transform": "hour", "name": "ts_hour"}
        document["partition-specs"].append({"spec-id": 1, "fields": [dropped, hours]})
        document["default-spec-id"] = 1
        document["format-version"] = 1

    edit_json(objects, parameters["metadata_location"], drop)
    plan = plan_with(Format.ICEBERG, partitions_rule(), parameters=parameters)
    assert filled(plan, observe(iceberg.READER, plan, objects)) == {**ALL, "2026-11-21": MISSING}


@pytest.mark.parametrize(
    "fields", [[], [{"source-id": 3, "field-id": 1000, "transform": "void", "name": "ts_day"}]]
)
def test_a_table_that_is_partitioned_no_more_says_so(tmp_path: Path, fields: list[dict[str, Any]]) -> None:
    table = created(tmp_path, "day", name="ts_day")
    append_files(table, (D19,), (D20,), (D21,))
    objects, parameters = objects_of(table, tmp_path)

    def drop(document: dict[str, Any]) -> None:
        document["partition-specs"].append({"spec-id": 1, "fields": fields})
        document["default-spec-id"] = 1

    edit_json(objects, parameters["metadata_location"], drop)
    plan = plan_with(Format.ICEBERG, partitions_rule(), parameters=parameters)
    assert filled(plan, observe(iceberg.READER, plan, objects)) == ALL  # nothing was written by it yet


def test_what_a_spec_without_time_wrote_is_told_as_that(tmp_path: Path) -> None:
    table = created(tmp_path, "day", name="ts_day")
    append_files(table, (D19,), (D20,))
    evolved(table, (5, 1001, IdentityTransform(), "region"))
    append_files(table, ("eu",))
    objects, parameters = objects_of(table, tmp_path)
    edit_json(objects, parameters["metadata_location"], _as(table))
    finding = find(objects, parameters)
    assert finding.status is Status.UNKNOWN
    assert "were written by the current partition spec, which does not tell ts_day" in finding.because
    assert "rewrite" not in finding.advice


def find(objects: ObjectsInMemory, parameters: dict[str, str], **partitions: Any) -> Finding:
    table = plan_of(Format.ICEBERG, parameters=parameters).table
    plan = plan_by_config(table, partitions={"every": "1d", "due": "06:00", "lookback": 3, **partitions})
    return judged(plan, observe(iceberg.READER, plan, objects), NOW)["partitions"]


def test_dates_and_days_of_one_column_are_one(tmp_path: Path) -> None:
    table = created(tmp_path, "identity", source=4, name="date")
    append_files(table, (D19,), (D20,))
    evolved(table, (4, 1001, DayTransform(), "date_day"))
    append_files(table, (D21,))
    assert states_of(table, tmp_path) == ALL


def test_another_column_of_the_same_name_tells_nothing(tmp_path: Path) -> None:
    table = created(tmp_path, "day", source=3, name="part")
    append_files(table, (D19,), (D20,))
    evolved(table, (4, 1001, DayTransform(), "part"))
    append_files(table, (D21,))
    objects, parameters = objects_of(table, tmp_path)
    edit_json(objects, parameters["metadata_location"], _as(table))
    finding = find(objects, parameters)
    assert finding.status is Status.UNKNOWN
    assert "were written by another partition spec, which does not tell part" in finding.because


@pytest.mark.parametrize(
    ("unit", "every", "within"),
    [
        ("instant", "15m", True),
        ("hour", "15m", False),
        ("hour", "90m", False),
        ("hour", "1h", True),
        ("hour", "6h", True),
        ("day", "6h", False),
        ("day", "1d", True),
        ("day", "1w", True),
        ("day", "1mo", True),
        ("month", "1w", False),
        ("month", "1mo", True),
        ("year", "1mo", False),
        ("day", "2w", True),
        ("month", "2w", False),
        ("day", "3mo", True),
        ("month", "3mo", True),
        ("year", "3mo", False),
        ("month", "1y", True),
        ("year", "1y", True),
    ],
)
def test_only_what_lies_within_a_period_tells_it(unit: str, every: str, *, within: bool) -> None:
    assert _lies_within(unit, parse_every(every)) is within


def test_freshness_by_periods_rests_on_times_that_are_bounded(tmp_path: Path) -> None:
    table = iceberg_catalog(tmp_path).create(SCHEMA, spec(3, DayTransform(), "ts_day"))
    for day in (D19, D20, D21):
        append_files(table, (day,))
    objects, parameters = objects_of(table, tmp_path, NOW - 3 * DAY, NOW - 2 * DAY, NOW - HOUR)
    rule = partitions_rule()
    plan = plan_with(Format.ICEBERG, rule, freshness(schedule=rule.schedule), parameters=parameters)
    row = freshness(schedule=rule.schedule).measure(
        observe(iceberg.READER, plan, objects), Clock(now=NOW), TableMemory()
    )
    assert row.observed == NOW - HOUR
    for key in objects.objects:
        if "snap-" in key:
            objects.modified[key] = NOW - 2 * DAY
    edit_json(objects, parameters["metadata_location"], _changed_since)
    seen = observe(iceberg.READER, plan, objects)
    row = freshness(schedule=rule.schedule).measure(seen, Clock(now=NOW), TableMemory())
    assert row.observed == NOW - 2 * DAY
    assert rule.finding(rule.measure(seen, Clock(now=NOW), TableMemory()), Severity.CRITICAL) is not None


def test_one_proof_for_a_period_is_enough_however_many_commits_filled_it(tmp_path: Path) -> None:
    """The newest commit is proved by the metadata file itself; the others of its day need no look."""
    table = created(tmp_path, "day", name="ts_day")
    for _ in range(6):
        append_files(table, (D21,))
    moments = [NOW - (6 - number) * HOUR for number in range(6)]
    objects, parameters = objects_of(table, tmp_path, *moments)
    rule = partitions_rule(lookback=1)
    plan = plan_with(Format.ICEBERG, rule, freshness(schedule=rule.schedule), parameters=parameters)
    seen = observe(iceberg.READER, plan, objects)
    assert objects.counts == (0, 1 + 1 + 6)  # the metadata, the list, a manifest a commit
    row = freshness(schedule=rule.schedule).measure(seen, Clock(now=NOW), TableMemory())
    assert row.observed == NOW - HOUR


def _changed_since(document: dict[str, Any]) -> None:
    document["last-updated-ms"] += 1_800_000


def test_an_unpartitioned_table_asks_for_no_manifest(tmp_path: Path) -> None:
    table = iceberg_catalog(tmp_path).create(SCHEMA, UNPARTITIONED_PARTITION_SPEC)
    append_files(table, ())
    objects, parameters = objects_of(table, tmp_path)
    assert "is not partitioned" in find(objects, parameters).because
    assert objects.counts == (0, 1)


def test_buckets_beside_days_may_come_and_go(tmp_path: Path) -> None:
    table = created(tmp_path, "day", name="ts_day")
    append_files(table, (D19,))
    evolved(table, (3, 1000, DayTransform(), "ts_day"), (2, 1001, BucketTransform(4), "amount_bucket"))
    append_files(table, (D20, 3), (D20, 1))
    evolved(table, (2, 1001, BucketTransform(4), "amount_bucket"), (3, 1000, DayTransform(), "ts_day"))
    append_files(table, (0, D21))
    assert states_of(table, tmp_path) == ALL
