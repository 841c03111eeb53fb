"""Commands that belong together, as the command line has them: discovery, waiting, looking back, marks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from checks.adopt_commands import discover_command, init_command
from checks.command_base import DEFAULT_CONFIG
from checks.commands import wait_command
from checks.history_commands import history_command, report_command
from checks.mark_commands import mark_command, marks_command, take_back_command
from checks.options import (
    config_option,
    days,
    duration,
    format_options,
    now_option,
    number,
    timeout,
)

if TYPE_CHECKING:
    import argparse

_ZONED = "a date, or with a time; without an offset in the config's timezone"
_ACK = (
    "Say that you know of what is told of a table now. It is told all the same, and stays in the exit code; nobody is "
    "reminded of it until it is over, becomes worse, or something else fails."
)
_EXPECTED = (
    "Say that what is told of a table now is as it should be: it is told as a failure no more until it changes. With "
    "--period, what that period lacks is never told as a failure."
)
_TAUGHT = "What is learned of the table (auto) goes by it from the next run on; stated limits do not."
_SILENCE = "Tell nothing of the tables until then; what still fails when the silence ends is told at once."


def add_discovery(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands that make a config out of what lies in the lake."""
    discover = commands.add_parser(
        "discover",
        help="learn what tables are like, and print a config for them",
        description=discover_command.__doc__,
    )
    discover.set_defaults(command=discover_command)
    init = commands.add_parser(
        "init",
        help=f"the same, written to {DEFAULT_CONFIG} where there is none",
        description=init_command.__doc__,
    )
    init.set_defaults(command=init_command, merge=None, write=False)
    for each in (discover, init):
        each.add_argument(
            "--database",
            metavar="GLOB",
            action="append",
            default=[],
            help='of these databases, such as "sales*", or of these tables, such as "sales.raw_*"; may be repeated',
        )
        each.add_argument(
            "--days",
            metavar="NUMBER",
            type=days,
            default=90,
            help="how far back it looks and replays (90)",
        )
        each.add_argument(
            "--false-alarms",
            metavar="NUMBER/PERIOD",
            help="how many of all tables together can be stood (1/month, or what the config of --merge says)",
        )
        each.add_argument(
            "--max-requests",
            metavar="NUMBER",
            type=number,
            default=200,
            help="how many requests a table may take (200)",
        )
        each.add_argument(
            "--plan", action="store_true", help="tell what it would read and what that costs, and end"
        )
        now_option(each)
    discover.add_argument(
        "--merge", metavar="FILE", type=Path, help="print this config with the tables added that it lacks"
    )
    discover.add_argument("--write", action="store_true", help="with --merge: write it to FILE")


def add_waiting(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command that waits for a table."""
    wait = commands.add_parser(
        "wait", help="wait until a table, or one of its periods, is there", description=wait_command.__doc__
    )
    wait.set_defaults(command=wait_command)
    wait.add_argument(
        "table", metavar="TABLE", help="database.table, account/database.table or s3://bucket/prefix/"
    )
    config_option(wait)
    wait.add_argument(
        "--period", metavar="P", help="this period, such as 2026-11-22; else until nothing of the table fails"
    )
    wait.add_argument(
        "--timeout",
        metavar="DURATION",
        type=timeout,
        default="2h",
        help="how long at most (2h); 0s: look once, for a sensor that comes again by itself",
    )
    wait.add_argument(
        "--every", metavar="DURATION", type=duration, default="1m", help="how long between two looks (1m)"
    )


def add_history(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands that look back."""
    history = commands.add_parser(
        "history", help="tell what became of a table over time", description=history_command.__doc__
    )
    history.set_defaults(command=history_command)
    history.add_argument(
        "table", metavar="TABLE", nargs="?", help="its id; without it how often all tables were on time"
    )
    config_option(history)
    history.add_argument(
        "--last", metavar="DURATION", type=duration, default="90d", help="how far back it looks (90d)"
    )
    now_option(history)
    history.add_argument("--json", action="store_true", help="all of it as JSON")
    known = history.add_mutually_exclusive_group()
    known.add_argument(
        "--ddl",
        metavar="DATABASE",
        nargs="?",
        const="s3_table_monitor",
        help="print the statements that make the history known to Athena (of a local folder: to DuckDB)",
    )
    known.add_argument(
        "--register",
        metavar="DATABASE",
        help="make or update its tables in this database of the Glue catalog",
    )

    report = commands.add_parser(
        "report", help="render the report of an earlier run again", description=report_command.__doc__
    )
    report.set_defaults(command=report_command, quiet=False)
    report.add_argument("--run", metavar="ID", required=True, help="the run's id, or last")
    config_option(report)
    format_options(report)


def add_marks(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands by which people speak of tables and alerts."""

    def mark(kind: str, text: str, about: str) -> argparse.ArgumentParser:
        parser = commands.add_parser(kind, help=text, description=about)
        parser.set_defaults(command=mark_command, kind=kind)
        parser.add_argument(
            "table", metavar="TABLE", help="its id" + (", or a glob" if kind == "silence" else "")
        )
        parser.add_argument("--check", metavar="CHECK", help="of this check alone")
        return parser

    ack = mark("ack", "say that you know of what fails: no reminders until it changes", _ACK)
    expected = mark("expected", "say that what fails, or a period, is as it should be", _EXPECTED)
    expected.add_argument(
        "--period", metavar="P", help="this period, such as 2026-11-22; else what fails now"
    )
    missed = mark("missed", "say that something was wrong and nobody was told", _TAUGHT)
    wrong = missed.add_mutually_exclusive_group(required=True)
    wrong.add_argument("--at", dest="moment", metavar="T", help=f"when it was wrong; {_ZONED}")
    wrong.add_argument(
        "--period", metavar="P", help="the period that held too little, or too much, such as 2026-11-22"
    )
    normal = mark("new-normal", "say that a table behaves in another way for good", _TAUGHT)
    normal.add_argument("--from", dest="moment", metavar="T", required=True, help=f"from when on; {_ZONED}")
    silence = mark("silence", "tell nothing of tables for a time", _SILENCE)
    end = silence.add_mutually_exclusive_group(required=True)
    end.add_argument("--for", dest="lasts", metavar="DURATION", type=duration, help="how long, such as 2d")
    end.add_argument("--until", metavar="T", help=f"when it ends; {_ZONED}")
    silence.add_argument("--because", metavar="WHY", required=True, help="why; told beside what is silenced")

    marks = commands.add_parser(
        "marks", help="list what was said by command", description=marks_command.__doc__
    )
    marks.set_defaults(command=marks_command)
    marks.add_argument("table", metavar="TABLE", nargs="?", help="only of this table; may be a glob")
    marks.add_argument("--all", action="store_true", help="those that are over or were taken back, too")
    marks.add_argument("--json", action="store_true", help="as JSON")

    back = commands.add_parser(
        "take-back", help="take back what was said by command", description=take_back_command.__doc__
    )
    back.set_defaults(command=take_back_command)
    back.add_argument("id", metavar="ID", help="of the mark, or how it begins; checks marks lists them")
    for each in (ack, expected, missed, normal, back):
        each.add_argument("--because", metavar="WHY", default="", help="why")
    for each in (ack, expected, missed, normal, silence, back):
        each.add_argument("--by", metavar="NAME", help="who says so; else your AWS identity, or user@host")
    for each in (ack, expected, missed, normal, silence, marks, back):
        config_option(each)
