"""What holds for each table: which entries speak of it, how they merge, and what they leave out."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from checks.config import Config, Selector, load
from checks.layout import StatedLayout
from checks.model import Problem, ProblemKind
from checks.rules.freshness import FreshnessRule
from checks.rules.partitions import PartitionsRule
from checks.schedule.deadlines import Deadline
from checks.schedule.periods import HOURLY

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

TOPIC = "arn:aws:sns:eu-west-1:123456789012:S3TableMonitoringNotifications"
BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 23, 0, 0, tzinfo=UTC)


def watch(*entries: dict[str, Any], **settings: Any) -> Config:
    return load({"version": 1, **settings, "tables": list(entries)}, environ={})


def text(tmp_path: Path, content: str, environ: Mapping[str, str] | None = None) -> Config:
    path = tmp_path / "checks.yml"
    path.write_text(content)
    return load(path, environ=environ or {})


# TABLES, CONFIG and their kin


# What holds for a table


def test_a_table_of_which_nothing_is_stated_has_data_within_24_hours() -> None:
    config = watch({"table": "a.*"}, {"table": "a.b", "owner": "me"})
    for name in ("b", "c"):
        table = config.resolve(None, "a", name)
        assert table is not None
        assert table.rules == (FreshnessRule(error_after=timedelta(hours=24), zone=ZoneInfo("UTC")),)


def test_the_exact_name_beats_the_longer_glob_beats_the_shorter_beats_the_default() -> None:
    config = watch(
        {"table": "sales.orders", "owner": "exact"},
        {"table": "sales.*", "owner": "short", "runbook": "https://w/short", "pattern": "*.csv"},
        {"table": "sales.ord*", "owner": "long", "runbook": "https://w/long", "timezone": "Asia/Tokyo"},
        timezone="Europe/Berlin",
    )
    orders, ordinals, lines = (config.resolve(None, "sales", n) for n in ("orders", "ordinals", "lines"))
    assert orders is not None
    assert ordinals is not None
    assert lines is not None
    assert [
        (t.entry.owner, t.entry.runbook, t.entry.pattern, t.zone.key) for t in (orders, ordinals, lines)
    ] == [
        ("exact", "https://w/long", ("*.csv",), "Asia/Tokyo"),
        ("long", "https://w/long", ("*.csv",), "Asia/Tokyo"),
        ("short", "https://w/short", ("*.csv",), "Europe/Berlin"),
    ]
    assert [(t.matched_by, t.by_glob) for t in (orders, ordinals, lines)] == [
        ("sales.orders", False),
        ("sales.ord*", True),
        ("sales.*", True),
    ]


def test_partitions_on_a_table_drop_the_freshness_that_it_would_inherit() -> None:
    config = watch(
        {"table": "a.*", "freshness": {"calendar": "c"}},
        {"table": "a.partitioned", "partitions": {"every": "1h"}},
        {"table": "a.both", "partitions": {"every": "1h"}, "freshness": {"max_age": "2h"}},
        {"table": "a.off", "partitions": "off"},
        {"table": "b.*", "partitions": {"every": "1h"}},
        {"table": "b.own", "freshness": {"max_age": "2h"}},
        defaults={"freshness": {"max_age": "24h"}},
        calendars={"c": {"closed": ["sun"]}},
    )

    def checks(database: str, name: str) -> list[str]:
        table = config.resolve(None, database, name)
        assert table is not None
        assert table.problem is None
        return [rule.check for rule in table.rules]

    assert checks("a", "plain") == ["freshness"]
    assert checks("a", "partitioned") == ["partitions"]
    assert checks("a", "both") == ["partitions", "freshness"]
    assert checks("a", "off") == ["freshness"]
    assert checks("b", "plain") == ["partitions"]
    assert checks("b", "own") == ["partitions", "freshness"]


def test_freshness_is_told_the_schedule_of_the_partitions() -> None:
    config = watch(
        {
            "table": "a.b",
            "partitions": {"every": "1h", "key": ["dt", "hour"], "format": ["%Y%m%d", "%H"]},
            "freshness": {"max_age": "3h"},
        },
    )
    table = config.resolve(None, "a", "b")
    assert table is not None
    partitions, freshness = table.rules
    assert isinstance(partitions, PartitionsRule)
    assert isinstance(freshness, FreshnessRule)
    assert freshness.schedule is partitions.schedule
    assert table.periods is not None
    assert table.periods.schedule.every == HOURLY
    assert table.periods.layout == StatedLayout(("dt", "hour"), ("%Y%m%d", "%H"))


def test_a_limit_of_one_kind_leaves_none_of_another_behind() -> None:
    config = watch(
        {"table": "a.*", "freshness": {"by": "06:00", "within": "3h", "calendar": "c"}},
        {"table": "a.age", "freshness": {"max_age": "2h"}},
        {"table": "a.zone", "freshness": {"timezone": "Asia/Tokyo"}},
        defaults={"freshness": {"warn_after": "24h", "error_after": "36h"}},
        calendars={"c": {"closed": ["sun"]}},
    )
    utc, sundays = ZoneInfo("UTC"), config.calendars["c"]
    tokyo = ZoneInfo("Asia/Tokyo")
    age, zone = (config.resolve(None, "a", name) for name in ("age", "zone"))
    assert age is not None
    assert zone is not None
    assert age.rules == (FreshnessRule(error_after=timedelta(hours=2), zone=utc, age_calendar=sundays),)
    assert zone.rules == (
        FreshnessRule(deadline=Deadline("0 6 * * *", tokyo, sundays), within=timedelta(hours=3), zone=tokyo),
    )


def test_a_check_that_is_off_starts_anew_where_it_is_stated_again() -> None:
    config = watch(
        {"table": "a.*", "partitions": {"every": "1d"}, "freshness": "off"},
        {"table": "a.b", "freshness": {"warn_after": "5h"}},
        defaults={"freshness": {"calendar": "c", "max_age": "2h"}},
        calendars={"c": {"closed": ["sun"]}},
    )
    table = config.resolve(None, "a", "b")
    assert table is not None
    assert table.rules[1:] == (
        FreshnessRule(
            warn_after=timedelta(hours=5),
            zone=ZoneInfo("UTC"),
            schedule=table.rules[0].schedule if isinstance(table.rules[0], PartitionsRule) else None,
        ),
    )


def test_names_of_the_catalog_match_in_any_case_and_split_at_the_first_dot() -> None:
    config = watch({"table": "Sales.Orders.V2"}, {"table": "*.Events_?"})
    assert config.resolve(None, "SALES", "orders.v2") is not None
    assert config.resolve(None, "sales.orders", "v2") is None
    assert config.resolve(None, "web", "EVENTS_1") is not None
    assert config.resolve(None, "web", "events_10") is None
    assert config.resolve(None, "web", "a.events_1") is None


@pytest.mark.parametrize(
    ("exclude", "name", "matched"),
    [
        (["tmp_*"], "tmp_a", False),
        (["tmp_*"], "tmp", True),
        (["sales.tmp_*"], "TMP_a", False),
        (["web.tmp_*"], "tmp_a", True),
        (["*.a", "b"], "a", False),
        (["*.a", "b"], "b", False),
        (["*.a", "b"], "c", True),
    ],
)
def test_exclude(exclude: list[str], name: str, matched: bool) -> None:  # noqa: FBT001 - a case
    config = watch({"table": "sales.*", "exclude": exclude})
    assert (config.resolve(None, "sales", name) is not None) is matched


def test_an_exclude_of_one_entry_leaves_others_alone() -> None:
    config = watch(
        {"table": "sales.*", "exclude": ["orders", "tmp_*"], "owner": "sales"}, {"table": "sales.orders"}
    )
    orders = config.resolve(None, "sales", "orders")
    assert orders is not None
    assert orders.entry.owner is None
    assert config.resolve(None, "sales", "tmp_a") is None


def test_an_exclude_that_excludes_nothing_is_a_warning(tmp_path: Path) -> None:
    config = text(tmp_path, "version: 1\ntables:\n  - table: sales.*\n    exclude: [web.*, tmp_*]\n")
    assert config.warnings(NOW) == (
        (
            f"{tmp_path}/checks.yml:4: sales.*: exclude[0]: excludes nothing, since sales.* matches no such table; "
            "take it out, or mend it"
        ),
    )


def test_the_region_of_an_entry_is_that_of_its_account() -> None:
    config = watch(
        {"table": "a.*", "account": "p"},
        {"table": "a.c"},
        accounts={"p": {"role_arn": "arn:aws:iam::111122223333:role/m", "region": "us-east-1"}},
    )
    assert config.selectors() == (
        Selector(text="a.*", account="p", region="us-east-1", database="a", name="*"),
        Selector(text="a.c", database="a", name="c"),
    )
    asked = [("p", "x"), (None, "c")]
    found = [table for who, name in asked if (table := config.resolve(who, "a", name)) is not None]
    assert [table.region for table in found] == ["us-east-1", None]


def test_entries_that_only_contradict_each_other_on_a_table_make_it_a_problem() -> None:
    """Two globs that overlap and do not fit: known when a table of both is met, and told with what to do."""
    config = watch(
        {"table": "*.orders_x", "partitions": {"key": ["year", "month"], "format": ["%Y", "%m"]}},
        {"table": "sales.orders_*", "partitions": {"key": "dt"}, "owner": "me"},
    )
    other = config.resolve(None, "sales", "orders_y")
    assert other is not None
    assert other.problem is None
    table = config.resolve(None, "sales", "orders_x")
    assert table is not None
    assert (table.rules, table.entry.owner, table.periods) == ((), "me", None)
    assert table.problem == Problem(
        ProblemKind.AMBIGUOUS,
        "*.orders_x and sales.orders_* in the config do not go together: partitions: 1 keys and 2 formats; write a "
        "format for each key",
        "write a more specific entry for this table, or exclude it from one of them",
        cause="config: *.orders_x and sales.orders_*",
    )


# Silences and routes


def test_importing_reads_neither_tables_nor_clouds() -> None:
    program = "import sys, checks.config; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not {"pandas", "great_expectations", "boto3", "ruamel.yaml", "holidays"} & set(done.stdout.split())


def test_a_deadline_after_midnight_counts_in_the_zone_of_its_entry() -> None:
    config = watch({"table": "a.b", "timezone": "Asia/Tokyo", "freshness": {"by": "06:00"}})
    table = config.resolve(None, "a", "b")
    assert table is not None
    (rule,) = table.rules
    assert isinstance(rule, FreshnessRule)
    assert rule.deadline is not None
    assert rule.deadline.last_at_or_before(NOW) == datetime(2026, 11, 22, 21, 0, tzinfo=UTC)
