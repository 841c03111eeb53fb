"""A config is read as it is meant: the example of the design, variables, YAML's words, tables, silences, routes."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from checks.config import Config, ConfigErrors, Selector, from_tables, load, load_environment, matches_id
from checks.layout import StatedLayout
from checks.model import Problem, ProblemKind, Severity, Status
from checks.rules.freshness import FreshnessRule
from checks.rules.partitions import PartitionsRule
from checks.schedule.calendars import Calendar, public_holidays
from checks.schedule.deadlines import Deadline
from checks.schedule.due import Schedule
from checks.schedule.periods import DAILY, HOURLY
from tests.support.times import DAY, HOUR

if TYPE_CHECKING:
    from collections.abc import Mapping

TOPIC = "arn:aws:sns:eu-west-1:123456789012:S3TableMonitoringNotifications"
FINANCE = "arn:aws:sns:eu-west-1:123456789012:finance-data"
BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 23, 0, 0, tzinfo=UTC)
EXAMPLE = """\
version: 1
name: prod
timezone: Europe/Berlin              # of deadlines and of the report; instants are UTC inside
topic: "${TOPIC_ARN}"
history: s3://acme-ops/table-monitor/    # or a local folder; the default is .checks/
calendars:
  de: {country: DE, subdivision: BE, closed: [sat, sun], also_closed: [2026-12-24]}
accounts:
  partner: {role_arn: "arn:aws:iam::111122223333:role/monitor", region: us-east-1, external_id: "${PARTNER_ID}"}
defaults:
  freshness: {warn_after: 24h, error_after: 36h}
tables:
  - table: sales.orders              # database.table; globs ("sales.*", "*.events_*") and exclude: [...] are allowed
    owner: finance-data
    runbook: https://wiki.example.com/orders
    partitions: {every: 1d, due: "06:00", calendar: de, lookback: 14, error_when: 1}
  - table: ads.spend
    account: partner
    freshness: {by: "07:30", within: 6h}
  - prefix: s3://acme-raw/partner-a/ # no catalog entry
    pattern: "*.csv.gz"              # which objects are data, for every check
    freshness: {max_age: 24h}
routes:
  - {match: {owner: finance-data}, topic: "arn:aws:sns:eu-west-1:123456789012:finance-data"}
silences:
  - {table: "web.*", until: 2026-12-01, because: migration}
