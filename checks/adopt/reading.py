"""Reading tables of which nothing is stated: each by the looks that its checks ask for, the first that tells enough."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from checks.adopt.discovery import Adopted, Discovery, TooLittleKnown, Unread, Want
from checks.adopt.extents import FIRST_LOOK, cut_short, extent_of
from checks.adopt.replaying import replay_of
from checks.aws.ledger import price_of
from checks.config import ConfigErrors, load
from checks.config.selectors import parse_selector
from checks.lake.estimate import estimate, learning_takes
from checks.lake.observe import observe
from checks.model import Format, Observation, Problem, ProblemKind
from checks.monitor.plan import plan
from checks.rules import CHECKS
from checks.rules.asking import Share
from checks.rules.base import Binding
from checks.rules.proposing import Extent, Past, Proposal, TooLittle
from checks.side_by_side import counted, in_turn
from checks.text import count

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import timedelta

    from checks.adopt.replaying import Replayed
    from checks.config import Config
    from checks.lake import Lake
    from checks.lake.s3.table_reader import LakeReader
    from checks.learn import Arrival
    from checks.monitor.plan import Planned
    from checks.rules.asking import Clock
    from checks.rules.base import CheckConfig, Rule, TablePlan
    from checks.side_by_side import Spread, Tell

_UTC = ZoneInfo("UTC")
_MORE = "look at it with a higher --max-requests, or write an entry for it by hand"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is looked at: the plans of tables, and what was found out of those that cannot be, or need not be."""

    want: Want
    planned: Planned
    unwritable: tuple[str, ...] = ()
    watched: int = 0

    @property
    def share(self) -> Share:
        """The share of the false alarms that each table has."""
        return Share.of(self.want.false_alarms, len(self.planned.plans) + self.watched)


def survey(want: Want, lake: Lake, clock: Clock, config: Config | None = None) -> Asked:
    """Return the tables that are looked at, by what the catalog says alone; those that ``config`` watches are not."""
    blocks = {check: block for check, _, block in _looks(Extent(back=want.back))}
    entries = [{"table": glob, "max_requests": want.max_requests, **blocks} for glob in want.globs]
    asking = load({"version": 1, "tables": entries}, environ={})
    planned = plan(asking, lake.catalog, {}, clock.now)
    known = [each for each in planned.plans if config is not None and _speaks_of(config, each)]
    names = {each.table.id for each in known}
    unwritable = list(_unwritable(planned.plans))
    left = planned.only(lambda table: table not in names and table not in unwritable)
    return Asked(want=want, planned=left, unwritable=tuple(unwritable), watched=len(known))


@dataclass(frozen=True, slots=True)
class Expected:
    """What reading one table takes: in words, in requests at the least and at the most, in dollars at the most."""

    plan: TablePlan
    way: str
    least: int
    most: int
    usd: float


def expected(plans: Iterable[TablePlan], bound: int, clock: Clock) -> Iterator[Expected]:
    """Yield for each table how it is read, and what that takes, up to the requests that a table may take."""
    for each in plans:
        told = estimate(each, clock)
        # How many objects and periods there are is not known before.
        is_open = told.at_least or bool(each.table.partition_keys) or each.table.format is not Format.FILES
        most = bound if is_open else min(bound, told.count + learning_takes(each, clock))
        least = min(told.count, most)
        usd = told.usd + (most - least) * price_of("s3:ListObjectsV2")
        yield Expected(each, told.way, least, most, usd)


def discover(
    asked: Asked,
    lake: Lake,
    clock: Clock,
    on_done: Callable[[Observation], None] | None = None,
    spread: Spread = in_turn,
    on_replayed: Tell | None = None,
) -> Discovery:
    """Look at the tables side by side, and return what was found out. Never raises for what AWS answers.

    ``spread`` says where what was found is replayed, which takes up to a second or two a table. ``on_replayed`` is told
    how many tables are.
    """
    looking = Looking(asked)
    seen = lake.observe_all(asked.planned.plans, clock, on_done=on_done, looking=looking)
    proposed = {
        table: found
        for table, found in looking.found.items()
        if isinstance(found, Proposal) and seen[table].problem is None
    }
    replays = _replays(proposed, asked, clock, spread, on_replayed)
    unread = [Unread(each.table, _why(each.because, each.advice)) for each in asked.planned.findings]
    adopted: list[Adopted] = []
    too_little: list[TooLittleKnown] = []
    for each in asked.planned.plans:
        table, problem = each.table.id, seen[each.table.id].problem
        found = looking.found.get(table)
        if problem is not None or found is None:
            unread.append(Unread(table, _said(problem) if problem else "not reached"))
        elif isinstance(found, Proposal):
            replayed = replays[table]
            newest = datetime.fromtimestamp(found.arrivals[-1].at, UTC)
            if replayed.is_open and newest < clock.now - asked.want.back:
                too_little.append(
                    TooLittleKnown(table, f"nothing came since {newest:%Y-%m-%d}: is it retired?")
                )
            else:
                adopted.append(Adopted(table=table, proposal=found, replayed=replayed))
        else:
            too_little.append(TooLittleKnown(table, found.why))
    cost = lake.cost()
    return Discovery(
        want=asked.want,
        on=clock.now.astimezone(UTC).date(),
        adopted=tuple(adopted),
        too_little=tuple(too_little),
        unread=tuple(sorted(unread, key=lambda one: one.table)),
        notes=tuple(_notes(asked)),
        watched=asked.watched,
        requests=cost.requests,
        usd=cost.usd,
    )


