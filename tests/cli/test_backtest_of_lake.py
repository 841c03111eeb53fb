"""`checks backtest` over the lake: what today's config and others would have told of its tables, and what it read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from checks import cli
from tests.support.discovered import NOW, in_one_place, in_the_morning, partitioned
from tests.support.times import DAY, HOUR

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.lakes import HttpLake

AT = ["--now", "2026-11-23T12:00:00Z"]
CONFIG = """
version: 1
tables:
  - table: sales.gaps
    partitions: {every: 1d, due: "08:30", lookback: 3}
  - table: web.events
    freshness: {max_age: 2h}
    files: {small: 1kB}
"""
OTHER = CONFIG.replace("max_age: 2h", "max_age: 50h")


@pytest.fixture
def a_lake(lake: HttpLake, tmp_path: Path) -> HttpLake:
    """A lake of days of which one is missing, and of hours that paused for two days."""
    partitioned(lake, "sales.gaps", in_the_morning("gaps", lost=(40,)))
    in_one_place(lake, "web.events", (NOW - n * HOUR for n in range(800) if not 100 <= n < 148))
    (tmp_path / "checks.yml").write_text(CONFIG, encoding="utf-8")
    (tmp_path / "other.yml").write_text(OTHER, encoding="utf-8")
    return lake


def asked(lake: HttpLake) -> dict[str, int]:
    return {operation.partition(":")[2]: count for operation, count in sorted(lake.counts.items()) if count}


def test_it_tells_what_todays_config_would_have_told(
    a_lake: HttpLake, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["backtest", *AT]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines()[:6] == [
        "sales.gaps",
        "  partitions, due at the first 08:30 UTC at or after its end: 1 alert in 69 days, 3 days in all",
        "    2026-10-25T08:30:00+00:00 for 3 days: 2026-10-24; never filled, it left the lookback",
        "    looser, due at the first 09:30 UTC at or after its end: 1 alert in 69 days, 3 days in all; no change",
        "    tighter, due at the first 07:30 UTC at or after its end: 1 alert in 69 days, 3 days in all; no change",
        "    learned, auto: 1 alert in 69 days, 3 days in all; no change",
    ]
    assert "  freshness, error_after: 2h: 1 alert in 33 days, 47 h in all" in out
    assert "    looser, error_after: 3h: 1 alert in 33 days, 46 h in all; as many, 1 h shorter" in out
    assert "  files: not replayed: only the files that are there now tell what they are like; what was" in out
    assert "2 alerts of 2 tables in 90 days from 2026-08-25T12:00:00+00:00" in out
    assert "could be judged for a part of that alone" in out
    assert "the monitor's runs, cron(0 0 * * ? *), alone would have seen 2 of them" in out
    assert "not seen: what was overwritten or compacted lost the time" in out
    assert err.startswith("looks at 2 tables: 4 to 400 requests, $0.00")
    assert "read by 6 requests" in out


def test_limits_that_tell_nothing_either_take_one_line(
    lake: HttpLake, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    partitioned(lake, "sales.quiet", in_the_morning("quiet"))
    in_one_place(lake, "web.events", (NOW - n * HOUR for n in range(800)))
    config = (
        CONFIG.replace("sales.gaps", "sales.quiet")
        .replace("2h", "75m")
        .replace("    files: {small: 1kB}\n", "")
    )
    (tmp_path / "checks.yml").write_text(config, encoding="utf-8")
    (tmp_path / "other.yml").write_text(config.replace("75m", "90m"), encoding="utf-8")
    assert cli.main(["backtest", "--candidate", "other.yml", *AT]) == 0
    assert capsys.readouterr().out.splitlines()[:9] == [
        "sales.quiet",
        "  partitions, due at the first 08:30 UTC at or after its end: no alert in 69 days",
        "    in other.yml: due at the first 08:30 UTC at or after its end: no alert in 69 days; no change",
        "    the same by limits that are looser, tighter (due at the first 07:30 UTC at or after its end) and learned",
        "web.events",
        "  freshness, error_after: 75m: no alert in 33 days",
        "    tighter, error_after: 50m: 799 alerts in 33 days, 5 days 13 h in all; 799 more",
        "    in other.yml: error_after: 90m: no alert in 33 days; no change",
        "    the same by limits that are looser and learned",
    ]


def test_it_reads_so_much_and_no_more(a_lake: HttpLake) -> None:
    from datetime import timedelta
    from pathlib import Path

    from checks.backtest import of_lake
    from checks.config import load_text
    from checks.lake import Lake
    from checks.rules.asking import Clock

    config, other = (
        load_text(Path(name).read_text(encoding="utf-8"), name, environ={})
        for name in ("checks.yml", "other.yml")
    )
    reading = Lake(aws=a_lake.aws)
    question = of_lake.Asked(config=config, others=(other,), back=timedelta(days=90), max_requests=200)
    clock = Clock(now=NOW, ignore_later=True)
    surveyed = of_lake.survey(question, reading, clock)
    assert asked(a_lake) == {"GetTable": 4}
    assert [each.most for each in of_lake.takes(surveyed, clock)] == [200, 200, 200]
    found = of_lake.run(surveyed, reading, clock)
    # Of the days two for the key and the partitions, and a scan; of the hours a listing a config that states otherwise.
    assert asked(a_lake) == {"GetTable": 4, "GetPartitions": 2, "ListObjectsV2": 3}
    assert found.requests == 9
    assert found.others == ("other.yml",)


def test_other_configs_are_replayed_beside_it(a_lake: HttpLake, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["backtest", "--candidate", "other.yml", *AT]) == 0
    out = capsys.readouterr().out
    assert "    in other.yml: error_after: 50h: no alert in 33 days; 1 fewer" in out
    assert "1 alert by other.yml" in out


def test_csv_is_todays_alerts_alone(a_lake: HttpLake, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["backtest", "--candidate", "other.yml", "--format", "csv", *AT]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines() == [
        "table,opened_at,closed_at,check",
        "sales.gaps,2026-10-25T08:30:00+00:00,2026-10-28T08:30:00+00:00,partitions",
        "web.events,2026-11-17T10:00:00+00:00,2026-11-19T09:00:00+00:00,freshness",
    ]
    assert "2 alerts of 2 tables" in err


def test_a_plan_reads_the_catalog_alone(a_lake: HttpLake, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["backtest", "--plan", *AT]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert "sales.gaps  files   91 due days" in out
    assert "looks at 2 tables: 4 to 400 requests, " in out


def test_what_cannot_be_read_is_told_and_costs_no_other_table(
    a_lake: HttpLake, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    a_lake.table("web.nowhere", {"StorageDescriptor": {"Location": "s3://not-there/x", "Columns": []}})
    a_lake.table("web.empty")
    more = "".join(
        f"  - table: {name}\n    freshness: {{max_age: 1d}}\n"
        for name in ("web.nowhere", "web.empty", "no.pe")
    )
    (tmp_path / "checks.yml").write_text(CONFIG + more, encoding="utf-8")
    assert cli.main(["backtest", *AT]) == 3
    out, err = capsys.readouterr()
    assert "web.nowhere: not replayed: S3 ListObjectsV2 on s3://not-there/x/" in out
    assert "no.pe: not replayed: no.pe is not in the catalog" in out
    assert (
        "2 tables could not be read, so what they would have raised is not known: no.pe and web.nowhere"
        in out
    )
    assert "  freshness, error_after: 24h: not judged: no time at which data came is known\n" in out
    assert "could not be read: web.nowhere: " in err
    assert "2 alerts of 3 tables" in out


def test_a_listing_that_is_cut_short_is_no_silence(
    a_lake: HttpLake, capsys: pytest.CaptureFixture[str]
) -> None:
    for n in range(400):
        a_lake.put(f"s3://lake/web/events/more-{n}.json", NOW - n * HOUR)
    assert cli.main(["backtest", "--table", "WEB.*", "--max-requests", "1", *AT]) == 3
    assert (
        "web.events: not replayed: the listing of s3://lake/web/events/ was ended before"
        in capsys.readouterr().out
    )


def test_single_tables_are_chosen(a_lake: HttpLake, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["backtest", "--table", "web.*", "--days", "10", *AT]) == 0
    out = capsys.readouterr().out
    assert "sales.gaps" not in out
    assert "in 10 days from 2026-11-13" in out
    assert cli.main(["backtest", "--table", "nothing", *AT]) == 2
    assert capsys.readouterr().err == "nothing matches none of the 2 tables that the config watches\n"
    assert cli.main(["backtest", "--table", "sales.gap", "--table", "WEB.event", *AT]) == 2
    assert capsys.readouterr().err == (
        "sales.gap, WEB.event matches none of the 2 tables that the config watches; "
        "did you mean sales.gaps or web.events?\n"
    )


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            ["--arrivals", "a.csv", "--config", "checks.yml"],
            "--config is of the lake's own history, and cannot stand",
        ),
        (["--arrivals", "a.csv", "--candidate", "checks.yml"], "--candidate is of the lake's own history"),
        (["--arrivals", "a.csv", "--table", "x"], "--table is of the lake's own history"),
        (["--train", "60d"], "--train is of recorded arrivals; write --arrivals FILE beside it"),
        (["--until", "2026-01-01"], "--until is of recorded arrivals"),
        (["--false-alarms", "1/month"], "--false-alarms is of recorded arrivals"),
        (["--candidate", "none.yml"], "none.yml: there is no such file"),
        (["--cron", "often"], "'often' is no schedule"),
        (["--config", "bad.yml"], "bad.yml:"),
    ],
)
def test_wrong_options_are_told(
    a_lake: HttpLake, tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], said: str
) -> None:
    (tmp_path / "bad.yml").write_text("tables: 3", encoding="utf-8")
    assert cli.main(["backtest", *options]) == 2
    assert capsys.readouterr().err.startswith(said)
    assert asked(a_lake) == {}


def test_replayed_side_by_side_it_tells_the_same(
    a_lake: HttpLake, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    from checks import side_by_side

    monkeypatch.setattr(side_by_side, "processors", lambda: 2)
    in_one_place(a_lake, "web.sizes", (NOW - n * DAY for n in range(80)))
    partitioned(a_lake, "sales.learned", in_the_morning("learned", lost=(50,)))
    many = (
        f"{CONFIG}  - table: sales.learned\n    partitions: {{every: 1d, auto: true, lookback: 3}}\n    volume: auto\n"
        "  - table: web.sizes\n    freshness: {auto: true, max_age: 40h}\n    volume: auto\n"
        "  - table: web.gone\n"
    )
    (tmp_path / "checks.yml").write_text(many, encoding="utf-8")
    told = []
    for fewest in (100, 1):
        monkeypatch.setattr("checks.backtest_commands._MANY", fewest)
        assert cli.main(["backtest", "--candidate", "other.yml", *AT]) == 3
        told.append(capsys.readouterr())
    assert told[0] == told[1]
    assert "web.sizes" in told[0].out
