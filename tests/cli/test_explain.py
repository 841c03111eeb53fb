"""`checks explain`: whole lines, for tables of every kind."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from checks import cli, monitor
from checks.model import Problem, ProblemKind, Unobserved
from checks.rules.freshness import FreshnessRule
from tests.support.accounts import land_days
from tests.support.lakes import hive_location
from tests.support.times import DAY, HOUR, at

if TYPE_CHECKING:
    from checks.model import Table
    from tests.support.lakes import HttpLake

NOW = at("2026-11-23 07:00")
CONFIG = """\
version: 1
name: prod
timezone: Europe/Berlin
calendars:
  de: {country: DE, subdivision: BE, closed: [sat, sun]}
defaults:
  freshness: {warn_after: 24h, error_after: 36h}
tables:
  - table: sales.*
    owner: sales-data
    partitions: {every: 1d, due: "06:00", lookback: 4}
  - table: sales.orders
    partitions: {calendar: de}
  - table: sales.regions
    partitions: {each: region, lookback: 2}
  - table: crm.contacts
  - prefix: s3://lake/raw/
    freshness: {by: "07:30", within: 6h}
  - table: ops.logs
    partitions: {lookback: 3, key: dt, format: "%Y-%m-%d"}
  - prefix: s3://lake/fire/
    partitions: {every: 1h, after: 15m, lookback: 25}
  - table: sales.apart
    partitions: {lookback: 2, each: {region: {eu: {}, us: {due: "14:00", timezone: America/New_York}}}}
silences:
  - {table: crm.contacts, until: 2027-01-01, because: migration}
"""


def explain(capsys: pytest.CaptureFixture[str], table: str, now: str = "2026-11-23T07:00Z") -> list[str]:
    """Return the lines that are told of a table, which all are short enough to be read."""
    Path("checks.yml").write_text(CONFIG, encoding="utf-8")
    assert cli.main(["explain", table, "--now", now]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 100
    assert not Path(".checks").exists()
    return lines


def test_a_daily_table_with_a_calendar(lake: HttpLake, capsys: pytest.CaptureFixture[str]) -> None:
    land_days(lake, lake.table("sales.orders", dt="string"), "2026-11-10", "2026-11-19")
    assert (
        explain(capsys, "sales.orders")
        == """\
sales.orders

CONFIG
  matched by sales.orders (checks.yml, line 12)
  over sales.* (checks.yml, line 9)
  partitions: every: 1d, due: 06:00, lookback: 4 (of sales.*)
  partitions: calendar: de (of sales.orders)
  owner: sales-data

TABLE
  a table of the catalog, files, at s3://lake/sales/orders/
  partitioned by dt (string)

TIME
  dt as %Y-%m-%d: inferred from 10 sampled partitions such as dt=2026-11-19

PERIODS
  every 1d, labels in UTC; each is due at the first 06:00 Europe/Berlin at or after its end;
      calendar de
  2026-11-22  not due: Sunday
  2026-11-21  not due: Saturday
  2026-11-20  due Sat 21 Nov 2026 06:00 CET: missing
  2026-11-19  due Fri 20 Nov 2026 06:00 CET: present, first data Fri 20 Nov 2026 04:00 CET
  2026-11-18  due Thu 19 Nov 2026 06:00 CET: present, first data Thu 19 Nov 2026 04:00 CET
  2026-11-17  due Wed 18 Nov 2026 06:00 CET: present, first data Wed 18 Nov 2026 04:00 CET
  next: 2026-11-23 is due Tue 24 Nov 2026 06:00 CET

VERDICT
  partitions: critical - 1 of 4 due days without usable data: 2026-11-20 missing, due Sat 21 Nov
      2026 06:00 CET
    to do: look at the run that loads 2026-11-20; if that day will never come, close it in a
        calendar

