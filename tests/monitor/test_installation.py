"""A program that lacks a part of itself fails by name; it never tells tables as unknown for it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from botocore.exceptions import DataNotFoundError, NoRegionError, UnknownServiceError

from checks import assess, cli, command_base, monitor
from checks.assess import row_of
from checks.aws.problems import asked_s3, problem_of
from checks.aws.refusals import attempt
from checks.config import load
from checks.installation import BrokenInstallation, refuse_broken
from checks.lake.observe import internal_problem
from checks.lake.pool import observe_all
from checks.model import Observation, ProblemKind, TableMemory
from checks.monitor import last_good
from checks.rules.asking import (
    Clock,
)
from checks.rules.base import (
    Direction,
    Row,
    TablePlan,
)
from lambda_handler import lambda_handler
from tests.support.accounts import Team
from tests.support.lakes import prefix
from tests.support.real_lake import RealLake, clock
from tests.support.times import at

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.lakes import HttpLake

ROOT = Path(__file__).parents[2]
NOW = at("2026-11-23 06:00")
LACKING = (
    ModuleNotFoundError("No module named 'pyarrow'"),
    ImportError("libarrow.so.2500: undefined symbol"),
    UnknownServiceError(service_name="glue", known_service_names="s3"),
    DataNotFoundError(data_path="sns"),
    BrokenInstallation("told already"),
)
TABLE = prefix("s3://lake/a/")


def raising(error: BaseException) -> Callable[..., Any]:
    def raise_it(*_: object, **__: object) -> Any:
        raise error

    return raise_it


def meet(place: str, error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the error be met where exceptions become problems."""
    match place:
        case "problem":
            problem_of(error, asked_s3("GetObject", "lake", "a"))
        case "internal":
            internal_problem(TABLE, error)
        case "pool":
            plans = [TablePlan(table=prefix(f"s3://lake/t{number}/"), rules=()) for number in range(9)]
            observe_all(plans, Clock(now=NOW), raising(error), concurrency=3, table_timeout_s=60)
        case "row":
            rule: Any = SimpleNamespace(measure=raising(error), check="freshness")
            row_of(rule, Observation(table=TABLE, now=NOW), Clock(now=NOW), TableMemory())
        case _:
            row: Row[Any] = Row(table="a.b", check="freshness", direction=Direction.AT_MOST, observed=1.0)
            monkeypatch.setattr(assess, "_validate", raising(error))
            assess.judge("freshness", [row])


@pytest.mark.parametrize("error", LACKING, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("place", ["problem", "internal", "pool", "row", "judge"])
def test_wherever_exceptions_become_problems_a_missing_part_is_raised(
    place: str, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(BrokenInstallation) as caught:
        meet(place, error, monkeypatch)
    assert str(error) in str(caught.value)
    if not isinstance(error, BrokenInstallation):
        assert type(error).__name__ in str(caught.value)
        assert "make package" in str(caught.value)
        assert caught.value.__cause__ is error


@pytest.mark.parametrize("error", LACKING, ids=lambda error: type(error).__name__)
def test_what_is_sent_and_remembered_by_an_sdk_that_is_not_whole_is_no_refusal(error: Exception) -> None:
    with pytest.raises(ImportError, match=re.escape(str(error))):
        attempt(raising(error))
    assert attempt(raising(refused := NoRegionError())) == (None, refused)


@pytest.mark.parametrize(
    "error", [NoRegionError(), KeyError("import"), OSError("No module named 'x'"), ValueError()]
)
def test_any_other_fault_is_a_problem_of_one_table(error: Exception) -> None:
    refuse_broken(error)
    assert internal_problem(TABLE, error).kind is ProblemKind.INTERNAL


@pytest.mark.parametrize("kind", ["ImportError", "ModuleNotFoundError"])
def test_what_great_expectations_could_not_import_is_raised(kind: str) -> None:
    failed = {
        "exception_message": "No module named 'scipy'",
        "exception_traceback": f"Traceback (most recent call last):\n  File ...\n{kind}: No module named 'scipy'\n",
        "raised_exception": True,
    }
    result = SimpleNamespace(result={}, exception_info={"('m', (), ())": failed}, success=False)
    with pytest.raises(BrokenInstallation, match="No module named 'scipy'"):
        assess._failing_ids(result, pd.DataFrame())
    failed["exception_traceback"] = "Traceback (most recent call last):\nKeyError: 'ImportError'\n"
    assert "raised an exception" in assess._failing_ids(result, pd.DataFrame()).message  # type: ignore[union-attr]


@pytest.mark.parametrize("module", ["pyarrow", "awswrangler", "cronsim", "great_expectations"])
def test_a_night_without_a_library_fails_and_tells_nobody_that_tables_are_unknown(
    module: str, lake: HttpLake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = RealLake(lake, tmp_path / "engines", clock())
    config = real.build()
    config["tables"][0]["partitions"] = {"every": "1d", "due": "0 6 * * *"}
    monkeypatch.setattr(last_good, "load_environment", lambda *_, **__: load(config, environ={}))
    team = Team(lake)
    monkeypatch.setenv("TOPIC_ARN", team.topic)
    monkeypatch.setenv("HISTORY", "s3://ops/monitor/")
    for name in [name for name in sys.modules if name.partition(".")[0] == module]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError, match=module):
        lambda_handler({"id": "a-night", "time": real.now.isoformat()}, None)
    assert team.mails() == []


def test_the_command_says_it_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "checks.yml").write_text(
        "version: 1\ntables: [{prefix: 's3://lake/a/', freshness: {max_age: 1d}}]\n"
    )
    monkeypatch.chdir(tmp_path)
    for error in (ModuleNotFoundError("No module named 'boto3'"), BrokenInstallation("told already")):
        monkeypatch.setattr(monitor, "run", raising(error))
        assert cli.main(["run", "--no-send"]) == command_base.NOT_DELIVERED
        told = capsys.readouterr().err
        assert str(error) in told
        assert ("installation is broken" in told) is not isinstance(error, BrokenInstallation)


def test_what_tells_of_it_imports_nothing_else() -> None:
    script = "import sys, checks.installation, checks.bundle; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-S", "-c", script], cwd=ROOT, check=True, capture_output=True, text=True
    )
    outside = {name.partition(".")[0] for name in done.stdout.split()} - set(sys.stdlib_module_names)
    assert outside == {"checks", "__main__"}
