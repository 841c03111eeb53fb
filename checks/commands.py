"""What each command of the terminal does: a config and options in, an exit code out."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from checks.command_base import (
    DEFAULT_CONFIG,
    NOT_DELIVERED,
    Refused,
    load_config,
    read_clock,
    read_cron,
    write_report,
)
from checks.progress import Progress

if TYPE_CHECKING:
    import argparse

    from checks.config import Config
    from checks.monitor import Outcome


def run_command(arguments: argparse.Namespace) -> int:
    """Check the tables, print the report, and publish it to the topics of the config."""
    from checks import monitor
    from checks.monitor.owner import OfAnotherConfig
    from checks.report.build import FailOn

    config = load_config(arguments)
    progress = None if arguments.quiet else Progress()
    request = monitor.Request(
        now=arguments.now or read_clock(),
        ignore_later=arguments.now is not None,
        only=tuple(arguments.table),
        send=not arguments.no_send,
        keep=not (arguments.no_send or arguments.now or arguments.table),
        progress=progress,
    )
    try:
        outcome = monitor.run(config, request, os.environ)
    except (monitor.NothingMatches, OfAnotherConfig) as error:
        raise Refused(str(error)) from None
    finally:
        if progress is not None:
            progress.close()
    written = write_report(arguments, outcome.report)
    for sentence in outcome.complaints:
        print(sentence, file=sys.stderr)
    if request.send and not arguments.quiet:
        for sentence in _said_of_sending(config, outcome):
            print(sentence, file=sys.stderr)
    code = outcome.exit_code(FailOn(arguments.fail_on))
    return code if written else NOT_DELIVERED


def _said_of_sending(config: Config, outcome: Outcome) -> list[str]:
    """Return what became of the report: where it went, or why it went nowhere."""
    sent = [f"sent to {delivery.target}" for delivery in outcome.deliveries if delivery.ok]
    if outcome.deliveries:
        return sent
    from checks.monitor.delivery import topic_of

    has_targets = bool(config.routes or topic_of(config, os.environ))
    return ["nothing new, not sent" if has_targets else "no topic is set, so nothing was sent"]


def validate_command(arguments: argparse.Namespace) -> int:
    """Read the config without asking AWS anything, and tell every mistake at once with its line."""
    config = load_config(arguments)
    selectors = config.selectors()
    globs = sum(selector.is_glob for selector in selectors)
    number = f"{len(selectors)} entries" if len(selectors) != 1 else "1 entry"
    print(
        f"{config.source}: no mistakes: {number} ({globs} with globs), times in {config.settings.timezone.key}"
    )
    return 0


def schema_command(_arguments: argparse.Namespace) -> int:
    """Print the JSON Schema of the config, for editors."""
    import json

    from checks.config import json_schema

    print(json.dumps(json_schema(), indent=2))
    return 0


def plan_command(arguments: argparse.Namespace) -> int:
    """Tell which tables a run would look at, by which checks, in which way, and what that costs."""
    from checks import monitor
    from checks.monitor import plan_words

    config = load_config(arguments)
    cron = read_cron(arguments)
    request = monitor.Request(
        now=arguments.now or read_clock(), only=tuple(arguments.table), send=False, keep=False
    )
    try:
        planned, clock = monitor.make_plan(config, request, os.environ)
    except monitor.NothingMatches as error:
        raise Refused(str(error)) from None
    from checks import terminal

    print(plan_words.say(planned, clock, cron, terminal.width()))
    return NOT_DELIVERED if planned.findings else 0


def wait_command(arguments: argparse.Namespace) -> int:
    """Wait until a period of a table has its data (without --period: until nothing of it fails), or time is up.

    Exits with 0 once it is there, with 1 when the time is up and it is not, with 3 when that could not be told.
    """
    import time

    from checks import monitor, waiting

    config = load_config(arguments)
    asked = waiting.Waiting(
        table=arguments.table, period=arguments.period, timeout=arguments.timeout, every=arguments.every
    )
    try:
        answer = waiting.wait(
            config,
            asked,
            os.environ,
            read_clock,
            time.sleep,
            lambda said: print(said, file=sys.stderr, flush=True),
        )
    except (monitor.NothingMatches, waiting.NotAwaited) as error:
        raise Refused(str(error)) from None
    print(answer.said)
    return answer.came.value


def explain_command(arguments: argparse.Namespace) -> int:
    """Tell what the config says of one table, which data is due, what is there, and the verdict; change nothing."""
    from checks import explain, monitor
    from checks.monitor.owner import Owner
    from checks.rules.asking import Clock

    config = load_config(arguments)
    clock = Clock(now=arguments.now or read_clock(), ignore_later=arguments.now is not None)
    try:
        told = explain.explain(
            config,
            arguments.table,
            clock,
            monitor.history_of(config, os.environ),
            Owner.of(config, os.environ),
        )
    except explain.NotWatched as error:
        raise Refused(str(error)) from None
    except explain.NotRead as error:
        print(error, file=sys.stderr)
        return NOT_DELIVERED
    print(told)
    return 0


def iam_command(arguments: argparse.Namespace) -> int:
    """Read the catalog and print the least that the monitor's role has to be allowed for this config, as JSON."""
    import json

    from checks import iam

    config = load_config(arguments)
    try:
        needs = iam.gather(config, read_clock(), os.environ, arguments.account)
    except iam.NoSuchAccount as error:
        raise Refused(str(error)) from None
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


def test_alert_command(arguments: argparse.Namespace) -> int:
    """Send a message that says that it is a test to each target of the config, and tell how each took it."""
    from checks import monitor

    config = load_config(arguments)
    deliveries = monitor.send_test(config, read_clock(), os.environ)
    if not deliveries:
        message = f"no topic and no route to send to; write one into the config, or set TOPIC_ARN ({DEFAULT_CONFIG})"
        raise Refused(message)
    for delivery in deliveries:
        print(
            f"sent to {delivery.target}" if delivery.ok else delivery.problem,
            file=sys.stdout if delivery.ok else sys.stderr,
        )
    return 0 if all(delivery.ok for delivery in deliveries) else NOT_DELIVERED


def completion_command(arguments: argparse.Namespace) -> int:
    """Print what completes commands, options and files in a shell.

    bash: eval "$(checks completion bash)" in ~/.bashrc; zsh: the same in ~/.zshrc, after compinit;
    fish: checks completion fish | source in ~/.config/fish/config.fish.
    """
    from argcomplete.shell_integration import shellcode

    print(shellcode(["checks"], shell=arguments.shell).strip())
    return 0


def demo_command(_arguments: argparse.Namespace) -> int:
    """Show two days of reports over a lake in this process."""
    try:
        from checks import demo
    except ModuleNotFoundError as error:
        message = f"the demo needs {error.name}; install it with: pip install 's3-table-monitor[demo]'"
        raise Refused(message) from None
    return demo.main()
