"""What `freshness` would have told of the times at which data came, by limits that are stated or learned. Pure."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from checks.learn import Arrival, Look, Model, Need, Rhythm, Watch
from checks.learn.looks import Kept
from checks.model import ArrivalsKept
from checks.rules.learned import Auto, Learned, times_of
from checks.rules.retold import (
    Came,
    Candidate,
    Retelling,
    Retold,
    Silence,
    Span,
    Stretch,
    by_limits,
    by_the_hour,
)
from checks.schedule.written import write_duration

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from checks.model import Listing, Observation, TableMemory
    from checks.rules.asking import Clock
    from checks.rules.freshness_rule import FreshnessRule
    from checks.rules.proposing import Extent

_SOFTER, _HARDER = 1.5, 2 / 3
"""Ages beside the one that is stated: half as long again is a clear step, and back again is two thirds."""
_BUDGETS = 4.0
"""Beside the share of the false alarms: a quarter and four times are a limit that is seen to move."""
_HOUR = timedelta(hours=1)


class FreshnessRetold(Retelling["FreshnessRule"]):
    """How freshness is replayed."""

    def looking_back(self, rule: FreshnessRule, extent: Extent) -> FreshnessRule | str:  # noqa: ARG002 - all is read
        """Return the rule as it reads all times that the lake tells; why that is of no use, where it is not."""
        if rule.also_in:
            return "it is judged together with other tables"
        return replace(rule, auto=rule.auto or Auto(check=rule.check, zone=rule.zone), known=None)

    def came(self, rule: FreshnessRule, seen: Observation) -> Came:
        """Return when data came that counts: beside partitions, data of periods as new as any before."""
        return _came(rule, seen)

    def retold(self, rule: FreshnessRule, past: Came, span: Span) -> Retold:
        """Return the alerts of the time that is judged, which begins with the first arrival that is known."""
        return _retold(rule, past, span)

    def silences(
        self, rule: FreshnessRule, seen: Observation, clock: Clock, memory: TableMemory
    ) -> tuple[Silence, ...]:
        """Return the silences between arrivals where deadlines are learned."""
        if rule.auto is None or seen.problem is not None:
            return ()
        return tuple(_silences(rule, rule.auto, seen, clock, memory))

    def candidates(self, rule: FreshnessRule) -> Iterator[Candidate[FreshnessRule]]:
        """Yield the rule as it is, then looser and tighter, then learned where it is stated, or the other way round."""
        return _candidates(rule)


def _came(rule: FreshnessRule, seen: Observation) -> Came:
    if rule.schedule is None or not seen.partitions:
        found = set(times_of(seen)) | set(_ends(seen.listing))
        found |= {at for each in seen.partitions for at in _ends(each.listing)}
    else:
        found = set(seen.arrivals) | set(_of_newest(seen))
    if seen.newest is not None and not seen.newest.is_bound:
        found.add(int(seen.newest.at.timestamp()))
    now = seen.now.timestamp()
    return Came(times=tuple(datetime.fromtimestamp(at, UTC) for at in sorted(found) if at <= now))


def _ends(listing: Listing | None) -> Iterator[int]:
    """Yield the first and the last time of a listing, in whole seconds since 1970."""
    if listing is not None:
        yield from (int(at.timestamp()) for at in (listing.oldest_at, listing.newest_at) if at is not None)


def _of_newest(seen: Observation) -> Iterator[int]:
    """Yield the times at which data came into a partition as new as any that had data before."""
    pairs = sorted(
        (at, each.period.start)
        for each in seen.partitions
        if each.listing is not None
        for at in {*each.listing.times, *_ends(each.listing)}
    )
    newest: datetime | None = None
    for at, start in pairs:
        # A period that is yet to begin, such as a sentinel's, hides none.
        if start.timestamp() > at:
            continue
        if newest is None or start >= newest:
            newest = start
            yield at


def _retold(rule: FreshnessRule, past: Came, span: Span) -> Retold:
    if not past.times:
        return Retold(lacks="no time at which data came is known")
    span = replace(span, begin=max(span.begin, past.times[0]))
    if rule.auto is None:
        return Retold(alerts=tuple(_stated(rule, past, span)), since=span.begin)
    watch, since = _watched(rule.auto, past.times, span)
    has_limits = any(limit is not None for limit in rule.limits_at(span.end))
    before = replace(span, end=since or span.end)
    stated = tuple(_stated(rule, past, before)) if has_limits and before.end > before.begin else ()
    learned = tuple(_learned(rule, watch, replace(span, begin=since))) if since is not None else ()
    if since is None and not has_limits:
        return Retold(
            lacks=str(watch.model) if isinstance(watch.model, Need) else "too little came to learn from"
        )
    ended = tuple(replace(each, closed=each.closed or since) for each in stated)
    return Retold(alerts=(*ended, *learned), since=span.begin if has_limits else since)


def _stated(rule: FreshnessRule, past: Came, span: Span) -> Iterator[Stretch]:
    def warning_at(at: datetime) -> datetime | None:
        return rule.limits_at(at)[0]

    def critical_at(at: datetime) -> datetime | None:
        return rule.limits_at(at)[1]

    return by_limits(past.times, span, warning_at, critical_at)


def _watched(auto: Auto, times: Iterable[datetime], span: Span) -> tuple[Watch, datetime | None]:
    """Return what a watch made of the arrivals, and since when it knew enough."""
    asked = auto.asked
    watch = Watch(asked.share, span.begin.timestamp(), dated=False, floor=asked.floor, cap=asked.cap)
    since: datetime | None = None
    for at in times:
        if at > span.end:
            break
        watch.tick(at.timestamp())
        if since is None and isinstance(watch.model, Model):
            since = span.begin
        watch.add(Arrival(at.timestamp()))
        if since is None and isinstance(watch.model, Model):
            since = max(span.begin, at)
    watch.tick(span.end.timestamp())
    if since is None and isinstance(watch.model, Model):
        since = span.begin
    return watch, since


def _learned(rule: FreshnessRule, watch: Watch, span: Span) -> Iterator[Stretch]:
    """Yield the alerts of a watch, those that a calendar or a window puts off later, as runs tell them."""
    for alert in watch.end(span.end.timestamp()):
        due = _put_off(rule, alert.opened)
        closed = None if alert.closed is None else datetime.fromtimestamp(alert.closed, UTC)
        end = closed or span.end
        if due >= end or end <= span.begin:
            continue
        critical = rule.grace is None or rule.grace_end(due) < end
        yield Stretch(opened=max(due, span.begin), closed=closed, critical=critical)


def _put_off(rule: FreshnessRule, due_at: float) -> datetime:
    calendar = rule.auto.calendar if rule.auto is not None else None
    due = Learned(Look(Kept(), due=due_at), ArrivalsKept(), calendar).due(rule.zone)
    return rule.due_at(due) if due is not None else datetime.fromtimestamp(due_at, UTC)


def _silences(
    rule: FreshnessRule, auto: Auto, seen: Observation, clock: Clock, memory: TableMemory
) -> Iterator[Silence]:
    """Yield the silences between arrivals, with deadlines as they are learned now."""
    known = rule.learned(seen, clock, memory).known
    due = known.due(rule.zone) if known is not None else None
    if known is None or due is None or known.found.last is None:
        return
    times = [*known.found.kept.times]
    if times and known.found.last > times[-1]:
        times.append(known.found.last)
    asked = auto.asked
    watch = Watch(asked.share, math.inf, dated=False, floor=asked.floor, cap=asked.cap)
    watch.resume([float(at) for at in known.found.kept.times], None, Rhythm())
    for at, following in pairwise(times):
        expected = watch.due_after(float(at), is_over=True)
        if expected is not None:
            yield Silence(_instant(at), _put_off(rule, expected[0]), _instant(following))
    yield Silence(_instant(times[-1]), rule.due_at(due), None)


def _instant(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)


def _candidates(rule: FreshnessRule) -> Iterator[Candidate[FreshnessRule]]:
    if rule.auto is not None:
        yield Candidate("auto", rule)
        yield from _by_budget(rule, rule.auto)
        if rule.error_after or rule.warn_after or rule.deadline:
            yield Candidate(f"{_said(rule)}, without auto", replace(rule, auto=None), "stated")
        return
    yield Candidate(_said(rule), rule)
    for than, hours, factor in (("looser", 1, _SOFTER), ("tighter", -1, _HARDER)):
        changed = _by_clock(rule, hours) if rule.deadline is not None else _by_age(rule, factor)
        if changed is not None:
            yield Candidate(_said(changed), changed, than)
    yield Candidate("auto", replace(rule, auto=Auto(check=rule.check, zone=rule.zone)), "learned")


def _by_budget(rule: FreshnessRule, auto: Auto) -> Iterator[Candidate[FreshnessRule]]:
    for than, factor in (("looser", 1 / _BUDGETS), ("tighter", _BUDGETS)):
        share = auto.share.times(factor)
        if share.a_year != auto.share.a_year:
            name = f"auto for {share.say_a_year()}"
            yield Candidate(name, replace(rule, auto=replace(auto, share=share)), than)


def _by_clock(rule: FreshnessRule, hours: int) -> FreshnessRule | None:
    deadline = rule.deadline
    cron = by_the_hour(deadline.cron, hours) if deadline is not None else None
    return replace(rule, deadline=replace(deadline, cron=cron)) if deadline is not None and cron else None


def _by_age(rule: FreshnessRule, factor: float) -> FreshnessRule | None:
    def changed(age: timedelta | None) -> timedelta | None:
        return None if age is None else max(timedelta(minutes=1), _round(age * factor))

    return replace(rule, warn_after=changed(rule.warn_after), error_after=changed(rule.error_after))


def _round(age: timedelta) -> timedelta:
    """Return an age as people write it: full hours of what is over two, else full minutes."""
    unit = _HOUR if age >= 2 * _HOUR else timedelta(minutes=1)
    return round(age / unit) * unit


def _said(rule: FreshnessRule) -> str:
    if rule.deadline is not None:
        return f"by {rule.deadline.say()}"
    ages = (("warn_after", rule.warn_after), ("error_after", rule.error_after))
    return ", ".join(f"{key}: {write_duration(age)}" for key, age in ages if age is not None)
