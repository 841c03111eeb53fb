"""The rights that are printed are enough for every target, and each of them is missed by the target that needs it."""

from __future__ import annotations

import copy
import json
import os
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from checks import cli, monitor
from tests.support.enforced import enforced
from tests.support.stub_http import Answer, stub
from tests.support.times import at

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from checks.channels import Delivery
    from tests.support.lakes import HttpLake

CONFIG = """
version: 1
tables: [{table: sales.orders}]
routes:
  - {match: {table: "*"}, topic: "arn:aws:sns:eu-west-1:123456789012:team"}
  - {match: {table: "*"}, chat: "arn:aws:sns:eu-west-1:123456789012:chat"}
  - {match: {table: "*"}, eventbridge: tables}
  - {match: {table: "*"}, file: s3://ops/reports/all.html}
  - {match: {table: "*"}, webhook: {url: "ssm:/hook/url", secret: "secretsmanager:hook/key"}}
  - {match: {table: "*"}, webhook: {url: "ssm:/hook/url", as: pagerduty, secret: "ssm:/hook/pager"}}
"""


@pytest.fixture
def receiver(lake: HttpLake) -> Iterator[Any]:
    lake.table("sales.orders")
    lake.bucket("ops")
    for name in ("team", "chat"):
        boto3.client("sns").create_topic(Name=name)
    boto3.client("events").create_event_bus(Name="tables")
    key = boto3.client("kms").create_key()["KeyMetadata"]["Arn"]
    with stub(lambda _: Answer(b"ok")) as running:
        ssm = boto3.client("ssm")
        ssm.put_parameter(Name="/hook/url", Value=f"{running.url}/hook", Type="String")
        ssm.put_parameter(Name="/hook/pager", Value="x", Type="SecureString", KeyId=key)
        boto3.client("secretsmanager").create_secret(Name="hook/key", SecretString="x", KmsKeyId=key)
        yield running


def delivered(path: Path) -> list[Delivery]:
    config = monitor.load_config(str(path), os.environ)
    return list(monitor.send_test(config, at("2026-11-23 07:00"), os.environ))


def test_the_rights_are_enough_and_each_is_missed(
    receiver: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "checks.yml"
    path.write_text(CONFIG, "utf-8")
    assert cli.main(["iam", "--config", str(path)]) == 0
    policy = json.loads(capsys.readouterr().out)
    with enforced(policy) as guard:
        assert all(each.ok for each in delivered(path)), guard.denied
    assert len(receiver.asked) == 3  # the report, and an alert that is opened and closed
    missed = {action: denied(path, policy, action) for action in sorted(guard.allowed)}
    assert {action: sorted(targets) for action, targets in missed.items()} == {
        "events:PutEvents": ["event"],
        "kms:Decrypt": ["webhook", "webhook"],
        "s3:PutObject": ["s3://ops/reports/all.html"],
        "secretsmanager:GetSecretValue": ["webhook"],
        "sns:Publish": ["arn:aws:sns:eu-west-1:123456789012:team", "chat"],
        "ssm:GetParameter": ["webhook", "webhook"],
    }


def denied(path: Path, policy: Any, action: str) -> list[str]:
    """The targets that get nothing without the action, each of which names it."""
    less = copy.deepcopy(policy)
    for statement in less["Statement"]:
        statement["Action"] = [each for each in statement["Action"] if each != action]
    with enforced(less):
        lost = [each for each in delivered(path) if not each.ok]
    for each in lost:
        assert action in each.problem, each.problem
    return [each.target.split()[0] for each in lost]
