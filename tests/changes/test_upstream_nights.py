"""What is told within upstreams from night to night: by example, then the laws over random graphs and nights."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from checks.changes import NEWS, OVER, State, TableRecord, advance, changes, complete
from checks.changes.hidden import hosts_of
from checks.history.document import from_text, to_text
from checks.model import Change, Finding, Item, ItemState, Reason, Severity, Status
from checks.report.build import build, part
from checks.rules.upstream import circles, told_within_upstreams
from tests.support.times import DAY
from tests.support.upstreams import lacking, silent

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hypothesis.strategies import DrawFn

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
WARNING, CRITICAL = Severity.WARNING, Severity.CRITICAL
OFTEN = timedelta(days=30)


def well(table: str, *days: str, check: str = "partitions") -> Finding:
    items = tuple(Item(period=f"2026-11-{day}", state=ItemState.PRESENT) for day in days)
    return Finding(table=table, check=check, status=Status.PASS, because="well", items=items)


def unread(table: str) -> Finding:
    return Finding(table=table, check="partitions", status=Status.UNKNOWN, because="denied")


@dataclass
class Nights:
    """Runs a day apart, each delivered unless it says otherwise; the state goes through its document."""

    upstreams: dict[str, tuple[str, ...]]
    state: State = field(default_factory=State)
    now: datetime = NOW
    resolve_after: int = 1

    def run(self, *found: Finding, lost: Iterable[Reason] = ()) -> list[tuple[str, str, str | None]]:
        """Return what is told: reason, table and item."""
        self.now += DAY
        findings = told_within_upstreams(found, self.upstreams)
        self.news = changes(
            self.state, findings, self.now, OFTEN, {each.table for each in findings}, self.resolve_after
        )
        delivered = [change for change in self.news if change.reason not in lost]
        state = advance(self.state, findings, self.news, self.now, delivered)
        self.state = from_text(to_text(state))
        assert self.state == state
        return [(change.reason.value, change.table, change.item) for change in self.news]


DAY_22 = "2026-11-22"


def test_a_chain_is_one_item_on_each_night_and_its_end_is_told_once() -> None:
    chain = [lacking(f"t{number}", "22") for number in range(30)]
    nights = Nights({f"t{number}": (f"t{number - 1}",) for number in range(1, 30)})
    assert nights.run(*chain) == [("new", "t0", DAY_22)]
    assert nights.run(*chain) == [("ongoing", "t0", DAY_22)]
    assert nights.run(*(well(each.table, "22") for each in chain)) == [("resolved", "t0", DAY_22)]
    assert not nights.state.told
    assert {table for table, _ in nights.news[0].also} == {f"t{number}" for number in range(1, 30)}


def test_what_outlives_its_upstream_is_news_since_it_is_known() -> None:
    nights = Nights({"b": ("a",)})
    nights.run(lacking("a", "22"), lacking("b", "22"))
    first = nights.now
    assert nights.run(well("a", "22"), lacking("b", "22")) == [
        ("new", "b", DAY_22),
        ("resolved", "a", DAY_22),
    ]
    assert nights.news[0].since == first
    assert nights.run(well("a", "22"), lacking("b", "22")) == [("ongoing", "b", DAY_22)]
    assert nights.run(well("a", "22"), well("b", "22")) == [("resolved", "b", DAY_22)]


def test_an_upstream_that_cannot_be_read_any_more_hides_nothing() -> None:
    nights = Nights({"b": ("a",)})
    nights.run(lacking("a", "22"), lacking("b", "22"))
    assert nights.run(unread("a"), lacking("b", "22")) == [("new", "b", DAY_22), ("new", "a", None)]


def test_what_was_told_by_itself_before_is_told_to_be_over() -> None:
    nights = Nights({"b": ("a",)})
    assert nights.run(well("a", "22"), lacking("b", "22")) == [("new", "b", DAY_22)]
    assert nights.run(lacking("a", "22"), lacking("b", "22")) == [("new", "a", DAY_22)]
    assert nights.run(lacking("a", "22"), well("b", "22")) == [
        ("ongoing", "a", DAY_22),
        ("resolved", "b", DAY_22),
    ]
    assert nights.run(well("a", "22"), well("b", "22")) == [("resolved", "a", DAY_22)]


def test_an_item_of_its_own_that_ends_is_told_while_the_rest_is_told_elsewhere() -> None:
    nights = Nights({"b": ("a",)})
    assert nights.run(lacking("a", "22"), lacking("b", "22 21")) == [
        ("new", "a", DAY_22),
        ("new", "b", "2026-11-21"),
    ]
    table = lacking("b", "22")
    mended = replace(table, items=(*table.items, Item(period="2026-11-21", state=ItemState.PRESENT)))
    assert nights.run(lacking("a", "22"), mended) == [
        ("ongoing", "a", DAY_22),
        ("resolved", "b", "2026-11-21"),
    ]


def test_what_is_hidden_in_news_that_was_not_delivered_stays_as_it_was_told() -> None:
    nights = Nights({"b": ("a",)})
    nights.run(lacking("a", "22"), lacking("b", "22"), lost=[Reason.NEW])
    assert not nights.state.told
    nights.run(lacking("a", "22"), lacking("b", "22"))
    first = nights.now
    nights.run(well("a", "22"), well("b", "22"), lost=[Reason.RESOLVED])
    assert nights.run(well("a", "22"), well("b", "22")) == [("resolved", "a", DAY_22)]
    assert nights.news[0].also == (("b", None),)
    assert nights.news[0].since == first


def test_a_table_that_joins_reminds_where_its_owner_was_told_nothing_yet() -> None:
    nights = Nights({"b": ("a",), "c": ("a",), "d": ("a",)})
    root = lacking("a", "22", owner="ingest")
    nights.run(root, lacking("b", "22", owner="sales"))
    assert nights.run(root, lacking("b", "22", owner="sales"), lacking("c", "22", owner="sales")) == [
        ("ongoing", "a", DAY_22)
    ]
    found = [
        root,
        *(lacking(table, "22", owner="sales") for table in "bc"),
        lacking("d", "22", owner="finance"),
    ]
    assert nights.run(*found) == [("reminder", "a", DAY_22)]
    assert nights.run(*found) == [("ongoing", "a", DAY_22)]


def test_a_worse_table_that_joins_escalates() -> None:
    nights = Nights({"b": ("a",)})
    root = replace(lacking("a", "22"), severity=WARNING)
    nights.run(root)
    assert nights.run(root, lacking("b", "22")) == [("escalated", "a", DAY_22)]
    assert nights.news[0].severity is CRITICAL


def test_who_was_told_of_a_table_is_told_of_the_end_of_its_upstream() -> None:
    nights = Nights({"b": ("a",)})
    one, other = lacking("a", "22", owner="ingest"), lacking("b", "22", owner="sales")
    found = told_within_upstreams((one, other), nights.upstreams)
    nights.run(one, other)
    report = build(findings=found, changes=nights.news, now=NOW, run_id="r")
    mine = part(report, lambda each: each.owner == "sales")
    assert [each.id for each in mine.findings] == ["a|partitions", "b|partitions"]
    assert [change.table for change in mine.changes] == ["a"]
    ended = (replace(well("a", "22"), owner="ingest"), replace(well("b", "22"), owner="sales"))
    nights.run(*ended)
    report = build(findings=ended, changes=nights.news, now=NOW, run_id="r")
    mine = part(report, lambda each: each.owner == "sales")
    assert [(change.reason, change.table) for change in mine.changes] == [(Reason.RESOLVED, "a")]
    assert not part(report, lambda each: each.owner == "nobody").changes


def test_where_an_end_takes_several_good_runs_it_is_told_for_all_that_it_ends_with() -> None:
    nights = Nights({"b": ("a",), "c": ("a",)}, resolve_after=2)
    nights.run(lacking("a", "22"), lacking("b", "22"), lacking("c", "22"))
    first = nights.now
    assert nights.run(well("a", "22"), well("b", "22"), well("c", "22")) == []
    assert nights.run(well("a", "22"), well("b", "22"), lacking("c", "22")) == [
        ("new", "c", DAY_22),
        ("resolved", "a", DAY_22),
    ]
    assert nights.news[0].since == first
    assert nights.news[1].also == (("b", None), ("c", None))
    assert nights.run(well("a", "22"), well("b", "22"), well("c", "22")) == []
    assert nights.run(well("a", "22"), well("b", "22"), well("c", "22")) == [("resolved", "c", DAY_22)]
    assert not nights.state.told


def test_a_silence_of_what_was_hidden_is_not_the_end_of_it() -> None:
    nights = Nights({"b": ("a",)})
    nights.run(lacking("a", "22"), lacking("b", "22"))
    first = nights.now
    assert nights.run(lacking("a", "22"), replace(lacking("b", "22"), silenced="moved")) == [
        ("ongoing", "a", DAY_22)
    ]
    assert nights.run(well("a", "22"), lacking("b", "22")) == [
        ("new", "b", DAY_22),
        ("resolved", "a", DAY_22),
    ]
    assert nights.news[0].since == first


def test_what_could_not_be_checked_meanwhile_is_told_to_be_over() -> None:
    nights = Nights({"b": ("a",)})
    nights.run(lacking("a", "22"), lacking("b", "22"))
    assert nights.run(lacking("a", "22"), unread("b")) == [("new", "b", None), ("ongoing", "a", DAY_22)]
    assert nights.run(lacking("a", "22"), lacking("b", "22")) == [("ongoing", "a", DAY_22)]
    assert nights.run(well("a", "22"), well("b", "22")) == [
        ("resolved", "a", DAY_22),
        ("resolved", "b", DAY_22),
    ]


def test_what_was_only_told_within_another_is_forgotten_with_its_table() -> None:
    nights = Nights({"b": ("a",)})
    nights.run(lacking("a", "22"), lacking("b", "22"))
    assert nights.run(lacking("a", "22")) == [("ongoing", "a", DAY_22)]
    after = complete(nights.state, now=NOW, run_id="r", name="n", tables={"a": TableRecord()})
    assert after.told.keys() == {"a|partitions"}


# What must hold whatever the graph and the nights are.

TABLES = ["a", "b", "c", "d", "e"]
AS_ONE = {"d", "e"}
"""Tables that tell a silence; the others tell days."""
DAYS = ["21", "22"]


@st.composite
def graphs(draw: DrawFn) -> dict[str, tuple[str, ...]]:
    """Draw upstreams: chains, several of one table, circles, the table itself, tables that nobody watches."""
    named = st.lists(st.sampled_from([*TABLES, "unknown"]), max_size=3, unique=True)
    return {table: tuple(draw(named)) for table in draw(st.sets(st.sampled_from(TABLES)))}


def _silent(table: str, draw: DrawFn) -> Finding:
    since = NOW - draw(st.integers(2, 5)) * DAY
    return silent(table, since, since + draw(st.integers(1, 3)) * DAY)


def _of_a_night(table: str, draw: DrawFn, kinds: list[str]) -> Finding:
    kind = draw(st.sampled_from(kinds))
    as_one = table in AS_ONE
    if kind == "unknown":
        return replace(unread(table), check="freshness" if as_one else "partitions")
    if kind == "well":
        return well(table, check="freshness") if as_one else well(table, *DAYS)
    bad = draw(st.sets(st.sampled_from(DAYS), min_size=1))
    one = _silent(table, draw) if as_one else lacking(table, " ".join(sorted(bad, reverse=True)))
    rest = [] if as_one else [day for day in DAYS if day not in bad]
    well_items = tuple(Item(period=f"2026-11-{day}", state=ItemState.PRESENT) for day in rest)
    one = replace(one, items=(*one.items, *well_items), severity=draw(st.sampled_from(Severity)))
    return replace(one, silenced="moved") if kind == "silenced" else one


@st.composite
def nights_of(draw: DrawFn, *, may_be_unknown: bool) -> list[tuple[Finding, ...]]:
    """Draw the findings of some nights: each table is as in the night before, or changes."""
    kinds = ["well", "bad", "bad", "bad", "silenced", *(["unknown"] if may_be_unknown else [])]
    nights: list[dict[str, Finding]] = []
    for number in range(draw(st.integers(1, 5))):
        changing = TABLES if not number else draw(st.sets(st.sampled_from(TABLES), max_size=2))
        before = nights[-1] if nights else {}
        nights.append({t: _of_a_night(t, draw, kinds) if t in changing else before[t] for t in TABLES})
    return [tuple(night.values()) for night in nights]


def troubles_of(finding: Finding) -> set[str]:
    """Return the keys of the troubles of a failing finding, empty where it is one."""
    if finding.status is not Status.FAIL:
        return set()
    return {item.key for item in finding.items if item.state.is_bad} or {""}


def reaches(upstreams: Mapping[str, tuple[str, ...]], table: str) -> set[str]:
    """Return all tables that a table is made from, however indirectly."""
    found: set[str] = set()
    ahead = [table]
    while ahead:
        for each in upstreams.get(ahead.pop(), ()):
            if each not in found:
                found.add(each)
                ahead.append(each)
    return found


@given(graphs(), nights_of(may_be_unknown=True), st.data())
@settings(max_examples=300)
def test_nothing_that_fails_is_untold_and_nothing_is_told_twice(
    upstreams: dict[str, tuple[str, ...]], nights: list[tuple[Finding, ...]], data: st.DataObject
) -> None:
    state, now = State(), NOW
    circle_of = circles(upstreams)
    for raw in nights:
        now += DAY
        findings = told_within_upstreams(raw, upstreams)
        assert [(f.id, f.status, f.severity, f.silenced) for f in findings] == [
            (f.id, f.status, f.severity, f.silenced) for f in raw
        ]
        news = changes(state, findings, now, OFTEN, set(TABLES))
        by_id = {each.id: each for each in findings}
        told = {(change.finding_id, change.item or "") for change in news if change.reason not in OVER}
        assert len({(change.finding_id, change.item) for change in news}) == len(news)
        for finding in findings:
            hosts = hosts_of(finding)
            if finding.silenced is not None:
                assert not hosts
                continue
            for key in troubles_of(finding):
                assert ((finding.id, key) in told) is (key not in hosts)
                if key in hosts:
                    host = by_id[hosts[key]]
                    assert host.status is Status.FAIL
                    assert host.silenced is None
                    assert any(of == host.id for of, _ in told)
                    assert finding.id in {guest.id for guest in host.told_with}
                    assert host.table in reaches(upstreams, finding.table)
                    assert circle_of[host.table] != circle_of[finding.table]
        state = advance(state, findings, news, now, data.draw(st.sets(st.sampled_from(news))) if news else ())


@given(graphs(), nights_of(may_be_unknown=False), st.data())
@settings(max_examples=300)
def test_what_outlives_is_news_since_it_is_known_and_each_end_is_told_once(
    upstreams: dict[str, tuple[str, ...]], nights: list[tuple[Finding, ...]], data: st.DataObject
) -> None:
    state, now = State(), NOW
    known: dict[tuple[str, str], datetime] = {}
    hidden: set[tuple[str, str]] = set()
    open_: set[tuple[str, str]] = set()
    last = tuple(well(t, check="freshness") if t in AS_ONE else well(t, *DAYS) for t in TABLES)
    for raw in (*nights, last):
        now += DAY
        findings = told_within_upstreams([each for each in raw if each.silenced is None], upstreams)
        news = changes(state, findings, now, OFTEN, set(TABLES))
        lost = data.draw(st.sampled_from([(), (), tuple(NEWS)]))
        delivered = [change for change in news if change.reason not in lost]
        by_key = {(change.finding_id, change.item or ""): change for change in news}
        failing = {(f.id, key): hosts_of(f).get(key) for f in findings for key in troubles_of(f)}
        for trouble, host in failing.items():
            change = by_key.get(trouble)
            if change is not None and trouble in hidden:
                assert change.reason is Reason.NEW
            if change is not None and trouble in known:
                assert change.since == known[trouble]
            pending = any(c.finding_id == host and c.reason in NEWS and c not in delivered for c in news)
            if change in delivered or (host is not None and not pending):
                known.setdefault(trouble, now)
                hidden = hidden | {trouble} if host is not None else hidden - {trouble}
        for trouble, change in by_key.items():
            assert (change.reason in OVER) is (trouble not in failing)
            if change.reason in OVER:
                assert trouble in open_
        seen = {finding.id for finding in findings}
        assert {each for each in open_ if each[0] in seen and each not in failing} == {
            each for each, change in by_key.items() if change.reason in OVER
        }
        _settle(by_key, delivered, open_)
        state = advance(state, findings, news, now, delivered)
        for trouble in [each for each in known if each[0] in seen and each not in failing]:
            if trouble not in open_ and not _is_pending(state, trouble):
                del known[trouble]
                hidden.discard(trouble)


def _settle(
    by_key: Mapping[tuple[str, str], Change], delivered: list[Change], open_: set[tuple[str, str]]
) -> None:
    for trouble, change in by_key.items():
        if change in delivered:
            (open_.discard if change.reason in OVER else open_.add)(trouble)


def _is_pending(state: State, trouble: tuple[str, str]) -> bool:
    told = state.told.get(trouble[0])
    return told is not None and (trouble[1] in told.within or trouble[1] in told.items)
