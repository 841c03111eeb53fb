"""Which findings marks cover, and what is told of them then. Pure.

- A **silence** hides what it names until it ends, like one that the config states.
- What is **expected** is told as a failure no more: a stated period whatever it lacks, for good; else what was told
  when the mark was made, until it changes. An item changes when its state does; what was told as one thing changes when
  it is over, or is worse. What fails by a period whose item is hidden is hidden with it.
- What is **acknowledged** is told all the same, and nobody is reminded of it until it changes: it is over, or is worse.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from checks.config.routes import matches_id
from checks.marks import Mark, Marked, MarkKind
from checks.model import Change, Finding, Item, Reason, Severity, Status
from checks.schedule.clock import say_instant
from checks.text import listing

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from checks.changes.state import State, Told

_MOST_NAMED = 5
_WORSE: Mapping[str | None, int] = {None: 0, "warning": 1, "critical": 2}


@dataclass(frozen=True, slots=True)
class Marks:
    """The marks that play a part at one time, the oldest first; none was taken back or has ended."""

    holding: tuple[Mark, ...] = ()
    _silences: tuple[Mark, ...] = field(init=False, repr=False)
    _of_one: Mapping[str, list[Mark]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Sort them by table: there may be thousands of both."""
        of_one: dict[str, list[Mark]] = defaultdict(list)
        for mark in self.holding:
            if mark.kind is not MarkKind.SILENCE:
                of_one[mark.table].append(mark)
        object.__setattr__(self, "_of_one", of_one)
        object.__setattr__(
            self, "_silences", tuple(each for each in self.holding if each.kind is MarkKind.SILENCE)
        )

    def of(self, table: str) -> tuple[Mark, ...]:
        """Return the marks that speak of a table, by its id."""
        silences = [mark for mark in self._silences if speaks_of(mark, table)]
        return (*silences, *self._of_one.get(table, ()))


def hold(marks: Iterable[Mark], now: datetime) -> Marks:
    """Return those that play a part at ``now``."""
    holding = (mark for mark in marks if mark.taken_back is None and now < mark.ends_at)
    return Marks(tuple(sorted(holding, key=lambda mark: (mark.at, mark.id))))


def speaks_of(mark: Mark, table: str) -> bool:
    """Tell whether a mark is of a table, by its id; a silence may name several by a glob."""
    return mark.table == table or (mark.kind is MarkKind.SILENCE and matches_id(mark.table, table))


def cover(findings: Iterable[Finding], marks: Marks, state: State, zone: ZoneInfo) -> tuple[Finding, ...]:
    """Return the findings in their order, with the marks that cover them; ``state`` is what was told before.

    What is hidden as a whole is silenced, for a reason that names who and, of a silence, until when (in ``zone``).
    Verdicts stay as they are.
    """
    found = tuple(findings)
    if not marks.holding:
        return found
    by_table: dict[str, list[Finding]] = defaultdict(list)
    for finding in found:
        by_table[finding.table].append(finding)
    covered: dict[str, Finding] = {}
    for table, of_table in by_table.items():
        own = marks.of(table)
        if own:
            covered |= {each.id: each for each in _Table(own, state, zone).cover(of_table)}
    return tuple(covered.get(finding.id, finding) for finding in found)


def unreminded(finding: Finding, changes: list[Change]) -> list[Change]:
    """Return the changes of a finding without reminders of what is acknowledged: it goes on."""
    known = [each for each in finding.marked if each.mark.kind is MarkKind.ACK]
    if not known:
        return changes
    return [
        replace(change, reason=Reason.ONGOING)
        if change.reason is Reason.REMINDER and any(_holds_of(each, change) for each in known)
        else change
        for change in changes
    ]


def _holds_of(each: Marked, change: Change) -> bool:
    return change.item in each.items if each.items else change.item is None


def say_reason(mark: Mark, zone: ZoneInfo) -> str:
    """Return why something is hidden: ``migration, until Tue 1 Dec 2026 00:00 CET (by ann)``."""
    if mark.kind is MarkKind.SILENCE:
        return f"{mark.because}, until {say_instant(mark.ends_at, zone)} (by {mark.by})"
    because = f": {mark.because}" if mark.because else ""
    return f"expected{because} (by {mark.by}, {say_instant(mark.at, zone)})"


def say_mark(mark: Mark, zone: ZoneInfo) -> str:
    """Return a mark as one line: ``3f2a9c1b50 silence of sales.*, until ...: migration (by ann, ...)``."""
    of = f" {mark.check} of" if mark.check else " of"
    because = f": {mark.because}" if mark.because else ""
    about = _about(mark, zone)
    said = f"{mark.kind.value}{of} {mark.table}{f', {about}' if about else ''}{because}"
    back = ""
    if mark.taken_back is not None:
        why = f": {mark.taken_back.because}" if mark.taken_back.because else ""
        back = f"; taken back by {mark.taken_back.by}, {say_instant(mark.taken_back.at, zone)}{why}"
    return f"{mark.id} {said} (by {mark.by}, {say_instant(mark.at, zone)}){back}"


def _about(mark: Mark, zone: ZoneInfo) -> str:
    """Return what a mark is about, beside its table."""
    if mark.kind is MarkKind.SILENCE:
        return f"until {say_instant(mark.ends_at, zone)}"
    if mark.moment is not None:
        word = "at" if mark.kind is MarkKind.MISSED else "from"
        return f"{word} {say_instant(mark.moment, zone)}"
    return mark.period if mark.period is not None else say_covered(mark)


