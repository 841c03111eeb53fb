"""Iceberg: which partitions hold rows, from a snapshot's manifests.

Apache Iceberg Table Spec, "Partition Transforms" and "Manifests".
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from checks.lake.formats.held import Held, Wanted, layout_of, too_much, wanted, with_partitions
from checks.lake.formats.iceberg_manifests import TIMES, Comings, parse_manifest, specs_of
from checks.lake.formats.logs import malformed, uri_of, whole_number
from checks.lake.partitions import is_sentinel
from checks.layout import NULL_PARTITION, StatedLayout
from checks.model import Column, Problem, ProblemKind, Unobserved, iso
from checks.schedule.clock import wall_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from checks.lake.formats.asked import Asked
    from checks.lake.formats.iceberg_manifests import Field, File, Manifest, SnapshotFiles
    from checks.lake.formats.iceberg_metadata import Metadata
    from checks.layout import TimeLayout
    from checks.model import Observation
    from checks.rules.asking import Clock
    from checks.rules.base import TablePlan

    Specs = Mapping[int, Sequence[Field]]
    Parts = dict[tuple[str, ...], Held]
    Walls = Sequence[tuple[Manifest, datetime | None, datetime | None]]

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
        current = _current(specs, self.metadata)
        keys, told = _keys(current)
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
        mute = _mute(specs, current, layout)
        others = [each for each in manifests if each.spec_id in mute]
        walls = [
            (each, *_walls_of(each, specs, keys, want)) for each in manifests if each.spec_id not in mute
        ]
        held: Parts = defaultdict(lambda: Held(names=self.asked.collector()))
        problem, before, earlier = (
            self._read_needed(walls, specs, keys, want, held),
            None,
            _earlier(walls, want),
        )
        if others and problem is None:
            before = self._last_of(others, want)
            begun = wall_of(before, layout.zone)
            problem, earlier = self._untold(layout, before), min(earlier or begun, begun)
        if not self._read_compared(walls, specs, keys, want, held):
            want = replace(want, compared={})
        if len(manifests) < len(self.files.manifests()):
            for each in held.values():
                each.lose_rows(DELETES)
        return with_partitions(
            seen, self.asked, want, keys, held, problem=problem, before=before, earlier=earlier
        )

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

    def _read_needed(
        self, walls: Walls, specs: Specs, keys: tuple[Column, ...], want: Wanted, held: Parts
    ) -> Problem | None:
        """Count the files of the manifests that may hold a needed period; return why there may be more.

        One of each period comes before the second one of any: streams append many manifests a day.
        """
        known: Counter[datetime | None] = Counter()
        needed: list[tuple[int, Manifest]] = []
        for manifest, _, upper in walls:
            if not _is_before(upper, want.first_wall):
                period = want.schedule.every.floor(upper) if upper is not None else None
                needed.append((known[period], manifest))
                known[period] += 1
        over = self._read((each for _, each in sorted(needed, key=itemgetter(0))), specs, keys, held)
        if not over:
            return None
        return too_much(self.plan.table.id, f"the manifests of the periods looked at are {over}")

    def _read_compared(
        self, walls: Walls, specs: Specs, keys: tuple[Column, ...], want: Wanted, held: Parts
    ) -> bool:
        """Count the files of those that may hold a period to compare with; tell whether all could be read."""
        older = [
            each
            for each, _, upper in walls
            if _is_before(upper, want.first_wall) and not _is_before(upper, want.first_compared)
        ]
        try:
            return not self._read(older, specs, keys, held)
        except Unobserved:
            return False

    def _last_of(self, others: Sequence[Manifest], want: Wanted) -> datetime:
        """Return by when the files came that were written by other specs; raise Unobserved.

        Those of a manifest came by then itself did. It is read only where that leaves a needed period open: files
        may have been written long before the manifest was.
        """
        comings = Comings.of(self.files)
        first = min((period.start for period in want.periods), default=self.clock.now)
        last: list[datetime] = []
        for manifest in others:
            by = comings.by(manifest) or self.clock.now
            if by < first or self.files.over(manifest):
                last.append(by)
            else:
                files = parse_manifest(*self.files.data(manifest), manifest)
                last += [comings.by(file) or by for file in files]
        return max(last, default=first)

    def _untold(self, layout: TimeLayout, before: datetime) -> Problem:
        names = ", ".join(key.name for key in layout.keys)
        return Problem(
            ProblemKind.UNSUPPORTED,
            f"{self.plan.table.id}: files that came up to {iso(before)} were written by another partition spec, which "
            f"does not tell {names}",
            "rewrite them by the current spec (rewrite_data_files)",
        )

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


def _current(specs: Mapping[int, Sequence[Field]], metadata: Metadata) -> Sequence[Field]:
    """Return the fields of the current spec; of another one where the table is partitioned no more."""
    number = whole_number(metadata.document.get("default-spec-id"))
    return specs.get(number if number is not None else 0) or next(filter(None, specs.values()))


def _mute(
    specs: Mapping[int, Sequence[Field]], current: Sequence[Field], layout: TimeLayout
) -> frozenset[int]:
    """Return the specs whose files do not tell the keys that carry time, as the current one's do."""
    timed = {key.name for key in layout.keys}
    telling = {(each.name, each.unit) for each in current if each.name in timed}
    return frozenset(
        number
        for number, fields in specs.items()
        if not telling <= {(field.name, field.unit) for field in fields}
    )


def _keys(fields: Sequence[Field]) -> tuple[tuple[Column, ...], StatedLayout | None]:
    """Return the partition keys of a spec, and the one whose transform tells time by itself."""
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


def _earlier(walls: Walls, want: Wanted) -> datetime | None:
    """Return the wall time of the first period before the needed ones that bounds tell of.

    Only the bounds of one key are values that were written: a year's and a month's make up a day.
    """
    is_written = len(want.layout.keys) == 1
    bounds = [
        (lower if is_written else None, upper)
        for _, lower, upper in walls
        if _is_before(upper, want.first_wall)
    ]
    told = (wall for each in bounds for wall in each if wall is not None and not is_sentinel(wall))
    return min(told, default=None)


def _is_before(wall: datetime | None, first: datetime | None) -> bool:
    """Tell whether a bound lies before the first wall time that counts; one that is not told may lie anywhere."""
    return wall is not None and (first is None or wall < first)


def _bounds_of(
    manifest: Manifest, specs: Mapping[int, Sequence[Field]], keys: Sequence[Column], index: int
) -> tuple[str, ...] | None:
    """Return the lower (0) or upper (1) bounds of a manifest in the order of the keys; None where it tells none.

    A key that its spec does not have yet, or without a value or a bound that is read, has none.
    """
    fields = specs.get(manifest.spec_id, ())
    if len(fields) != len(manifest.bounds):
        return None
    by_name = {each.name: each.bound(pair[index]) for each, pair in zip(fields, manifest.bounds, strict=True)}
    return tuple(by_name.get(key.name) or NULL_PARTITION for key in keys)
