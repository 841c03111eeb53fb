"""What a run is expected to take, table by table, and whether it runs when it should. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import TYPE_CHECKING

from checks.aws.ledger import price_of
from checks.lake.formats.delta.walk import MOST_TO_LEARN
from checks.lake.formats.iceberg.earlier_answer import standing
from checks.lake.formats.shared.asked import asked_of
from checks.lake.plain.earlier_answers import Answers
from checks.lake.plain.find_layout import projected_layout
from checks.lake.plain.half_registered import keys_of_period
from checks.lake.plain.past import MOST_REQUESTS
from checks.lake.plain.prefix_logs import standing as logs_standing
from checks.lake.plain.targets import Targets
from checks.lake.s3.scan import can_scan
from checks.layout import infer_layout, layout_from_json
from checks.layout.projection import Unprojectable, is_projected, projection_of
from checks.model import LISTS, Format, Problem, Unobserved
from checks.schedule.durations import say_duration

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from checks.layout import TimeLayout
    from checks.model import Period
    from checks.rules.asking import Clock
    from checks.rules.base import Rule, TablePlan
    from checks.schedule.runs import RunTimes

LATE = timedelta(hours=2)
"""A deadline that a run sees later than this is worth another schedule."""
_AFTER = timedelta(minutes=10)
"""How long after a deadline a run is suggested: what is due is there by then, or late."""
_ROUNDS = 2
"""Of many places the newest periods are read first, then the others."""
_WEEK, _HALF_A_YEAR = timedelta(days=7), timedelta(days=183)
_LOGS = {
    Format.ICEBERG: ("Iceberg log", {"s3:GetObject": 1}),
    Format.DELTA: ("Delta log", {"s3:ListObjectsV2": 1, "s3:GetObject": 2}),
    Format.HUDI: ("Hudi timeline", {"s3:ListObjectsV2": 1, "s3:GetObject": 2}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What reading one table is expected to take: in words, in requests by operation, in dollars.

    ``at_least`` is True where objects are many: then each 1,000 of them take a request more. So is it where a log may
    have to be read further back.
    """

    way: str
    requests: dict[str, int]
    at_least: bool = False
    at_most: bool = False
    """True where what is seen first may end it: then it takes fewer."""

    @property
    def count(self) -> int:
        """All requests."""
        return sum(self.requests.values())

    @property
    def usd(self) -> float:
        """US dollars at list price."""
        return sum(count * price_of(operation) for operation, count in self.requests.items())


def estimate(plan: TablePlan, clock: Clock) -> Estimate:
    """Estimate what reading a table takes, from what is known before it is read.

    Tables that it is judged together with are read where it is not fresh by itself.
    """
    own = _of_table(plan, clock)
    others = [_of_table(each.plan, clock) for each in plan.members if each.plan is not None]
    if not others:
        return own
    requests = Counter(own.requests)
    for each in others:
        requests.update(each.requests)
    tables = f"{len(others)} more table{'s' if len(others) > 1 else ''}"
    return Estimate(way=f"{own.way}; {tables} where it is stale", requests=dict(requests), at_most=True)


def _of_table(plan: TablePlan, clock: Clock) -> Estimate:
    """Estimate the reading of one table by itself."""
    if plan.table.format is not Format.FILES:
        return _of_log(plan, clock)
    listed = _of_files(plan, clock)
    if plan.table.is_prefix and plan.schedule is not None and known_layout(plan) is not None:
        listed = _with_a_look(listed, plan, clock)
    detail = plan.detail(clock)
    # A place that is read whole may hold but one file.
    footers = min(detail.footers, 1) if listed.at_least else detail.footers
    rows = _footers_of_rows(plan, clock) if plan.table.file_format in (None, "parquet") else 0
    if rows > footers:
        way = f"{listed.way}, footers for rows"
        return replace(listed, way=way, requests={**listed.requests, "s3:GetObject": rows}, at_least=True)
    return replace(listed, requests={**listed.requests, "s3:GetObject": footers}) if footers else listed


def _with_a_look(listed: Estimate, plan: TablePlan, clock: Clock) -> Estimate:
    """Return the estimate of a prefix whose dated folders alone are listed, with the look for a log beside them."""
    if logs_standing(plan, clock) is not None:
        return listed
    lists = listed.requests.get("s3:ListObjectsV2", 0) + 1
    return replace(
        listed, way=f"{listed.way}, a look for a log", requests={**listed.requests, "s3:ListObjectsV2": lists}
    )


def _footers_of_rows(plan: TablePlan, clock: Clock) -> int:
    """Return how many footers are read for rows: as many as periods had files that earlier runs saw, else one.

    Periods that are compared and not remembered take more.
    """
    most = plan.detail(clock).row_files
    seen = [size.files for size in plan.memory.sizes.values()]
    return min(most, max(round(median(seen)), 1) if seen else 1)


