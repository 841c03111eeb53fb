"""What entries state of one table comes together by rank; selectors and their overlap. By example and by property."""

from __future__ import annotations

import re
from itertools import product
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.config import ConfigErrors, Selector, load
from checks.config.merging import OFF, Block, Exclusive, Groups, Stated, merge, merge_blocks
from checks.config.selectors import find_name, matches_name, may_overlap, parse_prefix, parse_selector

if TYPE_CHECKING:
    from collections.abc import Mapping

GROUPS: Groups = (frozenset({"age", "warn"}), frozenset({"by", "within"}))
KEYS = ("age", "warn", "by", "within", "calendar", "zone")
GLOBS = st.text(alphabet="ab*?", min_size=1, max_size=3)
NAMES = ["".join(letters) for length in range(1, 8) for letters in product("abc", repeat=length)]


def blocks() -> st.SearchStrategy[dict[str, int]]:
    return st.dictionaries(st.sampled_from(KEYS), st.integers(0, 3))


@pytest.mark.parametrize(
    ("specific", "general", "merged"),
    [
        ({}, {"age": 1}, {"age": 1}),
        ({"calendar": 1}, {"age": 2, "calendar": 3}, {"age": 2, "calendar": 1}),
        ({"warn": 1}, {"age": 2}, {"warn": 1}),
        ({"by": 1}, {"age": 2, "warn": 3, "zone": 4}, {"by": 1, "zone": 4}),
        ({"age": 1}, {"by": 2, "within": 3}, {"age": 1}),
        ({"by": 1}, {"by": 2, "within": 3}, {"by": 1}),
    ],
)
def test_merging_by_example(
    specific: dict[str, int], general: dict[str, int], merged: dict[str, int]
) -> None:
    assert merge_blocks(specific, general, GROUPS) == merged


@given(a=blocks(), b=blocks(), c=blocks())
def test_merging_is_associative(a: dict[str, int], b: dict[str, int], c: dict[str, int]) -> None:
    one = merge_blocks(merge_blocks(a, b, GROUPS), c, GROUPS)
    assert one == merge_blocks(a, merge_blocks(b, c, GROUPS), GROUPS)


@given(a=blocks(), b=blocks())
def test_the_specific_block_keeps_all_that_it_states(a: dict[str, int], b: dict[str, int]) -> None:
    merged = merge_blocks(a, b, GROUPS)
    assert a.items() <= merged.items()
    assert merged.items() <= {*a.items(), *b.items()}
    assert merge_blocks(a, {}, GROUPS) == merge_blocks({}, a, GROUPS) == merge_blocks(a, a, GROUPS) == a


def stated(rank: int, **checks: Block) -> Stated:
    return Stated(path=("tables", rank), rank=(1, rank), blocks=checks)


@given(
    layers=st.lists(
        st.tuples(st.one_of(st.none(), st.just(OFF), blocks()), st.one_of(st.none(), st.just(OFF), blocks())),
        max_size=4,
    )
)
def test_partitions_take_the_place_of_inherited_freshness(
    layers: list[tuple[Block | None, Block | None]],
) -> None:
    given_layers = []
    for rank, (partitions, freshness) in enumerate(layers):
        both = {"partitions": partitions, "freshness": freshness}
        given_layers.append(
            stated(rank, **{check: block for check, block in both.items() if block is not None})
        )
    merged = merge(given_layers, {"partitions": Exclusive(()), "freshness": Exclusive(GROUPS)})
    partitioned = [rank for rank, (block, _) in enumerate(layers) if block is not None]
    fresh = [rank for rank, (_, block) in enumerate(layers) if block is not None]
    has_partitions = bool(partitioned) and layers[partitioned[-1]][0] != OFF
    assert ("partitions" in merged.blocks) == has_partitions
    if has_partitions and (not fresh or fresh[-1] < partitioned[-1]):
        assert "freshness" not in merged.blocks
    else:
        assert ("freshness" in merged.blocks) == (bool(fresh) and layers[fresh[-1]][1] != OFF)


