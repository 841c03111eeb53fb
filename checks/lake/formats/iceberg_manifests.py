"""Iceberg: which partitions hold rows, from a snapshot's manifest list and manifests.

Apache Iceberg Table Spec, "Partition Transforms", "Manifests" and "Manifest Lists".
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from checks.lake.formats.avro import open_container
from checks.lake.formats.held import Held, Wanted, layout_of, too_much, wanted, with_partitions
from checks.lake.formats.logs import malformed, place_of, unsupported, whole_number
from checks.layout import StatedLayout
from checks.model import Column, Problem, ProblemKind, Unobserved

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from checks.lake.formats.iceberg import Metadata, Snapshot
    from checks.lake.reader import LakeReader
    from checks.model import Observation
    from checks.rules.base import Clock, TablePlan

MOST_MANIFESTS = 100
"""Manifests that are read for one table, newest first."""
MOST_BYTES = 16 * 1024 * 1024
"""Bytes of manifests that are read for one table; a list of manifests may have as many."""
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - transforms count from it without a zone
_DELETED = 2
_TIMES = {"hour": "%Y-%m-%dT%H", "day": "%Y-%m-%d", "month": "%Y-%m", "year": "%Y"}
_NO_VALUE = "null"


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

    def text(self, value: Any) -> str:
        """Write a partition value as text: days as ``2026-11-22``, hours as ``2026-11-22T05``."""
        if value is None:
            return _NO_VALUE
        if self.transform in _TIMES or self.type == "date":
            return _say_time(self.transform if self.transform in _TIMES else "day", value)
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
        if self.transform not in _TIMES and self.type == "string":
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
            return (_EPOCH + timedelta(hours=value)).strftime(_TIMES["hour"])
        case "day":
            return (date(1970, 1, 1) + timedelta(days=value)).isoformat()
        case "month":
            return date(1970 + value // 12, value % 12 + 1, 1).isoformat()[:7]
        case _:
            return f"{1970 + value:04d}"


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest as the list tells it: its bytes, the snapshot that added it, bounds by field.

    ``is_deletes``: it holds delete files, so data files tell more rows than are in the table.
    """

    path: str
    length: int
    spec_id: int
    snapshot_id: int | None
    bounds: tuple[tuple[Any, Any], ...]
    is_deletes: bool = False


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
        found.append(Manifest(path, length, spec_id, by, bounds, is_deletes=entry.get("content") == 1))
    return found


