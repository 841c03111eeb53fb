"""How a history in S3 is listed and forgotten, by the answers that AWS gives and an emulator does not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import boto3
import pytest
from botocore.stub import Stubber

from checks.history import HistoryUnavailable
from checks.history.s3 import S3Store

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "k")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
    return boto3.client("s3", region_name="eu-west-1")


@pytest.fixture
def stubbed(client: Any) -> Iterator[tuple[S3Store, Stubber]]:
    with Stubber(client) as stubber:
        yield S3Store("s3://ops/m/", client), stubber
        stubber.assert_no_pending_responses()


def page(*names: str, more: str = "") -> dict[str, Any]:
    keys = [{"Key": f"m/{name}"} for name in names]
    return {"Contents": keys, "IsTruncated": bool(more), **({"NextContinuationToken": more} if more else {})}


def test_pages_are_asked_for_as_names_are_taken(stubbed: tuple[S3Store, Stubber]) -> None:
    store, stubber = stubbed
    asked = {"Bucket": "ops", "Prefix": "m/d/"}
    stubber.add_response("list_objects_v2", page("d/a", "d/b", more="t"), asked)
    names = store.listed("d/")
    assert [next(names), next(names)] == ["d/a", "d/b"]
    stubber.add_response("list_objects_v2", page("d/c"), {**asked, "ContinuationToken": "t"})
    assert list(names) == ["d/c"]


def test_what_comes_before_is_not_asked_for(stubbed: tuple[S3Store, Stubber]) -> None:
    store, stubber = stubbed
    stubber.add_response(
        "list_objects_v2", page("d/c"), {"Bucket": "ops", "Prefix": "m/d/", "StartAfter": "m/d/b"}
    )
    assert list(store.listed("d/", "d/b")) == ["d/c"]


def test_a_directory_bucket_lists_folders_in_no_order(client: Any) -> None:
    with Stubber(client) as stubber:
        bucket = "ops--euw1-az1--x-s3"
        asked = {"Bucket": bucket, "Prefix": "m/d/"}
        stubber.add_response("list_objects_v2", page("d/p~1", "d/q~0", more="t"), asked)
        stubber.add_response("list_objects_v2", page("d/p~0", "d/p~2"), {**asked, "ContinuationToken": "t"})
        assert list(S3Store(f"s3://{bucket}/m/", client).listed("d/p~", "d/p~0")) == ["d/p~1", "d/p~2"]


def test_a_listing_that_is_denied_is_told(stubbed: tuple[S3Store, Stubber]) -> None:
    store, stubber = stubbed
    stubber.add_client_error("list_objects_v2", "AccessDenied")
    with pytest.raises(
        HistoryUnavailable, match=r"Access to the history s3://ops/m/ is denied; allow s3:ListBucket"
    ):
        list(store.listed("d/"))


DELETED = {"Bucket": "ops", "Delete": {"Objects": [{"Key": "m/a"}, {"Key": "m/b"}], "Quiet": True}}


def test_what_is_old_goes_in_one_request(stubbed: tuple[S3Store, Stubber]) -> None:
    store, stubber = stubbed
    stubber.add_response("delete_objects", {}, DELETED)
    store.remove(["a", "b"])


def test_a_deletion_that_is_refused_is_told_with_what_to_allow(stubbed: tuple[S3Store, Stubber]) -> None:
    store, stubber = stubbed
    stubber.add_client_error("delete_objects", "AccessDenied")
    with pytest.raises(HistoryUnavailable, match=r"allow s3:DeleteObject on it for the monitor's role"):
        store.remove(["a", "b"])
    refused = [{"Key": "m/a", "Code": "AccessDenied", "Message": "no"}]
    stubber.add_response("delete_objects", {"Errors": cast("Any", refused)}, DELETED)
    with pytest.raises(
        HistoryUnavailable, match=r"\(AccessDenied\); allow s3:DeleteObject on it .* or set no `keep`"
    ):
        store.remove(["a", "b"])
