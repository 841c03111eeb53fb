"""The Lambda's package: its sizes, and that it runs where nothing else is installed, as it does here."""

from __future__ import annotations

import fcntl
import io
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any
from zipfile import ZipFile

import pytest

from checks.bundle import Manifest
from infra.package.build import IMPORTS
from infra.package.sizes import MIB
from infra.package.targets import PYTHON, TARGETS
from tests.support.accounts import Team
from tests.support.real_lake import EXPECTED, TABLES, RealLake, clock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.lakes import HttpLake

ROOT = Path(__file__).parents[2]
ARCHITECTURE = {"aarch64": "arm64"}.get(platform.machine(), platform.machine())
pytestmark = pytest.mark.xdist_group("package")  # one process builds it, and the others need not
USE = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from checks import bundle
print(bundle.use(Path(sys.argv[1])))
"""
HANDLER = """
import json, sys
sys.path.insert(0, sys.argv[1])
import lambda_handler
print(json.dumps(lambda_handler.lambda_handler(json.loads(sys.argv[2]), None)))
"""


@contextmanager
def alone(file: Path) -> Iterator[None]:
    """Let one process at a time do something."""
    with file.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def package(python: Path) -> Path:
    """The package as make builds it, which is there already unless something of it changed."""
    (ROOT / "build").mkdir(exist_ok=True)
    env = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    with alone(ROOT / "build/.lock"):
        subprocess.run(["make", "-s", "package", f"ARCH={ARCHITECTURE}"], cwd=ROOT, env=env, check=True)
    return ROOT / f"build/lambda-{ARCHITECTURE}.zip"


@dataclass
class Deployed:
    """The package as Lambda unpacks it, with a temporary folder for its environment."""

    python: Path
    code: Path
    temporary: Path
    elsewhere: Path

    def run(
        self, script: str, *arguments: str, env: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a script with nothing but the package to import from, in a folder that holds nothing."""
        return subprocess.run(
            [self.python, "-I", "-S", "-c", script, self.code, *arguments],
            cwd=self.elsewhere,
            env={"PATH": "/usr/bin:/bin", "TMPDIR": str(self.temporary), **(env or {})},
            check=False,
            capture_output=True,
            text=True,
        )

    def unpacked(self) -> Path:
        """Return where the dependencies are, once they are there."""
        self.run(USE)
        return self.tree

    @property
    def tree(self) -> Path:
        """Where the dependencies are unpacked."""
        told = Manifest.read(self.code / "bundle.json")
        return self.temporary / "s3-table-monitor" / told.sha256[:16]


@pytest.fixture(scope="session")
def roomy() -> Iterator[Path]:
    """A folder for thousands of files, in memory where there is a GiB of it: a disk takes a minute for them."""
    memory = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it
    fits = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 1024 * MIB
    with tempfile.TemporaryDirectory(prefix="package-", dir=memory if fits else None) as made:
        yield Path(made).resolve()


@pytest.fixture(scope="session")
def deployed(python: Path, package: Path, roomy: Path) -> Deployed:
    folder = roomy / "lambda"
    there = Deployed(python, folder / "task", folder / "tmp", folder / "elsewhere")
    for made in (there.temporary, there.elsewhere):
        made.mkdir(parents=True)
    with ZipFile(package) as packed:
        packed.extractall(there.code)
    return there


@pytest.fixture
def account(lake: HttpLake, tmp_path: Path) -> dict[str, str]:
    """The environment of a function that watches the tables that real engines wrote."""
    real = RealLake(lake, tmp_path / "engines", clock())
    config = real.build()
    lake.s3.put_object("ops", "checks.yml", json.dumps(config).encode())  # JSON is YAML
    team = Team(lake)
    return {
        **{name: value for name, value in os.environ.items() if name.startswith("AWS_")},
        "CONFIG": "s3://ops/checks.yml",
        "TOPIC_ARN": team.topic,
        "NOW": real.now.isoformat(),
    }


def event_of(account: dict[str, str]) -> str:
    return json.dumps({"id": "a-night", "time": account["NOW"]})


def findings_in(lake: HttpLake, history: str) -> list[dict[str, Any]]:
    """Return what the report that was kept there says, but for what a run is not to be compared by."""
    keys = lake.s3.buckets["ops"].keys
    (name,) = [name for name in keys if name.startswith(f"{history}/runs/")]
    found: list[dict[str, Any]] = json.loads(keys[name].value)["findings"]
    return found


