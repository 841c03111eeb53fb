"""What a policy has to know of an account beside its tables: its number, and the keys that things are encrypted with.

This is asked by the person who has a policy printed, never by a run: the monitor's own role needs none of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from checks.aws.problems import Asked, asked_s3, problem_of
from checks.aws.session import whole
from checks.lake.s3.objects import S3Store
from checks.model import Problem, ProblemKind, Unobserved
from checks.rights import GET, LIST, Home

if TYPE_CHECKING:
    from collections.abc import Callable

    from checks.aws.session import Aws

SETUP_ACTIONS = (
    GET,
    LIST,
    "kms:DescribeKey",
    "s3:GetEncryptionConfiguration",
    "secretsmanager:DescribeSecret",
    "sns:GetTopicAttributes",
    "ssm:DescribeParameters",
    "sts:GetCallerIdentity",
)
"""What whoever runs `checks iam` may do beside what the monitor may; where it may not, that is told."""
_KEY_ARN = re.compile(r"arn:aws[\w-]*:kms:[\w-]+:\d{12}:key/[\w-]+")
_ROLE = re.compile(r"arn:(aws[\w-]*):iam::(\d{12}):role/.+")
_CALLER = re.compile(r"arn:(aws[\w-]*):")
_UNENCRYPTED = "ServerSideEncryptionConfigurationNotFoundError"
_OF_AWS = "alias/aws/"
"""Keys of AWS itself, whose policies let everybody use them who may use the service (KMS Developer Guide)."""


@dataclass(frozen=True, slots=True)
class Accounts:
    """Asks about the accounts of a config; every failure is raised as Unobserved."""

    aws: Aws

    def home(self, account: str | None, role_arn: str | None = None) -> Home:
        """Return where the account is: of another one as its role's ARN says, of the own as STS does."""
        region = self.aws.region(account) or ""
        role = _ROLE.fullmatch(role_arn or "")
        if role is not None:
            return Home(role[1], region, role[2])
        asked = Asked("sts", "GetCallerIdentity", "the own account", owner="own account")
        answer = _ask(lambda: self.aws.client("sts", account).get_caller_identity(), asked)
        partition = _CALLER.match(str(answer.get("Arn", "")))
        return Home(partition[1] if partition else "aws", region, str(answer.get("Account", "")))

    def is_signed_in_to(self, role_arn: str) -> bool:
        """Tell whether the credentials at hand are of the account of that role; False where that is not known."""
        role = _ROLE.fullmatch(role_arn)
        try:
            return role is not None and self.home(None).account_id == role[2]
        except Unobserved:
            return False

    def key_of_bucket(self, bucket: str, account: str | None, region: str | None) -> str | None:
        """Return the ARN of the key that new objects of a bucket are encrypted with, None for S3's own keys."""
        from botocore.exceptions import ClientError

        client = self.aws.client("s3", account, region)
        try:
            answer = client.get_bucket_encryption(Bucket=bucket)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") == _UNENCRYPTED:
                return None
            asked = Asked("s3", "GetBucketEncryption", f"s3://{bucket}/", f"arn:aws:s3:::{bucket}", bucket)
            raise Unobserved(problem_of(error, asked)) from error
        rules = answer.get("ServerSideEncryptionConfiguration", {}).get("Rules", [])
        applied = [rule.get("ApplyServerSideEncryptionByDefault", {}) for rule in rules]
        keys = [each.get("KMSMasterKeyID") for each in applied if "kms" in str(each.get("SSEAlgorithm"))]
        return self.key(keys[0], account, client.meta.region_name) if keys and keys[0] else None

    def key_of_objects(
        self, bucket: str, beginning: str, account: str | None, region: str | None
    ) -> str | None:
        """Return the ARN of the key of the first object whose key begins so; None without one, or for S3's own."""
        page = S3Store(self.aws, account, region).list_page(bucket, beginning, max_keys=1)
        if not page.keys.names:
            return None
        key = page.keys.names[0]
        client = self.aws.client("s3", account, region)
        answer = _ask(lambda: client.head_object(Bucket=bucket, Key=key), asked_s3("HeadObject", bucket, key))
        found = answer.get("SSEKMSKeyId")
        return self.key(str(found), account, client.meta.region_name) if found else None

    def key_of_topic(self, topic_arn: str) -> str | None:
        """Return the ARN of the key that a topic is encrypted with, None without one."""
        region = topic_arn.split(":")[3]
        asked = Asked("sns", "GetTopicAttributes", topic_arn, topic_arn, topic_arn)
        client = self.aws.client("sns", None, region)
        answer = _ask(lambda: client.get_topic_attributes(TopicArn=topic_arn), asked)
        key = answer.get("Attributes", {}).get("KmsMasterKeyId")
        return self.key(key, None, region) if key else None

    def key_of_secret(self, name: str) -> str | None:
        """Return the ARN of the key that a secret (by its name or ARN) is encrypted with, None for AWS's own."""
        region = _region_in(name)
        asked = Asked("secretsmanager", "DescribeSecret", name, name, name)
        client = self.aws.client("secretsmanager", None, region)
        key = _ask(lambda: client.describe_secret(SecretId=name), asked).get("KmsKeyId")
        return self.key(key, None, region) if key else None

    def key_of_parameter(self, name: str) -> str | None:
        """Return the ARN of the key that a parameter (by its name or ARN) is encrypted with, None for AWS's own."""
        region = _region_in(name)
        own = name.partition(":parameter")[2] if region else name
        asked = Asked("ssm", "DescribeParameters", name, name, name)
        client = self.aws.client("ssm", None, region)
        chosen = [{"Key": "Name", "Option": "Equals", "Values": [own]}]
        found = _ask(lambda: client.describe_parameters(ParameterFilters=chosen), asked).get("Parameters", [])
        if not found:
            message = f"ssm DescribeParameters on {name}: it does not exist"
            raise Unobserved(Problem(ProblemKind.NOT_FOUND, message, "create it", f"parameter {name}"))
        key = found[0].get("KeyId")
        return self.key(key, None, region) if key else None

    def key(self, name: str, account: str | None, region: str | None) -> str | None:
        """Return the ARN of a key by its ARN, id or alias; None for one of AWS's own."""
        if _KEY_ARN.fullmatch(name):
            return name
        if _OF_AWS in name:
            return None
        asked = Asked("kms", "DescribeKey", name, name if name.startswith("arn:") else "*", name)
        answer = _ask(lambda: self.aws.client("kms", account, region).describe_key(KeyId=name), asked)
        return str(answer["KeyMetadata"]["Arn"])


def _region_in(name: str) -> str | None:
    return name.split(":")[3] if name.startswith("arn:") else None


def _ask(ask: Callable[[], Any], asked: Asked) -> Any:
    try:
        return whole(ask)
    except Exception as error:
        raise Unobserved(problem_of(error, asked)) from error
