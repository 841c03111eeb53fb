"""A look at one table, asked of the Lambda: there, not yet, not to be told, or never to come."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from checks import gate, monitor
from checks.config import ConfigErrors
from checks.monitor.invocation import UnreadableEvent
from checks.waiting import NotAwaited
from lambda_handler import lambda_handler
from tests.support.accounts import land_days
from tests.support.times import at

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.lakes import HttpLake

CONTEXT = SimpleNamespace(get_remaining_time_in_millis=lambda: 900_000)
CONFIG = """\
version: 1
tables:
  - table: sales.orders
    partitions: {every: 1d, due: "06:00", lookback: 3}
silences:
  - {table: "sales.*", until: 2026-12-31, because: migration}
"""


@pytest.fixture
def orders(lake: HttpLake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    (tmp_path / "checks.yml").write_text(CONFIG, encoding="utf-8")
    monkeypatch.setenv("CONFIG", str(tmp_path / "checks.yml"))
    monkeypatch.setattr(monitor, "_clock", lambda: at("2026-11-25 07:00"))
    return lake.table("sales.orders", dt="string")


def test_a_period_is_not_there_until_it_is_though_the_table_is_silenced(lake: HttpLake, orders: Any) -> None:
    land_days(lake, orders, "2026-11-10", "2026-11-23")
    event = {"wait": "sales.orders", "period": "2026-11-24"}
    assert lambda_handler(event, CONTEXT) == {
        "table": "sales.orders",
        "period": "2026-11-24",
        "there": False,
        "because": "sales.orders: 2026-11-24 missing",
    }
    land_days(lake, orders, "2026-11-24", "2026-11-24")
    assert lambda_handler(event, CONTEXT) == {
        "table": "sales.orders",
        "period": "2026-11-24",
        "there": True,
        "because": "2026-11-24 of sales.orders has its data",
    }


@pytest.mark.parametrize("event", [{"wait": " sales.orders "}, {"wait": "sales.orders", "period": None}])
def test_without_a_period_nothing_of_the_table_may_fail(lake: HttpLake, orders: Any, event: Any) -> None:
    land_days(lake, orders, "2026-11-10", "2026-11-24")
    answer = gate.answer(event)
    assert answer == {
        "table": "sales.orders",
        "period": None,
        "there": True,
        "because": "sales.orders is fresh",
    }


def test_what_cannot_be_told_is_neither(lake: HttpLake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TABLES", "sales.orders")
    answer = lambda_handler({"wait": "sales.orders"}, CONTEXT)
    assert answer["there"] is None
    assert "not in the catalog" in answer["because"]


@pytest.mark.parametrize(
    ("event", "fault", "why"),
    [
        ({"wait": ""}, UnreadableEvent, "The event's wait is empty; write one table by its id"),
        ({"wait": None}, UnreadableEvent, "The event's wait is of the type NoneType"),
        ({"wait": ["sales.orders"]}, UnreadableEvent, "The event's wait is of the type list"),
        (
            {"wait": "sales.orders", "period": 20261124},
            UnreadableEvent,
            "The event's period is of the type int",
        ),
        ({"wait": "sales.orders", "period": " "}, UnreadableEvent, "The event's period is empty"),
        ({"wait": "sales.orders", "period": "yesterday"}, NotAwaited, "is no period of"),
        ({"wait": "sales.order"}, monitor.NothingMatches, r"did you mean sales\.orders\?"),
    ],
)
def test_what_waiting_cannot_mend_fails_the_invocation(
    orders: Any, event: Any, fault: type[Exception], why: str
) -> None:
    with pytest.raises(fault, match=why):
        lambda_handler(event, CONTEXT)


def test_a_broken_config_fails_the_invocation(orders: Any, tmp_path: Path) -> None:
    (tmp_path / "checks.yml").write_text("version: 1\ntables: soon\n", encoding="utf-8")
    with pytest.raises(ConfigErrors):
        gate.answer({"wait": "sales.orders"})


@pytest.mark.parametrize(
    "event", [None, {}, {"tables": ["sales.*"]}, {"id": "1", "time": "2026-11-23T00:00:00Z"}, 1, []]
)
def test_other_events_are_not_answered_here(event: object) -> None:
    assert gate.answer(event) is None


def test_a_look_writes_nothing(
    lake: HttpLake, orders: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HISTORY", str(tmp_path / "history"))
    land_days(lake, orders, "2026-11-10", "2026-11-24")
    gate.answer({"wait": "sales.orders", "period": "2026-11-24"})
    assert not (tmp_path / "history").exists()
