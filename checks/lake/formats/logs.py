"""What the readers of table logs share: bounds, words and the observation that they return."""

from __future__ import annotations

import json
import posixpath
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from checks.lake.errors import clean
from checks.model import Arrival, Listing, Observation, Problem, ProblemKind, Unobserved, iso

if TYPE_CHECKING:
    from checks.rules.asking import Clock
    from checks.rules.base import TablePlan

AHEAD = timedelta(minutes=10)
"""A log time that is further ahead of now than this is not believed."""
MOST_JSON_VALUES = 2_000_000
"""Metadata of 32 MiB holds some 1,200,000."""
_BEFORE_VALUES = (b",", b"[", b"{")
_S3 = ("s3://", "s3a://", "s3n://")
_MOST_DIGITS = 19
_MOST = 2**63
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Recency:
    """What a log told of the newest arrival.

    ``problem`` says why it is not known, or what may hide a newer one; ``no_later_than`` bounds when what is
    not known came, by the evidence ``bound_by``. With none of them, the whole history was read and no data ever came.
    """

    newest: Arrival | None = None
    problem: Problem | None = None
    notes: tuple[str, ...] = ()
    no_later_than: datetime | None = None
    bound_by: str = "the table's log"


def observation_of(plan: TablePlan, clock: Clock, recency: Recency) -> Observation:
    """Return the observation of a table whose log was read; a time ahead of the clock is a problem.

    A table whose whole log adds no data is told as a complete listing of nothing: never loaded. One whose
    newest data is only known to be older than its limits allow is proved stale by that.
    """
    newest, problem, notes = recency.newest, recency.problem, recency.notes
    if newest is None and problem is not None and _is_too_old(recency.no_later_than, plan, clock):
        notes, problem = (*notes, problem.message), None
        newest = Arrival(recency.no_later_than or clock.now, recency.bound_by, is_bound=True)
    if newest is not None and newest.at > clock.latest + AHEAD:
        problem = from_the_future(plan.table.id, newest)
        newest = None
    never = newest is None and problem is None
    return Observation(
        table=plan.table,
        now=clock.now,
        listing=Listing(complete=True) if never else None,
        newest=newest,
        newest_complete=problem is None,
        problem=problem,
        notes=notes,
    )


def _is_too_old(at: datetime | None, plan: TablePlan, clock: Clock) -> bool:
    limit = strictest_limit(plan, clock) if at is not None else None
    return at is not None and limit is not None and at < limit


def from_the_future(table: str, arrival: Arrival) -> Problem:
    """Return the problem of a log time that is ahead of the clock."""
    return Problem(
        ProblemKind.FROM_THE_FUTURE,
        f"the log of {table} says that its newest data came at {iso(arrival.at)} ({arrival.evidence}), "
        "which is yet to come",
        "look at the clock of the machine that writes it",
    )


def only_bounded(table: str, at: datetime | None, why: str, remedy: str = "") -> Problem:
    """Return the problem of a log that tells of the newest data only that it came at or before an instant."""
    when = f"came at or before {iso(at)}" if at is not None else "came at a time that is not known"
    return Problem(ProblemKind.TOO_LITTLE_HISTORY, f"{table}: its newest data {when}: {why}", remedy)


def malformed(place: str, wrong: str) -> Unobserved:
    """Return the error of a log file that is not as its format says."""
    return Unobserved(
        Problem(
            ProblemKind.MALFORMED,
            f"{clean(place)} is malformed: {clean(wrong)}",
            "look at the file, and at the engine that wrote it",
            f"malformed {clean(place)}",
        )
    )


def over_bound(place: str, what: str, remedy: str = "") -> Unobserved:
    """Return the error of a file that may well be sound and is larger than what is read of one."""
    return Unobserved(Problem(ProblemKind.OVER_BUDGET, f"{clean(place)}: {clean(what)}", remedy))


def unsupported(place: str, what: str, remedy: str = "") -> Unobserved:
    """Return the error of something that is not read."""
    return Unobserved(Problem(ProblemKind.UNSUPPORTED, f"{clean(place)}: {clean(what)}", remedy))


