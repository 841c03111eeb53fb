"""The words of the product as values: tables, observations, findings, changes.

Standard library only. Every instant is an aware ``datetime`` in UTC, every size is in bytes, and
``None`` means *not known*, never zero.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

    from checks.marks import Marked
    from checks.rights import Lacks

JsonValue: TypeAlias = "str | int | float | bool | list[JsonValue] | dict[str, JsonValue] | None"
Observed: TypeAlias = datetime | float | int | str | None
"""A machine value in a finding: an instant, a number of bytes, seconds or items, or a word."""
CONFIG_CHECK = "config"
"""The check under which a config that cannot be used is told; its table is the config's address."""
CATALOG_CHECK = "catalog"
"""The check under which a table is told that is not in the catalog; what can be looked at is held against it."""
Combination: TypeAlias = tuple[tuple[str, str], ...]
"""Values of the partition keys that are told apart beside time, with their names: one dimension or several."""


class Status(StrEnum):
    """The verdict of a finding."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    FAIL = "fail"
    UNKNOWN = "unknown"


class Severity(StrEnum):
    """The worst limit that a failing finding crossed."""

    WARNING = "warning"
    CRITICAL = "critical"


class Format(StrEnum):
    """How a table keeps its data, and so what tells when data came."""

    FILES = "files"
    ICEBERG = "iceberg"
    DELTA = "delta"
    HUDI = "hudi"


class ItemState(StrEnum):
    """What became of one due period (in one combination of dimensions)."""

    PRESENT = "present"
    LATE = "late"
    MISSING = "missing"
    EMPTY = "empty"
    UNREGISTERED = "unregistered"
    GONE = "gone"
    UNKNOWN = "unknown"

    is_bad: bool
    """True for the states that count against the table."""

    def __init__(self, value: str) -> None:
        """Tell good from bad once and for all: it is asked of each of many items."""
        self.is_bad = value in ("missing", "empty", "unregistered", "gone")


class ProblemKind(StrEnum):
    """Why something could not be found out."""

    DENIED = "denied"
    THROTTLED = "throttled"
    TIMED_OUT = "timed out"
    NOT_FOUND = "not found"
    MALFORMED = "malformed"
    UNSUPPORTED = "unsupported"
    NOT_REACHED = "not reached"
    OVER_BUDGET = "over budget"
    UNREACHABLE = "unreachable"
    NOT_IN_CATALOG = "not in the catalog"
    GONE_FROM_CATALOG = "gone from the catalog"
    AMBIGUOUS = "ambiguous"
    FROM_THE_FUTURE = "from the future"
    TOO_LITTLE_HISTORY = "too little history"
    INTERNAL = "internal"


@dataclass(frozen=True, slots=True)
class Problem:
    """Why something is not known, as a sentence, with what to do about it where that is known.

    ``cause`` is equal for problems that share one cause (the same bucket denied), so that a report
    can tell them in one item. ``lacks`` is what the monitor's role would have to be allowed, where that is why.
    ``refused_by`` is the service (``s3``, ``glue``) and its error code, where that is how the service itself answered.
    """

    kind: ProblemKind
    message: str
    remedy: str = ""
    cause: str = ""
    lacks: Lacks | None = None
    refused_by: tuple[str, str] | None = None


class Unobserved(Exception):  # noqa: N818 - the word of the design
    """Raised by readers when a table, or a part of it, could not be observed."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Column:
    """A column or partition key as the catalog types it."""

    name: str
    type: str


LISTS = "lists of files"
"""The ``file_format`` of a table whose objects name the files that hold its data (Hive's SymlinkTextInputFormat)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A watched table: a Glue catalog table, or a bare prefix.

    ``id`` is ``database.table``, ``account/database.table`` or ``s3://bucket/prefix/``.
    ``location`` is an ``s3://`` URI that ends in a slash, or None when the catalog tells none.
    """

    id: str
    account: str | None = None
    database: str | None = None
    name: str | None = None
    location: str | None = None
    columns: tuple[Column, ...] = ()
    partition_keys: tuple[Column, ...] = ()
    parameters: Mapping[str, str] = field(default_factory=dict)
    kind: str | None = None
    format: Format = Format.FILES
    region: str | None = None
    file_format: str | None = None
    """What its files hold, by SerDe or classification: parquet, orc, avro, json, csv, text or LISTS; None: unknown."""
    told_location: str | None = None
    """The location as the catalog tells it, where that is none in S3."""
    catalog_id: str | None = None
    """The AWS account whose catalog told of it; None where it did not say so."""
    kept_in: str | None = None
    """What keeps its data by design where that is not S3, such as postgresql or hdfs; None: S3, or nothing tells."""

    @property
    def is_prefix(self) -> bool:
        """True for a location that is watched without a catalog entry."""
        return self.database is None


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """A stretch of time whose data is kept together, such as a day: ``[start, end)`` in UTC.

    ``wall`` is the local wall-clock time of its start in the zone of its labels, without a zone; it
    is what partition values are written from. ``label`` names the period for people and in JSON:
    ``2026-11-22``, ``2026-11-22T05:00``, ``2026-W47`` or ``2026-11``.
    """

    start: datetime
    end: datetime
    wall: datetime
    label: str


