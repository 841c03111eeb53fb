"""An endpoint that answers as a test says, and no waiting between tries."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.lakes import point_at
from tests.support.stub_http import Answer, Stub, stub

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let botocore retry at once."""
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _seconds: None)


@pytest.fixture
def served(no_waiting: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stub]:
    """What answers as a test says, in place of AWS."""
    with stub(lambda _asked: Answer()) as running:
        point_at(monkeypatch, running.url)
        yield running
