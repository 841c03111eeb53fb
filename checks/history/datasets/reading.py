"""How the data sets are read again: the objects of some days, and of these the rows that are asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from checks.aside import Crew
from checks.history.base import safe_name
from checks.history.datasets.columns import DATASETS, PARTITION
from checks.history.datasets.files import MOST_BYTES, Name, NotOurs, decode, folder_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from checks.history.base import History
    from checks.history.datasets.columns import Dataset
    from checks.history.datasets.files import Table

_AT_ONCE = 16
Condition: TypeAlias = tuple[str, str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """Which rows and columns of a data set are asked for."""

    dataset: Dataset
    columns: tuple[str, ...]
    only: tuple[Condition, ...]


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
    only: Sequence[Condition] = (),
) -> Read:
    """Return rows of a data set from one day (UTC) to another, both included.

    ``columns`` are all when empty; ``only`` are conditions such as ``("table_id", "==", "sales.orders")``. Raises
    HistoryUnavailable where the place cannot be read; an object that cannot is told in ``unread``.
    """
    names = list(days_of(history, dataset, since, until))
    asked = Asked(DATASETS[dataset], tuple(columns), tuple(only))
    found, unread = _tables(history, asked, names)
    return Read([row for name in names if name in found for row in found[name].to_pylist()], unread)


def on_time_by_month(history: History, since: date, until: date) -> Read:
    """Return how many periods came on time of those of which it is known: a row a table, check and month.

    A period is on time unless any day found that it was not. Only so much is held in memory as there are periods.
    Raises HistoryUnavailable.
    """
    keys = ["table_id", "check_name", "period", "dimensions"]
    asked = Asked(DATASETS["periods"], (*keys, "month", "on_time"), ())
    names = list(days_of(history, "periods", since, until))
    found: Table | None = None
    unread: tuple[str, ...] = ()
    for start in range(0, len(names), _AT_ONCE):
        tables, more = _tables(history, asked, names[start : start + _AT_ONCE])
        unread += more
        for table in tables.values():
            found = _together(table, found, keys)
    return Read([] if found is None else _by_month(found), unread)


def _together(table: Table, before: Table | None, keys: list[str]) -> Table:
    import pyarrow as pa  # type: ignore[import-untyped]
    import pyarrow.compute as pc  # type: ignore[import-untyped]

    known = table.filter(pc.and_(pc.is_valid(table["on_time"]), pc.is_valid(table["month"])))
    both = known if before is None else pa.concat_tables([before, known])
    both = both.set_column(both.schema.get_field_index("month"), "month", both["month"].cast(pa.string()))
    grouped = both.unify_dictionaries().group_by(keys, use_threads=False)
    found = grouped.aggregate([("month", "max"), ("on_time", "min")]).rename_columns(
        [*keys, "month", "on_time"]
    )
    return found.select(table.column_names).cast(table.schema)


def _by_month(found: Table) -> list[dict[str, Any]]:
    import pyarrow as pa

    keys = ["table_id", "check_name", "month"]
    counted = found.set_column(
        found.schema.get_field_index("on_time"), "on_time", found["on_time"].cast(pa.int64())
    )
    grouped = counted.unify_dictionaries().group_by(keys, use_threads=False)
    table = grouped.aggregate([("on_time", "sum"), ("on_time", "count")])
    rows: list[dict[str, Any]] = table.rename_columns([*keys, "on_time", "known"]).to_pylist()
    return rows


def _tables(
    history: History, asked: Asked, names: Sequence[Name]
) -> tuple[dict[Name, Table], tuple[str, ...]]:
    """Return the rows of these objects, and sentences on those that could not be read."""
    crew: Crew[Name, Table | None] = Crew(_AT_ONCE)
    for name in names:
        crew.submit(name, partial(_table, history, asked, name))
    found: dict[Name, Table] = {}
    unread: list[str] = []
    for done in crew.outcomes():
        if isinstance(done.error, NotOurs):
            unread.append(f"{history.store.where(str(done.key))} is left out: {done.error}.")
        elif (table := done.result()) is not None:
            found[done.key] = table
    return {name: found[name] for name in names if name in found}, tuple(sorted(unread))


def _table(history: History, asked: Asked, name: Name) -> Table | None:
    found = history.store.read(str(name), MOST_BYTES)
    if found is None:  # deleted since it was listed
        return None
    return decode(asked.dataset, found.content, columns=asked.columns, only=asked.only).table
