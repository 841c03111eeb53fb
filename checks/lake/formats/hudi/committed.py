"""Hudi: which files that lie in a partition are data, by the instants in their names. Pure.

Apache Hudi Technical Specification, "File Layout" and "Timeline": only files whose instant has completed are part of
the table.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

_BASE = re.compile(r"[^._][^/]*_[^_/]+_(?P<instant>[0-9]+)\.[A-Za-z0-9]+")
_LOG = re.compile(r"\.[^/]+_(?P<instant>[0-9]+)\.log\.[0-9]+(?:_[0-9]+-[0-9]+-[0-9]+)?")


class Is(Enum):
    """What a file in a partition is."""

    DATA = "data"
    NO_DATA = "no data"
    ARCHIVED = "data unless its instant was rolled back"
    UNKNOWN = "not known"


@dataclass(frozen=True, slots=True)
class Committed:
    """Which instants completed: those that are on the timeline, and all before it but for what was rolled back.

    That is how Hudi reads (``HoodieTimeline.containsOrBeforeTimelineStarts``); it archives only what has completed.
    """

    completed: frozenset[str]
    pending: frozenset[str]
    planned: frozenset[str]
    begins_at: str | None

    def look_at(self, name: str) -> tuple[Is, str]:
        """Return what a file is by its name, and the instant in that.

        Base files carry the instant that wrote them. Log files do since layout 2; before, they carry that of their
        slice's base file: of a compaction that is still on the way nothing tells who wrote the logs on top of it.
        """
        log = _LOG.fullmatch(name)
        match = log or _BASE.fullmatch(name)
        if match is None:
            return (Is.NO_DATA if _is_no_data(name) else Is.UNKNOWN), ""
        return self._of(match["instant"], is_log=log is not None), match["instant"]

    def _of(self, instant: str, *, is_log: bool) -> Is:
        if instant in self.completed:
            return Is.DATA
        if instant in self.pending:
            return Is.UNKNOWN if is_log and instant in self.planned else Is.NO_DATA
        if self.begins_at is None:
            return Is.UNKNOWN
        return Is.ARCHIVED if instant < self.begins_at else Is.NO_DATA


def _is_no_data(name: str) -> bool:
    return name.startswith((".", "_")) or name.endswith(("$folder$", ".crc"))
