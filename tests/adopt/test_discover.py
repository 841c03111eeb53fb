"""`checks discover` and `checks init`: a lake in, a config out that says what was learned, and raises nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from checks import adopt, cli
from checks.config import load_text
from checks.lake import Lake
from checks.lake.glue.catalog import table_of
from checks.model import Format, Table
from checks.monitor.plan import Planned
from checks.rules.asking import Clock
from checks.rules.base import TablePlan
from checks.rules.proposing import Proposal, TooLittle
from tests.support.discovered import (
    NOW,
    ODD,
    by_hours,
    healthy,
    in_berlin,
    in_one_place,
    in_the_morning,
    partitioned,
    unwell,
)
from tests.support.lakes import REGION, HttpLake, LakeBuilder, entry_of
from tests.support.loads import Load, as_delta, as_hudi, as_iceberg
from tests.support.times import DAY, HOUR

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

AT = ["--now", "2026-11-23T12:00:00Z"]
CLOCK = Clock(now=NOW, ignore_later=True)


def want(*globs: str, most: int = 200) -> adopt.Want:
    return adopt.Want(
        globs=globs, back=timedelta(days=90), false_alarms=1.0, written="1/month", max_requests=most
    )


def looked(
    lake: LakeBuilder, table: Table, most: int = 200, clock: Clock = CLOCK
) -> Proposal | TooLittle | str:
    """Return what a table comes to; the sentence of its problem where it could not be read."""
    plan = TablePlan(table=table, rules=())
    asked = adopt.Asked(want=want("a.*", most=most), planned=Planned(plans=(plan,)))
    looking = adopt.Looking(asked)
    seen = looking(plan, clock, lake.reader)
    return seen.problem.message if seen.problem is not None else looking.found[table.id]


def requests(lake: LakeBuilder) -> dict[str, int]:
    return {operation.partition(":")[2]: count for operation, count in sorted(lake.counts.items()) if count}


def test_days_are_stated_and_one_scan_tells_them(any_lake: LakeBuilder) -> None:
    found = looked(any_lake, partitioned(any_lake, "sales.orders", in_the_morning("orders")))
    assert isinstance(found, Proposal)
    assert found.block == {"every": "1d", "due": "08:15", "timezone": "UTC"}
    assert found.sentence.startswith("63 of the last 63 days between 05:")
    assert found.sure == "sure"
    assert len(found.arrivals) == 70
    assert requests(any_lake) == {"GetPartitions": 2, "ListObjectsV2": 1}


def test_the_wall_clock_of_a_job_is_found_over_a_change_of_clocks(any_lake: LakeBuilder) -> None:
    found = looked(any_lake, partitioned(any_lake, "sales.orders", in_berlin("orders")))
    assert isinstance(found, Proposal)
    assert found.block == {"every": "1d", "due": "09:15", "timezone": "Europe/Berlin"}


def test_working_days_have_a_calendar(any_lake: LakeBuilder) -> None:
    found = looked(any_lake, partitioned(any_lake, "sales.orders", in_the_morning("orders", weekdays=5)))
    assert isinstance(found, Proposal)
    assert found.calendar is not None
    assert found.calendar.closed_weekdays == {5, 6}
    assert found.kind.startswith("days due at ")


def test_hours_are_stated(any_lake: LakeBuilder) -> None:
    found = looked(any_lake, by_hours(any_lake, "web.clicks"))
    assert isinstance(found, Proposal)
    assert isinstance(found.block, dict)
    assert found.block["every"] == "1h"
    assert found.block["after"] in {"15m", "20m"}
    assert len(found.arrivals) == 14 * 24


@pytest.mark.parametrize(("key", "months", "every"), [("month", 1, "1mo"), ("quarter", 3, "3mo")])
@pytest.mark.parametrize(("count", "seen"), [(12, 12), (13, 13), (14, 13)])
def test_of_slow_tables_periods_count_not_days(
    any_lake: LakeBuilder, key: str, months: int, every: str, count: int, seen: int
) -> None:
    table = any_lake.table("sales.ledger", None, **{key: "string"})
    this = NOW.year * 12 + (NOW.month - 1) // months * months
    for number in range(count, 0, -1):
        begins, ends = (divmod(this - each * months, 12) for each in (number, number - 1))
        label = f"{begins[0]}-{begins[1] + 1:02d}" if months == 1 else f"{begins[0]}Q{begins[1] // 3 + 1}"
        came = datetime(ends[0], ends[1] + 1, 3, 6, tzinfo=UTC)
        any_lake.register(table, [label], at=came)
        any_lake.put(f"{table.location}{key}={label}/a.parquet", came)
    found = looked(any_lake, table)
    assert isinstance(found, Proposal), found
    assert (found.check, len(found.arrivals)) == ("partitions", seen)
    assert dict(found.block)["every"] == every  # type: ignore[arg-type]


def test_what_comes_into_one_place_learns_its_deadline(any_lake: LakeBuilder) -> None:
    times = (NOW - number * HOUR for number in range(500))
    found = looked(any_lake, in_one_place(any_lake, "web.events", times))
    assert isinstance(found, Proposal)
    assert found.block == "auto"
    assert found.kind == "something comes hourly or more often; the deadline is learned"
    assert requests(any_lake) == {"ListObjectsV2": 1}


def test_single_days_that_are_missed_now_and_then_are_judged_by_what_came_last(any_lake: LakeBuilder) -> None:
    missed = range(3, 70, 6)
    found = looked(any_lake, partitioned(any_lake, "sales.orders", in_the_morning("orders", lost=missed)))
    assert isinstance(found, Proposal)
    assert (found.check, found.block) == ("freshness", "auto")
    assert (
        found.instead
        == "single periods are missed now and then, which partitions: auto learns and no key states"
    )


@pytest.mark.parametrize(
    ("count", "needed"),
    [(0, "it holds no data"), (1, "1 arrival seen, 4 needed"), (3, "3 arrivals seen, 4 needed")],
)
def test_too_few_arrivals_are_told(any_lake: LakeBuilder, count: int, needed: str) -> None:
    found = looked(any_lake, in_one_place(any_lake, "web.young", (NOW - n * DAY for n in range(count))))
    assert isinstance(found, TooLittle)
    assert found.why == needed


@pytest.mark.parametrize(("most", "is_read"), [(1, False), (2, True), (3, True)])
def test_no_table_takes_more_requests_than_it_may(any_lake: LakeBuilder, most: int, is_read: bool) -> None:  # noqa: FBT001 - a parameter
    table = in_one_place(any_lake, "web.events", (NOW - number * HOUR for number in range(1001)))
    found = looked(any_lake, table, most)
    assert isinstance(found, Proposal) is is_read
    if not is_read:
        assert found == "the listing of s3://lake/web/events/ was ended before its last page"
    assert sum(any_lake.counts.values()) == min(most, 2)


def test_where_each_day_takes_a_request_so_many_are_looked_at_as_it_may_take(any_lake: LakeBuilder) -> None:
    table = any_lake.table("sales.orders", None, dt="string")
    for number, (day, came) in enumerate(in_the_morning("orders")):
        place = f"s3://lake/{(number * 7) % 70:02d}/"  # no order of time
        any_lake.register(table, [f"{day:%Y-%m-%d}"], place, at=came)
        any_lake.put(f"{place}a.parquet", came)
    found = looked(any_lake, table, 40)
    assert isinstance(found, Proposal)
    assert sum(any_lake.counts.values()) <= 40
    assert 8 <= len(found.arrivals) < 40


LOADS = [
    Load(at=NOW - n * DAY - 7 * HOUR, day=f"{NOW - (n + 1) * DAY:%Y-%m-%d}", size_bytes=9) for n in range(40)
][::-1]


@pytest.mark.parametrize(
    ("make", "parameters", "check", "asked"),
    [
        (as_iceberg, {"table_type": "ICEBERG"}, "partitions", {"GetObject": 42}),
        (
            as_delta,
            {"spark.sql.sources.provider": "delta"},
            "partitions",
            {"GetObject": 40, "ListObjectsV2": 1},
        ),
        (
            as_hudi,
            {"spark.sql.sources.provider": "hudi"},
            "partitions",
            {"GetObject": 41, "ListObjectsV2": 2},
        ),
    ],
)
def test_tables_with_logs(
    lake: HttpLake,
    tmp_path: Path,
    make: Callable[..., object],
    parameters: dict[str, str],
    check: str,
    asked: dict[str, int],
) -> None:
    loaded = make(tmp_path, LOADS)
    lake.bucket("lake")
    for key, data in loaded.objects.objects.items():  # type: ignore[attr-defined]
        stored = lake.s3.put_object("lake", key, data)
        stored.last_modified = loaded.objects.modified[key].replace(tzinfo=None)  # type: ignore[attr-defined]
    entry = entry_of("sales.orders", {"Parameters": {**parameters, **loaded.parameters}}, {})  # type: ignore[attr-defined]
    table = table_of(entry, account=None, region=REGION)
    assert table.format is not Format.FILES
    found = looked(lake, table)
    assert isinstance(found, Proposal), found
    assert found.check == check
    assert len(found.arrivals) == 40
    assert requests(lake) == asked


def test_a_fleet_is_read_by_exactly_so_many_requests(lake: HttpLake) -> None:
    healthy(lake)
    reading = Lake(aws=lake.aws)
    asked = adopt.survey(want("sales.*", "web.*"), reading, CLOCK)
    assert requests(lake) == {"GetTables": 2}
    found = adopt.discover(asked, reading, CLOCK)
    assert not found.unread
    assert [each.table for each in found.adopted] == sorted(
        ["sales.invoices", "sales.orders", "sales.refunds", "web.clicks", "web.events", f"web.{ODD}"]
    )
    assert found.requests == sum(lake.counts.values())
    # Of each table of days or hours two for its keys and partitions, and a scan; else a page for each 1,000 objects.
    assert requests(lake) == {"GetTables": 2, "GetPartitions": 7, "BatchGetPartition": 1, "ListObjectsV2": 7}
    for least, most in [(each.least, each.most) for each in adopt.expected(asked.planned.plans, 200, CLOCK)]:
        assert least <= 3 <= most


def test_what_it_prints_is_a_config_that_raises_nothing(
    lake: HttpLake, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    healthy(lake)
    assert cli.main(["discover", "--database", "*", *AT]) == 0
    text, told = capsys.readouterr()
    assert "looks at 6 tables: " in told.splitlines()[0]
    assert "the catalog took 3" in told.splitlines()[0]
    config = load_text(text, "checks.yml", environ={})
    assert len(config.selectors()) == 6
    assert "# days due at 08:15 UTC (2 tables)\n  - table: sales.invoices\n" in text
    assert "a replay of 62 days would not have alerted" in text
    assert text.count("calendar: closed-sat-sun") == 1
    assert cli.main(["discover", "--database", "*", *AT]) == 0
    assert capsys.readouterr().out == text  # the same lake, the same words
    (tmp_path / "checks.yml").write_text(text, encoding="utf-8")
    assert cli.main(["run", "--no-send", *AT]) == 0
    assert "All 6 tables are fresh" in " ".join(capsys.readouterr().out.split())


def test_what_cannot_be_watched_is_named_with_why(lake: HttpLake, capsys: pytest.CaptureFixture[str]) -> None:
    unwell(lake)
    in_one_place(lake, "web.events", (NOW - number * HOUR for number in range(500)))
    assert cli.main(["discover", "--database", "web", *AT]) == 3
    text, told = capsys.readouterr()
    assert [each.id for each in load_text(text, "checks.yml", environ={}).selectors()] == ["web.events"]
    assert (
        "  # - table: web.young\n  #   freshness: {auto: true, max_age: 7d}  # 3 arrivals seen, 4 needed\n"
        in text
    )
    assert "  # - table: web.empty\n  #   freshness: {auto: true, max_age: 7d}  # it holds no data\n" in text
    assert "# 1 view was left out: views hold no data of their own in S3\n" in text
    assert "# left out: web.odd{brackets}, for no entry of a config can name it" in text
    assert "# not read: web.nowhere: S3 ListObjectsV2 on s3://not-there/x/: the bucket not-there" in text
    assert "could not be read: web.nowhere: " in told


@pytest.mark.parametrize(("days", "is_watched"), [(89, True), (91, False)])
def test_what_nothing_came_to_for_long_may_be_retired(
    lake: HttpLake,
    capsys: pytest.CaptureFixture[str],
    days: int,
    is_watched: bool,  # noqa: FBT001 - a parameter
) -> None:
    in_one_place(lake, "web.old", (NOW - (days + number) * DAY for number in range(60)))
    in_one_place(lake, "web.yearly", (NOW - (100 + number * 365) * DAY for number in range(6)))
    assert cli.main(["discover", "--database", "web", *AT]) == 0
    text = capsys.readouterr().out
    watched = [each.id for each in load_text(text, "checks.yml", environ={}).selectors()]
    assert watched == [*(["web.old"] if is_watched else []), "web.yearly"]
    said = " ".join(text.replace("#", "").split())
    assert ("it is still open: look at the table first" in said) is is_watched
    assert ("# nothing came since 2026-08-24: is it retired?" in text) is not is_watched


def test_where_the_commented_ones_are_taken_in_it_is_still_a_config(
    lake: HttpLake, capsys: pytest.CaptureFixture[str]
) -> None:
    unwell(lake)
    in_one_place(lake, "web.events", (NOW - number * HOUR for number in range(500)))
    cli.main(["discover", "--database", "web", *AT])
    lines = capsys.readouterr().out.splitlines()
    taken = [
        line.replace("  # ", "  ", 1) if line.startswith(("  # - table", "  #   freshness")) else line
        for line in lines
    ]
    ids = [each.id for each in load_text("\n".join(taken), "checks.yml", environ={}).selectors()]
    assert sorted(ids) == ["web.empty", "web.events", "web.young"]


def test_names_that_no_entry_can_hold_cost_no_other_table(
    lake: HttpLake, capsys: pytest.CaptureFixture[str]
) -> None:
    odd = ["new\nline", "ta\tb", "zero\u200bwidth", "\u202ebidi", "trail ", "*star", "?q", "[br]", "${HOME}"]
    fine = [
        "yes",
        "null",
        "~",
        "#hash",
        "a #b",
        "quote'",
        'quote"',
        "co:lon: x",
        "- dash",
        "123",
        "ünï",
        "<<",
        "!tag",
    ]
    for name in (*fine, *odd):
        in_one_place(lake, f"web.{name}", (NOW - number * HOUR for number in range(30)))
    assert cli.main(["discover", "--database", "web", *AT]) == 0
    text = capsys.readouterr().out
    watched = load_text(text, "checks.yml", environ={})
    assert sorted(each.name or "" for each in watched.selectors()) == sorted(fine)
    assert text.count("# left out: web.") == len(odd)
    assert (
        "# left out: web.new line, for no entry of a config can name it; a glob with ? in place of what is"
        in text
    )


def test_a_plan_reads_the_catalog_alone(lake: HttpLake, capsys: pytest.CaptureFixture[str]) -> None:
    healthy(lake)
    assert cli.main(["discover", "--database", "sales", "--plan", "--max-requests", "50", *AT]) == 0
    out, told = capsys.readouterr()
    assert told == ""
    assert "TABLE           FORMAT  READ BY                 REQUESTS  USD AT MOST" in out
    assert "sales.invoices  files   newest partitions back  3 to 50   0.0002" in out
    assert "looks at 3 tables: 9 to 150 requests, $0.0007 at the most; the catalog took 1" in out


def test_init_writes_where_there_is_nothing(
    lake: HttpLake, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    healthy(lake)
    assert cli.main(["init", "--database", "sales", *AT]) == 0
    assert capsys.readouterr().out.startswith("wrote checks.yml: 3 tables to watch")
    written = (tmp_path / "checks.yml").read_bytes()
    assert cli.main(["validate"]) == 0
    assert cli.main(["init", "--database", "sales", *AT]) == 2
    assert "discover --merge checks.yml --write" in capsys.readouterr().err
    assert (tmp_path / "checks.yml").read_bytes() == written


def test_init_follows_no_link_that_leads_nowhere(
    lake: HttpLake, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "checks.yml").symlink_to(tmp_path / "elsewhere.yml")
    assert cli.main(["init", "--database", "sales", *AT]) == 2
    assert not (tmp_path / "elsewhere.yml").exists()


def test_init_writes_nothing_where_there_is_nothing_to_watch(
    lake: HttpLake, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    lake.table("web.empty")
    assert cli.main(["init", "--database", "web", *AT]) == 3
    out, told = capsys.readouterr()
    assert all(line.startswith("#") for line in out.splitlines())
    assert "it holds no data" in out
    assert told.endswith("nothing to watch was found, so this is no config yet\n")
    assert not (tmp_path / "checks.yml").exists()


def test_a_database_that_is_not_there_is_told(lake: HttpLake, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["discover", "--database", "nowhere", *AT]) == 3
    assert (
        "could not be read: nowhere.*: nowhere.* matches no table in the catalog" in capsys.readouterr().err
    )


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--database", "s[a-b]"], "is not a glob here"),
        (["--database", ".x"], "is not database.table"),
        (["--database", "s3://lake/"], "is a location, not a table"),
        (["--database", "a", "--false-alarms", "often"], "is not a number of false alarms"),
        (["--database", "a", "--write"], "--write is for --merge FILE"),
        (["--database", "a", "--merge", "absent.yml"], "absent.yml: cannot be read: No such file"),
    ],
)
def test_mistakes_are_told_before_anything_is_asked(
    lake: HttpLake, capsys: pytest.CaptureFixture[str], options: list[str], told: str
) -> None:
    assert cli.main(["discover", *options]) == 2
    assert told in capsys.readouterr().err


@pytest.mark.parametrize("command", ["discover", "init"])
def test_without_a_database_those_that_there_are_are_told(
    lake: HttpLake, capsys: pytest.CaptureFixture[str], tmp_path: Path, command: str
) -> None:
    assert cli.main([command]) == 2
    assert capsys.readouterr().err.endswith("for all; the catalog has no databases here\n")
    lake.table("web.a")
    lake.table("ads.b")
    assert cli.main([command, "--database", " "]) == 2
    assert capsys.readouterr() == (
        "",
        'which tables? Write --database NAME, or a glob such as --database "*" for all; the catalog has ads and web\n',
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "options", [["--days", "0"], ["--days", "3651"], ["--days", "x"], ["--max-requests", "0"]]
)
def test_wrong_options_are_refused(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        cli.main(["discover", "--database", "a", *options])
    assert refused.value.code == 2


def test_merging_adds_what_is_not_watched_and_changes_nothing_else(
    lake: HttpLake, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    healthy(lake)
    path = tmp_path / "mine.yml"
    before = (
        "# mine\nversion: 1\ncalendars:\n    bank:   {closed: [sat, sun]}  # rests\ntables:\n"
        "- table: sales.orders   # by hand\n  freshness: {max_age: 40h}\n  # of orders\n"
        '- {table: "web.*", exclude: [clicks], freshness: auto}\n\n# last\nroutes: []\n'
    )
    path.write_text(before, encoding="utf-8")
    assert cli.main(["discover", "--database", "*", *AT, "--merge", str(path)]) == 0
    out, told = capsys.readouterr()
    assert path.read_text(encoding="utf-8") == before
    assert "looks at 2 tables, 4 more are in the config" in told  # what is excluded is left out on purpose
    added = [line for line in out.splitlines() if line.startswith("- table: ")]
    assert added == ["- table: sales.orders   # by hand", "- table: sales.invoices", "- table: sales.refunds"]
    assert "calendar: bank}" in out
    assert [line for line in out.splitlines(keepends=True) if line in before.splitlines(keepends=True)][
        :5
    ] == (before.splitlines(keepends=True)[:5])
    assert cli.main(["discover", "--database", "*", *AT, "--merge", str(path), "--write"]) == 0
    assert path.read_text(encoding="utf-8") == out
    written = capsys.readouterr()
    assert written.out == ""
    assert f"{path}: 2 tables to watch\n" in written.err
    assert cli.main(["discover", "--database", "*", *AT, "--merge", str(path), "--write"]) == 0
    assert path.read_text(encoding="utf-8") == out
    assert f"{path}: nothing to add\n" in capsys.readouterr().err


def test_a_log_that_takes_too_many_requests_by_period_is_judged_by_what_came_last(
    lake: HttpLake, tmp_path: Path
) -> None:
    loaded = as_iceberg(tmp_path, LOADS)
    for key, data in loaded.objects.objects.items():
        lake.bucket("lake")
        lake.s3.put_object("lake", key, data).last_modified = loaded.objects.modified[key].replace(
            tzinfo=None
        )
    entry = entry_of("sales.orders", {"Parameters": {"table_type": "ICEBERG", **loaded.parameters}}, {})
    found = looked(lake, table_of(entry, account=None, region=REGION), 20)
    assert isinstance(found, Proposal)
    assert (found.check, found.block) == ("freshness", "auto")
    assert len(found.arrivals) == 40
    assert requests(lake) == {"GetObject": 13}  # twelve of the first look's, and the table's own file again
