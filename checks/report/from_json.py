"""A report out of its JSON document, as an earlier run kept it, so that it can be rendered again."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from checks.marks import Mark, Marked, MarkKind
from checks.model import (
    Absence,
    Change,
    Cost,
    Finding,
    Item,
    ItemState,
    Limits,
    ProblemKind,
    Reason,
    Severity,
    Standstill,
    Status,
)
from checks.report.build import VERSION, Report, build
from checks.rights import Lacks, Right

if TYPE_CHECKING:
    from collections.abc import Iterable

    from checks.model import Observed


class NotAReport(Exception):  # noqa: N818 - what was found
    """Raised for a document that is no report of a version that is known; says why."""


def read(content: bytes | str) -> Report:
    """Return the report of a document that `as_json.document` made; it renders as the one that it was made of.

    Times are whole seconds. Raises NotAReport.
    """
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        raise NotAReport("it is not whole JSON") from None
    if not isinstance(document, dict) or "version" not in document or "findings" not in document:
        raise NotAReport("it is some other document")
    if document["version"] != VERSION:
        raise NotAReport(f"it has version {document['version']!r}, and this program reads {VERSION}")
    try:
        return _report(document)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise NotAReport(f"a field is absent or wrong: {type(error).__name__} {error}"[:300]) from error


def _report(document: dict[str, Any]) -> Report:
    cost = document["cost"]
    report = build(
        findings=_told_within(_finding(each) for each in document["findings"]),
        changes=[_change(each) for each in document["changes"]],
        now=_instant(document["now"]),
        run_id=_str(document["run_id"]),
        name=_str(document["name"]),
        zone=_zone(document["zone"]),
        cost=Cost(
            requests=int(cost["requests"]),
            usd=float(cost["usd"] or 0),
            seconds=float(cost["seconds"] or 0),
            by_operation={str(name): int(count) for name, count in cost["by_operation"].items()},
        ),
        notes=[_str(note) for note in document["notes"]],
        first_run=document["first_run"] is True,
        whole_at=_str(document.get("whole_at", "")),
        links=document.get("links") is True,
    )
    account, region = _str(document.get("account", "")), _str(document.get("region", ""))
    page_at = _str(document.get("page_at", ""))
    return replace(report, whole=document["whole"] is True, account=account, region=region, page_at=page_at)


def _told_within(findings: Iterable[Finding]) -> list[Finding]:
    """Give each finding those that are told within it, as a whole or by single items."""
    found = list(findings)
    within: dict[str, list[Finding]] = {}
    for each in found:
        for host in sorted(each.hidden_in):
            within.setdefault(host, []).append(each)
    return [
        each if each.within else replace(each, told_with=tuple(within.get(each.id, ()))) for each in found
    ]


def _finding(one: dict[str, Any]) -> Finding:
    statement = _str(one.get("statement", ""))
    advice = _str(one["advice"])
    return Finding(
        table=_str(one["table"]),
        check=_str(one["check"]),
        status=Status(one["status"]),
        severity=Severity(one["severity"]) if one["severity"] is not None else None,
        because=_str(one["because"]),
        observed=_value(one["observed"]),
        expected=_value(one["expected"]),
        limits=Limits(warning=_value(one["limits"]["warning"]), critical=_value(one["limits"]["critical"])),
        evidence=_optional(one["evidence"]),
        items=tuple(_item(item) for item in one["items"]),
        deadline=_when(one["deadline"]),
        advice=advice.removesuffix(f": {statement}") if statement else advice,
        statement=statement,
        usual=_str(one["usual"]),
        stale_since=_when(one["stale_since"]),
        problem=ProblemKind(one["problem"]) if one["problem"] is not None else None,
        cause=_str(one["cause"]),
        lacks=_lacks(one["lacks"]) if "lacks" in one else None,
        owner=_optional(one["owner"]),
        runbook=_optional(one["runbook"]),
        console_url=_optional(one["console_url"]),
        silenced=_optional(one["silenced"]),
        marked=tuple(_marked(each, _str(one["table"])) for each in one.get("marked", ())),
        within=_str(one.get("within", "")),
        of_period=_str(one.get("of_period", "")),
        absence=_absence(one["standstill"]) if "standstill" in one else None,
    )


def _absence(one: dict[str, Any]) -> Absence:
    """Return since when nothing came; which periods lack data stands in the items."""
    return Absence(
        standstill=Standstill(
            since=_when(one["since"]), overdue_at=_when(one["overdue_at"]), of=_str(one["of"])
        )
    )


def _marked(one: dict[str, Any], table: str) -> Marked:
    at = _instant(one["at"])
    mark = Mark(
        id=_str(one["id"]),
        kind=MarkKind(one["kind"]),
        table=table,
        by=_str(one["by"]),
        at=at,
        ends_at=_when(one["until"]) or at,
        because=_str(one["because"]),
        period=_optional(one["period"]),
    )
    return Marked(mark, tuple(_str(key) for key in one["items"]))


def _lacks(one: dict[str, Any]) -> Lacks:
    rights = (
        Right(_str(each["action"]), _str(each["resource"]), _str(each["prefix"])) for each in one["rights"]
    )
    return Lacks(_str(one["role"]), tuple(rights))


def _item(one: dict[str, Any]) -> Item:
    return Item(
        period=_str(one["period"]),
        state=ItemState(one["state"]),
        dimensions=tuple((key, _str(value)) for key, value in one["dimensions"].items()),
        due_at=_when(one["due_at"]),
        arrived_at=_when(one["arrived_at"]),
        detail=_str(one["detail"]),
        remedy=_str(one["remedy"]),
        marked=_str(one.get("marked", "")),
        within=_str(one.get("within", "")),
    )


def _change(one: dict[str, Any]) -> Change:
    return Change(
        table=_str(one["table"]),
        check=_str(one["check"]),
        reason=Reason(one["reason"]),
        status=Status(one["status"]),
        because=_str(one["because"]),
        severity=Severity(one["severity"]) if one["severity"] is not None else None,
        item=_optional(one["item"]),
        since=_when(one["since"]),
        owner=_optional(one["owner"]),
        before=_str(one["before"]),
        note=_str(one.get("note", "")),
        also=tuple((_str(each["table"]), _optional(each["owner"])) for each in one.get("also", ())),
    )


def _zone(value: Any) -> ZoneInfo:
    try:
        return ZoneInfo(_str(value))
    except (OSError, ValueError, KeyError):  # a zone that this machine does not know is a KeyError
        return ZoneInfo("UTC")


def _value(value: Any) -> Observed:
    """Return a machine value; an instant is written so that it is known from a word."""
    if isinstance(value, str) and len(value) == len("2026-11-22T06:00:00Z") and value.endswith("Z"):
        try:
            return _instant(value)
        except ValueError:
            return value
    if value is None or (isinstance(value, str | int | float) and not isinstance(value, bool)):
        return value
    raise TypeError(f"{value!r} is no value")


def _when(value: Any) -> datetime | None:
    return None if value is None else _instant(value)


def _instant(value: Any) -> datetime:
    instant = datetime.fromisoformat(_str(value))
    if instant.tzinfo is None:
        raise ValueError(f"{value} has no zone")
    return instant.astimezone(UTC)


def _str(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def _optional(value: Any) -> str | None:
    return None if value is None else _str(value)
