"""What `partitions` would have told of when the first data of each period came. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING

from checks.layout.dimensions import seen_first
from checks.model import TableMemory, item_key
from checks.rules.asking import UNSHARED
from checks.rules.learned_periods import is_learned
from checks.rules.retold import Came, Candidate, Lack, Retelling, Retold, Span, by_the_hour, together
from checks.schedule.deadlines import Deadline
from checks.schedule.due import MOST_PERIODS, DuePeriod

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from checks.model import Combination, Observation
    from checks.rules.partitions_rule import PartitionsRule
    from checks.rules.proposing import Extent
    from checks.schedule.due import Schedule

_BUDGETS = 4.0
_NO_VALUES: Combination = ()
_SIXTEENTH = 16
"""Part of a period by which what counts from its end or start is moved: 90 minutes of a day."""


class PartitionsRetold(Retelling["PartitionsRule"]):
    """How periods are replayed."""

    def looking_back(self, rule: PartitionsRule, extent: Extent) -> PartitionsRule | str:
        """Return the rule as it looks at all periods of the time that is judged, at most so many as may be read."""
        schedule = rule.schedule
        if rule.auto is not None and not rule.every_stated and extent.every is not None:
            schedule = replace(schedule, every=extent.every)
        count = max(1, min(MOST_PERIODS, extent.back // schedule.every.nominal + 1))
        count = count if extent.most is None else min(count, extent.most)
        parts = tuple(replace(each, lookback=count) for each in schedule.parts)
        own = {combination: replace(each, lookback=count) for combination, each in rule.own.items()}
        return replace(rule, schedule=replace(schedule, lookback=count, parts=parts), own=own, known=None)

    def came(self, rule: PartitionsRule, seen: Observation) -> Came:
        """Return when the first data of periods was there; what was not read whole was not looked at."""
        return _came(rule, seen)

    def retold(self, rule: PartitionsRule, past: Came, span: Span) -> Retold:
        """Return the alerts of the time that is judged, from when the first period with data was due."""
        return _retold(rule, past, span)

    def due(
        self, rule: PartitionsRule, past: Came, span: Span
    ) -> tuple[tuple[Schedule, DuePeriod], ...] | None:
        """Return the periods as they came due by what was learned day by day, where anything is."""
        return tuple(_learned_due(rule, past, span)) if rule.auto is not None and past.firsts else None

    def candidates(self, rule: PartitionsRule) -> Iterator[Candidate[PartitionsRule]]:
        """Yield the rule as it is, then looser and tighter, then learned where it is stated."""
        return _candidates(rule)


def _came(rule: PartitionsRule, seen: Observation) -> Came:
    firsts: dict[str, datetime] = {}
    unread: set[str] = set()
    for each in seen.partitions:
        combination = rule.each.of(each.dimensions) if rule.each is not None else _NO_VALUES
        listing = each.listing
        if each.problem is not None or listing is None or (not listing.complete and not listing.objects):
            unread.add(each.period.label)
        elif combination is not None and listing.objects and each.registered is not False:
            times = [one for one in (listing.oldest_at, each.created_at) if one is not None]
            if not times:  # it is there, and its log tells no more since when: neither on time nor late
                unread.add(each.period.label)
                continue
            key = item_key(each.period.label, combination)
            firsts[key] = min([*times, firsts.get(key, times[0])])
    filled = [
        each.period.start for each in seen.partitions if each.listing is not None and each.listing.objects
    ]
    return Came(
        firsts=firsts,
        looked_at=frozenset(each.period.label for each in seen.partitions) - unread,
        combinations=seen_first(rule.each, seen.partitions) if rule.each is not None else {},
        first_period_at=min(filled, default=None),
        layout=seen.layout,
    )


def _retold(rule: PartitionsRule, past: Came, span: Span) -> Retold:
    if past.first_period_at is None:
        return Retold(lacks="no period of it held data")
    if rule.auto is not None:
        return _learned(rule, past, span)
    lacks: list[Lack] = []
    since: list[datetime] = []
    for combination, first_at in _combinations(rule, past).items():
        schedule = rule.schedule_of(combination)
        due = [each for each in _due(schedule, span) if each.period.start >= first_at]
        due = [each for each in due if each.period.label in past.looked_at]
        lacks += _lacks(schedule, due, past.firsts, combination)
        since += [each.due_at for each in due[:1]]
    if not since:
        return Retold(lacks="none of its periods that were due could be looked at")
    begin = max(span.begin, min(since))
    alerts = together(lacks, replace(span, begin=begin), rule.error_when)
    return Retold(alerts=tuple(alerts), since=begin)


def _combinations(rule: PartitionsRule, past: Came) -> Mapping[Combination, datetime]:
    """Return what is due each by itself, with the start of the first period of each."""
    first_at = past.first_period_at or datetime.max.replace(tzinfo=UTC)
    if rule.each is None:
        return {_NO_VALUES: first_at}
    stated = rule.each.stated
    return dict.fromkeys(stated, first_at) if stated else past.combinations


def _due(schedule: Schedule, span: Span) -> list[DuePeriod]:
    """Return the periods that came due by the end, oldest first, from those on that were in a lookback at its begin."""
    found: dict[str, DuePeriod] = {}
    before = 0
    for each in islice(schedule.all_due(span.end), MOST_PERIODS):
        if each.due_at <= span.begin:
            before += 1
            back = schedule.lookback
            if before > back if isinstance(back, int) else each.due_at <= span.begin - back:
                break
        found.setdefault(each.period.label, each)
    return sorted(found.values(), key=lambda each: each.due_at)


def _lacks(
    schedule: Schedule, due: Sequence[DuePeriod], firsts: Mapping[str, datetime], combination: Combination
) -> Iterator[Lack]:
    """Yield from when to when each of these periods lacked its data, until it left the lookback."""
    for number, each in enumerate(due):
        first = firsts.get(item_key(each.period.label, combination))
        if first is not None and first <= each.due_at:
            continue
        left = _left(schedule, due, number)
        is_unmended = left is not None and (first is None or first > left)
        yield Lack(
            period=each.period.label,
            since=each.due_at,
            critical_from=schedule.grace_end(each.due_at) if schedule.grace else each.due_at,
            until=left if is_unmended else first,
            unmended=is_unmended,
        )


def _left(schedule: Schedule, due: Sequence[DuePeriod], number: int) -> datetime | None:
    """Return when a period leaves the lookback: as the one comes due by which it is one too many, or by its age."""
    back = schedule.lookback
    if not isinstance(back, int):
        return due[number].due_at + back
    return due[number + back].due_at if number + back < len(due) else None


def _learned(rule: PartitionsRule, past: Came, span: Span) -> Retold:
    """Return what would have been told by the schedules that were learned day by day, of what had come by then."""
    known = _by_label(past.firsts)
    since = max(span.begin, known[0][0]) if known else span.end
    due = _learned_due(rule, past, span)
    lacks: list[Lack] = []
    for combination, first_at in _combinations(rule, past).items():
        mine = (pair for pair in due if pair[1].period.start >= first_at)
        judged = sorted(mine, key=lambda pair: pair[1].due_at)
        alone = [(one, each) for one, each in judged if one.misses <= 1]
        found = [lack for one, each in alone for lack in _lacks(one, [each], past.firsts, combination)]
        lacks += _leaving(found, judged)
        lacks += _of_runs(judged, past.firsts)
    return Retold(alerts=tuple(together(lacks, replace(span, begin=since), rule.error_when)), since=since)


def _learned_due(rule: PartitionsRule, past: Came, span: Span) -> list[tuple[Schedule, DuePeriod]]:
    """Return the periods as they came due, each with the schedule that was learned of what had come by that day."""
    known = _by_label(past.firsts)
    due: dict[str, tuple[Schedule, DuePeriod]] = {}
    day = max(span.begin, known[0][0]) if known else span.end
    schedule, taken = rule.schedule, -1
    while day < span.end:
        until = min(day + span.step, span.end)
        count = sum(at <= day for at, _ in known)
        if count != taken:
            firsts = {key: at for at, key in known[:count]}
            layout = dict(past.layout) if past.layout is not None else None
            schedule, taken = rule.remembering(TableMemory(layout=layout, firsts=firsts)).schedule, count
        for each in schedule.due(until, reach_back_to=day):
            if day < each.due_at <= until and each.period.label in past.looked_at:
                due.setdefault(each.period.label, (schedule, each))
        day = until
    return list(due.values())


def _of_runs(judged: Sequence[tuple[Schedule, DuePeriod]], firsts: Mapping[str, datetime]) -> Iterator[Lack]:
    """Yield from when to when so many periods in a row lacked data as are told together, until newer data came."""
    run: list[DuePeriod] = []
    is_told = False
    for schedule, each in judged:
        came = [at for label, at in firsts.items() if not run or label >= run[0].period.label]
        own = firsts.get(each.period.label)
        if schedule.misses <= 1 or (own is not None and own <= each.due_at):
            run, is_told = [], False
            continue
        if any(at <= each.due_at for at in came) and run:
            run, is_told = [], False
        run.append(each)
        if len(run) < schedule.misses or is_told:
            continue
        is_told = True
        since = each.due_at
        yield Lack(
            period=each.period.label,
            since=since,
            critical_from=schedule.grace_end(since) if schedule.grace else since,
            until=min((at for at in came if at > since), default=None),
        )


def _by_label(firsts: Mapping[str, datetime]) -> list[tuple[datetime, str]]:
    """Return when the first data of each period came, of whatever values, in the order of time."""
    found: dict[str, datetime] = {}
    for key, at in firsts.items():
        label = key.partition("/")[0]
        found[label] = min(at, found.get(label, at))
    return sorted((at, label) for label, at in found.items())


def _leaving(lacks: Sequence[Lack], judged: Sequence[tuple[Schedule, DuePeriod]]) -> list[Lack]:
    """Return what lacked data, over once its period left the lookback."""
    due = [each for _, each in judged]
    place = {each.period.label: number for number, each in enumerate(due)}
    found = []
    for lack in lacks:
        number = place[lack.period]
        left = _left(judged[number][0], due, number)
        if left is not None and (lack.until is None or lack.until > left):
            lack = replace(lack, until=left, unmended=True)  # noqa: PLW2901 - the same, ended
        found.append(lack)
    return found


def _candidates(rule: PartitionsRule) -> Iterator[Candidate[PartitionsRule]]:
    if rule.auto is not None:
        yield Candidate("auto", rule)
        for than, factor in (("looser", 1 / _BUDGETS), ("tighter", _BUDGETS)):
            share = rule.auto.times(factor)
            if share.a_year != rule.auto.a_year:
                yield Candidate(f"auto for {share.say_a_year()}", rule.sharing(share), than)
        return
    yield Candidate(
        f"due {rule.schedule.say_deadline()}" if not rule.own else "as stated for each value", rule
    )
    if rule.own:
        return
    for than, hours in (("looser", 1), ("tighter", -1)):
        changed = _moved(rule.schedule, hours)
        if changed is not None:
            yield Candidate(f"due {changed.say_deadline()}", replace(rule, schedule=changed), than)
    if rule.each is None and is_learned(rule.schedule.every):
        yield Candidate("auto", replace(rule, auto=UNSHARED), "learned")


def _moved(schedule: Schedule, steps: int) -> Schedule | None:
    """Return the schedule an hour later or earlier, where that is the same day; by age, a sixteenth of a period."""
    deadline = schedule.deadline
    if isinstance(deadline, Deadline):
        cron = by_the_hour(deadline.cron, steps)
        return replace(schedule, deadline=replace(deadline, cron=cron)) if cron else None
    after = schedule.after + steps * schedule.every.nominal / _SIXTEENTH
    return replace(schedule, after=after) if after >= timedelta(0) else None
