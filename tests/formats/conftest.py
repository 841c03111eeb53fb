"""A table that deltalake wrote long ago, at a prefix."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.prefixes import OLD, Delta
from tests.support.times import HOUR

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def old_delta(tmp_path: Path) -> Delta:
    table = Delta(tmp_path / "table")
    table.append(OLD - HOUR)
    table.append(OLD)
    return table
