"""The recipes of docs/gating.md do what they say: each is taken out of the page and run.

Airflow and Dagster are no dependencies: stand-ins for their modules take their place where they are not installed.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import re
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.lakes import HttpLake

PAGE = Path(__file__).parents[1] / "docs" / "gating.md"
HAS_AIRFLOW = importlib.util.find_spec("airflow") is not None
HAS_DAGSTER = importlib.util.find_spec("dagster") is not None


def recipe(name: str) -> str:
    """Return the block below the mark of that name."""
    text = PAGE.read_text(encoding="utf-8")
    (found,) = re.findall(rf"^<!-- tried: {name} -->\n```\w+\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    return str(found)


def executed(name: str) -> dict[str, Any]:
    """Run a recipe of Python as a module of its own, and return its names."""
    names: dict[str, Any] = {"__name__": "recipe"}
    exec(compile(recipe(name), name, "exec", dont_inherit=True), names)  # noqa: S102 - a page of our own
    return names


class Checks:
    """A stand-in for the command: exits with the code that it is told to, and notes what it was asked."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.exits_with(0)

    def exits_with(self, code: int) -> None:
        script = self.folder / "checks"
        script.write_text(f'#!/bin/sh\necho "$@" >> "{self.folder}/asked"\necho told >&2\nexit {code}\n')
        script.chmod(0o755)

    def asked(self) -> str:
        return (self.folder / "asked").read_text(encoding="utf-8").splitlines()[-1]


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Checks:
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.chdir(tmp_path)
    return Checks(tmp_path)


@pytest.mark.parametrize(("code", "ends"), [(0, 0), (1, 75), (2, 78), (3, 75)])
def test_the_script_loads_only_what_is_there(code: int, ends: int, command: Checks, tmp_path: Path) -> None:
    command.exits_with(code)
    load = tmp_path / "load_mart.sh"
    load.write_text('#!/bin/sh\necho "$1" > loaded\n')
    load.chmod(0o755)
    done = subprocess.run(["bash", "-c", recipe("script"), "load", "2026-11-22"], check=False)
    assert done.returncode == ends
    assert (tmp_path / "loaded").exists() == (code == 0)
    assert command.asked() == "wait sales.orders --period 2026-11-22 --timeout 2h --every 5m"


@pytest.mark.parametrize("name", ["script", "airflow", "airflow-bash", "dagster", "ecs"])
def test_what_recipes_call_is_a_call_that_the_command_line_takes(name: str) -> None:
    from checks import cli

    text = re.sub(r"\{\{.*?\}\}|\"\$day\"|\$\.day|context\.partition_key|\bday\b", "2026-11-22", recipe(name))
    call = re.search(r"(?:\bchecks wait|[\"']checks[\"'], [\"']wait[\"'],)[^\n\])]*", text)
    assert call is not None
    words = re.findall(r"[\w./:-]+", call[0].replace('"', " ").replace("'", " ").replace(",", " "))
    parsed = cli.parser().parse_args(words[1:])
    assert (parsed.table, parsed.period) == ("sales.orders", "2026-11-22")
    assert parsed.timeout in {timedelta(), timedelta(minutes=10), timedelta(hours=1), timedelta(hours=2)}


class Tasks:
    """A stand-in for Airflow's decorators, which keeps the functions that they are given."""

    def __init__(self) -> None:
        self.functions: dict[str, Callable[..., Any]] = {}
        self.order: list[tuple[str, str]] = []

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        self.functions[function.__name__] = function
        return lambda *given: _Called(function.__name__, given, self.order)

    def sensor(self, **settings: Any) -> Tasks:
        assert settings == {"poke_interval": 300, "timeout": 7200.0, "mode": "reschedule"}
        return self


class _Called:
    def __init__(self, name: str, given: tuple[Any, ...], order: list[tuple[str, str]]) -> None:
        self.name, self.given, self.order = name, given, order

    def __rshift__(self, other: _Called) -> _Called:
        self.order.append((self.name, other.name))
        return other


