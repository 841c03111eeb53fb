"""Options that commands share, and how what is written for them is read."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime, timedelta
from pathlib import Path

from checks.command_base import DEFAULT_CONFIG


def format_options(parser: argparse.ArgumentParser) -> None:
    """Add how and where a report is written."""
    parser.add_argument(
        "--format",
        choices=("text", "json", "html", "junit"),
        help="how the report is written (by FILE's ending, else text)",
    )
    parser.add_argument(
        "--output", metavar="FILE", help="write the report to FILE or s3://... in place of standard output"
    )
    parser.add_argument(
        "--only",
        choices=("failing", "unknown"),
        action="append",
        default=[],
        help="show what fails, or is unknown, alone; what is sent stays whole; may be given twice",
    )


def backtest_options(parser: argparse.ArgumentParser) -> None:
    """Add what a replay of the lake's own history, or of recorded arrivals, goes by."""
    lake = parser.add_argument_group("of the lake's own history")
    config_option(lake)
    lake.add_argument(
        "--candidate",
        metavar="FILE",
        action="append",
        default=[],
        help="replay this config, too, and tell what it would have changed; may be given several times",
    )
    lake.add_argument("--days", metavar="NUMBER", type=days, default=90, help="how far back it replays (90)")
    lake.add_argument(
        "--max-requests",
        metavar="NUMBER",
        type=number,
        default=200,
        help="how many requests a table may take (200)",
    )
    lake.add_argument(
        "--plan", action="store_true", help="tell what it would read and what that costs, and end"
    )
    choice_options(lake)
    recorded = parser.add_argument_group("of recorded arrivals")
    recorded.add_argument(
        "--arrivals",
        metavar="FILE",
        type=Path,
        help="CSV with the columns table,arrived_at,partition,size_bytes,rows; sizes and rows may be empty; "
        "- is standard input",
    )
    recorded.add_argument(
        "--train", metavar="DURATION", type=duration, help="learn so long before judging (60d)"
    )
    recorded.add_argument(
        "--until", metavar="TIME", type=instant, help="the end of the replay; without it the last arrival"
    )
    recorded.add_argument(
        "--false-alarms",
        metavar="NUMBER/PERIOD",
        help="how many of all tables together can be stood (1/month)",
    )
    parser.add_argument(
        "--every",
        metavar="DURATION",
        type=duration,
        default="15m",
        help="the longest pause between looks (15m)",
    )
    cron_option(parser)
    parser.add_argument("--format", choices=("text", "csv"), default="text", help="how it is written (text)")


def config_option(parser: argparse._ActionsContainer) -> None:
    """Add the option that names the config."""
    parser.add_argument(
        "--config",
        metavar="FILE",
        help=f"a path or s3://...; without it $CONFIG, {DEFAULT_CONFIG} here, or $TABLES",
    )


def choice_options(parser: argparse._ActionsContainer) -> None:
    """Add the options that choose tables and the time."""
    parser.add_argument(
        "--table",
        metavar="GLOB",
        action="append",
        default=[],
        help="only these tables; may be given several times",
    )
    now_option(parser)


def cron_option(parser: argparse.ArgumentParser) -> None:
    """Add the option that says when the monitor runs."""
    parser.add_argument(
        "--cron",
        metavar="SCHEDULE",
        help="when the monitor runs, an EventBridge expression in UTC; without it $CRON_SCHEDULE, else midnight",
    )


def now_option(parser: argparse._ActionsContainer) -> None:
    """Add the time that a look is as of."""
    parser.add_argument(
        "--now",
        metavar="TIME",
        type=instant,
        help="look as of this time (ISO 8601, UTC unless it has an offset)",
    )


def instant(text: str) -> datetime:
    """Return a time (UTC) that is written in ISO 8601."""
    from checks.schedule.clock import read_instant

    try:
        return read_instant(text, UTC)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is {error}") from None


def days(text: str) -> int:
    """Return a number of days."""
    if text.isascii() and text.isdigit() and 1 <= int(text[:5]) <= 3650 and len(text) < 5:
        return int(text)
    raise argparse.ArgumentTypeError(
        f"{text!r} is not a number of days; write one from 1 to 3650, such as 90"
    )


def number(text: str) -> int:
    """Return a whole number above zero."""
    if text.isascii() and text.isdigit() and int(text[:10]) > 0 and len(text) < 10:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a number above zero; write one such as 200")


def duration(text: str) -> timedelta:
    """Return a duration above zero."""
    from checks.schedule.durations import parse_duration

    try:
        return parse_duration(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def timeout(text: str) -> timedelta:
    """Read a duration, or that there is none to wait for."""
    return timedelta() if text.strip() in {"0", "0s", "0m", "0h"} else duration(text)
