"""Each kind of mark of each check, of a period or of what is told: what it comes to, or why it is refused."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from checks.changes import State, TableRecord
from checks.changes.state import ItemTold, Told
from checks.config import Config, load
from checks.marking import Asked, NotMarked, make, say_made
from checks.marks import MarkKind
from checks.model import ItemState, JsonValue, Severity, Status, TableMemory
from checks.rules import CHECKS
from tests.support.times import HOUR, at

NOW = at("2026-11-23 07:00")
PERIOD = "2026-11-21"
LEARNING = ("partitions", "freshness", "volume")
ALL = {
    **dict.fromkeys(LEARNING, "auto"),
    "files": "on",
    "schema": "on",
    "catalog": "on",
    "events": {"column": "at", "max_age": "1d"},
}
BY_PERIOD = {**ALL, "partitions": {"every": "1d", "auto": True}}
EXPECTED, MISSED, NORMAL = MarkKind.EXPECTED, MarkKind.MISSED, MarkKind.NEW_NORMAL


def config(**blocks: object) -> Config:
    entry = {"table": "sales.orders", **(blocks or BY_PERIOD)}
    return load({"version": 1, "tables": [entry]}, environ={})


def told(check: str) -> Told:
    items = (
        {PERIOD: ItemTold(state=ItemState.MISSING, severity=Severity.CRITICAL, since=NOW, told_at=NOW)}
        if check == "partitions"
        else {}
    )
    return Told(
        table="sales.orders", check=check, status=Status.FAIL, because="x", since=NOW - HOUR, told_at=NOW,
        severity=Severity.CRITICAL, items=items,
    )  # fmt: skip


STATE = State(
    name="checks",
    last_completed_at=NOW - HOUR,
    told={f"sales.orders|{check}": told(check) for check in ALL},
    tables={"sales.orders": TableRecord(memory=TableMemory(layout={}))},
)


def say(
    kind: MarkKind, check: str | None, period: str | None, of: Config | None = None, state: State = STATE
) -> str:
    """Return what a mark comes to, or why it is refused."""
    moment = "2026-11-20T09:30" if kind in (MISSED, NORMAL) and period is None else None
    asked = Asked(
        kind=kind, table="sales.orders", by="ann", check=check, period=period, moment=moment, until="2026-12-01",
        because="x",
    )  # fmt: skip
    asked = asked if kind is MarkKind.SILENCE else replace(asked, until=None)
    try:
        return say_made(of or config(), make(of or config(), state, asked, NOW))
    except NotMarked as refused:
        return f"refused: {refused}"


def learns(*checks: str) -> str:
    *before, last = checks
    named = f"{', '.join(before)} and {last}" if before else last
    return f"; what is learned of its {named} goes by it from the next run on; take it back"


NO_PERIOD = "tells of no single period; leave --period out, to mark what is told of it now"
NOT_WEIGHED = "refused: what a period holds is not judged by {} of sales.orders; write --at with the time"
CANNOT = "; nothing is learned from it, since {} cannot learn; take it back"
WANTED: dict[tuple[MarkKind, str | None, bool], str] = {
    (EXPECTED, None, False): learns(*LEARNING),
    (EXPECTED, None, True): learns(*LEARNING),
    (MISSED, None, False): learns(*LEARNING),
    (MISSED, None, True): learns("volume"),
    (NORMAL, None, False): learns(*LEARNING),
    **{(kind, each, False): learns(each) for kind in (EXPECTED, MISSED, NORMAL) for each in LEARNING},
    **{(EXPECTED, each, True): learns(each) for each in LEARNING},
    (MISSED, "volume", True): learns("volume"),
    **{(MISSED, each, True): NOT_WEIGHED.format(each) for each in CHECKS if each != "volume"},
    **{
        (kind, each, False): CANNOT.format(each)
        for kind in (EXPECTED, MISSED, NORMAL)
        for each in CHECKS
        if each not in LEARNING
    },
    **{
        (EXPECTED, each, True): f"refused: {each} of sales.orders {NO_PERIOD}"
        for each in ("files", "schema", "events")
    },
    (EXPECTED, "catalog", True): CANNOT.format("catalog"),
}


@pytest.mark.parametrize(
    ("kind", "check", "by_period"),
    [
        pair
        for pair in product((EXPECTED, MISSED, NORMAL), (None, *CHECKS), (False, True))
        if pair[::2] != (NORMAL, True)
    ],
)
def test_what_each_pair_comes_to(kind: MarkKind, check: str | None, *, by_period: bool) -> None:
    """A new normal begins at a time: the command has no --period for it."""
    assert WANTED[kind, check, by_period] in say(kind, check, PERIOD if by_period else None)


@pytest.mark.parametrize(("kind", "check"), list(product((MarkKind.ACK, MarkKind.SILENCE), CHECKS)))
def test_what_teaches_nothing_says_nothing_of_it(kind: MarkKind, check: str) -> None:
    assert "learn" not in say(kind, check, None)
    assert not say(kind, check, None).startswith("refused")


@pytest.mark.parametrize(
    ("kind", "check"), list(product((EXPECTED, MISSED, NORMAL, MarkKind.SILENCE), LEARNING))
)
def test_a_check_that_a_table_does_not_have_is_refused(kind: MarkKind, check: str) -> None:
    others = {each: block for each, block in BY_PERIOD.items() if each not in (check, "events")}
    without = config(**others, **({"partitions": "off"} if check == "partitions" else {}))
    if kind is EXPECTED:
        assert f"refused: sales.orders has no {check} check, so nothing would come of it; it has " in say(
            kind, check, PERIOD, without
        )
    else:
        assert f"refused: sales.orders has no {check} check, so nothing would come of it; it has " in say(
            kind, check, None, without
        )


@pytest.mark.parametrize(
    ("period", "kind", "check", "refused"),
    [
        ("2026-11-23", MISSED, None, "2026-11-23 is not due before "),
        ("2027-01-01", MISSED, "volume", "2027-01-01 is not due before "),
        (
            "2026-11-21/region=eu",
            MISSED,
            None,
            "missed of sales.orders is of whole periods; write --period 2026-11-21",
        ),
        ("2026-11-21/region=eu", EXPECTED, "volume", "volume of sales.orders is of whole periods"),
        ("2026-11-21/region=eu", EXPECTED, "freshness", "freshness of sales.orders is of whole periods"),
        ("2026-13-21", MISSED, None, "'2026-13-21' is no period of sales.orders, which has one a day"),
        ("2026-W47", EXPECTED, None, "'2026-W47' is no period of sales.orders, which has one a day"),
    ],
)
def test_a_period_that_nothing_can_be_said_of_is_refused(
    period: str, kind: MarkKind, check: str | None, refused: str
) -> None:
    assert f"refused: {refused}" in say(kind, check, period)


def test_what_is_stated_is_told_as_that_with_what_to_write() -> None:
    stated = config(
        partitions={"every": "1d", "due": "06:00"}, freshness={"max_age": "1d"}, volume={"drop": "60%"}
    )
    for kind, check in product((EXPECTED, MISSED, NORMAL), LEARNING):
        assert (
            f"nothing is learned from it, since the limits of {check} are stated; change them, or learn them (auto)"
            in say(kind, check, None, stated)
        )


def test_without_stated_periods_those_that_runs_saw_are_named() -> None:
    alone, other = config(volume="auto"), "2026-11-20"
    assert "the config states no periods of sales.orders" in say(EXPECTED, None, other, alone)
    layout: dict[str, JsonValue] = {"keys": [["dt", "%Y-%m-%d"]], "path": None, "evidence": "a sample"}
    seen = replace(STATE, tables={"sales.orders": TableRecord(memory=TableMemory(layout=layout))})
    for kind in (EXPECTED, MISSED):
        assert learns("volume") in say(kind, None, other, alone, seen)
        assert "'2026-W40' is no period" in say(kind, None, "2026-W40", alone, seen)
    assert "the config states no periods" in say(EXPECTED, None, other, config(files="on"), seen)
