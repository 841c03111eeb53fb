"""`checks backtest --arrivals`: replay recorded arrivals with everything learned; tell what would have been told."""

from __future__ import annotations

import csv
import io
from array import array
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING

from checks.learn import Alert, Arrival, confidence, explain, is_dated, replay_ordered, seen_by, share_of
from checks.learn.budget import parse_budget
from checks.learn.replay import order
from checks.schedule.durations import say_duration

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from checks.learn import Model, Need

__all__ = [
    "COLUMNS",
    "Asked",
    "Backtest",
    "BadArrivals",
    "parse_budget",
    "read",
    "run",
    "say",
    "summary",
    "write_csv",
]
COLUMNS = ("table", "arrived_at", "partition", "size_bytes", "rows")
_UNKNOWN = -1


class BadArrivals(ValueError):  # noqa: N818 - a sentence for the user
    """The recorded arrivals cannot be read: one line that says where and why."""


@dataclass(slots=True)
class Recorded:
    """One table's arrivals as columns, 28 bytes each, in the order of the file."""

    at: array[float] = field(default_factory=lambda: array("d"))
    key: array[int] = field(default_factory=lambda: array("i"))
    size: array[int] = field(default_factory=lambda: array("q"))
    rows: array[int] = field(default_factory=lambda: array("q"))
    keys: dict[str, int] = field(default_factory=dict)

    def append(self, at: float, partition: str, size: int, rows: int) -> None:
        """Keep one arrival; unknown numbers are -1."""
        self.at.append(at)
        self.key.append(self.keys.setdefault(partition, len(self.keys)))
        self.size.append(size)
        self.rows.append(rows)

    def ordered(self, until: float) -> Iterator[Arrival]:
        """Yield the arrivals up to an instant in the order of time, each once."""
        places: range | list[int] = range(len(self.at))
        if any(self.at[i] < self.at[i - 1] for i in places[1:]):
            places = sorted(places, key=self.at.__getitem__)
        names = list(self.keys)
        for at, same in groupby(places, key=self.at.__getitem__):
            if at > until:
                return
            found = {
                Arrival(
                    at,
                    names[self.key[i]],
                    None if self.size[i] == _UNKNOWN else self.size[i],
                    None if self.rows[i] == _UNKNOWN else self.rows[i],
                )
                for i in same
            }
            yield from sorted(found, key=order)


