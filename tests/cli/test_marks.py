"""Marks as people make them: by command, seen in the next report, listed, taken back; and what is refused."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from checks import cli, commands, mark_commands
from checks.aws import clients
from checks.report import as_json
from tests.support.accounts import Team, land_days
from tests.support.times import DAY, HOUR, at

if TYPE_CHECKING:
    from tests.support.lakes import HttpLake

NOW = at("2026-11-23 07:00")
CONFIG = """\
version: 1
name: prod
timezone: Europe/Berlin
history: {history}
tables:
  - table: sales.orders
    partitions: {{every: 1d, due: "06:00", lookback: 3}}
  - table: web.*
    freshness: {{warn_after: 24h, error_after: 48h}}
"""


class Desk:
    """A terminal at a time."""

    def __init__(
        self, lake: HttpLake, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.lake, self.capsys, self.now = lake, capsys, NOW
        for module in (commands, mark_commands):
            monkeypatch.setattr(module, "read_clock", lambda: self.now)

    def do(self, *words: str, code: int = 0) -> str:
        """Carry a command out; return what it said."""
        done = cli.main(list(words))
        said = self.capsys.readouterr()
        assert done == code, said
        return said.err if code == 2 else said.out

    def run(self, code: int = 1) -> Any:
        """Return the JSON report of a run."""
        done = cli.main(["run", "--format", "json"])
        said = self.capsys.readouterr()
        assert done == code, said
        report = json.loads(said.out)
        jsonschema.validate(report, as_json.schema())
        return report

    def heard(self, code: int = 1) -> dict[str, str]:
        """Return what a run tells: how each table's (or item's) trouble differs."""
        return {change["item"] or change["table"]: change["reason"] for change in self.run(code)["changes"]}


def configure(history: str = ".checks") -> None:
    Path("checks.yml").write_text(CONFIG.format(history=history), encoding="utf-8")


@pytest.fixture
def desk(lake: HttpLake, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Desk:
    """Orders lack a day, clicks are old (a warning), sessions are fresh."""
    configure()
    land_days(lake, lake.table("sales.orders", dt="string"), "2026-11-10", "2026-11-21")
    lake.put(f"{lake.table('web.clicks').location}a.parquet", NOW - 30 * HOUR)
    lake.put(f"{lake.table('web.sessions').location}a.parquet", NOW - HOUR)
    return Desk(lake, monkeypatch, capsys)


def mark_id(said: str) -> str:
    """Return the id out of what was said of a mark."""
    return said.rstrip().rpartition(" ")[2]


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


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("ack sales.order", "checks.yml: sales.order is no table that it watches; near are: sales.orders"),
        (
            "ack web.click",
            "no table that it watches, as far as runs have seen (a new one is known from its first",
        ),
        ("ack nobody", "is no table that it watches; it watches: sales.orders, web.clicks and web.sessions"),
        ("silence hr.* --for 1d --because x", "hr.* matches no table that it watches"),
        ("ack web.*", "ack speaks of one table; web.* matches web.clicks and web.sessions: name one"),
        ("ack s3://raw/", "s3://raw/ is no table that it watches"),
        ("ack s3://", "s3://"),
        ("ack web.sessions", "nothing of web.sessions is told as failing now, so there is nothing to mark"),
        ("ack web.clicks --check volume", "nothing of volume of web.clicks is told as failing now"),
        ("ack web.clicks --check freshnes", "'freshnes' is not a check; did you mean freshness?"),
        ("expected web.sessions", "name what is expected with --period 2026-11-22"),
        ("expected web.clicks --period 2026-11-22", "the config states no periods of web.clicks"),
        (
            "expected sales.orders --period 2026-11-31",
            "'2026-11-31' is no period of sales.orders, which has one a day",
        ),
        ("expected sales.orders --period 2026-W47", "write one such as 2026-11-23"),
        ("expected sales.orders --period 2026-11-22T05:00", "is no period of sales.orders"),
        ("expected sales.orders --period yesterday", "'yesterday' is no period"),
        ("expected sales.orders --period 2026-11-22/region=eu", "whose periods are told as 2026-11-22 alone"),
        (
            "missed web.clicks --at tomorrow",
            "--at: 'tomorrow' is not a date or time; write a date such as 2026",
        ),
        ("missed web.clicks --at 2026-11-23T08:00:01", "--at 2026-11-23T08:00:01 lies ahead"),
        ("missed web.clicks --at 0001-01-01", "out of reach of any clock"),
        ("new-normal web.clicks --from 2029-01-01", "--from 2029-01-01 lies more than 400 days ahead"),
        (
            "silence web.* --until 2026-11-23T08:00 --because x",
            "which is over; write a time to come, or --for 2d",
        ),
        ("silence web.* --until 2026-11-23 --because x", "is Mon 23 Nov 2026 00:00 CET, which is over"),
        ("silence web.* --until 9999-12-31 --because x", "lies more than ten years ahead"),
        ("silence web.* --for 1d --because \u200b", "a silence needs its reason"),
        (f"silence web.* --for 1d --because {'x' * 501}", "--because has 501 characters; write at most 500"),
        ("ack web.clicks --by \u200b", "--by is empty"),
        ("take-back abc", "'abc' is no mark; list them with: checks marks --all"),
        ("take-back --", "is no mark"),
    ],
)
def test_what_cannot_be_marked_is_refused_with_what_to_write(desk: Desk, words: str, why: str) -> None:
    desk.run()
    kept = sorted(Path(".checks").rglob("*"))
    told = words.split(" ")
    said = desk.do(*(["take-back", ""] if told[-1] == "--" else told), code=2)
    assert why in said
    assert sorted(Path(".checks").rglob("*")) == kept


@pytest.mark.parametrize(
    "words",
    [
        "silence web.* --for 0 --because x",
        "silence web.* --for 0d --because x",
        "silence web.* --for -1d --because x",
        "silence web.* --for 2d --until 2026-12-01 --because x",
        "silence web.* --because x",
        "silence web.* --for 2d",
        "missed web.clicks",
        "new-normal web.clicks",
        "take-back",
    ],
)
def test_a_command_that_is_not_whole_is_refused_before_anything_is_read(
    words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(words.split(" "))
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith("usage: checks ")


@pytest.mark.parametrize("after", [-1, 0, 1])
def test_until_is_just_before_at_and_just_after_now(desk: Desk, after: int) -> None:
    until = f"{NOW + timedelta(seconds=after):%Y-%m-%dT%H:%M:%S}Z"
    desk.do("silence", "web.*", "--until", until, "--because", "x", code=0 if after > 0 else 2)


def test_times_without_an_offset_are_of_the_configs_zone(desk: Desk) -> None:
    for text in ("2026-12-01", "2026-12-01T00:00", "2026-11-30T23:00Z", "2026-12-01T01:00+02:00"):
        said = desk.do("silence", "web.*", "--until", text, "--because", "x")
        assert "is silent until Tue 1 Dec 2026 00:00 CET" in said


def test_before_the_first_run_what_the_config_names_can_be_marked(desk: Desk) -> None:
    assert "(no run has told anything yet)" in desk.do("ack", "sales.orders", code=2)
    assert "(no run has told anything yet)" in desk.do("ack", "web.clicks", code=2)
    assert "sales.orders is silent" in desk.do("silence", "SALES.orders", "--for", "1h", "--because", "x")
    assert "web.clicks is silent" in desk.do("silence", "Web.Clicks", "--for", "1h", "--because", "x")
    assert "matches no table" in desk.do("silence", "hr.*", "--for", "1h", "--because", "x", code=2)
    assert "is no table" in desk.do("silence", "hr.staff", "--for", "1h", "--because", "x", code=2)
    assert desk.heard(code=0) == {}


def test_marks_are_of_one_config(desk: Desk) -> None:
    desk.run()
    desk.do("silence", "web.*", "--for", "1d", "--because", "x")
    Path("other.yml").write_text(
        Path("checks.yml").read_text("utf-8").replace("prod", "test"), encoding="utf-8"
    )
    assert desk.do("marks", "--config", "other.yml") == "no marks at .checks for test\n"
    assert cli.main(["run", "--config", "other.yml"]) == 1
    assert "web.clicks" in desk.capsys.readouterr().out


def test_a_history_of_another_config_is_refused(desk: Desk) -> None:
    desk.run()
    Path("far").mkdir()
    other = (
        CONFIG.format(history=Path(".checks").resolve())
        .replace("sales.orders", "hr.staff")
        .replace("web", "hr")
    )
    Path("far/checks.yml").write_text(other, encoding="utf-8")
    said = desk.do(
        "silence", "hr.staff", "--for", "1d", "--because", "x", "--config", "far/checks.yml", code=2
    )
    assert "was written by another config" in said


def test_a_place_that_cannot_be_used_is_told(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    configure("s3://nowhere/")
    for words in (
        ["silence", "sales.orders", "--for", "1d", "--because", "x"],
        ["marks"],
        ["take-back", "a"],
    ):
        assert cli.main(words) == 3
        assert "There is no history s3://nowhere/; create the bucket" in desk.capsys.readouterr().err
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "monitor")
    Path("checks.yml").write_text(CONFIG.replace("history: {history}\n", "").format(), encoding="utf-8")
    assert "no place to keep history is set" in desk.do("marks", code=2)


def test_marks_that_cannot_be_read_silence_nothing_and_the_report_says_so(desk: Desk) -> None:
    desk.do("silence", "sales.orders", "--for", "1d", "--because", "x")
    assert "2026-11-22" not in desk.heard(code=0)
    folder = Path(".checks/marks")
    folder.rename(".checks/elsewhere")
    folder.write_text("no folder", encoding="utf-8")
    report = desk.run()
    (note,) = report["notes"]
    assert note.startswith(
        "Marks and silences made by command could not be read, so none of them holds in this run: The history "
    )
    assert "2026-11-22" in {change["item"] for change in report["changes"]}
    assert cli.main(["marks"]) == 3


def test_one_mark_that_cannot_be_read_costs_no_other(desk: Desk) -> None:
    desk.do("silence", "sales.orders", "--for", "1d", "--because", "x")
    said = desk.do("silence", "sales.orders", "--for", "2d", "--because", "y")
    (spoilt,) = Path(".checks/marks/prod").glob(f"*{mark_id(said)}.json")
    spoilt.write_text("{", encoding="utf-8")
    report = desk.run(code=0)
    (note,) = report["notes"]
    assert f"{mark_id(said)}.json cannot be read (it is not whole JSON), so it does not hold." in note
    (orders,) = (each for each in report["findings"] if each["table"] == "sales.orders")
    assert orders["silenced"].startswith("x, until")


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
