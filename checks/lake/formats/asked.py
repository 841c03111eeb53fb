"""What the checks of a table ask of its log, beside when its newest data came: no more than that is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from checks.lake.formats.held import rules_of_periods
from checks.lake.formats.live import LiveNames
from checks.rules.events import EventsRule
from checks.rules.files import FilesRule
from checks.rules.volume_rule import VolumeRule

if TYPE_CHECKING:
    from checks.rules.base import TablePlan


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked: which periods hold rows, how much the whole table holds, what its files are like, an event time.

    ``rows`` says that they are counted; ``names`` that files are looked at, in each period or all together.
    """

    plan: TablePlan
    periods: bool
    volume: bool
    rows: bool
    names: bool
    events: EventsRule | None

    @property
    def whole(self) -> bool:
        """Tell whether the volume of the whole table is asked for."""
        return self.volume and not self.periods

    @property
    def live(self) -> bool:
        """Tell whether all files of the table are asked for."""
        return self.names and not self.periods

    def collector(self) -> LiveNames | None:
        """Return what notes the files of one period, or of the table; None where nobody asks for them."""
        if not self.names:
            return None
        table = self.plan.table
        return LiveNames(self.plan.detail.small_below, self.plan.pattern, table.location or "")


def asked_of(plan: TablePlan) -> Asked:
    """Return what the rules of a table ask of its log."""
    volume = next((rule for rule in plan.rules if isinstance(rule, VolumeRule)), None)
    return Asked(
        plan=plan,
        periods=bool(rules_of_periods(plan)),
        volume=volume is not None,
        rows=volume is not None and volume.counts_rows,
        names=any(isinstance(rule, FilesRule) for rule in plan.rules),
        events=next((rule for rule in plan.rules if isinstance(rule, EventsRule)), None),
    )
