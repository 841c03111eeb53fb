"""History, one suite over a folder and over S3; then what each can break on alone."""

from __future__ import annotations

import fcntl
import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from checks.changes import State, TableRecord, finish
from checks.history import (
    History,
    HistoryConflict,
    HistoryTorn,
    HistoryUnavailable,
    base,
    local,
    open_history,
    update,
)
from checks.history.document import to_text
from checks.model import TableMemory
from tests.support.lakes import serving
from tests.support.report_cases import ALL, NOW, state_after

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mypy_boto3_s3 import S3Client

    from checks.history.base import Kept


SESSION = boto3.Session(aws_access_key_id="testing", aws_secret_access_key="testing", region_name="eu-west-1")
STATE = replace(
    state_after(ALL, now=NOW),
    tables={
        "sales.orders": TableRecord(
            matched_by="sales.*",
            by_glob=True,
            memory=TableMemory(
                first_period_at=NOW, first_seen={"2026-11-22": NOW}, layout={"key": "dt", "format": "%Y%m%d"}
            ),
        )
    },
    events={"event": NOW},
    name="prod",
    config_at="/home/team/checks.yml",
)


@pytest.fixture(scope="module")
def client() -> Iterator[S3Client]:
    with serving() as url:
        made = SESSION.client("s3", endpoint_url=url)
        made.create_bucket(
            Bucket="remembering", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
        )
        yield made


@pytest.fixture(params=["folder", "s3"])
def place(
    request: pytest.FixtureRequest, tmp_path: Path, client: S3Client
) -> tuple[History, Callable[[str], bytes]]:
    """Return a history that holds nothing yet, and how to read what it keeps under a name."""
    if request.param == "folder":
        return open_history(str(tmp_path / "new" / "folder"), "prod"), lambda name: Path(name).read_bytes()

    def read(name: str) -> bytes:
        bucket, _, key = name.removeprefix("s3://").partition("/")
        return client.get_object(Bucket=bucket, Key=key)["Body"].read()

    return open_history(f"s3://remembering/{tmp_path.name}", "prod", client), read


@pytest.fixture
def history(place: tuple[History, Callable[[str], bytes]]) -> History:
    return place[0]


def tear(history: History, content: bytes, client: S3Client) -> None:
    """Put bytes in place of the state."""
    if history.place.startswith("s3://"):
        bucket, _, prefix = history.place.removeprefix("s3://").partition("/")
        client.put_object(Bucket=bucket, Key=f"{prefix}states/prod.json", Body=content)
        return
    Path(history.place, "states").mkdir(parents=True, exist_ok=True)
    Path(history.place, "states/prod.json").write_bytes(content)


def test_a_place_without_a_state_is_empty(history: History) -> None:
    assert history.load() == (State(), "")


def test_what_was_saved_is_loaded(history: History) -> None:
    token = history.save(STATE, "")
    assert history.load() == (STATE, token)
    again = history.save(State(name="prod"), token)
    assert history.load() == (State(name="prod"), again)


def test_two_that_begin_at_once_conflict(history: History) -> None:
    history.save(STATE, "")
    with pytest.raises(HistoryConflict, match=r"Another run wrote .*states/prod\.json in between"):
        history.save(State(), "")
    assert history.load()[0] == STATE


def test_two_that_go_on_at_once_conflict(history: History) -> None:
    token = history.save(STATE, "")
    history.save(State(name="first"), token)
    with pytest.raises(HistoryConflict):
        history.save(State(name="second"), token)
    assert history.load()[0].name == "first"


def test_a_state_that_was_deleted_in_between_is_a_conflict(history: History, client: S3Client) -> None:
    token = history.save(STATE, "")
    if history.place.startswith("s3://"):
        bucket, _, prefix = history.place.removeprefix("s3://").partition("/")
        client.delete_object(Bucket=bucket, Key=f"{prefix}states/prod.json")
    else:
        Path(history.place, "states/prod.json").unlink()
    with pytest.raises(HistoryConflict):
        history.save(State(name="second"), token)


GOOD = to_text(STATE)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "it is not whole JSON"),
        (GOOD[:-20].encode(), "it is not whole JSON"),
        (b"\xff\xfe\x00", "it is not whole JSON"),
        (b"[]", "it is some other document"),
        (b'{"a": 1}', "it is some other document"),
        (
            GOOD.replace('"version": 2', '"version": 3').encode(),
            "it has version 3, and this program reads 1 to 2",
        ),
        (GOOD.replace('"version": 2', '"version": true').encode(), "it has version True, and this program"),
        (GOOD.replace('"told": [', '"toll": [').encode(), "a field is absent or wrong: KeyError 'told'"),
        (
            GOOD.replace('"status": "fail"', '"status": "bad"').encode(),
            "a field is absent or wrong: ValueError",
        ),
        (GOOD.replace("+00:00", "").encode(), "a field is absent or wrong: ValueError"),
        (
            GOOD.replace('"silenced": false', '"silenced": 0').encode(),
            "a field is absent or wrong: TypeError",
        ),
        (b"[" * 100_000, "it is nested more deeply than any history is"),
    ],
)
def test_a_torn_state_is_never_an_empty_one(
    place: tuple[History, Callable[[str], bytes]], client: S3Client, content: bytes, why: str
) -> None:
    history, read = place
    tear(history, content, client)
    with pytest.raises(HistoryTorn) as caught:
        history.load()
    assert f"prod.json cannot be read as the history of this monitor ({why}" in str(caught.value)
    assert str(caught.value).endswith("restore it from a backup, or set it aside and start anew.")
    aside = history.set_aside(caught.value)
    assert "states/prod.json.torn-" in aside
    assert read(aside) == content
    token = history.save(STATE, caught.value.token)
    assert history.load() == (STATE, token)


