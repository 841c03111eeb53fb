"""A terminal over a lake with troubles."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.accounts import land_days
from tests.support.desk import NOW, Desk, configure
from tests.support.times import HOUR

if TYPE_CHECKING:
    from tests.support.lakes import HttpLake


@pytest.fixture
def desk(lake: HttpLake, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Desk:
    """Orders lack a day, clicks are old (a warning), sessions are fresh."""
    configure()
    land_days(lake, lake.table("sales.orders", dt="string"), "2026-11-10", "2026-11-21")
    lake.put(f"{lake.table('web.clicks').location}a.parquet", NOW - 30 * HOUR)
    lake.put(f"{lake.table('web.sessions').location}a.parquet", NOW - HOUR)
    return Desk(lake, monkeypatch, capsys)