def test_what_lambda_unpacks_is_within_its_limits(package: Path) -> None:
    with ZipFile(package) as outer:
        unpacked = sum(entry.file_size for entry in outer.infolist())
        told = json.loads(outer.read("bundle.json"))
        names = set(outer.namelist())
    assert 100 * MIB < unpacked <= 190 * MIB
    assert told["unpacked_bytes"] <= 512 * MIB  # of the 1,024 of ephemeralStorageSize
    assert {"lambda_handler.py", "deps.zip", "checks/report/report.schema.json", "checks/py.typed"} <= names
    assert any(name.startswith("checks/report/templates/") for name in names)
    assert f"s3_table_monitor-{told['version']}.dist-info/METADATA" in names
    assert (told["python"], told["architecture"]) == (PYTHON, ARCHITECTURE)


def test_each_module_has_its_bytecode(package: Path) -> None:
    with ZipFile(package) as outer, ZipFile(io.BytesIO(outer.read("deps.zip"))) as inner:
        for packed, least in ((outer, 100), (inner, 2000)):
            names = set(packed.namelist())
            modules = [PurePosixPath(name) for name in names if name.endswith(".py")]
            compiled = [f"{module.parent}/__pycache__/{module.stem}.cpython-313.pyc" for module in modules]
            assert len(modules) > least
            assert [name for name in compiled if name.removeprefix("./") not in names] == []
        head = inner.read("boto3/__pycache__/__init__.cpython-313.pyc")
    assert head[4:8] == b"\x01\0\0\0"  # by hash, and never looked at again: dates are those of the unpacking


def test_the_seven_checks_find_the_same_in_the_package_as_here(
    lake: HttpLake, deployed: Deployed, account: dict[str, str]
) -> None:
    here = subprocess.run(
        [sys.executable, "-c", HANDLER, ROOT, event_of(account)],
        env={**account, "PATH": os.environ["PATH"], "HISTORY": "s3://ops/here/"},
        check=True,
        capture_output=True,
        text=True,
    )
    there = deployed.run(HANDLER, event_of(account), env={**account, "HISTORY": "s3://ops/there/"})
    assert there.returncode == 0, there.stderr
    answers = [json.loads(done.stdout.splitlines()[-1]) for done in (here, there)]
    assert answers[0] == answers[1]
    assert (answers[1]["tables"], answers[1]["unknown"], answers[1]["delivered"]) == (TABLES, 0, True)
    findings = findings_in(lake, "there")
    assert findings == findings_in(lake, "here")
    found: dict[str, set[str]] = {}
    for finding in findings:
        found.setdefault(finding["check"], set()).add(finding["status"])
    assert found == EXPECTED


def test_cold_starts_at_once_share_one_tree(deployed: Deployed) -> None:
    with ThreadPoolExecutor(3) as pool:
        done = list(pool.map(lambda _: deployed.run(USE), range(3)))
    assert [each.stdout.strip() for each in done] == [str(deployed.tree)] * 3, done[0].stderr
    assert {each.name for each in deployed.tree.parent.iterdir()} == {"lock", deployed.tree.name}


def test_what_the_runtime_brings_and_what_was_imported_of_it_give_way(
    deployed: Deployed, tmp_path: Path
) -> None:
    for module in ("boto3", "urllib3"):
        (tmp_path / module).mkdir()
        (tmp_path / module / "__init__.py").write_text("__version__ = 'the runtime has it'")
    script = """
import sys
sys.path[:0] = [sys.argv[1], sys.argv[2]]
import boto3, urllib3
assert boto3.__version__ == "the runtime has it"
from pathlib import Path
from checks import bundle
print(tree := bundle.use(Path(sys.argv[1])))
import boto3, botocore, urllib3
assert sys.path[0] == str(tree)
print(all(Path(module.__file__).is_relative_to(tree) for module in (boto3, botocore, urllib3)))
from importlib.metadata import version
print(version("s3-table-monitor"), version("boto3") == boto3.__version__)
"""
    done = deployed.run(script, str(tmp_path))
    assert done.stdout.split() == [str(deployed.tree), "True", project()["version"], "True"], done.stderr


