"""What went wrong with AWS, as a problem that a person can act on."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from checks.lake.session import TornAnswer
from checks.model import Problem, ProblemKind, Unobserved

_SECRET = re.compile(
    r"\b(?:AKIA|ASIA)[A-Z0-9]{12,}|(?:Credential|Signature|SignedHeaders|token)\s*[=:]\s*[^\s,'\"]+"
    r"|(?<![\w/])[A-Za-z0-9/+]{40}={0,2}(?![\w/])",
    re.IGNORECASE,
)
_PRINCIPAL = re.compile(r"arn:aws[\w-]*:(?:iam|sts)::\d{12}:[\w+=,.@/-]+")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_LONGEST = 240

_DENIED = {
    "AccessDenied", "AccessDeniedException", "AllAccessDisabled", "Forbidden", "403", "UnauthorizedOperation",
    "InvalidAccessKeyId", "SignatureDoesNotMatch", "UnrecognizedClientException", "InvalidClientTokenId",
    "AuthFailure", "AccountProblem", "NotSignedUp",
}  # fmt: skip
_EXPIRED = {"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"}
_THROTTLED = {
    "SlowDown", "Throttling", "ThrottlingException", "ThrottledException", "TooManyRequestsException",
    "RequestLimitExceeded", "RequestThrottled", "BandwidthLimitExceeded", "ProvisionedThroughputExceededException",
    "ConcurrentModificationException", "503",
}  # fmt: skip
_NOT_FOUND = {"NoSuchBucket", "NoSuchKey", "EntityNotFoundException", "404", "NotFound"}
_SLOW = {"RequestTimeout", "RequestTimeoutException", "OperationTimeoutException"}
_BROKEN = {
    "InternalError",
    "InternalServiceException",
    "InternalFailure",
    "ServiceUnavailable",
    "500",
    "502",
    "504",
}
_ENCRYPTED = {"GlueEncryptionException", "KMSAccessDeniedException", "KMS.AccessDeniedException"}
_IAM_ACTIONS = {
    "ListObjectsV2": "s3:ListBucket",
    "HeadBucket": "s3:ListBucket",
    "GetObject": "s3:GetObject",
    "HeadObject": "s3:GetObject",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked when it went wrong: for the sentence, the remedy and the cause.

    ``place`` names it for people (``s3://acme-raw/in/`` or ``sales.orders``), ``arn`` is what a policy has to
    name, ``owner`` the part that a shared cause names (the bucket, the database).
    """

    service: str
    operation: str
    place: str
    arn: str = ""
    owner: str = ""

    @property
    def action(self) -> str:
        """The IAM action that it needs."""
        return _IAM_ACTIONS.get(self.operation, f"{self.service}:{self.operation}")

    @property
    def service_name(self) -> str:
        """The service as people say it."""
        return {"s3": "S3", "glue": "Glue", "sts": "STS"}.get(self.service, self.service)


def asked_s3(operation: str, bucket: str, key: str = "") -> Asked:
    """Say that S3 was asked for a bucket or key."""
    arn = f"arn:aws:s3:::{bucket}" + (f"/{key}" if _IAM_ACTIONS.get(operation) == "s3:GetObject" else "")
    return Asked("s3", operation, f"s3://{bucket}/{key}", arn, bucket)


def asked_glue(operation: str, database: str = "", table: str = "", account: str | None = None) -> Asked:
    """Say that Glue was asked for a database or table (or all databases)."""
    place = ".".join(part for part in (database, table) if part) or "the catalog"
    parts = [f"arn:aws:glue:*:*:{what}" for what in ("catalog", database and f"database/{database}") if what]
    if table:
        parts.append(f"arn:aws:glue:*:*:table/{database}/{table}")
    return Asked(
        "glue", operation, f"{account}/{place}" if account else place, ", ".join(parts), database or "catalog"
    )


def clean(text: object) -> str:
    """Return text that came from outside without secrets and control characters, and not too long."""
    plain = _SECRET.sub("***", _CONTROLS.sub(" ", str(text))).strip()
    return plain if len(plain) <= _LONGEST else plain[: _LONGEST - 3] + "..."


