"""Parquet footers: the schema of the newest files, and the newest value of a time column, by ranged reads.

Apache Parquet format, "File format" (a footer ends in its length and a magic number), "Logical types" and
"Statistics". At most two requests a file, and never more than the footer.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

from checks.aws.problems import clean
from checks.aws.uris import split_uri
from checks.installation import refuse_broken
from checks.lake.codecs.documents import OverBound, over_bound, unsupported
from checks.lake.codecs.parquet import END, check_nesting, chunks_of, footer_of
from checks.model import Column, FooterSeen, Problem, ProblemKind, Unobserved
from checks.rights import GET
from checks.schedule.clock import FIRST, LAST, last_instant

if TYPE_CHECKING:
    from collections.abc import Iterator
    from zoneinfo import ZoneInfo

    from checks.lake.s3.objects import ObjectStore
    from checks.lake.s3.table_reader import LakeReader
    from checks.model import FileSeen, Observation
    from checks.rules.asking import Clock, ValueAsk
    from checks.rules.base import TablePlan

IAM_ACTIONS = (GET,)
"""What reading footers takes, beyond listing."""
TAIL = 64 * 1024
"""So much of a file's end is read at first: most footers are smaller."""
MOST_BYTES = 16 * 1024 * 1024
"""A larger footer is not read."""
_MAGIC, _ENCRYPTED = b"PAR1", b"PARE"
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - a wall time, until its zone is known
_WIDTHS = {"INT32": 4, "INT64": 8}
"""Bytes of the values of the physical types that dates and timestamps have."""
_UNITS = {"milliseconds": 1000, "microseconds": 1, "nanoseconds": 1}
_MOST_DEPTH = 40
_FEWER = "have its writer keep fewer statistics or row groups in a file, or turn the check off for this table"
_PRIMITIVES = {
    "bool": "boolean", "int8": "tinyint", "int16": "smallint", "int32": "int", "int64": "bigint",
    "uint8": "smallint", "uint16": "int", "uint32": "bigint", "uint64": "decimal(20,0)", "halffloat": "float",
    "float": "float", "double": "double", "string": "string", "large_string": "string", "string_view": "string",
    "binary": "binary", "large_binary": "binary", "binary_view": "binary", "date32[day]": "date", "null": "void",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Newest:
    """The newest value of a column, and why there may be a newer one."""

    at: datetime | None = None
    is_day: bool = False
    problem: Problem | None = None


def with_footers(seen: Observation, plan: TablePlan, clock: Clock, reader: LakeReader) -> Observation:
    """Return the observation with the footers of the newest files that were seen, where a rule asks for them."""
    detail = plan.detail(clock)
    if not detail.footers:
        return seen
    footers = []
    for file in islice(_newest_files(seen), detail.footers):
        if reader.stop_at is not None and time.monotonic() >= reader.stop_at:
            problem = Problem(
                ProblemKind.TIMED_OUT,
                f"the time for {plan.table.id} was up before the footer of {file.uri} was read",
                "raise the time a table may take",
            )
            footers.append(FooterSeen(file=file, problem=problem))
        else:
            footers.append(read_footer(reader.store, file, detail.value))
    return replace(seen, footers=tuple(footers))


def _newest_files(seen: Observation) -> Iterator[FileSeen]:
    """Yield the files of the newest period, newest first, then those of the one before it; each once.

    A backfill writes the newest files, and what they hold is old: whatever other checks look at, it comes last.
    """
    place = seen.listing.newest_files if seen.listing is not None else ()
    dated = [(0.0, file) for file in place]
    for partition in seen.partitions:
        if partition.listing is not None:
            start = partition.period.start.timestamp()
            dated += [(start, file) for file in partition.listing.newest_files]
    newest = sorted(dated, key=lambda each: (each[0], each[1].at, each[1].uri), reverse=True)
    yield from dict.fromkeys(file for _, file in newest)


def read_footer(store: ObjectStore, file: FileSeen, value: ValueAsk | None = None) -> FooterSeen:
    """Return what the footer of one file tells; what stands in the way is its problem. Never raises."""
    try:
        return parse_footer(_get(store, file), file, value)
    except Unobserved as error:
        return FooterSeen(file=file, problem=error.problem)


def _get(store: ObjectStore, file: FileSeen) -> bytes:
    """Return the footer with its length and magic number, by at most two requests."""
    bucket, key = split_uri(file.uri)
    size = file.size_bytes
    if size < len(_MAGIC) + END:
        raise _malformed(file, f"it has {size} bytes, which is too short for one")
    start = max(0, size - TAIL)
    data = store.get(bucket, key, byte_range=(start, size - 1), max_bytes=TAIL)
    if len(data) != size - start:
        raise _malformed(file, "it changed while it was read")
    length = _length(data, file)
    if length + END <= len(data):
        return data[-(length + END) :]
    first = size - END - length
    head = store.get(bucket, key, byte_range=(first, start - 1), max_bytes=MOST_BYTES)
    if len(head) != start - first:
        raise _malformed(file, "it changed while it was read")
    return head + data


def _length(data: bytes, file: FileSeen) -> int:
    """Return the length of the footer that the end of a file tells."""
    if data[-4:] == _ENCRYPTED:
        raise Unobserved(
            Problem(
                ProblemKind.UNSUPPORTED,
                f"the footer of {clean(file.uri)} is encrypted",
                "turn the check off for this table, or write footers in plain text",
            )
        )
    if data[-4:] != _MAGIC:
        raise _malformed(file, "it does not end as Parquet files do")
    length = int.from_bytes(data[-END:-4], "little")
    if length > file.size_bytes - END - len(_MAGIC):
        raise _malformed(file, f"its footer of {length:,} bytes would be longer than the file")
    if length > MOST_BYTES:
        raise over_bound(
            file.uri, f"its footer has {length:,} bytes, and at most {MOST_BYTES:,} are read", _FEWER
        )
    return length


def parse_footer(data: bytes, file: FileSeen, value: ValueAsk | None = None) -> FooterSeen:
    """Return what a footer (with its length and magic number) tells; raise Unobserved when it is none."""
    import pyarrow as pa  # type: ignore[import-untyped]
    from pyarrow import parquet as pq

    footer = footer_of(data)
    try:
        check_nesting(footer)
        metadata = pq.read_metadata(pa.BufferReader(_MAGIC + data))
        columns = tuple(
            Column(field.name, hive_type(field.type)) for field in metadata.schema.to_arrow_schema()
        )
        newest = _Newest()
        if value is not None:
            newest = _newest(footer, metadata.schema, value, file)
        return FooterSeen(
            file=file,
            columns=columns,
            rows=metadata.num_rows,
            newest=newest.at,
            is_day=newest.is_day,
            problem=newest.problem,
        )
    except OverBound as error:
        raise over_bound(
            file.uri, f"{error}, which is more than is read of a footer", "turn the check off for this table"
        ) from error
    except pa.ArrowNotImplementedError as error:
        why = f"its footer is of a kind that pyarrow does not read: {clean(error)[:200]}"
        raise unsupported(
            file.uri, why, "update the monitor, or turn the check off for this table"
        ) from error
    except Exception as error:
        refuse_broken(error)
        raise _malformed(file, f"its footer cannot be read: {clean(error)[:200]}") from error


def hive_type(kind: Any, depth: int = 0) -> str:
    """Write an Arrow type as Hive does: ``struct<a:int,b:array<string>>``."""
    import pyarrow as pa

    if depth > _MOST_DEPTH:
        raise OverBound(f"its types are nested more than {_MOST_DEPTH} levels deep")
    inner = depth + 1
    if isinstance(kind, pa.BaseExtensionType):  # JSON, UUID: catalogs know what they are stored as
        return hive_type(kind.storage_type, inner)
    if pa.types.is_dictionary(kind):
        return hive_type(kind.value_type, inner)
    if pa.types.is_map(kind):
        return f"map<{hive_type(kind.key_type, inner)},{hive_type(kind.item_type, inner)}>"
    if pa.types.is_struct(kind):
        return f"struct<{','.join(f'{each.name}:{hive_type(each.type, inner)}' for each in kind)}>"
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        return f"array<{hive_type(kind.value_type, inner)}>"
    if pa.types.is_decimal(kind):
        return f"decimal({kind.precision},{kind.scale})"
    if pa.types.is_timestamp(kind):
        return "timestamp"
    if pa.types.is_fixed_size_binary(kind):
        return "binary"
    return _PRIMITIVES.get(str(kind), str(kind))


def _newest(footer: bytes, schema: Any, value: ValueAsk, file: FileSeen) -> _Newest:
    """Return the newest value of the column that is asked for, out of the statistics of all row groups."""
    wanted = value.column.lower()
    paths = [schema.column(number).path.lower() for number in range(len(schema))]
    if wanted not in paths:
        name, place = clean(value.column), clean(file.uri)
        if any(path.startswith(f"{wanted}.") for path in paths):
            return _Newest(problem=_no_value(f"column {name} of {place} is nested; name one of its fields"))
        return _Newest(problem=_no_value(f"column {name} is not in {place}"))
    number = paths.index(wanted)
    column = schema.column(number)
    logical = column.logical_type.type
    if column.physical_type == "INT96":
        why = f"column {clean(value.column)} of {clean(file.uri)} is INT96, whose statistics mean nothing"
        return _Newest(problem=_no_value(why, "write timestamps as INT64 (Spark: outputTimestampType)"))
    if column.max_repetition_level > 0:
        why = f"column {clean(value.column)} of {clean(file.uri)} lies in a list or a map, and is no column of its own"
        return _Newest(problem=_no_value(why))
    if logical not in ("TIMESTAMP", "DATE"):
        held = str(column.logical_type) if logical != "NONE" else str(column.physical_type)
        why = f"column {clean(value.column)} of {clean(file.uri)} is {clean(held)}, neither a timestamp nor a date"
        return _Newest(problem=_no_value(why))
    largest, absent = _largest(footer, number, _WIDTHS[column.physical_type])
    problem = None
    if absent:
        many = "1 row group" if absent == 1 else f"{absent} row groups"
        why = f"{clean(file.uri)} has no statistics of column {clean(value.column)} ({many})"
        problem = _no_value(why, "have its writer keep statistics of that column")
    if largest is None:
        return _Newest(problem=problem)
    is_day = logical == "DATE"
    try:
        at = _instant(largest, str(column.logical_type), value.zone)
    except OverflowError:  # sentinels such as the day 9999-12-31, which ends beyond the last year there is
        at = LAST if largest > 0 else FIRST
    return _Newest(at, is_day=is_day, problem=problem)


def _instant(value: int, logical: str, zone: ZoneInfo) -> datetime:
    """Return the instant of a timestamp's number, or of the end of a day; without a zone it is in ``zone``."""
    if logical == "Date":
        return last_instant(_EPOCH + timedelta(days=value + 1), zone).astimezone(UTC)
    unit = next(unit for unit in _UNITS if unit in logical)
    micros = value // 1000 if unit == "nanoseconds" else value * _UNITS[unit]
    wall = _EPOCH + timedelta(microseconds=micros)
    if "isAdjustedToUTC=true" in logical:
        return wall.replace(tzinfo=UTC)
    return last_instant(wall, zone).astimezone(UTC)


def _largest(footer: bytes, number: int, width: int) -> tuple[int | None, int]:
    """Return the largest value in the statistics of a column, and how many row groups with values tell none."""
    told = [
        each for each in chunks_of(footer, number, width) if each.nulls is None or each.nulls < each.values
    ]
    largest = [each.largest for each in told if each.largest is not None]
    return max(largest, default=None), len(told) - len(largest)


def _no_value(why: str, remedy: str = "name another column, or turn events off") -> Problem:
    return Problem(ProblemKind.UNSUPPORTED, why, remedy)


def _malformed(file: FileSeen, wrong: str) -> Unobserved:
    return Unobserved(
        Problem(
            ProblemKind.MALFORMED,
            f"{clean(file.uri)} is no whole Parquet file: {wrong}",
            "look at the run that wrote it, or say by pattern which objects are data",
        )
    )
