"""What chats, PagerDuty and event buses are sent: line by line, harmless, and within what they take."""

from __future__ import annotations

import json
import os
import re
import unicodedata
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.changes import changes
from checks.model import Item, ItemState, Reason, Status
from checks.report import chat, chats, events, pagerduty, slack, teams
from checks.report.build import news
from tests.support.report_cases import (
    CASES,
    DAY,
    NOW,
    ORDERS,
    PRANKS,
    WHOLE_AT,
    finding,
    many,
    missing,
    report_of,
    state_after,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from checks.report.build import Report

GOLDEN = Path(__file__).parent / "golden"
RENDERINGS: dict[str, Callable[[Report], Any]] = {
    "slack": slack.message,
    "teams": teams.message,
    "chat": chat.notification,
    "pagerduty": lambda report: [one.event for one in pagerduty.alerts(report)],
    "events": lambda report: [json.loads(events.detail(report, one)) for one in events.told(report)],
}
PEOPLE = ("slack", "teams", "chat")


@pytest.mark.parametrize("rendering", RENDERINGS)
@pytest.mark.parametrize("name", CASES)
def test_the_whole_message(name: str, rendering: str) -> None:
    shown = json.dumps(RENDERINGS[rendering](CASES[name]), ensure_ascii=False, indent=1) + "\n"
    path = GOLDEN / f"{rendering}_{name}.json"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(shown, encoding="utf-8")
    assert shown == path.read_text(encoding="utf-8"), "set UPDATE_GOLDEN=1 and read what changed"


def test_no_golden_file_is_left_over() -> None:
    known = {f"{rendering}_{name}.json" for rendering in RENDERINGS for name in CASES}
    of_chats = {path.name for path in GOLDEN.glob("*.json") if path.name.split("_")[0] in RENDERINGS}
    assert of_chats == known


def texts(node: Any) -> Iterator[str]:
    """Every text in a message."""
    if isinstance(node, dict):
        for value in node.values():
            yield from texts(value)
    elif isinstance(node, list):
        for value in node:
            yield from texts(value)
    elif isinstance(node, str):
        yield node


@pytest.mark.parametrize("rendering", RENDERINGS)
def test_nothing_that_is_not_seen_or_turns_text_gets_through(rendering: str) -> None:
    for text in texts(RENDERINGS[rendering](CASES["hostile"])):
        odd = [
            sign for sign in text if unicodedata.category(sign) in {"Cc", "Cf", "Cs", "Co"} and sign != "\n"
        ]
        assert not odd, text


@pytest.mark.parametrize("rendering", PEOPLE)
def test_nobody_is_called_and_no_tag_is_made(rendering: str) -> None:
    for text in texts(RENDERINGS[rendering](CASES["hostile"])):
        assert not re.search(r"<[!@#/a-zA-Z]|@(here|channel|everyone)\b", text), text


def test_the_chat_of_amazon_q_makes_no_link_out_of_a_name() -> None:
    for text in texts(chat.notification(CASES["hostile"])["content"]):
        assert "](" not in re.sub(r"```.*?```", "", text)  # a statement is copied as it stands
        assert "<" not in text.replace("\u2039", "")


def test_slack_reads_no_marks_but_those_of_its_fallback() -> None:
    for block in slack.message(CASES["hostile"])["blocks"]:
        assert block["type"] in {"header", "rich_text"}, block
        assert '"mrkdwn"' not in json.dumps(block)


def test_teams_reads_no_markdown_at_all() -> None:
    kinds = re.findall(r'"type": "(\w+)"', json.dumps(teams.message(CASES["hostile"])))
    assert "TextBlock" not in kinds
    assert {"TextRun", "RichTextBlock"} <= set(kinds)


@pytest.mark.parametrize("case", [*CASES, "many"])
def test_slack_takes_it(case: str) -> None:
    message = slack.message(many() if case == "many" else CASES[case])
    blocks = message["blocks"]
    assert len(blocks) <= 50
    assert len(json.dumps(blocks, ensure_ascii=False)) <= 13_000
    assert len(blocks[0]["text"]["text"]) <= 150
    for block in blocks[1:]:
        for element in block["elements"]:
            for part in element["elements"]:
                assert part["type"] == "link" or 1 <= len(part["text"]) <= 3000


@pytest.mark.parametrize("case", [*CASES, "many"])
def test_teams_takes_it(case: str) -> None:
    message = teams.message(many() if case == "many" else CASES[case])
    assert len(json.dumps(message, ensure_ascii=False).encode()) <= 28 * 1024


@pytest.mark.parametrize("case", [*CASES, "many"])
def test_amazon_q_takes_it(case: str) -> None:
    told = chat.notification(many() if case == "many" else CASES[case])
    assert (told["version"], told["source"], told["content"]["textType"]) == (
        "1.0",
        "custom",
        "client-markdown",
    )
    assert len(told["content"]["title"]) < 100
    assert 0 < len(told["content"]["description"]) <= 3000
    assert len(told["metadata"]["threadId"]) <= 100


@pytest.mark.parametrize("rendering", PEOPLE)
def test_what_does_not_fit_is_left_out_by_the_item_and_counted(rendering: str) -> None:
    report = many()
    shown = "\n".join(texts(RENDERINGS[rendering](report)))
    items = len(set(re.findall(r"CRITICAL (db\d+\.t\d{4}) ", shown)))
    (left,) = re.findall(r"([\d,]+) more items are left out here", shown)
    assert items >= 4
    assert items + int(left.replace(",", "")) == 2000
    assert WHOLE_AT in shown


@given(st.text())
def test_a_harmless_text_calls_nobody_and_stays_as_long(text: str) -> None:
    made = chats.harmless(text)
    assert len(made) == len(text)
    assert not re.search(r"<[!@#/a-zA-Z]|@(here|channel|everyone|all)\b", made, re.IGNORECASE)
    assert chats.harmless(made) == made


@given(st.integers(0, 60), st.integers(0, 60))
def test_as_many_pieces_as_fit_are_kept_from_the_first_on(count: int, room: int) -> None:
    pieces: list[list[object]] = [[number] for number in range(count)]
    kept = chats.fitting(pieces, lambda left: [f"{left} left"], lambda some: len(some) - 1 <= room)
    whole = min(count, room)
    assert kept == [*range(whole), f"{count - whole} left"]


# PagerDuty


def actions(report: Report) -> list[tuple[str, str]]:
    return [(one.event["event_action"], one.event["dedup_key"]) for one in pagerduty.alerts(report)]


def test_each_item_is_an_alert_that_its_own_end_resolves() -> None:
    yesterday = replace(ORDERS, items=missing("2026-11-20", "2026-11-21"))
    opened = actions(report_of([yesterday]))
    today = replace(ORDERS, items=(*missing("2026-11-21"), *missing("2026-11-20", state=ItemState.PRESENT)))
    closed = actions(news(report_of([today], state_after([yesterday], now=NOW - DAY / 2))))
    keys = {key for _, key in opened}
    assert [action for action, _ in opened] == ["trigger", "trigger"]
    assert len(keys) == 2
    assert closed == [("resolve", opened[0][1])]


def test_the_key_of_an_alert_is_of_its_config_table_check_and_item() -> None:
    made = {
        pagerduty.dedup_key(*each)
        for each in (
            ("prod", "a.b", "freshness", None),
            ("test", "a.b", "freshness", None),
            ("prod", "a.c", "freshness", None),
            ("prod", "a.b", "partitions", None),
            ("prod", "a.b", "partitions", "2026-11-22"),
        )
    }
    assert len(made) == 5
    again = pagerduty.dedup_key("prod", "a.b", "freshness", None)
    assert again in made
    assert again.startswith("a.b/freshness/")


@given(st.text(), st.text(), st.text(), st.none() | st.text())
def test_a_key_is_short_and_plain_whatever_names_hold(
    name: str, table: str, check: str, item: str | None
) -> None:
    key = pagerduty.dedup_key(name, table, check, item)
    assert len(key) <= 255
    assert key.isascii()
    assert key.isprintable()


def test_what_only_goes_on_is_no_alert_and_what_is_reminded_of_is() -> None:
    told = state_after([ORDERS], now=NOW - DAY / 4)
    assert actions(report_of([ORDERS], told)) == []
    told = state_after([ORDERS], now=NOW - DAY)
    assert [action for action, _ in actions(report_of([ORDERS], told))] == ["trigger", "trigger"]


def test_a_table_that_is_watched_no_more_ends_all_its_alerts() -> None:
    told = state_after([ORDERS], now=NOW - DAY)
    opened = {key for _, key in actions(report_of([ORDERS]))}
    gone = changes(told, [], NOW, DAY, watched=[])
    report = replace(report_of([], told), changes=gone)
    closed = actions(report)
    assert {action for action, _ in closed} == {"resolve"}
    assert opened <= {key for _, key in closed}


def test_what_could_not_be_checked_is_resolved_once_its_items_are_seen_again() -> None:
    unknown = finding("sales.orders", Status.UNKNOWN, check="partitions", because="Access is denied.")
    ((action, key),) = actions(report_of([unknown]))
    assert action == "trigger"
    seen = replace(report_of([ORDERS]), checked_again=frozenset({ORDERS.id}))
    assert ("resolve", key) in actions(seen)
    assert [action for action, _ in actions(seen)].count("trigger") == 2
    still = replace(report_of([unknown]), checked_again=frozenset({ORDERS.id}))
    assert ("resolve", key) not in actions(still)


def test_events_are_small_whatever_names_hold() -> None:
    for alert in pagerduty.alerts(CASES["hostile"]):
        assert len(json.dumps(alert.event).encode()) < 512 * 1024
        if alert.event["event_action"] == "trigger":
            assert len(alert.event["payload"]["summary"]) <= 1024
            assert alert.event["payload"]["severity"] in {"critical", "error", "warning", "info"}


def test_the_severity_of_an_alert_is_that_of_its_change() -> None:
    found = {
        one.change.table: one.event["payload"]["severity"]
        for one in pagerduty.alerts(CASES["first_day"])
        if one.change is not None and one.event["event_action"] == "trigger"
    }
    assert (found["sales.orders"], found["web.clicks"], found["hr.staff"]) == ("critical", "warning", "error")


# Event buses


def test_one_event_a_change_without_those_that_only_go_on() -> None:
    report = CASES["second_day"]
    told = events.told(report)
    assert {one.reason for one in told} == {one.reason for one in report.changes} - {Reason.ONGOING}
    assert len(told) < len(report.changes) or Reason.ONGOING not in {one.reason for one in report.changes}


def test_an_event_tells_what_rules_choose_by() -> None:
    first = events.told(CASES["first_day"])[0]
    detail = json.loads(events.detail(CASES["first_day"], first))
    assert (detail["version"], detail["name"], detail["reason"], detail["report"]) == (
        1,
        "prod",
        "new",
        WHOLE_AT,
    )
    assert (detail["table"], detail["database"], detail["account"]) == (
        first.table,
        first.table.split(".")[0],
        None,
    )


@pytest.mark.parametrize(
    ("table", "database", "account"),
    [
        ("sales.orders", "sales", None),
        ("partner/sales.orders", "sales", "partner"),
        ("s3://raw/in/", None, None),
    ],
)
def test_where_a_table_is(table: str, database: str | None, account: str | None) -> None:
    report = report_of([finding(table, Status.FAIL)])
    detail = json.loads(events.detail(report, report.changes[0]))
    assert (detail["table"], detail["database"], detail["account"]) == (table, database, account)


def test_an_event_is_bounded() -> None:
    longest = "\U0001f600" * 10_000
    report = report_of(
        [
            finding(
                f"a.{longest}",
                Status.FAIL,
                check="partitions",
                because=longest,
                owner=longest,
                items=(Item(period=longest, state=ItemState.MISSING),),
            )
        ],
        name=longest,
        whole_at=longest,
    )
    assert len(events.detail(report, report.changes[0]).encode()) < 128 * 1024
    assert PRANKS
