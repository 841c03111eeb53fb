"""News as details of events for an event bus: one a change, bounded. Pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from checks import text as words
from checks.model import Change, Reason, iso

if TYPE_CHECKING:
    from checks.model import JsonValue
    from checks.report.build import Report

SOURCE = "s3-table-monitor"
DETAIL_TYPE = "S3 Table Change"
TEST_TYPE = "S3 Table Monitor Test"
VERSION = 1
_LONGEST = 2048


def told(report: Report) -> tuple[Change, ...]:
    """Return the changes that are events: all but those that only go on."""
    return tuple(change for change in report.changes if change.reason is not Reason.ONGOING)


def detail(report: Report, change: Change | None) -> str:
    """Return the detail of a change's event as JSON, of some 20 KB at most; without a change that of a test."""
    common: dict[str, JsonValue] = {
        "version": VERSION,
        "name": _text(report.name),
        "run_id": _text(report.run_id),
        "now": iso(report.now),
    }
    if change is None:
        return json.dumps({**common, "test": True}, ensure_ascii=False)
    prefix = change.table.startswith("s3://")
    account, _, name = ("", "", change.table) if prefix else change.table.rpartition("/")
    database = None if prefix else name.partition(".")[0]
    document: dict[str, JsonValue] = {
        **common,
        "table": _text(change.table),
        "database": _text(database),
        "account": _text(account) or None,
        "check": _text(change.check),
        "item": _text(change.item),
        "reason": change.reason.value,
        "status": change.status.value,
        "severity": change.severity.value if change.severity else None,
        "since": iso(change.since) if change.since else None,
        "because": _text(change.because),
        "before": _text(change.before),
        "owner": _text(change.owner),
        "report": _text(report.whole_at) or None,
    }
    return json.dumps(document, ensure_ascii=False)


def _text(text: str | None) -> str | None:
    return None if text is None else words.shorten(words.clean(text), _LONGEST)
