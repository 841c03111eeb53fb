"""How the check `partitions` judges and says it: each period that is due holds data."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import chain, islice, takewhile
from typing import TYPE_CHECKING, Any, ClassVar

from checks.layout import StatedLayout, TimeLayout, layout_from_json
from checks.layout.dimensions import MOST_COMBINATIONS, Dimensions, due_from, known_before, remembered
from checks.model import (
    Absence,
    Finding,
    Format,
    Item,
    ItemState,
    Observed,
    PartitionSeen,
    Problem,
    Severity,
    Standstill,
    item_key,
)
from checks.rules.asking import Clock, Depth, Detail, Needs, StatedPeriods
from checks.rules.base import NOTHING_MORE, About, Row, Rule
from checks.rules.dimensions import name_of, say_combination, say_items
from checks.rules.due_items import (
    doubt_about,
    first_period_at,
    is_of,
    judge,
    lacking,
    proven_first_at,
    unread,
)
from checks.rules.grace import excused, grace_left, notes_of
from checks.rules.learned_periods import MOST_KEPT, learn_schedule, misses_by
from checks.rules.missed import NOTHING_MISSED, Missed, missed
from checks.rules.own_deadlines import dues_of, explain_own
from checks.rules.projected import none_projected, projected, say_range
from checks.rules.punctuality import on_time_share, past_periods, usual
from checks.rules.retention import boundary_of, remembered_ages
from checks.rules.sentences import MOVE_FIRST, count_of
from checks.rules.taught import say_taught, teaching
from checks.rules.untold import is_bare, untold
from checks.schedule.clock import say_instant
from checks.schedule.periods import back_from

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date, datetime

    from checks.marks import Mark
    from checks.model import Combination, Observation, PastPeriod, Period, Table, TableMemory
    from checks.rules.asking import Share
    from checks.rules.learned_periods import LearnedSchedule
    from checks.rules.retention import Boundary
    from checks.schedule.due import DuePeriod, Schedule
    from checks.schedule.periods import Every

_MOST_NOTES = 3
_MOST_AHEAD = 4
_NOT_LOOKED_AT = "not all that is due by it was looked at"
_MISSED_OF_EACH = "single periods are missed now and then, and each value is due by itself"
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Judged:
    """What the sentence is made of beside the items: when it was, what is known of earlier periods, and notes.

    ``never_loaded``: no period of the table ever held data. ``boundary`` is where data ends that is deleted by age.
    """

    now: datetime
    never_loaded: bool
    past: Mapping[str, PastPeriod]
    notes: tuple[str, ...]
    boundary: Boundary | None = None
    owed: tuple[DuePeriod, ...] = ()
    """The periods that are judged, newest first."""
    missed: Missed = NOTHING_MISSED


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionsRule(Rule):
    """The bound check. ``schedule`` says which periods are due, ``error_when`` when it is critical.

    ``own`` are the schedules of combinations of values where these are due at times of their own.
    """

    check: ClassVar[str] = "partitions"
    schedule: Schedule
    error_when: int = 1
    stated_layout: StatedLayout | None = None
    each: Dimensions | None = None
    own: Mapping[Combination, Schedule] = field(default_factory=dict, hash=False)

    auto: Share | None = None
    """Its share of the false alarms where it learns when periods are due; None where it does not."""
    every_stated: bool = True
    grace_stated: bool = True
    known: LearnedSchedule | None = None
    """What was learned, or why nothing was."""
    marks: tuple[Mark, ...] = ()
    """What people said that it learns from."""

    def taught(self, marks: Sequence[Mark], now: datetime) -> PartitionsRule:
        """Return the rule with what marks of its table teach by ``now``, where it learns."""
        return self if self.auto is None else replace(self, marks=teaching(marks, self.check, now))

    @property
    def taught_by(self) -> frozenset[str]:
        """The ids of the marks that had a part in what it learned."""
        return frozenset(self.known.taught) if self.known is not None else frozenset()

    @property
    def _by(self) -> str:
        """Say by which marks: ``learned with 1 mark of ann, 23 Nov``; empty where by none."""
        by = say_taught(self.marks, self.taught_by, self.schedule.zone)
        return f"learned with {by}" if by else ""

    @property
    def share(self) -> Share | None:
        """Its share of the false alarms that may come of what is learned."""
        return self.auto

    def sharing(self, share: Share) -> PartitionsRule:
        """Return the rule with its share of the false alarms."""
        return self if self.auto is None else replace(self, auto=share)

    def without_time(self) -> PartitionsRule:
        """Return the rule as it is: what earlier runs remember was learned before the table was looked at."""
        return self

    def remembering(self, memory: TableMemory) -> PartitionsRule:
        """Return the rule with the schedule that earlier periods tell, by their names and when they came."""
        if self.auto is None:
            return self
        stated = self._stated(memory)
        known = self._of_all(learn_schedule(stated, memory.firsts, self.auto, self.marks))
        return replace(self, schedule=known.schedule or stated, known=known)

    def _of_all(self, known: LearnedSchedule) -> LearnedSchedule:
        """Return what was learned, where it holds for each value that is due by itself."""
        if self.each is None or known.schedule is None or known.schedule.misses <= 1:
            return known
        return replace(known, schedule=None, plain=None, sentence="", lacks=_MISSED_OF_EACH)

    def _stated(self, memory: TableMemory) -> Schedule:
        """Return the schedule that holds while too little is known."""
        layout = layout_from_json(memory.layout, self.schedule.labels) if memory.layout else None
        every = self.schedule.every
        if not self.every_stated and layout is not None and layout.every is not None:
            every = layout.every
        after = self.schedule.after if self.grace_stated else min(every.nominal, _DAY)
        return replace(self.schedule, every=every, after=after)

    def learned(self, seen: Observation, clock: Clock, memory: TableMemory) -> PartitionsRule:
        """Return the rule with what is seen in its first runs, where all that is due by it was looked at."""
        if self.auto is None:
            return self
        if self.known is not None and self.known.schedule is not None:
            return self._loosened(self.known, seen, clock, memory) if self.marks else self
        stated = self._stated(replace(memory, layout=memory.layout or seen.layout))
        mine = replace(self, schedule=stated)
        firsts = mine._firsts(seen, clock, memory)  # noqa: SLF001 - its own class
        known = self._of_all(learn_schedule(stated, firsts, self.auto, self.marks))
        schedule = self._looked_at(known.schedule, seen, clock) if known.schedule is not None else None
        if schedule is not None:
            return replace(self, schedule=schedule, known=known)
        lacks = known.lacks or _NOT_LOOKED_AT
        return replace(self, schedule=stated, known=replace(known, schedule=None, lacks=lacks))

    def _loosened(
        self, known: LearnedSchedule, seen: Observation, clock: Clock, memory: TableMemory
    ) -> PartitionsRule:
        """Return the rule with what was expected of periods that are seen to be over only now."""
        found = known.loosened(self._firsts(seen, clock, memory), self.marks)
        if found.schedule is None or found.schedule == known.schedule:
            return self
        schedule = self._looked_at(found.schedule, seen, clock)
        return self if schedule is None else replace(self, schedule=schedule, known=found)

    @staticmethod
    def _looked_at(schedule: Schedule, seen: Observation, clock: Clock) -> Schedule | None:
        """Return the schedule as far back as its periods were looked at; the next run looks farther.

        None where the newest that are due by it were not.
        """
        labels = {each.period.label for each in seen.partitions}
        due = schedule.due(clock.now, reach_back_to=clock.last_completed_at)
        count = sum(1 for _ in takewhile(lambda each: each.period.label in labels, due))
        if due and not count:
            return None
        if count < len(due) and count < schedule.misses:  # so many in a row could not be seen
            return None
        nearer = replace(schedule, lookback=count) if count < len(due) else schedule
        reached = nearer.due_labels(clock.now, reach_back_to=clock.last_completed_at)
        return nearer if reached <= labels else None

    def _firsts(self, seen: Observation, clock: Clock, memory: TableMemory) -> dict[str, datetime]:
        """Return when the first data of periods came, by their labels, the newest of them.

        Only those that this check asks for: others look at single periods farther back.
        """
        firsts = dict(memory.firsts)
        for partition in self._asked(seen, clock):
            listing, label = partition.listing, partition.period.label
            if listing is not None and listing.objects and partition.seen_at is None:
                at = listing.oldest_at or seen.now
                firsts[label] = min(firsts.get(label, at), at)
        return {label: firsts[label] for label in sorted(firsts, reverse=True)[:MOST_KEPT]}

    def schedule_of(self, combination: Combination | None) -> Schedule:
        """Return by which schedule a combination of values is due; the table's where none is stated for it."""
        return self.own.get(combination or (), self.schedule)

    def due(self, clock: Clock) -> tuple[DuePeriod, ...]:
        """Return the periods of the lookback of which anything is due, newest first."""
        return self.schedule.due_of_any(clock.now, reach_back_to=clock.last_completed_at)

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
            periods=(*self._not_due_yet(due[0].period, clock), *(each.period for each in due)),
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
        found: dict[str, Any] = {"combinations": remembered(self.each, before, self._asked(seen, clock))}
        if self.auto is not None:
            found["firsts"] = self._firsts(seen, clock, before)
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

    def _asked(self, seen: Observation, clock: Clock) -> Sequence[PartitionSeen]:
        """Return what was seen of the periods that this check asks for: others look farther back."""
        due = self.due(clock)
        return [each for each in seen.partitions if due and each.period.start >= due[-1].period.start]

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
        first_at = first_period_at(seen, memory)
        # Nothing was ever loaded: each due period is without data, and the newest stands for all.
        unsure = seen.first_period_problem if memory.first_period_at is None else None
        never = len(due) if first_at is None and seen.problem is None and unsure is None else 0
        owed = _owed(due, first_at)
        # Where the first period is not known for sure, periods before the first one seen may be due too.
        doubt = (unsure or seen.problem or unread(seen)) if len(owed) < len(due) else None
        owed = due if unsure is not None else owed
        # Whether periods before the first that surely held data are owed may rest on one that could not be read.
        proven_at = proven_first_at(seen, memory)
        unread_first = unsure or (unread(seen) if first_at != proven_at else None)
        by_label: dict[str, list[PartitionSeen]] = {}
        for partition in seen.partitions:
            by_label.setdefault(partition.period.label, []).append(partition)
        combinations: dict[Combination, datetime | None] = {}
        left_out = 0
        if self.each is not None:
            combinations, left_out = due_from(self.each, self._asked(seen, clock), memory, first_at)
        combinations = combinations or {(): None}
        items = []
        known, unknown = memory.first_seen, ItemState.UNKNOWN
        due_of = dues_of(combinations, due, self.own, self.schedule, clock)
        for each in owed:
            label = each.period.label
            of_period = by_label.get(label, ())
            for combination, since in combinations.items():
                of_own = due_of[combination].get(label)
                if of_own is None or (since is not None and each.period.start < since):
                    continue
                partitions = [p for p in of_period if is_of(p, combination)] if combination else of_period
                first_seen = known.get(item_key(label, combination)) if known else None
                item = judge(of_own, partitions, seen, first_seen, self.schedule_of(combination).zone)
                is_unproven = proven_at is not None and each.period.start < proven_at and item.state.is_bad
                if is_unproven and unread_first is not None:
                    item = replace(item, state=unknown, detail=_may_be_earlier(unread_first))
                    doubt = doubt or unread_first
                items.append(replace(item, dimensions=combination) if combination else item)
                if item.state is unknown and doubt is None:
                    doubt = doubt_about(partitions, label) or seen.problem
        boundary = boundary_of(owed, items, memory.ages, self._today(clock), self.schedule.every)
        if boundary is not None and boundary.is_kept:
            beyond = frozenset(item.key for item in boundary.gone)
            items = [item for item in items if item.key not in beyond]
        items, lone = (
            self._without_single(items, seen, clock, memory) if not never else (items, NOTHING_MISSED)
        )
        notes = (
            *lone.notes(self.schedule.every),
            *_notes_of(seen, len(all_due) - len(due), left_out, self.schedule.every),
        )
        if self.known is not None and self.known.lacks:
            notes = (f"too little is known to learn when they are due: {self.known.lacks}", *notes)
        notes = (*([f"when they are due was {self._by}"] if self._by else []), *notes)
        return self.row(
            seen,
            Judged(clock.now, bool(never), memory.past_periods, notes, boundary, owed, lone),
            items=tuple(items),
            observed=never or len([item for item in items if item.state.is_bad]),
            critical=self.error_when - 1 + excused(self.schedule_of, due if never else items, clock.now),
            doubt_if_pass=doubt,
        )

    def _without_single(
        self, items: list[Item], seen: Observation, clock: Clock, memory: TableMemory
    ) -> tuple[list[Item], Missed]:
        """Return the items that are told, and what was missed of a table that misses single periods now and then."""
        share, known = self.auto, self.known
        if share is None or known is None or known.schedule is None:
            return items, NOTHING_MISSED
        usual_now, stated = known.schedule.misses, self._stated(memory)
        firsts = self._firsts(seen, clock, memory)
        found = missed(items, lambda at: misses_by(stated, firsts, share, at) or usual_now, clock.now)
        return [item for item in items if item not in found.single], found

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
        advice, statement = self._advice(bad, boundary)
        note = boundary.say(self.schedule.every) if boundary is not None and boundary.is_kept else ""
        grace = grace_left(self.schedule_of, bad[:1] if row.facts.never_loaded else bad, row.facts.now)
        told = [
            self._told(row, bad),
            *([grace] if grace else []),
            *([note] if note else []),
            *row.facts.notes,
        ]
        return self.tell(
            row,
            severity,
            "; ".join(told),
            about=about,
            observed=_as_number(row.observed),
            expected=0,
            items=()
            if row.facts.never_loaded
            else _told_apart(row),  # one trouble, whichever period is newest
            deadline=min((item.due_at for item in bad if item.due_at), default=None) if bad else None,
            advice=advice,
            statement=statement,
            usual=usual(row.items, row.facts.past),
            note=note,
            lacking=lacking(row.items) if severity is not None else (),
            absence=_absence(row) if severity is not None else None,
            stale_since=_oldest_of_run(row) if bad else None,
        )

    def explain(self, seen: Observation, finding: Finding, clock: Clock) -> Iterator[str]:  # noqa: ARG002 - the interface's
        """Yield when values are due that have deadlines of their own, or what was learned, and its share of alarms."""
        yield from explain_own(self.own, clock)
        if self.auto is None:
            return
        known = self.known
        if known is not None and known.sentence:
            yield f"learned: {known.sentence}{f'; {self._by}' if self._by else ''}"
        else:
            yield f"learned: nothing yet{f', {known.lacks}' if known is not None else ''}"
        yield self.auto.say("it")

    def _told(self, row: Row[Judged], bad: list[Item]) -> str:
        every = self.schedule.every
        if not row.items:
            return f"nothing is due yet{self._next_sentence(row.facts.now)}"
        by = f" by {self.each.say()}" if self.each is not None and row.items[0].dimensions else ""
        total = count_of(len(row.items), f"due {every.noun}") + by
        if row.facts.never_loaded:
            return f"never loaded: no {every.noun} of it holds data; {bad[0].period} was due {self._say_due(bad[0])}"
        if not bad:
            state = ItemState.LATE
            late = [item for item in row.items if item.state is state]
            one = f"the one due {every.noun}, {name_of(row.items[0])}, has data"
            told = f"each of {total} has data" if len(row.items) > 1 else one
            if not late:
                return told
            when = (
                f"{name_of(late[0])} {late[0].detail}"
                if len(late) == 1
                else f"{say_items(late, every)} came late"
            )
            return f"{told}; {on_time_share(row.items, row.facts.past)} ({when})"
        unread = sum(item.state is ItemState.UNKNOWN for item in row.items)
        told = f"{len(bad)} of {total} without usable data: {say_items(bad, every, with_state=True)}"
        if len(bad) == 1:
            told += f", due {self._say_due(bad[0])}"
        else:
            told += f". The newest of them was due {self._say_due(bad[0])}"
        return f"{told}; {unread} more could not be checked" if unread else told

    def _next_sentence(self, now: datetime) -> str:
        following = self.schedule.next_due(now)
        since = self.schedule.since
        if following is None:
            return ""
        if since is not None and following.period.wall.date() < since:
            return f": no {self.schedule.every.noun} before {since.isoformat()} counts"
        return f": {following.period.label} is due first, {say_instant(following.due_at, self.schedule.zone)}"

    def _say_due(self, item: Item) -> str:
        zone = self.schedule_of(item.dimensions).zone
        return say_instant(item.due_at, zone) if item.due_at is not None else "now"

    def _advice(self, bad: list[Item], boundary: Boundary | None) -> tuple[str, str]:
        """Say what to do, and the statement to run for it where one of the items has one."""
        remedies = [item.remedy for item in bad if item.remedy]
        told = self._advice_without([item for item in bad if not item.remedy], boundary)
        if not remedies:
            return told, ""
        more = f" (and {len(remedies) - 1} more like it, in the JSON report)" if len(remedies) > 1 else ""
        return f"{told}{'; and ' if told else ''}register what has landed{more}", remedies[0]

    def _advice_without(self, bad: list[Item], boundary: Boundary | None) -> str:
        """Say what to do about the newest of the items that no statement mends."""
        if not bad:
            return ""
        if bad[0].state is ItemState.UNREGISTERED:
            return MOVE_FIRST
        if bad[0].state is ItemState.GONE:
            told = f"{name_of(bad[0])} was there: find out what deleted it, and load it again"
            keeps = (
                f"; where data is deleted by its age, write lookback: {boundary.lookback}" if boundary else ""
            )
            return told + keeps
        if bad[0].state is ItemState.EMPTY:
            return f"run the load of {name_of(bad[0])} again: its place is there, its data is not"
        looked = f"look at the run that loads {name_of(bad[0])}"
        if bad[0].dimensions:
            gone = say_combination(bad[0].dimensions)
            return f"{looked}; if {gone} will never come again, state the values that will, without it, under each"
        return f"{looked}; if that {self.schedule.every.noun} will never come, close it in a calendar"


