"""The state as a JSON document, explicit and versioned, and back.

Reading is strict: a document of a version that is not known, or with a field that is absent or of another type, is
refused whole, since half a memory would report old trouble as new. What many periods have in common is written
once, with their keys: ``[value, ..., [key, ...]]``.
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from checks.changes import ItemTold, RouteTold, State, TableRecord, Told, Well
from checks.history import version_1
from checks.learn.looks import read as read_times
from checks.model import (
    Answer,
    Arrival,
    ArrivalsKept,
    Column,
    Format,
    ItemState,
    Listing,
    LogAnswer,
    LogSeen,
    LogsKnown,
    PastPeriod,
    Severity,
    Size,
    Status,
    TableMemory,
    utc,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from checks.model import Combination, JsonValue

VERSION = 2
FORMAT = "s3-table-monitor/state"
_Value = TypeVar("_Value")


def to_text(state: State) -> str:
    """Return the document, in one order for equal states; instants in ISO 8601, UTC."""
    document: dict[str, JsonValue] = {
        "format": FORMAT,
        "version": VERSION,
        "name": state.name,
        "config_at": state.config_at,
        "run_id": state.run_id,
        "last_completed_at": _write(state.last_completed_at),
        "last_full_report_on": state.last_full_report_on.isoformat() if state.last_full_report_on else None,
        "told": [written_told(told) for _, told in sorted(state.told.items())],
        "tables": {table: written_record(record) for table, record in sorted(state.tables.items())},
        "events": {event: _write(done_at) for event, done_at in sorted(state.events.items())},
        "left_out": list(state.left_out),
    }
    if state.routes:
        document["routes"] = {route: written_route(own) for route, own in sorted(state.routes.items())}
    return json.dumps(document, allow_nan=False) + "\n"


def from_text(text: str | bytes) -> State:
    """Return the state of a document; raise ValueError with the reason when it is not one of this version."""
    try:
        document = json.loads(text)
    except RecursionError:
        raise ValueError("it is nested more deeply than any history is") from None
    except ValueError:
        raise ValueError("it is not whole JSON") from None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise ValueError("it is some other document")
    version = document.get("version")
    if isinstance(version, bool) or version not in (version_1.VERSION, VERSION):
        raise ValueError(
            f"it has version {version!r}, and this program reads {version_1.VERSION} to {VERSION}"
        )
    try:
        return _state(version_1.upgraded(document) if version == version_1.VERSION else document)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ValueError(f"a field is absent or wrong: {type(error).__name__} {error}") from error


def _state(document: dict[str, Any]) -> State:
    told = [_read_told(one) for one in _list(document["told"])]
    full_report_on = _optional(_str, document["last_full_report_on"])
    return State(
        name=_str(document["name"]),
        config_at=_str(document["config_at"]),
        run_id=_str(document["run_id"]),
        last_completed_at=_optional(_read, document["last_completed_at"]),
        last_full_report_on=None if full_report_on is None else date.fromisoformat(full_report_on),
        told={one.id: one for one in told},
        tables={table: _read_record(one) for table, one in document["tables"].items()},
        events={event: _read(done_at) for event, done_at in document["events"].items()},
        routes={route: _read_route(own) for route, own in document.get("routes", {}).items()},
        left_out=tuple(_str(sentence) for sentence in _list(document["left_out"])),
    )


def written_route(own: RouteTold) -> JsonValue:
    """Return what is written of a route that was told something else than the whole report told."""
    day = own.last_full_report_on
    written: dict[str, JsonValue] = {
        "told": [written_told(told) for _, told in sorted(own.told.items()) if told is not None],
        "untold": [key for key, told in sorted(own.told.items()) if told is None],
    }
    if own.full_report:
        written["last_full_report_on"] = None if day is None else day.isoformat()
    return written


def _read_route(own: dict[str, Any]) -> RouteTold:
    told: dict[str, Told | None] = {one.id: one for one in map(_read_told, _list(own["told"]))}
    told |= {_str(key): None for key in _list(own["untold"])}
    day = _optional(_str, own.get("last_full_report_on"))
    return RouteTold(
        told=told,
        full_report="last_full_report_on" in own,
        last_full_report_on=None if day is None else date.fromisoformat(day),
    )


def written_told(told: Told) -> JsonValue:
    """Return what is written of a finding that was told."""
    well: dict[str, JsonValue] = {"well": _written_well(told.well)} if told.well.runs else {}
    return {
        "table": told.table,
        "check": told.check,
        "status": told.status.value,
        "severity": told.severity.value if told.severity else None,
        "because": told.because,
        "since": _write(told.since),
        "told_at": _write(told.told_at),
        "owner": told.owner,
        "silenced": told.silenced,
        "whole_table": told.whole_table,
        "unchecked": told.unchecked,
        "items": _grouped(told.items, _written_item),
        **_written_within(told),
        **well,
    }


def _written_within(told: Told) -> dict[str, JsonValue]:
    """Return what was told within other findings, where anything was; documents of before have none."""
    written: dict[str, JsonValue] = {}
    if told.within:
        written["within"] = _grouped(told.within, lambda host: [host])
    if told.told_alone:
        written["told_alone"] = [*sorted(told.told_alone)]
    return written


def _written_item(item: ItemTold) -> list[JsonValue]:
    severity = item.severity.value if item.severity else None
    well: list[JsonValue] = [_written_well(item.well)] if item.well.runs else []
    return [item.state.value, severity, _write(item.since), _write(item.told_at), *well]


def _written_well(well: Well) -> JsonValue:
    return [well.runs, _write(well.at)]


def _read_well(value: Any) -> Well:
    if value is None:
        return Well()
    runs, at = _list(value)
    return Well(_count(runs), _optional(_read, at))


def _read_told(one: dict[str, Any]) -> Told:
    return Told(
        table=_str(one["table"]),
        check=_str(one["check"]),
        status=Status(one["status"]),
        severity=_optional(Severity, one["severity"]),
        because=_str(one["because"]),
        since=_read(one["since"]),
        told_at=_read(one["told_at"]),
        owner=_optional(_str, one["owner"]),
        silenced=_bool(one["silenced"]),
        whole_table=_bool(one["whole_table"]),
        unchecked=_bool(one["unchecked"]),
        items=dict(_ungrouped(one["items"], _read_item)),
        within=dict(_ungrouped(one.get("within", []), _str)),
        told_alone=frozenset(_str(key) for key in _list(one.get("told_alone", []))),
        well=_read_well(one.get("well")),
    )


def _read_item(state: Any, severity: Any, since: Any, told_at: Any, well: Any = None) -> ItemTold:
    return ItemTold(
        state=ItemState(state),
        severity=_optional(Severity, severity),
        since=_read(since),
        told_at=_read(told_at),
        well=_read_well(well),
    )


def _grouped(values: Mapping[str, _Value], write: Callable[[_Value], list[JsonValue]]) -> list[JsonValue]:
    """Return each value once, followed by the keys that have it, in the order of the first keys."""
    keys: dict[_Value, list[str]] = {}
    for key in sorted(values):
        keys.setdefault(values[key], []).append(key)
    return [[*write(value), list(of)] for value, of in keys.items()]


def _ungrouped(groups: Any, read: Callable[..., _Value]) -> Iterator[tuple[str, _Value]]:
    """Yield each key with its value."""
    for group in _list(groups):
        *parts, keys = _list(group)
        value = read(*parts)
        for key in _list(keys):
            yield _str(key), value


def written_record(record: TableRecord) -> dict[str, JsonValue]:
    """Return what is written of a table, by its parts; what single checks remember only where there is any."""
    parts = {part: written_part(record.memory, part) for part in PARTS}
    return {
        "matched_by": record.matched_by,
        "by_glob": record.by_glob,
        "first_period_at": _write(record.memory.first_period_at),
        **{part: value for part, value in parts.items() if value is not None or part == "layout"},
    }


def written_part(memory: TableMemory, part: str) -> JsonValue:
    """Return one of the `PARTS` of what is remembered of a table."""
    return PARTS[part](memory)


def _combinations(memory: TableMemory) -> JsonValue:
    return [
        {"values": dict(combination), "first_period_at": _write(first)}
        for combination, first in sorted(memory.combinations.items())
    ]


PARTS: dict[str, Callable[[TableMemory], JsonValue]] = {
    "first_seen": lambda memory: _grouped(memory.first_seen, lambda at: [_write(at)]),
    "layout": lambda memory: dict(memory.layout) if memory.layout is not None else None,
    "combinations": _combinations,
    "past_periods": lambda memory: (
        _grouped(memory.past_periods, lambda one: [_write(one.due_at), one.on_time]) or None
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
    "firsts": lambda memory: _grouped(memory.firsts, lambda at: [_write(at)]) or None,
    "logs": lambda memory: None if memory.logs is None else _logs(memory.logs),
}
"""How each part of what is remembered of a table is written, None where there is nothing to write."""


def _logs(known: LogsKnown) -> JsonValue:
    """Write which logs lie at a prefix; what is at its usual value is left out."""
    told: dict[str, JsonValue] = {
        "seen_at": _write(known.seen_at),
        "format": known.format.value if known.format is not Format.FILES else None,
        "below": [[each.place, each.format.value] for each in known.below] or None,
    }
    return {name: value for name, value in told.items() if value is not None}


def _read_logs(one: dict[str, Any]) -> LogsKnown:
    return LogsKnown(
        seen_at=_read(one["seen_at"]),
        format=Format(one.get("format", Format.FILES)),
        below=tuple(LogSeen(_str(place), Format(kept)) for place, kept in _list(one.get("below", []))),
    )


def _arrivals(kept: ArrivalsKept) -> JsonValue:
    """Write arrivals that limits are learned from; what is at its usual value is left out."""
    told: dict[str, JsonValue] = {
        "last_at": _write(kept.last_at),
        "looked_at": _write(kept.looked_at),
        "outdated": kept.is_outdated or None,
        "opened_at": _write(kept.opened_at),
        "returned": kept.returned or None,
        "told_s": kept.told_s or None,
        "in_time": kept.in_time or None,
    }
    return {"times": kept.times, **{name: value for name, value in told.items() if value is not None}}


def _log_answer(answer: LogAnswer) -> JsonValue:
    """Write what was read of a log; what is at its usual value is left out."""
    newest, whole = answer.newest, answer.whole
    told: dict[str, JsonValue] = {
        "pointer": answer.pointer,
        "seen_at": _write(answer.seen_at),
        "asked": list(answer.asked),
        "newest_at": _write(newest.at) if newest is not None else None,
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
        "seen_at": _write(answer.seen_at),
        "values": list(answer.values),
        "registered": answer.registered,
        "created_at": _write(answer.created_at),
        "pattern": answer.pattern,
        "objects": listing.objects,
        "bytes": listing.size_bytes,
        "newest_at": _write(listing.newest_at),
        "newest_key": key.removeprefix(place) if key is not None else None,
        "oldest_at": _write(listing.oldest_at),
        "complete": listing.complete,
        "rewritten_at": _write(listing.rewritten_at),
        "rewritten_key": listing.rewritten_key,
        "empty_objects": listing.empty_objects or None,
        "ignored_objects": listing.ignored_objects or None,
    }
    return {name: value for name, value in told.items() if value is not None}


def _read_record(one: dict[str, Any]) -> TableRecord:
    layout = one["layout"]
    if layout is not None and not isinstance(layout, dict):
        raise TypeError("layout")
    return TableRecord(
        matched_by=_str(one["matched_by"]),
        by_glob=_bool(one["by_glob"]),
        memory=TableMemory(
            first_period_at=_optional(_read, one["first_period_at"]),
            first_seen=dict(_ungrouped(one["first_seen"], _read)),
            layout=layout,
            combinations=dict(_read_combination(each) for each in _list(one.get("combinations", []))),
            past_periods=dict(_ungrouped(one.get("past_periods", []), _read_past)),
            sizes={label: _read_size(each) for label, each in one.get("sizes", {}).items()},
            schema=_optional(_read_schema, one.get("schema")),
            answers={place: _read_answer(place, each) for place, each in one.get("answers", {}).items()},
            log_answer=_optional(_read_log_answer, one.get("log_answer")),
            arrivals=_optional(_read_arrivals, one.get("arrivals")),
            firsts=dict(_ungrouped(one.get("firsts", []), _read)),
            ages={int(age): _read_days(days) for age, days in one.get("ages", {}).items()},
            logs=_optional(_read_logs, one.get("logs")),
        ),
    )


def _read_answer(place: str, one: dict[str, Any]) -> Answer:
    """Read what was seen of a partition."""
    key = _optional(_str, one.get("newest_key"))
    listing = Listing(
        objects=_count(one["objects"]),
        size_bytes=_count(one["bytes"]),
        empty_objects=_count(one.get("empty_objects", 0)),
        newest_at=_optional(_read, one.get("newest_at")),
        newest_key=None if key is None else key if key.startswith("s3://") else place + key,
        oldest_at=_optional(_read, one.get("oldest_at")),
        complete=_bool(one["complete"]),
        rewritten_at=_optional(_read, one.get("rewritten_at")),
        rewritten_key=_optional(_str, one.get("rewritten_key")),
        ignored_objects=_count(one.get("ignored_objects", 0)),
    )
    return Answer(
        period=_str(one["period"]),
        seen_at=_read(one["seen_at"]),
        listing=listing,
        values=tuple(_str(value) for value in _list(one["values"])),
        registered=_optional(_bool, one.get("registered")),
        created_at=_optional(_read, one.get("created_at")),
        pattern=_optional(_str, one.get("pattern")),
    )


def _read_log_answer(one: dict[str, Any]) -> LogAnswer:
    """Read what was read of a log."""
    newest_at, whole = _optional(_read, one.get("newest_at")), _optional(_list, one.get("whole"))
    listing = None
    if whole is not None:
        objects, size_bytes, empty, rows, why = whole
        listing = Listing(
            objects=_count(objects),
            size_bytes=_count(size_bytes),
            empty_objects=_count(empty),
            rows=_optional(_count, rows),
            rows_unknown=_str(why),
        )
    return LogAnswer(
        pointer=_str(one["pointer"]),
        seen_at=_read(one["seen_at"]),
        asked=tuple(_str(each) for each in _list(one["asked"])),
        newest=Arrival(newest_at, _str(one["evidence"]), is_bound=_bool(one.get("bound", False)))
        if newest_at is not None
        else None,
        is_sure=_bool(one.get("sure", False)),
        whole=listing,
    )


def _read_arrivals(one: dict[str, Any]) -> ArrivalsKept:
    """Read arrivals that limits are learned from."""
    times = _str(one["times"])
    read_times(times)
    return ArrivalsKept(
        times=times,
        last_at=_optional(_read, one.get("last_at")),
        looked_at=_optional(_read, one.get("looked_at")),
        is_outdated=_bool(one.get("outdated", False)),
        opened_at=_optional(_read, one.get("opened_at")),
        returned=_count(one.get("returned", 0)),
        told_s=_count(one.get("told_s", 0)),
        in_time=_count(one.get("in_time", 0)),
    )


def _read_days(value: Any) -> tuple[date, ...]:
    return tuple(date.fromisoformat(_str(day)) for day in _list(value))


def _read_past(due_at: Any, on_time: Any) -> PastPeriod:
    """Read when a period was due, and whether it came on time."""
    return PastPeriod(_read(due_at), on_time=_bool(on_time))


def _read_size(one: Any) -> Size:
    """Read how much a period held: bytes, files, and rows where they were known."""
    size_bytes, files, rows = _list(one)
    return Size(_int(size_bytes), _int(files), _optional(_int, rows))


def _read_schema(value: Any) -> tuple[Column, ...]:
    """Read names and types of columns."""
    return tuple(Column(_str(name), _str(kind)) for name, kind in map(_list, _list(value)))


def _read_combination(one: dict[str, Any]) -> tuple[Combination, datetime]:
    """Read a combination of dimensions; documents of before there were any have none."""
    values = tuple((key, _str(value)) for key, value in one["values"].items())
    return values, _read(one["first_period_at"])


def _write(instant: datetime | None) -> str | None:
    return None if instant is None else utc(instant).isoformat()


def _read(value: Any) -> datetime:
    return utc(datetime.fromisoformat(_str(value))).astimezone(UTC)


def _optional(read: Callable[[Any], _Value], value: Any) -> _Value | None:
    return None if value is None else read(value)


def _str(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not text")
    return value


def _int(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{value!r} is not a whole number")
    return value


def _count(value: Any) -> int:
    if _int(value) < 0:
        raise ValueError(f"{value!r} is below zero")
    return _int(value)


def _bool(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"{value!r} is not true or false")
    return value


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError(f"{type(value).__name__} in place of a list")
    return value
