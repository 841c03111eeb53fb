"""How a config is read: a file, a dict or an object, its words, anchors and variables."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from checks.config import Config, ConfigErrors, load
from checks.rules.freshness import FreshnessRule
from checks.rules.partitions import PartitionsRule
from checks.schedule.calendars import Calendar, public_holidays
from checks.schedule.deadlines import Deadline
from checks.schedule.due import Schedule
from checks.schedule.periods import DAILY
from tests.support.times import DAY, HOUR

if TYPE_CHECKING:
    from collections.abc import Mapping

TOPIC = "arn:aws:sns:eu-west-1:123456789012:S3TableMonitoringNotifications"
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
