"""How many rows places of plain Parquet hold, by the footers of their files: a bounded number of them."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from checks.lake.codecs.footers import read_footer
from checks.layout import layout_from_json
from checks.layout.suffixes import says_parquet
from checks.model import Format

if TYPE_CHECKING:
    from checks.lake.s3.table_reader import LakeReader
    from checks.model import FileSeen, Listing, Observation, Period, Table
    from checks.rules.asking import Clock
    from checks.rules.base import TablePlan


def with_rows(seen: Observation, plan: TablePlan, clock: Clock, reader: LakeReader) -> Observation:
    """Return the observation with the rows of the places that a rule counts them of, the judged ones first.

    What is not known says why. Footers that were read before are not read again. Never raises for what AWS answers.
    """
    most = plan.detail(clock).row_files
    if not most or plan.table.format is not Format.FILES:
        return seen
    known = {each.file.uri: each.rows for each in seen.footers if each.rows is not None}
    counts = _Counts(plan.table, reader, most, most, known)
    if seen.layout is None:
        return replace(seen, listing=counts.of(seen.listing)) if seen.listing is not None else seen
    partitions = list(seen.partitions)
    for period in _asked(seen, plan, clock):
        for number, partition in enumerate(partitions):
            if partition.period.start == period.start and partition.listing is not None:
                partitions[number] = replace(partition, listing=counts.of(partition.listing))
    return replace(seen, partitions=tuple(partitions))


def _asked(seen: Observation, plan: TablePlan, clock: Clock) -> list[Period]:
    """Return the periods whose rows are asked for, each once: those that are judged, then others, the newest first."""
    layout = layout_from_json(seen.layout, plan.labels) if seen.layout else None
    counting = [rule for rule in plan.rules if rule.detail(clock).row_files and rule.looks(plan.table)]
    needs = [rule.needs(plan.table, layout, clock, plan.memory) for rule in counting]
    judged = [period for each in needs for period in each.periods]
    further = [each.further for each in needs if each.further is not None]
    compared = [period for each in needs for period in each.compared]
    compared += [period for each in further for period in each.compared]
    return list(dict.fromkeys([*judged, *sorted(compared, reverse=True)]))


@dataclass(slots=True)
class _Counts:
    """Adds up the rows of places, by at most so many footers: ``left`` of ``most``. ``known`` are those read before."""

    table: Table
    reader: LakeReader
    most: int
    left: int
    known: dict[str, int] = field(default_factory=dict)

    def of(self, listing: Listing) -> Listing:
        """Return a listing with its rows, or with why they are not known."""
        files = listing.newest_files
        if not listing.objects or not listing.complete or not self._are_parquet(files):
            return listing
        unread = sum(each.uri not in self.known for each in files)
        if len(files) < listing.objects or unread > self.left:
            return replace(listing, rows_unknown=self._over(listing))
        rows = 0
        for file in files:
            counted = self._rows(file)
            if isinstance(counted, str):
                return replace(listing, rows_unknown=counted)
            rows += counted
        return replace(listing, rows=rows)

    def _are_parquet(self, files: tuple[FileSeen, ...]) -> bool:
        """Tell whether all files are Parquet: by what the catalog says of the table, else by their names."""
        if self.table.file_format is not None:
            return self.table.file_format == "parquet"
        return all(says_parquet(each.uri) for each in files)

    def _over(self, listing: Listing) -> str:
        spent = self.most - self.left
        before = f" ({spent} of them for others)" if spent else ""
        return (
            f"they lie in {listing.objects:,} files, and the footers of at most {self.most:,} are read a run{before}; "
            "raise row_files to read more"
        )

    def _rows(self, file: FileSeen) -> int | str:
        """Return the rows of a file, or why they are not known."""
        if file.uri in self.known:
            return self.known[file.uri]
        if self.reader.stop_at is not None and time.monotonic() >= self.reader.stop_at:
            return f"the time for {self.table.id} was up before the footer of {file.uri} was read"
        self.left -= 1
        footer = read_footer(self.reader.store, file)
        if footer.rows is None:
            return footer.problem.message if footer.problem is not None else f"{file.uri} does not tell them"
        self.known[file.uri] = footer.rows
        return footer.rows
