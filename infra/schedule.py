"""What follows from the schedule for the deployment: how long an event may wait, and when silence is an alarm.

`settings.js` runs it as a script, so that whichever way the stack is packaged, a bad schedule is told before.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta

from checks.schedule.durations import say_duration
from checks.schedule.runs import parse

LOOK_BACK = timedelta(days=7)
"""Period times evaluation periods of an alarm is at most this, from periods of an hour up (CloudWatch user guide)."""
EVENT_OLDEST = timedelta(hours=6)
"""Lambda keeps an event no longer."""
_HOUR, _FIVE_MINUTES = timedelta(hours=1), timedelta(minutes=5)
_FEW = timedelta(hours=6)
_BETWEEN_TRIES = timedelta(minutes=3)
"""Lambda tries again after one minute, and after two more."""


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """An alarm rings after ``evaluations`` periods of ``period`` seconds without a heartbeat."""

    period: int
    evaluations: int

    @property
    def silence(self) -> timedelta:
        """How long it is silent before the alarm rings."""
        return timedelta(seconds=self.period * self.evaluations)


@dataclass(frozen=True, slots=True)
class Follows:
    """``event_age`` in seconds. ``heartbeat`` is None where no alarm can look back so far: ``note`` says so."""

    event_age: int
    heartbeat: Heartbeat | None
    note: str = ""


def follows(expression: str, timeout: timedelta, now: datetime) -> Follows:
    """Return what follows from the schedule of runs that are ended after ``timeout``.

    Raises ValueError for an expression that EventBridge would refuse, and for one that never runs again.
    """
    schedule = parse(expression)
    if schedule.next(now) is None:
        raise ValueError(f"{expression!r} never runs again; write a schedule that has a run to come")
    tries = 3 * timeout + _BETWEEN_TRIES
    longest, shortest = schedule.longest_gap(now), schedule.shortest_gap(now)
    # Longer than until the next run it would come too late to be one, shorter it would cost the tries.
    age = int(max(min(shortest or EVENT_OLDEST, EVENT_OLDEST), min(tries, EVENT_OLDEST)).total_seconds())
    if longest is None:
        return Follows(
            age, None, f"{expression} runs once more only, so no alarm can tell that the monitor is silent."
        )
    silence = longest + tries
    period = _FIVE_MINUTES if silence <= _FEW else _HOUR
    evaluations = -(-silence // period) + 1  # one more, as a run need not begin with a period
    if evaluations * period > LOOK_BACK:
        return Follows(
            age,
            None,
            f"{expression} leaves {say_duration(longest)} between two runs, and an alarm looks back 7 days at most: "
            "none is made for the monitor's silence. A run that fails is told all the same; a schedule that does not "
            "start it is not. Run it daily, with `report: on_change` in the config if that is too much mail.",
        )
    return Follows(age, Heartbeat(int(period.total_seconds()), evaluations))


def main() -> int:
    """Print what follows from the expression and the timeout in seconds that are given, as JSON."""
    expression, timeout = sys.argv[1:]
    now = datetime.now(UTC)  # noqa: TID251 - the edge: the one reading of the clock
    try:
        print(json.dumps(asdict(follows(expression, timedelta(seconds=int(timeout)), now))))
    except ValueError as error:
        print(f"CRON_SCHEDULE: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
