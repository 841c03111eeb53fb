"""A run from the config to the email and the state, over HTTP."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from checks import monitor
from checks.history.datasets import DATASETS
from checks.model import Severity, Status
from checks.report.build import FailOn
from tests.support.accounts import Mail, Team, land, land_days, one, run
from tests.support.times import DAY, HOUR, at

if TYPE_CHECKING:
    from tests.support.lakes import HttpLake

MORNING = at("2026-11-23 07:00")
PARTITIONS = {"every": "1d", "due": "06:00", "lookback": 7}


@pytest.fixture
def team(lake: HttpLake) -> Team:
    return Team(lake)


def section(mail: Mail, heading: str) -> str:
    """The part of an email below a heading, up to the next one, with its lines joined."""
    lines = mail.text.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith(heading))
    following = (
        n for n in range(start + 1, len(lines)) if lines[n].split(" (")[0].isupper() and lines[n][:1] != " "
    )
    headings = ("NEW", "ESCALATED", "STILL FAILING", "COULD NOT CHECK", "RESOLVED")
    end = next((n for n in following if lines[n].startswith(headings)), len(lines))
    return " ".join(" ".join(lines[start:end]).split())


def test_what_is_new_on_one_day_goes_on_or_is_resolved_on_the_next(lake: HttpLake, team: Team) -> None:
    orders, refunds = lake.table("sales.orders", dt="string"), lake.table("sales.refunds", dt="string")
    clicks = lake.table("web.clicks")
    land_days(lake, orders, "2026-11-10", "2026-11-22")
    land_days(lake, refunds, "2026-11-10", "2026-11-21")
    lake.put(f"{clicks.location}a.parquet", MORNING - 40 * HOUR)
    tables = (
        {"table": "sales.*", "partitions": PARTITIONS},
        {"table": "web.clicks", "freshness": {"max_age": "24h"}},
    )

    first = run(team, MORNING, *tables)
    assert first.exit_code(FailOn.CRITICAL) == 1
    mail = team.mail()
    assert mail.subject == "[S3 tables] 2 new, 1 fresh - prod, Mon 23 Nov"
    new = section(mail, "NEW (2 tables)")
    assert "CRITICAL sales.refunds (partitions)" in new
    assert "2026-11-22 missing" in new
    assert "CRITICAL web.clicks (freshness)" in new
    assert "No new data for 40 h: the newest came Sat 21 Nov 2026 15:00 UTC" in new
    assert mail.json["summary"] == {"tables": 3, "fresh": 1, "warning": 0, "critical": 2, "unknown": 0}

    lake.put(f"{clicks.location}b.parquet", MORNING + 20 * HOUR)
    land(lake, orders, "2026-11-23", MORNING + 20 * HOUR)
    land(lake, refunds, "2026-11-23", MORNING + 20 * HOUR)
    run(team, MORNING + DAY, *tables)
    mail = team.mail()
    assert mail.subject == "[S3 tables] 1 still failing, 2 fresh - prod, Tue 24 Nov"
    still = section(mail, "STILL FAILING (1 table)")
    assert "2026-11-22 missing" in still
    assert "CRITICAL sales.refunds (partitions), since Mon 23 Nov: 2026-11-22 missing" in still
    assert "web.clicks (freshness)" in section(mail, "RESOLVED (1 table)")
    assert "NEW" not in mail.text

    land(lake, refunds, "2026-11-22", MORNING + DAY + HOUR)
    again = run(team, MORNING + DAY + 2 * HOUR, *tables)
    assert again.exit_code(FailOn.CRITICAL) == 0
    mail = team.mail()
    assert "2026-11-22 has data now" in section(mail, "RESOLVED (1 table)")
    run(team, MORNING + DAY + 3 * HOUR, *tables)
    assert team.mails() == []  # the whole report was told today, and there is no news


def test_a_gap_that_leaves_the_lookback_is_expired_and_not_resolved(lake: HttpLake, team: Team) -> None:
    orders = lake.table("sales.orders", dt="string")
    land_days(lake, orders, "2026-11-01", "2026-11-21")
    entry = {"table": "sales.orders", "partitions": {**PARTITIONS, "lookback": 2}}
    run(team, MORNING, entry)
    assert "2026-11-22 missing" in team.mail().text
    land_days(lake, orders, "2026-11-23", "2026-11-25")
    run(team, MORNING + DAY, entry)
    assert "2026-11-22 missing" in section(team.mail(), "STILL FAILING")
    outcome = run(team, MORNING + 2 * DAY, entry)
    assert [change.reason.value for change in outcome.report.changes] == ["expired"]
    assert "2026-11-22" in team.mail().text


def test_the_lookback_reaches_back_to_the_last_completed_run(lake: HttpLake, team: Team) -> None:
    orders = lake.table("sales.orders", dt="string")
    land_days(lake, orders, "2026-11-01", "2026-11-12")
    entry = {"table": "sales.orders", "partitions": {**PARTITIONS, "lookback": 1}}
    run(team, at("2026-11-13 07:00"), entry)
    outcome = run(team, MORNING, entry)  # the monitor slept for ten days
    missing = [item.period for item in one(outcome, "sales.orders").items if item.state.is_bad]
    assert sorted(missing) == [f"2026-11-{day}" for day in range(13, 23)]


def test_the_same_event_is_reported_once(lake: HttpLake, team: Team) -> None:
    clicks = lake.table("web.clicks")
    lake.put(f"{clicks.location}a.parquet", MORNING)
    first = run(team, MORNING, {"table": "web.clicks"}, event_id="e-1")
    again = run(team, MORNING, {"table": "web.clicks"}, event_id="e-1")
    assert (first.already_reported, again.already_reported) == (False, True)
    assert len(team.mails()) == 1
    other = run(team, MORNING + DAY, {"table": "web.clicks"}, event_id="e-2")
    assert not other.already_reported
    assert len(team.mails()) == 1


def test_what_could_not_be_delivered_stays_news(lake: HttpLake, team: Team) -> None:
    clicks = lake.table("web.clicks")
    lake.put(f"{clicks.location}a.parquet", MORNING - 3 * DAY)
    gone = replace_topic(team, "gone")
    lost = run(gone, MORNING, {"table": "web.clicks"}, event_id="e-1")
    assert not lost.delivered
    assert lost.exit_code(FailOn.CRITICAL) == 3
    assert "arn:aws:sns:eu-west-1:123456789012:gone" in lost.complaints[0]
    later = run(team, MORNING + HOUR, {"table": "web.clicks"}, event_id="e-2")
    assert later.delivered
    assert "CRITICAL web.clicks" in section(team.mail(), "NEW")


def test_a_retry_of_an_event_that_was_not_delivered_tells_the_rest(lake: HttpLake, team: Team) -> None:
    clicks = lake.table("web.clicks")
    lake.put(f"{clicks.location}a.parquet", MORNING - 3 * DAY)
    entry = {"table": "web.clicks", "owner": "web"}
    oncall = Team(lake, "oncall")
    gone = [{"match": {"owner": "web"}, "topic": replace_topic(team, "gone").topic}]
    there = [{"match": {"owner": "web"}, "topic": oncall.topic}]
    lost = run(team, MORNING, entry, event_id="e-1", routes=gone)
    assert not lost.delivered
    assert len(team.mails()) == 1
    retry = run(team, MORNING, entry, event_id="e-1", routes=there)
    assert (retry.already_reported, retry.delivered) == (False, True)
    assert "CRITICAL web.clicks" in section(oncall.mail(), "NEW")
    assert run(team, MORNING, entry, event_id="e-1", routes=there).already_reported


def test_a_glob_that_matches_again_is_resolved(lake: HttpLake, team: Team) -> None:
    lake.table("sales.orders")
    run(team, MORNING, {"table": "sales.*"}, {"table": "web.*"})
    lake.put(f"{lake.table('web.clicks').location}a.parquet", MORNING + DAY)
    outcome = run(team, MORNING + DAY, {"table": "sales.*"}, {"table": "web.*"})
    told = {(change.table, change.reason.value, change.because) for change in outcome.report.changes}
    assert ("web.*", "resolved", "Its tables are back in the catalog and checked.") in told


def replace_topic(team: Team, name: str) -> Team:
    other = object.__new__(Team)
    other.lake, other.name = team.lake, name
    other.topic = team.topic.rpartition(":")[0] + f":{name}"
    return other


def test_looking_without_sending_never_moves_the_state(lake: HttpLake, team: Team) -> None:
    clicks = lake.table("web.clicks")
    lake.put(f"{clicks.location}a.parquet", MORNING - 3 * DAY)
    entry = {"table": "web.clicks"}
    for values in (
        {"send": False, "keep": False},
        {"only": ("web.*",), "keep": False},
        {"ignore_later": True, "keep": False},
    ):
        outcome = run(team, MORNING, entry, **values)
        assert [change.reason.value for change in outcome.report.changes] == ["new"]
    assert not Path(".checks").exists()
    assert len(team.mails()) == 2  # with --no-send none


def test_only_chosen_tables_are_looked_at_and_none_of_them_is_an_error(lake: HttpLake, team: Team) -> None:
    for name in ("web.clicks", "web.sessions", "sales.orders"):
        lake.table(name)
    outcome = run(team, MORNING, {"table": "*.*"}, only=("web.*",), keep=False, send=False)
    assert [finding.table for finding in outcome.report.findings] == ["web.clicks", "web.sessions"]
    with pytest.raises(
        monitor.NothingMatches, match=r"crm\.\* matches none of the 3 tables that the config watches"
    ):
        run(team, MORNING, {"table": "*.*"}, only=("crm.*",), keep=False)


def test_a_place_that_holds_nothing_is_never_loaded(lake: HttpLake, team: Team) -> None:
    lake.table("web.clicks")
    lake.put("s3://lake/web/clicks/_SUCCESS", MORNING)
    lake.put("s3://lake/web/clicks/", MORNING, 0)
    lake.put("s3://lake/web/clicks/part-0.parquet", MORNING, 0)
    finding = one(run(team, MORNING, {"table": "web.clicks"}), "web.clicks")
    assert (finding.severity, finding.observed) == (Severity.CRITICAL, None)
    assert finding.because == (
        "never loaded: s3://lake/web/clicks/ was listed completely and holds nothing but 1 file of zero bytes and "
        "2 objects that are no data (markers, logs, other names); expected data at most 24 h old"
    )


def test_freshness_is_read_where_the_partitions_check_beside_it_asks_for_nothing(
    lake: HttpLake, team: Team
) -> None:
    orders = lake.table("sales.orders", dt="string")
    land_days(lake, orders, "2026-11-01", "2026-11-22")
    for partitions in ({"since": "2026-12-01"}, {"every": "1h"}):
        entry = {
            "table": "sales.orders",
            "partitions": {**PARTITIONS, **partitions},
            "freshness": {"max_age": "24h"},
        }
        outcome = run(team, MORNING, entry, keep=False)
        (fresh,) = (finding for finding in outcome.report.findings if finding.check == "freshness")
        assert (fresh.status, fresh.observed) == (Status.PASS, at("2026-11-23 03:00"))
    entry = {
        "table": "sales.orders",
        "partitions": {**PARTITIONS, "each": "nowhere"},
        "freshness": {"max_age": "24h"},
    }
    outcome = run(team, MORNING, entry, keep=False)
    assert {finding.status for finding in outcome.report.findings} == {Status.UNKNOWN}


def test_what_was_never_loaded_is_one_trouble_that_goes_on(lake: HttpLake, team: Team) -> None:
    lake.table("sales.orders", dt="date")
    entry = {"table": "sales.orders", "partitions": PARTITIONS}
    told = [run(team, MORNING + days * DAY, entry).report.changes for days in range(2)]
    assert [[(change.reason.value, change.item) for change in changes] for changes in told] == [
        [("new", None)],
        [("reminder", None)],
    ]


def test_partitions_of_which_none_ever_came_are_never_loaded(lake: HttpLake, team: Team) -> None:
    lake.table("sales.orders", dt="string")
    finding = one(run(team, MORNING, {"table": "sales.orders", "partitions": PARTITIONS}), "sales.orders")
    assert finding.severity is Severity.CRITICAL
    assert finding.because == (
        "never loaded: no day of it holds data; 2026-11-22 was due Mon 23 Nov 2026 06:00 UTC"
    )


def test_a_torn_state_is_set_aside_and_told(lake: HttpLake, team: Team) -> None:
    clicks = lake.table("web.clicks")
    lake.put(f"{clicks.location}a.parquet", MORNING)
    run(team, MORNING, {"table": "web.clicks"})
    state = Path(".checks/states/prod.json")
    torn = state.read_bytes()[:40]
    state.write_bytes(torn)
    outcome = run(team, MORNING + HOUR, {"table": "web.clicks"})
    assert outcome.delivered
    assert any("set aside" in note for note in outcome.report.notes)
    assert [path.read_bytes() for path in Path(".checks").glob("states/prod.json.torn-*")] == [torn]
    assert json.loads(state.read_text(encoding="utf-8"))["run_id"]


def test_state_and_reports_are_kept_in_s3(lake: HttpLake, team: Team) -> None:
    lake.bucket("ops")
    lake.table("web.clicks")
    outcome = run(team, MORNING, {"table": "web.clicks"}, history="s3://ops/monitor/", event_id="e-1")
    keys = sorted(lake.s3.buckets["ops"].keys.keys())
    assert keys == [
        *(
            f"monitor/datasets/{name}/day=2026-11-23/prod~000.parquet"
            for name in sorted(set(DATASETS) - {"marks"})
        ),
        "monitor/leases/prod.json",
        "monitor/runs/prod/2026-11-23/e-1.json",
        "monitor/states/prod.json",
    ]
    assert outcome.delivered
    again = run(team, MORNING + DAY, {"table": "web.clicks"}, history="s3://ops/monitor/")
    assert [change.reason.value for change in again.report.changes] == ["reminder"]


def test_a_history_that_cannot_be_written_is_told_and_fails_the_run(lake: HttpLake, team: Team) -> None:
    lake.table("web.clicks")
    Path("file").write_text("not a folder", encoding="utf-8")
    outcome = run(team, MORNING, {"table": "web.clicks"}, history="file")
    assert team.mails()
    assert any("file" in note for note in (*outcome.complaints, *outcome.report.notes))


def test_each_route_gets_its_part(lake: HttpLake, team: Team) -> None:
    finance, other = Team(lake, "finance"), Team(lake, "other")
    for name in ("sales.orders", "web.clicks"):
        lake.table(name)
    outcome = run(
        team, MORNING,
        {"table": "sales.*", "owner": "finance-data"}, {"table": "web.*", "owner": "web"},
        routes=[
            {"match": {"owner": "finance-data"}, "topic": finance.topic},
            {"match": {"database": "crm"}, "topic": other.topic},
        ],
    )  # fmt: skip
    assert len(outcome.deliveries) == 2
    assert team.mail().subject.startswith("[S3 tables] 2 new - ")
    mail = finance.mail()
    assert mail.subject.startswith("[S3 tables] 1 new - ")
    assert [finding["table"] for finding in mail.json["findings"]] == ["sales.orders"]
    assert other.mails() == []


def test_who_was_told_of_a_trouble_by_severity_is_told_of_its_end(lake: HttpLake, team: Team) -> None:
    oncall = Team(lake, "oncall")
    clicks = lake.table("web.clicks")
    lake.put(f"{clicks.location}a.parquet", MORNING - 3 * DAY)
    routes = [{"match": {"severity": "critical"}, "topic": oncall.topic}]
    run(team, MORNING, {"table": "web.clicks"}, routes=routes)
    assert "CRITICAL web.clicks" in oncall.mail().text
    lake.put(f"{clicks.location}b.parquet", MORNING + HOUR)
    run(team, MORNING + 2 * HOUR, {"table": "web.clicks"}, routes=routes)
    assert "web.clicks" in section(oncall.mail(), "RESOLVED")


def test_a_silenced_table_touches_neither_subject_nor_exit_code(lake: HttpLake, team: Team) -> None:
    lake.table("web.clicks")
    silences = [{"table": "web.*", "until": "2026-12-01", "because": "migration"}]
    outcome = run(team, MORNING, {"table": "web.clicks"}, silences=silences)
    assert outcome.exit_code(FailOn.CRITICAL) == 0
    mail = team.mail()
    assert mail.subject == "[S3 tables] none failing - prod, Mon 23 Nov"
    assert mail.json["findings"][0]["silenced"] == "migration"
    assert "1 silenced, not well: web.clicks: migration" in mail.text


def test_a_backfill_never_makes_a_table_fresh(lake: HttpLake, team: Team) -> None:
    orders = lake.table("sales.orders", dt="string")
    land_days(lake, orders, "2026-11-10", "2026-11-20")
    lake.put(f"{orders.location}dt=2026-11-15/backfill.parquet", MORNING - HOUR)
    entry = {
        "table": "sales.orders",
        "partitions": {**PARTITIONS, "error_when": 5},
        "freshness": {"max_age": "24h"},
    }
    outcome = run(team, MORNING, entry)
    verdicts = {finding.check: finding.severity for finding in outcome.report.findings}
    assert verdicts == {"freshness": Severity.CRITICAL, "partitions": Severity.WARNING}


def test_requests_are_exact(lake: HttpLake, team: Team) -> None:
    orders = lake.table("sales.orders", dt="string")
    land_days(lake, orders, "2026-11-01", "2026-11-22")
    entry = {"table": "sales.orders", "partitions": {**PARTITIONS, "key": "dt", "format": "%Y-%m-%d"}}
    outcome = run(team, MORNING, entry)
    # The table, its partitions of the lookback, and one listing that goes through all 7 of them.
    assert outcome.report.cost.by_operation == {
        "glue:GetPartitions": 1,
        "glue:GetTable": 1,
        "s3:ListObjectsV2": 1,
    }
    assert outcome.report.cost.usd == pytest.approx(2 / 1e6 + 1 * 5 / 1e6)


def test_a_run_without_topic_remembers_what_it_returned(lake: HttpLake) -> None:
    lake.table("web.clicks")
    first = run(None, MORNING, {"table": "web.clicks"})
    again = run(None, MORNING + HOUR, {"table": "web.clicks"})
    assert [change.reason.value for change in first.report.changes] == ["new"]
    assert [change.reason.value for change in again.report.changes] == ["ongoing"]


def test_a_topic_that_nobody_reads_is_told(lake: HttpLake) -> None:
    team = Team(lake, "lonely")
    import boto3

    sns = boto3.client("sns")
    for subscription in sns.list_subscriptions()["Subscriptions"]:
        sns.unsubscribe(SubscriptionArn=subscription["SubscriptionArn"])
    lake.table("web.clicks")
    outcome = run(team, MORNING, {"table": "web.clicks"})
    assert any("has no subscription" in sentence for sentence in outcome.complaints)
    assert any("has no subscription" in note for note in replace(outcome.report).notes)
