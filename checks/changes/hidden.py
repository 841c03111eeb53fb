"""What is told within another trouble: it is no news while that one is told, and news once it outlives it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from checks.changes.state import ItemTold, Told
from checks.model import ItemState, Status

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import datetime

    from checks.changes.state import State
    from checks.model import Change, Finding

AS_ONE = ""
"""The key of a trouble that its finding tells as one thing."""
_Party = tuple[str, str | None]


def hosts_of(finding: Finding) -> dict[str, str]:
    """Return the troubles of a failing finding that are told within others, by their keys, and the ids of these."""
    if finding.status is not Status.FAIL or finding.silenced is not None:
        return {}
    if not any(item.state.is_bad for item in finding.items):
        return {AS_ONE: finding.within} if finding.within else {}
    bad = [item for item in finding.items if item.state.is_bad and not item.marked]
    if finding.within and not any(item.within for item in bad):
        return {item.key: finding.within for item in bad}
    return {item.key: item.within for item in bad if item.within}


def was_told_within(state: State) -> dict[str, tuple[_Party, ...]]:
    """Return by the id of each finding the tables, with their owners, that were told within it."""
    parties: dict[str, set[_Party]] = defaultdict(set)
    for told in state.told.values():
        for host in told.within.values():
            parties[host].add((told.table, told.owner))
    return {host: tuple(sorted(found, key=str)) for host, found in parties.items()}


def is_joined(finding: Finding, before: Iterable[_Party], state: State) -> bool:
    """Tell whether a table has joined what is told within a finding, whose owner (or database) was told nothing yet."""
    if not finding.told_with:
        return False
    known = {_reader(table, owner) for table, owner in ((finding.table, finding.owner), *before)}
    return any(
        guest.table != finding.table
        and guest.id not in state.told
        and _reader(guest.table, guest.owner) not in known
        for guest in finding.told_with
    )


def _reader(table: str, owner: str | None) -> str:
    return f"owner {owner}" if owner is not None else f"database {table.partition('.')[0]}"


def after_hiding(
    old: Told | None,
    after: Told | None,
    finding: Finding,
    arrived: Iterable[Change],
    now: datetime,
    pending: Collection[str],
    failing: Told,
) -> Told | None:
    """Return what is remembered after a run with what is told within others, as hidden since it is known.

    ``after`` is what is remembered without that, ``failing`` what a failure that is news would leave. ``pending`` are
    the findings of which news did not arrive: what is hidden within these stays as it was before.
    """
    hosts = {key: host for key, host in hosts_of(finding).items() if host not in pending}
    before = dict(old.within) if old is not None and not old.silenced else {}
    if finding.status is Status.UNKNOWN or not (hosts or before):
        return after
    told_now = {change.item or AS_ONE for change in arrived if change.status is not Status.UNKNOWN}
    alone = _told_alone(old)
    within = _still_hidden(before, finding, told_now, pending, alone)
    items = (
        {}
        if after is None
        else {
            key: told
            for key, told in after.items.items()
            if key in within or key not in before or key in told_now
        }
    )
    was_told = old is not None and not old.silenced and old.status is Status.FAIL
    is_one = any(change.item is None and change.status is Status.FAIL for change in arrived) or (
        after is not None and after.status is Status.FAIL and not after.items and AS_ONE not in before
    )
    for key, host in hosts.items():
        if key not in before and was_told and (key in items or (key == AS_ONE and is_one)):
            alone.add(key)
        within[key] = host
    bad = {item.key: item.state for item in finding.items}
    for key in hosts.keys() - {AS_ONE}:
        since = items[key].since if key in items else now
        items[key] = ItemTold(state=bad[key], severity=finding.severity, since=since, told_at=now)
    is_one = is_one or AS_ONE in within
    if not items and not is_one:
        return None
    base = after if after is not None and after.status is Status.FAIL else failing
    since = min([*(told.since for told in items.values()), *([base.since] if is_one else [])])
    return replace(
        base,
        since=since,
        silenced=False,
        unchecked=False,
        items=items,
        within=within,
        told_alone=frozenset(alone & within.keys()),
    )


def _told_alone(old: Told | None) -> set[str]:
    """Return what is hidden and was told by itself before: as failing, or as what could not be checked."""
    if old is None:
        return set()
    return set(old.within) if old.unchecked else set(old.told_alone)


def _still_hidden(
    before: Mapping[str, str],
    finding: Finding,
    told_now: Collection[str],
    pending: Collection[str],
    alone: Collection[str],
) -> dict[str, str]:
    """Return what stays hidden of what was: all but what is told now, and what is over and needs no telling."""
    bad = {item.key for item in finding.items if item.state.is_bad}
    is_failing = finding.status is Status.FAIL
    still = (bad or {AS_ONE}) if is_failing else set()
    still |= {item.key for item in finding.items if item.state is ItemState.UNKNOWN}
    return {
        key: host
        for key, host in before.items()
        if key not in told_now and (key in still or host in pending or key in alone)
    }
