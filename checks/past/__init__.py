"""What became of tables over time, out of the history's data sets: since when, how often, how often on time.

`facts` works it out of rows, `words` tells it, `gather` reads the rows.
"""

from checks.past.facts import Episode, Month, PastOfTable, Period, months_of, past_of
from checks.past.gather import Past, gather, gather_all
from checks.past.words import document, say

__all__ = [
    "Episode",
    "Month",
    "Past",
    "PastOfTable",
    "Period",
    "document",
    "gather",
    "gather_all",
    "months_of",
    "past_of",
    "say",
]
