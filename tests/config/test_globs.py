"""Which objects are data: globs as they are typed, and what is told where none can match."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from checks.config import ConfigErrors, load
from checks.config.schema import json_schema
from checks.layout.data_files import Chosen, is_data
from checks.layout.globs import refuse_no_glob
from checks.model import Status
from checks.rules.asking import Clock
from checks.rules.base import TablePlan
from tests.support.lakes import MemoryLake, prefix
from tests.support.times import DAY, HOUR, UTC_ZONE, at
from tests.support.verdicts import look, rules_of

NOW = at("2026-11-23 08:00")


def loaded(**keys: Any) -> Any:
    entry = {"prefix": "s3://raw/fh/", "freshness": {"max_age": "24h"}, **keys}
    return load({"version": 1, "tables": [entry]}, environ={})


@pytest.mark.parametrize(
    ("glob", "instead"),
    [
        (r".*\.parquet$", "*.parquet"), ("^part-.*[.]csv$", "part-*"), (r"part-\d+\.csv", "part-*.csv"),
        (r".+\.json", "*.json"), ("(a|b).csv", "*.csv"), ("part-[0-9]+.csv", "part-*.csv"), (".*", "*"),
        ("**/*.parquet", "*.parquet"), ("in/**/*.csv", "in/*.csv"), ("**.csv", "*.csv"), ("in/**", "in/*"),
        ("*.{csv,parquet}", '["*.csv", "*.parquet"]'), ("{a,b}/*.{x,y}", '["a/*.x", "a/*.y", "b/*.x", "b/*.y"]'),
        ("*.csv,*.parquet", '["*.csv", "*.parquet"]'), (".csv; .tsv", '["*.csv", "*.tsv"]'),
        ("*.csv|*.tsv", '["*.csv", "*.tsv"]'),
        ("s3://raw/p4/*.parquet", "*.parquet"), ("s3a://raw/p4/", "*"), ("/*.parquet", "*.parquet"),
        (".parquet", "*.parquet"), ("_SUCCESS", "*_SUCCESS"),
        ("parquet", "*.parquet"), ("CSV", "*.CSV"), ("gz", "*.gz"),
        ("in/", "in/*"), ("%.csv", "*.csv"), ("%Y-%m-%d.csv", "*.csv"), ("!*.tmp", "ignore"),
    ],
)  # fmt: skip
def test_what_is_no_glob_is_told_with_what_to_write(glob: str, instead: str) -> None:
    for key in ("pattern", "ignore"):
        with pytest.raises(ConfigErrors) as told:
            loaded(**{key: ["*.txt", glob]})
        assert f"fh/: {key}: " in str(told.value)
        assert instead in str(told.value).partition("write ")[2]


@pytest.mark.parametrize(
    "glob",
    [
        "*", "*.csv.gz", "in/*.csv", "20*/*.gz", "part-[0-9]*", "part-?????.parquet", "data.csv", "a,b.csv", "x{1}.csv",
        "report (final)*.xlsx", "data.*", "*+00:00.json", "*$x", "*.c*", "100%*.csv",
        "_load_date=*/*.parquet", "export",
        "[!_]*.csv", "a+b.csv",
    ],
)  # fmt: skip
def test_what_may_be_meant_is_taken(glob: str) -> None:
    assert refuse_no_glob(glob) == glob
    assert loaded(pattern=glob, ignore=glob)


def test_one_or_several_in_the_config_and_its_schema() -> None:
    config = loaded(pattern=["*.csv.gz", "*.csv", "*.csv"], ignore="errors/*")
    entry = config.resolve_prefix("s3://raw/fh/").entry
    assert (entry.pattern, entry.ignore) == (("*.csv.gz", "*.csv"), ("errors/*",))
    assert str(entry.chosen) == "*.csv.gz, *.csv but not errors/*"
    schema = Draft202012Validator(json.loads(json.dumps(json_schema())))
    for keys, is_valid in (
        ({"pattern": "*.csv"}, True), ({"pattern": ["*.csv"], "ignore": ["e/*", "f/*"]}, True),
        ({"ignore": "e/*"}, True), ({"pattern": []}, False), ({"ignore": 7}, False), ({"pattern": [1]}, False),
    ):  # fmt: skip
        document = {
            "version": 1,
            "tables": [{"prefix": "s3://raw/fh/", "freshness": {"max_age": "24h"}, **keys}],
        }
        assert schema.is_valid(document) is is_valid
        if not is_valid:
            with pytest.raises(ConfigErrors, match=r"write|quotes"):
                loaded(**keys)


@pytest.mark.parametrize(
    ("chosen", "path", "is_one"),
    [
        (Chosen(ignore=("errors/*",)), "errors/a.gz", False),
        (Chosen(ignore=("errors/*",)), "errors/2026/11/a.gz", False),
        (Chosen(ignore=("errors/*",)), "in/errors/a.gz", True),
        (Chosen(ignore=("*.tmp",)), "in/a.tmp", False),
        (Chosen(("*.gz", "*.csv"), ("*-old.*",)), "a.csv", True),
        (Chosen(("*.gz", "*.csv"), ("*-old.*",)), "a-old.csv", False),
        (Chosen(("*.gz", "*.csv"), ("*-old.*",)), "a.json", False),
        (Chosen(("20*/*.gz", "20*/*.parquet")), "processing-failed/2026/x.gz", False),
        (Chosen(("20*/*.gz", "20*/*.parquet")), "2026/11/x.parquet", True),
    ],
)
def test_which_objects_are_data(chosen: Chosen, path: str, is_one: bool) -> None:  # noqa: FBT001 - a table of cases
    assert is_data(path, chosen) is is_one


def plan_of(location: str, **keys: Any) -> TablePlan:
    checks = {"freshness": {"max_age": "24h"}}
    entry = load({"version": 1, "tables": [{"prefix": location, **checks, **keys}]}, environ={})
    resolved = entry.resolve_prefix(location)
    assert resolved is not None
    return TablePlan(table=prefix(location), rules=rules_of(checks, UTC_ZONE), entry=resolved.entry)


@pytest.mark.parametrize(
    "keys",
    [
        {"ignore": ["processing-failed/*"]},
        {"pattern": ["20*/*.gz", "20*/*.parquet"]},
        {"ignore": "*/failed-*"},
    ],
)
def test_what_errors_leave_keeps_no_dead_delivery_fresh(keys: dict[str, Any]) -> None:
    lake = MemoryLake()
    for number in range(10):
        day = at("2026-11-20 05:00") - number * DAY
        lake.put(f"s3://raw/fh/{day:%Y/%m/%d}/05/x.gz", day)
    lake.put("s3://raw/fh/processing-failed/2026/11/23/05/failed-x.gz", NOW - HOUR)
    assert look(lake, plan_of("s3://raw/fh/"), Clock(now=NOW))["freshness"].status is Status.PASS
    finding = look(lake, plan_of("s3://raw/fh/", **keys), Clock(now=NOW))["freshness"]
    assert finding.observed == at("2026-11-20 05:00")
    assert "leave out" not in finding.because  # it names some of them


@pytest.mark.parametrize(
    "keys", [{"pattern": "*.csv"}, {"ignore": "part*"}, {"pattern": "*.parquet", "ignore": ["p*"]}]
)
def test_a_choice_that_leaves_nothing_is_told_with_one(keys: dict[str, Any]) -> None:
    lake = MemoryLake()
    lake.put("s3://raw/p/2026/part-1.parquet", NOW - HOUR)
    finding = look(lake, plan_of("s3://raw/p/", **keys), Clock(now=NOW))["freshness"]
    assert finding.status is Status.FAIL
    told = "the entry's pattern and ignore leave out all that is there: 1 object, such as 2026/part-1.parquet"
    assert finding.because.endswith(told)
    lake.put("s3://raw/p/2026/x.parquet", NOW - HOUR)
    lake.put("s3://raw/p/2026/y.csv", NOW - 30 * HOUR)
    assert told not in look(lake, plan_of("s3://raw/p/", **keys), Clock(now=NOW))["freshness"].because
