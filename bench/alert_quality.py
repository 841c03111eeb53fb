"""Score what is learned on made-up tables with known incidents: recall, false alarms, delay, repeats, closing.

    python bench/alert_quality.py [--seeds N] [--tables N] [--budgets | --tails | --marks]

An incident is found by the first alert between its start and its end, or by one that is open when it starts. An alert
outside incidents, their tails (a cadence, 2 h to 1 day) and unjudged spans is false. Volume alerts are false as well:
the sizes made up are all usual.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench import marked
from bench.arrivals import START, TEST, TRAIN, Table, tables
from checks.learn import replay, share_of
from checks.learn.lateness import reach
from checks.learn.tails import center_and_excess

if TYPE_CHECKING:
    from collections.abc import Sequence

    from checks.learn import Alert

DAY, HOUR = 86400.0, 3600.0
BUDGETS = (0.05, 0.2, 1.0, 4.0)  # false alarms a table and year


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


def score(made: Sequence[Table], share: float) -> tuple[Score, dict[str, Score]]:
    """Return the score of all tables and by pattern, each allowed `share` false alarms a year."""
    total = Score()
    by_pattern: dict[str, Score] = {}
    for table in made:
        alerts = replay(table.arrivals, share, START + TRAIN, START + TRAIN + TEST)
        total.count(table, alerts)
        by_pattern.setdefault(table.pattern, Score()).count(table, alerts)
    return total, by_pattern


_SIGMAS = {f"lognormal, sigma {sigma}": sigma for sigma in (0.3, 0.6, 1.0)}


def _beyond(kind: str, late: float) -> float:
    """Return the share of runs of that distribution that are later than so many seconds after they are due."""
    if kind == "gaussian":
        return math.erfc(late / 200 / math.sqrt(2))
    if kind == "exponential":
        return math.exp(-late / 200)
    return 0.5 * math.erfc(math.log(late / 100) / _SIGMAS[kind] / math.sqrt(2))


def tails(kind: str, runs: int, share: float) -> float:
    """Return the false alarms a year that a limit learned of so many hourly runs costs, in the mean of 60 histories."""
    draws = {
        "gaussian": lambda r: abs(r.gauss(0, 200)),
        "exponential": lambda r: r.expovariate(1 / 200),
        **{k: lambda r, s=s: r.lognormvariate(math.log(100), s) for k, s in _SIGMAS.items()},
    }
    a_year, costs = 24 * 365.25, []
    for seed in range(60):
        random = Random(seed)  # noqa: S311
        center, excess = center_and_excess([draws[kind](random) for _ in range(runs)], 60.0)
        limit = center + reach(excess, share / a_year, 168).limit
        costs.append(a_year * _beyond(kind, limit))
    return sum(costs) / len(costs)


def main() -> None:
    """Print the figures as JSON, a line each."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--tables", type=int, default=144)
    parser.add_argument(
        "--budgets", action="store_true", help="what each budget of false alarms really costs"
    )
    parser.add_argument(
        "--tails", action="store_true", help="what a budget costs by how lateness is distributed"
    )
    parser.add_argument(
        "--marks", action="store_true", help="what it changes that a person answers alarms with marks"
    )
    arguments = parser.parse_args()
    if arguments.marks:
        for told in marked.figures(arguments.seeds):
            print(json.dumps(told), flush=True)
        return
    if arguments.tails:
        for kind in ("gaussian", "exponential", *_SIGMAS):
            for runs in (240, 720, 2000):
                costs = {share: round(tails(kind, runs, share), 2) for share in BUDGETS}
                print(json.dumps({"lateness": kind, "runs": runs, "budget": costs}))
        return
    made = [t for seed in range(1, arguments.seeds + 1) for t in tables(seed, arguments.tables)]
    for share in BUDGETS if arguments.budgets else (share_of(1.0, arguments.tables),):
        started = time.monotonic()
        total, by_pattern = score(made, share)
        told = {"budget_per_table_and_year": round(share, 3), **total.figures()}
        print(json.dumps({**told, "seconds": round(time.monotonic() - started, 1)}))
        for pattern, part in {} if arguments.budgets else by_pattern.items():
            print(json.dumps({"pattern": pattern, **part.figures()}))


if __name__ == "__main__":
    main()
