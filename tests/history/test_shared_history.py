"""Configs that share a history: each has its own state, and none speaks for another."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from checks import cli, monitor
from checks.config import load
from checks.config.environment import from_tables
from checks.monitor.owner import OfAnotherConfig, Owner
from tests.support.accounts import Team
from tests.support.times import DAY, HOUR, at

if TYPE_CHECKING:
    from collections.abc import Mapping

    from checks.monitor import Outcome
    from tests.support.lakes import HttpLake

MORNING = at("2026-11-23 07:00")


@pytest.fixture
def shared(lake: HttpLake) -> HttpLake:
    """Two tables in two buckets; nothing came into either for three days."""
    for name in ("a", "b"):
        lake.put(f"s3://table-{name}/x/old.parquet", MORNING - 3 * DAY)
    return lake


def write(path: str, table: str, name: str | None = None, topic: str = "") -> str:
    """Write a config of one prefix."""
    lines = ["version: 1"]
    lines += [f"name: {json.dumps(name)}"] if name is not None else []
    lines += [f"topic: {topic}"] if topic else []
    lines += [
        f"history: {json.dumps(str(Path('.checks').resolve()))}"
    ]  # one for all: the default lies beside each
    lines += ["tables:", f"  - {{prefix: s3://table-{table}/, freshness: {{max_age: 24h}}}}"]
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def run(path: str, now: Any = MORNING, **more: Any) -> Outcome:
    return monitor.run(load(path, environ={}), monitor.Request(now=now, **more), os.environ)


def reasons(outcome: Outcome) -> set[tuple[str, str]]:
    return {(change.table, change.reason.value) for change in outcome.report.changes}


@pytest.mark.parametrize("names", [("team-a", "team-b"), (None, None), ("Prod", "prod"), ("a/b", "a-b")])
def test_two_names_neither_resolve_nor_repeat_nor_silence_each_other(
    shared: HttpLake, names: tuple[str | None, str | None]
) -> None:
    teams = Team(shared, "team-a"), Team(shared, "team-b")
    paths = [
        write(f"{table}.yml", table, name, team.topic)
        for table, name, team in zip("ab", names, teams, strict=True)
    ]
    for path, team, table in zip(paths, teams, "ab", strict=True):
        assert reasons(run(path)) == {(f"s3://table-{table}/", "new")}
        assert len(team.mails()) == 1
    for path, team, table in zip(paths, teams, "ab", strict=True):
        assert reasons(run(path, MORNING + HOUR)) == {(f"s3://table-{table}/", "ongoing")}
        assert team.mails() == []
    shared.put("s3://table-b/x/new.parquet", MORNING + HOUR)
    assert reasons(run(paths[1], MORNING + 2 * HOUR)) == {("s3://table-b/", "resolved")}
    assert reasons(run(paths[0], MORNING + 2 * HOUR)) == {("s3://table-a/", "ongoing")}
    assert len(list(Path(".checks/states").iterdir())) == 2


def test_the_same_event_is_reported_by_each_config(shared: HttpLake) -> None:
    for table in "ab":
        outcome = run(write(f"{table}.yml", table), event_id="e-1")
        assert not outcome.already_reported
    assert sorted(str(path) for path in Path(".checks/runs").rglob("*.json")) == [
        ".checks/runs/a/2026-11-23/e-1.json",
        ".checks/runs/b/2026-11-23/e-1.json",
    ]


def test_one_name_for_two_configs_with_no_table_in_common_is_refused(
    shared: HttpLake, capsys: pytest.CaptureFixture[str]
) -> None:
    team = Team(shared)
    run(write("one/checks.yml", "a"))
    kept = Path(".checks/states/checks.json").read_bytes()
    write("two/checks.yml", "b", topic=team.topic)
    assert cli.main(["run", "--config", "two/checks.yml"]) == 2
    said = capsys.readouterr().err
    assert re.search(
        r"The history under the name 'checks' was written by another config, .*/one/checks\.yml, and the two watch no "
        r"table in common; give .*/two/checks\.yml a `name` of its own, or another `history`\.",
        said,
    )
    assert Path(".checks/states/checks.json").read_bytes() == kept
    assert team.mails() == []
    write("two/checks.yml", "b", "two", team.topic)
    assert cli.main(["run", "--config", "two/checks.yml"]) == 1
    assert len(team.mails()) == 1


def test_what_moves_nothing_is_not_refused_and_knows_nothing_of_the_other(shared: HttpLake) -> None:
    run(write("one/checks.yml", "a"))
    outcome = run(write("two/checks.yml", "b"), send=False, keep=False)
    assert reasons(outcome) == {("s3://table-b/", "new")}
    (note,) = outcome.report.notes
    assert "watch no table in common" in note


def test_a_config_that_was_moved_or_whose_tables_were_changed_goes_on(shared: HttpLake) -> None:
    run(write("one/checks.yml", "a"))
    moved = run(write("two/checks.yml", "a"), MORNING + HOUR)
    assert reasons(moved) == {("s3://table-a/", "ongoing")}
    changed = run(write("two/checks.yml", "b"), MORNING + 2 * HOUR)  # at the same place: another table
    assert reasons(changed) == {("s3://table-a/", "no longer watched"), ("s3://table-b/", "new")}


def test_a_lambda_fails_where_another_lambdas_config_of_that_name_wrote(
    shared: HttpLake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HISTORY", "shared")
    for function, table in (("one", "a"), ("two", "b")):
        monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", function)
        monkeypatch.setenv("TABLES", f"s3://table-{table}/")
        if function == "one":
            assert monitor.run_event({}, None).delivered
            monkeypatch.setenv("TABLES", "s3://table-b/")  # the same function may watch other tables
            assert monitor.run_event({}, None).delivered
            monkeypatch.setenv("TABLES", "s3://table-a/")
            assert monitor.run_event({}, None).delivered
        else:
            with pytest.raises(
                OfAnotherConfig,
                match=r"TABLES of the function one, .* set another HISTORY, or CONFIG",
            ):
                monitor.run_event({}, None)


@pytest.mark.parametrize(
    ("source", "stated", "known_as"),
    [
        ("checks.yml", None, "checks"),
        ("some/where/team.prod.yaml", None, "team.prod"),
        ("plain", None, "plain"),
        (".hidden", None, ".hidden"),
        ("checks.yml", "prod", "prod"),
    ],
)
def test_the_name_is_that_of_the_file_where_none_is_stated(
    tmp_path: Path, source: str, stated: str | None, known_as: str
) -> None:
    assert load(write(str(tmp_path / source), "a", stated), environ={}).known_as == known_as


def test_what_is_no_file_has_a_name_too(shared: HttpLake) -> None:
    tables: Mapping[str, Any] = {"version": 1, "tables": [{"table": "a.b"}]}
    assert load(tables, environ={}).known_as == "config"
    assert (
        load("s3://ops/team/nightly.yml", environ={}, fetch=lambda _: json.dumps(tables).encode()).known_as
        == "nightly"
    )
    assert from_tables("a.b").known_as == "TABLES"
    in_s3 = load("s3://ops/team/nightly.yml", environ={}, fetch=lambda _: json.dumps(tables).encode())
    assert Owner.of(in_s3, {"AWS_LAMBDA_FUNCTION_NAME": "f"}).at == "s3://ops/team/nightly.yml"
    assert Owner.of(from_tables("a.b"), {}).at == f"TABLES in {Path.cwd()}"
    assert Owner.of(load(tables, environ={}), {}).at == "config"
