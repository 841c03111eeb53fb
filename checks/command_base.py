"""What the commands of the terminal share: their exit codes, the clock, the config, and where a report is written."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from checks.model import Status

if TYPE_CHECKING:
    import argparse

    from checks.config import Config
    from checks.model import Change, Finding
    from checks.report.build import Report


USAGE = 2


NOT_DELIVERED = 3


DEFAULT_CONFIG = "checks.yml"


_BEGIN = f"""There is no {DEFAULT_CONFIG} here, and neither CONFIG nor TABLES is set. To begin, one of:
  checks init --database NAME                           learns from what lies in the lake, and writes {DEFAULT_CONFIG}
  TABLES=sales.orders,s3://bucket/prefix/ checks run    data within 24 h in each of these
  checks run --config FILE                              a config that lies elsewhere, also s3://...
  checks demo                                           two days of reports over a lake in this process
or write {DEFAULT_CONFIG}:
  version: 1
  tables:
    - table: sales.orders
      freshness: {{max_age: 24h}}"""


class Refused(Exception):  # noqa: N818 - a sentence for the user
    """The command cannot be carried out as it was given; says why and what to write."""


def read_clock() -> datetime:
    """Return what time it is, in UTC."""
    return datetime.now(UTC)  # noqa: TID251 - the edge: the one reading of the clock


def read_cron(arguments: argparse.Namespace) -> str:
    """Return when the monitor runs: ``--cron``, else $CRON_SCHEDULE, else midnight; raise Refused for what is none."""
    from checks.schedule.runs import DEFAULT_CRON, parse

    cron = arguments.cron or os.environ.get("CRON_SCHEDULE", "").strip() or DEFAULT_CRON
    try:
        parse(cron)
    except ValueError as error:
        raise Refused(str(error)) from None
    return str(cron)


def read_budget(text: str) -> float:
    """Return how many false alarms a month `--false-alarms` allows; raise Refused with what to write."""
    from checks.learn.budget import parse_budget

    try:
        return parse_budget(text)
    except ValueError as error:
        raise Refused(f"--false-alarms: {error}") from None


def _source(arguments: argparse.Namespace) -> str | None:
    """Return the config that is named or stands here, None when the environment is to say."""
    if arguments.config is not None:
        return str(arguments.config)
    if os.environ.get("CONFIG", "").strip():
        return None
    if Path(DEFAULT_CONFIG).is_file():
        return DEFAULT_CONFIG
    if not os.environ.get("TABLES", "").strip():
        raise Refused(_BEGIN)
    return None


def load_config(arguments: argparse.Namespace) -> Config:
    """Return the config that is named, stands here or is in the environment, and tell what it warns of.

    Raises Refused with all that is wrong with it.
    """
    from checks import monitor
    from checks.config import ConfigErrors

    try:
        config = monitor.load_config(_source(arguments), os.environ)
    except ConfigErrors as errors:
        raise Refused(str(errors)) from None
    for warning in config.warnings(read_clock()):
        print(f"warning: {warning}", file=sys.stderr)
    return config


def write_report(arguments: argparse.Namespace, whole: Report) -> bool:
    """Write the report to where it was asked for; return whether that went well."""
    from checks.channels import file
    from checks.report import build

    report = build.part(whole, lambda each: _is_chosen(each, arguments.only)) if arguments.only else whole
    if arguments.output is None or arguments.output == "-":
        if not arguments.quiet:
            print(_shown(report) if arguments.format is None else file.render(report, arguments.format))
        return True
    delivery = file.write(report, arguments.output, arguments.format)
    if not delivery.ok:
        print(delivery.problem, file=sys.stderr)
    elif not arguments.quiet:
        print(f"wrote {delivery.target}: {build.counts(report.summary)}", file=sys.stderr)
    return delivery.ok


def _is_chosen(each: Finding | Change, only: list[str]) -> bool:
    """Tell whether a finding or change is of what `--only` names: what fails, what is unknown."""
    return ("failing" in only and each.status is Status.FAIL) or (
        "unknown" in only and each.status is Status.UNKNOWN
    )


def _shown(report: Report) -> str:
    from checks import terminal
    from checks.report import terminal as drawn

    return drawn.render(report, width=terminal.width(), colour=terminal.is_coloured())
