"""Recorded arrivals as CSV -> one table's arrivals in columns; whatever cannot be read is one line with its place."""

from __future__ import annotations

import csv
import unicodedata
from array import array
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING

from checks.learn import Arrival, is_dated
from checks.learn.keys import is_in_word, parse
from checks.learn.replay import order
from checks.schedule.clock import read_instant
from checks.text import clean, count, shorten

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

COLUMNS = ("table", "arrived_at", "partition", "size_bytes", "rows")
_PACKED = (b"\x1f\x8b", b"BZh", b"PK\x03\x04", b"\x28\xb5\x2f\xfd", b"\xfd7zXZ")
"""How files begin that gzip, bzip2, zip, zstd and xz wrote."""
_TO_WRITE = "write the arrivals as CSV in UTF-8"
_UNKNOWN = -1
_FIRST_YEAR, _LAST_YEAR = 1970, 9998
"""Nothing came to S3 before the first; beyond the last a day more is no date any more."""
_AHEAD = timedelta(minutes=10)
_FEW = 0.05
"""Of all rows: so few that are ahead of the clock are mistakes; of more the file is made up, and taken as it is."""
_LONGEST_SHOWN = 60


class BadArrivals(ValueError):  # noqa: N818 - a sentence for the user
    """The recorded arrivals cannot be read: one line that says where and why."""


@dataclass(slots=True)
class Recorded:
    """One table's arrivals as columns, 32 bytes each, in the order of the file, with the line of each.

    ``repeated`` are so many that stood there before, once they were gone through; ``repeated_in`` is the first line.
    """

    at: array[float] = field(default_factory=lambda: array("d"))
    key: array[int] = field(default_factory=lambda: array("i"))
    size: array[int] = field(default_factory=lambda: array("q"))
    rows: array[int] = field(default_factory=lambda: array("q"))
    line: array[int] = field(default_factory=lambda: array("i"))
    keys: dict[str, int] = field(default_factory=dict)
    repeated: int = 0
    repeated_in: int = 0

    def append(self, at: float, partition: str, size: int, rows: int, line: int) -> None:
        """Keep one arrival; unknown numbers are -1."""
        self.at.append(at)
        self.key.append(self.keys.setdefault(partition, len(self.keys)))
        self.size.append(size)
        self.rows.append(rows)
        self.line.append(line)

    def ordered(self, until: float) -> Iterator[Arrival]:
        """Yield the arrivals up to an instant in the order of time, each once."""
        places: range | list[int] = range(len(self.at))
        if any(self.at[i] < self.at[i - 1] for i in places[1:]):
            places = sorted(places, key=self.at.__getitem__)
        names = list(self.keys)
        self.repeated = self.repeated_in = 0
        for at, same in groupby(places, key=self.at.__getitem__):
            if at > until:
                return
            found: dict[Arrival, int] = {}
            for i in same:
                size, rows = self.size[i], self.rows[i]
                arrival = Arrival(
                    at,
                    names[self.key[i]],
                    None if size == _UNKNOWN else size,
                    None if rows == _UNKNOWN else rows,
                )
                if found.setdefault(arrival, i) != i:
                    self.repeated += 1
                    self.repeated_in = min(self.repeated_in or self.line[i], self.line[i])
            yield from sorted(found, key=order)

    def timeless(self) -> tuple[int, int]:
        """Return how many arrivals are in partitions whose keys name no time, and the line of the first."""
        bad = {number for key, number in self.keys.items() if key and parse(key) is None}
        if not bad:
            return 0, 0
        lines = [line for line, key in zip(self.line, self.key, strict=True) if key in bad]
        return len(lines), lines[0]


