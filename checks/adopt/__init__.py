"""From tables of which nothing is stated to a config: what is learned of each, tested by a replay, as text."""

from checks.adopt.discovery import Adopted, Discovery, TooLittleKnown, Unread, Want
from checks.adopt.document import text_of
from checks.adopt.merging import CannotMerge, merged
from checks.adopt.reading import Asked, Looking, discover, expected, survey

__all__ = [
    "Adopted",
    "Asked",
    "CannotMerge",
    "Discovery",
    "Looking",
    "TooLittleKnown",
    "Unread",
    "Want",
    "discover",
    "expected",
    "merged",
    "survey",
    "text_of",
]