@dataclass(frozen=True, slots=True, order=True)
class LogSeen:
    """A table format's own log: ``place`` is the folder of its table, an ``s3://`` URI with its slash."""

    place: str
    format: Format


class Growth(NamedTuple):
    """How much came at an instant, in whole seconds since 1970 (UTC): bytes, files, rows (None: not known).

    Without ``is_dated`` it came at that time or before: what was written anew, or lies before what a log still tells.
    """

    at: int
    size_bytes: int
    files: int
    rows: int | None = None
    is_dated: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What the data objects below one place came to.

    ``objects`` and ``size_bytes`` count data objects with at least one byte, ``empty_objects`` the
    ones of zero bytes. ``complete`` is False when the listing was ended before the last page; then
    all numbers are lower bounds. ``newest_at`` and ``oldest_at`` are LastModified times. ``rows`` are known
    where a log tells them, ``newest_files`` (newest first) and ``names`` where a check asks for them.
    """

    objects: int = 0
    size_bytes: int = 0
    empty_objects: int = 0
    newest_at: datetime | None = None
    newest_key: str | None = None
    oldest_at: datetime | None = None
    complete: bool = True
    rewritten_at: datetime | None = None
    """When the newest object was written of which the layout tells that a compaction wrote it; ``rewritten_key`` is it.

    Such are data and no arrivals: ``newest_at`` and ``oldest_at`` leave them out.
    """
    rewritten_key: str | None = None
    ignored_objects: int = 0
    """Objects that are not data: markers, logs, hidden names, names outside ``pattern``."""
    left_out: int = 0
    """Of these, the ones that would be data but for the entry's ``pattern`` and ``ignore``; ``left_out_key`` is one."""
    left_out_key: str | None = None
    rows: int | None = None
    rows_unknown: str = ""
    """Why rows are not known, where a log was read for them."""
    part_of: Problem | None = None
    """Why there may be more than this, where a log told of a part of the files."""
    newest_files: tuple[FileSeen, ...] = ()
    names: Names | None = None
    times: frozenset[int] = frozenset()
    """When data came, in whole seconds since 1970 (UTC), one of each minute, where a check asks for it."""
    growth: tuple[Growth, ...] = ()
    """How it came to this, by the minute and in order, where that is asked for; what was deleted is a step less."""
    logs: tuple[LogSeen, ...] = ()
    """The logs of table formats that lie in the place: which files of their tables count, they alone tell."""


@dataclass(frozen=True, slots=True)
class FileSeen:
    """A data object: its ``s3://`` URI, its bytes, and when it was written (LastModified).

    Where a log names it, ``at`` is when its commit came; with ``is_latest`` it came then or earlier.
    """

    uri: str
    size_bytes: int
    at: datetime
    is_latest: bool = False


