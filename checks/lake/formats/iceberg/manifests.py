"""Iceberg: the manifests of a snapshot, and the files that they name, within bounds.

Apache Iceberg Table Spec, "Partition Transforms", "Manifests", "Manifest Lists", "Sequence Numbers".
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from checks.lake.codecs.avro import open_container
from checks.lake.codecs.documents import malformed, unsupported, whole_number
from checks.lake.formats.iceberg.times import Files
from checks.layout import NULL_PARTITION
from checks.model import Problem, ProblemKind, Unobserved

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from checks.lake.formats.iceberg.metadata import Metadata, Snapshot
    from checks.lake.formats.iceberg.times import Dates
    from checks.lake.s3.table_reader import LakeReader

MOST_MANIFESTS = 100
"""Manifests that are read for one table, newest first."""
MOST_BYTES = 16 * 1024 * 1024
"""Bytes of manifests that are read for one table; a list of manifests may have as many."""
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - transforms count from it without a zone
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_DELETED = 2
TIMES = {"hour": "%Y-%m-%dT%H", "day": "%Y-%m-%d", "month": "%Y-%m", "year": "%Y"}
_INSTANT = "instant"
_TEXTS = {**TIMES, _INSTANT: "%Y-%m-%d %H:%M:%S"}
_TRANSFORM = re.compile(r"(identity|void|hour|day|month|year|(bucket|truncate)(\[\d+\])?)")


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a partition spec: its name, the column it is made from, its transform and what that gives."""

    name: str
    column: str
    transform: str
    type: str
    source: int | None = None
    """The number of the column, by which it keeps its meaning when names change; None where there is not just one."""
    other_names: frozenset[str] = frozenset()
    """What else it was called, and its column."""

    @property
    def is_known(self) -> bool:
        """False for a transform that the specification does not name, or that has several columns."""
        return _TRANSFORM.fullmatch(self.transform) is not None and self.source is not None

    @property
    def is_value(self) -> bool:
        """True where the values say something for people: buckets and dropped fields do not."""
        return self.is_known and not self.transform.startswith(("bucket", "void"))

    @property
    def unit(self) -> str:
        """What its values count or say: days for the day of a timestamp and for a date alike."""
        if self.transform != "identity":
            return self.transform
        is_instant = self.type.startswith("timestamp")
        return "day" if self.type == "date" else _INSTANT if is_instant else self.transform

    @property
    def is_time(self) -> bool:
        """True where each value is a stretch of time, or an instant."""
        return self.unit in _TEXTS

    def text(self, value: Any) -> str:
        """Write a partition value as text: days as ``2026-11-22``, hours as ``2026-11-22T05``.

        Raises TypeError, ValueError or OverflowError for what is no value of it.
        """
        if value is None:
            return NULL_PARTITION
        if self.is_time:
            return _say(self.wall(value), self.unit)
        if isinstance(value, bytes):
            return value.hex()
        return str(value)

    def text_for(self, other: Field, value: Any) -> str:
        """Write a value as another field of the same column writes the time that it begins at."""
        if value is None or self.unit == other.unit:
            return self.text(value)
        return _say(self.wall(value), other.unit)

    def wall(self, value: Any) -> datetime:
        """Return the wall time at which a value of time begins; raise TypeError, ValueError or OverflowError."""
        if not isinstance(value, int):
            raise TypeError(f"{value!r:.40} is no {self.unit}")
        match self.unit:
            case "hour":
                return _EPOCH + timedelta(hours=value)
            case "day":
                return _EPOCH + timedelta(days=value)
            case "month":
                return datetime(1970 + value // 12, value % 12 + 1, 1)  # noqa: DTZ001 - a wall time
            case "year":
                return datetime(1970 + value, 1, 1)  # noqa: DTZ001 - a wall time
            case _:
                return _EPOCH + timedelta(microseconds=value // (1000 if self.type.endswith("_ns") else 1))

    def value_of(self, data: Any) -> Any:
        """Read a bound of the manifest list (spec, "Binary single-value serialization"); None when unreadable."""
        if not isinstance(data, bytes):
            return None
        if not self.is_time and self.type == "string":
            return data.decode("utf-8", "replace")
        return int.from_bytes(data, "little", signed=True) if len(data) in (4, 8) else None

    def bound(self, data: Any) -> str | None:
        """Write a bound of the manifest list as text; None when it is unreadable."""
        return self.bound_for(self, data)

    def bound_for(self, other: Field, data: Any) -> str | None:
        """Write a bound as another field of the same column writes it; None when it is unreadable."""
        value = self.value_of(data)
        try:
            return self.text_for(other, value) if value is not None else None
        except (ValueError, OverflowError, TypeError):
            return None


def _say(wall: datetime, unit: str) -> str:
    """Write a wall time as the values of a unit are written."""
    whole = wall.isoformat(sep=" ", timespec="seconds")  # strftime pads no years
    match unit:
        case "hour":
            return whole[:13].replace(" ", "T")
        case "day":
            return whole[:10]
        case "month":
            return whole[:7]
        case "year":
            return whole[:4]
        case _:
            return whole


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest as the list tells it: its bytes, the snapshot that added it, bounds by field.

    ``is_deletes``: it holds delete files, so data files tell more rows than are in the table. ``sequence`` is 0 where
    the list tells none, as in version 1.
    """

    path: str
    length: int
    spec_id: int
    snapshot_id: int | None
    bounds: tuple[tuple[Any, Any], ...]
    is_deletes: bool = False
    sequence: int = 0


def objects_in(value: Any, what: str, place: str) -> list[dict[str, Any]]:
    """Return a list of objects (records); raise Unobserved (malformed) for anything else."""
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise malformed(place, f"{what} is no list of objects")
    return value


def parse_manifest_list(data: bytes, place: str) -> list[Manifest]:
    """Return the manifests of files (and of deletes) that are still in the table, in the order of the list."""
    found = []
    for entry in open_container(data, place).records():
        if not isinstance(entry, dict):
            raise malformed(place, "an entry of it is no record")
        counts = [entry.get(name) for name in _LIVE_COUNTS if entry.get(name) is not None]
        if counts and not any(counts):
            continue
        path, length = entry.get("manifest_path"), entry.get("manifest_length")
        spec_id, snapshot_id = entry.get("partition_spec_id"), entry.get("added_snapshot_id")
        if not isinstance(path, str) or not isinstance(length, int) or not isinstance(spec_id, int):
            raise malformed(place, "an entry of it has no path, length or partition spec")
        _known(entry.get("content"), _CONTENTS[:2], "content", place)
        summaries = entry.get("partitions") or []
        bounds = tuple(
            (each.get("lower_bound"), each.get("upper_bound"))
            for each in objects_in(summaries, "partitions", place)
        )
        by = snapshot_id if isinstance(snapshot_id, int) else None
        sequence = entry.get("sequence_number")
        found.append(
            Manifest(
                path,
                max(length, 0),
                spec_id,
                by,
                bounds,
                is_deletes=entry.get("content") == 1,
                sequence=sequence if isinstance(sequence, int) else 0,
            )
        )
    return found


_CONTENTS = (0, 1, 2)
"""Data, position deletes, equality deletes; of a manifest only whether it lists data or deletes."""
_STATUSES = (0, 1, 2)


def _known(value: Any, known: tuple[int, ...], what: str, place: str) -> None:
    """Raise Unobserved (unsupported) for a code that the specification does not name."""
    if value is not None and value not in known:
        raise unsupported(place, f"{what} {value!r:.20} of an entry is not known", "update the monitor")


_LIVE_COUNTS = (
    "added_files_count", "existing_files_count", "added_data_files_count", "existing_data_files_count",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class File:
    """A data file that is in the table: its partition's values, its bytes and rows, the snapshot that added it.

    ``upper`` is the upper bound of the field that was asked for, None where the file keeps none; ``has_values`` is
    False where all of its values are null. ``sequence`` is that of the commit that its rows came with.
    """

    values: tuple[Any, ...]
    size_bytes: int
    snapshot_id: int | None
    rows: int | None = None
    path: str = ""
    format: str = ""
    upper: bytes | None = None
    has_values: bool = True
    sequence: int = 0


def parse_manifest(
    data: bytes, place: str, manifest: Manifest, field_id: int | None = None
) -> Iterator[File]:
    """Yield the data files with rows that a manifest holds; raise Unobserved (malformed) naming the place."""
    for entry in open_container(data, place).records():
        file = entry.get("data_file") if isinstance(entry, dict) else None
        if not isinstance(file, dict) or not isinstance(file.get("partition"), dict):
            raise malformed(place, "an entry of it tells no data file with a partition")
        _known(entry.get("status"), _STATUSES, "status", place)
        _known(file.get("content"), _CONTENTS, "content", place)
        if entry.get("status") == _DELETED or file.get("record_count") == 0 or file.get("content"):
            continue
        size, snapshot_id = file.get("file_size_in_bytes"), entry.get("snapshot_id")
        if not isinstance(size, int) or size < 0:
            raise malformed(place, f"the size of a file is {size!r:.40}")
        # A file that was just added takes its snapshot from the manifest (spec, "Sequence Number Inheritance").
        by = snapshot_id if isinstance(snapshot_id, int) else manifest.snapshot_id
        sequence = entry.get("sequence_number")
        rows = whole_number(file.get("record_count"))
        upper, has_values = _upper_of(file, rows, field_id) if field_id is not None else (None, True)
        yield File(
            tuple(file["partition"].values()),
            size,
            by,
            rows if rows is None or rows >= 0 else None,
            str(file.get("file_path") or ""),
            str(file.get("file_format") or "").lower(),
            upper,
            has_values,
            sequence if isinstance(sequence, int) else manifest.sequence,
        )


def _upper_of(file: Mapping[str, Any], rows: int | None, field_id: int) -> tuple[bytes | None, bool]:
    """Return the upper bound of a field, and whether the file holds any value of it that is not null."""
    bound = _entry(file.get("upper_bounds"), field_id)
    nulls = _entry(file.get("null_value_counts"), field_id)
    values = _entry(file.get("value_counts"), field_id)
    total = values if isinstance(values, int) else rows
    is_empty = isinstance(nulls, int) and total is not None and nulls >= total
    return (bound if isinstance(bound, bytes) else None), not is_empty


def _entry(pairs: Any, key: int) -> Any:
    """Return an entry of a map whose keys are numbers: in Avro a list of pairs."""
    if not isinstance(pairs, list):
        return None
    return next(
        (each.get("value") for each in pairs if isinstance(each, dict) and each.get("key") == key), None
    )


@dataclass(slots=True)
class SnapshotFiles:
    """Reads a snapshot's list of manifests once, and its manifests as they are asked for, each once, within bounds."""

    table: str
    reader: LakeReader
    dates: Dates
    snapshot: Snapshot | None
    _listed: list[Manifest] | None = None
    _kept: dict[str, bytes | Unobserved] = field(default_factory=dict)
    _size: int = 0

    @property
    def metadata(self) -> Metadata:
        """The table's metadata file."""
        return self.dates.metadata

    def manifests(self) -> list[Manifest]:
        """Return all manifests of the snapshot; raise Unobserved."""
        if self._listed is None:
            self._listed = self._list()
        return self._listed

    def of_data(self) -> list[Manifest]:
        """Return the manifests of data files; raise Unobserved."""
        return [each for each in self.manifests() if not each.is_deletes]

    def _list(self) -> list[Manifest]:
        if self.snapshot is None:  # a table without any was never loaded, and is not asked for its files
            raise Unobserved(
                Problem(
                    ProblemKind.TOO_LITTLE_HISTORY,
                    f"the snapshot that {self.table} was at by then has expired",
                    "keep snapshots for longer (history.expire.max-snapshot-age-ms)",
                )
            )
        if self.snapshot.manifest_list is None:
            raise unsupported(
                self.metadata.place,
                f"snapshot {self.snapshot.id} names its manifests without a list, as only version 1 may",
            )
        if self.snapshot.is_encrypted:
            raise unsupported(
                self.metadata.place,
                f"the manifests of snapshot {self.snapshot.id} are encrypted, and not read",
            )
        files = self.dates.files or Files(self.metadata, self.reader)
        found = files.manifest_list(self.snapshot.manifest_list)
        if found is None:
            raise unsupported(
                self.metadata.place, f"it names {self.snapshot.manifest_list}, which is not in S3"
            )
        return parse_manifest_list(*found)

    def _get(self, uri: str) -> tuple[bytes, str]:
        place = self.metadata.place_of(uri)
        if place is None:
            raise unsupported(self.metadata.place, f"it names {uri}, which is not in S3")
        return self.reader.store.get(*place, max_bytes=MOST_BYTES), f"s3://{place[0]}/{place[1]}"

    def over(self, manifest: Manifest) -> str:
        """Say which bound a further manifest would be over; empty where it may be read."""
        if manifest.path in self._kept:
            return ""
        if len(self._kept) >= MOST_MANIFESTS or self._size + manifest.length > MOST_BYTES:
            return f"more than {MOST_MANIFESTS} or {MOST_BYTES:,} bytes"
        return ""

    def data(self, manifest: Manifest) -> tuple[bytes, str]:
        """Return a manifest's bytes and its place, by one GET for all who ask; raise Unobserved."""
        if manifest.path not in self._kept:
            self._size += manifest.length
            try:
                data, _ = self._get(manifest.path)
            except Unobserved as error:  # one that cannot be read counts, too
                self._kept[manifest.path] = error
            else:
                self._kept[manifest.path] = data
                self._size += max(0, len(data) - manifest.length)
        kept = self._kept[manifest.path]
        if isinstance(kept, Unobserved):
            raise Unobserved(kept.problem) from kept
        place = self.metadata.place_of(manifest.path)
        told = f"s3://{place[0]}/{place[1]}" if place is not None else manifest.path
        return kept, told
