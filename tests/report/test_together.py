"""Tables that fall silent together are one item; a dead one beside siblings that live is told as that."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.model import Finding, ItemState, Severity, Status
from checks.report.as_json import pretty
from checks.report.build import build
from checks.report.from_json import read
from checks.report.outline import outline
from checks.report.text import render
from checks.report.together import silent_together
from tests.report.test_alike import night
from tests.support.report_cases import NOW, finding
from tests.support.times import DAY, HOUR, at
from tests.support.upstreams import lacking, silent

MINUTE = timedelta(minutes=1)
STOPPED = at("2026-11-22 01:00")
MISSED = at("2026-11-22 06:00")


def dead(
    table: str, missed: datetime = MISSED, *, before: timedelta = 24 * HOUR, owner: str | None = None
) -> Finding:
    """Return a table whose data was missed first then, so long after it came last."""
    return replace(
        silent(table, missed - before, missed, owner=owner), advice=f"look at the run that writes {table}"
    )


def groups(*found: Finding) -> set[frozenset[str]]:
    return {each.tables for each in silent_together(found)}


def told(found: list[Finding]) -> str:
    return render(night(found)[0])


def test_a_scheduler_that_stops_is_one_item_of_all_its_tables() -> None:
    """Whatever their cadence and their checks; what each lacks is told with it."""
    daily = replace(lacking("raw.orders", "21"), absence=dead("raw.orders").absence)
    found = [
        daily,
        dead("raw.clicks", MISSED + HOUR),
        dead("raw.rates", MISSED + 3 * HOUR),
        dead("crm.leads", MISSED, owner="sales"),
        finding("raw.well"),
    ]
    text = " ".join(told(found).split())
    assert "CRITICAL 3 tables (freshness, partitions): fell silent together, data first missed" in text
    assert "data first missed Sun 22 Nov 2026 06:00 UTC" in text
    assert "raw.clicks (no new data since Sat 21 Nov 07:00)" in text
    assert "raw.orders (2026-11-21 missing)" in text
    assert "In common: their place raw." in text
    assert "look first at what they share" in text
    assert "CRITICAL crm.leads (freshness)" in text
    report, _ = night(found)
    assert report.summary.critical == 4


@pytest.mark.parametrize(
    ("before", "after", "is_one"),
    [
        (HOUR, 15 * MINUTE, True),  # a quarter of an hour, of quick tables
        (HOUR, 15 * MINUTE + timedelta(seconds=1), False),
        (8 * HOUR, HOUR, True),  # an eighth
        (8 * HOUR, HOUR + timedelta(seconds=1), False),
        (DAY, 3 * HOUR, True),
        (DAY, 3 * HOUR + timedelta(seconds=1), False),
        (30 * DAY, 3 * HOUR, True),  # three hours at the most
        (30 * DAY, 3 * HOUR + timedelta(seconds=1), False),
    ],
)
def test_how_near_is_together(before: timedelta, after: timedelta, *, is_one: bool) -> None:
    one, other = dead("raw.a", before=before), dead("raw.b", MISSED + after, before=before + after)
    assert groups(one, other) == ({frozenset({"raw.a", "raw.b"})} if is_one else set())
    quick = replace(other, absence=dead("raw.b", MISSED + after, before=HOUR).absence)
    assert bool(groups(one, quick)) is (after <= 15 * MINUTE), "the quicker of both says how near"


def test_those_that_stop_one_after_the_other_are_no_chain() -> None:
    found = [dead(f"raw.t{number}", MISSED + number * 2 * HOUR) for number in range(6)]
    assert groups(*found) == {
        frozenset({"raw.t0", "raw.t1"}),
        frozenset({"raw.t2", "raw.t3"}),
        frozenset({"raw.t4", "raw.t5"}),
    }


def written(table: str, minutes: int) -> Finding:
    return replace(dead(table, MISSED + minutes * MINUTE), evidence=f"s3://in/{table}/part.parquet")


@pytest.mark.parametrize(
    ("found", "is_one"),
    [
        ([dead("raw.a"), dead("raw.b")], True),
        ([dead("partner/raw.a"), dead("raw.b")], False),
        ([dead("s3://in/a/"), dead("s3://in/b/")], True),
        ([dead("s3://in/a/"), dead("s3://out/b/")], False),
        ([dead("raw.a", owner="x"), dead("crm.b", owner="x")], True),
        ([dead("raw.a", owner="x"), dead("crm.b", owner="y")], False),
        ([dead("raw.a"), dead("crm.b")], False),  # one deadline: two miss it by chance
        ([dead("raw.a"), dead("crm.b"), dead("web.c")], True),  # three do not
        ([dead("raw.a"), dead("crm.b", MISSED + 2 * MINUTE), dead("web.c", MISSED + 4 * MINUTE)], False),
        ([written("raw.a", 0), written("crm.b", 1)], False),
        ([written("raw.a", 0), written("crm.b", 1), written("web.c", 2)], True),
        ([dead("raw.a"), replace(dead("raw.b"), severity=Severity.WARNING)], True),
    ],
)  # fmt: skip
def test_what_tables_have_in_common(found: list[Finding], *, is_one: bool) -> None:
    assert groups(*found) == ({frozenset(each.table for each in found)} if is_one else set())


@pytest.mark.parametrize(
    ("watched", "enough"), [(0, 3), (50, 3), (60, 4), (100, 4), (800, 15), (10_000, 121), (1_000_000, 10_201)]
)
def test_the_more_tables_there_are_the_more_miss_one_deadline_by_chance(watched: int, enough: int) -> None:
    few = min(enough, 200)
    found = [dead(f"d{number}.t") for number in range(few)]
    assert bool(silent_together(found, watched)) is (few == enough)
    assert silent_together(found[:-1], watched) == []
    assert len(silent_together([dead("raw.a"), dead("raw.b")], watched)) == 1, "of one place two are enough"


@pytest.mark.parametrize(("size", "enough"), [(2, 2), (17, 2), (18, 3), (100, 4)])
@pytest.mark.parametrize("owner", [None, "sales"])
def test_of_a_database_or_an_owner_of_many_two_are_chance(size: int, enough: int, owner: str | None) -> None:
    of = [f"s{number}.a" if owner else f"raw.{number}" for number in range(size)]
    found = [dead(table, MISSED + number * MINUTE, owner=owner) for number, table in enumerate(of[:enough])]
    beside = [*found, *(finding(table, owner=owner) for table in of[enough:]), finding("other.a")]
    assert len(silent_together(found, size + 1, beside)) == 1
    assert silent_together(found[:-1], size + 1, beside) == []


def test_what_only_some_have_in_common_says_how_many() -> None:
    found = [
        dead("raw.a", owner="x"),
        dead("raw.b", MISSED + MINUTE),
        dead("crm.c", MISSED + HOUR, owner="x"),
    ]
    (one,) = silent_together(found)
    assert one.in_common == ("their owner x (2 of them)", "their place raw (2 of them)")
    (all_of_raw,) = silent_together([*found[:2], dead("raw.d", MISSED + HOUR, owner="x")])
    assert all_of_raw.in_common == ("their place raw",)


def test_the_item_has_the_worst_severity_and_all_owners() -> None:
    text = told(
        [
            replace(dead("raw.a", owner="x"), severity=Severity.WARNING),
            dead("raw.b", MISSED + HOUR, owner="y"),
        ]
    )
    assert "CRITICAL 2 tables (freshness): fell silent together" in text
    assert "Owners: x and y" in text


def unusable(state: ItemState) -> Finding:
    """Return a table to which something came of the day that others lack, and that nobody can read."""
    found = lacking("raw.b", "21")
    items = tuple(replace(item, state=state) if item.state.is_bad else item for item in found.items)
    return replace(found, items=items, absence=dead("raw.b").absence)


@pytest.mark.parametrize(
    "other",
    [
        unusable(ItemState.EMPTY),
        unusable(ItemState.UNREGISTERED),
        unusable(ItemState.GONE),
        replace(dead("raw.b"), cause="denied"),
        silent("raw.b", None, MISSED),  # never loaded
        silent("raw.b", MISSED - DAY, None, owner="y"),
        finding("raw.b", Status.FAIL, check="schema"),
        finding("raw.b", Status.UNKNOWN),
        lacking("raw.b", "20"),
    ],
)
def test_what_did_not_fall_silent_is_told_by_itself(other: Finding) -> None:
    assert groups(dead("raw.a"), other) == set()
    text = told([dead("raw.a"), other])
    assert "together" not in text
    assert "raw.a (freshness)" in text
    assert "raw.b (" in text


def test_those_that_fail_alike_go_with_any_that_fell_silent_with_others() -> None:
    """Nothing came to the first two since one day; the second and the third share their place."""
    found = [
        dead("crm.a", MISSED - 5 * HOUR),
        dead("raw.b"),
        dead("raw.c", before=31 * HOUR),
        dead("web.d", MISSED + 2 * MINUTE, owner="x"),
    ]
    text = " ".join(told(found).split())
    assert "CRITICAL 3 tables (freshness): fell silent together" in text
    assert "CRITICAL web.d (freshness)" in text


def test_what_is_old_takes_one_line() -> None:
    found = [dead("raw.a"), dead("raw.b", MISSED, before=31 * HOUR)]
    _, state = night(found)
    again, _ = night(found, state, NOW + DAY)
    said = " ".join(render(again).split())
    assert "CRITICAL 2 tables (freshness), since Mon 23 Nov: fell silent together, data first missed" in said
    assert "raw.a and raw.b" in said


def alive(count: int, database: str = "raw") -> list[Finding]:
    return [finding(f"{database}.well{number}") for number in range(count)]


def alive_below(place: str) -> list[Finding]:
    return [finding(f"{place}{number}/") for number in range(11)]


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ([dead("raw.a"), *alive(11)], "its 11 siblings in raw live"),
        ([dead("raw.a"), *alive(3)], "its 3 siblings in raw live"),
        ([dead("raw.a"), *alive(2)], ""),
        ([dead("raw.a"), *alive(11, "crm")], ""),
        ([dead("raw.a"), dead("raw.b", MISSED - 5 * DAY), *alive(9)], "9 of its 10 siblings in raw live"),
        ([dead("raw.a"), dead("raw.b"), *alive(9)], "their 9 siblings in raw live"),
        ([dead("raw.a"), *(finding(f"raw.u{n}", Status.UNKNOWN) for n in range(4)), *alive(3)], ""),
        ([dead("s3://raw/a/"), *alive_below("s3://raw/")], "its 11 siblings below s3://raw/ live"),
        ([dead("raw.a"), *(replace(each, check="volume") for each in alive(5))], ""),
        ([replace(dead("raw.a"), absence=None), *alive(5)], ""),
        ([silent("raw.a", None, None), *alive(5)], "its 5 siblings in raw live"),
    ],
)  # fmt: skip
def test_a_dead_table_beside_siblings_that_live_is_told_as_that(found: list[Finding], said: str) -> None:
    text = " ".join(told(found).split())
    assert ("siblings" in text) is bool(said)
    if said:
        assert f"Beside: {said}." in text


TABLES = st.lists(
    st.tuples(
        st.sampled_from(["raw", "crm", "s3://in/"]),
        st.integers(0, 12),  # quarters of an hour
        st.sampled_from([HOUR, 6 * HOUR, DAY]),
        st.sampled_from([None, "x", "y"]),
        st.sampled_from(["silent", "silent", "lacking", "well", "warning", "unknown"]),
    ),
    max_size=14,
)


def made(number: int, one: tuple[str, int, timedelta, str | None, str]) -> Finding:
    place, quarters, before, owner, kind = one
    table = f"{place}t{number}/" if place.startswith("s3://") else f"{place}.t{number}"
    silent_one = dead(table, MISSED + quarters * 15 * MINUTE, before=before, owner=owner)
    return {
        "silent": silent_one,
        "warning": replace(silent_one, severity=Severity.WARNING),
        "lacking": lacking(table, "21", owner=owner),
        "well": finding(table),
        "unknown": finding(table, Status.UNKNOWN, because="it is denied"),
    }[kind]


@given(TABLES)
@settings(max_examples=80, deadline=None)
def test_no_table_is_untold_and_none_is_told_twice(
    tables: list[tuple[str, int, timedelta, str | None, str]],
) -> None:
    found = [made(number, one) for number, one in enumerate(tables)]
    report, _ = night(found)
    entries = [entry for section in outline(report).sections for entry in section.entries]
    ill = [each.table for each in found if each.status is not Status.PASS]
    assert sorted(table for entry in entries for table in entry.tables) == sorted(ill)
    text = render(report)
    assert all(table in text for table in ill)
    assert [(each.table, each.status, each.severity) for each in report.findings] == [
        (each.table, each.status, each.severity)
        for each in build(findings=found, now=NOW, run_id="r").findings
    ]


def test_a_report_that_was_kept_renders_as_it_did() -> None:
    report, _ = night([dead("raw.a"), dead("raw.b", before=31 * HOUR), *alive(4)])
    text = render(report)
    assert "silent together" in text
    assert "their 4 siblings" in text
    assert render(read(pretty(report))) == text
