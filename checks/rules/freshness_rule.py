"""The check `freshness`, bound: which arrival is the newest that counts, and what is said of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile
from typing import TYPE_CHECKING, Any, ClassVar, Literal
from zoneinfo import ZoneInfo

from checks.layout.projection import is_projected
from checks.model import (
    Absence,
    Arrival,
    Finding,
    Format,
    Listing,
    Problem,
    ProblemKind,
    Severity,
    Standstill,
    TableMemory,
    utc,
)
from checks.rules.asking import Clock, Depth, Detail, Further, Needs
from checks.rules.base import NOTHING_MORE, About, Direction, Row, RowValues, Rule
from checks.rules.by_time import last_passed, put_off, span_before, watermark
from checks.rules.compacted import beside_rewrites
from checks.rules.due_items import first_period_at
from checks.rules.freshness_words import LastArrival, LearnedLimit, advice, because, explain, nothing_seen
from checks.rules.grace import notes_of
from checks.rules.taught import teaching
from checks.rules.together import doubt_of, explain_together, newest_of, nothing_in, told_of_all
from checks.schedule.due import MOST_PERIODS, Schedule
from checks.schedule.open_time import open_time_ago
from checks.schedule.periods import DAILY, back_from

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from checks.layout import TimeLayout
    from checks.marks import Mark
    from checks.model import Observation, PartitionSeen, Period, Table
    from checks.rules.asking import Share
    from checks.rules.learned import Auto, Learned
    from checks.schedule.calendars import Calendar
    from checks.schedule.deadlines import Deadline
    from checks.schedule.windows import Windows

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
"""What stands for "never" in the row that is judged; no finding tells it."""
_USUAL_PERIODS = 14
_ZONES_AHEAD = timedelta(hours=14)
"""Labels may be written in a zone that is up to this much ahead of UTC."""
_DAY = timedelta(days=1)


_NOTHING_ASKED = Problem(
    ProblemKind.UNSUPPORTED,
    "no period of it was looked at, since the partitions check beside it asks for none",
    "mend the partitions check, or turn it off",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FreshnessRule(Rule):
    """The bound check. ``schedule`` is that of the table's partitions check, where it has one."""

    check: ClassVar[str] = "freshness"
    direction: ClassVar[Direction] = Direction.AT_LEAST
    warn_after: timedelta | None = None
    error_after: timedelta | None = None
    deadline: Deadline | None = None
    within: timedelta | None = None
    grace: timedelta | None = None
    windows: Windows | None = None
    zone: ZoneInfo = ZoneInfo("UTC")
    age_calendar: Calendar | None = None
    schedule: Schedule | None = None
    count: Literal["arrivals", "changes"] = "arrivals"
    also_in: tuple[str, ...] = ()

    auto: Auto | None = None
    known: Learned | None = None
    """What a look at the table told, where it was learned from already."""

    @property
    def share(self) -> Share | None:
        """Its share of the false alarms that may come of what is learned."""
        return self.auto.share if self.auto is not None else None

    def sharing(self, share: Share) -> FreshnessRule:
        """Return the rule with its share of the false alarms."""
        return self if self.auto is None else replace(self, auto=replace(self.auto, share=share))

    def without_time(self) -> FreshnessRule:
        """Return the rule as it judges by the limits that stand beside what is learned."""
        return self if self.auto is None else replace(self, auto=replace(self.auto, has_time=False))

    def taught(self, marks: Sequence[Mark], now: datetime) -> FreshnessRule:
        """Return the rule with what marks of its table teach by ``now``, where it learns."""
        if self.auto is None:
            return self
        said = teaching(marks, self.check, now)
        return replace(self, auto=replace(self.auto, marks=said, check=self.check, zone=self.zone))

    @property
    def taught_by(self) -> frozenset[str]:
        """The ids of the marks that had a part in what it learned."""
        return frozenset(self.known.found.taught) if self.known is not None else frozenset()

    def learned(self, seen: Observation, clock: Clock, memory: TableMemory) -> FreshnessRule:
        """Return the rule with what is known of the table by what was seen and what earlier runs keep."""
        if self.auto is None or not self.auto.has_time:
            return self
        newest, _ = self._newest(seen, self._counts_from(seen, clock))
        return replace(self, known=self.auto.look(seen, newest, clock.now, memory.arrivals))

    @property
    def together(self) -> tuple[str, ...]:
        """The tables that are one source together with this one."""
        return self.also_in

    def alone(self) -> FreshnessRule:
        """Return it as it looks at one of these: by no schedule of another table's partitions."""
        return replace(self, also_in=(), schedule=None)

    def wants_together(self, seen: Observation, clock: Clock, memory: TableMemory) -> bool:
        """Tell whether nothing that was seen so far is as new as the strictest limit asks."""
        row = self.measure(seen, clock, memory)
        limits = [limit for limit in self.limits_at(clock.now) if limit is not None]
        newest = row.measured.newest if row.measured is not None else None
        return newest is None or any(newest.at < limit for limit in limits)

    def _together(self, seen: Observation, clock: Clock) -> list[tuple[str, Row[LastArrival]]]:
        """Return what was measured of the others, as far as they were looked at."""
        one = self.alone()
        return [(other.table.id, one.measure(other, clock, TableMemory())) for other in seen.together]

    def _of_all(self, seen: Observation, own: Row[LastArrival], clock: Clock) -> Row[LastArrival]:
        """Return the row of all tables together: the newest arrival counts, and what is not known of one is a doubt."""
        rows = [(seen.table.id, own), *self._together(seen, clock)]
        doubt, newest = doubt_of(rows), newest_of(rows)
        warning, critical = self.limits_at(clock.now)
        if own.critical is None and own.measured is not None and own.measured.silent_from is not None:
            critical = None  # where its lookback is shorter than the limit, no more is proved
        said: RowValues = {"warning": warning, "critical": critical, "doubt_if_fail": doubt}
        if newest is not None and (arrival := newest[1].newest) is not None:
            said |= {"observed": min(arrival.at, clock.now), "evidence": arrival.evidence}
            return self.row(seen, told_of_all(*newest, rows), **said)
        if doubt is not None:
            said |= {"unknown": doubt, "evidence": None}
            return self.row(seen, **said)
        return replace(own, measured=replace(own.facts, nothing=nothing_in(rows)))

    def limits_at(self, now: datetime) -> tuple[datetime | None, datetime | None]:
        """Return the stated watermarks (UTC) for a warning and for critical; data at or after one is fresh."""
        if self.deadline is not None:
            warning, critical = self.last_deadlines(now)
            return (self._watermark(warning) if self.grace is not None else None), self._watermark(critical)
        return self._ago(now, self.warn_after), self._ago(now, self.error_after)

    def last_deadlines(self, now: datetime) -> tuple[datetime | None, datetime | None]:
        """Return the last deadline that has passed, and the last one whose grace is over, as `by` states them."""
        if self.deadline is None:
            return None, None
        passed = last_passed(self.deadline, now, self.windows)
        return passed, last_passed(self.deadline, now, self.windows, self.grace) if self.grace else passed

    def due_at(self, stated_at: datetime) -> datetime:
        """Return when data is due that a stated deadline asks for: at the end of the window that it falls within."""
        return put_off(stated_at, self.windows)

    def grace_end(self, stated_at: datetime) -> datetime:
        """Return from when on it is critical that data has not come by a stated deadline."""
        return put_off(stated_at, self.windows, self.grace or timedelta(0))

    def _watermark(self, stated_at: datetime | None) -> datetime | None:
        if self.deadline is None or stated_at is None:
            return None
        return watermark(self.deadline, stated_at, self.within, self.windows)

    def _ago(self, now: datetime, age: timedelta | None) -> datetime | None:
        return utc(open_time_ago(now, age, self.zone, self.age_calendar, self.windows)) if age else None

    def needs(self, table: Table, layout: TimeLayout | None, clock: Clock, memory: TableMemory) -> Needs:
        """Ask for the location as one place, or for the newest periods until one proves the table fresh."""
        if layout is None and self.auto is not None and table.format is Format.FILES:
            return Needs(place=True)  # it is listed whole, whatever comes out
        limits = self._watermarks(clock, memory)
        strictest = max(limits, default=None)
        if strictest is None and self.learns:  # any arrival may turn out to be new enough
            strictest = _LONG_AGO
        if layout is None:
            return Needs(place=True, enough_at=strictest, watermark=strictest)
        if (
            self.schedule is not None
            and self.schedule.due(clock.now)
            and layout.can_tell(self.schedule.every)
        ):
            # The partitions check asks for its periods; what has to be whole is told by `depth` and `short_of`.
            return Needs(
                watermark=strictest,
                data_is_enough=True,
                further=Further(periods=self._after_due(clock)) if _by_name_alone(table) else None,
                history=self.learns and memory.has_to_learn,
            )
        every = layout.every or DAILY
        oldest = min(limits, default=clock.now) - every.nominal
        walk = islice(back_from(clock.now + _ZONES_AHEAD, every, layout.zone), MOST_PERIODS)
        periods = []
        for count, period in enumerate(walk):
            if count >= _USUAL_PERIODS and period.end < oldest:
                break
            periods.append(period)
        unregistered = _by_name_alone(table)
        further = Further(newest=_USUAL_PERIODS, since=min(limits, default=None))
        return Needs(
            periods=tuple(periods) if unregistered else (),
            further=None if unregistered else further,
            onward_from=periods[-1].wall,
            enough_at=strictest,
            watermark=strictest,
            first_period=True,
            history=self.learns and memory.has_to_learn,
        )

    def _watermarks(self, clock: Clock, memory: TableMemory) -> list[datetime]:
        """Return how new data has to be by what is known before the table is read; none where nothing tells it."""
        since = self.auto.fresh_since(memory.arrivals, clock.now) if self.auto is not None else None
        if since is not None:
            return [since]
        return [limit for limit in self.limits_at(clock.now) if limit is not None]

    def _after_due(self, clock: Clock) -> tuple[Period, ...]:
        """Return the periods after the newest due one that have begun somewhere by now, newest first."""
        if self.schedule is None:
            return ()
        due = self.schedule.due(clock.now, reach_back_to=clock.last_completed_at)
        walk = islice(back_from(clock.now, self.schedule.every, self.schedule.labels), MOST_PERIODS)
        return tuple(takewhile(lambda period: bool(due) and period.start > due[0].period.start, walk))

    def wants_further(self, seen: Observation, clock: Clock, memory: TableMemory) -> bool:  # noqa: ARG002 - the interface's
        """Tell whether nothing that was seen and counts is as new as the strictest limit asks."""
        limits = [limit for limit in self.limits_at(clock.now) if limit is not None]
        newest, _ = self._newest(seen, self._counts_from(seen, clock))
        return newest is None or any(newest.at < limit for limit in limits)

    def detail(self, clock: Clock) -> Detail:  # noqa: ARG002 - the interface's
        """Ask a log for the newest arrival, and for all that it tells where limits are learned."""
        return Detail(arrivals=True, deletes_count=self.count == "changes", times=self.learns)

    def depth(self, target: PartitionSeen, clock: Clock, memory: TableMemory) -> Depth:  # noqa: ARG002 - the same
        """Ask for all that lies in it; beside partitions, from the newest due period on."""
        if self.schedule is None:
            return Depth()
        due = self.schedule.due(clock.now, reach_back_to=clock.last_completed_at)
        return Depth(whole=not due or target.period.start >= due[0].period.start)

    def short_of(self, seen: Sequence[PartitionSeen], clock: Clock) -> list[PartitionSeen]:
        """Return those whose newest arrival is judged and was not found out.

        That is so where the newest due period turned out to hold no data: then an older one takes its place.
        """
        if self.schedule is None:
            return []
        due = self.schedule.due(clock.now, reach_back_to=clock.last_completed_at)
        starts = {each.period.start for each in due}
        filled = [
            p.period.start for p in seen if p.period.start in starts and p.listing and p.listing.objects
        ]
        start = max(filled, default=None)
        return [
            p
            for p in seen
            if (start is None or p.period.start >= start)
            and p.problem is None
            and p.listing is not None
            and (p.seen_at is not None or not p.listing.complete)
        ]

    def deadlines(self, start: datetime) -> Iterator[datetime]:
        """Yield the times by which new data has to be there, and when their grace is over."""
        at = first = self.deadline.first_at_or_after(start) if self.deadline is not None else None
        while self.deadline is not None and at is not None and first is not None and at < first + _DAY:
            yield self.due_at(at)
            if self.grace is not None:
                yield self.grace_end(at)
            at = self.deadline.first_at_or_after(at + timedelta(minutes=1))

    def notes(self) -> Iterator[str]:
        """Yield within which windows nothing is due, and how long being late is a warning."""
        return notes_of(self.windows, self.grace, of_age=self.deadline is None)

    def measure(self, seen: Observation, clock: Clock, memory: TableMemory) -> Row[LastArrival]:
        """Find the newest arrival that counts, and what stands against believing that it is the newest."""
        if self.auto is not None and self.auto.has_time and self.known is None:
            return self.learned(seen, clock, memory).measure(seen, clock, memory)
        own = self._of_own(seen, clock, memory)
        return self._of_all(seen, own, clock) if self.also_in else own

    def _of_own(self, seen: Observation, clock: Clock, memory: TableMemory) -> Row[LastArrival]:
        """Return the row of the table by itself."""
        warning, critical = self.limits_at(clock.now)
        counts_from = self._counts_from(seen, clock)
        newest, doubt = self._newest(seen, counts_from)
        limits = [limit for limit in (warning, critical) if limit is not None]
        silent = self._silent(seen, clock, memory) if counts_from is None and limits else None
        if silent is not None and newest is not None and newest.at < max(limits):
            # Other checks asked for some of the earlier periods, not for all.
            newest, _ = self._newest(silent, None)
        newest, rewritten = beside_rewrites(silent or seen, counts_from, newest, limits)
        doubt = doubt or rewritten
        by_catalog = (
            seen.layout is not None and bool(seen.table.partition_keys) and not is_projected(seen.table)
        )
        facts = LastArrival(
            clock.now,
            seen.table.location or seen.table.id,
            by_catalog=by_catalog and seen.table.format is Format.FILES,
            behind=seen.behind,
            newest=newest,
            looked_at=_looked_at(seen) if by_catalog and self.schedule is None else "",
            backfill=_backfill(seen, counts_from, newest) if newest is not None else None,
        )
        said: RowValues = {"warning": warning, "critical": critical, "doubt_if_fail": doubt}
        if newest is not None:
            at = min(newest.at, clock.now)
            said |= {"observed": at, "evidence": newest.evidence}
            if self.auto is not None:
                facts = replace(facts, learned=self._told(at, clock.now))
            if facts.learned is not None and facts.learned.due is not None:
                warning, critical = self._learned_limits(facts.learned, at, clock.now)
                said |= {"warning": warning, "critical": critical}
            elif self.auto is not None and not limits:
                said |= {"unknown": doubt or self._too_little(seen)}
            return self.row(seen, facts, **said)
        unknown = doubt
        if unknown is None and self.schedule is not None and seen.listing is None and not seen.partitions:
            unknown = _NOTHING_ASKED
        elif unknown is None and silent is not None and max(limits) < _start_of(silent):
            unknown = _not_sought(silent)
        if unknown is not None:
            said |= {"unknown": unknown, "evidence": None}
            return self.row(seen, **said)
        said["observed"] = _LONG_AGO
        since = _start_of(silent) if silent is not None else None
        if since is None:
            # Nothing at all is critical, also where only a warning or no deadline of the past is a limit.
            said["critical"] = critical or warning or clock.now
        elif critical is not None and critical < since:
            said["critical"] = None  # only that the softer limit is crossed is proved
        return self.row(seen, replace(facts, nothing=nothing_seen(silent or seen), silent_from=since), **said)

    def _told(self, newest_at: datetime, now: datetime) -> LearnedLimit:
        """Return what was learned, for the sentence: when data is due, or why that is not known."""
        known = self.known
        if known is None:
            return LearnedLimit(lacks="there was no time to learn in this run")
        due = known.due(self.zone)
        if due is not None:
            due = self.due_at(due)
        if due is None:
            return LearnedLimit(lacks=f"too little is known to learn: {known.need}")
        came_since = newest_at > due
        return LearnedLimit(
            due,
            known.found.sentence,
            known.found.sure,
            still_needed=known.found.still_needed if came_since and due < now else 0,
            by=known.by,
        )

    def _learned_limits(
        self, learned: LearnedLimit, at: datetime, now: datetime
    ) -> tuple[datetime | None, datetime]:
        """Return how new data would have to be for no warning, and for nothing critical, by what was learned."""
        if self.grace is None or learned.due is None:
            return None, learned.watermark(at, now)
        ended = replace(learned, due=self.grace_end(learned.due))
        return learned.watermark(at, now), ended.watermark(at, now)

    def _too_little(self, seen: Observation) -> Problem:
        """Return the problem of a table of which too little is known, beside which no limit stands."""
        why = f"{self.known.need}" if self.known is not None else "there was no time to learn in this run"
        return Problem(
            ProblemKind.TOO_LITTLE_HISTORY,
            f"when data of {seen.table.id} is due is not known yet: {why}",
            "wait for more of its arrivals, or write a limit that holds until then (max_age beside auto)",
        )

    def remember(self, seen: Observation, before: TableMemory) -> dict[str, Any]:
        """Return the arrivals that later runs learn from; what was known stands where the table could not be read."""
        if self.auto is None:
            return {}
        known = self.known
        if known is None and self.auto.has_time:
            known = self.learned(seen, Clock(now=seen.now), before).known
        if known is None or seen.problem is not None:
            return {"arrivals": before.arrivals}
        return {"arrivals": known.keeping}

    def _counts_from(self, seen: Observation, clock: Clock) -> datetime | None:
        """Return the start of the newest due period that holds data; None where all that came counts.

        A backfill of an older period never makes a table fresh. Periods newer than it that could not be
        looked at stay in: they may hold data.
        """
        if self.schedule is None or not seen.partitions:
            return None
        labels = self.schedule.due_labels(clock.now, reach_back_to=clock.last_completed_at)
        filled = [
            p.period.start
            for p in seen.partitions
            if p.listing is not None and p.listing.objects and p.period.label in labels
        ]
        return max(filled, default=None)

    def _silent(self, seen: Observation, clock: Clock, memory: TableMemory) -> Observation | None:
        """Return what was seen from the lookback's first period on, of a table that had data before it; else None.

        What came into earlier periods was not looked for, whatever other checks asked for there.
        """
        if (
            self.schedule is None
            or seen.newest is not None
            or not seen.newest_complete
            or seen.listing is not None
        ):
            return None
        due = self.schedule.due(clock.now, reach_back_to=clock.last_completed_at)
        first_at = first_period_at(seen, memory)
        if not due or first_at is None or first_at >= due[-1].period.start:
            return None
        since = tuple(p for p in seen.partitions if p.period.start >= due[-1].period.start)
        return replace(seen, partitions=since, first_period_at=first_at) if since else None

    def _newest(
        self, seen: Observation, counts_from: datetime | None
    ) -> tuple[Arrival | None, Problem | None]:
        """Return the newest arrival that counts, and the problem that may hide a newer one."""
        problem = seen.problem or seen.further_problem
        if seen.newest is not None or not seen.newest_complete:
            unsure = None if seen.newest_complete else _ended_early(seen)
            return seen.newest, problem or unsure
        if seen.listing is not None:
            unsure = None if seen.listing.complete else _ended_early(seen)
            return _arrival_of(seen.listing, seen), problem or unsure
        newest: Listing | None = None
        newest_at: datetime | None = None
        for partition in seen.partitions:
            if counts_from is not None and partition.period.start < counts_from:
                continue
            problem = problem or partition.problem
            listing = partition.listing
            if listing is None:
                continue
            if problem is None and not listing.complete:
                problem = _ended_early(seen)
            if listing.newest_at is not None and (newest_at is None or listing.newest_at > newest_at):
                newest, newest_at = listing, listing.newest_at
        return (_arrival_of(newest, seen) if newest is not None else None), problem

    def finding(
        self, row: Row[LastArrival], severity: Severity | None, about: About = NOTHING_MORE
    ) -> Finding:
        """Write the finding: when the newest data came, and by when it should have."""
        newest_at = row.facts.newest_at
        limits = [limit for limit in (row.warning, row.critical) if isinstance(limit, datetime)]
        learned = row.facts.learned
        due_at = self._missed(row.facts.now, severity)
        is_plain = self.age_calendar is None and self.windows is None
        if learned is not None and learned.due is not None:
            due_at = learned.due
        elif self.deadline is None and newest_at is not None and severity is not None and is_plain:
            due_at = newest_at + (self.warn_after or self.error_after or timedelta(0))
        is_soft = self.grace is not None and severity is not Severity.CRITICAL
        since = row.warning if is_soft else row.critical
        since_limit = since if isinstance(since, datetime) else None
        return self.tell(
            row,
            severity,
            because(self, row.facts, since_limit, severity),
            about=about,
            observed=newest_at,
            expected=max(limits, default=None),
            deadline=due_at,
            advice=advice(row.facts, max(limits, default=None), self.zone) if severity is not None else "",
            usual=learned.said if learned is not None else "",
            stale_since=newest_at or row.facts.silent_from,
            of_period=self._newest_due(row.facts.now) if severity is not None else "",
            absence=self._absence(row.facts) if severity is not None else None,
        )

    def _missed(self, now: datetime, severity: Severity | None) -> datetime | None:
        """Return the deadline (UTC) that is spoken of: of what is critical, the last one whose grace is over."""
        passed, ended = self.last_deadlines(now)
        stated_at = ended if severity is Severity.CRITICAL else passed
        return self.due_at(stated_at) if stated_at is not None else None

    def _absence(self, facts: LastArrival) -> Absence:
        """Return that nothing came since the last arrival, and when it was overdue, as was learned or stated."""
        since = facts.newest_at or facts.silent_from
        if facts.learned is None or facts.learned.due is None:
            return self.absence(since)
        return Absence(standstill=Standstill(since=since, overdue_at=facts.learned.due, of="arrivals"))

    def absence(self, since: datetime | None, of: str = "arrivals") -> Absence:
        """Return that nothing came since then, and the first of its deadlines or limits that this crossed."""
        return Absence(standstill=Standstill(since=since, overdue_at=self._overdue_at(since), of=of))

    def _overdue_at(self, since: datetime | None) -> datetime | None:
        """Return when the next data should have come; closed days, which move a limit, are not counted."""
        if since is None:
            return None
        if self.deadline is None:
            return since + (self.warn_after or self.error_after or timedelta(0))
        after = self.deadline.first_at_or_after(since + timedelta(microseconds=1))
        if after is None:
            return None
        span = span_before(self.deadline, after, self.within)
        stated_at = self.deadline.first_at_or_after(since + span + timedelta(microseconds=1))
        while (
            stated_at is not None and watermark(self.deadline, stated_at, self.within, self.windows) <= since
        ):
            stated_at = self.deadline.first_at_or_after(stated_at + timedelta(minutes=1))
        return self.due_at(stated_at) if stated_at is not None else None

    def _newest_due(self, now: datetime) -> str:
        due = self.schedule.due(now) if self.schedule is not None else ()
        return due[0].period.label if due else ""

    def explain(self, seen: Observation, finding: Finding, clock: Clock) -> Iterator[str]:
        """Yield the deadline, the watermarks, what counts, and what was listed."""
        yield from explain(self, seen, finding, clock)
        yield from explain_together(self.also_in, self._together(seen, clock), self.zone)


