"""One table's arrivals in the order of time -> the alerts that they open and close. Nothing looks ahead."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

from checks.learn.clocks import offset
from checks.learn.history import History, Period
from checks.learn.keys import DAY, HOUR, parse
from checks.learn.learned import Model, Need
from checks.learn.model import fit
from checks.learn.runs import RUN, Runs, with_kept_back
from checks.learn.told_once import STEADY, WEEK, is_back, longer, new_rhythm

if TYPE_CHECKING:
    from collections.abc import Sequence

    from checks.learn.history import Arrival
    from checks.learn.keys import Key

# A model is fitted once a day; the arrivals after a change of clocks tell zones apart, three each side are needed.
_REFIT, _AFTER_CHANGE = DAY, 4
# Where a silence was told and what comes since does not end it, each fourth asks whether that is a new rhythm.
_ASKED_ANEW = 4
# Two in time, or one of days: the rhythm is back after a silence that was told. Nobody waits longer to hear of that.
_BACK, _BACK_WITHIN = 2, 2 * HOUR
# Of the usual gap: what comes so soon is of one run, also where runs are too near each other to be told.
_SAME_RUN = 0.25
# Five in a row that are not usual are a new level, which is learned from then on.
_NEW_LEVEL = 5
_MOST_OPEN = 3  # partitions whose files may come at once; older ones are judged as they are


@dataclass(frozen=True, slots=True)
class Alert:
    """From when to when (seconds since 1970, UTC; None: still open), and the check that told it."""

    opened: float
    closed: float | None
    check: str
    by_size: bool = False
    """By what came, which a look tells; else by a deadline, which is a look itself."""


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How the last silence of a table went: what a watch has to know of it beside the arrivals themselves.

    `opened` is since when an alert is open (seconds since 1970, UTC), `returned` how many arrivals came since;
    `told` the seconds of the last silence that was told until the rhythm is back, `in_time` how many came in time
    since; `late` by how many seconds more than usual what ended it came, until something comes in time.
    """

    opened: float | None = None
    returned: int = 0
    told: float = 0.0
    in_time: int = 0
    late: float = 0.0


