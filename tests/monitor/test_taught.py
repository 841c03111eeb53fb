"""Runs with marks that teach: what was told once and was as it should be is told no more, and what is kept stays."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from checks.marks import Covered, Mark, MarkKind, TakenBack
from checks.model import Finding, Status
from tests.support.fleet import Fleet, lost, prefix_of
from tests.support.habits import comings, config_of
from tests.support.times import DAY, HOUR, at

if TYPE_CHECKING:
    from collections.abc import Iterable

START = at("2026-08-03")  # a Monday
MAINTAINED = [START + number * DAY for number in (62, 69, 76)]
"""Sundays on which nothing comes from 08:00 to 14:00."""


def mark(
    kind: MarkKind,
    at: datetime,
    *,
    name: str = "hourly",
    check: str | None = None,
    since: datetime | None = None,
    moment: datetime | None = None,
    mark_id: str = "aa11",
) -> Mark:
    covers = (
        (Covered(check="freshness", item=None, state="fail", severity="critical", since=since),)
        if since is not None
        else ()
    )
    return Mark(
        id=mark_id,
        kind=kind,
        table=prefix_of(name),
        by="ann",
        at=at,
        ends_at=at + timedelta(days=400),
        check=check,
        moment=moment,
        covers=covers,
    )


def maintained(names: Iterable[str] = ("hourly", "other")) -> Fleet:
    everything = [each for name in names for each in comings(name, "hourly", 90)]
    stopped = lost(
        everything, lambda one: any(day + 8 * HOUR <= one.at < day + 14 * HOUR for day in MAINTAINED)
    )
    return Fleet(config_of(names), stopped)


def _is_told(finding: Finding) -> bool:
    return finding.status is Status.FAIL


def often(fleet: Fleet, first: datetime, until: datetime) -> dict[str, list[datetime]]:
    """Run each hour of the Sundays and four times on other days, and return when which table was failing."""
    told: dict[str, list[datetime]] = {}
    now = first
    while now < until:
        for table, finding in fleet.run(now).items():
            if _is_told(finding):
                told.setdefault(table, []).append(now)
        now += HOUR if now.weekday() == 6 else 6 * HOUR
    return told


@pytest.mark.slow
def test_one_mark_stops_the_repeat_of_an_alarm_of_its_table_and_of_no_other() -> None:
    fleet = maintained()
    first = often(fleet, MAINTAINED[0], START + 63 * DAY)
    opened = first[prefix_of("hourly")][0]
    assert MAINTAINED[0] + 8 * HOUR < opened < MAINTAINED[0] + 11 * HOUR
    fleet.marks = [mark(MarkKind.EXPECTED, opened + HOUR, since=opened)]
    found = fleet.run(START + 63 * DAY)[prefix_of("hourly")]
    assert found.status is Status.PASS
    assert "as was learned with 1 mark of ann, 4 Oct" in found.because
    assert found.usual.endswith("; learned with 1 mark of ann, 4 Oct")
    second = often(fleet, START + 63 * DAY + HOUR, START + 70 * DAY)
    assert list(second) == [prefix_of("other")]
    fleet.marks = [replace(fleet.marks[0], taken_back=TakenBack(by="ben", at=START + 70 * DAY))]
    third = often(fleet, START + 70 * DAY, START + 77 * DAY)
    plain = maintained()
    assert third == often(plain, START + 70 * DAY, START + 77 * DAY)
    assert set(third) == {prefix_of("hourly"), prefix_of("other")}


@pytest.mark.slow
def test_an_outage_on_such_a_day_is_still_told() -> None:
    fleet = maintained(["hourly"])
    dead = MAINTAINED[1] + 8 * HOUR
    fleet.waiting = [one for one in fleet.waiting if one.at < dead]
    opened = often(fleet, MAINTAINED[0], START + 63 * DAY)[prefix_of("hourly")][0]
    fleet.marks = [mark(MarkKind.EXPECTED, opened + HOUR, since=opened)]
    told = often(fleet, START + 63 * DAY, START + 71 * DAY)[prefix_of("hourly")]
    assert dead + 6 * HOUR <= told[0] <= dead + 8 * HOUR
    assert told[-1] == START + 71 * DAY - 6 * HOUR


def test_what_is_kept_is_the_same_with_marks_and_without() -> None:
    with_marks, without = maintained(["hourly"]), maintained(["hourly"])
    with_marks.marks = [
        mark(MarkKind.EXPECTED, START + 62 * DAY + 12 * HOUR, since=START + 62 * DAY + 11 * HOUR),
        mark(MarkKind.MISSED, START + 50 * DAY, moment=START + 45 * DAY, mark_id="bb22"),
        mark(MarkKind.NEW_NORMAL, START + 50 * DAY, moment=START + 20 * DAY, mark_id="cc33"),
    ]
    for number in range(20):
        now = START + 55 * DAY + number * 13 * HOUR
        with_marks.run(now)
        without.run(now)
        assert with_marks.state.tables == without.state.tables
    with_marks.marks = []
    later = START + 70 * DAY
    assert with_marks.run(later) == without.run(later)


def test_a_mark_changes_no_look_at_a_time_before_it() -> None:
    fleet, plain = maintained(["hourly"]), maintained(["hourly"])
    now = MAINTAINED[0] + 11 * HOUR
    said_at = now + HOUR
    fleet.marks = [mark(MarkKind.EXPECTED, said_at, since=now)]
    for each in (now - HOUR, now, said_at - timedelta(seconds=1)):
        assert fleet.run(each, keep=False) == plain.run(each, keep=False)


@pytest.mark.parametrize("check", [None, "freshness", "volume"])
def test_what_was_missed_is_told_from_then_on(check: str | None) -> None:
    names = ["hourly"]
    dead = START + 70 * DAY
    fleet = Fleet(config_of(names), lost(comings("hourly", "hourly", 90), lambda one: one.at >= dead))
    last = max(one.at for one in fleet.waiting)
    now = last + 70 * HOUR / 60
    assert fleet.run(now, keep=False)[prefix_of("hourly")].status is Status.PASS
    fleet.marks = [
        mark(MarkKind.MISSED, now - timedelta(minutes=1), moment=now - timedelta(minutes=2), check=check)
    ]
    found = fleet.run(now, keep=False)[prefix_of("hourly")]
    assert _is_told(found) is (check != "volume")
    assert ("learned with 1 mark of ann" in found.because) is (check != "volume")


def test_a_new_normal_is_learned_anew_and_the_limits_beside_it_hold_until_then() -> None:
    slower = [one for one in comings("hourly", "hourly", 75) if one.at < START + 60 * DAY or one.at.hour == 6]
    fleet = Fleet(config_of(["hourly"], {"auto": True, "max_age": "36h"}), slower)
    fleet.marks = [mark(MarkKind.NEW_NORMAL, START + 60 * DAY, moment=START + 60 * DAY)]
    told = [fleet.run(START + number * DAY)[prefix_of("hourly")] for number in range(60, 75)]
    assert all(each.status is Status.PASS for each in told[1:])
    assert "0 arrivals seen, 8 needed; earlier ones do not count, by 1 mark of ann, 2 Oct" in told[0].because
    assert told[-1].usual.endswith("; learned with 1 mark of ann, 2 Oct")
