"""Secrets out of the environment, Systems Manager and Secrets Manager: each found, and each refusal a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError

from checks.aws import clients
from checks.channels import kept_secrets
from checks.channels.kept_secrets import SecretUnavailable, fetch
from checks.config.targets import parse_reference
from checks.rights import Home, Right

if TYPE_CHECKING:
    from tests.support.lakes import HttpLake

HOME = Home("aws", "eu-west-1", "123456789012")
VALUE = "hunter2-hunter2"


def test_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEY", f" {VALUE}\n")
    assert fetch(parse_reference("env:KEY")) == VALUE
    monkeypatch.setenv("KEY", " ")
    with pytest.raises(SecretUnavailable, match=r"^env:KEY is empty; put the secret there\.$"):
        fetch(parse_reference("env:KEY"))
    monkeypatch.setenv("KEY", f"{VALUE}\nand more")
    with pytest.raises(SecretUnavailable, match=r"^env:KEY holds more than one line of plain characters"):
        fetch(parse_reference("env:KEY"))


@pytest.mark.parametrize("kind", ["String", "SecureString"])
def test_a_parameter(lake: HttpLake, kind: Any) -> None:
    ssm = boto3.client("ssm")
    ssm.put_parameter(Name="/monitor/hook", Value=VALUE, Type=kind)
    assert fetch(parse_reference("ssm:/monitor/hook")) == VALUE
    with pytest.raises(SecretUnavailable, match=r"^There is no parameter /monitor/none; create it"):
        fetch(parse_reference("ssm:/monitor/none"))


def test_a_secret_of_secrets_manager(lake: HttpLake) -> None:
    client = boto3.client("secretsmanager")
    arn = client.create_secret(Name="monitor/hook", SecretString=VALUE)["ARN"]
    client.create_secret(Name="monitor/json", SecretString=f'{{"key": "{VALUE}", "number": 1}}')
    client.create_secret(Name="monitor/binary", SecretBinary=b"x")
    assert fetch(parse_reference("secretsmanager:monitor/hook")) == VALUE
    assert fetch(parse_reference(f"secretsmanager:{arn}")) == VALUE
    assert fetch(parse_reference("secretsmanager:monitor/json#key")) == VALUE
    for wrong in ("monitor/json#none", "monitor/json#number", "monitor/hook#key"):
        with pytest.raises(
            SecretUnavailable, match="names a key, and the secret is no JSON object with text"
        ) as told:
            fetch(parse_reference(f"secretsmanager:{wrong}"))
        assert VALUE not in str(told.value)
    with pytest.raises(SecretUnavailable, match="is empty"):
        fetch(parse_reference("secretsmanager:monitor/binary"))
    with pytest.raises(SecretUnavailable, match=r"^There is no secret monitor/none; create it"):
        fetch(parse_reference("secretsmanager:monitor/none"))


@pytest.mark.parametrize(
    ("reference", "operation", "action"),
    [
        ("ssm:/a", "get_parameter", "ssm:GetParameter"),
        ("secretsmanager:a", "get_secret_value", "secretsmanager:GetSecretValue"),
    ],
)
def test_what_is_denied_names_the_right(
    reference: str, operation: str, action: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Denied:
        def __getattr__(self, name: str) -> Any:
            def refuse(**_: Any) -> Any:
                raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, operation)

            assert name == operation
            return refuse

    monkeypatch.setattr(clients, "client", lambda *_: Denied())
    with pytest.raises(SecretUnavailable, match=f"is denied; allow {action} on it for the monitor's role"):
        fetch(parse_reference(reference))


@pytest.mark.parametrize(
    ("reference", "region"),
    [
        ("ssm:/a", None),
        ("ssm:arn:aws:ssm:us-east-1:123456789012:parameter/a", "us-east-1"),
        ("secretsmanager:a", None),
        ("secretsmanager:arn:aws:secretsmanager:us-east-1:123456789012:secret:a-AbCdEf", "us-east-1"),
    ],
)
def test_an_arn_is_asked_where_it_is(
    reference: str, region: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, str | None]] = []

    class Answering:
        def get_parameter(self, **_: Any) -> Any:
            return {"Parameter": {"Value": VALUE}}

        def get_secret_value(self, **_: Any) -> Any:
            return {"SecretString": VALUE}

    def made(service: str, where: str | None) -> Any:
        asked.append((service, where))
        return Answering()

    monkeypatch.setattr(clients, "client", made)
    assert fetch(parse_reference(reference)) == VALUE
    assert asked == [(reference.partition(":")[0], region)]


@pytest.mark.parametrize(
    ("reference", "right"),
    [
        ("env:A", None),
        ("ssm:/a/b", ("ssm:GetParameter", "arn:aws:ssm:eu-west-1:123456789012:parameter/a/b")),
        ("ssm:a", ("ssm:GetParameter", "arn:aws:ssm:eu-west-1:123456789012:parameter/a")),
        (
            "ssm:arn:aws:ssm:us-east-1:999999999999:parameter/a",
            ("ssm:GetParameter", "arn:aws:ssm:us-east-1:999999999999:parameter/a"),
        ),
        (
            "secretsmanager:a/b#key",
            (
                "secretsmanager:GetSecretValue",
                "arn:aws:secretsmanager:eu-west-1:123456789012:secret:a/b-??????",
            ),
        ),
        (
            "secretsmanager:arn:aws:secretsmanager:us-east-1:999999999999:secret:a-AbCdE1",
            (
                "secretsmanager:GetSecretValue",
                "arn:aws:secretsmanager:us-east-1:999999999999:secret:a-AbCdE1",
            ),
        ),
        (
            "secretsmanager:arn:aws:secretsmanager:us-east-1:999999999999:secret:a",
            (
                "secretsmanager:GetSecretValue",
                "arn:aws:secretsmanager:us-east-1:999999999999:secret:a-??????",
            ),
        ),
    ],
)
def test_the_right_that_a_secret_takes(reference: str, right: tuple[str, str] | None) -> None:
    found = kept_secrets.needs(parse_reference(reference), HOME)
    assert found == (() if right is None else (Right(*right),))
