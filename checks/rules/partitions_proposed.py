"""The schedule of a table's periods that is proposed for its config, from when the first data of each came. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import ceil
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from checks.learn import Arrival
from checks.learn.history import PAST_DAYS
from checks.model import TableMemory
from checks.rules.learned_periods import MOST_KEPT, learn_schedule
from checks.rules.learned_slow import is_slow, latest_after
from checks.rules.proposing import Proposal, TooLittle
from checks.schedule.periods import DAILY, parse_every
from checks.schedule.written import write_duration

if TYPE_CHECKING:
    from checks.rules.partitions_rule import PartitionsRule
    from checks.rules.proposing import Extent, Past
    from checks.schedule.due import Schedule

_HOURLY = parse_every("1h")
_DAY, _HOUR = timedelta(days=1), timedelta(hours=1)
_DAYS_BACK, _HOURS_BACK = timedelta(days=PAST_DAYS), timedelta(days=14)
"""Beyond what the learner goes by days tell nothing; two weeks have each hour of the week twice."""
_SLOW_BACK = 13
"""Of weeks and longer periods these are learned from at the least, however few days are looked at: of months a year
and the one before it. So many of one day outweigh three years of another."""
_QUARTER = 15
_FULL = timedelta(minutes=5)
"""Times of day are stated by the quarter of an hour, others by five minutes, the later one each: they can be read so,
and tables of one schedule are stated alike. No margin of days is under three hours, so a quarter more is little."""

_ONLY = "its data comes {} only, which partitions: auto learns and no key states"
_NOW_AND_THEN = "single periods are missed now and then, which partitions: auto learns and no key states"
_ANY_YEAR = 2026
"""Of any year the first of January and of July tell the two clocks of a zone."""
_ELSE = {"due_from": "end", "labels": "UTC"}
"""What holds where nothing is stated, and what was learned rests on."""


def to_read(extent: Extent) -> dict[str, str | int | bool] | None:
    """Return the block by which the periods are looked at that tell a schedule; None where none can be told."""
    every = DAILY if extent.every is None and extent.in_log else extent.every
    if every is None or not (is_slow(every) or str(every) in (str(DAILY), str(_HOURLY))):
        return None
    if is_slow(every):
        reach = max(extent.back, _SLOW_BACK * every.nominal)
    else:
        reach = min(extent.back, _DAYS_BACK if every == DAILY else _HOURS_BACK)
    count = min(MOST_KEPT, max(1, reach // every.nominal))
    count = count if extent.most is None else min(count, extent.most)
    stated = {"every": str(every)} if extent.every is not None else {}
    return {**stated, "auto": True, "lookback": count}


def propose(rule: PartitionsRule, past: Past) -> Proposal | TooLittle:
    """Return what the periods that were seen tell of when they are due, or why they tell nothing."""
    memory = TableMemory(layout=past.seen.layout)
    rule = rule.remembering(memory)
    firsts = rule.remember(past.seen, memory).get("firsts", {})
    known = learn_schedule(rule.schedule, firsts, past.share)
    if known.schedule is None:
        return TooLittle(known.lacks, len(firsts))
    if known.schedule.hours is not None:
        return TooLittle(f"{_ONLY.format(known.schedule.hours.say())}", len(firsts))
    if known.schedule.misses > 1:
        return TooLittle(_NOW_AND_THEN, len(firsts))
    block = stated(known.schedule, past.clock.now)
    said, _, sure = known.sentence.rpartition(" (")
    arrivals = sorted(Arrival(at.timestamp(), label) for label, at in firsts.items())
    return Proposal(
        check=rule.check,
        block=block,
        kind=_kind(block),
        sentence=said,
        sure=sure.rstrip(")"),
        arrivals=tuple(arrivals),
        dated=True,
        calendar=known.schedule.calendar,
        else_stated=_ELSE,
    )


def stated(schedule: Schedule, now: datetime) -> dict[str, str]:
    """Return the keys that state a learned schedule, up to a quarter of an hour later, without its calendar.

    Weeks and longer periods are due as long after their ends as the latest of two years ahead of ``now``.
    """
    block = {"every": str(schedule.every)}
    if schedule.by is not None:
        hours = ceil(latest_after(schedule, now) / _HOUR)
        if hours > 0:
            return block | {"after": write_duration(hours * _HOUR)}
        whole = max(_HOUR, ceil((latest_after(schedule, now) + schedule.every.nominal) / _HOUR) * _HOUR)
        return block | {"after": write_duration(whole), "due_from": "start"}
    if schedule.deadline is not None:
        minute, hour = (int(part) for part in schedule.deadline.cron.split()[:2])
        return block | _by_clock(hour * 60 + minute, str(schedule.zone), from_start=schedule.from_start)
    after = timedelta(seconds=ceil(schedule.after / _FULL) * _FULL.total_seconds())
    after += timedelta(0) if schedule.from_start else schedule.every.nominal
    if str(schedule.every) == str(DAILY) and after < 2 * _DAY:
        days, inside = divmod(after, _DAY)
        return block | _by_clock(inside // timedelta(minutes=1), "UTC", from_start=days == 0)
    if after > schedule.every.nominal:
        return block | {"after": write_duration(after - schedule.every.nominal)}
    return block | {"after": write_duration(after), "due_from": "start"}


def _by_clock(minutes: int, zone: str, *, from_start: bool) -> dict[str, str]:
    full = ceil(minutes / _QUARTER) * _QUARTER
    if full < 24 * 60 and not any(minutes < begin <= full for begin in _beginnings(zone)):
        minutes = full  # else it would be of another day
    block = {"due": f"{minutes // 60:02d}:{minutes % 60:02d}", "timezone": zone}
    return block | {"due_from": "start"} if from_start else block


def _beginnings(zone: str) -> set[int]:
    """Return at which minutes of the wall clock days of UTC, which periods are, begin in winter and in summer."""
    moments = (datetime(_ANY_YEAR, month, 1, tzinfo=UTC).astimezone(ZoneInfo(zone)) for month in (1, 7))
    return {moment.hour * 60 + moment.minute for moment in moments}


def _kind(block: dict[str, str]) -> str:
    noun = f"{parse_every(block['every']).noun}s"
    of = "start" if block.get("due_from") == "start" else "end"
    if "due" in block:
        told = f"{noun} due at {block['due']} {block['timezone']}"
        return told if of == "end" else f"{told} of the day itself"
    return f"{noun} due {block['after']} after their {of}"
