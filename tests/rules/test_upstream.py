"""What fails for the periods that an upstream fails for is told within that one: by example, to the instant."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from checks.model import Absence, Finding, Item, ItemState, Severity, Standstill, Status
from checks.rules.told_once import told_once
from checks.rules.upstream import circles, told_within_upstreams
from tests.support.times import DAY, HOUR, at
from tests.support.upstreams import lacking, silent

if TYPE_CHECKING:
    from datetime import datetime

NOW = at("2026-11-23 08:00")
SECOND = timedelta(seconds=1)
CRITICAL, WARNING = Severity.CRITICAL, Severity.WARNING


def within(*findings: Finding, **upstreams: str) -> dict[str, str]:
    """Return by finding id, or id and item, within which finding it is told; upstreams by table, with spaces."""
    stated = {table: tuple(named.split()) for table, named in upstreams.items()}
    told: dict[str, str] = {}
    for each in told_within_upstreams(findings, stated):
        if each.within:
            told[each.id] = each.within
        told |= {
            f"{each.id} {item.key}": item.within for item in each.items if item.within and not each.within
        }
    return told


def test_a_missing_day_is_told_within_the_upstream_that_misses_it() -> None:
    assert within(lacking("a", "22"), lacking("b", "22"), b="a") == {"b|partitions": "a|partitions"}
    assert within(lacking("a", "22"), lacking("b", "22")) == {}
    assert within(lacking("a", "21"), lacking("b", "22"), b="a") == {}
    assert within(lacking("b", "22"), b="a") == {}


def test_what_lacks_more_than_its_upstream_tells_the_rest_itself() -> None:
    found = told_within_upstreams((lacking("a", "22"), lacking("b", "22 21")), {"b": ("a",)})
    host, guest = found
    assert (guest.within, [item.within for item in guest.items]) == ("", ["a|partitions", ""])
    assert [each.id for each in host.told_with] == ["b|partitions"]
    assert guest.severity is CRITICAL


def test_a_chain_is_told_at_its_root() -> None:
    chain = [lacking(f"t{number}", "22") for number in range(30)]
    stated = {f"t{number}": (f"t{number - 1}",) for number in range(1, 30)}
    found = told_within_upstreams(reversed(chain), stated)
    assert {each.within for each in found if each.table != "t0"} == {"t0|partitions"}
    (root,) = (each for each in found if not each.within)
    assert len(root.told_with) == 29
    assert {each.status for each in found} == {Status.FAIL}


def test_a_chain_of_thousands_is_no_deeper_than_a_short_one() -> None:
    chain = [lacking(f"t{number}", "22") for number in range(3000)]
    stated = {f"t{number}": (f"t{number - 1}",) for number in range(1, 3000)}
    found = told_within_upstreams(chain, stated)
    assert sum(each.within == "t0|partitions" for each in found) == 2999


@pytest.mark.parametrize(
    ("state", "is_told_within"),
    [
        (ItemState.MISSING, True),
        (ItemState.EMPTY, True),
        (ItemState.UNREGISTERED, False),
        (ItemState.GONE, False),
    ],
)
def test_what_lies_there_or_was_there_is_explained_by_no_upstream(
    state: ItemState, *, is_told_within: bool
) -> None:
    for of_upstream in (ItemState.MISSING, ItemState.EMPTY, ItemState.UNREGISTERED, ItemState.GONE):
        told = within(lacking("a", "22", state=of_upstream), lacking("b", "22", state=state), b="a")
        assert bool(told) is is_told_within


@pytest.mark.parametrize(
    ("upstream", "table", "is_told_within"),
    [
        (("2026-11-22 05:00", "1h"), ("2026-11-22 00:00", "1d"), True),  # an hour of the day
        (("2026-11-22 23:00", "1h"), ("2026-11-22 00:00", "1d"), True),
        (("2026-11-23 00:00", "1h"), ("2026-11-22 00:00", "1d"), False),
        (("2026-11-21 23:00", "1h"), ("2026-11-22 00:00", "1d"), False),
        (("2026-11-22 00:00", "1d"), ("2026-11-22 00:00", "1h"), True),  # the day of an hour
        (("2026-11-22 00:00", "1d"), ("2026-11-22 23:00", "1h"), True),
        (("2026-11-22 00:00", "1d"), ("2026-11-23 00:00", "1h"), False),
        (("2026-11-16 00:00", "7d"), ("2026-11-22 00:00", "1d"), True),  # the week of a day
        (("2026-11-22 00:00", "1d"), ("2026-11-21 23:00", "1d"), True),  # days of two zones
        (("2026-11-22 00:00", "1d"), ("2026-11-21 12:00", "1d"), True),  # half of it is enough
        (("2026-11-22 00:00", "1d"), ("2026-11-21 11:59", "1d"), False),
        (("2026-11-22 00:00", "1d"), ("2026-11-22 12:00", "1d"), True),
        (("2026-11-22 00:00", "1d"), ("2026-11-22 12:01", "1d"), False),
    ],
)
def test_periods_of_other_lengths_and_zones_share_half_of_the_shorter(
    upstream: tuple[str, str], table: tuple[str, str], *, is_told_within: bool
) -> None:
    lengths = {"1h": HOUR, "1d": DAY, "7d": 7 * DAY}
    (first, one), (second, other) = upstream, table
    hour = lacking("a", periods={"p": (at(first), at(first) + lengths[one])})
    day = lacking("b", periods={"q": (at(second), at(second) + lengths[other])})
    assert bool(within(hour, day, b="a")) is is_told_within


@pytest.mark.parametrize(
    ("upstream", "table", "is_told_within"),
    [
        ((("region", "eu"),), (("region", "eu"),), True),
        ((("region", "eu"),), (("region", "us"),), False),
        ((("region", "eu"),), (), True),
        ((), (("region", "us"),), True),
        ((("region", "eu"),), (("shop", "7"),), True),
        ((("region", "eu"), ("shop", "7")), (("shop", "7"), ("region", "eu")), True),
        ((("region", "eu"), ("shop", "7")), (("shop", "8"),), False),
    ],
)
def test_where_both_are_told_apart_by_the_same_keys_the_values_are_the_same(
    upstream: tuple[tuple[str, str], ...], table: tuple[tuple[str, str], ...], *, is_told_within: bool
) -> None:
    one, other = lacking("a", "22", dimensions=upstream), lacking("b", "22", dimensions=table)
    assert bool(within(one, other, b="a")) is is_told_within


ARRIVED, OVERDUE = at("2026-11-21 05:00"), at("2026-11-22 07:00")


@pytest.mark.parametrize(
    ("since", "overdue", "is_told_within"),
    [
        (ARRIVED, OVERDUE, True),
        (ARRIVED - SECOND, OVERDUE - SECOND, False),  # it was overdue before its upstream: it lacks more
        (ARRIVED - SECOND, OVERDUE, True),  # a slower table, due after what it is made from
        (ARRIVED + SECOND, OVERDUE - DAY, True),  # it had all that came, with a stricter limit
        (OVERDUE - SECOND, OVERDUE, True),
        (
            OVERDUE,
            OVERDUE + DAY,
            False,
        ),  # data came to it although its upstream was overdue: it goes on without
        (ARRIVED - 5 * DAY, OVERDUE - 5 * DAY, False),
        (ARRIVED, None, True),
        (ARRIVED - SECOND, None, False),
        (None, None, False),
    ],
)
def test_a_standstill_is_that_of_an_upstream_which_it_lacks_no_more_than(
    since: datetime | None, overdue: datetime | None, *, is_told_within: bool
) -> None:
    told = within(silent("a", ARRIVED, OVERDUE), silent("b", since, overdue), b="a")
    assert bool(told) is is_told_within


def test_what_was_never_loaded_waits_for_what_was_never_loaded() -> None:
    never, since = silent("a", None, None), silent("b", ARRIVED, OVERDUE)
    assert within(never, silent("b", None, None), b="a")
    assert within(never, since, b="a")
    assert within(never, lacking("b", "22"), b="a")
    assert not within(since, silent("c", None, None), c="b")


@pytest.mark.parametrize(("minutes", "is_told_within"), [(-1, True), (0, False), (1, False)])
def test_a_period_waits_for_an_upstream_to_which_nothing_came_since_some_of_it(
    minutes: int, *, is_told_within: bool
) -> None:
    end = at("2026-11-23 00:00")
    upstream = silent("a", end + timedelta(minutes=minutes), NOW - HOUR)
    assert bool(within(upstream, lacking("b", "22"), b="a")) is is_told_within


def test_events_wait_for_events_and_arrivals_for_arrivals() -> None:
    def of(table: str, what: str) -> Finding:
        return silent(table, ARRIVED, OVERDUE, of=what)

    assert within(of("a", "events"), of("b", "events"), b="a")
    assert not within(of("a", "events"), of("b", "arrivals"), b="a")
    assert not within(of("a", "arrivals"), of("b", "events"), b="a")
    assert not within(of("a", "events"), lacking("b", "22"), b="a")


def test_silence_waits_for_the_days_that_an_upstream_lacks_up_to_now() -> None:
    gap = Standstill(since=at("2026-11-22 00:00"), overdue_at=at("2026-11-23 06:00"), item="2026-11-22")
    upstream = lacking("a", "22")
    assert upstream.absence is not None
    with_gap = replace(upstream, absence=replace(upstream.absence, standstill=gap))
    victim = silent("b", at("2026-11-22 06:30"), at("2026-11-23 07:00"))
    assert within(with_gap, victim, b="a") == {"b|freshness": "a|partitions"}
    assert not within(upstream, victim, b="a")  # a gap of before, since when data came
    assert not within(with_gap, silent("b", at("2026-11-21 06:30"), at("2026-11-22 07:00")), b="a")


def test_too_little_waits_for_too_little_and_for_nothing_at_all() -> None:
    period = (at("2026-11-22 00:00"), at("2026-11-23 00:00"))
    little = Finding(
        table="b",
        check="volume",
        status=Status.FAIL,
        severity=WARNING,
        because="few",
        of_period="2026-11-22",
        absence=Absence(periods={"": period}),
    )
    assert within(lacking("a", "22"), little, b="a") == {"b|volume": "a|partitions"}
    assert within(replace(little, table="a"), little, b="a") == {"b|volume": "a|volume"}
    assert within(lacking("a", "21"), little, b="a") == {}


def test_what_fails_otherwise_hides_nothing_and_is_not_hidden() -> None:
    schema = Finding(table="a", check="schema", status=Status.FAIL, severity=CRITICAL, because="changed")
    assert within(schema, lacking("b", "22"), b="a") == {}
    assert within(lacking("a", "22"), replace(schema, table="b"), b="a") == {}


@pytest.mark.parametrize("status", [Status.UNKNOWN, Status.PASS])
def test_an_upstream_that_does_not_fail_hides_nothing(status: Status) -> None:
    upstream = replace(lacking("a", "22"), status=status, severity=None)
    assert within(upstream, lacking("b", "22"), b="a") == {}
    assert within(lacking("r", "22"), upstream, lacking("b", "22"), b="a", a="r") == {}


def test_what_is_silenced_hides_nothing_but_passes_on_what_hides_it() -> None:
    quiet = replace(lacking("a", "22"), silenced="moved")
    assert within(quiet, lacking("b", "22"), b="a") == {}
    told = within(lacking("r", "22"), quiet, lacking("b", "22"), a="r", b="a")
    assert told["b|partitions"] == "r|partitions"
    assert within(
        replace(lacking("r", "22"), silenced="moved"), lacking("a", "22"), lacking("b", "22"), a="r", b="a"
    ) == {"b|partitions": "a|partitions"}


def test_circles_hide_nothing_of_each_other_and_all_that_is_made_from_them() -> None:
    findings = [lacking(table, "22") for table in "abcde"]
    told = within(*findings, a="b", b="c", c="a", d="a", a_="x", e="e")
    assert told == {"d|partitions": "a|partitions"}
    assert within(*findings, a="b e", b="a") == {"a|partitions": "e|partitions"}


def test_circles_are_numbered_upstreams_first() -> None:
    found = circles({"d": ("c",), "c": ("b",), "b": ("a", "c"), "e": ("e", "d")})
    assert [table for table in found if table not in ("b", "c")] == ["a", "d", "e"]
    assert list(found).index("a") < min(map(list(found).index, "bc")) < list(found).index("d")
    assert found["b"] == found["c"]
    assert len(set(found.values())) == 4
    assert circles({}) == {}


def test_of_two_upstreams_the_worse_tells_it_and_only_one() -> None:
    lesser = replace(lacking("a", "22"), severity=WARNING)
    found = told_within_upstreams((lesser, lacking("b", "22"), lacking("c", "22")), {"c": ("a", "b")})
    assert [each.within for each in found] == ["", "", "b|partitions"]
    assert [len(each.told_with) for each in found] == [0, 1, 0]


def test_the_worst_severity_of_all_that_it_tells_is_its_own() -> None:
    found = told_within_upstreams(
        (replace(lacking("a", "22"), severity=WARNING), lacking("b", "22")), {"b": ("a",)}
    )
    assert (found[0].severity, found[0].told_severity) == (WARNING, CRITICAL)


def test_what_is_told_within_its_own_table_follows_the_item_of_its_period() -> None:
    def of_22(table: str) -> Finding:
        finding = silent(table, at("2026-11-22 01:00"), at("2026-11-23 01:00"))
        return replace(finding, of_period="2026-11-22")

    def partitions(table: str, days: str) -> Finding:
        finding = lacking(table, days)
        return replace(finding, lacking=tuple(item.period for item in finding.items))

    found = told_once((partitions("a", "22"), of_22("a"), partitions("b", "22"), of_22("b")))
    assert [each.within for each in found] == ["", "a|partitions", "", "b|partitions"]
    told = told_within_upstreams(found, {"b": ("a",)})
    assert [each.within for each in told] == ["", "a|partitions", "a|partitions", "a|partitions"]
    assert [each.id for each in told[0].told_with] == ["a|freshness", "b|partitions", "b|freshness"]
    assert not told[2].told_with
    # What the table still tells by itself keeps what is of a period that it tells.
    alone = told_once((partitions("a", "21"), partitions("b", "22 21"), of_22("b")))
    assert [each.within for each in told_within_upstreams(alone, {"b": ("a",)})] == ["", "", "b|partitions"]


def test_items_that_are_well_are_in_nobodys_way() -> None:
    well = Item(period="2026-11-20", state=ItemState.PRESENT)
    table = lacking("b", "22")
    found = told_within_upstreams(
        (lacking("a", "22"), replace(table, items=(*table.items, well))), {"b": ("a",)}
    )
    assert found[1].within == "a|partitions"
    assert [item.within for item in found[1].items] == ["a|partitions", ""]


def test_what_is_expected_hides_nothing_and_is_told_nowhere() -> None:
    def expected(table: str, *days: str) -> Finding:
        finding = lacking(table, "22 21")
        items = (replace(i, marked="m1" if i.period[-2:] in days else "") for i in finding.items)
        return replace(finding, items=tuple(items))

    assert within(expected("a", "22"), lacking("b", "22 21"), b="a") == {
        "b|partitions 2026-11-21": "a|partitions"
    }
    found = told_within_upstreams((lacking("a", "22 21"), expected("b", "22")), {"b": ("a",)})
    assert (found[1].within, [item.within for item in found[1].items]) == (
        "a|partitions",
        ["", "a|partitions"],
    )
    told = within(lacking("r", "22"), expected("a", "22"), lacking("b", "22"), a="r", b="a")
    assert told["b|partitions"] == "r|partitions"


def test_what_is_silenced_is_told_within_nothing() -> None:
    found = told_within_upstreams(
        (lacking("a", "22"), replace(lacking("b", "22"), silenced="moved")), {"b": ("a",)}
    )
    assert [(each.within, each.told_with) for each in found] == [("", ()), ("", ())]
