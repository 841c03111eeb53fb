"""What becomes of refusals, of credentials that are not there, and of buckets elsewhere: each is told by its kind."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from checks.model import Problem, ProblemKind
from tests.support.odd_answers import BARE, GOOD, ORDERS, ask, problem
from tests.support.stub_http import Answer, Asked, Stub, listing, refusal_json, refusal_xml

if TYPE_CHECKING:
    from checks.rules.base import TablePlan

PRINCIPAL = "arn:aws:sts::123456789012:assumed-role/monitor/x"


REFUSALS: dict[str, tuple[TablePlan, Answer, ProblemKind, str, str, str]] = {
    "S3": (
        BARE,
        refusal_xml("AccessDenied", f"User: {PRINCIPAL} is not authorized to perform: s3:ListBucket", 403),
        ProblemKind.DENIED,
        f"S3 ListObjectsV2 on s3://lake/raw/: access denied to {PRINCIPAL} (AccessDenied)",
        "allow s3:ListBucket on arn:aws:s3:::lake",
        "denied s3:ListBucket lake",
    ),
    "Glue": (
        ORDERS,
        refusal_json(
            "AccessDeniedException", f"User: {PRINCIPAL} is not authorized to perform: glue:GetPartitions"
        ),
        ProblemKind.DENIED,
        f"Glue GetPartitions on sales.orders: access denied to {PRINCIPAL} (AccessDeniedException)",
        (
            "allow glue:GetPartitions on arn:aws:glue:*:*:catalog, arn:aws:glue:*:*:database/sales, "
            "arn:aws:glue:*:*:table/sales/orders"
        ),
        "denied glue:GetPartitions sales",
    ),
    "Lake Formation": (
        ORDERS,
        refusal_json("AccessDeniedException", "Insufficient Lake Formation permission(s) on orders"),
        ProblemKind.DENIED,
        (
            "Glue GetPartitions on sales.orders: Lake Formation denied access: "
            "Insufficient Lake Formation permission(s) on orders"
        ),
        "grant DESCRIBE and SELECT on sales.orders to the monitor's role in Lake Formation",
        "denied lakeformation sales",
    ),
    "KMS": (
        ORDERS,
        refusal_json("GlueEncryptionException", "no access to the key"),
        ProblemKind.DENIED,
        "Glue GetPartitions on sales.orders: KMS refused its key: no access to the key",
        "allow kms:Decrypt on the key that sales.orders is encrypted with, in its key policy too",
        "denied kms:Decrypt sales",
    ),
    "bucket gone": (
        BARE,
        refusal_xml("NoSuchBucket", "The specified bucket does not exist", 404),
        ProblemKind.NOT_FOUND,
        "S3 ListObjectsV2 on s3://lake/raw/: the bucket lake does not exist",
        "mend the location, or take the table off the config",
        "not found s3 lake",
    ),
    "database gone": (
        ORDERS,
        refusal_json("EntityNotFoundException", "Database sales not found."),
        ProblemKind.NOT_FOUND,
        "Glue GetPartitions on sales.orders: the database sales does not exist (any more)",
        "mend its name, or take it off the config",
        "not found glue sales",
    ),
    "table gone": (
        ORDERS,
        refusal_json("EntityNotFoundException", "Table orders not found."),
        ProblemKind.NOT_FOUND,
        "Glue GetPartitions on sales.orders: the table sales.orders does not exist (any more)",
        "mend its name, or take it off the config",
        "not found glue sales.orders",
    ),
    "throttled": (
        BARE,
        refusal_xml("SlowDown", "Please reduce your request rate.", 503),
        ProblemKind.THROTTLED,
        "S3 ListObjectsV2 on s3://lake/raw/: still throttled after all attempts (SlowDown)",
        "run again later, or with less concurrency",
        "throttled s3",
    ),
    "Glue throttled": (
        ORDERS,
        refusal_json("ThrottlingException", "Rate exceeded"),
        ProblemKind.THROTTLED,
        "Glue GetPartitions on sales.orders: still throttled after all attempts (ThrottlingException)",
        "run again later, or with less concurrency",
        "throttled glue",
    ),
    "expired": (
        BARE,
        refusal_xml("ExpiredToken", "The provided token has expired.", 400),
        ProblemKind.DENIED,
        "S3 ListObjectsV2 on s3://lake/raw/: the credentials have expired",
        "sign in again",
        "credentials expired",
    ),
}


@pytest.mark.parametrize(
    ("plan", "answer", "kind", "message", "remedy", "cause"), REFUSALS.values(), ids=REFUSALS.keys()
)
def test_refusals_are_told_apart(
    served: Stub, plan: TablePlan, answer: Answer, kind: ProblemKind, message: str, remedy: str, cause: str
) -> None:
    told = problem(ask(served, plan, answer))
    assert replace(told, lacks=None, refused_by=None) == Problem(kind, message, remedy, cause)
    assert told.refused_by is not None
    assert told.refused_by[0] == ("s3" if message.startswith("S3") else "glue")
    assert (told.lacks is not None) is cause.startswith(("denied s3:", "denied glue:"))


def test_credentials_are_never_told(served: Stub) -> None:
    leak = "Credential=AKIAIOSFODNN7EXAMPLE/20261123, Signature=deadbeef key wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
    told = problem(ask(served, ORDERS, refusal_json("IncompleteSignature", leak)))
    for secret in ("AKIA", "deadbeef", "wJalrXUtnFEMI"):
        assert secret not in told.message


def test_throttling_for_a_while_is_lived_through(served: Stub) -> None:
    answers = iter([refusal_xml("SlowDown", "slow", 503)] * 3 + [Answer(listing(GOOD))])
    seen = ask(served, BARE, lambda _asked: next(answers), attempts=5)
    assert seen.problem is None
    assert seen.requests == 4


def test_without_credentials_or_region(served: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    assert problem(ask(served, BARE, Answer())).message == (
        "S3 ListObjectsV2 on s3://lake/raw/: no AWS credentials were found"
    )
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.delenv("AWS_REGION")
    told = problem(ask(served, ORDERS, Answer()))
    assert told.message == "Glue GetPartitions on sales.orders: no AWS region is set"


def test_a_bucket_in_another_region_is_followed_there_and_counted(served: Stub) -> None:
    def answer(asked: Asked) -> Answer:
        if "us-west-2/s3" in asked.headers["authorization"]:
            return Answer(listing(GOOD))
        moved = refusal_xml("PermanentRedirect", "elsewhere", 301)
        return Answer(moved.body, 301, {"x-amz-bucket-region": "us-west-2"})

    seen = ask(served, BARE, answer)
    assert seen.problem is None
    assert seen.requests == len(served.asked) == 2


def test_what_finds_out_an_objects_region_is_a_permission_on_its_bucket() -> None:
    from botocore.exceptions import ClientError

    from checks.aws.problems import asked_s3, problem_of

    error = ClientError({"Error": {"Code": "PermanentRedirect", "Message": "elsewhere"}}, "GetObject")
    told = problem_of(error, asked_s3("GetObject", "lake", "raw/v1.json"))
    assert told.remedy == "allow s3:ListBucket on arn:aws:s3:::lake, or set region"
