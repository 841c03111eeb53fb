"""Marks, one suite over a folder and over S3: kept each by itself, found by few requests, taken back, never lost."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto.core import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends

from checks.history import HistoryConflict, HistoryUnavailable, local, marks, open_history
from checks.history.caller import name_of_caller
from checks.history.mark_document import read, to_text
from checks.marks import Covered, Mark, MarkKind, TakenBack
from checks.model import utc
from tests.support.lakes import serving
from tests.support.marks import MADE, covered, mark
from tests.support.stub_http import Answer, stub
from tests.support.times import DAY, SECOND

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mypy_boto3_s3 import S3Client

    from checks.history import History

SESSION = boto3.Session(aws_access_key_id="testing", aws_secret_access_key="testing", region_name="eu-west-1")
BY = TakenBack(by="ben", at=MADE + DAY, because="a mistake")


@pytest.fixture(scope="module")
def endpoint_of_marks() -> Iterator[str]:
    with serving() as url:
        yield url


class Counted:
    """A client of S3 that counts what it asks for."""

    def __init__(self, endpoint: str) -> None:
        self.client: S3Client = SESSION.client("s3", endpoint_url=endpoint)
        self.asked: list[str] = []
        self.client.meta.events.register("before-call.s3.*", self._count)

    def _count(self, model: Any, **_: Any) -> None:
        self.asked.append(model.name)

    def since(self) -> dict[str, int]:
        """Return how often each operation was asked for since the last call."""
        found = {name: self.asked.count(name) for name in sorted(set(self.asked))}
        self.asked.clear()
        return found


@pytest.fixture(scope="module")
def counted(endpoint_of_marks: str) -> Counted:
    made = Counted(endpoint_of_marks)
    made.client.create_bucket(Bucket="marked", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    return made


@pytest.fixture(params=["folder", "s3"])
def history(request: pytest.FixtureRequest, tmp_path: Path, counted: Counted) -> History:
    if request.param == "folder":
        return open_history(str(tmp_path / "new"), "prod")
    return open_history(f"s3://marked/{tmp_path.name}", "prod", counted.client)


@pytest.fixture
def in_s3(tmp_path: Path, counted: Counted) -> History:
    counted.since()
    return open_history(f"s3://marked/{tmp_path.name}", "prod", counted.client)


def numbered(number: int, **more: Any) -> Mark:
    return mark(id=f"{number:010x}", **more)


def test_a_history_without_marks_has_none(history: History) -> None:
    assert marks.holding(history, MADE) == marks.every(history) == marks.MarksRead()


def test_a_mark_is_read_as_it_was_made_and_is_no_part_of_the_state(history: History) -> None:
    made = mark("ack", covers=(covered("2026-11-22"), covered(check="freshness")), because="löscht\u2028sich")
    where = marks.add(history, made)
    assert (
        where == f"{history.place.rstrip('/')}/marks/prod/20271228T050000Z-20261123T050000Z-0a1b2c3d4e.json"
    )
    assert marks.holding(history, MADE).marks == marks.every(history).marks == (made,)
    assert history.load()[1] == ""


@pytest.mark.parametrize(("after", "holds"), [(-SECOND, True), (0 * SECOND, False), (SECOND, False)])
def test_a_mark_is_asked_for_until_it_ends(history: History, after: timedelta, *, holds: bool) -> None:
    from checks.changes import hold

    made = mark()
    marks.add(history, made)
    now = made.ends_at + after
    assert hold(marks.holding(history, now).marks, now).holding == ((made,) if holds else ())
    assert marks.every(history).marks == (made,)


def test_each_config_has_its_own(history: History) -> None:
    other = replace(history, name="test")
    marks.add(history, mark())
    assert marks.holding(other, MADE).marks == ()
    with pytest.raises(marks.NoSuchMark):
        marks.take_back(other, "0a1b2c3d4e", BY)


def test_what_is_taken_back_holds_no_more_and_stays_known(history: History) -> None:
    made, other = mark(), numbered(7)
    marks.add(history, made)
    marks.add(history, other)
    assert marks.take_back(history, "0a1b", BY) == replace(made, taken_back=BY)
    assert marks.holding(history, MADE).marks == (other,)
    assert set(marks.every(history).marks) == {other, replace(made, taken_back=BY)}


def test_the_second_who_takes_it_back_is_told_of_the_first(history: History) -> None:
    marks.add(history, mark())
    marks.take_back(history, "0a1b2c3d4e", BY)
    with pytest.raises(marks.TakenBackAlready, match="mark 0a1b2c3d4e was taken back already by ben"):
        marks.take_back(history, "0a1b2c3d4e", replace(BY, by="eve"))
    assert [each.taken_back for each in marks.every(history).marks] == [BY]


@pytest.mark.parametrize(
    ("mark_id", "why"),
    [("", "begins several"), ("00", "begins several"), ("f", "is no mark"), ("0000000001x", "is no mark")],
)
def test_an_id_that_is_none_is_refused(history: History, mark_id: str, why: str) -> None:
    for number in (1, 2):
        marks.add(history, numbered(number))
    with pytest.raises(marks.NoSuchMark, match=why):
        marks.take_back(history, mark_id, BY)
    assert marks.take_back(history, "0000000001", BY).id == "0000000001"


def test_several_at_once_lose_nothing(history: History) -> None:
    made = [numbered(number, by=f"user {number}") for number in range(12)]
    threads = [threading.Thread(target=marks.add, args=(history, each)) for each in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(marks.every(history).marks) == set(made)


def test_a_name_that_is_taken_is_never_written_over(history: History) -> None:
    marks.add(history, mark())
    with pytest.raises(HistoryConflict):
        marks.add(history, mark(by="somebody else"))
    assert [each.by for each in marks.every(history).marks] == ["ann@desk"]


def spoil(
    history: History, content: bytes, name: str = "20271228T050000Z-20261123T050000Z-00000000ff"
) -> None:
    history.store.keep(f"marks/prod/{name}.json", content)


WRONG = {
    "torn": b'{"format": ',
    "another document": b"[]",
    "a later version": json.dumps({**json.loads(to_text(mark())), "version": 2}).encode(),
    "a kind that is not known": to_text(mark()).replace('"silence"', '"shrug"').encode(),
    "a time without a zone": to_text(mark()).replace("05:00:00Z", "05:00:00").encode(),
    "a field that is absent": to_text(mark()).replace('"because"', '"why"').encode(),
    "bytes": b"\xff\xfe\x00",
    "too large": b" " * (marks.MARK_LONGEST + 1),
}


@pytest.mark.parametrize("content", WRONG.values(), ids=WRONG.keys())
def test_a_mark_that_cannot_be_read_is_told_and_costs_no_other(history: History, content: bytes) -> None:
    marks.add(history, mark())
    spoil(history, content)
    found = marks.holding(history, MADE)
    assert found.marks == (mark(),)
    (trouble,) = found.troubles
    assert "00000000ff.json cannot be read (" in trouble
    assert trouble.endswith("so it does not hold.")


def test_one_whose_taking_back_cannot_be_read_is_taken_back(history: History) -> None:
    marks.add(history, mark())
    spoil(history, b"{", "20261125T050000Z-20261123T050000Z-0a1b2c3d4e.back")
    assert marks.holding(history, MADE).marks == ()
    (one,) = marks.every(history).marks
    assert one.taken_back is not None
    with pytest.raises(marks.TakenBackAlready, match=r"already$"):
        marks.take_back(history, one.id, BY)


def test_what_is_no_mark_is_passed_over(history: History) -> None:
    for name in ("notes", "20271228T050000Z", "x-20261123T050000Z-0a1b2c3d4e"):
        spoil(history, b"?", name)
    assert marks.every(history) == marks.MarksRead()


def fill(history: History, name: str, content: bytes) -> None:
    """Put an object into the emulator's own memory, which is quicker than asking for it."""
    bucket, _, prefix = history.place.removeprefix("s3://").partition("/")
    backend: Any = s3_backends[DEFAULT_ACCOUNT_ID]["aws"]
    backend.put_object(bucket, f"{prefix}{name}", content)


