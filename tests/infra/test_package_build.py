"""Building the package: what is left out, by which Python, the same each time, and never too large."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import ZipFile

import pytest
from ruamel.yaml import YAML

from infra.package import archive, build, bytecode, dependencies
from infra.package.failures import NotBuilt, run
from infra.package.sizes import MIB, Limit, limits
from infra.package.targets import GLIBC, PYTHON, TARGETS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from infra.package.targets import Target

ROOT = Path(__file__).parents[2]
X86, ARM = TARGETS["x86_64"], TARGETS["arm64"]
DOCKERFILE = (ROOT / "infra/Dockerfile").read_text(encoding="utf-8")
FEW = ("cronsim", "jinja2", "markupsafe", "python-dateutil", "six")
BUILD = """
import sys
from pathlib import Path
from infra.package.build import build
from infra.package.targets import TARGETS
print(build(TARGETS["arm64"], Path(sys.argv[1]), lock=Path(sys.argv[2]), imports=()).say())
"""


def lock_of(folder: Path, names: Sequence[str]) -> Path:
    """Write the part of the lock that names a few packages."""
    blocks = re.split(r"\n(?=[a-z])", (ROOT / "locks/deploy.txt").read_text())
    chosen = [block for block in blocks if block.partition("==")[0] in names]
    assert len(chosen) == len(names)
    file = folder / "few.txt"
    file.write_text("\n".join(chosen))
    return file


def elf(machine: int) -> bytes:
    return b"\x7fELF" + bytes(14) + machine.to_bytes(2, "little") + bytes(40)


def write(folder: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def names_in(folder: Path) -> set[str]:
    return {file.relative_to(folder).as_posix() for file in archive.files_of(folder)}


def test_two_builds_are_equal_to_the_byte(python: Path, tmp_path: Path) -> None:
    lock = lock_of(tmp_path, FEW)
    zips = []
    for number, umask in enumerate((0o022, 0o077)):
        file = tmp_path / f"{'deeper/' * number}lambda.zip"
        env = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "PYTHONHASHSEED": str(number),
            "TZ": ("UTC", "Asia/Tokyo")[number],
        }
        words: list[str | Path] = [sys.executable, "-c", BUILD, file, lock]
        subprocess.run(
            words, env=env, cwd=(ROOT, tmp_path)[number], umask=umask, check=True, capture_output=True
        )
        zips.append(file)
    assert zips[0].read_bytes() == zips[1].read_bytes()
    with ZipFile(zips[0]) as packed:
        entries = packed.infolist()
    assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}
    assert {entry.external_attr >> 16 for entry in entries} == {0o100644}
    assert [entry.filename for entry in entries] == sorted(entry.filename for entry in entries)
    assert sorted(names_in(tmp_path)) == ["deeper/lambda.zip", "few.txt", "lambda.zip"]  # nothing else stays


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_each_locked_dependency_is_to_be_had_for_the_machine(target: Target, tmp_path: Path) -> None:
    uv = Path(sys.executable).with_name("uv")
    done = subprocess.run(
        [uv, "pip", "install", "--dry-run", "--require-hashes", "--no-deps", "--only-binary", ":all:", "--target",
         tmp_path, "--python-platform", target.platform, "--python-version", PYTHON, "-r", ROOT / "locks/deploy.txt"],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    names = re.findall(r"(?m)^([a-z][\w.-]*)==", (ROOT / "locks/deploy.txt").read_text())
    would = set(re.findall(r"(?m)^ \+ ([\w.-]+)==", done.stderr))
    assert set(names) - would == {"colorama"}  # of Windows
    assert len(would) > 40


def test_what_no_run_reads_is_left_out_and_licences_stay(tmp_path: Path) -> None:
    stays = {
        "numpy/__init__.py": b"",
        "numpy/testing/__init__.py": b"",
        "jinja2/tests.py": b"",
        "numpy.libs/libopenblas.so": elf(62),
        "numpy-2.dist-info/METADATA": b"",
        "numpy-2.dist-info/entry_points.txt": b"",
        "numpy-2.dist-info/licenses/tests/include/LICENSE.h": b"",
        "pyarrow/lib.cpython-313-x86_64-linux-gnu.so": elf(62),
        "pyarrow/libarrow.so.2500": elf(62) + b"arrow",
        "pyarrow/libarrow_substrait.so.2500": elf(62) + b"substrait",
        "pyarrow/libarrow_python.so.2500": elf(62) + b"python",
    }
    goes = {
        "bin/f2py": b"",
        "numpy/tests/test_a.py": b"",
        "numpy/core/test/data/a.npy": b"",
        "numpy/a.pyi": b"",
        "numpy/a.pxd": b"",
        "numpy/_core/include/numpy/a.h": b"",
        "numpy/__pycache__/a.pyc": b"",
        "numpy-2.dist-info/RECORD": b"",
        "numpy-2.dist-info/INSTALLER": b"",
        "numpy-2.dist-info/REQUESTED": b"",
        "setuptools/__init__.py": b"",
        "setuptools-84.dist-info/METADATA": b"",
        "_distutils_hack/__init__.py": b"",
        "distutils-precedence.pth": b"",
        "pyarrow/include/arrow/api.h": b"",
        "pyarrow/_flight.cpython-313-x86_64-linux-gnu.so": elf(62),
        "pyarrow/libarrow_flight.so.2500": elf(62),
        "pyarrow/libarrow_python_flight.so": elf(62),
        "pyarrow/libarrow_python.so": elf(62) + b"python",
        "pyarrow/libarrow_python.so.2500.1.0": elf(62) + b"python",
    }
    dependencies.trim(write(tmp_path, {**stays, **goes}))
    assert names_in(tmp_path) == set(stays)


@pytest.mark.parametrize("data", [elf(ARM.elf), b"MZ not of Linux", b"", elf(X86.elf)[:10]])
def test_a_library_of_another_machine_ends_the_build(data: bytes, tmp_path: Path) -> None:
    write(tmp_path, {"a/good.so": elf(X86.elf), "a/good.so.1.2": elf(X86.elf), "a/text.sorted": b""})
    dependencies.check_machine(tmp_path, X86)
    write(tmp_path, {"a/bad.so.1": data})
    with pytest.raises(NotBuilt, match=r"a/bad\.so\.1 is no library for x86_64"):
        dependencies.check_machine(tmp_path, X86)


@pytest.mark.parametrize(("size", "kept"), [(190 * MIB - 1, True), (190 * MIB, True), (190 * MIB + 1, False)])
def test_what_lambda_unpacks_may_come_to_190_mib(size: int, kept: bool) -> None:  # noqa: FBT001 - a case of the table
    unpacked, _, _ = limits(100 * MIB, size, 400 * MIB)
    assert unpacked.is_kept is kept


def test_sizes_are_told_with_what_is_left() -> None:
    unpacked, uploaded, temporary = (limit.say() for limit in limits(100 * MIB, 150 * MIB, 1025 * MIB))
    assert unpacked == "unpacked by Lambda: 150.0 of 250 MiB, of which we allow ourselves 190: 40.0 left"
    assert uploaded == "uploaded by way of S3: 100.0 of 250 MiB: 150.0 left"
    assert temporary.endswith("1,025.0 of 1,024 MiB: 1.0 TOO MUCH")


def test_a_package_that_is_too_large_is_not_written(
    python: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "lambda.zip"
    file.write_text("the one before")
    monkeypatch.setattr(build, "limits", lambda *sizes: (Limit("unpacked by Lambda", sizes[1], 4096),))
    with pytest.raises(NotBuilt, match="TOO MUCH\nit is too large"):
        build.build(X86, file, lock=lock_of(tmp_path, ("six",)), imports=())
    assert file.read_text() == "the one before"
    assert names_in(tmp_path) == {"few.txt", "lambda.zip"}


def script(file: Path, text: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(0o755)
    return file


def test_a_python_is_tried_before_it_is_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(bytecode.VARIABLE, raising=False)
    shim = script(tmp_path / "shim", "echo 'pyenv: python3.13: command not found' >&2; exit 127")
    old = script(tmp_path / "old", "echo cpython 3 12 final")
    good = script(tmp_path / "good", "echo cpython 3 13 final")
    monkeypatch.setattr(bytecode, "_candidates", lambda: [tmp_path / "none", shim, old, good])
    assert bytecode.find_python() == good
    for said in ("cpython 3 13 candidate", "pypy 3 13 final", "cpython 3 14 final", ""):
        script(good, f"echo {said}")
        with pytest.raises(
            NotBuilt, match=r"none was found on PATH, in pyenv or in uv: install one \(pyenv install 3.13"
        ):
            bytecode.find_python()


def test_a_python_that_is_named_is_the_only_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(bytecode.VARIABLE, str(script(tmp_path / "mine", "echo cpython 3 13 final")))
    assert bytecode.find_python() == tmp_path / "mine"
    monkeypatch.setenv(bytecode.VARIABLE, str(tmp_path / "gone"))
    with pytest.raises(NotBuilt, match=f"PACKAGE_PYTHON={tmp_path}/gone is none"):
        bytecode.find_python()


def test_pythons_of_pyenv_and_uv_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    monkeypatch.setenv("UV_PYTHON_INSTALL_DIR", str(tmp_path / "uv"))
    said = "echo cpython 3 13 final"
    homes = ("bin", "pyenv/versions/3.13.7/bin", "uv/cpython-3.13.7-linux-x86_64-gnu/bin")
    made = [script(tmp_path / home / "python3.13", said) for home in homes]
    assert [each for each in bytecode._candidates() if each.is_relative_to(tmp_path)] == made


def test_what_cannot_be_compiled_ends_the_build(python: Path, tmp_path: Path) -> None:
    write(tmp_path, {"a/good.py": b"x = 1", "a/bad.py": b"x ="})
    with pytest.raises(NotBuilt, match=r"cannot be compiled.*bad\.py"):
        bytecode.compile_all(tmp_path, python)


def test_a_command_that_fails_is_told_with_its_last_words() -> None:
    with pytest.raises(NotBuilt, match="asking failed with exit code 3:\nno such thing"):
        run(
            [sys.executable, "-c", "import sys; print('no such thing', file=sys.stderr); sys.exit(3)"],
            "asking",
        )
    assert run([sys.executable, "-c", "print(input())"], "asking", given="words") == "words\n"


# The image -----------------------------------------------------------------------------------------------------------


def test_the_image_copies_what_is_there() -> None:
    copied = [words.split()[:-1] for words in re.findall(r"(?m)^COPY (?!--from)(.+)$", DOCKERFILE)]
    sources = {source for words in copied for source in words}
    assert sources == {"locks/build.txt", "locks/deploy.txt", "pyproject.toml", "README.md", "LICENSE",
                       "lambda_handler.py", "checks"}  # fmt: skip
    assert [source for source in sources if not (ROOT / source).exists()] == []
    let_in = set(re.findall(r"(?m)^!(.+)$", (ROOT / "infra/Dockerfile.dockerignore").read_text()))
    assert {source.partition("/")[0] for source in sources} == let_in


def test_the_image_has_the_packages_python_lock_and_handler() -> None:
    deployed = YAML(typ="safe", pure=True).load(
        re.sub(r"!\w+ ", "", (ROOT / "infra/serverless.yml").read_text(encoding="utf-8"))
    )
    (handler,) = re.findall(r'(?m)^CMD \["(.+)"\]$', DOCKERFILE)
    assert handler == deployed["functions"]["monitor"]["handler"]
    assert deployed["provider"]["runtime"] == f"python{PYTHON}"
    bases = re.findall(r"(?m)^FROM (\S+)", DOCKERFILE)
    assert re.fullmatch(
        rf"public\.ecr\.aws/lambda/python:{re.escape(PYTHON)}(\.\d\d+){{4}}", bases[0]
    )  # one build of it
    assert set(bases[1:]) == {"base"}
    installs = re.findall(r"(?m)pip install ((?:.*\\\n)*.*)$", DOCKERFILE)
    assert len(installs) == 3
    for words in installs:
        assert "--no-deps" in words
        assert "--require-hashes" in words or "--no-index" in words
    assert f"-r /opt/{build.LOCK.name}" in DOCKERFILE
    assert "--invalidation-mode unchecked-hash" in DOCKERFILE
    assert GLIBC == "2.28"


def test_the_deployment_takes_what_make_package_writes() -> None:
    made = subprocess.run(["make", "-n", "-W", "lambda_handler.py", "package"], cwd=ROOT, env=_no_make(), check=True,
                          capture_output=True, text=True).stdout  # fmt: skip
    assert "infra.package --arch x86_64 --output build/lambda-x86_64.zip" in made
    template = (ROOT / "infra/serverless.yml").read_text(encoding="utf-8")
    assert "../build/lambda-${self:custom.given.architecture}.zip" in template
    assert "artifact: ${self:custom.given.package}" in template


def _no_make() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
