"""What was last delivered and what earlier runs remember, as values."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from checks.model import ItemState, Severity, Status, TableMemory

if TYPE_CHECKING:
    from collections.abc import Mapping

_EVENTS_KEPT = timedelta(days=7)
"""An event may be delivered again for a day at most: an older one is refused."""
_MOST_EVENTS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemTold:
    """A bad item as it was last told: since when it is known and when it was last spoken of."""

    state: ItemState
    severity: Severity | None
    since: datetime
    told_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A finding that was not well when it was last told.

    ``since`` is when its trouble was first reported, ``because`` the sentence of that trouble.
    ``unchecked``: it was told as failing, and then that it could no longer be checked. ``items`` holds
    its bad items by `Item.key`; it is empty when the finding was told as one thing. ``within`` has what was not told by
    itself but within another finding: the id of that one by the key of the item, empty for the finding as one.
    ``told_alone`` are those of these that had been told by themselves before.
    """

    table: str
    check: str
    status: Status
    because: str
    since: datetime
    told_at: datetime
    severity: Severity | None = None
    owner: str | None = None
    silenced: bool = False
    whole_table: bool = False
    unchecked: bool = False
    items: Mapping[str, ItemTold] = field(default_factory=dict)
    within: Mapping[str, str] = field(default_factory=dict)
    told_alone: frozenset[str] = frozenset()

    @property
    def id(self) -> str:
        """The id of the finding."""
        return f"{self.table}|{self.check}"

    def was_told(self, key: str = "") -> bool:
        """Tell whether an item, or the finding as one, was told by itself, so that its end has to be."""
        return not self.silenced and (key not in self.within or key in self.told_alone or self.unchecked)

    @property
    def was_any_told(self) -> bool:
        """True when any of it was told by itself."""
        return any(self.was_told(key) for key in self.items or ("",))


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRecord:
    """What is remembered of a watched table, and which entry of the config it was watched by."""

    matched_by: str = ""
    by_glob: bool = False
    memory: TableMemory = field(default_factory=TableMemory)


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What was last delivered, and what earlier runs remember of the tables.

    ``name`` is that of the config that it belongs to, ``config_at`` where that config lay, empty where it is not known.
    ``last_completed_at`` is the ``now`` of the last run that was completed and delivered;
    ``last_full_report_on`` the local date of the last whole report; ``run_id`` the run that wrote it.
    ``told`` goes by finding id, ``tables`` by table id; ``events`` tells when those that were reported were.
    ``left_out`` says what did not fit into the document.
    """

    name: str = ""
    config_at: str = ""
    run_id: str = ""
    last_completed_at: datetime | None = None
    last_full_report_on: date | None = None
    told: Mapping[str, Told] = field(default_factory=dict)
    tables: Mapping[str, TableRecord] = field(default_factory=dict)
    events: Mapping[str, datetime] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()

    @property
    def is_first_run(self) -> bool:
        """True when no run was completed before."""
        return self.last_completed_at is None


def complete(
    state: State,
    *,
    now: datetime,
    run_id: str,
    name: str,
    config_at: str = "",
    tables: Mapping[str, TableRecord],
    full_report_on: date | None = None,
) -> State:
    """Return the state after a whole run at ``now``: every watched table is in ``tables``.

    Findings of tables that are watched no more are forgotten where they were silenced, or told within others
    alone. ``full_report_on`` is the local
    date of the whole report that was delivered, None when only news or nothing was. Call it only for
    runs whose report was delivered, since the lookback of the next run reaches back to ``now``.
    """
    return replace(
        state,
        name=name,
        config_at=config_at,
        run_id=run_id,
        last_completed_at=max(now, state.last_completed_at or now),
        last_full_report_on=full_report_on or state.last_full_report_on,
        tables=dict(tables),
        told={key: told for key, told in state.told.items() if told.was_any_told or told.table in tables},
    )


def finish(state: State, event_id: str, at: datetime) -> State:
    """Mark an event as reported ``at`` that time of the clock, so that it is never reported again (for seven days)."""
    recent = {key: done for key, done in state.events.items() if at - done <= _EVENTS_KEPT}
    newest = sorted(recent, key=lambda key: recent[key])[-_MOST_EVENTS:]
    return replace(state, events={**{key: recent[key] for key in newest}, event_id: at})