REQUESTS
  4: glue:GetPartitions 2, glue:GetTable 1, s3:ListObjectsV2 1""".splitlines()
    )


def test_holidays_are_named(lake: HttpLake, capsys: pytest.CaptureFixture[str]) -> None:
    land_days(lake, lake.table("sales.orders", dt="string"), "2026-12-10", "2026-12-29")
    lines = explain(capsys, "sales.orders", now="2026-12-30T07:00Z")
    assert [line for line in lines if "not due" in line] == [
        "  2026-12-27  not due: Sunday",
        "  2026-12-26  not due: Second Day of Christmas",
        "  2026-12-25  not due: Christmas Day",
    ]


def test_a_table_by_region(lake: HttpLake, capsys: pytest.CaptureFixture[str]) -> None:
    table = lake.table("sales.regions", dt="string", region="string")
    for day in ("2026-11-20", "2026-11-21", "2026-11-22"):
        for region in ("eu", "us"):
            if (day, region) != ("2026-11-22", "us"):
                lake.put(f"{hive_location(table, [day, region])}a.parquet", at(day) + DAY + HOUR)
                lake.register(table, [day, region], at=at(day) + DAY + HOUR)
    lines = explain(capsys, "sales.regions")
    start = lines.index("TIME")
    assert lines[start : start + 12] == [
        "TIME",
        "  dt as %Y-%m-%d: inferred from 5 sampled partitions such as dt=2026-11-22",
        "  each value of region is due, from the first period each was seen in",
        "",
        "PERIODS",
        "  every 1d, labels in UTC; each is due at the first 06:00 Europe/Berlin at or after its end",
        "  2026-11-22  due Mon 23 Nov 2026 06:00 CET:",
        "    region=us: missing",
        "    1 of 2 present",
        "  2026-11-21  due Sun 22 Nov 2026 06:00 CET:",
        "    2 of 2 present",
        "  next: 2026-11-23 is due Tue 24 Nov 2026 06:00 CET",
    ]


def test_a_table_without_partitions(lake: HttpLake, capsys: pytest.CaptureFixture[str]) -> None:
    lake.put(f"{lake.table('crm.contacts').location}a.parquet", NOW - HOUR)
    assert (
        explain(capsys, "crm.contacts")
        == """\
crm.contacts

CONFIG
  matched by crm.contacts (checks.yml, line 16)
  freshness: warn_after: 24h, error_after: 36h (of defaults)
  freshness is silenced: migration

TABLE
  a table of the catalog, files, at s3://lake/crm/contacts/
  no partition keys

TIME
  read as one place: no check asks for its periods

FRESHNESS
  watermark: a warning where nothing came since Sun 22 Nov 2026 08:00 CET
  watermark: critical where nothing came since Sat 21 Nov 2026 20:00 CET
  newest: s3://lake/crm/contacts/a.parquet
  listed completely: 1 with data (10 B), 0 of zero bytes, 0 that are no data

VERDICT
  freshness: pass - the newest data came 1 h ago (Mon 23 Nov 2026 07:00 CET); expected at most 24 h
      old

