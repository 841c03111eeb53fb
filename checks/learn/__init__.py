"""What is learned of a table from its arrivals: a model of when data is due and how much, and the alerts it makes.

Pure: times are seconds since 1970 in UTC, and nothing here reads a clock, a file or a service.
"""

from checks.learn.history import Arrival
from checks.learn.model import Model, Need, fit
from checks.learn.replay import is_dated, replay, replay_ordered, seen_by
from checks.learn.sentences import confidence, explain
from checks.learn.tails import share_of
from checks.learn.watch import Alert, Watch

__all__ = [
    "Alert",
    "Arrival",
    "Model",
    "Need",
    "Watch",
    "confidence",
    "explain",
    "fit",
    "is_dated",
    "replay",
    "replay_ordered",
    "seen_by",
    "share_of",
]