def module(monkeypatch: pytest.MonkeyPatch, name: str, **holds: Any) -> None:
    """Put a module of that name, and the packages that it lies in, where imports find them."""
    parts = name.split(".")
    for end in range(1, len(parts) + 1):
        path = ".".join(parts[:end])
        if path not in sys.modules:
            monkeypatch.setitem(sys.modules, path, ModuleType(path))
    vars(sys.modules[name]).update(holds)


def airflows_sensor(monkeypatch: pytest.MonkeyPatch) -> tuple[Callable[[str], bool], type[Exception]]:
    """Return the function that the recipe's sensor calls, and what fails at once."""
    if HAS_AIRFLOW:
        names = executed("airflow")
        tasks = names["mart"]().task_dict
        assert tasks["load"].upstream_task_ids == {"orders_are_there"}
        return tasks["orders_are_there"].python_callable, names["AirflowFailException"]
    task = Tasks()
    module(
        monkeypatch,
        "airflow.sdk.exceptions",
        AirflowFailException=type("AirflowFailException", (Exception,), {}),
    )
    module(monkeypatch, "airflow.sdk", task=task, dag=lambda **_: lambda function: function)
    names = executed("airflow")
    assert task.order == [("orders_are_there", "load")]
    return task.functions["orders_are_there"], names["AirflowFailException"]


def test_airflows_sensor_goes_on_when_the_data_is_there(
    command: Checks, monkeypatch: pytest.MonkeyPatch
) -> None:
    poke, fails_at_once = airflows_sensor(monkeypatch)
    assert poke("2026-11-22") is True
    assert (
        command.asked()
        == "wait sales.orders --period 2026-11-22 --timeout 0s --config s3://acme-ops/checks.yml"
    )
    for code in (1, 3):
        command.exits_with(code)
        assert poke("2026-11-22") is False
    command.exits_with(2)
    with pytest.raises(fails_at_once, match="told"):
        poke("2026-11-22")


def test_airflows_one_line_runs_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    if not HAS_AIRFLOW:
        module(
            monkeypatch,
            "airflow.providers.standard.operators.bash",
            BashOperator=SimpleNamespace,
        )
    operator = executed("airflow-bash")["orders_are_there"]
    assert operator.bash_command.startswith("checks wait sales.orders --period {{ ")
    assert operator.retries == 2


class _Told(Exception):  # noqa: N818 - a stand-in for Dagster's
    def __init__(self, *_: Any, **settings: Any) -> None:
        super().__init__(settings)
        self.allow_retries = settings.get("allow_retries")
        self.seconds_to_wait = settings.get("seconds_to_wait")


def test_dagsters_asset_asks_again_until_the_data_is_there(
    command: Checks, monkeypatch: pytest.MonkeyPatch
) -> None:
    context: Any = SimpleNamespace(partition_key="2026-11-22", log=SimpleNamespace(info=print))
    if HAS_DAGSTER:
        context = importlib.import_module("dagster").build_asset_context(partition_key="2026-11-22")
    else:
        module(
            monkeypatch,
            "dagster",
            AssetExecutionContext=object,
            DailyPartitionsDefinition=lambda **_: None,
            Failure=type("Failure", (_Told,), {}),
            RetryRequested=type("RetryRequested", (_Told,), {}),
            asset=lambda **_: lambda function: function,
        )
    names = executed("dagster")
    names["orders_are_there"](context)
    assert command.asked() == "wait sales.orders --period 2026-11-22 --timeout 10m"
    for code in (1, 3):
        command.exits_with(code)
        with pytest.raises(names["RetryRequested"]) as again:
            names["orders_are_there"](context)
        assert again.value.seconds_to_wait == 300
    command.exits_with(2)
    with pytest.raises(names["Failure"]) as ended:
        names["orders_are_there"](context)
    assert ended.value.allow_retries is False