REQUESTS
  2: glue:GetTable 1, s3:ListObjectsV2 1""".splitlines()
    )


def test_a_prefix_with_a_deadline(lake: HttpLake, capsys: pytest.CaptureFixture[str]) -> None:
    lake.put("s3://lake/raw/a.csv", NOW - 9 * HOUR)
    lines = explain(capsys, "s3://lake/raw")
    assert lines[0] == "s3://lake/raw/"
    start = lines.index("FRESHNESS")
    assert lines[start:] == [
        "FRESHNESS",
        "  due by 07:30 Europe/Berlin; the last one was Mon 23 Nov 2026 07:30 CET",
        "  watermark: critical where nothing came since Mon 23 Nov 2026 01:30 CET",
        "  newest: s3://lake/raw/a.csv",
        "  listed completely: 1 with data (10 B), 0 of zero bytes, 0 that are no data",
        "",
        "VERDICT",
        "  freshness: critical - no new data for 9 h: the newest came Sun 22 Nov 2026 23:00 CET; expected by",
        "      Mon 23 Nov 2026 07:30 CET (data since Mon 23 Nov 2026 01:30 CET counts)",
        "    to do: look at the run that writes s3://lake/raw/; it has written nothing since Sun 22 Nov 2026",
        "        23:00 CET",
        "",
        "REQUESTS",
        "  1: s3:ListObjectsV2 1",
    ]


def test_a_prefix_by_the_hour_shows_its_newest_periods(
    lake: HttpLake, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(1, 40):
        hour = NOW - number * HOUR
        lake.put(f"s3://lake/fire/{hour:%Y/%m/%d/%H}/a.gz", hour + HOUR)
    lines = explain(capsys, "s3://lake/fire/")
    time = lines.index("TIME") + 1
    assert lines[time].startswith("  the path %Y/%m/%d/%H/: inferred from 7 folders such as 2026/11/23/06/")
    start = lines.index("PERIODS")
    assert lines[start + 1 : start + 3] == [
        "  every 1h, labels in UTC; each is due 15 min past its end",
        "  2026-11-23T05:00  due Mon 23 Nov 2026 07:15 CET: present, first data Mon 23 Nov 2026 07:00 CET",
    ]
    assert lines[start + 22 : start + 24] == [
        "  and 5 older due, down to 2026-11-22T05:00",
        "  next: 2026-11-23T06:00 is due Mon 23 Nov 2026 08:15 CET",
    ]


def test_a_projected_table_tells_what_is_projected(
    lake: HttpLake, capsys: pytest.CaptureFixture[str]
) -> None:
    parameters = {
        "projection.enabled": "true",
        "projection.dt.type": "date",
        "projection.dt.range": "NOW-2DAYS,NOW",
        "projection.region.type": "enum",
        "projection.region.values": "eu,us",
    }
    table = lake.table("ops.logs", {"Parameters": parameters}, dt="string", region="string")
    for day in ("21", "22"):
        lake.put(f"{table.location}dt=2026-11-{day}/region=eu/a.gz", at(f"11-{day} 23:00"))
    lines = explain(capsys, "ops.logs")
    start = lines.index("TABLE")
    assert lines[start : start + 8] == [
        "TABLE",
        "  a table of the catalog, files, at s3://lake/ops/logs/",
        "  partitioned by dt (string), region (string)",
        "  partitions are projected, none is registered: dt from NOW-2DAYS to NOW",
        "  region is one of eu, us",
        "",
        "TIME",
        "  dt as %Y-%m-%d: stated in the config",
    ]
    assert "  2026-11-20  due Sat 21 Nov 2026 07:00 CET: before the first period with data" in lines


def test_what_a_run_remembered_is_told_as_such(lake: HttpLake, capsys: pytest.CaptureFixture[str]) -> None:
    land_days(lake, lake.table("sales.orders", dt="string"), "2026-11-10", "2026-11-20")
    Path("checks.yml").write_text(CONFIG.replace("sales.*", "sales.ord*"), encoding="utf-8")
    from checks import monitor

    config = monitor.load_config("checks.yml", {})
    monitor.run(config, monitor.Request(now=NOW), {"HISTORY": "kept/"})
    before = sorted(path.read_bytes() for path in Path("kept").rglob("*") if path.is_file())
    capsys.readouterr()
    assert cli.main(["explain", "sales.orders", "--now", "2026-11-23T07:00Z"]) == 0
    assert "inferred from 11 sampled partitions such as dt=2026-11-20" in capsys.readouterr().out
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HISTORY", "kept/")
        assert cli.main(["explain", "sales.orders", "--now", "2026-11-23T07:00Z"]) == 0
    out = capsys.readouterr().out
    assert (
        "  dt as %Y-%m-%d: remembered from an earlier run, which inferred it from 11 sampled partitions such\n"
        "      as dt=2026-11-20\n"
    ) in out
    assert sorted(path.read_bytes() for path in Path("kept").rglob("*") if path.is_file()) == before


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("sale.orders", "sale.orders is not watched by checks.yml; near are: sales.orders"),
        ("nothing", "nothing is not watched by checks.yml; it watches: "),
        ("s3://lake/row/", "s3://lake/row/ is not watched by checks.yml; near are: s3://lake/raw/"),
        ("s3:///", "'' is not a bucket's name"),
        ("sales.order", "sales.order: Glue GetTable on sales.order"),
    ],
)
def test_a_table_that_is_not_watched_is_a_usage_error_with_near_names(
    lake: HttpLake, capsys: pytest.CaptureFixture[str], table: str, said: str
) -> None:
    lake.table("sales.orders", dt="string")
    Path("checks.yml").write_text(CONFIG, encoding="utf-8")
    assert cli.main(["explain", table]) == 2
    told = capsys.readouterr().err
    assert told.startswith(said)
    if table == "sales.order":
        assert told.endswith("near are: sales.orders\n")


def test_a_catalog_that_refuses_is_no_mistake_of_the_user(
    lake: HttpLake, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lake.table("sales.orders", dt="string")
    Path("checks.yml").write_text(CONFIG, encoding="utf-8")
    refusal = Problem(ProblemKind.DENIED, "Glue GetTable on sales.orders: denied", "grant glue:GetTable")

    def refuse(*_: object) -> Table:
        raise Unobserved(refusal)

    monkeypatch.setattr("checks.lake.glue.catalog.Catalog.table", refuse)
    assert cli.main(["explain", "sales.orders"]) == 3
    told = capsys.readouterr()
    assert told.err == "sales.orders: Glue GetTable on sales.orders: denied; grant glue:GetTable\n"
    assert told.out == ""


@pytest.mark.parametrize(("others", "share"), [(0, "4"), (5, "2"), (23, "0.5")])
def test_a_learned_limit_has_the_share_that_a_run_over_all_tables_gives_it(
    others: int, share: str, lake: HttpLake, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also before any run, or it would tell limits by which none judges."""
    names = ["a", *(f"b{number}" for number in range(others))]
    entries = "".join(f"  - {{prefix: s3://lake/{name}/, freshness: auto}}\n" for name in names)
    Path("checks.yml").write_text(f"version: 1\ntables:\n{entries}", encoding="utf-8")
    for number in range(30):
        lake.put(f"s3://lake/a/{number:02d}.json", NOW - number * DAY)
    assert cli.main(["explain", "s3://lake/a/", "--now", NOW.isoformat()]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert f"it may raise {share} false alarms a year" in told
    assert (f"({others + 1} tables share them)" in told) is bool(others)


def test_what_was_seen_before_is_told(lake: HttpLake, capsys: pytest.CaptureFixture[str]) -> None:
    table = lake.table("web.days", dt="string")
    for day in range(7, 12):
        lake.put(f"{hive_location(table, [f'2026-11-{day}'])}a.parquet", at(f"2026-11-{day + 1:02d} 02:00"))
        lake.register(table, [f"2026-11-{day}"], None, at(f"2026-11-{day + 1:02d} 02:00"))
    text = CONFIG + "history: memory/\n"
    text = text.replace(
        "  - table: crm.contacts\n",
        '  - table: web.days\n    partitions: {lookback: 5, format: "%Y-%-m-%-d"}\n',
    )
    Path("checks.yml").write_text(text, encoding="utf-8")
    monitor.run(monitor.load_config("checks.yml", {}), monitor.Request(now=at("2026-11-12 12:00")), {})
    assert cli.main(["explain", "web.days", "--now", "2026-11-13T07:00Z"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "2026-11-12 due Fri 13 Nov 2026 07:00 CET: missing 2026-11-11" in told
    for label, came in (("11", "Thu 12"), ("10", "Wed 11"), ("09", "Tue 10"), ("08", "Mon 9")):
        assert (
            f"2026-11-{label} due {came} Nov 2026 07:00 CET: present, first data {came} Nov 2026 03:00 CET; "
            "seen whole on Thu 12 Nov 2026 13:00 CET, not listed again"
        ) in told
    assert told.endswith("REQUESTS 3: glue:BatchGetPartition 1, glue:GetTable 1, s3:ListObjectsV2 1")


def test_a_check_that_fails_itself_is_unknown_as_in_a_run(
    lake: HttpLake, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: object) -> None:
        raise ZeroDivisionError("oops")

    monkeypatch.setattr(FreshnessRule, "measure", breaks)
    lake.put("s3://lake/raw/a.parquet", NOW - HOUR)
    told = "could not be checked: it was not judged: its check failed with ZeroDivisionError: oops"
    lines = explain(capsys, "s3://lake/raw/")
    verdict = lines[lines.index("VERDICT") + 1 : lines.index("REQUESTS") - 1]
    assert " ".join(line.strip() for line in verdict) == (
        f"freshness: unknown - {told} to do: report this with the log of the run"
    )
    outcome = monitor.run(monitor.load_config("checks.yml", {}), monitor.Request(now=NOW), {})
    (because,) = (each.because for each in outcome.report.findings if each.table == "s3://lake/raw/")
    assert because == told


def test_values_with_deadlines_of_their_own(lake: HttpLake, capsys: pytest.CaptureFixture[str]) -> None:
    table = lake.table("sales.apart", dt="string", region="string")
    for dt, region in (("2026-11-21", "eu"), ("2026-11-21", "us"), ("2026-11-22", "eu")):
        location = hive_location(table, (dt, region))
        lake.register(table, (dt, region), location, at(dt) + DAY + 5 * HOUR)
        lake.put(f"{location}a.parquet", at(dt) + DAY + 4 * HOUR)
    lines = explain(capsys, "sales.apart", now="2026-11-23T20:00Z")
    start = lines.index("PERIODS")
    assert (
        lines[start : lines.index("REQUESTS") - 1]
        == """\
PERIODS
  every 1d, labels in UTC; each value is due at a time of its own, the period as a whole with the
      last of them
  2026-11-22  due Mon 23 Nov 2026 06:00 CET and later:
    region=us: missing
    1 of 2 present
  2026-11-21  due Sun 22 Nov 2026 06:00 CET and later:
    2 of 2 present
  next: 2026-11-23 is due Tue 24 Nov 2026 06:00 CET

PARTITIONS
  region=eu: due at the first 06:00 Europe/Berlin at or after its end; the newest due is 2026-11-22,
      Mon 23 Nov 2026 06:00 CET
  region=us: due at the first 14:00 America/New_York at or after its end; the newest due is
      2026-11-22, Mon 23 Nov 2026 14:00 EST

VERDICT
  partitions: critical - 1 of 4 due days by region without usable data: region=us: 2026-11-22
      missing, due Mon 23 Nov 2026 14:00 EST
    to do: look at the run that loads 2026-11-22 of region=us; if region=us will never come again,
        state the values that will, without it, under each
""".splitlines()
    )


def test_the_upstreams_of_a_table_and_which_of_them_hide_nothing(
    lake: HttpLake, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    land_days(lake, lake.table("sales.orders", dt="string"), "2026-11-15", "2026-11-21")
    config = CONFIG.replace("{calendar: de}", "{calendar: de}\n    upstream: [crm.contacts, raw.orders]")
    monkeypatch.setitem(globals(), "CONFIG", config)
    lines = [line.strip() for line in explain(capsys, "sales.orders")]
    assert "upstream: [crm.contacts, raw.orders]" in lines
    assert "upstream raw.orders is not watched, so it hides nothing" in lines
    assert not [line for line in lines if line.startswith("upstream crm.contacts")]
    assert cli.main(["plan", "--now", "2026-11-23T07:00Z"]) == 3
    printed = capsys.readouterr()
    assert (
        "1 table states upstreams (2 in all): what fails for the periods that one of these fails for is told with it; "
        "not looked at, so they hide nothing: crm.contacts, raw.orders"
    ) in " ".join(printed.out.split())
    assert "sales.orders: upstream[1]: raw.orders is watched by no entry, so it hides nothing" in printed.err
