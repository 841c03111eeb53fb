"""Iceberg: which partitions hold rows, from a snapshot's manifests.

Apache Iceberg Table Spec, "Partition Transforms" and "Manifests".
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from checks.lake.formats.held import Held, Wanted, layout_of, too_much, wanted, with_partitions
from checks.lake.formats.iceberg_manifests import TIMES, parse_manifest, specs_of
from checks.lake.formats.logs import malformed, uri_of, whole_number
from checks.lake.partitions import is_sentinel
from checks.layout import NULL_PARTITION, StatedLayout
from checks.model import Column, Problem, ProblemKind, Unobserved

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from checks.lake.formats.asked import Asked
    from checks.lake.formats.iceberg import Metadata
    from checks.lake.formats.iceberg_manifests import Field, File, Manifest, SnapshotFiles
    from checks.model import Observation
    from checks.rules.base import Clock, TablePlan

    Specs = Mapping[int, Sequence[Field]]
    Parts = dict[tuple[str, ...], Held]

DELETES = "delete files take some of them away, and its log does not tell how many"
"""Why rows are not known: those that delete files take away are in the counts of data files."""


@dataclass(slots=True)
class Partitions:
    """Finds out which periods hold rows in a snapshot of a table."""

    asked: Asked
    clock: Clock
    files: SnapshotFiles

    @property
    def plan(self) -> TablePlan:
        """The table and its rules."""
        return self.asked.plan

    @property
    def metadata(self) -> Metadata:
        """The table's metadata file."""
        return self.files.metadata

    def add_to(self, seen: Observation) -> Observation:
        """Return the observation with the periods in it; raise Unobserved when they cannot be told."""
        specs = self._specs()
        manifests = self.files.of_data()
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
        held: Parts = defaultdict(lambda: Held(names=self.asked.collector()))
        walls = [(each, *_walls_of(each, specs, keys, want)) for each in manifests]
        first = want.first_wall
        over = self._read(
            [each for each, _, upper in walls if not _is_before(upper, first)], specs, keys, held
        )
        problem = None
        if over:
            what = f"the manifests of the periods looked at are {over}"
            problem = too_much(self.plan.table.id, what)
        older = [
            each
            for each, _, upper in walls
            if _is_before(upper, first) and not _is_before(upper, want.first_compared)
        ]
        if problem is not None or not self._read_whole(older, specs, keys, held):
            want = replace(want, compared={})
        # Only the bounds of one key are values that were written: a year's and a month's make up a day.
        is_written = len(want.layout.keys) == 1
        before = [
            (lower if is_written else None, upper) for _, lower, upper in walls if _is_before(upper, first)
        ]
        told = (wall for each in before for wall in each if wall is not None and not is_sentinel(wall))
        earlier = min(told, default=None)
        if len(manifests) < len(self.files.manifests()):
            for each in held.values():
                each.lose_rows(DELETES)
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

    def _read(
        self, manifests: Iterable[Manifest], specs: Specs, keys: tuple[Column, ...], held: Parts
    ) -> str:
        """Count the files of manifests; return the bound that the rest are over, empty where all were read."""
        for manifest in manifests:
            over = self.files.over(manifest)
            if over:
                return over
            data, place = self.files.data(manifest)
            fields = specs.get(manifest.spec_id)
            if fields is None:
                raise malformed(self.metadata.place, f"it has no partition spec {manifest.spec_id}")
            for file in parse_manifest(data, place, manifest):
                self._add(held[_texts(fields, file.values, keys, place)], file)
        return ""

    def _read_whole(
        self, manifests: Iterable[Manifest], specs: Specs, keys: tuple[Column, ...], held: Parts
    ) -> bool:
        """Count the files of manifests that only help; tell whether all of them could be read."""
        try:
            return not self._read(manifests, specs, keys, held)
        except Unobserved:
            return False

    def _add(self, held: Held, file: File) -> None:
        """Count a file. What was rewritten came before, and what an expired snapshot added at any time."""
        rows = file.rows if file.rows is not None else f"{file.path} does not tell its rows"
        if held.names is not None:
            held.names.add(uri_of(file.path), file.size_bytes, file.format or None)
        snapshot = self.metadata.snapshot(file.snapshot_id) if file.snapshot_id is not None else None
        if snapshot is None:
            held.add_unknown(file.size_bytes, self.clock.now, rows)
        elif snapshot.operation in ("append", "overwrite"):
            is_new = snapshot.operation == "append"
            held.add(file.size_bytes, snapshot.at, f"snapshot {snapshot.id}", is_new=is_new, rows=rows)
        else:
            held.add_unknown(file.size_bytes, snapshot.at, rows)


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
            "date" if each.transform == "day" else "string" if each.transform in TIMES else each.type,
        )
        for each in shown
    )
    finest = next((each for unit in TIMES for each in shown if each.transform == unit), None)
    return keys, StatedLayout((finest.name,), (TIMES[finest.transform],)) if finest is not None else None


def _texts(
    fields: Sequence[Field], values: Sequence[Any], keys: Sequence[Column], place: str
) -> tuple[str, ...]:
    """Return a file's partition values as text, in the order of the keys."""
    try:
        by_name = {each.name: each.text(value) for each, value in zip(fields, values, strict=False)}
    except (TypeError, ValueError, OverflowError) as error:
        raise malformed(place, f"a partition value is no time: {error}") from error
    return tuple(by_name.get(key.name, NULL_PARTITION) for key in keys)


def _walls_of(
    manifest: Manifest, specs: Specs, keys: tuple[Column, ...], want: Wanted
) -> tuple[datetime | None, datetime | None]:
    """Return the wall times that a manifest's bounds carry, None where they carry none."""
    lower, upper = (_bounds_of(manifest, specs, keys, index) for index in (0, 1))
    return (
        want.wall_of(keys, lower) if lower is not None else None,
        want.wall_of(keys, upper) if upper is not None else None,
    )


def _is_before(wall: datetime | None, first: datetime | None) -> bool:
    """Tell whether a bound lies before the first wall time that counts; one that is not told may lie anywhere."""
    return wall is not None and (first is None or wall < first)


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
