"""What a mark comes to, in words and as JSON: what it is of, which limits learn from it, whether it still counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from checks.changes.marked import say_covered, say_mark
from checks.history.mark_document import written
from checks.marking.meant import rules_of
from checks.marks import TEACH, Mark, MarkKind
from checks.model import iso
from checks.schedule.clock import say_instant
from checks.text import listing

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from checks.changes import State
    from checks.config import Config
    from checks.model import JsonValue
    from checks.rules.base import Rule


def say_made(config: Config, mark: Mark) -> str:
    """Return what a mark that was kept comes to, and how it is taken back."""
    zone, back = config.settings.timezone, f"take it back with: checks take-back {mark.id}"
    of = f"{mark.check} of {mark.table}" if mark.check else mark.table
    match mark.kind:
        case MarkKind.SILENCE:
            said = f"{of} is silent until {say_instant(mark.ends_at, zone)}"
        case MarkKind.ACK:
            said = f"acknowledged of {mark.table}: {say_covered(mark)}; no reminders until it changes"
        case MarkKind.EXPECTED if mark.period is not None:
            said = f"{mark.period} of {of} is expected as it is, and is not told as a failure"
        case MarkKind.EXPECTED:
            said = f"expected of {mark.table}: {say_covered(mark)}; not told as a failure until it changes"
        case MarkKind.MISSED if mark.period is not None:
            said = f"missed of {of}: {mark.period}"
        case MarkKind.MISSED:
            said = f"missed of {of} at {_said(mark.moment, config)}"
        case _:
            said = f"a new normal of {of} from {_said(mark.moment, config)} on"
    return f"{said} (by {mark.by}); {_teaches(config, mark)}{back}"


def is_over(mark: Mark, config: Config, state: State, now: datetime) -> bool:
    """Tell whether a mark plays no part any more: it ended, was taken back, or nothing that it is of goes on.

    One that limits learn from plays its part until it ends.
    """
    if mark.taken_back is not None or mark.ends_at <= now:
        return True
    if _learning(config, mark):
        return False
    return bool(mark.covers) and not any(f"{mark.table}|{each.check}" in state.told for each in mark.covers)


def say_marks(marks: Iterable[Mark], config: Config, state: State, now: datetime) -> list[str]:
    """Return a line a mark, the newest last."""
    lines = []
    for mark in sorted(marks, key=lambda mark: (mark.at, mark.id)):
        over = mark.taken_back is None and is_over(mark, config, state, now)
        lines.append(f"{say_mark(mark, config.settings.timezone)}{'; over' if over else ''}")
    return lines


def documents(marks: Iterable[Mark], config: Config, state: State, now: datetime) -> dict[str, JsonValue]:
    """Return the marks as values of JSON, the newest last; ``holds``: whether each still plays a part."""
    found: list[JsonValue] = []
    for mark in sorted(marks, key=lambda mark: (mark.at, mark.id)):
        back = mark.taken_back
        taken: JsonValue = (
            None if back is None else {"by": back.by, "at": iso(back.at), "because": back.because}
        )
        found.append({**written(mark), "holds": not is_over(mark, config, state, now), "taken_back": taken})
    return {"version": 1, "marks": found}


def _teaches(config: Config, mark: Mark) -> str:
    """Return which limits of its table learn from a mark, or that none does; empty of one that teaches nothing."""
    learning, others = _learning(config, mark), _spoken_of(config, mark)
    if learning:
        return f"what is learned of its {listing(learning)} goes by it from the next run on; "
    if mark.kind not in TEACH or not others:
        return ""
    stated = [rule.check for rule in others if rule.can_learn]
    if stated:
        of = listing(stated)
        return f"nothing is learned from it, since the limits of {of} are stated; change them, or learn them (auto); "
    return f"nothing is learned from it, since {listing([rule.check for rule in others], 5)} cannot learn; "


def _learning(config: Config, mark: Mark) -> list[str]:
    """Return the checks of a mark's table that learn from it."""
    if mark.kind not in TEACH:
        return []
    return [rule.check for rule in _spoken_of(config, mark) if rule.learns]


def _spoken_of(config: Config, mark: Mark) -> list[Rule]:
    """Return the rules of its table that a mark speaks of."""
    rules = [rule for rule in rules_of(config, mark.table) if mark.check in (None, rule.check)]
    if mark.period is not None:
        is_missed = mark.kind is MarkKind.MISSED
        return [rule for rule in rules if (rule.weighs_periods if is_missed else rule.tells_periods)]
    of = {each.check for each in mark.covers}
    return [rule for rule in rules if not of or rule.check in of]


def _said(moment: datetime | None, config: Config) -> str:
    return "" if moment is None else say_instant(moment, config.settings.timezone)
