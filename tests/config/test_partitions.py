"""What a `partitions` block may say, and what it is told about its mistakes."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest

from checks.config import ConfigErrors, load
from checks.config.schema import json_schema
from checks.layout.dimensions import Dimensions
from checks.rules.partitions import PartitionsRule


def config_of(block: dict[str, Any], fresh: dict[str, Any] | None = None, **top: Any) -> dict[str, Any]:
    entry = {"table": "ads.spend", "partitions": block} | ({"freshness": fresh} if fresh else {})
    return {"version": 1, **top, "tables": [entry]}


def rule_of(document: dict[str, Any], **environ: str) -> PartitionsRule:
    resolved = load(document, environ=environ).resolve(None, "ads", "spend")
    assert resolved is not None
    rule = resolved.rules[0]
    assert isinstance(rule, PartitionsRule)
    return rule


@pytest.mark.parametrize(
    ("each", "read"),
    [
        ("region", Dimensions(("region",))),
        (["region", "product"], Dimensions(("region", "product"))),
        ({"region": ["eu", "${OTHER}"], "shard": 1}, Dimensions(("region", "shard"), (("eu", "us"), ("1",)))),
    ],
)
def test_each(each: Any, read: Dimensions) -> None:
    document = config_of({"each": each})
    jsonschema.validate(document, json_schema())
    assert rule_of(document, OTHER="us").each == read


def test_a_variable_may_be_a_number_of_periods() -> None:
    assert rule_of(config_of({"lookback": "${N}"}), N="7").schedule.lookback == 7


@pytest.mark.parametrize("each", [7, [], {}, {"region": []}, {"region": {"eu": 1}}])
def test_the_schema_refuses_what_the_loader_refuses(each: Any) -> None:
    document = config_of({"each": each})
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, json_schema())
    with pytest.raises(ConfigErrors):
        load(document, environ={})


ALL_DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (config_of({"due": "0 0 6 * * *"}),
         "partitions.due: '0 0 6 * * *' is not a deadline (this has 6 fields); write '0 6 * * *'"),
        (config_of({"every": "7h"}),
         ("partitions.every: '7h' does not divide time evenly; write one of 15m, 1h, 6h and other divisors of a "
         "day, 1d, 1w, 2w, 1mo, 3mo and 1y")),
        (config_of({"timezone": "US/Pacific-New"}),
         "partitions.timezone: 'US/Pacific-New' is not a time zone; write US/Pacific"),
        (config_of({"lookback": 0}),
         ("partitions.lookback: 0 is not a lookback; write a number of periods from 1 to 1000, or a duration "
         "such as 14d")),
        (config_of({"lookback": "0"}),
         ("partitions.lookback: 0 is not a lookback; write a number of periods from 1 to 1000, or a duration "
         "such as 14d")),
        (config_of({"calendar": "never"}, calendars={"never": {"closed": ALL_DAYS}}),
         "calendars.never.closed: closes every weekday, so nothing would ever be due; leave at least one open"),
        (config_of({}, {"by": "06:00", "within": "25h"}),
         ("freshness: within: 25 h is longer than the 24 h between deadlines, so data of the deadline before "
         "would pass; write a shorter one")),
        (config_of({"key": "dt", "each": "dt"}),
         "partitions: dt stands under key, so it carries time; name other keys under each"),
        (config_of({"each": True}),
         ("partitions.each: True is not a key; write a partition key such as region, a list of keys, or their "
         "values: {region: [eu, us]}")),
    ],
)  # fmt: skip
def test_mistakes_are_told_with_what_to_write(document: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigErrors) as refused:
        load(document, environ={})
    assert said in str(refused.value).splitlines()[0]
