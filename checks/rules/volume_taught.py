"""What marks teach `volume: auto`: sizes that are rightly so on days of a kind, wrong ones, a new level. Pure.

Nothing of it is kept: limits are learned of the sizes that are known, at each look anew.

- **Expected**: a size that was told is as it should be. On days of its kind one may lie as far off, that way, and by
  what sizes differ anyhow. It is left out of what is usual, until another of its kind comes.
- **Missed**: a size should have been told. The limit on its side comes that much closer, as far as nine of ten bear it.
- **New normal**: the level is that of the sizes since, from the first one on. What came before tells how sizes differ,
  until three weeks tell it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from statistics import median
from typing import TYPE_CHECKING

from checks.learn.tails import quantile
from checks.marks import MarkKind
from checks.rules.usual import days_of, value_of
from checks.rules.volume_sizes import LEAST_DIFFERENCE, THREE_WEEKS, Sizes, changed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from checks.marks import Mark
    from checks.model import Size
    from checks.rules.volume_limits import Learned, UsualLimits
    from checks.rules.volume_words import Bound, Look

_RECENT = 30
"""Sizes of a month, of which one at the most would be told, whatever was missed."""
_BEARABLE = 1 / _RECENT
_WEEK = 7
_CHECK = "volume"


@dataclass(frozen=True, slots=True)
class Stretch:
    """The periods from one to another, by their times in days, that ``name`` speaks of.

    ``goes_on``: as long as what was told then lasted.
    """

    name: str
    begin: float
    end: float
    goes_on: bool = False


@dataclass(frozen=True, slots=True)
class Said:
    """All that was said of a table's sizes."""

    expected: tuple[Stretch, ...] = ()
    missed: tuple[Stretch, ...] = ()
    normal: Stretch | None = None

    def __bool__(self) -> bool:
        """Tell whether anything was said."""
        return bool(self.expected or self.missed or self.normal)

    @property
    def stretches(self) -> tuple[Stretch, ...]:
        """All periods that are spoken of."""
        return (*self.expected, *self.missed, *([self.normal] if self.normal is not None else []))


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """How a table's sizes are dated, in days: by the label of a period, what is judged at an instant, and its clock.

    Each is None where there is no such period.
    """

    of_label: Callable[[str], float | None]
    judged_at: Callable[[datetime], float | None]
    wall: Callable[[datetime], datetime]


def said_of(marks: Sequence[Mark], times: Times) -> Said:
    """Return what marks say of sizes; of periods that are no more, and of values of keys, nothing."""
    normal = [
        Stretch(each.id, at := days_of(times.wall(each.moment)), at)
        for each in marks
        if each.kind is MarkKind.NEW_NORMAL and each.moment is not None
    ]
    return Said(
        tuple(found for each in marks for found in _expected(each, times)),
        tuple(found for each in marks for found in _missed(each, times)),
        max(normal, key=lambda each: each.begin, default=None),
    )


def _expected(mark: Mark, times: Times) -> Iterator[Stretch]:
    if mark.kind is not MarkKind.EXPECTED:
        return
    if mark.period is not None:
        at = times.of_label(mark.period)
        if at is not None:
            yield Stretch(mark.id, at, at)
        return
    for each in mark.covers:
        if each.check != _CHECK:
            continue
        begin, end = times.judged_at(each.since), times.judged_at(mark.at)
        if begin is not None and end is not None:
            yield Stretch(mark.id, begin, max(begin, end), goes_on=True)


def _missed(mark: Mark, times: Times) -> Iterator[Stretch]:
    if mark.kind is not MarkKind.MISSED:
        return
    if mark.period is not None:
        at = times.of_label(mark.period)
    else:
        at = times.judged_at(mark.moment) if mark.moment is not None else None
    if at is not None:
        yield Stretch(mark.id, at, at)


@dataclass(frozen=True, slots=True)
class Taught:
    """The limits with what was said, and the names of what had a part in them."""

    learned: Learned
    by: tuple[str, ...] = ()


def taught(limits: UsualLimits, look: Look, said: Said) -> Taught:
    """Return the limits of a size that follow from earlier ones and from what was said of them."""
    if not said or limits.auto is None:
        return Taught(limits.learned(look))
    by = []
    if said.normal is not None and look.at >= said.normal.begin:
        look = _restarted(limits, look, said.normal.begin)
        by.append(said.normal.name)
    table = _Table(limits, look, said, Sizes(limits, look), by)
    return Taught(table.learned(), tuple(dict.fromkeys(table.by)))


def _restarted(limits: UsualLimits, look: Look, since: float) -> Look:
    """Return a look with the level of the sizes since a time; those before it only tell how sizes differ."""
    new = {at: size for at, size in Sizes(limits, look).known.items() if at >= since}
    enough = THREE_WEEKS if look.is_by_day else limits.history
    factor = _level_since(limits, look, new, since) if len(new) < enough else 0.0

    def of(at: float, size: Size) -> Size | None:
        if at >= since:
            return size
        value = value_of(size, limits.of)
        if not factor or value is None:
            return None
        return replace(size, **{limits.of: round(value * factor)})

    return changed(look, of)


def _level_since(limits: UsualLimits, look: Look, new: Mapping[float, Size], since: float) -> float:
    """Return how many times the usual of before the sizes since come to: the first one, its own. Zero if unknown."""
    before = changed(look, lambda at, size: size if at < since else None)
    apart = []
    for at, size in new.items() or [(look.at, look.size)]:
        # A trend is followed to the change, and not carried on beyond it.
        back = math.ceil(max(0.0, at - since + 1) / _WEEK) * _WEEK if look.is_by_day else 0
        same = [each for each in before.known if int(each[0]) % _WEEK == int(at) % _WEEK]
        then = replace(
            before,
            at=at - back,
            size=size,
            months=(),
            same=tuple(same) if look.noun != look.other else before.same,
        )
        bases = [each.base for each in limits.learned(then)[0] if each.base > 0]
        value = value_of(size, limits.of) or 0
        if value > 0 and bases:
            apart.append(math.log(value) - sum(map(math.log, bases)) / len(bases))
    return math.exp(median(apart)) if apart else 0.0


