"""The Lambda `monitor`: an event in, one run of the checks, a small dict out."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def lambda_handler(event: Any, context: Any) -> dict[str, Any]:
    """Check all tables, publish the report, and return what came of it in a few fields.

    Takes EventBridge's scheduled event (its ``time`` is `now`, its ``id`` the run's identity) or a direct
    call such as ``{"tables": ["sales.*"], "send": false}``; ``{"wait": "sales.orders", "period": "2026-11-22"}`` is
    answered by one look at that table (`checks.gate.answer`). Settings come from the environment: CONFIG or
    TABLES, TOPIC_ARN, HISTORY. What `checks.monitor.run_event` raises fails the invocation, so that it is
    retried and its alarm rings: above all a report that could not be delivered. So does
    `checks.bundle.UnusableBundle` when the package cannot run where it was deployed.
    """
    from checks import bundle

    bundle.use(Path(__file__).parent)  # before anything that needs a dependency is imported

    from checks import gate, monitor

    remaining_ms = getattr(context, "get_remaining_time_in_millis", None)
    answer = gate.answer(event, remaining_ms)
    if answer is not None:
        return answer
    outcome = monitor.run_event(
        event,
        remaining_ms=remaining_ms,
        request_id=getattr(context, "aws_request_id", None),
    )
    return outcome.brief()
