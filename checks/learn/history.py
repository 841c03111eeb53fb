"""What is kept of a table's arrivals, bounded: times, first arrivals of partitions, sizes of settled ones."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from typing import Any

from checks.learn.keys import DAY, HOUR, Key

# Half a year of windows of six weeks, by which a recurring outage is told from a habit.
PAST_DAYS = 224
# A minute: no monitor looks more often, so bursts within one are one arrival.
A_BURST = 60.0
# 60,000 a minute apart are six weeks of a table that never pauses; the rest is let go.
_MOST_TIMES = 60_000
# Three years of a daily table, six weeks of an hourly one with room to spare.
_MOST_PARTITIONS = 2_000
# Sizes: four weeks of every five minutes, which tell each weekday as those of hours do.
_MOST_SIZES = 8_100
_A_DAY = 24  # hours
_MOST_ODD = 60  # five years of month ends
# A partition may be named for a day that has not begun where its data lands, never for a year ahead.
_AHEAD = 2 * DAY
# A partition that is written anew with each of four newer ones held a fifth of all its bytes before.
_EARLY = 0.2


@dataclass(frozen=True, slots=True, order=True)
class Arrival:
    """One file: when it landed (seconds since 1970, UTC), its partition's key, its bytes and rows if known."""

    at: float
    partition: str = ""
    size: int | None = None
    rows: int | None = None


@dataclass(slots=True)
class Period:
    """A partition whose files still come: its own start, its first and last arrival, and what it holds so far.

    `early` and `early_rows` are what it held when a newer one had come: (bytes or rows, files, seconds); None before.
    `since` is how many seconds the one before it began earlier; None where there was none.
    """

    start: float
    first: float
    last: float
    size: float = 0.0
    sized: bool = True
    rows: float = 0.0
    counted: bool = True
    files: int = 0
    early: tuple[float, int, float] | None = None
    early_rows: tuple[float, int, float] | None = None
    since: float | None = None

    def pass_by(self, arrival: Arrival, within: float) -> None:
        """Note what it holds where a newer partition came and what comes now is none of its own runs."""
        if self.early is None and arrival.at - self.last > within:
            self.early = self.size, self.files, self.last - self.first
            self.early_rows = self.rows, self.files, self.last - self.first

    def take(self, arrival: Arrival) -> None:
        """Count one file."""
        self.last = max(self.last, arrival.at)
        self.files += 1
        if arrival.size is None:
            self.sized = False
        else:
            self.size += arrival.size
        if arrival.rows is None:
            self.counted = False
        else:
            self.rows += arrival.rows


