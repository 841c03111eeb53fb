"""Which parts of a report go where, and what of it reached somebody."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from checks.changes import OVER
from checks.model import Change, Severity, Status
from checks.report import build
from checks.report.build import Mode, Send

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date

    from checks.channels import Delivery
    from checks.config.settings import Config
    from checks.model import Finding
    from checks.report.build import Report

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
    publish: bool = True,  # noqa: FBT001, FBT002 - the run's own switch
) -> Sent:
    """Publish what is to be sent: all to the topic, its part to each route that matches something.

    Without any topic, or with ``publish`` off, the report is delivered by being printed or returned.
    """
    if not publish:
        return Sent(arrived=frozenset(report.changes))
    from checks.channels import sns

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
    deliveries = tuple(sns.publish(part, target) for target, part in parts)
    lost: set[Change] = set()
    for delivery, (_, part) in zip(deliveries, parts, strict=True):
        if not delivery.ok:
            lost |= set(part.changes)
    silent = [sns.unconfirmed(target) for target in dict.fromkeys(target for target, _ in parts)]
    main_failed = bool(topic) and not deliveries[0].ok
    return Sent(
        deliveries=deliveries,
        arrived=(frozenset(build.told(told)) - lost) | sending.settled,
        whole=all(delivery.ok for delivery in deliveries),
        full_report_on=build.local_date(report) if sending.what is Send.WHOLE and not main_failed else None,
        notes=tuple(sentence for sentence in silent if sentence),
    )


def _taken_by(takes: Callable[..., bool]) -> Callable[[Finding | Change], bool]:
    """Return whether a route takes a finding or change; who was told of a trouble is told of its end too."""

    def taken(each: Finding | Change) -> bool:
        if isinstance(each, Change) and each.reason in OVER:
            return any(takes(each.table, each.owner, status, severity) for status, severity in _TROUBLES)
        return takes(each.table, each.owner, each.status, each.severity)

    return taken