def answers(lake: HttpLake, folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Return what the Lambda answers where the table cannot be read, before its data came, and after."""
    from checks import monitor
    from lambda_handler import lambda_handler
    from tests.support.accounts import land_days
    from tests.support.times import at

    config = "version: 1\ntables: [{table: sales.orders, partitions: {every: 1d, lookback: 3}}]\n"
    (folder / "checks.yml").write_text(config, encoding="utf-8")
    monkeypatch.setenv("CONFIG", str(folder / "checks.yml"))
    monkeypatch.setattr(monitor, "_clock", lambda: at("2026-11-23 07:00"))
    event = {"wait": "sales.orders", "period": "2026-11-22"}
    told = [lambda_handler(event, None)]
    table = lake.table("sales.orders", dt="string")
    land_days(lake, table, "2026-11-10", "2026-11-21")
    told.append(lambda_handler(event, None))
    land_days(lake, table, "2026-11-22", "2026-11-22")
    return [*told, lambda_handler(event, None)]


def ended(client: Any, arn: str) -> dict[str, Any]:
    for _ in range(300):
        told: dict[str, Any] = client.describe_execution(executionArn=arn)
        if told["status"] != "RUNNING":
            return told
        time.sleep(0.1)
    pytest.fail("the execution does not end")


def test_step_functions_waits_by_the_lambdas_answers(
    lake: HttpLake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import boto3
    from moto import mock_aws
    from moto.awslambda_simple.models import lambda_simple_backends

    told_by_the_lambda = answers(lake, tmp_path, monkeypatch)
    assert [each["there"] for each in told_by_the_lambda] == [None, False, True]
    definition = json.loads(recipe("lambda"))
    payload = definition["States"]["Look"]["Parameters"]["Payload"]
    assert payload == {"wait": "sales.orders", "period.$": "$.day"}
    definition["States"]["Wait a while"]["Seconds"] = 1
    for name in [name for name in os.environ if name.startswith("AWS_ENDPOINT_URL")]:
        monkeypatch.delenv(name)
    with mock_aws(config={"stepfunctions": {"execute_state_machine": True}, "lambda": {"use_docker": False}}):
        role = "arn:aws:iam::123456789012:role/machine"
        functions = boto3.client("lambda", region_name="eu-west-1")
        boto3.client("iam", region_name="eu-west-1").create_role(
            RoleName="machine", AssumeRolePolicyDocument="{}"
        )
        functions.create_function(
            FunctionName="s3-table-monitor-prod",
            Role=role,
            Code={"ZipFile": b"x"},
            Runtime="python3.13",
            Handler="a.b",
        )
        queue = lambda_simple_backends["123456789012"]["eu-west-1"].lambda_simple_results_queue
        queue += [json.dumps(each) for each in told_by_the_lambda]
        client = boto3.client("stepfunctions", region_name="eu-west-1")
        machine = client.create_state_machine(name="wait", definition=json.dumps(definition), roleArn=role)
        started = client.start_execution(
            stateMachineArn=machine["stateMachineArn"], input='{"day": "2026-11-22"}'
        )
        told = ended(client, started["executionArn"])
        assert told["status"] == "SUCCEEDED", told
        seen = {"there": True, "because": "2026-11-22 of sales.orders has its data"}
        assert json.loads(told["output"]) == {"day": "2026-11-22", "seen": seen}
        history = client.get_execution_history(executionArn=started["executionArn"])["events"]
        entered = [
            each["stateEnteredEventDetails"]["name"] for each in history if "stateEnteredEventDetails" in each
        ]
        assert entered == ["Look", "Is it there?", "Wait a while"] * 2 + ["Look", "Is it there?", "Load"]


def test_the_machine_that_runs_a_container_is_one_that_the_parser_takes() -> None:
    from moto.stepfunctions.parser.asl.static_analyser.static_analyser import StaticAnalyser

    StaticAnalyser().analyse(recipe("ecs"))
    states = json.loads(recipe("ecs"))["States"]
    assert states["Wait for orders"]["Next"] in states
