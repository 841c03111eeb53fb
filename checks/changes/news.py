"""How the findings of a run differ from what was last delivered."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from checks.changes.hidden import AS_ONE, hosts_of, is_joined, was_told_within
from checks.changes.marked import unreminded
from checks.model import CONFIG_CHECK, Change, Finding, Item, ItemState, Reason, Severity, Status

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import datetime

    from checks.changes.state import State, Told, Well

NEWS = frozenset(Reason) - {Reason.ONGOING}
"""The reasons that somebody is to be told of."""
OVER = frozenset({Reason.RESOLVED, Reason.EXPIRED, Reason.NO_LONGER_WATCHED})
"""The reasons that end a trouble."""
_REASON_RANK = {reason: rank for rank, reason in enumerate(Reason)}
_SEVERITY_RANK = {None: 0, Severity.WARNING: 1, Severity.CRITICAL: 2}
_REMINDER_SLACK = timedelta(minutes=10)
"""A daily run that starts some minutes earlier than yesterday's still reminds."""


@dataclass(frozen=True, slots=True)
class _Pace:
    """The run's time, after how long it reminds, and how many runs in a row have to be well for a recovery."""

    now: datetime
    remind_after: timedelta
    resolve_after: int

    def is_over(self, well: Well) -> bool:
        """Tell whether this run, which is well, makes a recovery of it."""
        return well.again(self.now).runs >= self.resolve_after

    def still(self, told_at: datetime) -> Reason:
        """Return how what goes on is told: a reminder, where it is time for one."""
        return Reason.REMINDER if self.now - told_at >= self.remind_after else Reason.ONGOING


def changes(
    state: State,
    findings: Iterable[Finding],
    now: datetime,
    remind_every: timedelta,
    watched: Collection[str] | None = None,
    resolve_after: int = 1,
) -> tuple[Change, ...]:
    """Say how the findings differ from what was last delivered; news first, then by table.

    ``watched`` holds the ids of all tables that the config watches, also of those that this run did
    not look at (and may hold ids of findings that were planned and are absent). What was told of other
    tables is no longer watched. None: tables without findings were not looked at, and nothing is said.
    A trouble is over once ``resolve_after`` runs in a row saw it well; until then nothing is said of it.
    """
    found = tuple(findings)
    pace = _Pace(now, remind_every - min(_REMINDER_SLACK, remind_every / 10), resolve_after)
    parties = was_told_within(state)
    result: list[Change] = []
    for finding in found:
        of_it = _of_finding(state.told.get(finding.id), finding, pace)
        if is_joined(finding, parties.get(finding.id, ()), state):
            of_it = [_reminding(change) for change in of_it]
        result += unreminded(finding, of_it)
    by_table: dict[str, list[Finding]] = {}
    for finding in found:
        by_table.setdefault(finding.table, []).append(finding)
    seen = {finding.id for finding in found}
    for told in state.told.values():
        if told.id not in seen and told.was_any_told:
            result += _of_absent(told, _findings_on(told.table, by_table), watched)
    if parties:
        result = [_with_all(change, parties) for change in result]
    return tuple(sorted(result, key=_order))


def _reminding(change: Change) -> Change:
    """Return what goes on as a reminder: somebody is concerned who was told nothing of it yet."""
    is_ongoing = change.reason is Reason.ONGOING and change.status is Status.FAIL
    return replace(change, reason=Reason.REMINDER) if is_ongoing else change


def _with_all(change: Change, parties: Mapping[str, tuple[tuple[str, str | None], ...]]) -> Change:
    """Return the end of a trouble with the tables that were told within it."""
    also = parties.get(change.finding_id, ()) if change.reason in OVER else ()
    return replace(change, also=also) if also else change


def _findings_on(table: str, by_table: Mapping[str, list[Finding]]) -> list[Finding]:
    """Return the findings on a table, or on the tables that a glob speaks of that was told as one."""
    if table in by_table or not set("*?") & set(table):
        return by_table.get(table, [])
    return [finding for name, found in by_table.items() if fnmatchcase(name, table) for finding in found]


def _order(change: Change) -> tuple[int, int, str, str, str]:
    return (
        _REASON_RANK[change.reason],
        -_SEVERITY_RANK[change.severity],
        change.table,
        change.check,
        change.item or "",
    )


