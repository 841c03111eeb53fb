"""Measuring one table: what its rules need, by as few requests as tell it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from checks.aws.ledger import Meter, metered
from checks.aws.problems import clean
from checks.installation import refuse_broken
from checks.lake.codecs.footers import with_footers
from checks.lake.formats import reader_of
from checks.lake.glue.catalog import RESOURCE_LINK
from checks.lake.logged import is_for_existence, needs_of_place, observe_prefix
from checks.lake.plain.by_period import observe_by_period
from checks.lake.plain.find_layout import has_time, layout_of
from checks.lake.plain.outside_places import with_places_elsewhere
from checks.lake.plain.row_counts import with_rows
from checks.model import Format, Observation, Problem, ProblemKind, Table, Unobserved
from checks.rights import LIST

if TYPE_CHECKING:
    from collections.abc import Callable

    from checks.aws.pages import Page
    from checks.lake.s3.table_reader import LakeReader
    from checks.model import Listing
    from checks.rules.asking import Clock
    from checks.rules.base import TablePlan

IAM_ACTIONS = (LIST,)
"""What looking at files takes; footers and the readers of logs name what they take beyond it."""


def observe(plan: TablePlan, clock: Clock, reader: LakeReader) -> Observation:
    """Return what was measured of the table.

    What goes wrong is the observation's problem; only `BrokenInstallation` is raised. Requests are counted exactly.
    """
    with metered(Meter(reader.stop_at, plan.entry.max_requests)) as meter:
        try:
            seen = _observe(plan, clock, reader)
            if seen.table is not plan.table:  # a prefix whose own log told its format
                plan = replace(plan, table=seen.table)
            seen = with_footers(seen, plan, clock, reader)
            seen = with_rows(seen, plan, clock, reader)
        except Unobserved as error:
            seen = Observation(table=plan.table, now=clock.now, problem=error.problem)
        except Exception as error:  # noqa: BLE001 - one broken table never costs the run
            seen = Observation(table=plan.table, now=clock.now, problem=internal_problem(plan.table, error))
    return replace(seen, requests=meter.requests)


def observe_together(
    plan: TablePlan, clock: Clock, reader_of: Callable[[TablePlan], LakeReader]
) -> Observation:
    """Return what was measured of a table, and of those that it is judged together with while a verdict rests on them.

    They are looked at one after the other, as they are planned; what goes wrong is as of `observe`.
    """
    seen = observe(plan, clock, reader_of(plan))
    for member in plan.members:
        if not any(rule.wants_together(seen, clock, plan.memory) for rule in plan.rules if rule.together):
            break
        if member.plan is not None:
            other = observe(member.plan, clock, reader_of(member.plan))
        else:
            other = Observation(table=Table(id=member.id), now=clock.now, problem=member.problem)
        seen = replace(seen, together=(*seen.together, other), requests=seen.requests + other.requests)
    return seen


def internal_problem(table: Table, error: BaseException) -> Problem:
    """Return the problem that a fault of the monitor itself is; raise `BrokenInstallation` where it lacks a part."""
    refuse_broken(error)
    return Problem(
        ProblemKind.INTERNAL,
        f"{table.id} could not be read: {type(error).__name__}: {clean(error)}",
        "this is a fault of the monitor: report it with this line",
        f"internal {type(error).__name__}",
    )


def _observe(plan: TablePlan, clock: Clock, reader: LakeReader) -> Observation:
    table = plan.table
    elsewhere = _elsewhere(table)
    if elsewhere is not None:
        return Observation(table=table, now=clock.now, problem=elsewhere)
    if plan.rules and not any(rule.looks(table) for rule in plan.rules):
        return Observation(table=table, now=clock.now)
    own = reader_of(table)
    if table.is_prefix and (own is None or table.format is not Format.FILES):
        return observe_prefix(plan, clock, reader, _of_files)
    if own is not None:
        return own.observe(plan, clock, reader)
    unreadable = _unreadable(table)
    if unreadable is not None:
        return Observation(table=table, now=clock.now, problem=unreadable)
    return _of_files(plan, clock, reader)


def _of_files(plan: TablePlan, clock: Clock, reader: LakeReader, root: Page | None = None) -> Observation:
    """Measure a table by its files; ``root`` is what lies right below its location, where that was listed."""
    table = plan.table
    if not has_time(plan):
        return _one_place(plan, clock, reader)
    layout = layout_of(plan, reader, root)
    if isinstance(layout, Problem):
        if (
            not table.partition_keys and not table.is_prefix
        ):  # the partitions check says that it cannot be judged
            seen = _one_place(plan, clock, reader)
            return replace(seen, notes=(*seen.notes, f"{layout.message}; {layout.remedy}"))
        if layout.kind is ProblemKind.UNSUPPORTED or plan.schedule is not None:
            empty = None if layout.kind is ProblemKind.UNSUPPORTED else _seen_empty(plan, clock, reader)
            return empty or Observation(table=table, now=clock.now, problem=layout)
        note = f"{layout.message}; so the whole location was listed. To read it by period, {layout.remedy}"
        seen = _one_place(plan, clock, reader)
        return replace(seen, notes=(*seen.notes, note))
    return observe_by_period(plan, clock, reader, layout)


def _elsewhere(table: Table) -> Problem | None:
    """Say where the data is instead, of a table that has none of its own; None when it has."""
    if table.kind == RESOURCE_LINK:
        return Problem(
            ProblemKind.UNSUPPORTED,
            f"{table.id} is a resource link to {clean(table.parameters.get('target', 'another table'))}",
            "watch the table that it points to, through its account under accounts",
        )
    if table.kind == "VIRTUAL_VIEW":
        return Problem(
            ProblemKind.UNSUPPORTED,
            f"{table.id} is a view: it has no data of its own",
            "watch the tables that it reads",
        )
    if table.kept_in is not None:
        return Problem(
            ProblemKind.UNSUPPORTED,
            f"{table.id} keeps its data in {clean(table.kept_in)}, not in S3{_told(table)}",
            "take it out of the config, or watch what is exported from it to S3",
        )
    return None


def _told(table: Table) -> str:
    """Say the location that the catalog tells, where it is none in S3."""
    return f" (its location is {clean(table.told_location)})" if table.told_location else ""


def _unreadable(table: Table) -> Problem | None:
    """Say why the table's files cannot be listed, None when they can."""
    if table.location is None:
        return Problem(
            ProblemKind.UNSUPPORTED,
            f"{table.id} has no location in S3 in the catalog{_told(table)}",
            "mend its location, or exclude it",
        )
    if table.format is not Format.FILES:
        return Problem(
            ProblemKind.UNSUPPORTED,
            f"{table.id} is of the format {table.format.value.capitalize()}, whose logs are not read",
            "exclude it, or watch the prefix of its data files with freshness",
        )
    return None


