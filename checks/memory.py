"""What a run knows of earlier runs, and what it leaves for later ones."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING

from checks import changes
from checks.changes import State, TableRecord
from checks.history import HistoryError, HistoryTorn, claim_event, open_history, update
from checks.model import Answer, Listing, TableMemory, item_key
from checks.report import as_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import datetime

    from checks.delivery import Sent
    from checks.history import History
    from checks.model import Finding, Observation, PartitionSeen
    from checks.plan import Planned
    from checks.report.build import Report
    from checks.rules.base import TablePlan

_MOST_FIRST_SEEN = 5000
"""How many times of first data are remembered of one table, the newest periods before older ones."""
_MOST_ANSWERS = 1000
"""How many answers are remembered of one table, the newest periods before older ones."""
_MOST_ANSWERS_OF_ALL = 50_000
"""How many answers are remembered of all tables; those beyond are looked at in each run."""
_LONGEST_NAMES = 500
"""Answers with longer names are not remembered, so that the state stays below what is read of one."""
LEASE = timedelta(minutes=16)
"""Longer than a Lambda can run (15 min), so that a second start of one event finds the first one's mark."""


@dataclass(slots=True)
class Memory:
    """The state of earlier runs, and the place where it is kept; without one, the run keeps nothing.

    ``notes`` are for the readers of the report, ``complaints`` for the operator. ``lost`` turns True when
    what was delivered could not be remembered.
    """

    state: State = field(default_factory=State)
    place: History | None = None
    notes: tuple[str, ...] = ()
    complaints: tuple[str, ...] = ()
    lost: bool = False
    moves: bool = False

    @classmethod
    def open(cls, where: str, *, moves: bool) -> Memory:
        """Read what earlier runs left at ``where``; ``moves`` tells whether this run may write there.

        What cannot be read leaves a run without memory, which its notes tell. A document that is torn is
        set aside, so that nothing is lost, before a new one takes its place.
        """
        if not where:
            return cls(notes=("No place to keep history is set (HISTORY), so every run is a first run.",))
        try:
            place = open_history(where)
            try:
                state, _ = place.load()
            except HistoryTorn as torn:
                return cls._anew(place, torn, moves=moves)
        except HistoryError as error:
            return cls(notes=(f"Nothing is known of earlier runs: {error}",))
        return cls(state=state, place=place, moves=moves)

    @classmethod
    def _anew(cls, place: History, torn: HistoryTorn, *, moves: bool) -> Memory:
        if not moves:
            return cls(notes=(str(torn),))
        aside = place.set_aside(torn)
        place.save(State(), torn.token)
        note = f"What was known of earlier runs could not be read, and was set aside as {aside}: a first run."
        return cls(place=place, moves=True, notes=(note,))

    def claim(self, event_id: str | None, now: datetime) -> bool:
        """Take the event for this run; False when another run has it or has reported it.

        Where nobody can be asked the run goes on: a report that comes twice is better than none.
        """
        if event_id is None or not self.moves or self.place is None:
            return True
        try:
            claimed = claim_event(self.place, event_id, now, LEASE)
        except HistoryError as error:
            self.notes = (*self.notes, f"This run cannot be remembered: {error}")
            self.moves = False
            return True
        if claimed is None:
            return False
        self.state = claimed
        return True

    def keep(self, advance: Callable[[State], State]) -> None:
        """Write the state that ``advance`` makes of what is there by now."""
        if not self.moves or self.place is None:
            return
        try:
            update(self.place, advance)
        except HistoryError as error:
            self.lost = True
            self.complaints = (
                *self.complaints,
                f"What was reported is not remembered, and will be told again: {error}",
            )

    def keep_report(self, report: Report) -> None:
        """Keep the whole report as JSON beside the state."""
        if not self.moves or self.place is None:
            return
        try:
            self.place.remember(as_json.pretty(report), report.run_id, report.now)
        except HistoryError as error:
            self.complaints = (*self.complaints, str(error))

    def where(self, run_id: str, now: datetime) -> str:
        """Return where the whole report of the run will be, empty when it is not kept."""
        return self.place.where(run_id, now) if self.moves and self.place is not None else ""