@given(glob=GLOBS, name=st.text(alphabet="abc.\n", max_size=8))
def test_globs_match_as_plain_expressions_do(glob: str, name: str) -> None:
    plain = "".join({"*": ".*", "?": "."}.get(letter, re.escape(letter)) for letter in glob)
    assert matches_name(glob, name) == (re.fullmatch(plain, name, re.DOTALL) is not None)


def selector(database: str, name: str, *exclude: str) -> Selector:
    return parse_selector(f"{database}.{name}*", exclude=exclude)


@given(one=GLOBS, other=GLOBS, exclude=st.lists(GLOBS, max_size=2), third=GLOBS)
def test_a_name_in_both_is_found_where_there_is_one(
    one: str, other: str, exclude: list[str], third: str
) -> None:
    first, second, outside = selector("d", one, *exclude), selector("d*", other), selector("?", third)

    def in_all(name: str) -> bool:
        return first.matches(None, "d", name) and second.matches(None, "d", name)

    def hidden(name: str) -> bool:
        return outside.matches(None, "d", name)

    found = find_name([first, second])
    assert (found is not None) == any(map(in_all, NAMES))
    assert found is None or in_all(found.partition(".")[2])
    assert may_overlap(first, second) or found is None
    beside = find_name([first, second], lambda holds: holds(outside), [outside])
    assert (beside is not None) == any(in_all(name) and not hidden(name) for name in NAMES)
    assert beside is None or not hidden(beside.partition(".")[2])


@pytest.mark.parametrize(
    ("text", "rank"),
    [
        ("a.b", (2, 0)),
        ("a.*", (1, 2)),
        ("*.a?", (1, 2)),
        ("*.*", (1, 1)),
        ("sales.**", (1, 6)),
        ("A.B?", (1, 3)),
    ],
)
def test_ranks(text: str, rank: tuple[int, int]) -> None:
    assert parse_selector(text).rank == rank


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("s3://acme-raw", "s3://acme-raw/"),
        ("s3://acme-raw/", "s3://acme-raw/"),
        ("s3://acme-raw/a", "s3://acme-raw/a/"),
        ("s3://acme-raw/a//b c/%20/ü", "s3://acme-raw/a//b c/%20/ü/"),
        ("s3://Old_Bucket/a/", "s3://Old_Bucket/a/"),
    ],
)
def test_prefixes(text: str, read: str) -> None:
    assert parse_prefix(text).text == read


def mistakes(*entries: Mapping[str, object], **settings: object) -> list[str]:
    try:
        load({"version": 1, **settings, "tables": list(entries)}, environ={})
    except ConfigErrors as errors:
        return [mistake.path for mistake in errors.mistakes]
    return []


AGE, BY = {"freshness": {"max_age": "24h"}}, {"freshness": {"by": "06:00"}}