def test_few_marks_cost_a_listing_and_a_read_each(in_s3: History, counted: Counted) -> None:
    marks.holding(in_s3, MADE)
    assert counted.since() == {"ListObjectsV2": 1}
    for number in range(marks.FEW):
        marks.add(in_s3, numbered(number))
    assert counted.since() == {"PutObject": marks.FEW}
    found = marks.holding(in_s3, MADE)
    marks.keep_read(in_s3, found)
    assert counted.since() == {"ListObjectsV2": 1, "GetObject": marks.FEW}
    assert len(found.marks) == marks.FEW


def test_more_marks_are_read_once(in_s3: History, counted: Counted) -> None:
    for number in range(10):
        marks.add(in_s3, numbered(number))
    counted.since()
    first = marks.holding(in_s3, MADE)
    marks.keep_read(in_s3, first)
    assert counted.since() == {"ListObjectsV2": 1, "GetObject": 11, "PutObject": 1}  # one found nothing kept
    again = marks.holding(in_s3, MADE)
    marks.keep_read(in_s3, again)
    assert counted.since() == {"ListObjectsV2": 1, "GetObject": 1}
    assert set(again.marks) == set(first.marks) == {numbered(number) for number in range(10)}
    marks.add(in_s3, numbered(99))
    marks.take_back(in_s3, "0000000003", BY)
    counted.since()
    last = marks.holding(in_s3, MADE)
    marks.keep_read(in_s3, last)
    assert counted.since() == {"ListObjectsV2": 1, "GetObject": 2, "PutObject": 1}
    assert set(last.marks) == {numbered(number) for number in (*range(10), 99) if number != 3}


