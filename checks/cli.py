"""The command line: ``checks COMMAND``, of which `parser` has the list."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING, NoReturn

from checks.backtest_commands import backtest_command
from checks.command_base import NOT_DELIVERED, USAGE, Refused
from checks.command_groups import add_discovery, add_history, add_marks, add_waiting
from checks.commands import (
    completion_command,
    demo_command,
    explain_command,
    iam_command,
    plan_command,
    run_command,
    schema_command,
    test_alert_command,
    validate_command,
)
from checks.installation import BrokenInstallation, broken
from checks.options import (
    backtest_options,
    choice_options,
    config_option,
    cron_option,
    format_options,
    now_option,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


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

    add_discovery(commands)
    _add_run(commands)
    _add_looks_at_the_config(commands)
    add_waiting(commands)
    _add_explain(commands)
    _add_iam(commands)
    _add_trials(commands)
    add_marks(commands)
    add_history(commands)
    _add_first_steps(commands)
    return whole


def _add_run(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    run = commands.add_parser("run", help="check the tables and report", description=run_command.__doc__)
    run.set_defaults(command=run_command)
    config_option(run)
    choice_options(run)
    format_options(run)
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


def _add_looks_at_the_config(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    validate = commands.add_parser(
        "validate", help="read the config and tell every mistake", description=validate_command.__doc__
    )
    validate.set_defaults(command=validate_command)
    config_option(validate)

    schema = commands.add_parser("schema", help="print the JSON Schema of the config, for editors")
    schema.set_defaults(command=schema_command)

    plan = commands.add_parser(
        "plan", help="tell what a run would read, and what it costs", description=plan_command.__doc__
    )
    plan.set_defaults(command=plan_command)
    config_option(plan)
    choice_options(plan)
    cron_option(plan)


def _add_explain(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    explain = commands.add_parser(
        "explain", help="tell all that is known of one table, in words", description=explain_command.__doc__
    )
    explain.set_defaults(command=explain_command)
    explain.add_argument(
        "table", metavar="TABLE", help="database.table, account/database.table or s3://bucket/prefix/"
    )
    config_option(explain)
    now_option(explain)


def _add_iam(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    iam = commands.add_parser(
        "iam", help="print the policy that the monitor's role needs", description=iam_command.__doc__
    )
    iam.set_defaults(command=iam_command)
    config_option(iam)
    iam.add_argument(
        "--template", action="store_true", help="print a CloudFormation template of it in place of the policy"
    )
    iam.add_argument(
        "--account",
        metavar="NAME",
        help="of the role in that account of the config, in place of the monitor's own",
    )


def _add_trials(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add what tries limits and targets before they are relied on."""
    backtest = commands.add_parser(
        "backtest",
        help="tell which alerts there would have been, and what other limits would have changed",
        description=backtest_command.__doc__,
    )
    backtest.set_defaults(command=backtest_command)
    backtest_options(backtest)

    alert = commands.add_parser(
        "test-alert", help="send a test message to each target", description=test_alert_command.__doc__
    )
    alert.set_defaults(command=test_alert_command)
    config_option(alert)


def _add_first_steps(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add what helps to find one's way."""
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


class _Version(argparse.Action):
    """Prints the version, which is read from the installed distribution only when it is asked for."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        """Print it and exit."""
        from importlib.metadata import version

        print(f"checks {version('s3-table-monitor')}")
        parser.exit()


def _main() -> NoReturn:
    sys.exit(main())


if __name__ == "__main__":
    _main()
