"""All that is asked of a Hudi table beyond when its data came."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from checks.lake.formats.hudi.periods import Partitions
from checks.lake.formats.hudi.slices import Slices, newest_value_in, whole_of
from checks.lake.formats.shared.partition_tally import without_partitions
from checks.model import Unobserved

if TYPE_CHECKING:
    from checks.lake.formats.hudi.timeline import Properties, Timeline
    from checks.lake.formats.hudi.walk import Walk
    from checks.lake.formats.shared.asked import Asked
    from checks.model import Observation
    from checks.rules.asking import Clock


def with_more(
    seen: Observation, asked: Asked, clock: Clock, walk: Walk, properties: Properties, timeline: Timeline
) -> Observation:
    """Return the observation with all that the table's rules ask of its timeline; what is not known says why."""
    if asked.value is not None:
        slices = Slices(walk, clock, properties, timeline)
        seen = replace(seen, values=newest_value_in(slices, asked.value, asked.plan.table.id))
    measured = None
    if asked.files:
        measured = Slices(walk, clock, properties, timeline)
        measured.read_all()
    if asked.periods:
        try:
            return Partitions(asked, clock, walk, properties, timeline, measured).add_to(seen)
        except Unobserved as error:
            return without_partitions(seen, asked.plan, clock, error.problem)
    if measured is None:
        return seen
    whole = whole_of(measured, asked)
    return replace(seen, whole=whole if asked.whole else None, live=whole if asked.live else None)
