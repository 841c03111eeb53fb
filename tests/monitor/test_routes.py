"""Each reader is told what is news to it: what one of them refuses is hidden from no other, and not lost."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.changes import NEWS, State, changes
from checks.channels import Delivery
from checks.config import load
from checks.config.routes import routes_by_key
from checks.history.document import from_text, to_text
from checks.model import Finding, ItemState, Reason, Severity, Status
from checks.monitor import delivery as delivering
from checks.monitor import run_memory
from checks.monitor.owner import Owner
from checks.report.build import Mode, Report, build
from checks.report.build import told as told_of
from tests.support.report_cases import finding, missing
from tests.support.times import HOUR, at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from checks.config.resolved import Config
    from checks.model import Change
    from checks.monitor.delivery import Reader, Sent
    from checks.rights import Home, Right

NOW = at("2026-11-23 06:30")
DAY = timedelta(days=1)
BAD = finding("sales.orders", Status.FAIL, owner="finance", because="It is bad.")
WORSE = finding("web.clicks", Status.FAIL, owner="web")
GOOD = finding("sales.orders", owner="finance")
TOPIC = "arn:aws:sns:eu-west-1:123456789012:"


@dataclass
class Box:
    """A channel that keeps what it gets, refuses when it is told to, and may take a part only."""

    target: str
    news_only: bool = False
    refuses: bool = False
    only: Callable[[Change], bool] | None = None
    got: list[Report] = field(default_factory=list)

    def deliver(self, report: Report, stop_at: float | None = None) -> Delivery:
        if self.refuses:
            return Delivery(self.target, ok=False, problem=f"{self.target} refused.")
        self.got.append(report)
        if self.only is not None:
            lost = frozenset(one for one in report.changes if not self.only(one))
            return Delivery(self.target, ok=not lost, problem="some refused." if lost else "", lost=lost)
        return Delivery(self.target, ok=True)

    def unheard(self) -> str:
        return ""

    def unanswered(self) -> Delivery:
        return Delivery(self.target, ok=False, problem=f"{self.target} did not answer.")

    def needs(self, home: Home) -> tuple[Right, ...]:
        return ()

    def news(self) -> list[tuple[str, str]]:
        """What the last report told, and forget it."""
        found = [(one.table, one.reason.value) for report in self.got for one in told_of(report)]
        self.got.clear()
        return found


@dataclass
class House:
    """A config with routes, what is remembered, and the boxes of all readers by their name."""

    config: Config
    boxes: dict[str, Box]
    state: State = field(default_factory=State)

    def run(self, now: Any, *findings: Finding, whole: bool = True) -> Sent:
        watched = {one.table for one in findings} if whole else None
        settings = self.config.settings

        def news(state: State) -> tuple[Change, ...]:
            return changes(state, findings, now, settings.remind_every, watched, settings.resolve_after)

        readers = delivering.readers_of(self.config, self.state, {}, news)
        report = replace(
            build(findings=findings, now=now, run_id=f"r-{now}", name="prod"), changes=readers[0].changes
        )
        boxed = [replace(one, channel=self.box(one)) for one in readers]
        sent = delivering.send(Mode(settings.report), report, boxed)
        self.state = from_text(to_text(after(self.state, report, sent)))
        return sent

    def box(self, reader: Reader) -> Any:
        return None if reader.channel is None else self.boxes[reader.channel.target.rpartition(":")[2]]


def after(state: State, report: Report, sent: Sent) -> State:
    owner = Owner(name="prod", at="checks.yml", watches=lambda _: True)
    planned: Any = type("Planned", (), {"watched": {one.table for one in report.findings}, "plans": ()})()
    return run_memory.after(
        state,
        owner=owner,
        report=report,
        sent=sent,
        planned=planned,
        observations={},
        event_id="e-1",
        at=report.now,
    )


def house(*routes: dict[str, Any], boxes: Iterable[Box] = (), **settings: Any) -> House:
    """A house with a topic ``team``, and a route a block."""
    settings = {"report": "on_change", "topic": f"{TOPIC}team", **settings}
    settings = {key: value for key, value in settings.items() if value is not None}
    tables = [{"table": "sales.*"}, {"table": "web.*"}]
    config = load({"version": 1, "tables": tables, "routes": list(routes), **settings}, environ={})
    names = ["team", *(route["topic"].rpartition(":")[2] for route in routes)]
    return House(config, {name: Box(name) for name in names} | {one.target: one for one in boxes})


def to(name: str, **match: Any) -> dict[str, Any]:
    return {"match": match or {"table": "*"}, "topic": f"{TOPIC}{name}"}


NEW, RESOLVED = ("sales.orders", "new"), ("sales.orders", "resolved")


def test_what_a_route_refuses_is_news_for_it_alone() -> None:
    home = house(to("a"), to("b"))
    team, a, b = (home.boxes[name] for name in ("team", "a", "b"))
    a.refuses = True
    sent = home.run(NOW, BAD)
    assert (sent.whole, sent.completed) == (False, True)
    assert sent.complaints == ("a refused.",)
    assert (team.news(), a.news(), b.news()) == ([NEW], [], [NEW])
    assert list(home.state.routes) == ['topic {"table": ["*"]}']
    a.refuses = False
    assert home.run(NOW + HOUR, BAD).whole
    assert (team.news(), a.news(), b.news()) == ([], [NEW], [])
    home.run(NOW + 2 * HOUR, BAD)
    assert (team.news(), a.news(), b.news()) == ([], [], [])
    home.run(NOW + 3 * HOUR, GOOD)
    assert (team.news(), a.news(), b.news()) == ([RESOLVED], [RESOLVED], [RESOLVED])
    assert home.state.routes == {}


def test_what_the_whole_reports_topic_refuses_is_hidden_from_no_route() -> None:
    home = house(to("a"))
    team, a = home.boxes["team"], home.boxes["a"]
    team.refuses = True
    sent = home.run(NOW, BAD)
    assert not sent.completed
    assert a.news() == [NEW]
    home.run(NOW + HOUR, BAD)
    assert a.news() == []
    team.refuses = False
    assert home.run(NOW + 2 * HOUR, BAD).completed
    assert (team.news(), a.news()) == ([NEW], [])


def test_a_trouble_that_a_route_never_heard_of_ends_without_a_word_to_it() -> None:
    home = house(to("a"))
    team, a = home.boxes["team"], home.boxes["a"]
    a.refuses = True
    home.run(NOW, BAD)
    a.refuses = False
    home.run(NOW + HOUR, GOOD)
    assert (team.news()[-1], a.news()) == (RESOLVED, [])
    assert home.state.routes == {}


def test_an_end_that_a_route_did_not_hear_of_is_told_later_and_a_trouble_that_comes_back_goes_on() -> None:
    home = house(to("a"))
    team, a = home.boxes["team"], home.boxes["a"]
    home.run(NOW, BAD)
    a.refuses = True
    home.run(NOW + HOUR, GOOD)
    a.refuses = False
    assert team.news() == [NEW, RESOLVED]
    a.got.clear()
    home.run(NOW + 2 * HOUR, BAD)
    assert (team.news(), a.news()) == ([NEW], [])  # to the route it never was over
    home.run(NOW + 3 * HOUR, GOOD)
    assert (team.news(), a.news()) == ([RESOLVED], [RESOLVED])


def test_a_route_that_took_some_of_it_is_told_the_rest() -> None:
    home = house(to("a"))
    a = home.boxes["a"]
    a.only = lambda one: one.table == "web.clicks"
    sent = home.run(NOW, BAD, WORSE)
    assert not sent.whole
    assert sorted(a.news()) == [NEW, ("web.clicks", "new")]
    a.only = None
    home.run(NOW + HOUR, BAD, WORSE)
    assert a.news() == [NEW]


def test_the_whole_report_of_a_day_that_a_route_did_not_get_is_sent_to_it_again() -> None:
    home = house(to("a"), report="always")
    team, a = home.boxes["team"], home.boxes["a"]
    home.run(NOW - DAY, BAD)
    a.refuses = True
    home.run(NOW, BAD)
    assert home.state.last_full_report_on == date(2026, 11, 23)
    (own,) = home.state.routes.values()
    assert own.last_full_report_on == date(2026, 11, 22)
    a.refuses = False
    team.got.clear()
    a.got.clear()
    home.run(NOW + HOUR, BAD)
    assert team.got == []
    assert [report.whole for report in a.got] == [True]
    home.run(NOW + 2 * HOUR, BAD)
    assert len(a.got) == 1


def test_a_route_that_corrects_its_address_gets_what_the_wrong_one_did_not() -> None:
    home = house(to("gone", owner="finance"))
    home.boxes["gone"].refuses = True
    home.run(NOW, BAD)
    mended = house(to("there", owner="finance"))
    mended.state = home.state
    mended.run(NOW + HOUR, BAD)
    assert mended.boxes["there"].news() == [NEW]
    assert mended.boxes["team"].news() == []


def test_a_route_that_is_taken_out_is_forgotten() -> None:
    home = house(to("a"))
    home.boxes["a"].refuses = True
    home.run(NOW, BAD)
    without = house()
    without.state = home.state
    without.run(NOW + HOUR, BAD)
    assert without.state.routes == {}


def test_without_a_topic_routes_alone_are_told() -> None:
    home = house(to("a"), to("b"), topic=None)
    home.boxes["a"].refuses = True
    sent = home.run(NOW, BAD)
    assert (sent.whole, sent.completed, len(sent.deliveries)) == (False, True, 2)
    home.boxes["a"].refuses = False
    home.run(NOW + HOUR, BAD)
    assert (home.boxes["a"].news(), home.boxes["b"].news()) == ([NEW], [NEW])


@pytest.mark.parametrize("report", ["always", "on_change", "on_failure"])
def test_what_keeps_troubles_open_itself_hears_of_each_end_whatever_the_mode(report: str) -> None:
    home = house(to("pager"), report=report)
    pager = home.boxes["pager"] = Box("pager", news_only=True)
    home.run(NOW, BAD)
    assert pager.news() == [NEW]
    home.run(NOW + HOUR, BAD)
    assert pager.news() == []
    home.run(NOW + 2 * HOUR, GOOD)
    assert pager.news() == [RESOLVED]
    pager.refuses = True
    home.run(NOW + 3 * HOUR, BAD)
    pager.refuses = False
    home.run(NOW + 4 * HOUR, BAD)
    assert pager.news() == [NEW]


def test_a_route_knows_what_it_was_told_to_be_unchecked() -> None:
    unknown = finding("sales.orders", Status.UNKNOWN, owner="finance", check="partitions")
    bad = finding(
        "sales.orders", Status.FAIL, check="partitions", owner="finance", items=missing("2026-11-22")
    )
    home = house(to("pager"))
    pager = home.boxes["pager"] = Box("pager", news_only=True)
    home.run(NOW, unknown)
    home.run(NOW + HOUR, bad)
    assert pager.got[-1].checked_again == {bad.id}


def test_a_severity_route_is_told_when_it_gets_worse() -> None:
    home = house(to("a", severity="critical"))
    warning = replace(BAD, severity=Severity.WARNING)
    home.run(NOW, warning)
    assert home.boxes["a"].news() == []
    home.boxes["a"].refuses = True
    home.run(NOW + HOUR, BAD)
    home.boxes["a"].refuses = False
    home.run(NOW + 2 * HOUR, BAD)
    assert home.boxes["a"].news() == [("sales.orders", "escalated")]
    assert home.boxes["team"].news() == [NEW, ("sales.orders", "escalated")]


def test_a_run_that_is_not_to_publish_tells_no_route() -> None:
    home = house(to("a"))
    readers = delivering.readers_of(home.config, State(), {}, lambda state: changes(state, [BAD], NOW, DAY))
    report = replace(build(findings=[BAD], now=NOW, run_id="r"), changes=readers[0].changes)
    sent = delivering.send(Mode.ALWAYS, report, readers, publish=False)
    assert (sent.deliveries, sent.routes, sent.arrived) == ((), {}, frozenset(report.changes))


def test_routes_that_are_alike_are_told_apart_and_no_key_holds_a_secret() -> None:
    hook = {"url": "https://hooks.example.com/services/T0/B0/X1", "secret": "env:KEY"}
    routes = [to("a"), to("b"), {"match": {"table": "*"}, "webhook": hook}]
    config = load({"version": 1, "tables": [{"table": "a.b"}], "routes": routes}, environ={})
    keys = list(routes_by_key(config.routes))
    assert keys == [
        'topic {"table": ["*"]}',
        'topic {"table": ["*"]} #2',
        'webhook {"table": ["*"]}',
    ]


# What holds of every story


LETTERS = {
    "g": GOOD,
    "w": replace(BAD, severity=Severity.WARNING),
    "b": BAD,
    "u": replace(GOOD, status=Status.UNKNOWN),
    "i": finding("sales.orders", Status.FAIL, owner="finance", items=missing("2026-11-22")),
    "p": finding("sales.orders", owner="finance", items=missing("2026-11-22", state=ItemState.PRESENT)),
}
STORIES = st.lists(
    st.tuples(st.sampled_from(sorted(LETTERS)), st.booleans(), st.booleans()), min_size=1, max_size=10
)


@given(STORIES, st.sampled_from(["always", "on_change"]))
def test_each_reader_hears_what_it_would_hear_if_it_were_alone(
    story: list[tuple[str, bool, bool]], report: str
) -> None:
    """Of a reader whose runs are refused at times, nothing that others refuse changes a word."""
    together, alone = house(to("a"), report=report), house(to("a"), report=report)
    for number, (letter, team_refuses, a_refuses) in enumerate(story):
        now = NOW + number * HOUR
        together.boxes["team"].refuses, together.boxes["a"].refuses = team_refuses, a_refuses
        alone.boxes["a"].refuses = a_refuses
        heard = []
        for one in (together, alone):
            one.run(now, LETTERS[letter])
            heard.append(one.boxes["a"].news())
        assert heard[0] == heard[1], (number, letter)


@given(STORIES)
def test_news_is_told_to_each_reader_once_and_never_lost(story: list[tuple[str, bool, bool]]) -> None:
    """Once nobody refuses any more, all readers know the same: another run tells nobody anything."""
    home = house(to("a"))
    letter = "g"
    for number, (letter, team_refuses, a_refuses) in enumerate(story):
        home.boxes["team"].refuses, home.boxes["a"].refuses = team_refuses, a_refuses
        home.run(NOW + number * HOUR, LETTERS[letter])
    for box in home.boxes.values():
        box.refuses = False
    home.run(NOW + 10 * HOUR, LETTERS[letter])
    for box in home.boxes.values():
        box.got.clear()
    home.run(NOW + 10.5 * HOUR, LETTERS[letter])
    assert {name: box.news() for name, box in home.boxes.items()} == {"team": [], "a": []}
    reasons = {
        one.reason for one in changes(home.state.as_told_to("x"), [LETTERS[letter]], NOW + 11 * HOUR, DAY)
    }
    assert not reasons & (NEWS - {Reason.REMINDER})