@dataclass(frozen=True, slots=True)
class Suffix:
    """How many data objects' names end alike (``.parquet``, ``.csv.gz``, empty for none), and one of them.

    ``recorded`` is what the table's log says that they hold, None where no log says it.
    """

    text: str
    count: int
    example: str
    recorded: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What names and sizes of objects tell, where a check asks for it.

    ``outside`` counts objects that would be data but for ``pattern``, ``small`` data objects of at least one byte
    that are smaller than the check asks for.
    """

    suffixes: tuple[Suffix, ...] = ()
    small: int = 0
    outside: int = 0
    outside_example: str | None = None
    empty_example: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FooterSeen:
    """What the footer of one Parquet file tells.

    ``columns`` are typed as Hive writes types. ``newest`` is the newest value of the column that a check asks
    for, None where no row group holds any; of dates (``is_day``) it is the end of the newest day. ``problem`` says
    why the footer is not known, or why there may be a newer value.
    """

    file: FileSeen
    columns: tuple[Column, ...] = ()
    rows: int | None = None
    newest: datetime | None = None
    is_day: bool = False
    problem: Problem | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ValuesSeen:
    """What a table's log tells of the newest value of a column, by the bounds that it keeps or by footers.

    ``files`` are those that decide: the one with the newest value, one with a value that is yet to come, one that
    does not tell. ``looked_at`` counts all; ``problem`` says why there may be a newer value in others.
    """

    files: tuple[FooterSeen, ...] = ()
    looked_at: int = 0
    problem: Problem | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeSeen:
    """What a table's log tells of the whole table.

    ``problem`` says why it is not known, or beside a listing why that is no more than a lower bound.
    """

    listing: Listing | None = None
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class Size:
    """How much data there is; ``rows`` is None where no metadata tells it."""

    bytes: int
    files: int
    rows: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionSeen:
    """One partition (or the place where it should be) as it was seen at ``now``.

    ``registered`` is None where nothing needs to be registered (a bare prefix, projection).
    ``listing`` is None when it was not or could not be listed; ``problem`` says why. ``usual_location`` is
    where its data lies, by its name, when nothing lies where it is registered. ``seen_at`` is when an earlier run
    looked at it, where its answer stands in place of a look; ``lasting`` tells of a look that may stand so.
    """

    period: Period
    values: tuple[str, ...] = ()
    dimensions: tuple[tuple[str, str], ...] = ()
    location: str | None = None
    registered: bool | None = None
    created_at: datetime | None = None
    listing: Listing | None = None
    problem: Problem | None = None
    usual_location: str | None = None
    seen_at: datetime | None = None
    lasting: bool = False


@dataclass(frozen=True, slots=True)
class Arrival:
    """Data that came: when, and the evidence it rests on (an object, a snapshot, a commit file).

    ``is_bound``: it came at or before that, and when exactly is not known.
    """

    at: datetime
    evidence: str
    is_bound: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What was measured of one table at one ``now``; the input of every rule.

    For a table that was read as one place ``listing`` is set. For a table that was read by period
    ``partitions`` holds one entry a partition looked at, and ``first_period_at`` the start of the
    earliest period that is known to hold data; ``first_period_problem`` says why there may be earlier ones,
    ``further_problem`` why data may have come to partitions that were not looked at.
    ``newest`` is the newest arrival known from a table format's own log. ``footers`` are those of the newest files.
    Where a check asks for it, a log also tells ``whole``, how much the table holds, ``live``, what its files are
    like, and ``values``, the newest ones of a column. ``log_answer`` is what later runs may take in place of a look.
    ``arrivals`` are further times at which data came, in whole seconds since 1970 (UTC), where a check learns of them;
    without ``arrivals_whole`` they, and those of listings, need not be all since an earlier look.
    ``problem`` is set when the table as a whole could not be read; what is set beside it still holds. ``behind`` says
    why readers of the table see less than was written, with what mends it. ``together`` are other tables that a rule
    judges together with it, as far as they were looked at. ``logs`` is what is known of the logs at a prefix.
    """

    table: Table
    now: datetime
    listing: Listing | None = None
    partitions: tuple[PartitionSeen, ...] = ()
    newest: Arrival | None = None
    newest_complete: bool = True
    first_period_at: datetime | None = None
    first_period_problem: Problem | None = None
    further_problem: Problem | None = None
    problem: Problem | None = None
    behind: Problem | None = None
    notes: tuple[str, ...] = ()
    layout: Mapping[str, JsonValue] | None = None
    footers: tuple[FooterSeen, ...] = ()
    whole: WholeSeen | None = None
    live: WholeSeen | None = None
    values: ValuesSeen | None = None
    log_answer: LogAnswer | None = None
    logs: LogsKnown | None = None
    together: tuple[Observation, ...] = ()
    arrivals: frozenset[int] = frozenset()
    arrivals_whole: bool = True
    requests: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LogsKnown:
    """Which logs of table formats lie at a prefix, as it was seen at ``seen_at``.

    ``format`` is that of the log right below it, FILES where there is none; ``below`` are those of tables farther down.
    """

    seen_at: datetime
    format: Format = Format.FILES
    below: tuple[LogSeen, ...] = ()


