"""Tables with large logs take turns, so that a run's memory is bounded; small ones pass, and nobody waits for ever."""

from __future__ import annotations

import gzip
import threading
import time
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

import pytest

from checks.aws.ledger import Meter, metered
from checks.aws.session import Aws
from checks.aws.turns import Reading
from checks.lake.formats.iceberg.metadata import parse_metadata
from checks.lake.s3.objects import S3Store
from checks.model import ProblemKind, Unobserved
from tests.support.stub_http import Answer, Asked, stub

if TYPE_CHECKING:
    from collections.abc import Callable

MIB = 1024 * 1024


def waits(take: Callable[[], object]) -> bool:
    """Tell whether it still waits after a moment; then it is left to itself."""
    thread = threading.Thread(target=take, daemon=True)
    thread.start()
    thread.join(0.1)
    return thread.is_alive()


def test_one_table_with_a_very_large_log_is_read_at_a_time() -> None:
    first, second, third = Reading(), Reading(), Reading()
    first.take(9 * MIB)
    first.take(9 * MIB)  # it is in already
    got: list[str] = []

    def take(reading: Reading, name: str) -> None:
        reading.take(9 * MIB)
        got.append(name)

    assert waits(partial(take, second, "second"))
    assert waits(partial(take, third, "third"))
    assert not waits(lambda: Reading().take(MIB))
    first.end()
    time.sleep(0.1)
    assert got == ["second"]  # in the order in which they came
    second.end()
    time.sleep(0.1)
    third.end()
    assert got == ["second", "third"]


def test_four_tables_with_large_logs_are_read_at_a_time() -> None:
    inside = [Reading() for _ in range(4)]
    for each in inside:
        each.take(2 * MIB)
    last = Reading()
    assert waits(lambda: last.take(2 * MIB))
    for each in inside:
        each.end()
    assert not waits(lambda: last.take(MIB))
    last.end()


def test_small_files_pass_however_many() -> None:
    first, second = Reading(), Reading()
    first.take(9 * MIB)
    for _ in range(100):
        second.take(200 * 1024)
    assert second.size_bytes == 0
    first.end()


def test_a_table_whose_time_is_up_keeps_nobody_waiting_and_waits_for_nobody() -> None:
    hanging = Reading(stop_at=time.monotonic() + 0.2)
    hanging.take(9 * MIB)
    with pytest.raises(Unobserved) as error:
        Reading(stop_at=time.monotonic() - 1).take(9 * MIB)
    assert error.value.problem.kind is ProblemKind.TIMED_OUT
    assert "other tables with large logs" in error.value.problem.message
    patient = Reading(stop_at=time.monotonic() + 60)
    patient.take(9 * MIB)  # after 0.2 s
    patient.end()
    hanging.end()


def test_objects_that_are_read_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    through = threading.Event()

    def answer(_: Asked) -> Answer:
        return Answer(b"x" * 9 * MIB)

    with stub(answer) as running:
        monkeypatch.setenv("AWS_ENDPOINT_URL", running.url)
        store = S3Store(Aws(region="eu-west-1"))

        def read() -> None:
            with metered(Meter()), suppress(Unobserved):
                store.get("lake", "large", max_bytes=10 * MIB)
                through.set()

        with metered(Meter()) as meter:
            store.get("lake", "large", max_bytes=10 * MIB)
            assert meter.reading.size_bytes == 9 * MIB
            assert waits(read)
            assert not through.is_set()
        assert through.wait(5)


def test_an_object_that_says_that_it_is_too_large_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with stub(lambda _: Answer(b"x" * 9 * MIB)) as running, metered(Meter()) as meter:
        monkeypatch.setenv("AWS_ENDPOINT_URL", running.url)
        with pytest.raises(Unobserved, match="9,437,183"):
            S3Store(Aws(region="eu-west-1")).get("lake", "large", max_bytes=9 * MIB - 1)
        assert meter.reading.size_bytes == 0
        assert len(S3Store(Aws(region="eu-west-1")).get("lake", "large", max_bytes=9 * MIB)) == 9 * MIB


def test_what_is_packed_counts_as_large_as_it_is() -> None:
    data = gzip.compress(b'{"format-version": 2, "x": "' + b"y" * 9 * MIB + b'"}')
    with metered(Meter()) as meter:
        parse_metadata(data, "s3://lake/v1.metadata.json")
        assert meter.reading.size_bytes > 9 * MIB
