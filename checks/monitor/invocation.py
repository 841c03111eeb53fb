"""What an event asks for: a scheduled run, or a direct call. Events are data of any shape."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

OLDEST = timedelta(hours=24)
"""An event that is older than this is refused: what came since would count as having come in time."""
MOST_AHEAD = timedelta(minutes=10)
"""How far ahead of the clock an event may be."""
_LONGEST_ID = 200
_LONGEST_SHOWN = 80


class UnreadableEvent(Exception):  # noqa: N818 - a sentence for the operator
    """Raised for an event that asks for nothing that can be done, so that the invocation fails."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What an event asks for.

    ``time`` is in UTC, None where the event states none. ``only`` holds globs of table ids, none for all tables.
    """

    time: datetime | None = None
    id: str | None = None
    only: tuple[str, ...] = ()
    send: bool = True


def read_event(event: object) -> Asked:
    """Read an event: EventBridge's ``time`` and ``id``, or ``tables`` and ``send`` of a direct call.

    Raises UnreadableEvent, which says what was seen and what to write.
    """
    if event is None:
        return Asked()
    if not isinstance(event, dict):
        raise UnreadableEvent(
            f'The event is {_show(event)}; write an object, such as {{}} or {{"tables": ["sales.*"]}}.'
        )
    return Asked(time=_time(event), id=_id(event), only=_tables(event), send=_send(event))


def refusal(time: datetime, reading: datetime, last_completed_at: datetime | None = None) -> str | None:
    """Return why an event of this time is not run when the clock shows ``reading``; None when it is.

    ``last_completed_at`` is the time of the last run that was completed and delivered. One that lies ahead of
    the clock by more than an event may is no measure.
    """
    if time > reading + MOST_AHEAD:
        return (
            f"refused: the event's time is {_say(time)}, more than 10 minutes ahead of the clock ({_say(reading)}). "
            "Nothing was published; look at the clock of who sent it."
        )
    if reading - time > OLDEST:
        return (
            f"refused: the event's time is {_say(time)}, more than 24 h before the clock ({_say(reading)}). "
            "Nothing was published; a run for now is an event without time."
        )
    if last_completed_at is None or last_completed_at > reading + MOST_AHEAD or time >= last_completed_at:
        return None
    return (
        f"refused: the event's time is {_say(time)}, before that of the last completed run "
        f"({_say(last_completed_at)}). Nothing was published; a run for now is an event without time."
    )


def _time(event: Mapping[str, Any]) -> datetime | None:
    stated = event.get("time")
    if stated is None:
        return None
    try:
        found = datetime.fromisoformat(stated.strip())
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, AttributeError, TypeError, OverflowError):
        placeholder = isinstance(stated, str) and stated.strip()[:1] in ("<", "$", "{")
        why = ": a placeholder that whoever sent it should have filled in" if placeholder else ""
        raise UnreadableEvent(
            f"The event's time is {_show(stated)}, which is no time{why}; write ISO 8601, such as "
            "2026-11-23T00:00:00Z, or leave time out, and the clock counts."
        ) from None


def _id(event: Mapping[str, Any]) -> str | None:
    stated = event.get("id")
    if stated is None or stated == "":
        return None
    if not isinstance(stated, str | int) or isinstance(stated, bool):
        raise UnreadableEvent(f"The event's id is {_show(stated)}; write text, or leave id out.")
    text = str(stated)
    if len(text) <= _LONGEST_ID:
        return text
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _tables(event: Mapping[str, Any]) -> tuple[str, ...]:
    stated = event.get("tables")
    if stated is None:
        return ()
    globs = [stated] if isinstance(stated, str) else stated
    if not isinstance(globs, list | tuple) or not all(
        isinstance(glob, str) and glob.strip() for glob in globs
    ):
        raise UnreadableEvent(
            f"The event's tables are {_show(stated)}; write a list of names and globs, such as "
            '["sales.*"], or leave tables out, and all are looked at.'
        )
    return tuple(glob.strip() for glob in globs)


def _send(event: Mapping[str, Any]) -> bool:
    stated = event.get("send")
    if stated is None or isinstance(stated, bool):
        return stated is not False
    raise UnreadableEvent(f"The event's send is {_show(stated)}; write true or false, or leave send out.")


def _show(value: object) -> str:
    """Write a value so that it is safe to print, and short."""
    try:
        text = ascii(value)
    except (ValueError, RecursionError):  # a number of very many digits, a list that holds itself
        text = ""
    kind = type(value).__name__
    if len(text) <= _LONGEST_SHOWN:
        return text or f"of the type {kind}"
    return f"{text[:_LONGEST_SHOWN]}... (of the type {kind})"


def _say(instant: datetime) -> str:
    return f"{instant:%Y-%m-%dT%H:%M:%SZ}"
