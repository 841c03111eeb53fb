"""How a table's partitions or paths carry time: as it is stated, remembered, or inferred from a sample."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote

from checks.aws.uris import split_uri
from checks.lake.glue.partitions import sample
from checks.lake.plain.prefix_logs import tables_below
from checks.layout import (
    StatedLayout,
    TimeLayout,
    infer_layout,
    infer_names,
    infer_path,
    layout_from_json,
)
from checks.layout.data_files import is_data, is_hidden, own_keys
from checks.layout.keys import how_to_state
from checks.layout.projection import Unprojectable, is_projected, projection_of
from checks.layout.table_logs import note, outermost
from checks.layout.typed import kind_of
from checks.model import Format, LogSeen, Problem, ProblemKind

if TYPE_CHECKING:
    from collections.abc import Sequence
    from zoneinfo import ZoneInfo

    from checks.aws.pages import Page
    from checks.lake.s3.table_reader import LakeReader
    from checks.layout.data_files import Chosen
    from checks.model import Table
    from checks.rules.base import TablePlan
    from checks.schedule.periods import Every

_LEVELS = 4
"""Levels of folders that are looked through for a dated path: year, month, day, hour."""


def has_time(plan: TablePlan) -> bool:
    """Tell whether the table is read by period: by its keys, a stated layout or stated periods."""
    if plan.table.partition_keys:
        return True
    return plan.stated_layout is not None or plan.schedule is not None


def layout_of(plan: TablePlan, reader: LakeReader, root: Page | None = None) -> TimeLayout | Problem:
    """Return the table's time layout, or why it has none.

    At most one request to Glue, and one or two (for a prefix at most four) to S3, and none where it is
    stated or remembered. ``root`` is what lies right below the location, where that was listed. Raises Unobserved.
    """
    table, zone, every = plan.table, plan.labels, plan.every
    if not table.partition_keys:
        return _path_layout(plan, reader, zone, root)
    stated = plan.stated_layout
    if is_projected(table) and (stated is None or not stated.formats):
        return projected_layout(table, stated, zone, every)
    if stated is not None and stated.formats:
        return infer_layout(table.partition_keys, (), zone, _with_keys(stated, table))
    remembered = _remembered(plan, zone, stated)
    if remembered is not None:
        return remembered
    rows = sample(reader.partitions, table)
    if not rows:  # nothing is registered: the names of folders may tell
        rows = _hive_rows(table, _names(reader, table, table.location or "")[0])
    return infer_layout(table.partition_keys, rows, zone, stated, every)


def projected_layout(
    table: Table, stated: StatedLayout | None, zone: ZoneInfo, every: Every | None = None
) -> TimeLayout | Problem:
    """Return the layout that the table's properties state, of the stated keys where some are."""
    try:
        found = projection_of(table).stated_layout
    except Unprojectable as error:
        return error.of(table)
    if stated is not None and set(stated.keys) != set(found.keys):
        pairs = [pair for pair in zip(found.keys, found.formats, strict=True) if pair[0] in stated.keys]
        found = StatedLayout(tuple(name for name, _ in pairs), tuple(text for _, text in pairs))
    if not found.keys:
        kinds = {
            key.name: table.parameters.get(f"projection.{key.name}.type") for key in table.partition_keys
        }
        shown = ", ".join(f"{name!r} ({kind})" for name, kind in kinds.items())
        return Problem(
            ProblemKind.UNSUPPORTED,
            f"{table.id}: its projection has no key that carries time: {shown}",
            how_to_state(table.partition_keys),
        )
    return infer_layout(table.partition_keys, (), zone, found, every)


def _with_keys(stated: StatedLayout, table: Table) -> StatedLayout:
    """Take a lone format as that of the only partition key."""
    if not stated.keys and len(stated.formats) == 1 and len(table.partition_keys) == 1:
        return StatedLayout((table.partition_keys[0].name,), stated.formats)
    return stated


