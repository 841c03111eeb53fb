"""What a run knows of earlier runs, and what it leaves for later ones."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from checks import changes
from checks.aside import GivenUp, within
from checks.changes import RouteTold, State, TableRecord, differing
from checks.history import (
    EventDone,
    HistoryConflict,
    HistoryError,
    HistoryTorn,
    HistoryUnavailable,
    Lease,
    open_history,
    update,
)
from checks.history import say as say_left_out
from checks.history.datasets import Batch, expire, record
from checks.model import Answer, Listing, TableMemory, item_key
from checks.monitor.first_seen import came_at_latest, seen_before
from checks.monitor.invocation import MOST_AHEAD
from checks.monitor.time_left import TimeLeft
from checks.report import as_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime, timedelta

    from checks.config.resolved import Config
    from checks.history import History
    from checks.model import Finding, Observation, PartitionSeen
    from checks.monitor.delivery import Sent
    from checks.monitor.plan import Planned
    from checks.report.build import Report
    from checks.rules.base import TablePlan

_T = TypeVar("_T")
Rows: TypeAlias = "Mapping[str, Sequence[Mapping[str, Any]]]"
"""Rows by data set, each a mapping by column."""
_MOST_FIRST_SEEN = 5000
"""How many times of first data are remembered of one table, the newest periods before older ones."""
_MOST_ANSWERS = 1000
"""How many answers are remembered of one table, the newest periods before older ones."""
_MOST_ANSWERS_OF_ALL = 50_000
"""How many answers are remembered of all tables; those beyond are looked at in each run."""
_GIVING_BACK_S = 15.0
"""How long giving back a lease may take, which ends by itself."""
_LONGEST_NAMES = 500
"""Answers with longer names are not remembered, so that the state stays below what is read of one."""


class OfAnotherConfig(Exception):  # noqa: N818 - a sentence for the user
    """Raised when the state of this config's name was written by another config that lies elsewhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Whose state it is: the config's name, where it lies, and which tables (by id) it watches."""

    name: str
    at: str
    watches: Callable[[str], bool]

    @classmethod
    def of(cls, config: Config, environ: Mapping[str, str]) -> Owner:
        """Return the owner that a config is: beside its path or URI, a Lambda's name tells where it lies."""
        source, function = config.source, environ.get("AWS_LAMBDA_FUNCTION_NAME", "")
        if source in ("TABLES", "config") and not function:
            at = f"{source} in {Path.cwd()}" if source == "TABLES" else source
        else:
            at = source if source.startswith("s3://") or function else str(Path(source).resolve())
            at = f"{at} of the function {function}" if function and not at.startswith("s3://") else at
        return cls(name=config.known_as, at=at, watches=config.watches)

    def refuses(self, state: State) -> str:
        """Return why the state is that of another config, empty when it is its own."""
        known = {*state.tables, *(told.table for told in state.told.values())}
        if state.config_at in ("", self.at) or not known or any(self.watches(table) for table in known):
            return ""
        mend = f"give {self.at} a `name` of its own, or another `history`"
        if self.at.startswith("TABLES"):
            mend = "set another HISTORY, or CONFIG in place of TABLES: a config with a `name` of its own"
        return (
            f"The history under the name {self.name!r} was written by another config, {state.config_at}, and the two "
            f"watch no table in common; {mend}."
        )

    def takes_over(self, state: State) -> bool:
        """Tell whether a state that was shared by all configs, as version 1 kept it, is this config's."""
        known = {*state.tables, *(told.table for told in state.told.values())}
        return state.name in ("", self.name) and (not known or any(self.watches(table) for table in known))