@dataclass(frozen=True, slots=True)
class PastPeriod:
    """Whether a period (of a combination of dimensions) that was due at ``due_at`` came on time."""

    due_at: datetime
    on_time: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a run saw at ``seen_at`` of a partition that held data, and what the catalog said of it then.

    ``period`` is its label. ``pattern`` said which objects are data. Its age counts from the look itself, however
    often it stood in place of another one since.
    """

    period: str
    seen_at: datetime
    listing: Listing
    values: tuple[str, ...] = ()
    registered: bool | None = None
    created_at: datetime | None = None
    pattern: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LogAnswer:
    """What a run read at ``seen_at`` of a table's log, whose file the catalog named then (``pointer``).

    ``asked`` says for what it was read. Without a ``newest`` arrival it was never loaded; ``is_sure`` tells that a pass
    may rest on that one's time. ``whole`` is how much the table held, where that was asked.
    """

    pointer: str
    seen_at: datetime
    asked: tuple[str, ...]
    newest: Arrival | None = None
    is_sure: bool = False
    whole: Listing | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrivalsKept:
    """The arrivals of a table that a check learns from, and how its last silence went.

    ``times`` holds them in order, in whole seconds since 1970 (UTC): the first, then the seconds from each to the next.
    ``last_at`` is the newest arrival of all, ``looked_at`` when it was seen; ``is_outdated`` tells that what came since
    the last of ``times`` was seen in part only, and has to be learned anew.
    ``opened_at`` is since when an alert is open, ``returned`` how many arrivals came since; ``told_s`` the seconds of
    the last silence that was told until the rhythm is back, ``in_time`` how many came in time since, ``late_s`` by how
    much later than usual what ended it came, until something comes in time.
    """

    times: str = ""
    last_at: datetime | None = None
    looked_at: datetime | None = None
    is_outdated: bool = False
    opened_at: datetime | None = None
    returned: int = 0
    told_s: int = 0
    in_time: int = 0
    late_s: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TableMemory:
    """What earlier runs remember of one table; all of it may be absent.

    ``first_seen`` tells for recent periods (by label) by when there was data in them, when that was first seen; where
    dimensions are told apart, also for each of their items (by its key). ``layout`` is how partition values carry time,
    as it was inferred before. ``combinations`` are the values of dimensions that were ever seen, and the start of the
    first period of each.
    ``past_periods`` tells of the last ones that were due whether they came on time, by the key of their items.
    ``sizes`` are those of recent periods (by label), or of the whole table by the day of the look, where its volume
    is checked; ``schema`` holds the columns and then the partition keys last seen, where these are checked.
    ``answers`` are what was seen of partitions of the lookback, by their location, where that may spare a request;
    ``log_answer`` is what was read of the table's log. ``ages`` are those beyond which periods were gone, each with
    the last days on which that was seen. ``arrivals`` is what limits are learned from, where they are;
    ``firsts``, when the first data of earlier periods came (by label), what schedules are learned from. ``logs`` are
    those of table formats that lie at a prefix.
    """

    first_period_at: datetime | None = None
    first_seen: Mapping[str, datetime] = field(default_factory=dict)
    layout: Mapping[str, JsonValue] | None = None
    combinations: Mapping[Combination, datetime] = field(default_factory=dict)
    past_periods: Mapping[str, PastPeriod] = field(default_factory=dict)
    sizes: Mapping[str, Size] = field(default_factory=dict)
    schema: tuple[Column, ...] | None = None
    answers: Mapping[str, Answer] = field(default_factory=dict)
    log_answer: LogAnswer | None = None
    ages: Mapping[int, tuple[date, ...]] = field(default_factory=dict)
    arrivals: ArrivalsKept | None = None
    firsts: Mapping[str, datetime] = field(default_factory=dict)
    logs: LogsKnown | None = None

    def typed(self, table: Table) -> Table:
        """Return a prefix as a table of the format whose log an earlier run found there; any other as it is."""
        if self.logs is None or not table.is_prefix or table.format is not Format.FILES:
            return table
        return replace(table, format=self.logs.format)

    @property
    def has_to_learn(self) -> bool:
        """True where the habit of the table has to be learned from what the lake holds: none is known that holds."""
        return self.arrivals is None or self.arrivals.is_outdated

    def knows_until(self, at: datetime | None) -> bool:
        """Tell whether what came from an instant on holds all that came since the last look; None: since it began."""
        looked_at = self.arrivals.looked_at if self.arrivals is not None else None
        return at is None or looked_at is None or at <= looked_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One period (and combination of dimensions) of a finding.

    ``detail`` is a short sentence part for people; ``remedy`` a statement that mends it. ``within`` is the id of the
    finding of another table that tells it, empty where its own finding does.
    """

    period: str
    state: ItemState
    dimensions: tuple[tuple[str, str], ...] = ()
    due_at: datetime | None = None
    arrived_at: datetime | None = None
    detail: str = ""
    remedy: str = ""
    marked: str = ""
    """The id of the mark by which it is expected, so that it is not told; empty where there is none."""
    within: str = ""

    @property
    def key(self) -> str:
        """Identify the item within its finding: the period, then the dimensions."""
        return item_key(self.period, self.dimensions)


