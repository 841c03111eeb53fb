"""Laws of what is made of the past: failures tile what was failing, each period counts once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from checks.past.facts import aware, episodes_of, merged, months_of, newest_marks, past_of
from checks.past.gather import Past
from checks.past.words import document, say
from tests.support.times import at

FIRST = datetime(2026, 11, 1, 7, tzinfo=UTC).replace(tzinfo=None)
HOUR = timedelta(hours=1)
STATUSES = st.lists(st.sampled_from(["pass", "fail", "unknown"]), max_size=30)


def finding(number: int, status: str, **more: Any) -> dict[str, Any]:
    return {
        "run_id": f"r-{number:03}",
        "run_at": FIRST + number * HOUR,
        "table_id": "a.b",
        "check_name": "freshness",
        "status": status,
        "severity": "warning" if status == "fail" else None,
        "because": f"as of {number}",
        "since": None,
        "silenced": None,
        **more,
    }


def period(name: str, state: str, day: int = 0, **more: Any) -> dict[str, Any]:
    on_time = {"present": True, "late": False, "missing": False, "unknown": None, "gone": None}.get(state)
    return {
        "table_id": "a.b",
        "check_name": "partitions",
        "period": name,
        "dimensions": None,
        "state": state,
        "due_at": FIRST,
        "month": "2026-11",
        "arrived_at": None,
        "on_time": on_time,
        "seen_from": FIRST + day * 24 * HOUR,
        "seen_until": FIRST + day * 24 * HOUR + HOUR,
        **more,
    }


@given(STATUSES)
def test_every_failing_run_is_in_one_failure_and_no_passing_one_is(statuses: list[str]) -> None:
    found = episodes_of([finding(number, status) for number, status in enumerate(statuses)])
    for number, status in enumerate(statuses):
        now = aware(FIRST + number * HOUR)
        inside = [each for each in found if each.since <= now and (each.until is None or now < each.until)]
        assert len(inside) == 1 or status != "fail"
        assert not inside or status != "pass"
    assert sum(each.runs for each in found) == statuses.count("fail")
    assert [each.until is None for each in found[:-1]] == [False] * (len(found) - 1 if found else 0)
    for before, after in pairwise(found):
        assert before.until is not None
        assert before.until <= after.since


@given(STATUSES)
def test_what_is_unknown_ends_nothing(statuses: list[str]) -> None:
    known = [(number, status) for number, status in enumerate(statuses) if status != "unknown"]
    whole = episodes_of([finding(number, status) for number, status in enumerate(statuses)])
    without = episodes_of([finding(number, status) for number, status in known])
    assert [(e.since, e.until, e.runs) for e in whole] == [(e.since, e.until, e.runs) for e in without]


def test_a_failure_that_was_told_before_goes_back_to_then() -> None:
    rows = [finding(5, "fail", since=FIRST), finding(6, "fail", severity="critical"), finding(7, "unknown")]
    (one,) = episodes_of(rows)
    assert (one.since, one.last_at, one.until) == (aware(FIRST), aware(FIRST + 6 * HOUR), None)
    assert (one.severity, one.runs, one.unknown, one.because) == ("critical", 2, True, "as of 6")


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["2026-11-01", "2026-11-02", "2026-10-31"]),
            st.sampled_from(["present", "late", "missing", "unknown", "gone"]),
            st.integers(0, 9),
        ),
        max_size=20,
    ),
    st.randoms(use_true_random=False),
)
def test_each_period_counts_once_and_order_says_nothing(seen: list[tuple[str, str, int]], mixer: Any) -> None:
    rows = [period(name, state, day) for name, state, day in seen]
    found = merged(rows)
    months = months_of(found)
    assert len(found) == len({name for name, _, _ in seen})
    known = {name for name, state, _ in seen if state in ("present", "late", "missing")}
    never_bad = known - {name for name, state, _ in seen if state in ("late", "missing")}
    assert sum(each.known for each in months) == len(known)
    assert sum(each.on_time for each in months) == len(never_bad)
    mixer.shuffle(rows)
    assert months_of(merged(rows)) == months
    assert {(e.period, e.state) for e in merged(rows)} == {(e.period, e.state) for e in found} or len(
        {(name, day) for name, _, day in seen}
    ) < len(seen)
    assert months_of(merged([*rows, *rows])) == months


def test_the_last_state_is_told_and_the_first_arrival() -> None:
    came = FIRST + HOUR
    (one,) = merged(
        [
            period("p", "late", 1, arrived_at=came),
            period("p", "missing", 0),
            period("p", "late", 2, arrived_at=came + HOUR),
        ]
    )
    assert (one.state, one.arrived_at, one.on_time) == ("late", aware(came), False)


def test_a_mark_is_told_as_it_was_last_seen() -> None:
    made = {"mark_id": "m", "made_at": FIRST, "taken_back_at": None, "seen_until": FIRST + 9 * HOUR}
    taken = {**made, "taken_back_at": FIRST + HOUR, "seen_until": FIRST + HOUR}
    assert newest_marks([taken, made]) == newest_marks([made, taken]) == (taken,)


HOSTILE = "<script>\x07\u202e\n' OR 1=1"


def test_hostile_words_are_told_as_words() -> None:
    rows = [finding(0, "fail", because=HOSTILE, silenced=HOSTILE, check_name="freshness")]
    past = Past(
        since=at("2026-11-01 00:00"),
        until=at("2026-11-02 00:00"),
        tables=(past_of(HOSTILE, rows, [period(HOSTILE, "missing", dimensions=HOSTILE)]),),
        runs=1,
    )
    from zoneinfo import ZoneInfo

    for table in (HOSTILE, None):
        told = say(past, ZoneInfo("UTC"), table)
        assert not any(sign in told for sign in ("\x07", "\u202e", "\n'"))
    shown: Any = document(past, "prod")
    assert shown["tables"][0]["failures"][0]["because"] == HOSTILE


def test_what_there_is_much_of_is_bounded_in_text_and_whole_in_json() -> None:
    findings = [finding(number, "fail" if number % 2 else "pass") for number in range(200)]
    periods = [
        period(f"2026-{number:04}", "missing", month=f"20{number % 40 + 10}-01") for number in range(300)
    ]
    past = Past(
        since=at("2026-11-01 00:00"),
        until=at("2026-11-12 00:00"),
        tables=(past_of("a.b", findings, periods),),
        runs=200,
    )
    from zoneinfo import ZoneInfo

    told = say(past, ZoneInfo("UTC"), "a.b").splitlines()
    assert len(told) < 100
    assert "  and 80 earlier ones, with --json" in told
    assert "  and 286 more, with --json" in told
    assert "  and 27 earlier months, with --json" in told
    shown: Any = document(past, "prod")
    assert len(shown["tables"][0]["failures"]) == 100
    assert len(shown["tables"][0]["periods"]) == 300


def test_a_period_is_named_with_its_values_as_reports_do_and_what_tells_nothing_is_left_out() -> None:
    due = at("2026-11-02 06:00")
    periods = [
        period("2026-11-01", "missing", dimensions='{"region": "eu", "product": "a"}', due_at=due),
        period("2026-11-01", "present", dimensions='{"region": "us"}', due_at=due),
        period("2026-11-01", "present", check_name="catalog", dimensions='{"region": "us"}', due_at=None),
        period("2026-10-31", "unregistered", check_name="catalog", dimensions="[1", due_at=None),
    ]
    past = Past(
        since=at("2026-11-01 00:00"),
        until=at("2026-11-02 00:00"),
        tables=(past_of("a.b", [], periods),),
        runs=1,
    )
    from zoneinfo import ZoneInfo

    told = [line.strip() for line in say(past, ZoneInfo("UTC"), "a.b").splitlines()]
    shown = [line for line in told if line.startswith(("2026-11-01", "2026-10-31")) and ": " in line]
    assert [line.partition(":")[0] for line in shown] == [
        "2026-11-01/region=us partitions",
        "2026-11-01/region=eu/product=a partitions",
        "2026-10-31/[1 catalog",
    ]
    assert len(document(past, "prod")["tables"][0]["periods"]) == 4  # type: ignore[index,arg-type,call-overload]
