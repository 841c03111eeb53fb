"""Rights in other accounts, of keys and topics, and what is told where they cannot be looked up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import pytest

from checks.config.keys import Account as Role
from checks.lake import Aws
from checks.lake.account import Accounts
from checks.rights import Home
from tests.support.enforced import enforced
from tests.support.iam_lake import build
from tests.support.policies import GLUE, rights

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.lakes import HttpLake


def test_a_key_by_its_alias_is_found_and_that_of_aws_needs_nothing(lake: HttpLake, ask: Any) -> None:
    kms: Any = boto3.client("kms")
    s3: Any = boto3.client("s3")
    key = kms.create_key()["KeyMetadata"]
    kms.create_alias(AliasName="alias/lake", TargetKeyId=key["KeyId"])
    for bucket, name in (("ops", "alias/lake"), ("own", "alias/aws/s3")):
        lake.bucket(bucket)
        rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": name}}
        s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})
    lake.table("sales.orders")
    for bucket, keys in (("ops", {key["Arn"]}), ("own", set[str]())):
        code, policy, said = ask(f"history: s3://{bucket}/m/\ntables: [{{table: sales.orders}}]")
        assert (code, said) == (0, "")
        found = {(action, resource) for action, resource, _ in rights(policy) if action.startswith("kms:")}
        assert found == {(action, arn) for arn in keys for action in ("kms:Decrypt", "kms:GenerateDataKey")}


def test_listing_alone_needs_no_key(lake: HttpLake, tmp_path: Path, ask: Any) -> None:
    build(lake, tmp_path)
    lake.table("plain.orders", {"StorageDescriptor": {"Location": "s3://lake/plain/orders"}})
    _, policy, _ = ask("tables: [{table: plain.orders}]")
    assert not [each for each in rights(policy) if each[0].startswith("kms:")]


def test_keys_that_may_not_be_asked_for_are_told_with_what_to_add(lake: HttpLake, ask: Any) -> None:
    lake.table("sales.orders")
    lake.bucket("ops")
    may = {"Action": ["glue:*", "s3:ListBucket", "s3:GetObject", "sts:*"], "Resource": ["*"]}
    with enforced({"Statement": [may]}):
        code, policy, said = ask("history: s3://ops/m/\ntables: [{table: sales.orders}]")
    assert code == 0
    assert "note: whether objects of s3://ops/ are encrypted with a key is not known" in said
    assert "if so, allow kms:Decrypt and kms:GenerateDataKey on it" in said
    assert ("s3:PutObject", "arn:aws:s3:::ops/m/*", "*") in rights(policy)


def test_a_topic_that_is_not_there_is_told_as_one(lake: HttpLake, ask: Any) -> None:
    lake.table("sales.orders")
    topic = "arn:aws:sns:eu-west-1:123456789012:team"
    _, _, said = ask(f"topic: {topic}\ntables: [{{table: sales.orders}}]")
    assert f"whether the topic {topic} is encrypted with a key is not known" in said
    assert f"(sns GetTopicAttributes on {topic}: it does not exist); if so, allow" in said


def test_a_catalog_that_may_not_be_read_is_told_and_the_names_are_allowed(lake: HttpLake, ask: Any) -> None:
    lake.table("sales.orders")
    with enforced({"Statement": [{"Action": ["sts:*"], "Resource": ["*"]}]}):
        code, policy, said = ask("tables: [{table: sales.orders}]")
    assert code == 3
    assert "could not be found out: Glue GetTable on sales.orders: access denied" in said
    assert ("glue:GetTable", f"{GLUE}:table/sales/orders", "*") in rights(policy)


def test_an_account_that_is_not_watched_is_a_mistake(lake: HttpLake, ask: Any) -> None:
    code, _, said = ask("tables: [{table: sales.orders}]", "--account", "partner")
    assert code == 2
    assert said == "partner is no account that the config watches tables of; those are: none\n"


def test_who_is_signed_in_to_a_member_account_needs_no_role_of_it(lake: HttpLake, ask: Any) -> None:
    lake.table("sales.orders")
    role = "arn:aws:iam::123456789012:role/reader"
    text = f"accounts: {{here: {{role_arn: '{role}'}}}}\ntables: [{{table: sales.orders, account: here}}]"
    may = {"Action": ["glue:*", "s3:*", "sts:GetCallerIdentity"], "Resource": ["*"]}
    with enforced({"Statement": [may]}):
        code, policy, said = ask(text, "--account", "here")
    assert (code, said) == (0, "")
    assert ("s3:ListBucket", "arn:aws:s3:::lake", "sales/orders/*") in rights(policy)


@pytest.mark.parametrize(
    ("region", "partition"), [("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov"), ("eu-west-1", "aws")]
)
def test_the_own_account_is_where_sts_says(lake: HttpLake, region: str, partition: str) -> None:
    assert Accounts(Aws(region=region)).home(None) == Home(partition, region, "123456789012")


def test_another_account_is_where_its_role_says(lake: HttpLake) -> None:
    role = Role(role_arn="arn:aws-cn:iam::111122223333:role/reader", region="cn-north-1")
    aws = Aws({"partner": role})
    assert Accounts(aws).home("partner", role.role_arn) == Home("aws-cn", "cn-north-1", "111122223333")
    assert not aws.cost().requests, "nothing is asked for that"
