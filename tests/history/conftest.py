"""Histories to put data sets into."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import boto3
import pytest
from moto import mock_aws

from checks.history import open_history
from tests.support.batches import OneAtATime

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from checks.history import History


@pytest.fixture(params=["local", "s3"])
def history(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[History]:
    """A history in a folder, and one below a prefix of a bucket that versions nothing."""
    if request.param == "local":
        yield open_history(str(tmp_path / "kept"), "prod")
        return
    for name, value in (
        ("AWS_ACCESS_KEY_ID", "k"),
        ("AWS_SECRET_ACCESS_KEY", "s"),
        ("AWS_REGION", "us-east-1"),
    ):
        monkeypatch.setenv(name, value)
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="ops")
        yield open_history("s3://ops/monitor/", "prod", cast("Any", OneAtATime(client)))
