"""Which objects are part of a table format's own log, by their names. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from checks.model import Format

if TYPE_CHECKING:
    from collections.abc import Iterable

    from checks.layout.data_files import Chosen

FOLDERS = {"_delta_log/": Format.DELTA, ".hoodie/": Format.HUDI, "metadata/": Format.ICEBERG}
"""Where each format keeps its log, right below the folder of the table.

Where several lie side by side the first of them counts: tools that present a table in another format write the others
after it (Delta's UniForm writes Iceberg's).
"""
SUFFIXES = {
    Format.DELTA: (".parquet",),
    Format.HUDI: (".parquet", ".orc", ".hfile"),
    Format.ICEBERG: (".parquet", ".orc", ".avro"),
}
"""How the names of files end that each format keeps its rows in."""
_RANKS = {Format.DELTA: 0, Format.HUDI: 1, Format.ICEBERG: 2}
_METADATA_FILE = re.compile(r"v?\d.*\.metadata\.json(?:\.gz)?", re.ASCII)
"""Iceberg specification, "File System Tables" (``v3.metadata.json``) and "Metastore Tables" (``00003-uuid...``)."""
_ANY_NAME = "\0"
MOST = 200
"""Tables below one place that are told apart."""


def may_tell(names: str) -> bool:
    """Tell whether any of these names may be part of a log, at a glance."""
    return "_delta_log/" in names or ".hoodie/" in names or ".metadata.json" in names


def log_of(path: str) -> tuple[str, Format] | None:
    """Return the folder of the table whose log an object at this path is a part of, and its format; else None.

    The folder is empty or ends in a slash. Of logs within one another (Hudi keeps a table in its own log) the outermost
    counts; markers of folders are none, and of Iceberg's ``metadata/`` only what is named as its metadata files are.
    """
    *folders, name = path.split("/")
    if not name or name.endswith("$folder$"):
        return None
    for number, folder in enumerate(folders):
        if folder in {"_delta_log", ".hoodie"}:
            return "".join(f"{each}/" for each in folders[:number]), FOLDERS[f"{folder}/"]
    if folders and folders[-1] == "metadata" and _METADATA_FILE.fullmatch(name):
        return "".join(f"{each}/" for each in folders[:-1]), Format.ICEBERG
    return None


def note(
    logs: dict[str, Format], paths: Iterable[str], chosen: Chosen | None = None, place: str = ""
) -> None:
    """Add the folders of tables whose logs these objects are a part of, `MOST` of them, each with its format.

    Paths are those below ``place``, a folder of the entry's location that ``chosen`` speaks of.
    """
    for path in paths:
        found = log_of(path)
        if found is None or (found[0] not in logs and len(logs) >= MOST):
            continue
        if not is_left_out(chosen, place + found[0], found[1]):
            logs[found[0]] = first(logs.get(found[0]), found[1])


def is_left_out(chosen: Chosen | None, folder: str, table_format: Format) -> bool:
    """Tell whether an entry ignores the whole log in a folder below its location; what ignores some names does not."""
    log = next(name for name, each in FOLDERS.items() if each is table_format)
    return chosen is not None and chosen.ignores(f"{folder}{log}{_ANY_NAME}")


def first(*formats: Format | None) -> Format:
    """Return the format that counts of those whose logs lie side by side; FILES where there is none."""
    return min(filter(None, formats), key=lambda each: _RANKS.get(each, len(_RANKS)), default=Format.FILES)


def outermost(logs: dict[str, Format]) -> dict[str, Format]:
    """Return the tables that lie in no other one, sorted: what lies within one is a part of it."""
    kept: dict[str, Format] = {}
    for folder in sorted(logs):
        if not any(folder.startswith(other) for other in kept):
            kept[folder] = logs[folder]
    return kept
