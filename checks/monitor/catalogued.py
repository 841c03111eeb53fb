"""What a config speaks of, read out of the catalog: whole databases and single tables, side by side and in time."""

from __future__ import annotations

import re
import time
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from checks.aside import Crew, GivenUp, Why
from checks.aws.ledger import Meter, metered
from checks.config.selectors import matches_name
from checks.lake.glue.catalog import Found, table_id
from checks.model import Problem, ProblemKind, Table, Unobserved

if TYPE_CHECKING:
    from collections.abc import Sequence

    from checks.aside import Done
    from checks.config.resolved import Config
    from checks.config.selectors import Selector
    from checks.lake import Catalog

SLOWEST_S = 180.0
"""How long one answer of the catalog may take, with all its pages and attempts."""
_NO_DATABASE = re.compile(r"\bdatabase\b.*\b(?:not found|does not exist)", re.IGNORECASE)
"""How Glue, and what is said of its answer, tell that there is no such database."""
_OTHER_REGION = "; if the whole database is missing, look at the region: AWS_REGION, or region of the account"
_FEW_EXACT_NAMES = 3
"""Up to so many tables of one database are asked for by name; for more, its pages of 100 cost less."""


@dataclass(slots=True)
class Catalogued:
    """What was read of the catalog: names of databases, whole databases, and single tables, each once."""

    names: dict[str | None, tuple[str, ...] | Problem] = field(default_factory=dict)
    databases: dict[tuple[str | None, str], dict[str, Table] | Problem] = field(default_factory=dict)
    singles: dict[tuple[str | None, str, str], Table | Problem] = field(default_factory=dict)
    broken: dict[str, Problem] = field(default_factory=dict)

    def table(self, account: str | None, database: str, name: str) -> Table | Problem:
        """Return one table, or why it cannot be read."""
        known = self.databases.get((account, database))
        if isinstance(known, Problem):
            return known
        found = None if known is None else known.get(name)
        return (
            self.broken.get(table_id(database, name, account))
            or found
            or self.singles[account, database, name]
        )

    def lacks(self, account: str | None, database: str, name: str) -> bool:
        """Tell whether all of the database was read, and the table was not among it."""
        known = self.databases.get((account, database))
        if known is None or isinstance(known, Problem):
            return False
        return name not in known and table_id(database, name, account) not in self.broken


def read_catalog(
    catalog: Catalog, config: Config, selectors: Sequence[Selector], stop_at: float | None
) -> Catalogued:
    """Return all that these entries of the config speak of.

    What does not come before ``stop_at`` (monotonic seconds) is a problem.
    """
    return _Reading(catalog, config, selectors, stop_at).read()


def whole_databases(config: Config) -> tuple[tuple[str | None, str], ...]:
    """Return the databases (with their accounts) of which so many names are stated that all tables are asked for."""
    counts = Counter((each.account, each.database or "") for each in config.selectors() if is_exact(each))
    return tuple(key for key, count in counts.items() if count > _FEW_EXACT_NAMES)


def is_exact(selector: Selector) -> bool:
    """Tell whether the entry speaks of one table of the catalog."""
    return not selector.is_prefix and not selector.is_glob


_Key: TypeAlias = "tuple[str, str | None, str, str]"
"""What is asked of the catalog, and of whom: the names of an account's databases, a database, or a single table."""
_NAMES, _DATABASE, _TABLE = "names", "database", "table"


