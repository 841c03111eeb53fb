"""The check `freshness`, bound: what it looks at, and how new the newest arrival that counts is. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile
from typing import TYPE_CHECKING, ClassVar, Literal

from checks.layout.projection import is_projected
from checks.model import (
    Absence,
    Finding,
    Format,
    Problem,
    ProblemKind,
    Severity,
    Standstill,
    TableMemory,
)
from checks.rules.asking import Clock, Depth, Detail, Further, Needs
from checks.rules.base import NOTHING_MORE, About, Direction, Row, RowValues
from checks.rules.compacted import beside_rewrites
from checks.rules.freshness_learned import LearnsWhenDue
from checks.rules.freshness_words import (
    LastArrival,
    advice,
    because,
    explain_learned,
    explain_limits,
    explain_seen,
    nothing_seen,
)
from checks.rules.newest_arrival import (
    backfill,
    counts_from,
    looked_at,
    newest_arrival,
    not_sought,
    silent,
    start_of,
)
from checks.rules.one_source import doubt_of, explain_together, newest_of, nothing_in, told_of_all
from checks.schedule.due import MOST_PERIODS
from checks.schedule.periods import DAILY, back_from

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from checks.layout import TimeLayout
    from checks.model import Arrival, Observation, PartitionSeen, Period, Table

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
"""What stands for "never" in the row that is judged; no finding tells it."""
_USUAL_PERIODS = 14
"""So many periods are looked at where the limits ask for no more."""
_ZONES_AHEAD = timedelta(hours=14)
"""Labels may be written in a zone that is up to this much ahead of UTC."""

_NOTHING_ASKED = Problem(
    ProblemKind.UNSUPPORTED,
    "no period of it was looked at, since the partitions check beside it asks for none",
    "mend the partitions check, or turn it off",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FreshnessRule(LearnsWhenDue):
    """The bound check. ``also_in`` are tables that are one source together with this one: the newest of all counts."""

    check: ClassVar[str] = "freshness"
    direction: ClassVar[Direction] = Direction.AT_LEAST
    count: Literal["arrivals", "changes"] = "arrivals"
    also_in: tuple[str, ...] = ()

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
        newest = row.measured.newest if row.measured is not None else None
        return newest is None or any(newest.at < limit for limit in self.watermarks(clock.now))

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

    def needs(self, table: Table, layout: TimeLayout | None, clock: Clock, memory: TableMemory) -> Needs:
        """Ask for the location as one place, or for the newest periods until one proves the table fresh."""
        if layout is None and self.auto is not None and table.format is Format.FILES:
            return Needs(place=True)  # it is listed whole, whatever comes out
        limits = self.known_watermarks(clock, memory)
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

    def _after_due(self, clock: Clock) -> tuple[Period, ...]:
        """Return the periods after the newest due one that have begun somewhere by now, newest first."""
        if self.schedule is None:
            return ()
        due = self.schedule.due(clock.now, reach_back_to=clock.last_completed_at)
        walk = islice(back_from(clock.now, self.schedule.every, self.schedule.labels), MOST_PERIODS)
        return tuple(takewhile(lambda period: bool(due) and period.start > due[0].period.start, walk))

    def wants_further(self, seen: Observation, clock: Clock, memory: TableMemory) -> bool:  # noqa: ARG002 - the interface's
        """Tell whether nothing that was seen and counts is as new as the strictest limit asks."""
        newest, _ = newest_arrival(seen, counts_from(seen, self.schedule, clock))
        return newest is None or any(newest.at < limit for limit in self.watermarks(clock.now))

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

    def measure(self, seen: Observation, clock: Clock, memory: TableMemory) -> Row[LastArrival]:
        """Find the newest arrival that counts, and what stands against believing that it is the newest."""
        if self.auto is not None and self.auto.has_time and self.known is None:
            return self.learned(seen, clock, memory).measure(seen, clock, memory)
        own = self._of_own(seen, clock, memory)
        return self._of_all(seen, own, clock) if self.also_in else own

    def _of_own(self, seen: Observation, clock: Clock, memory: TableMemory) -> Row[LastArrival]:
        """Return the row of the table by itself."""
        warning, critical = self.limits_at(clock.now)
        limits = [limit for limit in (warning, critical) if limit is not None]
        since = counts_from(seen, self.schedule, clock)
        newest, doubt = newest_arrival(seen, since)
        quiet = silent(seen, self.schedule, clock, memory) if since is None and limits else None
        if quiet is not None and newest is not None and newest.at < max(limits):
            # Other checks asked for some of the earlier periods, not for all.
            newest, _ = newest_arrival(quiet, None)
        newest, rewritten = beside_rewrites(quiet or seen, since, newest, limits)
        facts = self._facts(seen, since, newest, clock)
        said: RowValues = {"warning": warning, "critical": critical, "doubt_if_fail": doubt or rewritten}
        if newest is not None:
            return self._arrived(seen, facts, newest, said)
        return self._nothing_came(seen, facts, quiet, said)

    def _facts(
        self, seen: Observation, since: datetime | None, newest: Arrival | None, clock: Clock
    ) -> LastArrival:
        """Return what a sentence about the newest arrival is made of; in periods from ``since`` on arrivals count."""
        by_catalog = (
            seen.layout is not None and bool(seen.table.partition_keys) and not is_projected(seen.table)
        )
        return LastArrival(
            clock.now,
            seen.table.location or seen.table.id,
            by_catalog=by_catalog and seen.table.format is Format.FILES,
            behind=seen.behind,
            newest=newest,
            looked_at=looked_at(seen) if by_catalog and self.schedule is None else "",
            backfill=backfill(seen, since, newest) if newest is not None else None,
        )

    def _arrived(
        self, seen: Observation, facts: LastArrival, newest: Arrival, said: RowValues
    ) -> Row[LastArrival]:
        """Return the row of a table that holds data, against its learned limits where it learns."""
        at = min(newest.at, facts.now)
        said |= {"observed": at, "evidence": newest.evidence}
        if self.auto is None:
            return self.row(seen, facts, **said)
        learned = self.limit_learned(at, facts.now)
        if learned.due is not None:
            warning, critical = self.limits_learned(learned, at, facts.now)
            said |= {"warning": warning, "critical": critical}
        elif said.get("warning") is None and said.get("critical") is None:
            said |= {"unknown": said.get("doubt_if_fail") or self.too_little(seen)}
        return self.row(seen, replace(facts, learned=learned), **said)

    def _nothing_came(
        self, seen: Observation, facts: LastArrival, quiet: Observation | None, said: RowValues
    ) -> Row[LastArrival]:
        """Return the row of a table without data that counts; ``quiet`` is what was seen since it fell silent."""
        unknown, (warning, critical) = said.get("doubt_if_fail"), self.limits_at(facts.now)
        since = start_of(quiet) if quiet is not None else None
        if unknown is None and self.schedule is not None and seen.listing is None and not seen.partitions:
            unknown = _NOTHING_ASKED
        elif unknown is None and quiet is not None and max(self.watermarks(facts.now)) < start_of(quiet):
            unknown = not_sought(quiet)
        if unknown is not None:
            said |= {"unknown": unknown, "evidence": None}
            return self.row(seen, **said)
        said["observed"] = _LONG_AGO
        if since is None:
            # Nothing at all is critical, also where only a warning or no deadline of the past is a limit.
            said["critical"] = critical or warning or facts.now
        elif critical is not None and critical < since:
            said["critical"] = None  # only that the softer limit is crossed is proved
        return self.row(seen, replace(facts, nothing=nothing_seen(quiet or seen), silent_from=since), **said)

    def finding(
        self, row: Row[LastArrival], severity: Severity | None, about: About = NOTHING_MORE
    ) -> Finding:
        """Write the finding: when the newest data came, and by when it should have."""
        newest_at = row.facts.newest_at
        limits = [limit for limit in (row.warning, row.critical) if isinstance(limit, datetime)]
        learned = row.facts.learned
        due_at = self.missed(row.facts.now, severity)
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

    def _absence(self, facts: LastArrival) -> Absence:
        """Return that nothing came since the last arrival, and when it was overdue, as was learned or stated."""
        since = facts.newest_at or facts.silent_from
        if facts.learned is None or facts.learned.due is None:
            return self.absence(since)
        return Absence(standstill=Standstill(since=since, overdue_at=facts.learned.due, of="arrivals"))

    def _newest_due(self, now: datetime) -> str:
        due = self.schedule.due(now) if self.schedule is not None else ()
        return due[0].period.label if due else ""

    def explain(self, seen: Observation, finding: Finding, clock: Clock) -> Iterator[str]:
        """Yield what was learned, the deadline, the watermarks, what counts, and what was listed."""
        if self.auto is not None:
            yield from explain_learned(self.auto, finding, is_limited=bool(self.watermarks(clock.now)))
        yield from explain_limits(self, clock.now)
        if self.schedule is not None:
            yield "what counts is data of the newest due period that holds any, and of later ones"
        yield from explain_seen(seen, finding)
        yield from explain_together(self.also_in, self._together(seen, clock), self.zone)


def _by_name_alone(table: Table) -> bool:
    """Tell whether nothing is registered for a table: its places are known by their names."""
    return (table.is_prefix and table.format is Format.FILES) or is_projected(table)
