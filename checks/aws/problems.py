"""What went wrong with AWS, as a problem that a person can act on."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, NamedTuple

from checks.aws.pages import TornAnswer
from checks.installation import refuse_broken
from checks.model import Problem, ProblemKind, Unobserved
from checks.rights import GET, Home, Lacks, Reach, Right, action_of, folder_of_all

_SECRET = re.compile(
    r"\b(?:AKIA|ASIA)[A-Z0-9]{12,}|(?:Credential|Signature|SignedHeaders|token)\s*[=:]\s*[^\s,'\"]+"
    r"|(?<![\w/])[A-Za-z0-9/+]{40}={0,2}(?![\w/])",
    re.IGNORECASE,
)
_ASSUMED = re.compile(r"arn:(aws[\w-]*):sts::(\d{12}):assumed-role/([^/]+)/.*")
_ON_RESOURCE = re.compile(r"on resource:? \"?arn:(aws[\w-]*):[\w-]{1,40}:([\w-]{0,40}):(\d{12})?:", re.ASCII)
_BY_OTHERS = re.compile(
    r"(?:an? )?explicit deny(?: in (?:an? )?[\w -]*?(?:policy|boundary))?"
    r"|no (?:resource-based policy|session policy|VPC endpoint policy|service control policy|resource control policy"
    r"|permissions boundary)(?= allows)",
    re.IGNORECASE,
)
"""What AWS says where not the role's own policies are why (IAM User Guide, "Troubleshoot access denied")."""
_PRINCIPAL = re.compile(r"arn:aws[\w-]*:(?:iam|sts)::\d{12}:[\w+=,.@/-]+")
_CONTROLS = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]+"  # and what turns or breaks text
)
_LONGEST = 240