def _by_name_alone(table: Table) -> bool:
    """Tell whether nothing is registered for a table: its places are known by their names."""
    return (table.is_prefix and table.format is Format.FILES) or is_projected(table)


def _arrival_of(listing: Listing, seen: Observation) -> Arrival | None:
    if listing.newest_at is None:
        return None
    return Arrival(listing.newest_at, listing.newest_key or seen.table.location or seen.table.id)


def _backfill(
    seen: Observation, counts_from: datetime | None, newest: Arrival
) -> tuple[str, datetime] | None:
    """Return the period and time of a newer arrival that does not count, as its period is an old one."""
    if counts_from is None:
        return None
    older = [
        (p.listing.newest_at, p.period.label)
        for p in seen.partitions
        if p.period.start < counts_from and p.listing is not None and p.listing.newest_at is not None
    ]
    at, label = max(older, default=(newest.at, ""))
    return (label, at) if at > newest.at else None


def _looked_at(seen: Observation) -> str:
    """Say which registered partitions were looked at, where there were several; empty where there was one or none."""
    looked = sorted(
        (p.period, p.period.label) for p in seen.partitions if p.registered and p.listing is not None
    )
    if len(looked) < 2:
        return ""
    return f"looked at were {len(looked)} registered partitions, {looked[0][1]} to {looked[-1][1]}"


def _start_of(seen: Observation) -> datetime:
    return min(p.period.start for p in seen.partitions)


def _not_sought(seen: Observation) -> Problem:
    first = min(p.period.label for p in seen.partitions)
    return Problem(
        ProblemKind.UNSUPPORTED,
        f"no data in any partition from {first} on; what came into earlier ones was not looked for",
        "write a longer lookback into the partitions check, one that reaches back as far as this limit",
    )


def _ended_early(seen: Observation) -> Problem:
    return Problem(
        ProblemKind.OVER_BUDGET,
        f"the listing of {seen.table.location or seen.table.id} was ended before its last page",
        "raise max_requests or the table's timeout",
    )
