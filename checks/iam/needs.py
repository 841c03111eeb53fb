"""What a config needs to be allowed: asked of the catalog through the plan of a run, nothing silently left out."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from checks.aws.uris import split_uri
from checks.channels import channel_of
from checks.channels.sns import PUBLISH, region_of
from checks.config.targets import Webhook
from checks.history.datasets import places
from checks.iam.registry import actions_of
from checks.lake import Aws, Lake
from checks.lake.account import Accounts
from checks.lake.formats import reader_of
from checks.lake.glue.catalog import ALL_DATABASES, ALL_TABLES, ONE_TABLE
from checks.lake.reach import Reached, reach_of
from checks.lake.s3.scan import DIRECTORY_BUCKET
from checks.layout.projection import is_projected
from checks.model import Unobserved
from checks.monitor import history_of
from checks.monitor.catalogued import whole_databases
from checks.monitor.delivery import targets_of
from checks.monitor.last_good import KEPT_IN, place_of
from checks.monitor.members import member_selectors
from checks.monitor.plan import plan
from checks.rights import GET, LIST, PUT, Home, Reach, Right, literal
from checks.rules.asking import (
    Clock,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import datetime

    from checks.config.resolved import Config
    from checks.config.selectors import Selector
    from checks.config.targets import Reference, Target
    from checks.model import Problem
    from checks.rules.base import TablePlan

NEEDED_BY_KEYS = {GET: ("kms:Decrypt",), PUT: ("kms:Decrypt", "kms:GenerateDataKey")}
"""What reading and writing of encrypted objects takes on their key; SNS asks for the same as writing (SNS Developer
Guide, "Key management")."""
DIRECTORY = "s3express:CreateSession"
"""What botocore asks for by itself before it reads a directory bucket, and all that this takes."""
_PLACEHOLDER = Home("aws", "*", "*")


class NoSuchAccount(Exception):  # noqa: N818 - a sentence for the user
    """Raised for an account that the config does not name, or watches nothing of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What a role needs. ``unread`` are sentences on what could not be found out of the catalog; ``unasked`` on keys.

    ``home`` is where the role is.
    """

    home: Home
    rights: tuple[Right, ...]
    unread: tuple[str, ...] = ()
    unasked: tuple[str, ...] = ()


def needs_of(
    config: Config,
    lake: Lake,
    environ: Mapping[str, str],
    now: datetime,
    *,
    history: str,
    account: str | None = None,
) -> Needs:
    """Return what the monitor's role needs, or with ``account`` the role in that account.

    Never raises for what AWS answers. Raises NoSuchAccount for an account that nothing is watched in.
    """
    if account is not None and account not in used_accounts(config):
        known = ", ".join(sorted(used_accounts(config))) or "none"
        raise NoSuchAccount(f"{account} is no account that the config watches tables of; those are: {known}")
    return _Gathering(config, lake, environ, now, history, account).needs()


def gather(config: Config, now: datetime, environ: Mapping[str, str], account: str | None = None) -> Needs:
    """Return what the monitor's role has to be allowed, or the role in another account.

    Whoever is signed in to that account needs no role of it. Raises `NoSuchAccount`.
    """
    aws = Aws(config.accounts, concurrency=config.settings.concurrency)
    other = config.accounts.get(account) if account is not None else None
    if other is not None and Accounts(aws).is_signed_in_to(other.role_arn):
        aws = Aws(config.accounts, concurrency=config.settings.concurrency, signed_in_to=account)
    lake = Lake(concurrency=config.settings.concurrency, aws=aws)
    return needs_of(config, lake, environ, now, history=history_of(config, environ), account=account)


def used_accounts(config: Config) -> frozenset[str]:
    """Return the names of the other accounts that something is watched in."""
    return frozenset(each.account for each in config.selectors() if each.account is not None)


def _asks_partitions(plan: TablePlan) -> bool:
    """Tell whether the catalog is asked for partitions of the table: of plain files, where they are registered."""
    table = plan.table
    return bool(table.partition_keys) and reader_of(table) is None and not is_projected(table)


@dataclass(slots=True)
class _Gathering:
    config: Config
    lake: Lake
    environ: Mapping[str, str]
    now: datetime
    history: str
    account: str | None
    home: Home = field(init=False)
    found: set[Right] = field(default_factory=set)
    unread: dict[str, None] = field(default_factory=dict)
    unasked: dict[str, str] = field(default_factory=dict)
    """What could not be asked of keys, by what they would be of: one sentence of a bucket is enough."""
    asker: Accounts = field(init=False)
    keys: list[_KeyAsked] = field(default_factory=list)
    """What is to be asked of keys, once all places are known."""

    def __post_init__(self) -> None:
        self.asker = Accounts(self.lake.aws)
        self.home = _PLACEHOLDER

    def needs(self) -> Needs:
        role = self.config.accounts[self.account].role_arn if self.account is not None else None
        try:
            self.home = self.asker.home(self.account, role)
        except Unobserved as error:
            self.unread[f"{error.problem.message}; so its ARNs are not narrowed to an account"] = None
        plans = self._planned()
        members = [each.plan for plan in plans for each in plan.members if each.plan is not None]
        self.found.update(
            self._of_catalog(
                frozenset(each.table.id for each in (*plans, *members) if not _asks_partitions(each)),
                [*self.config.selectors(), *(each for plan in plans for each in member_selectors(plan))],
            )
        )
        self._add_tables((*plans, *members))
        if self.account is None:
            self._add_own()
        with ThreadPoolExecutor(self.config.settings.concurrency) as pool:
            for found in pool.map(_key, self.keys):
                self._add_key(found)
        return Needs(
            home=self.home,
            rights=tuple(sorted(self.found)),
            unread=tuple(self.unread),
            unasked=tuple(self.unasked.values()),
        )

    def _is_mine(self, selector: Selector) -> bool:
        return selector.account == self.account

    def _of_catalog(
        self, without_partitions: frozenset[str], selectors: Iterable[Selector]
    ) -> Iterator[Right]:
        """Yield the rights on the catalog, by the names and globs of the config: later tables are among them."""
        whole = whole_databases(self.config)
        for selector in selectors:
            if selector.is_prefix or not self._is_mine(selector):
                continue
            database, name = selector.database or "", selector.name or ""
            asked = set(actions_of("lake.glue.partitions") if selector.id not in without_partitions else ())
            if selector.is_glob:
                asked.update(ALL_TABLES)
            else:
                asked.update(ONE_TABLE)
                if (selector.account, database) in whole:
                    asked.update(ALL_TABLES)
            for action in asked:
                for resource in ("catalog", f"database/{database}", f"table/{database}/{name}"):
                    yield Right(action, self.home.glue(resource))
            if "*" in database or "?" in database:
                for action in ALL_DATABASES:
                    yield Right(action, self.home.glue("catalog"))
                    yield Right(action, self.home.glue("database/*"))

    def _planned(self) -> tuple[TablePlan, ...]:
        """Return the plans of a run; note what it could not plan."""
        planned = plan(self.config, self.lake.catalog, {}, self.now, only=self._is_mine)
        for finding in planned.findings:
            self.unread[f"{finding.because}; {finding.advice}" if finding.advice else finding.because] = None
        return planned.plans

    def _add_tables(self, plans: tuple[TablePlan, ...]) -> None:
        """Add what the tables take in S3, and the keys of what is read."""
        clock = Clock(now=self.now)
        with ThreadPoolExecutor(self.config.settings.concurrency) as pool:
            reached = list(pool.map(lambda each: reach_of(each, clock, self.lake.reader(each)), plans))
        excluding = {each.id for each in self.config.selectors() if each.exclude}
        objects: dict[tuple[str, str | None], set[str]] = {}
        for each in reached:
            if each.problem is not None:
                self.unread[f"{each.plan.table.id}: {each.problem.message}"] = None
            for reach in each.reaches:
                self._add(reach)
                if reach.action == GET:
                    objects.setdefault((reach.bucket, each.plan.table.region), set()).add(reach.beginning)
            self.found.update(self._beside(each, logs=each.plan.matched_by not in excluding))
        for (bucket, region), beginnings in sorted(objects.items(), key=str):
            self._add_keys(GET, bucket, sorted(beginnings), region)

    def _add(self, reach: Reach) -> None:
        if reach.bucket.endswith(DIRECTORY_BUCKET):  # S3 Express One Zone knows sessions only
            home = self.home
            arn = f"arn:{home.partition}:s3express:{home.region}:{home.account_id}:bucket/{reach.bucket}"
            self.found.add(Right(DIRECTORY, arn))
            return
        self.found.add(reach.right(self.home.partition))

    def _beside(self, reached: Reached, *, logs: bool) -> Iterator[Right]:
        """Yield what tables need that a glob will match later: places beside a table in a folder of its own name.

        Listings and logs alone: contents of files are read of known tables only.
        """
        table = reached.plan.table
        if not reached.plan.by_glob or table.location is None:
            return
        bucket, location = split_uri(table.location)
        parent, _, folder = location.rstrip("/").rpartition("/")
        if not parent or folder.lower() != (table.name or "").lower():
            return
        arn, begin = f"arn:{self.home.partition}:s3:::{bucket}", f"{literal(parent)}/"
        for reach in reached.reaches:
            inner = reach.beginning.removeprefix(location)
            if reach.bucket != bucket or not reach.beginning.startswith(location) or reach.exact:
                continue
            if reach.action == LIST:
                yield Right(LIST, arn, f"{begin}*/{literal(inner)}*" if inner else f"{begin}*")
            elif logs and inner:
                yield Right(reach.action, f"{arn}/{begin}*/{literal(inner)}*")

    def _add_own(self) -> None:
        """Add what the monitor itself needs: its config, its history, its topics, the roles of other accounts."""
        if self.config.source.startswith("s3://"):
            bucket, key = split_uri(self.config.source)
            for action in actions_of("lake.fetch"):
                self._add(Reach(action, bucket, key, exact=True))
            self._add_keys(GET, bucket, [key], None)
        history, kept = (f"{each.rstrip('/')}/" for each in (self.history, place_of(self.environ)))
        # A config that states another history than HISTORY: what it said when it was last right is kept there.
        for place in (history, f"{kept}{KEPT_IN}" if kept != history else ""):
            if place.startswith("s3://"):
                bucket, prefix = split_uri(place)
                for action in actions_of("history.s3"):
                    self._add(Reach(action, bucket, prefix))
                self._add_keys(PUT, bucket, [prefix], None)
        if self.config.settings.history.keep is not None and history.startswith("s3://"):
            bucket, prefix = split_uri(history)
            for action in actions_of("history.datasets.keeping"):
                for folder in places(self.config.known_as):
                    self._add(Reach(action, bucket, f"{prefix}{folder}"))
        for target in targets_of(self.config, self.environ):
            self._add_target(target)
        for name in used_accounts(self.config):
            for action in actions_of("aws.session"):
                self.found.add(Right(action, self.config.accounts[name].role_arn))

    def _add_target(self, target: Target) -> None:
        """Add what delivering to a target takes, with the keys of what that is encrypted with."""
        if target.kind in {"topic", "chat"} and region_of(target.value) is None:
            self.unread[f"{target.value} is not the ARN of an SNS topic, so nothing is allowed on it"] = None
            return
        for right in channel_of(target).needs(self.home):
            self.found.add(right)
            if right.action == PUBLISH:
                topic = right.resource
                ask = partial(self.asker.key_of_topic, topic)
                self.keys.append(_KeyAsked(ask, f"the topic {topic} is", NEEDED_BY_KEYS[PUT]))
            elif right.action == PUT:
                bucket, key = split_uri(target.value)
                self._add_keys(PUT, bucket, [key], None)
        if isinstance(target.value, Webhook):
            for kept in target.value.references():
                self._add_secret_key(kept)

    def _add_secret_key(self, kept: Reference) -> None:
        """Ask for the key that a secret is encrypted with; a variable is not."""
        asks = {"ssm": self.asker.key_of_parameter, "secretsmanager": self.asker.key_of_secret}
        if kept.kind in asks:
            ask = partial(asks[kept.kind], kept.name)
            self.keys.append(_KeyAsked(ask, f"what {kept} names is", NEEDED_BY_KEYS[GET]))

    def _add_keys(self, use: str, bucket: str, beginnings: Iterable[str], region: str | None) -> None:
        """Ask for the keys that a bucket's new objects, and the first of those below each place, are encrypted with."""
        asker, account, told = self.asker, self.account, f"objects of s3://{bucket}/ are"
        asks = [partial(asker.key_of_bucket, bucket, account, region)]
        asks += [partial(asker.key_of_objects, bucket, each, account, region) for each in beginnings]
        self.keys += [_KeyAsked(ask, told, NEEDED_BY_KEYS[use]) for ask in asks]

    def _add_key(self, found: _KeyFound) -> None:
        """Allow the use of a key that was found; where it may not be asked for, tell what to add."""
        asked, key, problem = found
        if key is not None:
            self.found.update(Right(action, key) for action in asked.needed)
        if problem is not None:
            allow = f"if so, allow {' and '.join(asked.needed)} on it"
            self.unasked.setdefault(
                asked.of, f"whether {asked.of} encrypted with a key is not known ({problem.message}); {allow}"
            )


class _KeyAsked(NamedTuple):
    ask: Callable[[], str | None]
    of: str
    needed: tuple[str, ...]


class _KeyFound(NamedTuple):
    asked: _KeyAsked
    key: str | None = None
    problem: Problem | None = None


def _key(asked: _KeyAsked) -> _KeyFound:
    try:
        return _KeyFound(asked, asked.ask())
    except Unobserved as error:
        return _KeyFound(asked, problem=error.problem)
