"""Clients of S3 and SNS that give an attempt up early and try it again."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from botocore.config import Config
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sns import SNSClient

ATTEMPTS = 5
ATTEMPT_S = 10.0
"""An attempt that does not answer for so long is given up and made again."""
_MAKING = threading.Lock()
"""Making clients of one session is not thread-safe in boto3; using one is."""


def s3() -> S3Client:
    """Return a client of the session's region."""
    import boto3

    with _MAKING:
        return boto3.client("s3", config=_config())


def sns(region: str) -> SNSClient:
    """Return a client of the region."""
    import boto3

    with _MAKING:
        return boto3.client("sns", region_name=region, config=_config())


def _config() -> Config:
    from botocore.config import Config

    return Config(
        retries={"mode": "standard", "max_attempts": ATTEMPTS},
        connect_timeout=ATTEMPT_S,
        read_timeout=ATTEMPT_S,
    )
