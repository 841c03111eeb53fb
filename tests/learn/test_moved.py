"""What moves for good is told once: an hour, a weekday, a day of the month; and what comes more often since a day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from checks.learn import Alert, Arrival, Rhythm, Watch, replay
from checks.learn.cadence import since_quicker
from checks.learn.keys import DAY, HOUR
from checks.learn.slow import fit_cycle
from tests.support.hand_made import draws

SHARE = 0.2
FIRST = datetime(2025, 1, 6, tzinfo=UTC).timestamp()  # a Monday


def jitter(number: int) -> float:
    return number * 37 % 20 * 60.0


def days_at(hours: list[float], *, dated: bool) -> list[Arrival]:
    """Return an arrival a day, at these hours of its day."""
    return [
        Arrival(
            FIRST + i * DAY + hour * HOUR + jitter(i),
            datetime.fromtimestamp(FIRST + (i - 1) * DAY, UTC).date().isoformat() if dated else "",
        )
        for i, hour in enumerate(hours)
    ]


@pytest.mark.parametrize("dated", [False, True])
class TestMoved:
    @pytest.mark.parametrize("later", [5.0, 8.0, 10.0])
    def test_an_hour_is_told_once(self, later: float, *, dated: bool) -> None:
        arrivals = days_at([6.0] * 60 + [6.0 + later] * 20, dated=dated)
        told = replay(arrivals, SHARE, FIRST + 50 * DAY, arrivals[-1].at)
        assert len(told) == 1
        # A day that lacks is told in time by what was learned since.
        lacking = [a for i, a in enumerate(arrivals) if i != 75]
        told = replay(lacking, SHARE, FIRST + 50 * DAY, arrivals[-1].at)
        assert [a.opened - (FIRST + 75 * DAY + (6 + later) * HOUR) < 4 * HOUR for a in told[1:]] == [True]

    def test_a_day_in_time_ends_what_is_borne(self, *, dated: bool) -> None:
        arrivals = days_at([6.0] * 60 + [16.0] + [6.0] * 2 + [16.0] + [6.0] * 5, dated=dated)
        told = replay(arrivals, SHARE, FIRST + 50 * DAY, arrivals[-1].at)
        assert [round((a.opened - FIRST) / DAY) for a in told] == [60, 63]

    @pytest.mark.parametrize("later", [1, 2, 3])
    def test_a_weekday_is_told_once(self, later: int, *, dated: bool) -> None:
        days = [i * 7 + (later if i >= 60 else 0) for i in range(70)]
        arrivals = [
            Arrival(
                FIRST + day * DAY + 6 * HOUR + jitter(day),
                datetime.fromtimestamp(FIRST + day * DAY, UTC).date().isoformat() if dated else "",
            )
            for day in days
        ]
        told = replay(arrivals, SHARE, FIRST + 50 * 7 * DAY, arrivals[-1].at)
        assert len(told) == 1

    def test_a_day_of_the_month_is_told_once(self, *, dated: bool) -> None:
        months = [date(2022 + m // 12, m % 12 + 1, 20 if m >= 36 else 5) for m in range(44)]
        arrivals = [
            Arrival(
                datetime(d.year, d.month, d.day, 6, tzinfo=UTC).timestamp() + jitter(d.toordinal()),
                f"{d:%Y-%m}" if dated else "",
            )
            for d in months
        ]
        told = replay(arrivals, SHARE, arrivals[25].at, arrivals[-1].at)
        assert len(told) == 1


def test_what_is_borne_is_kept_between_looks() -> None:
    arrivals = days_at([6.0] * 60 + [16.0], dated=False)
    watch = Watch(SHARE, FIRST + 50 * DAY, dated=False)
    for arrival in arrivals:
        watch.add(arrival)
    assert watch.rhythm.late == pytest.approx(10 * HOUR, abs=HOUR / 2)
    again = Watch(SHARE, arrivals[-1].at, dated=False)
    again.resume([a.at for a in arrivals], arrivals[-1].at, watch.rhythm)
    assert again.due_after(arrivals[-1].at) == watch.due_after(arrivals[-1].at)
    plain = Watch(SHARE, arrivals[-1].at, dated=False)
    plain.resume([a.at for a in arrivals], arrivals[-1].at, Rhythm())
    one, other = again.due_after(arrivals[-1].at), plain.due_after(arrivals[-1].at)
    assert one is not None
    assert other is not None
    assert one[0] - other[0] == watch.rhythm.late


class TestQuicker:
    @pytest.mark.parametrize(("days", "found"), [(2, False), (3, True), (10, True), (40, True)])
    def test_after_three_days(self, days: int, *, found: bool) -> None:
        slow = [i * DAY + 4 * HOUR for i in range(90)]
        quick = [90 * DAY + i * HOUR for i in range(days * 24 + 1)]
        since = since_quicker([*slow, *quick])
        assert (since > 0) is found
        if found:
            assert 90 * DAY <= since <= 91 * DAY

    @pytest.mark.parametrize("times", [2, 3])
    def test_thrice_as_many_a_day(self, times: int) -> None:
        slow = [i * DAY / 8 for i in range(8 * 60)]
        quick = [60 * DAY + i * DAY / 8 / times for i in range(8 * times * 5)]
        assert (since_quicker([*slow, *quick]) > 0) is (times == 3)

    @pytest.mark.parametrize("dated", [False, True])
    def test_hours_after_days_raise_no_alarm_once_they_are_known(self, *, dated: bool) -> None:
        daily = days_at([4.0] * 60, dated=dated)
        begin = FIRST + 60 * DAY
        hourly = [
            Arrival(
                begin + i * HOUR + jitter(i) / 4,
                f"{datetime.fromtimestamp(begin + (i - 1) * HOUR, UTC):%Y-%m-%d-%H}" if dated else "",
            )
            for i in range(24 * 40)
        ]
        told: list[Alert] = replay([*daily, *hourly], SHARE, FIRST + 50 * DAY, hourly[-1].at)
        assert [a for a in told if a.opened > begin + 4 * DAY] == []


@pytest.mark.parametrize("since", range(14))
@pytest.mark.parametrize("days", [-2, 2, 3])
def test_a_weekday_that_moved_is_one_all_the_time(since: int, days: int) -> None:
    begin = FIRST + 6 * HOUR
    times = [begin + (7 * n + (days if n >= 30 else 0)) * DAY for n in range(30 + since)]
    assert fit_cycle([(at, at) for at in times], 0.1, labelled=False) is not None
    own = [(begin + 7 * (n - 1) * DAY, at) for n, at in enumerate(times)]
    assert fit_cycle(own, 0.1, labelled=True) is not None


def test_runs_that_lie_now_here_now_there_are_no_weekday() -> None:
    random = draws(11)
    times = [FIRST + (7 * n + random.choice([0, 2, 3, 5])) * DAY for n in range(40)]
    assert fit_cycle([(at, at) for at in times], 0.1, labelled=False) is None


@pytest.mark.parametrize("change", ["2025-04-06 03:00", "2025-11-02 06:00"])
def test_an_hour_that_lacks_as_a_clock_changes_that_cannot_name_it_is_told(change: str) -> None:
    """Files 70 minutes after an hour's beginning by UTC are there before it begins in Santiago and in New York."""
    changed = datetime.fromisoformat(change).replace(tzinfo=UTC).timestamp()
    begin = changed - 30 * DAY
    arrivals = [
        Arrival(start + 70 * 60 + jitter(number) / 10, f"{datetime.fromtimestamp(start, UTC):%Y-%m-%d-%H}")
        for number in range(31 * 24)
        if (start := begin + number * HOUR) != changed
    ]
    told = replay(arrivals, SHARE, changed - 10 * DAY, arrivals[-1].at)
    assert [0 < a.opened - changed - 70 * 60 < HOUR / 2 for a in told] == [True]


@pytest.mark.parametrize("before", [0, 1])
@pytest.mark.parametrize(("old", "new"), [(1, 16), (2, 17), (4, 19), (13, 28), (1, 12), (2, 22), (18, 2)])
def test_a_label_that_moves_by_half_a_month_is_told_once(old: int, new: int, before: int) -> None:
    """The label is the day, or the day before."""
    arrivals = []
    for number in range(38):
        year, month = divmod(2023 * 12 + number, 12)
        day = datetime(year, month + 1, new if number >= 24 else old, 5, tzinfo=UTC)
        label = (day - timedelta(days=before)).date().isoformat()
        arrivals.append(Arrival(day.timestamp() + jitter(number), f"dt={label}"))
    told = replay(arrivals, SHARE, arrivals[16].at + DAY, arrivals[-1].at)
    assert len(told) <= 1
    # What comes sooner from then on is another's at first.
    assert all(arrivals[23].at < each.opened < (each.closed or 0.0) <= arrivals[25].at for each in told)
