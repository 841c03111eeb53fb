"""The check `partitions`, bound: what it looks at, and which of the periods that are due hold no data. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from itertools import chain, islice, takewhile
from typing import TYPE_CHECKING, Any, ClassVar

from checks.layout import StatedLayout, TimeLayout, layout_from_json
from checks.layout.dimensions import due_from, known_before, remembered
from checks.model import (
    Finding,
    Format,
    Observed,
    PartitionSeen,
    Problem,
    Severity,
    item_key,
)
from checks.rules.asking import Clock, Depth, Detail, Needs, StatedPeriods
from checks.rules.base import NOTHING_MORE, About, Row
from checks.rules.due_items import (
    lacking,
)
from checks.rules.grace import excused, grace_left, notes_of
from checks.rules.missed import NOTHING_MISSED
from checks.rules.owed import Expected, items_of, owed_of
from checks.rules.own_deadlines import dues_of, explain_own
from checks.rules.partitions_learned import LearnsSchedule
from checks.rules.partitions_words import (
    Judged,
    absence,
    advice,
    because,
    oldest_of_run,
    say_uncounted,
    told_apart,
)
from checks.rules.projected import none_projected, projected
from checks.rules.punctuality import past_periods, usual
from checks.rules.retention import boundary_of, remembered_ages
from checks.rules.untold import is_bare, untold
from checks.schedule.periods import back_from

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date, datetime

    from checks.model import Combination, Observation, Period, Table, TableMemory
    from checks.schedule.due import DuePeriod, Schedule

_MOST_AHEAD = 4
"""So many periods that have begun are looked at before they are due, where what is learned may ask for them."""
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionsRule(LearnsSchedule):
    """The bound check. ``schedule`` says which periods are due; so many without data as ``error_when`` are critical.

    ``own`` are the schedules of combinations of values where these are due at times of their own.
    """

    check: ClassVar[str] = "partitions"
    error_when: int = 1
    stated_layout: StatedLayout | None = None
    own: Mapping[Combination, Schedule] = field(default_factory=dict, hash=False)

    def schedule_of(self, combination: Combination | None) -> Schedule:
        """Return by which schedule a combination of values is due; the table's where none is stated for it."""
        return self.own.get(combination or (), self.schedule)

    @property
    def limits(self) -> tuple[float | None, float | None]:
        """Fewer than ``error_when`` are a warning, and so are those whose grace is not over."""
        is_soft = self.error_when > 1 or any(each.grace for each in self.schedule.parts or (self.schedule,))
        return (0 if is_soft else None), self.error_when - 1

    @property
    def states(self) -> StatedPeriods:
        """The table's periods are those that this check asks for."""
        return StatedPeriods(
            schedule=self.schedule,
            layout=self.stated_layout,
            each=self.each,
            own=self.own,
            check=self.check,
            learns=self.auto is not None,
            learns_every=not self.every_stated,
        )

    def needs(self, table: Table, layout: TimeLayout | None, clock: Clock, memory: TableMemory) -> Needs:
        """Ask for each due period, and for everything registered from the oldest of them on."""
        if layout is None or not layout.can_tell(self.schedule.every) or self._misfit(table, layout):
            return Needs()
        due = self.due(clock)
        due = projected(due, table, layout, clock)
        if not due:
            return Needs()
        known: dict[Combination, datetime | None] = {}
        if self.each is not None:
            known = dict.fromkeys(self.each.stated) or dict(known_before(self.each, memory))
        return Needs(
            periods=(
                *self._not_due_yet(due[0].period, clock),
                *(each.period for each in due),
                *self.earlier(clock, memory),
            ),
            onward_from=due[-1].period.wall,
            data_is_enough=True,
            first_period=memory.first_period_at is None,
            each=self.each,
            combinations=known,
        )

    def _not_due_yet(self, newest: Period, clock: Clock) -> tuple[Period, ...]:
        """Return the periods that have begun since the newest due one, where what is learned may ask for them."""
        if self.known is None or self.known.schedule is not None:
            return ()
        walk = islice(back_from(clock.now, self.schedule.every, self.schedule.labels), _MOST_AHEAD)
        return tuple(takewhile(lambda period: period.start > newest.start, walk))

    def detail(self, clock: Clock) -> Detail:  # noqa: ARG002 - the interface's
        """Ask a log for what each period holds."""
        return Detail(by_period=True)

    def depth(self, target: PartitionSeen, clock: Clock, memory: TableMemory) -> Depth:
        """Ask for data with bytes in it, and whether the first of it came in time.

        Where the catalog or an earlier run tells that already, no more is asked.
        """
        combination = self.each.of(target.dimensions) if self.each is not None else None
        due_at = self.schedule_of(combination).due_at(target.period)
        if due_at is None or due_at > clock.now:
            return Depth(whole=False)
        key = item_key(target.period.label, combination or ())
        known = [target.created_at, memory.first_seen.get(key)]
        is_known = any(at is not None and at <= due_at for at in known)
        return Depth(whole=False, in_time_by=None if is_known else due_at)

    def deadlines(self, start: datetime) -> Iterator[datetime]:
        """Yield when periods are due, and when their grace is over."""
        for schedule in self.schedule.parts or (self.schedule,):
            if schedule.every.nominal < _DAY:
                found = schedule.due(start + _DAY, reach_back_to=start)
                coming = [each.due_at for each in found if each.due_at > start]
            else:
                following = schedule.next_due(start)
                coming = [following.due_at] if following is not None else []
            for due_at in coming:
                yield due_at
                if schedule.grace:
                    yield schedule.grace_end(due_at)

    def notes(self) -> Iterator[str]:
        """Yield within which windows nothing is due, and how long being late is a warning."""
        found = (notes_of(each.windows, each.grace) for each in self.schedule.parts or (self.schedule,))
        return iter(dict.fromkeys(chain.from_iterable(found)))

    def remember(self, seen: Observation, before: TableMemory) -> dict[str, Any]:
        """Return the combinations of values that were ever seen, and the age beyond which periods are gone."""
        clock = Clock(now=seen.now)
        found: dict[str, Any] = {"combinations": remembered(self.each, before, self.asked(seen, clock))}
        if self.auto is not None:
            found["firsts"] = self.firsts(seen, clock, before)
        filled = {p.period.label for p in seen.partitions if p.listing is not None and p.listing.objects}
        if not before.first_seen.keys() <= filled:  # else nothing that held data can be gone
            row = self.measure(seen, clock, before)
            boundary = row.measured.boundary if row.measured is not None else None
            found["ages"] = remembered_ages(before.ages, boundary, self._today(clock))
        return found

    def _today(self, clock: Clock) -> date:
        return clock.now.astimezone(self.schedule.zone).date()

    def remember_told(self, finding: Finding, before: TableMemory) -> dict[str, Any]:
        """Return which of the last periods came on time."""
        return {"past_periods": past_periods(finding.items, before.past_periods)}

    def _misfit(self, table: Table, layout: TimeLayout, seen: Sequence[PartitionSeen] = ()) -> Problem | None:
        """Return why the keys under each cannot be told apart, None when they can, or when there are none.

        A table with a log has its keys there, and Glue need not know them: they are those of what was ``seen``.
        """
        if self.each is None:
            return None
        timed = [key.name for key in layout.keys]
        names = [key.name for key in table.partition_keys]
        if table.format is not Format.FILES:
            if not any(partition.values for partition in seen):
                return None
            names = [*timed, *sorted({name for partition in seen for name, _ in partition.dimensions})]
        return self.each.misfit(table.id, names, timed)

    def measure(self, seen: Observation, clock: Clock, memory: TableMemory) -> Row[Judged]:
        """Count the due periods without data; what could not be looked at is a doubt about a pass."""
        due = self.due(clock)
        layout = layout_from_json(seen.layout, self.schedule.labels) if seen.layout else None
        problem = self._unreadable(seen, layout) if due and not is_bare(seen) else None
        if problem is not None:
            return self.row(seen, unknown=problem)
        all_due, due = due, projected(due, seen.table, layout, clock)
        if all_due and not due:
            return self.row(seen, unknown=none_projected(seen.table, all_due, self.schedule.every))
        owed = owed_of(due, seen, memory)
        expected, left_out = self._expected(due, seen, clock, memory, owed.first_at)
        items, doubt = items_of(owed, expected, seen, memory.first_seen)
        boundary = boundary_of(owed.periods, items, memory.ages, self._today(clock), self.schedule.every)
        if boundary is not None and boundary.is_kept:
            beyond = frozenset(item.key for item in boundary.gone)
            items = [item for item in items if item.key not in beyond]
        uncounted = say_uncounted(seen, len(all_due) - len(due), left_out, self.schedule.every)
        lone = self.missed(items, seen, clock, memory) if not owed.never else NOTHING_MISSED
        items = [item for item in items if item not in lone.single]
        notes = (*lone.notes(self.schedule.every), *self.learning_notes(), *uncounted)
        left = excused(self.schedule_of, due if owed.never else items, clock.now)
        return self.row(
            seen,
            Judged(clock.now, bool(owed.never), memory.past_periods, notes, boundary, owed.periods, lone),
            items=tuple(items),
            observed=owed.never or len([item for item in items if item.state.is_bad]),
            critical=self.error_when - 1 + left,
            doubt_if_pass=doubt,
        )

    def _expected(
        self,
        due: tuple[DuePeriod, ...],
        seen: Observation,
        clock: Clock,
        memory: TableMemory,
        first_at: datetime | None,
    ) -> tuple[list[Expected], int]:
        """Return the combinations of values that are due, and how many more there are than are judged."""
        combinations: dict[Combination, datetime | None] = {}
        left_out = 0
        if self.each is not None:
            combinations, left_out = due_from(self.each, self.asked(seen, clock), memory, first_at)
        combinations = combinations or {(): None}
        due_of = dues_of(combinations, due, self.own, self.schedule, clock)
        expected = [
            Expected(combination, since, due_of[combination], self.schedule_of(combination).zone)
            for combination, since in combinations.items()
        ]
        return expected, left_out

    def _unreadable(self, seen: Observation, layout: TimeLayout | None) -> Problem | None:
        """Return why no period could be looked at at all, None when some could."""
        if seen.problem is not None and not seen.partitions:
            return seen.problem
        if layout is not None and layout.can_tell(self.schedule.every):
            return self._misfit(seen.table, layout, seen.partitions)
        return untold(seen, layout, self.schedule.every)

    def finding(self, row: Row[Judged], severity: Severity | None, about: About = NOTHING_MORE) -> Finding:
        """Write the finding: how many due periods have no data, which, since when, and what mends it."""
        bad = [item for item in row.items if item.state.is_bad]
        boundary = row.facts.boundary
        remedy, statement = advice(self, bad, boundary)
        note = boundary.say(self.schedule.every) if boundary is not None and boundary.is_kept else ""
        grace = grace_left(self.schedule_of, bad[:1] if row.facts.never_loaded else bad, row.facts.now)
        told = (because(self, row, bad), grace, note, *row.facts.notes)
        return self.tell(
            row,
            severity,
            "; ".join(each for each in told if each),
            about=about,
            observed=_as_number(row.observed),
            expected=0,
            items=told_apart(row),
            deadline=min((item.due_at for item in bad if item.due_at), default=None) if bad else None,
            advice=remedy,
            statement=statement,
            usual=usual(row.items, row.facts.past),
            note=note,
            lacking=lacking(row.items) if severity is not None else (),
            absence=absence(row) if severity is not None else None,
            stale_since=oldest_of_run(row) if bad else None,
        )

    def explain(self, seen: Observation, finding: Finding, clock: Clock) -> Iterator[str]:  # noqa: ARG002 - the interface's
        """Yield when values are due that have deadlines of their own, or what was learned, and its share of alarms."""
        yield from explain_own(self.own, clock)
        yield from self.explain_learned()


def _as_number(value: object) -> Observed:
    return value if isinstance(value, int | float) else None