def _seen_empty(plan: TablePlan, clock: Clock, reader: LakeReader) -> Observation | None:
    """Return the observation of a location that holds no data at all, at the cost of one page a place; else None.

    A table that was never loaded has no values to read a layout from, and is none the less known to be empty.
    """
    reader = replace(reader, most_pages=1)
    try:
        listing = reader.place(plan, clock, plan.table.location)
    except Unobserved:
        return None
    seen = Observation(table=plan.table, now=clock.now, listing=listing)
    if not listing.complete or listing.objects or listing.logs:
        return None
    seen = with_places_elsewhere(seen, plan, clock, reader, ())
    here = seen.listing
    is_empty = here is not None and here.complete and not here.objects and seen.problem is None
    return seen if is_empty else None


def _passed_by(table: Table, listing: Listing) -> tuple[str, ...]:
    """Say of a table of plain files that a log lies in it: its readers see all files, committed or not."""
    log = next((each for each in listing.logs if each.place == table.location), None)
    if log is None:
        return ()
    kept = log.format.value.capitalize()
    told = (
        f"{log.place} holds a log of {kept}, and the catalog has {table.id} as plain files: its readers see all of "
        f"them, also what was never committed, and so does this; register it as {kept} to have its log read"
    )
    return (told,)


def _one_place(plan: TablePlan, clock: Clock, reader: LakeReader) -> Observation:
    needs = needs_of_place(plan, clock)
    if is_for_existence(needs):
        reader = replace(reader, most_pages=1)
    listing = reader.place(plan, clock, plan.table.location)
    notes = () if plan.table.is_prefix else _passed_by(plan.table, listing)
    seen = Observation(table=plan.table, now=clock.now, listing=listing, notes=notes)
    return seen if reader.most_pages is not None else with_places_elsewhere(seen, plan, clock, reader, needs)
