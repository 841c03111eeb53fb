"""The newest value of a column by the footers of files that a log names, where it keeps no values itself."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from checks.aws.problems import clean
from checks.model import Problem, ProblemKind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from checks.lake.formats.shared.newest_value import Newest
    from checks.lake.s3.table_reader import LakeReader
    from checks.model import FileSeen, FooterSeen
    from checks.rules.asking import ValueAsk


@dataclass(slots=True)
class Footers:
    """Reads the footers of files whose values no log tells: as many in all as the check says, the newest first."""

    reader: LakeReader
    ask: ValueAsk
    newest: Newest
    table: str
    read_one: Callable[[FileSeen], FooterSeen]
    left: int = field(init=False)

    def __post_init__(self) -> None:
        self.left = self.ask.files

    def read(self, files: Sequence[FileSeen]) -> None:
        """Read the footers of files that came at once; of others than are read it is told that they were not."""
        for file in sorted(files, key=lambda each: (each.at, each.uri), reverse=True):
            if self.newest.is_recent:
                return
            problem = self._not_read(file)
            if problem is not None:
                self.newest.miss(problem)
                return
            self.left -= 1
            self.newest.add(self.read_one(file))

    def _not_read(self, file: FileSeen) -> Problem | None:
        if self.left <= 0:
            return Problem(
                ProblemKind.OVER_BUDGET,
                f"the log of {self.table} keeps no values of {clean(self.ask.column)}, and no more than "
                f"{self.ask.files} footers of its newest files are read; a newer value may stand in {file.uri}",
                "have its writer keep statistics of that column, or more files read (events: {files: ...})",
            )
        if self.reader.stop_at is not None and time.monotonic() >= self.reader.stop_at:
            return Problem(
                ProblemKind.TIMED_OUT,
                f"the time for {self.table} was up before the footer of {file.uri} was read",
                "raise the time a table may take",
            )
        return None