def after(
    state: State,
    report: Report,
    sent: Sent,
    planned: Planned,
    observations: Mapping[str, Observation],
    event_id: str | None,
) -> State:
    """Return the state after a run: what was delivered counts as told, the rest stays news."""
    following = changes.advance(state, report.findings, report.changes, report.now, sent.arrived)
    if sent.whole:
        following = changes.complete(
            following,
            now=report.now,
            run_id=report.run_id,
            name=report.name,
            tables=records(state, planned, observations, report.findings),
            full_report_on=sent.full_report_on,
        )
        return changes.finish(following, event_id, report.now) if event_id is not None else following
    # The event is given back, so that a retry of it can tell the rest; who got the whole report gets news then.
    given_back = {key: event for key, event in following.events.items() if key != event_id}
    full_report_on = sent.full_report_on or following.last_full_report_on
    return replace(following, events=given_back, last_full_report_on=full_report_on)


def records(
    state: State,
    planned: Planned,
    observations: Mapping[str, Observation],
    findings: Iterable[Finding] = (),
) -> dict[str, TableRecord]:
    """Return what is remembered of each watched table; of one that could not be planned, what was before."""
    kept = {table: record for table, record in state.tables.items() if table in planned.watched}
    found = {finding.id: finding for finding in findings}
    planned_now = {plan.table.id for plan in planned.plans}
    room = _MOST_ANSWERS_OF_ALL - sum(
        len(record.memory.answers) for table, record in kept.items() if table not in planned_now
    )
    for plan in planned.plans:
        seen = observations[plan.table.id]
        memory = _remembered(plan, seen)
        for rule in plan.rules:
            finding = found.get(f"{plan.table.id}|{rule.check}")
            if finding is not None:
                memory = replace(memory, **rule.remember_told(finding, plan.memory))
        memory = replace(memory, answers=dict(islice(memory.answers.items(), max(0, room))))
        room -= len(memory.answers)
        kept[plan.table.id] = TableRecord(matched_by=plan.matched_by, by_glob=plan.by_glob, memory=memory)
    return kept


def _remembered(plan: TablePlan, seen: Observation) -> TableMemory:
    """Return what one observation adds: the first period with data, when recent periods first held data."""
    before = plan.memory
    each = plan.each
    first_at = [at for at in (before.first_period_at, seen.first_period_at) if at is not None]
    first_seen: dict[str, datetime] = {}
    for partition in seen.partitions:
        if partition.listing is not None and partition.listing.objects:
            keys = [partition.period.label]
            combination = each.of(partition.dimensions) if each is not None else None
            if combination is not None and len(first_seen) < _MOST_FIRST_SEEN:
                keys.append(item_key(partition.period.label, combination))
            looked_at = partition.seen_at or seen.now
            first_seen |= {key: before.first_seen.get(key, looked_at) for key in keys}
            first_at.append(partition.period.start)
    if seen.first_period_problem is not None:  # there may be an earlier one: the next run looks for it again
        first_at = [before.first_period_at] if before.first_period_at is not None else []
    memory = TableMemory(
        first_period_at=min(first_at, default=None),
        first_seen=first_seen or before.first_seen,
        layout=seen.layout or before.layout,
        past_periods=before.past_periods,
        answers=dict(islice(_answers(plan, seen), _MOST_ANSWERS)),
    )
    for rule in plan.rules:
        memory = replace(memory, **rule.remember(seen, before))
    return memory


def _answers(plan: TablePlan, seen: Observation) -> Iterator[tuple[str, Answer]]:
    """Yield what later runs may take in place of a look, by its place, the newest periods first.

    What stood in place of a look keeps the time of the look that it comes of. What could not be looked at keeps
    what was known of it; so does a table that could not be read at all.
    """
    if not plan.max_age_of_answer:
        return
    if not seen.partitions and seen.problem is not None:
        yield from plan.memory.answers.items()
    for partition in seen.partitions:
        place = partition.location or ""
        if partition.lasting and partition.listing is not None:
            names = (*partition.values, partition.listing.newest_key or place, plan.entry.pattern or "")
            if sum(len(ascii(name)) for name in names) <= _LONGEST_NAMES:
                yield place, _answer_of(plan, seen, partition)
        elif (partition.seen_at or partition.problem) and place in plan.memory.answers:
            yield place, plan.memory.answers[place]


def _answer_of(plan: TablePlan, seen: Observation, partition: PartitionSeen) -> Answer:
    return Answer(
        period=partition.period.label,
        seen_at=seen.now,
        listing=partition.listing or Listing(),
        values=partition.values,
        registered=partition.registered,
        created_at=partition.created_at,
        pattern=plan.entry.pattern,
    )
