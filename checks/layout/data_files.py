"""Which objects are a table's data, by their names. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import translate
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import unquote

from checks.model import Format

if TYPE_CHECKING:
    from checks.model import Table

OwnKeys: TypeAlias = "frozenset[str] | None"
"""The partition keys whose own folders (``_key=value/``) are no hidden ones; None: of a bare prefix, of any name."""
NO_KEYS: OwnKeys = frozenset()


def own_keys(table: Table) -> OwnKeys:
    """Return the keys whose folders count as data in a table, also where their names begin with an underscore."""
    return None if table.is_prefix else frozenset(key.name.lower() for key in table.partition_keys)


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which objects an entry says are data: names that match one of ``patterns`` (none: any) and none of ``ignore``.

    Globs (``*`` crosses slashes): one with a slash has to match the path below the location, any other one the name.
    """

    patterns: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()

    def admits(self, path: str) -> bool:
        """Tell whether an object at this path may be data."""
        return self.is_named(path) and not self.ignores(path)

    def is_named(self, path: str) -> bool:
        """Tell whether its name is one that is asked for."""
        return not self.patterns or any(matches(path, pattern) for pattern in self.patterns)

    def ignores(self, path: str) -> bool:
        """Tell whether it is one that is left out."""
        return any(matches(path, pattern) for pattern in self.ignore)

    def __str__(self) -> str:
        """Say it: ``*.csv.gz, *.csv but not errors/*``."""
        named = ", ".join(self.patterns) or "*"
        return f"{named} but not {', '.join(self.ignore)}" if self.ignore else named


def is_data(
    path: str,
    pattern: Chosen | None = None,
    table_format: Format = Format.FILES,
    keys: OwnKeys = NO_KEYS,
    place: str = "",
) -> bool:
    r"""Tell whether the object at this path below a table's location is data.

    Not data are folder markers (a slash or ``$folder$`` at the end), checksums (``*.crc``) and all that has
    a segment beginning with ``.`` or ``_``, as Athena ignores it: ``_SUCCESS``, ``_temporary/``,
    ``.spark-staging*``, ``_spark_metadata``, ``_delta_log``, ``.hoodie``. Of an Iceberg table also its
    ``metadata/``. A folder ``_key=value`` of one of the ``keys`` is none of these: Spark hides no folder of a
    partition (PartitioningAwareFileIndex, apache/spark#14585). ``place`` is the folder below the location that is
    read as a partition: its own name hides nothing. ``pattern`` is what the
    entry says of its objects.
    """
    if not path or path.endswith(("/", "$folder$", ".crc")):
        return False
    *folders, name = path.removeprefix(place).split("/")
    if name.startswith((".", "_")) or any(is_hidden(folder, keys) for folder in folders):
        return False
    if table_format is Format.ICEBERG and path.startswith("metadata/"):
        return False
    return pattern is None or pattern.admits(path)


def is_hidden(folder: str, keys: OwnKeys = NO_KEYS) -> bool:
    """Tell whether engines pass by all that lies in a folder of this name."""
    if not folder.startswith("_"):
        return folder.startswith(".")
    key, sign, _ = folder.partition("=")
    return not sign or (keys is not None and unquote(key).lower() not in keys)


def matches(path: str, pattern: str) -> bool:
    """Tell whether a path below a table's location matches a pattern, by its name where the pattern has no slash."""
    segments = path.split("/")
    return _compiled(pattern).match(path if "/" in pattern else segments[-1]) is not None


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(translate(pattern))
