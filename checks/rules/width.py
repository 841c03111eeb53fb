"""The check `width`: a table has no more columns than it may have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from checks.model import Severity
from checks.rules.asking import Needs
from checks.rules.base import NOTHING_MORE, About, Binding, CheckConfig, Row, Rule, allowed

if TYPE_CHECKING:
    from checks.layout import TimeLayout
    from checks.model import Finding, Observation, Table, TableMemory
    from checks.rules.asking import Clock


class WidthConfig(CheckConfig):
    """No more columns than so many."""

    check: ClassVar[str] = "width"
    expectation: ClassVar[str] = "checks.expectations.ExpectTablesToBeNarrow"
    most: int = Field(ge=1, description="No more columns than this.", examples=[200])

    def bind(self, binding: Binding) -> WidthRule:  # noqa: ARG002 - the interface's
        """Return the rule."""
        return WidthRule(most=self.most)


@dataclass(frozen=True, slots=True, kw_only=True)
class WidthRule(Rule):
    """The bound check."""

    check: ClassVar[str] = "width"
    most: int

    @property
    def limits(self) -> tuple[float | None, float | None]:
        """Critical above so many."""
        return allowed(self.most, Severity.CRITICAL)

    def looks(self, table: Table) -> bool:  # noqa: ARG002 - the interface's
        """Tell that the catalog's description is enough."""
        return False

    def needs(self, table: Table, layout: TimeLayout | None, clock: Clock, memory: TableMemory) -> Needs:  # noqa: ARG002 - the interface's
        """Ask for nothing."""
        return Needs()

    def measure(self, seen: Observation, clock: Clock, memory: TableMemory) -> Row[Any]:  # noqa: ARG002 - the interface's
        """Count the columns."""
        return self.row(seen, observed=len(seen.table.columns))

    def finding(self, row: Row[Any], severity: Severity | None, about: About = NOTHING_MORE) -> Finding:
        """Write the finding."""
        return self.tell(row, severity, f"{row.observed} columns; expected at most {self.most}", about=about)
