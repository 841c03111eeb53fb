"""The config of a scheduled run: the one that CONFIG names in S3, or the last good one while that is broken.

Nobody sits before a scheduled run. So a config in S3 that was replaced by a broken one, or that cannot be read, must
not end the watch: what it said when it was last found right is kept below HISTORY, and the run goes by that, with a
finding of its own that says so.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from checks.aside import GivenUp, within
from checks.config import ConfigErrors, Mistake, load_environment
from checks.history import HistoryError, open_store
from checks.model import Problem, ProblemKind
from checks.schedule.clock import say_instant

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from checks.config import Config

    Fetch = Callable[[str], bytes]

KEPT_IN = "config/last-good/"
"""The folder below HISTORY."""
_LONGEST = 1 << 20
"""Bytes of a config, as `checks.config` reads them."""


@dataclass(frozen=True, slots=True)
class InUse:
    """The config that a run goes by. ``content`` is what CONFIG's object held, None where nothing is to be kept."""

    config: Config
    uri: str = ""
    content: bytes | None = None

    def keep(self, environ: Mapping[str, str], stop_at: float | None = None) -> str:
        """Keep the config below HISTORY; return what went wrong as a sentence, empty when nothing did.

        What is kept already is not written again. Given up on at ``stop_at`` (monotonic seconds).
        """
        place = place_of(environ)
        if self.content is None or not place:
            return ""
        try:
            within(partial(_keep, place, kept_name(self.uri), self.content), stop_at)
        except (HistoryError, GivenUp) as error:
            why = "the history did not answer in time" if isinstance(error, GivenUp) else str(error)
            return f"The config {self.uri} could not be kept for the case that it is replaced by a broken one: {why}"
        return ""


def load(environ: Mapping[str, str], fetch: Fetch) -> InUse:
    """Return the config of the environment, or the last good one where an object that CONFIG names cannot be used.

    The config then has a `problem`, which the report tells first. Raises `ConfigErrors` where there is no other.
    """
    uri = environ.get("CONFIG", "").strip()
    content: bytes | None = None

    def fetching(name: str) -> bytes:
        nonlocal content
        content = fetch(name)
        return content

    try:
        config = load_environment(environ, fetch=fetching)
    except ConfigErrors as broken:
        place = place_of(environ)
        if not uri.startswith("s3://") or not place:
            raise
        return InUse(_last_good(uri, place, environ, broken), uri)
    return InUse(config, uri, content)


def kept_name(uri: str) -> str:
    """Return the name below a history of what the config at ``uri`` said when it was last right.

    Different addresses have different names, whatever their characters.
    """
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", uri.rpartition("/")[2]).strip(".-")[:80] or "config"
    return f"{KEPT_IN}{hashlib.sha256(uri.encode('utf-8', 'replace')).hexdigest()[:12]}-{stem}"


def place_of(environ: Mapping[str, str]) -> str:
    """Return where it is kept. A config may state another history, but then nothing can be found by a broken one."""
    return environ.get("HISTORY", "").strip()


def _keep(place: str, name: str, content: bytes) -> None:
    store = open_store(place)
    kept = store.read(name, _LONGEST)
    if kept is None or kept.content != content:
        store.keep(name, content)


def _last_good(uri: str, place: str, environ: Mapping[str, str], broken: ConfigErrors) -> Config:
    try:
        kept = open_store(place).read(kept_name(uri), _LONGEST)
    except HistoryError as error:
        also = Mistake(source="HISTORY", message=f"the last good config cannot be read either: {error}")
        raise ConfigErrors([*broken.mistakes, also]) from error
    if kept is None:
        raise broken
    try:
        config = load_environment(environ, fetch=lambda _: kept.content)
    except ConfigErrors:
        raise broken from None  # such as a variable that is no longer set: its mistakes are among these
    number = len(broken.mistakes)
    first = f"{number} mistakes, the first: {broken.mistakes[0]}" if number > 1 else str(broken.mistakes[0])
    since = (
        ""
        if kept.written_at is None
        else f", in use since {say_instant(kept.written_at, config.settings.timezone)}"
    )
    problem = Problem(
        ProblemKind.MALFORMED,
        f"The config {uri} cannot be used ({first}). This run went by the last good one{since}.",
        f"mend it: `checks validate --config {uri}` tells every mistake; what was changed in it since is not watched",
    )
    return replace(config, problem=problem)