@dataclass(slots=True)
class Memory:
    """The state of earlier runs, and the place where it is kept; without one, the run keeps nothing.

    ``notes`` are for the readers of the report, ``complaints`` for the operator. ``lost`` turns True when
    what was delivered could not be remembered. ``time_left`` bounds each call to the place.
    """

    owner: Owner
    state: State = field(default_factory=State)
    place: History | None = None
    notes: tuple[str, ...] = ()
    complaints: tuple[str, ...] = ()
    lost: bool = False
    moves: bool = False
    time_left: TimeLeft = field(default_factory=lambda: TimeLeft.of(None))
    lease: Lease | None = None
    loaded: tuple[State, str] | None = None
    """What was read at the beginning, with its token."""
    is_unread: bool = False
    """True where the place could not be read at all, so that it is asked for nothing more."""
    is_foreign: bool = False
    """True where what is there is another config's."""

    @classmethod
    def open(cls, where: str, owner: Owner, *, moves: bool, time_left: TimeLeft | None = None) -> Memory:
        """Read what earlier runs left at ``where``; ``moves`` tells whether this run may write there.

        What cannot be read leaves a run without memory, which its notes tell. A document that is torn is
        set aside, so that nothing is lost, before a new one takes its place. Raises OfAnotherConfig where a run that
        may write meets the state of another config; one that may not has no memory, and its notes tell why.
        """
        memory = cls(owner, moves=moves, time_left=time_left or TimeLeft.of(None))
        if not where:
            memory.notes = ("No place to keep history is set (HISTORY), so every run is a first run.",)
            memory.moves = False
            return memory
        try:
            memory._read(open_history(where, owner.name), where)
        except HistoryError as error:
            memory.notes = (f"Nothing is known of earlier runs: {error}",)
            memory.moves, memory.is_unread = False, True
        return memory

    def _read(self, place: History, where: str) -> None:
        stop_at = self.time_left.reading()
        try:
            state, token = _in_time(place.load, stop_at, where)
        except HistoryTorn as torn:
            if self.moves:
                aside = _in_time(partial(_set_aside, place, torn), stop_at, where)
                self.place = place
                said = f"could not be read ({torn.why}), and was set aside as {aside}: a first run."
                self.notes = (f"What was known of earlier runs {said}",)
            else:
                self.place, self.notes = place, (str(torn),)
            return
        is_old = not token
        refused = "" if is_old else self.owner.refuses(state)
        if refused and self.moves:
            raise OfAnotherConfig(refused)
        self.place, self.loaded = place, (state, token)
        if refused:
            self.is_foreign, self.notes = True, (refused,)
        elif not is_old or self.owner.takes_over(state):
            self.state = state
            self.notes = tuple(sentence for sentence in (say_left_out(state.left_out),) if sentence)

    def knows(self, event_id: str | None) -> bool:
        """Tell whether the event was reported, of a run that may write."""
        return self.moves and event_id is not None and event_id in self.state.events

    def claim(self, event_id: str | None, holder: str, clock: Callable[[], datetime]) -> bool:
        """Take the event for this run until `give_back` or `keep`; False when it was reported.

        Raises EventHeld when another invocation has it. Where nobody can be asked the run goes on: a report that
        comes twice is better than none.
        """
        if event_id is None or not self.moves or self.place is None:
            return True
        lease = Lease(self.place, event_id, holder, clock, stop_at=self.time_left.ends_at)
        try:
            _in_time(lease.take, self.time_left.reading(), self.place.place)
        except EventDone:
            return False
        except HistoryError as error:
            lease.end()
            self.notes = (*self.notes, f"This run cannot be remembered: {error}")
            self.moves = False
            return True
        self.lease = lease
        return True

    def ask(self, work: Callable[[], _T], stop_at: float | None) -> _T:
        """Return what asking the place came to; raises HistoryUnavailable also where it did not answer in time."""
        return _in_time(work, stop_at, self.place.place if self.place is not None else "")

    def keep(self, advance: Callable[[State], State]) -> None:
        """Write the state that ``advance`` makes of what is there by now."""
        if not self.moves or self.place is None:
            return
        place = self.place
        try:
            kept = _in_time(
                lambda: update(place, lambda state: advance(self._own(state)), self.loaded),
                self.time_left.remembering(),
                place.place,
            )
        except HistoryError as error:
            self.lost = True
            self._complain(f"What was reported is not remembered, and will be told again: {error}")
        else:
            self._complain(say_left_out(kept.left_out if kept is not None else ()))

    def _own(self, state: State) -> State:
        """Return the state as this config's: one of version 1 may be another's, and by now another may be there."""
        refused = self.owner.refuses(state)
        if refused:
            raise HistoryConflict(refused)
        is_old = not state.config_at and not self.owner.takes_over(state)
        return State() if is_old else state

    def give_back(self, *, done: bool) -> None:
        """End the lease of the event, as reported or so that a retry may have it at once."""
        if self.lease is None or self.place is None:
            return
        lease, self.lease = self.lease, None
        lease.end()
        soon = time.monotonic() + _GIVING_BACK_S
        stop_at = soon if self.time_left.ends_at is None else min(soon, self.time_left.ends_at)
        with suppress(HistoryError):  # it ends by itself, and that it was reported stands in the state
            _in_time(lambda: lease.close(done=done), stop_at, self.place.place)

    def keep_report(self, report: Report) -> None:
        """Keep the whole report as JSON beside the state."""
        if not self.moves or self.place is None:
            return
        place, text = self.place, as_json.pretty(report)
        try:
            _in_time(
                lambda: place.remember(text, report.run_id, report.now),
                self.time_left.remembering(),
                place.place,
            )
        except HistoryError as error:
            self._complain(str(error))

    def record(self, rows: Callable[[], Rows], report: Report, keep: timedelta | None) -> None:
        """Put a run's rows into the data sets; the first run of a day deletes what is older than ``keep``.

        What cannot be done, whatever it is, is told to the operator: the report went out.
        """
        if not self.moves or self.place is None:
            return
        place, stop_at = self.place, self.time_left.remembering()
        try:
            made = _in_time(rows, stop_at, place.place)
            batch = Batch(config=place.name, run_id=report.run_id, now=report.now, rows=made)
            recorded = record(place, batch, stop_at)
            for sentence in recorded.complaints:
                self._complain(sentence)
            if keep is not None and recorded.first_of_day:
                _in_time(lambda: expire(place, keep, report.now), stop_at, place.place)
        except HistoryError as error:
            self._complain(str(error))
        except Exception as error:  # noqa: BLE001 - a fault here must not undo what was sent
            self._complain(
                f"This run is not in the history's data sets: {type(error).__name__}: {error}"[:400]
            )

    def _complain(self, sentence: str) -> None:
        if sentence:
            self.complaints = (*self.complaints, sentence)

    def where(self, run_id: str, now: datetime) -> str:
        """Return where the whole report of the run will be, empty when it is not kept."""
        return self.place.where(run_id, now) if self.moves and self.place is not None else ""


