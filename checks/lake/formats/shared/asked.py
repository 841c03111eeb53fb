"""What the checks of a table ask of its log, beside when its newest data came: no more than that is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from checks.lake.formats.shared.file_census import LiveNames
from checks.lake.s3.growth import Growing

if TYPE_CHECKING:
    from checks.rules.asking import Clock, Detail, ValueAsk
    from checks.rules.base import TablePlan


@dataclass(frozen=True, slots=True)
class Asked:
    """What the rules of a plan ask of the table's log: what is named here is what it takes to answer them."""

    plan: TablePlan
    detail: Detail

    @property
    def periods(self) -> bool:
        """Tell whether it is asked which periods hold rows."""
        return self.detail.by_period

    @property
    def whole(self) -> bool:
        """Tell whether it is asked how much the whole table holds."""
        return self.detail.sizes and not self.periods

    @property
    def live(self) -> bool:
        """Tell whether it is asked what all files of the table are like."""
        return self.detail.names and not self.periods

    @property
    def files(self) -> bool:
        """Tell whether files are asked for, in each period or all together: their sizes, or what they are like."""
        return self.detail.sizes or self.detail.names

    @property
    def rows(self) -> bool:
        """Tell whether rows are counted."""
        return self.detail.rows

    @property
    def value(self) -> ValueAsk | None:
        """The column whose newest value is asked for."""
        return self.detail.value

    @property
    def more(self) -> bool:
        """Tell whether anything is asked beside when the newest data came."""
        return self.periods or self.files or self.value is not None

    def collector(self) -> LiveNames | None:
        """Return what notes the files of one period, or of the table; None where nobody asks for them."""
        if not self.detail.names:
            return None
        table = self.plan.table
        return LiveNames(self.detail.small_below, self.plan.entry.chosen, table.location or "")

    def growing(self) -> Growing | None:
        """Return what notes when the files of one period, or of the table, came; None where nobody asks for it."""
        return Growing() if self.detail.growth else None


def asked_of(plan: TablePlan, clock: Clock) -> Asked:
    """Return what the rules of a table ask of its log."""
    return Asked(plan, plan.detail(clock))
