"""The check `volume`: limits, the usual of the same weekday, and what is not known."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.changes import State, TableRecord
from checks.config import ConfigErrors, load
from checks.history.document import from_text, to_text
from checks.model import Finding, ProblemKind, Severity, Size, Status, TableMemory
from checks.rules.usual import LEAST_FACTOR, usual_of
from checks.rules.volume_limits import HISTORY
from checks.rules.volume_rule import MOST_REMEMBERED
from tests.support.lakes import MemoryLake, hive_location, prefix
from tests.support.rule_checks import NOW, after, find, judged, look, plan_of
from tests.support.times import DAY, HOUR
from tests.support.volumes import DAILY, daily, fill, verdict

if TYPE_CHECKING:
    from tests.support.lakes import LakeBuilder

MB = 1_000_000


@pytest.fixture
def lake(any_lake: LakeBuilder) -> LakeBuilder:
    return any_lake


@pytest.mark.parametrize(
    ("size", "limit", "expected"),
    [
        (50, {"min_bytes": "50B"}, "pass"),
        (49, {"min_bytes": "50B"}, "critical"),
        (50, {"max_bytes": "50B"}, "pass"),
        (51, {"max_bytes": "50B"}, "critical"),
        (51, {"max_bytes": "50B", "severity": "warning"}, "warning"),
        (9, {"min_files": 1, "max_files": 1}, "pass"),
        (9, {"min_files": 2}, "critical"),
        (9, {"max_files": 0}, "critical"),
        (9, {"min_rows": 1}, "unknown"),
        (9, {"min_rows": 1, "min_bytes": "50B"}, "critical"),
    ],
)
def test_exactly_the_limit_is_good(size: int, limit: dict[str, Any], expected: str) -> None:
    assert verdict(daily([size] * 3, **limit)) == expected


def test_the_last_due_period_is_judged_with_one_listing_of_it(lake: LakeBuilder) -> None:
    table = lake.table("sales.orders", dt="string")
    fill(lake, table, [40, 70, 70])
    plan = plan_of(table, volume={"min_bytes": "50B"})
    plan = replace(plan, stated_layout=plan_of(table, partitions=DAILY).stated_layout)
    finding = find(lake, plan, "volume")
    assert dict(lake.counts) == {"glue:GetPartitions": 1, "s3:ListObjectsV2": 1}
    assert finding.because == "2026-11-22 came to 40 B in 1 file: less than 50 B, the limit"
    assert finding.advice == (
        "look at the run that loads 2026-11-22: part of its data is missing, or its source delivered less"
    )
    assert (finding.observed, finding.expected, finding.limits.critical) == (40, 50, 50)


def test_a_drop_is_told_by_the_same_weekday(lake: LakeBuilder) -> None:
    # 22 November 2026 is a Sunday: Sundays hold 100, other days 1000.
    sizes = [1000 if number % 7 else 100 for number in range(70)]
    assert verdict(daily(sizes, lake, drop="60%", rise="300%")) == "pass"


def test_a_drop_below_the_usual_of_the_weekday_fails() -> None:
    sizes = [39, *(1000 if number % 7 else 100 for number in range(1, 70))]
    finding = daily(sizes, drop="60%")
    assert finding.because == (
        "2026-11-22 came to 39 B in 1 file: less than 40 B: the usual is 100 B (median of the last 8 Sundays), and "
        "drop allows 60 %"
    )
    assert finding.usual == "about 100 B (8 Sundays seen)"
    assert verdict(daily([40, *sizes[1:]], drop="60%")) == "pass"


def test_a_rise_above_the_usual_fails() -> None:
    finding = daily([401, *[100] * 69], rise="300%")
    assert finding.severity is Severity.CRITICAL
    assert finding.advice.startswith("see whether 2026-11-22 was loaded twice")
    passing = daily([400, *[100] * 69], rise="300%", drop="60%")
    assert passing.because == (
        "2026-11-22 came to 400 B in 1 file; expected at least 40 B and at most 400 B; the usual is 100 B (median of "
        "the last 8 Sundays)"
    )


@pytest.mark.parametrize("percent", [15, 30, 57, 70, 99])
def test_exactly_a_share_of_the_usual_passes(percent: int) -> None:
    """Whatever floats make of it: 100 * (1 - 0.7) is 30.000000000000004."""
    share = f"{percent}%"
    assert verdict(daily([100 - percent, *[100] * 19], drop=share)) == "pass"
    assert verdict(daily([100 - percent - 1, *[100] * 19], drop=share)) == "critical"
    assert verdict(daily([100 + percent, *[100] * 19], rise=share)) == "pass"
    assert verdict(daily([100 + percent + 1, *[100] * 19], rise=share)) == "critical"


def test_no_number_of_files_is_less_than_none() -> None:
    finding = daily([0, *[100] * 69], drop="60%", of="files")
    assert finding.because.startswith(
        "2026-11-22 came to 0 B in 0 files: less than 1 file: the usual is 1 file"
    )


def test_what_only_rounding_makes_the_limit_is_told_as_just_beside_it() -> None:
    told = daily([999_999], min_bytes="1MB").because
    assert told == "2026-11-22 came to 1 MB in 1 file: just less than 1 MB, the limit"


def test_an_empty_period_is_a_drop() -> None:
    finding = daily([0, *[100] * 69], drop="60%")
    assert finding.because.startswith("2026-11-22 came to 0 B in 0 files: less than 40 B: the usual is 100 B")


@pytest.mark.parametrize("odd", [1, 100_000])
@pytest.mark.parametrize("weeks", range(1, 9))
def test_one_odd_day_moves_nothing(odd: int, weeks: int) -> None:
    for newest, expected in ((41, "pass"), (39, "critical")):
        sizes = [newest, *(100 + number % 3 for number in range(1, 70))]
        sizes[7 * weeks] = odd
        assert verdict(daily(sizes, drop="60%", rise="300%")) == expected


def test_growth_is_not_held_against_a_table() -> None:
    doubling = [int(1000 * 2 ** (-number / 7)) + 1 for number in range(70)]
    assert verdict(daily(doubling, rise="150%", drop="60%")) == "pass"
    assert verdict(daily([doubling[0] * 3, *doubling[1:]], rise="150%")) == "critical"


def test_the_size_that_a_limit_starts_from_is_told_where_it_is_not_the_median() -> None:
    doubling = [int(1000 * 2 ** (-number / 7)) + 1 for number in range(70)]
    finding = daily([doubling[0] * 3, *doubling[1:]], rise="150%")
    assert finding.because == (
        "2026-11-22 came to 3 kB in 1 file: more than 2.38 kB: the usual is 48 B (median of the last 8 Sundays; 950 B "
        "by their trend), and rise allows 150 %"
    )
    young = [3, *(10 if number % 7 == 0 else 1000 for number in range(1, 16))]
    assert (
        "the usual is 1 kB (median of the last 9 days; 10 B on a Sunday), and"
        in daily(young, drop="60%").because
    )


def test_a_table_that_is_usually_empty_has_no_usual() -> None:
    sizes = [500, *(0 if number != 56 else 100 for number in range(1, 70))]
    finding = daily(sizes, drop="60%", rise="300%")
    assert (finding.status, finding.because) == (Status.PASS, "2026-11-22 came to 500 B in 1 file")


@pytest.mark.parametrize(
    ("days", "expected"),
    [(4, "unknown"), (8, "unknown"), (9, "pass"), (20, "pass")],
)
def test_too_little_history_is_unknown(days: int, expected: str) -> None:
    finding = daily([100] * days, drop="60%")
    assert verdict(finding) == expected
    if expected == "unknown":
        assert finding.problem is ProblemKind.TOO_LITTLE_HISTORY
        assert finding.because == (
            "could not be checked: 2026-11-22 came to 100 B in 1 file, and what is usual is not known: "
            f"{days - 1} days seen, 8 needed"
        )


def test_limits_apply_while_history_is_too_little() -> None:
    assert verdict(daily([100] * 3, drop="60%", min_bytes="101B")) == "critical"
    assert verdict(daily([100] * 3, drop="60%", min_bytes="99B")) == "unknown"


def test_a_quiet_weekday_of_a_young_table_is_compared_with_itself() -> None:
    sizes = [10 if number % 7 == 0 else 1000 for number in range(16)]
    assert verdict(daily(sizes, drop="60%")) == "pass"
    assert verdict(daily([3, *sizes[1:]], drop="60%")) == "critical"


def test_a_period_that_was_not_read_whole_proves_too_much_and_never_too_little() -> None:
    lake = MemoryLake()
    table = lake.table("sales.orders", dt="string")
    fill(lake, table, [100] * 3)
    plan = plan_of(table, partitions=DAILY, volume={"min_bytes": "500B", "max_bytes": "600B"})
    seen = look(lake, plan)
    first = seen.partitions[0]
    assert first.listing is not None

    def cut(size: int) -> Finding:
        assert first.listing is not None
        listing = replace(first.listing, size_bytes=size, complete=False)
        partitions = (replace(first, listing=listing), *seen.partitions[1:])
        return judged(plan, replace(seen, partitions=partitions))["volume"]

    assert cut(100).problem is ProblemKind.OVER_BUDGET
    assert verdict(cut(601)) == "critical"


def test_the_whole_location_of_an_unpartitioned_table(lake: LakeBuilder) -> None:
    table = lake.table("crm.contacts")
    lake.put(f"{table.location}a.parquet", NOW - DAY, 30)
    lake.put(f"{table.location}b.parquet", NOW - DAY, 30)
    finding = find(lake, plan_of(table, volume={"min_bytes": "61B"}), "volume")
    assert finding.because == "s3://lake/crm/contacts/ came to 60 B in 2 files: less than 61 B, the limit"
    assert dict(lake.counts) == {"s3:ListObjectsV2": 1}


def test_sizes_of_the_whole_location_are_remembered_by_day() -> None:
    lake = MemoryLake()
    lake.put("s3://raw/a/1.csv", NOW - DAY, 100)
    memory = TableMemory()
    for number in range(HISTORY):
        plan = plan_of(prefix("s3://raw/a/"), memory, volume={"drop": "60%"})
        now = NOW + number * DAY
        seen = look(lake, plan, now)
        finding = judged(plan, seen, now)["volume"]
        assert finding.status is Status.UNKNOWN
        assert f"{number} earlier day" in finding.because
        memory = after(plan, seen)
    plan = plan_of(prefix("s3://raw/a/"), memory, volume={"drop": "60%"})
    assert verdict(find(lake, plan, "volume", NOW + HISTORY * DAY)) == "pass"
    lake.put("s3://raw/a/1.csv", NOW, 39)
    assert verdict(find(lake, plan, "volume", NOW + HISTORY * DAY)) == "critical"


def test_sizes_of_periods_and_of_the_whole_location_are_not_compared_with_each_other() -> None:
    lake = MemoryLake()
    for number in range(1, 70):
        day = NOW.replace(hour=0) - number * DAY
        lake.put(f"s3://raw/a/{day:%Y/%m/%d}/1.csv", day + DAY + HOUR, 100)
    table, limits = prefix("s3://raw/a/"), {"drop": "60%", "rise": "300%"}
    by_day = plan_of(table, partitions={"due": "06:00", "format": "%Y/%m/%d"}, volume=limits)
    whole = plan_of(table, after(by_day, look(lake, by_day)), volume=limits)
    assert find(lake, whole, "volume").problem is ProblemKind.TOO_LITTLE_HISTORY
    memory = TableMemory()
    for number in range(HISTORY):
        whole = replace(whole, memory=memory)
        memory = after(whole, look(lake, whole, NOW + (number - HISTORY) * DAY))
    assert verdict(find(lake, replace(by_day, memory=memory), "volume")) == "pass"


def test_what_is_remembered_is_not_read_again(lake: LakeBuilder) -> None:
    table = lake.table("sales.orders", dt="string")
    fill(lake, table, [100] * 70)
    plan = plan_of(table, partitions=DAILY, volume={"drop": "60%"})
    seen = look(lake, plan)
    assert len(seen.partitions) == 1 + 8 + 8 - 1  # the judged one, eight days, eight Sundays: one is both
    memory = after(plan, seen)
    assert len(memory.sizes) == 16
    again = look(lake, replace(plan, memory=memory))
    assert len(again.partitions) == 3
    assert judged(replace(plan, memory=memory), again) == judged(plan, seen)


def test_memory_is_bounded_and_goes_with_the_check() -> None:
    lake = MemoryLake()
    table = lake.table("sales.orders", dt="string")
    fill(lake, table, [100] * 3)
    many = {(NOW - number * DAY).date().isoformat(): Size(1, 1) for number in range(3, 300)}
    plan = plan_of(table, TableMemory(sizes=many), partitions=DAILY, volume={"drop": "60%"})
    sizes = after(plan, look(lake, plan)).sizes
    assert len(sizes) == MOST_REMEMBERED
    assert max(sizes) == "2026-11-22"
    without = plan_of(table, TableMemory(sizes=many), partitions=DAILY, volume={"min_files": 1})
    assert after(without, look(lake, without)).sizes == {}


def test_a_period_that_is_not_over_is_not_remembered() -> None:
    lake = MemoryLake()
    table = lake.table("sales.orders", dt="string")
    fill(lake, table, [100] * 3)
    today = NOW.date().isoformat()
    lake.put(f"{hive_location(table, [today])}a.parquet", NOW - HOUR, 5)
    lake.register(table, [today])
    plan = plan_of(table, partitions=DAILY, volume={"drop": "60%"})
    seen = look(lake, plan)
    assert today in {each.period.label for each in seen.partitions}
    assert today not in after(plan, seen).sizes


def test_documents_keep_sizes_and_those_of_before_have_none() -> None:
    memory = TableMemory(sizes={"2026-11-22": Size(10, 1), "2026-11-21": Size(5, 2, 70)})
    state = State(tables={"a.b": TableRecord(memory=memory)})
    assert from_text(to_text(state)).tables["a.b"].memory == memory
    bare = to_text(State(tables={"a.b": TableRecord()}))
    assert "sizes" not in bare
    assert from_text(bare).tables["a.b"].memory.sizes == {}
    with pytest.raises(ValueError, match="not a whole number"):
        from_text(to_text(state).replace("70", '"70"'))


@pytest.mark.parametrize(
    ("block", "told"),
    [
        ({}, "no limit; write such as min_bytes: 50MB, or drop: 60%, or the word auto"),
        ({"of": "files"}, "no limit"),
        ({"drop": "60"}, "'60' is not a percentage above zero; write a number and %, such as 60%"),
        ({"drop": 0.6}, "0.6 is not a percentage above zero"),
        ({"drop": "100%"}, "drop of 100% or more is never reached"),
        ({"min_bytes": "2MB", "max_bytes": "1MB"}, "min_bytes is larger than max_bytes"),
        ({"min_bytes": "many"}, "'many' is not a size"),
        ({"severity": "bad", "min_files": 1}, "'bad' is no severity; write warning or critical"),
    ],
)
def test_what_is_wrong_is_told(block: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigErrors, match=told.replace("(", r"\(")):
        load({"version": 1, "tables": [{"table": "a.b", "volume": block}]}, environ={})


def test_the_short_form() -> None:
    config = load({"version": 1, "tables": [{"table": "a.b", "volume": "auto"}]}, environ={})
    resolved = config.resolve(None, "a", "b")
    assert resolved is not None
    assert resolved.rules[0].check == "volume"


SIZES = st.integers(0, 10**15)


@given(st.lists(st.integers(1, 10**15), min_size=5, max_size=9))
def test_the_fewer_were_seen_the_more_is_ordinary(values: list[int]) -> None:
    """Seen again and again, the same sizes spread as much, and are believed more."""
    seen = [(float(at), value) for at, value in enumerate(values)]
    assert usual_of(seen * 3, 0.0).factor <= usual_of(seen, 0.0).factor


@given(st.lists(SIZES, min_size=3, max_size=20), SIZES, st.integers(0, 19))
def test_one_value_moves_the_usual_no_further_than_its_neighbours(
    values: list[int], other: int, at: int
) -> None:
    """The median stays between the values beside the middle one, whatever a single one becomes."""
    before = sorted(values)
    changed = list(values)
    changed[at % len(values)] = other
    usual = usual_of([(float(number), value) for number, value in enumerate(changed)], 30.0)
    middle = len(values) // 2
    assert (
        before[max(middle - 2, 0)] <= usual.middle <= before[min(middle + 1, len(before) - 1)]
        or len(values) < 4
    )
    assert math.isfinite(usual.expected)
    assert usual.expected >= 0
    assert usual.factor >= LEAST_FACTOR
    assert math.isfinite(usual.factor)


def test_sizes_of_fortnights_quarters_and_years_are_remembered_beside_each_other() -> None:
    """Their names differ at their ends, unlike those of hours, of which only the same hour is compared."""
    cases = [
        ("2w", ["2026-11-02", "2026-10-19"], ["2026-W45-W46", "2026-W43-W44"], "2025-W41-W42"),
        ("3mo", ["2026-07-01", "2026-04-01"], ["2026-Q3", "2026-Q2"], "2024-Q1"),
        ("1y", ["2025-01-01", "2024-01-01"], ["2025", "2024"], "2013"),
    ]
    for every, starts, labels, before in cases:
        lake = MemoryLake()
        table = lake.table("sales.orders", dt="string")
        for start in starts:
            lake.put(f"{hive_location(table, [start])}a.parquet", NOW - DAY, 100)
            lake.register(table, [start], at=NOW - DAY)
        block = {**DAILY, "every": every, "lookback": 2}
        plan = plan_of(table, partitions=block, volume={"drop": "60%", "history": 4})
        seen = look(lake, plan)
        rule = next(rule for rule in plan.rules if rule.check == "volume")
        kept = rule.remember(seen, TableMemory(sizes={before: Size(90, 1)}))["sizes"]
        assert [kept[label] for label in (*labels, before)] == [Size(100, 1), Size(100, 1), Size(90, 1)]
