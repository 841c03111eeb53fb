"""Which due periods a table's partition projection covers: no query sees the others. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from checks.layout import StatedLayout
from checks.layout.projection import Unprojectable, is_projected, projection_of
from checks.model import Problem, ProblemKind
from checks.rules.sentences import count_of

if TYPE_CHECKING:
    from checks.layout import TimeLayout
    from checks.model import Table
    from checks.rules.asking import Clock
    from checks.schedule.due import DuePeriod
    from checks.schedule.periods import Every


def projected(
    due: tuple[DuePeriod, ...], table: Table, layout: TimeLayout | None, clock: Clock
) -> tuple[DuePeriod, ...]:
    """Leave out the periods that the table's partition projection does not cover: no query sees them."""
    if layout is None or not is_projected(table):
        return due
    try:
        projection = projection_of(table, StatedLayout(tuple(k.name for k in layout.keys), layout.formats))
    except Unprojectable:
        return due
    return tuple(each for each in due if projection.admits(each.period, layout, clock.now))


def none_projected(table: Table, due: tuple[DuePeriod, ...], every: Every) -> Problem:
    """Return the problem that no due period is projected: then nothing can be told of the table."""
    number = count_of(len(due), f"due {every.noun}")
    ranges = say_range(table)
    return Problem(
        ProblemKind.UNSUPPORTED,
        f"{number} from {due[-1].period.label} to {due[0].period.label}, and none lies in the range that is "
        f"projected{ranges}",
        "widen the range in the table's properties, or exclude the table",
    )


def say_range(table: Table) -> str:
    """Say what is projected, as the table's properties state it; empty where they state none."""
    names = [key.name for key in table.partition_keys]
    found = [(name, table.parameters.get(f"projection.{name}.range")) for name in names]
    told = " and ".join(f"{name} {text}" for name, text in found if text)
    return f" ({told})" if told else ""
