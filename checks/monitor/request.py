"""What one run is asked to do, and what came of it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from checks.model import iso
from checks.monitor.time_left import TimeLeft
from checks.report import build

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from checks.channels import Delivery
    from checks.model import JsonValue, Observation
    from checks.report.build import FailOn, Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What one run is asked to do.

    ``now`` is the run's time, aware; ``reading`` what the clock shows, where that is an event's, which may come late.
    ``is_stated``: the event states its time, and is refused where that is too old or ahead. ``ignore_later``: evidence
    later than ``now`` is ignored (a stated ``--now``). ``only`` holds globs of table ids. ``send``: publish. ``keep``:
    let the state move. ``event_id``: the event that asked, which is reported once; ``request_id`` is the same when
    Lambda tries an invocation again. ``time_left`` says when each part has to end. ``progress`` is called with the
    number of tables looked at, and of all, and with the last one.
    """

    now: datetime
    reading: datetime | None = None
    is_stated: bool = False
    ignore_later: bool = False
    only: tuple[str, ...] = ()
    send: bool = True
    keep: bool = True
    event_id: str | None = None
    request_id: str | None = None
    time_left: TimeLeft = field(default_factory=lambda: TimeLeft.of(None))
    progress: Callable[[int, int, str], None] | None = None

    def clock(self) -> datetime:
        """Return the time of the machine: what the clock showed, and what has gone by since."""
        gone_by = timedelta(seconds=time.monotonic() - self.time_left.started)
        return (self.reading or self.now) + gone_by


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a run. ``complaints`` are sentences for the operator: what could not be sent or kept.

    ``refused`` says why an event was not run at all; then nothing was delivered, and nothing failed.
    """

    report: Report
    deliveries: tuple[Delivery, ...] = ()
    complaints: tuple[str, ...] = ()
    delivered: bool = True
    already_reported: bool = False
    refused: str | None = None
    observations: Mapping[str, Observation] = field(default_factory=dict)

    def exit_code(self, fail_on: FailOn) -> int:
        """Return 3 when not delivered, 1 when failing, 3 when something is unchecked, else 0."""
        return build.exit_code(self.report, fail_on, delivered=self.delivered)

    def brief(self) -> dict[str, JsonValue]:
        """Return the few fields that the Lambda answers with."""
        summary, cost = self.report.summary, self.report.cost
        return {
            "run_id": self.report.run_id,
            "now": iso(self.report.now),
            "already_reported": self.already_reported,
            "refused": self.refused,
            "delivered": self.delivered,
            "tables": summary.tables,
            "fresh": summary.fresh,
            "warning": summary.warning,
            "critical": summary.critical,
            "unknown": summary.unknown,
            "requests": cost.requests,
            "usd": round(cost.usd, 6),
            "complaints": list(self.complaints),
        }
