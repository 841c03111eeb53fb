"""What was last delivered and what earlier runs remember, as values."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from checks.model import ItemState, Severity, Status, TableMemory

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

_EVENTS_KEPT = timedelta(days=7)
"""An event may be delivered again for a day at most: an older one is refused."""
_MOST_EVENTS = 1000


@dataclass(frozen=True, slots=True)
class Well:
    """In how many runs in a row something was seen to be well since it was told, the last of them at ``at``."""

    runs: int = 0
    at: datetime | None = None

    def again(self, now: datetime) -> Well:
        """Return it with the run at ``now``, which counts once however often it is tried."""
        return self if self.at is not None and now <= self.at else Well(self.runs + 1, now)


NOT_WELL = Well()


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemTold:
    """A bad item as it was last told: since when it is known and when it was last spoken of.

    ``well`` counts the runs that saw it mended and did not tell so yet.
    """

    state: ItemState
    severity: Severity | None
    since: datetime
    told_at: datetime
    well: Well = NOT_WELL


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A finding that was not well when it was last told.

    ``since`` is when its trouble was first reported, ``because`` the sentence of that trouble.
    ``unchecked``: it was told as failing, and then that it could no longer be checked. ``items`` holds
    its bad items by `Item.key`; it is empty when the finding was told as one thing. ``within`` has what was not told by
    itself but within another finding: the id of that one by the key of the item, empty for the finding as one.
    ``told_alone`` are those of these that had been told by themselves before. ``well`` counts the runs that saw it
    pass, as one thing, and did not tell so yet.
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
    well: Well = NOT_WELL

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
class RouteTold:
    """Where what a route was told differs from what the whole report told.

    ``told`` goes by finding id: what the route was told last, None where it was told nothing. ``full_report`` is True
    where ``last_full_report_on`` is another day than that of the whole report.
    """

    told: Mapping[str, Told | None] = field(default_factory=dict)
    full_report: bool = False
    last_full_report_on: date | None = None

    @property
    def is_like_the_whole(self) -> bool:
        """True when there is nothing to be remembered of the route."""
        return not self.told and not self.full_report


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What was last delivered, and what earlier runs remember of the tables.

    ``name`` is that of the config that it belongs to, ``config_at`` where that config lay, empty where it is not known.
    ``last_completed_at`` is the ``now`` of the last run that was completed and delivered;
    ``last_full_report_on`` the local date of the last whole report; ``run_id`` the run that wrote it.
    ``told`` goes by finding id, ``tables`` by table id; ``events`` tells when those that were reported were.
    ``told`` is what the whole report told; ``routes`` holds, by their keys, those that were told something else.
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
    routes: Mapping[str, RouteTold] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()

    @property
    def is_first_run(self) -> bool:
        """True when no run was completed before."""
        return self.last_completed_at is None

    def as_told_to(self, route: str) -> State:
        """Return the state as that of a route (by its key): what *it* was told, and its last whole report."""
        own = self.routes.get(route)
        if own is None:
            return self
        told = {**self.told, **own.told}
        return replace(
            self,
            told={key: one for key, one in told.items() if one is not None},
            last_full_report_on=own.last_full_report_on if own.full_report else self.last_full_report_on,
        )


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
        told={key: told for key, told in state.told.items() if _is_kept(told, tables)},
        routes={
            route: replace(own, told={key: one for key, one in own.told.items() if _is_kept(one, tables)})
            for route, own in state.routes.items()
        },
    )


def _is_kept(told: Told | None, tables: Mapping[str, TableRecord]) -> bool:
    return told is None or told.was_any_told or told.table in tables


def finish(state: State, event_id: str, at: datetime) -> State:
    """Mark an event as reported ``at`` that time of the clock, so that it is never reported again (for seven days)."""
    recent = {key: done for key, done in state.events.items() if at - done <= _EVENTS_KEPT}
    newest = sorted(recent, key=lambda key: recent[key])[-_MOST_EVENTS:]
    return replace(state, events={**{key: recent[key] for key in newest}, event_id: at})


def differing(before: RouteTold, whole: State, own: State, concerned: Collection[str]) -> RouteTold:
    """Return where a route's own state differs from that of the whole report, of findings that concern it.

    What it was told otherwise ``before`` stays, also of findings that do not concern it now, until it is alike.
    """
    told = {
        key: own.told.get(key)
        for key in sorted({*before.told, *concerned})
        if own.told.get(key) != whole.told.get(key)
    }
    full_report = own.last_full_report_on != whole.last_full_report_on
    return RouteTold(
        told=told,
        full_report=full_report,
        last_full_report_on=own.last_full_report_on if full_report else None,
    )
