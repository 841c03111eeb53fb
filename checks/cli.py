"""The command line: ``checks run | validate | schema | plan | explain | iam | backtest | test-alert | demo``."""

from __future__ import annotations

import argparse
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from checks.installation import BrokenInstallation, broken

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from checks.config import Config
    from checks.report.build import Report

USAGE, NOT_DELIVERED = 2, 3
_DEFAULT_CONFIG = "checks.yml"
_PLAIN_PROGRESS_EVERY = 100


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0 well, 1 findings, 2 usage or config, 3 unchecked or unsent."""
    arguments = _parser().parse_args(argv)
    command: Callable[[argparse.Namespace], int] = arguments.command
    try:
        code = command(arguments)
        sys.stdout.flush()  # a reader that went away is met here, and not at the end of the process
    except _Refused as refused:
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


class _Refused(Exception):  # noqa: N818 - a sentence for the user
    """The command cannot be carried out as it was given; says why and what to write."""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="checks",
        description="Tells which S3 tables did not get the data that they should have by now, why, and what to do.",
        epilog="Exit codes: 0 all well; 1 findings at or over --fail-on; 2 usage or config; "
        "3 something could not be checked, or the report was not delivered.",
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="show the version and exit")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    run = commands.add_parser("run", help="check the tables and report", description=_run.__doc__)
    run.set_defaults(command=_run)
    _config_option(run)
    _choice_options(run)
    run.add_argument(
        "--format",
        choices=("text", "json", "html"),
        help="how the report is written (by FILE's ending, else text)",
    )
    run.add_argument(
        "--output", metavar="FILE", help="write the report to FILE or s3://... in place of standard output"
    )
    run.add_argument("--no-send", action="store_true", help="publish nothing and remember nothing")
    run.add_argument(
        "--fail-on",
        choices=("critical", "warning", "never"),
        default="critical",
        help="exit 1 from here on (critical)",
    )

    validate = commands.add_parser(
        "validate", help="read the config and tell every mistake", description=_validate.__doc__
    )
    validate.set_defaults(command=_validate)
    _config_option(validate)

    schema = commands.add_parser("schema", help="print the JSON Schema of the config, for editors")
    schema.set_defaults(command=_schema)

    plan = commands.add_parser(
        "plan", help="tell what a run would read, and what it costs", description=_plan.__doc__
    )
    plan.set_defaults(command=_plan)
    _config_option(plan)
    _choice_options(plan)
    plan.add_argument(
        "--cron",
        metavar="SCHEDULE",
        help="when the monitor runs, an EventBridge expression in UTC; without it $CRON_SCHEDULE, else midnight",
    )

    explain = commands.add_parser(
        "explain", help="tell all that is known of one table, in words", description=_explain.__doc__
    )
    explain.set_defaults(command=_explain)
    explain.add_argument(
        "table", metavar="TABLE", help="database.table, account/database.table or s3://bucket/prefix/"
    )
    _config_option(explain)
    _now_option(explain)

    iam = commands.add_parser(
        "iam", help="print the policy that the monitor's role needs", description=_iam.__doc__
    )
    iam.set_defaults(command=_iam)
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
        "backtest", help="replay recorded arrivals with learned limits", description=_backtest.__doc__
    )
    backtest.set_defaults(command=_backtest)
    _backtest_options(backtest)

    alert = commands.add_parser(
        "test-alert", help="send a test message to each topic", description=_test_alert.__doc__
    )
    alert.set_defaults(command=_test_alert)
    _config_option(alert)

    demo = commands.add_parser("demo", help="show two days of reports over a lake in this process")
    demo.set_defaults(command=_demo)
    return parser


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
        help=f"a path or s3://...; without it $CONFIG, {_DEFAULT_CONFIG} here, or $TABLES",
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

        parser.exit(message=f"checks {version('s3-table-monitor')}\n")


def _instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        message = f"{text!r} is not a time; write ISO 8601, such as 2026-11-22T06:00+01:00"
        raise argparse.ArgumentTypeError(message) from None
    return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).astimezone(UTC)


def _duration(text: str) -> timedelta:
    from checks.schedule.durations import parse_duration

    try:
        return parse_duration(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _clock() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - the edge: the one reading of the clock


def _source(arguments: argparse.Namespace) -> str | None:
    """Return the config that is named or stands here, None when the environment is to say."""
    if arguments.config is not None:
        return str(arguments.config)
    if os.environ.get("CONFIG", "").strip():
        return None
    return _DEFAULT_CONFIG if Path(_DEFAULT_CONFIG).is_file() else None


def _load(arguments: argparse.Namespace) -> Config:
    from checks import monitor
    from checks.config import ConfigErrors

    try:
        config = monitor.load_config(_source(arguments), os.environ)
    except ConfigErrors as errors:
        raise _Refused(str(errors)) from None
    for warning in config.warnings(_clock()):
        print(f"warning: {warning}", file=sys.stderr)
    return config


def _run(arguments: argparse.Namespace) -> int:
    """Check the tables, print the report, and publish it to the topics of the config."""
    from checks import monitor
    from checks.monitor.run_memory import OfAnotherConfig
    from checks.report.build import FailOn

    config = _load(arguments)
    progress = _Progress()
    request = monitor.Request(
        now=arguments.now or _clock(),
        ignore_later=arguments.now is not None,
        only=tuple(arguments.table),
        send=not arguments.no_send,
        keep=not (arguments.no_send or arguments.now or arguments.table),
        progress=progress,
    )
    try:
        outcome = monitor.run(config, request, os.environ)
    except (monitor.NothingMatches, OfAnotherConfig) as error:
        raise _Refused(str(error)) from None
    finally:
        progress.close()
    written = _write(arguments, outcome.report)
    for sentence in outcome.complaints:
        print(sentence, file=sys.stderr)
    code = outcome.exit_code(FailOn(arguments.fail_on))
    return code if written else NOT_DELIVERED


def _write(arguments: argparse.Namespace, report: Report) -> bool:
    """Write the report to where it was asked for; return whether that went well."""
    from checks.channels import file

    if arguments.output is None or arguments.output == "-":
        content = file.render(report, arguments.format or "text")
        print(_coloured(content) if arguments.format in (None, "text") else content)
        return True
    delivery = file.write(report, arguments.output, arguments.format)
    if not delivery.ok:
        print(delivery.problem, file=sys.stderr)
    return delivery.ok


def _coloured(text: str) -> str:
    """Colour the headings on a terminal, unless NO_COLOR is set (no-color.org)."""
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return text
    colours = {"NEW": 31, "ESCALATED": 31, "STILL FAILING": 33, "COULD NOT CHECK": 35, "RESOLVED": 32}
    lines = []
    for line in text.splitlines():
        colour = next((code for word, code in colours.items() if line.startswith(word)), None)
        lines.append(f"\033[1;{colour}m{line}\033[0m" if colour else line)
    return "\n".join(lines)


def _validate(arguments: argparse.Namespace) -> int:
    """Read the config without asking AWS anything, and tell every mistake at once with its line."""
    config = _load(arguments)
    selectors = config.selectors()
    globs = sum(selector.is_glob for selector in selectors)
    number = f"{len(selectors)} entries" if len(selectors) != 1 else "1 entry"
    print(
        f"{config.source}: no mistakes: {number} ({globs} with globs), times in {config.settings.timezone.key}"
    )
    return 0


def _schema(_arguments: argparse.Namespace) -> int:
    import json

    from checks.config import json_schema

    print(json.dumps(json_schema(), indent=2))
    return 0


def _plan(arguments: argparse.Namespace) -> int:
    """Tell which tables a run would look at, by which checks, in which way, and what that costs."""
    from checks import monitor
    from checks.monitor import plan
    from checks.schedule.runs import DEFAULT_CRON

    config = _load(arguments)
    request = monitor.Request(
        now=arguments.now or _clock(), only=tuple(arguments.table), send=False, keep=False
    )
    try:
        planned, clock = monitor.make_plan(config, request, os.environ)
    except monitor.NothingMatches as error:
        raise _Refused(str(error)) from None
    cron = arguments.cron or os.environ.get("CRON_SCHEDULE", "").strip() or DEFAULT_CRON
    try:
        print(plan.say(planned, clock, cron))
    except ValueError as error:
        raise _Refused(str(error)) from None
    return NOT_DELIVERED if planned.findings else 0


def _explain(arguments: argparse.Namespace) -> int:
    """Tell what the config says of one table, which data is due, what is there, and the verdict; change nothing."""
    from checks import explain, monitor
    from checks.monitor.run_memory import Owner
    from checks.rules.asking import Clock

    config = _load(arguments)
    clock = Clock(now=arguments.now or _clock(), ignore_later=arguments.now is not None)
    try:
        told = explain.explain(
            config,
            arguments.table,
            clock,
            monitor.history_of(config, os.environ),
            Owner.of(config, os.environ),
        )
    except explain.NotWatched as error:
        raise _Refused(str(error)) from None
    except explain.NotRead as error:
        print(error, file=sys.stderr)
        return NOT_DELIVERED
    print(told)
    return 0


def _iam(arguments: argparse.Namespace) -> int:
    """Read the catalog and print the least that the monitor's role has to be allowed for this config, as JSON."""
    import json

    from checks import iam

    config = _load(arguments)
    try:
        needs = iam.gather(config, _clock(), os.environ, arguments.account)
    except iam.NoSuchAccount as error:
        raise _Refused(str(error)) from None
    policy = iam.fit(needs.rights)
    if not arguments.template:
        printed = policy.document
    elif arguments.account is None:
        printed = iam.template(policy, needs.home, config.settings.name or "")
    else:
        role = config.accounts[arguments.account]
        printed = iam.member_template(
            policy, needs.home, role.role_arn, arguments.account, has_external_id=role.external_id is not None
        )
    print(json.dumps(printed, indent=2))
    for sentence in (*policy.say(), *needs.unasked):
        print(f"note: {sentence}", file=sys.stderr)
    for sentence in needs.unread:
        print(f"could not be found out: {sentence}", file=sys.stderr)
    return NOT_DELIVERED if needs.unread or not policy.fits else 0


