"""What is learned of a table from its arrivals: a model of when data is due and how much, and the alerts it makes.

Pure: times are seconds since 1970 in UTC, and nothing here reads a clock, a file or a service.
"""

from checks.learn.history import Arrival
from checks.learn.learned import Model, Need
from checks.learn.lessons import Lesson, LessonKind, Lessons
from checks.learn.looks import Asked, Kept, Look, fresh_since, look
from checks.learn.model import fit
from checks.learn.replay import is_dated, replay, replay_ordered, seen_by
from checks.learn.sentences import confidence, explain
from checks.learn.tails import share_of
from checks.learn.watch import Alert, Rhythm, Watch

__all__ = [
    "Alert",
    "Arrival",
    "Asked",
    "Kept",
    "Lesson",
    "LessonKind",
    "Lessons",
    "Look",
    "Model",
    "Need",
    "Rhythm",
    "Watch",
    "confidence",
    "explain",
    "fit",
    "fresh_since",
    "is_dated",
    "look",
    "replay",
    "replay_ordered",
    "seen_by",
    "share_of",
]
