"""Prefixes that hold a table with a log of its own: judged by that log, as if the catalog had said its format."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from checks.lake.formats import reader_of
from checks.lake.formats.iceberg.pointer import current_metadata
from checks.lake.plain.find_layout import has_time
from checks.lake.plain.prefix_logs import logs_above, look_into, outside_of, standing, tables_below
from checks.layout import StatedLayout
from checks.layout.table_logs import MOST, is_left_out
from checks.model import Format, LogsKnown, Observation, ProblemKind, Unobserved

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from checks.aws.pages import Page
    from checks.lake.s3.table_reader import LakeReader
    from checks.model import LogSeen, Table
    from checks.rights import Reach
    from checks.rules.asking import Clock, Needs
    from checks.rules.base import TablePlan

_MOVED = "mend the prefix in the config, or look at who removed its log"


class OfFiles(Protocol):
    """Measures a table by its files; the last argument is what lies right below its location, where known."""

    def __call__(
        self, plan: TablePlan, clock: Clock, reader: LakeReader, root: Page | None = None, /
    ) -> Observation:
        """Return what was measured; raise Unobserved."""


def observe_prefix(plan: TablePlan, clock: Clock, reader: LakeReader, of_files: OfFiles) -> Observation:
    """Return what was measured of a prefix: by its files, or by the log of the table that it turns out to hold.

    The log is seen with the listing that is made anyway. Where dated folders alone are listed, one LIST looks for it,
    for as long as answers stand. Raises Unobserved.
    """
    location, kept = plan.table.location or "", plan.memory.typed(plan.table).format
    if kept is not Format.FILES:  # as an earlier run found it
        if not is_left_out(plan.entry.chosen, "", kept):
            seen = observe_by_log(plan, clock, reader, kept)
            if seen.problem is None or seen.problem.kind is not ProblemKind.NOT_FOUND:
                return seen
            if look_into(reader.store, location, plan.entry.chosen).format is kept:
                return seen
        plan = replace(as_kept(plan, Format.FILES), memory=replace(plan.memory, logs=None))
    logs, page = None, None
    if has_time(plan):
        logs = standing(plan, clock)
        if logs is None:
            found = look_into(reader.store, location, plan.entry.chosen)
            if found.format is not Format.FILES:
                return observe_by_log(plan, clock, reader, found.format)
            page, logs = found.page, LogsKnown(seen_at=clock.now)
    seen = _without_tables(plan, clock, reader, of_files, page)
    root = next((each for each in _logs_of(seen) if each.place == location), None)
    if root is not None:
        return observe_by_log(plan, clock, reader, root.format)
    seen = _without_places(seen, plan, reader, look=page is not None)
    return replace(seen, logs=seen.logs or logs)


def needs_of_place(plan: TablePlan, clock: Clock) -> list[Needs]:
    """Return what the rules that look at a table as one place need of it."""
    looking = [rule for rule in plan.rules if rule.looks(plan.table)]
    return [rule.needs(plan.table, None, clock, plan.memory) for rule in looking]


def is_for_existence(needs: Sequence[Needs]) -> bool:
    """Tell whether all that is asked of a place is that something lies there: one page tells it."""
    return bool(needs) and all(each.exists for each in needs)


def _logs_of(seen: Observation) -> tuple[LogSeen, ...]:
    return seen.listing.logs if seen.listing is not None else ()


def _without_tables(
    plan: TablePlan, clock: Clock, reader: LakeReader, of_files: OfFiles, page: Page | None
) -> Observation:
    """Return what was measured by files, those of tables with logs of their own left out of what lies there as one.

    It is listed again where these are not those of the run before. What came to them is the observation's problem.
    """
    location, known = plan.table.location or "", plan.memory.logs
    before = known.below if known is not None else ()
    seen = of_files(plan, clock, replace(reader, counting=outside_of(before)), page)
    listing = seen.listing
    if listing is None:
        return replace(seen, logs=known if seen.problem is not None else None)
    logs = listing.logs
    if is_for_existence(needs_of_place(plan, clock)):
        return replace(seen, logs=known)
    stands = standing(plan, clock)
    if not listing.complete:
        logs = tuple(sorted({*logs, *before}))
        if not logs and stands is None:
            logs = logs_above(plan, reader.store, listing, location)
    if any(each.place == location for each in logs):
        return replace(seen, listing=replace(listing, logs=logs))
    if set(logs) != set(before):
        if len(logs) >= MOST:  # there may be more of them
            seen = replace(seen, listing=None)
        else:
            seen = of_files(plan, clock, replace(reader, counting=outside_of(logs)), page)
    if not logs:  # a look is spared to later runs where that may take one
        return seen if listing.complete else replace(seen, logs=stands or LogsKnown(seen_at=clock.now))
    problem = seen.problem or tables_below(plan.table, logs)
    return replace(seen, problem=problem, logs=LogsKnown(seen_at=clock.now, below=logs))


def _without_places(seen: Observation, plan: TablePlan, reader: LakeReader, *, look: bool) -> Observation:
    """Return the observation with the dated places unknown that hold a table with a log of its own.

    With ``look`` the newest of those that were not read to their end is looked into: it stands for all of these.
    """
    short = [
        each.location
        for each in seen.partitions
        if each.listing is not None and not each.listing.complete and each.seen_at is None
    ]
    logs: Sequence[LogSeen] = ()
    newest = next((each for each in seen.partitions if short and each.location == short[0]), None)
    if look and newest is not None and newest.listing is not None and not newest.listing.logs:
        logs = logs_above(plan, reader.store, newest.listing, newest.location or "")
    partitions = []
    for each in seen.partitions:
        of_place = each.listing.logs if each.listing is not None else ()
        of_place = of_place or (tuple(logs) if each.location in short else ())
        if of_place:
            problem = tables_below(seen.table, of_place, dated=True)
            each = replace(each, listing=None, problem=problem, lasting=False)  # noqa: PLW2901 - the same one, known better
        partitions.append(each)
    return replace(seen, partitions=tuple(partitions))


def observe_by_log(plan: TablePlan, clock: Clock, reader: LakeReader, kept: Format) -> Observation:
    """Return what the log tells of the table at a prefix; what stands in the way is the observation's problem."""
    plan = as_kept(plan, kept)
    logs = LogsKnown(seen_at=clock.now, format=kept)
    try:
        plan = replace(plan, table=_pointed(plan.table, reader))
        own = reader_of(plan.table)
        if own is None:
            message = f"no format has the log of {plan.table.id}"
            raise ValueError(message)
        seen = own.observe(plan, clock, reader)
    except Unobserved as error:
        problem = error.problem
        if problem.kind is ProblemKind.NOT_FOUND:
            problem = replace(problem, remedy=_MOVED)
        return Observation(table=plan.table, now=clock.now, problem=problem, logs=logs)
    return replace(seen, logs=logs)