def test_importing_the_handler_unpacks_and_imports_nothing(deployed: Deployed, tmp_path: Path) -> None:
    script = """
import sys
sys.path.insert(0, sys.argv[1])
import lambda_handler
print(sorted({name.partition(".")[0] for name in sys.modules} & {"boto3", "pandas", "pydantic", "zipfile", "checks"}))
"""
    done = deployed.run(script, env={"TMPDIR": str(tmp_path)})
    assert done.stdout.strip() == "[]", done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "missing", ["pyarrow._parquet", "scipy.stats", "cronsim", "awswrangler", "checks.assess"]
)
def test_a_package_that_lacks_a_part_fails_the_invocation(deployed: Deployed, missing: str) -> None:
    script = f"""
import sys
class Lacking:
    def find_spec(self, name, path=None, target=None):
        if name == {missing!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Lacking())
{HANDLER}"""
    done = deployed.run(script, "{}")
    assert done.returncode == 1
    assert done.stdout == ""
    said = done.stderr.splitlines()[-1]
    assert said.startswith("checks.bundle.UnusableBundle: ")
    assert missing in said
    assert "make package" in said


def test_the_dependencies_of_the_project_are_what_a_package_has_to_import() -> None:
    names = {re.split(r"[<>=]", each)[0].replace("-", "_") for each in project()["dependencies"]}
    assert names <= {each.replace("pyarrow.parquet", "pyarrow") for each in IMPORTS}


def project() -> dict[str, Any]:
    with (ROOT / "pyproject.toml").open("rb") as stream:
        told: dict[str, Any] = tomllib.load(stream)["project"]
    return told


SUBSET = (
    "monitor/test_lambda",
    "test_assess",
    "lake/test_catalog",
    "lake/test_observe",
    "rules/test_rules_table",
)
"""Tests of the Lambda over HTTP, of what judges, of what reads Glue and S3, and the heart: none needs an engine."""
TWICE = "rules/test_rules_table.py::test_the_same_rows_hold_over_http"
"""What the others show: that what is read over HTTP is judged like what is read from memory."""
SUITE = """
import sys
code, behind, root = sys.argv[1:4]
sys.path.insert(0, code)
from pathlib import Path
from checks import bundle
bundle.use(Path(code))
import lambda_handler
sys.path += [behind, root]
import pytest
told = pytest.main(["-q", "-p", "no:cacheprovider", "-o", "pythonpath=", "--rootdir", root, *sys.argv[4:]])
for name in ("checks.monitor", "lambda_handler", "boto3", "great_expectations", "pyarrow", "pytest"):
    print(name, sys.modules[name].__file__)
sys.exit(told)
"""


@pytest.mark.slow
def test_a_part_of_the_suite_passes_in_the_package(deployed: Deployed, roomy: Path) -> None:
    behind = roomy / "behind"
    uv = Path(sys.executable).with_name("uv")
    place: list[str | Path] = ["--target", behind, "--python-platform", TARGETS[ARCHITECTURE].platform]
    exact: list[str | Path] = [
        "--python-version",
        PYTHON,
        "--only-binary",
        ":all:",
        "-c",
        ROOT / "locks/test.txt",
    ]
    only_tests = ["pytest", "hypothesis", "moto", "flask", "flask-cors", "pyyaml"]
    subprocess.run([uv, "pip", "install", "--quiet", *place, *exact, *only_tests], check=True)
    tree = deployed.unpacked()
    for each in behind.iterdir():  # of what the package has, nothing may come from here
        if (tree / each.name).exists():
            shutil.rmtree(each) if each.is_dir() else each.unlink()
    files = [ROOT / f"tests/{name}.py" for name in SUBSET]
    words = ["--deselect", f"tests/{TWICE}", *map(str, files)]
    done = deployed.run(SUITE, str(behind), str(ROOT), *words, env={"HOME": str(roomy)})
    assert done.returncode == 0, done.stdout + done.stderr
    *_, passed = re.findall(r"(\d+) passed", done.stdout)
    assert int(passed) > 150
    places = dict(line.split(" ", 1) for line in done.stdout.splitlines()[-6:])
    homes = {name: next(str(home) for home in (deployed.code, tree, behind) if place.startswith(f"{home}/"))
             for name, place in places.items()}  # fmt: skip
    ours, theirs = str(deployed.code), str(tree)
    assert homes == {
        "checks.monitor": ours,
        "lambda_handler": ours,
        "boto3": theirs,
        "great_expectations": theirs,
        "pyarrow": theirs,
        "pytest": str(behind),
    }
