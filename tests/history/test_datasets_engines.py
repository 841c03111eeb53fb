"""How the data sets are made known to engines: in Glue by a command, and by statements to copy; never by a run."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from checks import cli
from checks.history.datasets import DATASETS, engines

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.lakes import HttpLake

CONFIG = "version: 1\nname: prod\nhistory: {history}\ntables:\n  - {{table: sales.orders}}\n"


@pytest.fixture
def glue(lake: HttpLake) -> Any:
    return boto3.client("glue")


def checks(capsys: pytest.CaptureFixture[str], history: str, *options: str) -> tuple[int, str, str]:
    from pathlib import Path

    Path("checks.yml").write_text(CONFIG.format(history=history), encoding="utf-8")
    code = cli.main(["history", *options])
    told = capsys.readouterr()
    return code, told.out, told.err


def test_one_command_makes_the_database_and_its_tables_and_is_harmless_again(
    glue: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = checks(capsys, "s3://ops/m/", "--register", "seen")
    assert (code, err) == (0, "")
    assert out.splitlines() == [f"made seen.{name}" for name in DATASETS]
    assert {table["Name"] for table in glue.get_tables(DatabaseName="seen")["TableList"]} == set(DATASETS)
    table = glue.get_table(DatabaseName="seen", Name="findings")["Table"]
    assert table["PartitionKeys"] == [
        {"Name": "day", "Type": "string", "Comment": "the date of the run, in UTC"}
    ]
    assert [column["Name"] for column in table["StorageDescriptor"]["Columns"]] == list(
        DATASETS["findings"].columns
    )
    assert table["StorageDescriptor"]["Location"] == "s3://ops/m/datasets/findings/"
    parameters = table["Parameters"]
    assert parameters["projection.enabled"] == "true"
    assert parameters["storage.location.template"] == "s3://ops/m/datasets/findings/day=${day}/"
    assert parameters["projection.day.range"] == "2026-01-01,NOW+1DAYS"
    code, out, err = checks(capsys, "{at: s3://ops/m/, keep: 400d}", "--register", "seen")
    assert (code, err) == (0, "")
    assert out.splitlines() == [f"brought seen.{name} up to date" for name in DATASETS]
    table = glue.get_table(DatabaseName="seen", Name="findings")["Table"]
    assert table["Parameters"]["projection.day.range"] == "NOW-401DAYS,NOW+1DAYS"


def test_a_table_that_is_another_ones_is_left_alone_and_told(
    glue: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    glue.create_database(DatabaseInput={"Name": "seen"})
    mine = {"Name": "runs", "StorageDescriptor": {"Location": "s3://mine/runs/"}, "Parameters": {"a": "b"}}
    glue.create_table(DatabaseName="seen", TableInput=mine)
    code, _, err = checks(capsys, "s3://ops/m/", "--register", "seen")
    assert code == 3
    assert err == (
        "There is a table seen.runs already that is not of this history (s3://mine/runs/); name another database, or "
        "drop it.\n"
    )
    assert glue.get_table(DatabaseName="seen", Name="runs")["Table"]["Parameters"] == {"a": "b"}


def test_two_histories_do_not_share_a_database(glue: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert checks(capsys, "s3://ops/m/", "--register", "seen")[0] == 0
    code, _, err = checks(capsys, "s3://ops/other/", "--register", "seen")
    assert code == 3
    assert "(s3://ops/m/datasets/runs/)" in err


def test_a_local_history_is_none_for_athena(glue: Any, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = checks(capsys, "kept/", "--register", "seen")
    assert (code, out) == (3, "")
    assert err.startswith("kept is a local folder, which Athena cannot read; set `history` to an s3:// URI")
    code, out, err = checks(capsys, "kept/", "--ddl")
    assert (code, err) == (0, "")
    assert len(out.splitlines()) == len(DATASETS)
    assert "read_parquet" not in out  # nothing is there yet


@pytest.mark.parametrize("name", ["Seen", "a-b", "a b", "a`b", "a;drop", "", "é", "a" * 201])
def test_a_name_that_athena_does_not_take_is_a_mistake(
    lake: HttpLake, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for option in ("--ddl", "--register"):
        code, out, err = checks(capsys, "s3://ops/m/", option, name)
        assert (code, out) == (2, "")
        assert "is no name for a database; write small letters, digits and _" in err


def test_what_is_refused_is_told_with_what_to_allow(
    lake: HttpLake, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from botocore.exceptions import ClientError

    class Refusing:
        def create_table(self, **_: Any) -> None:
            raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "CreateTable")

    monkeypatch.setattr("checks.aws.clients.glue", Refusing)
    code, _, err = checks(capsys, "s3://ops/m/", "--register", "seen")
    assert code == 3
    assert err == (
        "Access to the table seen.runs is denied; allow glue:CreateTable on it for whoever registers the data sets.\n"
    )


def test_the_statements_say_what_registering_does(lake: HttpLake, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = checks(capsys, "s3://ops/m/", "--ddl")
    assert (code, err) == (0, "")
    assert out.startswith("CREATE DATABASE IF NOT EXISTS s3_table_monitor;\n")
    made = re.findall(
        r"CREATE EXTERNAL TABLE IF NOT EXISTS s3_table_monitor\.(\w+) \((.*?)\n\)\nCOMMENT", out, re.DOTALL
    )
    assert [name for name, _ in made] == list(DATASETS)
    for name, columns in made:
        table = engines.table_input(DATASETS[name], "s3://ops/m/")
        stated = re.findall(r"^  `(\w+)` (\w+) COMMENT '", columns, re.MULTILINE)
        assert stated == [(one["Name"], one["Type"]) for one in table["StorageDescriptor"]["Columns"]]
        for key, value in table["Parameters"].items():
            assert key == "EXTERNAL" or f"  '{key}' = '{value}'" in out


@pytest.mark.parametrize("place", ["s3://ops/it's/", "s3://ops/a\\b/", "s3://ops/'; DROP TABLE x; --/"])
def test_quotes_in_a_place_stay_within_their_text(place: str) -> None:
    text = engines.statements(place, "seen")
    outside = re.sub(r"'(?:[^'\\]|\\.)*'", "''", text)
    assert "DROP" not in outside
    assert outside.count("'") % 2 == 0
    assert len(re.findall(r"CREATE EXTERNAL TABLE", outside)) == len(DATASETS)


@pytest.mark.parametrize("place", ["s3://ops/${day}/", "s3://ops/a\x00b/", "s3://ops/a\nb/"])
def test_a_place_that_no_location_can_hold_is_told(place: str) -> None:
    for ask in (engines.statements, engines.register):
        with pytest.raises(engines.NotRegistered, match="cannot be written into a table's location"):
            ask(place, "seen")


def test_a_quote_in_a_local_place_is_read_all_the_same(tmp_path: Path) -> None:
    import duckdb

    from checks.history import open_history
    from checks.history.datasets import Batch, record
    from tests.support.times import at

    now = at("2026-11-23 07:00")
    place = tmp_path / "it's *[kept]?"
    batch = Batch(config="prod", run_id="r", now=now, rows={"runs": [{"config": "prod", "run_id": "r"}]})
    assert record(open_history(str(place), "prod"), batch).complaints == ()
    engine = duckdb.connect()
    engine.execute(engines.statements(str(place), "any", filled={"runs"}))
    assert engine.sql("SELECT run_id, day FROM runs").fetchall() == [("r", "2026-11-23")]
    for dataset in DATASETS.values():
        assert engine.table(dataset.name).columns == [*dataset.columns, "day"]
    assert engine.sql("SELECT * FROM marks").fetchall() == []
