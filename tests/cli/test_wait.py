"""Waiting for a table: until its data has come, or the time is up, or it can never come."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from checks import cli, waiting
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
