"""The config's JSON Schema: valid itself, it takes what the loader takes, and tells of every key what it means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from checks.config import json_schema as schema_of
from checks.config import load
from checks.rules import CHECKS

if TYPE_CHECKING:
    from collections.abc import Iterator

SCHEMA = schema_of()
TOPIC = "arn:aws:sns:eu-west-1:123456789012:finance-data"
ROLE = "arn:aws:iam::111122223333:role/monitor"
BASE: dict[str, Any] = {
    "version": 1,
    "calendars": {"de": {"closed": ["sun"]}},
    "windows": {
        "maintenance": [{"days": ["sun"], "start": "02:00", "end": "04:00"}],
        "patching": {"start": "23:00", "end": "01:00"},
    },
    "accounts": {"partner": {"role_arn": ROLE}},
    "tables": [{"table": "a.b"}],
}
COMPANIONS: dict[str, dict[str, Any]] = {
    "within": {"by": "06:00"},
    "floor": {"auto": True},
    "cap": {"auto": True},
    "count": {"max_age": "24h"},
    "also_in": {"max_age": "24h"},
    "windows": {"max_age": "24h"},
    "grace": {"by": "06:00"},
    "anchor": {"every": "2w"},
    "calendar": {"max_age": "24h"},
    "timezone": {"max_age": "24h"},
    "business_day": {"due": "09:00"},
    "calendar_of": {"calendar": "de"},
    "subdivision": {"country": "DE"},
    "region": {"role_arn": ROLE},
    "external_id": {"role_arn": ROLE},
    "exclude": {"table": "a.*"},
}
"""What has to stand beside a key for its block to be whole."""
LIMITS: dict[str, dict[str, Any]] = {
    "volume": {"drop": "60%"},
    "events": {"column": "event_time", "warn_after": "1h"},
}
"""What has to stand in a check's block whatever else does."""
WEBHOOKS: dict[str, dict[str, Any]] = {
    "slack": {"url": "env:SLACK_URL", "as": "slack"},
    "url": {"as": "json", "secret": "env:KEY"},
    "as": {"url": "https://hooks.example.com/tables", "secret": "env:KEY"},
    "secret": {"as": "pagerduty"},
}
"""What has to stand beside a key of a webhook for it to be whole."""


def is_valid(config: object) -> bool:
    return bool(Draft202012Validator(SCHEMA).is_valid(config))


def keys() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield block, key and schema of every key there is."""
    for key, schema in SCHEMA["properties"].items():
        yield "", key, schema
    for block, definition in SCHEMA["$defs"].items():
        for key, schema in definition.get("properties", {}).items():
            yield block, key, schema


EXAMPLES = [(block, key, example) for block, key, schema in keys() for example in schema["examples"]]


def route_with(block: str, key: str, value: object) -> dict[str, Any]:
    """Return a route that has the key of its own, of its match or of its webhook."""
    if block == "Match":
        return {"match": {key: value}, "topic": TOPIC}
    if block == "Webhook":
        companions = WEBHOOKS["slack" if value in ("slack", "teams", "env:SLACK_URL") else key]
        return {"match": {"owner": "a"}, "webhook": {**companions, key: value}}
    target = {"topic": TOPIC} if key == "match" else {}
    return {"match": {"owner": "a"}, **target, key: value}


def config_with(block: str, key: str, value: object) -> dict[str, Any]:
    """Return a config that has the key, and what has to stand beside it."""
    check = next((name for name, config in CHECKS.items() if config.__name__ == block), None)
    companions = COMPANIONS.get(key, {})
    if check == "partitions":
        companions = {"grace": {"due": "06:00"}, "anchor": {"every": "2w"}}.get(key, {})
        companions = companions or (COMPANIONS[key] if key in {"business_day", "calendar_of"} else {})
    companions = {} if check in LIMITS else companions
    part = {**LIMITS.get(check or "", {}), **companions, key: value}
    if block and value == "off":  # something has to be looked at all the same
        part = {"table": "a.b", "partitions": {}, "freshness": {"max_age": "24h"}, key: value}
        return {**BASE, "tables": [part]}
    match block:
        case "":
            return {**BASE, key: value}
        case "CalendarBlock":
            return {**BASE, "calendars": {"de": part}}
        case "WindowBlock":
            return {**BASE, "windows": {"own": {"start": "01:00", "end": "04:30", key: value}}}
        case "Account":
            return {**BASE, "accounts": {"partner": {"role_arn": ROLE, key: value}}}
        case "EntryBlock":
            entry = (
                part
                if key in {"table", "prefix"}
                else {"table": "a.b", **(part if key == "exclude" else {key: value})}
            )
            return {**BASE, "tables": [entry]}
        case "HistoryBlock":
            return {**BASE, "history": part}
        case "Match" | "Route" | "Webhook":
            return {**BASE, "routes": [route_with(block, key, value)]}
        case "SilenceBlock":
            return {**BASE, "silences": [{"table": "*", "until": "2026-12-01", "because": "x", key: value}]}
    assert check is not None, block
    return {**BASE, "tables": [{"table": "a.b", "pattern": "*.parquet", check: part}]}


def test_the_schema_is_valid_and_tells_its_dialect() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"


@pytest.mark.parametrize(
    ("block", "key", "schema"), [pytest.param(*each, id=f"{each[0]}.{each[1]}") for each in keys()]
)
def test_every_key_says_what_it_means_with_an_example(block: str, key: str, schema: dict[str, Any]) -> None:
    assert len(schema["description"]) > 10, (block, key)
    assert schema["examples"], (block, key)


def test_no_block_takes_a_key_that_is_not_there() -> None:
    assert SCHEMA["additionalProperties"] is False
    assert SCHEMA["properties"]["defaults"]["additionalProperties"] is False
    for name, definition in SCHEMA["$defs"].items():
        if "properties" in definition:
            assert definition["additionalProperties"] is False, name


@pytest.mark.parametrize(("block", "key", "example"), EXAMPLES)
def test_every_example_fits_its_schema_and_loads(block: str, key: str, example: object) -> None:
    own = SCHEMA["$defs"][block]["properties"][key] if block else SCHEMA["properties"][key]
    Draft202012Validator({**own, "$defs": SCHEMA["$defs"]}).validate(example)
    config = config_with(block, key, example)
    Draft202012Validator(SCHEMA).validate(config)
    load({**config, "x-own": "a key of one's own"}, environ={"TOPIC_ARN": TOPIC, "PARTNER_ID": "17"})


@pytest.mark.parametrize(
    ("block", "key", "schema"), [pytest.param(*each, id=f"{each[0]}.{each[1]}") for each in keys()]
)
def test_a_default_is_written_as_in_a_config(block: str, key: str, schema: dict[str, Any]) -> None:
    default = schema.get("default", "none")
    assert isinstance(default, str | int), (block, key)
    if default != "none":
        Draft202012Validator({**schema, "$defs": SCHEMA["$defs"]}).validate(default)
        load(config_with(block, key, default), environ={})


EXAMPLE = """
version: 1
name: prod
timezone: Europe/Berlin
topic: "${TOPIC_ARN}"
history: s3://acme-ops/table-monitor/
calendars:
  de: {country: DE, subdivision: BE, closed: [sat, sun], also_closed: ["2026-12-24"]}
