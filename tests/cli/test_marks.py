"""Marks as people make them: by command, seen in the next report, listed, taken back; and what they cost."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from checks import cli
from checks.aws import clients
from tests.support.accounts import Team
from tests.support.desk import NOW, Desk, configure, mark_id
from tests.support.times import DAY, HOUR


@pytest.mark.parametrize("history", [".checks", "s3://ops/monitor/"])
def test_an_acknowledgement_from_the_first_word_to_the_last(desk: Desk, history: str) -> None:
    desk.lake.bucket("ops")
    configure(history)
    assert desk.heard() == {"2026-11-22": "new", "web.clicks": "new"}
    said = desk.do("ack", "sales.orders", "--because", "the load is being mended", "--by", "ann")
    assert said.startswith(
        "acknowledged of sales.orders: partitions 2026-11-22; no reminders until it changes (by ann)"
    )
    desk.now += HOUR * 2
    text = desk.do("run", code=1)
    assert "Acknowledged: by ann, Mon 23 Nov 2026 08:00 CET: the load is being mended" in text
    desk.now = NOW + DAY
    report = desk.run()
    reasons = {(change["table"], change["item"]): change["reason"] for change in report["changes"]}
    assert reasons["sales.orders", "2026-11-22"] == "ongoing"
    assert reasons["sales.orders", "2026-11-23"] == "new"
    (finding,) = (each for each in report["findings"] if each["table"] == "sales.orders")
    (mark,) = finding["marked"]
    assert (finding["status"], finding["silenced"]) == ("fail", None)
    assert mark == {
        "id": mark_id(said),
        "kind": "ack",
        "by": "ann",
        "at": "2026-11-23T07:00:00Z",
        "until": None,
        "because": "the load is being mended",
        "period": None,
        "items": ["2026-11-22"],
    }
    listed = desk.do("marks")
    assert listed == (
        f"{mark_id(said)} ack of sales.orders, partitions 2026-11-22: the load is being mended "
        "(by ann, Mon 23 Nov 2026 08:00 CET)\n"
    )
    assert "taken back: " in desk.do("take-back", mark_id(said)[:6], "--because", "not mended after all")
    desk.now += DAY
    assert desk.heard()["2026-11-22"] == "reminder"
    assert desk.do("marks") == f"no marks at {history} for prod\n"
    assert "; taken back by " in desk.do("marks", "--all")


def test_a_silence_names_who_and_until_and_what_outlives_it_speaks_at_once(desk: Desk) -> None:
    desk.lake.bucket("ops")
    configure("s3://ops/monitor/")
    team = Team(desk.lake)
    Path("checks.yml").write_text(
        Path("checks.yml").read_text("utf-8") + f"topic: {team.topic}\n", encoding="utf-8"
    )
    said = desk.do("silence", "web.*", "--for", "2d", "--because", "migration")
    assert said.startswith(
        "web.* is silent until Wed 25 Nov 2026 08:00 CET (by moto); take it back with: checks"
    )
    desk.do("run", code=1)
    mail = team.mail()
    assert "clicks" not in mail.subject
    assert "1 new" in mail.subject
    lines = " ".join(mail.text.split())
    assert "1 silenced, not well: web.clicks: migration, until Wed 25 Nov 2026 08:00 CET (by moto)" in lines
    (clicks,) = (each for each in mail.json["findings"] if each["table"] == "web.clicks")
    assert (clicks["status"], clicks["marked"][0]["until"]) == ("fail", "2026-11-25T07:00:00Z")
    html = desk.do("run", "--format", "html", code=1)
    assert 'until <span class="date">Wed 25 Nov 2026</span> 08:00 CET (by moto)' in html
    desk.now = NOW + 2 * DAY - timedelta(seconds=1)
    assert "web.clicks" not in desk.heard()
    desk.now = NOW + 2 * DAY
    assert desk.heard()["web.clicks"] == "new"
    assert desk.do("marks") == "no marks at s3://ops/monitor/ for prod\n"


def test_an_expected_period_is_no_failure_and_the_verdict_stays(desk: Desk) -> None:
    said = desk.do("expected", "sales.orders", "--period", "2026-11-22", "--because", "no shop on that day")
    assert said.startswith(
        "2026-11-22 of sales.orders is expected as it is, and is not told as a failure (by "
    )
    desk.do("expected", "web.sessions", "--period", "2026-11-22", code=2)
    report = desk.run(code=0)
    (orders,) = (each for each in report["findings"] if each["table"] == "sales.orders")
    assert (orders["status"], orders["severity"]) == ("fail", "critical")
    assert orders["silenced"].startswith("expected: no shop on that day (by ")
    assert [item.get("marked") for item in orders["items"] if item["state"] == "missing"] == [mark_id(said)]
    assert {change["table"] for change in report["changes"]} == {"web.clicks"}
    desk.now += DAY
    text = desk.do("run", code=1)
    assert "Expected: 2026-11-22 (by " in text
    desk.do("take-back", mark_id(said))
    heard = desk.heard()
    assert (heard["2026-11-22"], heard["2026-11-23"]) == ("new", "ongoing")


def test_what_is_told_is_expected_until_it_changes(desk: Desk) -> None:
    desk.run()
    said = desk.do("expected", "web.clicks")
    assert said.startswith("expected of web.clicks: freshness; not told as a failure until it changes (by ")
    assert "web.clicks" not in desk.heard()
    desk.now += DAY
    assert desk.heard()["web.clicks"] == "new", "it is critical by now"
    desk.lake.put("s3://lake/web/clicks/b.parquet", desk.now)
    desk.run()
    assert desk.do("marks") == "no marks at .checks for prod\n", "what it was of is over"
    assert desk.do("marks", "--all").endswith("; over\n")


def test_what_teaches_is_kept_with_all_that_it_needs_and_changes_no_report(desk: Desk) -> None:
    before = desk.run()["changes"]
    missed = desk.do(
        "missed", "web.clicks", "--at", "2026-11-20T09:30", "--by", "ann", "--check", "freshness"
    )
    assert missed.startswith(
        "missed of freshness of web.clicks at Fri 20 Nov 2026 09:30 CET (by ann); nothing is learned from it, since "
        "the limits of freshness are stated; change them, or learn them (auto); take it back with: checks take-back "
    )
    normal = desk.do(
        "new-normal", "sales.orders", "--from", "2026-11-20", "--because", "hourly now", "--by", "ben"
    )
    assert normal.startswith(
        "a new normal of sales.orders from Fri 20 Nov 2026 00:00 CET on (by ben); nothing is learned from it, since "
    )
    assert [change["table"] for change in desk.run()["changes"]] == [change["table"] for change in before]
    listed = json.loads(desk.do("marks", "--json"))
    assert listed["version"] == 1
    first, second = sorted(listed["marks"], key=lambda each: each["kind"])
    assert first == {
        "id": mark_id(missed),
        "kind": "missed",
        "table": "web.clicks",
        "check": "freshness",
        "period": None,
        "moment": "2026-11-20T08:30:00Z",
        "by": "ann",
        "at": "2026-11-23T07:00:00Z",
        "ends_at": "2027-12-28T07:00:00Z",
        "because": "",
        "covers": [],
        "holds": True,
        "taken_back": None,
    }
    assert (second["moment"], second["because"]) == ("2026-11-19T23:00:00Z", "hourly now")
    desk.do("take-back", mark_id(missed), "--by", "eve")
    taken = next(
        each for each in json.loads(desk.do("marks", "--all", "--json"))["marks"] if each["kind"] == "missed"
    )
    assert (taken["holds"], taken["taken_back"]["by"]) == (False, "eve")
    assert desk.do("marks", "web.*") == "no marks of web.* at .checks for prod\n"
    assert mark_id(normal) in desk.do("marks", "sales.orders")


def test_marks_are_of_one_config(desk: Desk) -> None:
    desk.run()
    desk.do("silence", "web.*", "--for", "1d", "--because", "x")
    Path("other.yml").write_text(
        Path("checks.yml").read_text("utf-8").replace("prod", "test"), encoding="utf-8"
    )
    assert desk.do("marks", "--config", "other.yml") == "no marks at .checks for test\n"
    assert cli.main(["run", "--config", "other.yml"]) == 1
    assert "web.clicks" in desk.capsys.readouterr().out


def test_explain_tells_the_marks_of_a_table(desk: Desk) -> None:
    desk.run()
    desk.do("ack", "web.clicks", "--by", "ann")
    desk.do("silence", "sales.*", "--for", "1d", "--because", "x", "--by", "ann")
    told = desk.do("explain", "web.clicks", "--now", "2026-11-23T08:00")
    assert "\nMARKS\n" in told
    assert "ack of web.clicks, freshness (by ann, Mon 23 Nov 2026 08:00 CET)" in told
    assert "silence of" not in told
    assert "MARKS" not in desk.do("explain", "web.sessions", "--now", "2026-11-23T08:00")


class Asking:
    """Counts what runs ask S3 for, for their history."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked: list[str] = []
        made = clients.s3()
        made.meta.events.register("before-call.s3.*", lambda model, **_: self.asked.append(model.name))
        monkeypatch.setattr(clients, "s3", lambda: made)

    def since(self) -> dict[str, int]:
        found = {name: self.asked.count(name) for name in sorted(set(self.asked))}
        self.asked.clear()
        return found


