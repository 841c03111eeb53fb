"""A whole config of what was discovered, as text with comments. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from checks.adopt.entries import calendars_of, entry_lines
from checks.adopt.replaying import often
from checks.adopt.yaml_text import comment, value
from checks.text import count, listing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from checks.adopt.discovery import Discovery
    from checks.adopt.replaying import Replayed

_DAY_S = 86400


def text_of(found: Discovery) -> str:
    """Return the config; where there is nothing to watch, comments alone, which are none."""
    lines = list(head(found))
    if found.adopted:
        lines += [
            "version: 1",
            f"false_alarms: {value(found.want.written)}  # of all limits that are learned, together",
        ]
        days = calendars_of(found.adopted)
        if days:
            lines += ["calendars:", *(each.line(each.name, 2) for each in days)]
        lines += ["tables:", *entry_lines(found, {each: each.name for each in days})]
    elif found.too_little:
        lines += ["tables:", *entry_lines(found, {})]
        lines = [line if line.startswith("#") else f"# {line}" for line in lines]
    return "\n".join(lines) + "\n"


def head(found: Discovery) -> Iterator[str]:
    """Yield as comments what was looked at, what a replay of all says, and what is not in the config."""
    globs = listing(found.want.globs)
    of = found.adopted
    yield from comment(
        f"discovered on {found.on:%Y-%m-%d} in {globs}: {count(len(of), 'table')} to watch, "
        f"{len(found.too_little)} left as comments, {len(found.unread)} that could not be read"
    )
    replays = [each.replayed for each in of if each.replayed.judged >= _DAY_S]
    if replays:
        yield from comment(_all(replays))
    for note in found.notes:
        yield from comment(note)
    for each in found.unread:
        yield from comment(f"not read: {each.table}: {each.why}")


def _all(replays: list[Replayed]) -> str:
    alerts = sum(len(each.alerts) for each in replays)
    gaps = sum(len(each.gaps) for each in replays)
    days = round(sum(each.judged for each in replays) / _DAY_S)
    told = (
        f"would have alerted {often(alerts)}, {_gaps(gaps, alerts)}" if alerts else "would not have alerted"
    )
    return (
        f"a replay of {count(len(replays), 'table')} over {count(days, 'day')} in all {told}; "
        "sure is what rests on 30 periods or more, fair on 10"
    )


def _gaps(gaps: int, alerts: int) -> str:
    if alerts == 1:
        return "a real gap" if gaps else "which was no real gap"
    if not gaps:
        return "none of them a real gap"
    if gaps == alerts:
        return f"{'both' if gaps == 2 else 'all'} of them real gaps"
    return f"{gaps} of them {'a real gap' if gaps == 1 else 'real gaps'}"
