"""Delta: the newest value of a column, from the statistics of the newest commits, or footers where these keep none.

Delta Transaction Log Protocol: "Per-file Statistics", "Column Mapping".
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from checks.aws.uris import place_of
from checks.lake.codecs.documents import whole_number
from checks.lake.codecs.footers import read_footer
from checks.lake.formats.delta.checkpoint import TooMuchError
from checks.lake.formats.delta.columns import looks_mapped, mapped_column
from checks.lake.formats.delta.features import NotReadable
from checks.lake.formats.delta.live_files import LiveFiles, file_uri
from checks.lake.formats.delta.stats import at_path, moment_of, parse_stats
from checks.lake.formats.shared.footer_values import Footers
from checks.lake.formats.shared.newest_value import Newest, no_column, no_value, value_seen
from checks.model import FileSeen, FooterSeen, Problem, ProblemKind, Unobserved

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from checks.lake.formats.delta.actions import Commit, FileAction
    from checks.lake.formats.delta.columns import Mapped
    from checks.lake.formats.delta.live_files import LogFiles
    from checks.lake.formats.shared.asked import Asked
    from checks.model import ValuesSeen
    from checks.rules.asking import Clock, ValueAsk


def newest_value(
    files: LogFiles, asked: Asked, ask: ValueAsk, clock: Clock, hidden: Problem | None
) -> ValuesSeen:
    """Return the newest value of the column, from the newest commit back until it is settled."""
    newest = Newest(ask, clock)
    try:
        _check_catalog(asked, ask)
        _Values(files, ask, clock, newest, asked.plan.table.id).look()
    except NotReadable:
        raise
    except Unobserved as error:
        newest.miss(error.problem)
    except TooMuchError as error:
        why = f"{asked.plan.table.id}: {error}, and a newer {ask.column} may stand in the others"
        newest.miss(Problem(ProblemKind.OVER_BUDGET, why, "let its writer checkpoint more often"))
    if hidden is not None:
        newest.miss(hidden)
    return newest.seen()


def _check_catalog(asked: Asked, ask: ValueAsk) -> None:
    """Raise Unobserved where the catalog says that the column holds no times: a log writes texts as it does times."""
    table = asked.plan.table
    kind = next((each.type for each in table.columns if each.name.lower() == ask.column.lower()), "date")
    if not kind.lower().startswith(("timestamp", "date")):
        raise Unobserved(no_column(table.id, ask.column, f"is {kind[:80]}, neither a timestamp nor a date"))


@dataclass(slots=True)
class _Values:
    """Looks through the adds of commits, and of the checkpoint where these do not settle it."""

    files: LogFiles
    ask: ValueAsk
    clock: Clock
    newest: Newest
    table: str
    footers: Footers = field(init=False)
    _column: Mapped | None = None

    def __post_init__(self) -> None:
        self.footers = Footers(self.files.walk.reader, self.ask, self.newest, self.table, self._footer)

    def look(self) -> None:
        """Look from the newest commit back; raise Unobserved, TooMuchError."""
        live = LiveFiles(self.files, self.clock, keeps_stats=True)
        oldest = self.clock.now
        for version in self.files.versions():
            if self.newest.is_settled_by(self.files.log.commits[version].last_modified):
                return
            before = len(live.pending)
            commit = live.take(version)
            oldest = commit.at or oldest
            if not self.newest.is_settled_by(commit.at):
                self._add([action for action, _ in live.pending[before:]], commit, oldest)
        checkpoint = self.files.checkpoint()
        by = min([oldest, *(key.last_modified for key in checkpoint)])
        if not checkpoint or self.newest.is_settled_by(by):
            return
        self._map()
        path = self._path
        live.stats = [
            "add.stats",
            "add.stats_parsed.numRecords",
            *(f"add.stats_parsed.{part}.{'.'.join(path)}" for part in ("maxValues", "nullCount")),
        ]
        before = len(live.pending)
        try:
            live.read_checkpoint()
        finally:
            self._add([action for action, _ in live.pending[before:]], None, by)

    @property
    def _path(self) -> tuple[str, ...]:
        return self._column.path if self._column is not None else tuple(self.ask.column.split("."))

    def _map(self) -> None:
        """Find out how the column is called in files, and its type; raise Unobserved where it is none of time."""
        if self._column is not None:
            return
        found = self.files.metadata()
        if found is None:
            raise Unobserved(no_column(self.table, self.ask.column, "is not known: its log tells no schema"))
        column = mapped_column(found[0], self.ask.column, self.table, found[1])
        if isinstance(column, Problem):
            raise Unobserved(column)
        self._column = column

    def _add(self, actions: Sequence[FileAction], commit: Commit | None, by: datetime) -> None:
        """Take note of the values of files that came by an instant."""
        without: list[FileSeen] = []
        for action in actions:
            file = self._file(action, commit, by)
            told = self._told(action, file)
            if told is not None:
                self.newest.add(told)
            elif place_of(file.uri) is None:
                why = f"its log keeps no values of {self.ask.column}, and it is not in S3"
                self.newest.add(no_value(file, why, kind=ProblemKind.UNSUPPORTED))
            else:
                without.append(file)
        if without and not self.newest.is_recent:
            self.footers.read(without)

    def _footer(self, file: FileSeen) -> FooterSeen:
        """Read a footer; where it does not hold the column by its name, by the name that files have for it."""
        store = self.files.walk.reader.store
        seen = read_footer(store, file, replace(self.ask, column=".".join(self._path)))
        names = {column.name.lower() for column in seen.columns}
        if self._column is None and names and self._path[0].lower() not in names:
            self._map()
            seen = read_footer(store, file, replace(self.ask, column=".".join(self._path)))
        return seen

    def _file(self, action: FileAction, commit: Commit | None, by: datetime) -> FileSeen:
        is_latest = commit is None or not action.changes_data
        uri = file_uri(self.files.walk, action.path)
        return FileSeen(uri, action.size_bytes, by, is_latest=is_latest)

    def _told(self, action: FileAction, file: FileSeen) -> FooterSeen | None:
        """Return what the log tells of a file's newest value; None where it tells nothing."""
        stats = parse_stats(action.stats)
        if stats is not None and self._column is None and looks_mapped(stats):
            self._map()
        told = self._of_key(action, file) or self._of_stats(stats, file)
        if told is None and stats is not None and self._column is None:
            self._map()
            told = self._of_key(action, file) or self._of_stats(stats, file)
        return told

    def _of_key(self, action: FileAction, file: FileSeen) -> FooterSeen | None:
        """Return the value of a column that the table is partitioned by: statistics leave it out."""
        if len(self._path) != 1:
            return None
        name = next((key for key in action.values if key.lower() == self._path[0].lower()), None)
        if name is None:
            return None
        value = action.values[name]
        return FooterSeen(file=file) if value is None else self._value(value, file)

    def _of_stats(self, stats: Mapping[str, Any] | None, file: FileSeen) -> FooterSeen | None:
        if stats is None:
            return None
        value = at_path(stats.get("maxValues"), self._path)
        if isinstance(value, dict):
            raise Unobserved(no_column(self.table, self.ask.column, "is nested; name one of its fields"))
        if value is not None:
            return self._value(value, file)
        rows = whole_number(stats.get("numRecords"))
        nulls = whole_number(at_path(stats.get("nullCount"), self._path))
        return FooterSeen(file=file) if rows is not None and nulls is not None and nulls >= rows else None

    def _value(self, value: Any, file: FileSeen) -> FooterSeen:
        moment = moment_of(value, self._column.type if self._column is not None else None)
        if moment is None:
            return no_value(file, f"its newest {self.ask.column} is {value!r:.40}, which is no time")
        return value_seen(file, moment.wall, self.ask.zone, is_day=moment.is_day, is_utc=moment.is_utc)
