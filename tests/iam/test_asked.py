"""The proof that what is asked for is what is declared: what it would find, and that it hears all ways of asking."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

from checks.iam import registry
from checks.lake.fetch import fetch
from tests.conftest import ASKED
from tests.support.asked import DEMO, UNDECLARED, Recorder, asking, differences, joined, owner
from tests.support.rule_checks import NOW, look, plan_of

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tests.support.lakes import HttpLake

ALL = [
    (module, action)
    for found in (registry.declared(), registry.of_setup())
    for module, actions in found.items()
    for action in actions
]


def called_from(*names: str) -> Any:
    """Return a frame whose callers are in these modules, the nearest first."""
    source = "def call(rest):\n    return rest[0](rest[1:]) if rest else frame()\n"
    found: list[Any] = []
    for name in reversed(names):
        module = ModuleType(name)
        module.__dict__.update(frame=sys._getframe)
        exec(compile(source, f"<{name}>", "exec"), module.__dict__)  # noqa: S102 - a module that is none
        found.append(module.__dict__["call"])
    return found[0](found[1:])


def test_all_that_is_declared_and_asked_for_is_well() -> None:
    assert differences(ALL) == []


def test_what_is_declared_and_never_asked_for_is_told() -> None:
    assert differences([pair for pair in ALL if pair != ("checks.channels.sns", "sns:Publish")]) == [
        "checks.channels.sns declares sns:Publish, and no test has it ask for that"
    ]


def test_what_nobody_declares_is_told() -> None:
    names = asking(called_from("checks.channels.sns", "checks.monitor.delivery"))
    pair = owner(names, "sns:GetTopicAttributes"), "sns:GetTopicAttributes"
    assert differences([*ALL, pair]) == [
        "checks.channels.sns asks for sns:GetTopicAttributes, which neither it nor its caller declares"
    ]


def test_a_reader_of_a_format_answers_for_all_below_it() -> None:
    names = ["checks.lake.s3.objects", "checks.lake.formats.iceberg", "checks.lake.observe"]
    assert owner(names, "s3:GetObject") == "checks.lake.formats.iceberg"
    assert owner(names, "s3:ListBucket") == f"{UNDECLARED} checks.lake.formats.iceberg"
    assert owner(["checks.lake.s3.objects", "checks.lake.observe"], "s3:ListBucket") == "checks.lake.observe"


def test_a_thread_that_helps_asks_for_the_lake() -> None:
    assert owner(["checks.lake.s3.objects", "checks.lake.s3.split"], "s3:ListBucket") == "checks.lake"
    assert differences([*ALL, ("checks.lake", "s3:DeleteObject")]) == [
        "checks.lake asks for s3:DeleteObject, which no part of it declares"
    ]


def test_what_tests_and_the_demo_ask_for_is_none_of_it() -> None:
    recorder = Recorder()
    recorder.note("s3:DeleteObject", called_from("tests.support.lakes"))
    recorder.note("s3:DeleteObject", called_from(DEMO, "checks.cli"))
    assert recorder.pairs == set()


def test_both_ways_of_asking_are_noted(lake: HttpLake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ASKED, "pairs", set())
    table = lake.table("sales.orders")
    for number in range(3):
        lake.put(f"{table.location}{number}.parquet", NOW)
    plan = plan_of(table, freshness={"max_age": "24h"})
    look(lake, plan)
    assert ASKED.pairs == {("checks.lake.observe", "s3:ListBucket")}
    ASKED.pairs.clear()
    look(lake, plan)  # the short way, which learned from the first time
    assert ASKED.pairs == {("checks.lake.observe", "s3:ListBucket")}
    lake.s3.put_object("lake", "checks.yml", b"version: 1")
    assert fetch("s3://lake/checks.yml", 100) == b"version: 1"
    assert ("checks.lake.fetch", "s3:GetObject") in ASKED.pairs


def test_processes_are_joined(tmp_path: Path) -> None:
    for worker, pair in (("gw0", ("a", "s3:GetObject")), ("gw1", ("b", "s3:PutObject"))):
        recorder = Recorder()
        recorder.pairs.add(pair)
        recorder.save(tmp_path / "asked", worker)
    assert joined(tmp_path / "asked") == {("a", "s3:GetObject"), ("b", "s3:PutObject")}
