"""What the commands do that look back: a config and options in, an exit code out."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING

from checks.command_base import NOT_DELIVERED, Refused, load_config, read_clock, write_report

if TYPE_CHECKING:
    import argparse

    from checks.config import Config
    from checks.history import History


def history_command(arguments: argparse.Namespace) -> int:
    """Tell what became of a table: since when it fails, how often it did, how often it was on time by month.

    Without TABLE: how often all tables were on time. With --ddl or --register the history is made known to Athena.
    """
    from checks import past
    from checks.config.routes import matches_id
    from checks.history import HistoryError

    config = load_config(arguments)
    history = _history(config)
    now = arguments.now or read_clock()
    try:
        if arguments.ddl is not None or arguments.register is not None:
            return _engines(arguments, config, history)
        if arguments.table is None:
            found = past.gather_all(history, now, arguments.last)
        else:
            speaks_of = matches_id
            found = past.gather(history, now, arguments.last, _id(arguments.table), speaks_of)
    except HistoryError as error:
        print(error, file=sys.stderr)
        return NOT_DELIVERED
    if arguments.json:
        print(json.dumps(past.document(found, history.name), indent=2, ensure_ascii=False))
    else:
        print(past.say(found, config.settings.timezone, arguments.table))
    for sentence in found.unread:
        print(sentence, file=sys.stderr)
    return NOT_DELIVERED if found.unread else 0


def _engines(arguments: argparse.Namespace, config: Config, history: History) -> int:
    """Print statements that make the data sets known, or register them in Glue."""
    from checks.history.datasets import DATASETS, engines

    keep = config.settings.history.keep
    try:
        asked = arguments.ddl if arguments.register is None else arguments.register
        database = engines.check_database(asked)
    except ValueError as error:
        raise Refused(str(error)) from None
    if arguments.register is None:
        local = not history.place.startswith("s3://")
        filled = {name for name in DATASETS if not local or any(history.store.listed(f"datasets/{name}/"))}
        print(engines.statements(history.place, database, keep, filled))
        return 0
    for sentence in engines.register(history.place, database, keep):
        print(sentence)
    return 0


def report_command(arguments: argparse.Namespace) -> int:
    """Render the report of an earlier run again, as it was kept; nothing is looked at, sent or remembered."""
    from checks.history import HistoryError, kept_report
    from checks.report.from_json import NotAReport, read

    config = load_config(arguments)
    history = _history(config)
    try:
        found = kept_report(history, None if arguments.run == "last" else arguments.run)
    except HistoryError as error:
        print(error, file=sys.stderr)
        return NOT_DELIVERED
    if found is None:
        run = "no run" if arguments.run == "last" else f"no run {arguments.run!r}"
        raise Refused(f"{run} of {history.name} is kept at {history.place}; its id stands in the JSON report")
    where, content = found
    try:
        report = read(content)
    except NotAReport as error:
        print(f"{where} cannot be read as a report: {error}.", file=sys.stderr)
        return NOT_DELIVERED
    return 0 if write_report(arguments, report) else NOT_DELIVERED


def _id(table: str) -> str:
    """Return a table's id as reports have it: a prefix ends with a slash, names of the catalog are small."""
    if table.startswith("s3://"):
        return table if table.endswith("/") else f"{table}/"
    account, slash, name = table.rpartition("/")
    return f"{account}{slash}{name.lower()}"


def _history(config: Config) -> History:
    from checks import monitor
    from checks.history import open_history
    from checks.monitor.owner import Owner

    place = monitor.history_of(config, os.environ)
    if not place:
        raise Refused("no place to keep history is set; write history: into the config, or set HISTORY")
    return open_history(place, Owner.of(config, os.environ).name)
