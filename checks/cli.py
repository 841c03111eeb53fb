"""The command line: ``checks COMMAND``, of which `parser` has the list."""

from __future__ import annotations

import argparse
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from checks.adopt_commands import discover_command, init_command
from checks.command_base import DEFAULT_CONFIG, NOT_DELIVERED, USAGE, Refused
from checks.commands import (
    backtest_command,
    completion_command,
    demo_command,
    explain_command,
    iam_command,
    plan_command,
    run_command,
    schema_command,
    test_alert_command,
    validate_command,
    wait_command,
)
from checks.history_commands import history_command, report_command
from checks.installation import BrokenInstallation, broken
from checks.mark_commands import mark_command, marks_command, take_back_command

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

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


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0 well, 1 findings, 2 usage or config, 3 unchecked or unsent."""
    told = parser()
    if "_ARGCOMPLETE" in os.environ:  # a shell asks what could stand here
        import argcomplete

        argcomplete.autocomplete(told)
    arguments = told.parse_args(argv)
    command: Callable[[argparse.Namespace], int] = arguments.command
    try:
        code = command(arguments)
        sys.stdout.flush()  # a reader that went away is met here, and not at the end of the process
    except Refused as refused:
        print(refused, file=sys.stderr)
        return USAGE
    except ImportError as error:
        print(
            error if isinstance(error, BrokenInstallation) else broken(type(error).__name__, str(error)),
            file=sys.stderr,
        )
        return NOT_DELIVERED
    except BrokenPipeError:  # the reader went away, as `checks run | head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    return code


def parser() -> argparse.ArgumentParser:
    """Return the command line: each command with its options."""
    whole = argparse.ArgumentParser(
        prog="checks",
        description="Tells which S3 tables did not get the data that they should have by now, why, and what to do.",
        epilog="Exit codes: 0 all well; 1 findings at or over --fail-on; 2 usage or config; "
        "3 something could not be checked, or the report was not delivered.",
    )
    whole.add_argument("--version", action=_Version, nargs=0, help="show the version and exit")
    commands = whole.add_subparsers(title="commands", required=True, metavar="COMMAND")

    _discover_commands(commands)
    run = commands.add_parser("run", help="check the tables and report", description=run_command.__doc__)
    run.set_defaults(command=run_command)
    _config_option(run)
    _choice_options(run)
    _format_options(run)
    run.add_argument(
        "--quiet", action="store_true", help="print no report and no progress, only what went wrong"
    )
    run.add_argument("--no-send", action="store_true", help="publish nothing and remember nothing")
    run.add_argument(
        "--fail-on",
        choices=("critical", "warning", "never"),
        default="critical",
        help="exit 1 from here on (critical)",
    )

    validate = commands.add_parser(
        "validate", help="read the config and tell every mistake", description=validate_command.__doc__
    )
    validate.set_defaults(command=validate_command)
    _config_option(validate)

    schema = commands.add_parser("schema", help="print the JSON Schema of the config, for editors")
    schema.set_defaults(command=schema_command)

    plan = commands.add_parser(
        "plan", help="tell what a run would read, and what it costs", description=plan_command.__doc__
    )
    plan.set_defaults(command=plan_command)
    _config_option(plan)
    _choice_options(plan)
    plan.add_argument(
        "--cron",
        metavar="SCHEDULE",
        help="when the monitor runs, an EventBridge expression in UTC; without it $CRON_SCHEDULE, else midnight",
    )

    _wait_command(commands)
    explain = commands.add_parser(
        "explain", help="tell all that is known of one table, in words", description=explain_command.__doc__
    )
    explain.set_defaults(command=explain_command)
    explain.add_argument(
        "table", metavar="TABLE", help="database.table, account/database.table or s3://bucket/prefix/"
    )
    _config_option(explain)
    _now_option(explain)

    iam = commands.add_parser(
        "iam", help="print the policy that the monitor's role needs", description=iam_command.__doc__
    )
    iam.set_defaults(command=iam_command)
    _config_option(iam)
    iam.add_argument(
        "--template", action="store_true", help="print a CloudFormation template of it in place of the policy"
    )
    iam.add_argument(
        "--account",
        metavar="NAME",
        help="of the role in that account of the config, in place of the monitor's own",
    )

    backtest = commands.add_parser(
        "backtest", help="replay recorded arrivals with learned limits", description=backtest_command.__doc__
    )
    backtest.set_defaults(command=backtest_command)
    _backtest_options(backtest)

    alert = commands.add_parser(
        "test-alert", help="send a test message to each target", description=test_alert_command.__doc__
    )
    alert.set_defaults(command=test_alert_command)
    _config_option(alert)

    _mark_commands(commands)
    _history_commands(commands)
    helping = commands.add_parser(
        "help", help="tell of a command, a block of the config, or what else there is to know"
    )
    helping.add_argument("topic", metavar="TOPIC", nargs="?", help="without it, what there is help on")
    helping.set_defaults(command=_help_command)

    completion = commands.add_parser(
        "completion", help="print what completes commands in a shell", description=completion_command.__doc__
    )
    completion.add_argument("shell", choices=("bash", "zsh", "fish"), help="for which shell")
    completion.set_defaults(command=completion_command)

    demo = commands.add_parser("demo", help="show two days of reports over a lake in this process")
    demo.set_defaults(command=demo_command)
    return whole


def _discover_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
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
            type=_days,
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
            type=_number,
            default=200,
            help="how many requests a table may take (200)",
        )
        each.add_argument(
            "--plan", action="store_true", help="tell what it would read and what that costs, and end"
        )
        _now_option(each)
    discover.add_argument(
        "--merge", metavar="FILE", type=Path, help="print this config with the tables added that it lacks"
    )
    discover.add_argument("--write", action="store_true", help="with --merge: write it to FILE")


def _help_command(arguments: argparse.Namespace) -> int:
    """Tell of a command, a block of the config, or what else there is to know."""
    from difflib import get_close_matches

    from checks import help_topics, terminal

    told = parser()
    topic = arguments.topic
    if topic is None:
        print(help_topics.overview(told))
        return 0
    said = help_topics.say(topic, told, terminal.width())
    if said is None:
        near = get_close_matches(topic, help_topics.topics(told), n=3)
        meant = f"did you mean {' or '.join(near)}?" if near else "write checks help for the list"
        raise Refused(f"there is no help on {topic}; {meant}")
    print(said)
    return 0


def _wait_command(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    wait = commands.add_parser(
        "wait", help="wait until a table, or one of its periods, is there", description=wait_command.__doc__
    )
    wait.set_defaults(command=wait_command)
    wait.add_argument(
        "table", metavar="TABLE", help="database.table, account/database.table or s3://bucket/prefix/"
    )
    _config_option(wait)
    wait.add_argument(
        "--period", metavar="P", help="this period, such as 2026-11-22; else until nothing of the table fails"
    )
    wait.add_argument(
        "--timeout",
        metavar="DURATION",
        type=_timeout,
        default="2h",
        help="how long at most (2h); 0s: look once, for a sensor that comes again by itself",
    )
    wait.add_argument(
        "--every", metavar="DURATION", type=_duration, default="1m", help="how long between two looks (1m)"
    )


def _history_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    history = commands.add_parser(
        "history", help="tell what became of a table over time", description=history_command.__doc__
    )
    history.set_defaults(command=history_command)
    history.add_argument(
        "table", metavar="TABLE", nargs="?", help="its id; without it how often all tables were on time"
    )
    _config_option(history)
    history.add_argument(
        "--last", metavar="DURATION", type=_duration, default="90d", help="how far back it looks (90d)"
    )
    _now_option(history)
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
    _config_option(report)
    _format_options(report)


def _format_options(parser: argparse.ArgumentParser) -> None:
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


def _mark_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
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
    missed.add_argument(
        "--at", dest="moment", metavar="T", required=True, help=f"when it was wrong; {_ZONED}"
    )
    normal = mark("new-normal", "say that a table behaves in another way for good", _TAUGHT)
    normal.add_argument("--from", dest="moment", metavar="T", required=True, help=f"from when on; {_ZONED}")
    silence = mark("silence", "tell nothing of tables for a time", _SILENCE)
    end = silence.add_mutually_exclusive_group(required=True)
    end.add_argument("--for", dest="lasts", metavar="DURATION", type=_duration, help="how long, such as 2d")
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
        _config_option(each)


def _backtest_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--arrivals",
        metavar="FILE",
        type=Path,
        required=True,
        help="CSV with the columns table,arrived_at,partition,size_bytes,rows; sizes and rows may be empty",
    )
    parser.add_argument(
        "--train",
        metavar="DURATION",
        type=_duration,
        default="60d",
        help="learn so long before judging (60d)",
    )
    parser.add_argument(
        "--every",
        metavar="DURATION",
        type=_duration,
        default="15m",
        help="the longest pause between looks (15m)",
    )
    parser.add_argument(
        "--until", metavar="TIME", type=_instant, help="the end of the replay; without it the last arrival"
    )
    parser.add_argument(
        "--false-alarms",
        metavar="NUMBER/PERIOD",
        default="1/month",
        help="how many of all tables together can be stood (1/month)",
    )
    parser.add_argument("--format", choices=("text", "csv"), default="text", help="how it is written (text)")


def _config_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--config",
        metavar="FILE",
        help=f"a path or s3://...; without it $CONFIG, {DEFAULT_CONFIG} here, or $TABLES",
    )


def _choice_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--table",
        metavar="GLOB",
        action="append",
        default=[],
        help="only these tables; may be given several times",
    )
    _now_option(parser)


def _now_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--now",
        metavar="TIME",
        type=_instant,
        help="look as of this time (ISO 8601, UTC unless it has an offset)",
    )


class _Version(argparse.Action):
    """Prints the version, which is read from the installed distribution only when it is asked for."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        """Print it and exit."""
        from importlib.metadata import version

        print(f"checks {version('s3-table-monitor')}")
        parser.exit()


def _instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        message = f"{text!r} is not a time; write ISO 8601, such as 2026-11-22T06:00+01:00"
        raise argparse.ArgumentTypeError(message) from None
    return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).astimezone(UTC)


def _days(text: str) -> int:
    if text.isascii() and text.isdigit() and 1 <= int(text[:5]) <= 3650 and len(text) < 5:
        return int(text)
    raise argparse.ArgumentTypeError(
        f"{text!r} is not a number of days; write one from 1 to 3650, such as 90"
    )


def _number(text: str) -> int:
    if text.isascii() and text.isdigit() and int(text[:10]) > 0 and len(text) < 10:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a number above zero; write one such as 200")


def _duration(text: str) -> timedelta:
    from checks.schedule.durations import parse_duration

    try:
        return parse_duration(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _timeout(text: str) -> timedelta:
    """Read a duration, or that there is none to wait for."""
    return timedelta() if text.strip() in {"0", "0s", "0m", "0h"} else _duration(text)


def _main() -> NoReturn:
    sys.exit(main())


if __name__ == "__main__":
    _main()
