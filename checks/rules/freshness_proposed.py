"""What is proposed for a table that is judged by when anything came: that this is learned, where it can be. Pure."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING

from checks.learn import Arrival
from checks.learn.looks import read
from checks.model import TableMemory
from checks.rules.proposing import Proposal, TooLittle
from checks.schedule.durations import say_duration

if TYPE_CHECKING:
    from checks.rules.freshness_rule import FreshnessRule
    from checks.rules.proposing import Past

NOTHING = "it holds no data"
_RHYTHMS = (
    (timedelta(minutes=90), "something comes hourly or more often"),
    (timedelta(hours=18), "something comes several times a day"),
    (timedelta(days=2), "something comes daily"),
    (timedelta(days=11), "something comes weekly"),
)
"""Usual times between arrivals up to which it is told so; weeks up to where the learner takes slower rhythms."""


def propose(rule: FreshnessRule, past: Past) -> Proposal | TooLittle:
    """Return that the table's deadline is learned, or what is lacking for that."""
    known = rule.learned(past.seen, past.clock, TableMemory()).known
    times = read(known.keeping.times) if known is not None else ()
    if known is None or not times:
        return TooLittle(NOTHING)
    if not known.says_when:
        return TooLittle(known.need, len(times))
    return Proposal(
        check=rule.check,
        block="auto",
        kind=f"{_rhythm(times)}; the deadline is learned",
        sentence=known.found.sentence,
        sure=known.found.sure,
        arrivals=tuple(Arrival(float(at)) for at in times),
    )


def _rhythm(times: tuple[int, ...]) -> str:
    usual = timedelta(seconds=median([later - earlier for earlier, later in pairwise(times)] or [0]))
    for longest, said in _RHYTHMS:
        if usual <= longest:
            return said
    return f"something comes every {say_duration(usual)} or so"
