"""A table of which the newest value of a column is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa  # type: ignore[import-untyped]
import pytest

from checks.lake.codecs.footers import read_footer
from checks.model import FileSeen, Finding, FooterSeen
from checks.rules.asking import ValueAsk
from tests.support.lakes import MemoryLake, prefix
from tests.support.rule_checks import NOW, ContentLake, find, plan_of, put
from tests.support.times import HOUR, SECOND, UTC_ZONE

if TYPE_CHECKING:
    from datetime import timedelta

    from tests.support.lakes import LakeBuilder


EVENTS = {"column": "event_time", "max_age": "24h"}
ASK = ValueAsk(column="event_time", zone=UTC_ZONE)


@pytest.fixture
def lake(any_lake: LakeBuilder) -> LakeBuilder:
    return ContentLake() if isinstance(any_lake, MemoryLake) else any_lake


def stamps(*ages: timedelta, unit: str = "us", tz: str | None = "UTC") -> Any:
    values = [NOW - age for age in ages]
    walls = values if tz is not None else [value.replace(tzinfo=None) for value in values]
    return pa.array(walls, pa.timestamp(unit, tz))


def finding_of(data: bytes, *more: bytes, pattern: str | None = None, **block: Any) -> Finding:
    lake = ContentLake()
    for number, each in enumerate((data, *more)):
        put(lake, f"s3://raw/a/{number}.parquet", each, NOW - HOUR - number * SECOND)
    named: dict[str, Any] = {"pattern": pattern} if pattern else {}
    return find(lake, plan_of(prefix("s3://raw/a/"), events={**EVENTS, **block}, **named), "events")


def footer_of(data: bytes, ask: ValueAsk = ASK) -> FooterSeen:
    lake = ContentLake()
    put(lake, "s3://raw/a.parquet", data, NOW)
    return read_footer(lake, FileSeen("s3://raw/a.parquet", len(data), NOW), ask)
