"""A config in S3 that was replaced by a broken one: the last good one goes on, and the report says so first."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from checks import monitor
from checks.channels import file
from checks.config import ConfigErrors
from checks.history import open_store
from checks.history.base import Kept
from checks.lake import Aws
from checks.lake.s3.objects import S3Store
from checks.monitor import last_good
from lambda_handler import lambda_handler
from tests.support.accounts import Team
from tests.support.report_cases import ALL, report_of
from tests.support.stub_http import Answer, Asked, refusal_xml, stub
from tests.support.times import DAY, HOUR, at

if TYPE_CHECKING:
    from datetime import datetime

    from tests.support.lakes import HttpLake

URI = "s3://ops/team/checks.yml"
NOW = at("2026-11-23 00:00")
SHOWS = [NOW]
"""What the clock shows, as the one value of a list."""
CONTEXT = SimpleNamespace(get_remaining_time_in_millis=lambda: 900_000)
GOOD = b"version: 1\nname: nightly\ntables:\n  - table: web.clicks\n  - table: sales.orders\n"
BETTER = b"version: 1\nname: nightly\ntables:\n  - table: sales.orders\n"
MISTAKES = b"version: 1\ntables:\n  - table: web.clicks\n    freshness: {max_age: soon}\n  - tabel: x.y\n"


@pytest.fixture
def team(lake: HttpLake, monkeypatch: pytest.MonkeyPatch) -> Team:
    team = Team(lake)
    monkeypatch.setattr(monitor, "_clock", lambda: SHOWS[0])
    lake.bucket("ops")
    lake.put(f"{lake.table('web.clicks').location}a.parquet", NOW - HOUR)
    lake.put(f"{lake.table('sales.orders').location}a.parquet", NOW - HOUR)
    for name, value in {
        "AWS_LAMBDA_FUNCTION_NAME": "monitor",
        "CONFIG": URI,
        "TOPIC_ARN": team.topic,
        "HISTORY": "s3://ops/monitor/",
    }.items():
        monkeypatch.setenv(name, value)
    return team


def put(team: Team, content: bytes) -> None:
    team.lake.s3.put_object("ops", "team/checks.yml", content)


def kept(team: Team) -> list[str]:
    return [name for name in team.lake.s3.buckets["ops"].keys if "last-good" in name]


def at_night(number: int, **more: Any) -> dict[str, Any]:
    """What the Lambda answers to the event of that night."""
    night: datetime = NOW + number * DAY
    SHOWS[0] = night
    return lambda_handler({"id": f"night-{number}", "time": night.isoformat(), **more}, CONTEXT)


def test_a_broken_config_leaves_the_last_good_one_working_and_is_told_first(team: Team) -> None:
    put(team, GOOD)
    at_night(0)
    team.mail()
    put(team, MISTAKES)
    answer = at_night(1)
    assert (answer["tables"], answer["critical"], answer["delivered"]) == (2, 2, True)
    mail = team.mail()
    assert mail.subject == "[S3 tables] config broken, 2 new - nightly, Tue 24 Nov"
    lines = mail.text.splitlines()
    headings = [line for line in lines if line and line == line.upper() and line[0].isalpha()]
    assert headings[0] == "CONFIG"
    told = " ".join(mail.text.split())
    assert (
        f"UNKNOWN {URI} (config) The config {URI} cannot be used (3 mistakes, the first: {URI}:4: "
        "web.clicks: freshness.max_age: 'soon' is not a duration; write a number and s, m, h, d or w, such as 26h). "
        "This run went by the last good one, in use since "
    ) in told
    assert f"To do: mend it: `checks validate --config {URI}` tells every mistake" in told
    first = mail.json["findings"][0]
    assert (first["table"], first["check"], first["status"], first["problem"]) == (
        URI,
        "config",
        "unknown",
        "malformed",
    )


def test_it_is_told_once_a_day_and_its_end_is_told(team: Team) -> None:
    put(team, GOOD)
    at_night(0)
    put(team, b"version: 2\n")
    at_night(1)
    team.mails()
    SHOWS[0] = NOW + DAY + 12 * HOUR
    lambda_handler({"id": "noon", "time": SHOWS[0].isoformat()}, CONTEXT)
    assert team.mails() == []  # no news
    put(team, BETTER)
    at_night(2)
    told = " ".join(team.mail().text.split())
    assert f"RESOLVED (1 table) {URI} (config) The config is read again, and the run went by it." in told
    at_night(3)
    assert "config" not in team.mail().text


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty", b""),
        ("binary", b"\xff\x00\x9c\xed"),
        ("a web page", b"<html><body>404</body></html>"),
        ("half a file", GOOD[:30]),
        ("too large", b"#" * ((1 << 20) + 1)),
        ("an unset variable", GOOD + b"topic: ${NOWHERE_SET}\n"),
    ],
)
def test_whatever_it_was_replaced_by(name: str, content: bytes, team: Team) -> None:
    put(team, GOOD)
    at_night(0)
    team.mails()
    put(team, content)
    assert at_night(1)["tables"] == 2
    assert "config broken" in team.mail().subject


def test_a_config_that_was_deleted_or_denied_goes_on_too(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    put(team, GOOD)
    at_night(0)
    team.mails()
    team.lake.s3.delete_object("ops", "team/checks.yml")
    assert at_night(1)["tables"] == 2
    assert "the object does not exist" in " ".join(team.mail().text.split())


def test_a_newer_good_one_takes_the_place_of_the_last(team: Team) -> None:
    put(team, GOOD)
    at_night(0)
    put(team, BETTER)
    at_night(1)
    assert len(kept(team)) == 1
    put(team, b"nonsense")
    assert at_night(2)["tables"] == 1


def test_what_is_kept_already_is_not_written_again(team: Team) -> None:
    put(team, GOOD)
    at_night(0)
    (name,) = kept(team)
    before = team.lake.s3.buckets["ops"].keys[name].last_modified
    at_night(1)
    assert team.lake.s3.buckets["ops"].keys[name].last_modified == before


def test_without_a_good_one_the_invocation_fails_with_every_mistake(team: Team) -> None:
    put(team, MISTAKES)
    with pytest.raises(ConfigErrors, match=r"(?s)'soon' is not a duration.*tabel"):
        at_night(0)
    assert kept(team) == []
    assert team.mails() == []


def test_without_a_place_to_keep_it_the_invocation_fails(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HISTORY", "")
    put(team, GOOD)
    at_night(0)
    put(team, MISTAKES)
    with pytest.raises(ConfigErrors, match="'soon' is not a duration"):
        at_night(1)


def test_a_history_that_cannot_be_read_is_told_beside_the_mistakes(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(team, MISTAKES)
    monkeypatch.setenv("HISTORY", "s3://no-such-bucket/monitor/")
    with pytest.raises(
        ConfigErrors, match=r"(?s)the last good config cannot be read either: .*no-such-bucket.*'soon'"
    ):
        at_night(0)


def test_a_last_good_one_that_needs_what_is_no_longer_set_is_no_good(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEAM_TOPIC", team.topic)
    put(team, GOOD + b"topic: ${TEAM_TOPIC}\n")
    at_night(0)
    monkeypatch.delenv("TEAM_TOPIC")
    with pytest.raises(ConfigErrors, match="the variable TEAM_TOPIC is not set"):
        at_night(1)


def test_a_direct_call_keeps_nothing(team: Team) -> None:
    put(team, GOOD)
    lambda_handler({"send": False}, CONTEXT)
    assert kept(team) == []


def test_a_config_that_cannot_be_kept_costs_no_report(
    team: Team, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    put(team, GOOD)
    monkeypatch.setenv("HISTORY", "s3://no-such-bucket/monitor/")
    assert at_night(0)["tables"] == 2
    assert len(team.mails()) == 1
    assert f"The config {URI} could not be kept" in capsys.readouterr().out


def test_the_report_mode_that_tells_only_failures_tells_a_broken_config(team: Team) -> None:
    put(team, GOOD + b"report: on_failure\ndefaults: {freshness: {max_age: 9d}}\n")
    at_night(0)
    assert team.mails() == []
    put(team, b"")
    at_night(1)
    assert team.mail().subject == "[S3 tables] config broken, all 2 fresh - nightly, Tue 24 Nov"


def test_addresses_have_names_of_their_own() -> None:
    uris = [
        URI,
        "s3://ops/team-checks.yml",
        "s3://ops/team/Checks.yml",
        "s3://ops/../checks.yml",
        "s3://o/a\ud800.yml",
    ]
    names = [last_good.kept_name(uri) for uri in uris]
    assert len(set(names)) == len(uris)
    assert all(name.startswith("config/last-good/") and ".." not in name for name in names)
    assert len(last_good.kept_name("s3://ops/" + "x" * 1000)) < 140


def elsewhere(asked: Asked) -> Answer:
    """A bucket that lies in Frankfurt, asked by who signs for Ireland: as S3 answers (API reference, redirects)."""
    if "/eu-central-1/s3/" in asked.headers.get("authorization", ""):
        if asked.method == "GET":
            headers = {"Last-Modified": "Mon, 23 Nov 2026 00:00:00 GMT", "ETag": '"a"'}
            return Answer(GOOD, 200, headers)
        return Answer(b"", 200, {"ETag": '"a"'})
    answer = refusal_xml(
        "PermanentRedirect", "The bucket must be addressed using the specified endpoint.", 301
    )
    return Answer(answer.body, 301, {**answer.headers, "x-amz-bucket-region": "eu-central-1"})


def test_buckets_in_other_regions_are_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
    }.items():
        monkeypatch.setenv(name, value)
    with stub(elsewhere) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", server.url)
        started = time.monotonic()
        assert S3Store(Aws()).get("far", "checks.yml", max_bytes=1 << 20) == GOOD
        store = open_store("s3://far/monitor/")
        assert store.read("checks.yml", 1 << 20) == Kept(GOOD, '"a"', NOW)
        assert store.keep("x.yml", GOOD) == "s3://far/monitor/x.yml"
        assert file.write(report_of(ALL), "s3://far/report.json").ok
        assert time.monotonic() - started < 10
