"""The check `volume`: the last complete period holds as much as it should. What is judged, and how."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar
from zoneinfo import ZoneInfo

from checks.layout import layout_from_json
from checks.learn.keys import DAY
from checks.model import Absence, Finding, Format, Limits, Problem, Severity, Size
from checks.rules.asking import Clock, Detail, Further, Needs, StatedPeriods
from checks.rules.base import NOTHING_MORE, About, Row, Rule, allowed
from checks.rules.cadence import schedule_of, schedule_seen
from checks.rules.lists import only_lists
from checks.rules.months import OfMonth, Place, places_before
from checks.rules.taught import say_taught, teaching
from checks.rules.usual import (
    all_before,
    compared_with,
    days_of,
    known_sizes,
    sum_of,
    value_of,
    with_rows_of,
)
from checks.rules.volume_limits import HISTORY, UsualLimits
from checks.rules.volume_marked import labels_for, remembered, times_of
from checks.rules.volume_past import periods_back
from checks.rules.volume_seen import newest_with_data, of_nothing, place_seen, whole_sizes
from checks.rules.volume_taught import Said, Taught, said_of, taught
from checks.rules.volume_words import (
    DAYS_A_YEAR,
    Bound,
    Look,
    advice,
    because,
    no_rows,
    not_looked_at,
)
from checks.schedule.periods import Unit

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from checks.layout import TimeLayout
    from checks.marks import Mark
    from checks.model import Observation, Period, Table, TableMemory
    from checks.rules.asking import Share
    from checks.rules.proposing import Extent
    from checks.schedule.due import Schedule

ROW_FILES = 100
"""The footers of so many Parquet files are read for rows where the config does not say."""
MOST_REMEMBERED = 70
"""Sizes of no more periods than this are remembered of one table: eight weeks of days, and some."""
_MONTH = 31
_MOST_NAMED = 4
"""So many periods are named where what is compared is told."""
_UTC = ZoneInfo("UTC")
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True, slots=True)
class Weighed:
    """What the sentence is made of: what was looked at (None: nothing is due yet), and the limits that hold for it.

    ``by`` says by whose marks they were learned, empty where by none.
    """

    look: Look | None = None
    bounds: Sequence[Bound] = ()
    crossed: Sequence[Bound] = ()
    usual: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumeRule(Rule):
    """The bound check. ``schedule`` is that of the table's partitions check, where it has one."""

    check: ClassVar[str] = "volume"
    can_learn: ClassVar[bool] = True
    bounds: tuple[Bound, ...] = ()
    drop: float | None = None
    rise: float | None = None
    auto: Share | None = None
    """Its share of the false alarms where it learns drop and rise; None where it does not."""
    of: str = "bytes"
    season: str | None = None
    history: int = HISTORY
    row_files: int = ROW_FILES
    severity: Severity = Severity.CRITICAL
    schedule: Schedule | None = None
    marks: tuple[Mark, ...] = ()
    """What people said that it learns from, the days of which are those in ``zone``."""
    zone: ZoneInfo = _UTC
    taught_by: frozenset[str] = frozenset()
    """The ids of the marks that had a part in what it learned."""
    looks_back: Extent | None = None
    """How far back all that came is read, with when; None where the last period is judged."""

    def taught(self, marks: Sequence[Mark], now: datetime) -> VolumeRule:
        """Return the rule with what marks of its table teach by ``now``, where it learns."""
        return self if self.auto is None else replace(self, marks=teaching(marks, self.check, now))

    def learned(self, seen: Observation, clock: Clock, memory: TableMemory) -> VolumeRule:
        """Return the rule with the marks that have a part in its limits."""
        look = self._look(seen, clock, memory) if self.marks and self.looks(seen.table) else None
        if look is None or isinstance(look, Problem):
            return self
        return replace(self, taught_by=frozenset(self._taught(look, seen).by))

    def _taught(self, look: Look, seen: Observation) -> Taught:
        """Return the limits that follow from earlier sizes and from what people said of them."""
        return taught(self.usual_limits, look, self._said(schedule_seen(self.schedule, seen)))

    def _said(self, schedule: Schedule | None) -> Said:
        """Return what marks say, by a schedule; None: by the days of looks at a whole place."""
        return said_of(self.marks, times_of(schedule, self.zone)) if self.marks else Said()

    @property
    def limits(self) -> tuple[float | None, float | None]:
        """No limit may be crossed."""
        return allowed(0, self.severity)

    @property
    def usual_limits(self) -> UsualLimits:
        """What limits follow from earlier sizes."""
        return UsualLimits(self.drop, self.rise, self.auto, self.of, self.season, self.history)

    @property
    def share(self) -> Share | None:
        """Its share of the false alarms that may come of what is learned."""
        return self.auto

    def sharing(self, share: Share) -> VolumeRule:
        """Return the rule with its share of the false alarms."""
        return self if self.auto is None else replace(self, auto=share)

    @property
    def tells_periods(self) -> bool:
        """It judges one period, or the whole table."""
        return True

    def periods_seen(self, memory: TableMemory) -> StatedPeriods | None:
        """Return the periods that the layout tells apart."""
        layout = layout_from_json(memory.layout, _UTC) if memory.layout else None
        return StatedPeriods(schedule=schedule_of(self.schedule, layout)) if layout is not None else None

    @property
    def weighs_periods(self) -> bool:
        """It judges what a period holds."""
        return True

    @property
    def compares(self) -> bool:
        """Tell whether earlier periods are needed."""
        return self.usual_limits.compares

    def detail(self, clock: Clock) -> Detail:  # noqa: ARG002 - the interface's
        """Ask a log for sizes, and for rows where these are judged."""
        rows = (self.compares and self.of == "rows") or any(each.what == "rows" for each in self.bounds)
        back = self.looks_back is not None
        files = self.row_files if rows and not back else 0  # each footer takes a request
        by_period = self.schedule is not None
        return Detail(sizes=True, rows=rows, row_files=files, by_period=by_period, growth=back)

    def looks(self, table: Table) -> bool:
        """Tell that lists of files are not looked at: their sizes tell nothing."""
        return only_lists(table, self.check) is None

    def needs(self, table: Table, layout: TimeLayout | None, clock: Clock, memory: TableMemory) -> Needs:
        """Ask for the last complete period, and for those it is compared with that are not remembered."""
        if layout is None:
            return Needs(place=True)
        schedule = schedule_of(self.schedule, layout)
        if not layout.can_tell(schedule.every):
            return Needs()
        if self.looks_back is not None:
            return Needs(periods=periods_back(schedule, clock.now, self.looks_back, self._reach(schedule)))
        due = schedule.due_whole(clock.now)
        if not due:
            return Needs()
        judged = due[0].period
        known = {label for label, size in memory.sizes.items() if self._tells(size, table)}
        before = tuple(each for each in self._before(schedule, judged) if each.label not in known)
        of_months = (period for place in self._places(schedule, judged) for period in place.periods)
        months = tuple(each for each in dict.fromkeys(of_months) if each.label not in known)
        if self.season == "month" or table.format is not Format.FILES:  # a log tells them at no request more
            return Needs(periods=(judged,), compared=tuple(dict.fromkeys((*before, *months))))
        further = Further(compared=months) if months else None
        return Needs(periods=(judged,), compared=before, further=further)

    def _reach(self, schedule: Schedule) -> timedelta:
        """Return how far before a period those lie that tell what is usual of it."""
        if not self.compares:
            return timedelta(0)
        if schedule.every.unit not in (Unit.DAY, Unit.MINUTE):
            return self.history * schedule.every.nominal
        return timedelta(days=self.history * _MONTH if self.season == "month" else MOST_REMEMBERED)

    def _before(self, schedule: Schedule, judged: Period) -> tuple[Period, ...]:
        """Return the periods that one is compared with by its weekday."""
        return (
            compared_with(schedule, judged, self.history) if self.compares and self.season != "month" else ()
        )

    def _places(self, schedule: Schedule, judged: Period) -> tuple[Place, ...]:
        """Return the places in its month that a period is compared by."""
        return (
            places_before(schedule, judged, self.history) if self.compares and self.season != "week" else ()
        )

    def wants_further(self, seen: Observation, clock: Clock, memory: TableMemory) -> bool:
        """Tell whether a limit by the weekday is crossed, so that the day of the month has to explain it."""
        look = self._look(seen, clock, memory)
        if look is None or isinstance(look, Problem) or self.season is not None:
            return False
        bounds, _, _ = self.usual_limits.by_weekday(look)
        crossed = any(each.is_crossed(look.size) for each in bounds)
        if not crossed or not self.marks:
            return crossed
        return any(each.is_crossed(look.size) for each in self._taught(look, seen).learned[0])

    def _tells(self, size: Size, table: Table) -> bool:
        """Tell whether a remembered size spares another look: footers may tell the rows of one that has none."""
        return self.of != "rows" or size.rows is not None or table.file_format != "parquet"

    def measure(self, seen: Observation, clock: Clock, memory: TableMemory) -> Row[Weighed]:
        """Count the limits that are crossed; too little history, or a size not read whole, is a doubt."""
        look = only_lists(seen.table, self.check) or self._look(seen, clock, memory)
        if isinstance(look, Problem):
            return self.row(seen, unknown=look)
        if look is None:
            return self.row(seen, Weighed(), observed=0)
        found = self._taught(look, seen)
        learned, doubt, usual = found.learned
        by = say_taught(self.marks, found.by, self.zone)
        if doubt is not None and by:
            doubt = replace(doubt, message=f"{doubt.message}, learned with {by}")
        nothing = of_nothing(look, seen, memory, self.of) if self.auto is not None else None
        if nothing is not None:
            learned, doubt = (nothing,), None
        bounds = (*self.bounds, *learned)
        if look.problem is not None:  # a lower bound proves too much, never too little
            bounds, doubt = tuple(each for each in bounds if each.is_most), look.problem
        if doubt is None and any(value_of(look.size, each.what) is None for each in bounds):
            doubt = no_rows(seen, look.rows_unknown)
        crossed = [each for each in bounds if each.is_crossed(look.size)]
        facts = Weighed(look, bounds, crossed, usual, by)
        return self.row(seen, facts, observed=len(crossed), doubt_if_pass=doubt)

    def _look(self, seen: Observation, clock: Clock, memory: TableMemory) -> Look | Problem | None:
        """Return what is judged; a problem where it is not known, None where nothing is due yet."""
        schedule = schedule_seen(self.schedule, seen)
        if schedule is None:
            return place_seen(seen, memory, self.history, is_marked=bool(self.marks))
        due = schedule.due_whole(clock.now)
        if not due:
            return None
        judged, of_judged = newest_with_data(due[: schedule.misses], seen)
        if not of_judged:
            return seen.problem or not_looked_at(seen, judged)
        size, problem = sum_of(of_judged)
        daily = schedule.every.unit in (Unit.DAY, Unit.MINUTE)
        earlier = known_sizes(seen, memory, self._before(schedule, judged))
        weekday = judged.wall.toordinal() % 7
        return Look(
            name=judged.label,
            period=judged,
            size=size,
            at=days_of(judged.wall),
            noun=_WEEKDAYS[judged.wall.weekday()] if daily else schedule.every.noun,
            other="day" if daily else schedule.every.noun,
            same=tuple([each for each in earlier if int(each[0]) % 7 == weekday]) if daily else earlier,
            all=earlier,
            known=known_sizes(seen, memory, all_before(schedule, judged, MOST_REMEMBERED))
            if self.auto is not None
            else (),
            a_year=DAYS_A_YEAR * DAY / (judged.end - judged.start).total_seconds(),
            months=tuple(
                OfMonth(place.name, known_sizes(seen, memory, place.periods))
                for place in self._places(schedule, judged)
            ),
            problem=problem,
            empty=sum(each.listing.empty_objects for each in of_judged if each.listing is not None),
            remembered=remembered(memory.sizes, schedule, days_of(judged.wall)) if self.marks else (),
            rows_unknown=next(
                (
                    why
                    for each in of_judged
                    if each.listing is not None and (why := each.listing.rows_unknown)
                ),
                "",
            ),
        )

    def explain(self, seen: Observation, finding: Finding, clock: Clock) -> Iterator[str]:
        """Yield what the size is compared with, and whether rows were counted."""
        schedule = schedule_seen(self.schedule, seen)
        due = schedule.due_whole(clock.now) if schedule is not None else ()
        if schedule is not None and due and self.compares:
            before, places = self._before(schedule, due[0].period), self._places(schedule, due[0].period)
            if before:
                by = "by the weekday " if schedule.every.unit in (Unit.DAY, Unit.MINUTE) else ""
                yield f"compared {by}with {before[-1].label} to {before[0].label}"
            for place in places:
                labels = ", ".join(each.label for each in place.periods[:_MOST_NAMED]) or "none that is due"
                when = "" if self.season == "month" else ", where the weekday's limits are crossed"
                yield f"compared by {place.name} of earlier months{when}: {labels}"
        if self.auto is not None:
            usual, by = finding.usual, say_taught(self.marks, self.taught_by, self.zone)
            told = f"; learned with {by}" if by else ""
            yield f"learned: {usual}{told}" if usual else "learned: nothing yet, as the finding says"
            yield self.auto.say("it")
        counts = self.detail(clock).row_files
        if counts and seen.table.format is Format.FILES:
            yield f"rows are told by the footers of plain Parquet files, of at most {counts:,} a run"

    def remember(self, seen: Observation, before: TableMemory) -> dict[str, Any]:
        """Return the sizes of periods that later runs compare with, a bounded number of them."""
        if not self.compares or not self.looks(seen.table):
            return {}
        seen_by = schedule_seen(self.schedule, seen)
        sizes = whole_sizes(seen, seen_by)
        found = {label: with_rows_of(size, before.sizes.get(label)) for label, size in sizes}
        newest = max(found, default=None)
        if newest is None:
            return {"sizes": before.sizes}
        # Hours are compared with the same hour of other days: others need not be remembered.
        alike = {
            label: size
            for label, size in {**before.sizes, **found}.items()
            if len(label) == len(newest) and ("-W" in label or label[10:] == newest[10:])
        }
        newest_first = sorted(alike, reverse=True)
        kept = {
            *newest_first[:MOST_REMEMBERED],
            *labels_for(self._said(seen_by), newest_first, seen_by),
        }
        return {"sizes": {label: alike[label] for label in newest_first if label in kept}}

    def finding(self, row: Row[Weighed], severity: Severity | None, about: About = NOTHING_MORE) -> Finding:
        """Write the finding: how much there is, which limits that crosses, what is usual."""
        look, bounds, crossed = row.facts.look, row.facts.bounds, row.facts.crossed
        if look is None:
            return self.tell(row, severity, "nothing is due yet", about=about, evidence=None)
        main = crossed[0] if crossed else bounds[0] if bounds else None
        limit = None if main is None else main.value
        too_little = any(not each.is_most for each in crossed)
        period = look.period if too_little else None
        return self.tell(
            row,
            severity,
            because(look, crossed, bounds, row.facts.by),
            about=about,
            observed=look.size.bytes if main is None else value_of(look.size, main.what),
            expected=limit,
            limits=Limits(critical=limit) if self.severity is Severity.CRITICAL else Limits(warning=limit),
            advice=advice(look, crossed) if severity is not None else "",
            usual=row.facts.usual,
            of_period=look.name if too_little else "",
            judged=look.name if look.period is not None else "",
            absence=Absence(periods={"": (period.start, period.end)}) if period is not None else None,
        )
