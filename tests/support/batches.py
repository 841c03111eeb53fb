"""Runs to put into data sets, and what is there then."""

from __future__ import annotations

import io
import threading
from datetime import date
from typing import TYPE_CHECKING, Any

from checks.history.datasets import Batch, read
from tests.support.times import at

if TYPE_CHECKING:
    from checks.history import History


NOW = at("2026-11-23 07:00")
WHOLE = (date(2020, 1, 1), date(2030, 1, 1))


class OneAtATime:
    """A client whose requests are served one after the other: moto compares and writes in two steps."""

    def __init__(self, client: Any) -> None:
        self._client, self._lock = client, threading.Lock()

    def __getattr__(self, name: str) -> Any:
        def asked(**request: Any) -> Any:
            with self._lock:
                answer = getattr(self._client, name)(**request)
                return (
                    answer | {"Body": io.BytesIO(answer["Body"].read())} if name == "get_object" else answer
                )

        return asked


def batch(run: int, now: Any = NOW, config: str = "prod", tables: int = 3, **more: Any) -> Batch:
    """Rows of a run: one a table, and two periods of each."""
    naive = now.replace(tzinfo=None)
    own = {"config": config, "run_id": f"r-{run}", "run_at": naive}
    names = [f"sales.t{number}" for number in range(tables)]
    seen = {"seen_from": naive, "seen_until": naive, "config": config, "check_name": "partitions"}
    return Batch(
        config=config,
        run_id=f"r-{run}",
        now=now,
        rows={
            "runs": [own | {"tables": tables}],
            "observations": [own | {"table_id": name, "files": run} for name in names],
            "findings": [
                own | {"table_id": name, "check_name": "partitions", "status": "pass", "because": f"in {run}"}
                for name in names
            ],
            "periods": [
                seen | {"table_id": name, "period": period, "state": "present", "on_time": True}
                for name in names
                for period in ("2026-11-21", "2026-11-22")
            ],
            "changes": [own | {"table_id": names[0], "reason": "new"}],
            "marks": [
                {"config": config, "mark_id": "m", "kind": "silence", "seen_from": naive, "seen_until": naive}
            ],
            **more,
        },
    )


def rows(history: History, dataset: str, **more: Any) -> list[dict[str, Any]]:
    found = read(history, dataset, since=WHOLE[0], until=WHOLE[1], **more)
    assert found.unread == ()
    return found.rows


def objects(history: History, dataset: str) -> list[str]:
    return list(history.store.listed(f"datasets/{dataset}/"))
