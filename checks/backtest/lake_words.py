"""A replay of the lake's own history in words. Pure."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from checks.backtest.table import Told, say_alert, say_at, say_count, say_every, say_runs
from checks.schedule.durations import say_duration
from checks.text import clean, count, listing, name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from checks.backtest.of_lake import Check, LakeBacktest, Table, Version
    from checks.rules.retold import Span, Stretch
    from checks.schedule.runs import RunTimes

_DAY = timedelta(days=1)
_MOST_PERIODS = 4
_MOST_ALERTS = 20
_UNSEEN = (
    "not seen: what was overwritten or compacted lost the time at which it first came and its size then",
    "what was deleted is gone, and what a log tells no time of counts as if it had been there from the first on",
    "marks and silences are not replayed, and each table is told by itself, not within an upstream or others as silent",
)


def told(found: LakeBacktest) -> list[Told]:
    """Return the alerts of today's config, in the order of table, check and time."""
    return [
        Told(
            table.id,
            each.opened.timestamp(),
            None if each.closed is None else each.closed.timestamp(),
            check.check,
        )
        for table in found.tables
        for check in table.checks
        if check.versions and not check.versions[0].config
        for each in check.versions[0].retold.alerts
    ]


def say(found: LakeBacktest, every: timedelta, runs: RunTimes) -> str:
    """Return the replay as text, table by table: today's alerts, and what other limits would have changed."""
    lines = [line for table in found.tables for line in _table(table, found.span)]
    return "\n".join([*lines, *([""] if lines else []), *summary(found, every, runs)])


def _table(table: Table, span: Span) -> Iterator[str]:
    if table.unread:
        yield f"{name(table.id)}: not replayed: {clean(table.unread)}"
        return
    yield name(table.id)
    for check in table.checks:
        yield from _check(check, span)
    for check_name, why in table.left_out.items():
        yield f"  {check_name}: not replayed: {why}"
    if not table.checks and not table.left_out:
        yield "  no check of it is on"


def _check(check: Check, span: Span) -> Iterator[str]:
    today = check.versions[0]
    if not any(each.retold.since is not None for each in check.versions):
        yield f"  {check.check}, {clean(today.name)}: {_alerts(today, span)}"
        return
    quiet = _as_quiet(check)
    for number, version in enumerate(check.versions):
        if number == 0 and not version.config:
            yield f"  {check.check}, {clean(version.name)}: {_alerts(version, span)}"
            shown = version.retold.alerts[-_MOST_ALERTS:]
            if len(version.retold.alerts) > len(shown):
                yield f"    {count(len(version.retold.alerts) - len(shown), 'earlier alert')}"
            yield from (f"    {_alert(each)}" for each in shown)
            continue
        if version in quiet:
            continue
        lead = f"in {version.config}: " if version.config else f"{version.than}, "
        said = f"{check.check}, " if number == 0 else ""
        yield f"    {lead}{said}{clean(version.name)}: {_alerts(version, span)}{_change(check, version, span)}"
    if quiet:
        yield f"    the same by limits that are {listing([_quiet(each) for each in quiet])}"


def _as_quiet(check: Check) -> list[Version]:
    """Return the other limits that tell nothing either where today's tell nothing: one line says so of them all."""
    if check.versions[0].config or check.versions[0].retold.since is None or check.versions[0].retold.alerts:
        return []
    return [
        each
        for each in check.versions[1:]
        if not each.config and each.retold.since is not None and not each.retold.alerts
    ]


def _quiet(version: Version) -> str:
    """Return what the limits are: tighter ones that tell nothing could be stated, so they are written out."""
    return f"{version.than} ({clean(version.name)})" if version.than == "tighter" else version.than


