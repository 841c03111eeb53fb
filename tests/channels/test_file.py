"""Reports to files: the format by name, one step, and refusals as sentences."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.stub import Stubber

from checks.channels import Delivery, file
from checks.report import as_json, html, text
from tests.support.lakes import serving
from tests.support.report_cases import first_day

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mypy_boto3_s3 import S3Client

    from checks.report.build import Report

SESSION = boto3.Session(aws_access_key_id="testing", aws_secret_access_key="testing", region_name="eu-west-1")


@pytest.fixture(scope="module")
def bucket() -> Iterator[S3Client]:
    with serving() as url:
        client = SESSION.client("s3", endpoint_url=url)
        client.create_bucket(
            Bucket="written-reports", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
        )
        yield client


@pytest.mark.parametrize(
    ("name", "render"),
    [
        ("report.txt", text.render),
        ("report", text.render),
        ("report.json", as_json.pretty),
        ("report.HTML", html.page),
        ("a/new/folder/report.htm", html.page),
    ],
)
def test_the_name_says_the_format(tmp_path: Path, name: str, render: Callable[[Report], str]) -> None:
    target = tmp_path / name
    assert file.write(first_day(), str(target)) == Delivery(str(target), ok=True)
    assert target.read_text(encoding="utf-8") == render(first_day())


def test_a_stated_format_wins(tmp_path: Path) -> None:
    assert file.write(first_day(), str(tmp_path / "report.txt"), "json").ok
    assert json.loads((tmp_path / "report.txt").read_text(encoding="utf-8"))["version"] == 1


def test_a_file_is_replaced_and_nothing_else_is_left(tmp_path: Path) -> None:
    target = tmp_path / "report.txt"
    target.write_text("old", encoding="utf-8")
    link = tmp_path / "latest.txt"
    link.symlink_to(target)
    assert file.write(first_day(), str(link)).ok
    assert link.is_symlink()
    assert target.read_text(encoding="utf-8") == text.render(first_day())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["latest.txt", "report.txt"]


def test_a_new_file_can_be_read_by_whom_the_umask_allows(tmp_path: Path) -> None:
    mask = os.umask(0o022)
    try:
        assert file.write(first_day(), str(tmp_path / "report.txt")).ok
    finally:
        os.umask(mask)
    assert stat.S_IMODE((tmp_path / "report.txt").stat().st_mode) == 0o644


def test_a_device_is_written_not_replaced() -> None:
    assert file.write(first_day(), os.devnull).ok
    assert stat.S_ISCHR(Path(os.devnull).stat().st_mode)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    assert (
        file.write(first_day(), str(tmp_path)).problem == f"{tmp_path} could not be written: Is a directory."
    )


def test_a_file_in_the_way_of_a_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("", encoding="utf-8")
    delivery = file.write(first_day(), str(tmp_path / "a" / "report.txt"))
    assert not delivery.ok
    assert delivery.problem.startswith(f"{tmp_path}/a/report.txt could not be written: ")


def test_an_object_in_s3(bucket: S3Client) -> None:
    assert file.write(first_day(), "s3://written-reports/today.html", client=bucket).ok
    answer = bucket.get_object(Bucket="written-reports", Key="today.html")
    assert answer["ContentType"] == "text/html; charset=utf-8"
    assert answer["Body"].read().decode() == html.page(first_day())


def test_a_bucket_that_is_not_there_is_told(bucket: S3Client) -> None:
    assert file.write(first_day(), "s3://nowhere/today.html", client=bucket).problem == (
        "There is no object s3://nowhere/today.html; create the bucket, or correct the address."
    )


@pytest.mark.parametrize("target", ["s3://", "s3://ops", "s3://ops/", "s3://ops/folder/"])
def test_an_address_without_a_name_is_told(target: str) -> None:
    assert (
        file.write(first_day(), target).problem == f"{target} names no object; write s3://bucket/name.html."
    )


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (
            "Access Denied",
            "Access to the object s3://ops/a.txt is denied; allow s3:PutObject on it for the monitor's role.",
        ),
        (
            "User is not authorized to perform: kms:GenerateDataKey",
            (
                "The KMS key of the object s3://ops/a.txt is denied; allow kms:GenerateDataKey and kms:Decrypt "
                "on that key for the monitor's role, in the key's policy too."
            ),
        ),
    ],
)
def test_a_refusal_of_s3_is_a_sentence(message: str, expected: str) -> None:
    client = SESSION.client("s3")
    with Stubber(client) as stubber:
        stubber.add_client_error("put_object", "AccessDenied", message, 403)
        assert file.write(first_day(), "s3://ops/a.txt", client=client).problem == expected
