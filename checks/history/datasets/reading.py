"""How the data sets are read again: the objects of some days, and of these the rows that are asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from checks.aside import Crew
from checks.history.base import HistoryUnavailable, safe_name
from checks.history.datasets.columns import DATASETS, PARTITION
from checks.history.datasets.files import MOST_BYTES, Name, NotOurs, decode, folder_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from checks.history.base import History
    from checks.history.datasets.columns import Dataset

_AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class Read:
    """Rows, the oldest day first, and ``unread``: sentences on objects that could not be read."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    unread: tuple[str, ...] = ()


def days_of(history: History, dataset: str, since: date, until: date) -> Iterator[Name]:
    """Yield the names of the config's objects from one day to another, both included. Raises HistoryUnavailable."""
    before = since - timedelta(days=1) if since > date.min else since
    own = safe_name(history.name)
    for text in history.store.listed(
        folder_of(dataset), f"{folder_of(dataset)}{PARTITION}={before.isoformat()}/~~"
    ):
        name = Name.parse(text)
        if name is None:
            continue
        if name.day > until:
            return
        if name.config == own and name.day >= since:
            yield name


def read(
    history: History,
    dataset: str,
    *,
    since: date,
    until: date,
    columns: Sequence[str] = (),
    only: Sequence[tuple[str, str, Any]] = (),
) -> Read:
    """Return rows of a data set from one day (UTC) to another, both included.

    ``columns`` are all when empty; ``only`` are conditions such as ``("table_id", "==", "sales.orders")``. Raises
    HistoryUnavailable where the place cannot be read; an object that cannot is told in ``unread``.
    """
    of = DATASETS[dataset]
    names = list(days_of(history, dataset, since, until))
    crew: Crew[Name, list[dict[str, Any]]] = Crew(_AT_ONCE)
    for name in names:
        crew.submit(name, partial(_rows, history, of, name, columns, only))
    found: dict[Name, list[dict[str, Any]]] = {}
    unread: list[str] = []
    for done in crew.outcomes():
        if isinstance(done.error, NotOurs):
            unread.append(f"{history.store.where(str(done.key))} is left out: {done.error}.")
        else:
            found[done.key] = done.result()
    return Read([row for name in names for row in found.get(name, ())], tuple(sorted(unread)))


def _rows(
    history: History,
    dataset: Dataset,
    name: Name,
    columns: Sequence[str],
    only: Sequence[tuple[str, str, Any]],
) -> list[dict[str, Any]]:
    found = history.store.read(str(name), MOST_BYTES)
    if found is None:  # deleted since it was listed
        return []
    table = decode(dataset, found.content, columns=columns, only=only).table
    rows: list[dict[str, Any]] = table.to_pylist()
    return rows


__all__ = ["HistoryUnavailable", "Read", "days_of", "read"]
