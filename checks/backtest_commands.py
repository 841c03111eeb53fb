"""`checks backtest`: recorded arrivals, or the lake's own history, in; what would have been told of them out."""

from __future__ import annotations

import sys
from argparse import Namespace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from checks.command_base import NOT_DELIVERED, Refused, load_config, read_budget, read_clock, read_cron
from checks.progress import Stages

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from checks.backtest.of_lake import LakeBacktest, Surveyed
    from checks.lake import Lake
    from checks.model import Observation
    from checks.rules.asking import Clock
    from checks.schedule.runs import RunTimes

_OF_LAKE = {
    "config": "--config",
    "candidate": "--candidate",
    "table": "--table",
    "now": "--now",
    "plan": "--plan",
}
_OF_ARRIVALS = {"train": "--train", "until": "--until", "false_alarms": "--false-alarms"}
_TRAIN = timedelta(days=60)
_STDIN = Path("/dev/stdin")
_LONG = 10_000
"""Rows: fewer are replayed in the second or two in which other processes would be ready."""
_MANY = 8
"""Tables: each is replayed in up to a second or two, in all its versions; what fewer take is no longer than a start."""


def backtest_command(arguments: argparse.Namespace) -> int:
    """Tell which alerts the config would have opened in the past, and what other limits would have changed.

    It replays what the lake still tells of the last days: with today's config, with limits that are looser, tighter or
    learned, and with each --candidate. What that reads and costs is told first; --plan tells it, and ends. With
    --arrivals it replays recorded arrivals in place of that, every limit learned from what had arrived by then. The CSV
    has an alert of today's config a line, at the instant at which it could be known; notes go to standard error. Exits
    with 3 where a table could not be read.
    """
    if arguments.arrivals is not None:
        _refuse(arguments, _OF_LAKE, "is of the lake's own history, and cannot stand beside --arrivals")
        return _recorded(arguments)
    _refuse(
        arguments,
        _OF_ARRIVALS,
        "is of recorded arrivals; write --arrivals FILE beside it, or --days and --now",
    )
    return _of_lake(arguments)


def _refuse(arguments: argparse.Namespace, options: dict[str, str], why: str) -> None:
    for each, option in options.items():
        if getattr(arguments, each):
            raise Refused(f"{option} {why}")


def _recorded(arguments: argparse.Namespace) -> int:
    from checks import backtest
    from checks.schedule.runs import RunTimes
    from checks.side_by_side import in_turn, side_by_side

    runs = RunTimes(read_cron(arguments))
    budget = read_budget(arguments.false_alarms or "1/month")
    stages = Stages()
    try:
        file = backtest.read(_STDIN if arguments.arrivals == Path("-") else arguments.arrivals, read_clock())
        asked = backtest.Asked(arguments.train or _TRAIN, arguments.every, arguments.until, budget, runs)
        found = backtest.run(file, asked, side_by_side if file.rows >= _LONG else in_turn, stages.replayed)
    except ValueError as error:
        raise Refused(str(error)) from None
    finally:
        stages.close()
    if arguments.format == "csv":
        sys.stdout.write(backtest.write_csv(backtest.told(found)))
        print("\n".join(backtest.summary(found)), file=sys.stderr)
    else:
        print(backtest.say(found))
    return 0


def _of_lake(arguments: argparse.Namespace) -> int:
    from checks.backtest import of_lake
    from checks.lake import Lake
    from checks.rules.asking import Clock
    from checks.schedule.runs import RunTimes

    runs = RunTimes(read_cron(arguments))
    config = load_config(arguments)
    others = tuple(load_config(Namespace(config=each)) for each in arguments.candidate)
    settings = config.settings
    accounts = {name: each for one in (*others, config) for name, each in one.accounts.items()}
    lake = Lake(
        accounts,
        concurrency=settings.concurrency,
        table_timeout_s=settings.timeout.total_seconds(),
        max_requests=settings.max_requests,
    )
    asked = of_lake.Asked(
        config=config,
        others=others,
        back=timedelta(days=arguments.days),
        max_requests=arguments.max_requests,
        only=_only(arguments.table),
    )
    clock = Clock(now=arguments.now or read_clock(), ignore_later=arguments.now is not None)
    surveyed = of_lake.survey(asked, lake, clock)
    if not surveyed.tables and not any(each.findings for each in surveyed.planned):
        raise Refused(_none(surveyed, arguments.table))
    if arguments.plan:
        print("\n".join(_plan(surveyed, lake, clock)))
        return 0
    print(_sum(surveyed, lake, clock), file=sys.stderr)
    return _tell(_run(surveyed, lake, clock), arguments, runs)


def _only(globs: list[str]) -> Callable[[str], bool]:
    from fnmatch import fnmatchcase

    return lambda table: not globs or any(fnmatchcase(table.lower(), glob.lower()) for glob in globs)


def _none(surveyed: Surveyed, asked: list[str]) -> str:
    """Say that there is nothing to replay: no table is watched at all, or none that is asked for."""
    from checks.monitor.plan import none_of

    watched = frozenset[str]().union(*(each.watched for each in surveyed.planned))
    if not asked or not watched:
        return f"{surveyed.asked.config.source} names no table that is watched"
    return none_of(asked, watched, len(watched))


def _run(surveyed: Surveyed, lake: Lake, clock: Clock) -> LakeBacktest:
    from checks.backtest import of_lake
    from checks.side_by_side import in_turn, side_by_side

    stages = Stages()
    read = 0

    def on_read(seen: Observation) -> None:
        nonlocal read
        read += 1
        stages.looked(read, of_lake.looks(surveyed), seen.table.id)

    try:
        spread = side_by_side if len(surveyed.tables) >= _MANY else in_turn
        return of_lake.run(surveyed, lake, clock, on_read, stages.replayed, spread)
    finally:
        stages.close()


def _plan(surveyed: Surveyed, lake: Lake, clock: Clock) -> list[str]:
    from checks.adopt import say_expected
    from checks.backtest.of_lake import takes

    told = say_expected(takes(surveyed, clock), lake.cost().requests)
    return [*told, *(f"could not be planned: {each.because}" for each in surveyed.planned[0].findings)]


def _sum(surveyed: Surveyed, lake: Lake, clock: Clock) -> str:
    from checks.adopt import say_sum
    from checks.backtest.of_lake import takes

    return say_sum(list(takes(surveyed, clock)), lake.cost().requests)


def _tell(found: LakeBacktest, arguments: argparse.Namespace, runs: RunTimes) -> int:
    from checks.backtest import lake_words, write_csv

    if arguments.format == "csv":
        sys.stdout.write(write_csv(lake_words.told(found)))
        print("\n".join(lake_words.summary(found, arguments.every, runs)), file=sys.stderr)
    else:
        print(lake_words.say(found, arguments.every, runs))
    unread = [each for each in found.tables if each.unread]
    for each in unread:
        print(f"could not be read: {each.id}: {each.unread}", file=sys.stderr)
    return NOT_DELIVERED if unread else 0
