"""What a rule measured on a table, ready to be judged, and what it says of that in a finding. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, Generic, TypedDict, TypeVar

from checks.model import Item, Limits, Problem, Severity

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from checks.model import Absence, Observed

Facts = TypeVar("Facts")


class Direction(StrEnum):
    """Which side of its limit a good observed value lies on; exactly the limit is good."""

    AT_LEAST = "at least"
    AT_MOST = "at most"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row(Generic[Facts]):
    """One rule's measurement on one table, ready to be judged.

    ``observed`` and the limits are all instants or all numbers. ``unknown`` is set when there is
    nothing to judge. ``doubt_if_pass`` and ``doubt_if_fail`` say what stands against believing that
    outcome (a listing that was ended early proves a table fresh, never stale): then it is unknown.
    ``remark`` is told beside its sentence unless it passes.
    ``measured`` is what the rule needs again to write its sentence, None where nothing was measured.
    """

    table: str
    check: str
    direction: Direction
    observed: datetime | float | None = None
    warning: datetime | float | None = None
    critical: datetime | float | None = None
    unknown: Problem | None = None
    doubt_if_pass: Problem | None = None
    doubt_if_fail: Problem | None = None
    items: tuple[Item, ...] = ()
    evidence: str | None = None
    measured: Facts | None = None
    remark: str = ""

    @property
    def id(self) -> str:
        """Identify the row; equal to the id of the finding that comes of it."""
        return f"{self.table}|{self.check}"

    @property
    def limits(self) -> Limits:
        """The limits as a finding tells them."""
        return _limits(self.warning, self.critical)

    @property
    def facts(self) -> Facts:
        """What was measured; raises ValueError of a row that has nothing to judge."""
        if self.measured is None:
            message = f"nothing was measured for {self.id}"
            raise ValueError(message)
        return self.measured


@lru_cache(maxsize=1024, typed=True)
def _limits(warning: datetime | float | None, critical: datetime | float | None) -> Limits:
    """Return the limits; thousands of rows have the same."""
    return Limits(warning=warning, critical=critical)


class RowValues(TypedDict, total=False):
    """What a rule says of a row of its own, where it differs from what all its rows are like."""

    observed: datetime | float | None
    warning: datetime | float | None
    critical: datetime | float | None
    unknown: Problem | None
    doubt_if_pass: Problem | None
    doubt_if_fail: Problem | None
    items: tuple[Item, ...]
    evidence: str | None


class Told(TypedDict, total=False):
    """What a rule says in a finding beside its sentence."""

    observed: Observed
    expected: Observed
    limits: Limits
    evidence: str | None
    items: tuple[Item, ...]
    deadline: datetime | None
    advice: str
    statement: str
    usual: str
    note: str
    of_period: str
    judged: str
    lacking: tuple[str, ...]
    absence: Absence | None
    stale_since: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """How a report tells what a check found, where its sentences are not enough.

    ``of_silence``: a failure with the time since when it fails says that no data came since then: of tables that are
    silent for long one entry is made. ``zero_is_silence``: a failure that observed nothing at all is told in it too.
    ``unmended`` is said of items that left the lookback as bad as they were, ``mended`` of one that is well now, and
    of several.
    """

    of_silence: bool = True
    zero_is_silence: bool = False
    unmended: str = "without usable data"
    mended: tuple[str, str] = ("has data now", "have data now")


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What is told with every finding of a table: who mends it, how, where to see it, and what is silenced why."""

    owner: str | None = None
    runbook: str | None = None
    console_url: str | None = None
    silences: Mapping[str, str] = field(default_factory=dict)


NOTHING_MORE = About()


@lru_cache(maxsize=16)
def allowed(most: float, severity: Severity) -> tuple[float | None, float | None]:
    """Return the limits for a warning and for critical of what may be there, one of which is stated."""
    return (most, None) if severity is Severity.WARNING else (None, most)
