"""A lake of tables of which nothing is stated, each with a habit of its own, for what discovery makes of them."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from tests.support.fleet import MINUTE, daily, hourly
from tests.support.times import BERLIN, DAY, HOUR, at

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from checks.model import Table
    from tests.support.lakes import LakeBuilder

NOW = at("2026-11-23 12:00")
DAYS = 70
START = NOW.replace(hour=0) - DAYS * DAY
ODD = "na: me #1 \"ü' $x"


def days(weekdays: int = 7, lost: Iterable[int] = ()) -> Iterator[datetime]:
    """Yield the days whose partitions are there now, but for those that were lost (by their number)."""
    for number in range(DAYS):
        day = START + number * DAY
        if day.weekday() < weekdays and number not in set(lost):
            yield day


def partitioned(lake: LakeBuilder, name: str, loads: Iterable[tuple[datetime, datetime]]) -> Table:
    """Build a table of registered days: of each day a file, and when it came."""
    table = lake.table(name, None, dt="string")
    place = table.location or ""
    for day, came in loads:
        lake.register(table, [f"{day:%Y-%m-%d}"], at=came)
        lake.put(f"{place}dt={day:%Y-%m-%d}/a.parquet", came)
    return table


def in_the_morning(
    name: str, *, weekdays: int = 7, lost: Iterable[int] = ()
) -> Iterator[tuple[datetime, datetime]]:
    """Yield days that come the morning after, from 05:00 to 05:30 UTC."""
    chance = random.Random(name)  # noqa: S311 - a simulation, the same each time
    for day in days(weekdays, lost):
        yield day, day + DAY + 5 * HOUR + chance.randrange(30) * MINUTE


def in_berlin(name: str) -> Iterator[tuple[datetime, datetime]]:
    """Yield days that come the morning after, soon after 06:00 in Berlin, also after the change of clocks."""
    chance = random.Random(name)  # noqa: S311 - the same
    for day in days():
        wall = (day + DAY).replace(hour=6, tzinfo=BERLIN)
        yield day, wall + chance.randrange(20) * MINUTE


def by_hours(lake: LakeBuilder, name: str) -> Table:
    """Build a table of registered hours of 14 days, each some minutes late."""
    table = lake.table(name, None, dt="string", hour="string")
    chance = random.Random(name)  # noqa: S311 - the same
    for number in range(14 * 24 + 12):
        hour = NOW - (14 * 24 + 12 - number) * HOUR
        came = hour + HOUR + chance.randrange(8) * MINUTE
        if came < NOW:
            values = [f"{hour:%Y-%m-%d}", f"{hour:%H}"]
            lake.register(table, values, at=came)
            lake.put(f"{table.location}dt={values[0]}/hour={values[1]}/a.parquet", came)
    return table


def in_one_place(lake: LakeBuilder, name: str, moments: Iterable[datetime]) -> Table:
    """Build a table without partitions, of a file at each of these times until now."""
    table = lake.table(name)
    for number, came in enumerate(moments):
        if came <= NOW:
            lake.put(f"{table.location}{number:06d}.json", came)
    return table


def healthy(lake: LakeBuilder) -> None:
    """Build tables of two databases that are all well now."""
    partitioned(lake, "sales.orders", in_the_morning("orders"))
    partitioned(lake, "sales.invoices", in_the_morning("orders"))
    partitioned(lake, "sales.refunds", in_the_morning("refunds", weekdays=5))
    by_hours(lake, "web.clicks")
    in_one_place(lake, "web.events", (each.at for each in hourly("events", START, DAYS + 1)))
    in_one_place(lake, f"web.{ODD}", (each.at for each in daily("odd", START, DAYS + 1)))


def unwell(lake: LakeBuilder) -> None:
    """Build tables beside them that nothing, or little, can be learned of."""
    in_one_place(lake, "web.young", (NOW - number * DAY for number in range(3)))
    lake.table("web.empty")
    lake.table("web.view", {"TableType": "VIRTUAL_VIEW", "StorageDescriptor": {"Columns": []}})
    lake.table("web.nowhere", {"StorageDescriptor": {"Location": "s3://not-there/x", "Columns": []}})
    lake.table("web.dynamo", {"StorageDescriptor": {"Location": "arn:aws:dynamodb:eu-west-1:1:table/x", "Columns": []},
                              "Parameters": {"classification": "dynamodb"}})  # fmt: skip
    lake.table("web.odd{brackets}")
