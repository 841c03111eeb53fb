"""Partitions of a table without a time layout that are registered at places outside of its location."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import reduce
from typing import TYPE_CHECKING

from checks.aws.uris import split_uri
from checks.layout.projection import is_projected
from checks.model import Listing, Names, Problem, ProblemKind, Suffix, Unobserved

if TYPE_CHECKING:
    from collections.abc import Sequence

    from checks.lake.s3.table_reader import LakeReader
    from checks.model import FileSeen, Observation
    from checks.rules.asking import Clock, Needs
    from checks.rules.base import TablePlan

_MOST_PAGES = 3
"""Pages of partitions (of up to 1,000) that are read; keys without time rarely have more values."""
MOST_PLACES = 50
"""Places that are listed beside the location. What lies at more of them stays a doubt."""


def with_places_elsewhere(
    seen: Observation, plan: TablePlan, clock: Clock, reader: LakeReader, needs: Sequence[Needs]
) -> Observation:
    """Return the observation of the location with what lies at the places that its partitions have outside of it.

    Nothing is asked where the location shows enough by itself. What could not be asked or listed is the
    observation's problem: what was seen holds, and more may be there.
    """
    table, listing = plan.table, seen.listing
    if listing is None or not table.partition_keys or is_projected(table) or _is_enough(listing, needs):
        return seen
    try:
        places, problem = _places(plan, clock, reader)
    except Unobserved as error:
        return replace(seen, problem=error.problem)
    found = [listing]
    for place in places[:MOST_PLACES]:
        try:
            found.append(reader.place(plan, clock, place))
        except Unobserved as error:
            problem = problem or error.problem
        if _is_enough(found[-1], needs):
            break
    else:
        problem = problem or _too_many(plan, len(places))
    return replace(seen, listing=reduce(_together, found), problem=problem)


def _is_enough(listing: Listing, needs: Sequence[Needs]) -> bool:
    """Tell whether a listing shows what every rule wants to know: that something new enough has come."""
    newest = listing.newest_at
    limits = [each.enough_at for each in needs]
    return newest is not None and all(limit is not None and newest >= limit for limit in limits)


def _places(plan: TablePlan, clock: Clock, reader: LakeReader) -> tuple[list[str], Problem | None]:
    """Return the places outside of the location, the newest registered first, and why they may not be all."""
    root = plan.table.location or ""
    created: dict[str, float] = {}
    token: str | None = None
    for _ in range(_MOST_PAGES):
        page = reader.partitions.page(plan.table, None, token=token)
        for partition in page.partitions:
            at = partition.created_at
            if partition.location is None or partition.location.startswith(root):
                continue
            if not (clock.ignore_later and at is not None and at > clock.now):
                created[partition.location] = at.timestamp() if at is not None else 0.0
        token = page.token
        if token is None:
            break
    places = [place for place in created if not any(up in created for up in _above(place))]
    problem = None if token is None else _too_many(plan, None)
    return sorted(places, key=lambda place: (-created[place], place)), problem


def _above(place: str) -> list[str]:
    """Return the folders that a place lies in: listing one of them lists the place."""
    bucket, key = split_uri(place)
    parts = key.rstrip("/").split("/")[:-1]
    return [
        f"s3://{bucket}/" + "".join(f"{part}/" for part in parts[:count]) for count in range(len(parts) + 1)
    ]


def _too_many(plan: TablePlan, places: int | None) -> Problem | None:
    if places is not None and places <= MOST_PLACES:
        return None
    known = (
        "more than 3,000 partitions" if places is None else f"partitions at {places:,} places outside of it"
    )
    return Problem(
        ProblemKind.OVER_BUDGET,
        f"{plan.table.id} is not read by period and has {known}; of those, {MOST_PLACES} were listed "
        f"beside {plan.table.location}, and newer data may lie in others",
        "state the key that carries time: partitions: {key: ..., format: ...}, or watch these places as prefixes",
    )


def _together(one: Listing, other: Listing) -> Listing:
    """Return what two places that do not overlap came to."""
    newest = max(
        (one, other), key=lambda each: each.newest_at.timestamp() if each.newest_at else float("-inf")
    )
    oldest = [at for at in (one.oldest_at, other.oldest_at) if at is not None]
    rewritten = max(
        (one, other), key=lambda each: each.rewritten_at.timestamp() if each.rewritten_at else float("-inf")
    )
    files: list[FileSeen] = sorted(
        (*one.newest_files, *other.newest_files), key=lambda each: each.at, reverse=True
    )
    if any(
        len(each.newest_files) < each.objects for each in (one, other)
    ):  # of a part no more is kept than before
        files = files[: max(len(one.newest_files), len(other.newest_files))]
    return Listing(
        objects=one.objects + other.objects,
        size_bytes=one.size_bytes + other.size_bytes,
        empty_objects=one.empty_objects + other.empty_objects,
        newest_at=newest.newest_at,
        newest_key=newest.newest_key,
        oldest_at=min(oldest, default=None),
        complete=one.complete and other.complete,
        rewritten_at=rewritten.rewritten_at,
        rewritten_key=rewritten.rewritten_key,
        ignored_objects=one.ignored_objects + other.ignored_objects,
        newest_files=tuple(files),
        names=_names(one.names, other.names),
    )


def _names(one: Names | None, other: Names | None) -> Names | None:
    if one is None or other is None:
        return one or other
    counts: Counter[str] = Counter()
    examples: dict[str, str] = {}
    for suffix in (*one.suffixes, *other.suffixes):
        counts[suffix.text] += suffix.count
        examples.setdefault(suffix.text, suffix.example)
    return Names(
        suffixes=tuple(Suffix(text, count, examples[text]) for text, count in counts.most_common()),
        small=one.small + other.small,
        outside=one.outside + other.outside,
        outside_example=one.outside_example or other.outside_example,
        empty_example=one.empty_example or other.empty_example,
    )
