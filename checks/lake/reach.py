"""What reading a table has to reach in S3, for the policy that allows no more: places of its files, or of its log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from checks.aws.uris import split_uri
from checks.lake.formats import reader_of
from checks.lake.glue.catalog import RESOURCE_LINK
from checks.lake.logged import reach_by_log
from checks.lake.plain.prefix_logs import look_into
from checks.layout.projection import TEMPLATE, is_projected
from checks.model import Format, Problem, ProblemKind, Unobserved
from checks.rights import GET, LIST, Reach, folder_of_all

if TYPE_CHECKING:
    from collections.abc import Iterator

    from checks.lake.s3.table_reader import LakeReader
    from checks.rules.asking import (
        Clock,
    )
    from checks.rules.base import (
        TablePlan,
    )

MOST_PAGES = 200
"""Pages of partitions (of up to 1,000) that are asked for of one table, for those that lie outside of its location."""
_NO_DATA = frozenset({RESOURCE_LINK, "VIRTUAL_VIEW"})


@dataclass(frozen=True, slots=True)
class Reached:
    """What a table takes. ``problem`` says why there may be more."""

    plan: TablePlan
    reaches: tuple[Reach, ...] = ()
    problem: Problem | None = None


def reach_of(plan: TablePlan, clock: Clock, reader: LakeReader) -> Reached:
    """Return what reading the table has to reach; never raises for what AWS answers."""
    found: dict[Reach, None] = {}
    try:
        for each in _reaches(plan, clock, reader):
            found[each] = None
    except Unobserved as error:  # what came before it holds
        return Reached(plan, tuple(found), error.problem)
    return Reached(plan, tuple(found))


def _reaches(plan: TablePlan, clock: Clock, reader: LakeReader) -> Iterator[Reach]:
    table = plan.table
    if (
        table.kind in _NO_DATA
        or table.kept_in is not None
        or (plan.rules and not any(rule.looks(table) for rule in plan.rules))
    ):
        return
    own = reader_of(table)
    if table.is_prefix and table.location is not None and (own is None or table.format is not Format.FILES):
        yield Reach(LIST, *split_uri(table.location))
        kept = _kept_at(plan, reader)
        if kept is not Format.FILES:
            yield from reach_by_log(plan, clock, reader, kept)
            return
    elif own is not None:
        yield from own.reach(plan, clock, reader)
        return
    if table.location is None or (table.format is not Format.FILES and not table.is_prefix):
        return
    for bucket, beginning in _places(plan, reader):
        yield Reach(LIST, bucket, beginning)
        detail = plan.detail(clock)
        if detail.footers or (detail.row_files and table.file_format in (None, "parquet")):
            yield Reach(GET, bucket, beginning)


def _kept_at(plan: TablePlan, reader: LakeReader) -> Format:
    """Return the format of the log that lies at a prefix; plain files where nothing is there yet."""
    try:
        return look_into(reader.store, plan.table.location or "", plan.entry.chosen).format
    except Unobserved as error:
        if error.problem.kind is not ProblemKind.NOT_FOUND:
            raise
        return Format.FILES


def _places(plan: TablePlan, reader: LakeReader) -> Iterator[tuple[str, str]]:
    """Yield bucket and beginning of the prefixes that are listed of plain files.

    Each listing's own prefix begins so: that of a partition or a dated path, what several of them share (skip-scan),
    and the location itself, with its slash.
    """
    table = plan.table
    location = table.location or ""
    yield split_uri(location)
    if is_projected(table):
        template = table.parameters.get(TEMPLATE, "").strip()
        if template:
            yield split_uri(template.split("${", 1)[0])
        return
    if table.partition_keys:
        yield from _outside(plan, reader)


def _outside(plan: TablePlan, reader: LakeReader) -> Iterator[tuple[str, str]]:
    """Yield the folders outside of the location that partitions are registered in; those to come lie beside them."""
    root = plan.table.location or ""
    told: set[tuple[str, str]] = set()
    token: str | None = None
    for _ in range(MOST_PAGES):
        page = reader.partitions.page(plan.table, None, token=token)
        for partition in page.partitions:
            if partition.location is None or partition.location.startswith(root):
                continue
            bucket, key = split_uri(partition.location)
            place = bucket, folder_of_all(key, partition.values)
            if place not in told:
                told.add(place)
                yield place
        token = page.token
        if token is None:
            return
    raise Unobserved(
        Problem(
            ProblemKind.OVER_BUDGET,
            f"{plan.table.id} has more than {MOST_PAGES * 1000:,} partitions; those beyond were not looked through",
            f"allow s3:ListBucket on places outside of {root} that these are registered in",
        )
    )
