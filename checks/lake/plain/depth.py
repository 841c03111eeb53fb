"""How far each partition has to be read for the rules that look at it. Pure."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

from checks.lake.s3.scan import Spot
from checks.rules.asking import Depth

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from checks.model import PartitionSeen, TableMemory
    from checks.rules.asking import Clock
    from checks.rules.base import Rule


def spot_of(target: PartitionSeen, rules: Iterable[Rule], clock: Clock, memory: TableMemory) -> Spot:
    """Return the place of a target with how far it has to be read for these rules.

    What is not registered is read whole, whatever they ask: that it holds data is told with when that came.
    """
    depths = (rule.depth(target, clock, memory) for rule in rules)
    depth = reduce(or_, depths, Depth(whole=target.registered is False))
    return Spot(target.location or "", depth.whole, depth.in_time_by)


def read_short(seen: Sequence[PartitionSeen], rules: Iterable[Rule], clock: Clock) -> list[PartitionSeen]:
    """Return those that a rule judges by more than what was read of them in this run."""
    return [each for rule in rules for each in rule.short_of(seen, clock)]