@dataclass(frozen=True, slots=True)
class _Table:
    """A look at a table's sizes with what was said of them; ``by`` takes the names of what has a part."""

    limits: UsualLimits
    look: Look
    said: Said
    sizes: Sizes
    by: list[str]

    def learned(self) -> Learned:
        sizes = self.sizes
        expected = {
            at: each.name
            for each in self.said.expected
            for at in sizes.of(each.begin, each.end, goes_on=each.goes_on)
        }
        odd = {at: name for at, name in expected.items() if sizes.odd(at) is not None}
        bounds, doubt, usual = self._without_odd_ones(odd)
        for each in self.said.missed:
            bounds = tuple(self._closer(bounds, each, expected))
        for at, name in odd.items():
            bounds = tuple(self._looser(bounds, at, name))
        return bounds, doubt, usual

    def _without_odd_ones(self, expected: Mapping[float, str]) -> Learned:
        """Return what is learned of all sizes but those that were expected, and did not recur."""
        whole = self.limits.learned(self.look)
        single = {at for at in expected if not self.sizes.recurs(at)}
        if not single:
            return whole
        found = self.limits.learned(changed(self.look, lambda at, size: None if at in single else size))
        if found[1] is not None:  # too few are left
            return whole
        if [each.value for each in found[0]] != [each.value for each in whole[0]]:
            self.by.extend(expected[at] for at in sorted(single))
        return found

    def _looser(self, bounds: Sequence[Bound], at: float, name: str) -> Iterator[Bound]:
        """Yield limits that let pass what is as far off as a size that was expected, where that is of its kind."""
        odd = self.sizes.odd(at)
        for bound in bounds:
            if (
                odd is None
                or bound.is_most != odd.is_most
                or not self.sizes.is_learned(bound)
                or not self.sizes.is_alike(at)
            ):
                yield bound
                continue
            share, differ = self.sizes.value(at) / odd.base, self.sizes.differ
            share = share * differ if bound.is_most else share / differ
            if not _is_beyond(bound.base * share, bound):
                yield bound
                continue
            self.by.append(name)
            if share > 0:  # else nothing at all is too little
                yield _at(bound, share)

    def _closer(
        self, bounds: Sequence[Bound], each: Stretch, expected: Mapping[float, str]
    ) -> Iterator[Bound]:
        """Yield limits by which what was missed would have been told."""
        wanted = self._wanted(each, expected)
        for bound in bounds:
            near = _at(bound, wanted[1]) if wanted is not None and wanted[0] == bound.is_most else bound
            if not self.sizes.is_learned(bound) or near.value == bound.value or _is_beyond(near.value, bound):
                yield bound
                continue
            self.by.append(each.name)
            yield near

    def _wanted(self, each: Stretch, expected: Mapping[float, str]) -> tuple[bool, float] | None:
        """Return by which limit, and as which share of the usual, a size is told that was missed; None: by none."""
        sizes = self.sizes
        is_judged = each.begin == self.look.at
        for at in [self.look.at] if is_judged else sizes.of(each.begin, each.end, goes_on=False):
            for bound in sizes.bounds(at):
                share, sign = sizes.value(at) / bound.base, 1 if bound.is_most else -1
                if (share - 1) * sign <= 0:
                    continue
                if (sizes.value(at) - bound.value) * sign > 0:
                    return None  # it is told by what was learned since
                near = self._borne(at, share, expected, is_most=bound.is_most)
                return (bound.is_most, near) if (share - near) * sign > 0 else None
        return None

    def _borne(self, at: float, share: float, expected: Mapping[float, str], *, is_most: bool) -> float:
        """Return the share of the usual beyond which sizes are told from one on that was missed, as far as is borne."""
        others = [other for other in self.sizes.known if other not in expected and other != at]
        usual = self._shares(others[-_RECENT:], is_most=is_most)
        plain = [
            each.value / each.base for each in self.sizes.bounds(self.look.at) if each.is_most == is_most
        ]
        # What was told by it alone and expected since is told no more, whatever day it is.
        since = self._shares(list(expected), is_most=is_most)
        if is_most:
            since = [each * LEAST_DIFFERENCE for each in since if each < min(plain, default=math.inf)]
            return max(share / LEAST_DIFFERENCE, quantile(usual, 1 - _BEARABLE) if usual else share, *since)
        since = [each / LEAST_DIFFERENCE for each in since if each > max(plain, default=0.0)]
        return min(share * LEAST_DIFFERENCE, quantile(usual, _BEARABLE) if usual else share, *since)

    def _shares(self, times: Sequence[float], *, is_most: bool) -> list[float]:
        """Return what share of the usual of their side sizes were, in order."""
        sizes = self.sizes
        return sorted(
            sizes.value(at) / each.base
            for at in times
            for each in sizes.bounds(at)
            if each.is_most == is_most
        )


def _is_beyond(value: float, bound: Bound) -> bool:
    """Tell whether a limit at a value allows more than another one."""
    return value > bound.value if bound.is_most else value < bound.value


def _at(bound: Bound, share: float) -> Bound:
    """Return a limit at another share of its usual size."""
    value = math.floor(bound.base * share) if bound.is_most else math.ceil(bound.base * share)
    times, way = (share, "more") if bound.is_most else (1 / share, "less")
    return replace(bound, value=value, allows=f"up to {times:.3g} times {way} is ordinary here")
