"""What the commands by which people speak of tables and alerts do: a config and options in, an exit code out."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING

from checks.command_base import NOT_DELIVERED, Refused, load_config, read_clock

if TYPE_CHECKING:
    import argparse

    from checks.changes import State
    from checks.config import Config
    from checks.history import History
    from checks.marks import Mark


def mark_command(arguments: argparse.Namespace) -> int:
    """Keep what is said of a table, or of what is told of it, in the history."""
    from checks import marking
    from checks.history import HistoryError, marks
    from checks.marks import MarkKind

    config = load_config(arguments)
    try:
        history, state = _history(config)
        asked = marking.Asked(
            kind=MarkKind(arguments.kind),
            table=arguments.table,
            by=_by(arguments, history),
            check=arguments.check,
            period=getattr(arguments, "period", None),
            moment=getattr(arguments, "moment", None),
            lasts=getattr(arguments, "lasts", None),
            until=getattr(arguments, "until", None),
            because=arguments.because,
        )
        mark = marking.make(config, state, asked, read_clock())
        marks.add(history, mark)
        _record(history, mark)
    except marking.NotMarked as error:
        raise Refused(str(error)) from None
    except HistoryError as error:
        print(error, file=sys.stderr)
        return NOT_DELIVERED
    print(marking.say_made(config, mark))
    return 0


def marks_command(arguments: argparse.Namespace) -> int:
    """List what was said by command of the config's tables, oldest first: what holds, who said so, when and why."""
    from checks import marking
    from checks.config.routes import matches_id
    from checks.history import HistoryError, marks

    config, now = load_config(arguments), read_clock()
    try:
        history, state = _history(config)
        read = marks.every(history) if arguments.all else marks.holding(history, now)
    except HistoryError as error:
        print(error, file=sys.stderr)
        return NOT_DELIVERED
    of = arguments.table
    found = [
        mark
        for mark in read.marks
        if (arguments.all or not marking.is_over(mark, config, state, now))
        and (of is None or matches_id(of, mark.table) or marking.speaks_of(mark, of))
    ]
    if arguments.json:
        print(json.dumps(marking.documents(found, config, state, now), indent=2, ensure_ascii=False))
    else:
        lines = marking.say_marks(found, config, state, now)
        of_table = f" of {of}" if of is not None else ""
        print("\n".join(lines) if lines else f"no marks{of_table} at {history.place} for {history.name}")
    for trouble in read.troubles:
        print(trouble, file=sys.stderr)
    return NOT_DELIVERED if read.troubles else 0


def take_back_command(arguments: argparse.Namespace) -> int:
    """Take back what was said by command: it holds no more from the next run on, and stays in the history."""
    from checks import marking
    from checks.history import HistoryError, marks
    from checks.marks import TakenBack

    config = load_config(arguments)
    try:
        history, _ = _history(config)
        taken = TakenBack(
            by=_by(arguments, history), at=read_clock(), because=marking.reason(arguments.because)
        )
        mark = marks.take_back(history, arguments.id, taken)
        _record(history, mark)
    except (marks.NoSuchMark, marks.TakenBackAlready, marking.NotMarked) as error:
        raise Refused(str(error)) from None
    except HistoryError as error:
        print(error, file=sys.stderr)
        return NOT_DELIVERED
    print(f"taken back: {marking.say_marks([mark], config, _nothing(), read_clock())[0]}")
    return 0


def _record(history: History, mark: Mark) -> None:
    """Put what was said into the history's data set too; the mark holds whatever comes of that."""
    from checks.history.datasets import record_mark

    for sentence in record_mark(history, mark, read_clock()):
        print(sentence, file=sys.stderr)


def _nothing() -> State:
    from checks.changes import State

    return State()


def _history(config: Config) -> tuple[History, State]:
    """Return the config's history and what was last told; raises HistoryError, and Refused where it is another's."""
    from checks import monitor
    from checks.history import open_history
    from checks.monitor.owner import Owner

    place = monitor.history_of(config, os.environ)
    if not place:
        raise Refused("no place to keep history is set; write history: into the config, or set HISTORY")
    owner = Owner.of(config, os.environ)
    history = open_history(place, owner.name)
    state, token = history.load()
    refused = owner.refuses(state) if token else ""
    if refused:
        raise Refused(refused)
    return history, state


def _by(arguments: argparse.Namespace, history: History) -> str:
    from checks.history.caller import name_of_caller
    from checks.text import clean, shorten

    if arguments.by is None:
        return name_of_caller(history.place)
    stated = shorten(clean(arguments.by), 200)
    if not stated:
        raise Refused("--by is empty; write who says so, or leave it out")
    return stated
