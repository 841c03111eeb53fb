"""Rights of AWS's IAM as values: what may be done on what, and the statements of a policy that allow it. Pure.

Patterns are those of policies: ``*`` stands for any characters, ``?`` for one, ``${*}``, ``${?}`` and ``${$}`` for the
characters themselves (IAM User Guide, "IAM policy elements: Variables and tags", version 2012-10-17).
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

LIST, GET, PUT = "s3:ListBucket", "s3:GetObject", "s3:PutObject"
DELETE = "s3:DeleteObject"
_NAMED_OTHERWISE = {
    "s3:ListObjectsV2": LIST,
    "s3:HeadBucket": LIST,  # boto3 asks it where a bucket in another region does not say which
    "s3:HeadObject": GET,
    "s3:DeleteObjects": DELETE,
    "s3:GetBucketEncryption": "s3:GetEncryptionConfiguration",
    "s3:CreateSession": "s3express:CreateSession",
}
"""Operations whose action has another name than they have themselves (Service Authorization Reference)."""
_SIDS = {
    "glue": "ReadCatalog",
    LIST: "ListPlaces",
    GET: "ReadObjects",
    PUT: "KeepHistory",
    DELETE: "ForgetWhatIsOld",
    "s3express": "ReadDirectoryBuckets",
    "sns": "SendReports",
    "sts": "ReachAccounts",
    "kms": "UseKeys",
    "events": "PutEvents",
    "ssm": "ReadSecrets",
    "secretsmanager": "ReadSecrets",
}
_WILD = re.compile(r"[*?]")
_ESCAPED = re.compile(r"\$\{([*?$])\}")
_OF_PARTITION = re.compile(r"=|^\d+$|\d{4}-\d{2}|^\d{4}_\d{2}", re.ASCII)
_STANDS_FOR = {"*": "\ue000", "?": "\ue001", "$": "\ue002"}


def action_of(operation: str) -> str:
    """Return the IAM action that an operation such as ``s3:ListObjectsV2`` needs."""
    return _NAMED_OTHERWISE.get(operation, operation)


def literal(text: str) -> str:
    """Return a text as a pattern that matches nothing else."""
    return re.sub(r"[*?$]", lambda sign: f"${{{sign[0]}}}", text)


@lru_cache(maxsize=65536)
def _compiled(pattern: str) -> re.Pattern[str]:
    plain = _marked(pattern)
    parts = {"*": ".*", "?": "[^*]"}
    return re.compile("".join(parts.get(sign) or re.escape(sign) for sign in plain), re.DOTALL)


def _marked(pattern: str) -> str:
    return _ESCAPED.sub(lambda match: _STANDS_FOR[match[1]], pattern)


def matches(pattern: str, text: str) -> bool:
    """Tell whether a pattern matches a text that is no pattern itself."""
    return includes(pattern, literal(text))


def includes(pattern: str, other: str) -> bool:
    """Tell whether all that the other pattern matches is matched by this one; it may miss that where both hold ``*``.

    Never says so where it does not hold: a ``*`` of the other is only matched by one of this.
    """
    return _compiled(pattern).fullmatch(_marked(other)) is not None


@dataclass(frozen=True, slots=True, order=True)
class Right:
    """One action on what a pattern of ARNs matches; ``prefix`` is the pattern of listings' ``s3:prefix``, if any."""

    action: str
    resource: str
    prefix: str = "*"

    def covers(self, other: Right) -> bool:
        """Tell whether whoever has this right has the other one, too."""
        return (
            self.action == other.action
            and includes(self.resource, other.resource)
            and includes(self.prefix, other.prefix)
        )


@dataclass(frozen=True, slots=True, order=True)
class Reach:
    """What an action has to reach in a bucket: keys (of a listing: prefixes) that begin so, or are exactly so."""

    action: str
    bucket: str
    beginning: str
    exact: bool = False

    def right(self, partition: str) -> Right:
        """Return the right that this is in a partition of AWS (``aws``, ``aws-cn``, ``aws-us-gov``)."""
        key = literal(self.beginning) + ("" if self.exact else "*")
        bucket = f"arn:{partition}:s3:::{self.bucket}"
        return (
            Right(self.action, bucket, key) if self.action == LIST else Right(self.action, f"{bucket}/{key}")
        )


