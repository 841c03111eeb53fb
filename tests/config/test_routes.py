"""Routes and silences of a config: which tables they take, and until when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from checks.config import Config, load, matches_id
from checks.model import Severity, Status

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FINANCE = "arn:aws:sns:eu-west-1:123456789012:finance-data"
BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 23, 0, 0, tzinfo=UTC)


def watch(*entries: dict[str, Any], **settings: Any) -> Config:
    return load({"version": 1, **settings, "tables": list(entries)}, environ={})


def text(tmp_path: Path, content: str, environ: Mapping[str, str] | None = None) -> Config:
    path = tmp_path / "checks.yml"
    path.write_text(content)
    return load(path, environ=environ or {})


@pytest.mark.parametrize(
    ("until", "ends"),
    [
        ("2026-12-01", datetime(2026, 11, 30, 23, 0, tzinfo=UTC)),
        ("2026-12-01T08:00", datetime(2026, 12, 1, 7, 0, tzinfo=UTC)),
        ("2026-12-01 08:00:00", datetime(2026, 12, 1, 7, 0, tzinfo=UTC)),
        ("2026-12-01T08:00Z", datetime(2026, 12, 1, 8, 0, tzinfo=UTC)),
        ("2026-12-01T08:00+05:00", datetime(2026, 12, 1, 3, 0, tzinfo=UTC)),
    ],
)
def test_a_silence_ends_at_its_instant(tmp_path: Path, until: str, ends: datetime) -> None:
    config = text(
        tmp_path,
        "version: 1\ntimezone: Europe/Berlin\ntables: [{table: web.*}]\nsilences:\n  - table: web.*\n"
        f"    until: {until}\n    because: migration\n",
    )
    table = config.resolve(None, "web", "clicks")
    assert table is not None
    second = timedelta(seconds=1)
    assert [table.silenced(now) for now in (ends - second, ends, ends + second)] == ["migration", None, None]
    local = ends.astimezone(BERLIN).strftime("%Y-%m-%d %H:%M")
    told = (f"{tmp_path}/checks.yml:6: silences[0].until: ended {local}; take it out",)
    assert [config.warnings(now) for now in (ends - second, ends, ends + second)] == [(), told, told]


def test_a_silence_of_one_check_leaves_the_others() -> None:
    config = watch(
        {"table": "a.b"},
        silences=[{"table": "A.*", "check": "freshness", "until": "2026-12-01", "because": "known"}],
    )
    table = config.resolve(None, "a", "b")
    assert table is not None
    assert table.silenced(NOW) is None
    assert table.silenced(NOW, "freshness") == "known"
    assert table.silenced(NOW, "partitions") is None


@pytest.mark.parametrize(
    ("glob", "table", "matched"),
    [
        ("web.*", "web.clicks", True),
        ("web.*", "partner/web.clicks", True),
        ("partner/web.*", "partner/web.clicks", True),
        ("partner/*", "partner/web.clicks", True),
        ("other/*", "partner/web.clicks", False),
        ("WEB.Clicks", "web.clicks", True),
        ("web.*", "webb.clicks", False),
        ("*", "s3://acme-raw/a/", True),
        ("s3://acme-raw/*", "s3://acme-raw/a/", True),
        ("s3://acme-raw/a", "s3://acme-raw/a/", True),
        ("s3://acme-raw/A", "s3://acme-raw/a/", False),
        ("web.*", "s3://web.x/", False),
    ],
)
def test_globs_of_ids(glob: str, table: str, matched: bool) -> None:  # noqa: FBT001 - a case
    assert matches_id(glob, table) is matched


@pytest.mark.parametrize(
    ("match", "taken"),
    [
        ({"owner": "finance-data"}, True),
        ({"owner": "finance-*"}, True),
        ({"owner": ["web", "finance-data"]}, True),
        ({"owner": "web"}, False),
        ({"database": "sal*"}, True),
        ({"database": "SALES"}, True),
        ({"database": "orders"}, False),
        ({"table": "sales.*"}, True),
        ({"table": ["web.*", "sales.lines"]}, False),
        ({"severity": "critical"}, True),
        ({"severity": ["warning", "unknown"]}, False),
        ({"owner": "finance-data", "severity": "warning"}, False),
    ],
)
def test_what_a_route_takes(match: dict[str, Any], taken: bool) -> None:  # noqa: FBT001 - a case
    config = watch({"table": "a.b"}, routes=[{"match": match, "topic": FINANCE}])
    route = config.routes[0]
    assert route.takes("partner/sales.orders", "finance-data", Status.FAIL, Severity.CRITICAL) is taken


def test_what_a_route_takes_of_unknown_and_well_tables() -> None:
    config = watch({"table": "a.b"}, routes=[{"match": {"severity": "unknown"}, "topic": FINANCE}])
    assert config.routes[0].takes("a.b", None, Status.UNKNOWN, None)
    assert not config.routes[0].takes("a.b", None, Status.PASS, None)
    config = watch({"table": "a.b"}, routes=[{"match": {"database": "*x"}, "topic": FINANCE}])
    assert not config.routes[0].takes("s3://ax/", None, Status.PASS, None)