def say_covered(mark: Mark) -> str:
    """Return the troubles that a mark is of: ``partitions 2026-11-21 and 2026-11-22, freshness``."""
    items: dict[str, list[str]] = defaultdict(list)
    for each in mark.covers:
        items[each.check] += [each.item] if each.item is not None else []
    return ", ".join(f"{check} {listing(of, _MOST_NAMED)}".rstrip() for check, of in items.items())


@dataclass(frozen=True, slots=True)
class _Table:
    """The marks of one table."""

    marks: tuple[Mark, ...]
    state: State
    zone: ZoneInfo

    def cover(self, found: list[Finding]) -> list[Finding]:
        hidden: dict[str, Mark] = {}  # periods whose items are hidden
        first = [self._items(finding, hidden) for finding in found]
        second = [self._as_one(finding, hidden) for finding in first]
        return [self._acknowledged(self._silenced(finding)) for finding in second]

    def _of(self, kind: MarkKind, finding: Finding) -> list[Mark]:
        return [mark for mark in self.marks if mark.kind is kind and mark.check in (None, finding.check)]

    def _silenced(self, finding: Finding) -> Finding:
        if finding.silenced is not None:
            return finding
        silence = max(self._of(MarkKind.SILENCE, finding), key=lambda mark: mark.ends_at, default=None)
        return finding if silence is None else self._hidden(finding, [Marked(silence)])

    def _hidden(self, finding: Finding, by: list[Marked]) -> Finding:
        return replace(finding, silenced=say_reason(by[0].mark, self.zone), marked=(*finding.marked, *by))

    def _items(self, finding: Finding, hidden: dict[str, Mark]) -> Finding:
        """Mark the bad items that are expected; where all of them are, the finding is hidden."""
        expected = self._of(MarkKind.EXPECTED, finding)
        if not expected or finding.status is not Status.FAIL or finding.silenced is not None:
            return finding
        by = {
            item.key: mark
            for item in finding.items
            if item.state.is_bad
            for mark in [next((mark for mark in expected if _expects(mark, finding.check, item)), None)]
            if mark is not None
        }
        if not by:
            return finding
        keys: dict[str, list[str]] = defaultdict(list)
        for key, mark in by.items():
            keys[mark.id].append(key)
        known = {mark.id: mark for mark in by.values()}
        marked = [Marked(known[each], tuple(of)) for each, of in keys.items()]
        items = tuple(replace(i, marked=by[i.key].id) if i.key in by else i for i in finding.items)
        finding = replace(finding, items=items)
        told = {item.period for item in items if item.state.is_bad and not item.marked}
        hidden.update({i.period: by[i.key] for i in items if i.marked and i.period not in told})
        if all(item.marked for item in items if item.state.is_bad):
            return self._hidden(finding, marked)
        return replace(finding, marked=(*finding.marked, *marked))

    def _as_one(self, finding: Finding, hidden: Mapping[str, Mark]) -> Finding:
        """Hide a failure that is told as one thing, where it is expected."""
        has_items = any(item.state.is_bad for item in finding.items)
        if has_items or finding.status is not Status.FAIL or finding.silenced is not None:
            return finding
        told = self.state.told.get(finding.id)
        for mark in self._of(MarkKind.EXPECTED, finding):
            of_period = mark.period is not None and mark.period in (finding.of_period, finding.judged)
            if of_period or (mark.period is None and _is_as_told(mark, finding, told)):
                return self._hidden(finding, [Marked(mark)])
        host = hidden.get(finding.of_period) if finding.of_period else None
        if host is None or host.check not in (None, finding.check):
            return finding
        return self._hidden(finding, [Marked(host)])

    def _acknowledged(self, finding: Finding) -> Finding:
        told = self.state.told.get(finding.id)
        if told is None or finding.silenced is not None:
            return finding
        marked = []
        for mark in self._of(MarkKind.ACK, finding):
            keys = _known_items(mark, finding, told)
            if keys or _is_as_told(mark, finding, told):
                marked.append(Marked(mark, keys))
        return replace(finding, marked=(*finding.marked, *marked)) if marked else finding


def _expects(mark: Mark, check: str, item: Item) -> bool:
    if mark.period is not None:
        return mark.period in (item.key, item.period)
    return any(
        each.check == check and each.item == item.key and each.state == item.state.value
        for each in mark.covers
    )


def _known_items(mark: Mark, finding: Finding, told: Told) -> tuple[str, ...]:
    """Return the keys of the bad items that an acknowledgement is of and that are as they were told then."""
    since = {each.item: each for each in mark.covers if each.check == finding.check and each.item is not None}
    return tuple(
        item.key
        for item in finding.items
        if item.state.is_bad and item.key in since and item.key in told.items
        for was, last in [(since[item.key], told.items[item.key])]
        if was.since == last.since
        and was.state == item.state.value
        and not _is_worse(was.severity, finding.severity, last.severity)
    )


def _is_as_told(mark: Mark, finding: Finding, told: Told | None) -> bool:
    """Tell whether a mark is of a finding that was told as one thing, and that neither ended nor became worse since."""
    if told is None or (finding.status is Status.FAIL and any(item.state.is_bad for item in finding.items)):
        return False
    return any(
        each.check == finding.check
        and each.item is None
        and each.state == finding.status.value
        and each.since == told.since
        and not _is_worse(each.severity, finding.severity, told.severity)
        for each in mark.covers
    )


def _is_worse(severity: str | None, *found: Severity | None) -> bool:
    """Tell whether one of those that were found is worse than the severity that was told."""
    return any(_WORSE[each.value if each is not None else None] > _WORSE.get(severity, 0) for each in found)