def folder_of_all(key: str, values: Iterable[str] = ()) -> str:
    """Return the folder that an object's siblings of all partitions lie in, as well as names tell it.

    The folder of a key (or prefix) without those at its end that name a partition: ``dt=2026-11-22``, numbers and
    dates, and what holds one of the ``values``. Empty where that is the whole bucket.
    """
    told = {value for value in values if value}
    parts = key.split("/")[:-1]
    while parts and (_OF_PARTITION.search(parts[-1]) or any(value in parts[-1] for value in told)):
        parts.pop()
    return "".join(f"{part}/" for part in parts)


@dataclass(frozen=True, slots=True)
class Home:
    """Where a role and its catalog are at home: partition of AWS, region, number of the account."""

    partition: str
    region: str
    account_id: str

    def glue(self, resource: str) -> str:
        """Return the ARN of something of the catalog: ``catalog``, ``database/sales``, ``table/sales/orders``."""
        return f"arn:{self.partition}:glue:{self.region}:{self.account_id}:{resource}"


@dataclass(frozen=True, slots=True)
class Lacks:
    """Rights that a role would need and has not; ``role`` is its ARN, empty where AWS does not name it."""

    role: str
    rights: tuple[Right, ...]


def without_covered(rights: Iterable[Right]) -> tuple[Right, ...]:
    """Return the rights without those that others cover, sorted."""
    found = sorted(set(rights))
    wide: dict[str, list[Right]] = defaultdict(list)
    for right in found:
        text = _text(right)
        if (end := _WILD.search(text)) is not None:
            wide[text[: end.start()]].append(right)
    kept = []
    for right in found:
        text = _text(right)
        heads = (wide[text[:end]] for end in range(len(text) + 1) if text[:end] in wide)
        if not any(_is_wider(other, right) for same in heads for other in same):
            kept.append(right)
    return tuple(kept)


def _text(right: Right) -> str:
    return _marked(f"{right.action} {right.resource} {right.prefix}")


def _is_wider(other: Right, right: Right) -> bool:
    """Tell whether another right makes this one needless; of two that are alike the first stands."""
    return other != right and other.covers(right) and not (right < other and right.covers(other))


def statements(rights: Iterable[Right]) -> list[dict[str, Any]]:
    """Return the statements of a policy that allow exactly these rights, as few as they can be told in."""
    actions_of: dict[tuple[str, str], set[str]] = defaultdict(set)
    for right in without_covered(rights):
        actions_of[right.resource, right.prefix].add(right.action)
    whole: dict[tuple[str, ...], list[str]] = defaultdict(list)
    limited: dict[tuple[tuple[str, ...], str], list[str]] = defaultdict(list)
    for (resource, prefix), actions in actions_of.items():
        if prefix == "*":
            whole[tuple(sorted(actions))].append(resource)
        else:
            limited[tuple(sorted(actions)), resource].append(prefix)
    alike: dict[tuple[tuple[str, ...], tuple[str, ...]], list[str]] = defaultdict(list)
    for (names, resource), prefixes in limited.items():
        alike[names, tuple(sorted(prefixes))].append(resource)
    found = [_statement(names, resources, ()) for names, resources in whole.items()]
    found += [_statement(names, resources, prefixes) for (names, prefixes), resources in alike.items()]
    return _numbered(sorted(found, key=json.dumps))


def _statement(actions: tuple[str, ...], resources: list[str], prefixes: tuple[str, ...]) -> dict[str, Any]:
    service = actions[0].partition(":")[0]
    sid = next(
        (_SIDS[action] for action in (PUT, DELETE, GET, LIST) if action in actions), _SIDS.get(service, "Use")
    )
    condition = {"Condition": {"StringLike": {"s3:prefix": list(prefixes)}}} if prefixes else {}
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Action": list(actions),
        "Resource": sorted(resources),
        **condition,
    }


def _numbered(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give each statement an id of its own."""
    counts: dict[str, int] = defaultdict(int)
    for each in found:
        counts[each["Sid"]] += 1
        if counts[each["Sid"]] > 1:
            each["Sid"] += str(counts[each["Sid"]])
    return found


def document(of: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Return the policy of these statements."""
    return {"Version": "2012-10-17", "Statement": list(of)}


def size(policy: dict[str, Any]) -> int:
    """Return how many characters a policy has as IAM counts them: without white space."""
    return len(re.sub(r"\s", "", json.dumps(policy, ensure_ascii=False)))
