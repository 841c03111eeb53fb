"""Waiting for a table: until its data has come, or the time is up, or it can never come."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from checks import cli, monitor, waiting
from checks.config import load
from checks.waiting import Came, NotAwaited, Waiting
from tests.support.accounts import land_days
from tests.support.times import HOUR, at

if TYPE_CHECKING:
    from collections.abc import Callable

    from checks.model import Table
    from tests.support.lakes import HttpLake

MINUTE = timedelta(minutes=1)
CONFIG = """\
version: 1
calendars: {weekdays: {closed: [sat, sun]}}
tables:
  - table: sales.orders
    partitions: {every: 1d, due: "06:00", lookback: 3, calendar: weekdays}
  - table: web.clicks
    freshness: {max_age: 24h}
"""


@dataclass
class Time:
    """A clock that goes on while somebody sleeps, and what happens at its times."""

    now: datetime
    events: dict[datetime, Callable[[], object]] = field(default_factory=dict)
    slept: list[float] = field(default_factory=list)

    def read(self) -> datetime:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += timedelta(seconds=seconds)
        for when in [when for when in self.events if when <= self.now]:
            self.events.pop(when)()


@pytest.fixture
def orders(lake: HttpLake) -> Table:
    Path("checks.yml").write_text(CONFIG, encoding="utf-8")
    table = lake.table("sales.orders", dt="string")
    land_days(lake, table, "2026-11-10", "2026-11-24")
    return table


def wait(
    clock: Time, table: str, period: str | None = None, timeout: timedelta = HOUR
) -> tuple[waiting.Answer, list[str]]:
    told: list[str] = []
    asked = Waiting(table=table, period=period, timeout=timeout, every=10 * MINUTE)
    answer = waiting.wait(load("checks.yml", environ={}), asked, {}, clock.read, clock.sleep, told.append)
    return answer, told


def test_a_period_that_is_there_is_not_waited_for(lake: HttpLake, orders: Table) -> None:
    clock = Time(at("2026-11-25 07:00"))
    answer, told = wait(clock, "sales.orders", "2026-11-24")
    assert answer.came is Came.YES
    assert answer.said == "2026-11-24 of sales.orders has its data"
    assert (told, clock.slept) == ([], [])


def test_it_ends_with_the_first_look_that_sees_the_data_also_before_the_deadline(
    lake: HttpLake, orders: Table
) -> None:
    clock = Time(at("2026-11-26 01:00"))
    clock.events[at("2026-11-26 01:15")] = lambda: land_days(lake, orders, "2026-11-25", "2026-11-25")
    answer, told = wait(clock, "sales.orders", "2026-11-25")
    assert answer.came is Came.YES
    assert clock.now == at("2026-11-26 01:20")
    assert told == [
        "sales.orders: 2026-11-25 missing; looking again every 10 min until Thu 26 Nov 2026 02:00 UTC"
    ]


def test_when_the_time_is_up_it_looks_once_more(lake: HttpLake, orders: Table) -> None:
    clock = Time(at("2026-11-26 01:00"))
    answer, _ = wait(clock, "sales.orders", "2026-11-25", timeout=25 * MINUTE)
    assert answer.came is Came.NOT_YET
    assert clock.slept == [600, 600, 300]
    clock = Time(at("2026-11-26 01:00"))
    clock.events[at("2026-11-26 01:25")] = lambda: land_days(lake, orders, "2026-11-25", "2026-11-25")
    assert wait(clock, "sales.orders", "2026-11-25", timeout=25 * MINUTE)[0].came is Came.YES


def test_what_is_not_registered_is_not_there_yet(lake: HttpLake, orders: Table) -> None:
    lake.put(f"{orders.location}dt=2026-11-25/a.parquet", at("2026-11-26 01:00"))
    answer, _ = wait(Time(at("2026-11-26 02:00")), "sales.orders", "2026-11-25", timeout=timedelta())
    assert answer == waiting.Answer(Came.NOT_YET, "sales.orders: 2026-11-25 unregistered")


def test_without_a_period_nothing_of_the_table_may_fail(lake: HttpLake, orders: Table) -> None:
    clicks = lake.table("web.clicks")
    clock = Time(at("2026-11-26 01:00"))
    clock.events[at("2026-11-26 01:10")] = lambda: lake.put(
        f"{clicks.location}a.parquet", at("2026-11-26 01:10")
    )
    answer, told = wait(clock, "web.clicks")
    assert (answer.came, answer.said) == (Came.YES, "web.clicks is fresh")
    assert len(told) == 1


def test_what_cannot_be_told_is_neither_there_nor_missing(lake: HttpLake, orders: Table) -> None:
    answer, _ = wait(Time(at("2026-11-26 01:00")), "web.clicks", timeout=timedelta())
    assert answer.came is Came.UNKNOWN
    assert "not in the catalog" in answer.said


@pytest.mark.parametrize("none", ["0s", "0", "0m"])
def test_without_a_timeout_it_looks_once(
    none: str,
    lake: HttpLake,
    orders: Table,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("time.sleep", lambda _: pytest.fail("it waits"))
    lake.table("web.clicks")
    assert cli.main(["wait", "web.clicks", "--timeout", none]) == 1
    told = capsys.readouterr()
    assert "web.clicks: never loaded" in told.out
    assert told.err == ""


@pytest.mark.parametrize("wrong", ["-1s", "0 s x", "soon", "00:10"])
def test_what_is_no_timeout_is_refused(wrong: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["wait", "web.clicks", f"--timeout={wrong}"])
    assert ended.value.code == 2
    assert "is not a duration" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("table", "period", "why"),
    [
        ("sales.orders", "yesterday", r"'yesterday' is no period of sales\.orders, which has one a day"),
        ("sales.orders", "2026-11", "'2026-11' is no period"),
        ("sales.orders", "2026-11-22", r"2026-11-22 of sales\.orders is never due: "),
        ("sales.orders", "2026-11-02", "is not among the periods that are looked at"),
        ("web.clicks", "2026-11-24", r"the config states no periods of web\.clicks"),
        ("web.nothing", "2026-11-24", "is not watched"),
    ],
)
def test_what_can_never_come_is_refused_at_once(
    lake: HttpLake, orders: Table, table: str, period: str, why: str
) -> None:
    clock = Time(at("2026-11-25 07:00"))
    with pytest.raises(NotAwaited, match=why):
        wait(clock, table, period)
    assert clock.slept == []


def test_the_command_tells_by_its_code(
    lake: HttpLake, orders: Table, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["wait", "web.clicks", "--timeout", "1s"]) == 3
    assert cli.main(["wait", "web.click", "--timeout", "1s"]) == 2
    assert "did you mean web.clicks?" in capsys.readouterr().err
    lake.table("web.clicks")
    assert cli.main(["wait", "web.clicks", "--timeout", "1s"]) == 1
    assert "web.clicks: never loaded" in capsys.readouterr().out


REGIONS = """\
version: 1
calendars: {weekdays: {closed: [sat, sun]}}
tables:
  - table: sales.orders
    catalog: on
    partitions:
      every: 1d
      lookback: 3
      each: {region: {eu: {due: "06:00"}, us: {due: "14:00"}, jp: {due: "04:00", calendar: weekdays}}}