def learning_takes(plan: TablePlan, clock: Clock) -> int:
    """Return how many requests more a run may take, once, to learn the habit of a table that is not known yet.

    Places that are listed whole, and the logs of Iceberg and Hudi, tell it with what is read of them anyway.
    """
    table = plan.table
    if not plan.detail(clock).times or not plan.memory.has_to_learn:
        return 0
    if table.format is Format.DELTA:
        return MOST_TO_LEARN
    if table.format is not Format.FILES or not (table.partition_keys or plan.schedule is not None):
        return 0
    return MOST_REQUESTS + (1 if table.partition_keys and not is_projected(table) else 0)


def _of_files(plan: TablePlan, clock: Clock) -> Estimate:
    """Estimate the listing of plain files, and what Glue is asked for them."""
    table = plan.table
    schedule = plan.schedule
    if schedule is None and not table.partition_keys:
        return Estimate(way="whole prefix", requests={"s3:ListObjectsV2": 1}, at_least=True)
    layout = known_layout(plan)
    asks_glue = bool(table.partition_keys) and not is_projected(table)
    glue = {"glue:GetPartitions": 1 if layout is not None else 2} if asks_glue else {}
    places = places_of_each(plan, layout)
    if schedule is None and places > 1:
        way = f"newest periods back, {places} places of each in turn"
        return Estimate(way=way, requests={"s3:ListObjectsV2": _ROUNDS * places}, at_most=True)
    if schedule is None:
        return Estimate(way="newest partitions back", requests={**glue, "s3:ListObjectsV2": 1})
    due = [each.period for each in schedule.due_of_any(clock.now, reach_back_to=clock.last_completed_at)]
    told = f"{len(due)} due {schedule.every.noun}{'s' if len(due) != 1 else ''}"
    if len(due) < 2:
        return Estimate(way=f"{told} by name", requests={**glue, "s3:ListObjectsV2": 1})
    if layout is None:
        return Estimate(way=f"{told}, time key not known yet", requests={**glue, "s3:ListObjectsV2": 1})
    if places > 1:
        way = f"{told}, {places} places of each, a scan each until all are proved"
        return Estimate(way=way, requests={"s3:ListObjectsV2": places}, at_most=plan.each is None)
    folders = _folders_beside(plan, clock, layout, len(due))
    known = spared(plan, clock, layout, due)
    left = len(due) - known
    before = f", {known} seen before" if known else ""
    if in_key_order(plan, layout, due):
        listings = left if plan.memory.answers else 1  # answers are kept where partitions are large
        return Estimate(
            way=f"{told}{before}, one scan", requests={**glue, "s3:ListObjectsV2": listings + folders}
        )
    others = "the others by themselves" if known else "each by itself"
    return Estimate(way=f"{told}{before}, {others}", requests={**glue, "s3:ListObjectsV2": left + folders})


def _folders_beside(plan: TablePlan, clock: Clock, layout: TimeLayout, periods: int) -> int:
    """Count the folders that are looked into for what lies unregistered beside the partitions of a period."""
    table = plan.table
    if is_projected(table) or plan.schedule is None or not plan.detail(clock).usual_place:
        return 0
    behind = table.partition_keys[keys_of_period(table, layout, plan.schedule.every) :]
    timed = {key.name for key in layout.keys}
    return periods if any(key.name not in timed for key in behind) else 0


def places_of_each(plan: TablePlan, layout: TimeLayout | None) -> int:
    """Count the places that each period of a projected table is kept in; 1 where one listing tells of all."""
    table = plan.table
    if layout is None or not is_projected(table):
        return 1
    each = plan.each
    targets = Targets(table, layout, each)
    try:
        naming = targets.names()
        if naming is None or (each is None and naming.parents() is not None):
            return 1
        stated = dict(zip(each.keys, each.values, strict=False)) if each is not None else {}
        return max(1, len(projection_of(table).combinations(stated)))
    except (Unobserved, Unprojectable):
        return 1


def spared(plan: TablePlan, clock: Clock, layout: TimeLayout, due: Sequence[Period]) -> int:
    """Count the due periods that need no look where the catalog says the same of them as before."""
    answers = Answers.of(plan, clock, due)
    needs = [rule.needs(plan.table, layout, clock, plan.memory) for rule in plan.rules]
    places = {
        period.label: [
            place for place, answer in plan.memory.answers.items() if answer.period == period.label
        ]
        for period in due
    }
    return sum(
        bool(places[period.label])
        and all(answers.would_spare(place, period, needs) for place in places[period.label])
        for period in due
    )