_LIVE_COUNTS = (
    "added_files_count", "existing_files_count", "added_data_files_count", "existing_data_files_count",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class File:
    """A data file that is in the table: its partition's values, its bytes and rows, the snapshot that added it."""

    values: tuple[Any, ...]
    size_bytes: int
    snapshot_id: int | None
    rows: int | None = None


def parse_manifest(data: bytes, place: str, manifest: Manifest) -> Iterator[File]:
    """Yield the data files with rows that a manifest holds; raise Unobserved (malformed) naming the place."""
    for entry in open_container(data, place).records():
        file = entry.get("data_file") if isinstance(entry, dict) else None
        if not isinstance(file, dict) or not isinstance(file.get("partition"), dict):
            raise malformed(place, "an entry of it tells no data file with a partition")
        if entry.get("status") == _DELETED or file.get("record_count") == 0 or file.get("content"):
            continue
        size, snapshot_id = file.get("file_size_in_bytes"), entry.get("snapshot_id")
        if not isinstance(size, int):
            raise malformed(place, f"the size of a file is {size!r:.40}")
        # A file that was just added takes its snapshot from the manifest (spec, "Sequence Number Inheritance").
        by = snapshot_id if isinstance(snapshot_id, int) else manifest.snapshot_id
        rows = whole_number(file.get("record_count"))
        yield File(tuple(file["partition"].values()), size, by, rows if rows is None or rows >= 0 else None)


@dataclass(slots=True)
class Partitions:
    """Finds out which periods hold rows in a snapshot of a table."""

    plan: TablePlan
    clock: Clock
    reader: LakeReader
    metadata: Metadata

    def add_to(self, seen: Observation, snapshot: Snapshot | None) -> Observation:
        """Return the observation with the periods in it; raise Unobserved when they cannot be told."""
        specs = self._specs()
        listed = self._manifests(snapshot)
        manifests = [each for each in listed if not each.is_deletes]
        keys, told = _keys(specs, self.metadata)
        samples = [
            texts
            for manifest in manifests
            for index in (0, 1)
            if (texts := _bounds_of(manifest, specs, keys, index)) is not None
        ]
        layout = layout_of(self.plan, keys, samples, told)
        if isinstance(layout, Problem):
            raise Unobserved(layout)
        want = wanted(self.plan, self.clock, layout)
        held, problem, earlier = self._held(manifests, specs, keys, want)
        if len(manifests) < len(listed):  # rows that delete files take away are in the counts of data files
            for each in held.values():
                each.rows = None
        return with_partitions(seen, self.plan, want, keys, held, problem=problem, earlier=earlier)

    def _specs(self) -> dict[int, tuple[Field, ...]]:
        specs = specs_of(self.metadata)
        if not any(specs.values()):
            raise Unobserved(
                Problem(
                    ProblemKind.UNSUPPORTED,
                    f"{self.plan.table.id} is not partitioned, so its log does not tell one period from the next",
                    "watch it with freshness",
                )
            )
        stated = set(self.plan.stated_layout.keys) if self.plan.stated_layout is not None else set()
        return {
            number: tuple(
                # Iceberg hides its partition fields: a config may name the column that one is made from.
                replace(each, name=each.column) if each.name not in stated and each.column in stated else each
                for each in fields
            )
            for number, fields in specs.items()
        }

    def _manifests(self, snapshot: Snapshot | None) -> list[Manifest]:
        if snapshot is None:
            return []
        if snapshot.manifest_list is None:
            raise unsupported(
                self.metadata.place,
                f"snapshot {snapshot.id} names its manifests without a list, as only version 1 may",
            )
        return parse_manifest_list(*self._get(snapshot.manifest_list))

    def _get(self, uri: str) -> tuple[bytes, str]:
        place = place_of(uri)
        if place is None:
            raise unsupported(self.metadata.place, f"it names {uri}, which is not in S3")
        return self.reader.store.get(*place, max_bytes=MOST_BYTES), f"s3://{place[0]}/{place[1]}"

    def _held(
        self,
        manifests: list[Manifest],
        specs: dict[int, tuple[Field, ...]],
        keys: tuple[Column, ...],
        want: Wanted,
    ) -> tuple[dict[tuple[str, ...], Held], Problem | None, datetime | None]:
        """Read the manifests that may hold a needed period, as far as the bounds allow."""
        held: dict[tuple[str, ...], Held] = defaultdict(Held)
        earlier: datetime | None = None
        read = size = 0
        for manifest in manifests:
            lower, upper = (
                want.wall_of(keys, texts)
                if (texts := _bounds_of(manifest, specs, keys, index)) is not None
                else None
                for index in (0, 1)
            )
            if lower is not None and want.first_wall is not None and lower < want.first_wall:
                earlier = min(earlier or lower, lower)
            if upper is not None and (want.first_wall is None or upper < want.first_wall):
                continue
            read, size = read + 1, size + manifest.length
            if read > MOST_MANIFESTS or size > MOST_BYTES:
                what = f"the manifests of the periods looked at are more than {MOST_MANIFESTS} or {MOST_BYTES:,} bytes"
                return held, too_much(self.plan.table.id, what), earlier
            data, place = self._get(manifest.path)
            fields = specs.get(manifest.spec_id)
            if fields is None:
                raise malformed(self.metadata.place, f"it has no partition spec {manifest.spec_id}")
            for file in parse_manifest(data, place, manifest):
                self._add(held[_texts(fields, file.values, keys, place)], file)
        return held, None, earlier

    def _add(self, held: Held, file: File) -> None:
        """Count a file. What was rewritten came before, and what an expired snapshot added at any time."""
        snapshot = self.metadata.snapshot(file.snapshot_id) if file.snapshot_id is not None else None
        if snapshot is None:
            held.add_unknown(file.size_bytes, self.clock.now, file.rows)
        elif snapshot.operation in ("append", "overwrite"):
            is_new = snapshot.operation == "append"
            held.add(file.size_bytes, snapshot.at, f"snapshot {snapshot.id}", is_new=is_new, rows=file.rows)
        else:
            held.add_unknown(file.size_bytes, snapshot.at, file.rows)


def _keys(
    specs: Mapping[int, Sequence[Field]], metadata: Metadata
) -> tuple[tuple[Column, ...], StatedLayout | None]:
    """Return the partition keys of the current spec, and the one whose transform tells time by itself."""
    number = whole_number(metadata.document.get("default-spec-id"))
    fields = specs.get(number if number is not None else 0) or next(iter(specs.values()))
    shown = [each for each in fields if each.is_value]
    keys = tuple(
        Column(
            each.name,
            "date" if each.transform == "day" else "string" if each.transform in _TIMES else each.type,
        )
        for each in shown
    )
    finest = next((each for unit in _TIMES for each in shown if each.transform == unit), None)
    return keys, StatedLayout((finest.name,), (_TIMES[finest.transform],)) if finest is not None else None


def _texts(
    fields: Sequence[Field], values: Sequence[Any], keys: Sequence[Column], place: str
) -> tuple[str, ...]:
    """Return a file's partition values as text, in the order of the keys."""
    try:
        by_name = {each.name: each.text(value) for each, value in zip(fields, values, strict=False)}
    except (TypeError, ValueError, OverflowError) as error:
        raise malformed(place, f"a partition value is no time: {error}") from error
    return tuple(by_name.get(key.name, "") for key in keys)


def _bounds_of(
    manifest: Manifest, specs: Mapping[int, Sequence[Field]], keys: Sequence[Column], index: int
) -> tuple[str, ...] | None:
    """Return the lower (0) or upper (1) bounds of a manifest in the order of the keys; None when not all are told."""
    fields = specs.get(manifest.spec_id, ())
    if len(fields) != len(manifest.bounds):
        return None
    by_name = {each.name: each.bound(pair[index]) for each, pair in zip(fields, manifest.bounds, strict=True)}
    found = [by_name.get(key.name) for key in keys]
    return tuple(text for text in found if text is not None) if None not in found else None
