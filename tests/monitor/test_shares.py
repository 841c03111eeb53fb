"""A look at single tables judges by the share of false alarms that the run over all of them gives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from checks.changes import TableRecord
from checks.config import load
from checks.model import TableMemory
from checks.monitor import plan
from checks.monitor.plan import learning_of, stated_to_learn
from tests.support.lakes import MemoryLake
from tests.support.times import at

if TYPE_CHECKING:
    from collections.abc import Mapping

NOW = at("2026-11-23 12:00")


def share_of(remembered: Mapping[str, TableRecord], *, single: bool) -> Any:
    config = load(
        {
            "version": 1,
            "tables": [{"prefix": f"s3://lake/{name}/", "freshness": "auto"} for name in "abcdefgh"],
        },
        environ={},
    )
    only = (lambda selector: selector.text == "s3://lake/a/") if single else None
    catalog: Any = MemoryLake()
    planned = plan.plan(config, catalog, remembered, NOW, only=only)
    (mine,) = (each for each in planned.plans if each.table.id == "s3://lake/a/")
    return mine.rules[0].share


def learned(**memory: Any) -> TableRecord:
    return TableRecord(matched_by="s3://lake/*", by_glob=False, memory=TableMemory(**memory))


def test_a_look_at_one_table_has_the_share_of_the_run_over_all() -> None:
    remembered = {f"s3://lake/{name}/": learned(firsts={"2026-11-01": NOW}) for name in "abcdefgh"}
    assert learning_of(remembered) == 8
    assert share_of(remembered, single=True) == share_of({}, single=False)
    assert share_of({}, single=True) == share_of({}, single=False), "before any run the config tells how many"


def test_what_the_config_states_to_learn_is_counted_without_the_catalog() -> None:
    entries: list[dict[str, Any]] = [
        {"table": "sales.*", "freshness": "auto"},
        {"table": "sales.orders", "partitions": {"every": "1d", "due": "06:00"}, "freshness": "off"},
        {"table": "sales.refunds"},
        {"table": "web.hits", "freshness": {"max_age": "24h"}},
        {"prefix": "s3://lake/a/", "freshness": "auto"},
        {"prefix": "s3://lake/b/", "freshness": {"max_age": "1d"}},
    ]
    assert stated_to_learn(load({"version": 1, "tables": entries}, environ={})) == 3


@pytest.mark.parametrize("known", [0, 3])
def test_a_whole_run_shares_among_what_it_looks_at_now(known: int) -> None:
    remembered = {f"s3://gone/{number}/": learned(firsts={"a": NOW}) for number in range(known)}
    assert share_of(remembered, single=False) == share_of({}, single=False)
    assert learning_of({"s3://lake/z/": learned()}) == 0
