"""Answers of earlier runs that may stand in place of a look at a partition. Pure.

A partition that was seen to hold data is not listed again while its answer is young enough and nothing speaks
against it: the catalog says the same of it, and nobody asks for more than that data is there. What was deleted
since is noticed when the answer is too old: each partition has a limit of its own, so that a fleet that was looked
at in one night is not looked at again in one night.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING
from zlib import crc32

from checks.lake.s3.objects import MOST_KEYS
from checks.model import PartitionSeen
from checks.schedule.clock import say_instant

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from checks.model import Answer, Listing, Period, Problem
    from checks.rules.asking import Clock, Needs
    from checks.rules.base import TablePlan
    from checks.schedule.due import Schedule

NEVER = timedelta(0)


@dataclass(frozen=True, slots=True)
class Answers:
    """What earlier runs saw of the partitions of one table, and which of it counts now."""

    plan: TablePlan
    clock: Clock
    schedule: Schedule | None
    due: tuple[Period, ...]
    """The periods of the lookback that are due, newest first; none where no answer counts."""

    @classmethod
    def of(cls, plan: TablePlan, clock: Clock, due: Sequence[Period]) -> Answers:
        """Return the answers about a table of which these periods are due, newest first."""
        if plan.schedule is None or plan.max_age_of_answer <= NEVER:
            return cls(plan, clock, None, ())
        return cls(plan, clock, plan.schedule, tuple(due))

    @property
    def longest(self) -> timedelta:
        """How long an answer about this table may stand: what is stated, and at most half of the lookback.

        So each partition is looked at again before it leaves the lookback, whatever its cadence.
        """
        if not self.due:
            return NEVER
        return min(self.plan.max_age_of_answer, (self.due[0].end - self.due[-1].start) / 2)

    def stands(self, answer: Answer, place: str) -> bool:
        """Tell whether an answer is young enough; one of a later run than this never is."""
        age = self.clock.now - answer.seen_at
        newest_at = answer.listing.newest_at
        if self.clock.ignore_later and (newest_at is None or newest_at > self.clock.now):
            return False
        return NEVER <= age < limit_of(self.plan.table.id, place, self.longest)

    def about(self, target: PartitionSeen) -> Answer | None:
        """Return the answer about a partition of which the catalog says the same now, whatever its age."""
        answer = self.plan.memory.answers.get(target.location or "")
        if answer is None or target.registered is False or not answer.listing.objects:
            return None
        then = (answer.values, answer.registered, answer.created_at, answer.pattern)
        same = then == (target.values, target.registered, target.created_at, self.plan.entry.said_of_names)
        return answer if same else None

    def in_place_of(self, target: PartitionSeen, needs: Iterable[Needs]) -> Answer | None:
        """Return the answer that stands in place of a look at a target, of which rules need this; None: look.

        The newest due period and what is newer are always looked at; so is what was not due at the last look.
        """
        answer = self.about(target) if target.problem is None else None
        if answer is None or not self._may_stand(target) or not all(each.data_is_enough for each in needs):
            return None
        if target.period.start >= self.due[0].start or answer.seen_at < self._over_at(target):
            return None
        return answer if self.stands(answer, target.location or "") else None

    def would_spare(self, place: str, period: Period, needs: Iterable[Needs]) -> bool:
        """Tell whether an answer spares a look of which rules need this, where the catalog still says the same."""
        answer = self.plan.memory.answers[place]
        as_then = PartitionSeen(
            period=period,
            values=answer.values,
            location=place,
            registered=answer.registered,
            created_at=answer.created_at,
        )
        return self.in_place_of(as_then, needs) is not None

    def lasts(self, target: PartitionSeen, listing: Listing | None) -> bool:
        """Tell whether what this run saw of a target may stand in place of a look of later ones."""
        if listing is None or not listing.objects or target.problem is not None:
            return False
        return self._may_stand(target) and self.clock.now >= self._over_at(target)

    def _may_stand(self, target: PartitionSeen) -> bool:
        """Tell whether a target is of the lookback, and where a partition has to be."""
        in_lookback = bool(self.due) and target.period.start >= self.due[-1].start
        return in_lookback and target.registered is not False and target.location is not None

    def _over_at(self, target: PartitionSeen) -> datetime:
        """Return when a period's data was to be there; where it is never due, when the period is over."""
        due_at = self.schedule.due_at(target.period) if self.schedule is not None else None
        return due_at if due_at is not None else target.period.end

    def told(self, problem: Problem | None, target: PartitionSeen) -> Problem | None:
        """Return why a target could not be looked at, with what was last seen of it."""
        answer = self.about(target)
        if problem is None or answer is None or self.schedule is None or answer.seen_at > self.clock.now:
            return problem
        when = say_instant(answer.seen_at, self.schedule.zone)
        told = f"{problem.message}; {target.period.label} was last {how_seen(answer.listing)} on {when}"
        if not self.stands(answer, target.location or ""):
            told += ", which is longer ago than an answer may stand (max_age_of_answer)"
        return replace(problem, message=told)


def limit_of(table: str, place: str, longest: timedelta) -> timedelta:
    """Return from which age on an answer about a place counts no more: above half of the longest, up to it.

    It is the same in each run, and differs from place to place.
    """
    share = crc32(f"{table} {place}".encode(errors="surrogatepass")) / (1 << 32)
    return longest - longest / 2 * share


def keys_of(answer: Answer) -> int:
    """Return how many keys lay at a place; where it was not read to its end, as many as one page holds."""
    seen = answer.listing
    if not seen.complete:
        return MOST_KEYS
    return seen.objects + seen.empty_objects + seen.ignored_objects


def how_seen(listing: Listing) -> str:
    """Say how much of a partition was seen."""
    return "seen whole" if listing.complete else "seen to hold data"


def say_spared(partitions: Sequence[PartitionSeen], zone: ZoneInfo) -> str:
    """Say which partitions of a period were not listed again, and when they were; empty where all were looked at."""
    spared = [each for each in partitions if each.seen_at is not None and each.listing is not None]
    if not spared:
        return ""
    oldest = min(spared, key=lambda each: each.seen_at or each.period.end)
    if oldest.seen_at is None or oldest.listing is None:
        return ""
    number = f"{len(spared)} of {len(partitions)} partitions " if len(partitions) > 1 else ""
    since = " or later" if len(spared) > 1 else ""
    return f"; {number}{how_seen(oldest.listing)} on {say_instant(oldest.seen_at, zone)}{since}, not listed again"