def strictest_limit(plan: TablePlan, clock: Clock) -> datetime | None:
    """Return the latest watermark of the table's rules, None when there is none."""
    needs = (rule.needs(plan.table, None, clock, plan.memory) for rule in plan.rules)
    return max((each.watermark for each in needs if each.watermark is not None), default=None)


def place_of(uri: str) -> tuple[str, str] | None:
    """Return bucket and key of an S3 URI as engines write it (s3, s3a, s3n); None when it is none."""
    scheme = next((scheme for scheme in _S3 if uri.lower().startswith(scheme)), None)
    if scheme is None:
        return None
    bucket, _, key = uri[len(scheme) :].partition("/")
    return (bucket, key) if bucket and key else None


def place_near(uri: str, location: Any, place: str) -> tuple[str, str] | None:
    """Return bucket and key of what a metadata file at ``place`` names; a relative path is one below its table.

    ``location`` is the table's own as the file tells it, which relative paths may begin with. The table lies where
    the folder ``metadata/`` is. None for what is not in S3.
    """
    root, sign, _ = place.rpartition("/metadata/")
    if "://" in uri or uri.startswith("/") or not sign:
        return place_of(uri)
    path = posixpath.normpath(uri)
    begin = posixpath.normpath(location) + "/" if isinstance(location, str) and location else "/"
    return place_of(f"{root}/{path.removeprefix(begin)}") if not path.startswith("..") else None


def uri_of(uri: str) -> str:
    """Return an S3 URI as it is written elsewhere, ``s3://``, fit to be told; other paths as they are."""
    place = place_of(uri)
    return clean(f"s3://{place[0]}/{place[1]}" if place is not None else uri)


def parse_json(data: bytes, place: str) -> dict[str, Any]:
    """Return the object that a JSON text holds; raise Unobserved for anything else.

    Texts that hold little but values are refused unread: ``[]`` takes 30 times its bytes in memory.
    """
    if not data:
        raise malformed(place, "it is empty")
    if len(data) > MOST_JSON_VALUES and sum(data.count(mark) for mark in _BEFORE_VALUES) > MOST_JSON_VALUES:
        raise over_bound(
            place, f"it holds more than {MOST_JSON_VALUES:,} values, which is as much as is read"
        )
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        what = "it is nested too deeply" if isinstance(error, RecursionError) else f"it is no JSON ({error})"
        raise malformed(place, what) from error
    if not isinstance(document, dict):
        raise malformed(place, "it is no JSON object")
    return document


def gunzip(data: bytes, place: str, max_bytes: int) -> bytes:
    """Return what a gzip file holds, at most ``max_bytes``; raise Unobserved when it is torn or larger."""
    inflate = zlib.decompressobj(wbits=31)
    try:
        plain = inflate.decompress(data, max_bytes + 1)
    except zlib.error as error:
        raise malformed(place, f"it is no whole gzip file ({error})") from error
    if len(plain) > max_bytes:
        raise over_bound(
            place, f"it unpacks to more than {max_bytes:,} bytes, which is as much as is read of one"
        )
    if not inflate.eof:
        raise malformed(place, "it is a gzip file that was cut short")
    return plain


def whole_number(value: Any) -> int | None:
    """Return a number that a log writes as one or as text (Iceberg's summaries); None when it is none of 64 bits."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value if -_MOST <= value < _MOST else None
    if isinstance(value, str) and 0 < len(value) <= _MOST_DIGITS and value.isascii() and value.isdigit():
        return int(value)
    return None


def instant_of_ms(value: Any, what: str, place: str) -> datetime:
    """Return the instant (UTC) of milliseconds since 1970; raise Unobserved when it is no believable time."""
    number = whole_number(value)
    at = believable(number) if number is not None else None
    if at is None:
        raise malformed(place, f"{what} is {value!r}, which is no time in milliseconds")
    return at


def believable(milliseconds: int) -> datetime | None:
    """Return the instant (UTC) of milliseconds since 1970, None where it is no believable time."""
    try:
        at = _EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError:
        return None
    return at if at >= _EARLIEST else None
