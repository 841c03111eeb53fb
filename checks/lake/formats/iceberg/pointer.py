"""Which metadata file of an Iceberg table is the current one, where no catalog tells it.

Apache Iceberg Table Spec, "File System Tables": the newest version, ``v<V>.metadata.json``, is the table. Of "Metastore
Tables" (``<V>-<uuid>.metadata.json``) the catalog alone knows: a file may be there that was never committed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from checks.aws.uris import split_uri
from checks.model import Problem, ProblemKind, Unobserved

if TYPE_CHECKING:
    from checks.lake.s3.objects import ObjectStore
    from checks.model import Table

_FOLDER, _HINT = "metadata/", "version-hint.text"
_OF_FILE_SYSTEM = re.compile(r"v(\d{1,18})(?:\.gz)?\.metadata\.json(?:\.gz)?", re.ASCII)
_OF_CATALOG = re.compile(r"(\d{1,18})-.*\.metadata\.json(?:\.gz)?", re.ASCII)
_ANY = re.compile(r".+\.metadata\.json(?:\.gz)?")
_MOST_PAGES = 5
_MOST_HINT = 1024
_BY_CATALOG = "watch it by its catalog entry (table: database.name), which names its current metadata file"


@dataclass(slots=True)
class _Files:
    """The metadata files of a table: names by version, those that a file system names and those of catalogs."""

    versions: dict[int, set[str]] = field(default_factory=dict)
    of_catalog: dict[int, set[str]] = field(default_factory=dict)
    others: int = 0
    has_hint: bool = False

    def add(self, name: str) -> None:
        if name == _HINT:
            self.has_hint = True
        elif (match := _OF_FILE_SYSTEM.fullmatch(name)) is not None:
            self.versions.setdefault(int(match[1]), set()).add(name)
        elif (match := _OF_CATALOG.fullmatch(name)) is not None:
            self.of_catalog.setdefault(int(match[1]), set()).add(name)
        elif _ANY.fullmatch(name) is not None:
            self.others += 1


def current_metadata(table: Table, store: ObjectStore) -> str:
    """Return the URI of the table's current metadata file, by a LIST and, where names leave a doubt, a GET of the hint.

    Raises Unobserved, also where it cannot be known without a catalog: never a guess.
    """
    location = table.location or ""
    bucket, root = split_uri(location)
    files = _files(table, store, bucket, f"{root}{_FOLDER}")
    if not (files.versions or files.of_catalog or files.others):
        raise Unobserved(
            Problem(
                ProblemKind.NOT_FOUND,
                f"{location}{_FOLDER} holds no metadata file of an Iceberg table",
                "mend the prefix in the config",
            )
        )
    if not files.of_catalog and not files.others:
        name = _of_file_system(files) or _hinted(files, store, bucket, f"{root}{_FOLDER}")
        why = "its versions have gaps, or several files, and no version-hint.text tells which one counts"
    else:
        name = _hinted(files, store, bucket, f"{root}{_FOLDER}")
        why = "its metadata files are named as those of a catalog, and some may never have been committed"
    if name is None:
        raise Unobserved(
            Problem(
                ProblemKind.UNSUPPORTED,
                f"{table.id} holds an Iceberg table, and which of its metadata files is the current one is not known "
                f"without its catalog: {why}",
                _BY_CATALOG,
            )
        )
    return f"{location}{_FOLDER}{name}"


def _files(table: Table, store: ObjectStore, bucket: str, prefix: str) -> _Files:
    files, token = _Files(), None
    for _ in range(_MOST_PAGES):
        page = store.list_page(bucket, prefix, token=token)
        for name in page.keys.names:
            files.add(name.removeprefix(prefix))
        token = page.token
        if token is None or files.of_catalog:
            break
    if token is None:
        return files
    # Manifests come before what is named v...: one that a file system keeps is found there, with the hint.
    page = store.list_page(bucket, f"{prefix}v")
    for name in page.keys.names:
        files.add(name.removeprefix(prefix))
    if page.token is not None:
        raise Unobserved(
            Problem(
                ProblemKind.OVER_BUDGET,
                f"{table.id} holds an Iceberg table with more metadata files than are looked through",
                "let it delete old ones (write.metadata.delete-after-commit.enabled), or " + _BY_CATALOG,
            )
        )
    return files


def _of_file_system(files: _Files) -> str | None:
    """Return the newest version where all up to it are there and each is one file: then it is the table."""
    numbers = sorted(files.versions)
    is_whole = numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    newest = files.versions[numbers[-1]]
    return next(iter(newest)) if is_whole and len(newest) == 1 else None


def _hinted(files: _Files, store: ObjectStore, bucket: str, prefix: str) -> str | None:
    """Return the file that the hint names, where it is there and the newest: a hint may be older than its table.

    From a version of the file system on the ones that follow without a gap count, as its readers walk.
    """
    if not files.has_hint:
        return None
    text = store.get(bucket, f"{prefix}{_HINT}", max_bytes=_MOST_HINT).decode(errors="replace").strip()
    if text.isascii() and text.isdigit() and len(text) < 19 and not files.of_catalog and not files.others:
        number = int(text)
        while number in files.versions and number + 1 in files.versions:
            number += 1
        names = files.versions.get(number, set())
    else:
        name = text if _ANY.fullmatch(text) else f"{text}.metadata.json"
        number = max([*files.versions, *files.of_catalog], default=0)
        names = files.versions.get(number, set()) | files.of_catalog.get(number, set())
        names = names if names == {name} and not files.others else set()
    return next(iter(names)) if len(names) == 1 else None
