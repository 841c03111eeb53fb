"""Which parts of a report go where, and what of it reached somebody."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from checks.aside import Crew, GivenUp
from checks.changes import OVER
from checks.channels import channel_of
from checks.model import Change, Severity, Status
from checks.report import build
from checks.report.build import Mode, Send

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date

    from checks.channels import Delivery
    from checks.config.resolved import Config
    from checks.model import Finding
    from checks.report.build import Report

_AT_ONCE = 32
"""How many topics are asked at once."""
_LISTENERS_S = 15.0
"""How long is waited for what is only worth a note: who listens to a topic."""
_TROUBLES = ((Status.FAIL, Severity.WARNING), (Status.FAIL, Severity.CRITICAL), (Status.UNKNOWN, None))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What came of delivering a report.

    ``arrived`` are the changes that reached all who were to be told. ``whole``: nothing failed.
    ``full_report_on`` is the local date when the whole report was delivered, None when it was not.
    """

    deliveries: tuple[Delivery, ...] = ()
    arrived: frozenset[Change] = frozenset()
    whole: bool = True
    full_report_on: date | None = None
    notes: tuple[str, ...] = ()

    @property
    def complaints(self) -> tuple[str, ...]:
        """Sentences on what was not delivered, and on topics that nobody listens to."""
        return (*(delivery.problem for delivery in self.deliveries if not delivery.ok), *self.notes)


def topic_of(config: Config, environ: Mapping[str, str]) -> str | None:
    """Return the topic of the whole report: the config's, else TOPIC_ARN."""
    return config.settings.topic or environ.get("TOPIC_ARN", "").strip() or None


def send(
    config: Config,
    report: Report,
    last_full_report_on: date | None,
    environ: Mapping[str, str],
    *,
    publish: bool = True,
    stop_at: float | None = None,
) -> Sent:
    """Publish what is to be sent: all to the topic, its part to each route that matches something.

    Without any topic, or with ``publish`` off, the report is delivered by being printed or returned. All topics are
    asked at once; one that has not answered at ``stop_at`` (monotonic seconds) counts as one that did not get it.
    """
    if not publish:
        return Sent(arrived=frozenset(report.changes))
    sending = build.sending(Mode(config.settings.report), report, last_full_report_on)
    if sending.what is Send.NOTHING:
        return Sent(arrived=frozenset(report.changes) & sending.settled)
    told = build.news(report) if sending.what is Send.NEWS else report
    topic = topic_of(config, environ)
    parts: list[tuple[str, Report]] = [(topic, told)] if topic else []
    for route in config.routes:
        part = build.part(told, _taken_by(route.takes))
        if (part.findings and sending.what is Send.WHOLE) or build.told(part):
            parts.append((route.topic, part))
    deliveries = publish_all(parts, stop_at)
    silent = _unheard([target for target, _ in parts], stop_at)
    lost: set[Change] = set()
    for delivery, (_, part) in zip(deliveries, parts, strict=True):
        if not delivery.ok:
            lost |= set(part.changes)
    main_failed = bool(topic) and not deliveries[0].ok
    return Sent(
        deliveries=deliveries,
        arrived=(frozenset(build.told(told)) - lost) | sending.settled,
        whole=all(delivery.ok for delivery in deliveries),
        full_report_on=build.local_date(report) if sending.what is Send.WHOLE and not main_failed else None,
        notes=tuple(silent),
    )


def publish_all(parts: Sequence[tuple[str, Report]], stop_at: float | None = None) -> tuple[Delivery, ...]:
    """Deliver to all targets at once and return how each took it, in their order; see `send` for ``stop_at``."""
    channels = [channel_of(target) for target, _ in parts]
    crew: Crew[int, Delivery] = Crew(_AT_ONCE, stop_at=stop_at)
    for number, (_, part) in enumerate(parts):
        crew.submit(number, partial(channels[number].deliver, part))
    taken: dict[int, Delivery] = {}
    for done in crew.outcomes():
        gave_up = isinstance(done.error, GivenUp)
        taken[done.key] = channels[done.key].unanswered() if gave_up else done.result()
    return tuple(taken[number] for number in range(len(parts)))


def _unheard(targets: Sequence[str], stop_at: float | None) -> list[str]:
    """Return what is to be said of targets that nobody listens to; nothing of one that does not answer soon."""
    soon = time.monotonic() + _LISTENERS_S
    crew: Crew[str, str] = Crew(_AT_ONCE, stop_at=soon if stop_at is None else min(soon, stop_at))
    known = list(dict.fromkeys(targets))
    for target in known:
        crew.submit(target, channel_of(target).unheard)
    said = {done.key: "" if isinstance(done.error, GivenUp) else done.result() for done in crew.outcomes()}
    return [said[target] for target in known if said[target]]


def _taken_by(takes: Callable[..., bool]) -> Callable[[Finding | Change], bool]:
    """Return whether a route takes a finding or change; who was told of a trouble is told of its end too."""

    def taken(each: Finding | Change) -> bool:
        if isinstance(each, Change) and each.reason in OVER:
            return any(takes(each.table, each.owner, status, severity) for status, severity in _TROUBLES)
        return takes(each.table, each.owner, each.status, each.severity)

    return taken
