"""The check `partitions`: each period that is due holds data."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from checks.layout import StatedLayout, TimeLayout, layout_from_json
from checks.model import (
    Finding,
    Item,
    ItemState,
    Observed,
    PartitionSeen,
    Problem,
    ProblemKind,
    Severity,
    Status,
    item_key,
)
from checks.projection import Unprojectable, is_projected, projection_of
from checks.rules.base import Binding, CheckConfig, Clock, Direction, Duration, Needs, Row, Rule
from checks.rules.dimensions import (
    MOST_COMBINATIONS,
    Each,
    by_combination,
    due_from,
    known_before,
    parse_each,
    say_combination,
    say_groups,
)
from checks.rules.sentences import add_partition_statement, count_of, say_periods
from checks.schedule.clock import parse_zone, say_instant
from checks.schedule.deadlines import Deadline, parse_times
from checks.schedule.due import DuePeriod, Schedule, default_grace
from checks.schedule.durations import parse_duration, say_duration
from checks.schedule.formats import compile_format
from checks.schedule.periods import DAILY, Every, parse_every

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from checks.model import Combination, Observation, Table, TableMemory

_TEXT = WithJsonSchema({"type": "string"})
_VALUES = {"type": ["string", "integer"]}
_EACH = WithJsonSchema(
    {
        "anyOf": [
            {"type": "string"},
            {"type": "array", "items": {"type": "string"}, "minItems": 1},
            {
                "type": "object",
                "minProperties": 1,
                "additionalProperties": {
                    "anyOf": [_VALUES, {"type": "array", "items": _VALUES, "minItems": 1}]
                },
            },
        ]
    }
)
_MOST_NOTES = 3


def _parse_lookback(value: object) -> int | timedelta:
    if isinstance(value, str) and value.strip().isdecimal():  # a variable of the environment is always text
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        if 1 <= value <= 1000:
            return value
        message = (
            f"{value} is not a lookback; write a number of periods from 1 to 1000, or a duration such as 14d"
        )
        raise ValueError(message)
    return parse_duration(value)


def _parse_format(value: object) -> tuple[str, ...]:
    texts = tuple(value) if isinstance(value, list | tuple) else (value,)
    for text in texts:
        if not isinstance(text, str):
            message = f'{text!r} is not a format; write one such as "%Y-%m-%d"'
            raise ValueError(message)  # noqa: TRY004 - pydantic turns ValueError into a told mistake
        compile_format(text)
    return texts


def _parse_keys(value: object) -> tuple[str, ...]:
    names = tuple(value) if isinstance(value, list | tuple) else (value,)
    if not names or not all(isinstance(name, str) and name for name in names):
        message = (
            f"{value!r} is not a key; write a partition key's name, or a list such as [year, month, day]"
        )
        raise ValueError(message)
    return tuple(str(name).lower() for name in names)


class PartitionsConfig(CheckConfig):
    """Each period that is due holds data."""

    check: ClassVar[str] = "partitions"
    groups: ClassVar[tuple[frozenset[str], ...]] = (frozenset({"due", "business_day"}), frozenset({"after"}))

    every: Annotated[Every, BeforeValidator(parse_every), _TEXT] = Field(
        DAILY,
        description="The cadence: a divisor of a day (15m, 1h, 6h ...), 1d, 1w (ISO weeks) or 1mo.",
        examples=["1d", "1h"],
    )
    due: Annotated[str, BeforeValidator(parse_times)] | None = Field(
        None,
        description="The time of day (HH:MM) or five-field cron at which a period's data has to be there: the first "
        "one at or after the period's end. Without due and after, a period is due a quarter of its length (at most a "
        "day) after its end.",
        examples=["06:00", "30 6 * * 1-5"],
    )
    after: Duration | None = Field(
        None, description="How long after its end a period is due; in place of due.", examples=["3h"]
    )
    due_from: Literal["end", "start"] = Field(
        "end",
        description="What due and after count from: the period's end, or its start (snapshot tables).",
        examples=["start"],
    )
    timezone: Annotated[ZoneInfo, BeforeValidator(parse_zone), _TEXT] | None = Field(
        None,
        description="The zone of due; the entry's or the file's when absent.",
        examples=["Europe/Berlin"],
    )
    labels: Annotated[ZoneInfo, BeforeValidator(parse_zone), _TEXT] = Field(
        ZoneInfo("UTC"),
        description="The zone that partition values are written in.",
        examples=["UTC", "Europe/Berlin"],
    )
    calendar: str | None = Field(
        None, description="A calendar by its name; periods on its closed days are not due.", examples=["de"]
    )
    calendar_of: Literal["period", "run"] = Field(
        "period",
        description="Which day the calendar is asked for: the period's, or its deadline's.",
        examples=["run"],
    )
    business_day: int | None = Field(
        None,
        ge=1,
        le=23,
        description="With due: only on the n-th open day of each month counts (by the calendar, or weekdays).",
        examples=[3],
    )
    lookback: Annotated[
        int | timedelta, BeforeValidator(_parse_lookback), WithJsonSchema({"type": ["integer", "string"]})
    ] = Field(
        14,
        description="How many due periods are looked at, or how far back as a duration.",
        examples=[14, "30d"],
    )
    since: date | None = Field(
        None,
        description="No period before this date is due; the first period with data when absent.",
        examples=["2026-01-01"],
    )
    error_when: int = Field(
        1,
        ge=1,
        description="From how many bad periods on the finding is critical; a warning below.",
        examples=[2],
    )
    each: Annotated[Each | None, BeforeValidator(parse_each), _EACH] = Field(
        None,
        description="A partition key beside time (or a list of keys) whose every value is due by itself, from the "
        "first period it was seen in; or keys with their values, which are due from the table's first period.",
        examples=["region", ["region", "product"], {"region": ["eu", "us"]}],
    )
    key: Annotated[
        tuple[str, ...],
        BeforeValidator(_parse_keys),
        WithJsonSchema({"type": ["string", "array"], "items": {"type": "string"}}),
    ] = Field(
        (), description="The partition key or keys that carry time; inferred when absent.", examples=["dt"]
    )
    format: Annotated[
        tuple[str, ...],
        BeforeValidator(_parse_format),
        WithJsonSchema({"type": ["string", "array"], "items": {"type": "string"}}),
    ] = Field(
        (),
        description="How each key's values write time (%Y %m %d %H %M %j %G %V, %-m for unpadded, %s and %Q for epochs "
        "in seconds and milliseconds), or the path below a prefix; inferred when absent.",
        examples=["%Y%m%d"],
    )

    @model_validator(mode="after")
    def _fits_together(self) -> PartitionsConfig:
        if self.due is not None and self.after is not None:
            message = "due and after exclude each other; write one of them"
            raise ValueError(message)
        if self.business_day is not None and self.due is None:
            message = 'business_day needs a time of day; write due beside it, such as due: "09:00"'
            raise ValueError(message)
        if self.key and self.format and len(self.key) != len(self.format):
            message = f"{len(self.key)} keys and {len(self.format)} formats; write a format for each key"
            raise ValueError(message)
        if not self.key and len(self.format) > 1:
            message = "several formats without their keys; write key beside them"
            raise ValueError(message)
        if self.each is not None and (both := sorted(set(self.each.keys) & set(self.key))):
            message = f"{', '.join(both)} stands under key, so it carries time; name other keys under each"
            raise ValueError(message)
        if self.calendar_of == "run" and self.calendar is None:
            message = "calendar_of needs a calendar; write calendar beside it"
            raise ValueError(message)
        return self

    def bind(self, binding: Binding) -> PartitionsRule:
        """Return the rule; raise ValueError when the calendar is not defined."""
        zone = self.timezone or binding.zone
        calendar = binding.calendar(self.calendar)
        deadline = None
        if self.due is not None:
            of_month = calendar if self.business_day is not None else None
            deadline = Deadline(self.due, zone, of_month, self.business_day)
        schedule = Schedule(
            every=self.every,
            labels=self.labels,
            zone=zone,
            deadline=deadline,
            after=self.after or default_grace(self.every),
            from_start=self.due_from == "start",
            calendar=calendar,
            calendar_of_run=self.calendar_of == "run",
            lookback=self.lookback,
            since=self.since,
        )
        stated = StatedLayout(self.key, self.format) if self.key or self.format else None
        return PartitionsRule(
            schedule=schedule, error_when=self.error_when, stated_layout=stated, each=self.each
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionsRule(Rule):
    """The bound check. ``schedule`` says which periods are due, ``error_when`` when it is critical."""

    check: ClassVar[str] = "partitions"
    schedule: Schedule
    error_when: int = 1
    stated_layout: StatedLayout | None = None
    each: Each | None = None

    @property
    def labels(self) -> ZoneInfo:
        """The zone that partition values are written in."""
        return self.schedule.labels

    def needs(self, table: Table, layout: TimeLayout | None, clock: Clock, memory: TableMemory) -> Needs:
        """Ask for each due period, and for everything registered from the oldest of them on."""
        if layout is None or not layout.can_tell(self.schedule.every) or self._misfit(table, layout):
            return Needs()
        due = self.schedule.due(clock.now, reach_back_to=clock.last_completed_at)
        due = _projected(due, table, layout, clock)
        if not due:
            return Needs()
        known: dict[Combination, datetime | None] = {}
        if self.each is not None:
            known = dict.fromkeys(self.each.stated) or dict(known_before(self.each, memory))
        return Needs(
            periods=tuple(each.period for each in due),
            onward_from=due[-1].period.wall,
            first_period=memory.first_period_at is None,
            each=self.each,
            combinations=known,
        )

    def _misfit(self, table: Table, layout: TimeLayout) -> Problem | None:
        """Return why the keys under each cannot be told apart, None when they can, or when there are none."""
        if self.each is None:
            return None
        return self.each.misfit(table, {key.name for key in layout.keys})

    def measure(self, seen: Observation, clock: Clock, memory: TableMemory) -> Row:
        """Count the due periods without data; what could not be looked at is a doubt about a pass."""
        due = self.schedule.due(clock.now, reach_back_to=clock.last_completed_at)
        problem = self._unreadable(seen) if due and not _is_bare(seen) else None
        if problem is not None:
            return self._row(seen, unknown=problem)
        layout = layout_from_json(seen.layout, self.labels) if seen.layout else None
        all_due, due = due, _projected(due, seen.table, layout, clock)
        if all_due and not due:
            return self._row(seen, unknown=_none_projected(seen.table, all_due, self.schedule.every))
        first_at = _first_period_at(seen, memory)
        # Nothing was ever loaded: each due period is without data, and the newest stands for all.
        never = len(due) if first_at is None and seen.problem is None else 0
        owed = due[:1] if first_at is None else tuple(each for each in due if each.period.start >= first_at)
        by_label: dict[str, list[PartitionSeen]] = {}
        for partition in seen.partitions:
            by_label.setdefault(partition.period.label, []).append(partition)
        combinations, left_out = due_from(self.each, seen, memory, first_at) if self.each else ({}, 0)
        items = []
        # Where the first period is not known for sure, periods before the first one seen may be due too.
        doubt = (seen.problem or _unread(seen)) if len(owed) < len(due) else None
        for each in owed:
            for combination, since in (combinations or {(): None}).items():
                if since is not None and each.period.start < since:
                    continue
                partitions = [p for p in by_label.get(each.period.label, ()) if _is_of(p, combination)]
                item = _judge(
                    each, partitions, seen, memory.first_seen.get(item_key(each.period.label, combination))
                )
                items.append(replace(item, dimensions=combination) if combination else item)
                if item.state is ItemState.UNKNOWN and doubt is None:
                    doubt = _doubt_about(partitions, each.period.label) or seen.problem
        return self._row(
            seen,
            items=tuple(items),
            observed=never or sum(item.state.is_bad for item in items),
            doubt_if_pass=doubt,
            facts={
                "never_loaded": bool(never),
                "now": clock.now,
                "notes": _notes_of(seen, len(all_due) - len(due), left_out, self.schedule.every),
            },
        )

    def _unreadable(self, seen: Observation) -> Problem | None:
        """Return why no period could be looked at at all, None when some could."""
        if seen.problem is not None and not seen.partitions:
            return seen.problem
        layout = layout_from_json(seen.layout, self.labels) if seen.layout else None
        if layout is not None and layout.can_tell(self.schedule.every):
            return self._misfit(seen.table, layout)
        every = self.schedule.every
        if layout is None:
            return Problem(
                ProblemKind.UNSUPPORTED,
                f"{seen.table.id} has no partitions that carry time, so no {every.noun} can be told from the next",
                "; ".join(seen.notes)
                or "watch it with freshness, or state partitions: {key: ..., format: ...}",
            )
        return Problem(
            ProblemKind.UNSUPPORTED,
            f"{layout.say()} does not tell each {every.noun} from the next",
            f"write partitions: {{every: {layout.every or '1d'}}}, or name the keys that carry the rest",
        )

    def _row(self, seen: Observation, **values: Any) -> Row:
        return Row(
            table=seen.table.id,
            check=self.check,
            direction=Direction.AT_MOST,
            warning=0 if self.error_when > 1 else None,
            critical=self.error_when - 1,
            evidence=seen.table.location,
            **values,
        )

    def finding(self, row: Row, severity: Severity | None) -> Finding:
        """Write the finding: how many due periods have no data, which, since when, and what mends it."""
        bad = [item for item in row.items if item.state.is_bad]
        newest_first = sorted(row.items, key=lambda item: item.due_at or row.facts["now"], reverse=True)
        oldest_of_run = None
        for item in newest_first:
            if not item.state.is_bad:
                break
            oldest_of_run = item.due_at
        first_deadline = min((item.due_at for item in bad if item.due_at), default=None)
        return Finding(
            table=row.table,
            check=self.check,
            status=Status.PASS if severity is None else Status.FAIL,
            severity=severity,
            observed=_as_number(row.observed),
            expected=0,
            limits=row.limits,
            because=self._because(row, bad),
            evidence=row.evidence,
            items=() if row.facts["never_loaded"] else row.items,  # one trouble, whichever period is newest
            deadline=first_deadline if bad else None,
            advice=self._advice(bad),
            usual=_usual(row.items),
            stale_since=oldest_of_run,
        )

    def _because(self, row: Row, bad: list[Item]) -> str:
        return "; ".join([self._told(row, bad), *row.facts["notes"]])

    def _told(self, row: Row, bad: list[Item]) -> str:
        every = self.schedule.every
        if not row.items:
            return f"nothing is due yet{self._next_sentence(row)}"
        by = f" by {self.each.say()}" if self.each is not None and row.items[0].dimensions else ""
        total = count_of(len(row.items), f"due {every.noun}") + by
        if row.facts["never_loaded"]:
            return f"never loaded: no {every.noun} of it holds data; {bad[0].period} was due {self._say_due(bad[0])}"
        if not bad:
            late = [item for item in row.items if item.state is ItemState.LATE]
            one = f"the one due {every.noun}, {_name(row.items[0])}, has data"
            told = f"each of {total} has data" if len(row.items) > 1 else one
            if not late:
                return told
            when = (
                f"{_name(late[0])} {late[0].detail}"
                if len(late) == 1
                else f"{_say_items(late, every)} came late"
            )
            return f"{told}; {_on_time_share(row.items)} ({when})"
        unread = sum(item.state is ItemState.UNKNOWN for item in row.items)
        told = f"{len(bad)} of {total} without usable data: {_say_items(bad, every, with_state=True)}"
        if len(bad) == 1:
            told += f", due {self._say_due(bad[0])}"
        else:
            told += f". The newest of them was due {self._say_due(bad[0])}"
        return f"{told}; {unread} more could not be checked" if unread else told

    def _next_sentence(self, row: Row) -> str:
        following = self.schedule.next_due(row.facts["now"])
        since = self.schedule.since
        if following is None:
            return ""
        if since is not None and following.period.wall.date() < since:
            return f": no {self.schedule.every.noun} before {since.isoformat()} counts"
        return f": {following.period.label} is due first, {say_instant(following.due_at, self.schedule.zone)}"

    def _say_due(self, item: Item) -> str:
        return say_instant(item.due_at, self.schedule.zone) if item.due_at is not None else "now"

    def _advice(self, bad: list[Item]) -> str:
        remedies = [item.remedy for item in bad if item.remedy]
        if remedies:
            more = f" (and {len(remedies) - 1} more like it, in the JSON report)" if len(remedies) > 1 else ""
            return f"register what has landed{more}: {remedies[0]}"
        if not bad:
            return ""
        if bad[0].state is ItemState.EMPTY:
            return f"run the load of {_name(bad[0])} again: its place is there, its data is not"
        looked = f"look at the run that loads {_name(bad[0])}"
        if bad[0].dimensions:
            gone = say_combination(bad[0].dimensions)
            return f"{looked}; if {gone} will never come again, state the values that will, without it, under each"
        return f"{looked}; if that {self.schedule.every.noun} will never come, close it in a calendar"


def _name(item: Item) -> str:
    """Name an item: ``2026-11-22``, ``2026-11-22 of region=us``."""
    return f"{item.period} of {say_combination(item.dimensions)}" if item.dimensions else item.period


def _say_items(items: Sequence[Item], every: Every, *, with_state: bool = False) -> str:
    """Name the periods of items, with what became of them, combination by combination."""
    told: dict[Combination, str] = {}
    for combination, group in by_combination(items).items():
        if not with_state:
            told[combination] = say_periods(group, every)
            continue
        by_state = [[item for item in group if item.state is state] for state in ItemState]
        told[combination] = "; ".join(
            say_periods(same, every, same[0].state.value) for same in by_state if same
        )
    return told[()] if list(told) == [()] else say_groups(told)


def _is_of(partition: PartitionSeen, combination: Combination) -> bool:
    """Tell whether a partition belongs to a combination; one without values stands for each of them."""
    return not partition.dimensions or set(combination) <= set(partition.dimensions)


def _projected(
    due: tuple[DuePeriod, ...], table: Table, layout: TimeLayout | None, clock: Clock
) -> tuple[DuePeriod, ...]:
    """Leave out the periods that the table's partition projection does not cover: no query sees them."""
    if layout is None or not is_projected(table):
        return due
    try:
        projection = projection_of(table, StatedLayout(tuple(k.name for k in layout.keys), layout.formats))
    except Unprojectable:
        return due
    return tuple(each for each in due if projection.admits(each.period, layout, clock.now))


