"""What a check is made of: its block in the config, the bound rule, and the plan of a table that has such rules."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any, ClassVar
from zoneinfo import ZoneInfo

from checks.console_url import console_url
from checks.model import (
    Finding,
    Observation,
    Problem,
    Severity,
    Status,
    Table,
    TableMemory,
)
from checks.rules.asking import Depth, Detail
from checks.rules.binding import Binding
from checks.rules.entry import NOTHING_SAID
from checks.rules.key_types import ConfigBlock
from checks.rules.proposing import TooLittle
from checks.rules.retold import Retelling
from checks.rules.row import NOTHING_MORE, About, Direction, Facts, Row, RowValues, Telling, Told, allowed
from checks.rules.sentences import none_named

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Unpack

    from checks.layout import StatedLayout, TimeLayout
    from checks.layout.dimensions import Dimensions
    from checks.marks import Mark
    from checks.model import PartitionSeen
    from checks.rules.asking import Clock, Needs, Share, StatedPeriods
    from checks.rules.entry import EntryKeys
    from checks.rules.proposing import Extent, Past, Proposal
    from checks.schedule.due import Schedule
    from checks.schedule.periods import Every

__all__ = [
    "NOTHING_MORE", "About", "Binding", "CheckConfig", "Direction", "Row", "RowValues", "Rule", "TablePlan", "Telling",
    "Told", "allowed", "periods_stated",
]  # fmt: skip

_UTC = ZoneInfo("UTC")


class CheckConfig(ConfigBlock):
    """A check's block in the config.

    ``groups`` are keys that exclude each other when blocks are merged: a more specific block that has
    any key of a group drops the whole group of the less specific one.
    ``goes_with`` names keys that mean nothing without one of others; inherited alone they are dropped.
    ``pattern`` and such, which stand on the entry, are not part of it.
    """

    check: ClassVar[str]
    groups: ClassVar[tuple[frozenset[str], ...]] = ()
    above: ClassVar[frozenset[str]] = frozenset()
    """Keys of these groups that take the place of none: what a less specific block says stays beside them, for where
    they cannot tell."""
    goes_with: ClassVar[Mapping[str, frozenset[str]]] = {}
    expectation: ClassVar[str]
    """The Great Expectations class that judges it, by its dotted name: only who judges imports it."""
    telling: ClassVar[Telling] = Telling()
    retelling: ClassVar[Retelling[Any] | None] = None
    """How its rules are replayed over what came in the past; None where they are not."""
    unreplayed: ClassVar[str] = ""
    """Why they cannot be, in a clause, of a check that judges what nothing keeps over time."""
    short_form: ClassVar[str | None] = None
    """What a bare word in place of the block means, such as ``auto``: the key it sets to True."""

    @classmethod
    def example(cls) -> dict[str, Any]:
        """Return a small block that is whole: what has to stand in it, and the first key that may."""
        told = {name: field for name, field in cls.model_fields.items() if field.examples}
        needed = [name for name, field in told.items() if field.is_required()]
        optional = next((name for name in told if name not in needed), None)
        names = [*needed, *([optional] if optional is not None else [])]
        return {name: (told[name].examples or [None])[0] for name in names}

    @classmethod
    def to_propose(cls, extent: Extent) -> dict[str, Any] | None:  # noqa: ARG003 - for others to say
        """Return the block by which enough is read of a table to propose one; None of a check that proposes none."""
        return None

    def propose(self, past: Past) -> Proposal | TooLittle:  # noqa: ARG002 - the same
        """Return what it proposes to state of a table that was read by this block, or why it proposes nothing."""
        return TooLittle("it proposes nothing")

    def bind(self, binding: Binding) -> Rule:
        """Return the rule; raise ValueError with a sentence when the block does not fit its surroundings."""
        raise NotImplementedError


class Rule(ABC):
    """A check with its limits, bound to a zone and calendars. Pure: values in, values out."""

    check: ClassVar[str]
    direction: ClassVar[Direction] = Direction.AT_MOST
    can_learn: ClassVar[bool] = False
    """Whether its limits can be learned, where they are not stated."""

    @property
    def limits(self) -> tuple[float | None, float | None]:
        """The limits for a warning and for critical that all its rows have; those of time stand in each row."""
        return None, None

    @property
    def states(self) -> StatedPeriods | None:
        """What it states of the table's periods; None of a check that takes them as others state them."""
        return None

    def detail(self, clock: Clock) -> Detail:  # noqa: ARG002 - for others to say
        """Say what has to be read of the places that are looked at beyond listing them, or of the table's log."""
        return Detail()

    def depth(self, target: PartitionSeen, clock: Clock, memory: TableMemory) -> Depth:  # noqa: ARG002 - the same
        """Say how far a partition that it looks at has to be read."""
        return Depth()

    def short_of(self, seen: Sequence[PartitionSeen], clock: Clock) -> list[PartitionSeen]:  # noqa: ARG002 - the same
        """Return those that were not read to their end, or not in this run, and turn out to have to be."""
        return []

    def wants_further(self, seen: Observation, clock: Clock, memory: TableMemory) -> bool:  # noqa: ARG002 - the same
        """Tell whether its verdict rests on the further places of its needs too, by what was seen of the others."""
        return False

    @property
    def together(self) -> tuple[str, ...]:
        """The tables that it judges together with its own: ids, globs of ids and prefixes of the same account."""
        return ()

    def alone(self) -> Rule:
        """Return it as it looks at one of those by itself."""
        return self

    def wants_together(self, seen: Observation, clock: Clock, memory: TableMemory) -> bool:  # noqa: ARG002 - the same
        """Tell whether its verdict rests on those tables, by what was seen of its own and of some of them."""
        return False

    def looks(self, table: Table) -> bool:  # noqa: ARG002 - for others to say
        """Tell whether anything but the catalog's own description of the table has to be read."""
        return True

    def remember(self, seen: Observation, before: TableMemory) -> dict[str, Any]:  # noqa: ARG002 - for others to say
        """Return the fields of the table's memory that follow from what was seen, for later runs."""
        return {}

    def remember_told(self, finding: Finding, before: TableMemory) -> dict[str, Any]:  # noqa: ARG002 - the same
        """Return those that follow from the finding that was written."""
        return {}

    def deadlines(self, start: datetime) -> Iterator[datetime]:  # noqa: ARG002 - the same
        """Yield when data has to be there within a day from ``start`` on; the next time, where it comes less often."""
        yield from ()

    def notes(self) -> Iterator[str]:
        """Yield what a plan tells of its deadlines."""
        yield from ()

    @property
    def share(self) -> Share | None:
        """Its share of the false alarms that may come of limits that it learns; None of one that learns none."""
        return None

    @property
    def learns(self) -> bool:
        """Tell whether it learns limits."""
        return self.share is not None

    @property
    def tells_periods(self) -> bool:
        """Tell whether what it tells is of single periods, so that one of them may be expected."""
        return False

    @property
    def tells_values(self) -> bool:
        """Tell whether what it tells of a period may be of single values of its other keys."""
        return False

    def periods_seen(self, memory: TableMemory) -> StatedPeriods | None:  # noqa: ARG002 - the same
        """Return the periods that it judges of a table for which none are stated, as earlier runs saw them."""
        return None

    @property
    def weighs_periods(self) -> bool:
        """Tell whether it judges what a period holds, so that one may be named that was wrong."""
        return False

    def sharing(self, share: Share) -> Rule:  # noqa: ARG002 - for others to say
        """Return the rule with its share of the false alarms."""
        return self

    def taught(self, marks: Sequence[Mark], now: datetime) -> Rule:  # noqa: ARG002 - the same
        """Return the rule with what marks of its table teach by ``now``, where it learns."""
        return self

    @property
    def taught_by(self) -> frozenset[str]:
        """The ids of the marks that had a part in what it learned."""
        return frozenset()

    def learned(self, seen: Observation, clock: Clock, memory: TableMemory) -> Rule:  # noqa: ARG002 - the same
        """Return the rule with what it learns of what was seen and is remembered."""
        return self

    def remembering(self, memory: TableMemory) -> Rule:  # noqa: ARG002 - the same
        """Return the rule with what earlier runs remember that it learns from."""
        return self

    def scheduled(self, schedule: Schedule) -> Rule:
        """Return the rule beside another schedule of the table's periods, where it looks at one."""
        mine: Any = self
        changed: Rule = mine if getattr(mine, "schedule", None) is None else replace(mine, schedule=schedule)
        return changed

    def without_time(self) -> Rule:
        """Return the rule as it judges where there is no time left to learn."""
        return self

    def explain(self, seen: Observation, finding: Finding, clock: Clock) -> Iterator[str]:  # noqa: ARG002 - the same
        """Yield lines on how it came to its finding, for whoever asks; none where the finding says it all."""
        yield from ()

    @abstractmethod
    def needs(self, table: Table, layout: TimeLayout | None, clock: Clock, memory: TableMemory) -> Needs:
        """Say what has to be read. ``layout`` is None for a table that is one place."""

    @abstractmethod
    def measure(self, seen: Observation, clock: Clock, memory: TableMemory) -> Row[Any]:
        """Return the row to be judged; an unreadable table gives a row with ``unknown`` set."""

    @abstractmethod
    def finding(self, row: Row[Any], severity: Severity | None, about: About = NOTHING_MORE) -> Finding:
        """Write the finding of a row that was judged: severity None means that it passed."""

    def row(self, seen: Observation, facts: Facts | None = None, **values: Unpack[RowValues]) -> Row[Facts]:
        """Return a row of this rule, with its limits and the table's location as evidence unless it says others."""
        warning, critical = self.limits
        table = seen.table
        said: RowValues = {"warning": warning, "critical": critical, "evidence": table.location, **values}
        return Row(
            table=table.id,
            check=self.check,
            direction=self.direction,
            measured=facts,
            remark=none_named(seen),
            **said,
        )

    def tell(
        self,
        row: Row[Any],
        severity: Severity | None,
        because: str,
        *,
        about: About,
        **told: Unpack[Told],
    ) -> Finding:
        """Return the finding of a row that was judged, in this sentence, with the row's limits and evidence."""
        said: Told = {"limits": row.limits, "evidence": row.evidence, **told}
        return Finding(
            table=row.table,
            check=self.check,
            status=Status.PASS if severity is None else Status.FAIL,
            severity=severity,
            because=f"{because}; {row.remark}" if row.remark and severity is not None else because,
            owner=about.owner,
            runbook=about.runbook,
            console_url=about.console_url,
            silenced=about.silences.get(self.check),
            **said,
        )

    def tell_unknown(self, row: Row[Any], problem: Problem, *, about: About, seen: str = "") -> Finding:
        """Return the finding of what could not be checked, with what was ``seen`` all the same."""
        told = f"; what was seen so far: {seen}" if seen else ""
        told += f"; {row.remark}" if row.remark else ""
        return Finding(
            table=row.table,
            check=row.check,
            status=Status.UNKNOWN,
            because=f"could not be checked: {problem.message}{told}",
            limits=row.limits,
            evidence=row.evidence,
            items=row.items,
            advice=problem.remedy,
            problem=problem.kind,
            cause=problem.cause,
            lacks=problem.lacks,
            owner=about.owner,
            runbook=about.runbook,
            console_url=about.console_url,
            silenced=about.silences.get(row.check),
        )


