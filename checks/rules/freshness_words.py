"""What the check `freshness` says: when the newest data came, by when it should have, and how that was found. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from checks.model import Format, Severity
from checks.rules.sentences import count_of
from checks.schedule.clock import say_instant
from checks.schedule.durations import say_duration, say_size
from checks.schedule.open_time import open_time

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from checks.model import Arrival, Finding, Observation, Problem
    from checks.rules.arrival_limits import ArrivalLimits
    from checks.rules.learned import Auto


@dataclass(frozen=True, slots=True)
class Nothing:
    """What a complete look found where no data was; ``is_first``: there is no time before which there was any."""

    told: str
    is_first: bool = False


_A_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class LearnedLimit:
    """What was learned: when data was, or is, ``due``, and how that is known; else what it ``lacks``.

    ``still_needed``: data came again after a silence that was told, and so many arrivals more end it. ``by``: whose
    marks had a part in it. ``bound``: the stated age, floor or cap, that holds in place of it.
    """

    due: datetime | None = None
    sentence: str = ""
    sure: str = ""
    lacks: str = ""
    still_needed: int = 0
    by: str = ""
    bound: str = ""

    def watermark(self, newest_at: datetime, now: datetime) -> datetime:
        """Return how new the newest data would have to be, so that nothing is overdue: it is no newer than now."""
        if self.due is None or self.due >= now:
            return newest_at - ((self.due or now) - now)
        return max(newest_at + _A_SECOND, min(newest_at + (now - self.due), now))

    @property
    def said(self) -> str:
        """What was learned, in words, with how sure it is."""
        by = f"; learned with {self.by}" if self.by else ""
        return f"{self.sentence} ({self.sure}){by}" if self.due is not None else ""


@dataclass(frozen=True, slots=True)
class LastArrival:
    """What the sentence is made of: the newest arrival that counts, or that there is ``nothing``.

    ``by_catalog``: what is registered in Glue was looked at. ``behind`` says why readers see less than was written.
    ``backfill`` is the period and time of a newer arrival that does not count. ``looked_at`` says which
    partitions were, where a choice of them was. ``silent_from`` is since when a table
    that had data before holds none. ``learned`` is set where limits are learned. ``where`` says in which of several
    tables the newest data came.
    """

    now: datetime
    location: str
    by_catalog: bool = False
    behind: Problem | None = None
    newest: Arrival | None = None
    backfill: tuple[str, datetime] | None = None
    looked_at: str = ""
    nothing: Nothing | None = None
    silent_from: datetime | None = None
    where: str = ""
    learned: LearnedLimit | None = None

    @property
    def newest_at(self) -> datetime | None:
        """When the newest data came; None where there is none."""
        return self.newest.at if self.newest is not None else None


def because(
    limits: ArrivalLimits, facts: LastArrival, since: datetime | None, severity: Severity | None
) -> str:
    """Write the sentence of a finding; ``since`` is the watermark of what is critical."""
    expected = _expected(limits, facts, since, severity)
    newest, now = facts.newest, facts.now
    is_first = facts.nothing is not None and facts.nothing.is_first
    if facts.looked_at and severity is not None and not is_first:
        expected = f"{expected}; {facts.looked_at}"
    if newest is None:
        told = facts.nothing.told if facts.nothing is not None else ""
        is_limited = limits.deadline is not None or _limit(limits, severity) is not None
        return f"{told}; expected data {expected}" if is_limited else told
    when = f"{say_instant(newest.at, limits.zone)}{facts.where}"
    if newest.at > now:
        return f"the newest data came {when}, after the time of this run; expected {expected}"
    age = say_duration(now - newest.at)
    counted = (
        now - newest.at
        if limits.deadline is not None
        else open_time(newest.at, now, limits.zone, limits.age_calendar, limits.windows)
    )
    learned = facts.learned
    limit = _limit(limits, severity) if learned is None or learned.due is None else None
    told = say_duration(counted)
    if severity is not None and learned is not None and learned.still_needed:
        more = count_of(learned.still_needed, "arrival")
        return f"data came again {age} ago ({when}) after it was overdue, and {more} more end that; expected {expected}"
    if severity is not None and limit is not None and told == say_duration(limit) and not newest.is_bound:
        told = f"just over {told}"
    if severity is None:
        of_it = f", of which {told} count" if counted < now - newest.at else ""
        return f"the newest data came {age} ago ({when}){of_it}; expected {expected}"
    if counted < now - newest.at:
        told = f"{age}, of which {told} count"
    if facts.behind is not None:
        expected = f"{expected}; {facts.behind.message}"
    if newest.is_bound:
        return f"no new data for at least {told}: the newest came at or before {when}; expected {expected}"
    if facts.backfill is not None:
        period, at = facts.backfill
        when += (
            f" (what came into {period} on {say_instant(at, limits.zone)} is a backfill and does not count)"
        )
    return f"no new data for {told}: the newest came {when}; expected {expected}"


def _limit(limits: ArrivalLimits, severity: Severity | None) -> timedelta | None:
    """Return the age that is told: the limit that was crossed, the strictest where none was."""
    if severity is Severity.CRITICAL:
        return limits.error_after or limits.warn_after
    return limits.warn_after or limits.error_after


def _expected(
    limits: ArrivalLimits, facts: LastArrival, since: datetime | None, severity: Severity | None
) -> str:
    learned = facts.learned
    if learned is not None and learned.due is not None:
        at_most = " at the latest" if severity is None else ""
        by = f" with {learned.by}" if learned.by else ""
        grace = ""
        if limits.grace is not None and severity is not None:
            grace = f", with grace until {say_instant(limits.grace_end(learned.due), limits.zone)}"
        bound = f", held to {learned.bound}" if learned.bound else ""
        return f"by {say_instant(learned.due, limits.zone)}{at_most}, as was learned{by}{bound}{grace}"
    stated = _stated(limits, facts.now, since, severity)
    return f"{stated}; {learned.lacks}" if learned is not None else stated


def _stated(limits: ArrivalLimits, now: datetime, since: datetime | None, severity: Severity | None) -> str:
    if limits.deadline is not None:
        passed, ended = limits.last_deadlines(now)
        stated_at = ended if severity is Severity.CRITICAL else passed
        if stated_at is None or since is None:
            return f"by {limits.deadline.say()}, which has not come yet"
        due = say_instant(limits.due_at(stated_at), limits.zone)
        told = f"by {due} (data since {say_instant(since, limits.zone)} counts)"
        if limits.grace is None or severity is None:
            return told
        end = say_instant(limits.grace_end(stated_at), limits.zone)
        return f"{told}, with grace until {end}"
    closed = (
        f", days closed in calendar {limits.age_calendar.name} not counted" if limits.age_calendar else ""
    )
    closed += f", time within {limits.windows.say()} not counted" if limits.windows else ""
    return f"at most {say_duration(_limit(limits, severity) or timedelta(0))} old{closed}"


def advice(facts: LastArrival, limit: datetime | None, zone: ZoneInfo) -> str:
    """Say where to look, and since when nothing has come; ``limit`` is the latest of the watermarks."""
    if facts.behind is not None:
        return facts.behind.remedy
    newest = facts.newest
    # A bound, and a time that is yet to come, say less than the limit does.
    known = newest is not None and not newest.is_bound and newest.at <= facts.now
    since = newest.at if newest is not None and known else limit
    is_first = facts.nothing is not None and facts.nothing.is_first
    told = f" since {say_instant(since, zone)}" if since is not None and not is_first else ""
    what = (
        "what it has written since was for older periods"
        if facts.backfill is not None
        else f"nothing that is registered in Glue has come{told}"
        if facts.by_catalog
        else f"it has written nothing{told}"
    )
    return f"look at the run that writes {facts.location}; {what}"


def nothing_seen(seen: Observation) -> Nothing:
    """Say what a complete look found where no data was."""
    listing = seen.listing
    if seen.behind is not None:
        return Nothing(f"never loaded: {seen.behind.message}", is_first=True)
    if listing is None and seen.partitions:
        empty = sum(p.listing.empty_objects for p in seen.partitions if p.listing)
        zero = f", only {count_of(empty, 'file')} of zero bytes" if empty else ""
        first = min(p.period.label for p in seen.partitions)
        if seen.first_period_at is not None or seen.first_period_problem is not None:
            return Nothing(f"no data in any partition from {first} on{zero}")
        return Nothing(f"never loaded: no partition holds data{zero}", is_first=True)
    if listing is None:
        if seen.first_period_at is not None:
            return Nothing("no partition of the periods looked at is registered; only older ones are")
        if seen.first_period_problem is not None:
            return Nothing("no partition of the periods looked at is registered")
        return Nothing("never loaded: no partition of it is registered", is_first=True)
    place = seen.table.location or seen.table.id
    if seen.table.format is not Format.FILES:
        return Nothing(f"never loaded: the log of {place} holds no commit that added data", is_first=True)
    found = [count_of(listing.empty_objects, "file") + " of zero bytes"] if listing.empty_objects else []
    if listing.ignored_objects:
        are = "is" if listing.ignored_objects == 1 else "are"
        found.append(
            f"{count_of(listing.ignored_objects, 'object')} that {are} no data (markers, logs, other names)"
        )
    held = f" but {' and '.join(found)}" if found else ""
    return Nothing(f"never loaded: {place} was listed completely and holds nothing{held}", is_first=True)


def explain_learned(auto: Auto, finding: Finding, *, is_limited: bool) -> Iterator[str]:
    """Yield what was learned, between which bounds; ``is_limited``: limits are stated beside it."""
    yield f"learned: {finding.usual}" if finding.usual else "learned: nothing yet"
    yield auto.share.say("it")
    ages = (("floor", auto.floor), ("cap", auto.cap))
    bounds = [f"{name} {say_duration(age)}" for name, age in ages if age is not None]
    if bounds:
        yield f"ages that may be learned: {', '.join(bounds)}"
    if is_limited:
        when = "not used now that enough is known" if finding.usual else "used until enough is known"
        yield f"stated limits, {when}:"


def explain_limits(limits: ArrivalLimits, now: datetime) -> Iterator[str]:
    """Yield the deadline, the windows, the watermarks, and the days that do not count."""
    if limits.deadline is not None:
        last, _ = limits.last_deadlines(now)
        told = (
            f"; the last one was {say_instant(limits.due_at(last), limits.zone)}" if last is not None else ""
        )
        if last is not None and limits.due_at(last) != last:
            told += f", put off from {say_instant(last, limits.zone)}"
        yield f"due by {limits.deadline.say()}{told}"
        if limits.grace is not None:
            until = f": until {say_instant(limits.grace_end(last), limits.zone)}" if last is not None else ""
            yield f"a warning for {say_duration(limits.grace)} from the deadline on{until}, then critical"
    if limits.windows is not None:
        what = "nothing is due, but at their end" if limits.deadline is not None else "no time counts as age"
        yield f"within windows {limits.windows.say()} {what}"
    for name, limit in zip(("a warning", "critical"), limits.limits_at(now), strict=True):
        if limit is not None:
            yield f"watermark: {name} where nothing came since {say_instant(limit, limits.zone)}"
    if limits.age_calendar is not None:
        yield f"days that calendar {limits.age_calendar.name} closes do not count as age"


def explain_seen(seen: Observation, finding: Finding) -> Iterator[str]:
    """Yield what the newest data is, and what was listed."""
    if finding.evidence is not None and finding.observed is not None:
        yield f"newest: {finding.evidence}"
    listing = seen.listing
    if listing is not None:
        whole = "listed completely" if listing.complete else "not listed to its end"
        yield (
            f"{whole}: {listing.objects:,} with data ({say_size(listing.size_bytes)}), {listing.empty_objects:,} of "
            f"zero bytes, {listing.ignored_objects:,} that are no data"
        )
