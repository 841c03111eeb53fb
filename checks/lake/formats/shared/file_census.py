"""What the files that a table's log names are like: empty, small, of another format than it records. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from checks.aws.problems import clean
from checks.lake.s3.file_census import suffix_of
from checks.model import Names, Suffix

if TYPE_CHECKING:
    from checks.layout.data_files import Chosen

_MOST_KINDS = 64
_LONGEST_NAME = 2048


@dataclass(slots=True)
class LiveNames:
    """Adds up what names and sizes of files tell, in constant memory.

    ``root`` is the table's location: ``pattern`` is looked for below it. What the log names is data, however it is
    called: names that hide a file in a listing hide none here.
    """

    small_below: int = 0
    pattern: Chosen | None = None
    root: str = ""
    small: int = 0
    outside: int = 0
    outside_example: str | None = None
    empty_example: str | None = None
    kinds: dict[tuple[str, str | None], tuple[int, str]] = field(default_factory=dict)

    def add(self, uri: str, size_bytes: int, recorded: str | None = None) -> None:
        """Note a file, ``recorded`` being the format that the log says it has."""
        path = uri.removeprefix(self.root)
        name = clean(uri)[:_LONGEST_NAME]
        if self.pattern is not None and not self.pattern.is_named(path):
            self.outside += 1
            self.outside_example = self.outside_example or name
        if size_bytes == 0:
            self.empty_example = self.empty_example or name
        elif size_bytes < self.small_below:
            self.small += 1
        kind = (suffix_of(path), recorded)
        known = self.kinds.get(kind)
        if known is not None:
            self.kinds[kind] = (known[0] + 1, known[1])
        elif len(self.kinds) < _MOST_KINDS:
            self.kinds[kind] = (1, name)

    def names(self) -> Names:
        """Return what it came to."""
        kinds = sorted(self.kinds.items(), key=lambda item: (item[0][0], item[0][1] or ""))
        return Names(
            suffixes=tuple(
                Suffix(text, count, example, recorded) for (text, recorded), (count, example) in kinds
            ),
            small=self.small,
            outside=self.outside,
            outside_example=self.outside_example,
            empty_example=self.empty_example,
        )
