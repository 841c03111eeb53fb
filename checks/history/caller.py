"""Who makes a mark: of a history in S3 the identity that AWS knows, else the user of this machine."""

from __future__ import annotations

import getpass
import socket
from functools import partial
from typing import TYPE_CHECKING, Any

from checks import text as words
from checks.aws import clients, refusals

if TYPE_CHECKING:
    from mypy_boto3_sts import STSClient

SETUP_ACTIONS = ("sts:GetCallerIdentity",)
"""What whoever marks asks for; AWS lets everybody (STS API Reference, GetCallerIdentity)."""
_LONGEST = 200


def name_of_caller(place: str, client: STSClient | None = None) -> str:
    """Return who asks: ``ann`` or ``Admin/ann@example.com`` (a role and its session) as AWS has it, else ``ann@host``.

    Where AWS does not answer, or the history at ``place`` is a local folder, it is the user of this machine.
    """
    if place.startswith("s3://"):
        answer, error = refusals.attempt(partial(_identity, client))
        if error is None and answer.get("Arn"):
            return _cleaned(_of_arn(str(answer["Arn"])))
    return _cleaned(f"{_user()}@{socket.gethostname()}")


def _identity(client: STSClient | None) -> Any:
    return (client or clients.sts()).get_caller_identity()


def _of_arn(arn: str) -> str:
    """Return what names the caller in an ARN: the user, the role with its session, or ``root``."""
    kind, slash, name = arn.split(":", 5)[-1].partition("/")
    return name if slash and kind in ("user", "assumed-role", "federated-user") else f"{kind}{slash}{name}"


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        return "(no name)"


def _cleaned(name: str) -> str:
    return words.shorten(words.clean(name), _LONGEST)