@dataclass(slots=True)
class Watch:
    """The state of one table's replay from `begin` on. `share` is the false alarms a year that it may raise.

    `floor` and `cap` are the fewest and the most seconds that the next arrival may be asked for after the last one.
    """

    share: float
    begin: float
    dated: bool
    floor: float = 0.0
    cap: float = math.inf
    history: History = field(init=False)
    model: Model | Need | None = None
    alerts: list[Alert] = field(default_factory=list)
    _due: tuple[float, str] | None = None
    _open: tuple[float, str] | None = None
    _returned: list[float] = field(default_factory=list)
    _told: float = 0.0  # seconds of the last silence that was told, until the rhythm is back
    _late: float = 0.0  # by how much later than usual what ended it came, until something comes in time
    _usual: float = 0.0  # what would be due had nothing been told
    _in_time: int = 0
    _refits: int = 0
    _since_told: int = 0  # arrivals of their own since an alert is open
    _short: float | None = None  # since when the volume is not usual
    _odd: int = 0  # partitions in a row whose volume was not usual
    _runs: Runs = field(default_factory=Runs)  # without dated keys
    _silent: tuple[float, float] | None = None  # from the last before to the first after what was told last
    _periods: list[Period] = field(default_factory=list)
    _begun: float | None = None  # the start of the newest of them
    _came: float | None = None  # when its first file came

    def __post_init__(self) -> None:
        """Start with nothing seen."""
        self.history = History(self.dated)

    def resume(self, times: Sequence[float], last: float | None, rhythm: Rhythm) -> None:
        """Go on where another watch of a table without dated keys ended: with its arrivals (in order) and rhythm.

        `last` is the newest arrival where that is not among those that teach.
        """
        self.history.times = list(times)
        self._told, self._in_time, self._late = rhythm.told, rhythm.in_time, rhythm.late
        self._open = (rhythm.opened, "freshness") if rhythm.opened is not None else None
        self._returned = [rhythm.opened or 0.0] * rhythm.returned
        if times:
            self.history.last = times[-1]
            self._learn(times[-1], fresh=False)
            self.history.last = last if last is not None else times[-1]
            self._plan()

    def believe(self, now: float) -> None:
        """Take the last arrival for the end of a silence, where not all that came since were seen."""
        if self._open is not None:
            self._returned += [now] * self._needed()
            self._close(now)

    @property
    def rhythm(self) -> Rhythm:
        """What has to be kept beside the arrivals to go on later."""
        opened = self._open[0] if self._open is not None else None
        return Rhythm(opened, len(self._returned), self._told, self._in_time, self._late)

    @property
    def still_needed(self) -> int:
        """How many more arrivals end the open alert; 0 where none is open."""
        return 0 if self._open is None else max(1, self._needed() - len(self._returned))

    def tick(self, now: float) -> None:
        """Open what was due before an instant; arrivals at it or after it are not known."""
        if self.model is None and now >= self.begin and self.history.last is not None:
            self._learn(self.begin, fresh=True)
            self._plan()
        if self._due is not None and self._open is None and self._due[0] < now:
            self._open = max(self._due[0], self.begin), self._due[1]
        model = self.model if isinstance(self.model, Model) else None
        if model is not None and model.volume is not None:
            settle = model.volume.settle
            for period in [p for p in self._periods if p.first + settle < now]:
                # What came before anything was known of volumes is judged when it is.
                self._judge(period, max(period.first + settle, model.fitted))

    def add(self, arrival: Arrival) -> None:
        """Take the next arrival: it may close what is open, and it teaches."""
        self.tick(arrival.at)
        key = parse(arrival.partition) if self.dated else self._runs.take(arrival.at, self.history.times)
        if not self.history.counts(arrival, key):
            if key is not None:
                self._weigh(arrival, key)
                self.history.note_behind(key, arrival.at)
            return
        before, newest = self.history.last, self.history.newest
        fresh = self.history.take(arrival, key)
        if key is not None and (fresh or (not self.dated and key.start == arrival.at != before)):
            since = self._since_the_last(key.start, arrival.at)
            while len(self._periods) > self._most_open(since):
                self._judge(self._periods[0], arrival.at)
            if not self.dated and self._silent is not None:
                since = with_kept_back(since, arrival.at, self._silent)
            self._periods.append(Period(key.start, arrival.at, arrival.at, since=since))
            self._begun = key.start
        if key is not None:
            self._weigh(arrival, key)
        if before == arrival.at:
            if fresh and arrival.at >= self.begin:  # a newer partition of the same instant moves what is due
                self._plan()
                self._close(arrival.at)
            return
        self._rhythm(arrival.at, before, fresh=fresh)
        if arrival.at < self.begin:
            return
        unasked = self._unasked(before, newest)
        self._learn(arrival.at, fresh=fresh or not self.dated)
        self._plan()
        if unasked is not None and self._open is None:
            self._open = arrival.at, unasked
        self._close(arrival.at)

    def _unasked(self, before: float | None, newest: float | None) -> str | None:
        """Return the check of what lacks though it was not asked for, as what just came shows; else None."""
        if before is None or self.history.last is None or not isinstance(self.model, Model):
            return None
        return self.model.unasked((before, newest), (self.history.last, self.history.newest))

    def _most_open(self, since: float | None) -> int:
        """Return how many periods may wait for their files when the next begins; no slow one before any is known."""
        is_known = isinstance(self.model, Model) and self.model.volume is not None
        return _MOST_OPEN if is_known or since is None or since < WEEK / 2 else 0

    def _since_the_last(self, start: float, at: float) -> float | None:
        """Return the seconds since the period before: of the longer one by their names and by when they came.

        A day that is loaded beside its first hours begins no day after them, but holds one.
        """
        came, self._came = self._came, at
        if self._begun is None or came is None:
            return None
        return max(start - self._begun, at - came)

    def end(self, now: float) -> list[Alert]:
        """Return all alerts as they stand at an instant."""
        self.tick(now)
        still = [] if self._open is None else [Alert(self._open[0], None, self._open[1])]
        if self._short is not None:
            still.append(Alert(self._short, None, "volume", by_size=True))
        return sorted([*self.alerts, *still], key=lambda a: (a.opened, a.check))

    def _rhythm(self, at: float, before: float | None, *, fresh: bool) -> None:
        if not self._is_next(at, before):
            return
        self._since_told = self._since_told + 1 if self._open is not None else 0
        if self._late and before is not None and self._open is None:
            # Of a table without dated keys what comes soon after another thing is of the same day.
            is_next = fresh if self.dated else at - before > (self._cadence() or 0.0) / 2
            if is_next and not self._lateness(at):
                self._late = 0.0
        if self._open is None:
            if at > self._usual:
                self._in_time = 0
            elif before is None or self._is_back(before, at):
                self._in_time += 1
            cadence = self._cadence()
            if self._in_time >= (1 if cadence is not None and cadence >= DAY else _BACK):
                self._told = 0.0
        elif before is not None:
            if not self._returned:
                self._silent = before, at
                cadence = self._cadence() if self._is_of_slots() else None
                least = new_rhythm(cadence, is_steady=self._was_steady(before)) if cadence else 0.0
                self._told = at - before if at - before > least else 0.0
            elif at > self._usual:
                self._returned = []  # what came before was a stray
            self._returned.append(at)

    def _is_back(self, before: float, at: float) -> bool:
        """Tell whether a gap in time is no sign of the rhythm that the silence told last may have been the first of."""
        silence = self.model.between if isinstance(self.model, Model) else None
        return silence is None or is_back(silence.lasted(before, at), silence.typical, self._told)

    def _is_next(self, at: float, before: float | None) -> bool:
        """Tell whether an arrival is one of its own: what else is of its run, or of its minute, says no more."""
        model = self.model if isinstance(self.model, Model) else None
        if model is not None and model.in_runs:
            return before is None or at - before > RUN
        silence = model.between if model is not None else None
        run = _SAME_RUN * silence.typical if silence is not None else 0.0
        return self.history.times[-1] == at and (before is None or at - before > run)

    def _cadence_of_sizes(self) -> float | None:
        model = self.model
        return model.cadence or model.typical if isinstance(model, Model) else None

    def _lateness(self, at: float) -> float:
        model = self.model
        return model.lateness(at, self.history.newest) if isinstance(model, Model) else 0.0

    def _is_of_slots(self) -> bool:
        """Tell whether what is open was told by the slots of a table, not by a silence between."""
        model = self.model
        between = isinstance(model, Model) and not (model.silence is None and model.rota is None)
        return not between or self._open is None or self._open[1] == "partitions"

    def _was_steady(self, last: float) -> bool:
        """Tell whether no day of a schedule of days was missed in two months until an arrival."""
        slots = self.model.slots if isinstance(self.model, Model) else None
        times = [at for at in self.history.since(last - STEADY) if at <= last]
        return slots is not None and all(b - a < slots.longest + DAY / 2 for a, b in pairwise(times))

    def _cadence(self) -> float | None:
        return self.model.cadence if isinstance(self.model, Model) else None

    def _learn(self, now: float, *, fresh: bool) -> None:
        model = self.model
        if isinstance(model, Model):
            zones = model.slots.zones if model.slots is not None else ()
            moved = any(offset(zone, now) != offset(zone, model.fitted) for zone, _ in zones)
            anew = self._since_told > 0 and self._since_told % _ASKED_ANEW == 0
            if now - model.fitted < _REFIT and not moved and not (self._refits and fresh) and not anew:
                return
            self._refits = _AFTER_CHANGE if moved else max(0, self._refits - fresh)
        self.model = fit(self.history, self.share)

    def _plan(self) -> None:
        last = self.history.last
        if last is None:
            return
        usual = self.due_after(last, is_over=True)
        self._usual = usual[0] if usual is not None else 0.0
        # Mostly nothing was told, and nothing moved: then what is due is the usual.
        is_usual = self._open is not None or not (self._told or self._late)
        self._due = usual if is_usual else self.due_after(last)

    def due_after(self, last: float, *, is_over: bool = False) -> tuple[float, str] | None:
        """Return when something has to come after a last counted arrival, and the check; None where too few are known.

        `is_over`: a silence is being told, so that none before it counts any more.
        """
        if not isinstance(self.model, Model):
            return None
        # An hour, or a day, that moved is told once: what comes next is as late as that was.
        due = self.model.due(last, self.history.newest, 0.0 if is_over else self._late)
        if due is not None and self._told and not is_over:
            due = max(due[0], last + longer(self._told)), due[1]
        return self._bounded(last, due)

    def _bounded(self, last: float, due: tuple[float, str] | None) -> tuple[float, str] | None:
        return None if due is None else (min(max(due[0], last + self.floor), last + self.cap), due[1])

    def _close(self, now: float) -> None:
        """Close the open alert once what was due is there, and it is no stray."""
        if self._open is None or (self._due is not None and self._due[0] <= now):
            return
        if len(self._returned) < self._needed():
            return
        self.alerts.append(Alert(self._open[0], now, self._open[1]))
        # What ends a silence between files of one day says nothing of when days begin.
        late = self._lateness(self.history.last or now) if self._is_of_slots() else 0.0
        self._late = min(late, self._cadence() or 0.0)
        self._open = None
        self._in_time = 0
        self._returned = []
        self._plan()

    def _needed(self) -> int:
        """Return the arrivals that end a silence: as many as come within an hour or two, one of slower tables.

        Where one usual gap in 50 is longer than that, or nothing is due within two hours of the first that came, or a
        night or weekend begins, the next arrival says no more than the first one did.
        """
        model = self.model if isinstance(self.model, Model) else None
        if model is None:
            return 1
        typical = model.typical
        if typical is None:
            is_soon = (
                self._due is not None and self._returned and self._due[0] - self._returned[0] <= _BACK_WITHIN
            )
            return 2 if is_soon and len(self._returned) < 2 else 1
        if self._rests_now(model, typical):
            return 1
        needed = 3 if typical <= HOUR / 2 else 2 if typical <= 1.5 * HOUR else 1
        while needed > 1 and model.straggling + (needed - 2) * typical > _BACK_WITHIN:
            needed -= 1
        return needed

    def _rests_now(self, model: Model, typical: float) -> bool:
        """Tell whether the table rests from its newest arrival on, so that nobody can wait for the next one."""
        last = self.history.last
        silence = model.between
        if last is None or silence is None:
            return False
        return silence.rates.after(last, typical) - last > max(_BACK_WITHIN, 2 * typical)

    def _weigh(self, arrival: Arrival, key: Key) -> None:
        period = next((p for p in self._periods if p.start == key.start), None)
        if period is None:
            return
        newest = self.history.newest
        if self.dated and newest is not None and newest > period.start:
            period.pass_by(arrival, RUN)
        period.take(arrival)
        volume = self.model.volume if isinstance(self.model, Model) else None
        if volume is not None and period.files >= volume.files:
            self._judge(period, arrival.at)

    def _was_silent(self, begin: float, end: float) -> bool:
        """Return whether a silence was told that lasted into some time."""
        if self._open is not None and self._open[0] <= end:
            return True
        silences = (alert for alert in reversed(self.alerts) if not alert.by_size)
        last = next(silences, None)
        return last is not None and last.opened <= end and (last.closed or end) >= begin

    def _judge(self, period: Period, at: float) -> None:
        self._periods.remove(period)
        self.history.note_empty(period)
        volume = self.model.volume if isinstance(self.model, Model) else None
        if volume is not None and not volume.can_judge(period):
            self.history.settle(period)  # what is not known ends nothing
            return
        if volume is not None and volume.judge(period, self._cadence_of_sizes()) is not None:
            if period.files < volume.files and self._was_silent(period.first, period.first + volume.settle):
                return  # what an outage took of it was told as that
            if self._short is None and at >= self.begin:
                self._short = at
            self._odd += 1
            if self._odd > _NEW_LEVEL:
                self.history.settle(period)
            else:
                self.history.note_odd(period)
            return
        self._odd = 0
        if self._short is not None:
            self.alerts.append(Alert(self._short, at, "volume", by_size=True))
            self._short = None
        self.history.settle(period)