def _of_log(plan: TablePlan, clock: Clock) -> Estimate:
    """Estimate the reading of a log: of more than recency it takes at least a file of it, of a large table some."""
    table, asked = plan.table, asked_of(plan, clock)
    if table.format is Format.ICEBERG and standing(plan, clock) is not None:
        return Estimate(way="Iceberg log, read before", requests={})
    way, recency = _LOGS[table.format]
    by_files = asked.periods or asked.live or asked.value is not None
    more = {
        Format.ICEBERG: 2 if by_files else 0,  # the list and a manifest
        Format.DELTA: 1 if asked.periods or asked.live or asked.whole else 0,  # the checkpoint
        Format.HUDI: 1 if by_files or asked.whole else 0,  # a footer, or another commit
    }[table.format]
    requests = {**recency, "s3:GetObject": recency["s3:GetObject"] + more}
    if table.is_prefix and table.format is Format.ICEBERG:  # no catalog names its metadata file
        requests["s3:ListObjectsV2"] = 1
    if table.file_format == LISTS:  # the manifests, and where readers find them
        requests["s3:ListObjectsV2"] = requests.get("s3:ListObjectsV2", 0) + 1
        if asked.periods and table.partition_keys:
            requests["s3:ListObjectsV2"] += 1
            requests["glue:GetPartitions"] = 1 if known_layout(plan) is not None else 2
    return Estimate(way=way, requests=requests, at_least=more > 0)


def known_layout(plan: TablePlan) -> TimeLayout | None:
    """Return the time layout where it is known without a look at the table: stated, remembered, or typed."""
    zone = plan.labels
    if plan.memory.layout:
        return layout_from_json(plan.memory.layout, zone)
    stated = plan.stated_layout
    if is_projected(plan.table) and (stated is None or not stated.formats):
        told = projected_layout(plan.table, stated, zone, plan.every)
        return None if isinstance(told, Problem) else told
    if (stated is None or not stated.formats) and any(
        key.type != "date" for key in plan.table.partition_keys
    ):
        return None
    found = infer_layout(plan.table.partition_keys, (), zone, stated, plan.every)
    return None if isinstance(found, Problem) else found


def in_key_order(plan: TablePlan, layout: TimeLayout, due: Sequence[Period]) -> bool:
    """Tell whether the places of these periods follow one another in S3 as they do in time.

    Partitions that lie elsewhere, or more keys before the time, show only when the table is read.
    """
    try:
        naming = Targets(plan.table, layout).names()
    except Unobserved:
        return False
    if naming is None:
        return False
    naming = naming.parents() or naming
    places = [place.location for period in sorted(due) for place in naming.places_of(period)]
    root = plan.table.location
    if is_projected(plan.table):  # its template may lead elsewhere
        root = naming.template[: naming.template.find("${")].rpartition("/")[0] + "/"
    return can_scan(root, places)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenLate:
    """Tables whose deadlines the run sees late, by how long at most, and a schedule that fits better."""

    tables: tuple[str, ...]
    by: timedelta
    fitting: str

    def say(self, runs: RunTimes) -> str:
        """Say it with what to write."""
        others = f" and {len(self.tables) - 1} more" if len(self.tables) > 1 else ""
        late = f"sees deadlines of {self.tables[0]}{others} up to {say_duration(self.by)} late"
        return f"a run at {runs.expression} {late}; {self.fitting} fits better"


def seen_late(plans: Iterable[TablePlan], runs: RunTimes, now: datetime) -> tuple[SeenLate, ...]:
    """Return whose deadlines the runs see more than `LATE` after they pass, the worst first, by what fits better.

    Raises ValueError for an expression that is not read.
    """
    found: dict[str, list[tuple[timedelta, str]]] = {}
    for plan in plans:
        deadlines = sorted({at for rule in plan.rules for at in _deadlines(rule, now)})
        worst = timedelta(0)
        for due_at in deadlines:
            run_at = runs.first_at_or_after(due_at)
            worst = max(worst, run_at - due_at if run_at is not None else _WEEK)
        if worst > LATE:
            found.setdefault(_fitting(deadlines), []).append((worst, plan.table.id))
    late = [
        SeenLate(
            tables=tuple(sorted(table for _, table in each)), by=max(wait for wait, _ in each), fitting=text
        )
        for text, each in found.items()
    ]
    return tuple(sorted(late, key=lambda each: (-each.by, each.tables)))


def _deadlines(rule: Rule, now: datetime) -> Iterator[datetime]:
    """Yield the deadlines of the next day, or the next one, now and half a year on, when clocks may differ."""
    for start in (now, now + _HALF_A_YEAR):
        yield from rule.deadlines(start)


def _fitting(deadlines: Sequence[datetime]) -> str:
    """Return an EventBridge expression that runs soon after these deadlines (UTC)."""
    times = sorted({(at + _AFTER).astimezone(UTC).time() for at in deadlines})
    minutes = sorted({at.minute for at in times})
    hours = sorted({at.hour for at in times})
    if len(minutes) > 1 and len(times) > 3:
        return "rate(15 minutes)" if len(minutes) > 2 else f"cron({','.join(map(str, minutes))} * * * ? *)"
    if len(hours) == 2 and (hours[0] + 1) % 24 == hours[1]:
        hours = hours[1:]  # one time of day, and the change of clocks
    if len(hours) > 6:
        return f"cron({minutes[0]} * * * ? *)"
    return f"cron({minutes[-1]} {','.join(map(str, hours))} * * ? *)"
