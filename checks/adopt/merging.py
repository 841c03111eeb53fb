"""Adding entries to a config that somebody wrote: nothing of it is changed, each new line stands between old ones.

ruamel.yaml tells where things stand and whether the outcome means what it should; the text itself is not written anew,
for a round trip would keep comments, but neither indentation nor quotes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from checks.adopt.entries import Days, calendars_of, entry_lines, grouped, stated
from checks.adopt.yaml_text import block, value
from checks.rules import CHECKS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from checks.adopt.discovery import Adopted, Discovery
    from checks.config import Config
    from checks.schedule.calendars import Calendar

_TABLES, _CALENDARS = "tables", "calendars"
_DASH = re.compile(r"( *)-(?:\s|$)")
_COMMENT = re.compile(r"( *)#")
_BOM = "\ufeff"


class CannotMerge(Exception):  # noqa: N818 - a sentence for the user
    """The entries cannot be added to the config as it is written; says why and what to do."""


@dataclass(slots=True)
class _Span:
    """Where the value of a key at the top begins, and how it is written."""

    begin: int
    kind: str
    is_flow: bool
    first: int | None = None
    """Where its first item, or key, begins."""
    last: int = 0
    """Where its last word ends."""


def merged(text: str, found: Discovery, config: Config) -> str:
    """Return the text of a config with what was discovered added.

    Every character of it stays, in its order. What the new entries would inherit of its defaults, and what was learned
    does not rest on, they state otherwise. Raises CannotMerge.
    """
    lines = {line.strip() for line in text.split("\n")}
    known = tuple(each for each in found.too_little if f"# - table: {value(each.table)}" not in lines)
    # What an earlier discovery noted is noted once.
    found = replace(found, too_little=known, adopted=tuple(_beside_defaults(found.adopted, config)))
    if not found.adopted and not found.too_little:
        return text
    mark, bare = (_BOM, text[1:]) if text.startswith(_BOM) else ("", text)
    spans = _spans(bare)
    root = _root(bare)
    names, new = _names(found, config.calendars)
    added = [
        *_added_calendars(bare, spans.get(_CALENDARS), root, new),
        *_added_tables(bare, spans, found, names),
    ]
    whole = bare
    newline = "\r\n" if "\r\n" in bare else "\n"
    for at, more in sorted(added, key=lambda each: each[0], reverse=True):
        piece = more.replace("\n", newline)
        if piece.endswith("\n") and at and not whole[:at].endswith("\n"):
            piece = newline + piece
        whole = whole[:at] + piece + whole[at:]
    _hold_to(bare, whole, [each.table for each in found.adopted])
    return mark + whole


def _beside_defaults(adopted: Sequence[Adopted], config: Config) -> Iterator[Adopted]:
    """Yield the tables with what they have to state since the config's defaults say something else."""
    defaults = config.watchlist.defaults.blocks
    for each in adopted:
        proposal = each.proposal
        before = list(CHECKS)[: list(CHECKS).index(proposal.check)]
        off = tuple(check for check in before if check in defaults)
        inherited = defaults.get(proposal.check)
        if not isinstance(proposal.block, str) and isinstance(inherited, dict):
            more = {key: told for key, told in proposal.else_stated.items() if key in inherited}
            proposal = replace(proposal, block={**more, **proposal.block})
        yield replace(each, proposal=replace(proposal, off=off))


def _names(found: Discovery, calendars: Mapping[str, Calendar]) -> tuple[dict[Days, str], dict[str, Days]]:
    """Return by which name of the config's calendars each kind of days goes, and those that it lacks."""
    plain = {
        Days.of(each): name
        for name, each in sorted(calendars.items(), reverse=True)
        if not each.closed_dates and not each.open_dates
    }
    names: dict[Days, str] = {}
    new: dict[str, Days] = {}
    for days in calendars_of(found.adopted):
        name, number = plain.get(days, days.name), 2
        while days not in plain and name in calendars:
            name, number = f"{days.name}-{number}", number + 1
        names[days] = name
        if days not in plain:
            new[name] = days
    return names, new


def _added_calendars(
    text: str, span: _Span | None, root: _Span, new: Mapping[str, Days]
) -> Iterator[tuple[int, str]]:
    if not new:
        return
    if span is None and root.is_flow:
        days_of = ", ".join(days.line(name, 0) for name, days in new.items())
        comma = "" if text[: root.last].endswith(",") else ","
        yield root.last, f"{comma} {_CALENDARS}: {{{days_of}}}"
    elif span is None:
        lines = [f"{_CALENDARS}:", *(days.line(name, 2) for name, days in new.items())]
        yield root.last, _lines(lines)
    elif span.kind != "mapping":
        raise CannotMerge(f"{_CALENDARS} is not written as keys here; write it so, and try again")
    elif span.is_flow:
        yield _into_flow(span, [days.line(name, 0) for name, days in new.items()])
    else:
        indent = _column(text, span.first or span.begin)
        lines = [days.line(name, indent) for name, days in new.items()]
        yield _after(text, span.last, indent), _lines(lines)


def _added_tables(
    text: str, spans: Mapping[str, _Span], found: Discovery, names: Mapping[Days, str]
) -> Iterator[tuple[int, str]]:
    span = spans.get(_TABLES)
    if span is None or span.kind != "sequence":
        raise CannotMerge(f"{_TABLES} is not written as a list here; write it so, and try again")
    if span.is_flow:
        if found.adopted:
            yield _into_flow(span, list(_flow_entries(found, names)))
        return
    indent = _dash(text, span)
    yield _after(text, span.last, indent), _lines(["", *entry_lines(found, names, indent)])


