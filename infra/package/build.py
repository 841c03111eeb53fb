"""The whole story of a build: dependencies into one zip, the code and that zip into another."""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from dataclasses import dataclass
from email.parser import Parser
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import ZipFile

from checks.bundle import ARCHIVE, MANIFEST, Manifest
from infra.package import archive, bytecode, dependencies
from infra.package.failures import NotBuilt, run
from infra.package.sizes import Limit, limits
from infra.package.targets import GLIBC, PYTHON

if TYPE_CHECKING:
    from infra.package.targets import Target

ROOT = Path(__file__).parents[2]
LOCK = ROOT / "locks/deploy.txt"
IMPORTS = (
    "boto3",
    "pandas",
    "pyarrow.parquet",
    "awswrangler",
    "argcomplete",
    "cronsim",
    "holidays",
    "jinja2",
    "pydantic",
    "rich",
    "ruamel.yaml",
    "tqdm",
    "tzdata",
    "urllib3",
    "checks.monitor",
    "checks.assess:import_great_expectations",
    "great_expectations",
)
"""What a run cannot do without: each direct dependency, and through our own modules what they take of them."""


@dataclass(frozen=True, slots=True)
class Built:
    """A package that was built, and what it measures."""

    file: Path
    manifest: Manifest
    limits: tuple[Limit, ...]

    def say(self) -> str:
        """Return what was built, and its sizes against the limits, a line each."""
        told = self.manifest
        head = f"{self.file}: version {told.version}, for python{told.python} on {told.architecture}"
        return "\n".join([head, *(f"  {limit.say()}" for limit in self.limits)])


def build(target: Target, file: Path, *, lock: Path = LOCK, imports: tuple[str, ...] = IMPORTS) -> Built:
    """Build the package for a target, and write it to the file once it is whole and within its limits.

    Raises `NotBuilt`. Needs uv and hatchling beside the Python that runs this, and a Python of the Lambda's version.
    """
    python = bytecode.find_python()
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=file.parent, prefix=".package-") as made:
        folder = Path(made)
        deps, code = folder / "deps", folder / "code"
        dependencies.install(lock, deps, target, Path(sys.executable).with_name("uv"))
        dependencies.trim(deps)
        dependencies.check_machine(deps, target)
        bytecode.compile_all(deps, python)
        version = _code(code, folder)
        bytecode.compile_all(code, python)
        archive.pack(deps, code / ARCHIVE)
        manifest = Manifest(
            version=version,
            python=PYTHON,
            architecture=target.architecture,
            glibc=GLIBC,
            sha256=hashlib.sha256((code / ARCHIVE).read_bytes()).hexdigest(),
            unpacked_bytes=archive.size_on_disk(deps),
            imports=imports,
        )
        (code / MANIFEST).write_text(manifest.text(), encoding="utf-8")
        archive.pack(code, folder / "outer")
        sizes = limits((folder / "outer").stat().st_size, archive.size_on_disk(code), manifest.unpacked_bytes)
        built = Built(file, manifest, sizes)
        if not all(limit.is_kept for limit in sizes):
            raise NotBuilt(
                f"{built.say()}\nit is too large: look at what the lock brings, and at what is left out"
            )
        (folder / "outer").replace(file)
    return built


def _code(folder: Path, made: Path) -> str:
    """Unpack the wheel of this project into the folder, as pip would; return its version."""
    env = {**os.environ, "SOURCE_DATE_EPOCH": "315532800"}
    words: list[str | Path] = ["-m", "hatchling", "build", "--target", "wheel", "--directory", made / "wheel"]
    run([sys.executable, *words], "building the wheel", env, folder=ROOT)
    (wheel,) = (made / "wheel").glob("*.whl")
    with ZipFile(wheel) as packed:
        packed.extractall(folder)
    (metadata,) = folder.glob("*.dist-info/METADATA")
    return str(Parser().parsestr(metadata.read_text(encoding="utf-8"), headersonly=True)["Version"])