def reach_by_log(plan: TablePlan, clock: Clock, reader: LakeReader, kept: Format) -> Iterator[Reach]:
    """Yield what reading the log takes. Raises Unobserved where it could not be asked for all of it."""
    plan = as_kept(plan, kept)
    plan = replace(plan, table=_pointed(plan.table, reader))
    own = reader_of(plan.table)
    if own is not None:
        yield from own.reach(plan, clock, reader)


def as_kept(plan: TablePlan, kept: Format) -> TablePlan:
    """Return the plan of a prefix as that of a table in this format.

    Of paths that carry time a log knows nothing but the keys in them (``dt=%Y-%m-%d/``).
    """
    memory, stated = plan.memory, plan.stated_layout
    if kept is not Format.FILES:
        if memory.layout is not None and memory.layout.get("path") is not None:
            memory = replace(memory, layout=None)
        if stated is not None and not stated.keys:
            stated = _of_keys(stated.formats) or stated
    return replace(plan, table=replace(plan.table, format=kept), memory=memory, stated_layout=stated)


def _of_keys(formats: Sequence[str]) -> StatedLayout | None:
    """Return the keys that a path below a prefix names, with how they write time; None where it names none."""
    parts = [part.partition("=") for path in formats for part in path.split("/") if "%" in part]
    pairs = [(name, text) for name, sign, text in parts if sign and "%" not in name]
    return StatedLayout(*zip(*pairs, strict=True)) if pairs and len(pairs) == len(parts) else None


def _pointed(table: Table, reader: LakeReader) -> Table:
    """Return an Iceberg table with its current metadata file, as a catalog would tell it; any other as it is."""
    if table.format is not Format.ICEBERG:
        return table
    return replace(table, parameters={"metadata_location": current_metadata(table, reader.store)})
