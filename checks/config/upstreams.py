"""What is worth telling of the upstreams that entries state, before any table is known. Pure."""

from __future__ import annotations

from collections import defaultdict
from difflib import get_close_matches
from itertools import islice
from typing import TYPE_CHECKING

from checks.rules.upstream import circles

if TYPE_CHECKING:
    from collections.abc import Iterator

    from checks.config.mistakes import Path
    from checks.config.watchlist import Entry, Watchlist

_MOST_TOLD = 20
_MOST_IN_A_CIRCLE = 6


def warnings_of(watchlist: Watchlist) -> Iterator[tuple[Path, str]]:
    """Yield where upstreams are stated that hide nothing, since no entry watches them or they go in a circle."""
    places: dict[str, tuple[Entry, int]] = {}
    for entry in watchlist.entries:
        for position, upstream in enumerate(entry.stated.values.get("upstream") or ()):
            if upstream not in places and not watchlist.watches(upstream):
                places[upstream] = (entry, position)
    for upstream, (entry, position) in islice(places.items(), _MOST_TOLD):
        more = ""
        if len(places) > _MOST_TOLD and upstream == list(places)[_MOST_TOLD - 1]:
            more = (
                f" (and {len(places) - _MOST_TOLD} more tables that are stated as upstreams and not watched)"
            )
        told = f"{upstream} is watched by no entry, so it hides nothing; {_instead(upstream, entry, watchlist)}{more}"
        yield (*entry.stated.path, "upstream", position), told
    yield from _circular(watchlist)


def _instead(upstream: str, entry: Entry, watchlist: Watchlist) -> str:
    account = entry.selector.account
    own = f"{account}/{upstream}"
    if account is not None and watchlist.watches(own):
        return f"write {own} for that of the same account"
    known = [entry.selector.id for entry in watchlist.entries if not entry.selector.is_glob]
    near = get_close_matches(upstream, known, n=1, cutoff=0.75)
    return "add an entry for it" + (f", or write {near[0]} if that is meant" if near else "")


def _circular(watchlist: Watchlist) -> Iterator[tuple[Path, str]]:
    """Yield each circle of tables that have entries of their own, where its first one states it."""
    stated: dict[str, tuple[str, ...]] = {}
    places: dict[str, Path] = {}
    for entry in watchlist.entries:
        if entry.selector.is_glob:
            continue
        upstream = watchlist.bound(watchlist.certain(entry)).entry.upstream
        if upstream and entry.selector.id in upstream and "upstream" not in entry.stated.values:
            upstream = ()  # a glob is also of the table that it names for all
        if upstream:
            stated[entry.selector.id] = upstream
            places[entry.selector.id] = (*entry.stated.path, "upstream")
    members: dict[int, list[str]] = defaultdict(list)
    for table, number in circles(stated).items():
        members[number].append(table)
    for tables in members.values():
        itself = len(tables) == 1 and tables[0] in stated.get(tables[0], ())
        if itself:
            yield places[tables[0]], f"names {tables[0]} itself, which hides nothing; take it out"
        elif len(tables) > 1:
            of_circle = set(tables)
            first = next(table for table in places if table in of_circle)
            named = sorted(tables)[:_MOST_IN_A_CIRCLE]
            more = f" and {len(tables) - len(named)} more" if len(tables) > len(named) else ""
            told = f"{', '.join(named)}{more} are made from each other, so they hide nothing of each other"
            yield places[first], f"goes in a circle: {told}; take out what closes it"
