"""Marks that cannot be made, kept or read: each is refused or told, with what to write."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from checks import cli
from tests.support.desk import CONFIG, NOW, Desk, configure, mark_id


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
