"""What is written of a table that is remembered, by its parts, and read again."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from checks.changes import TableRecord
from checks.history.grouped import grouped, ungrouped
from checks.json_fields import (
    as_bool,
    as_count,
    as_instant,
    as_int,
    as_list,
    as_text,
    optional,
    write_instant,
)
from checks.learn.looks import read as read_times
from checks.model import (
    Answer,
    Arrival,
    ArrivalsKept,
    Column,
    Format,
    Listing,
    LogAnswer,
    LogSeen,
    LogsKnown,
    PastPeriod,
    Size,
    TableMemory,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from checks.model import Combination, JsonValue


def written_record(record: TableRecord) -> dict[str, JsonValue]:
    """Return what is written of a table, by its parts; what single checks remember only where there is any."""
    parts = {part: written_part(record.memory, part) for part in PARTS}
    return {
        "matched_by": record.matched_by,
        "by_glob": record.by_glob,
        "first_period_at": write_instant(record.memory.first_period_at),
        **{part: value for part, value in parts.items() if value is not None or part == "layout"},
    }


def written_part(memory: TableMemory, part: str) -> JsonValue:
    """Return one of the `PARTS` of what is remembered of a table."""
    return PARTS[part](memory)


def _combinations(memory: TableMemory) -> JsonValue:
    return [
        {"values": dict(combination), "first_period_at": write_instant(first)}
        for combination, first in sorted(memory.combinations.items())
    ]


PARTS: dict[str, Callable[[TableMemory], JsonValue]] = {
    "first_seen": lambda memory: grouped(memory.first_seen, lambda at: [write_instant(at)]),
    "layout": lambda memory: dict(memory.layout) if memory.layout is not None else None,
    "combinations": _combinations,
    "past_periods": lambda memory: (
        grouped(memory.past_periods, lambda one: [write_instant(one.due_at), one.on_time]) or None
    ),
    "sizes": lambda memory: (
        {label: [size.bytes, size.files, size.rows] for label, size in sorted(memory.sizes.items())} or None
    ),
    "schema": lambda memory: (
        None if memory.schema is None else [[column.name, column.type] for column in memory.schema]
    ),
    "answers": lambda memory: (
        {place: _answer(place, one) for place, one in sorted(memory.answers.items())} or None
    ),
    "ages": lambda memory: (
        {str(age): [day.isoformat() for day in days] for age, days in sorted(memory.ages.items())} or None
    ),
    "log_answer": lambda memory: None if memory.log_answer is None else _log_answer(memory.log_answer),
    "arrivals": lambda memory: None if memory.arrivals is None else _arrivals(memory.arrivals),
    "firsts": lambda memory: grouped(memory.firsts, lambda at: [write_instant(at)]) or None,
    "logs": lambda memory: None if memory.logs is None else _logs(memory.logs),
}
"""How each part of what is remembered of a table is written, None where there is nothing to write."""


def _logs(known: LogsKnown) -> JsonValue:
    """Write which logs lie at a prefix; what is at its usual value is left out."""
    told: dict[str, JsonValue] = {
        "seen_at": write_instant(known.seen_at),
        "format": known.format.value if known.format is not Format.FILES else None,
        "below": [[each.place, each.format.value] for each in known.below] or None,
    }
    return {name: value for name, value in told.items() if value is not None}


def _read_logs(one: dict[str, Any]) -> LogsKnown:
    return LogsKnown(
        seen_at=as_instant(one["seen_at"]),
        format=Format(one.get("format", Format.FILES)),
        below=tuple(LogSeen(as_text(place), Format(kept)) for place, kept in as_list(one.get("below", []))),
    )


def _arrivals(kept: ArrivalsKept) -> JsonValue:
    """Write arrivals that limits are learned from; what is at its usual value is left out."""
    told: dict[str, JsonValue] = {
        "last_at": write_instant(kept.last_at),
        "looked_at": write_instant(kept.looked_at),
        "outdated": kept.is_outdated or None,
        "opened_at": write_instant(kept.opened_at),
        "returned": kept.returned or None,
        "told_s": kept.told_s or None,
        "in_time": kept.in_time or None,
        "late_s": kept.late_s or None,
    }
    return {"times": kept.times, **{name: value for name, value in told.items() if value is not None}}


def _log_answer(answer: LogAnswer) -> JsonValue:
    """Write what was read of a log; what is at its usual value is left out."""
    newest, whole = answer.newest, answer.whole
    told: dict[str, JsonValue] = {
        "pointer": answer.pointer,
        "seen_at": write_instant(answer.seen_at),
        "asked": list(answer.asked),
        "newest_at": write_instant(newest.at) if newest is not None else None,
        "evidence": newest.evidence if newest is not None else None,
        "bound": (newest is not None and newest.is_bound) or None,
        "sure": answer.is_sure or None,
        "whole": [whole.objects, whole.size_bytes, whole.empty_objects, whole.rows, whole.rows_unknown]
        if whole is not None
        else None,
    }
    return {name: value for name, value in told.items() if value is not None}


def _answer(place: str, answer: Answer) -> JsonValue:
    """Write what was seen of a partition; what is at its usual value is left out, the place out of the key."""
    listing = answer.listing
    key = listing.newest_key
    told: dict[str, JsonValue] = {
        "period": answer.period,
        "seen_at": write_instant(answer.seen_at),
        "values": list(answer.values),
        "registered": answer.registered,
        "created_at": write_instant(answer.created_at),
        "pattern": answer.pattern,
        "objects": listing.objects,
        "bytes": listing.size_bytes,
        "newest_at": write_instant(listing.newest_at),
        "newest_key": key.removeprefix(place) if key is not None else None,
        "oldest_at": write_instant(listing.oldest_at),
        "complete": listing.complete,
        "rewritten_at": write_instant(listing.rewritten_at),
        "rewritten_key": listing.rewritten_key,
        "empty_objects": listing.empty_objects or None,
        "ignored_objects": listing.ignored_objects or None,
    }
    return {name: value for name, value in told.items() if value is not None}


def read_record(one: dict[str, Any]) -> TableRecord:
    """Return what is remembered of a table; parts that documents of before lack are empty."""
    layout = one["layout"]
    if layout is not None and not isinstance(layout, dict):
        raise TypeError("layout")
    return TableRecord(
        matched_by=as_text(one["matched_by"]),
        by_glob=as_bool(one["by_glob"]),
        memory=TableMemory(
            first_period_at=optional(as_instant, one["first_period_at"]),
            first_seen=dict(ungrouped(one["first_seen"], as_instant)),
            layout=layout,
            combinations=dict(_read_combination(each) for each in as_list(one.get("combinations", []))),
            past_periods=dict(ungrouped(one.get("past_periods", []), _read_past)),
            sizes={label: _read_size(each) for label, each in one.get("sizes", {}).items()},
            schema=optional(_read_schema, one.get("schema")),
            answers={place: _read_answer(place, each) for place, each in one.get("answers", {}).items()},
            log_answer=optional(_read_log_answer, one.get("log_answer")),
            arrivals=optional(_read_arrivals, one.get("arrivals")),
            firsts=dict(ungrouped(one.get("firsts", []), as_instant)),
            ages={int(age): _read_days(days) for age, days in one.get("ages", {}).items()},
            logs=optional(_read_logs, one.get("logs")),
        ),
    )


def _read_answer(place: str, one: dict[str, Any]) -> Answer:
    """Read what was seen of a partition."""
    key = optional(as_text, one.get("newest_key"))
    listing = Listing(
        objects=as_count(one["objects"]),
        size_bytes=as_count(one["bytes"]),
        empty_objects=as_count(one.get("empty_objects", 0)),
        newest_at=optional(as_instant, one.get("newest_at")),
        newest_key=None if key is None else key if key.startswith("s3://") else place + key,
        oldest_at=optional(as_instant, one.get("oldest_at")),
        complete=as_bool(one["complete"]),
        rewritten_at=optional(as_instant, one.get("rewritten_at")),
        rewritten_key=optional(as_text, one.get("rewritten_key")),
        ignored_objects=as_count(one.get("ignored_objects", 0)),
    )
    return Answer(
        period=as_text(one["period"]),
        seen_at=as_instant(one["seen_at"]),
        listing=listing,
        values=tuple(as_text(value) for value in as_list(one["values"])),
        registered=optional(as_bool, one.get("registered")),
        created_at=optional(as_instant, one.get("created_at")),
        pattern=optional(as_text, one.get("pattern")),
    )


def _read_log_answer(one: dict[str, Any]) -> LogAnswer:
    """Read what was read of a log."""
    newest_at, whole = optional(as_instant, one.get("newest_at")), optional(as_list, one.get("whole"))
    listing = None
    if whole is not None:
        objects, size_bytes, empty, rows, why = whole
        listing = Listing(
            objects=as_count(objects),
            size_bytes=as_count(size_bytes),
            empty_objects=as_count(empty),
            rows=optional(as_count, rows),
            rows_unknown=as_text(why),
        )
    return LogAnswer(
        pointer=as_text(one["pointer"]),
        seen_at=as_instant(one["seen_at"]),
        asked=tuple(as_text(each) for each in as_list(one["asked"])),
        newest=Arrival(newest_at, as_text(one["evidence"]), is_bound=as_bool(one.get("bound", False)))
        if newest_at is not None
        else None,
        is_sure=as_bool(one.get("sure", False)),
        whole=listing,
    )


def _read_arrivals(one: dict[str, Any]) -> ArrivalsKept:
    """Read arrivals that limits are learned from."""
    times = as_text(one["times"])
    read_times(times)
    return ArrivalsKept(
        times=times,
        last_at=optional(as_instant, one.get("last_at")),
        looked_at=optional(as_instant, one.get("looked_at")),
        is_outdated=as_bool(one.get("outdated", False)),
        opened_at=optional(as_instant, one.get("opened_at")),
        returned=as_count(one.get("returned", 0)),
        told_s=as_count(one.get("told_s", 0)),
        in_time=as_count(one.get("in_time", 0)),
        late_s=as_count(one.get("late_s", 0)),
    )


def _read_days(value: Any) -> tuple[date, ...]:
    return tuple(date.fromisoformat(as_text(day)) for day in as_list(value))


def _read_past(due_at: Any, on_time: Any) -> PastPeriod:
    """Read when a period was due, and whether it came on time."""
    return PastPeriod(as_instant(due_at), on_time=as_bool(on_time))


def _read_size(one: Any) -> Size:
    """Read how much a period held: bytes, files, and rows where they were known."""
    size_bytes, files, rows = as_list(one)
    return Size(as_int(size_bytes), as_int(files), optional(as_int, rows))


def _read_schema(value: Any) -> tuple[Column, ...]:
    """Read names and types of columns."""
    return tuple(Column(as_text(name), as_text(kind)) for name, kind in map(as_list, as_list(value)))


def _read_combination(one: dict[str, Any]) -> tuple[Combination, datetime]:
    """Read a combination of dimensions; documents of before there were any have none."""
    values = tuple((key, as_text(value)) for key, value in one["values"].items())
    return values, as_instant(one["first_period_at"])