@pytest.mark.parametrize(
    ("entries", "paths"),
    [
        # of equal rank, with names in both, and different values
        ([{"table": "a.b*", **AGE}, {"table": "a.*b", **BY}], ["a.*b: freshness.by"]),
        ([{"table": "a.b*", "owner": "x"}, {"table": "a.*b", "owner": "y"}], ["a.*b: owner"]),
        ([{"table": "a.*", "owner": "x"}, {"table": "a.*", "owner": "y"}], ["a.*: owner"]),
        (
            [{"table": "a.b*", **AGE}, {"table": "a.*b", "freshness": "off", "partitions": {}}],
            ["a.*b: freshness"],
        ),
        (
            [{"table": "a.*", "runbook": "https://a"}, {"table": "a.*", "runbook": "https://b"}],
            ["a.*: runbook"],
        ),
        # the same values, other keys, other names, other ranks
        ([{"table": "a.b*", **AGE}, {"table": "a.*b", **AGE}], []),
        ([{"table": "a.b*", **AGE}, {"table": "a.*b", "owner": "x"}], []),
        ([{"table": "a.b*", **AGE}, {"table": "a.c*", **BY}], []),
        ([{"table": "a.?b", **AGE}, {"table": "a.b?", **BY}, {"table": "a.bb", **AGE}], []),
        ([{"table": "a.b*", **AGE}, {"table": "a.*bb", **BY}], []),
        ([{"table": "a*.b", **AGE}, {"table": "b*.b", **BY}], []),
        # excluded, or settled by an entry that is more specific
        ([{"table": "a.b*", "exclude": ["*b"], **AGE}, {"table": "a.*b", **BY}], []),
        ([{"table": "a.b*", "exclude": ["b"], **AGE}, {"table": "a.*b", **BY}], ["a.*b: freshness.by"]),
        (
            [{"table": "a.b*", **AGE}, {"table": "a.*b", **BY}, {"table": "a.b*b", **AGE}],
            ["a.*b: freshness.by"],
        ),
        (
            [{"table": "a.b*", "exclude": ["b"], **AGE}, {"table": "a.*b", **BY}, {"table": "a.b*b", **AGE}],
            [],
        ),
        (
            [
                {"table": "a.b*", "exclude": ["b"], **AGE},
                {"table": "a.*b", **BY},
                {"table": "a.b*b", "owner": "x"},
            ],
            ["a.*b: freshness.by"],
        ),
        # one table twice
        ([{"table": "a.b", **AGE}, {"table": "A.B", **AGE}], ["A.B: table"]),
        ([{"prefix": "s3://acme-raw/a"}, {"prefix": "s3://acme-raw/a/"}], ["s3://acme-raw/a/: prefix"]),
        ([{"prefix": "s3://acme-raw/a"}, {"prefix": "s3://acme-raw/a/b"}], []),
    ],
)
def test_entries_of_equal_rank(entries: list[dict[str, object]], paths: list[str]) -> None:
    assert mistakes(*entries) == paths


def test_accounts_keep_equal_names_apart() -> None:
    accounts = {name: {"role_arn": "arn:aws:iam::111122223333:role/m"} for name in ("p", "q")}
    entries = [
        {"table": table, "account": account, "owner": f"{account} {table}"}
        for table in ("a.b", "a.*", "*.b")
        for account in ("p", "q")
    ]
    assert mistakes(*entries, accounts=accounts) == []
    assert mistakes(*entries[2:], accounts=accounts) == ["*.b: owner", "*.b: owner"]
    assert mistakes(*entries[2:5], accounts=accounts) == ["*.b: owner"]


def test_what_a_glob_leaves_to_a_wider_one_is_judged_together() -> None:
    wide = {"table": "a.*", "freshness": {"max_age": "24h"}}
    narrow = {"table": "a.b*", "freshness": {"timezone": "Asia/Tokyo"}}
    assert mistakes(wide, narrow) == []
    assert mistakes({**wide, "table": "a.*c"}, narrow) == ["a.b*: freshness"]


def limits(*entries: Mapping[str, object], table: str = "a.b", **settings: object) -> dict[str, object]:
    """Return the merged keys of freshness of a table."""
    config = load({"version": 1, **settings, "tables": list(entries)}, environ={})
    merged = config.watchlist.bound(config.watchlist.matching(None, *table.split("."))).merged
    return {key: sourced.value for key, sourced in merged.blocks["freshness"].items()}


AUTO = {"freshness": "auto"}