def test_four_hundred_days_of_marks_cost_no_more_than_those_that_hold(
    in_s3: History, counted: Counted
) -> None:
    for day in range(400):
        for number in range(3):
            made = MADE - (400 - day) * DAY
            one = numbered(3 * day + number, at=made, ends_at=made + 2 * DAY)
            name = f"marks/prod/{one.ends_at:%Y%m%dT%H%M%SZ}-{one.at:%Y%m%dT%H%M%SZ}-{one.id}.json"
            fill(in_s3, name, to_text(one).encode())
    counted.since()
    found = marks.holding(in_s3, MADE)
    assert counted.since() == {"ListObjectsV2": 1, "GetObject": 3}
    assert {each.ends_at for each in found.marks} == {MADE + DAY}


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b"[]",
        b'{"format": "s3-table-monitor/marks-read", "version": 2, "marks": {}}',
        b'{"marks": {"a": 1}}',
    ],
)
def test_what_was_kept_of_marks_is_of_use_and_never_needed(history: History, content: bytes) -> None:
    made = {numbered(number) for number in range(marks.FEW + 1)}
    for each in made:
        marks.add(history, each)
    history.store.keep("marks_read/prod.json", content)
    found = marks.holding(history, MADE)
    assert set(found.marks) == made
    marks.keep_read(history, found)
    assert marks.holding(history, MADE).to_keep is None


def test_a_listing_of_several_pages_is_followed(in_s3: History, counted: Counted) -> None:
    for number in range(1001):
        fill(in_s3, f"things/{number:05}", b"")
    counted.since()
    assert len(in_s3.store.names("things/", "", 5000)) == 1001
    assert counted.since() == {"ListObjectsV2": 2}
    assert len(in_s3.store.names("things/", "", 10)) == 11
    assert in_s3.store.names("things/", "00999", 10) == ["things/01000"]


