"""Which parts of a report go where, and what of it reached somebody.

Each reader - the whole report's and each route's - is told what is news to *it*: what was delivered is remembered of
each, so that what one of them refused is news for that one alone.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from checks.aside import Crew, GivenUp
from checks.channels import channel_of
from checks.config.routes import WORDS, database_of, routes_by_key
from checks.config.targets import Target
from checks.model import Change, Status
from checks.monitor.parts import Parts
from checks.report import build
from checks.report.build import Mode, Send

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import date

    from checks.changes import State
    from checks.channels import Channel, Delivery
    from checks.config.resolved import Config
    from checks.config.routes import Route
    from checks.report.build import Report

_AT_ONCE = 32
"""How many targets are asked at once."""
_LISTENERS_S = 15.0
"""How long is waited for what is only worth a note: who listens to a topic."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToReader:
    """What came of delivering to one reader.

    ``changes`` is all that differs from what it was told before, ``arrived`` what of that counts as told now.
    ``concerned`` are the ids of the findings that it is told of. ``full_report_on`` is the local date when it got its
    whole report, None when it did not.
    """

    changes: tuple[Change, ...]
    arrived: frozenset[Change]
    concerned: frozenset[str] = frozenset()
    full_report_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What came of delivering a report.

    ``arrived`` are the changes that count as told by the whole report, ``routes`` says the same of each route, by its
    key. ``whole``: nothing failed. ``completed``: the whole report did not fail.
    ``full_report_on`` is the local date when the whole report was delivered, None when it was not.
    """

    deliveries: tuple[Delivery, ...] = ()
    arrived: frozenset[Change] = frozenset()
    routes: Mapping[str, ToReader] = field(default_factory=dict)
    whole: bool = True
    completed: bool = True
    full_report_on: date | None = None
    notes: tuple[str, ...] = ()

    @property
    def complaints(self) -> tuple[str, ...]:
        """Sentences on what was not delivered, and on topics that nobody listens to."""
        return (*(delivery.problem for delivery in self.deliveries if not delivery.ok), *self.notes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Who is to be told: by which channel (None: by what the run prints or returns), and what was told before."""

    channel: Channel | None
    changes: tuple[Change, ...]
    last_full_report_on: date | None
    key: str = ""
    route: Route | None = None
    unchecked: frozenset[str] = frozenset()
    """The ids of findings that it was last told to be unchecked."""


@dataclass(frozen=True, slots=True)
class _Letter:
    """What one reader is to be sent: ``part`` is None where it is nothing; ``counted`` then counts as told."""

    reader: Reader
    part: Report | None
    counted: frozenset[Change]
    concerned: frozenset[str]
    full_report_on: date | None


def may_take(route: Route, table: str, owner: str | None) -> bool:
    """Tell whether any trouble of a table (by its id) is a route's."""
    return route.takes_kind(owner, database_of(table), WORDS) and route.takes_table(table)


def page_of(config: Config) -> str:
    """Return where the whole report is kept as a page: the first file that a route of all tables writes as HTML."""
    targets = (config.target_of(route) for route in config.routes if route.takes_all)
    files = (str(target.value) for target in targets if target.kind == "file")
    return next((place for place in files if place.lower().endswith((".html", ".htm"))), "")


def topic_of(config: Config, environ: Mapping[str, str]) -> str | None:
    """Return the topic of the whole report: the config's, else TOPIC_ARN."""
    return config.settings.topic or environ.get("TOPIC_ARN", "").strip() or None


def targets_of(config: Config, environ: Mapping[str, str]) -> tuple[Target, ...]:
    """Return where the config has reports sent: the topic of the whole report, then those of routes, each once."""
    topic = topic_of(config, environ)
    whole = [Target("topic", topic)] if topic else []
    known = {str(target): target for target in (*whole, *map(config.target_of, config.routes))}
    return tuple(known.values())


def readers_of(
    config: Config,
    state: State,
    environ: Mapping[str, str],
    changes_since: Callable[[State], tuple[Change, ...]],
) -> tuple[Reader, ...]:
    """Return who is to be told of a run: the reader of the whole report, then each route.

    ``changes_since`` says how the findings differ from what a state tells.
    """
    topic = topic_of(config, environ)
    changes = changes_since(state)
    whole = Reader(
        channel=channel_of(Target("topic", topic)) if topic else None,
        changes=changes,
        last_full_report_on=state.last_full_report_on,
        unchecked=_unchecked(state),
    )
    found = [whole]
    for key, route in routes_by_key(config.routes).items():
        own = state.as_told_to(key)
        found.append(
            Reader(
                channel=channel_of(config.target_of(route)),
                changes=changes if own is state else changes_since(own),
                last_full_report_on=own.last_full_report_on,
                key=key,
                route=route,
                unchecked=whole.unchecked if own is state else _unchecked(own),
            )
        )
    return tuple(found)


def _unchecked(state: State) -> frozenset[str]:
    return frozenset(
        key
        for key, told in state.told.items()
        if not told.silenced and (told.unchecked or told.status is Status.UNKNOWN)
    )


