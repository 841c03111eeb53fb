"""Zips that are equal to the byte where their files are: fixed dates, order and modes."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

if TYPE_CHECKING:
    from pathlib import Path

_DATE = (1980, 1, 1, 0, 0, 0)
"""The earliest that a zip can tell."""
_MODE = 0o100644 << 16
_UNIX = 3
_LEVEL = 6
"""Level 9 takes three times as long for a hundredth less."""
_BLOCK = 4096


def pack(folder: Path, archive: Path) -> None:
    """Write all files below the folder. Zips within it are stored as they are."""
    with ZipFile(archive, "w") as packed:
        for file in files_of(folder):
            entry = ZipInfo(file.relative_to(folder).as_posix(), _DATE)
            entry.create_system = _UNIX
            entry.external_attr = _MODE
            how = ZIP_STORED if file.suffix == ".zip" else ZIP_DEFLATED
            packed.writestr(entry, file.read_bytes(), how, _LEVEL)


def files_of(folder: Path) -> list[Path]:
    """Return the files below a folder, in an order that no file system changes."""
    return sorted(
        (file for file in folder.rglob("*") if file.is_file()),
        key=lambda file: file.relative_to(folder).as_posix(),
    )


def size_on_disk(folder: Path) -> int:
    """Return the bytes that the files take where each begins a block of its own; folders take one, too."""
    blocks = (-(-each.stat().st_size // _BLOCK) if each.is_file() else 1 for each in folder.rglob("*"))
    return _BLOCK * sum(blocks)