def test_more_than_is_looked_through_is_refused(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(marks, "MOST", 2)
    for number in range(2):
        marks.add(history, numbered(number))
    assert len(marks.holding(history, MADE).marks) == 2
    marks.add(history, numbered(2))
    with pytest.raises(HistoryUnavailable, match="holds more than 2 marks"):
        marks.holding(history, MADE)


def test_a_place_that_cannot_be_listed_says_what_to_allow() -> None:
    denied = b"<Error><Code>AccessDenied</Code><Message>no</Message></Error>"
    with stub(lambda _: Answer(denied, 403, {"Content-Type": "application/xml"})) as running:
        client = SESSION.client("s3", endpoint_url=running.url)
        with pytest.raises(HistoryUnavailable, match="allow s3:ListBucket"):
            marks.holding(open_history("s3://marked/x/", "prod", client), MADE)


def test_a_folder_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "marks").write_text("a file", encoding="utf-8")
    with pytest.raises(HistoryUnavailable, match="cannot be read: not a directory"):
        local.LocalStore(str(tmp_path)).names("marks/prod/", "", 10)


TEXTS = st.text(max_size=20).filter(lambda text: not any("\ud800" <= sign <= "\udfff" for sign in text))
TIMES = st.datetimes(timezones=st.timezones()).map(
    lambda instant: MADE + timedelta(seconds=int(utc(instant).timestamp()) % 10**9)
)


@given(
    st.builds(
        Mark,
        id=TEXTS,
        kind=st.sampled_from(MarkKind),
        table=TEXTS,
        by=TEXTS,
        at=TIMES,
        ends_at=TIMES,
        because=TEXTS,
        check=st.none() | TEXTS,
        period=st.none() | TEXTS,
        moment=st.none() | TIMES,
        covers=st.lists(
            st.builds(
                Covered,
                check=TEXTS,
                item=st.none() | TEXTS,
                state=TEXTS,
                severity=st.none() | TEXTS,
                since=TIMES.map(lambda instant: instant + timedelta(microseconds=7)),
            ),
            max_size=3,
        ).map(tuple),
        taken_back=st.none(),
    )
)
def test_what_is_written_is_read(made: Mark) -> None:
    assert read(to_text(made)) == made


@pytest.mark.parametrize(
    ("arn", "name"),
    [
        ("arn:aws:iam::123456789012:user/team/ann", "team/ann"),
        ("arn:aws:sts::123456789012:assumed-role/Admin/ann@example.com", "Admin/ann@example.com"),
        ("arn:aws-cn:sts::123456789012:federated-user/ann", "ann"),
        ("arn:aws:iam::123456789012:root", "root"),
    ],
)
def test_who_marks_in_s3_is_who_aws_says(arn: str, name: str) -> None:
    body = (
        "<GetCallerIdentityResponse><GetCallerIdentityResult>"
        f"<Arn>{arn}</Arn></GetCallerIdentityResult></GetCallerIdentityResponse>"
    )
    with stub(lambda _: Answer(body.encode(), 200, {"Content-Type": "text/xml"})) as running:
        client: Any = SESSION.client("sts", endpoint_url=running.url)
        assert name_of_caller("s3://marked/", client) == name


def test_who_marks_elsewhere_is_the_user_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: "ann\x1b[31m")
    monkeypatch.setattr("socket.gethostname", lambda: "desk")
    assert name_of_caller(".checks/") == "ann[31m@desk"
    with stub(lambda _: Answer(b"<x/>", 403)) as running:
        client: Any = SESSION.client("sts", endpoint_url=running.url)
        assert name_of_caller("s3://marked/", client) == "ann[31m@desk"

    def nameless() -> str:
        raise KeyError(1000)

    monkeypatch.setattr("getpass.getuser", nameless)
    assert name_of_caller(".checks/") == "(no name)@desk"
