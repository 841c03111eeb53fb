"""Policies as CloudFormation stacks: one for the monitor's role, one for a member account. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from checks.rights import statements

if TYPE_CHECKING:
    from checks.iam.policy import Policy
    from checks.model import JsonValue
    from checks.rights import Home

_ROLE = re.compile(r"arn:aws[\w-]*:iam::\d{12}:role(/(?:[^/]+/)*)([^/]+)")
_VERSION = "2010-09-09"
_ROLE_ARN = r"^arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+$"
_EXTERNAL_ID = r"^[\w+=,.@:/-]*$"


def template(policy: Policy, home: Home, name: str) -> dict[str, JsonValue]:
    """Return the stack of a managed policy that is attached to the monitor's role, whose name is a parameter."""
    return {
        "AWSTemplateFormatVersion": _VERSION,
        "Description": f"What the S3 table monitor {name} may do: as much as its config needs".rstrip()[
            :1024
        ],
        "Parameters": {
            "MonitorRole": {
                "Type": "String",
                "MinLength": 1,
                "MaxLength": 64,
                "AllowedPattern": r"^[\w+=,.@-]+$",
                "Description": "The name of the role that the monitor runs with",
            }
        },
        "Resources": {
            "MonitorPolicy": {
                "Type": "AWS::IAM::ManagedPolicy",
                "Properties": {
                    "Description": "What the S3 table monitor needs by its config",
                    "PolicyDocument": _document(policy, home),
                    "Roles": [{"Ref": "MonitorRole"}],
                },
            }
        },
        "Outputs": {
            "PolicyArn": {"Description": "The policy of the monitor", "Value": {"Ref": "MonitorPolicy"}}
        },
    }


def member_template(
    policy: Policy, home: Home, role_arn: str, account: str, *, has_external_id: bool
) -> dict[str, JsonValue]:
    """Return the stack of the role in another account, which the monitor's role may take on, and what it reads there.

    The external id is a parameter that is never shown, wherever the config has it from.
    """
    path, role = _path_and_name(role_arn)
    parameters: dict[str, Any] = {
        "MonitorRoleArn": {
            "Type": "String",
            "AllowedPattern": _ROLE_ARN,
            "Description": "The ARN of the role that the monitor runs with, in its own account",
        }
    }
    trust: dict[str, Any] = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"AWS": {"Ref": "MonitorRoleArn"}},
    }
    if has_external_id:
        parameters["ExternalId"] = {
            "Type": "String",
            "NoEcho": True,
            "MinLength": 2,
            "MaxLength": 1224,
            "AllowedPattern": _EXTERNAL_ID,
            "Description": "The external_id that the monitor's config states for this account",
        }
        trust["Condition"] = {"StringEquals": {"sts:ExternalId": {"Ref": "ExternalId"}}}
    return {
        "AWSTemplateFormatVersion": _VERSION,
        "Description": f"The role that the S3 table monitor reads the tables of {account} with"[:1024],
        "Parameters": parameters,
        "Resources": {
            "ReaderPolicy": {
                "Type": "AWS::IAM::ManagedPolicy",
                "Properties": {
                    "Description": "What the S3 table monitor reads in this account by its config",
                    "PolicyDocument": _document(policy, home),
                },
            },
            "ReaderRole": {
                "Type": "AWS::IAM::Role",
                "Properties": {
                    "RoleName": role,
                    "Path": path,
                    "Description": "What the S3 table monitor of another account reads with",
                    "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
                    "ManagedPolicyArns": [{"Ref": "ReaderPolicy"}],
                },
            },
        },
        "Outputs": {
            "RoleArn": {
                "Description": "What role_arn of this account has to be in the monitor's config",
                "Value": {"Fn::GetAtt": ["ReaderRole", "Arn"]},
            }
        },
    }


def _path_and_name(role_arn: str) -> tuple[str, str]:
    match = _ROLE.fullmatch(role_arn)
    if match is None:
        message = f"{role_arn} is no role's ARN"
        raise ValueError(message)
    return match[1], match[2]


def _document(policy: Policy, home: Home) -> dict[str, Any]:
    """Return the policy with what the stack itself knows in place of its own partition, region and account."""
    found: list[dict[str, Any]] = []
    for statement in statements(policy.rights):
        resources = statement["Resource"]
        assert isinstance(resources, list)  # noqa: S101 - as they are made
        found.append({**statement, "Resource": [_of_stack(str(arn), home) for arn in resources]})
    return {"Version": "2012-10-17", "Statement": found}


def _of_stack(arn: str, home: Home) -> JsonValue:
    """Return an ARN of the catalog or a bucket as the stack fills it in; topics, roles and keys are stated whole."""
    _, partition, service, region, account, rest = arn.split(":", 5)
    if service not in ("s3", "glue", "s3express") or partition != home.partition:
        return arn
    own_region = "${AWS::Region}" if region and region == home.region else _plain(region)
    own_account = "${AWS::AccountId}" if account and account == home.account_id else _plain(account)
    return {"Fn::Sub": f"arn:${{AWS::Partition}}:{service}:{own_region}:{own_account}:{_plain(rest)}"}


def _plain(text: str) -> str:
    """Return text that Fn::Sub leaves as it is (``${!Literal}``)."""
    return text.replace("${", "${!")
