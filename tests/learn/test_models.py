"""What is learned of tables of each kind, and when they alert: by hand-made arrivals whose truth is known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from holidays import country_holidays

from checks.learn import (
    Alert,
    Arrival,
    Model,
    Need,
    Watch,
    confidence,
    explain,
    replay,
    replay_ordered,
)
from checks.learn.keys import DAY, HOUR
from tests.support.hand_made import BEGIN, START, daily, draws, every, learned, moment, told


def test_a_daily_table_alerts_an_eighth_of_a_day_after_its_hour_and_closes_when_data_comes() -> None:
    arrivals = [*daily(range(70)), *daily(range(72, 80))]
    alerts = told(arrivals, arrivals[-1].at)
    assert [a.check for a in alerts] == ["freshness"]
    due = START.timestamp() + 70 * DAY + 5 * HOUR
    assert due + 3 * HOUR <= alerts[0].opened <= due + 3.3 * HOUR
    assert alerts[0].closed == arrivals[70].at


def test_the_deadline_is_passed_only_after_it() -> None:
    arrivals = daily(range(70))
    opened = told(arrivals, arrivals[-1].at + 2 * DAY)[0].opened
    assert told(arrivals, opened) == []
    assert told(arrivals, opened + 1) == [Alert(opened, None, "freshness")]


def test_a_weekend_is_no_silence_and_a_missed_monday_is_one() -> None:
    weekdays = [a for a in daily(range(84)) if datetime.fromtimestamp(a.at, UTC).weekday() < 5]
    assert told(weekdays, weekdays[-1].at) == []
    monday = START.timestamp() + 77 * DAY
    alerts = told([a for a in weekdays if not monday <= a.at < monday + DAY], weekdays[-1].at)
    assert [monday <= a.opened < monday + DAY for a in alerts] == [True]
    said = explain((watch := learned(weekdays)).model or Need(0, 1), watch.history)
    assert said.startswith("60 of the last 60 weekdays between 05:0")
    assert "UTC; due 09:" in said


def test_a_job_of_berlin_stays_at_its_hour_over_the_change_of_clocks() -> None:
    arrivals = daily(range(100), 6.0, "Europe/Berlin", dated=True)  # clocks change on 29 March
    watch = learned(arrivals)
    assert isinstance(watch.model, Model)
    assert watch.model.slots is not None
    assert [z for z, _ in watch.model.slots.zones] == ["Europe/Berlin"]
    assert "Europe/Berlin; due 09:" in explain(watch.model, watch.history)
    assert told(arrivals, arrivals[-1].at) == []


def test_a_rewritten_partition_does_not_hide_that_the_next_is_missing() -> None:
    arrivals = [a for a in daily(range(80), dated=True) if "2026-03-20" not in a.partition]
    gap = moment("2026-03-21 05:00")
    arrivals.append(Arrival(gap + HOUR, "dt=2026-02-20"))
    alerts = told(arrivals, arrivals[-2].at)
    assert [(a.check, a.opened > gap, a.closed) for a in alerts] == [
        ("partitions", True, next(a.at for a in arrivals if "2026-03-21" in a.partition))
    ]


def test_recurring_outages_do_not_widen_a_limit() -> None:
    lost = {day for first in (20, 34, 47) for day in range(first, first + 4)}
    arrivals = daily(range(75))
    healthy = told(arrivals[:70], arrivals[70].at + DAY)[0].opened
    broken = told(
        [a for i, a in enumerate(arrivals) if i not in lost][: 70 - len(lost)], arrivals[70].at + DAY
    )
    assert abs(broken[0].opened - healthy) < HOUR / 2


def test_a_cadence_that_changes_for_good_is_told_once() -> None:
    arrivals = [*daily(range(70)), *[daily(range(d, d + 1))[0] for d in range(77, 160, 7)]]
    alerts = told(arrivals, arrivals[-1].at)
    assert len(alerts) == 1
    # And what was learned anew holds: a week without data is told.
    assert len(told(arrivals, arrivals[-1].at + 10 * DAY)) == 2


def test_a_stray_arrival_does_not_close_and_open_an_alert() -> None:
    arrivals = every(600.0, 70 * 144)
    gone = START.timestamp() + 65 * DAY
    silent = [a for a in arrivals if not gone <= a.at < gone + DAY]
    silent.append(Arrival(gone + 12 * HOUR))
    alerts = told(silent, arrivals[-1].at)
    assert len(alerts) == 1
    assert alerts[0].opened < gone + HOUR
    assert gone + DAY <= (alerts[0].closed or 0) < gone + DAY + HOUR


def test_nights_of_an_office_are_no_silence() -> None:
    random = draws(3)
    arrivals = [
        Arrival(START.timestamp() + day * DAY + 7 * HOUR + i * 1200 + float(random.randrange(600)))
        for day in range(80)
        for i in range(30)
    ]
    assert told(arrivals, arrivals[-1].at) == []
    morning = START.timestamp() + 70 * DAY
    alerts = told([a for a in arrivals if not morning <= a.at < morning + DAY], arrivals[-1].at)
    assert len(alerts) == 1
    assert morning + 7 * HOUR < alerts[0].opened < morning + 12 * HOUR


def test_holidays_of_the_country_that_explains_the_gaps_are_left_out() -> None:
    off = {"2026-01-01", "2026-01-06", "2026-04-03", "2026-04-06", "2026-05-01", "2026-05-14", "2026-05-25"}
    # Two years of working days; a public holiday of Germany of the last year is missed each time.
    begin = datetime(2024, 9, 2, tzinfo=UTC)
    import holidays

    german = holidays.country_holidays("DE", years=range(2024, 2027))
    days = [begin + timedelta(days=i) for i in range(640)]
    work = [d for d in days if d.weekday() < 5 and d.date() not in german]
    arrivals = [Arrival((d + timedelta(hours=6)).timestamp()) for d in work]
    alerts = replay(arrivals, 0.2, moment("2025-09-01 00:00"), arrivals[-1].at)
    opened = {datetime.fromtimestamp(a.opened, UTC).date().isoformat() for a in alerts}
    assert not opened & off


def test_a_monthly_table_is_judged_by_its_months() -> None:
    months = [moment(f"{2024 + m // 12}-{m % 12 + 1:02d}-03 08:00") for m in range(27)]
    arrivals = [Arrival(at) for at in months]
    begin = moment("2025-06-01 00:00")
    assert replay(arrivals, 0.2, begin, months[-1]) == []
    alerts = replay(arrivals, 0.2, begin, months[-1] + 40 * DAY)
    # 30 hours after the third: neither February's length nor March's matters.
    assert [moment("2026-04-04 12:00") < a.opened < moment("2026-04-04 18:00") for a in alerts] == [True]


def test_four_quarters_allow_a_wide_margin_and_it_is_said() -> None:
    quarters = [moment(f"{2024 + q // 4}-{q % 4 * 3 + 1:02d}-05 08:00") for q in range(6)]
    watch = Watch(0.2, quarters[-1], dated=False)
    for at in quarters:
        watch.add(Arrival(at))
    assert isinstance(watch.model, Model)
    assert "few periods, so the margin is wide" in explain(watch.model, watch.history)
    assert confidence(watch.model) == "a guess"


class TestBadInput:
    def test_nothing(self) -> None:
        assert told([], BEGIN + DAY) == []

    def test_two_arrivals_teach_nothing_and_say_so(self) -> None:
        watch = learned(daily(range(2)))
        assert watch.model == Need(2, 4)
        assert str(watch.model) == "2 arrivals seen, 4 needed"
        assert watch.end(BEGIN + 300 * DAY) == []

    def test_all_at_one_instant(self) -> None:
        same = [Arrival(START.timestamp(), f"dt=2026-01-0{i % 9 + 1}", 5) for i in range(100)]
        assert told(same, BEGIN + 90 * DAY) == []

    def test_a_year_of_gaps_keeps_the_last_good_model(self) -> None:
        arrivals = [*daily(range(70)), *daily(range(435, 440))]
        alerts = told(arrivals, arrivals[-1].at)
        assert len(alerts) == 1
        assert (alerts[0].closed or 0) - alerts[0].opened > 360 * DAY

    def test_keys_that_do_not_parse_or_name_another_century_neither_teach_nor_hide(self) -> None:
        arrivals = daily(range(80), dated=True)
        odd = [
            Arrival(a.at + 5, key)
            for a in arrivals[9::7]
            for key in ("__HIVE_DEFAULT_PARTITION__", "dt=2099-01-01")
        ]
        assert told(arrivals + odd, arrivals[-1].at) == []
        end = arrivals[-1].at + 3 * DAY
        assert told(arrivals + odd, end) == told(arrivals, end) != []


def test_partitions_of_minutes_are_judged_by_their_silence() -> None:
    begin = START.timestamp()
    arrivals = [
        Arrival(
            begin + i * 900 + 60, datetime.fromtimestamp(begin + i * 900, UTC).strftime("%Y-%m-%dT%H-%MZ")
        )
        for i in range(70 * 96)
    ]
    lost = range(65 * 96, 65 * 96 + 16)
    rewrites = [Arrival(arrivals[i].at, arrivals[i - 200].partition) for i in lost]
    alerts = told([a for i, a in enumerate(arrivals) if i not in lost] + rewrites, arrivals[-1].at)
    assert [(a.check, a.opened < arrivals[lost[4]].at) for a in alerts] == [("partitions", True)]


def hourly(hours: range, step: int = 1) -> list[Arrival]:
    begin = START.timestamp()
    return [
        Arrival(
            begin + h * HOUR + 4200,
            datetime.fromtimestamp(begin + h * HOUR, UTC).strftime("dt=%Y-%m-%d/hour=%H"),
        )
        for h in hours
        if h % step == 0
    ]


def test_hours_that_become_every_sixth_are_told_once_and_learned_anew_within_days() -> None:
    change = 70 * 24
    arrivals = [*hourly(range(change)), *hourly(range(change, change + 20 * 24), 6)]
    assert len(told(arrivals, arrivals[-1].at)) == 1
    later = told(arrivals, arrivals[-1].at + 10 * HOUR)
    assert len(later) == 2
    assert later[-1].opened < arrivals[-1].at + 8 * HOUR


def test_every_sixth_hour_that_becomes_each_is_learned_anew_within_days() -> None:
    change = 70 * 24
    arrivals = [*hourly(range(change), 6), *hourly(range(change, change + 5 * 24))]
    assert told(arrivals, arrivals[-1].at) == []
    assert told(arrivals, arrivals[-1].at + 2 * HOUR)[0].opened < arrivals[-1].at + 1.5 * HOUR


def weekly_then(days: range, weeks: int = 20) -> list[Arrival]:
    """Return a table of every seventh day, for so many weeks, and then of these days of the next ones."""
    begin = 7 * weeks
    return [a for d in [*range(0, begin, 7), *(begin + d for d in days)] for a in daily(range(d, d + 1))]


@pytest.mark.parametrize("days", range(2, 9))
def test_a_weekly_table_that_comes_daily_is_learned_anew_with_the_third_day(days: int) -> None:
    """The first day is a Monday: from the third on each next one is due, those of a weekend once one came."""
    arrivals = weekly_then(range(days))
    assert told(arrivals, arrivals[-1].at) == []
    alerts = told(arrivals, arrivals[-1].at + 1.5 * DAY)
    assert [a.opened < arrivals[-1].at + 1.25 * DAY for a in alerts] == ([True] if days not in {2, 5} else [])


def test_a_weekly_table_that_comes_on_working_days_is_not_asked_for_at_weekends() -> None:
    arrivals = weekly_then(range(60))
    work = [a for a in arrivals if a.at < arrivals[20].at or datetime.fromtimestamp(a.at, UTC).weekday() < 5]
    assert told(work, work[-1].at) == []


def test_a_weekly_table_whose_runs_are_mended_on_the_next_days_now_and_then_stays_weekly() -> None:
    mended = {7 * week + day for week in (6, 12) for day in (1, 2)}
    arrivals = [a for d in sorted({*range(0, 141, 7), *mended}) for a in daily(range(d, d + 1))]
    later = [*arrivals, *daily(range(141, 143)), *daily(range(147, 148))]
    assert told(later, later[-1].at) == []


def office(days: int, country: str = "DE", *, lost: frozenset[str] = frozenset()) -> list[Arrival]:
    """Return changes of working days from 8 to 17 o'clock since September, without a country's holidays."""
    off = country_holidays(country, years=range(2025, 2028))
    random, begin = draws(4), datetime(2025, 9, 1, tzinfo=UTC)
    work = [d for i in range(days) if (d := begin + timedelta(days=i)).weekday() < 5 and d.date() not in off]
    return [
        Arrival((d + timedelta(hours=8, minutes=30 * i, seconds=random.randrange(900))).timestamp())
        for d in work
        if d.date().isoformat() not in lost
        for i in range(18)
    ]


@pytest.mark.slow
def test_holidays_of_an_office_are_no_silence_and_a_lost_working_day_is_one() -> None:
    arrivals, begin = office(230), moment("2026-02-15 00:00")
    assert replay(arrivals, 0.2, begin, arrivals[-1].at) == []
    lost = replay(office(230, lost=frozenset({"2026-03-18"})), 0.2, begin, arrivals[-1].at)
    assert [moment("2026-03-18 08:00") < a.opened < moment("2026-03-19 08:00") for a in lost] == [True]
    watch = Watch(0.2, begin, dated=False)
    for arrival in arrivals:
        watch.add(arrival)
    assert isinstance(watch.model, Model)
    assert "; holidays of DE left out" in explain(watch.model, watch.history)


@pytest.mark.slow
def test_outages_of_an_office_are_no_holidays() -> None:
    lost = frozenset({"2025-10-08", "2025-11-12", "2025-12-10", "2026-01-14"})
    watch = Watch(0.2, moment("2026-02-15 00:00"), dated=False)
    for arrival in office(230, "US", lost=lost):
        watch.add(arrival)
    assert isinstance(watch.model, Model)
    assert watch.model.silence is not None
    assert watch.model.silence.calendar in {None, ("US", 0)}


def test_sizes_and_times_have_equal_parts_of_a_share_as_in_runs() -> None:
    random = draws(3)
    times = [START.timestamp() + i * HOUR + random.lognormvariate(6, 0.8) for i in range(720)]
    keys = [f"{START + timedelta(hours=i - 1):dt=%Y-%m-%d/hour=%H}" for i in range(720)]
    sized = [Arrival(float(int(at)), key, 10**6) for at, key in zip(times, keys, strict=True)]
    bare = [Arrival(each.at, each.partition) for each in sized]

    def margin(arrivals: list[Arrival], share: float) -> float:
        model = replay_ordered(arrivals, share, arrivals[-1].at - 1, dated=True).model
        assert isinstance(model, Model)
        assert model.slots is not None
        assert (model.volume is not None) == (arrivals is sized)
        return model.slots.margin

    assert margin(sized, 1.0) == margin(bare, 0.5) > margin(bare, 1.0)


@pytest.mark.parametrize(
    ("days", "late", "share", "said"),
    [
        (
            60,
            6.0,
            0.2,
            ", never less than 3 h after its usual time, which costs fewer false alarms than its share",
        ),
        (60, 9.0, 0.2, " after its usual time, learned of only 28 that were late, by "),
        (60, 9.0, 0.2, " at most, so it may cost several times its share of the false alarms"),
        (200, 9.0, 0.05, " after its usual time, for only "),
        (8, 9.0, 0.05, "so it may cost more false alarms than its share"),
    ],
)
def test_a_margin_that_is_no_answer_to_the_budget_alone_says_so(
    days: int, late: float, share: float, said: str
) -> None:
    random = draws(3)
    arrivals = [
        Arrival(
            START.timestamp() + (i + 1) * DAY + random.lognormvariate(late, 0.6),
            f"{START + timedelta(days=i):dt=%Y-%m-%d}",
        )
        for i in range(days)
    ]
    watch = replay_ordered(arrivals, share, arrivals[-1].at - 1, dated=True)
    assert watch.model is not None
    assert said in explain(watch.model, watch.history)


def test_what_comes_each_hour_is_said_so() -> None:
    watch = learned(every(3600, 1500))
    assert isinstance(watch.model, Model)
    said = explain(watch.model, watch.history)
    assert "by 1,008 arrivals; a silence is told after " in said
    assert "a run comes at each hour of the week, by 1,345 runs; one that is missing is told " in said


@pytest.mark.parametrize("minutes", [20, 45, 70, 110])
def test_files_of_a_long_run_are_no_second_run(minutes: int) -> None:
    random = draws(minutes)
    arrivals = []
    for day in (START + timedelta(days=n) for n in range(90)):
        begin = day.timestamp() + 9.5 * HOUR + abs(random.gauss(0, 600))
        files = sorted(begin + 60 * minutes * random.random() ** 2 for _ in range(60))
        arrivals += [Arrival(float(int(at)), f"dt={day - timedelta(days=1):%Y-%m-%d}", 1000) for at in files]
    assert told(arrivals, arrivals[-1].at) == []
    # Whenever it is fitted: in the middle of a run, too.
    for until in range(len(arrivals) - 60, len(arrivals), 7):
        model = replay_ordered(arrivals[:until], 0.1, arrivals[until - 1].at - 1, dated=True).model
        assert isinstance(model, Model)
        assert model.rota is None


def test_two_loads_a_day_are_a_rota_though_their_files_take_an_hour() -> None:
    random = draws(8)
    arrivals = sorted(
        (
            Arrival(
                float(int(day.timestamp() + hour * HOUR + 3600 * random.random() ** 2)),
                f"dt={day:%Y-%m-%d}",
                1000,
            )
            for day in (START + timedelta(days=n) for n in range(90))
            for hour in (6, 15)
            for _ in range(60)
        ),
        key=lambda each: each.at,
    )
    model = learned(arrivals).model
    assert isinstance(model, Model)
    assert model.rota is not None
    assert len(model.rota.clocks[0].expected) == 14


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York"])
@pytest.mark.parametrize("skipped", [(5, 6), ()])
def test_clocks_that_change_a_week_apart_are_told_apart_by_the_days_between(
    zone: str, skipped: tuple[int, ...]
) -> None:
    """Europe's change on 25 October 2026, North America's on 1 November: five working days lie between."""
    begun = (datetime(2026, 9, 1, tzinfo=UTC) - START).days
    arrivals = [
        each
        for each in daily(range(begun, begun + 90), 7.0, zone, dated=True)
        if datetime.fromtimestamp(each.at, UTC).weekday() not in skipped
    ]
    watch = Watch(0.2, arrivals[60].at, dated=True)
    for each in arrivals:
        watch.add(each)
    assert isinstance(watch.model, Model)
    assert watch.model.slots is not None
    assert [z for z, _ in watch.model.slots.zones] == [zone]