def _flow_entries(found: Discovery, names: Mapping[Days, str]) -> Iterator[str]:
    for each in (one for tables in grouped(found.adopted).values() for one in tables):
        off = "".join(f", {check}: off" for check in each.proposal.off)
        yield f"{{table: {value(each.table)}, {each.proposal.check}: {block(stated(each, names))}{off}}}"


def _into_flow(span: _Span, items: Sequence[str]) -> tuple[int, str]:
    """Return where the last of what stands in brackets ends, and what is put behind it."""
    at = span.begin + 1 if span.first is None else span.last
    return at, ("" if span.first is None else ", ") + ", ".join(items)


def _lines(lines: Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _column(text: str, at: int) -> int:
    return at - (text.rfind("\n", 0, at) + 1)


def _dash(text: str, span: _Span) -> int:
    """Return the column of a list's dashes."""
    first = span.first if span.first is not None else span.begin
    start = text.rfind("\n", 0, first) + 1
    end = text.find("\n", start)
    found = _DASH.match(text[start : end if end >= 0 else len(text)])
    return len(found[1]) if found else _column(text, span.begin)


def _after(text: str, last: int, indent: int) -> int:
    """Return where the line after a list or mapping begins, and after the comments that are indented as its items."""
    at = _next_line(text, last)
    while at < len(text):
        end = _next_line(text, at)
        found = _COMMENT.match(text[at:end])
        if found is None or len(found[1]) < max(indent, 1):
            break
        at = end
    return at


def _next_line(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end + 1


def _spans(text: str) -> dict[str, _Span]:
    """Return where the values of the keys at the top stand; the text has been read as a config before."""
    from ruamel.yaml import YAML
    from ruamel.yaml.events import (
        AliasEvent,
        CollectionEndEvent,
        CollectionStartEvent,
        MappingStartEvent,
        NodeEvent,
        ScalarEvent,
    )

    spans: dict[str, _Span] = {}
    depth, key, span = 0, None, None
    for event in YAML(typ="rt", pure=True).parse(text):
        if isinstance(event, NodeEvent) and depth == 1:
            if key is None:
                key = event.value if isinstance(event, ScalarEvent) else ""
            else:
                kind = "alias" if isinstance(event, AliasEvent) else "scalar"
                if isinstance(event, CollectionStartEvent):
                    kind = "mapping" if isinstance(event, MappingStartEvent) else "sequence"
                is_flow = bool(getattr(event, "flow_style", False))
                begin, end = event.start_mark.index, event.end_mark.index
                if is_flow:  # an anchor or tag may stand before it
                    begin = end - 1
                span = spans[key] = _Span(begin, kind, is_flow, last=end)
                key = None if not isinstance(event, CollectionStartEvent) else key
        elif span is not None and isinstance(event, NodeEvent):
            span.first = event.start_mark.index if span.first is None else span.first
        if isinstance(event, CollectionStartEvent):
            depth += 1
        elif isinstance(event, CollectionEndEvent):
            depth -= 1
            if depth == 1:
                key, span = None, None
        if span is not None:
            _reach(text, span, event)
    return spans


def _root(text: str) -> _Span:
    """Return where what is added to the file as a whole goes: before its closing bracket, else to the end.

    The end is before a line ``...`` that ends the document.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.events import DocumentEndEvent, MappingEndEvent, MappingStartEvent

    found = _Span(0, "mapping", is_flow=False, last=len(text))
    is_first, bracket = True, len(text)
    for event in YAML(typ="rt", pure=True).parse(text):
        if isinstance(event, MappingStartEvent) and is_first:
            is_first, found.is_flow = False, bool(event.flow_style)
        elif isinstance(event, MappingEndEvent):
            bracket = event.start_mark.index
        elif isinstance(event, DocumentEndEvent) and event.explicit:
            found.last = event.start_mark.index
    if found.is_flow:
        found.last = len(text[:bracket].rstrip())
    return found


def _reach(text: str, span: _Span, event: Any) -> None:
    """Let a value reach to where a word of it ends: that of a block of text is followed by what comes after it."""
    from ruamel.yaml.events import AliasEvent, CollectionEndEvent, ScalarEvent

    at = event.end_mark.index
    if isinstance(event, CollectionEndEvent):
        if event.start_mark.index < at:  # a bracket; what is indented ends nowhere of itself
            span.last = max(span.last, at)
    elif isinstance(event, ScalarEvent | AliasEvent):
        if getattr(event, "style", None) in {"|", ">"}:
            at = event.start_mark.index + len(text[event.start_mark.index : at].rstrip())
        span.last = max(span.last, at)


def _hold_to(before: str, after: str, tables: Sequence[str]) -> None:
    """Raise CannotMerge unless the outcome says what the config said, and has entries of the tables beside that."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    yaml = YAML(typ="safe", pure=True)
    try:
        old, new = yaml.load(before), yaml.load(after)
        entries = new.pop(_TABLES)
        had = old.pop(_TABLES) or []
        days, new_days = old.pop(_CALENDARS, None) or {}, new.pop(_CALENDARS, None) or {}
        more = [each["table"] for each in entries[len(had) :]]
        holds = (
            entries[: len(had)] == had
            and more == [name.replace("${", "$${") for name in _in_order(more, tables)]
            and new == old
            and days.items() <= new_days.items()
        )
    except (YAMLError, AttributeError, KeyError, TypeError):
        holds = False
    if not holds:
        raise CannotMerge(
            "the entries cannot be put below tables as it is written; write one entry a line, or add them by hand"
        )


def _in_order(more: Sequence[str], tables: Sequence[str]) -> list[str]:
    """Return the tables in the order of the entries, which are grouped."""
    return sorted(
        tables, key={name.replace("$${", "${"): place for place, name in enumerate(more)}.__getitem__
    )
