"""The whole story of a run: plan, look, judge, say what is news, deliver, remember."""

from __future__ import annotations

import os
import time
import uuid
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from functools import partial
from typing import TYPE_CHECKING

from checks import changes as news
from checks.aside import GivenUp, within
from checks.channels import channel_of, heartbeat
from checks.lake import Lake
from checks.model import Observation, ProblemKind
from checks.monitor import last_good, run_marks
from checks.monitor import plan as planning
from checks.monitor import run_memory as remembering
from checks.monitor.delivery import page_of, publish_all, readers_of, send, targets_of
from checks.monitor.invocation import read_event, refusal
from checks.monitor.kept_state import Memory
from checks.monitor.learning import learn
from checks.monitor.owner import Owner
from checks.monitor.places import DEFAULT_HISTORY, fetch_config, history_of, load_config
from checks.monitor.recorded import rows_of
from checks.monitor.request import Outcome, Request
from checks.monitor.time_left import TimeLeft
from checks.report import build
from checks.report.series import Look
from checks.rules.asking import Clock

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from checks.changes import Marks, State
    from checks.channels import Delivery
    from checks.config.resolved import Config
    from checks.model import Finding
    from checks.monitor.delivery import Reader, Sent
    from checks.monitor.invocation import Asked
    from checks.monitor.plan import Planned
    from checks.monitor.run_marks import RunMarks
    from checks.report.build import Report

__all__ = [
    "DEFAULT_HISTORY", "NotDelivered", "NotRead", "NothingMatches", "Outcome", "Request", "config_in_use", "history_of",
    "load_config", "look", "make_plan", "request_of", "run", "run_event", "send_test",
]  # fmt: skip


class NothingMatches(Exception):  # noqa: N818 - a sentence for the user
    """Raised when the tables that were chosen are none of those that the config watches."""


class NotDelivered(Exception):  # noqa: N818 - a sentence for the operator
    """Raised in the Lambda when the report did not reach its topics, so that the invocation fails."""


class NotRead(Exception):  # noqa: N818 - the same
    """Raised in the Lambda when the config could not be read in time, so that the invocation fails."""


def run(config: Config, request: Request, environ: Mapping[str, str]) -> Outcome:
    """Check what the config watches, and report it. Never raises for what AWS answers.

    Raises `NothingMatches` when ``request.only`` chooses none of the tables, `owner.OfAnotherConfig` when the
    state is that of another config, and `checks.history.EventHeld` when another invocation carries the event out.
    """
    owner = Owner.of(config, environ)
    refused = _refusal(request, None)
    if refused is not None:  # by the clock alone: nothing is asked
        return Outcome(report=_report(config, request, (), Memory(owner)), refused=refused, delivered=False)
    memory = Memory.open(history_of(config, environ), owner, moves=request.keep, time_left=request.time_left)
    if memory.knows(request.event_id):
        return Outcome(report=_report(config, request, (), memory), already_reported=True)
    refused = _refusal(request, memory.state.last_completed_at)
    if refused is not None:
        return Outcome(report=_report(config, request, (), memory), refused=refused, delivered=False)
    if not memory.claim(request.event_id, request.request_id or uuid.uuid4().hex, request.clock):
        return Outcome(report=_report(config, request, (), memory), already_reported=True)
    outcome: Outcome | None = None
    try:
        outcome = _carried_out(config, request, memory, environ)
    finally:
        memory.give_back(done=outcome is not None and outcome.delivered)
    return outcome


def _refusal(request: Request, last_completed_at: datetime | None) -> str | None:
    if not request.is_stated:
        return None
    return refusal(request.now, request.reading or request.now, last_completed_at)


@dataclass(frozen=True, slots=True)
class _Found:
    """What a run found of its tables: how they were looked at, what was seen, and what that comes to."""

    planned: Planned
    observations: Mapping[str, Observation]
    findings: tuple[Finding, ...]
    marks: RunMarks


