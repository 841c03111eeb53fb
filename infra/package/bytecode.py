"""Bytecode for the Lambda's Python, without which each start compiles for 4 s and more."""

from __future__ import annotations

import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from infra.package.failures import NotBuilt, run
from infra.package.targets import PYTHON

if TYPE_CHECKING:
    from collections.abc import Iterator

VARIABLE = "PACKAGE_PYTHON"
_TELL = "import sys; print(sys.implementation.name, *sys.version_info[:2], sys.version_info.releaselevel)"
_EXPECTED = f"cpython {PYTHON.replace('.', ' ')} final"
_AT_ONCE = 2
_COMPILE = (
    "import compileall, py_compile, sys\n"
    "mode = py_compile.PycInvalidationMode.UNCHECKED_HASH\n"
    "names = sys.stdin.read().split('\\0')\n"
    "bad = [name for name in names if not compileall.compile_file(\n"
    "    name, quiet=1, force=True, invalidation_mode=mode, stripdir=sys.argv[1])]\n"
    "sys.exit(f'cannot be compiled: {bad}' if bad else 0)\n"
)


def find_python() -> Path:
    """Return a Python of the Lambda's version, tried by running it; raise `NotBuilt` where there is none.

    A name alone says nothing: a version manager's shim called python3.13 may answer that it has none.
    """
    stated = os.environ.get(VARIABLE, "").strip()
    for candidate in [Path(stated)] if stated else _candidates():
        try:
            if run([candidate, "-I", "-S", "-c", _TELL], "asking Python").strip() == _EXPECTED:
                return candidate
        except (NotBuilt, OSError):
            continue
    found = f"{VARIABLE}={stated} is none" if stated else "none was found on PATH, in pyenv or in uv"
    raise NotBuilt(
        f"the bytecode needs a CPython {PYTHON}, and {found}: install one (pyenv install {PYTHON}, uv python install "
        f"{PYTHON}, or your system's), or name it with {VARIABLE}=/path/to/python{PYTHON}"
    )


def _candidates() -> Iterator[Path]:
    on_path = shutil.which(f"python{PYTHON}")
    if on_path:
        yield Path(on_path)
    homes = [os.environ.get("PYENV_ROOT"), Path.home() / ".pyenv"]
    for versions in [Path(home) / "versions" for home in homes if home] + [_uv_home()]:
        yield from sorted(versions.glob(f"*{PYTHON}*/bin/python{PYTHON}"), reverse=True)
    yield Path(f"/usr/bin/python{PYTHON}")
    yield Path(f"/usr/local/bin/python{PYTHON}")


def _uv_home() -> Path:
    """Return where uv keeps the Pythons that it installed."""
    stated = os.environ.get("UV_PYTHON_INSTALL_DIR")
    data = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share")
    return Path(stated) if stated else data / "uv/python"


def compile_all(folder: Path, python: Path) -> None:
    """Compile each module below the folder, so that it is never looked at whether its source is newer.

    Which process compiles which file is fixed, as are hashes: what Python writes depends on what it compiled before.
    """
    files = sorted(str(file) for file in folder.rglob("*.py"))
    env = {**os.environ, "PYTHONHASHSEED": "0"}
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        shares = [files[number::_AT_ONCE] for number in range(_AT_ONCE)]
        list(pool.map(lambda share: _compile(share, folder, python, env), shares))


def _compile(files: list[str], folder: Path, python: Path, env: dict[str, str]) -> None:
    if files:
        run([python, "-I", "-S", "-c", _COMPILE, folder], "compiling", env, "\0".join(files))
