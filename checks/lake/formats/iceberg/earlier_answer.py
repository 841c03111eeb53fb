"""Iceberg: what an earlier run read may stand in place of a look, while the catalog names the same metadata file. Pure.

A metadata file never changes, so that what one tells stays true; only that a table is still there is noticed by another
look alone. Which is why an answer stands for a time (``max_age_of_answer``), and for what was asked then.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from checks.lake.formats.shared.asked import asked_of
from checks.lake.formats.shared.recency import Recency, observation_of, strictest_limit
from checks.lake.plain.earlier_answers import NEVER, limit_of
from checks.model import LogAnswer, WholeSeen, iso

if TYPE_CHECKING:
    from checks.model import Observation, Table
    from checks.rules.asking import (
        Clock,
    )
    from checks.rules.base import (
        TablePlan,
    )

_LONGEST = 500
"""Answers with longer names are not remembered, so that the state stays small."""


def pointer_of(table: Table) -> str | None:
    """Return the metadata file that the catalog names, None where it names none."""
    parameters = {key.lower(): text for key, text in table.parameters.items()}
    return parameters.get("metadata_location") or None


def standing(plan: TablePlan, clock: Clock) -> LogAnswer | None:
    """Return the answer that stands in place of a look at the table, None where it has to be looked at."""
    answer, asked = plan.memory.log_answer, _asked(plan, clock)
    if answer is None or asked is None or answer.pointer != pointer_of(plan.table):
        return None
    if (
        not NEVER
        <= clock.now - answer.seen_at
        < limit_of(plan.table.id, answer.pointer, plan.max_age_of_answer)
    ):
        return None
    newest, limit = answer.newest, strictest_limit(plan, clock)
    if asked_of(plan, clock).detail.times and plan.memory.has_to_learn:
        return None  # what is learned begins with what the log tells
    if not asked <= set(answer.asked) or (newest is not None and newest.at > clock.latest):
        return None
    # A pass rests on times that were held against files: where it did not then, it may not do so now.
    is_fresh = newest is not None and limit is not None and newest.at >= limit
    return None if is_fresh and not answer.is_sure else answer


def seen_again(answer: LogAnswer, plan: TablePlan, clock: Clock) -> Observation:
    """Return the observation that an answer of an earlier run gives."""
    seen = observation_of(plan, clock, Recency(newest=answer.newest))
    note = (
        f"{plan.table.id}: its metadata file is the same as on {iso(answer.seen_at)}, and was not read again"
    )
    whole = (
        WholeSeen(listing=answer.whole) if answer.whole is not None and asked_of(plan, clock).whole else None
    )
    return replace(seen, notes=(*seen.notes, note), whole=whole, log_answer=answer)


def remembered(seen: Observation, plan: TablePlan, clock: Clock) -> Observation:
    """Return the observation with what later runs may take in place of a look, where it may stand so."""
    asked, pointer = _asked(plan, clock), pointer_of(plan.table)
    if asked is None or pointer is None or seen.problem is not None or clock.ignore_later:
        return seen
    evidence = seen.newest.evidence if seen.newest is not None else ""
    if plan.max_age_of_answer <= NEVER or len(pointer) + len(evidence) > _LONGEST:
        return seen
    is_whole_known = seen.listing is not None or (seen.whole is not None and seen.whole.problem is None)
    if asked_of(plan, clock).whole and not is_whole_known:
        return seen
    newest, limit = seen.newest, strictest_limit(plan, clock)
    is_fresh = newest is not None and limit is not None and newest.at >= limit
    answer = LogAnswer(
        pointer=pointer,
        seen_at=seen.now,
        asked=tuple(sorted(asked)),
        newest=newest,
        is_sure=is_fresh,
        whole=seen.whole.listing if seen.whole is not None else None,
    )
    return replace(seen, log_answer=answer)


def _asked(plan: TablePlan, clock: Clock) -> frozenset[str] | None:
    """Return what is asked of the log, in words; None where that takes more than an answer holds."""
    asked = asked_of(plan, clock)
    if asked.periods or asked.live or asked.value is not None:
        return None
    words = {"changes" if asked.detail.deletes_count else "arrivals"}
    if asked.detail.times:
        words.add("times")
    if asked.whole:
        words.add("whole")
        words |= {"rows"} if asked.rows else set()
    return frozenset(words)
