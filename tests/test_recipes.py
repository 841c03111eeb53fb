"""Each recipe loads as it stands, and judges a lake of the layout that it is for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

from checks.config import load
from checks.lake.observe import observe
from checks.model import Finding, Problem, ProblemKind, Status, Unobserved
from checks.monitor.plan import plan
from checks.rules.asking import Clock
from tests.support.lakes import MemoryLake
from tests.support.times import at
from tests.support.verdicts import judge

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from checks.config import Config
    from checks.lake.glue.catalog import Catalog
    from checks.model import Table

PAGE = Path(__file__).parents[1] / "docs" / "recipes.md"
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def recipes() -> dict[str, list[str]]:
    """Return the configs of the page by the title that they stand below."""
    parts = re.split(r"^## ", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    found = {
        part.splitlines()[0]: re.findall(r"^```yaml\n(.*?)^```", part, re.DOTALL | re.MULTILINE)
        for part in parts
    }
    return {title: configs for title, configs in found.items() if configs}


CONFIGS = [
    pytest.param(text, id=f"{title} {number}")
    for title, texts in recipes().items()
    for number, text in enumerate(texts, 1)
]


def loaded(text: str, folder: Path) -> Config:
    path = folder / "checks.yml"
    path.write_text(text, encoding="utf-8")
    return load(path, environ={})


@pytest.mark.parametrize("text", CONFIGS)
def test_every_recipe_loads_without_any_variable_and_without_a_note(text: str, tmp_path: Path) -> None:
    config = loaded(text, tmp_path)
    assert config.notes == ()


@dataclass(frozen=True, kw_only=True)
class Layout:
    """A layout: where an object of a period lies (as strftime writes it), and when its newest period is looked for.

    ``keys`` are those of a partitioned table; ``values`` what stands in the keys of registered partitions. The last
    period that is due at ``now`` begins at ``newest``; those before it one ``step`` earlier each, none on weekdays of
    ``rests``. ``variants`` stand for ``{}``; ``others`` are objects that are no data.
    """

    path: str
    newest: datetime
    now: datetime
    table: str | None = None
    step: timedelta = DAY
    keys: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    entry: Mapping[str, Any] | None = None
    rests: tuple[int, ...] = ()
    size: int = 10
    variants: tuple[str, ...] = ("",)
    periods: int = 30
    others: tuple[str, ...] = ()

    def starts(self) -> Sequence[datetime]:
        """Return when the periods start, the newest first."""
        if self.step > 27 * DAY:
            months = [self.newest.year * 12 + self.newest.month - 1 - back for back in range(6)]
            return [datetime(month // 12, month % 12 + 1, 1, tzinfo=UTC) for month in months]
        found = [self.newest - back * self.step for back in range(self.periods)]
        return [each for each in found if each.weekday() not in self.rests]


PROJECTED = {
    "projection.enabled": "true",
    "projection.dt.type": "date",
    "projection.dt.format": "yyyy-MM-dd",
    "projection.dt.range": "2026-01-01,NOW",
}
TRAIL = {
    "projection.enabled": "true",
    "projection.region.type": "enum",
    "projection.region.values": "eu-west-1,us-east-1",
    "projection.timestamp.type": "date",
    "projection.timestamp.format": "yyyy/MM/dd",
    "projection.timestamp.range": "2026/01/01,NOW",
    "storage.location.template": "s3://acme-trail/AWSLogs/111122223333/CloudTrail/${region}/${timestamp}",
}
LAYOUTS = {
    "Amazon Data Firehose": Layout(
        path="s3://acme-events/clicks/%Y/%m/%d/%H/clicks-1-%Y-%m-%d-%H-04-11-3f2a.gz",
        newest=at("2026-11-22 05:00"),
        now=at("2026-11-22 06:20"),
        step=HOUR,
    ),
    "CloudTrail, over many regions": Layout(
        path="s3://acme-trail/AWSLogs/111122223333/CloudTrail/{}/%Y/%m/%d/111122223333_CloudTrail_{}_x.json.gz",
        newest=at("2026-11-22 00:00"),
        now=at("2026-11-23 01:00"),
        table="audit.cloudtrail",
        keys=("region", "timestamp"),
        entry={"Parameters": TRAIL},
        variants=("eu-west-1", "us-east-1"),
    ),
    "AWS DMS": Layout(
        path="s3://acme-dms/shop/orders/%Y/%m/%d/%Y%m%d-051502314.parquet",
        newest=at("2026-11-22 00:00"),
        now=at("2026-11-23 02:00"),
        others=("s3://acme-dms/shop/orders/LOAD00000001.parquet",),
    ),
    "Spark, Hive and Athena partitions": Layout(
        path="s3://lake/sales/orders/dt=%Y-%m-%d/part-00000-c000.snappy.parquet",
        newest=at("2026-11-22 00:00"),
        now=at("2026-11-23 05:00"),
        table="sales.orders",
        keys=("dt",),
        values=("%Y-%m-%d",),
    ),
    "Years, months, days and hours as keys of their own": Layout(
        path="s3://lake/web/clicks/year=%Y/month=%m/day=%d/hour=%H/clicks+0+000017.parquet",
        newest=at("2026-11-22 05:00"),
        now=at("2026-11-22 06:45"),
        step=HOUR,
        table="web.clicks",
        keys=("year", "month", "day", "hour"),
        values=("%Y", "%m", "%d", "%H"),
    ),
    "Partition projection": Layout(
        path="s3://lake/web/pages/dt=%Y-%m-%d/a.parquet",
        newest=at("2026-11-22 00:00"),
        now=at("2026-11-23 03:00"),
        table="web.pages",
        keys=("dt",),
        entry={"Parameters": PROJECTED},
    ),
    "Monthly drops of a vendor": Layout(
        path="s3://acme-vendors/ratings/ratings_%Y-%m.csv.gz",
        newest=at("2026-11-01 00:00"),
        now=at("2026-12-03 17:00"),
        step=30 * DAY,
        size=2_000_000,
    ),
    "Many regions, each due by itself": Layout(
        path="s3://lake/sales/stores/dt=%Y-%m-%d/region={}/a.parquet",
        newest=at("2026-11-22 00:00"),
        now=at("2026-11-23 04:00"),
        table="sales.stores",
        keys=("dt", "region"),
        values=("%Y-%m-%d", "{}"),
        variants=("eu", "us"),
    ),
    "Markets, which rest on holidays": Layout(
        path="s3://lake/markets/prices/dt=%Y-%m-%d/a.parquet",
        newest=at("2026-11-20 00:00"),
        now=at("2026-11-23 05:00"),
        table="markets.prices",
        keys=("dt",),
        values=("%Y-%m-%d",),
        rests=(5, 6),
    ),
    "Snapshots, named by the day that they were taken": Layout(
        path="s3://lake/crm/accounts/snapshot_date=%Y-%m-%d/a.parquet",
        newest=at("2026-11-22 00:00"),
        now=at("2026-11-22 02:00"),
        table="crm.accounts",
        keys=("snapshot_date",),
        values=("%Y-%m-%d",),
    ),
    "S3 Inventory and other reports, named by their time": Layout(
        path="s3://acme-inventory/lake/daily/%Y-%m-%dT01-00Z/manifest.json",
        newest=at("2026-11-22 00:00"),
        now=at("2026-11-23 06:00"),
        others=("s3://acme-inventory/lake/daily/data/a.csv.gz",),
    ),
    "Days of the year": Layout(
        path="s3://acme-sensors/radar/%Y/%j/%H/scan.nc",
        newest=at("2026-11-22 05:00"),
        now=at("2026-11-22 06:30"),
        step=HOUR,
    ),
    "Weeks, fortnights and quarters": Layout(
        path="s3://lake/finance/payroll/week=%G-W%V/a.parquet",
        newest=at("2026-11-16 00:00"),
        now=at("2026-11-24 09:00"),
        step=7 * DAY,
        table="finance.payroll",
        keys=("week",),
        values=("%G-W%V",),
    ),
}


@dataclass(frozen=True)
class OneTable:
    """A catalog that holds one table, or none."""

    held: Table | None

    def table(self, database: str, name: str, account: str | None = None) -> Table:
        if self.held is None or self.held.id != f"{database}.{name}":
            raise Unobserved(Problem(ProblemKind.NOT_FOUND, "not in the catalog"))
        return self.held


def findings(
    text: str, layout: Layout, folder: Path, *, left_out: tuple[datetime, str] | None
) -> dict[str, Finding]:
    """Judge a lake of that layout, in which one period of one variant did not come."""
    lake, table = MemoryLake(), None
    if layout.table is not None:
        table = lake.table(layout.table, layout.entry, **dict.fromkeys(layout.keys, "string"))
    for start in layout.starts():
        for variant in layout.variants:
            if (start, variant) == left_out:
                continue
            came = min(start + layout.step, layout.now) - HOUR / 2
            lake.put(start.strftime(layout.path).replace("{}", variant), came, layout.size)
            if table is not None and layout.values:
                values = [start.strftime(value).replace("{}", variant) for value in layout.values]
                lake.register(table, values, None, came)
    for uri in layout.others:
        lake.put(uri, layout.now - HOUR)
    planned = plan(loaded(text, folder), cast("Catalog", OneTable(table)), {}, layout.now)
    wanted = layout.table or layout.path[: layout.path.index("%")].rsplit("/", 1)[0] + "/"
    (each,) = [one for one in planned.plans if one.table.id == wanted]
    clock = Clock(now=layout.now)
    return judge(each, observe(each, clock, lake.reader(each)), clock)


@pytest.mark.parametrize("title", LAYOUTS)
def test_all_that_came_is_well_and_the_last_period_that_did_not_is_named(title: str, tmp_path: Path) -> None:
    layout = LAYOUTS[title]
    text = recipes()[title][0]
    well = findings(text, layout, tmp_path, left_out=None)
    assert {check: found.because for check, found in well.items() if found.status is not Status.PASS} == {}
    newest = layout.starts()[0]
    bad = findings(text, layout, tmp_path, left_out=(newest, layout.variants[-1]))["partitions"]
    assert bad.status is Status.FAIL, bad.because
    (item,) = [item for item in bad.items if item.state.is_bad]
    assert [value for _, value in item.dimensions] == [each for each in layout.variants[-1:] if each]
    assert item.period.startswith(newest.strftime("%G-W%V" if layout.step == 7 * DAY else "%Y-%m"))


@pytest.mark.parametrize("title", LAYOUTS)
def test_the_page_shows_a_key_of_the_layout(title: str) -> None:
    layout = LAYOUTS[title]
    page = PAGE.read_text(encoding="utf-8")
    section = page[page.index(f"## {title}\n") :]
    shown = re.search(r"^```text\n(.*?)\n```", section, re.DOTALL | re.MULTILINE)
    assert shown is not None
    assert shown[1] == layout.newest.strftime(layout.path).replace("{}", layout.variants[0])
