"""What is news: how the findings of a run differ from what was last delivered.

Pure: values in, values out. The state that is remembered is what was last *delivered*, never what was
last seen, so that news that could not be sent is news again the next time. The rules:

- A failing finding is told item by item where it has bad items, else as one thing.
- ``unknown`` resolves nothing. A failure that can no longer be checked stays in the state as a
  failure, and is told as unchecked once (`NEW`), then as `ONGOING`. An unknown finding that turns out
  to fail is a new failure.
- A bad item that is not among the items of its finding any more left the lookback unfilled: `EXPIRED`.
- Silenced findings yield no news and stay in the state; one that still fails when its silence ends is
  `NEW`, since its trouble was first seen.
- A finding that stands for its whole table (gone from the catalog) shadows what was told of the table.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from checks.model import Change, Finding, Item, ItemState, Reason, Severity, Status, TableMemory

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

NEWS = frozenset(Reason) - {Reason.ONGOING}
"""The reasons that somebody is to be told of."""
OVER = frozenset({Reason.RESOLVED, Reason.EXPIRED, Reason.NO_LONGER_WATCHED})
"""The reasons that end a trouble."""
_REASON_RANK = {reason: rank for rank, reason in enumerate(Reason)}
_SEVERITY_RANK = {None: 0, Severity.WARNING: 1, Severity.CRITICAL: 2}
_REMINDER_SLACK = timedelta(minutes=10)
"""A daily run that starts some minutes earlier than yesterday's still reminds."""
_EVENTS_KEPT = timedelta(days=7)


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
    its bad items by `Item.key`; it is empty when the finding was told as one thing.
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

    @property
    def id(self) -> str:
        """The id of the finding."""
        return f"{self.table}|{self.check}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRecord:
    """What is remembered of a watched table, and which entry of the config it was watched by."""

    matched_by: str = ""
    by_glob: bool = False
    memory: TableMemory = field(default_factory=TableMemory)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """An event that asked for a run: taken until ``leased_until``, reported at ``done_at``."""

    leased_until: datetime
    done_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What was last delivered, and what earlier runs remember of the tables.

    ``last_completed_at`` is the ``now`` of the last run that was completed and delivered;
    ``last_full_report_on`` the local date of the last whole report; ``run_id`` the run that wrote it.
    ``told`` goes by finding id, ``tables`` by table id, ``events`` by event id.
    """

    name: str = ""
    run_id: str = ""
    last_completed_at: datetime | None = None
    last_full_report_on: date | None = None
    told: Mapping[str, Told] = field(default_factory=dict)
    tables: Mapping[str, TableRecord] = field(default_factory=dict)
    events: Mapping[str, Event] = field(default_factory=dict)

    @property
    def is_first_run(self) -> bool:
        """True when no run was completed before."""
        return self.last_completed_at is None


def changes(
    state: State,
    findings: Iterable[Finding],
    now: datetime,
    remind_every: timedelta,
    watched: Collection[str] | None = None,
) -> tuple[Change, ...]:
    """Say how the findings differ from what was last delivered; news first, then by table.

    ``watched`` holds the ids of all tables that the config watches, also of those that this run did
    not look at (and may hold ids of findings that were planned and are absent). What was told of other
    tables is no longer watched. None: tables without findings were not looked at, and nothing is said.
    """
    found = tuple(findings)
    remind_after = remind_every - min(_REMINDER_SLACK, remind_every / 10)
    result: list[Change] = []
    for finding in found:
        result += _of_finding(state.told.get(finding.id), finding, now, remind_after)
    by_table: dict[str, list[Finding]] = {}
    for finding in found:
        by_table.setdefault(finding.table, []).append(finding)
    seen = {finding.id for finding in found}
    for told in state.told.values():
        if told.id not in seen and not told.silenced:
            result += _of_absent(told, by_table.get(told.table, []), watched)
    return tuple(sorted(result, key=_order))


def advance(
    state: State,
    findings: Iterable[Finding],
    news: Iterable[Change],
    now: datetime,
    delivered: Collection[Change],
) -> State:
    """Return the state after ``delivered``, those of the changes ``news`` that reached somebody.

    What was not delivered leaves its finding as it was told before, so it is news again. Silenced
    findings move without a delivery, since there is nothing to tell.
    """
    arrived = frozenset(delivered)
    by_finding: dict[str, list[Change]] = {}
    for change in news:
        if change in arrived:
            by_finding.setdefault(change.finding_id, []).append(change)
    told: dict[str, Told] = dict(state.told)
    seen: set[str] = set()
    for finding in findings:
        seen.add(finding.id)
        after = _told_after(told.get(finding.id), finding, by_finding.get(finding.id, []), now)
        if after is None:
            told.pop(finding.id, None)
        else:
            told[finding.id] = after
    for finding_id in by_finding.keys() - seen:
        told.pop(finding_id, None)
    return replace(state, told=told)


def complete(  # noqa: PLR0913 - the facts of one run, all named
    state: State,
    *,
    now: datetime,
    run_id: str,
    name: str,
    tables: Mapping[str, TableRecord],
    full_report_on: date | None = None,
) -> State:
    """Return the state after a whole run at ``now``: every watched table is in ``tables``.

    Silenced findings of tables that are watched no more are forgotten. ``full_report_on`` is the local
    date of the whole report that was delivered, None when only news or nothing was. Call it only for
    runs whose report was delivered, since the lookback of the next run reaches back to ``now``.
    """
    return replace(
        state,
        name=name,
        run_id=run_id,
        last_completed_at=max(now, state.last_completed_at or now),
        last_full_report_on=full_report_on or state.last_full_report_on,
        tables=dict(tables),
        told={key: told for key, told in state.told.items() if not told.silenced or told.table in tables},
    )


def claim(state: State, event_id: str, now: datetime, lease: timedelta) -> State | None:
    """Take an event for ``lease``; None when it is taken by another run or was reported already."""
    event = state.events.get(event_id)
    if event is not None and (event.done_at is not None or now < event.leased_until):
        return None
    return replace(state, events={**_recent(state, now), event_id: Event(leased_until=now + lease)})


def finish(state: State, event_id: str, now: datetime) -> State:
    """Mark an event as reported, so that it is never reported again (within seven days)."""
    return replace(state, events={**_recent(state, now), event_id: Event(leased_until=now, done_at=now)})


def _recent(state: State, now: datetime) -> dict[str, Event]:
    return {key: event for key, event in state.events.items() if now - event.leased_until <= _EVENTS_KEPT}


def _order(change: Change) -> tuple[int, int, str, str, str]:
    return (
        _REASON_RANK[change.reason],
        -_SEVERITY_RANK[change.severity],
        change.table,
        change.check,
        change.item or "",
    )


def _of_finding(told: Told | None, finding: Finding, now: datetime, remind_after: timedelta) -> list[Change]:
    if finding.silenced is not None:
        return []
    if finding.status is Status.UNKNOWN:
        return [_unchecked(told, finding, now, remind_after)]
    if finding.status is Status.PASS:
        return [] if told is None or told.silenced else _over(told, finding, now, remind_after)
    bad = [item for item in finding.items if item.state.is_bad]
    if not bad:
        return [_failing(told, finding, now, remind_after)]
    failing = [_item_failing(told, finding, item, now, remind_after) for item in bad]
    return failing + ([] if told is None or told.silenced else _over(told, finding, now, remind_after))


def _unchecked(told: Told | None, finding: Finding, now: datetime, remind_after: timedelta) -> Change:
    was_failing = told is not None and told.status is Status.FAIL
    if told is None or told.silenced or (was_failing and not told.unchecked):
        reason = Reason.NEW
    else:
        reason = _still(told.told_at, now, remind_after)
    since = told.since if told is not None else now
    return _change(finding, reason, since, before=told.because if told is not None and was_failing else "")


def _failing(told: Told | None, finding: Finding, now: datetime, remind_after: timedelta) -> Change:
    if told is None or told.status is not Status.FAIL:
        return _change(finding, Reason.NEW, now)
    if told.silenced:
        return _change(finding, Reason.NEW, told.since)
    if _SEVERITY_RANK[finding.severity] > _SEVERITY_RANK[told.severity]:
        return _change(finding, Reason.ESCALATED, told.since)
    return _change(finding, _still(told.told_at, now, remind_after), told.since)


def _item_failing(
    told: Told | None, finding: Finding, item: Item, now: datetime, remind_after: timedelta
) -> Change:
    before = told.items.get(item.key) if told is not None else None
    if told is None or before is None:
        return _change(finding, Reason.NEW, now, item=item.key)
    if told.silenced:
        return _change(finding, Reason.NEW, before.since, item=item.key)
    if _SEVERITY_RANK[finding.severity] > _SEVERITY_RANK[before.severity]:
        return _change(finding, Reason.ESCALATED, before.since, item=item.key)
    return _change(finding, _still(before.told_at, now, remind_after), before.since, item=item.key)


def _over(told: Told, finding: Finding, now: datetime, remind_after: timedelta) -> list[Change]:
    """Say what became of the troubles that are not bad now: resolved, expired, or not known."""
    if not told.items:
        if finding.status is not Status.PASS:
            return []
        return [_change(finding, Reason.RESOLVED, told.since, before=told.because)]
    items = {item.key: item for item in finding.items}
    result = []
    for key, before in told.items.items():
        item = items.get(key)
        if item is None:
            result.append(_change(finding, Reason.EXPIRED, before.since, item=key, before=told.because))
        elif item.state is ItemState.UNKNOWN:
            still = _still(before.told_at, now, remind_after)
            change = _change(finding, still, before.since, item=key, before=told.because)
            result.append(replace(change, status=Status.UNKNOWN, severity=None))
        elif not item.state.is_bad or finding.status is Status.PASS:
            result.append(_change(finding, Reason.RESOLVED, before.since, item=key, before=told.because))
    return result


def _of_absent(told: Told, of_table: list[Finding], watched: Collection[str] | None) -> list[Change]:
    """Say what is to be said of something that was told and has no finding in this run."""
    if any(finding.whole_table for finding in of_table):
        return []
    if told.whole_table and of_table:
        if all(finding.status is Status.UNKNOWN for finding in of_table):
            return []
        back = replace(_gone(told, Reason.RESOLVED), status=Status.PASS, severity=None, before=told.because)
        return [replace(back, because="The table is back in the catalog and was checked.")]
    not_looked_at = watched is None and not of_table
    planned = watched is not None and (told.id in watched or (told.table in watched and not of_table))
    return [] if not_looked_at or planned else [_gone(told, Reason.NO_LONGER_WATCHED)]


def _still(told_at: datetime, now: datetime, remind_after: timedelta) -> Reason:
    return Reason.REMINDER if now - told_at >= remind_after else Reason.ONGOING


def _change(
    finding: Finding, reason: Reason, since: datetime, *, item: str | None = None, before: str = ""
) -> Change:
    return Change(
        table=finding.table,
        check=finding.check,
        reason=reason,
        status=finding.status,
        because=finding.because,
        severity=finding.severity,
        item=item,
        since=since,
        owner=finding.owner,
        before=before,
    )


def _gone(told: Told, reason: Reason) -> Change:
    return Change(
        table=told.table,
        check=told.check,
        reason=reason,
        status=told.status,
        because=told.because,
        severity=told.severity,
        since=told.since,
        owner=told.owner,
    )


def _told_after(old: Told | None, finding: Finding, arrived: list[Change], now: datetime) -> Told | None:
    if finding.status is Status.PASS and (finding.silenced is not None or (old is not None and old.silenced)):
        return None
    if finding.silenced is not None:
        return _told_silently(old, finding, now)
    if not arrived:
        return old
    if finding.status is Status.UNKNOWN:
        return _told_unknown(old, finding, arrived[0].since or now, now)
    return _told_as_it_is(old, finding, arrived, now)


def _told_as_it_is(old: Told | None, finding: Finding, arrived: list[Change], now: datetime) -> Told | None:
    """Return what is remembered of a finding that passes or fails, None when nothing is."""
    items = _items_after(old, finding, arrived, now)
    if finding.status is Status.PASS:
        return replace(old, items=items) if old is not None and items else None
    as_one = [change.since or now for change in arrived if change.item is None]
    if not items and not as_one:
        return None
    before = [old.since] if old is not None and old.status is Status.FAIL and not old.silenced else []
    since = min([*before, *as_one, *(item.since for item in items.values())])
    return _told_failing(finding, since, now, items)


def _items_after(
    old: Told | None, finding: Finding, arrived: list[Change], now: datetime
) -> dict[str, ItemTold]:
    # What was silenced was never told: its items that were not delivered must stay news.
    items = {} if old is None or old.silenced else dict(old.items)
    states = {item.key: item.state for item in finding.items}
    for change in arrived:
        if change.item is None:
            continue
        if change.reason in OVER:
            items.pop(change.item, None)
        elif change.status is Status.UNKNOWN:
            if change.item in items:  # another run may have closed it in between
                items[change.item] = replace(items[change.item], told_at=now)
        else:
            items[change.item] = ItemTold(
                state=states[change.item],
                severity=change.severity,
                since=change.since or now,
                told_at=now,
            )
    return items


def _told_failing(finding: Finding, since: datetime, now: datetime, items: Mapping[str, ItemTold]) -> Told:
    return Told(
        table=finding.table,
        check=finding.check,
        status=Status.FAIL,
        because=finding.because,
        since=since,
        told_at=now,
        severity=finding.severity,
        owner=finding.owner,
        whole_table=finding.whole_table,
        items=items,
    )


def _told_unknown(old: Told | None, finding: Finding, since: datetime, now: datetime) -> Told:
    if old is not None and old.status is Status.FAIL:
        return replace(old, unchecked=True, silenced=False, told_at=now, owner=finding.owner)
    return Told(
        table=finding.table,
        check=finding.check,
        status=Status.UNKNOWN,
        because=finding.because,
        since=since,
        told_at=now,
        owner=finding.owner,
        whole_table=finding.whole_table,
    )


def _told_silently(old: Told | None, finding: Finding, now: datetime) -> Told:
    """Return what is kept of a silenced finding: its trouble and since when, marked as silenced."""
    if finding.status is Status.UNKNOWN:
        if old is not None:
            return replace(old, silenced=True)
        return replace(_told_unknown(None, finding, now, now), silenced=True)
    before = old.items if old is not None else {}
    items = {
        item.key: ItemTold(
            state=item.state,
            severity=finding.severity,
            since=before[item.key].since if item.key in before else now,
            told_at=now,
        )
        for item in finding.items
        if item.state.is_bad
    }
    since = old.since if old is not None and old.status is Status.FAIL else now
    return replace(_told_failing(finding, since, now, items), silenced=True)
