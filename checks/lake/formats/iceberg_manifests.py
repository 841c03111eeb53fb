"""Iceberg: the manifests of a snapshot, and the files that they name, within bounds.

Apache Iceberg Table Spec, "Partition Transforms", "Manifests", "Manifest Lists", "Sequence Numbers".
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from checks.lake.formats.avro import open_container
from checks.lake.formats.logs import malformed, unsupported, whole_number
from checks.layout import NULL_PARTITION
from checks.model import Unobserved

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from checks.lake.formats.iceberg_metadata import Metadata, Snapshot
    from checks.lake.reader import LakeReader

MOST_MANIFESTS = 100
"""Manifests that are read for one table, newest first."""
MOST_BYTES = 16 * 1024 * 1024
"""Bytes of manifests that are read for one table; a list of manifests may have as many."""
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - transforms count from it without a zone
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_DELETED = 2
TIMES = {"hour": "%Y-%m-%dT%H", "day": "%Y-%m-%d", "month": "%Y-%m", "year": "%Y"}


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a partition spec: its name, the column it is made from, its transform and what that gives."""

    name: str
    column: str
    transform: str
    type: str

    @property
    def is_value(self) -> bool:
        """True where the values say something for people: buckets and dropped fields do not."""
        return not self.transform.startswith(("bucket", "void"))

    @property
    def unit(self) -> str:
        """What its values count or say: days for the day of a timestamp and for a date alike."""
        return "day" if self.transform == "identity" and self.type == "date" else self.transform

    def text(self, value: Any) -> str:
        """Write a partition value as text: days as ``2026-11-22``, hours as ``2026-11-22T05``."""
        if value is None:
            return NULL_PARTITION
        if self.transform in TIMES or self.type == "date":
            return _say_time(self.transform if self.transform in TIMES else "day", value)
        if self.type.startswith("timestamp") and isinstance(value, int):
            unit = 1000 if self.type.endswith("_ns") or self.type.endswith("z_ns") else 1
            return (_EPOCH + timedelta(microseconds=value // unit)).strftime("%Y-%m-%d %H:%M:%S")
        if isinstance(value, bytes):
            return value.hex()
        return str(value)

    def bound(self, data: Any) -> str | None:
        """Read a bound of the manifest list (spec, "Binary single-value serialization"); None when unreadable."""
        if not isinstance(data, bytes):
            return None
        if self.transform not in TIMES and self.type == "string":
            return data.decode("utf-8", "replace")
        if len(data) not in (4, 8):
            return None
        try:
            return self.text(int.from_bytes(data, "little", signed=True))
        except (ValueError, OverflowError):
            return None


def _say_time(unit: str, value: Any) -> str:
    """Write the count of hours, days, months or years since 1970 that a transform gives."""
    if not isinstance(value, int):
        raise TypeError(f"{value!r:.40} is no {unit}")
    match unit:
        case "hour":
            return (_EPOCH + timedelta(hours=value)).strftime(TIMES["hour"])
        case "day":
            return (date(1970, 1, 1) + timedelta(days=value)).isoformat()
        case "month":
            return date(1970 + value // 12, value % 12 + 1, 1).isoformat()[:7]
        case _:
            return f"{1970 + value:04d}"


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


def specs_of(metadata: Metadata) -> dict[int, tuple[Field, ...]]:
    """Return the partition specs by their id; raise Unobserved (malformed) for what is none."""
    document, place = metadata.document, metadata.place
    columns = _columns(document)
    entries = document.get("partition-specs")
    if entries is None:  # version 1 may tell but the one
        entries = [{"spec-id": 0, "fields": document.get("partition-spec") or []}]
    specs: dict[int, tuple[Field, ...]] = {}
    for entry in _objects(entries, "partition-specs", place):
        fields = []
        for each in _objects(entry.get("fields"), "the fields of a partition spec", place):
            name, transform = each.get("name"), each.get("transform")
            if not isinstance(name, str) or not isinstance(transform, str):
                raise malformed(place, "a field of a partition spec has no name or no transform")
            sources = each.get("source-ids")
            source = sources[0] if isinstance(sources, list) and len(sources) == 1 else each.get("source-id")
            column, kind = columns.get(source, ("", "")) if isinstance(source, int) else ("", "")
            # Glue and the config write names in lower case.
            fields.append(Field(name.lower(), column.lower(), transform, kind))
        number = whole_number(entry.get("spec-id"))
        specs[number if number is not None else 0] = tuple(fields)
    return specs


def _columns(document: Mapping[str, Any]) -> dict[int, tuple[str, str]]:
    """Return name and type of top-level columns by their field id, over all schemas."""
    schemas = [document.get("schema"), *(document.get("schemas") or [])]
    found: dict[int, tuple[str, str]] = {}
    for schema in schemas:
        fields = schema.get("fields") if isinstance(schema, dict) else None
        for each in fields if isinstance(fields, list) else []:
            if isinstance(each, dict) and isinstance(each.get("id"), int):
                found[each["id"]] = (str(each.get("name")), str(each.get("type")))
    return found


def _objects(value: Any, what: str, place: str) -> list[dict[str, Any]]:
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
        summaries = entry.get("partitions") or []
        bounds = tuple(
            (each.get("lower_bound"), each.get("upper_bound"))
            for each in _objects(summaries, "partitions", place)
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
    metadata: Metadata
    snapshot: Snapshot | None
    _listed: list[Manifest] | None = None
    _kept: dict[str, bytes | Unobserved] = field(default_factory=dict)
    _size: int = 0

    def manifests(self) -> list[Manifest]:
        """Return all manifests of the snapshot; raise Unobserved."""
        if self._listed is None:
            self._listed = self._list()
        return self._listed

    def of_data(self) -> list[Manifest]:
        """Return the manifests of data files; raise Unobserved."""
        return [each for each in self.manifests() if not each.is_deletes]

    def _list(self) -> list[Manifest]:
        if self.snapshot is None:
            return []
        if self.snapshot.manifest_list is None:
            raise unsupported(
                self.metadata.place,
                f"snapshot {self.snapshot.id} names its manifests without a list, as only version 1 may",
            )
        return parse_manifest_list(*self._get(self.snapshot.manifest_list))

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


@dataclass(frozen=True, slots=True)
class Comings:
    """When manifests came: a snapshot that has expired is older than all that are left with a later number."""

    files: SnapshotFiles
    sequences: tuple[int, ...]
    earliest: tuple[datetime, ...]
    """By sequence number in the same place: the earliest time of a snapshot with that number or a later one."""
    oldest: datetime | None = None
    """When the oldest ancestor was made that is left: all that the snapshot holds of expired ones came before."""

    @classmethod
    def of(cls, files: SnapshotFiles) -> Comings:
        """Look through the snapshots that are left; raise Unobserved."""
        metadata = files.metadata
        kept = sorted(
            (sequence, found.at)
            for number, entry in metadata.snapshots.items()
            if isinstance(sequence := entry.get("sequence-number"), int)
            and (found := metadata.snapshot(number)) is not None
        )
        earliest = tuple(accumulate((at for _, at in reversed(kept)), min))
        start = files.snapshot.id if files.snapshot is not None else None
        lineage = [each.at for each in metadata.lineage(start) if each is not None]
        return cls(files, tuple(sequence for sequence, _ in kept), earliest[::-1], min(lineage, default=None))

    def by(self, found: Manifest | File) -> datetime | None:
        """Return when a file, or the newest one of a manifest, came at the latest, None where nothing tells it."""
        number = found.snapshot_id
        snapshot = self.files.metadata.snapshot(number) if number is not None else None
        if snapshot is not None:
            return snapshot.at
        place = bisect_left(self.sequences, found.sequence)
        if found.sequence and place < len(self.earliest):
            return self.earliest[place]
        return self.oldest if number is not None else None

    def newest_first(self) -> list[tuple[Manifest, datetime | None]]:
        """Return the manifests of data files, those of the newest commits first; raise Unobserved."""
        timed = [(each, self.by(each)) for each in self.files.of_data()]
        return sorted(timed, key=lambda pair: (pair[0].sequence, pair[1] or _LONG_AGO), reverse=True)