"""


@pytest.fixture
def regions(lake: HttpLake) -> Table:
    Path("checks.yml").write_text(REGIONS, encoding="utf-8")
    table = lake.table("sales.orders", dt="string", region="string")
    for day in (22, 23, 24):
        for region in ("eu", "us", "jp"):
            bring(lake, table, f"2026-11-{day}", region, at(f"2026-11-{day + 1} 03:00"))
    return table


def bring(lake: HttpLake, table: Table, day: str, region: str, came: datetime) -> None:
    lake.put(f"{table.location}dt={day}/region={region}/a.parquet", came)
    lake.register(table, [day, region], at=came)


def test_a_period_has_its_data_once_the_value_that_is_due_last_has(lake: HttpLake, regions: Table) -> None:
    clock = Time(at("2026-11-26 07:00"))  # after the deadline of two values, before that of the third
    for minute, region in ((5, "jp"), (15, "eu"), (35, "us")):
        came = at("2026-11-26 07:00") + minute * MINUTE
        clock.events[came] = partial(bring, lake, regions, "2026-11-25", region, came)
    answer, told = wait(clock, "sales.orders", "2026-11-25")
    assert (answer.came, clock.now) == (Came.YES, at("2026-11-26 07:40"))
    assert [line.partition(";")[0] for line in told] == [
        "sales.orders: 2026-11-25/region=eu missing, 2026-11-25/region=us missing, 2026-11-25/region=jp missing",
        "sales.orders: 2026-11-25/region=eu missing, 2026-11-25/region=us missing",
        "sales.orders: 2026-11-25/region=us missing",
    ]


@pytest.mark.parametrize("region", ["eu", "us", "jp"])
def test_one_value_is_waited_for_by_itself(lake: HttpLake, regions: Table, region: str) -> None:
    key = f"2026-11-25/region={region}"
    clock = Time(at("2026-11-26 01:00"))
    answer, _ = wait(clock, "sales.orders", key, timeout=timedelta())
    assert answer == waiting.Answer(Came.NOT_YET, f"sales.orders: {key} missing")
    bring(lake, regions, "2026-11-25", region, at("2026-11-26 00:30"))
    answer, _ = wait(clock, "sales.orders", key, timeout=timedelta())
    assert answer == waiting.Answer(Came.YES, f"{key} of sales.orders has its data")


def test_a_day_that_is_closed_for_one_value_is_waited_for_of_the_others(
    lake: HttpLake, regions: Table
) -> None:
    answer, _ = wait(Time(at("2026-11-23 15:00")), "sales.orders", "2026-11-22", timeout=timedelta())
    assert answer.came is Came.YES
    with pytest.raises(NotAwaited, match=r"2026-11-22/region=jp of sales.orders is never due: "):
        wait(Time(at("2026-11-23 15:00")), "sales.orders", "2026-11-22/region=jp")


@pytest.mark.parametrize(
    ("period", "why"),
    [
        (
            "2026-11-25/region=xx",
            r"'region=xx' is no value of sales\.orders; write one of 2026-11-25/region=eu, ",
        ),
        ("2026-11-25/eu", "'eu' is no value"),
        ("2026-11-25/", "'' is no value"),
    ],
)
def test_a_value_that_is_none_is_refused(lake: HttpLake, regions: Table, period: str, why: str) -> None:
    with pytest.raises(NotAwaited, match=why):
        wait(Time(at("2026-11-26 01:00")), "sales.orders", period)


def test_values_that_are_not_stated_may_come_for_the_first_time(lake: HttpLake, regions: Table) -> None:
    config = (
        "version: 1\ntables: [{table: sales.orders, partitions: {every: 1d, lookback: 3, each: region}}]\n"
    )
    Path("checks.yml").write_text(config, encoding="utf-8")
    clock = Time(at("2026-11-25 07:00"))
    answer, _ = wait(clock, "sales.orders", "2026-11-24/region=br", timeout=timedelta())
    assert answer == waiting.Answer(
        Came.NOT_YET,
        "sales.orders: 2026-11-24/region=br missing, and region=br was not seen in any period before it",
    )
    with pytest.raises(NotAwaited, match=r"does not fit sales.orders; write 2026-11-24/region=\.\.\."):
        wait(clock, "sales.orders", "2026-11-24/land=br")
    bring(lake, regions, "2026-11-24", "br", clock.now)
    answer, _ = wait(clock, "sales.orders", "2026-11-24/region=br", timeout=timedelta())
    assert answer.came is Came.YES


def test_periods_alone_have_no_values(lake: HttpLake, orders: Table) -> None:
    with pytest.raises(NotAwaited, match=r"is told by its periods alone; write --period 2026-11-24"):
        wait(Time(at("2026-11-25 07:00")), "sales.orders", "2026-11-24/region=eu")


@pytest.mark.parametrize("hours", [3, 30, 40])
def test_a_deadline_that_is_learned_may_be_later_than_the_one_that_is_stated(
    lake: HttpLake, hours: int
) -> None:
    config = (
        "version: 1\nhistory: past/\ntables: [{table: sales.orders, partitions: {auto: true, every: 1d}}]\n"
    )
    Path("checks.yml").write_text(config, encoding="utf-8")
    table = lake.table("sales.orders", dt="string")
    land_days(lake, table, "2026-10-01", "2026-11-22", timedelta(hours=hours))
    for _ in range(2):
        monitor.run(
            load("checks.yml", environ={}), monitor.Request(now=at("2026-11-25 02:00"), keep=True), {}
        )
    clock = Time(at("2026-11-25 02:00"))
    answer, _ = wait(clock, "sales.orders", "2026-11-24", timeout=timedelta())
    assert answer == waiting.Answer(Came.NOT_YET, "sales.orders: 2026-11-24 missing")
    land_days(lake, table, "2026-11-23", "2026-11-24", timedelta(hours=1))
    answer, _ = wait(clock, "sales.orders", "2026-11-24", timeout=timedelta())
    assert answer.came is Came.YES
