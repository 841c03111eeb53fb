"""The data sets and their columns, with what each means: the schema that files, Glue and the documentation share.

A column is never renamed, retyped or taken out within a version: a later version may add some, which older files hold
as nulls. Instants are UTC without a zone, to the millisecond: what every engine reads alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from checks.model import utc

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

VERSION = 1
"""The version of the schema that is written; a file names its own."""
PARTITION = "day"
"""The column that is in the names of folders alone: the date in UTC of the run."""


class Kind(Enum):
    """What a column holds: the type that Glue and Athena know it by."""

    TEXT = "string"
    INSTANT = "timestamp"
    WHOLE = "bigint"
    NUMBER = "double"
    FLAG = "boolean"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """A data set; ``columns`` are their kinds and meanings by name.

    One without ``folded`` holds rows of runs, which bear their ``run_id``; a run that is tried again replaces them. Of
    one with it, rows that are alike but for these columns are one: the first of these is the least, the last the most.
    """

    name: str
    about: str
    columns: Mapping[str, tuple[Kind, str]]
    folded: tuple[str, str] | None = None

    @property
    def schema(self) -> Any:
        """Its columns as Arrow has them; texts with a dictionary, since most come again and again."""
        import pyarrow as pa  # type: ignore[import-untyped]

        types: dict[Kind, Any] = {
            Kind.TEXT: pa.dictionary(pa.int32(), pa.string()),
            Kind.INSTANT: pa.timestamp("ms"),
            Kind.WHOLE: pa.int64(),
            Kind.NUMBER: pa.float64(),
            Kind.FLAG: pa.bool_(),
        }
        return pa.schema([(name, types[kind]) for name, (kind, _) in self.columns.items()])


def plain(instant: datetime | None) -> datetime | None:
    """Return an instant as the data sets have it: UTC without a zone."""
    return utc(instant).replace(tzinfo=None) if instant is not None else None


_RUN = {
    "config": (Kind.TEXT, "the config's name"),
    "run_id": (Kind.TEXT, "the run"),
    "run_at": (Kind.INSTANT, "the time that the run judged"),
}
_OF_TABLE = {
    "table_id": (Kind.TEXT, "database.table, account/database.table or s3://bucket/prefix/"),
}
_OF_CHECK = {**_OF_TABLE, "check_name": (Kind.TEXT, "the check, such as freshness")}

_RUNS = Dataset(
    name="runs",
    about="One row a run.",
    columns={
        **_RUN,
        "zone": (Kind.TEXT, "the zone that people are told times in"),
        "first_run": (Kind.FLAG, "nothing was remembered of earlier runs"),
        "delivered": (Kind.FLAG, "its report reached all who were to get it"),
        "tables": (Kind.WHOLE, "tables watched"),
        "fresh": (Kind.WHOLE, "tables without trouble"),
        "warning": (Kind.WHOLE, "tables over a warning limit"),
        "critical": (Kind.WHOLE, "tables over a critical limit"),
        "unknown": (Kind.WHOLE, "tables that could not be checked"),
        "reached": (Kind.WHOLE, "tables that were looked at before its time was up"),
        "requests": (Kind.WHOLE, "requests to AWS"),
        "usd": (Kind.NUMBER, "US dollars at list price"),
        "seconds": (Kind.NUMBER, "seconds it took"),
    },
)
_OBSERVATIONS = Dataset(
    name="observations",
    about="One row a run and table: what was seen, before anything was judged.",
    columns={
        **_RUN,
        **_OF_TABLE,
        "account": (Kind.TEXT, "the account's name in the config; null: the monitor's own"),
        "database_name": (Kind.TEXT, "the database; null for a prefix"),
        "table_format": (Kind.TEXT, "files, iceberg, delta or hudi"),
        "location": (Kind.TEXT, "where its data lies"),
        "newest_at": (Kind.INSTANT, "when the newest data came that was seen"),
        "evidence": (Kind.TEXT, "the object, snapshot or commit that newest_at rests on"),
        "files": (Kind.WHOLE, "data files in what was looked at; of a table with periods, in these alone"),
        "size_bytes": (Kind.WHOLE, "their bytes"),
        "row_count": (Kind.WHOLE, "their rows, where metadata tells them"),
        "is_complete": (Kind.FLAG, "false: the counts are lower bounds"),
        "periods_seen": (Kind.WHOLE, "partitions that were looked at"),
        "requests": (Kind.WHOLE, "requests to AWS for it"),
        "problem": (Kind.TEXT, "why it could not be read, as a word"),
        "problem_told": (Kind.TEXT, "the same as a sentence"),
    },
)
_FINDINGS = Dataset(
    name="findings",
    about="One row a run, table and check: the verdict.",
    columns={
        **_RUN,
        **_OF_CHECK,
        "status": (Kind.TEXT, "pass, fail or unknown"),
        "severity": (Kind.TEXT, "warning or critical; null unless it fails"),
        "observed": (Kind.TEXT, "what was seen: an instant (ISO 8601), seconds, bytes or a count"),
        "expected": (Kind.TEXT, "what the strictest limit asks for"),
        "limit_warning": (Kind.TEXT, "the limit of a warning"),
        "limit_critical": (Kind.TEXT, "the limit of a critical finding"),
        "because": (Kind.TEXT, "the sentence for people"),
        "advice": (Kind.TEXT, "what to do"),
        "evidence": (Kind.TEXT, "what the observation rests on"),
        "deadline": (Kind.INSTANT, "when it was due"),
        "since": (Kind.INSTANT, "when its trouble was first reported"),
        "stale_since": (Kind.INSTANT, "when a failing table was last well, where that is known"),
        "bad_periods": (Kind.WHOLE, "due periods without usable data"),
        "problem": (Kind.TEXT, "why it is unknown, as a word"),
        "cause": (Kind.TEXT, "equal for findings that have one cause"),
        "told_within": (Kind.TEXT, "the finding that it is told within, as table|check"),
        "owner": (Kind.TEXT, "who owns the table"),
        "silenced": (Kind.TEXT, "why it is silenced; null when it is not"),
    },
)
_PERIODS = Dataset(
    name="periods",
    about="What became of each period that was due, of checks that ask for data: one row a day, period and state.",
    columns={
        "config": _RUN["config"],
        **_OF_CHECK,
        "period": (Kind.TEXT, "such as 2026-11-22; where a check knows no periods, the date in the report's zone"),
        "dimensions": (Kind.TEXT, "values of further partition keys as a JSON object; null without any"),
        "state": (Kind.TEXT, "present, late, missing, empty, unregistered, gone or unknown; fresh or stale without"),
        "due_at": (Kind.INSTANT, "its deadline"),
        "month": (Kind.TEXT, "the month that it counts in, such as 2026-11, in the report's zone"),
        "arrived_at": (Kind.INSTANT, "when its first data came, where that is known"),
        "on_time": (Kind.FLAG, "whether it came by its deadline; null where that is not known"),
        "seen_from": (Kind.INSTANT, "the first run of the day that saw it so"),
        "seen_until": (Kind.INSTANT, "the last run of the day that saw it so"),
    },
    folded=("seen_from", "seen_until"),
)  # fmt: skip
_CHANGES = Dataset(
    name="changes",
    about="One row a run and piece of news: how findings differ from what was last delivered.",
    columns={
        **_RUN,
        **_OF_CHECK,
        "item": (Kind.TEXT, "the period and its dimensions; null for the finding as a whole"),
        "reason": (Kind.TEXT, "new, escalated, ongoing, reminder, resolved, expired or no longer watched"),
        "status": (Kind.TEXT, "pass, fail or unknown"),
        "severity": (Kind.TEXT, "warning or critical; null unless it fails"),
        "since": (Kind.INSTANT, "when the trouble was first reported"),
        "because": (Kind.TEXT, "the sentence for people"),
        "told_before": (Kind.TEXT, "the sentence that was told last, where it is over"),
        "delivered": (Kind.FLAG, "whoever was to be told of it was"),
        "owner": (Kind.TEXT, "who owns the table"),
    },
)
_MARKS = Dataset(
    name="marks",
    about="What people said by command: one row a day and mark that held, was made or was taken back on it.",
    columns={
        "config": _RUN["config"],
        "mark_id": (Kind.TEXT, "the mark"),
        "kind": (Kind.TEXT, "expected, missed, new-normal, silence or ack"),
        "table_id": (Kind.TEXT, "the table, of a silence also a glob"),
        "check_name": (Kind.TEXT, "of this check alone; null: of all"),
        "period": (Kind.TEXT, "the period that is expected"),
        "moment": (Kind.INSTANT, "when something was missed, or from when on there is a new normal"),
        "made_by": (Kind.TEXT, "who said it"),
        "made_at": (Kind.INSTANT, "when"),
        "ends_at": (Kind.INSTANT, "when it ends by itself"),
        "because": (Kind.TEXT, "why"),
        "taken_back_by": (Kind.TEXT, "who took it back; null when nobody did by then"),
        "taken_back_at": (Kind.INSTANT, "when"),
        "seen_from": (Kind.INSTANT, "when it was first seen so on that day"),
        "seen_until": (Kind.INSTANT, "when it was last seen so on that day"),
    },
    folded=("seen_from", "seen_until"),
)
DATASETS: Mapping[str, Dataset] = {
    each.name: each for each in (_RUNS, _OBSERVATIONS, _FINDINGS, _PERIODS, _CHANGES, _MARKS)
}
"""All data sets by their names, which are those of folders and of tables in Glue."""
