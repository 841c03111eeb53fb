"""Rights as values: patterns, statements, and policies that are widened no further than their quota makes them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.iam import QUOTA, allows, fit
from checks.iam.policy import Policy
from checks.rights import (
    GET,
    LIST,
    PUT,
    Home,
    Reach,
    Right,
    action_of,
    folder_of_all,
    includes,
    literal,
    matches,
    size,
    statements,
    without_covered,
)
from tests.support.enforced import Guard

HOME = Home("aws", "eu-west-1", "123456789012")
BUCKETS = st.sampled_from(("lake", "raw", "a-b"))
KEYS = st.text("ab/*?$={}", max_size=6)
REACHES = st.builds(Reach, st.sampled_from((LIST, GET, PUT)), BUCKETS, KEYS, st.booleans())
TABLES = st.builds(
    lambda action, database, table: Right(action, HOME.glue(f"table/{database}/{table}")),
    st.sampled_from(("glue:GetTable", "glue:GetPartitions")),
    st.sampled_from(("sales", "web")),
    st.sampled_from(("orders", "ev_*", "*", "x?")),
)
RIGHTS = st.one_of(REACHES.map(lambda reach: reach.right("aws")), TABLES)


@pytest.mark.parametrize(
    ("pattern", "text", "does"),
    [
        ("sales/*", "sales/", True),
        ("sales/*", "sales", False),
        ("sales/*", "sales/orders/dt=1/", True),
        ("*", "", True),
        ("a?c", "abc", True),
        ("a?c", "ac", False),
        ("a${*}c", "a*c", True),
        ("a${*}c", "abc", False),
        ("${$}{x}", "${x}", True),
        ("a.c", "abc", False),
    ],
)
def test_a_pattern_matches_as_iam_says(pattern: str, text: str, does: bool) -> None:  # noqa: FBT001 - a column
    assert matches(pattern, text) is does


@given(KEYS, KEYS)
def test_a_literal_matches_itself_alone(one: str, other: str) -> None:
    assert matches(literal(one), other) is (one == other)


@given(KEYS, KEYS, KEYS)
def test_a_pattern_that_includes_another_matches_all_that_it_matches(one: str, other: str, text: str) -> None:
    one, other = re.sub(r"\$", "", one), re.sub(r"\$", "", other)
    if includes(one, other) and matches(other, text):
        assert matches(one, text)


@given(st.lists(RIGHTS, max_size=8))
def test_statements_allow_exactly_what_the_rights_are(rights: list[Right]) -> None:
    told = [
        Right(action, resource, prefix)
        for each in statements(rights)
        for action in each["Action"]
        for resource in each["Resource"]
        for prefix in each.get("Condition", {}).get("StringLike", {}).get("s3:prefix", ["*"])
    ]
    assert all(allows(told, right) for right in rights)
    assert all(allows(rights, right) for right in told)
    assert len({each["Sid"] for each in statements(rights)}) == len(statements(rights))


@given(st.lists(RIGHTS, max_size=8))
def test_what_covers_is_kept_and_what_is_covered_goes(rights: list[Right]) -> None:
    kept = without_covered(rights)
    assert all(allows(kept, right) for right in rights)
    assert not any(one != other and one.covers(other) for one in kept for other in kept)


@given(st.lists(RIGHTS, min_size=1, max_size=20), st.integers(200, 3000))
def test_widening_never_takes_a_right_away(rights: list[Right], quota: int) -> None:
    policy = fit(rights, quota)
    assert all(allows(policy.rights, right) for right in rights)
    assert bool(policy.widened) is (set(policy.rights) != set(without_covered(rights)))
    assert {each for each in policy.rights if each.action == PUT} == {
        each for each in without_covered(rights) if each.action == PUT
    }


@given(st.lists(RIGHTS, max_size=12), st.lists(RIGHTS, max_size=12), st.integers(200, 3000))
def test_more_tables_are_allowed_at_least_what_fewer_are(
    fewer: list[Right], more: list[Right], quota: int
) -> None:
    policy = fit([*fewer, *more], quota)
    assert all(allows(policy.rights, right) for right in fit(fewer, 10**6).rights)


@given(st.lists(REACHES, max_size=6), REACHES, KEYS)
def test_the_printed_policy_means_to_others_what_it_means_here(
    reaches: list[Reach], asked: Reach, more: str
) -> None:
    rights = [each.right("aws") for each in reaches]
    guard = Guard({"Statement": statements(rights)}, {})
    key = asked.beginning + more
    if asked.action == LIST:
        wanted = Right(LIST, f"arn:aws:s3:::{asked.bucket}", literal(key))
        found = guard.allows("testing", LIST, wanted.resource, key)
    else:
        wanted = Right(asked.action, f"arn:aws:s3:::{asked.bucket}/{literal(key)}")
        found = guard.allows("testing", asked.action, f"arn:aws:s3:::{asked.bucket}/{key}")
    assert found is allows(rights, wanted)


def orders(count: int, bucket: str = "lake", database: str = "sales") -> list[Right]:
    places = [Reach(LIST, bucket, f"{database}/table_{number:03d}/").right("aws") for number in range(count)]
    tables = [Right("glue:GetTable", HOME.glue(f"table/{database}/table_{n:03d}")) for n in range(count)]
    return [*places, *tables]


def test_the_quota_is_met_to_the_character() -> None:
    rights = orders(20)
    exact = fit(rights)
    assert exact.widened == ()
    assert fit(rights, exact.size).widened == ()
    tighter = fit(rights, exact.size - 1)
    assert tighter.widened == ("all tables of the database sales",)
    assert tighter.size < exact.size


def test_what_saves_most_is_widened_first_and_no_more_than_that() -> None:
    policy = fit([*orders(80), *orders(3, "small", "few")])
    assert policy.exact_size > QUOTA >= policy.size
    assert policy.widened == ("all tables of the database sales",)
    (told,) = policy.say()
    assert told.startswith(
        f"the policy would have {policy.exact_size:,} characters, and a managed policy takes 6,144"
    )
    assert told.endswith(": widened to all tables of the database sales")
    assert Right(LIST, "arn:aws:s3:::lake", "sales/table_000/*") in policy.rights


def test_many_buckets_and_databases_are_widened_to_all() -> None:
    rights = [each for number in range(300) for each in orders(2, f"bucket-{number}", f"database_{number}")]
    policy = fit(rights)
    assert policy.fits
    assert policy.widened == ("all databases and tables of the catalog", "reading all buckets")
    assert {each.resource for each in policy.rights} == {HOME.glue("table/*"), "arn:aws:s3:::*"}


def test_what_cannot_be_widened_is_told() -> None:
    rights = [Right("sns:Publish", f"arn:aws:sns:eu-west-1:123456789012:topic-{n}") for n in range(200)]
    policy = fit(rights)
    assert not policy.fits
    assert policy.widened == ()
    assert "over the 6,144 of a managed policy: attach its statements as several policies" in policy.say()[0]


def test_white_space_does_not_count() -> None:
    policy = Policy(rights=(Right("sns:Publish", "arn:aws:sns:eu-west-1:123456789012:a"),))
    assert policy.size == size(policy.document) == len(str(policy.document).replace(" ", ""))


@pytest.mark.parametrize(
    ("operation", "action"),
    [
        ("s3:ListObjectsV2", "s3:ListBucket"),
        ("s3:HeadBucket", "s3:ListBucket"),
        ("s3:HeadObject", "s3:GetObject"),
        ("s3:GetBucketEncryption", "s3:GetEncryptionConfiguration"),
        ("s3:PutObject", "s3:PutObject"),
        ("glue:BatchGetPartition", "glue:BatchGetPartition"),
    ],
)
def test_an_operation_has_its_action(operation: str, action: str) -> None:
    assert action_of(operation) == action


@pytest.mark.parametrize(
    ("key", "values", "folder"),
    [
        ("sales/orders/dt=2026-11-22/part-0.parquet", (), "sales/orders/"),
        ("archive/clicks/2026/11/22/", ("2026", "11", "22"), "archive/clicks/"),
        ("archive/clicks/2026-11-22/", (), "archive/clicks/"),
        ("restored/emea/", ("emea",), "restored/"),
        ("restored/abc/", ("2026-11-22",), "restored/abc/"),
        ("2026/11/22/", (), ""),
        ("file.parquet", (), ""),
    ],
)
def test_the_folder_of_all_partitions(key: str, values: tuple[str, ...], folder: str) -> None:
    assert folder_of_all(key, values) == folder
