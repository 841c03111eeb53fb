"""What marks change of what is told: each kind by example, then what must hold for all of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from checks.changes import Marks, State, advance, changes, cover, hold
from checks.changes.marked import say_mark, say_reason
from checks.marks import Mark, TakenBack
from checks.model import Absence, Finding, Item, Severity
from checks.rules.told_once import told_once
from checks.rules.upstream import told_within_upstreams
from tests.support.failing import EMPTY, FAIL, MISSING, PASS, PRESENT, UNKNOWN, UTC_ZONE, failing, lacking
from tests.support.marks import MADE, covered, mark
from tests.support.times import DAY, HOUR, SECOND

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import timedelta


BERLIN = ZoneInfo("Europe/Berlin")


class Days:
    """Runs a day apart, everything delivered, with the marks that hold at each."""

    def __init__(self) -> None:
        self.state, self.now = State(), MADE
        self.findings: tuple[Finding, ...] = ()

    def run(self, *findings: Finding, marks: Iterable[Mark] = (), after: timedelta = DAY) -> Counter[Any]:
        """Return what is told at the next run: the reasons, by check or item."""
        self.now += after
        covering = cover(findings, hold(marks, self.now), self.state, UTC_ZONE)
        self.findings = told_once(covering)
        news = changes(self.state, self.findings, self.now, DAY, {each.table for each in findings})
        self.state = advance(self.state, self.findings, news, self.now, news)
        return Counter((each.item or each.check, each.reason.value) for each in news)

    def said(self, kind: str, **more: Any) -> Mark:
        """Return a mark of what is told now."""
        covers = [
            covered(key, item.state.value, _value(item.severity), item.since, told.check)
            for told in self.state.told.values()
            for key, item in told.items.items()
        ]
        covers += [
            replace(covered(None, "", _value(told.severity), told.since, told.check), state=told.status.value)
            for told in self.state.told.values()
            if not told.items
        ]
        return mark(kind, at=self.now, ends_at=self.now + 400 * DAY, covers=tuple(covers), **more)


def _value(severity: Severity | None) -> str | None:
    return severity.value if severity is not None else None


def told(**said: str) -> Counter[Any]:
    return Counter({(key.replace("_", "-").removeprefix("d"), reason): 1 for key, reason in said.items()})


def test_without_marks_nothing_changes() -> None:
    findings = (failing(), lacking({"2026-11-22": MISSING}))
    assert cover(findings, Marks(), State(), UTC_ZONE) is findings


@pytest.mark.parametrize(
    ("after", "heard"), [(-SECOND, {}), (0 * SECOND, {"freshness": "new"}), (SECOND, {"freshness": "new"})]
)
def test_a_silence_hides_until_it_ends_and_what_still_fails_then_is_new_at_once(
    after: timedelta, heard: dict[str, str]
) -> None:
    days = Days()
    assert days.run(failing()) == told(freshness="new")
    first = days.now
    silence = mark(ends_at=days.now + 2 * DAY)
    assert days.run(failing(), marks=[silence]) == told()
    (finding,) = days.findings
    assert finding.silenced == "migration, until Thu 26 Nov 2026 05:00 UTC (by ann@desk)"
    assert [each.mark for each in finding.marked] == [silence]
    assert finding.status is FAIL
    assert days.run(failing(), marks=[silence], after=DAY + after) == told(**heard)
    assert next(iter(days.state.told.values())).since == first


def test_a_recovery_during_a_silence_is_silent_as_with_those_of_the_config() -> None:
    days = Days()
    days.run(failing())
    assert (
        days.run(replace(failing(), status=PASS, severity=None), marks=[mark(ends_at=MADE + 9 * DAY)])
        == told()
    )
    assert days.state.told == {}


@pytest.mark.parametrize(
    ("silence", "hides"),
    [
        (mark(), True),
        (mark(table="sales.*"), True),
        (mark(table="SALES.ORDERS"), True),
        (mark(table="web.*"), False),
        (mark(check="freshness"), True),
        (mark(check="volume"), False),
        (mark(taken_back=TakenBack(by="ben", at=MADE)), False),
        (mark("missed", moment=MADE), False),
        (mark("new-normal", moment=MADE), False),
    ],
)
def test_a_silence_hides_what_it_names(silence: Mark, *, hides: bool) -> None:
    assert bool(Days().run(failing(), marks=[silence])) is not hides


def test_of_several_silences_the_longest_is_told_and_that_of_the_config_first() -> None:
    days = Days()
    short, long = mark(ends_at=MADE + 2 * DAY), mark(id="b", ends_at=MADE + 9 * DAY, because="holiday")
    days.run(failing(), marks=[long, short])
    assert str(days.findings[0].silenced).startswith("holiday, until")
    days.run(failing(silenced="by config"), marks=[long])
    assert days.findings[0].silenced == "by config"


def test_a_silence_hides_what_cannot_be_checked_too() -> None:
    assert Days().run(failing(status=UNKNOWN, severity=None), marks=[mark()]) == told()


def test_an_expected_period_is_told_by_no_check() -> None:
    found = (
        lacking({"2026-11-22": MISSING, "2026-11-21": PRESENT}),
        failing("volume", of_period="2026-11-22"),
        failing("freshness", of_period="2026-11-22"),
    )
    days = Days()
    assert days.run(*found, marks=[mark("expected", period="2026-11-22")]) == told()
    assert {each.silenced for each in days.findings} == {"expected (by ann@desk, Mon 23 Nov 2026 05:00 UTC)"}
    assert {each.status for each in days.findings} == {FAIL}
    assert days.run(*found) == told(d2026_11_22="new"), "once it is taken back it speaks, as it never did"


def test_of_a_period_that_is_expected_other_periods_are_told() -> None:
    days, expected = Days(), [mark("expected", period="2026-11-21")]
    both = lacking({"2026-11-22": EMPTY, "2026-11-21": MISSING})
    assert days.run(both, marks=expected) == told(d2026_11_22="new")
    (finding,) = days.findings
    assert (finding.silenced, [item.marked for item in finding.items]) == (None, ["", "0a1b2c3d4e"])
    assert [(each.mark.id, each.items) for each in finding.marked] == [("0a1b2c3d4e", ("2026-11-21",))]
    assert days.run(both, marks=expected) == told(d2026_11_22="reminder")
    assert days.run(lacking({"2026-11-22": PRESENT, "2026-11-21": MISSING}), marks=expected) == told()
    assert days.run(lacking({"2026-11-22": PRESENT, "2026-11-21": MISSING})) == told(d2026_11_21="new")


def test_an_expected_period_of_one_value_of_a_dimension_is_not_that_of_others() -> None:
    items = tuple(Item(period="2026-11-22", state=MISSING, dimensions=(("region", r),)) for r in ("eu", "us"))
    one = failing("partitions", items=items)
    heard = Days().run(one, marks=[mark("expected", period="2026-11-22/region=eu")])
    assert heard == Counter({("2026-11-22/region=us", "new"): 1})
    assert Days().run(one, marks=[mark("expected", period="2026-11-22")]) == told()


def test_what_was_told_and_is_expected_is_hidden_until_it_changes() -> None:
    days = Days()
    days.run(lacking({"2026-11-22": MISSING}))
    expected = [days.said("expected")]
    assert days.run(lacking({"2026-11-22": MISSING}), marks=expected) == told()
    assert days.run(lacking({"2026-11-23": MISSING, "2026-11-22": MISSING}), marks=expected) == told(
        d2026_11_23="new"
    )
    assert days.run(lacking({"2026-11-23": MISSING, "2026-11-22": EMPTY}), marks=expected) == told(
        d2026_11_23="reminder", d2026_11_22="new"
    )


def test_what_is_told_as_one_thing_and_is_expected_is_hidden_until_it_is_worse_or_over() -> None:
    warning = failing(severity=Severity.WARNING)
    days = Days()
    days.run(warning)
    expected = [days.said("expected")]
    assert days.run(warning, marks=expected) == days.run(warning, marks=expected) == told()
    assert days.run(failing(), marks=expected) == told(freshness="new")
    assert days.run(failing(), marks=expected) == told(freshness="reminder")
    days = Days()
    days.run(warning)
    expected = [days.said("expected")]
    assert days.run(replace(warning, status=PASS, severity=None), marks=expected) == told(
        freshness="resolved"
    )
    assert days.run(warning, marks=expected) == told(freshness="new"), "it came again"


def test_what_fails_by_a_hidden_period_is_hidden_with_it_and_outlives_it_as_news() -> None:
    gap, volume = lacking({"2026-11-22": MISSING}), failing("volume", of_period="2026-11-22")
    days = Days()
    assert days.run(gap, volume) == told(d2026_11_22="new")
    expected = [replace(days.said("expected"), covers=days.said("expected").covers[:1])]
    assert days.run(gap, volume, marks=expected) == told()
    came = lacking({"2026-11-22": PRESENT})
    assert days.run(came, volume, marks=expected) == told(volume="new")


def test_what_is_hidden_hides_nothing() -> None:
    gap = lacking({"2026-11-22": MISSING})
    volume = failing("volume", of_period="2026-11-22")
    assert Days().run(gap, volume, marks=[mark(check="partitions")]) == told(volume="new")
    of_one = mark("expected", check="partitions", period="2026-11-22")
    assert Days().run(gap, volume, marks=[of_one]) == told(volume="new")


def test_expected_hides_no_unknown() -> None:
    days = Days()
    unknown = failing(status=UNKNOWN, severity=None)
    days.run(failing())
    expected = [days.said("expected")]
    assert days.run(unknown, marks=expected) == told(freshness="new")


def test_of_what_is_acknowledged_nobody_is_reminded() -> None:
    days = Days()
    days.run(failing(severity=Severity.WARNING))
    assert days.run(failing(severity=Severity.WARNING)) == told(freshness="reminder")
    known = [days.said("ack")]
    for _ in range(3):
        assert days.run(failing(severity=Severity.WARNING), marks=known) == told(freshness="ongoing")
    assert days.findings[0].silenced is None
    assert [each.mark for each in days.findings[0].marked] == known
    assert days.run(failing(), marks=known) == told(freshness="escalated")
    assert days.run(failing(), marks=known) == told(freshness="reminder"), "it is worse than what was known"


def test_an_acknowledgement_ends_with_its_trouble() -> None:
    days = Days()
    days.run(failing())
    known = [days.said("ack")]
    assert days.run(replace(failing(), status=PASS, severity=None), marks=known) == told(freshness="resolved")
    assert days.run(failing(), marks=known) == told(freshness="new")
    assert days.run(failing(), marks=known) == told(freshness="reminder")


def test_an_acknowledgement_is_of_the_items_that_were_told() -> None:
    days = Days()
    days.run(lacking({"2026-11-21": MISSING}))
    known = [days.said("ack")]
    both = lacking({"2026-11-22": MISSING, "2026-11-21": MISSING})
    assert days.run(both, marks=known) == told(d2026_11_21="ongoing", d2026_11_22="new")
    assert days.run(both, marks=known) == told(d2026_11_21="ongoing", d2026_11_22="reminder")
    assert days.run(both) == told(d2026_11_21="reminder", d2026_11_22="reminder"), "taken back"


def test_what_cannot_be_checked_is_acknowledged_too() -> None:
    unknown = failing(status=UNKNOWN, severity=None)
    days = Days()
    days.run(unknown)
    known = [days.said("ack")]
    assert days.run(unknown, marks=known) == told(freshness="ongoing")
    assert days.run(failing(), marks=known) == told(freshness="new")


def test_marks_are_told_on_one_line() -> None:
    silence = mark(check="volume")
    assert say_mark(silence, BERLIN) == (
        "0a1b2c3d4e silence volume of sales.orders, until Wed 25 Nov 2026 06:00 CET: migration "
        "(by ann@desk, Mon 23 Nov 2026 06:00 CET)"
    )
    missed = mark("missed", moment=MADE, taken_back=TakenBack(by="ben", at=MADE + HOUR, because="no"))
    assert say_mark(missed, UTC_ZONE) == (
        "0a1b2c3d4e missed of sales.orders, at Mon 23 Nov 2026 05:00 UTC (by ann@desk, Mon 23 Nov 2026 05:00 UTC); "
        "taken back by ben, Mon 23 Nov 2026 06:00 UTC: no"
    )
    ack = mark("ack", covers=(covered("2026-11-21"), covered("2026-11-22"), covered(check="freshness")))
    assert " of sales.orders, partitions 2026-11-21 and 2026-11-22, freshness (by" in say_mark(ack, UTC_ZONE)
    expected = mark("expected", period="2026-11-22", because="holiday")
    assert say_reason(expected, UTC_ZONE) == "expected: holiday (by ann@desk, Mon 23 Nov 2026 05:00 UTC)"


def lacking_of(table: str) -> Finding:
    """Return a finding whose day is missing, as upstreams are held together by it."""
    day = MADE.replace(hour=0)
    absence = Absence(periods={"2026-11-23": (day, day + DAY)})
    return replace(lacking({"2026-11-23": MISSING}), table=table, absence=absence)


@pytest.mark.parametrize(
    ("expected", "heard"),
    [(None, {"raw.orders"}), ("raw.orders", {"sales.orders"}), ("sales.orders", {"raw.orders"})],
)
def test_an_upstream_that_is_expected_holds_nothing_up_and_what_is_expected_is_not_held_up(
    expected: str | None, heard: set[str]
) -> None:
    raw, sales = lacking_of("raw.orders"), lacking_of("sales.orders")
    raw = replace(raw, items=(*raw.items, Item(period="2026-11-22", state=MISSING)))  # so it is told in part
    marks = [mark("expected", expected, period="2026-11-23")] if expected is not None else []
    covering = cover((raw, sales), hold(marks, MADE), State(), UTC_ZONE)
    found = told_within_upstreams(told_once(covering), {"sales.orders": ("raw.orders",)})
    news = changes(State(), found, MADE, DAY, {"raw.orders", "sales.orders"})
    assert {change.table for change in news if change.item == "2026-11-23"} == heard
    first, second = found
    assert bool(first.told_with) is bool(second.within) is (expected is None)
