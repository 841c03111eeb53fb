"""The whole story of a run: plan, look, judge, say what is news, deliver, remember."""

from __future__ import annotations

import os
import time
import uuid
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from functools import partial
from typing import TYPE_CHECKING, Any

from checks import changes as news
from checks import last_good
from checks import memory as remembering
from checks.config import load, load_environment
from checks.delivery import send, topic_of
from checks.lake import Lake
from checks.memory import Memory
from checks.model import JsonValue, Observation, ProblemKind, iso
from checks.plan import Planned, plan
from checks.report import build
from checks.rules.asking import Clock
from checks.rules.sentences import count_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from checks.changes import State
    from checks.channels import Delivery
    from checks.config.settings import Config
    from checks.model import Finding
    from checks.report.build import FailOn, Report

DEFAULT_HISTORY = ".checks/"
_TIME_TO_TELL_S = 45.0
"""What judging, rendering and sending may take at the end of a Lambda's time."""


class NothingMatches(Exception):  # noqa: N818 - a sentence for the user
    """Raised when the tables that were chosen are none of those that the config watches."""


class NotDelivered(Exception):  # noqa: N818 - a sentence for the operator
    """Raised in the Lambda when the report did not reach its topics, so that the invocation fails."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What one run is asked to do.

    ``now`` is the run's time, aware; ``reading`` what the clock shows, where that is an event's, which may come late.
    ``ignore_later``: evidence later than it is ignored (a stated ``--now``). ``only`` holds globs of table ids.
    ``send``: publish. ``keep``: let the state move. ``event_id``: the event that asked, which is reported once.
    ``stop_at``: monotonic seconds at which looking has to end. ``progress`` is called with the number of tables
    looked at, and of all.
    """

    now: datetime
    reading: datetime | None = None
    ignore_later: bool = False
    only: tuple[str, ...] = ()
    send: bool = True
    keep: bool = True
    event_id: str | None = None
    stop_at: float | None = None
    progress: Callable[[int, int], None] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a run. ``complaints`` are sentences for the operator: what could not be sent or kept."""

    report: Report
    deliveries: tuple[Delivery, ...] = ()
    complaints: tuple[str, ...] = ()
    delivered: bool = True
    already_reported: bool = False
    observations: Mapping[str, Observation] = field(default_factory=dict)

    def exit_code(self, fail_on: FailOn) -> int:
        """Return 3 when not delivered, 1 when failing, 3 when something is unchecked, else 0."""
        return build.exit_code(self.report, fail_on, delivered=self.delivered)

    def brief(self) -> dict[str, JsonValue]:
        """Return the few fields that the Lambda answers with."""
        summary, cost = self.report.summary, self.report.cost
        return {
            "run_id": self.report.run_id,
            "now": iso(self.report.now),
            "already_reported": self.already_reported,
            "delivered": self.delivered,
            "tables": summary.tables,
            "fresh": summary.fresh,
            "warning": summary.warning,
            "critical": summary.critical,
            "unknown": summary.unknown,
            "requests": cost.requests,
            "usd": round(cost.usd, 6),
            "complaints": list(self.complaints),
        }


def run(config: Config, request: Request, environ: Mapping[str, str]) -> Outcome:
    """Check what the config watches, and report it. Never raises for what AWS answers.

    Raises `NothingMatches` when ``request.only`` chooses none of the tables.
    """
    started = time.monotonic()
    memory = Memory.open(history_of(config, environ), moves=request.keep)
    if not memory.claim(request.event_id, request.now):
        return Outcome(report=_report(config, request, (), memory), already_reported=True)
    lake = _lake_of(config)
    planned, clock = _planned(config, request, lake, memory.state)
    observations = lake.observe_all(
        planned.plans, clock, stop_at=request.stop_at, on_done=_counted(request, planned)
    )
    judged = _judged(planned, observations, clock.later(time.monotonic() - started))
    findings = (*planned.findings, *judged)
    watched = None if request.only else planned.watched
    changes = news.changes(memory.state, findings, request.now, config.settings.remind_every, watched)
    report = replace(
        _report(config, request, findings, memory),
        changes=changes,
        cost=lake.cost(time.monotonic() - started),
        notes=(*memory.notes, *planned.notes),
    )
    sent = send(
        config, report, memory.state.last_full_report_on if request.keep else None, environ, request.send
    )
    report = replace(report, notes=(*report.notes, *sent.notes))
    memory.keep(
        partial(
            remembering.after,
            report=report,
            sent=sent,
            planned=planned,
            observations=observations,
            event_id=request.event_id,
        )
    )
    memory.keep_report(report)
    return Outcome(
        report=report,
        deliveries=sent.deliveries,
        complaints=(*memory.notes, *memory.complaints, *sent.complaints),
        delivered=sent.whole and not memory.lost,
        observations=observations,
    )


def look(config: Config, request: Request, environ: Mapping[str, str]) -> dict[str, Observation]:
    """Return what is there, without judging it; raises `NothingMatches` as `run` does."""
    lake = _lake_of(config)
    memory = Memory.open(history_of(config, environ), moves=False)
    planned, clock = _planned(config, request, lake, memory.state)
    return lake.observe_all(planned.plans, clock)


def _judged(planned: Planned, observations: Mapping[str, Observation], clock: Clock) -> tuple[Finding, ...]:
    """Measure every rule on what was observed, and have Great Expectations judge it."""
    from checks.assess import findings_of

    return findings_of(planned.plans, observations, clock)


def _report(config: Config, request: Request, findings: tuple[Finding, ...], memory: Memory) -> Report:
    run_id = _run_id(request)
    return build.build(
        findings=findings,
        now=request.now,
        run_id=run_id,
        name=config.settings.name or "",
        zone=config.settings.timezone,
        first_run=memory.state.is_first_run,
        whole_at=memory.where(run_id, request.now),
    )


def _run_id(request: Request) -> str:
    """Return the event's id, which is the same at each try, or the time with something unique."""
    return request.event_id or f"{request.now:%Y%m%dT%H%M%SZ}-{uuid.uuid4().hex[:8]}"


