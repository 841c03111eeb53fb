"""Getting one object that is named by its URI, such as a config."""

from __future__ import annotations

from checks.aws.session import Aws
from checks.aws.uris import split_uri
from checks.lake.s3.objects import S3Store
from checks.model import Unobserved
from checks.rights import GET

IAM_ACTIONS = (GET,)


def fetch(uri: str, max_bytes: int) -> bytes:
    """Return the bytes of an object; the sentence of what went wrong is the OSError's."""
    bucket, key = split_uri(uri)
    try:
        return S3Store(Aws()).get(bucket, key, max_bytes=max_bytes)
    except Unobserved as error:
        raise OSError(error.problem.message) from error