def _none_projected(table: Table, due: tuple[DuePeriod, ...], every: Every) -> Problem:
    """Return the problem that no due period is projected: then nothing can be told of the table."""
    number = count_of(len(due), f"due {every.noun}")
    ranges = _say_range(table)
    return Problem(
        ProblemKind.UNSUPPORTED,
        f"{number} from {due[-1].period.label} to {due[0].period.label}, and none lies in the range that is "
        f"projected{ranges}",
        "widen the range in the table's properties, or exclude the table",
    )


def _say_range(table: Table) -> str:
    names = [key.name for key in table.partition_keys]
    found = [(name, table.parameters.get(f"projection.{name}.range")) for name in names]
    told = " and ".join(f"{name} {text}" for name, text in found if text)
    return f" ({told})" if told else ""


def _notes_of(seen: Observation, outside: int, left_out: int, every: Every) -> tuple[str, ...]:
    """Return what else is told in the sentence: what counts nowhere."""
    notes = []
    if outside:
        lies = "lies" if outside == 1 else "lie"
        number = count_of(outside, f"due {every.noun}")
        notes.append(
            f"{number} {lies} outside the range that is projected{_say_range(seen.table)} and count"
            f"{'s' if outside == 1 else ''} nowhere"
        )
    if left_out:
        notes.append(
            f"{left_out:,} more combinations of values are not judged: {MOST_COMBINATIONS:,} are the most"
        )
    return (*notes, *seen.notes)[:_MOST_NOTES]


