"""`partitions: auto` with marks: what was expected, missed, or is a new normal."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from checks.marks import Covered, Mark, MarkKind
from checks.model import ItemState, Status
from tests.rules.test_learned_periods import START, Table, nightly
from tests.support.times import DAY, HOUR, at

WEDNESDAY = at("2026-10-14")


def mark(kind: MarkKind, said_at: datetime, *, item: str = "", moment: datetime | None = None) -> Mark:
    covers = (
        (Covered(check="partitions", item=item, state="missing", severity="critical", since=said_at),)
        if item
        else ()
    )
    return Mark(
        id="aa11", kind=kind, table="sales.orders", by="ann", at=said_at,
        ends_at=said_at + timedelta(days=400), moment=moment, covers=covers,
    )  # fmt: skip


def told(table: Table, nights: range, hour: float = 8) -> dict[str, list[str]]:
    """Run each night; return by the date of the run which periods are missing and not expected."""
    found = {}
    for night in nights:
        now = START + night * DAY + hour * HOUR
        finding = table.run(now)[0]["partitions"]
        bad = [item.period for item in finding.items if item.state is ItemState.MISSING]
        if bad:
            found[f"{now:%m-%d}"] = bad
    return found


def number_of(day: datetime) -> int:
    return (day - START).days


def test_a_weekday_that_never_comes_is_told_once_and_expected_from_then_on() -> None:
    """Its own period stays what it is; other days are told as before."""
    lost = [WEDNESDAY, WEDNESDAY + 7 * DAY, WEDNESDAY + 8 * DAY]

    def comes(day: datetime) -> datetime | None:
        return None if day in lost else day + DAY + (3 + day.day % 7 / 20) * HOUR

    table, plain = Table(comes), Table(comes)
    night = number_of(WEDNESDAY) + 1
    assert told(table, range(20, night + 1)) == {"10-15": ["2026-10-14"]}
    table.marks = (mark(MarkKind.EXPECTED, START + night * DAY + 9 * HOUR, item="2026-10-14"),)
    following = told(table, range(night + 1, night + 10))
    assert {day for days in following.values() for day in days} == {"2026-10-14", "2026-10-22"}
    assert following["10-22"] == ["2026-10-14"]
    assert "2026-10-22" in following["10-23"]
    finding = table.run(START + (night + 10) * DAY)[0]["partitions"]
    assert "when they are due was learned with 1 mark of ann, 15 Oct" in finding.because
    told(plain, range(20, night + 10))
    plain.run(START + (night + 10) * DAY)
    assert table.memory.firsts == plain.memory.firsts, "nothing of it is kept"


def test_two_such_days_that_came_prove_that_it_was_of_its_own() -> None:
    gone = WEDNESDAY + 21 * DAY
    table = Table(lambda day: None if day in (WEDNESDAY, gone) else nightly(day))
    night = number_of(WEDNESDAY) + 1
    told(table, range(20, night + 1))
    table.marks = (mark(MarkKind.EXPECTED, START + night * DAY + 9 * HOUR, item="2026-10-14"),)
    told(table, range(night + 1, night + 21))
    assert told(table, range(night + 21, night + 22)) == {"11-05": ["2026-11-04"]}


@pytest.mark.parametrize(("again", "is_told"), [("2027-01-01", False), ("2027-01-08", True)])
def test_a_holiday_is_expected_of_holidays_alone(again: str, *, is_told: bool) -> None:
    christmas = at("2026-12-25")  # a Friday, as both others
    table = Table(lambda day: None if day in (christmas, at(again)) else nightly(day), days=130)
    night = number_of(christmas) + 1
    assert told(table, range(90, night + 1)) == {"12-26": ["2026-12-25"]}
    table.marks = (mark(MarkKind.EXPECTED, START + night * DAY + 9 * HOUR, item="2026-12-25"),)
    found = told(table, range(night + 1, number_of(at(again)) + 2))
    assert {day for days in found.values() for day in days} - {"2026-12-25"} == (
        {again} if is_told else set()
    )


def test_a_period_that_came_late_as_expected_may_do_so_again_on_such_days() -> None:
    late = {WEDNESDAY: 5.1, WEDNESDAY + DAY: 5.1, WEDNESDAY + 2 * DAY: 5.1, WEDNESDAY + 7 * DAY: 9}
    table = Table(lambda day: nightly(day) + timedelta(hours=late.get(day, 0)))
    night = number_of(WEDNESDAY) + 1
    assert told(table, range(20, night + 1)) == {"10-15": ["2026-10-14"]}
    table.marks = (mark(MarkKind.EXPECTED, START + night * DAY + 8.1 * HOUR, item="2026-10-14"),)
    following = told(table, range(night + 1, night + 5))
    assert following == {"10-17": ["2026-10-16"]}, "Friday's comes on a Saturday, which is of another kind"
    # What is later than that is told soon after.
    assert told(table, range(night + 5, night + 8), hour=10) == {"10-22": ["2026-10-21"]}


def test_what_was_missed_brings_the_deadline_closer_and_bears_nine_of_ten_days() -> None:
    lost = WEDNESDAY
    plain, taught = (Table(lambda day: None if day == lost else nightly(day)) for _ in range(2))
    moment = START + 30 * DAY + 4.5 * HOUR
    late = START + 29 * DAY
    for table in (plain, taught):
        table.comes = lambda day: (
            None if day == lost else nightly(day) + timedelta(hours=2 if day == late else 0)
        )
        table.__post_init__()
    taught.marks = (mark(MarkKind.MISSED, START + 30 * DAY + 9 * HOUR, moment=moment),)
    assert told(plain, range(20, number_of(lost) + 1)) == {}
    assert told(taught, range(20, number_of(lost) + 1)) == {}
    now = lost + DAY + 4.6 * HOUR
    assert plain.run(now)[0]["partitions"].status is Status.PASS
    found = taught.run(now)[0]["partitions"]
    assert found.status is Status.FAIL
    assert "learned with 1 mark of ann, 7 Oct" in found.because


@pytest.mark.parametrize("hours", [3.0, 1.0])
def test_where_no_period_was_late_nothing_is_learned(hours: float) -> None:
    table = Table(nightly)
    moment = START + 30 * DAY + hours * HOUR
    table.marks = (mark(MarkKind.MISSED, START + 31 * DAY, moment=moment),)
    for night in range(20, 34):
        table.run(START + night * DAY + 8 * HOUR)
    found = table.run(START + 34 * DAY + 8 * HOUR)[0]["partitions"]
    assert "mark" not in found.because
    assert table.rule.taught_by == frozenset()


def test_a_new_normal_forgets_what_came_before() -> None:
    changed = START + 40 * DAY
    table = Table(
        lambda day: nightly(day) + (8 * HOUR if day >= changed else 0 * HOUR),
        block={"auto": True, "after": "20h"},
    )
    told(table, range(20, 40))
    table.marks = (mark(MarkKind.NEW_NORMAL, changed, moment=changed + DAY),)
    few = table.run(changed + 4 * DAY)[0]["partitions"]
    assert few.status is Status.PASS
    lacking = "3 periods seen, 8 needed; earlier ones do not count, by 1 mark of ann, 17 Oct"
    assert f"too little is known to learn when they are due: {lacking}" in few.because
    assert "learned with" not in few.because
    assert f"learned: nothing yet, {lacking}" in table.rule.explain_learned()
    assert told(table, range(46, 60)) == {}
    assert table.rule.taught_by == {"aa11"}
