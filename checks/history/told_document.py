"""What is written of findings that were told, of the whole report and of routes, and read again."""

from __future__ import annotations

from datetime import date
from typing import Any

from checks.changes import ItemTold, RouteTold, Told, Well
from checks.history.grouped import grouped, ungrouped
from checks.json_fields import as_bool, as_count, as_instant, as_list, as_text, optional, write_instant
from checks.model import ItemState, JsonValue, Severity, Status


def written_route(own: RouteTold) -> JsonValue:
    """Return what is written of a route that was told something else than the whole report told."""
    day = own.last_full_report_on
    written: dict[str, JsonValue] = {
        "told": [written_told(told) for _, told in sorted(own.told.items()) if told is not None],
        "untold": [key for key, told in sorted(own.told.items()) if told is None],
    }
    if own.full_report:
        written["last_full_report_on"] = None if day is None else day.isoformat()
    return written


def read_route(own: dict[str, Any]) -> RouteTold:
    """Return what a route was told otherwise than the whole report."""
    told: dict[str, Told | None] = {one.id: one for one in map(read_told, as_list(own["told"]))}
    told |= {as_text(key): None for key in as_list(own["untold"])}
    day = optional(as_text, own.get("last_full_report_on"))
    return RouteTold(
        told=told,
        full_report="last_full_report_on" in own,
        last_full_report_on=None if day is None else date.fromisoformat(day),
    )


def written_told(told: Told) -> JsonValue:
    """Return what is written of a finding that was told."""
    well: dict[str, JsonValue] = {"well": _written_well(told.well)} if told.well.runs else {}
    return {
        "table": told.table,
        "check": told.check,
        "status": told.status.value,
        "severity": told.severity.value if told.severity else None,
        "because": told.because,
        "since": write_instant(told.since),
        "told_at": write_instant(told.told_at),
        "owner": told.owner,
        "silenced": told.silenced,
        "whole_table": told.whole_table,
        "unchecked": told.unchecked,
        "items": grouped(told.items, _written_item),
        **_written_within(told),
        **well,
    }


def _written_within(told: Told) -> dict[str, JsonValue]:
    """Return what was told within other findings, where anything was; documents of before have none."""
    written: dict[str, JsonValue] = {}
    if told.within:
        written["within"] = grouped(told.within, lambda host: [host])
    if told.told_alone:
        written["told_alone"] = [*sorted(told.told_alone)]
    return written


def _written_item(item: ItemTold) -> list[JsonValue]:
    severity = item.severity.value if item.severity else None
    well: list[JsonValue] = [_written_well(item.well)] if item.well.runs else []
    return [item.state.value, severity, write_instant(item.since), write_instant(item.told_at), *well]


def _written_well(well: Well) -> JsonValue:
    return [well.runs, write_instant(well.at)]


def _read_well(value: Any) -> Well:
    if value is None:
        return Well()
    runs, at = as_list(value)
    return Well(as_count(runs), optional(as_instant, at))


def read_told(one: dict[str, Any]) -> Told:
    """Return a finding that was told; what was told within others is empty where documents of before lack it."""
    return Told(
        table=as_text(one["table"]),
        check=as_text(one["check"]),
        status=Status(one["status"]),
        severity=optional(Severity, one["severity"]),
        because=as_text(one["because"]),
        since=as_instant(one["since"]),
        told_at=as_instant(one["told_at"]),
        owner=optional(as_text, one["owner"]),
        silenced=as_bool(one["silenced"]),
        whole_table=as_bool(one["whole_table"]),
        unchecked=as_bool(one["unchecked"]),
        items=dict(ungrouped(one["items"], _read_item)),
        within=dict(ungrouped(one.get("within", []), as_text)),
        told_alone=frozenset(as_text(key) for key in as_list(one.get("told_alone", []))),
        well=_read_well(one.get("well")),
    )


def _read_item(state: Any, severity: Any, since: Any, told_at: Any, well: Any = None) -> ItemTold:
    return ItemTold(
        state=ItemState(state),
        severity=optional(Severity, severity),
        since=as_instant(since),
        told_at=as_instant(told_at),
        well=_read_well(well),
    )
