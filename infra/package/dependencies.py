"""The dependencies as a run needs them: installed from the lock for another machine, and what no run reads left out."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

from infra.package.failures import NotBuilt, run
from infra.package.targets import PYTHON

if TYPE_CHECKING:
    from pathlib import Path

    from infra.package.targets import Target

_FOLDERS = {"tests", "test", "__pycache__"}
_SUFFIXES = {".pyi", ".pxd", ".pyx", ".h", ".hpp", ".a"}
_FROM_THE_TOP = (
    "bin",  # commands, which name the Python that installed them
    "setuptools",  # declared by awswrangler, and imported by nothing
    "setuptools-*.dist-info",
    "_distutils_hack",
    "distutils-precedence.pth",
    "pyarrow/include",
    "numpy/_core/include",
    "pyarrow/_flight.*",  # a service of its own, with the largest library after Arrow's own
    "pyarrow/libarrow_flight.so*",
    "pyarrow/libarrow_python_flight.so*",
    "*.dist-info/RECORD",  # names commands by what they were when installed
    "*.dist-info/INSTALLER",
    "*.dist-info/REQUESTED",
    ".lock",
)
_LIBRARY = re.compile(r"\.so(\.|$)")
_ELF = b"\x7fELF"


def install(lock: Path, folder: Path, target: Target, uv: Path) -> None:
    """Install what the lock names, with its hashes, for the target; raise `NotBuilt` when it cannot be had."""
    words: list[str | Path] = [
        "--quiet",
        "--require-hashes",
        "--no-deps",
        "--only-binary",
        ":all:",
        "--link-mode",
        "copy",
    ]
    place: list[str | Path] = [
        "--target",
        folder,
        "--python-platform",
        target.platform,
        "--python-version",
        PYTHON,
    ]
    run([uv, "pip", "install", *words, *place, "-r", lock], f"installing {lock.name} for {target.platform}")


def trim(folder: Path) -> None:
    """Leave out what no run reads: tests, stubs, headers, what only builds, and libraries that are there twice.

    Licences stay. Libraries are not stripped: scipy's cannot be loaded any more when they are.
    """
    for pattern in _FROM_THE_TOP:
        for found in list(folder.glob(pattern)):
            _remove(found)
    for found in sorted(folder.rglob("*")):
        if _is_metadata(found, folder) or not found.exists():
            continue
        if (found.is_dir() and found.name in _FOLDERS) or found.suffix in _SUFFIXES:
            _remove(found)
    for library in folder.glob("pyarrow/lib*.so.*"):
        _remove_twins(library)


def check_machine(folder: Path, target: Target) -> None:
    """Raise `NotBuilt` when a library is made for another machine."""
    for file in sorted(folder.rglob("*")):
        if not file.is_file() or not _LIBRARY.search(file.name):
            continue
        with file.open("rb") as stream:
            head = stream.read(20)
        if head[:4] != _ELF or int.from_bytes(head[18:20], "little") != target.elf:
            raise NotBuilt(
                f"{file.relative_to(folder)} is no library for {target.architecture}: look at the lock"
            )


def _remove_twins(library: Path) -> None:
    """Keep one of the names of a library, the one that others ask for (``.so.2500`` of ``.so`` and ``.so.2500.1``)."""
    stem, _, version = library.name.partition(".so.")
    if version.count("."):
        return
    data = library.read_bytes()
    for twin in library.parent.glob(f"{stem}.so*"):
        if twin != library and twin.read_bytes() == data:
            twin.unlink()


def _is_metadata(file: Path, folder: Path) -> bool:
    return file.relative_to(folder).parts[0].endswith(".dist-info")


def _remove(found: Path) -> None:
    if found.is_dir():
        shutil.rmtree(found)
    else:
        found.unlink()
