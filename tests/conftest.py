"""What several test files share: an emulated account, and a browser and the Lambda's Python where there is one."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from infra.package.bytecode import find_python
from infra.package.failures import NotBuilt
from tests.lakes import HttpLake, point_at, reset, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# A busy machine is no fault of the code: no example has a time limit. In CI the examples are the same each time.
settings.register_profile(
    "checks",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=os.environ.get("CI") == "true",
)
settings.load_profile("checks")

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
