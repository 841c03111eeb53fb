"""From rights to one policy: as narrow as its quota allows, and where it had to be widened. Pure."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from checks.rights import GET, LIST, Right, document, size, statements, without_covered
from checks.text import listing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from checks.model import JsonValue

QUOTA = 6144
"""Characters of a managed policy, white space not counted (IAM User Guide, "IAM and AWS STS quotas")."""
_BUCKET = re.compile(r"(arn:[\w-]+:s3:::)([^/]+)(?:/.*)?", re.DOTALL)
_TABLE = re.compile(r"(arn:[\w-]+:glue:[^:]*:[^:]*:)table/([^/]+)/.+")
_DATABASE = re.compile(r"(arn:[\w-]+:glue:[^:]*:[^:]*:)database/.+")
_WHOLE_BUCKET = "the whole bucket "
_ALL_TABLES = "all tables of the database "
_READING = (LIST, GET)
"""Only reading is ever widened: what is written, sent, assumed and decrypted stays as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A policy: its rights, what they were widened to, and whether it is within the quota."""

    rights: tuple[Right, ...]
    widened: tuple[str, ...] = ()
    exact_size: int = 0
    quota: int = QUOTA

    @property
    def document(self) -> dict[str, JsonValue]:
        """The policy as IAM takes it."""
        return document(statements(self.rights))

    @property
    def size(self) -> int:
        """Its characters, white space not counted."""
        return size(self.document)

    @property
    def fits(self) -> bool:
        """True when IAM takes it as one managed policy."""
        return self.size <= self.quota

    def say(self) -> list[str]:
        """Say what had to be widened, and whether that was enough."""
        told = []
        if self.widened:
            told.append(
                f"the policy would have {self.exact_size:,} characters, and a managed policy takes {self.quota:,}: "
                f"widened to {listing(self.widened)}"
            )
        if not self.fits:
            told.append(
                f"the policy still has {self.size:,} characters, over the {self.quota:,} of a managed policy: "
                "attach its statements as several policies, or watch these tables by several monitors"
            )
        return told


def fit(rights: Iterable[Right], quota: int = QUOTA) -> Policy:
    """Return the policy of these rights, widened only as far as the quota makes necessary.

    First single buckets and databases, those that save most; then all tables of the catalogs; then all buckets.
    Writing, sending, other roles and keys are never widened. Whatever was allowed stays allowed.
    """
    exact = without_covered(rights)
    policy = Policy(rights=exact, exact_size=size(document(statements(exact))), quota=quota)
    for step in (_by_owner, _whole_catalogs, _all_buckets):
        if policy.fits:
            break
        policy = step(policy)
    return policy


def _by_owner(policy: Policy) -> Policy:
    """Widen one bucket or database after the other, the one that saves most first, until the policy fits."""
    groups: dict[str, list[Right]] = defaultdict(list)
    for right in policy.rights:
        if _to_owner(right) != right:
            groups[_owner(right)].append(right)
    saving = {
        owner: _plain_size(old) - _plain_size({_to_owner(each) for each in old})
        for owner, old in groups.items()
    }
    chosen: list[str] = []
    left = sorted((owner for owner in groups if saving[owner] > 0), key=lambda each: (-saving[each], each))
    wide = policy
    while left and not wide.fits:
        excess = wide.size - wide.quota
        while left and excess > 0:  # an estimate: what it comes to is measured after it
            excess -= saving[left[0]]
            chosen.append(left.pop(0))
        wide = _widened(policy, set(chosen))
    return wide


def _widened(policy: Policy, owners: set[str]) -> Policy:
    rights = without_covered(
        _to_owner(right) if _owner(right) in owners else right for right in policy.rights
    )
    return replace(policy, rights=rights, widened=(*policy.widened, *sorted(owners)))


def _plain_size(rights: Iterable[Right]) -> int:
    return sum(len(right.resource) + len(right.prefix) for right in rights)


def _owner(right: Right) -> str:
    """Name the bucket or database that a right is widened to; empty for what is not."""
    table = _TABLE.fullmatch(right.resource)
    if table is not None:
        return _ALL_TABLES + table[2]
    bucket = _BUCKET.fullmatch(right.resource)
    if bucket is None or right.action not in _READING:
        return ""
    return _WHOLE_BUCKET + bucket[2]


def _to_owner(right: Right) -> Right:
    table = _TABLE.fullmatch(right.resource)
    if table is not None:
        return replace(right, resource=f"{table[1]}table/{table[2]}/*")
    bucket = _BUCKET.fullmatch(right.resource)
    if bucket is None or right.action not in _READING:
        return right
    return replace(right, resource=bucket[1] + bucket[2] + ("" if right.action == LIST else "/*"), prefix="*")


def _whole_catalogs(policy: Policy) -> Policy:
    def wide(right: Right) -> Right:
        table, database = _TABLE.fullmatch(right.resource), _DATABASE.fullmatch(right.resource)
        if table is not None:
            return replace(right, resource=f"{table[1]}table/*")
        return replace(right, resource=f"{database[1]}database/*") if database is not None else right

    others = tuple(told for told in policy.widened if not told.startswith(_ALL_TABLES))
    return _with(replace(policy, widened=others), wide, "all databases and tables of the catalog")


def _all_buckets(policy: Policy) -> Policy:
    def wide(right: Right) -> Right:
        bucket = _BUCKET.fullmatch(right.resource)
        if bucket is None or right.action not in _READING:
            return right
        return replace(right, resource=bucket[1] + ("*" if right.action == LIST else "*/*"), prefix="*")

    others = tuple(told for told in policy.widened if not told.startswith(_WHOLE_BUCKET))
    return _with(replace(policy, widened=others), wide, "reading all buckets")


def _with(policy: Policy, widen: Callable[[Right], Right], told: str) -> Policy:
    rights = without_covered(widen(right) for right in policy.rights)
    if rights == policy.rights:
        return policy
    return replace(policy, rights=rights, widened=(*policy.widened, told))


def allows(rights: Iterable[Right], wanted: Right) -> bool:
    """Tell whether one of the rights covers the wanted one."""
    return any(right.covers(wanted) for right in rights)
