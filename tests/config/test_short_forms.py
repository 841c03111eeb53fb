"""A bare word in place of a check's block, for checks that have one."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar
from zoneinfo import ZoneInfo

import pytest
from jsonschema import Draft202012Validator
from pydantic import Field

from checks.config import Config, ConfigErrors, json_schema, load
from checks.rules.base import (
    Binding,
    CheckConfig,
)
from checks.rules.freshness import FreshnessRule
from checks.rules.key_types import Duration

if TYPE_CHECKING:
    from collections.abc import Mapping


class LearnedConfig(CheckConfig):
    """The newest arrival is not before what the table's own arrivals suggest."""

    check: ClassVar[str] = "freshness"
    groups: ClassVar[tuple[frozenset[str], ...]] = (frozenset({"max_age"}), frozenset({"auto"}))
    short_form: ClassVar[str | None] = "auto"

    max_age: Duration | None = Field(None, description="Critical when older.", examples=["24h"])
    auto: bool = Field(default=False, description="Learn the limit.", examples=[True])

    def bind(self, binding: Binding) -> FreshnessRule:
        """Return a rule of 7 h where the limit is learned."""
        return FreshnessRule(error_after=timedelta(hours=7) if self.auto else self.max_age, zone=binding.zone)


CHECKS: Mapping[str, type[CheckConfig]] = {"freshness": LearnedConfig}


def watch(*entries: dict[str, Any]) -> Config:
    plain = {"version": 1, "defaults": {"freshness": {"max_age": "24h"}}, "tables": list(entries)}
    return load(plain, environ={}, checks=CHECKS)


@pytest.mark.parametrize(
    ("block", "hours"),
    [("auto", 7), ({"auto": True}, 7), ({"auto": False}, None), ({"max_age": "3h"}, 3), ({}, 24)],
)
def test_a_bare_word_stands_for_its_key_and_merges_like_it(block: object, hours: int | None) -> None:
    table = watch({"table": "a.b", "freshness": block}).resolve(None, "a", "b")
    assert table is not None
    limit = timedelta(hours=hours) if hours is not None else None
    assert table.rules == (FreshnessRule(error_after=limit, zone=ZoneInfo("UTC")),)


def test_another_word_is_a_mistake_that_names_both() -> None:
    with pytest.raises(ConfigErrors) as caught:
        watch({"table": "a.b", "freshness": "aut"})
    assert str(caught.value) == (
        "config: a.b: freshness: 'aut' is not a block of keys; write such as {max_age: 24h}, or off or auto"
    )


def test_the_schema_knows_the_word() -> None:
    validator = Draft202012Validator(json_schema(CHECKS))
    entry = {"version": 1, "tables": [{"table": "a.b", "freshness": "auto"}]}
    assert validator.is_valid(entry)
    assert Draft202012Validator(json_schema()).is_valid(entry)
    assert not Draft202012Validator(json_schema()).is_valid({**entry, "defaults": {"events": "auto"}})
