"""What AWS answers when it refuses, as sentences that say what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from checks import text as words
from checks.installation import refuse_broken

if TYPE_CHECKING:
    from collections.abc import Callable

_LONGEST_MESSAGE = 300
_DENIED = frozenset(
    {"AccessDenied", "AccessDeniedException", "AuthorizationError", "AuthorizationErrorException", "403"}
)
_NOT_FOUND = frozenset(
    {
        "NotFound",
        "NotFoundException",
        "NoSuchBucket",
        "NoSuchKey",
        "404",
        "ParameterNotFound",
        "ResourceNotFoundException",
    }
)
_THROTTLED = frozenset(
    {
        "Throttled",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "SlowDown",
        "RequestLimitExceeded",
    }
)
_CREDENTIALS = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidClientTokenId",
        "InvalidAccessKeyId",
        "SignatureDoesNotMatch",
    }
)
_CONFLICT = frozenset({"PreconditionFailed", "ConditionalRequestConflict", "412", "409"})


def attempt(action: Callable[[], Any]) -> tuple[Any, Exception | None]:
    """Call the SDK; return its answer, or the error with which it, or the way to it, failed.

    Raises `BrokenInstallation` when the SDK itself is not whole.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        return action(), None
    except (BotoCoreError, ClientError) as error:
        refuse_broken(error)
        return None, error


def code_of(error: Exception) -> str:
    """Return the error code of AWS's answer, or the name of the error where there was no answer."""
    response = getattr(error, "response", None)
    if isinstance(response, dict):
        return str(response.get("Error", {}).get("Code", ""))
    return type(error).__name__


def is_conflict(error: Exception) -> bool:
    """Return True when a conditional write was refused because somebody else wrote."""
    return code_of(error) in _CONFLICT


def is_denied(error: Exception) -> bool:
    """Return True when AWS refused for want of a right."""
    return code_of(error) in _DENIED


def is_missing(error: Exception) -> bool:
    """Return True when there is no such object (a missing bucket is something else)."""
    return code_of(error) in {"NoSuchKey", "404"}


def sentence(error: Exception, what: str, permission: str, absent: str) -> str:
    """Return why ``what`` (``the topic ...``) could not be used, and what to do.

    ``permission`` is the action to allow, ``absent`` what to do when it does not exist.
    """
    code = code_of(error)
    said = words.shorten(words.clean(_message(error)), _LONGEST_MESSAGE)
    if code.startswith("KMS") or (code in _DENIED and "kms" in said.lower()):
        return _kms(code, what, said)
    if code in _NOT_FOUND:
        return f"There is no {what.removeprefix('the ')}; {absent}."
    credentials = code in _CREDENTIALS or "Credentials" in code or "Token" in code
    unreachable = "Timeout" in code or "Connection" in code or code == "SSLError"
    sentences = (
        (code in _DENIED, f"Access to {what} is denied; allow {permission} on it for the monitor's role."),
        (code in _THROTTLED, f"AWS throttled the requests to {what} after several tries; run again later."),
        (
            credentials,
            f"There are no valid AWS credentials for {what} ({code}); renew them or check the role.",
        ),
        (unreachable, f"AWS could not be reached for {what} ({code}); check network, region and endpoint."),
        (True, f"AWS refused {what}: {code}: {said or 'it gave no reason'}."),
    )
    return next(words_said for applies, words_said in sentences if applies)


def _kms(code: str, what: str, said: str) -> str:
    if "Throttl" in code:
        return f"The KMS key of {what} is throttled; run again later."
    if code in {"KMSDisabled", "KMSInvalidState", "KMSNotFound", "KMSOptInRequired"}:
        return f"The KMS key of {what} cannot be used ({code}): {said}; enable the key or choose another."
    return (
        f"The KMS key of {what} is denied; allow kms:GenerateDataKey and kms:Decrypt on that key "
        "for the monitor's role, in the key's policy too."
    )


def _message(error: Exception) -> str:
    response = getattr(error, "response", None)
    if isinstance(response, dict):
        return str(response.get("Error", {}).get("Message", "")).rstrip(". ")
    return str(error).rstrip(". ")
