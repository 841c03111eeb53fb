"""The state as a JSON document, explicit and versioned, and back.

Reading is strict: a document of a version that is not known, or with a field that is absent or of another type, is
refused whole, since half a memory would report old trouble as new. The parts of it are
written and read in `told_document` and `memory_document`.
"""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, Any

from checks.changes import State
from checks.history import version_1
from checks.history.memory_document import read_record, written_record
from checks.history.told_document import read_route, read_told, written_route, written_told
from checks.json_fields import as_instant, as_list, as_text, optional, write_instant

if TYPE_CHECKING:
    from checks.model import JsonValue

VERSION = 2
FORMAT = "s3-table-monitor/state"


def to_text(state: State) -> str:
    """Return the document, in one order for equal states; instants in ISO 8601, UTC."""
    document: dict[str, JsonValue] = {
        "format": FORMAT,
        "version": VERSION,
        "name": state.name,
        "config_at": state.config_at,
        "run_id": state.run_id,
        "last_completed_at": write_instant(state.last_completed_at),
        "last_full_report_on": state.last_full_report_on.isoformat() if state.last_full_report_on else None,
        "told": [written_told(told) for _, told in sorted(state.told.items())],
        "tables": {table: written_record(record) for table, record in sorted(state.tables.items())},
        "events": {event: write_instant(done_at) for event, done_at in sorted(state.events.items())},
        "left_out": list(state.left_out),
    }
    if state.routes:
        document["routes"] = {route: written_route(own) for route, own in sorted(state.routes.items())}
    return json.dumps(document, allow_nan=False) + "\n"


def from_text(text: str | bytes) -> State:
    """Return the state of a document; raise ValueError with the reason when it is not one of this version."""
    try:
        document = json.loads(text)
    except RecursionError:
        raise ValueError("it is nested more deeply than any history is") from None
    except ValueError:
        raise ValueError("it is not whole JSON") from None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise ValueError("it is some other document")
    version = document.get("version")
    if isinstance(version, bool) or version not in (version_1.VERSION, VERSION):
        raise ValueError(
            f"it has version {version!r}, and this program reads {version_1.VERSION} to {VERSION}"
        )
    try:
        return _state(version_1.upgraded(document) if version == version_1.VERSION else document)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ValueError(f"a field is absent or wrong: {type(error).__name__} {error}") from error


def _state(document: dict[str, Any]) -> State:
    told = [read_told(one) for one in as_list(document["told"])]
    full_report_on = optional(as_text, document["last_full_report_on"])
    return State(
        name=as_text(document["name"]),
        config_at=as_text(document["config_at"]),
        run_id=as_text(document["run_id"]),
        last_completed_at=optional(as_instant, document["last_completed_at"]),
        last_full_report_on=None if full_report_on is None else date.fromisoformat(full_report_on),
        told={one.id: one for one in told},
        tables={table: read_record(one) for table, one in document["tables"].items()},
        events={event: as_instant(done_at) for event, done_at in document["events"].items()},
        routes={route: read_route(own) for route, own in document.get("routes", {}).items()},
        left_out=tuple(as_text(sentence) for sentence in as_list(document["left_out"])),
    )
