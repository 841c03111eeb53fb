"""The memory as data sets: what every run saw, found and told, as Parquet that any engine reads.

A data set is a folder of the history with a folder a day (UTC) and in it an object a config:
``datasets/findings/day=2026-11-23/prod~000.parquet``. A run puts its rows into the object of its day by a conditional
write that replaces it whole. So there is nothing to compact, a reader sees a run whole or not at all, and nobody ever
sees a row twice.
"""

from checks.history.datasets.columns import DATASETS, VERSION, Dataset, Kind, plain
from checks.history.datasets.keeping import expire, places
from checks.history.datasets.marks import record_mark, rows_of_marks
from checks.history.datasets.reading import Read, days_of, on_time_by_month, read
from checks.history.datasets.writing import Batch, record

__all__ = [
    "DATASETS",
    "VERSION",
    "Batch",
    "Dataset",
    "Kind",
    "Read",
    "days_of",
    "expire",
    "on_time_by_month",
    "places",
    "plain",
    "read",
    "record",
    "record_mark",
    "rows_of_marks",
]