_DENIED = {
    "AccessDenied", "AccessDeniedException", "AllAccessDisabled", "Forbidden", "403", "UnauthorizedOperation",
    "InvalidAccessKeyId", "SignatureDoesNotMatch", "UnrecognizedClientException", "InvalidClientTokenId",
    "AuthFailure", "AccountProblem", "NotSignedUp",
}  # fmt: skip
_ROLES_OWN = {"AccessDenied", "AccessDeniedException", "Forbidden", "403", "UnauthorizedOperation"}
"""Refusals for want of a right; the others are of credentials and accounts."""
_EXPIRED = {"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"}
_THROTTLED = {
    "SlowDown", "Throttling", "ThrottlingException", "ThrottledException", "TooManyRequestsException",
    "RequestLimitExceeded", "RequestThrottled", "BandwidthLimitExceeded", "ConcurrentModificationException", "503",
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
_ELSEWHERE = {"PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException"}
_ENCRYPTED = {"GlueEncryptionException", "KMSAccessDeniedException", "KMS.AccessDeniedException"}


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
        return action_of(f"{self.service}:{self.operation}")

    @property
    def service_name(self) -> str:
        """The service as people say it."""
        return {"s3": "S3", "glue": "Glue", "sts": "STS"}.get(self.service, self.service)


def asked_s3(operation: str, bucket: str, key: str = "") -> Asked:
    """Say that S3 was asked for a bucket or key."""
    arn = f"arn:aws:s3:::{bucket}" + (f"/{key}" if action_of(f"s3:{operation}") == GET else "")
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
    """Say what an error of boto3 means: its kind, a sentence, what to do, and the cause that others share.

    Never tells credentials. Raises `BrokenInstallation` for an error that is none of AWS's, and nothing else.
    """
    refuse_broken(error)
    if isinstance(error, Unobserved):
        return error.problem
    from botocore.exceptions import ClientError

    what = f"{asked.service_name} {asked.operation} on {clean(asked.place)}"
    if isinstance(error, ClientError):
        code = str(error.response.get("Error", {}).get("Code", ""))
        return replace(_of_answer(error, asked, what), refused_by=(asked.service, code))
    for said in _kinds_of_errors():
        if isinstance(error, said.types):
            return Problem(
                said.kind, *_filled((f"{what}: {said.message}", said.remedy, said.cause), error, asked)
            )
    return Problem(
        ProblemKind.INTERNAL,
        f"{what}: {type(error).__name__}: {clean(error)}",
        "this is a fault of the monitor: report it with this line",
        f"internal {type(error).__name__}",
    )


def _filled(texts: tuple[str, str, str], error: BaseException, asked: Asked) -> tuple[str, str, str]:
    holes = {"<error>": clean(error), "<service>": asked.service, "<owner>": asked.owner}
    for hole, value in holes.items():
        texts = (texts[0].replace(hole, value), texts[1].replace(hole, value), texts[2].replace(hole, value))
    return texts


class _Said(NamedTuple):
    types: tuple[type[BaseException], ...]
    kind: ProblemKind
    message: str
    remedy: str
    cause: str


@cache
def _kinds_of_errors() -> tuple[_Said, ...]:
    """Return what errors without an answer of the service mean; the first that fits counts."""
    return (*_on_the_way(), *_before_it_was_asked())


def _on_the_way() -> tuple[_Said, ...]:
    """Return what it means that no answer came, or none that can be read."""
    from botocore import exceptions as boto
    from botocore.parsers import ResponseParserError

    stays = "run again; if it stays, look at"
    torn = f"{stays} what stands between (a proxy, an S3-compatible store)"
    network = f"{stays} the network and the endpoint"
    nothing = "nothing can be concluded from it"
    kinds = ProblemKind
    return (
        _Said((TornAnswer,), kinds.MALFORMED, f"<error>; {nothing}", torn, "malformed <service> <owner>"),
        _Said(
            (ResponseParserError,),
            kinds.MALFORMED,
            f"the answer could not be parsed; {nothing}",
            torn,
            "malformed <service> <owner>",
        ),
        _Said(
            (boto.ConnectTimeoutError,),
            kinds.TIMED_OUT,
            "no connection in time",
            network,
            "timed out <service>",
        ),
        _Said((boto.ReadTimeoutError,), kinds.TIMED_OUT, "no answer in time", network, "timed out <service>"),
        _Said(
            (boto.HTTPClientError, boto.ConnectionError),
            kinds.UNREACHABLE,
            "the endpoint could not be reached, or broke off: <error>",
            "look at the network, AWS_ENDPOINT_URL and the region",
            "unreachable <service>",
        ),
    )


def _before_it_was_asked() -> tuple[_Said, ...]:
    """Return what it means that the request could not be made: who asks, where, and for what."""
    from botocore import exceptions as boto

    sign_in = "sign in again (aws sso login)"
    kinds = ProblemKind
    return (
        _Said(
            (boto.TokenRetrievalError, boto.UnauthorizedSSOTokenError, boto.SSOTokenLoadError),
            kinds.DENIED,
            "the sign-in has ended",
            sign_in,
            "sign-in ended",
        ),
        _Said(
            (boto.NoCredentialsError, boto.CredentialRetrievalError, boto.PartialCredentialsError),
            kinds.DENIED,
            "no AWS credentials were found",
            "sign in (aws sso login), or set AWS_PROFILE or a role",
            "no credentials",
        ),
        _Said(
            (boto.NoRegionError,),
            kinds.UNREACHABLE,
            "no AWS region is set",
            "set AWS_REGION, or the region of the account under accounts",
            "no region",
        ),
        _Said(
            (boto.ProfileNotFound, boto.ConfigNotFound, boto.ConfigParseError),
            kinds.DENIED,
            "<error>",
            "mend AWS_PROFILE or ~/.aws/config",
            "profile",
        ),
        _Said(
            (boto.ParamValidationError,),
            kinds.MALFORMED,
            "refused before it was sent: <error>",
            "mend the name",
            "malformed <service> <owner>",
        ),
        _Said(
            (UnicodeError,),
            kinds.MALFORMED,
            "its name is no text that can be sent: <error>",
            "mend the name",
            "malformed <service> <owner>",
        ),
    )


def _of_answer(error: Any, asked: Asked, what: str) -> Problem:
    """Say what an error that the service itself told means."""
    told = error.response.get("Error", {})
    code, text = str(told.get("Code", "")), str(told.get("Message", ""))
    if code in _NOT_FOUND:
        return _not_found(code, text, asked, what)
    denied = _denied(error, code, text, asked)
    if denied is not None:
        lacks = _lacks(code, text, asked) if denied.is_for_want else None
        return Problem(ProblemKind.DENIED, f"{what}: {denied.message}", denied.remedy, denied.cause, lacks)
    owner = f"{asked.service} {asked.owner}"
    for codes, kind, message, remedy, cause in (
        (
            _THROTTLED,
            ProblemKind.THROTTLED,
            f"still throttled after all attempts ({code})",
            "run again later, or with less concurrency",
            f"throttled {asked.service}",
        ),
        (
            _SLOW,
            ProblemKind.TIMED_OUT,
            f"no answer in time ({code})",
            "run again",
            f"timed out {asked.service}",
        ),
        (
            _BROKEN,
            ProblemKind.UNREACHABLE,
            f"the service failed after all attempts ({code})",
            "run again; if it stays, look at the AWS Health Dashboard",
            f"unreachable {asked.service}",
        ),
        (
            _ELSEWHERE,
            ProblemKind.UNREACHABLE,
            f"it is in another region, which could not be found out ({code})",
            f"allow s3:ListBucket on arn:aws:s3:::{asked.owner}, or set region",
            f"region of {owner}",
        ),
    ):
        if code in codes:
            return Problem(kind, f"{what}: {message}", remedy, cause)
    return Problem(
        ProblemKind.MALFORMED,
        f"{what}: refused with {clean(code) or 'no code'}: {clean(text)}",
        "look up that code of the service",
        f"{clean(code)} {owner}",
    )


class _Denied(NamedTuple):
    """What a refusal is told by; ``is_for_want``: the role's own policies lack the right that was asked for."""

    message: str
    remedy: str
    cause: str
    is_for_want: bool = False


def _denied(error: Any, code: str, text: str, asked: Asked) -> _Denied | None:
    """Say who denied what: STS, KMS, Lake Formation or IAM; None when nobody did."""
    place, principal = clean(asked.place), _PRINCIPAL.search(text)
    to = f" to {principal[0]}" if principal else ""
    if getattr(error, "operation_name", "") == "AssumeRole":
        return _Denied(
            f"its account's role could not be assumed: {clean(text) or code}",
            "allow sts:AssumeRole on the role; its trust policy has to name this monitor and its external id",
            f"denied sts:AssumeRole{to.replace(' to', '')}",
        )
    if code in _EXPIRED:
        return _Denied("the credentials have expired", "sign in again", "credentials expired")
    if code in _ENCRYPTED or ("kms" in text.lower() and code in _DENIED | {"InvalidInputException"}):
        return _Denied(
            f"KMS refused its key{to}: {clean(text) or code}",
            f"allow kms:Decrypt on the key that {place} is encrypted with, in its key policy too",
            f"denied kms:Decrypt {asked.owner}",
        )
    if code not in _DENIED:
        return None
    if "lake formation" in text.lower():
        return _Denied(
            f"Lake Formation denied access{to}: {clean(text)}",
            f"grant DESCRIBE and SELECT on {place} to the monitor's role in Lake Formation",
            f"denied lakeformation {asked.owner}",
        )
    others = _BY_OTHERS.search(text)
    if others is not None:
        return _Denied(
            f"access denied{to} ({code}: {others[0]})",
            f"allow {asked.action} on {asked.arn or place} there, too: it is not the role's own policy that refuses it",
            f"denied by {others[0]} {asked.action} {asked.owner}",
        )
    return _Denied(
        f"access denied{to} ({code})",
        f"allow {asked.action} on {asked.arn or place}",
        f"denied {asked.action} {asked.owner}",
        is_for_want=True,
    )


def _lacks(code: str, text: str, asked: Asked) -> Lacks | None:
    """Return what the role would have to be allowed, as narrow as what was asked tells; None for other refusals.

    AWS names the role and the resource in most of its messages: partition, region and account are theirs.
    """
    if code not in _ROLES_OWN:
        return None
    principal, named = _PRINCIPAL.search(text), _ON_RESOURCE.search(text)
    who = principal[0].split(":") if principal else ["", "aws", "", "", "*"]
    if asked.service == "s3":
        key = asked.place.removeprefix(f"s3://{asked.owner}/")
        rights = [Reach(asked.action, asked.owner, folder_of_all(key)).right(named[1] if named else who[1])]
    else:
        home = Home(named[1], named[2] or "*", named[3] or "*") if named else Home(who[1], "*", who[4])
        resources = [arn.split(":", 5)[5] for arn in asked.arn.split(", ") if arn]
        rights = [Right(asked.action, home.glue(each)) for each in resources]
    return Lacks(_role_of(principal[0]) if principal else "", tuple(rights))


def _role_of(principal: str) -> str:
    """Return the ARN of the role that a session is of; that of a user as it is."""
    session = _ASSUMED.match(principal)
    return f"arn:{session[1]}:iam::{session[2]}:role/{session[3]}" if session else principal


def _not_found(code: str, text: str, asked: Asked, what: str) -> Problem:
    if asked.service == "s3":
        noun = f"the bucket {asked.owner}" if code in ("NoSuchBucket", "404", "NotFound") else "the object"
        return Problem(
            ProblemKind.NOT_FOUND,
            f"{what}: {noun} does not exist",
            "mend the location, or take the table off the config",
            f"not found s3 {asked.owner}",
        )
    if asked.service != "glue":
        return Problem(
            ProblemKind.NOT_FOUND,
            f"{what}: it does not exist",
            "mend its name in the config",
            f"not found {asked.service} {asked.owner}",
        )
    is_database = text.lower().startswith("database") or "." not in asked.place
    noun = f"the database {asked.owner}" if is_database else f"the table {clean(asked.place)}"
    return Problem(
        ProblemKind.NOT_FOUND,
        f"{what}: {noun} does not exist (any more)",
        "mend its name, or take it off the config",
        f"not found glue {asked.owner if is_database else asked.place}",
    )