def _of_finding(told: Told | None, finding: Finding, pace: _Pace) -> list[Change]:
    if finding.silenced is not None:
        return []
    if finding.status is Status.UNKNOWN:
        return [_unchecked(told, finding, pace)]
    if finding.status is Status.PASS:
        return [] if told is None or told.silenced else _over(told, finding, pace)
    bad = [item for item in finding.items if item.state.is_bad and not item.marked]
    hidden = hosts_of(finding)
    if not bad:
        return [] if hidden else [_failing(told, finding, pace)]
    failing = [_item_failing(told, finding, item, pace) for item in bad if item.key not in hidden]
    return failing + ([] if told is None or told.silenced else _over(told, finding, pace))


def _unchecked(told: Told | None, finding: Finding, pace: _Pace) -> Change:
    was_failing = told is not None and told.status is Status.FAIL and not told.silenced
    if told is None or told.silenced or (was_failing and not told.unchecked):
        reason = Reason.NEW
    else:
        reason = pace.still(told.told_at)
    since = told.since if told is not None else pace.now
    return _change(finding, reason, since, before=told.because if told is not None and was_failing else "")


def _failing(told: Told | None, finding: Finding, pace: _Pace) -> Change:
    if told is None or told.status is not Status.FAIL:
        return _change(finding, Reason.NEW, pace.now)
    if told.silenced or AS_ONE in told.within or not told.was_any_told:
        return _change(finding, Reason.NEW, told.since)
    if _SEVERITY_RANK[finding.told_severity] > _SEVERITY_RANK[told.severity]:
        return _change(finding, Reason.ESCALATED, told.since)
    return _change(finding, pace.still(told.told_at), told.since)


def _item_failing(told: Told | None, finding: Finding, item: Item, pace: _Pace) -> Change:
    before = told.items.get(item.key) if told is not None else None
    if told is None or before is None:
        return _change(finding, Reason.NEW, pace.now, item=item.key)
    if told.silenced or item.key in told.within:
        return _change(finding, Reason.NEW, before.since, item=item.key)
    if _SEVERITY_RANK[finding.told_severity] > _SEVERITY_RANK[before.severity]:
        return _change(finding, Reason.ESCALATED, before.since, item=item.key)
    return _change(finding, pace.still(before.told_at), before.since, item=item.key)


def _over(told: Told, finding: Finding, pace: _Pace) -> list[Change]:
    """Say what became of the troubles that are not bad now: resolved, expired, or not known."""
    if not told.items:
        if finding.status is not Status.PASS or not told.was_told() or not pace.is_over(told.well):
            return []
        return [_change(finding, Reason.RESOLVED, told.since, before=told.because)]
    items = {item.key: item for item in finding.items}
    result = []
    for key, before in told.items.items():
        item = items.get(key)
        if not told.was_told(key):  # whoever told it tells its end
            continue
        if item is None and before.well.runs:  # it was mended when it was last seen
            result.append(_change(finding, Reason.RESOLVED, before.since, item=key, before=told.because))
        elif item is None:
            gone = _change(finding, Reason.EXPIRED, before.since, item=key, before=told.because)
            result.append(replace(gone, note=finding.note if before.state is ItemState.GONE else ""))
        elif item.state is ItemState.UNKNOWN:
            still = pace.still(before.told_at)
            change = _change(finding, still, before.since, item=key, before=told.because)
            result.append(replace(change, status=Status.UNKNOWN, severity=None))
        elif (not item.state.is_bad or finding.status is Status.PASS) and pace.is_over(before.well):
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
        several = "Its tables are" if set("*?") & set(told.table) else "The table is"
        return [replace(back, because=f"{several} back in the catalog and checked.")]
    if told.check == CONFIG_CHECK and watched is not None:
        back = replace(_gone(told, Reason.RESOLVED), status=Status.PASS, before=told.because)
        return [replace(back, because="The config is read again, and the run went by it.")]
    not_looked_at = watched is None and not of_table
    planned = watched is not None and (told.id in watched or (told.table in watched and not of_table))
    return [] if not_looked_at or planned else [_gone(told, Reason.NO_LONGER_WATCHED)]


def _change(
    finding: Finding, reason: Reason, since: datetime, *, item: str | None = None, before: str = ""
) -> Change:
    return Change(
        table=finding.table,
        check=finding.check,
        reason=reason,
        status=finding.status,
        because=finding.because,
        severity=finding.told_severity,
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
        over=tuple(told.items),
    )