def problem_of(error: BaseException, asked: Asked) -> Problem:
    """Say what an error of boto3 means: its kind, a sentence, what to do, and the cause it shares with others.

    Never raises, and never tells credentials.
    """
    if isinstance(error, Unobserved):
        return error.problem
    from botocore import exceptions as boto  # noqa: PLC0415 - boto3 is loaded only where AWS is asked
    from botocore.parsers import ResponseParserError  # noqa: PLC0415 - the same

    what = f"{asked.service_name} {asked.operation} on {clean(asked.place)}"
    if isinstance(error, boto.ClientError):
        return _of_answer(error, asked, what)
    if isinstance(error, TornAnswer | ResponseParserError):
        lacks = clean(error) if isinstance(error, TornAnswer) else "the answer could not be parsed"
        return Problem(
            ProblemKind.MALFORMED,
            f"{what}: {lacks}; nothing can be concluded from it",
            "run again; if it stays, look at what stands between (a proxy, an S3-compatible store)",
            f"malformed {asked.service} {asked.owner}",
        )
    if isinstance(error, boto.ConnectTimeoutError | boto.ReadTimeoutError):
        waited = "no connection" if isinstance(error, boto.ConnectTimeoutError) else "no answer"
        return Problem(
            ProblemKind.TIMED_OUT,
            f"{what}: {waited} in time",
            "run again; if it stays, look at the network and the endpoint",
            f"timed out {asked.service}",
        )
    if isinstance(
        error, boto.NoCredentialsError | boto.CredentialRetrievalError | boto.PartialCredentialsError
    ):
        return Problem(
            ProblemKind.DENIED,
            f"{what}: no AWS credentials were found",
            "sign in (aws sso login), or set AWS_PROFILE or a role",
            "no credentials",
        )
    if isinstance(error, boto.TokenRetrievalError | boto.UnauthorizedSSOTokenError | boto.SSOTokenLoadError):
        return Problem(
            ProblemKind.DENIED,
            f"{what}: the sign-in has ended",
            "sign in again (aws sso login)",
            "sign-in ended",
        )
    if isinstance(error, boto.NoRegionError):
        return Problem(
            ProblemKind.UNREACHABLE,
            f"{what}: no AWS region is set",
            "set AWS_REGION, or region in the config",
            "no region",
        )
    if isinstance(error, boto.ProfileNotFound | boto.ConfigNotFound | boto.ConfigParseError):
        return Problem(
            ProblemKind.DENIED, f"{what}: {clean(error)}", "mend AWS_PROFILE or ~/.aws/config", "profile"
        )
    if isinstance(error, boto.ParamValidationError):
        return Problem(
            ProblemKind.MALFORMED, f"{what}: refused before it was sent: {clean(error)}", "mend the name"
        )
    if isinstance(error, boto.HTTPClientError | boto.ConnectionError):
        return Problem(
            ProblemKind.UNREACHABLE,
            f"{what}: the endpoint could not be reached, or broke off: {clean(error)}",
            "look at the network, AWS_ENDPOINT_URL and the region",
            f"unreachable {asked.service}",
        )
    return Problem(
        ProblemKind.INTERNAL,
        f"{what}: {type(error).__name__}: {clean(error)}",
        "this is a fault of the monitor: report it with this line",
        f"internal {type(error).__name__}",
    )


def _of_answer(error: Any, asked: Asked, what: str) -> Problem:
    told = error.response.get("Error", {})
    code, text = str(told.get("Code", "")), str(told.get("Message", ""))
    if getattr(error, "operation_name", "") == "AssumeRole":
        return Problem(
            ProblemKind.DENIED,
            f"{what}: its account's role could not be assumed: {clean(text) or code}",
            "allow sts:AssumeRole on the role, and let its trust policy name this monitor and its external id",
            f"denied sts:AssumeRole {_principal(text)}".strip(),
        )
    if code in _ENCRYPTED or ("kms" in text.lower() and code in _DENIED | {"InvalidInputException"}):
        return Problem(
            ProblemKind.DENIED,
            f"{what}: KMS refused its key{_denied_to(text)}: {clean(text) or code}",
            f"allow kms:Decrypt on the key that {clean(asked.place)} is encrypted with, in its key policy too",
            f"denied kms:Decrypt {asked.owner}",
        )
    if code in _DENIED and "lake formation" in text.lower():
        return Problem(
            ProblemKind.DENIED,
            f"{what}: Lake Formation denied access{_denied_to(text)}: {clean(text)}",
            f"grant DESCRIBE and SELECT on {clean(asked.place)} to the monitor's role in Lake Formation",
            f"denied lakeformation {asked.owner}",
        )
    if code in _EXPIRED:
        return Problem(
            ProblemKind.DENIED,
            f"{what}: the credentials have expired",
            "sign in again",
            "credentials expired",
        )
    if code in _DENIED:
        return Problem(
            ProblemKind.DENIED,
            f"{what}: access denied{_denied_to(text)} ({code})",
            f"allow {asked.action} on {asked.arn or asked.place}",
            f"denied {asked.action} {asked.owner}",
        )
    if code in _THROTTLED:
        return Problem(
            ProblemKind.THROTTLED,
            f"{what}: still throttled after all attempts ({code})",
            "run again later, or with less concurrency",
            f"throttled {asked.service}",
        )
    if code in _NOT_FOUND:
        return _not_found(code, text, asked, what)
    if code in _SLOW:
        return Problem(ProblemKind.TIMED_OUT, f"{what}: {code}", "run again", f"timed out {asked.service}")
    if code in _BROKEN:
        return Problem(
            ProblemKind.UNREACHABLE,
            f"{what}: the service failed after all attempts ({code})",
            "run again; if it stays, look at the AWS Health Dashboard",
            f"unreachable {asked.service}",
        )
    if code in ("PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException"):
        return Problem(
            ProblemKind.UNREACHABLE, f"{what}: the bucket is in another region, which could not be found out ({code})",
            f"allow s3:ListBucket on {asked.arn}, or set region", f"region of {asked.owner}",
        )  # fmt: skip
    return Problem(
        ProblemKind.MALFORMED,
        f"{what}: refused with {clean(code) or 'no code'}: {clean(text)}",
        "",
        f"{clean(code)} {asked.service} {asked.owner}",
    )


def _not_found(code: str, text: str, asked: Asked, what: str) -> Problem:
    if asked.service == "s3":
        noun = f"the bucket {asked.owner}" if code in ("NoSuchBucket", "404", "NotFound") else "the object"
        return Problem(
            ProblemKind.NOT_FOUND, f"{what}: {noun} does not exist", "mend the location, or take the table off the config",
            f"not found s3 {asked.owner}",
        )  # fmt: skip
    is_database = text.lower().startswith("database") or "." not in asked.place
    noun = f"the database {asked.owner}" if is_database else f"the table {clean(asked.place)}"
    return Problem(
        ProblemKind.NOT_FOUND,
        f"{what}: {noun} does not exist (any more)",
        "mend its name, or take it off the config",
        f"not found glue {asked.owner if is_database else asked.place}",
    )


def _principal(text: str) -> str:
    match = _PRINCIPAL.search(text)
    return match[0] if match else ""


def _denied_to(text: str) -> str:
    principal = _principal(text)
    return f" to {principal}" if principal else ""
