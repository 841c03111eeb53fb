"""Where reports go: one module a channel. Nothing in here raises what a reader could be told."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of one message: ``problem`` is a sentence, empty when it was delivered."""

    target: str
    ok: bool
    message_id: str = ""
    problem: str = ""