@dataclass(frozen=True, slots=True)
class Asked:
    """How to replay: learn so long, look so often, until when (None: the last arrival), false alarms a month of all."""

    train: timedelta
    every: timedelta
    until: datetime | None
    budget: float


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a replay says of one table: its alerts, what was learned at the end, and what looking now and then saw."""

    table: str
    alerts: tuple[Alert, ...]
    looked: tuple[Alert, ...]
    model: Model | Need | None
    sentence: str


@dataclass(frozen=True, slots=True)
class Backtest:
    """What the arrivals of a file would have told, from `begin` to `end` (seconds since 1970, UTC)."""

    tables: tuple[Replayed, ...]
    begin: float
    end: float
    every: float
    share: float
    wanted: float
    notes: tuple[str, ...]


def read(path: Path) -> tuple[dict[str, Recorded], tuple[str, ...]]:
    """Return the arrivals by table, and notes on what is odd but harmless; raise BadArrivals with the place."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return _read(file, str(path))
    except OSError as error:
        raise BadArrivals(f"{path}: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise BadArrivals(f"{path}: is not UTF-8 text; write the arrivals as CSV in UTF-8") from None


def _read(file: io.TextIOBase | io.TextIOWrapper, name: str) -> tuple[dict[str, Recorded], tuple[str, ...]]:
    reader = csv.reader(file)
    header = [column.strip() for column in next(reader, [])]
    missing = [c for c in COLUMNS[:2] if c not in header]
    if missing:
        have = ", ".join(header) or "nothing"
        raise BadArrivals(
            f"{name}:1: no column {missing[0]}; the header has {have}, and needs {','.join(COLUMNS)}"
        )
    place = {c: header.index(c) if c in header else None for c in COLUMNS}
    tables: dict[str, Recorded] = {}
    disorder: tuple[int, int] = (0, 0)
    before = float("-inf")
    try:
        for row in reader:
            if not row:
                continue
            line = reader.line_num
            if len(row) != len(header):
                raise BadArrivals(f"{name}:{line}: {len(row)} fields where the header has {len(header)}")
            values = {c: row[i].strip() if i is not None else "" for c, i in place.items()}
            at = _time(values["arrived_at"], name, line)
            if not values["table"]:
                raise BadArrivals(f"{name}:{line}: table is empty; name the table that the file arrived for")
            if at < before:
                disorder = disorder[0] or line, disorder[1] + 1
            before = max(before, at)
            tables.setdefault(values["table"], Recorded()).append(
                at,
                values["partition"],
                _number(values["size_bytes"], "size_bytes", name, line),
                _number(values["rows"], "rows", name, line),
            )
    except csv.Error as error:
        raise BadArrivals(f"{name}:{reader.line_num}: {error}") from None
    if not tables:
        raise BadArrivals(f"{name}: holds no arrivals under its header")
    notes = (
        [f"{name}:{disorder[0]}: earlier than a row above, as {disorder[1]} are; sorted by time"]
        if disorder[1]
        else []
    )
    return tables, tuple(notes)


def _time(text: str, name: str, line: int) -> float:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        message = f"{name}:{line}: arrived_at {text!r} is not a time; write ISO 8601, such as 2026-11-22T05:12:00+00:00"
        raise BadArrivals(message) from None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


def _number(text: str, column: str, name: str, line: int) -> int:
    if not text:
        return _UNKNOWN
    if not (text.isascii() and text.isdigit()) or len(text) > 18:
        raise BadArrivals(
            f"{name}:{line}: {column} {text!r} is not a number; write an integer from 0 on, or leave it empty"
        )
    return int(text)


def run(tables: dict[str, Recorded], asked: Asked, notes: tuple[str, ...] = ()) -> Backtest:
    """Replay the tables: learn from the first arrival of all on, then judge to the end."""
    train, every, until, budget = asked.train, asked.every, asked.until, asked.budget
    first = min(min(t.at) for t in tables.values())
    end = until.timestamp() if until is not None else max(max(t.at) for t in tables.values())
    begin = first + train.total_seconds()
    share = share_of(budget, len(tables))
    replayed = []
    for name in sorted(tables):
        recorded = tables[name]
        dated = is_dated(a.partition for a in recorded.ordered(end))
        watch = replay_ordered(recorded.ordered(end), share, begin, dated)
        alerts = watch.end(end)
        said = (
            explain(watch.model, watch.history)
            if watch.model is not None
            else "nothing arrived before the end"
        )
        looked = seen_by(alerts, every.total_seconds(), end)
        replayed.append(Replayed(name, tuple(alerts), tuple(looked), watch.model, said))
    wanted = budget * 12 / len(tables)
    return Backtest(tuple(replayed), begin, end, every.total_seconds(), share, wanted, notes)


def write_csv(found: Backtest) -> str:
    """Return `table,opened_at,closed_at,check` of all alerts, in order of table and time; closed_at may be empty."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("table", "opened_at", "closed_at", "check"))
    for table in found.tables:
        for a in table.alerts:
            writer.writerow(
                (table.table, _iso(a.opened), "" if a.closed is None else _iso(a.closed), a.check)
            )
    return out.getvalue()


def say(found: Backtest) -> str:
    """Return the replay as text: what was learned of each table and what it would have told."""
    lines = []
    for table in found.tables:
        sure = confidence(table.model) if table.model is not None else "nothing learned"
        lines.append(f"{table.table}: {table.sentence} ({sure})")
        for alert in table.alerts:
            if alert.closed is None:
                lines.append(f"  {alert.check}: {_iso(alert.opened)}, still open")
            else:
                lasted = say_duration(timedelta(seconds=alert.closed - alert.opened))
                lines.append(f"  {alert.check}: {_iso(alert.opened)} for {lasted}")
    return "\n".join([*lines, *summary(found)])


def summary(found: Backtest) -> list[str]:
    """Return what holds for all tables: the time judged, the budget, what looking now and then would have seen."""
    alerts = sum(len(t.alerts) for t in found.tables)
    days = max(0.0, found.end - found.begin) / 86400
    span = f"{days:.0f} days from {_iso(found.begin)} to {_iso(found.end)}"
    lines = [
        f"{_many(alerts, 'alert')} of {_many(len(found.tables), 'table')} in {span}",
        f"each table may raise {found.share:.2g} false alarms a year",
    ]
    if abs(found.wanted - found.share) > 1e-9:
        lines[-1] += (
            f", not {found.wanted:.2g} as its share would be: a tail tells no less than 0.05 and no more than 4"
        )
    if found.every > 0:
        lines.append(_looks(found))
    lines.append("not seen: what was overwritten or compacted before it was recorded, for its time is lost")
    return [*found.notes, *lines]


def _looks(found: Backtest) -> str:
    """Tell what looks at fixed times alone would have seen, which do not wake when something falls due."""
    late, unseen = [], 0
    for table in found.tables:
        for alert in table.alerts:
            look = -(-alert.opened // found.every) * found.every
            if alert.closed is not None and alert.closed <= look:
                unseen += 1
            else:
                late.append(look - alert.opened)
    every = say_duration(timedelta(seconds=found.every))
    if not late:
        return f"looks every {every} alone would have seen none of them"
    middle = say_duration(timedelta(seconds=sorted(late)[len(late) // 2]))
    most = say_duration(timedelta(seconds=max(late)))
    seen = f"{len(late)} of them, {middle} late in the median and {most} at most"
    return f"looks every {every} alone would have seen {seen}; {unseen} were over by then"


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count:,} {noun}s"


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")