def _owed(due: tuple[DuePeriod, ...], first_at: datetime | None) -> tuple[DuePeriod, ...]:
    """Return the due periods from the first one with data on; the newest where there is none."""
    if first_at is None:
        return due[:1]
    if due and due[-1].period.start >= first_at:  # they come newest first
        return due
    return tuple(each for each in due if each.period.start >= first_at)


def _told_apart(row: Row[Judged]) -> tuple[Item, ...]:
    """Return the items that are told each by itself."""
    run = row.facts.missed.run
    return tuple(item for item in row.items if item not in run) if run else row.items


def _oldest_of_run(row: Row[Judged]) -> datetime | None:
    """Return the deadline of the oldest of the items that are bad in a row, from the newest on."""
    oldest = None
    for item in sorted(row.items, key=lambda item: item.due_at or row.facts.now, reverse=True):
        if not item.state.is_bad:
            break
        oldest = item.due_at
    return oldest


def _absence(row: Row[Judged]) -> Absence:
    """Return the periods that lack data, and since when nothing came where the newest due one is among them.

    What came last may be the data of the period before the oldest of an unbroken run of such periods: it came after
    that one's end, and after the deadline before.
    """
    bad = [item for item in row.items if item.state.is_bad]
    newest = row.facts.owed[0] if row.facts.owed else None
    if row.facts.never_loaded:
        return Absence(
            standstill=Standstill(since=None, overdue_at=newest.due_at if newest is not None else None)
        )
    by_label = {each.period.label: each for each in row.facts.owed}
    labels = {item.period for item in bad}
    run = list(takewhile(lambda each: each.period.label in labels, row.facts.owed))
    standstill = None
    if row.facts.missed.run:
        as_one = {item.period for item in row.facts.missed.run}
        stretch = [each for each in run if each.period.label in as_one]
        oldest, newest_of = stretch[-1], stretch[0]
        since = min(oldest.period.start, oldest.due_at - (oldest.period.end - oldest.period.start))
        return Absence(
            periods={"": (oldest.period.start, newest_of.period.end)},
            standstill=Standstill(since=since, overdue_at=stretch[-1].due_at),
        )
    if run:
        period, due_at = run[-1].period, run[-1].due_at
        since = min(period.start, due_at - (period.end - period.start))
        item = next(item.key for item in bad if item.period == run[0].period.label)
        standstill = Standstill(since=since, overdue_at=due_at, item=item)
    return Absence(
        periods={
            item.key: (by_label[item.period].period.start, by_label[item.period].period.end)
            for item in bad
            if item.period in by_label
        },
        standstill=standstill,
    )


def _notes_of(seen: Observation, outside: int, left_out: int, every: Every) -> tuple[str, ...]:
    """Return what else is told in the sentence: what counts nowhere."""
    notes = []
    if outside:
        lies = "lies" if outside == 1 else "lie"
        number = count_of(outside, f"due {every.noun}")
        notes.append(
            f"{number} {lies} outside the range that is projected{say_range(seen.table)} and count"
            f"{'s' if outside == 1 else ''} nowhere"
        )
    if left_out:
        notes.append(
            f"{left_out:,} more combinations of values are not judged: {MOST_COMBINATIONS:,} are the most"
        )
    return (*notes, *seen.notes)[:_MOST_NOTES]


def _may_be_earlier(problem: Problem) -> str:
    return f"without data, and it is not known whether any came before: {problem.message}"


def _as_number(value: object) -> Observed:
    return value if isinstance(value, int | float) else None
