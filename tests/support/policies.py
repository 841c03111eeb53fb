"""The rights in what `checks iam` prints."""

from __future__ import annotations

from typing import Any

GLUE = "arn:aws:glue:eu-west-1:123456789012"


def rights(policy: Any) -> set[tuple[str, str, str]]:
    return {
        (action, resource, prefix)
        for each in policy["Statement"]
        for action in each["Action"]
        for resource in each["Resource"]
        for prefix in each.get("Condition", {}).get("StringLike", {}).get("s3:prefix", ["*"])
    }
