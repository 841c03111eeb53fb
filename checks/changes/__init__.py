"""What is news: how the findings of a run differ from what was last delivered.

Pure: values in, values out. The state that is remembered is what was last *delivered*, never what was
last seen, so that news that could not be sent is news again the next time. The rules:

- A failing finding is told item by item where it has bad items, else as one thing.
- ``unknown`` resolves nothing. A failure that can no longer be checked stays in the state as a
  failure, and is told as unchecked once (`NEW`), then as `ONGOING`. An unknown finding that turns out
  to fail is a new failure.
- A bad item that is not among the items of its finding any more left the lookback unfilled: `EXPIRED`.
- Silenced findings yield no news and stay in the state; one that still fails when its silence ends is
  `NEW`, since its trouble was first seen.
- A trouble that was told is over once ``resolve_after`` runs in a row saw it well; one that comes back before is
  the old one, and goes on. Runs that cannot see it count neither way.
- Each route has what *it* was told (`State.as_told_to`): what could not be delivered to it stays news for it alone.
- What marks say is in `checks.changes.marked`.
- A finding that stands for its whole table (gone from the catalog) shadows what was told of the table.
"""

from __future__ import annotations

from checks.changes.advance import advance
from checks.changes.marked import Marks, cover, hold
from checks.changes.news import NEWS, OVER, changes
from checks.changes.state import (
    ItemTold,
    RouteTold,
    State,
    TableRecord,
    Told,
    Well,
    complete,
    differing,
    finish,
)

__all__ = [
    "NEWS",
    "OVER",
    "ItemTold",
    "Marks",
    "RouteTold",
    "State",
    "TableRecord",
    "Told",
    "Well",
    "advance",
    "changes",
    "complete",
    "cover",
    "differing",
    "finish",
    "hold",
]
