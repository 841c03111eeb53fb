"""Parts of sentences that several checks say."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from checks.model import Item, PartitionSeen, Table
    from checks.schedule.periods import Every

_MOST_NAMED = 4
_NUMBERS = ("int", "bigint", "smallint", "tinyint", "integer")


def count_of(count: int, noun: str) -> str:
    """Say a number with its noun: ``1 due day``, ``14 due days``, ``2 due periods of 6 h``."""
    if noun[-1].isalpha() and not any(ch.isdigit() for ch in noun):
        return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
    first, _, length = noun.partition(" ")
    return f"{count} {first} period{'' if count == 1 else 's'} of {length}"


def say_percent(share: float) -> str:
    """Say a share as people write it: ``60 %``."""
    return f"{share * 100:.3g} %" if share < 10 else f"{share * 100:,.0f} %"


def say_periods(items: Sequence[Item], every: Every, state: str = "") -> str:
    """Name periods, consecutive ones as a stretch, at most a few: ``2026-11-19 to 2026-11-21 missing``."""
    labels = sorted(item.period for item in items)
    stretches: list[list[str]] = []
    for label in labels:
        if stretches and _follows(stretches[-1][-1], label, every):
            stretches[-1].append(label)
        else:
            stretches.append([label])
    named = [
        stretch[0] if len(stretch) == 1 else f"{stretch[0]} to {stretch[-1]}"
        for stretch in stretches[-_MOST_NAMED:]
    ]
    left = sum(len(stretch) for stretch in stretches[:-_MOST_NAMED])
    named.reverse()
    text = ", ".join(named) + (f" and {left} earlier" if left else "")
    detail = items[0].detail if len(items) == 1 and state else ""
    state = f" {state}" if state else ""
    return f"{text}{state} ({detail})" if detail else f"{text}{state}"


def _follows(label: str, following: str, every: Every) -> bool:
    try:
        if "W" in label:
            first, second = (datetime.strptime(f"{text}-1", "%G-W%V-%u") for text in (label, following))  # noqa: DTZ007 - wall times
        else:
            padded = [text if len(text) > len("2026-11") else f"{text}-01" for text in (label, following)]
            first, second = (datetime.fromisoformat(text) for text in padded)
    except ValueError:
        return False
    return every.step(first) == second


def add_partition_statement(table: Table, partition: PartitionSeen) -> str:
    """Write the Athena statement that registers a partition, quoted for DDL (backticks, doubled quotes)."""
    pairs = zip(table.partition_keys, partition.values, strict=False)
    spec = ", ".join(
        f"{quote_name(key.name)} = {value if key.type in _NUMBERS and value.isdigit() else quote_text(value)}"
        for key, value in pairs
    )
    name = f"{quote_name(table.database or '')}.{quote_name(table.name or '')}"
    return f"ALTER TABLE {name} ADD IF NOT EXISTS PARTITION ({spec}) LOCATION {quote_text(partition.location or '')}"


def quote_name(name: str) -> str:
    """Quote a name for Athena's DDL: plain ones stand as they are, others between backticks."""
    return (
        name
        if name.isidentifier() and name.isascii() and not name.startswith("_")
        else f"`{name.replace('`', '``')}`"
    )


def quote_text(text: str) -> str:
    """Quote a text for Athena's DDL."""
    return "'" + text.replace("'", "''") + "'"
