"""What each rule wants to see of a table's periods, and when it has seen enough."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from checks.model import PartitionSeen, Period
    from checks.rules.asking import Needs
    from checks.rules.base import Rule


@dataclass(slots=True)
class Wants:
    """What one rule needs, and whether it has seen enough."""

    rule: Rule
    needs: Needs
    newest: datetime | None = None
    looks_further: bool = False
    starts: frozenset[datetime] = field(init=False)

    def __post_init__(self) -> None:
        self.starts = frozenset(period.start for period in self.needs.looked_at)

    @property
    def can_end(self) -> bool:
        """Tell whether something new enough ends its needs."""
        return self.needs.enough_at is not None

    @property
    def is_silent(self) -> bool:
        """Tell whether the rule asks for no period of its own: it judges what others ask for."""
        return not self.needs.looked_at and self.needs.onward_from is None

    def wants(self, period: Period) -> bool:
        """Tell whether the rule still needs the period."""
        if not self.covers(period):
            return False
        return not self.has_enough

    @property
    def has_enough(self) -> bool:
        """Tell whether an arrival was seen after which no more needs to be read."""
        enough = self.needs.enough_at
        return enough is not None and self.newest is not None and self.newest >= enough

    @property
    def first(self) -> datetime:
        """The earliest wall time that is needed; there has to be one."""
        onward = self.needs.onward_from
        return min(
            [period.wall for period in self.needs.looked_at] + ([onward] if onward is not None else [])
        )

    def misses_first(self, filled: Sequence[datetime]) -> bool:
        """Tell whether the first period is asked for and the starts of those with data do not show it."""
        if not self.needs.first_period or self.has_enough:
            return False
        return min(self.starts) not in filled if self.starts else not filled

    def covers(self, period: Period) -> bool:
        """Tell whether the period is among what the rule needs."""
        onward = self.needs.onward_from
        return (
            self.looks_further
            or period.start in self.starts
            or (onward is not None and period.wall >= onward)
        )

    def saw(self, seen: PartitionSeen) -> None:
        """Take note of what was seen."""
        at = seen.listing.newest_at if seen.listing is not None else None
        if at is not None and self.covers(seen.period) and (self.newest is None or at > self.newest):
            self.newest = at
