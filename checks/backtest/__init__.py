"""`checks backtest`: what would have been told in the past, of recorded arrivals or of the lake's own history."""

from checks.backtest.recorded import COLUMNS, BadArrivals, read
from checks.backtest.recorded_words import say, summary, told
from checks.backtest.replaying import Asked, Backtest, run
from checks.backtest.table import write_csv
from checks.learn.budget import parse_budget

__all__ = [
    "COLUMNS", "Asked", "Backtest", "BadArrivals", "parse_budget", "read", "run", "say", "summary", "told", "write_csv",
]  # fmt: skip
