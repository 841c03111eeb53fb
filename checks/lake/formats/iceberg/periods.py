"""Iceberg: which partitions hold rows, from a snapshot's manifests.

Apache Iceberg Table Spec, "Partition Transforms" and "Manifests".
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from operator import itemgetter
from typing import TYPE_CHECKING

from checks.aws.uris import uri_of
from checks.lake.codecs.documents import malformed, whole_number
from checks.lake.formats.iceberg.comings import Comings
from checks.lake.formats.iceberg.manifests import parse_manifest
from checks.lake.formats.iceberg.specs import Reading, candidates, not_told, specs_of
from checks.lake.formats.shared.partition_tally import (
    Held,
    Wanted,
    held_of,
    layout_of,
    too_much,
    wanted,
    with_partitions,
)
from checks.lake.formats.shared.recency import AHEAD, strictest_limit
from checks.lake.glue.partitions import is_sentinel
from checks.model import Problem, ProblemKind, Unobserved, iso
from checks.schedule.clock import wall_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from checks.lake.formats.iceberg.manifests import Field, File, Manifest, SnapshotFiles
    from checks.lake.formats.iceberg.metadata import Metadata
    from checks.lake.formats.shared.asked import Asked
    from checks.layout import TimeLayout
    from checks.model import Observation
    from checks.rules.asking import Clock
    from checks.rules.base import TablePlan

    Specs = Mapping[int, Sequence[Field]]
    Parts = dict[tuple[str, ...], Held]
    Walls = Sequence[tuple[Manifest, datetime | None, datetime | None]]

DELETES = "delete files take some of them away, and its log does not tell how many"
"""Why rows are not known: those that delete files take away are in the counts of data files."""
NO_ROWS = "{} does not tell its rows"


@dataclass(slots=True)
class Partitions:
    """Finds out which periods hold rows in a snapshot of a table."""

    asked: Asked
    clock: Clock
    files: SnapshotFiles
    limit: datetime | None = field(init=False)
    """From when on an arrival is fresh, None where nothing judges that by periods."""
    proved: set[datetime | None] = field(default_factory=set)
    """The periods, by their wall times, that are known for sure to hold an arrival that is fresh."""
    doubted: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Find out whether freshness is judged beside the periods."""
        self.limit = strictest_limit(self.plan, self.clock)

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
        specs = specs_of(self.metadata)
        telling = candidates(specs, self.metadata, self._named())
        if not telling:
            raise Unobserved(not_told(self.plan.table.id, specs, self.metadata))
        manifests = self.files.of_data()
        reading, layout = self._layout(telling, specs, manifests)
        want = wanted(self.plan, self.clock, layout)
        mute = reading.mute([key.name for key in layout.keys])
        unread = next((each.spec_id for each in manifests if each.spec_id not in specs), None)
        if unread is not None:
            raise malformed(self.metadata.place, f"it has no partition spec {unread}")
        others = [each for each in manifests if each.spec_id in mute]
        walls = [(each, *_walls_of(each, reading, want)) for each in manifests if each.spec_id not in mute]
        held: Parts = defaultdict(lambda: held_of(self.asked))
        problem, before, earlier = (
            self._read_needed(walls, reading, want, held),
            None,
            _earlier(walls, want),
        )
        if others and problem is None:
            before = self._last_of(others, want)
            begun = wall_of(before, layout.zone)
            problem, earlier = self._untold(layout, before, mute), min(earlier or begun, begun)
        if not self._read_compared(walls, reading, want, held):
            want = replace(want, compared={})
        if len(manifests) < len(self.files.manifests()):
            for each in held.values():
                each.lose_rows(DELETES)
        return with_partitions(
            seen, self.asked, want, reading.keys, held, problem=problem, before=before, earlier=earlier
        )

    def _named(self) -> tuple[str, ...]:
        """Return the keys that the config names: of time, and beside it."""
        time = self.plan.stated_layout.keys if self.plan.stated_layout is not None else ()
        return (*time, *(self.plan.each.keys if self.plan.each is not None else ()))

    def _layout(
        self, telling: Sequence[Sequence[Field]], specs: Specs, manifests: Sequence[Manifest]
    ) -> tuple[Reading, TimeLayout]:
        """Return how the keys of the current spec carry time, or those of an earlier one; raise Unobserved."""
        schedule = self.plan.schedule
        problems: list[Problem] = []
        for chosen in telling:
            reading = Reading.of(chosen, specs, schedule.every if schedule is not None else None)
            samples = [
                texts
                for manifest in manifests
                for index in (0, 1)
                if (texts := reading.bounds(manifest, index)) is not None
            ]
            layout = layout_of(self.plan, reading.keys, samples, reading.told)
            if not isinstance(layout, Problem):
                return reading, layout
            problems.append(layout)
        raise Unobserved(problems[0])

    def _read(self, manifests: Iterable[Manifest], reading: Reading, want: Wanted, held: Parts) -> str:
        """Count the files of manifests; return the bound that the rest are over, empty where all were read."""
        for manifest in manifests:
            over = self.files.over(manifest)
            if over:
                return over
            data, place = self.files.data(manifest)
            for file in parse_manifest(data, place, manifest):
                values = reading.texts(manifest.spec_id, file.values, place)
                wall = want.wall_of(reading.keys, values)
                self._add(held[values], file, want.schedule.every.floor(wall) if wall is not None else None)
        return ""

    def _read_needed(self, walls: Walls, reading: Reading, want: Wanted, held: Parts) -> Problem | None:
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
        over = self._read((each for _, each in sorted(needed, key=itemgetter(0))), reading, want, held)
        if not over:
            return None
        return too_much(self.plan.table.id, f"the manifests of the periods looked at are {over}")

    def _read_compared(self, walls: Walls, reading: Reading, want: Wanted, held: Parts) -> bool:
        """Count the files of those that may hold a period to compare with; tell whether all could be read."""
        older = [
            each
            for each, _, upper in walls
            if _is_before(upper, want.first_wall) and not _is_before(upper, want.first_compared)
        ]
        try:
            return not self._read(older, reading, want, held)
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

    def _untold(self, layout: TimeLayout, before: datetime, mute: frozenset[int]) -> Problem:
        names = ", ".join(key.name for key in layout.keys)
        current = whole_number(self.metadata.document.get("default-spec-id")) or 0
        what = "the current partition spec" if current in mute else "another partition spec"
        remedy = (
            "partition it by time again, or watch it with freshness"
            if current in mute
            else "rewrite them by the current spec (rewrite_data_files)"
        )
        return Problem(
            ProblemKind.UNSUPPORTED,
            f"{self.plan.table.id}: files that came up to {iso(before)} were written by {what}, which does not tell "
            f"{names}",
            remedy,
        )

    def _add(self, held: Held, file: File, period: datetime | None) -> None:
        """Count a file. What was rewritten came before, and what an expired snapshot added at any time."""
        rows = file.rows if file.rows is not None else NO_ROWS.format(file.path)
        if held.names is not None:
            held.names.add(uri_of(file.path), file.size_bytes, file.format or None)
        snapshot = self.metadata.snapshot(file.snapshot_id) if file.snapshot_id is not None else None
        if snapshot is None:
            held.add_unknown(file.size_bytes, self.clock.now, rows)
            return
        at = self.files.dates.came(snapshot.id) or snapshot.at
        if snapshot.operation in ("append", "overwrite") and at <= self.clock.latest + AHEAD:
            is_new, told = snapshot.operation == "append", self._settled(snapshot.id, at, period)
            if told is not None:
                held.add(file.size_bytes, told, f"snapshot {snapshot.id}", is_new=is_new, rows=rows)
                return
        held.add_unknown(file.size_bytes, at, rows)

    def _settled(self, snapshot_id: int, at: datetime, period: datetime | None) -> datetime | None:
        """Return when a snapshot came whose files a period holds; None where that is not known for sure.

        Files are looked at only where freshness would pass by it, and nothing else of the period proves that.
        """
        limit = self.limit
        if limit is None or at < limit or period in self.proved:
            return at
        if snapshot_id in self.doubted:
            return None
        try:
            settled = self.files.dates.settle(snapshot_id, limit) or at
        except Unobserved:
            self.doubted.add(snapshot_id)
            return None
        if settled >= limit:
            self.proved.add(period)
        return settled


def _walls_of(manifest: Manifest, reading: Reading, want: Wanted) -> tuple[datetime | None, datetime | None]:
    """Return the wall times that a manifest's bounds carry, None where they carry none."""
    lower, upper = (reading.bounds(manifest, index) for index in (0, 1))
    return (
        want.wall_of(reading.keys, lower) if lower is not None else None,
        want.wall_of(reading.keys, upper) if upper is not None else None,
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
