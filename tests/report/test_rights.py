"""Rights that the monitor lacks: one item of the report, with the statements to add; other refusals stay apart."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from checks import monitor
from checks.aws.problems import Asked, asked_glue, asked_s3, problem_of
from checks.config import load
from checks.model import Finding, ProblemKind, Status
from checks.report import build, text
from checks.report.build import exit_code
from checks.report.outline import outline
from checks.rights import Lacks, Right
from tests.support.enforced import ROLE, Guard, enforced
from tests.support.times import HOUR, at

if TYPE_CHECKING:
    from tests.support.lakes import HttpLake

NOW = at("2026-11-23 07:00")
MONITOR = "arn:aws:iam::123456789012:role/monitor"


def refused(code: str, message: str, operation: str = "ListObjectsV2") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


def by_role(action: str, resource: str, who: str = ROLE) -> str:
    return (
        f"User: {who} is not authorized to perform: {action} on resource: {resource} because no identity-based "
        f"policy allows the {action} action"
    )


def lacks(error: ClientError, asked: Asked) -> Lacks | None:
    return problem_of(error, asked).lacks


def test_what_is_lacked_is_as_narrow_as_what_was_asked() -> None:
    denied = refused("AccessDenied", by_role("s3:ListBucket", '"arn:aws:s3:::lake"'))
    asked = asked_s3("ListObjectsV2", "lake", "web/clicks/dt=2026-11-22/")
    assert lacks(denied, asked) == Lacks(
        MONITOR, (Right("s3:ListBucket", "arn:aws:s3:::lake", "web/clicks/*"),)
    )
    log = asked_s3("GetObject", "lake", "sales/orders/_delta_log/00000000000000000007.json")
    denied = refused("AccessDenied", by_role("s3:GetObject", '"arn:aws:s3:::lake/x"'), "GetObject")
    assert lacks(denied, log) == Lacks(
        MONITOR, (Right("s3:GetObject", "arn:aws:s3:::lake/sales/orders/_delta_log/*"),)
    )


@pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov"])
def test_partition_region_and_account_are_those_that_aws_names(partition: str) -> None:
    begin = f"arn:{partition}:glue:cn-north-1:210987654321:"
    who = f"arn:{partition}:sts::210987654321:assumed-role/monitor/nightly"
    denied = refused(
        "AccessDeniedException", by_role("glue:GetTable", f"{begin}database/sales", who), "GetTable"
    )
    found = lacks(denied, asked_glue("GetTable", "sales", "orders"))
    assert found == Lacks(
        f"arn:{partition}:iam::210987654321:role/monitor",
        tuple(
            Right("glue:GetTable", begin + each)
            for each in ("catalog", "database/sales", "table/sales/orders")
        ),
    )


def test_a_refusal_that_names_nobody_still_tells_what_to_allow() -> None:
    found = lacks(refused("AccessDenied", "Access Denied"), asked_s3("ListObjectsV2", "lake", "a/"))
    assert found == Lacks("", (Right("s3:ListBucket", "arn:aws:s3:::lake", "a/*"),))


DENY, SCP = "an explicit deny in a resource-based policy", "an explicit deny in a service control policy"


@pytest.mark.parametrize(
    ("code", "message", "told"),
    [
        ("AccessDenied", f"... with {DENY}", DENY),
        ("AccessDenied", f"... with {SCP}", SCP),
        ("AccessDenied", "because no resource-based policy allows the action", "no resource-based policy"),
        ("AccessDenied", "because no permissions boundary allows the action", "no permissions boundary"),
        ("AccessDenied", "because no VPC endpoint policy allows the action", "no VPC endpoint policy"),
        ("AccessDenied", "not authorized to perform: kms:Decrypt on this resource", "KMS refused its key"),
        ("AccessDeniedException", "Insufficient Lake Formation permission(s)", "Lake Formation denied"),
        ("InvalidAccessKeyId", "The key does not exist", "access denied"),
        ("ExpiredToken", "The token has expired", "the credentials have expired"),
    ],
)  # fmt: skip
def test_other_refusals_are_told_apart_and_lack_nothing_of_the_role(
    code: str, message: str, told: str
) -> None:
    problem = problem_of(refused(code, message), asked_s3("ListObjectsV2", "lake", "a/"))
    assert problem.kind is ProblemKind.DENIED
    assert told in problem.message
    assert problem.lacks is None


# One item -----------------------------------------------------------------------------------------------------


def unknown(table: str, right: Right, role: str = MONITOR, check: str = "freshness") -> Finding:
    bucket = right.resource.rpartition(":")[2]
    return Finding(
        table=table,
        check=check,
        status=Status.UNKNOWN,
        because=f"could not be checked: access to {bucket} denied",
        advice=f"allow {right.action} on {right.resource}",
        problem=ProblemKind.DENIED,
        cause=f"denied {right.action} {bucket}",
        lacks=Lacks(role, (right,)),
    )


def listing(bucket: str, prefix: str = "a/*") -> Right:
    return Right("s3:ListBucket", f"arn:aws:s3:::{bucket}", prefix)


def entries(*findings: Finding) -> list[Any]:
    report = build.build(findings=findings, now=NOW, run_id="r", first_run=True)
    (section,) = outline(report).sections
    return list(section.entries)


def test_a_single_denied_thing_keeps_its_sentence() -> None:
    (entry,) = entries(unknown("a.b", listing("lake")), unknown("a.c", listing("lake")))
    assert entry.title == "2 tables for one cause (freshness)"
    assert [line.text for line in entry.lines if line.label == "To do"] == [
        "allow s3:ListBucket on arn:aws:s3:::lake"
    ]


def test_several_are_one_item_with_the_statements_to_add() -> None:
    glue = Right("glue:GetTables", "arn:aws:glue:eu-west-1:123456789012:database/web")
    (entry,) = entries(
        unknown("a.b", listing("lake", "a/b/*")),
        unknown("a.c", listing("lake", "a/c/*")),
        unknown("a.d", listing("raw", "in/*")),
        unknown("web.*", glue, check="catalog"),
    )
    assert entry.title == "4 tables for rights that the monitor lacks (catalog, freshness)"
    assert entry.tables == {"a.b", "a.c", "a.d", "web.*"}
    (todo,) = [line.text for line in entry.lines if line.label == "To do"]
    assert todo == f"deploy what checks iam prints for this config, or add to the policy of {MONITOR}:"
    told = [json.loads(line.text) for line in entry.lines if line.label == "Allow"]
    assert all("Sid" not in each for each in told)
    guard = Guard({"Statement": told}, {})
    assert guard.allows("testing", "s3:ListBucket", "arn:aws:s3:::lake", "a/b/dt=1/")
    assert guard.allows("testing", "s3:ListBucket", "arn:aws:s3:::raw", "in/")
    assert guard.allows("testing", "glue:GetTables", glue.resource)
    assert not guard.allows("testing", "s3:ListBucket", "arn:aws:s3:::lake", "a/x/")


def test_each_role_has_an_item_of_its_own() -> None:
    other = "arn:aws:iam::111122223333:role/reader"
    found = entries(
        *(unknown(f"a.{bucket}", listing(bucket)) for bucket in ("x1", "x2")),
        *(unknown(f"p/a.{bucket}", listing(bucket), other) for bucket in ("y1", "y2")),
    )
    assert len(found) == 2
    assert sorted(sorted(entry.tables) for entry in found) == [["a.x1", "a.x2"], ["p/a.y1", "p/a.y2"]]


@pytest.mark.parametrize(("buckets", "shown", "more"), [(6, 6, ""), (7, 6, "1 more statement")])
def test_statements_are_cut_whole_and_counted(buckets: int, shown: int, more: str) -> None:
    findings = [unknown(f"a.t{n}", listing(f"bucket{n}", f"p{n}/*")) for n in range(buckets)]
    (entry,) = entries(*findings)
    assert len([line for line in entry.lines if line.label == "Allow"]) == shown
    assert [line.text for line in entry.lines if "which checks iam prints" in line.text] == (
        [f"And {more}, which checks iam prints."] if more else []
    )


@pytest.mark.parametrize(("places", "more"), [(8, 0), (9, 1)])
def test_places_of_a_statement_are_cut_and_counted(places: int, more: int) -> None:
    findings = [unknown(f"a.t{n}", listing("lake", f"p{n}/*")) for n in range(places)]
    (entry,) = entries(*findings, unknown("a.z", listing("raw", "in/*")))
    (told,) = [json.loads(line.text) for line in entry.lines if '"arn:aws:s3:::lake"' in line.text]
    assert len(told["Condition"]["StringLike"]["s3:prefix"]) == 8
    assert bool([line for line in entry.lines if f"And {more} more place," in line.text]) is bool(more)


def test_a_config_that_grew_without_a_deployment_gets_one_item(lake: HttpLake) -> None:
    for name, bucket in (("sales.orders", "lake"), ("web.clicks", "other"), ("web.views", "third")):
        table = lake.table(
            name, {"StorageDescriptor": {"Location": f"s3://{bucket}/{name.replace('.', '/')}"}}
        )
        lake.put(f"{table.location}a.parquet", NOW - HOUR)
    allowed = {"Action": ["glue:*"], "Resource": ["*"]}
    own = {"Action": ["s3:ListBucket"], "Resource": ["arn:aws:s3:::lake"]}
    config = load(
        {"version": 1, "tables": [{"table": "sales.*"}, {"table": "web.*"}, {"prefix": "s3://lake/sales/"}]},
        environ={},
    )
    with enforced({"Statement": [allowed, own]}):
        outcome = monitor.run(config, monitor.Request(now=NOW, keep=False, send=False), os.environ)
    report = outcome.report
    states = {each.table: (each.status, each.problem) for each in report.findings}
    assert states["sales.orders"] == (Status.PASS, None)
    assert states["web.clicks"] == states["web.views"] == (Status.UNKNOWN, ProblemKind.DENIED)
    assert exit_code(report) == 3
    told = text.render(report)
    assert told.count("UNKNOWN") == 1
    assert "UNKNOWN 2 tables for rights that the monitor lacks (freshness)" in told
    statements = [line.partition("Allow: ")[2] for line in told.splitlines() if "Allow: " in line]
    with enforced({"Statement": [allowed, own, *map(json.loads, statements)]}):
        outcome = monitor.run(config, monitor.Request(now=NOW, keep=False, send=False), os.environ)
    assert {each.status for each in outcome.report.findings} == {Status.PASS}


def test_a_table_that_glue_leaves_out_of_its_list_is_denied_and_not_gone(lake: HttpLake) -> None:
    names = [f"t{number}" for number in range(5)]
    for name in names:
        table = lake.table(f"many.{name}", {"StorageDescriptor": {"Location": f"s3://lake/many/{name}"}})
        lake.put(f"{table.location}a.parquet", NOW - HOUR)
    begin = "arn:aws:glue:eu-west-1:123456789012:"
    seen = [
        begin + each for each in ("catalog", "database/many", *(f"table/many/{name}" for name in names[1:]))
    ]
    policy = [
        {"Action": ["glue:GetTable", "glue:GetTables"], "Resource": seen},
        {"Action": ["s3:ListBucket"], "Resource": ["arn:aws:s3:::lake"]},
    ]
    config = load({"version": 1, "tables": [{"table": f"many.{name}"} for name in names]}, environ={})
    with enforced({"Statement": policy}):
        outcome = monitor.run(config, monitor.Request(now=NOW, keep=False, send=False), os.environ)
    states = {each.table: each.problem for each in outcome.report.findings}
    assert states == {**dict.fromkeys(f"many.{name}" for name in names[1:]), "many.t0": ProblemKind.DENIED}
    (hidden,) = (each for each in outcome.report.findings if each.table == "many.t0")
    assert hidden.lacks is not None
    assert Right("glue:GetTable", f"{begin}table/many/t0") in hidden.lacks.rights
