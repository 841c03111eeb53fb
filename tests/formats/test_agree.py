"""The same loads, the same verdicts: whatever format keeps a table, the checks tell the same of it."""

from __future__ import annotations

import random
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.loads import (
    Load,
    as_copied_delta,
    as_delta,
    as_delta_by_manifests,
    as_hudi,
    as_iceberg,
    as_iceberg_audited,
    as_iceberg_compacted,
    as_iceberg_renamed,
    judged_as_files,
    judged_as_prefix,
    judged_as_projected,
)
from tests.support.tables_by_engines import NOW
from tests.support.times import DAY, at

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from checks.model import Finding
    from tests.support.loads import Loaded

VOLUMES: tuple[dict[str, Any], ...] = (
    {"drop": "60%", "rise": "200%", "history": 4},
    {"min_bytes": "1kB"},
    {"auto": True, "history": 4},
    {"min_files": 2},
)
SIZES = (100, 1000, 50_000, 60_000)


def some_loads(chance: random.Random, days: int) -> list[Load]:
    """Return loads of days up to the newest due one, some of them missing, some late, in the order of their coming."""
    has_regions = chance.random() < 0.5
    found = []
    for back in range(days):
        morning = at("11-22 00:00") - back * DAY
        regions = chance.sample(("eu", "us", "ap"), chance.randint(0, 3)) if has_regions else [""]
        if chance.random() < 0.15:
            continue
        for region in regions:
            moment = min(morning + timedelta(seconds=chance.randint(1, 30_000)), NOW - timedelta(minutes=1))
            found.append(Load(moment, f"{morning - DAY:%Y-%m-%d}", chance.choice(SIZES), region))
    return sorted(found, key=lambda load: load.at)


def told(finding: Finding, check: str) -> tuple[object, ...]:
    """Return what has to be alike: rows, maintenance are known to logs alone, and each names its own evidence."""
    text = re.sub(
        r" with [\d,]+ rows?|(?:; )?s3://\S+(?: does not say when it was made.*)?|; [^;]* added no data \(replace\)",
        "",
        finding.because,
    )
    text = re.sub(r" \(.*?\)", "", text) if check == "freshness" else text
    bad = [(item.period, item.dimensions, item.state) for item in finding.items if item.state.is_bad]
    return finding.status, finding.severity, text, bad


def verdict(finding: Finding) -> tuple[object, ...]:
    """Return what is the same however data is laid out: its sentences name places, and what is registered."""
    bad = [(item.period, item.dimensions, item.state) for item in finding.items if item.state.is_bad]
    return finding.status, finding.severity, finding.observed, bad


def asked(loads: Sequence[Load], chance: random.Random) -> dict[str, Any]:
    """Return checks of a table with these loads."""
    each = {"each": "region"} if loads[0].region and chance.random() < 0.6 else {}
    return {
        "partitions": {
            "due": "06:00",
            "lookback": chance.choice((3, 7, 14)),
            "key": "day",
            "format": "%Y-%m-%d",
            **each,
        },
        "volume": chance.choice(VOLUMES),
        "freshness": {"max_age": "36h"},
        "files": "on",
    }


def agree(seed: int, tmp_path: Path, *ways: Callable[[Path, Sequence[Load]], Loaded]) -> None:
    """Load the same in each way, and hold what the checks find against what they find of plain files."""
    chance = random.Random(seed)  # noqa: S311 - a choice, the same each time
    loads = some_loads(chance, chance.choice((2, 5, 12, 30))) or [Load(NOW - DAY, "2026-11-20", 100)]
    blocks = asked(loads, chance)
    expected = judged_as_files(loads, **blocks)
    for number, load_as in enumerate(ways):
        found, _ = load_as(tmp_path / str(number), loads).look(**blocks)
        for check in blocks:
            assert told(found[check], check) == told(expected[check], check), load_as.__name__


@pytest.mark.parametrize("seed", range(16))
def test_the_same_loads_give_the_same_verdicts_in_each_format(seed: int, tmp_path: Path) -> None:
    agree(seed, tmp_path, as_iceberg, as_delta, as_hudi)


@pytest.mark.parametrize("seed", range(100, 108))
def test_whatever_became_of_the_log_the_same_loads_give_the_same_verdicts(seed: int, tmp_path: Path) -> None:
    agree(seed, tmp_path, as_iceberg_renamed, as_iceberg_audited, as_iceberg_compacted)
    agree(seed, tmp_path / "delta", as_copied_delta, as_delta_by_manifests)


@pytest.mark.parametrize("seed", range(200, 240))
def test_whatever_the_layout_the_same_loads_give_the_same_verdicts(seed: int) -> None:
    """A prefix has no keys, so that its values are not due one by one, and what all of its places hold is one."""
    chance = random.Random(seed)  # noqa: S311 - a choice, the same each time
    loads = some_loads(chance, chance.choice((2, 5, 12, 30))) or [Load(NOW - DAY, "2026-11-20", 100)]
    blocks = asked(loads, chance)
    registered = judged_as_files(loads, **blocks)
    layouts = {"projected": judged_as_projected(loads, **blocks)}
    if "each" not in blocks["partitions"]:
        layouts["prefix"] = judged_as_prefix(loads, **blocks)
    for layout, found in layouts.items():
        for check in blocks:
            assert verdict(found[check]) == verdict(registered[check]), (layout, check)
