"""Marks that teach, as people meet them: an alarm that was as it should be, told once; what is said, and taken back."""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.desk import NOW, Desk, mark_id
from tests.support.lakes import hive_location
from tests.support.times import DAY, HOUR

if TYPE_CHECKING:
    from datetime import datetime

    from tests.support.lakes import HttpLake

SUNDAY = NOW.replace(hour=0) - DAY
CONFIG = """\
version: 1
name: prod
timezone: UTC
tables:
  - table: web.hits
    freshness: auto
  - table: web.clicks
    freshness: {max_age: 400d}
"""

CHANCE = random.Random(7)  # noqa: S311 - the same each time
LATE = tuple(CHANCE.randrange(10) for _ in range(60 * 24))
"""By how many minutes what comes in an hour is late."""


def is_pause(at: datetime) -> bool:
    return at.weekday() == 6 and 7 < at.hour < 13 and at >= SUNDAY


class Hits(Desk):
    """Hits come each hour, for weeks; on Sundays from the last one on nothing comes from 08:00 to 13:00."""

    hours = 0
    place = ""

    def at(self, now: datetime) -> None:
        """Let it be a later time, with all that came by then."""
        self.now = now
        while (came := SUNDAY - 49 * DAY + self.hours * HOUR + LATE[self.hours] * HOUR / 60) <= now:
            if not is_pause(came):
                self.lake.put(f"{self.place}{self.hours:05d}.parquet", came)
            self.hours += 1


@pytest.fixture
def desk(lake: HttpLake, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Hits:
    Path("checks.yml").write_text(CONFIG, encoding="utf-8")
    lake.put(f"{lake.table('web.clicks').location}a.parquet", SUNDAY)
    found = Hits(lake, monkeypatch, capsys)
    found.place = lake.table("web.hits").location or ""
    return found


def test_an_alarm_that_was_expected_is_not_repeated_until_that_is_taken_back(desk: Hits) -> None:
    desk.at(SUNDAY + 7.5 * HOUR)
    desk.do("run")
    desk.at(SUNDAY + 11 * HOUR)
    assert desk.heard() == {"web.hits": "new"}
    said = desk.do("expected", "web.hits", "--because", "maintenance", "--by", "ann")
    assert said.startswith(
        "expected of web.hits: freshness; not told as a failure until it changes (by ann); "
    )
    assert "what is learned of its freshness goes by it from the next run on; take it back with:" in said
    desk.at(SUNDAY + 11.5 * HOUR)
    assert desk.heard(code=0) == {}, "the mark covers it"
    explained = " ".join(desk.do("explain", "web.hits").split())
    assert "freshness: critical - no new data for" in explained
    assert "not told as a failure: expected: maintenance (by ann, " in explained
    assert "11:00 UTC); taught nothing so far" in explained, "the silence goes on"
    desk.at(SUNDAY + 16.5 * HOUR)
    text = desk.do("run")
    assert "are fresh" in text
    explained = " ".join(desk.do("explain", "web.hits").split())
    assert "as was learned with 1 mark of ann, 22 Nov" in explained
    assert (
        "expected of web.hits, freshness: maintenance (by ann, Sun 22 Nov 2026 11:00 UTC); taught"
        in explained
    )


def test_what_is_said_of_marks_that_teach(desk: Hits) -> None:
    desk.at(SUNDAY + 7.5 * HOUR)
    desk.do("run")
    missed = desk.do("missed", "web.hits", "--at", "2026-11-21T05:30", "--by", "ann")
    assert missed.startswith(
        "missed of web.hits at Sat 21 Nov 2026 05:30 UTC (by ann); what is learned of its freshness goes by it"
    )
    normal = desk.do("new-normal", "web.hits", "--from", "2026-11-22T03:00", "--by", "ann")
    assert normal.startswith(
        "a new normal of web.hits from Sun 22 Nov 2026 03:00 UTC on (by ann); what is learned of its freshness goes"
    )
    stated = desk.do("new-normal", "web.clicks", "--from", "2026-11-22", "--by", "ann")
    assert (
        "nothing is learned from it, since the limits of freshness are stated; change them, or learn them (auto);"
        in stated
    )
    text = " ".join(desk.do("run", code=3).split())
    assert "5 arrivals seen, 30 needed; earlier ones do not count, by 1 mark of ann, 22 Nov" in text
    desk.do("take-back", mark_id(normal), "--by", "ann")
    desk.do("run")


ORDERS = """\
version: 1
name: prod
timezone: UTC
tables:
  - table: sales.orders
    partitions: {every: 1d, due: "06:00"}
    volume: auto
"""


def test_a_size_that_was_expected_passes_on_such_days_until_that_is_taken_back(
    lake: HttpLake, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A shop that is closed on Sundays from one Sunday on."""
    Path("checks.yml").write_text(ORDERS, encoding="utf-8")
    desk, table = Desk(lake, monkeypatch, capsys), lake.table("sales.orders", dt="string")
    days = [SUNDAY - number * DAY for number in range(-7, 40)]
    for day in days:
        closed = day in (SUNDAY, SUNDAY + 7 * DAY)
        place, size = (
            hive_location(table, [f"{day:%Y-%m-%d}"]),
            20_000 + 100 * LATE[(day - days[-1]).days],
        )
        lake.put(f"{place}a.parquet", day + 28 * HOUR, size // (20 if closed else 1))
        lake.register(table, [f"{day:%Y-%m-%d}"], at=day + 28 * HOUR)
    desk.now = SUNDAY + 31 * HOUR
    assert desk.heard() == {"sales.orders": "new"}
    said = desk.do("expected", "sales.orders", "--period", "2026-11-22", "--by", "ann")
    assert "what is learned of its volume goes by it from the next run on" in said
    assert desk.heard(code=0) == {}
    desk.now += 7 * DAY
    desk.do("run")
    explained = " ".join(desk.do("explain", "sales.orders").split())
    assert "as was learned with 1 mark of ann, 23 Nov" in explained
    assert "2026-11-22 (by ann, Mon 23 Nov 2026 07:00 UTC); taught volume" in explained
    desk.do("take-back", mark_id(said), "--by", "ann")
    assert desk.heard() == {"sales.orders": "new"}


def test_several_checks_that_learn_are_listed(desk: Hits, lake: HttpLake) -> None:
    table = lake.table("web.days", None, dt="string")
    for number in range(1, 41):
        day = SUNDAY - number * DAY
        lake.register(table, [f"{day:%Y-%m-%d}"], at=day + 29 * HOUR)
        lake.put(f"{table.location}dt={day:%Y-%m-%d}/a.parquet", day + 29 * HOUR)
    more = "  - table: web.days\n    partitions: {every: 1d, auto: true}\n    volume: auto\n    freshness: auto\n"
    Path("checks.yml").write_text(CONFIG + more, encoding="utf-8")
    said = desk.do("expected", "web.days", "--period", "2026-11-21", "--by", "ann")
    assert "what is learned of its partitions, freshness and volume goes by it from the next run on" in said
