"""What is older than the config keeps it, and is deleted: whole days of the config's own data sets and reports.

A run does so when it is the first of its day. It deletes a bounded number at once; the next day goes on.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import TYPE_CHECKING

from checks.history.base import runs_folder, safe_name
from checks.history.datasets.columns import DATASETS
from checks.history.datasets.files import FOLDER, Name, folder_of
from checks.model import utc
from checks.rights import DELETE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from checks.history.base import History

IAM_ACTIONS = (DELETE,)
"""Asked for only where the config says how long to keep."""
_MOST = 1000
_DAY_OF_RUN = re.compile(r"(\d{4}-\d\d-\d\d)/")


def places(name: str) -> tuple[str, ...]:
    """Return below which of the history's folders anything of the config of that name is ever deleted."""
    return f"{FOLDER}/", runs_folder(name)


def expire(history: History, keep: timedelta, now: datetime) -> int:
    """Delete what is older than ``keep`` and return how many documents. Raises HistoryUnavailable.

    A day goes when all of it is older. At most 1,000 documents of each data set, and of the reports, go at once.
    """
    last = (utc(now) - keep).date() - timedelta(days=1)
    count = 0
    for names in (*(_of_dataset(history, name, last) for name in DATASETS), _of_reports(history, last)):
        old = [name for name, _ in zip(names, range(_MOST), strict=False)]
        if old:
            history.store.remove(old)
            count += len(old)
    return count


def _of_dataset(history: History, dataset: str, last: date) -> Iterator[str]:
    own = safe_name(history.name)
    for text in history.store.listed(folder_of(dataset)):
        name = Name.parse(text)
        if name is None:
            continue
        if name.day > last:
            return
        if name.config == own:
            yield text


def _of_reports(history: History, last: date) -> Iterator[str]:
    beginning = runs_folder(history.name)
    for text in history.store.listed(beginning):
        found = _DAY_OF_RUN.match(text, len(beginning))
        try:
            day = date.fromisoformat(found[1]) if found is not None else None
        except ValueError:
            day = None
        if day is None:
            continue
        if day > last:
            return
        yield text
