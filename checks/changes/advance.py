"""What counts as told after a delivery."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from checks.changes.hidden import after_hiding
from checks.changes.news import NEWS, OVER
from checks.changes.state import NOT_WELL, ItemTold, State, Told
from checks.model import Change, Finding, ItemState, Status

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import datetime

    from checks.model import Item


def advance(
    state: State,
    findings: Iterable[Finding],
    news: Iterable[Change],
    now: datetime,
    delivered: Collection[Change],
    only: Collection[str] | None = None,
) -> State:
    """Return the state after ``delivered``, those of the changes ``news`` that reached somebody.

    What was not delivered leaves its finding as it was told before, so it is news again. Silenced
    findings move without a delivery, since there is nothing to tell; what is told within another one moves
    unless there is news of that one that was not delivered, or its end is not told yet. With ``only``, the ids of
    findings, what was told of all others stays as it was.
    """
    arrived = frozenset(delivered)
    pending = {change.finding_id for change in news if change.reason in NEWS and change not in arrived}
    found = tuple(findings)
    by_finding: dict[str, list[Change]] = {}
    over: set[tuple[str, str | None]] = set()
    for change in news:
        if change.reason in OVER:
            over.add((change.finding_id, change.item))
        if change in arrived:
            by_finding.setdefault(change.finding_id, []).append(change)
    ended = {finding_id for finding_id, _ in over}
    pending |= {f.id for f in found if f.status is Status.PASS and f.id in state.told and f.id not in ended}
    told: dict[str, Told] = dict(state.told)
    seen: set[str] = set()
    for finding in found:
        seen.add(finding.id)
        if only is not None and finding.id not in only:
            continue
        old = _counted(told.get(finding.id), finding, over, now)
        after = _told_after(old, finding, by_finding.get(finding.id, []), now, pending)
        if after is None:
            told.pop(finding.id, None)
        else:
            told[finding.id] = after
    gone = by_finding.keys() - seen
    for finding_id in gone if only is None else gone & set(only):
        told.pop(finding_id, None)
    return replace(state, told=told)


def _told_after(
    old: Told | None, finding: Finding, arrived: list[Change], now: datetime, pending: Collection[str]
) -> Told | None:
    if finding.status is Status.PASS and (finding.silenced is not None or (old is not None and old.silenced)):
        return None
    if finding.silenced is not None:  # what outlives the silence is news
        return _told_silently(old, finding, now)
    if not arrived:
        after = old
    elif finding.status is Status.UNKNOWN:
        after = _told_unknown(old, finding, arrived[0].since or now, now)
    else:
        after = _told_as_it_is(old, finding, arrived, now)
    return after_hiding(old, after, finding, arrived, now, pending, _told_failing(finding, now, now, {}))


def _counted(
    old: Told | None, finding: Finding, over: Collection[tuple[str, str | None]], now: datetime
) -> Told | None:
    """Return what was told with the runs counted that saw it mended, where that is not told yet (``over``).

    What cannot be seen changes no count.
    """
    if old is None or old.silenced or finding.status is Status.UNKNOWN:
        return old
    is_well = finding.status is Status.PASS
    seen = {item.key: item for item in finding.items}
    items = {
        key: told if (old.id, key) in over else _counted_item(told, seen.get(key), now, is_well=is_well)
        for key, told in old.items.items()
    }
    if old.items or (old.id, None) in over:
        return replace(old, items=items)
    return replace(old, well=old.well.again(now) if is_well else NOT_WELL)


def _counted_item(told: ItemTold, item: Item | None, now: datetime, *, is_well: bool) -> ItemTold:
    if item is None or item.state is ItemState.UNKNOWN:
        return told
    return replace(told, well=told.well.again(now) if is_well or not item.state.is_bad else NOT_WELL)


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
        severity=finding.told_severity,
        owner=finding.owner,
        whole_table=finding.whole_table,
        items=items,
    )


def _told_unknown(old: Told | None, finding: Finding, since: datetime, now: datetime) -> Told:
    # A failure under a silence was never told: it is news when it can be seen again.
    if old is not None and old.status is Status.FAIL and not old.silenced:
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