def _set_aside(place: History, torn: HistoryTorn) -> str:
    aside = place.set_aside(torn)
    place.save(State(), torn.token)
    return aside


def _in_time(work: Callable[[], _T], stop_at: float | None, place: str) -> _T:
    """Return what asking the history came to; HistoryUnavailable also where it did not answer in time."""
    try:
        return within(work, stop_at)
    except GivenUp:
        raise HistoryUnavailable(
            f"The history {place} did not answer in time; look at the network, the endpoint and S3's health."
        ) from None


def after(
    state: State,
    *,
    owner: Owner,
    report: Report,
    sent: Sent,
    planned: Planned,
    observations: Mapping[str, Observation],
    event_id: str | None,
    at: datetime,
) -> State:
    """Return the state after a run: what was delivered counts as told, the rest stays news.

    ``at`` is the time of the clock at which its event counts as reported.
    """
    if state.last_completed_at is not None and state.last_completed_at > at + MOST_AHEAD:
        state = replace(state, last_completed_at=None)  # of a clock, or an event, that was far ahead
    following = changes.advance(state, report.findings, report.changes, report.now, sent.arrived)
    full_report_on = sent.full_report_on or following.last_full_report_on
    following = replace(
        following,
        last_full_report_on=full_report_on,
        routes=_routes(state, replace(following, last_full_report_on=full_report_on), report, sent),
    )
    if sent.completed:
        following = changes.complete(
            following,
            now=report.now,
            run_id=report.run_id,
            name=owner.name,
            config_at=owner.at,
            tables=records(state, planned, observations, report.findings),
            full_report_on=sent.full_report_on,
        )
        # Without all having got their part the event stays undone, so that a retry of it can tell the rest.
        return changes.finish(following, event_id, at) if event_id is not None and sent.whole else following
    return replace(following, name=owner.name, config_at=owner.at)


def _routes(state: State, whole: State, report: Report, sent: Sent) -> dict[str, RouteTold]:
    """Return what is remembered of routes: of those that were told otherwise than the whole report."""
    found: dict[str, RouteTold] = {}
    for key, came in sent.routes.items():
        is_alike = came.arrived == sent.arrived and came.full_report_on == sent.full_report_on
        if is_alike and key not in state.routes:
            continue
        before = state.routes.get(key, RouteTold())
        own = state.as_told_to(key)
        only = {*before.told, *came.concerned}  # no more is remembered of a route
        own = changes.advance(own, report.findings, came.changes, report.now, came.arrived, only)
        own = replace(own, last_full_report_on=came.full_report_on or own.last_full_report_on)
        differs = differing(before, whole, own, came.concerned)
        if not differs.is_like_the_whole:
            found[key] = differs
    return found


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
            came_at = came_at_latest(partition, seen.now)
            for key in keys:
                # A table that is rebuilt has new objects each time: what its first ones said counts.
                first_seen[key] = before.first_seen.get(key) or min(first_seen.get(key, came_at), came_at)
            first_at.append(partition.period.start)
    if seen.first_period_problem is not None:  # there may be an earlier one: the next run looks for it again
        first_at = [before.first_period_at] if before.first_period_at is not None else []
    memory = TableMemory(
        first_period_at=min(first_at, default=None),
        first_seen={**seen_before(plan, seen, _MOST_FIRST_SEEN), **first_seen}
        if first_seen
        else before.first_seen,
        layout=seen.layout or before.layout,
        past_periods=before.past_periods,
        answers=dict(islice(_answers(plan, seen), _MOST_ANSWERS)),
        log_answer=seen.log_answer or (before.log_answer if seen.problem is not None else None),
        ages=before.ages,
        logs=seen.logs or (before.logs if seen.problem is not None else None),
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
            names = (*partition.values, partition.listing.newest_key or place, plan.entry.said_of_names or "")
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
        pattern=plan.entry.said_of_names,
    )
