"""Pages of listings: no key is lost whatever its name, and nothing torn passes for a whole page."""

from __future__ import annotations

from typing import Any
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.aws.pages import Key, Keys, Page, TornAnswer, parse_page
from checks.aws.session import Aws
from checks.lake import Lake
from checks.rules.base import TablePlan
from tests.support.lakes import prefix
from tests.support.stub_http import Answer, Asked, Stub, listing
from tests.support.times import at

AT = "2026-11-23T11:00:00.000Z"
HOSTILE = [
    "a//b", "//", "/", ".", "..", "a/../b", "a/./b", "x/..", "50%", "a%3Db", "a%253Db", "a+b", "a b", " a ",
    "a\nb", "\n",
    "a\tb", "a\rb", "a\r\nb", "\x01\x02\x1f\x7f", "\x85\u2028\u2029", "quote'&<>\"", "&amp;", "<Key>x</Key>",
    "</Contents>", "日本/Straße/😀", "dt=2026-11-22/part-0.parquet", "[a]*?{b}|^`#~\\", "\ufeff", "\U0010ffff", "~",
    "a" * 1024,
]  # fmt: skip
S3_NAMES = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=40
)


def store(**settings: Any) -> Any:
    plan = TablePlan(table=prefix("s3://lake/raw/"), rules=())
    return Lake(aws=Aws(attempts=1, **settings)).reader(plan).store


def test_no_name_is_lost_over_http(served: Stub) -> None:
    served.answer = lambda _asked: Answer(
        listing([(name, 3, AT) for name in HOSTILE], prefixes=["a//", "x\n/"])
    )
    page = store().list_page("lake", "")
    assert page == Page(Keys.of(Key(name, 3, at("2026-11-23 11:00")) for name in HOSTILE), ("a//", "x\n/"))
    assert "encoding-type=url" in served.asked[0].path


@pytest.mark.parametrize("name", ["a+b c%/\n😀", "x&y=z", "dt=2026-11-22/"])
def test_start_after_and_prefix_go_out_as_they_are(served: Stub, name: str) -> None:
    from urllib.parse import parse_qs

    served.answer = lambda _asked: Answer(listing([]))
    store().list_page("lake", name, start_after=f"{name}/a", token=None, delimiter="/")
    asked = parse_qs(served.asked[0].path.partition("?")[2])
    assert (asked["prefix"], asked["start-after"], asked["delimiter"]) == ([name], [f"{name}/a"], ["/"])


def test_a_token_goes_back_as_it_came(served: Stub) -> None:
    from urllib.parse import parse_qs

    token = "1/a+b==&<x>"
    served.answer = lambda _asked: Answer(listing([("raw/a", 1, AT)], token=token))
    page = store().list_page("lake", "raw/")
    assert page.token == token
    store().list_page("lake", "raw/", token=page.token)
    assert parse_qs(served.asked[1].path.partition("?")[2])["continuation-token"] == [token]


@given(st.lists(st.tuples(S3_NAMES, st.integers(0, 5 << 40)), max_size=20), st.booleans())
def test_what_is_written_is_read(keys: list[tuple[str, int]], more: bool) -> None:  # noqa: FBT001 - a drawn value
    body = listing([(name, size, AT) for name, size in keys], token="t" if more else None)
    page = parse_page(body)
    assert [(key.key, key.size_bytes) for key in page.keys] == keys
    assert page.token == ("t" if more else None)
    assert page == parse_page(as_other_stores_write(body))


def as_other_stores_write(body: bytes) -> bytes:
    """The same page with its elements in another order, an owner, line breaks and no namespace."""
    text = body.decode().replace(' xmlns="http://s3.amazonaws.com/doc/2006-03-01/"', "")
    for entry in text.split("<Contents>")[1:]:
        inner = entry.split("</Contents>")[0]
        size = inner[inner.index("<Size>") : inner.index("</Size>") + 7]
        text = text.replace(
            f"<Contents>{inner}</Contents>",
            f"\n <Contents>\n  {size}<Owner><ID>1</ID></Owner>{inner.replace(size, '')}</Contents>",
        )
    return text.encode()


@given(
    st.text(
        st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"),
        min_size=1,
    )
)
def test_a_store_that_does_not_encode_names_is_read_as_it_writes(name: str) -> None:
    body = (
        f"<ListBucketResult><KeyCount>1</KeyCount><IsTruncated>false</IsTruncated><Contents><Key>{escape(name)}</Key>"
        f"<LastModified>{AT}</LastModified><Size>3</Size></Contents></ListBucketResult>"
    )
    assert [key.key for key in parse_page(body.encode()).keys] == [name]


GOOD = listing([("raw/a", 7, AT), ("raw/b", 8, AT)])


@pytest.mark.parametrize(
    "body",
    [
        b"",
        GOOD[:-30],
        GOOD.replace(b"<KeyCount>2</KeyCount>", b""),
        GOOD.replace(b"<KeyCount>2", b"<KeyCount>3"),
        GOOD.replace(b"<KeyCount>2", b"<KeyCount>two"),
        GOOD.replace(b"<IsTruncated>false</IsTruncated>", b""),
        GOOD.replace(b"<IsTruncated>false", b"<IsTruncated>true"),
        GOOD.replace(b"<Size>7</Size>", b""),
        GOOD.replace(b"<Size>7", b"<Size>many"),
        GOOD.replace(b"<Key>raw/a</Key>", b""),
        GOOD.replace(b"<Key>raw/a</Key>", b"<Key>raw/\xff</Key>"),
        GOOD.replace(b"<Key>raw/a</Key>", b"<Key>raw/%FF</Key>"),
        GOOD.replace(b"2026-11-23T11:00:00.000Z", b"yesterday", 1),
        GOOD.replace(b"2026-11-23T11:00:00.000Z", b"2026-11-23T11:00:00", 1),
        b"<ListBucketResult></ListBucketResult>",
    ],
)
def test_a_page_that_is_not_whole_is_torn(body: bytes) -> None:
    with pytest.raises(TornAnswer):
        parse_page(body)


def test_who_else_lists_by_the_same_session_gets_boto3s_own_answer(served: Stub) -> None:
    served.answer = lambda _asked: Answer(GOOD)
    answer = Aws(attempts=1).client("s3").list_objects_v2(Bucket="lake")
    assert [entry["Key"] for entry in answer["Contents"]] == ["raw/a", "raw/b"]


def test_each_page_is_one_request_and_counted(served: Stub) -> None:
    def answer(asked: Asked) -> Answer:
        last = "continuation-token" in asked.path
        return Answer(listing([("raw/b" if last else "raw/a", 1, AT)], token=None if last else "t"))

    served.answer = answer
    aws = Aws(attempts=1)
    place = Lake(aws=aws).reader(TablePlan(table=prefix("s3://lake/raw/"), rules=())).store
    token = place.list_page("lake", "raw/").token
    assert place.list_page("lake", "raw/", token=token).token is None
    assert aws.cost().by_operation == {"s3:ListObjectsV2": 2}
