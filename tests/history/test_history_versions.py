"""Documents of state of version 1, as that version wrote them: read, taken over, told where they cannot be read."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from checks import monitor
from checks.changes import State
from checks.config import load
from checks.history import base, open_history, update
from checks.history.document import from_text, to_text
from checks.model import (
    Answer,
    Column,
    Format,
    ItemState,
    Listing,
    LogSeen,
    LogsKnown,
    PastPeriod,
    Severity,
    Size,
    Status,
)
from tests.support.times import DAY, HOUR, at

if TYPE_CHECKING:
    from tests.support.lakes import HttpLake

DOCUMENT = Path(__file__).parent / "data" / "state_version_1.json"
NOW = at("2026-11-23 06:30")


def put_old(folder: Path, **changed: Any) -> bytes:
    """Leave the document of version 1 in a folder, with some fields changed."""
    content = json.dumps({**json.loads(DOCUMENT.read_bytes()), **changed}).encode()
    folder.mkdir(exist_ok=True)
    (folder / "state.json").write_bytes(content)
    return content


def test_a_document_of_version_1_is_read_whole() -> None:
    state = from_text(DOCUMENT.read_bytes())
    assert (state.name, state.config_at, state.run_id) == ("prod", "", "e-1")
    assert (state.last_completed_at, state.last_full_report_on) == (NOW, NOW.date())
    assert state.events == {"e-1": NOW}  # e-2 was taken, and never reported
    assert len(state.told) == 11
    orders = state.told["sales.orders|partitions"]
    assert (orders.status, orders.severity, orders.owner) == (Status.FAIL, Severity.CRITICAL, "finance-data")
    assert {key: (item.state, item.since) for key, item in orders.items.items()} == {
        "2026-11-21": (ItemState.MISSING, NOW),
        "2026-11-22": (ItemState.MISSING, NOW),
    }
    record = state.tables["sales.orders"]
    assert (record.matched_by, record.by_glob) == ("sales.*", True)
    memory = record.memory
    assert memory.first_period_at == NOW - 300 * DAY
    assert memory.first_seen == {
        "2026-11-22": NOW - 2 * HOUR,
        "2026-11-21": NOW - 26 * HOUR,
        "2026-11-22/region=eu": NOW - 2 * HOUR,
    }
    assert memory.layout == {"kind": "stated", "keys": ["dt"], "formats": ["%Y-%m-%d"]}
    assert memory.combinations == {
        (("region", "eu"),): NOW - 300 * DAY,
        (("region", "us"),): NOW - 30 * DAY,
    }
    assert memory.past_periods == {
        "2026-11-22/region=eu": PastPeriod(NOW - HOUR, on_time=True),
        "2026-11-21/region=eu": PastPeriod(NOW - 25 * HOUR, on_time=False),
    }
    assert memory.sizes == {"2026-11-22": Size(1000, 3), "2026-11-21": Size(900, 2, 12)}
    assert memory.schema == (Column("id", "bigint"), Column("dt", "string"))
    place = "s3://lake/sales/orders/dt=2026-11-20/"
    assert memory.answers == {
        place: Answer(
            period="2026-11-20",
            seen_at=NOW - 50 * HOUR,
            listing=Listing(
                objects=2,
                size_bytes=10,
                newest_at=NOW - 60 * HOUR,
                newest_key=f"{place}a.parquet",
                oldest_at=NOW - 61 * HOUR,
            ),
            values=("2026-11-20",),
            registered=True,
            created_at=NOW - 60 * HOUR,
        )
    }
    assert from_text(to_text(state)) == state


def test_logs_at_prefixes_are_remembered() -> None:
    state = from_text(DOCUMENT.read_bytes())
    ((table, record), *_) = state.tables.items()
    assert record.memory.logs is None
    assert '"logs"' not in to_text(state)
    for logs in (
        LogsKnown(seen_at=NOW),
        LogsKnown(seen_at=NOW, format=Format.HUDI),
        LogsKnown(seen_at=NOW, below=(LogSeen("s3://lake/in/a/", Format.DELTA),)),
    ):
        known = replace(state, tables={table: replace(record, memory=replace(record.memory, logs=logs))})
        assert from_text(to_text(known)) == known


def test_it_is_taken_over_at_the_first_write_and_stays_where_it_is(tmp_path: Path) -> None:
    content = put_old(tmp_path)
    history = open_history(str(tmp_path), "prod")
    assert history.load() == (from_text(DOCUMENT.read_bytes()), "")
    update(history, lambda state: replace(state, run_id="e-3"))
    assert history.load()[0].run_id == "e-3"
    assert (tmp_path / "state.json").read_bytes() == content
    assert json.loads((tmp_path / "states/prod.json").read_bytes())["version"] == 2


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("told", [{"table": "a"}]),
        ("told", 5),
        ("tables", {"a.b": 5}),
        ("tables", {"a.b": {"first_seen": []}}),
        ("events", {"e": {"leased_until": "2026-11-23T06:30:00+00:00"}}),
        ("events", []),
        ("name", 5),
    ],
)
def test_a_wrong_field_is_refused_with_a_reason(field: str, value: Any) -> None:
    with pytest.raises(ValueError, match=r"^a field is absent or wrong: "):
        from_text(json.dumps({**json.loads(DOCUMENT.read_bytes()), field: value}))


# Runs over a history that version 1 left.


def run(lake: HttpLake, name: str | None = "prod", table: str = "web.clicks", now: Any = NOW + DAY) -> Any:
    named = {"name": name} if name else {}
    config = load(
        {"version": 1, **named, "tables": [{"table": table, "freshness": {"max_age": "24h"}}]}, environ={}
    )
    return monitor.run(config, monitor.Request(now=now), os.environ)


@pytest.fixture
def clicks(lake: HttpLake) -> HttpLake:
    """A table that version 1 told of as failing since the day before, and that still fails."""
    lake.put(f"{lake.table('web.clicks').location}a.parquet", NOW - 3 * DAY)
    return lake


@pytest.mark.parametrize(
    ("changed", "name"),
    [({}, "prod"), ({"name": ""}, None), ({"name": ""}, "prod"), ({"tables": {}, "told": []}, "prod")],
)
def test_what_was_told_goes_on_under_the_name_of_the_config(
    clicks: HttpLake, changed: dict[str, Any], name: str | None
) -> None:
    put_old(Path(".checks"), **changed)
    report = run(clicks, name).report
    assert not report.first_run
    (told,) = (change.reason.value for change in report.changes if change.table == "web.clicks")
    assert told == ("new" if "told" in changed else "escalated")
    (kept,) = Path(".checks/states").iterdir()
    assert json.loads(kept.read_bytes())["name"] == (name or "config")


@pytest.mark.parametrize(
    ("changed", "name", "table"),
    [
        ({"name": "other"}, "prod", "web.clicks"),  # the last that wrote it was another config
        ({"name": ""}, None, "crm.leads"),  # two configs without a name, with no table in common
    ],
)
def test_what_another_config_left_is_not_taken(
    clicks: HttpLake, changed: dict[str, Any], name: str | None, table: str
) -> None:
    clicks.table("crm.leads")
    content = put_old(Path(".checks"), **changed)
    report = run(clicks, name, table).report
    assert report.first_run
    assert {change.reason.value for change in report.changes} == {"new"}
    assert Path(".checks/state.json").read_bytes() == content
    again = run(clicks, name, table, NOW + DAY + HOUR).report
    assert not again.first_run


def test_one_that_cannot_be_read_is_told_once_and_left_where_it_is(
    clicks: HttpLake, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = put_old(Path(".checks"))
    monkeypatch.setattr(base, "DOCUMENT_LONGEST", len(content) - 1)
    (note,) = run(clicks).report.notes
    assert note == (
        "What was known of earlier runs could not be read (it is larger than any history is), and was set aside as "
        ".checks/state.json: a first run."
    )
    assert Path(".checks/state.json").read_bytes() == content
    again = run(clicks, now=NOW + DAY + timedelta(hours=1)).report
    assert (again.notes, again.first_run) == ((), False)


def test_a_state_of_nothing_is_read() -> None:
    old = json.loads(DOCUMENT.read_bytes())
    empty = {**old, "name": "", "run_id": "", "last_completed_at": None, "last_full_report_on": None}
    assert from_text(json.dumps({**empty, "told": [], "tables": {}, "events": {}})) == State()
