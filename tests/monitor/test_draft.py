"""Which tables a run looks at, over HTTP: what the catalog lacks, hides, lost or keeps elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from checks.model import Status
from checks.report.build import FailOn
from tests.support.accounts import Team, land_days, one, run
from tests.support.times import DAY, HOUR, at

if TYPE_CHECKING:
    from tests.support.lakes import HttpLake

MORNING = at("2026-11-23 07:00")
PARTITIONS = {"every": "1d", "due": "06:00", "lookback": 7}


@pytest.fixture
def team(lake: HttpLake) -> Team:
    return Team(lake)


def test_what_is_not_in_the_catalog_is_one_unknown_finding(lake: HttpLake, team: Team) -> None:
    lake.table("web.clicks")
    outcome = run(
        team, MORNING,
        {"table": "web.nowhere", "owner": "web"}, {"table": "web.no_*"}, {"table": "gone.*"}, {"table": "lost.orders"},
        {"prefix": "s3://no-such-bucket/raw/"},
    )  # fmt: skip
    told = {finding.table: (finding.status, finding.because) for finding in outcome.report.findings}
    assert {status for status, _ in told.values()} == {Status.UNKNOWN}
    assert told["web.nowhere"][1].startswith("web.nowhere is not in the catalog")
    assert told["web.no_*"][1] == "web.no_* matches no table in the catalog"
    assert told["gone.*"][1].startswith("gone.* matches no table in the catalog")
    assert told["lost.orders"][1].startswith("lost.orders is not in the catalog")
    assert "no-such-bucket" in told["s3://no-such-bucket/raw/"][1]
    assert one(outcome, "web.nowhere").owner == "web"
    assert outcome.exit_code(FailOn.CRITICAL) == 3


def test_a_table_that_a_glob_matched_is_told_as_gone_until_it_is_excluded(lake: HttpLake, team: Team) -> None:
    for name in ("web.clicks", "web.sessions"):
        lake.put(f"{lake.table(name).location}a.parquet", MORNING)
    run(team, MORNING, {"table": "web.*"})
    lake.glue.delete_table("web", "sessions")
    for days in (1, 2):
        lake.put("s3://lake/web/clicks/b.parquet", MORNING + days * DAY)
        outcome = run(team, MORNING + days * DAY, {"table": "web.*"})
        finding = one(outcome, "web.sessions")
        assert finding.status is Status.UNKNOWN
        assert (
            finding.because
            == "web.sessions was matched by web.* in the last report and is gone from the catalog"
        )
    team.mails()
    outcome = run(team, MORNING + 2 * DAY + HOUR, {"table": "web.*", "exclude": ["sessions"]})
    assert [finding.table for finding in outcome.report.findings] == ["web.clicks"]
    assert [change.reason.value for change in outcome.report.changes] == ["no longer watched"]


def test_a_database_that_cannot_be_read_leaves_its_known_tables_unknown(
    lake: HttpLake, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    from checks.lake.glue.catalog import Catalog
    from checks.model import Problem, ProblemKind, Unobserved

    clicks = lake.table("web.clicks")
    lake.put(f"{clicks.location}a.parquet", MORNING - 3 * DAY)
    run(team, MORNING, {"table": "web.*"})

    def denied(*_: object) -> Any:
        raise Unobserved(
            Problem(ProblemKind.DENIED, "Glue GetTables on web: access denied", "allow glue:GetTables")
        )

    monkeypatch.setattr(Catalog, "tables", denied)
    outcome = run(team, MORNING + DAY, {"table": "web.*"})
    assert {finding.table: finding.status for finding in outcome.report.findings} == {
        "web.*": Status.UNKNOWN,
        "web.clicks": Status.UNKNOWN,
    }
    assert not any(
        change.reason.value in ("resolved", "no longer watched") for change in outcome.report.changes
    )
    monkeypatch.undo()


def test_a_table_that_is_dropped_between_plan_and_read_is_unknown(
    lake: HttpLake, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    orders = lake.table("sales.orders", dt="string")
    land_days(lake, orders, "2026-11-10", "2026-11-22")
    from checks.monitor.plan import plan

    def drop(*values: Any, **more: Any) -> Any:
        found = plan(*values, **more)
        lake.glue.delete_table("sales", "orders")
        return found

    monkeypatch.setattr("checks.monitor.plan.plan", drop)
    outcome = run(team, MORNING, {"table": "sales.orders", "partitions": PARTITIONS})
    finding = one(outcome, "sales.orders")
    assert finding.status is Status.UNKNOWN
    assert "sales.orders" in finding.because


def test_a_view_is_left_out_of_a_glob_and_unknown_by_its_name(lake: HttpLake, team: Team) -> None:
    lake.table("web.clicks")
    lake.table("web.daily", {"TableType": "VIRTUAL_VIEW", "StorageDescriptor": {"Columns": []}})
    outcome = run(team, MORNING, {"table": "web.*"})
    assert [finding.table for finding in outcome.report.findings] == ["web.clicks"]
    assert "1 view was left out: views hold no data of their own in S3" in outcome.report.notes
    named = run(team, MORNING, {"table": "web.daily"})
    assert one(named, "web.daily").status is Status.UNKNOWN


def outside(location: str | None, **parameters: str) -> dict[str, Any]:
    """Return the part of a table's entry that keeps its data at such a location."""
    storage: dict[str, Any] = {"Columns": []} | ({"Location": location} if location is not None else {})
    return {"StorageDescriptor": storage, "Parameters": parameters}


def test_what_is_kept_outside_of_s3_is_left_out_of_a_glob_and_unknown_by_its_name(
    lake: HttpLake, team: Team
) -> None:
    clicks = lake.table("web.clicks")
    lake.put(f"{clicks.location}a", MORNING)
    lake.table("web.orders", outside("shop.public.orders", classification="postgresql"))
    lake.table("web.stream", outside("events", typeOfData="kinesis"))
    outcome = run(team, MORNING, {"table": "web.*"})
    assert [finding.table for finding in outcome.report.findings] == ["web.clicks"]
    assert "2 tables were left out: their data is not in S3 (kinesis, postgresql)" in outcome.report.notes
    named = run(team, MORNING, {"table": "web.orders"})
    assert one(named, "web.orders").status is Status.UNKNOWN
    assert (
        "keeps its data in postgresql, not in S3 (its location is shop.public.orders)"
        in one(named, "web.orders").because
    )


def test_what_is_left_out_from_now_on_is_not_told_as_gone(lake: HttpLake, team: Team) -> None:
    lake.table("web.clicks")
    lake.table("web.orders")
    run(team, MORNING, {"table": "web.*"})
    lake.glue.delete_table("web", "orders")
    lake.table("web.orders", outside("hdfs://n:8020/orders"))
    outcome = run(team, MORNING + DAY, {"table": "web.*"})
    assert {finding.table for finding in outcome.report.findings} == {"web.clicks"}
    assert "1 table was left out: its data is not in S3 (hdfs)" in outcome.report.notes
