"""What is learned of what people do when there is something to do, and of jobs that fail and run again."""

from __future__ import annotations

from itertools import accumulate

import pytest

from checks.learn import Arrival, Model, Need, Watch, explain, replay
from checks.learn.cadence import daily_runs_of, keeps_an_hour
from checks.learn.existing_slots import keep_days
from checks.learn.gaps import Slow, fit_gaps
from checks.learn.keys import DAY, HOUR
from checks.learn.slow import Cycle
from tests.support.hand_made import START, draws

FIRST = START.timestamp()
SHARE = 0.5


def by_people(seed: int, days: float, count: int = 180) -> list[float]:
    """Return times so many days apart in the mean, by chance, in the working hours of people."""
    dice = draws(seed)
    ats = accumulate(dice.expovariate(1 / days) for _ in range(count))
    return [FIRST + at // 1 * DAY + dice.uniform(8, 20) * HOUR for at in ats]


def by_a_job(gaps: list[int]) -> list[float]:
    """Return times that are whole days apart."""
    return [FIRST + day * DAY for day in accumulate(gaps)]


def learned(times: list[float]) -> Watch:
    watch = Watch(SHARE, times[-1], dated=False)
    for each in sorted(times):
        watch.add(Arrival(each))
    return watch


class TestGapsByChance:
    @pytest.mark.parametrize("days", [3, 7, 12])
    def test_they_are_told_as_seldom_as_was_asked_for(self, days: float) -> None:
        alarms, years = 0, 0.0
        for seed in range(2):
            times = sorted(by_people(seed, days))
            begin = times[40]
            alarms += len(replay([Arrival(at) for at in times], SHARE, begin, times[-1]))
            years += (times[-1] - begin) / DAY / 365.25
        assert alarms <= 2 * SHARE * years + 2

    def test_months_of_silence_are_told(self) -> None:
        times = sorted(by_people(1, 7, 80))
        alerts = replay([Arrival(at) for at in times], SHARE, times[-1], times[-1] + 200 * DAY)
        assert len(alerts) == 1
        assert alerts[0].opened < times[-1] + 120 * DAY

    def test_the_sentence_says_that_there_is_no_rhythm(self) -> None:
        watch = learned(sorted(by_people(2, 12, 80)))
        assert isinstance(watch.model, Model)
        assert explain(watch.model, watch.history).startswith("no rhythm: ")
        assert "in the middle of the last 40 gaps; told after " in explain(watch.model, watch.history)

    def test_a_larger_budget_asks_sooner(self) -> None:
        times = sorted(by_people(3, 9, 60))
        limits = [fit_gaps(times, share) for share in (0.05, 0.5, 4.0)]
        lengths = [each.into + each.margin for each in limits if each is not None]
        assert lengths == sorted(lengths, reverse=True)
        assert len(set(lengths)) == 3

    @pytest.mark.parametrize(("count", "is_chance"), [(8, False), (9, True)])
    def test_eight_gaps_tell_it(self, count: int, is_chance: bool) -> None:  # noqa: FBT001
        gaps = [1, 9, 3, 20, 2, 14, 5, 30]
        times = [FIRST + day * DAY + day * 5 % 24 * HOUR for day in accumulate([0, *gaps])][-count:]
        found = fit_gaps(times, SHARE)
        assert isinstance(found, Slow)
        assert found.by_chance is is_chance

    def test_a_job_that_skips_days_keeps_its_hour_and_is_none(self) -> None:
        found = fit_gaps(by_a_job([3, 4, 7, 3, 14, 4, 3, 7, 2, 21, 4, 3] * 3), SHARE)
        assert found is not None
        assert not found.by_chance

    def test_gaps_that_are_alike_are_none(self) -> None:
        times = [FIRST + at * 7.3 * DAY for at in range(30)]
        found = fit_gaps(times, SHARE)
        assert found is not None
        assert not found.by_chance

    @pytest.mark.parametrize(("skipped", "days"), [((), 8), ((20,), 8), ((20, 34), 14), ((20, 34, 37), 14)])
    def test_what_people_do_twice_is_their_habit(self, skipped: tuple[int, ...], days: int) -> None:
        """Each week at another hour; after a week that was skipped two have passed."""
        times = [FIRST + 7 * week * DAY + week * 5 % 24 * HOUR for week in range(40) if week not in skipped]
        found = fit_gaps(times, SHARE)
        assert isinstance(found, Slow)
        assert not found.by_chance
        assert (days - 1) * DAY < found.into < (days + 1) * DAY
        # A job that keeps its hour had outages then, be they two.
        job = fit_gaps([at // DAY * DAY for at in times], SHARE)
        assert isinstance(job, Slow)
        assert job.into == 7 * DAY


class TestWeekdaysOfPeople:
    @staticmethod
    def _times(weekdays: int, spread: float) -> list[float]:
        """Return times on the first days of each week, that far around noon."""
        dice = draws(11)
        days = [day for day in range(140) if day % 7 < weekdays]
        return [FIRST + day * DAY + (12 + dice.uniform(-spread, spread)) * HOUR for day in days]

    @pytest.mark.parametrize(("weekdays", "kept"), [(2, False), (3, True)])
    def test_gaps_tell_of_who_comes_on_one_or_two_at_any_hour(self, weekdays: int, kept: bool) -> None:  # noqa: FBT001
        model = learned(self._times(weekdays, 9)).model
        assert isinstance(model, Model)
        assert (model.slots is not None) is kept
        assert (model.slow is None) is kept

    def test_a_job_of_two_weekdays_keeps_its_hour(self) -> None:
        model = learned(self._times(2, 1)).model
        assert isinstance(model, Model)
        assert model.slots is not None

    @pytest.mark.parametrize(("odd", "kept"), [((9,), True), ((9, 15), False)])
    def test_a_weekday_that_is_left_twice_in_half_a_year_is_none(
        self, odd: tuple[int, ...], *, kept: bool
    ) -> None:
        dice = draws(12)
        times = [
            FIRST + (7 * week + 2 * (week in odd)) * DAY + dice.uniform(3, 21) * HOUR for week in range(27)
        ]
        model = learned(times).model
        assert isinstance(model, Model)
        assert isinstance(model.slow, Cycle) is kept


def test_a_few_days_with_many_files_each_are_learned_of_their_loads() -> None:
    days = sorted({at // DAY for at in by_people(5, 4, 60)})
    times = [day * DAY + 9 * HOUR + day * 7 % 11 * HOUR + part * 1500 for day in days for part in range(3)]
    assert isinstance(learned(times).model, Model)
    assert isinstance(learned(times[:6]).model, Need)


class TestKeepsAnHour:
    @pytest.mark.parametrize(("late", "kept"), [(1.4, True), (1.5, True), (1.6, False)])
    def test_an_hour_and_a_half_on_either_side_is_one_time(self, late: float, kept: bool) -> None:  # noqa: FBT001
        times = [FIRST + day * DAY + (0, late * HOUR, -late * HOUR)[day % 3] for day in range(30)]
        assert keeps_an_hour(times) is kept

    def test_midnight_is_no_bound(self) -> None:
        assert keeps_an_hour([FIRST // DAY * DAY + day * DAY + (day % 2 - 0.5) * HOUR for day in range(20)])


class TestKeepDays:
    MONDAY, TUESDAY = 4, 5  # slots of the week, which begins with a Thursday

    @pytest.mark.parametrize(("strays", "kept"), [(7, True), (8, False)])
    def test_one_day_in_four_may_be_another(self, strays: int, kept: bool) -> None:  # noqa: FBT001
        weeks = [(7 * week + self.MONDAY) * DAY for week in range(30)]
        starts = [each + DAY * (number < strays) for number, each in enumerate(weeks)]
        assert keep_days(starts, {self.MONDAY}) is kept

    def test_where_it_comes_the_next_day_it_is_a_daily_job(self) -> None:
        assert keep_days([day * DAY for day in range(30)], {self.MONDAY})


def files(begin: float, count: int = 30, apart: float = 200.0) -> list[float]:
    """Return the times of the files of one run, with a pause of half an hour in the middle."""
    return [begin + number * apart + (number > count // 2) * 1900 for number in range(count)]


class TestDailyRuns:
    def test_a_run_of_many_files_begins_with_its_first(self) -> None:
        begins = [FIRST + day * DAY for day in range(20)]
        assert daily_runs_of([at for begin in begins for at in files(begin)]) == begins

    @pytest.mark.parametrize(("hours", "told"), [(5.9, True), (6, True), (6.1, False)])
    def test_a_run_lasts_a_quarter_of_a_day_at_the_most(self, hours: float, told: bool) -> None:  # noqa: FBT001
        times = [FIRST + day * DAY + part * hours / 4 * HOUR for day in range(20) for part in range(5)]
        assert bool(daily_runs_of(times)) is told

    def test_of_two_runs_a_day_and_of_a_stream_there_are_none(self) -> None:
        assert daily_runs_of([FIRST + half * DAY / 2 - half % 2 * HOUR for half in range(60)]) == []
        assert daily_runs_of([FIRST + minutes * 600 for minutes in range(3000)]) == []

    def test_eight_nights_tell_them(self) -> None:
        times = [FIRST + day * DAY for day in range(9)]
        assert daily_runs_of(times) == times
        assert daily_runs_of(times[:-1]) == []

    def test_a_run_that_never_came_is_told_the_same_day_though_one_in_eight_is_late_by_hours(self) -> None:
        dice = draws(4)
        late = [dice.uniform(5, 9) if day % 8 == 5 else dice.uniform(0, 0.3) for day in range(120)]
        runs = [files(FIRST + day * DAY + late[day] * HOUR) for day in range(120) if day not in {90, 104}]
        times = [at for run in runs for at in run]
        alerts = replay([Arrival(at) for at in times], SHARE, FIRST + 60 * DAY, times[-1])
        assert [int((a.opened - FIRST) // DAY) for a in alerts] == [90, 104]
        assert [a.closed for a in alerts] == [runs[90][0], runs[103][0]]
        for a, day in zip(alerts, (90, 104), strict=True):
            # Half a day after its usual time, and an hour for clocks that were changed the week before.
            assert FIRST + day * DAY + 3 * HOUR <= a.opened <= FIRST + day * DAY + 13.5 * HOUR


def retried(skipped: int, spread: float) -> list[float]:
    """Return days of a job that is run again some hours later one day in nine, and skips one day in so many."""
    dice = draws(6)
    return [
        FIRST + day * DAY + (dice.uniform(6, 11) if day % 9 == 3 else dice.uniform(0, spread)) * HOUR
        for day in range(200)
        if day % skipped != 5
    ]


@pytest.mark.parametrize(("skipped", "misses"), [(50, 1), (9, 2)])
def test_no_job_of_a_day_is_told_later_than_half_a_day(skipped: int, misses: int) -> None:
    model = learned(retried(skipped, 0.1)).model
    assert isinstance(model, Model)
    assert model.slots is not None
    assert model.slots.misses == misses
    assert model.slots.margin <= DAY / 2


def test_people_who_skip_days_may_take_longer() -> None:
    dice = draws(8)
    times = [FIRST + day * DAY + dice.expovariate(1 / 4) * HOUR for day in range(200) if day % 9 != 5]
    model = learned(times).model
    assert isinstance(model, Model)
    assert model.slots is not None
    assert model.slots.misses > 1
    assert model.slots.margin > DAY / 2
