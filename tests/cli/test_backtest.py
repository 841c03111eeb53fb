"""`checks backtest`: recorded arrivals in, alerts out, and one clear line for what cannot be read."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from checks import backtest, cli

if TYPE_CHECKING:
    from pathlib import Path

HEADER = "table,arrived_at,partition,size_bytes,rows"
START = datetime(2026, 1, 5, 5, tzinfo=UTC)


def day(number: int) -> str:
    return (START + timedelta(days=number)).isoformat()


def lines(days: range, table: str = "sales.orders") -> list[str]:
    return [f"{table},{day(d)},dt={day(d)[:10]},1000,10" for d in days]


ROWS = [*lines(range(70)), *lines(range(72, 80))]


@pytest.fixture
def replayed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Replayed:
    return Replayed(tmp_path, capsys)


class Replayed:
    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.capsys = folder, capsys

    def __call__(self, text: str, *options: str) -> tuple[int, str, str]:
        path = self.folder / "arrivals.csv"
        path.write_text(text, encoding="utf-8")
        code = cli.main(["backtest", "--arrivals", str(path), *options])
        told = self.capsys.readouterr()
        return code, told.out, told.err.replace(str(self.folder) + "/", "")


def test_csv_is_the_alerts_and_nothing_else(replayed: Replayed) -> None:
    code, out, err = replayed("\n".join([HEADER, *ROWS]), "--format", "csv")
    assert code == 0
    assert out.splitlines() == [
        "table,opened_at,closed_at,check",
        "sales.orders,2026-03-16T08:00:00+00:00,2026-03-18T05:00:00+00:00,partitions",
    ]
    assert "1 alert of 1 table in 19 days" in err
    assert "looks every 15 min alone would have seen 1 of them, 0 s late" in err


def test_text_says_what_was_learned_and_told(replayed: Replayed) -> None:
    code, out, _ = replayed("\n".join([HEADER, *ROWS]))
    assert code == 0
    said = out.splitlines()
    assert said[0].startswith("sales.orders: 61 of the last 63 days at 05:00 UTC; due 08:00")
    assert said[0].endswith("(sure)")
    assert said[1] == "  partitions: 2026-03-16T08:00:00+00:00 for 45 h"
    assert "each table may raise 4 false alarms a year, not 12 as its share would be" in out


def test_an_end_cuts_and_leaves_open(replayed: Replayed) -> None:
    text = "\n".join([HEADER, *ROWS])
    at = "2026-03-16T08:00:00+00:00"
    assert len(replayed(text, "--format", "csv", "--until", at)[1].splitlines()) == 1
    after = replayed(text, "--format", "csv", "--until", "2026-03-16T08:00:01+00:00")[1]
    assert after.splitlines()[1:] == [f"sales.orders,{at},,partitions"]


def test_nothing_is_told_in_training(replayed: Replayed) -> None:
    text = "\n".join([HEADER, *ROWS])
    assert len(replayed(text, "--format", "csv", "--train", "75d")[1].splitlines()) == 1


def test_other_orders_of_columns_and_rows_are_read(replayed: Replayed) -> None:
    whole = replayed("\n".join([HEADER, *ROWS]), "--format", "csv")[1]
    rows = list(csv.DictReader(io.StringIO("\n".join([HEADER, *ROWS]))))
    out = io.StringIO()
    writer = csv.DictWriter(out, ["arrived_at", "rows", "table", "size_bytes", "partition"])
    writer.writeheader()
    writer.writerows(rows)
    assert replayed(out.getvalue(), "--format", "csv")[1] == whole
    _, told, err = replayed("\n".join([HEADER, *ROWS[::-1], ROWS[3]]), "--format", "csv")
    assert told == whole
    assert "arrivals.csv:3: earlier than a row above, as 78 are; sorted by time" in err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "table,when\na,2026-01-01\n",
            "arrivals.csv:1: no column arrived_at; the header has table, when, and needs",
        ),
        ("", "arrivals.csv:1: no column table; the header has nothing, and needs"),
        (f"{HEADER}\n", "arrivals.csv: holds no arrivals under its header"),
        (
            f"{HEADER}\na,2026-01-01,,,\na,yesterday,,,\n",
            "arrivals.csv:3: arrived_at 'yesterday' is not a time;",
        ),
        (f"{HEADER}\na,2026-01-01,,x,\n", "arrivals.csv:2: size_bytes 'x' is not a number;"),
        (f"{HEADER}\na,2026-01-01,,,-1\n", "arrivals.csv:2: rows '-1' is not a number;"),
        (f"{HEADER}\n,2026-01-01,,,\n", "arrivals.csv:2: table is empty;"),
        (f"{HEADER}\na,2026-01-01\n", "arrivals.csv:2: 2 fields where the header has 5"),
    ],
)
def test_what_cannot_be_read_is_one_line_with_its_place(replayed: Replayed, text: str, said: str) -> None:
    code, out, err = replayed(text, "--format", "csv")
    assert (code, out) == (2, "")
    assert err.startswith(said)
    assert err.count("\n") == 1


def test_a_file_that_is_not_there_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["backtest", "--arrivals", str(tmp_path / "none.csv")]) == 2
    assert "none.csv: No such file or directory" in capsys.readouterr().err


def test_bytes_that_are_no_text_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "arrivals.csv"
    path.write_bytes(b"table,arrived_at\n\xff\xfe,2026-01-01\n")
    assert cli.main(["backtest", "--arrivals", str(path)]) == 2
    assert "is not UTF-8 text" in capsys.readouterr().err


@pytest.mark.parametrize(("text", "a_month"), [("1/month", 1), ("12/year", 1), ("0.5 / month", 0.5)])
def test_budgets(text: str, a_month: float) -> None:
    assert backtest.parse_budget(text) == pytest.approx(a_month)


@pytest.mark.parametrize("text", ["1", "0/month", "-1/month", "1/day", "many"])
def test_other_budgets_are_refused(replayed: Replayed, text: str) -> None:
    code, out, err = replayed("\n".join([HEADER, *ROWS]), f"--false-alarms={text}")
    assert (code, out) == (2, "")
    assert "write one such as 1/month" in err
