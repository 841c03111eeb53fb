"""What is due of values that have deadlines of their own. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from checks.rules.dimensions import say_combination
from checks.schedule.clock import say_instant

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from checks.model import Combination
    from checks.rules.asking import Clock
    from checks.schedule.due import DuePeriod, Schedule

_MOST_NAMED = 5
"""So many combinations of values with one deadline are named where all are told."""


def dues_of(
    combinations: Iterable[Combination],
    due: Sequence[DuePeriod],
    own: Mapping[Combination, Schedule],
    of_table: Schedule,
    clock: Clock,
) -> dict[Combination, dict[str, DuePeriod]]:
    """Return for each combination the periods that are due, by label: by its own schedule, else those of the table."""
    if not own:
        return dict.fromkeys(combinations, {each.period.label: each for each in due})  # noqa: RUF024 - only read
    last = clock.last_completed_at
    schedules = {combination: own.get(combination, of_table) for combination in combinations}
    known = {
        schedule: {each.period.label: each for each in schedule.due(clock.now, reach_back_to=last)}
        for schedule in set(schedules.values())
    }
    return {combination: known[schedule] for combination, schedule in schedules.items()}


def explain_own(own: Mapping[Combination, Schedule], clock: Clock) -> Iterator[str]:
    """Yield when values are due, those with one schedule together."""
    together: dict[Schedule, list[Combination]] = {}
    for combination, schedule in own.items():
        together.setdefault(schedule, []).append(combination)
    for schedule, combinations in together.items():
        named = ", ".join(say_combination(each) for each in combinations[:_MOST_NAMED])
        more = f" and {len(combinations) - _MOST_NAMED} more" if len(combinations) > _MOST_NAMED else ""
        told = f"{named}{more}: due {schedule.say_deadline()}"
        if due := schedule.due(clock.now, reach_back_to=clock.last_completed_at):
            told += f"; the newest due is {due[0].period.label}, {say_instant(due[0].due_at, schedule.zone)}"
        yield told
