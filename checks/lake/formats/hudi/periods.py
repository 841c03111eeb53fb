"""Hudi: which partitions hold rows, from the commits on the timeline, and by their paths where these end.

Apache Hudi Technical Specification, "Timeline" and "Data Layout".
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from checks.aws.problems import clean
from checks.lake.formats.hudi.commits import MAINTENANCE
from checks.lake.formats.hudi.committed import Is
from checks.lake.formats.hudi.paths import PartitionPaths, paths_of
from checks.lake.formats.hudi.timeline import wall_of_stamp
from checks.lake.formats.hudi.walk import MOST_COMMITS
from checks.lake.formats.shared.partition_tally import (
    Held,
    Wanted,
    layout_of,
    too_much,
    wanted,
    with_partitions,
)
from checks.layout import NULL_PARTITION, TimeLayout
from checks.model import Problem, ProblemKind, Unobserved
from checks.schedule.periods import period_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from checks.lake.formats.hudi.commits import Written
    from checks.lake.formats.hudi.committed import Committed
    from checks.lake.formats.hudi.slices import Slices
    from checks.lake.formats.hudi.timeline import Instant, Properties, Timeline
    from checks.lake.formats.hudi.walk import Walk
    from checks.lake.formats.shared.asked import Asked
    from checks.lake.s3.objects import Key
    from checks.model import Column, Observation, Period
    from checks.rules.asking import Clock
    from checks.rules.base import TablePlan

MOST_PLACES = 100
"""Partitions that are listed by their path for one table, newest first."""
_AHEAD = timedelta(days=1)
"""So long before a period begins some tables hold it: the next one, and days that are of another clock than said."""
_NULLS_NAMED = 5
"""The table version since which rows without a value lie where Hive has them, and no more in ``default``."""
_MOST_PAGES = 5
"""Pages of files of one partition that are looked at for one that is data."""


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
    unsure: dict[datetime, Problem] = field(default_factory=dict)
    """Why it is not known whether a period holds rows, by its start."""
    _paths: PartitionPaths | None = None
    _committed: Committed | None = None
    _nullable: tuple[str, ...] = ()
    _replaced_before: str = ""
    """The newest request that was not read and may have replaced what was written before."""

    @property
    def plan(self) -> TablePlan:
        """The table and its rules."""
        return self.asked.plan

    def add_to(self, seen: Observation) -> Observation:
        """Return the observation with the periods in it; raise Unobserved when they cannot be told."""
        keys = self.paths.keys
        instants = self._instants()
        want: Wanted | None = None
        whole, since = True, None
        for count, (instant, not_after) in enumerate(
            zip(instants, self.walk.not_after(instants), strict=True)
        ):
            if count >= MOST_COMMITS:
                whole = False
                left = (each.requested for each in instants[count:] if each.action == "replacecommit")
                self._replaced_before = max(left, default="")
                break
            self._take(instant)
            since = not_after
            if want is None and self.held:
                layout = self._layout(keys)
                if isinstance(layout, TimeLayout):
                    want = wanted(self.plan, self.clock, layout)
            if want is not None and self._is_settled(want, keys, since):
                whole = count + 1 == len(instants)
                break
        if want is None:
            layout = self._layout(keys)
            if isinstance(layout, Problem):
                raise Unobserved(layout)
            want = wanted(self.plan, self.clock, layout)
        self._name_nulls(want)
        problem = None
        archived = False if self.slices is not None and self.slices.problem is None else None
        timed = {key.name for key in want.layout.keys}
        has_paths = timed == {key.name for key in keys} and not self.paths.respelled
        before = since if self.timeline.is_in_order and not has_paths else None
        lacking = want.periods if self.plan.each else self._lacking(want, keys, want.periods)
        lacking = [each for each in lacking if before is None or each.start < before]
        if lacking:
            archived = not whole or self.walk.is_archived(self.properties)
            problem = self._by_path(lacking, want, has_paths=has_paths) if archived else None
        if not whole or archived is not False:
            self._doubt_firsts(keys, want, since if self.timeline.is_in_order else None)
        self._measure(keys, want)
        if self.slices is not None and self.slices.problem is not None:  # what was not found may be there
            unknown = self._lacking(want, keys, tuple(want.compared.values()))
            known = {wall: period for wall, period in want.compared.items() if period not in unknown}
            want = replace(want, compared=known)
        return with_partitions(
            seen, self.asked, want, keys, self.held, problem=problem, before=before, unsure=self.unsure
        )

    @property
    def paths(self) -> PartitionPaths:
        """How partitions are written; raise Unobserved where there are none, or nothing names their fields."""
        if self._paths is None:
            table = self.plan.table
            seen = [path for commit in self.walk.read.values() for path in commit.files]
            self._paths = paths_of(
                self.properties.entries, table.partition_keys, table.columns, seen, self.plan.stated_layout
            )
            if self._paths is None:
                raise Unobserved(self._without_keys(seen))
        return self._paths

    def _without_keys(self, paths: Sequence[str]) -> Problem:
        path = next((path for path in paths if path), "")
        if path or not paths:
            where = (
                f"whose data lies in paths such as {clean(path)}"
                if path
                else "and no commit that was read a path"
            )
            return Problem(
                ProblemKind.UNSUPPORTED,
                f"neither {self.properties.place} nor the catalog names the partition keys of {self.plan.table.id}, "
                f"{where}",
                "state hoodie.table.partition.fields, or the partition keys in the catalog",
            )
        return Problem(
            ProblemKind.UNSUPPORTED,
            f"{self.plan.table.id} is not partitioned, so its timeline does not tell one period from the next",
            "watch it with freshness",
        )

    def _layout(self, keys: tuple[Column, ...]) -> TimeLayout | Problem:
        rows = [self.paths.nulls(values) for values in self.held]
        return layout_of(self.plan, keys, rows)

    def _name_nulls(self, want: Wanted) -> None:
        """Name nulls as all formats do: of a key that carries no time ``default`` may be a value since version 5."""
        may_be_value = self.properties.version >= _NULLS_NAMED
        named = [key.name for key in (want.layout.keys if may_be_value else self.paths.keys)]
        self._nullable = tuple(named)
        held = {self.paths.nulls(values, self._nullable): each for values, each in self.held.items()}
        self.held = defaultdict(Held, held)

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
        found: dict[tuple[str, ...], list[tuple[Written, Instant]]] = defaultdict(list)
        for written, instant in self.slices.live:
            values = self.paths.values_of(written.partition)
            found[self.paths.nulls(values, self._nullable)].append((written, instant))
        for values, held in self.held.items():
            held.rows, held.rows_unknown = 0, ""
            if values not in found and self.slices.problem is not None:  # it is there, whatever it holds
                held.files, held.size_bytes = 1, 0
                self._lack(held, self.slices.problem)
                continue
            held.files = held.empty = held.size_bytes = 0
            held.names, held.growing = self.asked.collector(), self.asked.growing()
            for written, instant in found[values]:
                self.slices.count(held, written, instant)
            if self.slices.problem is not None and not self._began_since(values, keys, want):
                self._lack(held, self.slices.problem)

    @staticmethod
    def _lack(held: Held, problem: Problem) -> None:
        held.part_of, held.names = problem, None
        held.lose_rows(problem.message)

    def _began_since(self, values: tuple[str, ...], keys: tuple[Column, ...], want: Wanted) -> bool:
        """Tell whether a period began when all commits that may have written it were read."""
        since = self.slices.known_since if self.slices is not None else None
        period = self._period(values, keys, want)
        return since is not None and period is not None and period.start >= since

    def _doubt_firsts(self, keys: tuple[Column, ...], want: Wanted, since: datetime | None) -> None:
        """Take what came first for what did where no commit from before ``since`` may have written the period."""
        ahead = min(want.schedule.every.nominal, _AHEAD)
        for values, each in self.held.items():
            period = self._period(values, keys, want)
            if since is None or period is None or period.start - ahead < since:
                each.is_first_known = False

    @staticmethod
    def _period(values: tuple[str, ...], keys: tuple[Column, ...], want: Wanted) -> Period | None:
        wall, every = want.wall_of(keys, values), want.schedule.every
        return period_of(every.floor(wall), every, want.layout.zone) if wall is not None else None

    def _instants(self) -> list[Instant]:
        """Return the instants that may have written rows, without those that are later than now."""
        return [each for each in self.timeline.instants if each.may_be_data and self.walk.is_there(each)]

    def _take(self, instant: Instant) -> None:
        commit = self.walk.commit(instant)
        if commit.operation in MAINTENANCE:
            return
        compacts = self.properties.is_merge_on_read and instant.action == "commit"
        if commit.is_arrival(deletes=False, merge_on_read_commit=compacts):
            came, evidence = self.walk.came(instant), f"s3://{self.walk.bucket}/{instant.key.key}"
            for path, (files, size, _) in commit.files.items():
                if path in self.gone:
                    continue
                held, size_bytes = self.held[self.paths.values_of(path)], max(size, 1)  # rows are there
                if came.earliest is None or came.in_any_zone:
                    held.add_unknown(size_bytes, came.latest)
                else:
                    held.add(size_bytes, came.earliest, evidence, is_new=path not in commit.replaced)
                held.files += files - 1
        self.gone |= commit.replaced  # going back in time: what it replaced was written before

    def _lacking(self, want: Wanted, keys: tuple[Column, ...], periods: Sequence[Period]) -> list[Period]:
        """Return those periods that nothing was found in yet, in their order."""
        every = want.schedule.every
        walls = {
            every.floor(wall) for values in self.held if (wall := want.wall_of(keys, values)) is not None
        }
        return [period for period in periods if period.wall not in walls]

    def _by_path(self, lacking: list[Period], want: Wanted, *, has_paths: bool) -> Problem | None:
        """List the partitions of periods that no commit told of; return why some stay unknown."""
        if not has_paths:
            self._by_known_values(lacking, want)
            if self.plan.each is None and not self._lacking(want, self.paths.keys, lacking):
                return None
            return too_much(
                self.plan.table.id, "commits before the ones on its timeline may have written the others"
            )
        for period in lacking[:MOST_PLACES]:
            for layout in want.layout.variants():
                written = layout.write(period)
                values = tuple(written[key.name] for key in self.paths.keys)
                path = self.paths.path_of(values)
                if path not in self.gone:
                    self._look(path, values, period)
        if len(lacking) > MOST_PLACES:
            return too_much(self.plan.table.id, f"more than {MOST_PLACES} periods would have to be listed")
        return None

    def _by_known_values(self, lacking: list[Period], want: Wanted) -> None:
        """List the partitions of periods for the values of other keys that commits told of.

        What is found is there; what is not may have other values. Without ``each`` one of them proves a period.
        """
        if self.paths.respelled:
            return
        keys, timed = self.paths.keys, {key.name for key in want.layout.keys}
        known = dict.fromkeys(
            tuple((key.name, value) for key, value in zip(keys, values, strict=True) if key.name not in timed)
            for values in list(self.held)
            if len(values) == len(keys) and NULL_PARTITION not in values
        )
        left = MOST_PLACES
        for period in lacking:
            for others in known:
                if left <= 0 or (self.plan.each is None and not self._lacking(want, keys, [period])):
                    break
                for layout in want.layout.variants():
                    written = layout.write(period) | dict(others)
                    values = tuple(written[key.name] for key in keys)
                    path = self.paths.path_of(values)
                    if path not in self.gone and values not in self.held:
                        left -= 1
                        self._look(path, values, period)

    def _look(self, path: str, values: tuple[str, ...], period: Period) -> None:
        """Look for a file of a completed instant in a partition, by one LIST or few; say why one may be there."""
        prefix = f"{self.walk.root}{path}/"
        token, doubt = None, None
        for _ in range(_MOST_PAGES):
            page = self.walk.reader.store.list_page(self.walk.bucket, prefix, token=token)
            found, why = self._data_in(page.keys, prefix)
            if found is not None:
                self.held[values].add_unknown(found.size_bytes, self.clock.now)
                self.unsure.pop(period.start, None)
                return
            doubt, token = doubt or why, page.token
            if token is None:
                break
        else:
            what = f"s3://{self.walk.bucket}/{prefix} holds more than {_MOST_PAGES} pages of files, none of them data"
            doubt = doubt or too_much(self.plan.table.id, what)
        if doubt is not None:
            self.unsure.setdefault(period.start, doubt)

    def _data_in(self, keys: Iterable[Key], prefix: str) -> tuple[Key | None, Problem | None]:
        """Return a file of a completed instant among these, None where there is none, and why one of them may be it.

        What is archived has completed, unless it was rolled back: that is read only where nothing else proves data.
        """
        archived: dict[str, Key] = {}
        doubt: Problem | None = None
        for key in keys:
            name = key.key.removeprefix(prefix)
            if (
                not key.size_bytes
                or "/" in name
                or any(name in each.empty for each in self.walk.read.values())
            ):
                continue
            what, instant = self.committed.look_at(name)
            if what in {Is.DATA, Is.ARCHIVED} and instant < self._replaced_before:
                what = Is.UNKNOWN
            if what is Is.DATA:
                return key, None
            if what is Is.ARCHIVED and not self._is_later(instant, key):
                archived.setdefault(instant, key)
            elif what is Is.UNKNOWN:
                doubt = doubt or self._undecided(key)
        if archived:
            try:
                rolled_back = self.walk.rolled_back(self.timeline)
            except Unobserved as error:
                return None, error.problem
            left = (key for instant, key in archived.items() if instant not in rolled_back)
            return next(left, None), doubt
        return None, doubt

    @property
    def committed(self) -> Committed:
        """Which instants' files are data."""
        if self._committed is None:
            self._committed = self.walk.committed(self.timeline)
        return self._committed

    def _is_later(self, instant: str, key: Key) -> bool:
        """Tell whether an archived instant is later than a stated now, by its name and its file."""
        wall = wall_of_stamp(instant)
        at = self.walk.zones.requests.utc(wall) if wall is not None else None
        return self.clock.ignore_later and min(at or key.last_modified, key.last_modified) > self.clock.now

    def _undecided(self, key: Key) -> Problem:
        return Problem(
            ProblemKind.TOO_LITTLE_HISTORY,
            f"{self.plan.table.id}: nothing that was read tells whether s3://{self.walk.bucket}/{clean(key.key)} is "
            "of a commit that completed and was not replaced",
            "keep more instants on the active timeline (hoodie.keep.min.commits)",
        )
