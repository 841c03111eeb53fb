"""Requests of a run and of each table: counted, priced, and refused beyond their budgets."""

from __future__ import annotations

import threading
import time
from collections import Counter
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from checks.aws.turns import Reading
from checks.model import Cost, Problem, ProblemKind, Unobserved

if TYPE_CHECKING:
    from collections.abc import Iterator


USD_PER_MILLION = {
    "s3:List": 5.00,
    "s3:": 0.40,
    "glue:": 1.00,
}
"""List prices in USD for a million requests, as of November 2026: S3 Standard in us-east-1
(aws.amazon.com/s3/pricing) and the Glue Data Catalog (aws.amazon.com/glue/pricing). The longest matching
beginning counts; STS is free. Glue's first million calls a month are free: this is what they cost beyond."""


@dataclass(slots=True)
class Meter:
    """Counts the requests of one table; after ``stop_at`` (monotonic seconds) none goes out any more.

    Nor does any beyond ``max_requests``.
    """

    stop_at: float | None = None
    max_requests: int | None = None
    requests: int = 0
    reading: Reading = field(init=False)

    def __post_init__(self) -> None:
        self.reading = Reading(self.stop_at)


_METER: ContextVar[Meter | None] = ContextVar("meter", default=None)


@contextmanager
def metered(meter: Meter) -> Iterator[Meter]:
    """Count what this thread asks for from here on into the meter."""
    token = _METER.set(meter)
    try:
        yield meter
    finally:
        _METER.reset(token)
        meter.reading.end()


def take_room(size_bytes: int) -> None:
    """Count bytes that this thread's table will keep in memory; see `checks.aws.turns`."""
    meter = _METER.get()
    if meter is not None:
        meter.reading.take(size_bytes)


@dataclass(slots=True)
class Ledger:
    """Counts each HTTP attempt of a run by operation, and refuses those beyond ``max_requests``."""

    max_requests: int | None = None
    counts: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def enter(self, operation: str) -> None:
        """Count one attempt of an operation such as ``s3:ListObjectsV2``.

        Raises Unobserved (over budget, or timed out) when it must not go out.
        """
        meter = _METER.get()
        if meter is not None and meter.stop_at is not None and time.monotonic() >= meter.stop_at:
            raise Unobserved(
                Problem(
                    ProblemKind.TIMED_OUT, f"its time was up before {operation} was asked", _TIMEOUT_REMEDY
                )
            )
        with self._lock:
            if meter is not None and meter.max_requests is not None and meter.requests >= meter.max_requests:
                raise Unobserved(
                    Problem(
                        ProblemKind.OVER_BUDGET,
                        f"the table's budget of {meter.max_requests:,} requests is spent",
                        "raise its max_requests, or watch less of it",
                        "over budget max_requests of tables",
                    )
                )
            if self.max_requests is not None and self.counts.total() >= self.max_requests:
                raise Unobserved(
                    Problem(
                        ProblemKind.OVER_BUDGET,
                        f"the run's budget of {self.max_requests:,} requests is spent",
                        "raise max_requests, or watch fewer tables in one run",
                        "over budget max_requests",
                    )
                )
            self.counts[operation] += 1
            if meter is not None:  # threads that help with one listing share its meter
                meter.requests += 1

    def cost(self, seconds: float = 0.0) -> Cost:
        """Return what was asked so far, at list prices."""
        with self._lock:
            counts = dict(sorted(self.counts.items()))
        usd = sum(count * price_of(operation) for operation, count in counts.items())
        return Cost(requests=sum(counts.values()), usd=usd, seconds=seconds, by_operation=counts)


_TIMEOUT_REMEDY = "raise the time a table may take, or narrow what is watched of it"


def price_of(operation: str) -> float:
    """Return the list price in USD of one request, such as of ``s3:ListObjectsV2``; 0 where it is free."""
    fitting = [start for start in USD_PER_MILLION if operation.startswith(start)]
    return USD_PER_MILLION[max(fitting, key=len)] / 1_000_000 if fitting else 0.0
