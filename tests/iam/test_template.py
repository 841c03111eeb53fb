"""The stacks that grant the rights: clean, without a secret, filled in by their own account."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from cfnlint.api import lint  # type: ignore[import-untyped]
from cfnlint.config import ManualArgs  # type: ignore[import-untyped]

from checks import cli
from checks.iam import fit, member_template, template
from checks.rights import LIST, Home, Reach, Right
from tests.support.iam_lake import IamLake, build

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.lakes import HttpLake


def linted(stack: Any) -> list[str]:
    found = lint(json.dumps(stack), config=ManualArgs(regions=["eu-west-1"]))
    return [f"{each.rule.id} {each.message}" for each in found]


def test_the_stacks_of_a_whole_lake_are_clean_and_tell_no_secret(
    lake: HttpLake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PARTNER_ID", "not-to-be-told")
    built: IamLake = build(lake, tmp_path)
    for options in ((), ("--account", "partner")):
        assert cli.main(["iam", "--config", "s3://conf/checks.yml", "--template", *options]) == 0
        printed = capsys.readouterr().out
        assert "not-to-be-told" not in printed
        assert linted(json.loads(printed)) == []
        assert ("123456789012:table" in printed) is False
        assert (built.key in printed) is (options == ())


def test_the_member_stack_trusts_the_monitor_with_the_external_id_alone() -> None:
    home = Home("aws", "us-east-1", "111122223333")
    policy = fit([Right("glue:GetTable", home.glue("table/ads/spend"))])
    role = "arn:aws:iam::111122223333:role/data/reader"
    stack: Any = member_template(policy, home, role, "partner", has_external_id=True)
    (trust,) = stack["Resources"]["ReaderRole"]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"AWS": {"Ref": "MonitorRoleArn"}}
    assert trust["Condition"] == {"StringEquals": {"sts:ExternalId": {"Ref": "ExternalId"}}}
    assert stack["Parameters"]["ExternalId"]["NoEcho"] is True
    assert "Default" not in stack["Parameters"]["ExternalId"]
    assert stack["Resources"]["ReaderRole"]["Properties"]["RoleName"] == "reader"
    assert stack["Resources"]["ReaderRole"]["Properties"]["Path"] == "/data/"
    assert linted(stack) == []
    without: Any = member_template(policy, home, role, "partner", has_external_id=False)
    assert "ExternalId" not in json.dumps(without)
    assert linted(without) == []


@pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov"])
def test_a_stack_fills_in_its_own_partition_region_and_account(partition: str) -> None:
    home = Home(partition, "cn-north-1", "123456789012")
    other = f"arn:{partition}:sns:eu-west-1:123456789012:topic"
    policy = fit(
        [
            Right("glue:GetTable", home.glue("table/a/b")),
            Reach(LIST, "lake", "a${x}*/").right(partition),
            Reach("s3:GetObject", "lake", "a${x}*/").right(partition),
            Right("sns:Publish", other),
        ]
    )
    stack: Any = template(policy, home, "prod")
    found = stack["Resources"]["MonitorPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    resources = {json.dumps(each) for statement in found for each in statement["Resource"]}
    assert resources == {
        '{"Fn::Sub": "arn:${AWS::Partition}:glue:${AWS::Region}:${AWS::AccountId}:table/a/b"}',
        '{"Fn::Sub": "arn:${AWS::Partition}:s3:::lake"}',
        '{"Fn::Sub": "arn:${AWS::Partition}:s3:::lake/a${!$}{x}${!*}/*"}',
        f'"{other}"',
    }
    assert linted(stack) == []
