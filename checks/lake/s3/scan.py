"""Skip-scan: many places that follow one another in key order, read by few listings.

One listing runs from the first place on. A page holds up to 1,000 keys, whosever they are: small places come
several a page. Where a page ends inside a place that was proved, or in a gap, the scan jumps to the next place
with start-after. So it never takes more requests than a listing of each place, but for a place that has
more than a page of siblings beside it (``dt=2026-11-22-old/``), which cost it one.

A place of which an earlier run knows enough is passed by, but where it lies on a page that is asked for anyway.
"""

from __future__ import annotations

import operator
from bisect import bisect_left
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from checks.aws.uris import split_uri
from checks.lake.s3.objects import MOST_KEYS
from checks.model import Listing, Problem, ProblemKind, Unobserved

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from checks.aws.pages import Page
    from checks.lake.s3.objects import ObjectStore
    from checks.lake.s3.tally import Budget, Tally

PAGES_FOR_LATENESS = 5
"""How many pages of one place are read to find out whether its first data came in time."""
DIRECTORY_BUCKET = "--x-s3"
"""The end of names of buckets that list in no order and know no start-after (S3 Express One Zone)."""


class OutOfOrder(Exception):  # noqa: N818 - it names the listing
    """Raised when a store lists in another order than S3, or knows no start-after: it cannot be scanned."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A place of a scan, and how far it has to be read.

    ``whole``: to its last object. Else a data object with bytes in it is enough, and, where ``in_time_by`` is set,
    one that came until then; that is looked for in `PAGES_FOR_LATENESS` pages at most. ``known_keys``: how many
    keys an earlier run saw, where its answer stands in place of a look; None: it has to be looked at.
    """

    location: str
    whole: bool = True
    in_time_by: datetime | None = None
    known_keys: int | None = None

    def is_proved(self, tally: Tally, pages: int) -> bool:
        """Tell whether what was seen of it in so many pages is enough."""
        if self.whole or not tally.objects or tally.oldest is None:
            return False
        in_time = self.in_time_by is None or tally.oldest.last_modified <= self.in_time_by
        return in_time or pages >= PAGES_FOR_LATENESS


@dataclass(frozen=True, slots=True)
class Looked:
    """What came of one place: a listing, the problem that stood in the way, or both where it came midway.

    ``lasting``: it was proved, and knowing it would spare a later run a request.
    """

    listing: Listing | None = None
    problem: Problem | None = None
    lasting: bool = False


def can_scan(root: str | None, locations_in_time: Sequence[str]) -> bool:
    """Tell whether places, given in the order of time, are to be read by one scan.

    They lie below the root, none within another, and their key order is time's order: only then does little
    lie between them that nobody asked for.
    """
    if root is None or len(locations_in_time) < 2 or split_uri(root)[0].endswith(DIRECTORY_BUCKET):
        return False
    places = list(dict.fromkeys(locations_in_time))
    ordered = all(map(operator.lt, places, places[1:]))
    apart = not any(after.startswith(before) for before, after in pairwise(places))
    return ordered and apart and all(place.startswith(root) and place != root for place in places)


