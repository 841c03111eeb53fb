"""Unpacking the dependencies: once, whole, for this machine, and loudly when it cannot be."""

from __future__ import annotations

import hashlib
import json
import os
import resource
import subprocess
import sys
from dataclasses import dataclass, replace
from importlib.util import spec_from_file_location
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from checks import bundle
from checks.bundle import Manifest, UnusableBundle
from infra.package import archive

if TYPE_CHECKING:
    from collections.abc import Iterator
    from importlib.machinery import ModuleSpec

ROOT = Path(__file__).parents[2]
HERE = f"{sys.version_info.major}.{sys.version_info.minor}"
MACHINE = bundle._ARCHITECTURES.get(os.uname().machine, os.uname().machine)
OTHER = "arm64" if MACHINE == "x86_64" else "x86_64"
START = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from checks import bundle
print(bundle.use(Path(sys.argv[1])))
"""
HALF_WAY = f"""
import time
from zipfile import ZipFile
def half(self, folder):
    for name in self.namelist()[::2]:
        self.extract(name, folder)
    print("half", flush=True)
    time.sleep(600)
ZipFile.extractall = half
{START}"""


@dataclass
class Small:
    """A package of one module, and the temporary folder of its environment."""

    code: Path
    temporary: Path

    @property
    def manifest(self) -> Manifest:
        return Manifest.read(self.code / "bundle.json")

    def write(self, manifest: Manifest) -> None:
        (self.code / "bundle.json").write_text(manifest.text())

    @property
    def base(self) -> Path:
        return self.temporary / "s3-table-monitor"

    @property
    def tree(self) -> Path:
        return self.base / self.manifest.sha256[:16]

    def left(self) -> set[str]:
        """The names of what lies in the temporary folder, but for the lock."""
        return {each.name for each in self.base.iterdir()} - {"lock"} if self.base.exists() else set()

    def use(self) -> Path | None:
        """Start as a new process would."""
        bundle.use.cache_clear()
        return bundle.use(self.code)

    def start(self, script: str = START, **more: Any) -> subprocess.Popen[str]:
        """Start in a process of its own."""
        started: subprocess.Popen[str] = subprocess.Popen(
            [sys.executable, "-c", script, self.code, ROOT],
            env={**os.environ, "TMPDIR": str(self.temporary)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **more,
        )
        return started


def packed(folder: Path, files: dict[str, str], **told: Any) -> None:
    """Write a package with these files among its dependencies."""
    deps, code = folder / "deps", folder / "task"
    code.mkdir()
    for name, text in files.items():
        (deps / name).parent.mkdir(parents=True, exist_ok=True)
        (deps / name).write_text(text)
    archive.pack(deps, code / "deps.zip")
    manifest = Manifest(
        version="1.2.3",
        python=HERE,
        architecture=MACHINE,
        glibc="2.17",
        sha256=hashlib.sha256((code / "deps.zip").read_bytes()).hexdigest(),
        unpacked_bytes=archive.size_on_disk(deps),
        imports=("small_inside",),
    )
    (code / "bundle.json").write_text(replace(manifest, **told).text())


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Small]:
    packed(
        tmp_path, {"small_inside/__init__.py": "LOADED = __file__", "small_inside/deep/data.txt": "data" * 99}
    )
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield Small(tmp_path / "task", tmp_path / "tmp")
    bundle.use.cache_clear()
    for name in ("small_inside", "small_inside.deep"):
        sys.modules.pop(name, None)


def test_where_nothing_is_packed_nothing_is_unpacked(tmp_path: Path, small: Small) -> None:
    before = list(sys.path)
    assert bundle.use(tmp_path / "deps") is None
    assert bundle.use(ROOT) is None
    assert sys.path == before
    assert small.left() == set()


def test_it_is_unpacked_once_and_comes_first(small: Small) -> None:
    assert small.use() == small.tree
    assert sys.path[0] == str(small.tree)
    assert f"{small.tree}/small_inside/__init__.py" == sys.modules["small_inside"].LOADED
    made = small.tree.stat().st_mtime_ns
    assert bundle.use(small.code) == small.tree  # of this process
    assert small.use() == small.tree  # of another one
    assert small.tree.stat().st_mtime_ns == made
    assert sys.path.count(str(small.tree)) == 1
    assert small.left() == {small.tree.name}


def test_what_came_from_elsewhere_is_forgotten(small: Small, tmp_path: Path) -> None:
    other = tmp_path / "runtime/small_inside"
    other.mkdir(parents=True)
    (other / "__init__.py").write_text("LOADED = 'elsewhere'")
    sys.path.insert(0, str(other.parent))
    import small_inside  # type: ignore[import-not-found]

    assert small_inside.LOADED == "elsewhere"
    small.use()
    assert str(small.tree) in sys.modules["small_inside"].LOADED


@pytest.mark.parametrize("harm", ["cut", "gone", "half"])
def test_a_tree_that_is_not_whole_is_not_trusted(small: Small, harm: str) -> None:
    small.use()
    file = small.tree / "small_inside/deep/data.txt"
    if harm == "cut":
        file.write_text("dat")
    elif harm == "gone":
        file.unlink()
    else:  # what a process leaves that is killed while it unpacks, under the name of a whole one
        small.tree.rename(small.base / "old")
        small.tree.mkdir()
        (small.base / "old").rename(small.base / f"{small.tree.name}.part-1")
    assert small.use() == small.tree
    assert file.read_text() == "data" * 99
    assert small.left() == {small.tree.name}


def test_other_versions_are_left_alone(small: Small) -> None:
    (small.base / "0123456789abcdef").mkdir(parents=True, mode=0o700)
    small.base.chmod(0o700)
    small.use()
    assert small.left() == {small.tree.name, "0123456789abcdef"}


def refused(small: Small) -> str:
    """Return the sentence; whatever is wrong, no part of a tree may stay."""
    with pytest.raises(UnusableBundle) as caught:
        small.use()
    assert not any(".part" in name for name in small.left())
    return str(caught.value)


def test_a_package_whose_zip_was_cut_fails(small: Small) -> None:
    file = small.code / "deps.zip"
    file.write_bytes(file.read_bytes()[:-40])
    said = refused(small)
    assert said.startswith("deps.zip of the package is broken (File is not a zip file)")
    assert "make package" in said
    assert small.left() == set()


def test_a_package_whose_zip_is_another_fails(small: Small) -> None:
    small.write(replace(small.manifest, sha256="0" * 64))
    assert "deps.zip of the package is not what it was when it was built" in refused(small)
    assert small.left() == set()


@pytest.mark.parametrize("missing", ["deps.zip", "bundle.json"])
def test_half_a_package_fails(small: Small, missing: str) -> None:
    (small.code / missing).unlink()
    assert missing in refused(small)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"imports": []}', '{"imports": 1}', '"x"'])
def test_a_manifest_that_is_none_fails(small: Small, text: str) -> None:
    (small.code / "bundle.json").write_text(text)
    assert refused(small).startswith("bundle.json of the package cannot be read (")


def test_a_package_for_another_machine_fails_before_it_is_unpacked(small: Small) -> None:
    small.write(replace(small.manifest, architecture=OTHER))
    assert refused(small) == (
        f"the package is for Python {HERE} on {OTHER}, and this is Python {HERE} on {MACHINE}: deploy one of make "
        f"package ARCH={MACHINE}, or set the function's runtime to python{HERE} and its architecture to {OTHER}"
    )
    assert small.left() == set()


@pytest.mark.parametrize("python", ["3.9", "3.99", "4.0"])
def test_a_package_for_another_python_fails(small: Small, python: str) -> None:
    small.write(replace(small.manifest, python=python))
    assert f"for Python {python} on {MACHINE}, and this is Python {HERE}" in refused(small)


@pytest.mark.parametrize(
    ("here", "runs"), [("2.27", False), ("2.28", True), ("2.34", True), (None, False), ("3.0", True)]
)
def test_an_old_c_library_is_told(
    small: Small,
    here: str | None,
    runs: bool,  # noqa: FBT001 - a case of the table above
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bundle, "_glibc", lambda: here)
    small.write(replace(small.manifest, glibc="2.28"))
    if runs:
        assert small.use() == small.tree
    else:
        assert f"needs glibc 2.28 or newer, and here is {here or 'none'}" in refused(small)


def test_the_c_library_of_this_machine_is_known() -> None:
    assert bundle._numbers(bundle._glibc() or "") > (2, 17)


def test_without_room_nothing_is_unpacked(small: Small) -> None:
    small.write(replace(small.manifest, unpacked_bytes=1 << 60))
    said = refused(small)
    assert "could not be unpacked into" in said
    assert "MiB are free" in said
    assert "ephemeralStorageSize" in said
    assert small.left() == set()


def test_a_folder_that_fills_while_it_is_unpacked_fails_and_leaves_nothing(small: Small) -> None:
    most = len("data" * 99) - 1
    limited = small.start(preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (most, most)))
    _, said = limited.communicate()
    assert limited.returncode == 1
    assert "UnusableBundle: the dependencies could not be unpacked into" in said
    assert "File too large" in said
    assert small.left() == set()
    assert small.use() == small.tree  # there is room again


@pytest.mark.parametrize("how", ["others may write", "a link", "a file"])
def test_a_folder_that_is_not_our_own_is_not_imported_from(small: Small, how: str) -> None:
    if how == "others may write":
        small.base.mkdir()
        small.base.chmod(0o777)
    elif how == "a link":
        (small.temporary / "elsewhere").mkdir(mode=0o700)
        small.base.symlink_to(small.temporary / "elsewhere")
    else:
        small.base.write_text("")
    before = list(sys.path)
    said = refused(small) if how != "a file" else _said(small)
    assert str(small.temporary) in said
    assert sys.path == before


def _said(small: Small) -> str:
    with pytest.raises(UnusableBundle) as caught:
        small.use()
    return str(caught.value)


@pytest.mark.parametrize(
    ("imports", "said"),
    [
        (
            ("small_inside", "small_missing"),
            "small_missing of the package cannot be imported (ModuleNotFoundError: ",
        ),
        (("small_inside:nothing",), "small_inside of the package cannot be imported (AttributeError: "),
        (
            ("small_inside.deep.data",),
            "small_inside.deep.data of the package cannot be imported (ModuleNotFoundError: ",
        ),
    ],
)
def test_a_package_that_lacks_a_part_fails(small: Small, imports: tuple[str, ...], said: str) -> None:
    small.write(replace(small.manifest, imports=imports))
    assert refused(small).startswith(said)
    assert refused(small).startswith(said)  # and so does the next invocation


def test_a_module_that_is_not_ours_after_all_fails(small: Small) -> None:
    class Layer:
        def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
            place = Path(__file__).parents[1] / "support" / "times.py"
            return spec_from_file_location(name, place) if name == "small_inside" else None

    finder = Layer()
    sys.meta_path.insert(0, finder)
    try:
        said = refused(small)
    finally:
        sys.meta_path.remove(finder)
    assert said.startswith("small_inside came from ")
    assert "not from the package" in said


def test_cold_starts_at_once_unpack_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {f"small_inside/data{number}.txt": f"{number}" * 5000 for number in range(1500)}
    packed(tmp_path, {"small_inside/__init__.py": "", **files})
    (tmp_path / "tmp").mkdir()
    many = Small(tmp_path / "task", tmp_path / "tmp")
    killed = many.start(HALF_WAY)
    assert killed.stdout is not None
    assert killed.stdout.readline() == "half\n"
    killed.kill()
    killed.communicate()
    assert many.left() == {f"{many.tree.name}.part-{killed.pid}"}
    started = [many.start() for _ in range(5)]
    told = [process.communicate() for process in started]
    assert [out.strip() for out, _ in told] == [str(many.tree)] * 5, told
    assert many.left() == {many.tree.name}
    assert len(list(many.tree.rglob("*.txt"))) == len(files)


def test_a_manifest_is_read_as_it_was_written(small: Small) -> None:
    told = json.loads((small.code / "bundle.json").read_text())
    assert (told["version"], told["imports"]) == ("1.2.3", ["small_inside"])
    assert small.manifest.imports == ("small_inside",)
