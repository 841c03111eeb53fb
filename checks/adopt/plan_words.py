"""What reading tables takes, before it is done, in words. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from checks.text import count, name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from checks.adopt.reading import Expected


def say_expected(tables: Iterable[Expected], catalog: int, known: str = "") -> Iterator[str]:
    """Yield a line a table, then the sum; ``catalog`` is what finding out about the tables took."""
    each_of = list(tables)
    rows = [("TABLE", "FORMAT", "READ BY", "REQUESTS", "USD AT MOST")]
    for each in each_of:
        table = each.plan.table
        rows.append(
            (name(table.id), table.format.value, each.way, f"{each.least} to {each.most}", f"{each.usd:.6f}")
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    yield from ("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)
    yield ""
    yield say_sum(each_of, catalog, known)


def say_sum(tables: Sequence[Expected], catalog: int, known: str = "") -> str:
    """Say what reading takes at the most, and what finding out about the tables took; ``known`` stands between."""
    least, most = sum(one.least for one in tables), sum(one.most for one in tables)
    usd = sum(one.usd for one in tables)
    return (
        f"looks at {count(len(tables), 'table')}{known}: {least:,} to {count(most, 'request')}, "
        f"${usd:.4f} at the most; the catalog took {catalog:,}"
    )