def _replays(
    proposed: Mapping[str, Proposal], asked: Asked, clock: Clock, spread: Spread, on_replayed: Tell | None
) -> dict[str, Replayed]:
    """Return what the past of each table would have told by what is proposed for it."""
    longest_first = sorted(proposed, key=lambda table: (-len(proposed[table].arrivals), table))
    replay = partial(_replay, share=asked.share.a_year, now=clock.now, back=asked.want.back)
    one_more = counted(on_replayed, len(longest_first))
    items = [(table, proposed[table].arrivals, proposed[table].dated) for table in longest_first]
    return dict(zip(longest_first, spread(replay, items, lambda item: one_more(item[0])), strict=True))


def _replay(
    found: tuple[str, Sequence[Arrival], bool], share: float, now: datetime, back: timedelta
) -> Replayed:
    _, arrivals, dated = found
    return replay_of(arrivals, share, now, back, dated=dated)


def _notes(asked: Asked) -> Iterator[str]:
    yield from asked.planned.notes
    for table in asked.unwritable:
        yield f"left out: {table}, for no entry of a config can name it; a glob with ? in place of what is odd can"
    if asked.watched:
        yield f"{count(asked.watched, 'table')} of these the config watches, or leaves out, already"


def _why(message: str, remedy: str) -> str:
    return f"{message}; {remedy}" if remedy else message


def _said(problem: Problem) -> str:
    return _why(problem.message, _MORE if problem.kind is ProblemKind.OVER_BUDGET else problem.remedy)


def _unwritable(plans: Sequence[TablePlan]) -> Iterator[str]:
    """Yield the tables that no entry of a config can name, and those whose name differs in capitals alone."""
    known: set[str] = set()
    are_well = _is_a_config([each.table.id for each in plans])
    for each in plans:
        name = each.table.id
        if name.lower() in known or not _is_named(each) or not (are_well or _is_a_config([name])):
            yield name
        known.add(name.lower())


def _is_named(each: TablePlan) -> bool:
    table = each.table
    try:
        selector = parse_selector(f"{table.database}.{table.name}")
    except ValueError:
        return False
    is_whole = (selector.database or "").lower() == table.database and (
        selector.name or ""
    ).lower() == table.name
    return (
        not selector.is_glob and is_whole and selector.matches(None, table.database or "", table.name or "")
    )


def _is_a_config(names: Sequence[str]) -> bool:
    """Tell whether entries of these tables are without mistakes, and name them to the letter."""
    entries = [{"table": name.replace("${", "$${"), "freshness": "auto"} for name in names]
    try:
        config = load({"version": 1, "tables": entries}, environ={})
    except ConfigErrors:
        return not entries
    return {each.id for each in config.selectors()} == {name.lower() for name in names}


def _speaks_of(config: Config, each: TablePlan) -> bool:
    """Tell whether an entry watches the table, or leaves it out on purpose."""
    database, name = each.table.database or "", each.table.name or ""
    return config.watches(each.table.id) or any(
        replace(selector, exclude=()).matches(None, database, name)
        for selector in config.selectors()
        if selector.exclude
    )


def _looks(extent: Extent) -> Iterator[tuple[str, type[CheckConfig], dict[str, Any]]]:
    """Yield the checks that may propose something of a table, each with the block by which enough is read for it."""
    for check, config in CHECKS.items():
        block = config.to_propose(extent)
        if block is not None:
            yield check, config, block


def _rules_of_looks(extent: Extent) -> Iterator[tuple[Rule, ...]]:
    return (_rules(config, block) for _, config, block in _looks(extent))


def _rules(config: type[CheckConfig], block: dict[str, Any]) -> tuple[Rule, ...]:
    return (config.model_validate(block).bind(Binding(zone=_UTC)),)


@dataclass(slots=True)
class Looking:
    """Looks at one table after the other, in threads of the lake; ``found`` holds what each one came to."""

    asked: Asked
    found: dict[str, Proposal | TooLittle] = field(default_factory=dict)

    def __call__(
        self, each: TablePlan, clock: Clock, reader_of: Callable[[TablePlan], LakeReader]
    ) -> Observation:
        """Return the look that told enough, or the last one; its problem is the table's."""
        reader = reader_of(each)
        want = self.asked.want
        each, extent, used = extent_of(each, clock, reader, want.back, want.max_requests, _rules_of_looks)
        lacking: list[TooLittle] = []
        seen = Observation(table=each.table, now=clock.now)
        looks = list(_looks(extent))
        for number, (_, config, block) in enumerate(looks, 1):
            is_last = number == len(looks)
            left = want.max_requests - used
            entry = each.entry.model_copy(
                update={"max_requests": max(1, left if is_last else int(left * FIRST_LOOK))}
            )
            seen = observe(replace(each, entry=entry, rules=_rules(config, block)), clock, reader)
            used += seen.requests
            seen = replace(seen, problem=seen.problem or cut_short(seen), requests=used)
            if seen.problem is not None:
                if is_last:
                    return seen
                continue
            said = config.model_validate(block).propose(Past(seen=seen, clock=clock, share=self.asked.share))
            if isinstance(said, Proposal):
                self.found[each.table.id] = replace(said, instead="; ".join(one.why for one in lacking))
                return seen
            lacking.append(said)
        self.found[each.table.id] = _together(lacking)
        return seen


def _together(lacking: list[TooLittle]) -> TooLittle:
    """Return why nothing is known: that of the last look, which asks least, with those of the others before it."""
    whys = list(dict.fromkeys(each.why for each in reversed(lacking) if each.why))
    return TooLittle("; ".join(whys), max((each.seen for each in lacking), default=0))
