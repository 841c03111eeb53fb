"""News to an event bus: one event a change, so that rules can choose and machines can act.

`PutEvents` takes 10 entries a request, and 256 KB for all of them (EventBridge API reference); it may take some and
refuse others, and those are tried again.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from checks import text as words
from checks.aws import clients, refusals
from checks.channels.base import Delivery
from checks.report import events
from checks.rights import Right

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from checks.model import Change
    from checks.report.build import Report
    from checks.rights import Home

PUT_EVENTS = "events:PutEvents"
IAM_ACTIONS = (PUT_EVENTS,)
MOST_ENTRIES = 10
REQUEST_LONGEST = 256 * 1024
_TIME_BYTES = 14
_TRIES = 4
_AGAIN = frozenset({"ThrottlingException", "InternalFailure", "InternalException", "ServiceUnavailable"})
_ARN = re.compile(r"arn:aws[a-z-]*:events:([a-z0-9-]+):")


@dataclass(frozen=True, slots=True)
class _Event:
    """An entry of a request, and the change that it tells; None where it is a test."""

    entry: dict[str, Any]
    change: Change | None

    @property
    def size(self) -> int:
        """Its bytes, as EventBridge counts them."""
        texts = (self.entry["Source"], self.entry["DetailType"], self.entry["Detail"])
        return _TIME_BYTES + sum(len(text.encode()) for text in texts)


@dataclass(slots=True)
class _Taken:
    """What became of all events: those that were lost, and why, a sentence by its cause."""

    lost: list[_Event] = field(default_factory=list)
    why: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Bus:
    """The channel to an event bus, by its name or ARN."""

    bus: str
    news_only: bool = True

    @property
    def target(self) -> str:
        """Where events go."""
        return f"event bus {self.bus}"

    def deliver(self, report: Report, stop_at: float | None = None) -> Delivery:
        """Put an event for each change that is news; those that were refused are tried again, and told."""
        client = clients.client("events", _region(self.bus))
        all_events = list(self._events(report))
        taken = _Taken()
        for batch in batches(all_events):
            self._put(client, batch, taken, stop_at)
        if not taken.lost:
            return Delivery(self.target, ok=True)
        count = f"{len(taken.lost):,} of {words.count(len(all_events), 'event')}"
        problem = f"{count} did not get to the {self.target}: {' '.join(taken.why.values())}"
        lost = frozenset(one.change for one in taken.lost if one.change is not None)
        return Delivery(self.target, ok=False, problem=problem, lost=lost)

    def needs(self, home: Home) -> tuple[Right, ...]:
        """Return the right on the bus."""
        own = f"arn:{home.partition}:events:{home.region}:{home.account_id}:event-bus/{self.bus}"
        return (Right(PUT_EVENTS, self.bus if self.bus.startswith("arn:") else own),)

    def unheard(self) -> str:
        """Return nothing: which rules listen is the bus's own affair."""
        return ""

    def unanswered(self) -> Delivery:
        """Say that the bus may or may not have got the events."""
        told = f"The {self.target} did not answer in time, so which events it got is not known."
        return Delivery(self.target, ok=False, problem=told)

    def _events(self, report: Report) -> Iterator[_Event]:
        changes: Sequence[Change | None] = (None,) if report.is_test else events.told(report)
        for change in changes:
            entry = {
                "EventBusName": self.bus,
                "Source": events.SOURCE,
                "DetailType": events.DETAIL_TYPE if change is not None else events.TEST_TYPE,
                "Detail": events.detail(report, change),
                "Time": report.now,
            }
            yield _Event(entry, change)

    def _put(self, client: Any, batch: list[_Event], taken: _Taken, stop_at: float | None) -> None:
        """Put the events of one request, and again those that were refused for now."""
        left = batch
        for attempt in range(_TRIES):
            if _is_over(stop_at):
                taken.why.setdefault("time", "The run's time was up.")
                break
            entries = [one.entry for one in left]
            answer, error = refusals.attempt(lambda: client.put_events(Entries=entries))  # noqa: B023 - called here
            if error is not None:
                mend = "create it, or correct `eventbridge` (its region and account too)"
                told = refusals.sentence(error, f"the {self.target}", PUT_EVENTS, mend)
                taken.why.setdefault(refusals.code_of(error), told)
                break
            refused = [
                (one, said)
                for one, said in zip(left, answer.get("Entries", []), strict=True)
                if said.get("ErrorCode")
            ]
            for _, said in refused:
                taken.why.setdefault(str(said["ErrorCode"]), _say(said))
            taken.lost += [one for one, said in refused if said["ErrorCode"] not in _AGAIN]
            left = [one for one, said in refused if said["ErrorCode"] in _AGAIN]
            if not left:
                return
            if attempt < _TRIES - 1:
                time.sleep(0.25 * 2**attempt)
        taken.lost += left


channel = Bus
"""What `checks.channels.channel_of` makes of a target."""


def batches(all_events: Sequence[_Event]) -> Iterator[list[_Event]]:
    """Yield the events by the request, in their order: at most 10, and at most 256 KB together."""
    batch: list[_Event] = []
    size = 0
    for one in all_events:
        if batch and (len(batch) == MOST_ENTRIES or size + one.size > REQUEST_LONGEST):
            yield batch
            batch, size = [], 0
        batch.append(one)
        size += one.size
    if batch:
        yield batch


def _say(said: dict[str, Any]) -> str:
    message = words.shorten(words.clean(str(said.get("ErrorMessage", ""))), 200).rstrip(".")
    return f"{words.clean(str(said['ErrorCode']))}: {message or 'it gave no reason'}."


def _is_over(stop_at: float | None) -> bool:
    return stop_at is not None and time.monotonic() >= stop_at


def _region(bus: str) -> str | None:
    match = _ARN.match(bus)
    return match[1] if match else None
