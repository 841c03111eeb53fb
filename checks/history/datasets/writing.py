"""How a run's rows get into the data sets: each into the object of its day, by a conditional write.

Whoever wrote in between is met by the condition; then what they wrote is read, and these rows are put beside theirs. An
object that is full is left as it is, and the next one of the day begun. One that a later version wrote, or that cannot
be read, is never replaced: a new one is begun beside it.
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from checks.aside import Crew, GivenUp
from checks.history.base import HistoryConflict, HistoryError
from checks.history.datasets.columns import DATASETS
from checks.history.datasets.files import MOST_BYTES, Name, NotOurs, Rows, decode, encode, first_name, of_rows
from checks.model import utc
from checks.text import count, listing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from checks.history.base import History, Store
    from checks.history.datasets.columns import Dataset
    from checks.history.datasets.files import Table

FULL_BYTES = 16 * 1024 * 1024
FULL_ROWS = 1_000_000
"""An object that has reached one of these gets no more rows: what has to be read and written again stays bounded."""
_SURELY_ALONE = 4
"""An object that has not reached a quarter of that was never full, and none follows it: no listing has to tell."""
MOST_ROWS = 500_000
"""How many rows of one run go into one data set; what is over is left out, and told."""
_WITHOUT_END_S = 120.0
"""How long it is tried where a run has no end of its own."""
_PAUSE_S = 0.4


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What one run leaves: rows by data set, each a dictionary by column."""

    config: str
    run_id: str
    now: datetime
    rows: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Recorded:
    """What came of it: ``complaints`` are sentences, ``first_of_day`` tells that no run of that day was there yet."""

    complaints: tuple[str, ...] = ()
    first_of_day: bool = False


def record(history: History, batch: Batch, stop_at: float | None = None) -> Recorded:
    """Put a run's rows into the data sets, side by side, until ``stop_at`` (monotonic seconds). Never raises."""
    ends_at = time.monotonic() + _WITHOUT_END_S if stop_at is None else stop_at
    crew: Crew[str, bool] = Crew(len(DATASETS), stop_at=ends_at)
    said: list[str] = []
    for name, rows in batch.rows.items():
        if len(rows) > MOST_ROWS:
            said.append(
                f"The history's data set {name} lacks {count(len(rows) - MOST_ROWS, 'row')} of this run, which has "
                "more than one run may leave; watch fewer tables, dimensions or periods in one config."
            )
        if rows:
            dataset = DATASETS[name]
            work = partial(_put, history.store, dataset, batch, rows[:MOST_ROWS], ends_at)
            crew.submit(name, work)
    failed: dict[str, tuple[str, list[str]]] = {}
    first = False
    for done in crew.outcomes():
        if done.error is None:
            first = first or done.result()
        else:  # what is alike is told once, with the first as its example
            kind = type(done.error).__name__
            failed.setdefault(kind, (_why(done.error, history), []))[1].append(done.key)
    for why, names in failed.values():
        said.append(f"This run is not in the history's data sets ({listing(sorted(names))}): {why}")
    return Recorded(tuple(said), first)


def _why(error: BaseException, history: History) -> str:
    if isinstance(error, GivenUp):
        return f"The history {history.place} did not answer in time."
    if isinstance(error, HistoryError):
        return str(error)
    return f"{type(error).__name__}: {error}"[:300]  # whatever it is, the report went out, and stays sent


def _put(
    store: Store, dataset: Dataset, batch: Batch, rows: Sequence[Mapping[str, Any]], ends_at: float
) -> bool:
    """Put rows into the object of the day; tell whether they are the first of it. Raises HistoryError."""
    table = of_rows(dataset, rows)
    first = first_name(dataset.name, utc(batch.now).date(), batch.config)
    attempt = 0
    while True:
        try:
            return _tried(store, dataset, first, table, batch.run_id)
        except HistoryConflict:
            pause = random.uniform(0, _PAUSE_S * min(attempt + 1, 5))  # noqa: S311 - so that not all come back at once
            if time.monotonic() + pause >= ends_at:
                raise
            time.sleep(pause)
            attempt += 1


