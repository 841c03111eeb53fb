"""`checks discover` and `checks init`: tables of which nothing is stated in, a config to look through out."""

from __future__ import annotations

import os
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from checks.command_base import DEFAULT_CONFIG, NOT_DELIVERED, Refused, read_budget, read_clock
from checks.progress import Stages

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from checks.adopt import Asked, Discovery, Expected, Want
    from checks.config import Config
    from checks.lake import Lake
    from checks.model import Observation
    from checks.rules.asking import Clock

_BUDGET = "1/month"
_MANY = 8
"""Tables: each is replayed in a second or two at the most; what fewer take is no longer than a start of processes."""


def discover_command(arguments: argparse.Namespace) -> int:
    """Learn from what lies in the lake when data of these tables is due, and print a config for them.

    Each table is told with what was learned, how sure that is, and what a replay of the past days says. What it
    reads and what that costs is told first, on standard error; --plan tells it table by table, and ends. Exits with 3
    where something could not be read: that is named in the config as a comment.
    """
    if arguments.write and arguments.merge is None:
        raise Refused(
            "--write is for --merge FILE; without it the config is printed: redirect it, or write checks init"
        )
    before = _text(arguments.merge) if arguments.merge is not None else None
    config = _config(before, arguments.merge) if before is not None else None
    found = _found(arguments, config)
    if found is None:
        return 0
    if before is None or config is None:
        text = _checked(found)
        print(text, end="")
        return _told(found)
    text = _added(before, found, config, arguments.merge)
    if not arguments.write:
        print(text, end="")
    elif text != before:
        _write(arguments.merge, text)
    if arguments.write:
        told = "nothing to add" if text == before else _added_words(found)
        print(f"{arguments.merge}: {told}", file=sys.stderr)
    return _told(found)


def init_command(arguments: argparse.Namespace) -> int:
    """Write what checks discover prints to checks.yml in this folder, where there is none yet."""
    path = Path(DEFAULT_CONFIG)
    if path.exists() or path.is_symlink():
        raise Refused(
            f"there is a {DEFAULT_CONFIG} here; to add tables to it, write checks discover --merge {DEFAULT_CONFIG} "
            "--write with the same --database"
        )
    found = _found(arguments, None)
    if found is None:
        return 0
    text = _checked(found)
    if not found.adopted:
        print(text, end="")
        return _told(found)
    try:
        with path.open("x", encoding="utf-8", newline="") as file:
            file.write(text)
    except OSError as error:
        raise Refused(f"{DEFAULT_CONFIG} could not be written: {error.strerror or error}") from None
    print(f"wrote {DEFAULT_CONFIG}: {_added_words(found)}; look it through, then: checks run --no-send")
    return _told(found)


def _found(arguments: argparse.Namespace, config: Config | None) -> Discovery | None:
    """Return what was discovered; None where only the plan was asked for, which is printed."""
    from checks import adopt
    from checks.lake import Lake
    from checks.rules.asking import Clock
    from checks.side_by_side import in_turn, side_by_side

    lake = Lake()
    if not any(each.strip() for each in arguments.database):
        raise Refused(_which(lake))
    want = _want(arguments, config)
    clock = Clock(now=arguments.now or read_clock(), ignore_later=arguments.now is not None)
    asked = adopt.survey(want, lake, clock, config)
    if arguments.plan:
        print("\n".join(_plan(asked, lake, clock)))
        return None
    print(_sum(asked, lake, clock), file=sys.stderr)
    stages = Stages()
    done = 0

    def count(seen: Observation) -> None:
        nonlocal done
        done += 1
        stages.looked(done, len(asked.planned.plans), seen.table.id)

    try:
        spread = side_by_side if len(asked.planned.plans) >= _MANY else in_turn
        return adopt.discover(asked, lake, clock, count, spread, stages.replayed)
    finally:
        stages.close()