accounts:
  partner: {role_arn: "arn:aws:iam::111122223333:role/monitor", region: us-east-1, external_id: "${PARTNER_ID}"}
defaults:
  freshness: {warn_after: 24h, error_after: 36h}
tables:
  - table: sales.orders
    owner: finance-data
    runbook: https://wiki.example.com/orders
    partitions: {every: 1d, due: "06:00", calendar: de, lookback: 14, error_when: 1}
    volume: {min_bytes: 50MB, drop: 60%}
  - table: ads.spend
    account: partner
    freshness: {by: "07:30", within: 6h}
  - prefix: s3://acme-raw/partner-a/
    pattern: "*.csv.gz"
    freshness: {max_age: 24h}
routes:
  - {match: {owner: finance-data}, topic: "arn:aws:sns:eu-west-1:123456789012:finance-data"}
silences:
  - {table: "web.*", until: "2026-12-01", because: migration}
"""


def test_the_example_of_the_design_is_valid_and_loads() -> None:
    example = YAML(typ="safe", pure=True).load(EXAMPLE)
    Draft202012Validator(SCHEMA).validate(example)
    config = load(example, environ={"TOPIC_ARN": TOPIC, "PARTNER_ID": "17"})
    orders = config.resolve(None, "sales", "orders")
    assert orders is not None
    assert [rule.check for rule in orders.rules] == ["partitions", "volume"]


@pytest.mark.parametrize(
    ("written", "instead"),
    [
        ("owner:", "ownr:"),
        ("every: 1d", "evry: 1d"),
        ("within: 6h", "within: 6 hours"),
        ("warn_after: 24h", "warn_after: soon"),
        ("closed: [sat, sun]", "closed: [saturday]"),
        ("closed: [sat, sun]", "closed: sat"),
        ("version: 1", "version: 2"),
        ("version: 1\n", ""),
        ("us-east-1", "mars"),
        ("role/monitor", ""),
        ("finance-data}, topic", "finance-data, team: x}, topic"),
        ("match: {owner: finance-data}", "match: {}"),
        ("  - table: ads.spend\n", "  - table: ads.spend\n    prefix: s3://a/\n"),
        ("  - table: ads.spend\n    account", "  - account"),
        ("freshness: {max_age: 24h}", "freshness: maybe"),
        ("freshness: {max_age: 24h}", "freshness: true"),
        ("freshness: {max_age: 24h}", "volume: {drop: 60}"),
        ("error_when: 1", "error_when: 0"),
        ("because: migration", "reason: migration"),
        ("name: prod", "report: weekly"),
        ("name: prod", "concurrency: 0"),
        ("name: prod", "concurrency: 257"),
        ("name: prod", "y-own: 1"),
    ],
)
def test_a_slip_in_the_example_is_not_valid(written: str, instead: str) -> None:
    assert written in EXAMPLE
    assert not is_valid(YAML(typ="safe", pure=True).load(EXAMPLE.replace(written, instead)))


@pytest.mark.parametrize(
    ("written", "instead"),
    [
        ("warn_after: 24h", 'warn_after: "${AGE}"'),
        ("error_when: 1", 'error_when: "${N}"'),
        ("us-east-1", '"${REGION}"'),
        ("lookback: 14", "lookback: 30d"),
        ("freshness: {max_age: 24h}", "freshness: off"),
        ("name: prod", "concurrency: 256"),
        ("name: prod", 'report: "${REPORT:-always}"'),
        ("name: prod", "x-own: [1]"),
    ],
)
def test_what_else_may_stand_in_the_example(written: str, instead: str) -> None:
    assert written in EXAMPLE
    Draft202012Validator(SCHEMA).validate(YAML(typ="safe", pure=True).load(EXAMPLE.replace(written, instead)))


def test_the_schema_of_other_checks_is_made_of_these() -> None:
    only = schema_of({"freshness": CHECKS["freshness"]})
    assert "partitions" not in only["$defs"]["EntryBlock"]["properties"]
    assert only["properties"]["defaults"]["properties"].keys() == {"freshness"}