def item_key(period: str, dimensions: Combination) -> str:
    """Write the key of an item: ``2026-11-22``, ``2026-11-22/region=us``."""
    return "/".join([period, *(f"{name}={value}" for name, value in dimensions)]) if dimensions else period


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The limits of a finding as machine values: instants, bytes or counts. None: no such limit."""

    warning: Observed = None
    critical: Observed = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standstill:
    """Nothing came since ``since`` (None: nothing ever came), and ``overdue_at`` is when something should have.

    ``of`` says what: data that arrived, or events by the time that they tell themselves. ``item`` is the key of the
    item that tells it, empty where the finding does as one. ``overdue_at`` is None where no deadline is known.
    """

    since: datetime | None
    overdue_at: datetime | None
    of: str = "arrivals"
    item: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Absence:
    """What data a failing finding tells to be absent, as instants in UTC, so that tables can be held together.

    ``periods`` are the stretches ``[start, end)`` that lack data, by the key of their item (empty where the finding
    tells of a single one). ``standstill``: nothing came up to now.
    """

    periods: Mapping[str, tuple[datetime, datetime]] = field(default_factory=dict)
    standstill: Standstill | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """The verdict on one (table, check).

    ``because`` is the sentence: what was seen, what was expected, by when. ``advice`` says what to do, and
    ``statement`` what to run for it; ``usual`` how the table usually behaves. ``severity`` is None unless the status
    is fail.
    ``expected`` is what the strictest limit asks for, ``deadline`` when it was due.
    ``stale_since`` is when a failing table was last well, where that is known: it tells long-dead
    tables from news on the first run. ``cause`` groups findings that have one cause.
    """

    table: str
    check: str
    status: Status
    because: str
    severity: Severity | None = None
    observed: Observed = None
    expected: Observed = None
    limits: Limits = field(default_factory=Limits)
    evidence: str | None = None
    items: tuple[Item, ...] = ()
    deadline: datetime | None = None
    advice: str = ""
    statement: str = ""
    usual: str = ""
    note: str = ""
    """What is told once, with items that are over without having been mended."""
    stale_since: datetime | None = None
    problem: ProblemKind | None = None
    cause: str = ""
    lacks: Lacks | None = None
    """The rights that it could not be checked for want of, None where that is not why."""
    owner: str | None = None
    runbook: str | None = None
    console_url: str | None = None
    silenced: str | None = None
    """Why it is not told (the reason of a silence, or what expects it), None where it is."""
    marked: tuple[Marked, ...] = ()
    """What people said of it that holds now."""
    of_period: str = ""
    """The period of which too little came, where that is what it fails by."""
    judged: str = ""
    """The single period whose data it judges, where it does, whatever it fails by."""
    lacking: tuple[str, ...] = ()
    """The periods that it tells to hold no data at all."""
    absence: Absence | None = None
    """What data it tells to be absent; None where it fails by something else."""
    within: str = ""
    """The id of the finding that all of it is told within; empty where it is told by itself."""
    told_with: tuple[Finding, ...] = ()
    """Those that are told within it, of its own table and of those that are made from it."""
    whole_table: bool = False
    """True when the finding stands for all checks of its table (it is not in the catalog)."""

    def __post_init__(self) -> None:
        """Refuse a severity without a failure and a failure without a severity."""
        if (self.severity is not None) != (self.status is Status.FAIL):
            message = f"{self.table} {self.check}: severity {self.severity} with status {self.status}"
            raise ValueError(message)

    @property
    def id(self) -> str:
        """Identify the finding within a report."""
        return f"{self.table}|{self.check}"

    @property
    def hidden_in(self) -> frozenset[str]:
        """The ids of the findings that it, or single items of it, are told within."""
        hosts = {item.within for item in self.items if item.within}
        return frozenset({*hosts, self.within} if self.within else hosts)

    @property
    def told_severity(self) -> Severity | None:
        """The severity that its trouble is told with: the worst of all that is told within it."""
        severities = {self.severity, *(each.severity for each in self.told_with)}
        return Severity.CRITICAL if Severity.CRITICAL in severities else self.severity

    @property
    def to_do(self) -> str:
        """What to do in one sentence, the statement to run with it."""
        return f"{self.advice}: {self.statement}" if self.statement else self.advice

    @property
    def rank(self) -> int:
        """Order by badness: critical 3, unknown 2, warning 1, fresh 0."""
        if self.status is Status.UNKNOWN:
            return 2
        return {None: 0, Severity.WARNING: 1, Severity.CRITICAL: 3}[self.severity]


class Reason(StrEnum):
    """How an item differs from what was last delivered."""

    NEW = "new"
    ESCALATED = "escalated"
    ONGOING = "ongoing"
    REMINDER = "reminder"
    RESOLVED = "resolved"
    EXPIRED = "expired"
    NO_LONGER_WATCHED = "no longer watched"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What is news (or goes on) about one (table, check) or one item of it.

    ``item`` is the key of an `Item`, None for the finding as a whole. ``status`` and ``severity`` are
    those of now (of last time for what is no longer watched); ``since`` is when the trouble was first
    reported. ``because`` is the sentence of the finding it speaks of; ``before`` the one
    that was told of the trouble last time, where it is over or can no longer be checked. ``note`` says why it is
    over, where it was not mended; ``over`` holds the keys of the items that end with it, where it ends them as one.
    ``also`` are the tables, each with its owner, that were told within a trouble that is over: whoever was told of
    these is told of its end.
    """

    table: str
    check: str
    reason: Reason
    status: Status
    because: str
    severity: Severity | None = None
    item: str | None = None
    since: datetime | None = None
    owner: str | None = None
    before: str = ""
    note: str = ""
    over: tuple[str, ...] = ()
    also: tuple[tuple[str, str | None], ...] = ()

    @property
    def finding_id(self) -> str:
        """The id of the finding that this is about."""
        return f"{self.table}|{self.check}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a run took: requests to AWS by operation, US dollars at list price, seconds."""

    requests: int = 0
    usd: float = 0.0
    seconds: float = 0.0
    by_operation: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Summary:
    """How many tables there are, each counted once by its worst finding."""

    tables: int = 0
    fresh: int = 0
    warning: int = 0
    critical: int = 0
    unknown: int = 0

    @property
    def failing(self) -> int:
        """Tables with a crossed limit."""
        return self.warning + self.critical


