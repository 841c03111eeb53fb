"""What several test files share: an emulated account, and a browser and the Lambda's Python where there is one."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings

from infra.package.bytecode import find_python
from infra.package.failures import NotBuilt
from tests.support import counting
from tests.support.asked import Recorder, differences, joined
from tests.support.lakes import HttpLake, LakeBuilder, MemoryLake, point_at, reset, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

# A busy machine is no fault of the code: no example has a time limit. In CI the examples are the same each time.
settings.register_profile(
    "checks",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=os.environ.get("CI") == "true",
)
settings.load_profile("checks")

ASKED = Recorder()
FOLDER = pytest.StashKey["Path"]()


def pytest_configure(config: pytest.Config) -> None:
    """Note what the program asks AWS for; with several processes, all of them in the folder of the first.

    Lines are counted once in each process.
    """
    told = getattr(config, "workerinput", {}).get("asked")
    config.stash[FOLDER] = Path(told or tempfile.mkdtemp(prefix="asked-"))
    ASKED.start()
    coverage: Any = config.pluginmanager.get_plugin("_cov")
    if told is not None and coverage is not None and coverage.cov_controller is not None:
        # In a worker pytest-cov begins to count lines once more, and `no_cover` ends only that.
        coverage.cov_controller.cov.stop()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Count no lines of slow tests: quick ones reach the same, and counting makes them take thrice as long."""
    for item in items:
        if item.get_closest_marker("slow") is not None:
            item.add_marker("no_cover")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Count the lines of the first examples alone."""
    with counting.of_few(item):
        yield


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of pytest-xdist where to write."""
    node.workerinput["asked"] = str(node.config.stash[FOLDER])


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """After the whole suite, fail where what was asked for is not what is declared.

    A choice of tests, or a run that failed anyhow, proves nothing of it.
    """
    config = session.config
    worker = getattr(config, "workerinput", {}).get("workerid")
    ASKED.save(config.stash[FOLDER], worker or "own")
    if worker is not None:
        return
    pairs = joined(config.stash[FOLDER])
    shutil.rmtree(config.stash[FOLDER])
    if exitstatus == pytest.ExitCode.OK and is_whole(config):
        told = differences(pairs)
        if told:
            reporter: Any = config.pluginmanager.get_plugin("terminalreporter")
            reporter.section("what the program asks AWS for is not what it declares (IAM_ACTIONS)", red=True)
            for sentence in told:
                reporter.line(sentence)
            session.exitstatus = pytest.ExitCode.TESTS_FAILED


def is_whole(config: pytest.Config) -> bool:
    """Tell whether all tests were asked for."""
    chosen = (config.option.keyword, config.option.markexpr, config.getoption("lf", default=False))
    whole = [str(Path(each).resolve()) for each in config.args] == [str(config.rootpath / "tests")]
    return whole and not any(chosen) and not config.option.collectonly and not config.getoption("deselect")


BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    """The URL of a moto server that ends with the tests."""
    with serving() as url:
        yield url


@pytest.fixture
def lake(endpoint: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[HttpLake]:
    """An empty lake over HTTP; the working folder is a new one, and no setting of the user's account counts."""
    for name in ("CONFIG", "TABLES", "TOPIC_ARN", "HISTORY", "METRICS_NAMESPACE", "AWS_LAMBDA_FUNCTION_NAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    point_at(monkeypatch, endpoint)
    reset()
    yield HttpLake(endpoint)
    reset()


@pytest.fixture(params=["memory", "http"])
def any_lake(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[LakeBuilder]:
    """An empty lake: one in memory, and one over HTTP, for suites that hold of both."""
    if request.param == "memory":
        yield MemoryLake()
        return
    url = request.getfixturevalue("endpoint")
    point_at(monkeypatch, url)
    reset()  # whatever others left
    yield HttpLake(url)
    reset()


@pytest.fixture(scope="session")
def browser() -> str:
    """The path of a headless browser; skips where there is none, except in CI, where it must be there."""
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        reason = f"none of {', '.join(BROWSERS)} is installed"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return found


@pytest.fixture(scope="session")
def python() -> Path:
    """A Python of the Lambda's version; skips where there is none, except in CI, where it must be there."""
    try:
        return find_python()
    except NotBuilt as error:
        if os.environ.get("CI") == "true":
            pytest.fail(str(error))
        pytest.skip(str(error))
