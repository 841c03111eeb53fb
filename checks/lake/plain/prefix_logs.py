"""Where logs of table formats lie at a prefix, which no catalog tells the format of: in it, or farther down."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from checks.aws.problems import clean
from checks.aws.uris import split_uri
from checks.lake.plain.earlier_answers import NEVER, limit_of
from checks.lake.s3.scan import DIRECTORY_BUCKET
from checks.layout import table_logs
from checks.model import Format, LogSeen, Problem, ProblemKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from checks.aws.pages import Page
    from checks.lake.s3.objects import ObjectStore
    from checks.layout.data_files import Chosen
    from checks.model import Listing, LogsKnown, Table
    from checks.rules.asking import Clock
    from checks.rules.base import TablePlan

_MOST_NAMED = 3
_MOST_FOLDERS = 4
"""Folders above the newest file that are looked into where a place was not read to its end."""


@dataclass(frozen=True, slots=True)
class Folder:
    """One page of what lies right below a place, folders as such, and the formats whose logs are among them."""

    page: Page
    formats: frozenset[Format] = field(default_factory=frozenset)

    @property
    def format(self) -> Format:
        """The format of the place itself; FILES where it has no log."""
        return table_logs.first(*self.formats)


def standing(plan: TablePlan, clock: Clock) -> LogsKnown | None:
    """Return what an earlier run saw of the logs at a prefix, as long as that stands in place of a look."""
    known, place = plan.memory.logs, plan.table.location or ""
    if known is None:
        return None
    age = clock.now - known.seen_at
    stands = NEVER <= age < limit_of(plan.table.id, place, plan.max_age_of_answer)
    return known if stands else None


def look_into(store: ObjectStore, location: str, chosen: Chosen | None) -> Folder:
    """Return what lies right below an entry's location, with the logs there that it does not ignore: one LIST.

    One more takes a folder that is named as Iceberg's, and each log that may come after the page. Raises Unobserved.
    """
    bucket, prefix = split_uri(location)
    page = store.list_page(bucket, prefix, delimiter="/")
    names = {name.removeprefix(prefix) for name in page.common_prefixes}
    last = max([*page.common_prefixes, *page.keys.names], default="")
    in_order = not bucket.endswith(DIRECTORY_BUCKET)
    found = set[Format]()
    for folder, table_format in table_logs.FOLDERS.items():
        may_follow = page.token is not None and not (in_order and prefix + folder <= last)
        if table_logs.is_left_out(chosen, "", table_format) or not (folder in names or may_follow):
            continue
        is_told = folder in names and table_format is not Format.ICEBERG
        if is_told or _is_log(store, location, folder, table_format):
            found.add(table_format)
    return Folder(page, frozenset(found))


def logs_above(plan: TablePlan, store: ObjectStore, listing: Listing, place: str) -> tuple[LogSeen, ...]:
    """Return the log beside the folders of the newest file of a place that was not read to its end.

    Only those are looked for that come after that file in the order of names (any other was seen on the way), and whose
    tables hold files that end so. A LIST for each, in at most four folders, from the place on. Raises Unobserved.
    """
    key = listing.newest_key or ""
    if not key.startswith(place):
        return ()
    folders = [place]
    for part in key.removeprefix(place).split("/")[:-1]:
        folders.append(f"{folders[-1]}{part}/")
    for folder in folders[:_MOST_FOLDERS]:
        path = folder.removeprefix(plan.table.location or "")
        for log, table_format in table_logs.FOLDERS.items():
            if folder + log < key or not key.lower().endswith(table_logs.SUFFIXES[table_format]):
                continue
            if table_logs.is_left_out(plan.entry.chosen, path, table_format):
                continue
            if _is_log(store, folder, log, table_format):
                return (LogSeen(folder, table_format),)
    return ()


def _is_log(store: ObjectStore, location: str, folder: str, table_format: Format) -> bool:
    """Tell whether a folder right below a place holds the log of a table of this format, by one LIST.

    By two where more than a page of other files come before those of Iceberg that tell it.
    """
    bucket, prefix = split_uri(location)
    for beginning in (folder, f"{folder}v") if table_format is Format.ICEBERG else (folder,):
        page = store.list_page(bucket, f"{prefix}{beginning}")
        paths = (name.removeprefix(prefix) for name in page.keys.names)
        if any(table_logs.log_of(path) == ("", table_format) for path in paths):
            return True
        if page.token is None:
            break
    return False


def outside_of(tables: Iterable[LogSeen]) -> Callable[[str], bool] | None:
    """Return what tells of an object whether it lies outside of these tables; None where there are none."""
    places = tuple(each.place for each in tables)
    return (lambda uri: not uri.startswith(places)) if places else None


def tables_below(table: Table, logs: Sequence[LogSeen], *, dated: bool = False) -> Problem:
    """Return why it is not known what came to tables that lie below a prefix, each with a log of its own.

    In ``dated`` folders each is a table of its own day, so that no entry could name them.
    """
    named = [f"{clean(each.place)} ({each.format.value.capitalize()})" for each in logs[:_MOST_NAMED]]
    left = len(logs) - len(named)
    more = (f" and {'over ' if len(logs) >= table_logs.MOST else ''}{left} more") if left > 0 else ""
    if len(logs) == 1:
        said = f"a table that has a log of its own: {named[0]}; its files count only as its log tells"
    else:
        tables = f"{', '.join(named)}{more}"
        said = f"tables that have logs of their own: {tables}; their files count only as their logs tell"
    return Problem(
        ProblemKind.UNSUPPORTED, f"{table.id} holds {said}", _as_files(logs) if dated else _apart(table, logs)
    )


def _apart(table: Table, logs: Sequence[LogSeen]) -> str:
    """Say how to watch the tables, and what else comes to the prefix."""
    each, them, their = ("it", "it", "its") if len(logs) == 1 else ("each", "them", "their")
    folders = [f'"{clean(log.place.removeprefix(table.location or ""))}*"' for log in logs[:_MOST_NAMED]]
    ignored = f"[{', '.join(folders)}{', ...' if len(logs) > _MOST_NAMED else ''}]"
    return (
        f"watch {each} by an entry of its own (prefix: {clean(logs[0].place)}); where other files come beside {them}, "
        f"leave {their} files out here (ignore: {ignored})"
    )


def _as_files(logs: Sequence[LogSeen]) -> str:
    """Say how to have all files count, whatever a log says of them."""
    log = next(name for name, each in table_logs.FOLDERS.items() if each is logs[0].format)
    return f'to have all files count, also those that were never committed, leave out the logs (ignore: ["*{log}*"])'