def _alerts(version: Version, span: Span) -> str:
    """Return ``3 alerts in 82 days, 49 h in all``."""
    retold = version.retold
    if retold.since is None:
        return f"not judged: {retold.lacks}"
    days = count(max(1, round((span.end - retold.since) / _DAY)), "day")
    if not retold.alerts:
        return f"no alert in {days}"
    critical = sum(each.critical for each in retold.alerts)
    warnings = len(retold.alerts) - critical
    of = f" ({count(warnings, 'warning')})" if warnings else ""
    return (
        f"{count(len(retold.alerts), 'alert')}{of} in {days}, {say_duration(_lasted(version, span))} in all"
    )


def _lasted(version: Version, span: Span) -> timedelta:
    return sum(((each.closed or span.end) - each.opened for each in version.retold.alerts), timedelta())


def _change(check: Check, version: Version, span: Span) -> str:
    """Tell how many alerts that is more or fewer, and which of today's it would not have told."""
    today = check.versions[0]
    if today.config or today.retold.since is None or version.retold.since is None:
        return ""
    more = len(version.retold.alerts) - len(today.retold.alerts)
    if more:
        return f"; {abs(more)} {'more' if more > 0 else 'fewer'}"
    longer = _lasted(version, span) - _lasted(today, span)
    if not today.retold.alerts or not longer:
        return "; no change"
    return f"; as many, {say_duration(abs(longer))} {'longer' if longer > timedelta() else 'shorter'}"


def _alert(each: Stretch) -> str:
    told = say_alert(each.opened.timestamp(), None if each.closed is None else each.closed.timestamp())
    if not each.critical:
        told += ", a warning"
    if each.periods:
        few = each.periods[:_MOST_PERIODS]
        more = f" and {len(each.periods) - len(few)} more" if len(each.periods) > len(few) else ""
        told += f": {', '.join(few)}{more}"
    return f"{told}; never filled, it left the lookback" if each.unmended else told


def _totals(tables: list[Table], others: tuple[str, ...]) -> Iterator[str]:
    """Yield how many alerts there would have been by other limits; a check that has none such counts as it is."""
    checks = [check for table in tables for check in table.checks]
    mine = [check for check in checks if not check.versions[0].config]
    said = []
    for than in ("looser", "tighter", "learned"):
        if any(version.than == than for check in mine for version in check.versions):
            chosen = [
                next((one for one in check.versions if one.than == than), check.versions[0]) for check in mine
            ]
            said.append(f"{sum(len(one.retold.alerts) for one in chosen)} by those that are {than}")
    if said:
        yield f"in place of today's limits: {', '.join(said)}"
    for source in others:
        stated = [one for check in checks for one in check.versions if one.config == source]
        yield f"{count(sum(len(one.retold.alerts) for one in stated), 'alert')} by {source}"


def summary(found: LakeBacktest, every: timedelta, runs: RunTimes) -> list[str]:
    """Return what holds for all tables: alerts, what looking now and then would have seen, what is not seen."""
    alerts = told(found)
    begin, end = found.span.begin.timestamp(), found.span.end.timestamp()
    read = [each for each in found.tables if not each.unread]
    lines = [say_count(len(alerts), len(read), begin, end)]
    unread = sorted(name(each.id) for each in found.tables if each.unread)
    if unread:
        they = "it" if len(unread) == 1 else "they"
        lines.append(
            f"{count(len(unread), 'table')} could not be read, so what {they} would have raised is not known: "
            f"{listing(unread, 5)}"
        )
    young = [
        table.id
        for table in read
        for check in table.checks
        for since in [check.versions[0].retold.since]
        if since is not None and since > found.span.begin + _DAY
    ]
    if young:
        lines.append(
            f"{count(len(set(young)), 'table')} could be judged for a part of that alone, since nothing is known of it "
            f"before: {listing([name(each) for each in sorted(set(young))], 5)}"
        )
    lines += _totals(read, found.others)
    if alerts:
        lines += [say_every(alerts, every.total_seconds(), end), say_runs(alerts, runs, end)]
    lines.append(f"read by {count(found.requests, 'request')}, about ${found.usd:.4f}, as of {say_at(end)}")
    return [*lines, *_UNSEEN]
