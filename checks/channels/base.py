"""What every channel can do: deliver a report to a target, and say what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable

    from checks.model import Change
    from checks.report.build import Report
    from checks.rights import Home, Right


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of one message: ``problem`` is a sentence, empty when it was delivered.

    ``lost`` are the changes that did not arrive where only some of them did; None: all or none, as ``ok`` says.
    """

    target: str
    ok: bool
    message_id: str = ""
    problem: str = ""
    lost: frozenset[Change] | None = None

    def lost_of(self, told: Iterable[Change]) -> frozenset[Change]:
        """Return which of the changes that were to be told did not arrive."""
        if self.ok:
            return frozenset()
        return frozenset(told) if self.lost is None else self.lost


class Channel(Protocol):
    """A way to one target. Nothing in it raises what a reader could be told."""

    @property
    def target(self) -> str:
        """Where reports go, as people may see it: never with a secret."""
        ...

    @property
    def news_only(self) -> bool:
        """True for what keeps troubles open itself: it gets each piece of news, and nothing else, whatever the mode."""
        ...

    def deliver(self, report: Report, stop_at: float | None = None) -> Delivery:
        """Deliver the report, or a part of it; what goes wrong is told in the `Delivery`.

        What is tried again is tried before ``stop_at`` (monotonic seconds).
        """
        ...

    def needs(self, home: Home) -> tuple[Right, ...]:
        """Return what delivering there takes of a role that is at ``home``."""
        ...

    def unheard(self) -> str:
        """Return a sentence when nobody gets what is delivered there; empty when somebody does, or it is not known."""
        ...

    def unanswered(self) -> Delivery:
        """Return what is to be said when the target did not answer in time."""
        ...
