"""Why a table's partitions and paths do not tell its periods apart. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from checks.model import Format, Observation, Problem, ProblemKind

if TYPE_CHECKING:
    from checks.layout.values import TimeLayout
    from checks.schedule.periods import Every


def is_bare(seen: Observation) -> bool:
    """Tell whether the place of a table that may have periods was looked at to its end, and holds no data at all."""
    table = seen.table
    may_have_periods = bool(table.partition_keys) or table.is_prefix or table.format is not Format.FILES
    return seen.problem is None and may_have_periods and not seen.partitions and _holds_nothing(seen)


def untold(seen: Observation, layout: TimeLayout | None, every: Every) -> Problem:
    """Return why the periods are not told apart by this layout, or where none was found."""
    if layout is not None:
        return Problem(
            ProblemKind.UNSUPPORTED,
            f"{layout.say()} does not tell each {every.noun} from the next",
            f"write partitions: {{every: {layout.every or '1d'}}}, or name the keys that carry the rest",
        )
    unread = next((each.problem for each in seen.partitions if each.problem is not None), None)
    if unread is not None:
        return unread
    remedy = "; ".join(seen.notes)
    if seen.problem is None and _holds_nothing(seen) and seen.table.format is Format.FILES:
        return Problem(
            ProblemKind.UNSUPPORTED,
            f"{seen.table.location} holds no data yet, so it is not known how {seen.table.id} tells one {every.noun} "
            "from the next",
            remedy or "look at the run that writes it, or state partitions: {key: ..., format: ...}",
        )
    return Problem(
        ProblemKind.UNSUPPORTED,
        f"{seen.table.id} has no partitions that carry time, so no {every.noun} can be told from the next",
        remedy or "watch it with freshness, or state partitions: {key: ..., format: ...}",
    )


def _holds_nothing(seen: Observation) -> bool:
    return seen.listing is not None and seen.listing.complete and not seen.listing.objects
