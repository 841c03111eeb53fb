"""Laws of the rules, over random small lakes: what must hold whatever a table holds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from checks.lake.observe import observe
from checks.layout import StatedLayout
from checks.model import Finding, Observation, Problem, ProblemKind, Severity, Status, Table, TableMemory
from checks.rules.asking import Clock
from checks.rules.base import TablePlan
from tests.support.lakes import MemoryLake
from tests.support.times import DAY, HOUR, at
from tests.support.verdicts import judge, look, rules_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

NOW = at("2026-11-23 12:00")
"""A Monday."""
TODAY = date(2026, 11, 23)
SECRET = "secret"
laws = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
RANK = {None: 0, Severity.WARNING: 1, Severity.CRITICAL: 2}


@dataclass(frozen=True)
class Load:
    """An object of a day's partition (``day`` days before today), when it came, how large it is.

    ``registered_at`` is when the catalog heard of the partition, None when it never did.
    """

    day: int
    came_at: datetime
    size: int = 10
    registered_at: datetime | None = None
    name: str = "part-0.parquet"

    @property
    def value(self) -> str:
        return (TODAY - timedelta(days=self.day)).isoformat()


def hours_before_now(least: int, most: int) -> st.SearchStrategy[datetime]:
    return st.integers(least * 60, most * 60).map(lambda minutes: NOW - timedelta(minutes=minutes))


@st.composite
def loads(draw: st.DrawFn, earliest_hours: int = 0) -> Load:
    came_at = draw(hours_before_now(earliest_hours, 240))
    registered = draw(st.sampled_from(["with it", "earlier", "later", "never"]))
    shift = draw(st.integers(1, 40)) * HOUR
    registered_at = {
        "with it": came_at,
        "earlier": came_at - shift,
        "later": min(came_at + shift, NOW - earliest_hours * HOUR),
        "never": None,
    }[registered]
    name = draw(st.sampled_from(["part-0.parquet", "part-1.parquet", "_SUCCESS"]))
    return Load(draw(st.integers(0, 8)), came_at, draw(st.sampled_from([10, 10, 10, 0])), registered_at, name)


@st.composite
def freshness_blocks(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(st.sampled_from(["max_age", "both", "by", "cron"]))
    calendar = draw(st.sampled_from([{}, {}, {"calendar": "office"}]))
    if kind == "max_age":
        return {"max_age": f"{draw(st.integers(1, 90))}h", **calendar}
    if kind == "both":
        warn = draw(st.integers(1, 60))
        return {"warn_after": f"{warn}h", "error_after": f"{warn + draw(st.integers(1, 40))}h", **calendar}
    if kind == "cron":
        return {"by": draw(st.sampled_from(["0 */6 * * *", "30 6 * * 1-5", "0 4,5,17 * * *"])), **calendar}
    return {"by": f"{draw(st.integers(0, 23)):02d}:30", "within": f"{draw(st.integers(1, 20))}h", **calendar}


@st.composite
def partitions_blocks(draw: st.DrawFn) -> dict[str, Any]:
    block: dict[str, Any] = {
        "every": "1d",
        "lookback": draw(st.integers(1, 9)),
        "error_when": draw(st.integers(1, 3)),
        "key": "dt",
        "format": "%Y-%m-%d",
    }
    block |= draw(st.sampled_from([{}, {"due": "06:00"}, {"after": "3h"}, {"due": "30 6 * * 1-5"}]))
    block |= draw(
        st.sampled_from([{}, {}, {"calendar": "office"}, {"calendar": "office", "calendar_of": "run"}])
    )
    return block | draw(st.sampled_from([{}, {}, {"due_from": "start"}]))


zones = st.sampled_from([ZoneInfo("UTC"), ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")])


@st.composite
def both(draw: st.DrawFn) -> dict[str, Any]:
    """The blocks of a partitioned table: one check or both."""
    blocks: dict[str, Any] = {}
    which = draw(st.sampled_from(["freshness", "partitions", "both"]))
    if which != "partitions":
        blocks["freshness"] = draw(freshness_blocks())
    if which != "freshness":
        blocks["partitions"] = draw(partitions_blocks())
    return blocks


def lake_of(these: Sequence[Load], *, denied: frozenset[int] = frozenset()) -> tuple[MemoryLake, Table]:
    """Return a table whose days hold the loads; days that are denied lie in a bucket that may not be read."""
    lake = MemoryLake()
    lake.bucket(SECRET)
    lake.denied.add(SECRET)
    table = lake.table("law.table", dt="string")
    for load in these:
        lake.put(f"{table.location}dt={load.value}/{load.name}", load.came_at, load.size)
    for value in sorted({load.value for load in these}):
        known = [
            each.registered_at for each in these if each.value == value and each.registered_at is not None
        ]
        day = (TODAY - date.fromisoformat(value)).days
        if day in denied:
            lake.register(table, [value], f"s3://{SECRET}/dt={value}/", NOW - 300 * HOUR)
        elif known:
            lake.register(table, [value], None, min(known))
    return lake, table


def plan_of(
    table: Table, blocks: Mapping[str, Any], zone: ZoneInfo, memory: TableMemory | None = None
) -> TablePlan:
    return TablePlan(
        table=table,
        rules=rules_of(blocks, zone),
        stated_layout=StatedLayout(("dt",), ("%Y-%m-%d",)) if table.partition_keys else None,
        memory=memory or TableMemory(),
    )


def verdicts(
    these: Sequence[Load],
    blocks: Mapping[str, Any],
    zone: ZoneInfo,
    clock: Clock | None = None,
    memory: TableMemory | None = None,
) -> dict[str, Finding]:
    lake, table = lake_of(these)
    return look(lake, plan_of(table, blocks, zone, memory), clock or Clock(now=NOW))


def files(these: Sequence[Load]) -> tuple[MemoryLake, Table]:
    """Return a table without partitions that holds the loads as files."""
    lake = MemoryLake()
    table = lake.table("law.table")
    for number, load in enumerate(these):
        lake.put(f"{table.location}{number}-{load.name}".replace("-_", "/_"), load.came_at, load.size)
    return lake, table


def first_day(these: Sequence[Load]) -> TableMemory:
    """Return what runs remember of a table: the first day that ever held data."""
    days = [load.value for load in these if load.size and not load.name.startswith("_")]
    return TableMemory(first_period_at=at(f"{min(days)} 00:00") if days else None)


@laws
@given(st.lists(loads(), max_size=6), freshness_blocks(), zones, st.integers(0, 300))
def test_older_is_never_fresher(
    these: list[Load], block: dict[str, Any], zone: ZoneInfo, minutes: int
) -> None:
    older = [replace(load, came_at=load.came_at - timedelta(minutes=minutes)) for load in these]
    found = []
    for each in (these, older):
        lake, table = files(each)
        found.append(look(lake, plan_of(table, {"freshness": block}, zone), Clock(now=NOW))["freshness"])
    assert RANK[found[0].severity] <= RANK[found[1].severity]


@laws
@given(st.lists(loads(), max_size=6), both(), zones, st.integers(0, 300))
def test_older_partitions_are_never_fresher(
    these: list[Load], blocks: dict[str, Any], zone: ZoneInfo, minutes: int
) -> None:
    older = [replace(load, came_at=load.came_at - timedelta(minutes=minutes)) for load in these]
    before, after = verdicts(these, blocks, zone), verdicts(older, blocks, zone)
    for check in blocks:
        assert RANK[before[check].severity] <= RANK[after[check].severity]


@laws
@given(st.lists(loads(), max_size=6), loads(), freshness_blocks(), zones)
def test_one_more_file_never_makes_a_table_staler(
    these: list[Load], more: Load, block: dict[str, Any], zone: ZoneInfo
) -> None:
    found = []
    for each in (these, [*these, more]):
        lake, table = files(each)
        found.append(look(lake, plan_of(table, {"freshness": block}, zone), Clock(now=NOW))["freshness"])
    assert RANK[found[1].severity] <= RANK[found[0].severity]


@laws
@given(st.lists(loads(earliest_hours=1), max_size=6), loads(), both(), zones)
def test_data_that_comes_now_never_makes_a_verdict_worse(
    these: list[Load], more: Load, blocks: dict[str, Any], zone: ZoneInfo
) -> None:
    """One more object that comes last, in no earlier day than the first that ever held data.

    The two conditions are part of the rules: data of a day before the first makes the days between due, and
    an object that came long ago, in a newer day, is the proof that nothing came since.
    """
    more = replace(more, came_at=NOW, name="part-9.parquet", size=10)
    memory = first_day([*these, more])
    before = verdicts(these, blocks, zone, memory=memory)
    after = verdicts([*these, more], blocks, zone, memory=memory)
    for check in blocks:
        assert RANK[after[check].severity] <= RANK[before[check].severity], (before[check], after[check])


@laws
@given(st.lists(loads(), max_size=6), freshness_blocks(), zones, st.integers(0, 200))
def test_time_alone_never_makes_a_table_fresher(
    these: list[Load], block: dict[str, Any], zone: ZoneInfo, hours: int
) -> None:
    lake, table = files(these)
    plan = plan_of(table, {"freshness": block}, zone)
    before = look(lake, plan, Clock(now=NOW))["freshness"]
    after = look(lake, plan, Clock(now=NOW + hours * HOUR))["freshness"]
    assert RANK[before.severity] <= RANK[after.severity]


def critical_is_beyond(before: Finding, after: Finding, hours: int) -> bool:
    """Tell whether what the critical limit asks about lies before all that was looked at, so the warning is left."""
    limit, first = before.limits.critical, after.stale_since
    if after.status is not Status.FAIL or after.limits.critical is not None:
        return False
    return isinstance(limit, datetime) and first is not None and limit + hours * HOUR < first


@laws
@given(st.lists(loads(), max_size=6), both(), zones, st.integers(0, 200))
def test_time_alone_never_mends_partitions(
    these: list[Load], blocks: dict[str, Any], zone: ZoneInfo, hours: int
) -> None:
    """With a lookback of so many periods, and no data for the days that come due meanwhile.

    Each day that comes due then is bad, and pushes out at most one that was. Data that lies ready for days to
    come would be good as they come due, and a lookback that is a duration lets go of bad days while nothing
    comes due at all (a long weekend): there the count of bad days may well fall. Where the lookback moves past
    the limit of freshness, whether its data was late is not known any more, which mends nothing.
    """
    these = [load for load in these if load.day > 1]  # the day before today may not be due yet
    memory = first_day(these)
    before = verdicts(these, blocks, zone, memory=memory)
    after = verdicts(these, blocks, zone, Clock(now=NOW + hours * HOUR), memory)
    for check in blocks:
        is_lost = check == "freshness" and (
            "was not looked for" in after[check].because
            or critical_is_beyond(before[check], after[check], hours)
        )
        assert is_lost or RANK[before[check].severity] <= RANK[after[check].severity], (
            before[check],
            after[check],
        )


@laws
@given(st.lists(loads(), max_size=6), both(), zones, st.integers(0, 120))
def test_looking_back_equals_having_looked_then(
    these: list[Load], blocks: dict[str, Any], zone: ZoneInfo, hours: int
) -> None:
    then = NOW - hours * HOUR
    there = [
        replace(load, registered_at=load.registered_at if (load.registered_at or NOW) <= then else None)
        for load in these
        if load.came_at <= then or (load.registered_at is not None and load.registered_at <= then)
    ]
    names = {(load.value, load.name) for load in these}
    overwritten = len(names) < len(these)
    if overwritten or any(load.came_at > then for load in there):
        return  # S3 keeps one version of a name; a partition registered before its data is told by the table
    memory = first_day(there)
    if memory.first_period_at is None:
        return  # the catalog is then asked for an older partition, whenever that was registered
    stated = Clock(now=then, ignore_later=True)
    assert verdicts(these, blocks, zone, stated, memory) == verdicts(
        there, blocks, zone, Clock(now=then), memory
    )


@laws
@given(st.lists(loads(), min_size=1, max_size=6), freshness_blocks(), zones, st.integers(1, 3))
def test_a_listing_that_was_ended_early_proves_nothing_stale(
    these: list[Load], block: dict[str, Any], zone: ZoneInfo, pages: int
) -> None:
    lake, table = files(these)
    lake.page_size = 1
    plan = plan_of(table, {"freshness": block}, zone)
    clock = Clock(now=NOW)
    whole = look(lake, plan, clock)["freshness"]
    part = look(lake, plan, clock, replace(lake.reader(plan), most_pages=pages))["freshness"]
    if len(lake.buckets["lake"]) > pages:
        assert part.status is not Status.FAIL
    if part.status is Status.PASS:
        assert whole.status is Status.PASS


@laws
@given(st.lists(loads(), min_size=1, max_size=6), st.sets(st.integers(0, 8)), both(), zones)
def test_what_could_not_be_read_never_makes_a_pass(
    these: list[Load], denied: set[int], blocks: dict[str, Any], zone: ZoneInfo
) -> None:
    """A pass with some days denied is a pass whatever these days hold: here, nothing."""
    lake, table = lake_of(these, denied=frozenset(denied))
    plan = plan_of(table, blocks, zone, first_day(these))
    seen = observe(plan, Clock(now=NOW), lake.reader(plan))
    found = judge(plan, seen, Clock(now=NOW))
    left = [load for load in these if load.day not in denied]
    without = verdicts(left, blocks, zone, memory=first_day(these))
    for check in blocks:
        if found[check].status is Status.PASS:
            assert without[check].status is Status.PASS, (found[check], without[check])
        if "partitions" in found and any(item.state == "unknown" for item in found["partitions"].items):
            assert found["partitions"].status is not Status.PASS


@pytest.mark.parametrize("kind", list(ProblemKind))
@given(block=both(), zone=zones)
@settings(max_examples=10, deadline=None)
def test_a_table_that_was_not_observed_is_unknown(
    kind: ProblemKind, block: dict[str, Any], zone: ZoneInfo
) -> None:
    _, table = lake_of([])
    plan = plan_of(table, block, zone)
    seen = Observation(table=table, now=NOW, problem=Problem(kind, "it could not be read", "mend it"))
    for finding in judge(plan, seen, Clock(now=NOW)).values():
        assert (finding.status, finding.problem) == (Status.UNKNOWN, kind)
        assert finding.because == "could not be checked: it could not be read"
        assert finding.advice == "mend it"


@laws
@given(both(), zones, st.integers(0, 100))
def test_a_table_that_holds_nothing_fails(blocks: dict[str, Any], zone: ZoneInfo, hours: int) -> None:
    found = verdicts([], blocks, zone, Clock(now=NOW + hours * HOUR))
    for check in blocks:
        many = blocks.get("partitions", {}).get("lookback", 1) >= blocks.get("partitions", {}).get(
            "error_when", 1
        )
        critical = check == "freshness" or many
        assert found[check].severity is (Severity.CRITICAL if critical else Severity.WARNING)
        assert found[check].because.startswith("never loaded: ")


def test_the_days_of_the_laws_are_those_that_they_say() -> None:
    assert NOW - DAY < at(f"{TODAY.isoformat()} 00:00") < NOW