@dataclass(slots=True)
class _Scan:
    store: ObjectStore
    bucket: str
    spots: list[tuple[str, Spot]]
    """The places' prefixes within the bucket with their spots, in key order."""
    new_tally: Callable[[str], Tally]
    found: dict[str, Looked]
    tally: Tally
    number: int = 0
    pages: int = 0
    last: str = ""
    asked: int = 0
    """Pages that were asked for."""

    @property
    def _is_through(self) -> bool:
        return self.number == len(self.spots)

    def run(self, budget: Budget, over: Problem) -> None:
        self._pass_known()
        prefix, start_after, token = self._jump()
        while not self._is_through:
            if budget.is_spent(self.asked):
                self._fail(None if self.tally.objects else over)
                self._fail_rest(over)
                return
            try:
                page = self.store.list_page(self.bucket, prefix, start_after=start_after, token=token)
            except Unobserved as error:
                self._fail(error.problem)
                if error.problem.kind is not ProblemKind.MALFORMED:
                    self._fail_rest(error.problem)
                    return
                self._pass_known()
                prefix, start_after, token = self._jump()
                continue
            self.asked += 1
            self._take(page, prefix, start_after or "")
            token = page.token
            while token is None and not self._is_through:
                self._finish(complete=True)
            if self._may_jump():
                prefix, start_after, token = self._jump(token, prefix)

    def _take(self, page: Page, prefix: str, start_after: str) -> None:
        """Hand each key to its place; whatever is passed by is read to its end."""
        names = page.keys.names
        if names:
            begins = all(name.startswith(prefix) for name in (names[0], names[-1]))
            if (
                not begins
                or names[0] <= max(start_after, self.last)
                or not all(map(operator.lt, names, names[1:]))
            ):
                raise OutOfOrder
            self.last = names[-1]
        position = 0
        while not self._is_through:
            place = self.spots[self.number][0]
            first = bisect_left(names, place, position)
            position = bisect_left(names, _after(place), first)
            if position > first:
                self.tally.add_all(page.keys[first:position])
                self.pages += 1
            if position == len(names):
                return
            self._finish(complete=True)

    def _may_jump(self) -> bool:
        """Tell whether what the listing would go on with is not wanted; leaves a place that was proved."""
        if self._is_through:
            return False
        place, spot = self.spots[self.number]
        if self.last.startswith(place):
            if spot.is_proved(self.tally, self.pages):
                self._finish(complete=False)
            elif spot.known_keys is not None:
                self._leave()
            else:
                return False
            self._pass_known()
            return True
        if self.last < place:
            self._pass_known()
            return True
        return False

    def _pass_known(self) -> None:
        """Pass known places by, but those before the next one to look at that should lie on one page with it."""
        rest = range(self.number, len(self.spots))
        begin = following = next((n for n in rest if self.spots[n][1].known_keys is None), len(self.spots))
        room = MOST_KEYS
        while following < len(self.spots) and begin > self.number:
            room -= self.spots[begin - 1][1].known_keys or 0
            if room <= 0:
                break
            begin -= 1
        while self.number < begin:
            self._leave()

    def _jump(self, token: str | None = None, prefix: str = "") -> tuple[str, str | None, str | None]:
        """Return prefix, start-after and token of the request that begins at the current place."""
        rest = [place for place, _ in self.spots[self.number :]]
        if not rest:
            return prefix, None, token
        if len(rest) == 1:
            return rest[0], None, None
        before = rest[0][:-1]  # so that a folder's own marker is not passed by
        if self.last < before:
            return common(rest[0], rest[-1]), before, None
        if rest[0].endswith("/"):
            return common(rest[0], rest[-1]), rest[0], None
        return prefix, None, token

    def _finish(self, *, complete: bool) -> None:
        self._leave(Looked(self.tally.listing(self.bucket, complete=complete), lasting=True))

    def _fail(self, problem: Problem | None) -> None:
        """Leave the current place with a problem, beside the data that was seen of it, unless it is known."""
        if self.spots[self.number][1].known_keys is not None:
            self._leave()
            return
        seen = self.tally.listing(self.bucket, complete=False) if self.tally.objects else None
        self._leave(Looked(seen, problem))

    def _fail_rest(self, problem: Problem) -> None:
        while not self._is_through:
            self._fail(problem)

    def _leave(self, looked: Looked | None = None) -> None:
        """Go on with the next place; nothing is told of this one where it was not looked at."""
        if looked is not None:
            self.found[self.spots[self.number][1].location] = looked
        self.number, self.pages = self.number + 1, 0
        if not self._is_through:
            self.tally = self.new_tally(self.spots[self.number][1].location)


def scan(
    store: ObjectStore,
    spots: Iterable[Spot],
    *,
    new_tally: Callable[[str], Tally],
    budget: Budget,
    over: Problem,
) -> dict[str, Looked]:
    """Return what lies in each place by its location; `can_scan` has to hold for them.

    A place that is known is not among them unless it was looked at without a request of its own.
    Where the budget is spent, a place of which data was seen is told as not complete, and the others have the
    problem ``over``. Raises OutOfOrder where the store's listings are not in S3's order.
    """
    merged: dict[str, Spot] = {}
    for spot in spots:
        known = merged.get(spot.location)
        merged[spot.location] = spot if known is None else _stricter(known, spot)
    ordered = sorted((split_uri(location)[1], location) for location in merged)
    while ordered and merged[ordered[-1][1]].known_keys is not None:  # nothing to look at lies behind them
        ordered.pop()
    if not ordered:
        return {}
    in_order = [(place, merged[location]) for place, location in ordered]
    running = _Scan(store, split_uri(ordered[0][1])[0], in_order, new_tally, {}, new_tally(ordered[0][1]))
    running.run(budget, over)
    is_one_page = running.asked <= 1 and len(running.found) == len(merged)
    if is_one_page:  # nothing can be spared
        return {location: replace(looked, lasting=False) for location, looked in running.found.items()}
    return running.found


def _stricter(one: Spot, other: Spot) -> Spot:
    times = [spot.in_time_by for spot in (one, other) if spot.in_time_by is not None]
    both_known = one.known_keys is not None and other.known_keys is not None
    return Spot(
        one.location,
        one.whole or other.whole,
        min(times, default=None),
        max(one.known_keys or 0, other.known_keys or 0) if both_known else None,
    )


def _after(prefix: str) -> str:
    """Return what sorts right after every key that begins with the prefix."""
    return prefix[:-1] + chr(ord(prefix[-1]) + 1)


def common(first: str, last: str) -> str:
    """Return the beginning that all places between these two share."""
    count = next(
        (n for n, pair in enumerate(zip(first, last, strict=False)) if pair[0] != pair[1]), len(first)
    )
    return first[:count]