@dataclass(frozen=True, slots=True)
class File:
    """What a file holds, by table: ``name`` is its name, ``first`` and ``last`` its first and last time.

    ``notes`` tell what is odd in it and harmless. ``ahead`` rows are of times after the clock's, the first of them in
    the line ``ahead_in``; ``by_now`` is the last time that is not.
    """

    name: str
    tables: dict[str, Recorded]
    notes: tuple[str, ...]
    ahead: int = 0
    ahead_in: int = 0
    by_now: float = 0.0

    @property
    def first(self) -> float:
        """The first arrival of all."""
        return min(min(each.at) for each in self.tables.values())

    @property
    def last(self) -> float:
        """The last arrival of all."""
        return max(max(each.at) for each in self.tables.values())

    @property
    def rows(self) -> int:
        """How many arrivals there are of all tables."""
        return sum(len(each.at) for each in self.tables.values())

    def end(self) -> tuple[float, tuple[str, ...]]:
        """Return when a replay ends for which no end is stated, and what is to be said of that.

        That is the last arrival, unless single ones are ahead of the clock, which they cannot be.
        """
        if not self.ahead:
            return self.last, ()
        place = (
            f"{self.name}:{self.ahead_in}: ahead of the clock, as {count(self.ahead, 'row is', 'rows are')}"
        )
        if self.ahead > _FEW * self.rows:
            return self.last, (f"{place}; replayed all the same",)
        return self.by_now, (f"{place}; left out: write --until to replay up to a time after it",)


def timeless_notes(file: File, begin: float, end: float) -> Iterator[str]:
    """Yield what becomes of arrivals whose partitions name no time, with the place of the first.

    So do words whose time does not move on, by what came until the begin of the replay.
    """
    found: dict[bool, tuple[int, int, str]] = {}
    for recorded in file.tables.values():
        number, line = recorded.timeless()
        if number:
            dated = is_dated(recorded.ordered(end), begin)
            key = next(key for key in recorded.keys if key and parse(key) is None)
            before = found.get(dated, (0, line, key))
            found[dated] = before[0] + number, *min((before[1], before[2]), (line, key))
    words = [
        (name, next(iter(each.keys)))
        for name, each in file.tables.items()
        if is_in_word(next(iter(each.keys))) and not is_dated(each.ordered(end), begin)
    ]
    if words:
        yield (
            f"{file.name}: partition {_shown(words[0][1])} ends in a time that does not move on as data comes, in "
            f"{count(len(words), 'table')}; judged by when anything came"
        )
    said = {
        True: "these teach nothing and end no alert",
        False: "their tables are judged by when anything came",
    }
    for dated, (number, line, key) in sorted(found.items()):
        those = count(number, "row", "rows")
        yield f"{file.name}:{line}: partition {_shown(key)} names no time, in {those}; {said[dated]}"


def repeated_note(name: str, repeated: Iterable[tuple[int, int]]) -> Iterator[str]:
    """Yield where rows stand that stood there before: of each table how many, and the line of the first."""
    found = [each for each in repeated if each[0]]
    if found:
        number, line = sum(rows for rows, _ in found), min(first for _, first in found)
        yield f"{name}:{line}: the same as a row above, as {count(number, 'row is', 'rows are')}; each counts once"