def test_a_report_is_kept_by_its_date_and_run(place: tuple[History, Callable[[str], bytes]]) -> None:
    history, read = place
    where = history.where("run-1", NOW)
    assert history.remember('{"a": "ü"}', "run-1", NOW) == where
    assert where.endswith("runs/prod/2026-11-23/run-1.json")
    assert read(where) == '{"a": "ü"}'.encode()


def test_configs_that_share_a_place_share_no_document(
    place: tuple[History, Callable[[str], bytes]],
) -> None:
    history, read = place
    other = History(history.store, "other")
    token = history.save(STATE, "")
    assert other.load() == (State(), "")
    other.save(State(name="other"), "")
    assert history.load() == (STATE, token)
    assert history.where("e-1", NOW) != other.where("e-1", NOW)
    history.remember("1", "e-1", NOW)
    other.remember("2", "e-1", NOW)
    assert read(history.where("e-1", NOW)) == b"1"


def test_a_step_is_applied_to_what_somebody_else_wrote(history: History) -> None:
    history.save(State(name="0"), "")
    calls: list[str] = []

    def step(state: State) -> State:
        calls.append(state.name)
        if len(calls) == 1:
            other, token = history.load()
            history.save(replace(other, name="other"), token)
        return replace(state, name=f"{state.name} and me")

    assert update(history, step) == State(name="other and me")
    assert calls == ["0", "other"]


def test_what_was_read_before_is_not_read_again_unless_somebody_wrote(history: History) -> None:
    history.save(State(name="0"), "")
    known = history.load()
    reads: list[str] = []

    class Counted:
        place = history.place

        def read(self, name: str, most: int) -> Kept | None:
            reads.append(name)
            return history.store.read(name, most)

        def __getattr__(self, name: str) -> Any:
            return getattr(history.store, name)

    counted = History(Counted(), "prod")
    assert update(counted, lambda state: replace(state, name=state.name + "a"), known) == State(name="0a")
    assert reads == []
    again = update(
        counted, lambda state: replace(state, name=state.name + "b"), known
    )  # what is known is old
    assert again == State(name="0ab")
    assert history.load()[0] == State(name="0ab")


def test_a_place_that_is_always_taken_ends_as_a_conflict(history: History) -> None:
    def step(state: State) -> State:
        other, token = history.load()
        history.save(replace(other, run_id=f"{other.run_id}x"), token)
        return replace(state, name="me")

    with pytest.raises(HistoryConflict):
        update(history, step)
    assert history.load()[0] == State(run_id="xxxxx")


def test_many_at_once_lose_no_write(history: History) -> None:
    history.save(State(), "")
    errors: list[Exception] = []

    def add(event: str) -> None:
        for _ in range(50):
            try:
                update(history, lambda state: finish(state, event, NOW))
            except HistoryConflict:
                continue
            except Exception as error:  # noqa: BLE001 - a thread tells the test what went wrong
                errors.append(error)
            return

    threads = [threading.Thread(target=add, args=(f"event-{number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(history.load()[0].events) == 8


# A folder.


def test_a_file_in_place_of_the_folder_is_told(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("", encoding="utf-8")
    history = open_history(str(blocked), "prod")
    with pytest.raises(
        HistoryUnavailable, match=f"The history {blocked}/states/prod.json cannot be read: not a directory"
    ):
        history.load()
    with pytest.raises(
        HistoryUnavailable, match=f"The history in {blocked} cannot be written: .*set `history` to"
    ):
        history.save(STATE, "")
    with pytest.raises(HistoryUnavailable, match="cannot be written"):
        history.remember("{}", "run", NOW)


def test_a_folder_that_may_not_be_written_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(local, "replace_file", refuse)
    with pytest.raises(HistoryUnavailable) as caught:
        open_history(str(tmp_path), "prod").save(STATE, "")
    assert str(caught.value) == (
        f"The history in {tmp_path} cannot be written: permission denied; "
        "allow it, or set `history` to a place that can be written."
    )


def test_a_lock_that_is_held_for_long_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "_LOCK_WAIT_SECONDS", 0.1)
    with (tmp_path / ".lock").open("ab") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(HistoryUnavailable, match="Another run holds"):
            open_history(str(tmp_path), "prod").save(STATE, "")
    assert open_history(str(tmp_path), "prod").save(STATE, "")


def test_a_state_that_no_run_writes_is_not_read_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base, "DOCUMENT_LONGEST", 100)
    (tmp_path / "states").mkdir()
    (tmp_path / "states/prod.json").write_bytes(b" " * 1000)
    with pytest.raises(HistoryTorn, match="it is larger than any history is"):
        open_history(str(tmp_path), "prod").load()


def test_reading_makes_no_folder(tmp_path: Path) -> None:
    open_history(str(tmp_path / "new"), "prod").load()
    assert list(tmp_path.iterdir()) == []


# S3.


def test_the_prefix_is_a_folder(client: S3Client) -> None:
    assert open_history("s3://ops/monitor", "prod", client).place == "s3://ops/monitor/"
    assert open_history("s3://ops/monitor/", "prod", client).place == "s3://ops/monitor/"
    assert open_history("s3://ops", "prod", client).place == "s3://ops/"
    with pytest.raises(HistoryUnavailable, match="s3:// names no bucket"):
        open_history("s3://", "prod")