"""


@pytest.fixture
def example(tmp_path: Path) -> Config:
    path = tmp_path / "checks.yml"
    path.write_text(EXAMPLE)
    return load(path, environ={"TOPIC_ARN": TOPIC, "PARTNER_ID": "x-17"})


def watch(*entries: dict[str, Any], **settings: Any) -> Config:
    return load({"version": 1, **settings, "tables": list(entries)}, environ={})


def text(tmp_path: Path, content: str, environ: Mapping[str, str] | None = None) -> Config:
    path = tmp_path / "checks.yml"
    path.write_text(content)
    return load(path, environ=environ or {})


def test_the_settings_of_the_example(example: Config) -> None:
    assert example.settings.name == "prod"
    assert example.settings.timezone == BERLIN
    assert example.settings.topic == TOPIC
    assert example.settings.history.at == "s3://acme-ops/table-monitor/"
    stated = Calendar("de", frozenset({5, 6}), frozenset({date(2026, 12, 24)}), frozenset())
    holidays = public_holidays("DE", "BE")
    assert example.calendars == {"de": replace(stated, holidays=holidays)}
    assert example.calendars["de"].closed_because(date(2027, 3, 8)) is not None  # Berlin's own
    assert example.accounts["partner"].role_arn == "arn:aws:iam::111122223333:role/monitor"
    assert example.accounts["partner"].external_id == "x-17"
    assert example.settings.report == "always"
    assert example.settings.remind_every == timedelta(days=1)
    assert example.settings.timeout == timedelta(seconds=60)
    assert (example.settings.concurrency, example.settings.max_requests) == (16, None)
    assert example.warnings(NOW) == ()


@pytest.mark.parametrize(
    ("text", "age"),
    [
        ("7d", 7 * DAY),
        ("36h", 36 * HOUR),
        (" 1 d ", DAY),
        ("off", None),
        ("0s", None),
        ("0 d", None),
        ("0.0h", None),
    ],
)
def test_the_age_of_an_answer(text: str, age: timedelta | None) -> None:
    tables = [{"table": "a.b"}]
    config = load({"version": 1, "tables": tables, "max_age_of_answer": text}, environ={})
    assert config.settings.max_age_of_answer == (age or timedelta(0))
    assert load({"version": 1, "tables": tables}, environ={}).settings.max_age_of_answer == timedelta(days=7)


@pytest.mark.parametrize(
    "value", [0, 7, True, "", "-1d", "7", "7 days", "never", "0", "OFF", "4000d", ["7d"]]
)
def test_what_is_no_age_of_an_answer(value: object) -> None:
    with pytest.raises(
        ConfigErrors, match=r"max_age_of_answer: .*write .*; or off, to look at each partition"
    ):
        load({"version": 1, "tables": [{"table": "a.b"}], "max_age_of_answer": value}, environ={})


def test_the_tables_of_the_example(example: Config) -> None:
    assert [selector.id for selector in example.selectors()] == [
        "sales.orders",
        "partner/ads.spend",
        "s3://acme-raw/partner-a/",
    ]
    assert [selector.region for selector in example.selectors()] == [None, "us-east-1", None]
    orders = example.resolve(None, "sales", "orders")
    assert orders is not None
    assert orders.rules == (
        PartitionsRule(
            schedule=Schedule(
                every=DAILY,
                labels=ZoneInfo("UTC"),
                zone=BERLIN,
                deadline=Deadline("0 6 * * *", BERLIN),
                after=timedelta(hours=6),
                calendar=example.calendars["de"],
            )
        ),
    )
    assert (orders.entry.owner, orders.entry.runbook) == ("finance-data", "https://wiki.example.com/orders")
    assert (orders.matched_by, orders.by_glob) == ("sales.orders", False)
    assert orders.periods is not None
    assert (orders.periods.schedule.every, orders.periods.layout) == (DAILY, None)
    spend = example.resolve("partner", "ads", "spend")
    assert spend is not None
    assert spend.rules == (
        FreshnessRule(deadline=Deadline("30 7 * * *", BERLIN), within=timedelta(hours=6), zone=BERLIN),
    )
    assert (spend.table, spend.account, spend.region) == ("partner/ads.spend", "partner", "us-east-1")
    raw = example.resolve_prefix("s3://acme-raw/partner-a")
    assert raw is not None
    assert raw.rules == (FreshnessRule(error_after=timedelta(hours=24), zone=BERLIN),)
    assert (raw.table, raw.entry.pattern) == ("s3://acme-raw/partner-a/", ("*.csv.gz",))
    assert example.resolve(None, "ads", "spend") is None
    assert example.resolve("partner", "sales", "orders") is None
    assert example.resolve_prefix("s3://acme-raw/") is None


def test_the_example_as_a_dict_is_the_same_config(example: Config, tmp_path: Path) -> None:
    from ruamel.yaml import YAML

    plain = YAML(typ="safe", pure=True).load(EXAMPLE)
    again = load(plain, environ={"TOPIC_ARN": TOPIC, "PARTNER_ID": "x-17"})
    assert again.source == "config"
    for one, other in zip(again.watchlist.entries, example.watchlist.entries, strict=True):
        assert (one.selector, one.stated) == (other.selector, other.stated)
    assert (again.settings.timezone, again.calendars, again.accounts, again.routes) == (
        example.settings.timezone,
        example.calendars,
        example.accounts,
        example.routes,
    )
    assert again.silences[0].until == example.silences[0].until
    assert load(tmp_path / "checks.yml", environ={"TOPIC_ARN": TOPIC, "PARTNER_ID": "x-17"}) == example


def test_a_config_out_of_s3() -> None:
    asked = []

    def fetch(uri: str) -> bytes:
        asked.append(uri)
        return b"\xef\xbb\xbfversion: 1\ntables: [{table: a.b}]\n"

    assert load("s3://conf/checks.yml", environ={}, fetch=fetch).resolve(None, "a", "b") is not None
    assert asked == ["s3://conf/checks.yml"]


def test_words_of_yaml_are_text(tmp_path: Path) -> None:
    config = text(
        tmp_path,
        "version: 1\nname: NO\ncalendars: {no: {country: NO}}\ntables:\n"
        "  - {table: a.b, owner: on, freshness: off, partitions: {due: 16:00, calendar: no}}\n"
        "  - {table: a.c, owner: 007, freshness: {by: 06:00}}\n",
    )
    assert config.settings.name == "NO"
    one, other = config.resolve(None, "a", "b"), config.resolve(None, "a", "c")
    assert one is not None
    assert other is not None
    assert (one.entry.owner, other.entry.owner) == ("on", "007")
    assert [rule.check for rule in one.rules] == ["partitions"]
    assert one.rules[0] == PartitionsRule(
        schedule=Schedule(
            every=DAILY,
            labels=ZoneInfo("UTC"),
            zone=ZoneInfo("UTC"),
            deadline=Deadline("0 16 * * *", ZoneInfo("UTC")),
            after=timedelta(hours=6),
            calendar=config.calendars["no"],
        )
    )


@pytest.mark.parametrize(("sign", "read"), [(">-", "some one else"), (">", "some one else"), ("|-", None)])
def test_texts_of_several_lines(tmp_path: Path, sign: str, read: str | None) -> None:
    path = tmp_path / "checks.yml"
    path.write_text(
        f"version: 1\ntables:\n  - table: a.b\n    owner: {sign}\n      some\n      one\n      else\n"
        "    freshness: auto\n"
    )
    if read is None:
        with pytest.raises(ConfigErrors, match="is not one line of text"):
            load(path, environ={})
        return
    resolved = load(path, environ={}).resolve(None, "a", "b")
    assert resolved is not None
    assert resolved.entry.owner == read


def test_anchors_and_merge_keys(tmp_path: Path) -> None:
    config = text(
        tmp_path,
        "version: 1\nx-limits: &limits {warn_after: 24h, error_after: 36h}\nx-who: &who finance\ntables:\n"
        "  - {table: a.b, owner: *who, freshness: *limits}\n"
        "  - {table: a.c, owner: *who, freshness: {<<: *limits, error_after: 48h}}\n",
    )
    one, other = config.resolve(None, "a", "b"), config.resolve(None, "a", "c")
    assert one is not None
    assert other is not None
    utc, day = ZoneInfo("UTC"), timedelta(hours=24)
    assert one.rules == (FreshnessRule(warn_after=day, error_after=1.5 * day, zone=utc),)
    assert other.rules == (FreshnessRule(warn_after=day, error_after=2 * day, zone=utc),)
    assert (one.entry.owner, other.entry.owner) == ("finance", "finance")


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("${A}", "one"),
        ("x-${A}-${B}", "x-one-two: [3]"),
        ("${NONE:-four}", "four"),
        ("${EMPTY:-four}", "four"),
        ("${A:-four}", "one"),
        ("$${A}", "${A}"),
        ("$A", "$A"),
        ("$$A", "$$A"),
        ("${REF}", "${A}"),
        ("${NONE:-}", None),
    ],
)
def test_variables(written: str, read: str | None) -> None:
    environ = {"A": "one", "B": "two: [3]", "EMPTY": "", "REF": "${A}"}
    config = load({"version": 1, "name": written, "tables": [{"table": "a.b"}]}, environ=environ)
    assert config.settings.name == read


def test_variables_stand_for_numbers_and_blocks_too() -> None:
    plain = {
        "version": 1,
        "concurrency": "${N}",
        "tables": [{"table": "a.b", "freshness": "${F}", "partitions": {"error_when": "${N}"}}],
    }
    config = load(plain, environ={"N": "4", "F": "off"})
    assert config.settings.concurrency == 4
    table = config.resolve(None, "a", "b")
    assert table is not None
    assert [rule.error_when for rule in table.rules if isinstance(rule, PartitionsRule)] == [4]


def test_keys_are_not_expanded(tmp_path: Path) -> None:
    config = text(tmp_path, "version: 1\ncalendars: {'${A}': {closed: [sun]}}\ntables: [{table: a.b}]\n")
    assert config.calendars.keys() == {"${A}"}


def test_a_dict_may_hold_values_of_python() -> None:
    config = watch(
        {"table": "a.b", "owner": None, "freshness": {"max_age": timedelta(hours=5)}},
        history=Path(".seen"),
        calendars={"c": {"also_closed": (date(2026, 12, 24),)}},
        silences=[{"table": "a.*", "until": datetime(2026, 12, 1, 8, tzinfo=BERLIN), "because": "x"}],
    )
    table = config.resolve(None, "a", "b")
    assert table is not None
    assert table.rules == (FreshnessRule(error_after=timedelta(hours=5), zone=ZoneInfo("UTC")),)
    assert config.settings.history.at == ".seen"
    assert config.calendars["c"].closed_dates == {date(2026, 12, 24)}
    assert config.silences[0].until == datetime(2026, 12, 1, 7, tzinfo=UTC)


# TABLES, CONFIG and their kin


def test_tables_are_checked_for_data_within_24_hours() -> None:
    config = from_tables("s3://a/, s3://b/in ,sales.orders,,sales.*,s3://a")
    assert [selector.text for selector in config.selectors()] == [
        "s3://a/",
        "s3://b/in/",
        "sales.orders",
        "sales.*",
    ]
    for table in (config.resolve_prefix("s3://b/in/"), config.resolve(None, "sales", "lines")):
        assert table is not None
        assert table.rules == (FreshnessRule(error_after=timedelta(hours=24), zone=ZoneInfo("UTC")),)


@pytest.mark.parametrize(
    ("tables", "line"),
    [
        (
            " , ",
            "TABLES: names nothing; write locations and tables, such as s3://bucket/prefix/,sales.orders",
        ),
        (
            "orders",
            (
                "TABLES: orders: table: 'orders' is not database.table; write such as sales.orders, or sales.* for all"
                " of sales"
            ),
        ),
        (
            "${A}.b",
            (
                "TABLES: ${A}.b: table: '${a}.b' is not a glob here; write * for any characters and ? for one, no"
                " brackets"
            ),
        ),
    ],
)
def test_tables_that_are_none(tables: str, line: str) -> None:
    with pytest.raises(ConfigErrors) as caught:
        from_tables(tables)
    assert str(caught.value) == line


def test_config_wins_over_tables_with_a_warning(tmp_path: Path) -> None:
    (tmp_path / "checks.yml").write_text("version: 1\ntables: [{table: a.b}]\n")
    path = str(tmp_path / "checks.yml")
    config = load_environment({"CONFIG": path, "TABLES": "c.d"})
    assert [selector.text for selector in config.selectors()] == ["a.b"]
    assert config.warnings(NOW) == (
        "environment: TABLES: is set beside CONFIG, which wins; nothing of TABLES is looked at",
    )
    assert load_environment({"CONFIG": path, "TABLES": " "}).warnings(NOW) == ()
    assert load_environment({"CONFIG": "", "TABLES": "c.d"}).source == "TABLES"


def test_topic_and_history_of_the_environment_stand_in(tmp_path: Path) -> None:
    given = {"TOPIC_ARN": TOPIC, "HISTORY": "s3://acme-ops/monitor"}
    config = load_environment({"TABLES": "a.b", **given})
    assert (config.settings.topic, config.settings.history.at) == (TOPIC, "s3://acme-ops/monitor/")
    path = tmp_path / "checks.yml"
    path.write_text(f"version: 1\ntopic: {FINANCE}\nhistory: .seen\ntables: [{{table: a.b}}]\n")
    config = load_environment({"CONFIG": str(path), **given})
    assert (config.settings.topic, config.settings.history.at) == (FINANCE, ".seen")
    path.write_text("version: 1\nhistory: {keep: 400d}\ntables: [{table: a.b}]\n")
    config = load_environment({"CONFIG": str(path), **given})
    kept = config.settings.history
    assert (kept.at, kept.keep) == ("s3://acme-ops/monitor/", timedelta(days=400))
    config = load_environment({"TABLES": "a.b", "TOPIC_ARN": "", "HISTORY": ""})
    assert (config.settings.topic, config.settings.history.at) == (None, None)


def test_an_environment_that_names_nothing_or_the_wrong_things() -> None:
    def told(environ: Mapping[str, str]) -> list[str]:
        with pytest.raises(ConfigErrors) as caught:
            load_environment(environ)
        return str(caught.value).splitlines()

    assert told({"CONFIG": "", "TABLES": " "}) == [
        (
            "environment: neither CONFIG nor TABLES is set; set CONFIG to a path or s3:// URI, or TABLES to such as "
            "s3://bucket/prefix/,sales.orders"
        )
    ]
    assert told({"TABLES": "a", "TOPIC_ARN": "finance", "HISTORY": "gs://x"}) == [
        "environment: TOPIC_ARN: 'finance' is not an SNS topic's ARN; write one such as " + TOPIC,
        (
            "environment: HISTORY: 'gs://x' is neither a local folder nor an s3:// URI; write such as "
            "s3://bucket/monitor/"
        ),
        "TABLES: a: table: 'a' is not database.table; write such as sales.orders, or sales.* for all of sales",
    ]


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


@pytest.mark.parametrize(
    ("until", "ends"),
    [
        ("2026-12-01", datetime(2026, 11, 30, 23, 0, tzinfo=UTC)),
        ("2026-12-01T08:00", datetime(2026, 12, 1, 7, 0, tzinfo=UTC)),
        ("2026-12-01 08:00:00", datetime(2026, 12, 1, 7, 0, tzinfo=UTC)),
        ("2026-12-01T08:00Z", datetime(2026, 12, 1, 8, 0, tzinfo=UTC)),
        ("2026-12-01T08:00+05:00", datetime(2026, 12, 1, 3, 0, tzinfo=UTC)),
    ],
)
def test_a_silence_ends_at_its_instant(tmp_path: Path, until: str, ends: datetime) -> None:
    config = text(
        tmp_path,
        "version: 1\ntimezone: Europe/Berlin\ntables: [{table: web.*}]\nsilences:\n  - table: web.*\n"
        f"    until: {until}\n    because: migration\n",
    )
    table = config.resolve(None, "web", "clicks")
    assert table is not None
    second = timedelta(seconds=1)
    assert [table.silenced(now) for now in (ends - second, ends, ends + second)] == ["migration", None, None]
    local = ends.astimezone(BERLIN).strftime("%Y-%m-%d %H:%M")
    told = (f"{tmp_path}/checks.yml:6: silences[0].until: ended {local}; take it out",)
    assert [config.warnings(now) for now in (ends - second, ends, ends + second)] == [(), told, told]


def test_a_silence_of_one_check_leaves_the_others() -> None:
    config = watch(
        {"table": "a.b"},
        silences=[{"table": "A.*", "check": "freshness", "until": "2026-12-01", "because": "known"}],
    )
    table = config.resolve(None, "a", "b")
    assert table is not None
    assert table.silenced(NOW) is None
    assert table.silenced(NOW, "freshness") == "known"
    assert table.silenced(NOW, "partitions") is None


@pytest.mark.parametrize(
    ("glob", "table", "matched"),
    [
        ("web.*", "web.clicks", True),
        ("web.*", "partner/web.clicks", True),
        ("partner/web.*", "partner/web.clicks", True),
        ("partner/*", "partner/web.clicks", True),
        ("other/*", "partner/web.clicks", False),
        ("WEB.Clicks", "web.clicks", True),
        ("web.*", "webb.clicks", False),
        ("*", "s3://acme-raw/a/", True),
        ("s3://acme-raw/*", "s3://acme-raw/a/", True),
        ("s3://acme-raw/a", "s3://acme-raw/a/", True),
        ("s3://acme-raw/A", "s3://acme-raw/a/", False),
        ("web.*", "s3://web.x/", False),
    ],
)
def test_globs_of_ids(glob: str, table: str, matched: bool) -> None:  # noqa: FBT001 - a case
    assert matches_id(glob, table) is matched


@pytest.mark.parametrize(
    ("match", "taken"),
    [
        ({"owner": "finance-data"}, True),
        ({"owner": "finance-*"}, True),
        ({"owner": ["web", "finance-data"]}, True),
        ({"owner": "web"}, False),
        ({"database": "sal*"}, True),
        ({"database": "SALES"}, True),
        ({"database": "orders"}, False),
        ({"table": "sales.*"}, True),
        ({"table": ["web.*", "sales.lines"]}, False),
        ({"severity": "critical"}, True),
        ({"severity": ["warning", "unknown"]}, False),
        ({"owner": "finance-data", "severity": "warning"}, False),
    ],
)
def test_what_a_route_takes(match: dict[str, Any], taken: bool) -> None:  # noqa: FBT001 - a case
    config = watch({"table": "a.b"}, routes=[{"match": match, "topic": FINANCE}])
    route = config.routes[0]
    assert route.takes("partner/sales.orders", "finance-data", Status.FAIL, Severity.CRITICAL) is taken


def test_what_a_route_takes_of_unknown_and_well_tables() -> None:
    config = watch({"table": "a.b"}, routes=[{"match": {"severity": "unknown"}, "topic": FINANCE}])
    assert config.routes[0].takes("a.b", None, Status.UNKNOWN, None)
    assert not config.routes[0].takes("a.b", None, Status.PASS, None)
    config = watch({"table": "a.b"}, routes=[{"match": {"database": "*x"}, "topic": FINANCE}])
    assert not config.routes[0].takes("s3://ax/", None, Status.PASS, None)


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
