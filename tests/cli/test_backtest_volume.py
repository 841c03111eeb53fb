"""`checks backtest` of `volume` over the lake: files, the logs of three formats, places, and what that reads."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from deltalake import write_deltalake
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.transforms import IdentityTransform

from checks import cli
from tests.support.discovered import START
from tests.support.hudi_tables import HudiTable
from tests.support.lakes import hive_location
from tests.support.tables_by_engines import (
    ROOT,
    ObjectsInMemory,
    date_snapshots,
    edit_json,
    iceberg_catalog,
    iceberg_metadata,
    iceberg_objects,
    iceberg_schema,
    put_metadata,
    rows,
    set_commit_times,
    snapshot,
)
from tests.support.times import DAY, HOUR

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.lakes import HttpLake

AT = ["--now", "2026-11-23T12:00:00Z"]
DAYS = 'partitions: {every: 1d, due: "06:00", key: day, format: "%Y-%m-%d"}'


def config(
    tmp_path: Path, volume: str, *, more: str = DAYS, name: str = "checks.yml", table: str = "sales.orders"
) -> None:
    text = f"version: 1\ntables:\n  - table: {table}\n    volume: {volume}\n"
    (tmp_path / name).write_text(text + (f"    {more}\n" if more else ""), encoding="utf-8")


def told(capsys: pytest.CaptureFixture[str], *options: str, code: int = 0) -> list[str]:
    assert cli.main(["backtest", *AT, *options]) == code
    return capsys.readouterr().out.splitlines()


def asked(lake: HttpLake) -> dict[str, int]:
    return {operation.partition(":")[2]: count for operation, count in sorted(lake.counts.items()) if count}


def put_all(lake: HttpLake, objects: ObjectsInMemory) -> None:
    lake.bucket("lake")
    for key, data in objects.objects.items():
        lake.s3.put_object("lake", key, data).last_modified = objects.modified[key].replace(tzinfo=None)


@pytest.fixture
def days(lake: HttpLake) -> HttpLake:
    """Days of two files each: one that is small, one whose second file is late, one nine times as large."""
    table = lake.table("sales.orders", None, day="string")
    for number in range(70):
        day = START + number * DAY
        values = [f"{day:%Y-%m-%d}"]
        lake.register(table, values, at=day + 28 * HOUR)
        size = {40: 100, 60: 9000}.get(number, 1000)
        lake.put(f"{hive_location(table, values)}a", day + 28 * HOUR, size // 5)
        late = 9 * HOUR if number == 50 else 0 * HOUR
        lake.put(f"{hive_location(table, values)}b", day + 29 * HOUR + late, size - size // 5)
    return lake


def test_it_tells_which_sizes_there_would_have_been_to_tell(
    days: HttpLake, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config(tmp_path, "{drop: 60%, rise: 300%}")
    config(tmp_path, "{min_bytes: 5kB}", name="other.yml")
    out = told(capsys, "--candidate", "other.yml", "--days", "40")
    at = out.index("  volume, drop: 60%, rise: 300%: 3 alerts in 40 days, 2 days 8 h in all")
    assert out[at + 1 : at + 8] == [
        "    2026-10-25T06:00:00+00:00 for 24 h: 2026-10-24",
        "    2026-11-04T06:00:00+00:00 for 8 h: 2026-11-03",
        "    2026-11-14T06:00:00+00:00 for 24 h: 2026-11-13",
        "    looser, drop: 73.3%, rise: 500%: 3 alerts in 40 days, 2 days 8 h in all; no change",
        "    tighter, drop: 40%, rise: 167%: 3 alerts in 40 days, 2 days 8 h in all; no change",
        "    learned, auto: 3 alerts in 40 days, 2 days 8 h in all; no change",
        "    in other.yml: min_bytes: 5kB: 2 alerts in 40 days, 39 days in all; 1 fewer",
    ]
    assert "2 alerts by other.yml" in out
    assert (
        "not seen: what was overwritten or compacted lost the time at which it first came and its size then"
        in out
    )


def test_it_reads_no_more_than_the_check_of_periods_does(
    days: HttpLake, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config(tmp_path, "auto")
    with_sizes = [line for line in told(capsys) if line.startswith("read by ")]
    (tmp_path / "checks.yml").write_text(
        f"version: 1\ntables:\n  - table: sales.orders\n    {DAYS}\n", encoding="utf-8"
    )
    assert [line for line in told(capsys) if line.startswith("read by ")] == with_sizes
    # The entry, the partitions, and one listing of all days.
    assert with_sizes == ["read by 3 requests, about $0.0000, as of 2026-11-23T12:00:00+00:00"]


def test_csv_tells_its_alerts(days: HttpLake, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config(tmp_path, "{max_bytes: 5kB}")
    assert told(capsys, "--format", "csv") == [
        "table,opened_at,closed_at,check",
        "sales.orders,2026-11-14T06:00:00+00:00,2026-11-15T06:00:00+00:00,volume",
    ]


def test_what_takes_too_many_requests_is_left_out_and_the_rest_replayed(
    days: HttpLake, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = days.table("sales.many", None, day="string")
    for number in (68, 69):
        values = [f"{START + number * DAY:%Y-%m-%d}"]
        days.register(table, values, at=START + (number + 1) * DAY)
        for file in range(2100):
            days.put(f"{hive_location(table, values)}{file:04d}", START + number * DAY + 28 * HOUR, 1)
    config(tmp_path, "{min_files: 9}", table="sales.many")
    out = told(capsys, "--max-requests", "9", "--days", "2")
    assert "  partitions, due at the first 06:00 UTC at or after its end: no alert in 1 day" in out
    why = "what its partitions hold took more than 5 requests to list; write a higher --max-requests"
    assert f"  volume: not replayed: {why}" in out
    assert "  volume, min_files: 9: no alert in 1 day" in told(capsys, "--days", "2")


def sizes_of(number: int) -> int:
    return {40: 100, 60: 9000}.get(number, 1000)


ALERTS = [
    "    2026-10-25T06:00:00+00:00 for 24 h: 2026-10-24",
    "    2026-11-14T06:00:00+00:00 for 24 h: 2026-11-13",
]


def test_hudi_commits_tell_sizes(lake: HttpLake, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = HudiTable()
    for number in range(25, 70):
        day = START + number * DAY
        stat = {
            "fileId": f"f-{number}",
            "path": f"day={day:%Y-%m-%d}/f-{number}.parquet",
            "prevCommit": "null",
        }
        counts = {"numWrites": 3, "numInserts": 3, "fileSizeInBytes": sizes_of(number)}
        document = {
            "partitionToWriteStats": {f"day={day:%Y-%m-%d}": [stat | counts]},
            "operationType": "INSERT",
        }
        log.instant(day + 28 * HOUR, "commit", json.dumps(document).encode())
    put_all(lake, log.objects)
    lake.table("sales.orders", {"Parameters": {"spark.sql.sources.provider": "hudi"}}, day="string")
    config(tmp_path, "{drop: 60%, rise: 300%}")
    out = told(capsys, "--days", "40")
    at = next(number for number, line in enumerate(out) if line.startswith("  volume, "))
    assert out[at + 1 : at + 3] == ALERTS


def delta(folder: Path, *numbers: int) -> ObjectsInMemory:
    """Write a day a commit, by deltalake, with as many rows as its size says."""
    times = {}
    for version, number in enumerate(numbers):
        day = START + number * DAY
        write_deltalake(
            str(folder),
            rows(f"{day:%Y-%m-%d}", count=sizes_of(number) * 10),
            mode="append",
            partition_by=["day"],
        )
        times[version] = day + 28 * HOUR
    set_commit_times(folder, times)
    objects = ObjectsInMemory()
    objects.put_folder(folder)
    for version, moment in times.items():
        objects.modified[f"{ROOT}_delta_log/{version:020d}.json"] = moment
    return objects


def test_delta_commits_tell_sizes_and_rows(
    lake: HttpLake, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put_all(lake, delta(tmp_path / "table", *range(28, 70)))
    lake.table("sales.orders", {"Parameters": {"table_type": "DELTA"}}, day="string")
    config(tmp_path, "{drop: 60%, rise: 300%, of: rows}")
    out = told(capsys, "--days", "40")
    at = next(number for number, line in enumerate(out) if line.startswith("  volume, "))
    assert out[at + 1 : at + 3] == ALERTS


def iceberg(folder: Path, *numbers: int, parted: bool) -> tuple[ObjectsInMemory, dict[str, str]]:
    """Write a day an append, by pyiceberg."""
    spec = PartitionSpec(PartitionField(1, 1000, IdentityTransform(), "day")) if parted else PartitionSpec()
    table = iceberg_catalog(folder).create(iceberg_schema(), spec)
    for number in numbers:
        table.append(rows(f"{START + number * DAY:%Y-%m-%d}", count=sizes_of(number) * 10))
    objects, parameters = iceberg_objects(table, folder)
    moments = [START + number * DAY + 28 * HOUR for number in numbers]
    edit_json(objects, parameters["metadata_location"], lambda document: date_snapshots(document, *moments))
    return objects, parameters


def test_iceberg_snapshots_tell_what_each_period_came_to(
    lake: HttpLake, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    objects, parameters = iceberg(tmp_path / "table", *range(30, 70), parted=True)
    put_all(lake, objects)
    lake.table("sales.orders", {"Parameters": parameters})
    config(tmp_path, "{drop: 60%, rise: 300%, of: rows}")
    out = told(capsys, "--days", "40")
    at = next(number for number, line in enumerate(out) if line.startswith("  volume, "))
    assert out[at + 1 : at + 3] == ALERTS


def totals(*sizes: int) -> dict[str, Any]:
    """Return the metadata of a table whose snapshots, one a day, sum up to so many bytes."""
    found = []
    for number, size in enumerate(sizes):
        counts = {
            "total_files_size": size,
            "total_data_files": 7,
            "total_records": 70,
            "total_delete_files": 0,
        }
        at = START + number * DAY + 4 * HOUR
        found.append(snapshot(number + 1, at, "overwrite", number or None, added_records=1, **counts))
    return iceberg_metadata(*found)


def test_iceberg_summaries_tell_what_the_whole_table_came_to(
    lake: HttpLake, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    objects, parameters = put_metadata(totals(*(20_000 if number == 60 else 100_000 for number in range(70))))
    put_all(lake, objects)
    lake.table("sales.orders", {"Parameters": parameters})
    config(tmp_path, "{drop: 60%}", more="")
    out = told(capsys, "--days", "40")
    at = next(number for number, line in enumerate(out) if line.startswith("  volume, "))
    assert out[at + 1] == "    2026-11-13T04:00:00+00:00 for 24 h"


def test_a_place_is_looked_at_by_the_hour(
    lake: HttpLake, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = lake.table("sales.orders")
    for number in range(70):
        lake.put(
            f"{table.location}{number}.csv",
            START + number * DAY + 250 * HOUR / 60,
            900_000 if number == 60 else 10_000,
        )
    config(tmp_path, "{rise: 50%}", more="")
    out = told(capsys, "--days", "40")
    at = next(number for number, line in enumerate(out) if line.startswith("  volume, "))
    assert out[at + 1].startswith("    2026-11-13T05:00:00+00:00 for ")


@pytest.mark.parametrize(
    ("volume", "more", "said"),
    [
        ("{min_rows: 5}", DAYS, "not judged: rows of sales.orders are not known"),
        ("{drop: 60%, of: rows}", DAYS, "not judged: rows of "),
        ("{min_bytes: 1}", "", "no alert in"),
    ],
)
def test_what_is_not_known_is_said(
    days: HttpLake, tmp_path: Path, capsys: pytest.CaptureFixture[str], volume: str, more: str, said: str
) -> None:
    config(tmp_path, volume, more=more)
    line = next(line for line in told(capsys) if line.startswith("  volume, "))
    assert said in line


def test_places_that_are_listed_one_by_one_are_looked_at_as_far_back_as_may_be(
    lake: HttpLake, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = lake.table("sales.orders", None, day="string")
    for number in range(40, 70):
        values = [f"{START + number * DAY:%d-%m-%Y}"]  # in no order of time
        lake.register(table, values, at=START + number * DAY + 28 * HOUR)
        lake.put(f"{hive_location(table, values)}a", START + number * DAY + 28 * HOUR, 1000)
    config(tmp_path, "{min_bytes: 500}", more="")
    out = told(capsys, "--max-requests", "30", "--days", "28")
    assert out[1] == "  volume, min_bytes: 500B: no alert in 12 days"
    assert int(next(line for line in out if line.startswith("read by ")).split()[2]) <= 30


def test_a_plan_tells_what_a_replay_of_sizes_takes(
    days: HttpLake, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config(tmp_path, "auto", more="")
    out = told(capsys, "--plan")
    assert "looks at 1 table: 3 to 200 requests, " in "\n".join(out)