def send(
    mode: Mode,
    report: Report,
    readers: Sequence[Reader],
    *,
    publish: bool = True,
    stop_at: float | None = None,
) -> Sent:
    """Send what is to be sent: all to the reader of the whole report, its part to each route that matches something.

    Without any topic, or with ``publish`` off, the report is delivered by being printed or returned. All targets are
    asked at once; one that has not answered at ``stop_at`` (monotonic seconds) counts as one that did not get it.
    """
    if not publish:
        return Sent(arrived=frozenset(report.changes))
    parts_of, told_by = Parts(report.findings), _Told()
    letters = [_letter(mode, report, reader, parts_of, told_by) for reader in readers]
    parts = [
        (letter.reader.channel, letter.part)
        for letter in letters
        if letter.part is not None and letter.reader.channel is not None
    ]
    answers = iter(publish_all(parts, stop_at))
    silent = _unheard([channel for channel, _ in parts], stop_at)
    deliveries: list[Delivery] = []
    came: list[ToReader] = []
    for letter in letters:
        delivery = None
        if letter.part is not None and letter.reader.channel is not None:
            delivery = next(answers)
            deliveries.append(delivery)
        came.append(_came_of(letter, delivery))
    whole, *routes = came
    first = letters[0]
    main_failed = first.part is not None and first.reader.channel is not None and not deliveries[0].ok
    return Sent(
        deliveries=tuple(deliveries),
        arrived=whole.arrived,
        routes={letter.reader.key: one for letter, one in zip(letters[1:], routes, strict=True)},
        whole=all(delivery.ok for delivery in deliveries),
        completed=not main_failed,
        full_report_on=whole.full_report_on,
        notes=tuple(silent),
    )


class _Told:
    """What counts as told by a report of certain changes, found once: most readers were told the same before."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, bool], tuple[tuple[Change, ...], frozenset[Change]]] = {}

    def of(self, report: Report) -> frozenset[Change]:
        key = (id(report.changes), report.whole)
        if key not in self._known:  # the changes are kept beside it, so that no other has their id
            self._known[key] = (report.changes, frozenset(build.told(report)))
        return self._known[key][1]


def _letter(mode: Mode, report: Report, reader: Reader, parts: Parts, told_by: _Told) -> _Letter:
    """Return what a reader is to be sent of a run, and what counts as told though it is not sent."""
    news_only = reader.channel is not None and reader.channel.news_only
    own = replace(
        report,
        changes=reader.changes,
        checked_again=reader.unchecked,
    )
    sending = build.sending(Mode.ON_CHANGE if news_only else mode, own, reader.last_full_report_on)
    is_whole = sending.what is Send.WHOLE
    full_report_on = build.local_date(report) if is_whole else None
    told = own if is_whole else build.news(own)
    if sending.what is Send.NOTHING:
        return _Letter(reader, None, sending.settled, frozenset(), None)
    arriving = told_by.of(told)
    arriving = arriving | sending.settled if sending.settled else arriving
    if reader.route is None:
        return _Letter(reader, told, arriving, frozenset(), full_report_on)
    part = parts.of(reader.route, told)
    concerned = frozenset(change.finding_id for change in build.told(part))
    is_sent = (bool(part.findings) and is_whole) or bool(concerned)
    return _Letter(reader, part if is_sent else None, arriving, concerned, full_report_on)


def _came_of(letter: _Letter, delivery: Delivery | None) -> ToReader:
    lost: frozenset[Change] = frozenset()
    if delivery is not None and letter.part is not None:
        lost = delivery.lost_of(letter.part.changes)
    failed = delivery is not None and not delivery.ok
    return ToReader(
        changes=letter.reader.changes,
        arrived=letter.counted - lost if lost else letter.counted,
        concerned=letter.concerned,
        full_report_on=None if failed else letter.full_report_on,
    )


def publish_all(
    parts: Sequence[tuple[Channel, Report]], stop_at: float | None = None
) -> tuple[Delivery, ...]:
    """Deliver by all channels at once and return how each took it, in their order; see `send` for ``stop_at``."""
    crew: Crew[int, Delivery] = Crew(_AT_ONCE, stop_at=stop_at)
    for number, (channel, part) in enumerate(parts):
        crew.submit(number, partial(channel.deliver, part, stop_at))
    taken: dict[int, Delivery] = {}
    for done in crew.outcomes():
        gave_up = isinstance(done.error, GivenUp)
        taken[done.key] = parts[done.key][0].unanswered() if gave_up else done.result()
    return tuple(taken[number] for number in range(len(parts)))


def _unheard(channels: Iterable[Channel], stop_at: float | None) -> list[str]:
    """Return what is to be said of targets that nobody listens to; nothing of one that does not answer soon."""
    soon = time.monotonic() + _LISTENERS_S
    crew: Crew[str, str] = Crew(_AT_ONCE, stop_at=soon if stop_at is None else min(soon, stop_at))
    known = {channel.target: channel for channel in channels}
    for target, channel in known.items():
        crew.submit(target, channel.unheard)
    said = {done.key: "" if isinstance(done.error, GivenUp) else done.result() for done in crew.outcomes()}
    return [said[target] for target in known if said[target]]
