"""Parts of sentences that several checks say."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from checks.model import Item, Observation, PartitionSeen, Table
    from checks.schedule.periods import Every

_MOST_NAMED = 4
_UNREGISTERED = "unregistered"
"""The state whose data lies somewhere: where that is shows what has stopped, also of several periods."""
_WORDS = (
    "all alter and array as authorization between bigint binary boolean both by case cast char column "
    "commit conf constraint create cross cube current current_date current_timestamp cursor database date "
    "dayofweek decimal delete describe distinct div double drop else end exchange exists extended "
    "external extract false fetch float floor following for foreign from full function grant group "
    "grouping having if import in inner insert int integer intersect interval into is join lateral left "
    "less like local macro map more none not null numeric of on only or order out outer over partialscan "
    "partition percent preceding precision preserve primary procedure range reads reduce references "
    "regexp revoke right rlike rollback rollup row rows select set smallint start table tablesample then "
    "time timestamp to transform trigger true truncate unbounded union uniquejoin update user using "
    "utc_timestamp values varchar views when where window with "
)
_RESERVED = frozenset(_WORDS.split())
"""Words that Athena takes for its own in DDL (its user guide, "Escape reserved keywords in queries")."""
MOVE_FIRST = (
    "move its files into folders that name all keys of the table (key=value/), then register these: where they lie "
    "no statement does"
)
"""What to do about data that no partition can be told of."""
_NUMBERS = ("int", "bigint", "smallint", "tinyint", "integer")


@lru_cache(maxsize=1024)
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
    if state == _UNREGISTERED and not detail:
        newest = max(items, key=lambda item: item.period).detail
        detail = f"of {labels[-1]}, {newest}" if newest else ""
    state = f" {state}" if state else ""
    return f"{text}{state} ({detail})" if detail else f"{text}{state}"


def _follows(label: str, following: str, every: Every) -> bool:
    first = every.start_of(label)
    return first is not None and every.step(first) == every.start_of(following)


def add_partition_statement(table: Table, *partitions: PartitionSeen) -> str:
    """Write the Athena statement that registers partitions, quoted for DDL (backticks, backslashes).

    Empty where the folders of its data do not name all keys: no statement registers it, `MSCK REPAIR TABLE` neither.
    """
    known = [each for each in partitions if len(each.values) == len(table.partition_keys)]
    if not known:
        return ""
    added = " ".join(
        f"PARTITION ({_spec(table, each)}) LOCATION {quote_text(each.location or '')}" for each in known
    )
    return f"ALTER TABLE {_name(table)} ADD IF NOT EXISTS {added}"


def drop_partition_statement(table: Table, partition: PartitionSeen) -> str:
    """Write the Athena statement that takes a partition out of the catalog; empty where it would take others, too."""
    if len(partition.values) != len(table.partition_keys):
        return ""
    return f"ALTER TABLE {_name(table)} DROP IF EXISTS PARTITION ({_spec(table, partition)})"


def partition_location_statement(table: Table, partition: PartitionSeen, location: str) -> str:
    """Write the Athena statement that points a partition at another place."""
    return f"ALTER TABLE {_name(table)} PARTITION ({_spec(table, partition)}) SET LOCATION {quote_text(location)}"


def table_location_statement(table: Table, location: str) -> str:
    """Write the Athena statement that points a table at another place."""
    return f"ALTER TABLE {_name(table)} SET LOCATION {quote_text(location)}"


def drop_table_statement(table: Table) -> str:
    """Write the Athena statement that takes a table out of the catalog."""
    return f"DROP TABLE {_name(table)}"


def _name(table: Table) -> str:
    return f"{quote_name(table.database or '')}.{quote_name(table.name or '')}"


def _spec(table: Table, partition: PartitionSeen) -> str:
    """Write the values of a partition: numbers as they are, all else between quotes."""
    return ", ".join(
        f"{quote_name(key.name)} = {value if key.type in _NUMBERS and value.isdigit() else quote_text(value)}"
        for key, value in zip(table.partition_keys, partition.values, strict=False)
    )


def quote_name(name: str) -> str:
    """Quote a name for Athena's DDL: plain ones stand as they are, others and reserved words between backticks."""
    is_plain = name.isidentifier() and name.isascii() and not name.startswith("_")
    return name if is_plain and name.lower() not in _RESERVED else f"`{name.replace('`', '``')}`"


def quote_text(text: str) -> str:
    """Quote a text for Athena's DDL, whose grammar is Hive's: a doubled quote would end the text and begin another."""
    return "'" + text.replace("\\", r"\\").replace("'", r"\'") + "'"


def none_named(seen: Observation) -> str:
    """Say that the entry's pattern and ignore leave out all objects that were seen, with one; else nothing."""
    looked = [each.listing for each in seen.partitions if each.listing is not None]
    looked += [seen.listing] if seen.listing is not None else []
    out = [each for each in looked if each.left_out and each.left_out_key is not None]
    if not out or any(each.objects or each.empty_objects for each in looked):
        return ""
    number = count_of(sum(each.left_out for each in out), "object")
    example = (out[0].left_out_key or "").removeprefix(seen.table.location or "")
    return f"the entry's pattern and ignore leave out all that is there: {number}, such as {example}"
