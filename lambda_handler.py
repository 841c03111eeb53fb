"""The Lambda `monitor`: an event in, one run of the checks, a small dict out."""

from __future__ import annotations

from typing import Any


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Check all tables, publish the report, and return what came of it in a few fields.

    Takes EventBridge's scheduled event (its ``time`` is `now`, its ``id`` the run's identity) or a direct
    call such as ``{"tables": ["sales.*"], "send": false}``. Settings come from the environment: CONFIG or
    TABLES, TOPIC_ARN, HISTORY. Raises `checks.monitor.NotDelivered` when the report could not be delivered,
    so that the invocation fails, is retried, and its alarm rings.
    """
    from checks import monitor

    outcome = monitor.run_event(event, remaining_ms=getattr(context, "get_remaining_time_in_millis", None))
    return outcome.brief()
