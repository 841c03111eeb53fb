"""When data came into partitions that are looked at for learning alone: once a table, by few requests."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import islice, takewhile
from typing import TYPE_CHECKING, Any

from checks.lake.s3.scan import Spot, can_scan
from checks.model import Unobserved
from checks.schedule.periods import back_from

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from checks.aws.pages import Page
    from checks.lake.s3.objects import ObjectStore
    from checks.lake.s3.table_reader import LakeReader
    from checks.model import PartitionSeen, Period
    from checks.rules.asking import Clock
    from checks.rules.base import TablePlan
    from checks.schedule.periods import Every

MOST_REQUESTS = 20
"""Listings that learning may take of one table, once: at list prices a hundredth of a cent."""
_PAST_DAYS, _PAST_HOURS = timedelta(days=60), timedelta(days=14)
"""How far back partitions are looked at: two months of days, two weeks of hours, as a habit of them takes."""
_MOST_PERIODS = 336
_AT_ONCE = 48
"""Places of one scan: of hours two days, so that the newest are known first."""


@dataclass(slots=True)
class _Counted:
    """A store that counts the pages that are asked of it."""

    store: ObjectStore
    pages: int = 0

    def list_page(self, bucket: str, prefix: str, **how: Any) -> Page:
        """Return one page; see ObjectStore."""
        self.pages += 1
        return self.store.list_page(bucket, prefix, **how)

    def get(self, bucket: str, key: str, **how: Any) -> bytes:
        """Return an object's bytes; see ObjectStore."""
        return self.store.get(bucket, key, **how)

    def get_dated(self, bucket: str, key: str, **how: Any) -> tuple[bytes, datetime | None]:
        """Return the same, and when it was written; see ObjectStore."""
        return self.store.get_dated(bucket, key, **how)


def past_periods(newest: datetime, every: Every, zone: ZoneInfo) -> tuple[Period, ...]:
    """Return the periods from whose arrivals a habit is learned: those up to the newest with data, newest first."""
    reach = _PAST_DAYS if every.nominal >= timedelta(days=1) else _PAST_HOURS
    walk = takewhile(lambda period: period.end > newest - reach, back_from(newest, every, zone))
    return tuple(islice(walk, _MOST_PERIODS))


def past_times(
    reader: LakeReader,
    plan: TablePlan,
    clock: Clock,
    targets: Sequence[PartitionSeen],
    root_of: Callable[[Sequence[Spot]], str | None],
) -> frozenset[int]:
    """Return when data came into these places (newest first), in whole seconds since 1970, as far as requests go.

    Small places that follow one another come several a request. One that cannot be read to its end ends it: what is
    known has no holes.
    """
    found: set[int] = set()
    left = MOST_REQUESTS
    rest = list(targets)
    while rest and left > 0:
        chunk, rest = rest[:_AT_ONCE], rest[_AT_ONCE:]
        spots = [Spot(each.location or "") for each in reversed(chunk)]
        if can_scan(root_of(spots), [spot.location for spot in spots]):
            counted = _Counted(reader.store)
            looked = replace(reader, store=counted).places(plan, clock, spots, left)
            if looked:
                if any(each.listing is None or not each.listing.complete for each in looked.values()):
                    break  # what is not known of it would pass for a silence
                found.update(*(each.listing.times for each in looked.values() if each.listing is not None))
                left -= counted.pages
                continue
        one_page = replace(reader, most_pages=1)
        for each in chunk[:left]:
            try:
                listing = one_page.place(plan, clock, each.location)
            except Unobserved:
                return frozenset(found)
            if not listing.complete:
                return frozenset(found)
            found |= listing.times
        left -= len(chunk)
    return frozenset(found)