def _which(lake: Lake) -> str:
    """Say what to write where no database is named: those that there are, by one request for each 100 of them."""
    from checks.model import Unobserved
    from checks.text import listing, name

    asked = 'which tables? Write --database NAME, or a glob such as --database "*" for all'
    try:
        names = lake.catalog.databases(None)
    except Unobserved as error:
        return f"{asked}; the databases could not be listed: {error.problem.message}"
    return f"{asked}; the catalog has {listing([name(each) for each in names]) if names else 'no databases here'}"


def _want(arguments: argparse.Namespace, config: Config | None) -> Want:
    from checks.adopt import Want
    from checks.config.selectors import parse_selector

    globs = [glob if "." in glob else f"{glob}.*" for glob in map(str.strip, arguments.database) if glob]
    try:
        globs = [parse_selector(glob).text for glob in globs]
    except ValueError as error:
        raise Refused(str(error)) from None
    written = arguments.false_alarms or _BUDGET
    budget = read_budget(written)
    if config is not None and arguments.false_alarms is None:
        budget = config.settings.false_alarms
    return Want(
        globs=tuple(dict.fromkeys(globs)),
        back=timedelta(days=arguments.days),
        false_alarms=budget,
        written=written.strip(),
        max_requests=arguments.max_requests,
    )


def _plan(asked: Asked, lake: Lake, clock: Clock) -> Iterator[str]:
    """Yield a line a table, then the sum, then what is left out."""
    from checks.adopt import say_expected

    yield from say_expected(_expected(asked, clock), lake.cost().requests, _known(asked))
    yield from (f"could not be planned: {each.because}" for each in asked.planned.findings)
    yield from (f"note: {note}" for note in asked.planned.notes)


def _sum(asked: Asked, lake: Lake, clock: Clock) -> str:
    """Say what reading takes at the most, and what finding out about the tables took."""
    from checks.adopt import say_sum

    return say_sum(_expected(asked, clock), lake.cost().requests, _known(asked))


def _expected(asked: Asked, clock: Clock) -> list[Expected]:
    from checks.adopt import expected

    return list(expected(asked.planned.plans, asked.want.max_requests, clock))


def _known(asked: Asked) -> str:
    are = "is" if asked.watched == 1 else "are"
    return f", {asked.watched} more {are} in the config" if asked.watched else ""


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8")
    except OSError as error:
        raise Refused(f"{path}: cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise Refused(f"{path}: is not UTF-8 text; save it as UTF-8") from None


def _config(text: str, path: Path) -> Config:
    from checks.config import ConfigErrors, load_text

    try:
        return load_text(text.removeprefix("\ufeff"), str(path), environ=os.environ)
    except ConfigErrors as errors:
        raise Refused(str(errors)) from None


def _checked(found: Discovery) -> str:
    """Return the config as text that holds no mistake."""
    from checks.adopt import text_of

    text = text_of(found)
    if found.adopted:
        _config(text, Path(DEFAULT_CONFIG))
    return text


def _added(text: str, found: Discovery, config: Config, path: Path) -> str:
    """Return a config's text with what was discovered added, held to being a config without mistakes."""
    from checks.adopt import CannotMerge, merged

    try:
        whole = merged(text, found, config)
    except CannotMerge as error:
        raise Refused(f"{path}: {error}") from None
    _config(whole, path)
    return whole


def _write(path: Path, text: str) -> None:
    from checks.local_files import replace_file

    try:
        replace_file(path, text.encode())
    except OSError as error:
        raise Refused(f"{path}: could not be written: {error.strerror or error}") from None


def _added_words(found: Discovery) -> str:
    from checks.text import count

    told = f"{count(len(found.adopted), 'table')} to watch"
    return f"{told}, {len(found.too_little)} left as comments" if found.too_little else told


def _told(found: Discovery) -> int:
    """Tell on standard error what could not be read, and that nothing was found; return the exit code."""
    from checks.text import count

    print(f"read by {count(found.requests, 'request')}, about ${found.usd:.4f}", file=sys.stderr)
    for each in found.unread:
        print(f"could not be read: {each.table}: {each.why}", file=sys.stderr)
    if not found.adopted and not found.watched:
        print("nothing to watch was found, so this is no config yet", file=sys.stderr)
        return NOT_DELIVERED
    return NOT_DELIVERED if found.unread else 0
