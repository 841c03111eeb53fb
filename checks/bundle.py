"""The Lambda's dependencies, which lie zipped beside the code: unpacked once per environment, and put first.

What Lambda unpacks itself may have 250 MiB, and the dependencies have more. So the package holds them as a zip in the
zip, and the first invocation unpacks it below the temporary folder: in the handler, since importing that may take 10 s
at most. Nothing but the standard library is imported here, and nothing heavy may be imported before.

Several processes may start at once in one temporary folder: one unpacks, the others wait for its lock, which ends with
its holder. A tree gets its name when it is whole, by a rename; one that is not whole after all is unpacked again.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import platform
import shutil
import sys
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile, ZipFile

if TYPE_CHECKING:
    from collections.abc import Iterator

ARCHIVE, MANIFEST = "deps.zip", "bundle.json"
_ARCHITECTURES = {"aarch64": "arm64", "amd64": "x86_64"}
"""What Lambda calls the machines that others name differently."""
_MIB = 1 << 20
_AGAIN = "build it anew with make package, and deploy it"


class UnusableBundle(Exception):  # noqa: N818 - a sentence for the operator
    """Raised when the package cannot run here: it is broken, or made for elsewhere, or there is no room for it.

    Its text says what was seen, what was expected, and what to do.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a package says of itself, in `bundle.json` beside the code.

    ``version`` is the monitor's, ``python`` such as ``3.13``, ``architecture`` as Lambda calls it, ``glibc`` the oldest
    that its wheels take, ``sha256`` that of `deps.zip`, ``unpacked_bytes`` what that takes on a disk. ``imports`` are
    modules that a run cannot do without; with ``module:function``, the function is called, too.
    """

    version: str
    python: str
    architecture: str
    glibc: str
    sha256: str
    unpacked_bytes: int
    imports: tuple[str, ...]

    @classmethod
    def read(cls, file: Path) -> Manifest:
        """Return what a manifest says; raise `UnusableBundle` when it is none."""
        try:
            told: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
            return cls(**{**told, "imports": tuple(told["imports"])})
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise UnusableBundle(f"{file.name} of the package cannot be read ({error}): {_AGAIN}") from error

    def text(self) -> str:
        """Return the manifest as it is written."""
        return json.dumps(asdict(self), indent=2, sort_keys=True) + "\n"


@cache
def use(code: Path) -> Path | None:
    """Make the dependencies that lie beside the code those of this process; return where they were unpacked to.

    None where there are none to unpack: in a container image, in development. Done once; what fails is tried again
    at the next call. Raises `UnusableBundle`.
    """
    archive, manifest = code / ARCHIVE, code / MANIFEST
    if not archive.exists() and not manifest.exists():
        return None
    told = Manifest.read(manifest)
    _refuse_elsewhere(told)
    folder = Path(os.environ.get("TMPDIR") or "/tmp")  # noqa: S108 - Lambda's only place to write; below it is our own
    try:
        tree = _unpacked(archive, told, folder.resolve() / "s3-table-monitor")
    except BadZipFile as error:
        raise UnusableBundle(f"{ARCHIVE} of the package is broken ({error}): {_AGAIN}") from error
    except OSError as error:
        raise UnusableBundle(
            f"the dependencies could not be unpacked into {folder} ({error}); they take {_mib(told.unpacked_bytes)} "
            f"there: give the function more ephemeralStorageSize, or empty the folder"
        ) from error
    _put_first(tree)
    for name in told.imports:
        _import(name, tree)
    return tree


def _refuse_elsewhere(told: Manifest) -> None:
    """Raise `UnusableBundle` unless this is the Python and the machine that the package was made for."""
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    machine = platform.machine()
    architecture = _ARCHITECTURES.get(machine.lower(), machine)
    if (python, architecture) != (told.python, told.architecture):
        raise UnusableBundle(
            f"the package is for Python {told.python} on {told.architecture}, and this is Python {python} on "
            f"{architecture}: deploy one of make package ARCH={architecture}, or set the function's runtime to "
            f"python{told.python} and its architecture to {told.architecture}"
        )
    glibc = _glibc()
    if glibc is None or _numbers(glibc) < _numbers(told.glibc):
        raise UnusableBundle(
            f"the package needs glibc {told.glibc} or newer, and here is {glibc or 'none'}: "
            f"set the function's runtime to python{told.python}"
        )


def _glibc() -> str | None:
    """Return the version of the C library, None where it is another."""
    try:
        name, _, version = (os.confstr("CS_GNU_LIBC_VERSION") or "").partition(" ")
    except (AttributeError, ValueError, OSError):
        return None
    return version if name == "glibc" else None


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())


def _mib(size: int) -> str:
    return f"{-(-size // _MIB):,} MiB"


def _unpacked(archive: Path, told: Manifest, base: Path) -> Path:
    """Return the folder that holds what is in the archive, unpacking it where nobody has yet."""
    _make_own(base)
    tree = base / told.sha256[:16]
    with _alone(base), ZipFile(archive) as packed:
        if tree.exists():
            if _is_whole(tree, packed):
                return tree
            tree.rename(_part(tree))
        for left in base.glob(
            "*.part-*"
        ):  # by a process that was killed: who has the lock is the only one at work
            shutil.rmtree(left)
        _refuse_changed(archive, told)
        free = shutil.disk_usage(base).free
        if free < told.unpacked_bytes:
            raise OSError(f"{_mib(free)} are free")
        part = _part(tree)
        try:
            packed.extractall(part)
            part.rename(tree)
        except BaseException:
            shutil.rmtree(part, ignore_errors=True)
            raise
    return tree


def _part(tree: Path) -> Path:
    """Return a name for a tree that nobody is to use."""
    return tree.with_name(f"{tree.name}.part-{os.getpid()}")


def _make_own(base: Path) -> None:
    """Make the folder, or see that it is ours: what others may write to is not to be imported."""
    base.mkdir(mode=0o700, parents=True, exist_ok=True)
    seen = base.lstat()
    if base.is_symlink() or seen.st_uid != os.geteuid() or seen.st_mode & 0o022:
        raise UnusableBundle(f"{base} can be written by others than this process's user: remove it")


@contextmanager
def _alone(base: Path) -> Iterator[None]:
    """Wait until no other process is at work in the folder, and keep others waiting."""
    import fcntl  # Unix alone has it, and Lambda is one

    with (base / "lock").open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _is_whole(tree: Path, packed: ZipFile) -> bool:
    """Tell whether each file of the archive is there with its size."""
    try:
        return all(
            (tree / each.filename).stat().st_size == each.file_size
            for each in packed.infolist()
            if not each.is_dir()
        )
    except OSError:
        return False


def _refuse_changed(archive: Path, told: Manifest) -> None:
    with archive.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if found != told.sha256:
        raise UnusableBundle(
            f"{ARCHIVE} of the package is not what it was when it was built (its SHA-256 is {found[:16]}..., and "
            f"{told.sha256[:16]}... was written): {_AGAIN}"
        )


def _put_first(tree: Path) -> None:
    """Put the tree before all others that have the same modules, as the runtime has boto3 of its own.

    What was imported of those already is forgotten, so that parts of two versions never meet.
    """
    if sys.path[:1] != [str(tree)]:
        sys.path.insert(0, str(tree))
    importlib.invalidate_caches()
    ours = {each.name.partition(".")[0] for each in tree.iterdir() if not each.name.endswith(".dist-info")}
    others = {
        name for name in ours if (module := sys.modules.get(name)) is not None and not _is_in(tree, module)
    }
    for name in [name for name in sys.modules if name.partition(".")[0] in others]:
        del sys.modules[name]


def _is_in(tree: Path, module: Any) -> bool:
    """Tell whether a module was read from the tree."""
    places = [getattr(module, "__file__", None), *getattr(module, "__path__", ())]
    return any(place is not None and Path(place).is_relative_to(tree) for place in places)


def _import(name: str, tree: Path) -> None:
    """Import what a run needs, so that a package that lacks a part fails before anything is looked at."""
    module, _, function = name.partition(":")
    try:
        found = importlib.import_module(module)
        if function:
            getattr(found, function)()
    except Exception as error:
        said = f"{type(error).__name__}: {' '.join(str(error).split())[:400]}"
        raise UnusableBundle(f"{module} of the package cannot be imported ({said}): {_AGAIN}") from error
    top = module.partition(".")[0]
    if (tree / top).exists() and not _is_in(tree, sys.modules[top]):
        place = getattr(found, "__file__", "elsewhere")
        raise UnusableBundle(
            f"{module} came from {place}, not from the package: take it off the function's layers and wrappers"
        )
