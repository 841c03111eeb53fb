"""What is asked of Glue for each kind of key and padding: exact requests, and never all partitions of a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from checks.lake.glue.expressions import is_sorted
from checks.lake.observe import observe
from checks.layout import KeyFormat, TimeLayout
from checks.model import Problem, ProblemKind, TableMemory, Unobserved
from checks.rules.asking import Clock
from checks.rules.base import Binding, TablePlan
from checks.rules.partitions import PartitionsConfig
from tests.support.lakes import MemoryLake, hive_location
from tests.support.times import DAY, UTC_ZONE, at

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

    from checks.lake.glue.partitions import PartitionsPage
    from checks.model import Observation, Table

NOW = at("2026-11-23 12:00")
CLOCK = Clock(now=NOW)
MEMORY = TableMemory(first_period_at=at("2020-01-01"))
HISTORY = 400
"""How many days each table has; a request for all of its partitions would bring them."""


class Refusing(MemoryLake):
    """A Glue whose parser takes no expression."""

    def page(
        self, table: Table, expression: str | None, *, token: str | None = None, most: int | None = None
    ) -> PartitionsPage:
        if expression is None:
            return super().page(table, expression, token=token, most=most)
        self.ledger.enter("glue:GetPartitions")
        refused_by = ("glue", "InvalidInputException")
        raise Unobserved(Problem(ProblemKind.MALFORMED, "Glue refuses the expression", refused_by=refused_by))


def seen_of(
    lake: MemoryLake, keys: dict[str, str], formats: dict[str, str], step: timedelta = DAY, **config: object
) -> tuple[Observation, list[str | None], Table]:
    """Build a table of many partitions, look at it, and return what was seen and the expressions asked."""
    table = lake.table("a.b", None, **keys)
    for number in range(HISTORY):
        moment = NOW.replace(hour=0) - (number + 1) * step
        values = [
            TimeLayout(zone=UTC_ZONE, keys=(KeyFormat(name, formats[name]),)).write(_period(moment))[name]
            if name in formats
            else "eu"
            for name in keys
        ]
        lake.put(f"{hive_location(table, values)}a.parquet", moment + DAY)
        lake.register(table, values)
    block = {
        "every": "1d", "due": "06:00", "lookback": 14, "key": list(formats), "format": list(formats.values()),
        **config,
    }  # fmt: skip
    rule = PartitionsConfig.model_validate(block).bind(Binding(zone=ZoneInfo("UTC")))
    plan = TablePlan(table=table, rules=(rule,), stated_layout=rule.stated_layout, memory=MEMORY)
    return observe(plan, CLOCK, lake.reader(plan)), lake.expressions, table


def _period(moment: Any) -> Any:
    from checks.model import Period

    return Period(moment, moment + DAY, moment.replace(tzinfo=None), "")


def filled(seen: Observation) -> int:
    return len({p.period.label for p in seen.partitions if p.listing is not None and p.listing.objects})


YMD = {"year": "%Y", "month": "%-m", "day": "%-d"}


@pytest.mark.parametrize(
    ("keys", "formats", "expressions", "batches"),
    [
        ({"dt": "string"}, {"dt": "%Y-%m-%d"}, ["dt >= '2026-11-09'"], 0),
        ({"dt": "varchar(10)"}, {"dt": "%Y-%m-%d"}, ["dt >= '2026-11-09'"], 0),
        ({"dt": "date"}, {"dt": "%Y-%m-%d"}, ["dt >= '2026-11-09'"], 0),
        ({"dt": "timestamp"}, {"dt": "%Y-%m-%d %H:%M:%S"}, ["dt >= '2026-11-09 00:00:00'"], 0),
        ({"dt": "int"}, {"dt": "%Y%m%d"}, ["dt >= 20261109"], 0),
        ({"dt": "bigint"}, {"dt": "%s"}, ["dt >= 1794182400"], 0),
        ({"dt": "string"}, {"dt": "%Q"}, ["dt >= '1794182400000'"], 0),
        ({"dt": "date"}, {"dt": "%Y%m%d"}, [], 1),
        ({"dt": "double"}, {"dt": "%Y%m%d"}, [], 1),
        ({"dt": "string"}, {"dt": "%Y-%-m-%-d"}, [], 1),
        ({"dt": "string"}, {"dt": "%d-%m-%Y"}, [], 1),
        ({"key": "string"}, {"key": "%Y-%m-%d"}, [], 1),
        ({"year": "int", "month": "int", "day": "int"}, YMD, [], 1),
        ({"year": "string", "month": "string", "day": "string"}, YMD, [], 1),
        ({"region": "string", "dt": "string"}, {"dt": "%Y-%m-%d"}, ["dt >= '2026-11-09'"], 0),
        ({"region": "string", "year": "int", "month": "int", "day": "int"}, YMD,
         ["year = 2026 and month = 11 and day in (24, 23, 22, 21, 20, 19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 9)"], 0),
        ({"region": "string", "year": "string", "month": "string", "day": "string"}, YMD,
         [("year = '2026' and month = '11' and day in ('24', '23', '22', '21', '20', '19', '18', '17', '16', '15', "
          "'14', '13', '12', '11', '10', '9')")], 0),
    ],
)  # fmt: skip
def test_one_request_for_each_kind_of_key(
    keys: dict[str, str], formats: dict[str, str], expressions: Sequence[str], batches: int
) -> None:
    lake = MemoryLake()
    seen, asked, _ = seen_of(lake, keys, formats)
    assert seen.problem is None
    assert filled(seen) == 14
    assert [_to_today(each) for each in asked] == list(expressions)
    assert lake.counts.get("glue:BatchGetPartition", 0) == batches
    assert lake.counts.get("glue:GetPartitions", 0) == len(expressions)
    assert len(seen.partitions) <= 17


def _to_today(expression: str | None) -> str | None:
    """Leave out a day that is asked for beyond tomorrow."""
    return expression.replace("(25, ", "(").replace("('25', ", "(") if expression else expression


def test_minutes_are_asked_for_by_their_days_and_hours() -> None:
    lake = MemoryLake()
    table = lake.table("a.b", dt="string", hour="string", minute="string")
    for minute in ("00", "07", "31"):
        lake.put(f"{hive_location(table, ['2026-11-23', '10', minute])}a.parquet", at("11-23 10:40"))
        lake.register(table, ["2026-11-23", "10", minute])
    lake.register(table, ["2026-11-01", "10", "00"])
    block = {
        "every": "1h", "after": "15m", "lookback": 1, "key": ["dt", "hour", "minute"],
        "format": ["%Y-%m-%d", "%H", "%M"],
    }  # fmt: skip
    rule = PartitionsConfig.model_validate(block).bind(Binding(zone=ZoneInfo("UTC")))
    plan = TablePlan(table=table, rules=(rule,), stated_layout=rule.stated_layout, memory=MEMORY)
    now = Clock(now=at("2026-11-23 11:30"))
    seen = observe(plan, now, lake.reader(plan))
    assert [each.values[2] for each in seen.partitions] == ["31", "07", "00"]
    assert lake.expressions == [
        "dt = '2026-11-23' and hour in ('13', '12', '11', '10')",
    ]


def test_moments_under_a_name_that_glue_refuses_are_told_not_guessed() -> None:
    lake = MemoryLake()
    seen, asked, table = seen_of(lake, {"key": "string"}, {"key": "%Y-%m-%d %H:%M:%S"})
    assert seen.problem is not None
    assert seen.problem.message == (
        f"{table.id}: Glue cannot filter by its key 'key', and not all values of its keys are known, so only all of "
        "its partitions could tell"
    )
    assert asked == []


def test_exact_values_take_the_place_of_an_expression_that_is_refused() -> None:
    lake = Refusing()
    seen, _, _ = seen_of(lake, {"dt": "string"}, {"dt": "%Y-%m-%d"})
    assert filled(seen) == 14
    assert dict(lake.counts) | {"s3:ListObjectsV2": 0} == {
        "glue:GetPartitions": 1,
        "glue:BatchGetPartition": 1,
        "s3:ListObjectsV2": 0,
    }


def test_a_refused_expression_of_keys_whose_values_are_not_known_is_a_problem() -> None:
    seen, _, _ = seen_of(Refusing(), {"dt": "string", "region": "string"}, {"dt": "%Y-%m-%d"})
    assert seen.problem is not None
    assert seen.problem.message == "Glue refuses the expression"


def test_a_long_lookback_is_a_wider_expression_that_is_filtered_here() -> None:
    lake = MemoryLake()
    keys = {"region": "string", "year": "string", "month": "string", "day": "string"}
    seen, asked, _ = seen_of(lake, keys, {"year": "%Y", "month": "%m", "day": "%d"}, lookback=380)
    assert filled(seen) == 380
    assert len(asked) == 1
    assert asked[0] is not None
    assert len(asked[0]) <= 2048
    assert "day" not in asked[0]


def test_a_thousand_values_are_one_batch() -> None:
    lake = MemoryLake()
    seen, _, _ = seen_of(lake, {"year": "int", "month": "int", "day": "int"}, YMD, lookback=390)
    assert filled(seen) == 390
    assert lake.counts["glue:BatchGetPartition"] == 1


@pytest.mark.parametrize(
    ("kind", "text", "sorted_"),
    [
        ("date", "%Y-%m-%d", True),
        ("date", "%Y%m%d", False),
        ("timestamp", "%Y-%m-%d %H:%M:%S", True),
        ("timestamp", "%Y-%m-%dT%H:%M:%S", False),
        ("char", "%Y%m%d", True),
        ("smallint", "%Y", True),
        ("int", "%Y-%m", False),
        ("struct", "%Y-%m-%d", False),
    ],
)
def test_types_that_compare_as_time_does(kind: str, text: str, sorted_: bool) -> None:  # noqa: FBT001 - a table
    layout = TimeLayout(zone=UTC_ZONE, keys=(KeyFormat("dt", text),))
    assert is_sorted(layout, {"dt": kind}) is sorted_
