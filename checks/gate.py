"""A look at one table for whoever calls the Lambda, such as a state machine that waits for its data."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from checks import monitor
from checks.monitor.invocation import Asked, UnreadableEvent
from checks.monitor.time_left import TimeLeft
from checks.waiting import Came, Waiting, look

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from checks.model import JsonValue

_THERE = {Came.YES: True, Came.NOT_YET: False, Came.UNKNOWN: None}


def answer(event: object, remaining_ms: Callable[[], int] | None = None) -> dict[str, JsonValue] | None:
    """Return what one look came to for ``{"wait": "sales.orders", "period": "2026-11-22"}``; None for other events.

    ``there`` is true, false, or None where it could not be told; ``because`` says what was seen. Nothing is sent, and
    no state moves. What waiting cannot mend is raised, so that the invocation fails: `invocation.UnreadableEvent`,
    `waiting.NotAwaited`, `monitor.NothingMatches`, `monitor.NotRead` and `checks.config.ConfigErrors`.
    """
    if not isinstance(event, dict) or "wait" not in event:
        return None
    table, period = _text(event, "wait"), _text(event, "period") if event.get("period") is not None else None
    time_left = TimeLeft.of(None if remaining_ms is None else remaining_ms() / 1000)
    config = monitor.config_in_use(time_left).config
    now = monitor.request_of(Asked(), time_left).now
    nothing = now - now
    seen = look(config, Waiting(table=table, period=period, timeout=nothing, every=nothing), os.environ, now)
    return {"table": table, "period": period, "there": _THERE[seen.came], "because": seen.said}


def _text(event: Mapping[str, Any], key: str) -> str:
    stated = event[key]
    if isinstance(stated, str) and stated.strip():
        return stated.strip()
    example = {
        "wait": "one table by its id, such as sales.orders",
        "period": "one such as 2026-11-22, or leave it out",
    }
    kind = "empty" if isinstance(stated, str) else f"of the type {type(stated).__name__}"
    raise UnreadableEvent(f"The event's {key} is {kind}; write {example[key]}.")