def _planned(config: Config, request: Request, lake: Lake, state: State) -> tuple[Planned, Clock]:
    last = state.last_completed_at
    clock = Clock(
        now=request.now,
        reading=request.reading,
        ignore_later=request.ignore_later,
        last_completed_at=last if last is not None and last <= request.now else None,
    )
    planned = plan(config, lake.catalog, state.tables, request.now)
    if not request.only:
        return planned, clock
    chosen = planned.only(
        lambda table: any(fnmatchcase(table.lower(), glob.lower()) for glob in request.only)
    )
    if chosen.plans or chosen.findings:
        return chosen, clock
    unread = tuple(each for each in planned.findings if _is_unread_glob(each))
    if unread:  # the tables may be among those whose names could not be looked up
        return replace(planned, plans=(), findings=unread), clock
    total = count_of(len(planned.plans) + len(planned.findings), "table")
    raise NothingMatches(f"{', '.join(request.only)} matches none of the {total} that the config watches")


def _is_unread_glob(finding: Finding) -> bool:
    return "*" in finding.table and finding.problem is not ProblemKind.NOT_IN_CATALOG


def make_plan(config: Config, request: Request, environ: Mapping[str, str]) -> tuple[Planned, Clock]:
    """Return what a run would look at, without looking; raises `NothingMatches` as `run` does."""
    memory = Memory.open(history_of(config, environ), moves=False)
    return _planned(config, request, _lake_of(config), memory.state)


def _counted(request: Request, planned: Planned) -> Callable[[Observation], None]:
    done = 0

    def on_done(_seen: Observation) -> None:
        nonlocal done
        done += 1
        if request.progress is not None:
            request.progress(done, len(planned.plans))

    return on_done