def _unread(seen: Observation) -> Problem | None:
    """Return why it is not known whether the first period with data is the first: it could not be read itself."""
    unread = [p for p in seen.partitions if p.problem is not None or not _is_whole(p)]
    filled = [p.period.start for p in seen.partitions if p.listing is not None and p.listing.objects]
    oldest = min(unread, key=lambda p: p.period.start, default=None)
    if oldest is None or any(start <= oldest.period.start for start in filled):
        return None
    return _doubt_about([oldest], oldest.period.label)


def _doubt_about(partitions: Iterable[PartitionSeen], label: str) -> Problem | None:
    """Return why partitions of a period were not read, or not to their end; None when all were."""
    for partition in partitions:
        if partition.problem is not None:
            return partition.problem
        if not _is_whole(partition):
            return Problem(
                ProblemKind.OVER_BUDGET,
                f"the listing of {partition.location or label} was ended before its last page",
                "raise max_requests or the table's timeout",
            )
    return None


def _usual(items: Iterable[Item]) -> str:
    """Say how often it is on time, where it is not always, and where it ever comes."""
    states = {item.state for item in items}
    ever, not_always = (
        states & {ItemState.PRESENT, ItemState.LATE},
        states - {ItemState.PRESENT, ItemState.UNKNOWN},
    )
    return _on_time_share(items) if ever and not_always else ""


