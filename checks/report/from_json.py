"""A report out of its JSON document, as an earlier run kept it, so that it can be rendered again."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from checks.json_fields import as_instant, as_text, optional
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
        now=as_instant(document["now"]),
        run_id=as_text(document["run_id"]),
        name=as_text(document["name"]),
        zone=_zone(document["zone"]),
        cost=Cost(
            requests=int(cost["requests"]),
            usd=float(cost["usd"] or 0),
            seconds=float(cost["seconds"] or 0),
            by_operation={str(name): int(count) for name, count in cost["by_operation"].items()},
        ),
        notes=[as_text(note) for note in document["notes"]],
        first_run=document["first_run"] is True,
        whole_at=as_text(document.get("whole_at", "")),
        links=document.get("links") is True,
    )
    account, region = as_text(document.get("account", "")), as_text(document.get("region", ""))
    page_at = as_text(document.get("page_at", ""))
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
    statement = as_text(one.get("statement", ""))
    advice = as_text(one["advice"])
    return Finding(
        table=as_text(one["table"]),
        check=as_text(one["check"]),
        status=Status(one["status"]),
        severity=Severity(one["severity"]) if one["severity"] is not None else None,
        because=as_text(one["because"]),
        observed=_value(one["observed"]),
        expected=_value(one["expected"]),
        limits=Limits(warning=_value(one["limits"]["warning"]), critical=_value(one["limits"]["critical"])),
        evidence=optional(as_text, one["evidence"]),
        items=tuple(_item(item) for item in one["items"]),
        deadline=optional(as_instant, one["deadline"]),
        advice=advice.removesuffix(f": {statement}") if statement else advice,
        statement=statement,
        usual=as_text(one["usual"]),
        stale_since=optional(as_instant, one["stale_since"]),
        problem=ProblemKind(one["problem"]) if one["problem"] is not None else None,
        cause=as_text(one["cause"]),
        lacks=_lacks(one["lacks"]) if "lacks" in one else None,
        owner=optional(as_text, one["owner"]),
        runbook=optional(as_text, one["runbook"]),
        console_url=optional(as_text, one["console_url"]),
        silenced=optional(as_text, one["silenced"]),
        marked=tuple(_marked(each, as_text(one["table"])) for each in one.get("marked", ())),
        within=as_text(one.get("within", "")),
        of_period=as_text(one.get("of_period", "")),
        absence=_absence(one["standstill"]) if "standstill" in one else None,
    )


def _absence(one: dict[str, Any]) -> Absence:
    """Return since when nothing came; which periods lack data stands in the items."""
    return Absence(
        standstill=Standstill(
            since=optional(as_instant, one["since"]),
            overdue_at=optional(as_instant, one["overdue_at"]),
            of=as_text(one["of"]),
        )
    )


def _marked(one: dict[str, Any], table: str) -> Marked:
    at = as_instant(one["at"])
    mark = Mark(
        id=as_text(one["id"]),
        kind=MarkKind(one["kind"]),
        table=table,
        by=as_text(one["by"]),
        at=at,
        ends_at=optional(as_instant, one["until"]) or at,
        because=as_text(one["because"]),
        period=optional(as_text, one["period"]),
    )
    return Marked(mark, tuple(as_text(key) for key in one["items"]))


def _lacks(one: dict[str, Any]) -> Lacks:
    rights = (
        Right(as_text(each["action"]), as_text(each["resource"]), as_text(each["prefix"]))
        for each in one["rights"]
    )
    return Lacks(as_text(one["role"]), tuple(rights))


def _item(one: dict[str, Any]) -> Item:
    return Item(
        period=as_text(one["period"]),
        state=ItemState(one["state"]),
        dimensions=tuple((key, as_text(value)) for key, value in one["dimensions"].items()),
        due_at=optional(as_instant, one["due_at"]),
        arrived_at=optional(as_instant, one["arrived_at"]),
        detail=as_text(one["detail"]),
        remedy=as_text(one["remedy"]),
        marked=as_text(one.get("marked", "")),
        within=as_text(one.get("within", "")),
    )


def _change(one: dict[str, Any]) -> Change:
    return Change(
        table=as_text(one["table"]),
        check=as_text(one["check"]),
        reason=Reason(one["reason"]),
        status=Status(one["status"]),
        because=as_text(one["because"]),
        severity=Severity(one["severity"]) if one["severity"] is not None else None,
        item=optional(as_text, one["item"]),
        since=optional(as_instant, one["since"]),
        owner=optional(as_text, one["owner"]),
        before=as_text(one["before"]),
        note=as_text(one.get("note", "")),
        also=tuple(
            (as_text(each["table"]), optional(as_text, each["owner"])) for each in one.get("also", ())
        ),
    )


def _zone(value: Any) -> ZoneInfo:
    try:
        return ZoneInfo(as_text(value))
    except (OSError, ValueError, KeyError):  # a zone that this machine does not know is a KeyError
        return ZoneInfo("UTC")


def _value(value: Any) -> Observed:
    """Return a machine value; an instant is written so that it is known from a word."""
    if isinstance(value, str) and len(value) == len("2026-11-22T06:00:00Z") and value.endswith("Z"):
        try:
            return as_instant(value)
        except ValueError:
            return value
    if value is None or (isinstance(value, str | int | float) and not isinstance(value, bool)):
        return value
    raise TypeError(f"{value!r} is no value")