def by_memory(rules: tuple[Rule, ...], memory: TableMemory) -> tuple[Rule, ...]:
    """Return the rules of a table with what earlier runs remember of it, and one schedule for all."""
    if not any(rule.learns for rule in rules):
        return rules
    return on_one_schedule(tuple(rule.remembering(memory) for rule in rules))


def on_one_schedule(rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
    """Return rules that look at the schedule which one of them states, after that was learned."""
    stated = periods_stated(rules)
    return rules if stated is None else tuple(rule.scheduled(stated.schedule) for rule in rules)


def periods_stated(rules: Iterable[Rule]) -> StatedPeriods | None:
    """Return what the rules of a table state of its periods, None where none of them does."""
    return next((rule.states for rule in rules if rule.states is not None), None)


@dataclass(frozen=True, slots=True)
class Member:
    """A table that another one is judged together with, and how it is looked at, or why it is not known."""

    id: str
    plan: TablePlan | None = None
    problem: Problem | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TablePlan:
    """A table that will be looked at: its rules and all that is stated about it.

    ``entry`` are the keys that hold for the table as a whole. ``schedule``, ``each`` and
    ``stated_layout`` are what one of its rules states of its periods; None when none does.
    ``matched_by`` is the config entry's own selector.
    ``max_age_of_answer`` is how long what an earlier run saw of a partition may stand in place of a look; zero: not
    at all.
    """

    table: Table
    rules: tuple[Rule, ...]
    entry: EntryKeys = NOTHING_SAID
    stated_layout: StatedLayout | None = None
    schedule: Schedule | None = field(init=False, default=None)
    each: Dimensions | None = field(init=False, default=None)
    matched_by: str = ""
    by_glob: bool = False
    silences: Mapping[str, str] = field(default_factory=dict)
    """Why checks are silenced now, by check."""
    memory: TableMemory = field(default_factory=TableMemory)
    members: tuple[Member, ...] = ()
    """The tables that a rule judges together with it, where its verdict rests on them."""
    max_age_of_answer: timedelta = timedelta(0)

    def __post_init__(self) -> None:
        """Take what a rule states of the periods, once for all that look at the plan."""
        stated = periods_stated(self.rules)
        if stated is not None:
            object.__setattr__(self, "schedule", stated.schedule)
            object.__setattr__(self, "each", stated.each)
            object.__setattr__(self, "stated_layout", self.stated_layout or stated.layout)

    @property
    def about(self) -> About:
        """What is told with each finding of the table."""
        return About(
            owner=self.entry.owner,
            runbook=self.entry.runbook,
            console_url=console_url(self.table),
            silences=self.silences,
        )

    @property
    def labels(self) -> ZoneInfo:
        """The zone that partition values are written in; UTC where nothing says it."""
        return self.schedule.labels if self.schedule is not None else _UTC

    @property
    def every(self) -> Every | None:
        """How long the table's periods are; None where no rule states any."""
        return self.schedule.every if self.schedule is not None else None

    def detail(self, clock: Clock) -> Detail:
        """Return what all its rules that look at it need to have read, beyond listings and recency."""
        return reduce(or_, (rule.detail(clock) for rule in self.rules if rule.looks(self.table)), Detail())