def _on_time_share(items: Iterable[Item]) -> str:
    """Say how many of the periods looked at came on time, of those whose arrival (or absence) is known."""
    known = [item for item in items if item.state.is_bad or item.arrived_at is not None]
    on_time = sum(item.state is ItemState.PRESENT for item in known)
    return f"on time {on_time} of the last {len(known)}" if known else ""


def _as_number(value: object) -> Observed:
    return value if isinstance(value, int | float) else None


def _first_period_at(seen: Observation, memory: TableMemory) -> Any:
    known = [at for at in (memory.first_period_at, seen.first_period_at) if at is not None]
    known += [p.period.start for p in seen.partitions if p.listing is not None and p.listing.objects]
    # What could not be listed whole may well be the first period: it must not fall out of what is due.
    known += [p.period.start for p in seen.partitions if p.problem is not None or not _is_whole(p)]
    return min(known, default=None)


def _is_bare(seen: Observation) -> bool:
    """Tell whether the place of a partitioned table was listed to its end and holds no data at all."""
    place = seen.listing
    return (
        seen.problem is None
        and bool(seen.table.partition_keys)
        and not seen.partitions
        and place is not None
        and place.complete
        and not place.objects
    )


def _is_whole(partition: PartitionSeen) -> bool:
    return partition.listing is None or partition.listing.complete


