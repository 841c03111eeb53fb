"""A mark as a JSON document, explicit and versioned, and back; reading is strict, as that of the state is."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from checks.json_fields import as_instant, as_text, optional
from checks.marks import Covered, Mark, MarkKind, TakenBack
from checks.model import iso

if TYPE_CHECKING:
    from collections.abc import Callable

    from checks.model import JsonValue

_T = TypeVar("_T")

VERSION = 1
FORMAT = "s3-table-monitor/mark"
BACK_FORMAT = "s3-table-monitor/mark-taken-back"


def written(mark: Mark) -> dict[str, JsonValue]:
    """Return what is written of a mark, and shown of it as JSON; not whether it was taken back."""
    return {
        "id": mark.id,
        "kind": mark.kind.value,
        "table": mark.table,
        "check": mark.check,
        "period": mark.period,
        "moment": _iso(mark.moment),
        "by": mark.by,
        "at": iso(mark.at),
        "ends_at": iso(mark.ends_at),
        "because": mark.because,
        "covers": [
            {
                "check": each.check,
                "item": each.item,
                "state": each.state,
                "severity": each.severity,
                "since": each.since.astimezone(UTC).isoformat(),
            }
            for each in mark.covers
        ],
    }


def to_text(mark: Mark) -> str:
    """Return the document of a mark."""
    return _text(FORMAT, written(mark))


def back_to_text(taken: TakenBack) -> str:
    """Return the document that takes a mark back."""
    return _text(BACK_FORMAT, {"by": taken.by, "at": iso(taken.at), "because": taken.because})


def read(content: bytes | str) -> Mark:
    """Return the mark of a document; raise ValueError with the reason when it is none of this version."""
    return _read(content, FORMAT, mark_of)


def read_back(content: bytes) -> TakenBack:
    """Return who took a mark back, when and why; raise ValueError as `read` does."""
    return _read(
        content,
        BACK_FORMAT,
        lambda one: TakenBack(
            by=as_text(one["by"]), at=as_instant(one["at"]), because=as_text(one["because"])
        ),
    )


def mark_of(one: dict[str, Any]) -> Mark:
    """Return the mark of what `written` gave; raises KeyError, TypeError, ValueError."""
    return Mark(
        id=as_text(one["id"]),
        kind=MarkKind(one["kind"]),
        table=as_text(one["table"]),
        by=as_text(one["by"]),
        at=as_instant(one["at"]),
        ends_at=as_instant(one["ends_at"]),
        because=as_text(one["because"]),
        check=optional(as_text, one["check"]),
        period=optional(as_text, one["period"]),
        moment=optional(as_instant, one["moment"]),
        covers=tuple(
            Covered(
                check=as_text(each["check"]),
                item=optional(as_text, each["item"]),
                state=as_text(each["state"]),
                severity=optional(as_text, each["severity"]),
                since=as_instant(each["since"]),
            )
            for each in one["covers"]
        ),
    )


def _text(form: str, fields: dict[str, JsonValue]) -> str:
    document = {"format": form, "version": VERSION, **fields}
    return json.dumps(document, allow_nan=False, indent=1) + "\n"


def _read(content: bytes | str, form: str, of: Callable[[dict[str, Any]], _T]) -> _T:
    try:
        one = json.loads(content)
    except (ValueError, RecursionError):
        raise ValueError("it is not whole JSON") from None
    if not isinstance(one, dict) or one.get("format") != form:
        raise ValueError("it is some other document")
    if one.get("version") != VERSION:
        raise ValueError(f"it has version {one.get('version')!r}, and this program reads {VERSION}")
    try:
        return of(one)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ValueError(f"a field is absent or wrong: {type(error).__name__} {error}") from error


def _iso(instant: datetime | None) -> str | None:
    return None if instant is None else iso(instant)
