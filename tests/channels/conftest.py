"""What posts to webhooks need of the environment."""

from __future__ import annotations

import pytest

from checks.channels import https
from tests.support.webhooks import KEY


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Secrets in the environment, tries that follow each other at once, and no proxy."""
    monkeypatch.setenv("KEY", KEY)
    monkeypatch.setattr(https, "FIRST_WAIT_S", 0.01)
    monkeypatch.setattr(https, "ATTEMPT_S", 2.0)
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