def read(path: Path, now: datetime) -> File:
    """Return the arrivals by table; raise BadArrivals with the place. ``now`` is what the clock shows."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return _read(file, str(path), now)
    except OSError as error:
        raise BadArrivals(f"{path}: {error.strerror or error}") from None
    except UnicodeDecodeError:
        if not path.is_file():  # a pipe: what was read of it is gone
            raise BadArrivals(f"{path}: is not UTF-8 text; {_TO_WRITE}") from None
        line, is_packed = _undecodable(path)
        what = "unpack it first" if is_packed else _TO_WRITE
        raise BadArrivals(f"{path}:{line}: is not UTF-8 text; {what}") from None


def _undecodable(path: Path) -> tuple[int, bool]:
    """Return the first line that is no UTF-8 text, and whether the file begins as what is compressed does."""
    is_packed = False
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            is_packed = is_packed or (number == 1 and line.startswith(_PACKED))
            try:
                line.decode("utf-8")
            except UnicodeDecodeError:
                return number, is_packed
    return 1, is_packed


@dataclass(slots=True)
class _Rows:
    """The rows of a file, each as its columns by name, with the line that it begins in."""

    lines: Iterable[str]
    name: str
    place: dict[str, int] = field(default_factory=dict)

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        """Yield each row that holds anything, as many fields as the header has; raise BadArrivals."""
        reader = csv.reader(self.lines, strict=True)
        width, begin = 0, 1
        try:
            for row in reader:
                if not width:
                    width, self.place = len(row), self._header(row)
                elif row and len(row) != width:
                    fields = count(len(row), "field")
                    raise BadArrivals(f"{self.name}:{begin}: {fields} where the header has {width}")
                elif row:
                    yield begin, [row[self.place[column]].strip() for column in COLUMNS]
                begin = reader.line_num + 1
        except csv.Error as error:
            raise BadArrivals(f"{self.name}:{begin}: {_said_of(error)}") from None
        if not width:
            self._header([])

    def _header(self, row: list[str]) -> dict[str, int]:
        """Return where each column stands; raise BadArrivals where one is missing, or stands there twice."""
        header = [column.strip() for column in row]
        missing = [column for column in COLUMNS if column not in header]
        twice = [column for column in COLUMNS if header.count(column) > 1]
        if not missing and not twice:
            return {column: header.index(column) for column in COLUMNS}
        have = shorten(clean(", ".join(header)), 4 * _LONGEST_SHOWN) or "nothing"
        what = f"no column {', '.join(missing)}" if missing else f"more than one column {', '.join(twice)}"
        needs = f"needs {','.join(COLUMNS)}"
        if any(sign in each for each in header for sign in ";\t|"):
            needs += ", with commas between"
        elif missing and {each.lower() for each in header} >= set(COLUMNS):
            needs += ", in small letters"
        raise BadArrivals(f"{self.name}:1: {what}; the header has {have}, and {needs}")


def _said_of(error: csv.Error) -> str:
    if "field larger" in str(error):
        return f"a field is longer than {csv.field_size_limit():,} characters; is a quote left open?"
    if "unexpected end" in str(error):
        return "a quote is opened here and never closed"
    return f"{error}; write a quote within quotes twice"


def _read(lines: Iterable[str], name: str, now: datetime) -> File:
    tables: dict[str, Recorded] = {}
    late, late_in, before = 0, 0, float("-inf")
    ahead, ahead_in, by_now, clock = 0, 0, float("-inf"), (now + _AHEAD).timestamp()
    for line, (table, arrived_at, partition, size, rows) in _Rows(lines, name):
        at = _time(arrived_at, name, line)
        _hold_to_text(table, "table", name, line)
        _hold_to_text(partition, "partition", name, line)
        if not table:
            raise BadArrivals(f"{name}:{line}: table is empty; name the table that the file arrived for")
        if at < before:
            late, late_in = late + 1, late_in or line
        before = max(before, at)
        if at > clock:
            ahead, ahead_in = ahead + 1, ahead_in or line
        else:
            by_now = max(by_now, at)
        tables.setdefault(table, Recorded()).append(
            at, partition, _number(size, "size_bytes", name, line), _number(rows, "rows", name, line), line
        )
    if not tables:
        raise BadArrivals(f"{name}:2: holds no arrivals under its header")
    notes = (
        f"{name}:{late_in}: earlier than a row above, as {count(late, 'row is', 'rows are')}; sorted by time",
    )
    return File(name, tables, notes if late else (), ahead, ahead_in, by_now)


def _time(text: str, name: str, line: int) -> float:
    try:
        at = read_instant(text, UTC)
    except ValueError as error:
        message = f"{name}:{line}: arrived_at {_shown(text)} is {error}"
        raise BadArrivals(message) from None
    if not _FIRST_YEAR <= at.year <= _LAST_YEAR:
        message = f"{name}:{line}: arrived_at {_shown(text)} is no time at which a file came; write the one it came at"
        raise BadArrivals(message)
    return at.timestamp()


def _hold_to_text(text: str, column: str, name: str, line: int) -> None:
    if text.isprintable() or not any(unicodedata.category(char) == "Cc" for char in text):
        return
    raise BadArrivals(
        f"{name}:{line}: {column} {_shown(text)} holds a control character; is the file of another kind?"
    )


def _number(text: str, column: str, name: str, line: int) -> int:
    if not text:
        return _UNKNOWN
    if not (text.isascii() and text.isdigit()) or len(text) > 18:
        raise BadArrivals(
            f"{name}:{line}: {column} {_shown(text)} is not a number; write a whole one from 0 on, or leave it empty"
        )
    return int(text)


def _shown(text: str) -> str:
    return repr(shorten(text, _LONGEST_SHOWN))
