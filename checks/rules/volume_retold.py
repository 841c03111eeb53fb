"""What `volume` would have told of how much came when, by limits that are stated or learned. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from checks.model import Severity
from checks.rules.asking import UNSHARED, Clock
from checks.rules.lists import only_lists
from checks.rules.retold import Came, Candidate, Retelling, Retold, Span, Stretch
from checks.rules.volume_past import PastPeriods, grown_periods, stays_at_whole
from checks.schedule.durations import say_size

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from checks.model import Observation
    from checks.rules.proposing import Extent
    from checks.rules.volume_past import PastLook, Stay
    from checks.rules.volume_rule import VolumeRule
    from checks.rules.volume_words import Bound

_SOFTER, _HARDER = 1.5, 2 / 3
"""Limits beside the one that is stated, as of ages: half as much again is a clear step, and back again two thirds."""
_BUDGETS = 4.0
"""Beside the share of the false alarms: a quarter and four times are a limit that is seen to move."""


class VolumeRetold(Retelling["VolumeRule"]):
    """How sizes are replayed."""

    reads_whole = True

    def looking_back(self, rule: VolumeRule, extent: Extent) -> VolumeRule | str:
        """Return the rule as it reads all periods of the time that is judged, and those that they are compared with."""
        return replace(rule, looks_back=extent)

    def came(self, rule: VolumeRule, seen: Observation) -> Came:  # noqa: ARG002 - the interface's
        """Return how each period grew, or the table as a whole; what was not read whole is not known."""
        filled = [
            each.period.start for each in seen.partitions if each.listing is not None and each.listing.objects
        ]
        whole = seen.whole.listing if seen.whole is not None and seen.whole.problem is None else seen.listing
        return Came(
            table=seen.table,
            grown=grown_periods(seen),
            whole=whole.growth if whole is not None and whole.complete else (),
            unknown=next(_unknown(seen), ""),
            first_period_at=min(filled, default=None),
            layout=seen.layout,
        )

    def retold(self, rule: VolumeRule, past: Came, span: Span) -> Retold:
        """Return the alerts of the time that is judged, from when the limits could be known."""
        if past.table is None:
            return Retold(lacks="it was not read")
        lists = only_lists(past.table, rule.check)
        if lists is not None:
            return Retold(lacks=lists.message)
        periods = PastPeriods.of(past.table, past, rule.schedule, rule.zone, span)
        found = _Told(rule)
        found.judge(periods.stays() if periods is not None else stays_at_whole(past.table, past.whole, span))
        if found.since is None:
            return Retold(lacks=past.unknown or found.lacks or "how much it held is not known")
        return Retold(alerts=tuple(found.alerts()), since=found.since)

    def candidates(self, rule: VolumeRule) -> Iterator[Candidate[VolumeRule]]:
        """Yield the rule as it is, then looser and tighter, then learned where it is stated, or the other way round."""
        yield Candidate(_said(rule), rule)
        if rule.auto is not None:
            for than, factor in (("looser", 1 / _BUDGETS), ("tighter", _BUDGETS)):
                share = rule.auto.times(factor)
                if share.a_year != rule.auto.a_year:
                    yield Candidate(f"auto for {share.say_a_year()}", rule.sharing(share), than)
            stated = replace(rule, auto=None)
            if _said(stated):
                yield Candidate(f"{_said(stated)}, without auto", stated, "stated")
            return
        for than, factor in (("looser", _SOFTER), ("tighter", _HARDER)):
            changed = _moved(rule, factor)
            if changed != rule:
                yield Candidate(_said(changed), changed, than)
        yield Candidate("auto", replace(rule, auto=UNSHARED, bounds=(), drop=None, rise=None), "learned")


def _unknown(seen: Observation) -> Iterator[str]:
    """Yield why it is not known how much a table held."""
    if seen.whole is not None and seen.whole.problem is not None:
        yield seen.whole.problem.message
    listings = [seen.listing, *(each.listing for each in seen.partitions)]
    found = [each for each in listings if each is not None]
    if any(each.empty_objects for each in found) and not any(each.objects for each in found):
        yield "its files hold no byte, and nothing keeps when they came"
    if seen.layout is None and seen.listing is None and seen.whole is None:
        yield "its log was not read for sizes"


@dataclass(frozen=True, slots=True)
class _Verdict:
    """What a look at a period came to; ``lacks`` says why it is not known, where it is not."""

    label: str
    is_there: bool = True
    is_known: bool = True
    too_little: bool = False
    too_much: bool = False
    lacks: str = field(default="", compare=False)


class _Told:
    """Brings what was told at looks together into alerts: one lasts until a look finds all well."""

    def __init__(self, rule: VolumeRule) -> None:
        self.rule = rule
        self.since: datetime | None = None
        self.lacks = ""
        self._closed: list[Stretch] = []
        self._opened: datetime | None = None
        self._periods: dict[str, None] = {}

    def judge(self, stays: Iterable[Stay]) -> None:
        """Judge the looks in the order of time, by the rule itself."""
        for stay in stays:
            verdicts: dict[int, _Verdict] = {}
            self._find(stay, verdicts, 0, len(stay.times) - 1)
            for number in sorted(verdicts):
                self._take(stay.times[number], verdicts[number])

    def _find(self, stay: Stay, verdicts: dict[int, _Verdict], first: int, last: int) -> None:
        """Judge the first and the last of some looks, and between them those at which the verdict changes.

        What only grows crosses a lower limit once, and an upper one once: between two looks that agree all do.
        """
        for number in (first, last):
            if number not in verdicts:
                verdicts[number] = self._verdict(stay.look(stay.times[number]))
        if last - first > 1 and not (stay.grows and verdicts[first] == verdicts[last]):
            middle = (first + last) // 2
            self._find(stay, verdicts, first, middle)
            self._find(stay, verdicts, middle, last)

    def _take(self, at: datetime, verdict: _Verdict) -> None:
        if not verdict.is_known:
            self.lacks = verdict.lacks
            return
        self.since = self.since or at
        if verdict.too_little or verdict.too_much:
            self._opened = self._opened or at
            self._periods |= {verdict.label: None} if verdict.label else {}
        elif self._opened is not None:
            self._close(at)

    def _verdict(self, look: PastLook) -> _Verdict:
        """Return what a run would have found."""
        rule = self.rule
        if rule.schedule is not None and not look.is_there:
            # That nothing came is told once, by the check of periods beside it.
            return _Verdict(look.label, is_there=False)
        rule = rule if look.schedule is None else replace(rule, schedule=look.schedule)
        row = rule.measure(look.seen, Clock(now=look.at), look.memory)
        doubt = row.unknown or (row.doubt_if_pass if not row.observed else None)
        if doubt is not None:
            return _Verdict(look.label, is_known=False, lacks=doubt.message)
        crossed = row.measured.crossed if row.measured is not None else ()
        return _Verdict(
            look.label,
            too_little=any(not each.is_most for each in crossed),
            too_much=any(each.is_most for each in crossed),
        )

    def alerts(self) -> Iterator[Stretch]:
        """Yield the alerts, the one that is still open last."""
        yield from self._closed
        if self._opened is not None:
            yield self._stretch(None)

    def _close(self, at: datetime) -> None:
        self._closed.append(self._stretch(at))
        self._opened, self._periods = None, {}

    def _stretch(self, closed: datetime | None) -> Stretch:
        critical = self.rule.severity is Severity.CRITICAL
        opened = self._opened
        if opened is None:
            message = "no alert is open"
            raise ValueError(message)
        return Stretch(opened=opened, closed=closed, critical=critical, periods=tuple(self._periods))


def _moved(rule: VolumeRule, factor: float) -> VolumeRule:
    """Return the rule with each limit so many times as far off; closer ones stay on their side of the usual."""
    bounds = tuple(
        replace(each, value=max(1, round(each.value * (factor if each.is_most else 1 / factor))))
        if each.value
        else each
        for each in rule.bounds
    )
    drop, rise = rule.drop, rule.rise
    if drop is not None:
        least = 1 - drop
        drop = 1 - min(least / factor, (1 + least) / 2)
    if rise is not None:
        rise = max((1 + rise) * factor, 1 + rise / 2) - 1
    return replace(rule, bounds=bounds, drop=drop, rise=rise)


def _said(rule: VolumeRule) -> str:
    """Write the limits as a config does."""
    told = ["auto"] if rule.auto is not None else []
    told += [f"{'max' if each.is_most else 'min'}_{each.what}: {_written(each)}" for each in rule.bounds]
    told += [
        f"{key}: {share * 100:.3g}%"
        for key, share in (("drop", rule.drop), ("rise", rule.rise))
        if share is not None
    ]
    return ", ".join(told)


def _written(bound: Bound) -> str:
    if bound.what == "bytes":
        return say_size(bound.value).replace(" ", "")
    return f"{bound.value:.0f}"
