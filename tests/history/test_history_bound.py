"""What is left out of a document of state that would be too large, in which order, and how it is told."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks import history as remembered
from checks import monitor
from checks.changes import ItemTold, RouteTold, State, TableRecord, Told
from checks.config import load
from checks.history import open_history, say, update
from checks.history.bound import STATE_ROOM, bounded
from checks.history.document import from_text, to_text
from checks.model import (
    Answer,
    Column,
    ItemState,
    Listing,
    PastPeriod,
    Severity,
    Size,
    Status,
    TableMemory,
    item_key,
)
from tests.support.times import DAY, HOUR, at

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.lakes import HttpLake

NOW = at("2026-11-23 06:30")
PARTS = ("answers", "first_seen", "past_periods", "sizes", "layout", "schema", "combinations")


def memory(name: str, regions: int, days: int, answers: int = 20) -> TableMemory:
    """What is remembered of a daily table of many regions, each of which is seen once a day."""
    labels = [f"2026-{1 + day // 28:02d}-{1 + day % 28:02d}" for day in range(days)]
    keys = [item_key(label, (("region", f"region-{n:03d}"),)) for label in labels for n in range(regions)]
    return TableMemory(
        first_period_at=NOW - 300 * DAY,
        first_seen={key: NOW - number // regions * DAY for number, key in enumerate(keys)},
        layout={"kind": "stated", "keys": ["dt"], "formats": ["%Y-%m-%d"]},
        combinations={(("region", f"region-{n:03d}"),): NOW - n * DAY for n in range(regions)},
        past_periods={
            key: PastPeriod(NOW - number // regions * DAY, on_time=bool(number % 9))
            for number, key in enumerate(keys)
        },
        sizes={label: Size(1000, 3) for label in labels},
        schema=(Column("id", "bigint"),),
        answers={
            f"s3://lake/{name}/dt={label}/": Answer(
                period=label, seen_at=NOW, listing=Listing(objects=1, size_bytes=5, newest_at=NOW)
            )
            for label in labels[:answers]
        },
    )


def told(table: str, items: int = 0, severity: Severity | None = Severity.CRITICAL) -> Told:
    return Told(
        table=table,
        check="partitions",
        status=Status.FAIL if severity else Status.UNKNOWN,
        because=f"{table} has no data.",
        since=NOW,
        told_at=NOW,
        severity=severity,
        items={
            f"2026-11-22/region=region-{number:03d}": ItemTold(
                state=ItemState.MISSING, severity=severity, since=NOW, told_at=NOW
            )
            for number in range(items)
        },
    )


def fleet(tables: int, regions: int, days: int) -> State:
    names = [f"sales.table_{number:03d}" for number in range(tables)]
    return State(
        name="prod",
        config_at="/checks.yml",
        run_id="r",
        last_completed_at=NOW,
        told={one.id: one for one in (told(name, regions) for name in names)},
        tables={
            name: TableRecord(matched_by="sales.*", by_glob=True, memory=memory(name, regions, days))
            for name in names
        },
        events={"e-1": NOW},
    )


SMALL = fleet(4, 3, 10)


def sizes_left(state: State) -> dict[str, int]:
    return {
        part: sum(len(getattr(record.memory, part) or ()) for record in state.tables.values())
        for part in PARTS
    }


def test_a_state_that_fits_is_written_whole() -> None:
    size = len(to_text(SMALL).encode())
    written = bounded(SMALL, size)
    assert written.state == from_text(written.content) == SMALL
    assert say(written.state.left_out) == ""
    assert bounded(SMALL, size - 1).state.left_out


def test_what_costs_least_to_lose_goes_first() -> None:
    room = len(to_text(SMALL).encode())
    lost: list[str] = []
    before = sizes_left(SMALL)
    while room > 0:
        written = bounded(SMALL, room)
        left = sizes_left(written.state)
        lost += [part for part in PARTS if left[part] < before[part] and part not in lost]
        whole = [part for part in PARTS if left[part] == before[part]]
        if written.state.tables != SMALL.tables:  # what was told goes last
            assert written.state.told == SMALL.told or not written.state.tables
        assert not set(whole) & set(lost)
        room -= 200
    assert lost == list(PARTS)


@given(st.integers(5000, 40_000))
def test_it_fits_whatever_the_room_is_and_can_be_read(room: int) -> None:
    written = bounded(SMALL, room)
    assert len(written.content) <= max(room, 5000)
    assert from_text(written.content) == written.state
    assert bool(say(written.state.left_out)) is (written.state != SMALL)


def test_what_was_told_goes_only_when_nothing_else_is_left_the_least_severe_first() -> None:
    silenced = replace(told("a.silenced"), silenced=True)
    all_told = (
        silenced,
        told("a.unknown", severity=None),
        told("a.warning", severity=Severity.WARNING),
        replace(told("a.critical_of_before"), told_at=NOW - DAY),
        told("a.critical"),
    )
    state = State(told={one.id: one for one in all_told})
    order: list[str] = []
    for room in range(len(to_text(state)) + 4096, 0, -50):
        kept = bounded(state, room).state.told
        order += [one.table for one in all_told if one.id not in kept and one.table not in order]
    assert order == [one.table for one in all_told]
    last = bounded(state, 10).state.left_out
    assert last == ("of 5 findings, that they were told (they are told again)",)


@pytest.mark.slow
def test_a_fleet_of_585_tables_of_50_regions_is_written_and_read_again(tmp_path: Path) -> None:
    state = fleet(585, 50, 30)
    assert len(to_text(state)) > STATE_ROOM
    history = open_history(str(tmp_path), "prod")
    begun = time.process_time()
    saved = update(history, lambda _: state)
    assert time.process_time() - begun < 60  # some 10 s on a slow machine: a Lambda has time for it
    assert saved is not None
    assert Path(tmp_path, "states/prod.json").stat().st_size <= STATE_ROOM
    read, _ = history.load()
    assert read == saved
    assert read.told == state.told
    assert read.events == state.events
    assert {len(record.memory.combinations) for record in read.tables.values()} == {50}
    assert say(read.left_out).startswith(
        "The history's document was over its bound of 48 MiB, so that was left out: of 585 tables, what was seen of "
        "single partitions (they are listed again); of "
    )


@pytest.fixture
def small_room(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    return lambda room: monkeypatch.setattr(remembered, "STATE_ROOM", room)


def test_what_was_left_out_is_told_to_the_operator_and_in_the_next_report(
    lake: HttpLake, small_room: Callable[[int], None]
) -> None:
    for number in range(30):
        lake.table(f"web.clicks_{number:02d}")
    config = load({"version": 1, "name": "prod", "tables": [{"table": "web.*"}]}, environ={})
    small_room(8000)
    first = monitor.run(config, monitor.Request(now=NOW), os.environ)
    (complaint,) = first.complaints
    assert "was left out: of " in complaint
    assert first.delivered
    small_room(STATE_ROOM)
    second = monitor.run(config, monitor.Request(now=NOW + HOUR), os.environ)
    assert complaint in second.report.notes
    third = monitor.run(config, monitor.Request(now=NOW + 2 * HOUR), os.environ)
    assert (third.complaints, third.report.notes) == ((), ())


def test_what_routes_were_told_otherwise_goes_before_what_was_told() -> None:
    told = {
        one.id: one
        for one in (
            Told(
                table=f"a.t{number}",
                check="freshness",
                status=Status.FAIL,
                because="x" * 100,
                since=NOW,
                told_at=NOW,
                severity=Severity.CRITICAL,
            )
            for number in range(20)
        )
    }
    routes = {
        "topic {}": RouteTold(told=dict.fromkeys(told)),
        "webhook {}": RouteTold(told=dict(told)),
    }
    state = State(told=told, routes=routes)
    whole = len(to_text(state).encode())
    assert bounded(state, whole).state == state
    less = bounded(state, whole - 1)
    assert (set(less.state.routes), len(less.state.told)) == ({"topic {}"}, 20)
    assert less.state.left_out == ("of 1 route, what they still have to be told",)
    assert len(less.content) <= whole - 1
    assert from_text(less.content) == less.state


def test_a_document_without_routes_and_counts_is_read_as_it_was() -> None:
    item = ItemTold(state=ItemState.MISSING, severity=Severity.CRITICAL, since=NOW, told_at=NOW)
    told = Told(
        table="a.b",
        check="partitions",
        status=Status.FAIL,
        because="x",
        since=NOW,
        told_at=NOW,
        severity=Severity.CRITICAL,
        items={"2026-11-22": item},
    )
    text = to_text(State(told={told.id: told}))
    for added in ("routes", "well", "untold"):
        assert added not in text  # so it is what was written before there were any
    read = from_text(text)
    assert read.routes == {}
    assert read.as_told_to("topic {}") == read
    assert read.told[told.id].items["2026-11-22"].well.runs == 0
