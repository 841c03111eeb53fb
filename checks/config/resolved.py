"""A config that was read and found right: its settings, and what it says of each table."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING

from checks.config.routes import matches_id
from checks.config.targets import Target
from checks.model import Problem, ProblemKind
from checks.rules.base import periods_stated
from checks.rules.entry import NOTHING_SAID
from checks.rules.table_ids import parse_bucket

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from checks.config.keys import Account, Settings
    from checks.config.mistakes import Path as KeyPath
    from checks.config.routes import Route
    from checks.config.selectors import Selector
    from checks.config.watchlist import Bound, Entry, Watchlist
    from checks.rules.asking import StatedPeriods
    from checks.rules.base import Rule
    from checks.rules.entry import EntryKeys
    from checks.schedule.calendars import Calendar


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """Findings of some tables that need no alarm before ``until`` (UTC)."""

    table: str
    until: datetime
    because: str
    check: str | None = None
    place: str = ""
    """Where it stands, as ``file:line: path``."""

    def covers(self, table: str, check: str | None, now: datetime) -> bool:
        """Tell whether a table (by its id), or one check of it, is silenced at ``now``."""
        return now < self.until and self.check in (None, check) and matches_id(self.table, table)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """What the config says of one table.

    ``rules`` are bound, partitions before freshness. ``region`` is that of its account, None for the
    monitor's own. ``matched_by`` is the most specific entry's selector, ``entry`` what all of them come to beside
    checks. ``problem`` is set, and ``rules``
    empty, when the entries that speak of this table contradict each other.
    """

    table: str
    rules: tuple[Rule, ...]
    zone: ZoneInfo
    matched_by: str
    by_glob: bool
    account: str | None = None
    region: str | None = None
    entry: EntryKeys = NOTHING_SAID
    problem: Problem | None = None
    silences: tuple[Silence, ...] = ()

    @property
    def periods(self) -> StatedPeriods | None:
        """What its rules state of the table's periods."""
        return periods_stated(self.rules)

    def silenced(self, now: datetime, check: str | None = None) -> str | None:
        """Return why the table (with ``check``: that check of it) is silenced at ``now``, None if not."""
        return next((s.because for s in self.silences if s.covers(self.table, check, now)), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """A config that was read and found right.

    ``source`` is where it was read from, ``settings`` are the keys at its top that hold a single value.
    """

    source: str
    watchlist: Watchlist = field(repr=False)
    settings: Settings
    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    accounts: Mapping[str, Account] = field(default_factory=dict)
    routes: tuple[Route, ...] = ()
    silences: tuple[Silence, ...] = ()
    notes: tuple[str, ...] = ()
    """What is not wrong but worth telling, whatever the time."""
    problem: Problem | None = None
    """Why this config stands in for the one at ``source``, which cannot be used; None where it is that one."""

    def warnings(self, now: datetime) -> tuple[str, ...]:
        """Return what is worth telling though not wrong, such as silences that have ended."""
        ended = (
            f"{silence.place}: ended {silence.until.astimezone(self.settings.timezone):%Y-%m-%d %H:%M}; take it out"
            for silence in self.silences
            if silence.until <= now
        )
        return (*self.notes, *ended)

    @property
    def known_as(self) -> str:
        """The name that its state belongs to: the stated one, else its file's name without the ending.

        ``TABLES`` for the variable, ``config`` for a dict.
        """
        return self.settings.name or re.sub(r"(?<=.)\.[^.]*$", "", self.source.rstrip("/").rpartition("/")[2])

    @property
    def folder(self) -> Path | None:
        """The folder that its local places count from: its own; the working folder without a file, None in S3."""
        return None if self.source.startswith("s3://") else Path(self.source).parent

    def target_of(self, route: Route) -> Target:
        """Return where a route leads; a local file counts from the config's own folder."""
        target = route.target
        if target.kind != "file" or target.value.startswith("s3://") or self.folder is None:
            return target
        return Target(target.kind, str(self.folder / target.value))

    def watches(self, table: str) -> bool:
        """Tell whether an entry speaks of a table, by its id."""
        return self.watchlist.watches(parse_bucket(table) if table.startswith("s3://") else table)

    def selectors(self) -> tuple[Selector, ...]:
        """Return what the entries speak of, in the file's order, with the region each is looked up in."""
        return tuple(entry.selector for entry in self.watchlist.entries)

    def resolve(self, account: str | None, database: str, table: str) -> Resolved | None:
        """Return what holds for a table of the catalog; None when no entry speaks of it."""
        entries = self.watchlist.matching(account, database, table)
        name = f"{database}.{table}"
        return self._resolved(name if account is None else f"{account}/{name}", entries)

    def resolve_prefix(self, prefix: str) -> Resolved | None:
        """Return what holds for a location without a catalog entry; None when no entry names it."""
        uri = parse_bucket(prefix)
        return self._resolved(uri, self.watchlist.of_prefix(uri))

    def _resolved(self, table: str, entries: tuple[Entry, ...]) -> Resolved | None:
        if not entries:
            return None
        selector = entries[-1].selector
        bound = self.watchlist.bound(entries)
        problem = self._problem(entries, bound)
        account = self.accounts.get(selector.account) if selector.account is not None else None
        return Resolved(
            table=table,
            rules=bound.rules if problem is None else (),
            zone=bound.zone,
            matched_by=selector.text,
            by_glob=selector.is_glob,
            account=selector.account,
            region=account.region if account is not None else None,
            entry=bound.entry,
            problem=problem,
            silences=tuple(s for s in self.silences if matches_id(s.table, table)),
        )

    def _problem(self, entries: tuple[Entry, ...], bound: Bound) -> Problem | None:
        """Return how the entries contradict each other, where that could not be known beforehand."""
        names = " and ".join(entry.selector.text for entry in entries)
        ambiguity = self.watchlist.ambiguity(entries)
        if ambiguity is not None:
            message = f"{names} in the config are equally specific and state different {ambiguity.key}"
        elif bound.mistakes:
            path, sentence = bound.mistakes[0]
            message = f"{names} in the config do not go together: {_key(path)}{sentence}"
        else:
            return None
        remedy = "write a more specific entry for this table, or exclude it from one of them"
        return Problem(ProblemKind.AMBIGUOUS, message, remedy, cause=f"config: {names}")


def _key(path: KeyPath) -> str:
    words = [str(part) for part in path[2:]]
    return f"{'.'.join(words)}: " if words else ""


def in_utc(moment: datetime, zone: ZoneInfo) -> datetime:
    """Return an instant in UTC; one without an offset is in the zone."""
    return (moment.replace(tzinfo=zone) if moment.tzinfo is None else moment).astimezone(UTC)