def _lake_of(config: Config) -> Lake:
    return Lake(
        accounts=config.accounts,
        concurrency=config.settings.concurrency,
        table_timeout_s=config.settings.timeout.total_seconds(),
        max_requests=config.settings.max_requests,
    )


def history_of(config: Config, environ: Mapping[str, str]) -> str:
    """Return where the state is kept: the config's place, else HISTORY, else a folder here.

    Empty in a Lambda without either: there is no folder of its own to write to.
    """
    default = "" if environ.get("AWS_LAMBDA_FUNCTION_NAME") else DEFAULT_HISTORY
    return config.settings.history or environ.get("HISTORY", "").strip() or default


def load_config(source: str | Path | dict[str, Any] | None, environ: Mapping[str, str]) -> Config:
    """Return the config at a path or ``s3://`` URI, or that of the environment (CONFIG, TABLES) for None.

    Raises `checks.config.ConfigErrors` with every mistake.
    """
    if source is None:
        return load_environment(environ, fetch=_fetch)
    return load(source, environ=environ, fetch=_fetch)


def _fetch(uri: str) -> bytes:
    """Return the bytes of an object; the sentence of what went wrong is the OSError's."""
    from checks.lake import Aws
    from checks.lake.storage import S3Store, split_uri
    from checks.model import Unobserved

    bucket, key = split_uri(uri)
    try:
        return S3Store(Aws()).get(bucket, key, max_bytes=1 << 20)
    except Unobserved as error:
        raise OSError(error.problem.message) from error


def send_test(config: Config, now: datetime, environ: Mapping[str, str]) -> tuple[Delivery, ...]:
    """Publish a report that says that it is a test to the topic and to each route's; return how each took it."""
    from checks.channels import sns

    targets = dict.fromkeys([topic_of(config, environ), *(route.topic for route in config.routes)])
    report = build.build(
        findings=(),
        now=now,
        run_id=f"test-{uuid.uuid4().hex[:8]}",
        name=f"TEST of {config.settings.name or 'the monitor'}",
        zone=config.settings.timezone,
        notes=("This is a test: no table was looked at. Whoever reads it gets the reports of this monitor.",),
    )
    return tuple(sns.publish(report, target) for target in targets if target)


def run_event(event: Mapping[str, Any], remaining_ms: Callable[[], int] | None) -> Outcome:
    """Carry out what a Lambda's event asks for: a scheduled run, or a direct call.

    Raises `NotDelivered` when the report did not reach its topics or could not be remembered, and
    `checks.config.ConfigErrors` for a config with mistakes.
    """
    request = request_of(event, remaining_ms)
    in_use = last_good.load(os.environ, _fetch)
    outcome = run(in_use.config, request, os.environ)
    kept = in_use.keep(os.environ) if request.keep else ""
    for sentence in (*outcome.complaints, *([kept] if kept else [])):
        print(sentence)  # noqa: T201 - the Lambda's log
    if not outcome.delivered:
        raise NotDelivered("; ".join(outcome.complaints) or "the report was not delivered")
    return outcome


def request_of(event: Mapping[str, Any], remaining_ms: Callable[[], int] | None) -> Request:
    """Read an event: EventBridge's ``time`` and ``id``, or ``tables`` and ``send`` of a direct call."""
    stated = event.get("time")
    reading = datetime.now(UTC)  # noqa: TID251 - the edge: the one reading of the clock
    now = datetime.fromisoformat(str(stated)) if stated else reading
    only = event.get("tables") or ()
    send_it = event.get("send", True) is not False
    stop_at = None
    if remaining_ms is not None:
        stop_at = time.monotonic() + max(0.0, remaining_ms() / 1000 - _TIME_TO_TELL_S)
    return Request(
        now=(now if now.tzinfo else now.replace(tzinfo=UTC)).astimezone(UTC),
        reading=reading,
        only=(only,) if isinstance(only, str) else tuple(str(glob) for glob in only),
        send=send_it,
        keep=send_it and not only,
        event_id=str(event["id"]) if event.get("id") else None,
        stop_at=stop_at,
    )
