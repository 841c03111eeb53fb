"""`checks backtest`: recorded arrivals, or the lake's own history, in; what would have been told of them out."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from checks.command_base import Refused, read_clock, read_cron

if TYPE_CHECKING:
    import argparse


def backtest_command(arguments: argparse.Namespace) -> int:
    """Replay recorded arrivals, every limit learned from what had arrived by then, and tell the alerts.

    The CSV has an alert a line, at the instant at which it could be known; notes go to standard error.
    """
    return _recorded(arguments)


def _recorded(arguments: argparse.Namespace) -> int:
    from checks import backtest
    from checks.schedule.runs import RunTimes

    runs = RunTimes(read_cron(arguments))
    try:
        budget = backtest.parse_budget(arguments.false_alarms)
        file = backtest.read(arguments.arrivals, read_clock())
        asked = backtest.Asked(arguments.train, arguments.every, arguments.until, budget, runs)
        found = backtest.run(file, asked)
    except ValueError as error:
        raise Refused(str(error)) from None
    if arguments.format == "csv":
        sys.stdout.write(backtest.write_csv(backtest.told(found)))
        print("\n".join(backtest.summary(found)), file=sys.stderr)
    else:
        print(backtest.say(found))
    return 0