class _Reading:
    """Reads what a config speaks of out of the catalog, side by side, until ``stop_at`` (monotonic seconds)."""

    def __init__(
        self, catalog: Catalog, config: Config, selectors: Sequence[Selector], stop_at: float | None
    ) -> None:
        self._catalog, self._stop_at, self._timeout_s = catalog, stop_at, SLOWEST_S
        self._crew: Crew[_Key, Found | tuple[str, ...] | Table] = Crew(
            config.settings.concurrency, timeout_s=self._timeout_s, stop_at=stop_at
        )
        self._asked: set[_Key] = set()
        self._globs = [each for each in selectors if each.is_glob]
        self._exact = [each for each in selectors if is_exact(each)]
        self._whole = set(whole_databases(config))
        self._read = Catalogued()

    def read(self) -> Catalogued:
        """Return all that was read, with a problem for each answer that did not come."""
        for selector in self._globs:
            database = selector.database or ""
            if is_pattern(database):
                self._ask((_NAMES, selector.account, "", ""))
            else:
                self._ask((_DATABASE, selector.account, database, ""))
        for account, database in dict.fromkeys((each.account, each.database or "") for each in self._exact):
            if (account, database) in self._whole or self._by_glob(account, database):
                self._ask((_DATABASE, account, database, ""))
        for selector in self._exact:
            database = selector.database or ""
            if (_DATABASE, selector.account, database, "") not in self._asked:
                self._ask((_TABLE, selector.account, database, selector.name or ""))
        for done in self._crew.outcomes():
            self._take(done)
        # Glue leaves out of a database's tables those that the role may not see: only asking for one tells which.
        for selector in self._exact:
            account, database, name = selector.account, selector.database or "", selector.name or ""
            if self._read.lacks(account, database, name):
                self._ask((_TABLE, account, database, name))
        for done in self._crew.outcomes():
            self._take(done)
        return self._read

    def _by_glob(self, account: str | None, database: str) -> bool:
        """Tell whether a glob asks for the whole database, once the catalog has told that there is one."""
        return any(
            glob.account == account and matches_name(glob.database or "", database) for glob in self._globs
        )

    def _ask(self, key: _Key) -> None:
        if key not in self._asked:
            self._asked.add(key)
            self._crew.submit(key, partial(self._answer, key))

    def _answer(self, key: _Key) -> Found | tuple[str, ...] | Table:
        """Ask the catalog, in a thread of the crew; no request goes out any more once nobody waits for it."""
        kind, account, database, name = key
        ends = time.monotonic() + self._timeout_s
        with metered(Meter(ends if self._stop_at is None else min(ends, self._stop_at))):
            if kind == _NAMES:
                return self._catalog.databases(account)
            if kind == _DATABASE:
                return self._catalog.tables(database, account)
            return self._catalog.table(database, name, account)

    def _take(self, done: Done[_Key, Found | tuple[str, ...] | Table]) -> None:
        kind, account, database, name = done.key
        answer = done.value if done.error is None else self._problem(done.key, done.error)
        if isinstance(answer, Found):
            self._read.databases[account, database] = {table.name or "": table for table in answer.tables}
            self._read.broken |= answer.problems
        elif isinstance(answer, Table):
            self._read.singles[account, database, name] = answer
        elif isinstance(answer, tuple):
            self._read.names[account] = answer
            for selector in self._globs:
                for each in answer if selector.account == account else ():
                    if matches_name(selector.database or "", each):
                        self._ask((_DATABASE, account, each, ""))
        elif answer is not None and kind == _NAMES:
            self._read.names[account] = answer
        elif answer is not None and kind == _DATABASE:
            self._read.databases[account, database] = answer
        elif answer is not None:
            self._read.singles[account, database, name] = answer

    def _problem(self, key: _Key, error: BaseException) -> Problem:
        """Return why an answer is not there; an error that the catalog does not tell is a fault of ours."""
        kind, account, database, name = key
        of = f" of account {account}" if account else ""
        what = {
            _NAMES: f"the databases{of} were",
            _DATABASE: f"the tables of database {database}{of} were",
            _TABLE: f"{table_id(database, name, account)} was",
        }[kind]
        if isinstance(error, GivenUp) and error.why is Why.SLOW:
            return Problem(
                ProblemKind.TIMED_OUT,
                f"{what} not read from Glue within {self._timeout_s:g} s",
                "look at the network and the endpoint, or raise timeout",
                f"timed out after {self._timeout_s:g} s in the catalog",
            )
        is_over = self._stop_at is not None and time.monotonic() >= self._stop_at
        if isinstance(error, GivenUp) or (isinstance(error, Unobserved) and is_over):
            return Problem(
                ProblemKind.NOT_REACHED,
                f"{what} not reached in the catalog before the time for planning was up",
                "give the run more time or concurrency; if Glue does not answer, look at the network and the endpoint",
                "the catalog was not reached in time",
            )
        if isinstance(error, Unobserved):
            return error.problem
        raise error


def is_pattern(database: str) -> bool:
    """Tell whether the name of a database may stand for several."""
    return "*" in database or "?" in database


def not_in_catalog(table: str, why: str = "") -> Problem:
    """Return the problem of a table, or a glob of them, that the catalog does not have."""
    because = f": {why}" if why else ""
    region = _OTHER_REGION if _NO_DATABASE.search(why) else ""
    matches = "matches no table in the catalog" if "*" in table or "?" in table else "is not in the catalog"
    return Problem(
        ProblemKind.NOT_IN_CATALOG,
        f"{table} {matches}{because}",
        f"mend the name in the config, create the table, or let the monitor see it (Glue and Lake Formation){region}",
    )
