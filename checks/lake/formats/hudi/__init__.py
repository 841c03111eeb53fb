"""Apache Hudi: when data last came, from the newest instants of the timeline.

Apache Hudi Technical Specification, "Timeline" and "Table Properties", table versions up to 9.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from checks.aws.uris import split_uri
from checks.lake.codecs.documents import unsupported
from checks.lake.formats.hudi.walk import Walk
from checks.lake.formats.shared.asked import asked_of
from checks.lake.formats.shared.recency import observation_of
from checks.model import Format
from checks.rights import GET, LIST, Reach

if TYPE_CHECKING:
    from collections.abc import Iterator

    from checks.lake.s3.table_reader import LakeReader
    from checks.model import Observation, Table
    from checks.rules.asking import Clock
    from checks.rules.base import TablePlan


@dataclass(frozen=True, slots=True)
class HudiReader:
    """Reads Hudi tables: a GET of its properties (layout, zone), one LIST and a GET tell when data last came."""

    iam_actions: tuple[str, ...] = (LIST, GET)

    def claims(self, table: Table) -> bool:
        """Tell whether the catalog marks the table as Hudi (``spark.sql.sources.provider``, input format)."""
        return table.format is Format.HUDI

    def observe(self, plan: TablePlan, clock: Clock, reader: LakeReader) -> Observation:
        """Return what the table's timeline tells; raise Unobserved when it cannot be read."""
        if plan.table.location is None:
            raise unsupported(
                plan.table.id, "it has no location in S3 in the catalog", "mend it, or exclude it"
            )
        bucket, root = split_uri(plan.table.location)
        asked = asked_of(plan, clock)
        keep_files = asked.files or asked.value is not None
        walk = Walk(plan, clock, reader, bucket, root, keep_files)
        properties = walk.properties()
        timeline = walk.timeline(properties)
        recency = walk.newest_arrival(properties, timeline, deletes=asked.detail.deletes_count)
        seen = observation_of(plan, clock, recency)
        if asked.detail.times:
            times = walk.times(properties, timeline)
            oldest = min((walk.came(each).at for each in timeline.instants), default=None)
            seen = replace(seen, arrivals=times, arrivals_whole=plan.memory.knows_until(oldest))
        if seen.listing is not None:  # it was never loaded
            return seen
        from checks.lake.formats.hudi.more import with_more

        return with_more(seen, asked, clock, walk, properties, timeline)

    def reach(self, plan: TablePlan, clock: Clock, _reader: LakeReader) -> Iterator[Reach]:
        """Yield the timeline's folder, and the table's own where its partitions are listed or its footers read."""
        if plan.table.location is None:
            return
        bucket, root = split_uri(plan.table.location)
        asked = asked_of(plan, clock)
        yield Reach(LIST, bucket, f"{root}.hoodie/")
        yield Reach(GET, bucket, f"{root}.hoodie/")
        if asked.periods or asked.value is not None:
            yield Reach(LIST, bucket, root)
        if asked.value is not None:
            yield Reach(GET, bucket, root)


READER = HudiReader()
