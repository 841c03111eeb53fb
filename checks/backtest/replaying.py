"""Recorded arrivals -> the alerts of a monitor that learned everything from what had come by then. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from checks.backtest.recorded import BadArrivals, File, repeated_note, timeless_notes
from checks.learn import Alert, confidence, explain, is_dated, replay_ordered
from checks.learn.model import fit
from checks.rules.asking import Share
from checks.schedule.durations import say_duration
from checks.side_by_side import counted, in_turn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from checks.backtest.recorded import Recorded
    from checks.schedule.runs import RunTimes
    from checks.side_by_side import Spread, Tell


@dataclass(frozen=True, slots=True)
class Asked:
    """How to replay: learn so long, look so often, until when (None: the last arrival), false alarms a month of all.

    ``runs`` is when the monitor itself runs, None where that is not told.
    """

    train: timedelta
    every: timedelta
    until: datetime | None
    budget: float
    runs: RunTimes | None = None


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a replay says of one table: its alerts, what was learned at the end, and how sure that is.

    ``repeated`` rows are the same as one above, the first of them in the line ``repeated_in``.
    """

    table: str
    alerts: tuple[Alert, ...]
    sentence: str
    sure: str
    repeated: int
    repeated_in: int


@dataclass(frozen=True, slots=True)
class Backtest:
    """What the arrivals of a file would have told, from ``begin`` to ``end`` (seconds since 1970, UTC).

    Looks are at most ``every`` seconds apart. ``share`` is each table's of the false alarms.
    """

    tables: tuple[Replayed, ...]
    begin: float
    end: float
    every: float
    share: Share
    notes: tuple[str, ...]
    runs: RunTimes | None = None


def run(file: File, asked: Asked, spread: Spread = in_turn, on_replayed: Tell | None = None) -> Backtest:
    """Replay the tables: learn from the first arrival of all on, then judge to the end; raise BadArrivals.

    ``spread`` says where: no table knows of another. ``on_replayed`` is told how many are done.
    """
    end, notes = file.end() if asked.until is None else (asked.until.timestamp(), ())
    if end < file.first:
        raise BadArrivals(
            f"{file.name}: its first arrival, {_iso(file.first)}, comes after the end of the replay; "
            "write a later --until"
        )
    begin = file.first + asked.train.total_seconds()
    share = Share.of(asked.budget, len(file.tables))
    replay_one = partial(_replayed, share=share, begin=begin, end=end)
    longest_first = sorted(file.tables.items(), key=lambda each: (-len(each[1].at), each[0]))
    one_more = counted(on_replayed, len(longest_first))
    found = spread(replay_one, longest_first, lambda item: one_more(item[0]))
    replayed = sorted(found, key=lambda each: each.table)
    said = (
        *file.notes,
        *repeated_note(file.name, ((each.repeated, each.repeated_in) for each in replayed)),
        *timeless_notes(file, begin, end),
        *notes,
        *_training(file, asked, begin, end),
    )
    return Backtest(tuple(replayed), begin, end, asked.every.total_seconds(), share, said, asked.runs)


def _replayed(table: tuple[str, Recorded], share: Share, begin: float, end: float) -> Replayed:
    name, recorded = table
    dated = is_dated(recorded.ordered(end), begin)
    watch = replay_ordered(recorded.ordered(end), share.a_year, begin, dated)
    alerts = tuple(watch.end(end))
    repeated = recorded.repeated, recorded.repeated_in
    if watch.history.last is None:
        return Replayed(name, alerts, "nothing arrived before the end", "nothing learned", *repeated)
    model = watch.model if watch.model is not None else fit(watch.history, share.a_year)
    return Replayed(name, alerts, explain(model, watch.history), confidence(model), *repeated)


def _training(file: File, asked: Asked, begin: float, end: float) -> Iterator[str]:
    """Yield that nothing is judged, where learning lasts until the end."""
    if begin < end:
        return
    yield (
        f"nothing is judged: learning lasts for {say_duration(asked.train)} from the first arrival, until "
        f"{_iso(begin)}, and the replay of {file.name} ends {_iso(end)}; write a shorter --train"
    )


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")
