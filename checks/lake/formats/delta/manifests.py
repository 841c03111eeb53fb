"""Delta tables that are read through symlink manifests: readers see what these list, not what the log tells.

Delta Lake documentation, "Presto, Trino, and Athena to Delta Lake integration using manifests": `GENERATE
symlink_format_manifest` writes a list of the current files, one a partition, beside the log; commits after it are not
seen until it is written again, by hand or after each commit (delta.compatibility.symlinkFormatManifest.enabled).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from checks.lake.formats.shared.partition_tally import without_partitions
from checks.layout.data_files import is_data
from checks.model import Arrival, Format, Listing, Observation, Problem, ProblemKind, Unobserved, iso

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from checks.lake.s3.objects import ObjectStore
    from checks.lake.s3.table_reader import LakeReader
    from checks.model import Combination, PartitionSeen, Table
    from checks.rules.asking import (
        Clock,
    )
    from checks.rules.base import (
        TablePlan,
    )

FOLDER = "_symlink_format_manifest/"
_MOST_PAGES = 100


def newest_manifest(store: ObjectStore, bucket: str, root: str) -> Arrival | None:
    """Return when the newest manifest below a table's root was written, and which it is; None where there is none.

    One LIST a thousand partitions. Raises Unobserved.
    """
    prefix, token = f"{root}{FOLDER}", None
    newest: Arrival | None = None
    for _ in range(_MOST_PAGES):
        page = store.list_page(bucket, prefix, token=token)
        for key in page.keys:
            is_newer = newest is None or key.last_modified > newest.at
            if is_newer and is_data(key.key.removeprefix(prefix)):
                newest = Arrival(key.last_modified, f"s3://{bucket}/{key.key}")
        token = page.token
        if token is None:
            return newest
    raise Unobserved(
        Problem(
            ProblemKind.OVER_BUDGET,
            f"s3://{bucket}/{prefix} holds more than {_MOST_PAGES * 1000:,} manifests",
            "let Athena read the table by its log (CREATE EXTERNAL TABLE ... TBLPROPERTIES ('table_type' = 'DELTA'))",
        )
    )


def without_manifest(table: Table, clock: Clock, place: str) -> Observation:
    """Return the observation of a table whose readers find no list of files at all: nothing is there for them."""
    problem = Problem(
        ProblemKind.NOT_FOUND,
        f"{place} holds no manifest, so whoever reads {table.id} finds nothing",
        _remedy(place),
    )
    return Observation(
        table=table, now=clock.now, listing=Listing(), behind=problem, notes=(problem.message,)
    )


def is_behind(table: Table, manifest: Arrival, unseen: Arrival) -> Problem:
    """Return the problem of a manifest that was written before the newest data came."""
    return Problem(
        ProblemKind.TOO_LITTLE_HISTORY,
        f"what {table.id} reads is its manifest, last written {iso(manifest.at)} ({manifest.evidence}), and data that "
        f"came since, at {iso(unseen.at)} ({unseen.evidence}), is not in it",
        _remedy(manifest.evidence),
    )


def _remedy(place: str) -> str:
    root = place.split(FOLDER, 1)[0]
    return (
        f"generate the manifest again: GENERATE symlink_format_manifest FOR TABLE delta.`{root}`; set "
        "delta.compatibility.symlinkFormatManifest.enabled to true to have each commit do it"
    )


def with_registered(seen: Observation, plan: TablePlan, clock: Clock, reader: LakeReader) -> Observation:
    """Return the observation with the periods whose manifests no reader finds: not registered in Glue, or not there.

    What a period holds and when it came is told by the log; whether readers see it, by the partitions in the catalog.
    """
    rules = tuple(rule for rule in plan.rules if rule.states is not None)
    if not rules or not plan.table.partition_keys or not seen.partitions:
        return seen
    from checks.lake.plain.by_period import observe_by_period
    from checks.lake.plain.find_layout import layout_of

    entry = plan.entry.model_copy(update={"pattern": None})
    as_files = replace(plan, table=replace(plan.table, format=Format.FILES), rules=rules, entry=entry)
    try:
        layout = layout_of(as_files, reader)
        if isinstance(layout, Problem):
            return without_partitions(seen, plan, clock, layout)
        listed = observe_by_period(as_files, clock, reader, layout)
    except Unobserved as error:
        return without_partitions(seen, plan, clock, error.problem)
    found = {(each.period.start, each.dimensions): each for each in listed.partitions}
    return replace(seen, partitions=tuple(_as_read(each, found) for each in seen.partitions))


def _as_read(
    told: PartitionSeen, found: Mapping[tuple[datetime, Combination], PartitionSeen]
) -> PartitionSeen:
    """Return what the log tells of a partition where its manifest is found; else how that is."""
    listed = found.get((told.period.start, told.dimensions))
    if listed is None or told.problem is not None or told.listing is None or not told.listing.objects:
        return told
    if listed.problem is None and listed.listing is not None and listed.listing.objects and listed.registered:
        return told
    return replace(listed, period=told.period)
