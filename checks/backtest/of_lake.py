"""The lake's own history -> what a config, and others like it, would have told of its tables in the last days."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from checks.adopt.extents import FIRST_LOOK, KEPT_BACK, cut_short, extent_of
from checks.adopt.reading import expected
from checks.lake.observe import observe
from checks.model import Observation, ProblemKind
from checks.monitor.plan import plan
from checks.rules import CHECKS
from checks.rules.asking import Share
from checks.rules.proposing import Extent
from checks.rules.retold import Retold, Span
from checks.side_by_side import counted, in_turn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from checks.adopt.reading import Expected
    from checks.config import Config
    from checks.lake import Lake
    from checks.lake.s3.table_reader import LakeReader
    from checks.monitor.plan import Planned
    from checks.rules.asking import Clock
    from checks.rules.base import Rule, TablePlan
    from checks.rules.retold import Came, Retelling
    from checks.side_by_side import Spread, Tell

_STEP = timedelta(days=3)
"""Candidates learn so often: as fast as a change of habit is believed, and a third of the time that each day takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is replayed: the tables of ``config`` and of ``others``, over the time up to now that ``back`` tells.

    No table may take more than ``max_requests``. ``only`` tells by its id which tables are meant.
    """

    config: Config
    others: tuple[Config, ...]
    back: timedelta
    max_requests: int
    only: Callable[[str], bool] = lambda _: True


@dataclass(frozen=True, slots=True, kw_only=True)
class Surveyed:
    """The plans of the tables by config, that of today first, with what could not be planned."""

    asked: Asked
    planned: tuple[Planned, ...]

    @property
    def tables(self) -> tuple[str, ...]:
        """The ids of all tables, each once, in order."""
        return tuple(sorted({each.table.id for planned in self.planned for each in planned.plans}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """What a rule would have told in one version of it: ``name`` says its limit, ``than`` how it differs from today's.

    ``config`` names the config that states it, where that is another than today's.
    """

    name: str
    than: str
    retold: Retold
    config: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A check of a table in all its versions, today's first."""

    check: str
    versions: tuple[Version, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table of the replay: its checks, those that could not be replayed and why, or why it could not be read."""

    id: str
    checks: tuple[Check, ...] = ()
    left_out: Mapping[str, str] = field(default_factory=dict)
    unread: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LakeBacktest:
    """What would have been told of the tables over a time, and what reading them took."""

    tables: tuple[Table, ...]
    span: Span
    requests: int
    usd: float
    others: tuple[str, ...] = ()


def survey(asked: Asked, lake: Lake, clock: Clock) -> Surveyed:
    """Return the tables that are looked at, by what the catalog says alone."""
    configs = (asked.config, *asked.others)
    planned = [plan(each, lake.catalog, {}, clock.now).only(asked.only) for each in configs]
    return Surveyed(asked=asked, planned=tuple(planned))


def takes(surveyed: Surveyed, clock: Clock) -> Iterator[Expected]:
    """Yield for each table, of each config in which it is stated otherwise, how it is read and what that takes."""
    back, most = surveyed.asked.back, surveyed.asked.max_requests
    for planned in _differing(surveyed):
        far = [replace(each, rules=_looking_back(each.rules, Extent(back=back))) for each in planned]
        yield from expected([each for each in far if each.rules], most, clock)


def looks(surveyed: Surveyed) -> int:
    """Return how often a table is looked at: once for each config that states it otherwise."""
    return sum(len(plans) for plans in _differing(surveyed))


def _differing(surveyed: Surveyed) -> Iterator[list[TablePlan]]:
    """Yield the plans of each config that are read: of others than today's those that differ."""
    before: dict[str, list[tuple[Rule, ...]]] = {}
    for planned in surveyed.planned:
        mine = [each for each in planned.plans if each.rules not in before.get(each.table.id, [])]
        for each in mine:
            before.setdefault(each.table.id, []).append(each.rules)
        yield mine


def _looking_back(rules: Iterable[Rule], extent: Extent) -> tuple[Rule, ...]:
    found = ((_retelling(rule), rule) for rule in rules)
    far = (how.looking_back(rule, extent) for how, rule in found if how is not None)
    return tuple(rule for rule in far if not isinstance(rule, str))


def _retelling(rule: Rule) -> Retelling[Any] | None:
    return CHECKS[rule.check].retelling


@dataclass(slots=True)
class _Looking:
    """Looks at tables as far back as is asked for, in threads of the lake; ``found`` holds what came to each rule.

    ``dear`` tells why a check was not looked at that needs all objects, where these took too many requests.
    """

    asked: Asked
    found: dict[str, dict[str, Came]] = field(default_factory=dict)
    dear: dict[str, dict[str, str]] = field(default_factory=dict)

    def __call__(
        self, each: TablePlan, clock: Clock, reader_of: Callable[[TablePlan], LakeReader]
    ) -> Observation:
        """Return the look; its problem is the table's."""
        reader, most = reader_of(each), self.asked.max_requests
        all_rules = _looking_back(each.rules, Extent(back=self.asked.back))
        if not all_rules:
            return Observation(table=each.table, now=clock.now)

        def looks(extent: Extent) -> list[tuple[Rule, ...]]:
            return [_looking_back(each.rules, extent)]

        far, extent, used = extent_of(each, clock, reader, self.asked.back, most, looks)
        light = [rule for rule in each.rules if not _reads_whole(rule)]
        is_heavy = len(light) < len(each.rules)
        left = most - used
        first = left if not is_heavy or not _looking_back(light, extent) else int(left * FIRST_LOOK)
        seen = self._look(far, each.rules, extent, clock, reader, first)
        if first < left and _is_over(seen):
            why = f"what its partitions hold took more than {first} requests to list; write a higher --max-requests"
            self.dear[each.table.id] = {rule.check: why for rule in each.rules if _reads_whole(rule)}
            left -= seen.requests
            fewer = None if extent.most is None else max(1, min(extent.most, left - KEPT_BACK))
            extent = replace(extent, most=fewer)
            used += seen.requests
            seen = self._look(far, light, extent, clock, reader, left)
        return replace(seen, requests=used + seen.requests)

    def _look(
        self,
        far: TablePlan,
        of: Sequence[Rule],
        extent: Extent,
        clock: Clock,
        reader: LakeReader,
        most: int,
    ) -> Observation:
        """Look at a table with some of its rules, and keep what came to each; the problem is why that is too little."""
        rules = _looking_back(of, extent)
        entry = far.entry.model_copy(update={"max_requests": max(1, most)})
        seen = observe(replace(far, entry=entry, rules=rules), clock, reader)
        seen = replace(seen, problem=seen.problem or cut_short(seen))
        if seen.problem is None:
            self.found[far.table.id] = {
                rule.check: how.came(rule, seen) for rule in rules if (how := _retelling(rule)) is not None
            }
        return seen


def _reads_whole(rule: Rule) -> bool:
    how = _retelling(rule)
    return how is not None and how.reads_whole


def _is_over(seen: Observation) -> bool:
    """Tell whether a look ended since it would have taken more requests than it may."""
    problems = [seen.problem, *(each.problem for each in seen.partitions)]
    return any(each is not None and each.kind is ProblemKind.OVER_BUDGET for each in problems)


def run(
    surveyed: Surveyed,
    lake: Lake,
    clock: Clock,
    on_read: Callable[[Observation], None] | None = None,
    on_replayed: Tell | None = None,
    spread: Spread = in_turn,
) -> LakeBacktest:
    """Read the tables side by side and replay them. Never raises for what AWS answers: that is told of the table.

    It is told of each look, and how many tables were replayed, as they are done. ``spread`` says where they are.
    """
    asked = surveyed.asked
    span = Span(clock.now - asked.back, clock.now)
    read: list[tuple[_Looking, dict[str, Observation]]] = []
    for plans in _differing(surveyed):
        looking = _Looking(asked)
        seen = lake.observe_all(plans, clock, on_done=on_read, looking=looking)
        read.append((looking, seen))
    known = [_read(name, surveyed, read) for name in surveyed.tables]
    longest_first = sorted(known, key=lambda each: (-each.weight, each.id))
    one_more = counted(on_replayed, len(longest_first))
    share = Share.of(asked.config.settings.false_alarms, len(surveyed.planned[0].plans))
    tables = spread(partial(_table, span=span, share=share), longest_first, lambda known: one_more(known.id))
    ids = {each.id for each in tables}
    tables += [
        Table(id=each.table, unread=f"{each.because}{f'; {each.advice}' if each.advice else ''}")
        for planned in surveyed.planned[:1]
        for each in planned.findings
        if each.table not in ids
    ]
    cost = lake.cost()
    return LakeBacktest(
        tables=tuple(sorted(tables, key=lambda each: each.id)),
        span=span,
        requests=cost.requests,
        usd=cost.usd,
        others=tuple(each.source for each in asked.others),
    )


@dataclass(frozen=True, slots=True)
class _Stated:
    """What one config states of a table (``source`` names another than today's), and what was read by it."""

    source: str
    rules: tuple[Rule, ...]
    came: Mapping[str, Came]
    dear: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of a table's past, by each config that states it; or why it could not be read."""

    id: str
    stated: tuple[_Stated, ...] = ()
    unread: str = ""

    @property
    def weight(self) -> int:
        """How much there is to replay: all that came, for each rule that goes through it."""
        return sum(
            each.came[rule.check].much
            for each in self.stated
            for rule in each.rules
            if rule.check in each.came
        )


def _read(name: str, surveyed: Surveyed, read: list[tuple[_Looking, dict[str, Observation]]]) -> _Known:
    """Return what was read of one table, by each config that states it."""
    stated: list[_Stated] = []
    for number, (planned, (looking, seen)) in enumerate(zip(surveyed.planned, read, strict=True)):
        plan_of_it = next((each for each in planned.plans if each.table.id == name), None)
        if plan_of_it is None:
            continue
        source = surveyed.asked.others[number - 1].source if number else ""
        same = next((each for each in stated if each.rules == plan_of_it.rules), None)
        if same is not None:  # it was read once
            stated.append(replace(same, source=source))
            continue
        problem = seen[name].problem if name in seen else None
        if problem is not None:
            said = f"{problem.message}{f'; {problem.remedy}' if problem.remedy else ''}"
            return _Known(name, unread=said)
        came, dear = looking.found.get(name, {}), looking.dear.get(name, {})
        stated.append(_Stated(source, plan_of_it.rules, came, dear))
    return _Known(name, tuple(stated))


def _table(known: _Known, span: Span, share: Share) -> Table:
    """Return one table, in all versions of its rules that the configs state, and those beside today's."""
    versions: dict[str, list[Version]] = {}
    left_out: dict[str, str] = {}
    for each in known.stated:
        came = _with_due(each.rules, each.came, span)
        for rule in each.rules:
            how = _retelling(rule)
            far = (
                how.looking_back(rule, Extent(back=timedelta()))
                if how is not None
                else CHECKS[rule.check].unreplayed
            )
            if how is None or isinstance(far, str) or rule.check in each.dear:
                left_out.setdefault(rule.check, each.dear.get(rule.check) or str(far))
                continue
            said = versions.setdefault(rule.check, [])
            said += _versions(how, rule, came[rule.check], span, each.source, share)
    return Table(
        id=known.id,
        checks=tuple(Check(check=check, versions=tuple(each)) for check, each in versions.items()),
        left_out=left_out,
        unread=known.unread,
    )


def _with_due(rules: Iterable[Rule], came: Mapping[str, Came], span: Span) -> Mapping[str, Came]:
    """Return what came to each rule with when its periods came due, where one of the rules learns that."""
    found = ((_retelling(rule), rule) for rule in rules if rule.check in came)
    dues = (how.due(rule, came[rule.check], span) for how, rule in found if how is not None)
    due = next((each for each in dues if each is not None), None)
    return {check: replace(each, due=due) for check, each in came.items()}


def _versions(
    how: Retelling[Any], rule: Rule, came: Came, span: Span, source: str, share: Share
) -> Iterator[Version]:
    """Yield what a rule would have told, today's in its variants, that of another config as it is."""
    for each in how.candidates(rule):
        if source and each.than:
            continue
        sharing = each.rule.sharing(share) if each.than == "learned" else each.rule
        retold = how.retold(sharing, came, replace(span, step=_STEP) if each.than else span)
        yield Version(name=each.name, than=each.than, retold=retold, config=source)
