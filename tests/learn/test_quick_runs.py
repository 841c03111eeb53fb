"""Runs of tables without dated keys that come quicker than half an hour: which files are of one, and what it holds."""

from __future__ import annotations

from dataclasses import replace
from itertools import accumulate

import pytest

from checks.learn import Alert, Arrival, replay
from checks.learn.keys import DAY, HOUR
from checks.learn.runs import RUN, Runs, shorter_run, with_kept_back, within_run
from tests.support.hand_made import draws

SHARE = 0.2
BEGIN = 1_770_000_000.0 // DAY * DAY
MINUTE = 60.0
SIZE = 1_000_000
DAYS, SINCE = 10, 8
THEN = BEGIN + 9.4 * DAY


def runs_of(step: float, files: int = 1, spread: float = 0.0, late: float = 20.0) -> list[Arrival]:
    """Return runs each so many seconds for some days, of so many files that are so far apart."""
    random = draws(5)
    found = []
    for number in range(round(DAYS * DAY / step)):
        at = BEGIN + number * step + random.random() * late
        size = int(SIZE * random.uniform(0.8, 1.2) / files)
        found += [Arrival(at + spread * each, "", size) for each in range(files)]
    return found


def sized(arrivals: list[Arrival], times: float, runs: int, step: float) -> list[Arrival]:
    """Return the same where some runs from a time on hold so many times as much."""
    end = THEN + runs * step
    return [
        replace(each, size=int((each.size or 0) * times)) if THEN <= each.at < end else each
        for each in arrivals
    ]


def alerts(arrivals: list[Arrival]) -> list[Alert]:
    return replay(arrivals, SHARE, BEGIN + SINCE * DAY, arrivals[-1].at)


STEPS = [4, 5, 7, 10, 15, 20, 29, 30]


class TestWhatIsOfOneRun:
    @pytest.mark.parametrize(
        ("minutes", "within"),
        [(2, None), (2.5, 75), (4.9, 75), (5, 150), (9.9, 150), (10, 300), (29, 300), (30, RUN)],
    )
    def test_half_of_what_lies_between_at_the_most(self, minutes: float, within: float | None) -> None:
        assert shorter_run([number * minutes * MINUTE for number in range(300)]) == within

    def test_files_a_minute_apart_are_of_one_run(self) -> None:
        times = [number * 15 * MINUTE + each * 61 for number in range(100) for each in range(4)]
        assert shorter_run(times) == RUN / 2

    def test_what_comes_by_chance_has_no_runs(self) -> None:
        random = draws(2)
        assert within_run(list(accumulate(random.expovariate(1 / (5 * MINUTE)) for _ in range(400)))) is None

    @pytest.mark.parametrize(("gaps", "within"), [(8, None), (9, RUN / 2)])
    def test_eight_gaps_are_needed(self, gaps: int, within: float | None) -> None:
        """The first run may have begun before what is known of it."""
        assert shorter_run([number * 15 * MINUTE for number in range(gaps + 1)]) == within

    @pytest.mark.parametrize(("apart", "is_one"), [(149, True), (150, True), (151, False)])
    def test_each_run_is_a_period_from_its_first_file_on(self, apart: float, *, is_one: bool) -> None:
        times = [number * 5 * MINUTE for number in range(300)]
        runs = Runs()
        begun = runs.take(times[-1] + 5 * MINUTE, times)
        following = runs.take(begun.start + apart, times)
        assert (following.start == begun.start) is is_one


class TestWhatARunHolds:
    @pytest.mark.parametrize("minutes", STEPS)
    @pytest.mark.parametrize("times", [0, 0.1])
    @pytest.mark.parametrize("files", [1, 3])
    def test_three_short_ones_are_one_alert_that_ends_with_them(
        self, minutes: float, times: float, files: int
    ) -> None:
        step = minutes * MINUTE
        told = alerts(sized(runs_of(step, files, spread=8), times, 3, step))
        assert [each.check for each in told] == ["volume"]
        assert THEN <= told[0].opened < THEN + step + 60
        assert told[0].closed is not None
        assert told[0].closed - told[0].opened < 4 * step

    @pytest.mark.parametrize("minutes", STEPS)
    @pytest.mark.parametrize("times", [0.5, 1, 3])
    def test_ordinary_ones_are_not_told(self, minutes: float, times: float) -> None:
        assert not alerts(sized(runs_of(minutes * MINUTE), times, 3, minutes * MINUTE))

    @pytest.mark.parametrize("minutes", STEPS)
    def test_one_that_is_far_too_large_is_told(self, minutes: float) -> None:
        told = alerts(sized(runs_of(minutes * MINUTE), 50, 1, minutes * MINUTE))
        assert [each.check for each in told] == ["volume"]

    @pytest.mark.parametrize("minutes", [5, 10, 20])
    @pytest.mark.parametrize("together", [True, False])
    @pytest.mark.parametrize("after", [0, 1, 3])
    def test_what_is_caught_up_with_after_an_outage_is_no_rise(
        self, minutes: float, after: int, *, together: bool
    ) -> None:
        """In one file or in many, at once or when some runs came again."""
        step, lasts = minutes * MINUTE, 5 * HOUR
        arrivals = runs_of(step)
        lost = [each for each in arrivals if THEN <= each.at < THEN + lasts]
        kept = [each for each in arrivals if not THEN <= each.at < THEN + lasts]
        back = THEN + lasts + after * step + 30
        held = sum(each.size or 0 for each in lost)
        if together:
            caught_up = [Arrival(back, "", held)]
        else:
            caught_up = [replace(each, at=back + number) for number, each in enumerate(lost)]
        told = alerts(sorted([*kept, *caught_up]))
        assert [each.check for each in told] == ["freshness"]

    def test_a_run_again_is_no_rise(self) -> None:
        arrivals = runs_of(15 * MINUTE)
        again = [replace(each, at=each.at + 200) for each in arrivals[::50]]
        assert not alerts(sorted([*arrivals, *again]))

    def test_what_an_outage_of_hours_took_is_not_told_as_sizes(self) -> None:
        arrivals = [
            each for each in runs_of(5 * MINUTE, 4, spread=9) if not THEN <= each.at < THEN + 2 * HOUR
        ]
        assert [each.check for each in alerts(arrivals)] == ["freshness"]

    @pytest.mark.parametrize(("at", "seconds"), [(149, 50), (150, 50), (151, 5)])
    def test_it_may_come_for_as_long_as_the_silence_was(self, at: float, seconds: float) -> None:
        assert with_kept_back(5, at, (50, 100)) == seconds

    @pytest.mark.parametrize("since", [None, 70])
    def test_what_comes_later_itself_holds_as_much_as_before(self, since: float | None) -> None:
        assert with_kept_back(since, 120, (50, 100)) == since
