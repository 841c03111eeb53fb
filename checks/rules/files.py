"""The check `files`: no empty files, no files of another format, no strays, not too many small ones."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field, model_validator

from checks.layout.suffixes import FORMATS, bare
from checks.model import Finding, Format, Problem, ProblemKind, Severity, WholeSeen
from checks.rules.asking import Clock, Detail, Needs
from checks.rules.base import NOTHING_MORE, About, Binding, CheckConfig, Row, Rule, allowed
from checks.rules.cadence import schedule_of, schedule_seen
from checks.rules.key_types import Percent, SeverityWord, Size
from checks.rules.lists import only_lists
from checks.rules.sentences import count_of, say_percent
from checks.rules.unread import ended_early, no_due_period
from checks.schedule.durations import say_size

if TYPE_CHECKING:
    from collections.abc import Iterable

    from checks.layout import TimeLayout
    from checks.model import FooterSeen, Listing, Observation, Suffix, Table, TableMemory
    from checks.schedule.due import Schedule

MOST_SMALL = 0.5
"""Which share of the files may be small where the config does not say."""
FEWEST = 10
"""Of fewer data files than this no share is small: a table of three files is no heap of small ones."""
_BINARY = frozenset({"parquet", "orc", "avro"})
_READABLE = frozenset({"parquet", "orc", "avro", "json", "csv", "text"})


class FilesConfig(CheckConfig):
    """No empty files, no files of another format, no strays, not too many small ones."""

    check: ClassVar[str] = "files"
    unreplayed: ClassVar[str] = (
        "only the files that are there now tell what they are like; what was mended, merged or deleted left no trace"
    )
    expectation: ClassVar[str] = "checks.expectations.ExpectFilesToBeSound"
    short_form: ClassVar[str | None] = "on"

    on: Literal[True] | None = Field(
        None,
        description="Turns the check on as it stands, as the word on in place of the block.",
        examples=[True],
    )
    only: Literal[True] | None = Field(
        None,
        description="With the entry's pattern: a file whose name does not match it is a stray, not just no data.",
        examples=[True],
    )
    small: Size | None = Field(
        None, description="A file of fewer bytes is small; none is counted when absent.", examples=["1MB"]
    )
    most_small: Percent = Field(
        f"{MOST_SMALL:.0%}",
        validate_default=True,
        description=f"With small: at most this share of the files may be small; from {FEWEST} files on.",
        examples=["50%"],
    )
    severity: SeverityWord = Field(
        "warning",
        validate_default=True,
        description="How bad it is when files are not sound.",
        examples=["critical"],
    )

    @model_validator(mode="after")
    def _fits_together(self) -> FilesConfig:
        if self.most_small >= 1:
            message = "most_small of 100% or more is never exceeded; write a smaller one, such as 50%"
            raise ValueError(message)
        return self

    def bind(self, binding: Binding) -> FilesRule:
        """Return the rule; raise ValueError where nothing says which names are strays."""
        if self.only and binding.pattern is None:
            message = "only: true holds names against a pattern, and there is none; write one on the entry, "
            message += "such as pattern: '*.parquet'"
            raise ValueError(message)
        if self.small == 0 or (self.small is None and self.most_small != MOST_SMALL):
            message = "nothing is small: write from how many bytes on a file is not, such as small: 1MB"
            raise ValueError(message)
        return FilesRule(
            only=self.only is True,
            small=self.small,
            most_small=self.most_small,
            severity=self.severity,
            schedule=binding.schedule,
        )


@lru_cache(maxsize=1024)
def contradicts(suffix: str, table_format: str | None) -> bool:
    """Tell whether a suffix such as ``.csv.gz`` says that a file is not what the table's SerDe reads.

    A suffix that says nothing contradicts nothing; ``.txt`` may be any text. Archives and documents are read
    by no SerDe.
    """
    held = FORMATS.get(bare(suffix))
    if held is None:
        return False
    if held not in _READABLE:
        return True
    if table_format is None:
        return False
    if _BINARY & {held, table_format}:
        return held != table_format
    return "text" not in (held, table_format) and held != table_format


@dataclass(slots=True)
class _Count:
    """What is not sound in all the places that were looked at."""

    files: int = 0
    empty: int = 0
    small: int = 0
    outside: int = 0
    rowless: int = 0
    foreign: dict[str, int] = field(default_factory=dict)
    recorded: dict[str, str] = field(default_factory=dict)
    examples: dict[str, str] = field(default_factory=dict)
    doubt: Problem | None = None

    def add(self, listing: Listing, place: str, table_format: str | None) -> None:
        """Count what one place holds."""
        self.files += listing.objects
        if listing.empty_objects:
            self.empty += listing.empty_objects
        if listing.part_of is not None:
            self.doubt = self.doubt or listing.part_of
        if not listing.complete:
            self.doubt = self.doubt or ended_early(place)
        names = listing.names
        if names is None:
            if listing.objects:
                self.doubt = self.doubt or _no_names(place)
            return
        if names.small:
            self.small += names.small
        if names.outside:
            self.outside += names.outside
        if names.empty_example is not None:
            self.examples.setdefault("empty", names.empty_example)
        if names.outside_example is not None:
            self.examples.setdefault("outside", names.outside_example)
        for suffix in names.suffixes:
            held = suffix.recorded or table_format
            if contradicts(suffix.text, held):
                self._add_foreign(suffix, held)

    def add_rowless(self, footers: Iterable[FooterSeen], place: str) -> None:
        """Count the files of this place that hold no row, as far as footers were read for another check."""
        for footer in footers:
            if footer.rows == 0 and footer.file.uri.startswith(place):
                self.rowless += 1
                self.examples.setdefault("rowless", footer.file.uri)

    def _add_foreign(self, suffix: Suffix, held: str | None) -> None:
        if held is not None:
            self.recorded.setdefault(suffix.text, held)
        self.foreign[suffix.text] = self.foreign.get(suffix.text, 0) + suffix.count
        self.examples.setdefault(suffix.text, suffix.example)

    def say_example(self, of: str) -> str:
        """Return the part of a sentence that names one of them."""
        return f", such as {self.examples[of]}" if of in self.examples else ""


@dataclass(frozen=True, slots=True)
class Counted:
    """What the sentence is made of: what was counted, ``where``, and whether a log named the files."""

    count: _Count
    where: str
    by_log: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FilesRule(Rule):
    """The bound check. ``schedule`` is that of the table's partitions check, where it has one."""

    check: ClassVar[str] = "files"
    only: bool = False
    small: int | None = None
    most_small: float = MOST_SMALL
    severity: Severity = Severity.WARNING
    schedule: Schedule | None = None

    @property
    def limits(self) -> tuple[float | None, float | None]:
        """No file that is not sound is allowed."""
        return allowed(0, self.severity)

    def detail(self, clock: Clock) -> Detail:  # noqa: ARG002 - the interface's
        """Ask for what names and sizes tell."""
        return Detail(names=True, small_below=self.small or 0, by_period=self.schedule is not None)

    def looks(self, table: Table) -> bool:
        """Tell that lists of files are not looked at: they are no data."""
        return only_lists(table, self.check) is None

    def needs(self, table: Table, layout: TimeLayout | None, clock: Clock, memory: TableMemory) -> Needs:  # noqa: ARG002 - the interface's
        """Ask for the due periods of the lookback, or for the location of a table that is one place."""
        if layout is None:
            return Needs(place=True)
        schedule = schedule_of(self.schedule, layout)
        if not layout.can_tell(schedule.every):
            return Needs()
        return Needs(periods=tuple(each.period for each in schedule.due(clock.now)))

    def measure(self, seen: Observation, clock: Clock, memory: TableMemory) -> Row[Counted]:  # noqa: ARG002 - the interface's
        """Count the files that are not sound; what was not read to its end is a doubt about a pass."""
        lists = only_lists(seen.table, self.check)
        if lists is not None:
            return self.row(seen, unknown=lists)
        whole = seen.live or WholeSeen(listing=seen.listing, problem=seen.problem)
        if whole.problem is not None and not seen.partitions and whole.listing is None:
            return self.row(seen, unknown=whole.problem)
        by_log = seen.table.format is not Format.FILES
        count = _Count(doubt=whole.problem if seen.live is not None or not by_log else None)
        schedule = schedule_seen(self.schedule, seen)
        if schedule is None:
            if whole.listing is None:
                return self.row(seen, unknown=_not_listed(seen))
            count.add(whole.listing, seen.table.location or seen.table.id, seen.table.file_format)
            count.add_rowless(seen.footers, seen.table.location or "")
            where = seen.table.location or seen.table.id
        else:
            labels, table_format = schedule.due_labels(clock.now), seen.table.file_format
            due = [partition for partition in seen.partitions if partition.period.label in labels]
            if labels and not due and not by_log:
                return self.row(seen, unknown=no_due_period(seen))
            for partition in due:
                if partition.problem is not None:
                    count.doubt = count.doubt or partition.problem
                if partition.listing is not None:
                    place = partition.location or partition.period.label
                    count.add(partition.listing, place, table_format)
                    count.add_rowless(seen.footers if partition.location else (), place)
            where = count_of(len(labels), f"due {schedule.every.noun}")
        facts = Counted(count, where, by_log)
        return self.row(seen, facts, observed=self._unsound(count), doubt_if_pass=count.doubt)

    def _unsound(self, count: _Count) -> int:
        """Return how many files are not sound, no more than there are: a small one may be of another format, too."""
        of_data = min(sum(count.foreign.values()) + self._too_small(count) + count.rowless, count.files)
        return count.empty + self._strays(count) + of_data

    def _strays(self, count: _Count) -> int:
        return count.outside if self.only else 0

    def _too_small(self, count: _Count) -> int:
        """Return how many files are small, where they are too many of all; of a part no share is known."""
        known = self.small is not None and count.files >= FEWEST and count.doubt is None
        return count.small if known and count.small / count.files > self.most_small else 0

    def finding(self, row: Row[Counted], severity: Severity | None, about: About = NOTHING_MORE) -> Finding:
        """Write the finding: how many files are not sound, in which way, with one of each."""
        count, where, by_log = row.facts.count, row.facts.where, row.facts.by_log
        parts = list(self._parts(count, by_log=by_log))
        number = int(row.observed) if isinstance(row.observed, int | float) else 0
        total = count.files + count.empty + self._strays(count)
        if not parts:
            because = f"{count_of(count.files, 'data file')} in {where}, none of them unsound"
        else:
            of = count_of(total, "file")
            because = f"{number} of {of} in {where} not sound: {'; '.join(parts)}"
        return self.tell(
            row,
            severity,
            because,
            about=about,
            observed=number,
            expected=0,
            evidence=next(iter(count.examples.values()), row.evidence) if parts else row.evidence,
            advice=self._advice(count, by_log=by_log) if severity is not None else "",
        )

    def _parts(self, count: _Count, *, by_log: bool) -> Iterable[str]:
        if count.empty:
            yield f"{count.empty} of zero bytes{count.say_example('empty')}"
        if count.rowless:
            yield f"{count.rowless} without a row, as the footer tells{count.say_example('rowless')}"
        for suffix, number in sorted(count.foreign.items()):
            held = count.recorded.get(suffix)
            of = ", which no SerDe reads"
            if held is not None:
                of = f" that the log records as {held}" if by_log else f" in a table of {held}"
            yield f"{number} {suffix}{of}{count.say_example(suffix)}"
        if self._strays(count):
            yield f"{count.outside} with names outside of the pattern{count.say_example('outside')}"
        if self._too_small(count):
            share = say_percent(count.small / count.files)
            yield (
                f"{count.small} smaller than {say_size(self.small or 0)} ({share}; at most "
                f"{say_percent(self.most_small)} may be)"
            )

    def _advice(self, count: _Count, *, by_log: bool) -> str:
        if by_log and (count.foreign or self._strays(count)):
            return "look at the run that added them to the table's log: they are not what it says, or are misnamed"
        if count.foreign or self._strays(count):
            return "move them out of the table's location: queries read them as its data, and fail or give nonsense"
        if count.empty or count.rowless:
            return "look at the run that wrote them: it was cut off, or had nothing to write"
        return "write fewer and larger files, or compact them: each one costs every query a request"


def _not_listed(seen: Observation) -> Problem:
    unread = next((each.problem for each in seen.partitions if each.problem is not None), None)
    return unread or Problem(
        ProblemKind.UNSUPPORTED, f"the files of {seen.table.id} were not listed", "turn files off for it"
    )


def _no_names(place: str) -> Problem:
    return Problem(
        ProblemKind.UNSUPPORTED,
        f"which files {place} consists of is not known: its log tells no more than how much there is",
        "turn files off for this table (files: off)",
    )