def _tried(store: Store, dataset: Dataset, first: Name, table: Table, run_id: str) -> bool:
    """Put rows into the first object of the day or, where that is no longer the only one, into the newest."""
    found = store.read(str(first), MOST_BYTES)
    if found is None:
        _write(store, dataset, first, Rows(table), "")
        return True
    there = _readable(dataset, found.content)
    if there is not None and not there.followed and not _is_full(found.content, there, parts=_SURELY_ALONE):
        others = without_run(dataset, there.table, run_id)
        _write(store, dataset, first, Rows(joined(dataset, others, table), there.earlier), found.token)
        return False
    _into_newest(store, dataset, objects_of(store, first) or [first], table, run_id)
    return False


def _into_newest(store: Store, dataset: Dataset, names: Sequence[Name], table: Table, run_id: str) -> None:
    newest = names[-1]
    following = Name(newest.dataset, newest.day, newest.config, newest.number + 1)
    found = store.read(str(newest), MOST_BYTES)
    if found is None:  # deleted in between
        _write(store, dataset, newest, Rows(table), "")
        return
    there = _readable(dataset, found.content)
    if there is None:
        _write(store, dataset, following, Rows(table), "")
        return
    if (
        dataset.folded is None
        and run_id in there.earlier
        and _replaced(store, dataset, names[:-1], table, run_id)
    ):
        return
    others = without_run(dataset, there.table, run_id)
    if len(others) == len(there.table) and _is_full(found.content, there):
        runs = (*there.earlier, *_runs(dataset, there.table))
        _write(store, dataset, following, Rows(table, tuple(dict.fromkeys(runs))), "")
        return
    _write(store, dataset, newest, Rows(joined(dataset, others, table), there.earlier), found.token)


def _readable(dataset: Dataset, content: bytes) -> Rows | None:
    """Return the rows of an object; None of one that must not be replaced."""
    try:
        return decode(dataset, content, newer=False)
    except NotOurs:
        return None


def _is_full(content: bytes, rows: Rows, parts: int = 1) -> bool:
    """Tell whether an object has reached its bound, or the so manieth part of it."""
    return len(content) >= FULL_BYTES / parts or len(rows.table) >= FULL_ROWS / parts


def _replaced(store: Store, dataset: Dataset, names: Sequence[Name], table: Table, run_id: str) -> bool:
    """Put a run's rows in place of those that it left when it was tried before; False where there are none."""
    for name in reversed(names):
        found = store.read(str(name), MOST_BYTES)
        there = _readable(dataset, found.content) if found is not None else None
        if found is None or there is None:
            continue
        others = without_run(dataset, there.table, run_id)
        if len(others) < len(there.table):
            rows = Rows(joined(dataset, others, table), there.earlier, followed=True)
            _write(store, dataset, name, rows, found.token)
            return True
    return False


def _write(store: Store, dataset: Dataset, name: Name, rows: Rows, token: str) -> None:
    store.write(str(name), encode(dataset, rows), token)


def objects_of(store: Store, first: Name) -> list[Name]:
    """Return the objects of a config and day, in their order."""
    beginning = str(first).rpartition("~")[0] + "~"
    found = (Name.parse(name) for name in store.listed(beginning))
    return sorted(name for name in found if name is not None)


def without_run(dataset: Dataset, table: Table, run_id: str) -> Table:
    """Return the rows that are not of that run; of a folded data set all, as these are of no run."""
    if dataset.folded is not None:
        return table
    import pyarrow as pa  # type: ignore[import-untyped]
    import pyarrow.compute as pc  # type: ignore[import-untyped]

    others = pc.not_equal(table["run_id"].cast(pa.string()), run_id)
    return table.filter(pc.fill_null(others, True))  # noqa: FBT003 - what compares as null is another's


def joined(dataset: Dataset, there: Table, more: Table) -> Table:
    """Return both tables' rows; of a folded data set those that are alike as one."""
    import pyarrow as pa

    both = pa.concat_tables([there, more]).unify_dictionaries()
    if dataset.folded is None:
        return both
    first, last = dataset.folded
    keys = [name for name in dataset.columns if name not in dataset.folded]
    found = both.group_by(keys, use_threads=False).aggregate([(first, "min"), (last, "max")])
    return found.rename_columns([*keys, first, last]).select(list(dataset.columns)).cast(dataset.schema)


def _runs(dataset: Dataset, table: Table) -> list[str]:
    return [] if dataset.folded is not None else table["run_id"].unique().to_pylist()
