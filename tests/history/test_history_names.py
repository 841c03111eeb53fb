"""Names of runs and of configs below a place: none leaves the folder, and no two meet."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from checks.history.base import run_name, safe_name


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


@pytest.mark.parametrize(
    ("run_id", "name"),
    [
        ("6a7e8feb-b491-4cf7-a9f1-bf3703467718", "6a7e8feb-b491-4cf7-a9f1-bf3703467718"),
        ("20261123T063000Z-0a1b2c3d", "20261123T063000Z-0a1b2c3d"),
        ("../../etc/passwd", f"etc-passwd-{digest('../../etc/passwd')}"),
        ("a b/c\n", f"a-b-c-{digest('a b/c' + chr(10))}"),
        ("..", digest("..")),
        ("", digest("")),
        ("x" * 120, "x" * 120),
        ("x" * 121, f"{'x' * 100}-{digest('x' * 121)}"),
    ],
)
def test_no_run_can_leave_the_folder(run_id: str, name: str) -> None:
    late = datetime(2026, 11, 23, 23, 30, tzinfo=UTC)
    assert run_name("prod", run_id, late) == f"runs/prod/2026-11-23/{name}.json"


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("prod", "prod"),
        ("team.prod_2-a", "team.prod_2-a"),
        ("Prod", f"prod-{digest('Prod')}"),
        ("PROD", f"prod-{digest('PROD')}"),
        (f"prod-{digest('Prod')}", f"prod-{digest('Prod')}-{digest('prod-' + digest('Prod'))}"),
        ("../prod", f"prod-{digest('../prod')}"),
        ("a/b", f"a-b-{digest('a/b')}"),
        ("a b", f"a-b-{digest('a b')}"),
        ("..", digest("..")),
        (".", digest(".")),
        ("prod.", f"prod-{digest('prod.')}"),
        ("Größe", f"gr-e-{digest('Größe')}"),
        ("x" * 64, "x" * 64),
        ("x" * 65, f"{'x' * 40}-{digest('x' * 65)}"),
        ("TABLES", f"tables-{digest('TABLES')}"),
    ],
)
def test_each_config_has_a_name_of_its_own(name: str, safe: str) -> None:
    assert safe_name(name) == safe


@given(st.text(), st.text())
def test_no_two_names_meet_even_where_case_does_not_count(one: str, other: str) -> None:
    assume(one != other)
    first, second = safe_name(one), safe_name(other)
    assert first != second
    assert first.lower() == first
    assert re.fullmatch(r"[a-z0-9][a-z0-9._-]*", first)
    assert len(f"{first}.json.torn-{'0' * 12}") < 255
