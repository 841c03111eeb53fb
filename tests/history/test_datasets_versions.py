"""Files of the first version of the data sets are read by every later one, column by column."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest

from checks.history import open_history
from checks.history.datasets import DATASETS, VERSION, Batch, Kind, read, record
from checks.history.datasets.files import Rows, encode, of_rows
from tests.support.times import at

if TYPE_CHECKING:
    from collections.abc import Mapping

FOLDER = Path(__file__).parent / "data" / "datasets_version_1"
"""What version 1 wrote. It is never written again: `write_version_1` is how it was made."""
DAY = at("2026-11-23 00:00")
COLUMNS: Mapping[str, str] = {
    "runs": "config run_id run_at zone first_run delivered tables fresh warning critical unknown "
    "reached requests usd seconds",
    "observations": "config run_id run_at table_id account database_name table_format location newest_at "
    "evidence files size_bytes row_count is_complete periods_seen requests problem problem_told",
    "findings": "config run_id run_at table_id check_name status severity observed expected limit_warning "
    "limit_critical because advice evidence deadline since stale_since bad_periods problem "
    "cause told_within owner silenced",
    "periods": "config table_id check_name period dimensions state due_at month arrived_at on_time "
    "seen_from seen_until",
    "changes": "config run_id run_at table_id check_name item reason status severity since because "
    "told_before delivered owner",
    "marks": "config mark_id kind table_id check_name period moment made_by made_at ends_at because "
    "taken_back_by taken_back_at seen_from seen_until",
}
"""The columns of version 1, in their order."""


def value(name: str, kind: Kind, row: int) -> Any:
    """Return what stands in a column of a row: each other, and null in the last one."""
    if row == 2:
        return None
    return {
        Kind.TEXT: f"{name} {row} é",
        Kind.INSTANT: datetime(2026, 11, 23, row, 30) + timedelta(milliseconds=row),
        Kind.WHOLE: row * 10**12,
        Kind.NUMBER: row / 8,
        Kind.FLAG: row == 1,
    }[kind]


def expected(dataset: str) -> list[dict[str, Any]]:
    columns = DATASETS[dataset].columns
    return [
        {name: value(name, columns[name][0], row) for name in COLUMNS[dataset].split()} for row in range(3)
    ]


def write_version_1() -> None:
    """Write the files, as they were written once: `PYTHONPATH=. python -c "..."` at the time of version 1."""
    for name, dataset in DATASETS.items():
        FOLDER.mkdir(parents=True, exist_ok=True)
        (FOLDER / f"{name}.parquet").write_bytes(
            encode(dataset, Rows(of_rows(dataset, expected(name)), ("r-0",)))
        )


@pytest.mark.parametrize("name", COLUMNS)
def test_the_first_versions_files_are_read_whole(name: str, tmp_path: Path) -> None:
    assert VERSION >= 1
    history = open_history(str(tmp_path), "prod")
    history.store.keep(
        f"datasets/{name}/day=2026-11-23/prod~000.parquet", (FOLDER / f"{name}.parquet").read_bytes()
    )
    found = read(history, name, since=DAY.date(), until=DAY.date())
    assert found.unread == ()
    own = COLUMNS[name].split()
    assert [{key: row[key] for key in own} for row in found.rows] == expected(name)
    assert all(row[key] is None for row in found.rows for key in set(DATASETS[name].columns) - set(own))


@pytest.mark.parametrize("name", COLUMNS)
def test_no_column_of_the_first_version_was_renamed_retyped_or_taken_out(name: str) -> None:
    schema = pq.read_schema(FOLDER / f"{name}.parquet")
    assert schema.names == COLUMNS[name].split()
    assert list(DATASETS[name].columns)[: len(schema)] == schema.names  # later ones come behind
    for field in schema:
        assert DATASETS[name].schema.field(field.name).type == field.type


@pytest.mark.parametrize("name", COLUMNS)
def test_rows_are_put_beside_those_of_the_first_version(name: str, tmp_path: Path) -> None:
    history = open_history(str(tmp_path), "prod")
    place = f"datasets/{name}/day=2026-11-23/prod~000.parquet"
    history.store.keep(place, (FOLDER / f"{name}.parquet").read_bytes())
    row = {"config": "prod", "run_id": "r-9", "seen_from": DAY.replace(tzinfo=None)}
    known = {key: each for key, each in row.items() if key in DATASETS[name].columns}
    assert record(history, Batch(config="prod", run_id="r-9", now=DAY, rows={name: [known]})).complaints == ()
    found = read(history, name, since=DAY.date(), until=DAY.date()).rows
    assert len(found) == 4
    assert list(history.store.listed("datasets/")) == [place]
