"""What is usual of a table with a log: known on the first day, from periods that only the volume check looks at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from checks.lake.formats.iceberg import manifests as iceberg_manifests
from checks.model import Status, TableMemory
from tests.support.loads import Load, as_delta, as_hudi, as_iceberg
from tests.support.rule_checks import plan_of as plan_by_config
from tests.support.tables_by_engines import ROOT
from tests.support.times import DAY, HOUR, at

if TYPE_CHECKING:
    from pathlib import Path

    from checks.model import Finding, Observation
    from tests.support.loads import Loaded

NEWEST = at("11-21 00:00")
BLOCKS: dict[str, Any] = {
    "partitions": {"due": "06:00", "lookback": 2, "key": "day", "format": "%Y-%m-%d"},
    "volume": {"drop": "60%", "history": 4},
}
USUAL = "the usual is 1 kB (median of the last 4 Saturdays)"
SATURDAYS = ["2026-11-14", "2026-11-07", "2026-10-31", "2026-10-24"]
MONTHS = ["2026-10-21", "2026-09-21", "2026-08-21", "2026-07-21"]
"""The same day of earlier months, which are looked at where a size crosses its limit."""
LATEST = ["2026-11-21", "2026-11-20", "2026-11-19", "2026-11-18", "2026-11-17"]


def days(*sizes: int) -> list[Load]:
    """Return the loads of the days up to the newest that hold something, by their sizes in bytes, oldest first."""
    mornings = [(NEWEST - back * DAY, size) for back, size in enumerate(sizes) if size]
    return [Load(day + DAY + 3 * HOUR, f"{day:%Y-%m-%d}", size) for day, size in reversed(mornings)]


ALL = pytest.mark.parametrize("load_as", [as_iceberg, as_delta, as_hudi])


def look(
    table: Loaded, memory: TableMemory | None = None, **blocks: Any
) -> tuple[dict[str, Finding], Observation]:
    return table.look(memory, **{**BLOCKS, **blocks})


def labels(seen: Observation) -> list[str]:
    return [each.period.label for each in seen.partitions]


@ALL
def test_what_is_usual_is_known_on_the_first_day(load_as: Any, tmp_path: Path) -> None:
    findings, seen = look(load_as(tmp_path, days(300, *[1000] * 29)))
    assert USUAL in findings["volume"].because
    assert findings["volume"].status is Status.FAIL
    assert findings["partitions"].status is Status.PASS
    assert labels(seen) == LATEST + SATURDAYS + MONTHS


@ALL
def test_a_day_that_holds_nothing_counts_as_nothing_from_the_first_day_with_data_on(
    load_as: Any, tmp_path: Path
) -> None:
    findings, _ = look(load_as(tmp_path / "gaps", days(1000, 1000, 0, 0, 1000)))
    assert findings["volume"].status is Status.PASS
    findings, _ = look(load_as(tmp_path / "young", days(1000, 1000, 1000)))
    assert "what is usual is not known: 2 days seen, 4 needed" in findings["volume"].because
    assert findings["partitions"].status is Status.PASS


@ALL
def test_sizes_that_are_remembered_are_not_looked_at_again(load_as: Any, tmp_path: Path) -> None:
    table = load_as(tmp_path, days(*[1000] * 30))
    _, seen = look(table)
    (volume,) = (rule for rule in plan_by_config(seen.table, **BLOCKS).rules if rule.check == "volume")
    first, memory = table.objects.counts, TableMemory(**volume.remember(seen, TableMemory()))
    findings, seen = look(table, memory)
    assert findings["volume"].status is Status.PASS
    assert USUAL in findings["volume"].because
    assert labels(seen) == LATEST[:2]
    assert table.objects.counts <= first


@ALL
def test_freshness_is_not_told_by_days_that_others_are_compared_with(load_as: Any, tmp_path: Path) -> None:
    table = load_as(tmp_path, days(*[0] * 10, *[1000] * 20))
    for volume in (BLOCKS["volume"], "off"):
        findings, _ = look(table, volume=volume, freshness={"max_age": "24h"})
        assert findings["freshness"].status is Status.FAIL
        assert findings["freshness"].observed == at("11-12 03:00")


def test_days_that_others_are_compared_with_cost_what_is_due_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = as_iceberg(tmp_path, days(*[1000] * 30))
    monkeypatch.setattr(iceberg_manifests, "MOST_MANIFESTS", 3)
    findings, seen = look(table)
    assert findings["partitions"].status is Status.PASS
    assert findings["volume"].status is Status.UNKNOWN
    assert "what is usual is not known" in findings["volume"].because
    assert labels(seen) == LATEST[:2]


def test_a_bad_manifest_of_an_earlier_day_costs_what_is_due_nothing(tmp_path: Path) -> None:
    table = as_iceberg(tmp_path, days(*[1000] * 30))
    look(table)
    metadata, *_, oldest = (call.removeprefix("GET ") for call in table.objects.calls)
    table.objects.objects[oldest] = table.objects.objects[metadata]
    findings, seen = look(table)
    assert findings["partitions"].status is Status.PASS
    assert findings["volume"].status is Status.UNKNOWN
    assert labels(seen) == LATEST[:2]


def test_no_partition_of_hudi_is_listed_only_to_be_compared_with(tmp_path: Path) -> None:
    table = as_hudi(tmp_path, days(*[1000] * 6))
    table.objects.put(f"{ROOT}.hoodie/archived/.commits_.archive.1_1-0-1", b"...")
    findings, seen = look(table)
    assert findings["partitions"].status is Status.PASS
    assert "3 days seen, 4 needed" in findings["volume"].because  # those that began after the oldest commit
    assert labels(seen) == LATEST
    assert table.objects.counts == (2, 7)  # the timeline, the archive; the properties, six commits
