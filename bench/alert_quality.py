"""Score what is learned on made-up tables with known incidents: recall, false alarms, delay, repeats, closing.

    python bench/alert_quality.py [--seeds N] [--tables N] [--budgets | --tails | --marks] [--histories N]

An incident is found by the first alert between its start and its end, or by one that is open when it starts. An alert
outside incidents, their tails (a cadence, 2 h to 1 day) and unjudged spans is false. Volume alerts are false as well:
the sizes made up are all usual. `--budgets` says for each budget and kind of table how many times what was asked for it
costs: by known laws exactly, as the mean over histories, and of the made-up tables by counting.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench import marked
from bench.arrivals import START, TEST, TRAIN, Table, tables
from bench.budgets import BUDGETS, costs
from checks.learn import replay, share_of
from checks.side_by_side import side_by_side

if TYPE_CHECKING:
    from collections.abc import Sequence

    from checks.learn import Alert

DAY, HOUR = 86400.0, 3600.0


@dataclass
class Score:
    """What was counted, over tables and seeds."""

    incidents: int = 0
    found: int = 0
    false: int = 0
    excused: int = 0
    repeats: int = 0
    days: float = 0.0
    closable: int = 0
    closed: int = 0
    delays: list[float] = field(default_factory=list)

    def count(self, table: Table, alerts: Sequence[Alert]) -> None:
        """Count one table's alerts against its truth."""
        begin, end = START + TRAIN, START + TRAIN + TEST
        tail = min(max(table.cadence, 2 * HOUR), DAY)
        used: set[int] = set()
        spans = [(a, b + tail) for a, b in table.unjudged]
        for i in table.incidents:
            mine = [
                n
                for n, a in enumerate(alerts)
                if i.starts <= a.opened <= i.ends or (a.opened < i.starts and (a.closed or end) > i.starts)
            ]
            self.incidents += 1
            spans.append((i.starts, i.ends + tail))
            if not mine:
                continue
            used |= set(mine)
            self.found += 1
            self.repeats += len(mine) - 1
            self.delays.append(max(0.0, alerts[mine[0]].opened - i.knowable) / table.cadence)
            if i.ends + tail < end:
                self.closable += 1
                self.closed += (alerts[mine[-1]].closed or end) <= i.ends + max(tail, table.cadence)
        for n, a in enumerate(alerts):
            if n not in used and begin <= a.opened < end:
                excused = any(lo <= a.opened <= hi for lo, hi in spans)
                self.excused += excused
                self.false += not excused
        self.days += (
            end - begin - sum(min(b, end) - max(a, begin) for a, b in spans if b > begin and a < end)
        ) / DAY

    def figures(self) -> dict[str, object]:
        """Return the figures as they are published."""
        delays = sorted(self.delays) or [0.0]
        return {
            "incidents": self.incidents,
            "recall": round(self.found / self.incidents, 4) if self.incidents else None,
            "false": self.false,
            "false_per_1000_days": round(1000 * self.false / self.days, 2),
            "false_per_table_and_year": round(365.25 * self.false / self.days, 3),
            "excused": self.excused,
            "delay_median": round(delays[len(delays) // 2], 3),
            "delay_p90": round(delays[int(0.9 * (len(delays) - 1))], 3),
            "repeats": round(self.repeats / self.incidents, 3) if self.incidents else None,
            "closed_in_time": f"{self.closed}/{self.closable}",
        }

    def asked_and_met(self, share: float) -> dict[str, object]:
        """Return how many false alarms were asked for in the time that was judged, and how many there were."""
        return {"asked": round(share * self.days / 365.25, 2), "met": self.false}


def score(made: Sequence[Table], share: float) -> tuple[Score, dict[str, Score]]:
    """Return the score of all tables and by pattern, each allowed `share` false alarms a year."""
    total = Score()
    by_pattern: dict[str, Score] = {}
    told = side_by_side(partial(_alerts, share=share), made)
    for table, alerts in zip(made, told, strict=True):
        total.count(table, alerts)
        by_pattern.setdefault(table.pattern, Score()).count(table, alerts)
    return total, by_pattern


def _alerts(table: Table, share: float) -> list[Alert]:
    return replay(table.arrivals, share, START + TRAIN, START + TRAIN + TEST)


def main() -> None:
    """Print the figures as JSON, a line each."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--tables", type=int, default=144)
    parser.add_argument(
        "--budgets", action="store_true", help="what each budget costs: by known laws, and by kind of table"
    )
    parser.add_argument("--tails", action="store_true", help="what each budget costs, by known laws alone")
    parser.add_argument(
        "--marks", action="store_true", help="what it changes that a person answers alarms with marks"
    )
    parser.add_argument("--histories", type=int, default=400, help="of each law, for --budgets and --tails")
    arguments = parser.parse_args()
    if arguments.marks:
        for told in marked.figures(arguments.seeds):
            print(json.dumps(told), flush=True)
        return
    if arguments.tails or arguments.budgets:
        for cost in costs(arguments.histories):
            print(json.dumps(cost.told()), flush=True)
    if arguments.tails:
        return
    made = [t for seed in range(1, arguments.seeds + 1) for t in tables(seed, arguments.tables)]
    for share in BUDGETS if arguments.budgets else (share_of(1.0, arguments.tables),):
        started = time.monotonic()
        total, by_pattern = score(made, share)
        told = {"budget_per_table_and_year": round(share, 3), **total.figures()}
        print(json.dumps({**told, "seconds": round(time.monotonic() - started, 1)}))
        for pattern, part in by_pattern.items():
            told = part.asked_and_met(share) if arguments.budgets else part.figures()
            print(json.dumps({"pattern": pattern, **told}))


if __name__ == "__main__":
    main()