@pytest.mark.parametrize(
    ("defaults", "entry", "merged"),
    [
        # what is learned leaves the limits that it inherits, for as long as too little is known
        ({"max_age": "36h"}, "auto", {"auto": True, "max_age": "36h"}),
        (
            {"warn_after": "24h", "error_after": "36h", "timezone": "Asia/Tokyo"},
            {"auto": True, "floor": "2h"},
            {
                "auto": True,
                "floor": "2h",
                "warn_after": "24h",
                "error_after": "36h",
                "timezone": "Asia/Tokyo",
            },
        ),
        ({"by": "06:00", "within": "3h"}, "auto", {"auto": True, "by": "06:00", "within": "3h"}),
        # a stated limit takes the place of it, with its bounds
        ({"auto": True, "floor": "2h", "cap": "4d"}, {"max_age": "36h"}, {"max_age": "36h"}),
        ("auto", {"by": "06:00"}, {"by": "06:00"}),
        ("auto", {"warn_after": "24h"}, {"warn_after": "24h"}),
        # one that stands beside it is that limit
        ({"by": "06:00"}, {"auto": True, "max_age": "36h"}, {"auto": True, "max_age": "36h"}),
        # bounds go over those that are inherited, key by key
        ({"auto": True, "floor": "2h"}, {"cap": "4d"}, {"auto": True, "floor": "2h", "cap": "4d"}),
        ({"auto": True, "floor": "2h"}, {"floor": "3h"}, {"auto": True, "floor": "3h"}),
    ],
)
def test_auto_keeps_the_limits_that_it_inherits(defaults: object, entry: object, merged: object) -> None:
    assert limits({"table": "a.b", "freshness": entry}, defaults={"freshness": defaults}) == merged


@pytest.mark.parametrize(
    ("entries", "paths"),
    [
        ([{"table": "a.b*", **AGE}, {"table": "a.*b", **AUTO}], ["a.*b: freshness.auto"]),
        ([{"table": "a.b*", **AUTO}, {"table": "a.*b", **AUTO}], []),
        # what settles a contradiction states a limit: what is learned would keep one of the two
        (
            [{"table": "a.b*", **AGE}, {"table": "a.*b", **BY}, {"table": "a.b*b", **AUTO}],
            ["a.*b: freshness.by"],
        ),
        ([{"table": "a.b*", "freshness": {"floor": "2h"}}], ["a.b*: freshness"]),
        ([{"table": "a.b", "freshness": {"auto": True, "floor": "2h", "cap": "1h"}}], ["a.b: freshness"]),
        ([{"table": "a.b", "freshness": {"auto": False, "max_age": "24h"}}], ["a.b: freshness.auto"]),
        ([{"table": "a.b", "freshness": {"auto": True, "floor": "-2h"}}], ["a.b: freshness.floor"]),
    ],
)
def test_what_is_learned_and_what_contradicts_it(entries: list[dict[str, object]], paths: list[str]) -> None:
    assert mistakes(*entries) == paths


@pytest.mark.parametrize(
    ("text", "a_month"),
    [("1/month", 1.0), ("12 / year", 1.0), ("0.5/month", 0.5), ("3/week", 3 * 365.25 / 84)],
)
def test_a_budget_of_false_alarms(text: str, a_month: float) -> None:
    entry = {"version": 1, "false_alarms": text, "tables": [{"table": "a.b"}]}
    assert load(entry, environ={}).settings.false_alarms == pytest.approx(a_month)


@pytest.mark.parametrize(
    "value", ["0/month", "1/day", "1", 1, True, "-1/month", "many/month", "1/month/year", ["1/month"]]
)
def test_what_is_no_budget_is_told_with_what_to_write(value: object) -> None:
    entry = {"version": 1, "false_alarms": value, "tables": [{"table": "a.b"}]}
    with pytest.raises(ConfigErrors) as caught:
        load(entry, environ={})
    assert str(caught.value).startswith("config: false_alarms: ")
    assert "write one such as 1/month, 2/week or 6/year" in str(caught.value)


def test_a_table_without_any_limit_holds_what_is_learned_alone() -> None:
    assert limits({"table": "a.b", **AUTO}) == {"auto": True}
    assert limits({"table": "a.b", "owner": "x"}, defaults=AUTO) == {"auto": True}