def _carried_out(config: Config, request: Request, memory: Memory, environ: Mapping[str, str]) -> Outcome:
    """Plan, look, judge, deliver and remember."""
    started, lake = request.time_left.started, _lake_of(config)
    found = _found(config, request, memory, lake)
    marks, planned = found.marks, found.planned
    readers = _readers(config, request, memory, environ, found)
    account, region = planned.home()
    report = replace(
        _report(config, request, found.findings, memory),
        account=account,
        region=region,
        page_at=page_of(config),
        changes=readers[0].changes,
        cost=lake.cost(time.monotonic() - started),
        notes=(*memory.notes, *marks.notes, *planned.notes),
        looks={
            plan.table.id: Look(found.observations[plan.table.id], plan.memory, plan.rules)
            for plan in planned.plans
        },
    )
    sent = send(
        build.Mode(config.settings.report),
        report,
        readers,
        publish=request.send,
        stop_at=request.time_left.sending(),
    )
    report = replace(report, notes=(*report.notes, *sent.notes))
    _remember(config, request, memory, found, report, sent)
    return Outcome(
        report=report,
        deliveries=sent.deliveries,
        complaints=(*memory.notes, *marks.notes, *memory.complaints, *sent.complaints),
        delivered=sent.whole and not memory.lost,
        observations=found.observations,
    )


def _found(config: Config, request: Request, memory: Memory, lake: Lake) -> _Found:
    """Plan, look and judge, each within its time."""
    marks = run_marks.read(memory, request.now, config.settings.timezone)
    planned, clock = _planned(config, request, lake, memory.state, marks.marks)
    observations = lake.observe_all(
        planned.plans, clock, stop_at=request.time_left.looking(), on_done=_counted(request, planned)
    )
    clock = clock.later(time.monotonic() - request.time_left.started)
    plans = learn(planned.plans, observations, clock, request.time_left.learning())
    planned = replace(planned, plans=plans)
    judged = _judged(planned, observations, clock, marks)
    return _Found(planned, observations, (*marks.cover(planned.findings), *judged), marks)


def _readers(
    config: Config, request: Request, memory: Memory, environ: Mapping[str, str], found: _Found
) -> tuple[Reader, ...]:
    """Return who is told what is news to them, the whole report's readers first."""
    settings = config.settings
    watched = None if request.only else found.planned.watched
    known = memory.state if request.keep else replace(memory.state, last_full_report_on=None)
    return readers_of(
        config,
        known,
        environ,
        lambda told: news.changes(
            told, found.findings, request.now, settings.remind_every, watched, settings.resolve_after
        ),
    )


def _remember(
    config: Config, request: Request, memory: Memory, found: _Found, report: Report, sent: Sent
) -> None:
    """Leave for later runs what was delivered and seen, the whole report, and its rows in the data sets."""
    memory.keep(
        partial(
            remembering.after,
            owner=memory.owner,
            report=report,
            sent=sent,
            planned=found.planned,
            observations=found.observations,
            event_id=request.event_id,
            at=request.clock(),
        )
    )
    memory.keep_report(report)
    found.marks.keep(memory)
    holding = found.marks.marks.holding
    made = partial(rows_of, memory.owner.name, report, found.observations, sent, holding)
    memory.record(made, report, config.settings.history.keep)


def look(config: Config, request: Request, environ: Mapping[str, str]) -> dict[str, Observation]:
    """Return what is there, without judging it; raises `NothingMatches` as `run` does."""
    lake = _lake_of(config)
    memory = Memory.open(history_of(config, environ), Owner.of(config, environ), moves=False)
    planned, clock = _planned(config, request, lake, memory.state)
    return lake.observe_all(planned.plans, clock)


def _judged(
    planned: Planned, observations: Mapping[str, Observation], clock: Clock, marks: RunMarks
) -> tuple[Finding, ...]:
    """Measure every rule on what was observed, and have Great Expectations judge it."""
    from checks.assess import findings_of

    return findings_of(planned.plans, observations, clock, marks.cover)


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
        links=config.settings.links,
    )


def _run_id(request: Request) -> str:
    """Return the event's id, which is the same at each try, or the time with something unique."""
    return request.event_id or f"{request.now:%Y%m%dT%H%M%SZ}-{uuid.uuid4().hex[:8]}"


def _planned(
    config: Config, request: Request, lake: Lake, state: State, marks: Marks | None = None
) -> tuple[Planned, Clock]:
    last = state.last_completed_at
    clock = Clock(
        now=request.now,
        reading=request.reading,
        ignore_later=request.ignore_later,
        last_completed_at=last if last is not None and last <= request.now else None,
    )
    planned = planning.plan(
        config, lake.catalog, state.tables, request.now, stop_at=request.time_left.planning(), marks=marks
    )
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
    raise NothingMatches(
        planning.none_of(request.only, planned.watched, len(planned.plans) + len(planned.findings))
    )


