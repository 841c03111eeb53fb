"""Upstreams as the config states them: ids and nothing else, merged like other keys; what hides nothing is told."""

from __future__ import annotations

from typing import Any

import pytest

from checks.config import Config, ConfigErrors, load
from checks.rules.table_ids import parse_table_ids

PARTNER = {"accounts": {"partner": {"role_arn": "arn:aws:iam::111122223333:role/monitor"}}}


def watch(*entries: dict[str, Any], **settings: Any) -> Config:
    return load({"version": 1, **settings, "tables": list(entries)}, environ={})


def upstream_of(config: Config, database: str, name: str) -> tuple[str, ...] | None:
    resolved = config.resolve(None, database, name)
    assert resolved is not None
    return resolved.entry.upstream


@pytest.mark.parametrize(
    ("written", "ids"),
    [
        ("raw.orders", ("raw.orders",)),
        (["raw.orders", "Raw.Orders", "raw.items"], ("raw.orders", "raw.items")),
        ("partner/ads.Spend", ("partner/ads.spend",)),
        ("Partner/ads.spend", ("Partner/ads.spend",)),
        ("s3://acme-raw/Partner-A", ("s3://acme-raw/Partner-A/",)),
        ("s3a://acme-raw/partner-a/", ("s3://acme-raw/partner-a/",)),
        (["s3://acme-raw"], ("s3://acme-raw/",)),
        ([], ()),
        (" raw.orders ", ("raw.orders",)),
    ],
)
def test_ids_are_read_as_reports_write_them(written: object, ids: tuple[str, ...]) -> None:
    assert parse_table_ids(written) == ids


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("orders", "'orders' is not the id of a table; write database.table"),
        (".orders", "is not the id of a table"),
        ("raw.", "is not the id of a table"),
        ("/raw.orders", "is not the id of a table"),
        ("a/b/raw.orders", "is not the id of a table"),
        ("raw.*", "is a glob, and each table has upstreams of its own; write their ids, one by one"),
        (["raw.orders", "raw.item?"], "'raw.item?' is a glob"),
        (
            "arn:aws:glue:eu-west-1:123456789012:table/raw/orders",
            "is an ARN; write the table's id: raw.orders",
        ),
        ("ref('orders')", "is dbt's way to name a model; write the table that it makes"),
        ("{{ source('raw', 'orders') }}", "is dbt's way to name a model"),
        ("AwsDataCatalog.raw.orders", "is as a query names it; write raw.orders"),
        ("`raw`.`orders`", "is as a query names it; write raw.orders"),
        ("raw.orders, raw.items", "is more than one id; write a list: [raw.orders, raw.items]"),
        ("raw.orders raw.items", "write a list: [raw.orders, raw.items]"),
        (3, "3 is not text"),
        ({"raw": "orders"}, "is no list of tables; write such as [raw.orders]"),
        (None, "is no list of tables"),
        ([["raw.orders"]], "is not text"),
        ("s3://", "is not a bucket's name"),
        ([f"raw.t{number}" for number in range(201)], "holds 201 tables, and 200 are the most"),
    ],
)
def test_what_is_no_id_is_a_mistake_with_what_to_write(written: object, told: str) -> None:
    with pytest.raises(ValueError, match=r".") as error:
        parse_table_ids(written)
    assert told in str(error.value)
    if written is not None:  # a key without a value is told before
        with pytest.raises(ConfigErrors) as errors:
            watch({"table": "a.b", "upstream": written})
        assert told in str(errors.value)
        assert "a.b: upstream" in str(errors.value)


def test_the_more_specific_entry_states_them_and_may_state_none() -> None:
    config = watch(
        {"table": "mart.*", "upstream": ["raw.orders"]},
        {"table": "mart.t*", "upstream": ["raw.items"]},
        {"table": "mart.total", "upstream": []},
        {"table": "mart.plain", "owner": "me"},
        {"table": "raw.*"},
    )
    assert upstream_of(config, "mart", "orders") == ("raw.orders",)
    assert upstream_of(config, "mart", "tops") == ("raw.items",)
    assert upstream_of(config, "mart", "total") == ()
    assert upstream_of(config, "mart", "plain") == ("raw.orders",)
    assert upstream_of(config, "raw", "orders") is None


def test_two_entries_of_equal_rank_that_differ_are_a_mistake() -> None:
    with pytest.raises(ConfigErrors) as errors:
        watch({"table": "a.b*", "upstream": "x.y"}, {"table": "a.*b", "upstream": "x.z"})
    assert "a.*b: upstream: differs from that of a.b*" in str(errors.value)


def test_an_upstream_that_no_entry_watches_is_told_once_with_what_may_be_meant() -> None:
    config = watch(
        {"table": "raw.orders"},
        {"table": "mart.a", "upstream": ["raw.order", "raw.orders"]},
        {"table": "mart.b", "upstream": ["raw.order", "s3://acme-raw/x/"]},
        {"table": "ads.spend", "account": "partner", "upstream": ["ads.raw", "partner/ads.raw"]},
        {"table": "ads.raw", "account": "partner"},
        **PARTNER,
    )
    first, second, third = config.notes
    unwatched = "is watched by no entry, so it hides nothing; "
    assert f"mart.a: upstream[0]: raw.order {unwatched}add an entry for it, or write raw.orders" in first
    assert second.endswith(f"mart.b: upstream[1]: s3://acme-raw/x/ {unwatched}add an entry for it")
    assert (
        f"ads.spend: upstream[0]: ads.raw {unwatched}write partner/ads.raw for that of the same account"
        in third
    )


def test_of_many_that_are_not_watched_some_are_told_and_the_rest_counted() -> None:
    config = watch({"table": "mart.a", "upstream": [f"raw.t{number}" for number in range(25)]})
    assert len(config.notes) == 20
    assert "and 5 more tables that are stated as upstreams and not watched" in config.notes[-1]


def test_circles_are_told_where_the_first_of_their_tables_states_it() -> None:
    config = watch(
        {"table": "a.self", "upstream": "a.self"},
        {"table": "a.x", "upstream": "a.y"},
        {"table": "a.y", "upstream": ["a.z"]},
        {"table": "a.z", "upstream": ["a.x", "a.self"]},
        {"table": "mart.*", "upstream": "mart.base"},  # the glob is also of what it names
        {"table": "mart.base"},
    )
    itself, round_ = config.notes
    assert "a.self: upstream: names a.self itself, which hides nothing; take it out" in itself
    assert "a.x: upstream: goes in a circle: a.x, a.y, a.z are made from each other" in round_


def test_a_chain_is_nothing_to_tell() -> None:
    entries = [{"table": f"a.t{number}", "upstream": [f"a.t{number - 1}"]} for number in range(1, 300)]
    assert watch({"table": "a.t0"}, *entries).notes == ()
