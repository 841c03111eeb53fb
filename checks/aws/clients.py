"""Clients of AWS's services that give an attempt up early and try it again."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from botocore.config import Config
    from mypy_boto3_glue import GlueClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sts import STSClient

ATTEMPTS = 5
ATTEMPT_S = 10.0
"""An attempt that does not answer for so long is given up and made again."""
_MAKING = threading.Lock()
"""Making clients of one session is not thread-safe in boto3; using one is."""


def own_region() -> str | None:
    """Return the region that AWS_REGION names; None leaves it to boto3, which reads AWS_DEFAULT_REGION and profiles.

    boto3 alone of AWS's tools does not read AWS_REGION.
    """
    return os.environ.get("AWS_REGION", "").strip() or None


def s3() -> S3Client:
    """Return a client of the own region."""
    import boto3

    with _MAKING:
        return boto3.client("s3", region_name=own_region(), config=_config())


def glue() -> GlueClient:
    """Return a client of the own region."""
    import boto3

    with _MAKING:
        return boto3.client("glue", region_name=own_region(), config=_config())


def sns(region: str) -> SNSClient:
    """Return a client of the region."""
    import boto3

    with _MAKING:
        return boto3.client("sns", region_name=region, config=_config())


def client(service: str, region: str | None = None) -> Any:
    """Return a client of any other service, in the region, or in the own one for None."""
    import boto3

    with _MAKING:
        made: Any = boto3.client(service, region_name=region or own_region(), config=_config())  # type: ignore[call-overload] # of a name
        return made


def sts() -> STSClient:
    """Return a client of the own region."""
    import boto3

    with _MAKING:
        return boto3.client("sts", region_name=own_region(), config=_config())


def _config() -> Config:
    from botocore.config import Config

    return Config(
        retries={"mode": "standard", "max_attempts": ATTEMPTS},
        connect_timeout=ATTEMPT_S,
        read_timeout=ATTEMPT_S,
    )
