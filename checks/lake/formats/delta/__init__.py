"""Delta Lake: what a table's log tells, and what those see of it who read the table through manifests.

Delta Transaction Log Protocol: "Delta Log Entries", "Actions", "In-Commit Timestamps", "Last Checkpoint File".
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from checks.aws.uris import split_uri
from checks.lake.codecs.documents import unsupported
from checks.lake.formats.delta.live_files import LogFiles
from checks.lake.formats.delta.manifests import (
    FOLDER,
    is_behind,
    newest_manifest,
    with_registered,
    without_manifest,
)
from checks.lake.formats.delta.periods import elsewhere, with_more
from checks.lake.formats.delta.protocol import check_asked
from checks.lake.formats.delta.walk import Walk
from checks.lake.formats.shared.asked import asked_of
from checks.lake.formats.shared.recency import observation_of, strictest_limit
from checks.model import Format
from checks.rights import GET, LIST, Reach

if TYPE_CHECKING:
    from collections.abc import Iterator

    from checks.lake.s3.table_reader import LakeReader
    from checks.model import Observation, Table
    from checks.rules.asking import (
        Clock,
    )
    from checks.rules.base import (
        TablePlan,
    )

_SYMLINKS = f"/{FOLDER}"
_PLACEHOLDER = "-__PLACEHOLDER__/"


@dataclass(frozen=True, slots=True)
class DeltaReader:
    """Reads Delta tables: one LIST and a GET or two tell when data last came."""

    iam_actions: tuple[str, ...] = (LIST, GET)

    def claims(self, table: Table) -> bool:
        """Tell whether the catalog marks the table as Delta, or it is read through symlink manifests."""
        return table.format is Format.DELTA or (table.location or "").endswith(_SYMLINKS)

    def observe(self, plan: TablePlan, clock: Clock, reader: LakeReader) -> Observation:
        """Return what the table's log tells; raise Unobserved when it cannot be read."""
        bucket, root = self._root(plan.table)
        walk = Walk(plan.table, clock, reader, bucket, f"{root}_delta_log/")
        walk.until = clock.now if clock.ignore_later else None
        asked = asked_of(plan, clock)
        if asked.more:
            walk.raw = {}
        is_listed = (plan.table.location or "").endswith(_SYMLINKS)
        manifest = newest_manifest(reader.store, bucket, root) if is_listed else None
        if is_listed and manifest is None:
            return without_manifest(plan.table, clock, plan.table.location or root)
        whole = walk.newest_log()
        deletes, enough_at = asked.detail.deletes_count, strictest_limit(plan, clock)
        log = walk.as_of(whole)
        recency = walk.newest_arrival(log, deletes=deletes, enough_at=enough_at)
        behind = None
        unseen = recency.newest
        if manifest is not None and unseen is not None and unseen.at > manifest.at:
            behind = is_behind(plan.table, manifest, unseen)
            walk.until = manifest.at
            log = walk.as_of(log)
            walk.notes = [behind.message]
            recency = walk.newest_arrival(log, deletes=deletes, enough_at=enough_at)
        staged = walk.staged_beyond(whole)
        if staged is not None and recency.problem is None:
            recency = replace(recency, problem=staged)
        files = LogFiles(walk, log)
        check_asked(files, asked)
        seen = replace(observation_of(plan, clock, recency), behind=behind)
        if asked.detail.times:
            times, are_all = walk.times(log, plan.memory, deletes=deletes)
            seen = replace(seen, arrivals=times, arrivals_whole=are_all)
        if seen.listing is not None:  # it was never loaded
            return seen
        seen = with_more(seen, asked, clock, files, staged)
        return with_registered(seen, plan, clock, reader) if is_listed else seen

    def reach(self, plan: TablePlan, clock: Clock, reader: LakeReader) -> Iterator[Reach]:
        """Yield the log's folder, that of manifests, and where footers are read the places of data files.

        A shallow clone names files of another table by whole URIs.
        """
        bucket, root = self._root(plan.table)
        walk, asked = Walk(plan.table, clock, reader, bucket, f"{root}_delta_log/"), asked_of(plan, clock)
        yield Reach(LIST, bucket, walk.prefix)
        if (plan.table.location or "").endswith(_SYMLINKS):
            yield Reach(LIST, bucket, f"{root}{FOLDER}")
        yield Reach(GET, bucket, root if asked.value is not None else walk.prefix)
        if asked.value is not None or asked.periods or asked.whole or asked.live:
            yield from elsewhere(walk, clock, data=asked.value is not None)

    def _root(self, table: Table) -> tuple[str, str]:
        if table.location is None:
            raise unsupported(
                table.id, "it has no location in S3 in the catalog", "mend it, or exclude the table"
            )
        if table.location.endswith(_PLACEHOLDER):
            raise unsupported(
                table.id,
                f"the catalog names {table.location} in place of its location, as Spark does",
                "set the table's location in Glue to its path",
            )
        location = table.location
        if location.endswith(_SYMLINKS):
            location = location[: -len(_SYMLINKS) + 1]
        return split_uri(location)


READER = DeltaReader()