def _remembered(plan: TablePlan, zone: ZoneInfo, stated: StatedLayout | None) -> TimeLayout | None:
    """Return the layout of earlier runs where it still fits the table's keys and what is stated."""
    layout = layout_from_json(plan.memory.layout, zone) if plan.memory.layout else None
    if layout is None:
        return None
    names = {key.name for key in layout.keys}
    if not plan.table.partition_keys:
        return layout if layout.path is not None else None
    types = {key.name: kind_of(key.type) for key in plan.table.partition_keys}
    if layout.path is not None or not names <= set(types):
        return None
    if any(types[key.name] and not key.kind and key.format.startswith("%Y-%m-%d") for key in layout.keys):
        return None  # an earlier version guessed it from a sample, whatever the type
    return layout if stated is None or names == set(stated.keys) else None


def _path_layout(
    plan: TablePlan, reader: LakeReader, zone: ZoneInfo, root: Page | None
) -> TimeLayout | Problem:
    stated = plan.stated_layout
    if stated is not None and stated.formats:
        if not stated.keys:
            return TimeLayout(zone=zone, path=stated.formats[0])
        pairs = zip(stated.keys, stated.formats, strict=True)
        return TimeLayout(
            zone=zone, path="".join(f"{name.replace('%', '%%')}={text}/" for name, text in pairs)
        )
    remembered = _remembered(plan, zone, None)
    if remembered is not None:
        return remembered
    location, found = plan.table.location or "", None
    keys = own_keys(plan.table)
    names: list[list[str]] = []
    below, files = "", list[str]()
    for _ in range(_LEVELS):
        page = root if root is not None and not below else _page(reader, location + below)
        folders, here = _names_on(page, plan.table, location + below)
        if plan.table.is_prefix and (logs := _logs_below(page, location, plan.entry.chosen)):
            return tables_below(plan.table, logs)
        files = files or [
            below + name for name in here if is_data(below + name, plan.entry.chosen, keys=keys)
        ]
        if not folders:
            break
        names.append([below + name for name in folders])
        dated = [name for name in names[-1] if any(sign.isdigit() for sign in name.removeprefix(below))]
        below = (dated or names[-1])[-1]
    for level in reversed(names):
        found = infer_path(level, zone, plan.every)
        if isinstance(found, TimeLayout):
            return found
    if files:
        by_name = infer_names(files, zone)
        if isinstance(by_name, TimeLayout) or found is None:
            return by_name
    return found or infer_path((), zone)


def _names(reader: LakeReader, table: Table, location: str) -> tuple[list[str], list[str]]:
    """Return the names of the folders and of the files right below a location, hidden ones left out, in S3's order.

    Those of one page: a sample is enough.
    """
    return _names_on(_page(reader, location), table, location)


def _page(reader: LakeReader, location: str) -> Page:
    return reader.store.list_page(*split_uri(location), delimiter="/")


def _logs_below(page: Page, location: str, chosen: Chosen | None) -> tuple[LogSeen, ...]:
    """Return the logs that this page of names shows in folders below the location; not the one that lies in it."""
    prefix, found = split_uri(location)[1], dict[str, Format]()
    names = [f"{folder}*" for folder in page.common_prefixes]  # stands for what lies in it
    note(found, (name.removeprefix(prefix) for name in (*names, *page.keys.names)), chosen)
    return tuple(LogSeen(location + folder, each) for folder, each in outermost(found).items() if folder)


def _names_on(page: Page, table: Table, location: str) -> tuple[list[str], list[str]]:
    prefix = split_uri(location)[1]
    folders = [name.removeprefix(prefix) for name in page.common_prefixes]
    files = [key.key.removeprefix(prefix) for key in page.keys if key.size_bytes]
    return [
        name
        for name in folders
        if not name.startswith("/")
        and not is_hidden(name, own_keys(table))
        and not name.endswith("$folder$/")
    ], files


def _hive_rows(table: Table, folders: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    first = table.partition_keys[0].name
    pairs = [name.strip("/").partition("=") for name in folders]
    return tuple((unquote(value),) for name, sign, value in pairs if sign and name.lower() == first)
