"""What people said, as rows of a data set: of those that hold in a run, and of each as it is made or taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from checks.history.datasets.columns import plain
from checks.history.datasets.writing import Batch, record
from checks.text import encodable

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from checks.history.base import History
    from checks.marks import Mark


def rows_of_marks(config: str, marks: Iterable[Mark], seen_at: datetime) -> list[dict[str, Any]]:
    """Return marks as rows, as they were seen then; ``config`` is the config's name."""
    return [
        {
            "config": encodable(config),
            "mark_id": mark.id,
            "kind": mark.kind.value,
            "table_id": encodable(mark.table),
            "check_name": mark.check,
            "period": encodable(mark.period) if mark.period is not None else None,
            "moment": plain(mark.moment),
            "made_by": encodable(mark.by),
            "made_at": plain(mark.at),
            "ends_at": plain(mark.ends_at),
            "because": encodable(mark.because) or None,
            "taken_back_by": encodable(mark.taken_back.by) if mark.taken_back is not None else None,
            "taken_back_at": plain(mark.taken_back.at) if mark.taken_back is not None else None,
            "seen_from": plain(seen_at),
            "seen_until": plain(seen_at),
        }
        for mark in marks
    ]


def record_mark(history: History, mark: Mark, now: datetime) -> tuple[str, ...]:
    """Put a mark that was just made, or taken back, into the data set; return sentences on what failed."""
    rows = {"marks": rows_of_marks(history.name, [mark], now)}
    return record(history, Batch(config=history.name, run_id=mark.id, now=now, rows=rows)).complaints