def _is_unread_glob(finding: Finding) -> bool:
    return "*" in finding.table and finding.problem is not ProblemKind.NOT_IN_CATALOG


def make_plan(config: Config, request: Request, environ: Mapping[str, str]) -> tuple[Planned, Clock]:
    """Return what a run would look at, without looking; raises `NothingMatches` as `run` does."""
    memory = Memory.open(history_of(config, environ), Owner.of(config, environ), moves=False)
    return _planned(config, request, _lake_of(config), memory.state)


def _counted(request: Request, planned: Planned) -> Callable[[Observation], None]:
    done = 0

    def on_done(seen: Observation) -> None:
        nonlocal done
        done += 1
        if request.progress is not None:
            request.progress(done, len(planned.plans), seen.table.id)

    return on_done


def _lake_of(config: Config) -> Lake:
    return Lake(
        accounts=config.accounts,
        concurrency=config.settings.concurrency,
        table_timeout_s=config.settings.timeout.total_seconds(),
        max_requests=config.settings.max_requests,
    )


def send_test(config: Config, now: datetime, environ: Mapping[str, str]) -> tuple[Delivery, ...]:
    """Send a report that says that it is a test to the topic and to each route's target; return how each took it."""
    report = build.build(
        findings=(),
        now=now,
        run_id=f"test-{uuid.uuid4().hex[:8]}",
        name=f"TEST of {config.settings.name or 'the monitor'}",
        zone=config.settings.timezone,
        notes=("This is a test: no table was looked at. Whoever reads it gets the reports of this monitor.",),
    )
    report = replace(report, is_test=True)
    parts = [(channel_of(target), report) for target in targets_of(config, environ)]
    return publish_all(parts, TimeLeft.of(None).sending())


def run_event(
    event: object, remaining_ms: Callable[[], int] | None, request_id: str | None = None
) -> Outcome:
    """Carry out what a Lambda's event asks for: a scheduled run, or a direct call.

    ``remaining_ms`` tells the milliseconds that are left to the invocation, ``request_id`` is the same when Lambda
    tries it again. Raises `NotDelivered` when the report did not reach its topics or could not be remembered,
    `NotRead` when the config could not be read in time, `invocation.UnreadableEvent`, what `run` raises, and
    `checks.config.ConfigErrors` for a config with mistakes.
    """
    time_left = TimeLeft.of(None if remaining_ms is None else remaining_ms() / 1000)
    asked = read_event(event)
    request = request_of(asked, time_left, request_id)
    in_use = config_in_use(time_left)
    outcome = run(in_use.config, request, os.environ)
    kept = in_use.keep(os.environ, time_left.reading()) if request.keep and outcome.refused is None else ""
    for sentence in (*outcome.complaints, outcome.refused, kept):
        if sentence:
            print(sentence)  # noqa: T201 - the Lambda's log
    if not outcome.delivered and outcome.refused is None:
        raise NotDelivered("; ".join(outcome.complaints) or "the report was not delivered")
    if request.keep and not outcome.already_reported and outcome.refused is None:
        heartbeat.beat(outcome.report.summary, os.environ)
    return outcome


def config_in_use(time_left: TimeLeft) -> last_good.InUse:
    """Return the config that the Lambda goes by; raises `NotRead`, and `checks.config.ConfigErrors`."""
    try:
        return within(partial(last_good.load, os.environ, fetch_config), time_left.reading())
    except GivenUp:
        named = os.environ.get("CONFIG", "").strip()
        raise NotRead(
            f"The config {named} could not be read in time: S3 did not answer. Nothing was looked at."
        ) from None


def request_of(asked: Asked, time_left: TimeLeft, request_id: str | None = None) -> Request:
    """Return the run that an event asks for."""
    reading = _clock()
    return Request(
        now=asked.time or reading,
        reading=reading,
        is_stated=asked.time is not None,
        only=asked.only,
        send=asked.send,
        keep=asked.send and not asked.only,
        event_id=asked.id,
        request_id=request_id,
        time_left=time_left,
    )


def _clock() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - the edge: the one reading of the clock
