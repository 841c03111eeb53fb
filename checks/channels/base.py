"""What every channel can do: deliver a report to a target, and say what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from checks.report.build import Report


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of one message: ``problem`` is a sentence, empty when it was delivered."""

    target: str
    ok: bool
    message_id: str = ""
    problem: str = ""


class Channel(Protocol):
    """A way to one target. Nothing in it raises what a reader could be told."""

    @property
    def target(self) -> str:
        """Where reports go, as the config writes it."""
        ...

    def deliver(self, report: Report) -> Delivery:
        """Deliver the report, or a part of it; what goes wrong is told in the `Delivery`."""
        ...

    def unheard(self) -> str:
        """Return a sentence when nobody gets what is delivered there; empty when somebody does, or it is not known."""
        ...

    def unanswered(self) -> Delivery:
        """Return what is to be said when the target did not answer in time."""
        ...
