"""Hudi: which partitions hold rows, from the commits on the timeline, and by their paths where these end.

Apache Hudi Technical Specification, "Timeline" and "Data Layout".
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from checks.lake.formats.held import (
    Held,
    Wanted,
    layout_of,
    too_much,
    wanted,
    with_partitions,
)
from checks.lake.formats.hudi_commits import MAINTENANCE
from checks.layout import TimeLayout
from checks.model import Column, Problem, ProblemKind, Unobserved
from checks.schedule.periods import period_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from checks.lake.formats.asked import Asked
    from checks.lake.formats.hudi import Walk
    from checks.lake.formats.hudi_commits import Written
    from checks.lake.formats.hudi_files import Slices
    from checks.lake.formats.timeline import Instant, Properties, Timeline
    from checks.model import Observation, Period
    from checks.rules.asking import Clock
    from checks.rules.base import TablePlan

MOST_COMMITS = 50
"""Commits that are read for one table, newest first."""
MOST_PLACES = 100
"""Partitions that are listed by their path for one table, newest first."""


@dataclass(slots=True)
class Partitions:
    """Finds out which periods hold rows in a table."""

    asked: Asked
    clock: Clock
    walk: Walk
    properties: Properties
    timeline: Timeline
    slices: Slices | None = None
    """The files that are in the table as far as the timeline tells, where volume or files ask for them."""
    held: dict[tuple[str, ...], Held] = field(default_factory=lambda: defaultdict(Held))
    gone: set[str] = field(default_factory=set)
    """Paths of partitions that were dropped or replaced by nothing, and not written since."""

    @property
    def plan(self) -> TablePlan:
        """The table and its rules."""
        return self.asked.plan

    def add_to(self, seen: Observation) -> Observation:
        """Return the observation with the periods in it; raise Unobserved when they cannot be told."""
        keys = self._keys()
        instants = self._instants()
        want: Wanted | None = None
        whole, since = True, None
        for count, instant in enumerate(instants):
            if count >= MOST_COMMITS:
                whole = False
                break
            self._take(instant, keys)
            since = self.walk.at(instant)
            if want is None and self.held:
                layout = layout_of(self.plan, keys, self.held)
                if isinstance(layout, TimeLayout):
                    want = wanted(self.plan, self.clock, layout)
            if want is not None and self._is_settled(want, keys, since):
                whole = count + 1 == len(instants)
                break
        if want is None:
            layout = layout_of(self.plan, keys, self.held)
            if isinstance(layout, Problem):
                raise Unobserved(layout)
            want = wanted(self.plan, self.clock, layout)
        problem = None
        archived = False if self.slices is not None and self.slices.problem is None else None
        has_paths = {key.name for key in want.layout.keys} == {key.name for key in keys}
        before = since if self.timeline.is_in_order and not has_paths else None
        lacking = want.periods if self.plan.each else self._lacking(want, keys, want.periods)
        lacking = [each for each in lacking if before is None or each.start < before]
        if lacking:
            archived = not whole or self.walk.is_archived(self.properties)
            problem = self._by_path(lacking, want, keys, has_paths=has_paths) if archived else None
        if not whole or archived is not False:
            for each in self.held.values():
                each.is_first_known = False  # commits before may have written it first
        self._measure(keys, want)
        if self.slices is not None and self.slices.problem is not None:  # what was not found may be there
            unknown = self._lacking(want, keys, tuple(want.compared.values()))
            known = {wall: period for wall, period in want.compared.items() if period not in unknown}
            want = replace(want, compared=known)
        return with_partitions(seen, self.asked, want, keys, self.held, problem=problem, before=before)

    def _is_settled(self, want: Wanted, keys: tuple[Column, ...], since: datetime) -> bool:
        """Tell whether instants before the ones that were read change nothing.

        Where each value of a key is due, all are needed that may have written one: those since the first period. Where
        sizes are asked for, all were read, and any of them may have written another partition of a period.
        """
        if self.slices is not None:
            return False
        if self._lacking(want, keys, want.periods):
            return False
        return self.plan.each is None or all(since < period.start for period in want.periods)

    def _measure(self, keys: tuple[Column, ...], want: Wanted) -> None:
        """Take sizes, rows and names of files from the newest ones of each group.

        Where older commits are not known a period may hold more, unless it began after the oldest one that is.
        """
        if self.slices is None:
            return
        found: dict[tuple[str, ...], list[Written]] = defaultdict(list)
        for written, _ in self.slices.live:
            found[values_of(written.partition, keys)].append(written)
        for values, held in self.held.items():
            held.rows, held.rows_unknown = 0, ""
            if values not in found and self.slices.problem is not None:  # it is there, whatever it holds
                held.files, held.size_bytes = 1, 0
                self._lack(held, self.slices.problem)
                continue
            held.files = held.empty = held.size_bytes = 0
            held.names = self.asked.collector()
            for written in found[values]:
                self.slices.count(held, written)
            if self.slices.problem is not None and not self._began_since(values, keys, want):
                self._lack(held, self.slices.problem)

    @staticmethod
    def _lack(held: Held, problem: Problem) -> None:
        held.part_of, held.names = problem, None
        held.lose_rows(problem.message)

    def _began_since(self, values: tuple[str, ...], keys: tuple[Column, ...], want: Wanted) -> bool:
        """Tell whether a period began when all commits that may have written it were read."""
        since, wall = self.slices.known_since if self.slices is not None else None, want.wall_of(keys, values)
        every = want.schedule.every
        period = period_of(every.floor(wall), every, want.layout.zone) if wall is not None else None
        return since is not None and period is not None and period.start >= since

    def _keys(self) -> tuple[Column, ...]:
        """Return the partition keys: names from the table's properties, types from the catalog where it has them."""
        names = [name.lower() for name in self._fields()]
        if not names:
            raise Unobserved(
                Problem(
                    ProblemKind.UNSUPPORTED,
                    f"{self.plan.table.id} is not partitioned, so its timeline does not tell one period from the next",
                    "watch it with freshness",
                )
            )
        types = {
            column.name: column.type for column in (*self.plan.table.columns, *self.plan.table.partition_keys)
        }
        return tuple(Column(name, types.get(name, "string")) for name in names)

    def _fields(self) -> list[str]:
        """Return the names of the partition fields as the table's properties and its paths write them.

        Tables from before version 2 leave them out: theirs are in the catalog.
        """
        text = self.properties.entries.get("hoodie.table.partition.fields")
        if text is None:
            return [key.name for key in self.plan.table.partition_keys]
        return [part.strip().partition(":")[0] for part in text.split(",") if part.strip()]

    def _is_set(self, name: str) -> bool:
        return self.properties.entries.get(f"hoodie.datasource.write.{name}", "").lower() == "true"

    def _instants(self) -> list[Instant]:
        """Return the instants that may have written rows, without those that are later than now."""
        return [
            each
            for each in self.timeline.instants
            if each.may_be_data and not (self.clock.ignore_later and self.walk.at(each) > self.clock.now)
        ]

    def _take(self, instant: Instant, keys: tuple[Column, ...]) -> None:
        commit = self.walk.commit(instant)
        if commit.operation in MAINTENANCE:
            return
        compacts = self.properties.is_merge_on_read and instant.action == "commit"
        if commit.is_arrival(deletes=False, merge_on_read_commit=compacts):
            at, evidence = self.walk.at(instant), f"s3://{self.walk.bucket}/{instant.key.key}"
            for path, (files, size, _) in commit.files.items():
                if path in self.gone:
                    continue
                held = self.held[values_of(path, keys)]
                held.add(max(size, 1), at, evidence, is_new=path not in commit.replaced)  # rows are there
                held.files += files - 1
        self.gone |= commit.replaced  # going back in time: what it replaced was written before

    def _lacking(self, want: Wanted, keys: tuple[Column, ...], periods: Sequence[Period]) -> list[Period]:
        """Return those periods that nothing was found in yet, in their order."""
        every = want.schedule.every
        walls = {
            every.floor(wall) for values in self.held if (wall := want.wall_of(keys, values)) is not None
        }
        return [period for period in periods if period.wall not in walls]

    def _by_path(
        self, lacking: list[Period], want: Wanted, keys: tuple[Column, ...], *, has_paths: bool
    ) -> Problem | None:
        """List the partitions of periods that no commit told of; return why some stay unknown."""
        names = [key.name for key in keys]
        if not has_paths:
            return too_much(
                self.plan.table.id, "commits before the ones on its timeline may have written the others"
            )
        hive, encoded = self._is_set("hive_style_partitioning"), self._is_set("partitionpath.urlencode")
        for period in lacking[:MOST_PLACES]:
            for layout in want.layout.variants():
                written = layout.write(period)
                values = tuple(written[name] for name in names)
                texts = [quote(value, safe=" +") if encoded else value for value in values]
                path = "/".join(
                    f"{name}={text}" if hive else text
                    for name, text in zip(self._fields(), texts, strict=True)
                )
                if path not in self.gone:
                    self._look(path, values)
        if len(lacking) > MOST_PLACES:
            return too_much(self.plan.table.id, f"more than {MOST_PLACES} periods would have to be listed")
        return None

    def _look(self, path: str, values: tuple[str, ...]) -> None:
        """Count the files of a partition by one LIST: also log files, whose names begin with a dot."""
        prefix = f"{self.walk.root}{path}/"
        for key in self.walk.reader.store.list_page(self.walk.bucket, prefix).keys:
            if key.size_bytes and not key.key.removeprefix(prefix).startswith(".hoodie_partition_metadata"):
                self.held[values].add_unknown(key.size_bytes, self.clock.now)


def values_of(path: str, keys: tuple[Column, ...]) -> tuple[str, ...]:
    """Return the partition values that a path carries: ``day=2026-11-22``, ``2026/11/22``, ``day=2026/11/22``."""
    segments = path.strip("/").split("/")
    names = [key.name for key in keys]
    pairs = [segment.partition("=") for segment in segments]
    if all(sign for _, sign, _ in pairs) and [name.lower() for name, _, _ in pairs] == names:
        return tuple(unquote(value) for _, _, value in pairs)
    if len(names) == 1:
        name, sign, rest = path.strip("/").partition("=")
        return (unquote(rest if sign and name.lower() == names[0] else path.strip("/")),)
    return tuple(unquote(segment) for segment in segments)
