"""A config out of the environment: TABLES, CONFIG, and what stands in for keys that it lacks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from checks.config import ConfigErrors, from_tables, load_environment
from checks.rules.freshness import FreshnessRule

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

TOPIC = "arn:aws:sns:eu-west-1:123456789012:S3TableMonitoringNotifications"
FINANCE = "arn:aws:sns:eu-west-1:123456789012:finance-data"
NOW = datetime(2026, 11, 23, 0, 0, tzinfo=UTC)


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