def _judge(
    due: DuePeriod, partitions: list[PartitionSeen], seen: Observation, first_seen: datetime | None
) -> Item:
    """Say what became of one due period, from all partitions of it."""
    filled = [p for p in partitions if p.listing is not None and p.listing.objects]
    usable = [p for p in filled if p.registered is not False]
    if usable:
        return _present(due, usable, first_seen)
    item = Item(period=due.period.label, state=ItemState.UNKNOWN, due_at=due.due_at)
    if any(p.problem is not None or not _is_whole(p) for p in partitions):
        return _with(item, ItemState.UNKNOWN, next((p.problem.message for p in partitions if p.problem), ""))
    if filled:
        statement = add_partition_statement(seen.table, filled[0])
        arrived = min(
            (p.listing.oldest_at for p in filled if p.listing and p.listing.oldest_at), default=None
        )
        return Item(
            period=due.period.label,
            state=ItemState.UNREGISTERED,
            due_at=due.due_at,
            arrived_at=arrived,
            detail=f"data lies at {filled[0].location} but is not registered in Glue",
            remedy=statement,
        )
    if not partitions and seen.problem is not None:
        return _with(item, ItemState.UNKNOWN, seen.problem.message)
    zero_bytes = sum(p.listing.empty_objects for p in partitions if p.listing is not None)
    if zero_bytes:
        return _with(item, ItemState.EMPTY, f"{count_of(zero_bytes, 'file')} of zero bytes")
    if any(p.registered for p in partitions):
        return _with(item, ItemState.EMPTY, "registered, but no data at its location")
    return _with(item, ItemState.MISSING, "")


def _with(item: Item, state: ItemState, detail: str) -> Item:
    return Item(period=item.period, state=state, due_at=item.due_at, detail=detail)


def _present(due: DuePeriod, partitions: Iterable[PartitionSeen], first_seen: datetime | None) -> Item:
    """Tell present from late: late only when nothing that is known speaks for an arrival in time.

    A rewrite gives old data new objects, and a crawler may register long after the data came.
    """
    listings = [p.listing for p in partitions if p.listing is not None]
    whole = all(listing.complete for listing in listings)
    times = [listing.oldest_at for listing in listings if listing.oldest_at is not None]
    times += [p.created_at for p in partitions if p.created_at is not None]
    if first_seen is not None:
        times.append(first_seen)
    arrived = min(times, default=None)
    if whole and arrived is not None and arrived > due.due_at:
        behind = say_duration(arrived - due.due_at)
        return Item(
            period=due.period.label,
            state=ItemState.LATE,
            due_at=due.due_at,
            arrived_at=arrived,
            detail=f"came {behind} after its deadline",
        )
    return Item(
        period=due.period.label,
        state=ItemState.PRESENT,
        due_at=due.due_at,
        arrived_at=arrived if whole else None,
    )
