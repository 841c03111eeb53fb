"""Work that may hang: what comes back, what is given up on, and that nothing is held up."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from functools import partial
from typing import TYPE_CHECKING

import pytest

from checks.aside import Crew, GivenUp, Why, within
from checks.monitor.time_left import TimeLeft

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def hanging() -> Iterator[threading.Event]:
    """What hanging work waits for; it is set at the end, so that no thread outlives the test."""
    event = threading.Event()
    yield event
    event.set()


def ended(crew: Crew[int, int]) -> dict[int, object]:
    """What each piece of work came to: its value, or why it was given up on, or its error."""
    return {
        done.key: done.error.why if isinstance(done.error, GivenUp) else done.error or done.value
        for done in crew.outcomes()
    }


def test_all_work_is_done_and_more_may_come_of_it() -> None:
    crew: Crew[int, int] = Crew(2)
    for number in range(5):
        crew.submit(number, partial(pow, number, 2))
    found = {}
    for done in crew.outcomes():
        found[done.key] = done.result()
        if done.key == 3:
            crew.submit(10, lambda: 100)
    assert found == {0: 0, 1: 1, 2: 4, 3: 9, 4: 16, 10: 100}


def test_no_more_than_the_bound_at_once() -> None:
    at_once, most = 0, 0
    lock = threading.Lock()

    def work() -> int:
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
        time.sleep(0.01)
        with lock:
            at_once -= 1
        return 1

    crew: Crew[int, int] = Crew(3)
    for number in range(12):
        crew.submit(number, work)
    assert len(ended(crew)) == 12
    assert most == 3


def test_an_error_is_handed_back() -> None:
    crew: Crew[int, float] = Crew(1)
    crew.submit(1, lambda: 1 / 0)
    (done,) = crew.outcomes()
    with pytest.raises(ZeroDivisionError):
        done.result()


def test_slow_work_is_given_up_on_and_the_rest_goes_on(hanging: threading.Event) -> None:
    crew: Crew[int, int] = Crew(2, timeout_s=0.1)
    for number in range(4):
        crew.submit(number, lambda: int(hanging.wait(30)))
    for number in range(4, 8):
        crew.submit(number, partial(int, number))
    found = ended(crew)
    assert [found[number] for number in range(4)] == [Why.SLOW] * 4
    assert [found[number] for number in range(4, 8)] == [4, 5, 6, 7]


def test_where_all_hang_what_is_left_is_never_begun(hanging: threading.Event) -> None:
    crew: Crew[int, int] = Crew(1, timeout_s=0.05)
    for number in range(6):
        crew.submit(number, lambda: int(hanging.wait(30)))
    assert list(ended(crew).values()) == [Why.SLOW] * 4 + [Why.OTHERS_HANG] * 2


def test_when_the_time_is_up_all_is_given_up_on(hanging: threading.Event) -> None:
    begun = time.monotonic()
    crew: Crew[int, int] = Crew(1, stop_at=begun + 0.2)
    crew.submit(0, lambda: int(hanging.wait(30)))
    crew.submit(1, lambda: 1)
    assert ended(crew) == {0: Why.OVER, 1: Why.OVER}
    assert 0.2 <= time.monotonic() - begun < 5


def test_nothing_is_begun_when_the_time_is_up_already() -> None:
    begun: list[int] = []
    with pytest.raises(GivenUp):
        within(lambda: begun.append(1), time.monotonic())
    assert begun == []
    assert within(lambda: 5, time.monotonic() + 30) == 5
    assert within(threading.get_ident, None) == threading.get_ident()


def test_work_that_hangs_does_not_hold_up_the_end_of_the_process() -> None:
    script = (
        "import threading, time\nfrom checks.aside import GivenUp, within\n"
        "try:\n    within(threading.Event().wait, time.monotonic() + 0.2)\n"
        "except GivenUp:\n    print('given up')"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True, timeout=30
    )
    assert done.stdout == "given up\n"


@pytest.mark.parametrize("seconds", [0.0, 1.0, 20.0, 60.0, 150.0, 900.0])
def test_the_parts_of_a_runs_time_follow_one_another_and_end_before_it(seconds: float) -> None:
    left = TimeLeft.of(seconds)
    reading, planning, looking, sending, remembering = (
        left.reading(), left.planning(), left.looking(), left.sending(), left.remembering(),
    )  # fmt: skip
    assert reading is not None
    assert looking is not None
    assert remembering is not None
    ends = left.started + seconds
    assert planning <= looking + 0.1  # where no time is left, it is read a moment later
    assert left.started <= looking <= sending <= remembering <= ends + 0.001
    assert reading <= left.started + seconds / 5 + 1
    if seconds >= 150:  # judging and rendering have half a minute, planning leaves as much for looking
        assert ends - looking >= 45
        assert sending - looking >= 30
        assert looking - planning >= 0.9 * (planning - left.started)
        assert remembering < ends - 2


def test_without_an_end_planning_and_sending_end_all_the_same() -> None:
    left = TimeLeft.of(None)
    assert (left.reading(), left.looking(), left.remembering()) == (None, None, None)
    assert left.planning() - left.started == pytest.approx(600, abs=5)
    assert left.sending() - left.started == pytest.approx(180, abs=5)
