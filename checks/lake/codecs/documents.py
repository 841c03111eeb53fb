"""Documents of logs: JSON, gzip and the numbers in them, read within bounds."""

from __future__ import annotations

import json
import zlib
from datetime import UTC, datetime, timedelta
from typing import Any

from checks.aws.problems import clean
from checks.model import Problem, ProblemKind, Unobserved

MOST_JSON_VALUES = 2_000_000
"""Metadata of 32 MiB holds some 1,200,000."""


_BEFORE_VALUES = (b",", b"[", b"{")
_LOOK = "look at the file, and at the engine that wrote it"
_TOO_LONG = "integer string conversion"
"""How Python refuses numbers of more than 4,300 digits; JSON has no such bound."""


_MOST_DIGITS = 19


_MOST = 2**63


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)


class OverBound(ValueError):  # noqa: N818 - which bound, not what is wrong
    """Which bound a file is over, in words that go on from its name: it may well be sound."""


def malformed(place: str, wrong: str) -> Unobserved:
    """Return the error of a log file that is not as its format says."""
    return Unobserved(
        Problem(
            ProblemKind.MALFORMED,
            f"{clean(place)} is malformed: {clean(wrong)}",
            _LOOK,
            f"malformed {clean(place)}",
        )
    )


def over_bound(place: str, what: str, remedy: str = "") -> Unobserved:
    """Return the error of a file that may well be sound and is larger than what is read of one."""
    return Unobserved(Problem(ProblemKind.OVER_BUDGET, f"{clean(place)}: {clean(what)}", remedy))


def unsupported(place: str, what: str, remedy: str = "") -> Unobserved:
    """Return the error of something that is not read."""
    return Unobserved(Problem(ProblemKind.UNSUPPORTED, f"{clean(place)}: {clean(what)}", remedy))


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
    except RecursionError as error:
        raise over_bound(place, "it is nested more deeply than is read", _LOOK) from error
    except ValueError as error:
        if _TOO_LONG in str(error):
            raise over_bound(place, "a number in it has more digits than are read", _LOOK) from error
        raise malformed(place, f"it is no JSON ({error})") from error
    if not isinstance(document, dict):
        raise malformed(place, "it is no JSON object")
    return document


def gunzip(data: bytes, place: str, max_bytes: int) -> bytes:
    """Return what a gzip file holds, at most ``max_bytes``; raise Unobserved when it is torn or larger.

    It may have several members, one after the other (RFC 1952, 2.2).
    """
    plain, rest = b"", data
    while rest:
        inflate = zlib.decompressobj(wbits=31)
        try:
            plain += inflate.decompress(rest, max_bytes + 1 - len(plain))
        except zlib.error as error:
            raise malformed(place, f"it is no whole gzip file ({error})") from error
        if len(plain) > max_bytes:
            raise over_bound(
                place, f"it unpacks to more than {max_bytes:,} bytes, which is as much as is read of one"
            )
        if not inflate.eof:
            raise malformed(place, "it is a gzip file that was cut short")
        rest = inflate.unused_data.lstrip(b"\0")
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
