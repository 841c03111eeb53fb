"""Tables that fail alike, what they fail by in a few words, and the tables that are held up by another. Pure."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from checks import text as words
from checks.model import Finding, Item, Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date, datetime
    from zoneinfo import ZoneInfo

_MOST_PERIODS = 3
_LONGEST_CLAUSE = 100
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def say_day(day: date, today: date | None = None) -> str:
    """Return ``Mon 23 Nov``, with its year where that is another one than that of ``today``."""
    year = f" {day.year}" if today is not None and day.year != today.year else ""
    return f"{_DAYS[day.weekday()]} {day.day} {_MONTHS[day.month - 1]}{year}"


def own_items(finding: Finding) -> list[Item]:
    """Return the bad items that the finding tells itself."""
    return [item for item in finding.items if item.state.is_bad and not item.within and not item.marked]


def alike(finding: Finding, zone: ZoneInfo) -> str | None:
    """Return what is equal for failing tables of one owner that lack the same, None for what fails by itself.

    That is the same periods in the same states; or that nothing came since the same day (in ``zone``), or ever; or too
    little of the same period.
    """
    if finding.status is not Status.FAIL:
        return None
    who = f"{finding.check} {finding.told_severity} {finding.owner!r}"
    items = own_items(finding)
    if items:
        return f"{who} {sorted((item.key, item.state.value) for item in items)}"
    standstill = finding.absence.standstill if finding.absence is not None else None
    if standstill is not None:
        since = standstill.since
        return f"{who} since {since.astimezone(zone).date() if since is not None else 'ever'}"
    return f"{who} of {finding.of_period}" if finding.of_period else None


def what_fails(finding: Finding, now: datetime, zone: ZoneInfo) -> str:
    """Return in a few words what a finding fails by, or why it could not be checked: ``2026-11-22 missing``."""
    items = own_items(finding)
    if items and finding.status is Status.FAIL:
        by_state: dict[str, list[str]] = defaultdict(list)
        for item in items:
            by_state[item.state.value].append(words.name(item.key))
        return ", ".join(f"{_say_periods(sorted(keys))} {state}" for state, keys in by_state.items())
    standstill = finding.absence.standstill if finding.absence is not None else None
    if finding.status is Status.FAIL and standstill is not None:
        if standstill.since is None:
            return "never loaded"
        what = "data" if standstill.of == "arrivals" else standstill.of
        return f"no new {what} since {_moment(standstill.since, now, zone)}"
    return clause(finding.because)


def _say_periods(keys: list[str]) -> str:
    """Return ``2026-11-21 and 2026-11-22``, or the first and the last of more than three and how many there are."""
    if len(keys) <= _MOST_PERIODS:
        return words.listing(keys)
    return f"{keys[0]} to {keys[-1]} ({len(keys):,} of them)"


def _moment(at: datetime, now: datetime, zone: ZoneInfo) -> str:
    local = at.astimezone(zone)
    return f"{say_day(local.date(), now.astimezone(zone).date())} {local:%H:%M}"


def clause(sentence: str) -> str:
    """Return the first clause of a sentence, clean and cut at a word."""
    told = _first(words.clean(sentence).removeprefix("could not be checked: ")).rstrip(".")
    if len(told) <= _LONGEST_CLAUSE:
        return told
    return f"{told[:_LONGEST_CLAUSE].rsplit(' ', 1)[0]} ..."


def _first(sentence: str) -> str:
    """Return what comes before the first semicolon that is not within parentheses: those are closed in what is told."""
    depth = 0
    for place, sign in enumerate(sentence):
        depth = max(0, depth + (sign == "(") - (sign == ")"))
        if not depth and sentence.startswith("; ", place):
            return sentence[:place]
    return sentence


def tables_of(finding: Finding) -> frozenset[str]:
    """Return the tables that are told of where a finding is told: its own, and those that are told within it."""
    return frozenset({finding.table, *(each.table for each in finding.told_with)})


def held_up(findings: Iterable[Finding], dead: frozenset[str] = frozenset()) -> list[str]:
    """Return the names of other tables that are told within findings; of those told in part with their periods.

    The findings whose ids are ``dead`` are left out.
    """
    names: dict[str, str] = {}
    for finding in findings:
        for each in finding.told_with:
            if each.table == finding.table or each.id in dead:
                continue
            periods = [words.name(item.key) for item in each.items if item.within == finding.id]
            part = "" if each.within else f" ({words.listing(periods, _MOST_PERIODS)})"
            names.setdefault(each.table, f"{words.name(each.table)}{part}")
    return [names[table] for table in sorted(names)]


def told_elsewhere(finding: Finding) -> list[str]:
    """Return which of its items are told within those of upstreams: ``2026-11-22 with raw.orders (partitions)``."""
    hosts: dict[str, list[str]] = defaultdict(list)
    for item in finding.items:
        if item.within:
            hosts[item.within].append(words.name(item.key))
    return [f"{words.listing(keys)} with {_named(host)}" for host, keys in hosts.items()]


def _named(finding_id: str) -> str:
    table, _, check = finding_id.rpartition("|")
    return f"{words.name(table)} ({check})"


def checks_of(findings: Sequence[Finding]) -> str:
    """Return the checks of findings, and of what is told within them of their own tables."""
    within = [each for one in findings for each in one.told_with if each.table == one.table]
    return ", ".join(sorted({each.check for each in (*findings, *within)}))
