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


OWN = {
    "region": {"eu": {"due": "06:00"}, "us": {"after": "3h", "timezone": "${ZONE}"}, "ap": {}},
    "shard": [1, 2],
}


def test_values_may_have_deadlines_of_their_own() -> None:
    document = config_of(
        {"each": OWN, "due": "09:00", "calendar": "de"}, calendars={"de": {"closed": ["sun"]}}
    )
    jsonschema.validate(document, json_schema())
    rule = rule_of(document, ZONE="America/New_York")
    assert rule.each == Dimensions(("region", "shard"), (("eu", "us", "ap"), ("1", "2")))
    told = {key: schedule.say_deadline() for key, schedule in rule.own.items()}
    assert told == {
        (("region", region), ("shard", shard)): by
        for shard in ("1", "2")
        for region, by in {
            "eu": "at the first 06:00 UTC at or after its end; calendar de",
            "us": "3 h past its end; calendar de",
            "ap": "at the first 09:00 UTC at or after its end; calendar de",
        }.items()
    }
    assert {schedule.zone.key for schedule in rule.schedule.parts} == {"UTC", "America/New_York"}
    assert len(rule.schedule.parts) == 3


def test_values_of_two_keys_may_state_what_does_not_exclude_one_another() -> None:
    each = {"region": {"eu": {"due": "06:00"}}, "shard": {"1": {"timezone": "Europe/London"}, "2": {}}}
    own = rule_of(config_of({"each": each})).own
    assert [schedule.say_deadline() for schedule in own.values()] == [
        "at the first 06:00 Europe/London at or after its end",
        "at the first 06:00 UTC at or after its end",
    ]


def test_values_that_all_have_one_deadline_make_it_that_of_the_table() -> None:
    rule = rule_of(config_of({"each": {"region": {"eu": {"due": "06:00"}, "us": {"due": "06:00"}}}}))
    assert not rule.schedule.parts
    assert (
        rule.schedule.say()
        == "every 1d, labels in UTC; each is due at the first 06:00 UTC at or after its end"
    )


@pytest.mark.parametrize(
    ("block", "said"),
    [
        ({"eu": {"due": "25:00"}}, "partitions.each.region.eu.due: '25:00' is not a deadline"),
        ({"eu": {"dew": "06:00"}}, "partitions.each.region.eu.dew: 'dew' is not known here; did you mean due?"),
        ({"eu": {"lookback": 3}}, "partitions.each.region.eu.lookback: lookback is of the table as a whole"),
        ({"eu": "06:00"}, "partitions.each.region.eu: '06:00' is not a block of keys; write keys below it"),
        ({"eu": {"calendar": "nope"}}, "partitions.each.region.eu: 'nope' is not a calendar; define it"),
        ({"eu": {"due": "06:00", "after": "3h"}}, "partitions.each.region.eu: due and after exclude each other"),
        ({"eu": {"business_day": 2}}, "partitions.each.region.eu: business_day needs a time of day"),
        ({"eu": {"calendar": "weekdays", "calendar_of": "run", "due": "0 6 * * 6"}, "us": {}},
         "partitions.each.region.eu: no day of the deadline of any period is ever open in calendar weekdays"),
        ({"eu": {"calendar": "weekdays", "calendar_of": "run", "due": "0 6 * * 0"}},
         "partitions.each.region.eu: no day of the deadline of any period is ever open in calendar weekdays"),
    ],
)  # fmt: skip
def test_mistakes_of_one_value_are_told_where_they_stand(block: Any, said: str) -> None:
    document = config_of({"each": {"region": block}}, calendars={"weekdays": {"closed": ["sat", "sun"]}})
    with pytest.raises(ConfigErrors) as refused:
        load(document, environ={})
    assert f"ads.spend: {said}" in str(refused.value)
    assert len(refused.value.mistakes) == 1


def test_mistakes_of_several_values_are_told_at_once() -> None:
    block = {"eu": {"due": "25:00"}, "us": {"timezone": "Mars"}, "ap": 7}
    with pytest.raises(ConfigErrors) as refused:
        load(config_of({"each": {"region": block}}), environ={})
    assert len(refused.value.mistakes) == 3


def test_what_may_come_together_is_stated_of_one_key_only() -> None:
    each = {"region": {"eu": {"due": "06:00"}}, "shard": {"1": {"after": "3h"}}}
    with pytest.raises(
        ConfigErrors, match=r"each.shard.1: after and due of shard 1 .* of the values of one key only"
    ):
        load(config_of({"each": each}), environ={})


def test_a_deadline_that_no_value_uses_is_not_asked_to_come() -> None:
    document = config_of(
        {
            "due": "0 6 * * 6",
            "calendar": "w",
            "calendar_of": "run",
            "each": {"region": {"eu": {"due": "06:00"}}},
        },
        calendars={"w": {"closed": ["sat", "sun"]}},
    )
    assert rule_of(document).schedule.can_come_due()


def test_a_variable_may_be_a_number_of_periods() -> None:
    assert rule_of(config_of({"lookback": "${N}"}), N="7").schedule.lookback == 7


@pytest.mark.parametrize(
    "each",
    [
        7,
        [],
        {},
        {"region": []},
        {"region": {"eu": 1}},
        {"region": {"eu": {"every": "1d"}}},
        {"region": {"eu": {"deu": "06:00"}}},
    ],
)
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