def _backtest(arguments: argparse.Namespace) -> int:
    """Replay recorded arrivals, every limit learned from what had arrived by then, and tell the alerts.

    The CSV has an alert a line, at the instant at which it could be known; notes go to standard error.
    """
    from checks import backtest

    try:
        tables, notes = backtest.read(arguments.arrivals)
        budget = backtest.parse_budget(arguments.false_alarms)
    except ValueError as error:
        raise _Refused(str(error)) from None
    asked = backtest.Asked(arguments.train, arguments.every, arguments.until, budget)
    found = backtest.run(tables, asked, notes)
    if arguments.format == "csv":
        sys.stdout.write(backtest.write_csv(found))
        print("\n".join(backtest.summary(found)), file=sys.stderr)
    else:
        print(backtest.say(found))
    return 0


def _test_alert(arguments: argparse.Namespace) -> int:
    """Send a message that says that it is a test to each topic of the config, and tell how each took it."""
    from checks import monitor

    config = _load(arguments)
    deliveries = monitor.send_test(config, _clock(), os.environ)
    if not deliveries:
        message = f"no topic to send to; write topic: into the config, or set TOPIC_ARN ({_DEFAULT_CONFIG})"
        raise _Refused(message)
    for delivery in deliveries:
        print(
            f"sent to {delivery.target}" if delivery.ok else delivery.problem,
            file=sys.stdout if delivery.ok else sys.stderr,
        )
    return 0 if all(delivery.ok for delivery in deliveries) else NOT_DELIVERED


def _demo(_arguments: argparse.Namespace) -> int:
    try:
        from checks import demo
    except ModuleNotFoundError as error:
        message = f"the demo needs {error.name}; install it with: pip install 's3-table-monitor[demo]'"
        raise _Refused(message) from None
    return demo.main()


class _Progress:
    """A bar on a terminal, a line every hundred tables in a pipe; on standard error."""

    def __init__(self) -> None:
        self._bar: object | None = None

    def __call__(self, done: int, total: int) -> None:
        """Tell how many of the tables were looked at."""
        if not sys.stderr.isatty():
            if done % _PLAIN_PROGRESS_EVERY == 0 or done == total:
                print(f"looked at {done} of {total} tables", file=sys.stderr)
            return
        from tqdm import tqdm

        if self._bar is None:
            self._bar = tqdm(total=total, unit="table", desc="looking", leave=False)
        if isinstance(self._bar, tqdm):
            self._bar.update(done - self._bar.n)

    def close(self) -> None:
        """Take the bar off the terminal."""
        close = getattr(self._bar, "close", None)
        if close is not None:
            close()


def _main() -> NoReturn:
    sys.exit(main())


if __name__ == "__main__":
    _main()