FILLED = 5
"""So many data sets have rows in each run, and that of the marks beside them where any holds."""


def test_what_marks_cost_a_run(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.lake.bucket("ops")
    configure("s3://ops/monitor/")
    desk.run()
    asking = Asking(monkeypatch)
    plain = {
        "GetObject": 1 + FILLED,
        "ListObjectsV2": 1,
        "PutObject": 2 + FILLED,
    }  # the state, the marks; the state and the report; the object of the day of each data set
    desk.run()
    assert asking.since() == plain
    for _ in range(3):
        desk.do("silence", "web.*", "--for", "2d", "--because", "x", "--by", "ann")
    assert asking.since() == {"GetObject": 3 + 3, "PutObject": 3 + 3}  # and its row in the data set
    desk.run()
    assert asking.since() == {**plain, "GetObject": 4 + FILLED + 1, "PutObject": 2 + FILLED + 1}
    for _ in range(3):
        desk.do("missed", "web.clicks", "--at", "2026-11-20", "--by", "ann")
    asking.since()
    desk.run()
    assert asking.since() == {"GetObject": 8 + FILLED + 1, "ListObjectsV2": 1, "PutObject": 3 + FILLED + 1}
    desk.run()
    assert asking.since() == {**plain, "GetObject": 2 + FILLED + 1, "PutObject": 2 + FILLED + 1}
    cli.main(["run", "--no-send"])
    assert asking.since() == {"GetObject": 2, "ListObjectsV2": 1}
    desk.now = NOW + 3 * DAY
    desk.do("run", "--no-send", code=1)
    assert asking.since() == {"GetObject": 4, "ListObjectsV2": 1}
