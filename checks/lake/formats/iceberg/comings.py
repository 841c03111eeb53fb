"""Iceberg: when the files of a manifest came at the latest, also where the snapshots that added them have expired.

Apache Iceberg Table Spec, "Sequence Numbers".
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from checks.lake.formats.iceberg.manifests import File, Manifest, SnapshotFiles

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


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
        """Look through the snapshots that are left."""
        metadata = files.metadata
        dates = files.dates
        kept = sorted(
            (sequence, at)
            for number, entry in metadata.snapshots.items()
            if isinstance(sequence := entry.get("sequence-number"), int)
            and (at := dates.came(number)) is not None
        )
        earliest = tuple(accumulate((at for _, at in reversed(kept)), min))
        start = files.snapshot.id if files.snapshot is not None else None
        lineage = [at for number in metadata.ancestry(start) if (at := dates.came(number)) is not None]
        return cls(files, tuple(sequence for sequence, _ in kept), earliest[::-1], min(lineage, default=None))

    def by(self, found: Manifest | File) -> datetime | None:
        """Return when a file, or the newest one of a manifest, came at the latest, None where nothing tells it."""
        number = found.snapshot_id
        at = self.files.dates.came(number) if number is not None else None
        if at is not None:
            return at
        place = bisect_left(self.sequences, found.sequence)
        if found.sequence and place < len(self.earliest):
            return self.earliest[place]
        return self.oldest if number is not None else None

    def newest_first(self) -> list[tuple[Manifest, datetime | None]]:
        """Return the manifests of data files, those of the newest commits first; raise Unobserved."""
        timed = [(each, self.by(each)) for each in self.files.of_data()]
        return sorted(timed, key=lambda pair: (pair[0].sequence, pair[1] or _LONG_AGO), reverse=True)