def summarize(findings: tuple[Finding, ...]) -> Summary:
    """Count each table once: critical before unknown before warning before fresh.

    Silenced findings touch neither subject nor exit code: a table that is not well in what is silenced alone
    counts among the tables, and as none of the four, since it is not fresh either. The config is no table.
    """
    worst: dict[str, int] = {}
    for finding in findings:
        if finding.check == CONFIG_CHECK:
            continue
        rank = finding.rank
        if finding.silenced is not None:
            rank = -1 if rank else 0
        before = worst.get(finding.table, 0)
        worst[finding.table] = max(before, rank) if before > 0 or rank > 0 else min(before, rank)
    ranks = list(worst.values())
    return Summary(
        tables=len(ranks),
        fresh=ranks.count(0),
        warning=ranks.count(1),
        unknown=ranks.count(2),
        critical=ranks.count(3),
    )


def utc(instant: datetime) -> datetime:
    """Return the same instant in UTC; raise ValueError when it has no zone."""
    if instant.tzinfo is None:
        message = f"{instant.isoformat()} has no time zone"
        raise ValueError(message)
    return instant.astimezone(UTC)


def iso(instant: datetime) -> str:
    """Write an instant as ISO 8601 in UTC, to the second: ``2026-11-22T06:00:00Z``."""
    return utc(instant).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"  # strftime pads no years
