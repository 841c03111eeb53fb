"""From tables of which nothing is stated to a config: what is learned of each, tested by a replay, as text."""

from checks.adopt.discovery import Adopted, Discovery, TooLittleKnown, Unread, Want
from checks.adopt.document import text_of
from checks.adopt.merging import CannotMerge, merged
from checks.adopt.plan_words import say_expected, say_sum
from checks.adopt.reading import Asked, Expected, Looking, discover, expected, survey

__all__ = [
    "Adopted",
    "Asked",
    "CannotMerge",
    "Discovery",
    "Expected",
    "Looking",
    "TooLittleKnown",
    "Unread",
    "Want",
    "discover",
    "expected",
    "merged",
    "say_expected",
    "say_sum",
    "survey",
    "text_of",
]