@dataclass(slots=True)
class History:
    """The arrivals that teach: of partitions newer than any before, or all of a table without dated keys.

    `times` are the counted arrivals, bursts within a minute as one; `firsts` the own start and first arrival of
    partitions, each newer than those before; `settled` those whose volume was usual: start, bytes, files, seconds;
    `early` what these held before newer ones came; `counted` and `early_counted` the same of those whose rows are
    known: start, rows, files, seconds; `odd` and `odd_counted` those that were not usual, `empty` the starts of those
    without a byte, told or not, `behind` the starts and arrivals of those that came within a day after newer ones.
    `ratios`, and those of runs of files, are kept for `silence.fit_silence`.
    """

    dated: bool
    times: list[float] = field(default_factory=list)
    firsts: list[tuple[float, float]] = field(default_factory=list)
    settled: list[tuple[float, float, int, float]] = field(default_factory=list)
    early: list[tuple[float, float, int, float]] = field(default_factory=list)
    early_counted: list[tuple[float, float, int, float]] = field(default_factory=list)
    counted: list[tuple[float, float, int, float]] = field(default_factory=list)
    odd: list[tuple[float, float, int, float]] = field(default_factory=list)
    odd_counted: list[tuple[float, float, int, float]] = field(default_factory=list)
    empty: list[float] = field(default_factory=list)
    behind: list[tuple[float, float]] = field(default_factory=list)
    ratios: dict[int, dict[str, float]] = field(default_factory=dict)
    ratios_of_runs: dict[int, dict[str, float]] = field(default_factory=dict)
    last: float | None = None

    @property
    def newest(self) -> float | None:
        """The own start of the newest partition."""
        return self.firsts[-1][0] if self.firsts else None

    def counts(self, arrival: Arrival, key: Key | None) -> bool:
        """Return whether it teaches: backfills, rewrites and keys of no or an impossible time do not."""
        if not self.dated:
            return True
        if key is None or key.start > arrival.at + max(_AHEAD, key.unit):
            return False
        return self.newest is None or key.start >= self.newest

    def take(self, arrival: Arrival, key: Key | None) -> bool:
        """Keep an arrival that counts; return whether it opened a new partition."""
        opened = self.dated and key is not None and (self.newest is None or key.start > self.newest)
        if opened and key is not None:
            self.firsts.append((key.start, arrival.at))
            _trim(self.firsts, _MOST_PARTITIONS)
        self.last = arrival.at
        if not self.times or arrival.at - self.times[-1] >= A_BURST:
            self.times.append(arrival.at)
            _trim(self.times, _MOST_TIMES)
        return opened

    def note_behind(self, key: Key, at: float) -> None:
        """Keep the own start and arrival of a partition that is new and comes within a day after a newer one.

        Of what comes together, such as all that an outage kept back, only the first counts.
        """
        newest, before = self.newest, self.behind[-_A_DAY:]
        if (
            newest is None
            or not newest - DAY <= key.start < newest
            or key.start in [own for own, _ in before]
        ):
            return
        place = bisect_left(self.firsts, (key.start,))
        if self.firsts[place][0] != key.start and not (before and at - before[-1][1] < HOUR):
            self.behind.append((key.start, at))
            _trim(self.behind, _MOST_PARTITIONS)

    def note_empty(self, period: Period) -> None:
        """Keep that all files of a partition came to no byte."""
        if period.sized and not period.size:
            self.empty.append(period.start)
            _trim(self.empty, _MOST_PARTITIONS)

    def settle(self, period: Period) -> None:
        """Keep what a partition held whose volume was usual."""
        took = period.last - period.first
        if period.sized:
            self.settled.append((period.start, period.size, period.files, took))
            size, files, lasted = period.early or (period.size, period.files, took)
            self.early.append((period.start, size, files, lasted))
            _trim(self.settled, _MOST_SIZES)
            _trim(self.early, _MOST_SIZES)
        if period.counted:
            rows, files, lasted = period.early_rows or (period.rows, period.files, took)
            self.counted.append((period.start, period.rows, period.files, took))
            self.early_counted.append((period.start, rows, files, lasted))
            _trim(self.counted, _MOST_SIZES)
            _trim(self.early_counted, _MOST_SIZES)

    def note_odd(self, period: Period) -> None:
        """Keep what a partition held whose volume was not usual: it may be usual of its day of the month."""
        took = period.last - period.first
        if period.sized:
            self.odd.append((period.start, period.size, period.files, took))
            _trim(self.odd, _MOST_ODD)
        if period.counted:
            self.odd_counted.append((period.start, period.rows, period.files, took))
            _trim(self.odd_counted, _MOST_ODD)

    @property
    def sizes(self) -> list[tuple[float, float, int, float]]:
        """What partitions held, as `settled`: without what was written again once newer ones had come.

        Where that came early is a part of all only, partitions begin to be filled before their time, and all counts.
        """
        return _held(self.early, self.settled)

    @property
    def row_counts(self) -> list[tuple[float, float, int, float]]:
        """How many rows partitions held, as `counted`, in the same way."""
        return _held(self.early_counted, self.counted)

    def since(self, begin: float) -> list[float]:
        """Return the counted times from an instant on."""
        return self.times[bisect_left(self.times, begin) :]


def _held(
    early: list[tuple[float, float, int, float]], whole: list[tuple[float, float, int, float]]
) -> list[tuple[float, float, int, float]]:
    shares = sorted(a[1] / b[1] for a, b in zip(early[-60:], whole[-60:], strict=True) if b[1] > 0)
    return early if shares and shares[len(shares) // 2] >= _EARLY else whole


def _trim(values: list[Any], most: int) -> None:
    """Let the oldest go, half a list at a time, so that each costs the same."""
    if len(values) > 2 * most:
        del values[:-most]
