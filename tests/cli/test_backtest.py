"""`checks backtest`: recorded arrivals in, alerts out, and one clear line for what cannot be read."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import lzma
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from checks import backtest, cli

if TYPE_CHECKING:
    from collections.abc import Callable
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
    assert (
        "each table may raise 4 false alarms a year, the most that is taken; its share of false_alarms would be 12"
        in out
    )


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
    assert "arrivals.csv:3: earlier than a row above, as 78 rows are; sorted by time" in err
    assert "arrivals.csv:80: the same as a row above, as 1 row is; each counts once" in err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "table,when\na,2026-01-01\n",
            "arrivals.csv:1: no column arrived_at, partition, size_bytes, rows; the header has table, when, and needs",
        ),
        ("", f"arrivals.csv:1: no column {', '.join(HEADER.split(','))}; the header has nothing, and needs"),
        ("\n\n", "arrivals.csv:1: no column table, "),
        ("table,arrived_at,partition,size_bytes\n", "arrivals.csv:1: no column rows; the header has table, "),
        (
            HEADER.replace(",", ";"),
            f"arrivals.csv:1: no column {', '.join(HEADER.split(','))}; the header has table;",
        ),
        (f"{HEADER},rows\n", "arrivals.csv:1: more than one column rows; the header has table, "),
        (f"{HEADER}\n", "arrivals.csv:2: holds no arrivals under its header"),
        (HEADER, "arrivals.csv:2: holds no arrivals under its header"),
        (f"{HEADER}\na,,,,\n", "arrivals.csv:2: arrived_at '' is not a time;"),
        (f"{HEADER}\na,1717200000,,,\n", "arrivals.csv:2: arrived_at '1717200000' is not a time;"),
        (f"{HEADER}\na,{'x' * 999},,,\n", "arrivals.csv:2: arrived_at 'xxx"),
        (
            f"{HEADER}\na,9999-12-31T23:00-12:00,,,\n",
            "arrivals.csv:2: arrived_at '9999-12-31T23:00-12:00' is beyond",
        ),
        (
            f"{HEADER}\na,1969-12-31T23:59:59,,,\n",
            "arrivals.csv:2: arrived_at '1969-12-31T23:59:59' is no time at",
        ),
        (f"{HEADER}\na,2026-01-01,,1e400,\n", "arrivals.csv:2: size_bytes '1e400' is not a number;"),
        (f"{HEADER}\na,2026-01-01,,-1,\n", "arrivals.csv:2: size_bytes '-1' is not a number;"),
        (f"{HEADER}\na,2026-01-01,,nan,\n", "arrivals.csv:2: size_bytes 'nan' is not a number;"),
        (
            f"{HEADER}\na,2026-01-01,,{'9' * 19},\n",
            "arrivals.csv:2: size_bytes '9999999999999999999' is not a number;",
        ),
        (f"{HEADER}\na\0,2026-01-01,,,\n", "arrivals.csv:2: table 'a\\x00' holds a control character;"),
        (
            f"{HEADER}\na,2026-01-01,\x1b[31m,,\n",
            "arrivals.csv:2: partition '\\x1b[31m' holds a control character;",
        ),
        (
            f"{HEADER}\na,2026-01-01,{'x' * 131_073},,\n",
            "arrivals.csv:2: a field is longer than 131,072 characters;",
        ),
        (f'{HEADER}\na,2026-01-01,,,\n"a,2026-01-01,,,\na,2,,,\n', "arrivals.csv:3: a quote is opened here"),
        (f'{HEADER}\n"a"b,2026-01-01,,,\n', "arrivals.csv:2: ',' expected after '\"'; write a quote"),
        (f'{HEADER}\n"a\nb",2026-01-01,,,\n', "arrivals.csv:2: table 'a\\nb' holds a control character;"),
        (f'{HEADER}\n"a\nb",2026-01-01\n', "arrivals.csv:2: 2 fields where the header has 5"),
        (
            f"{HEADER}\na,2026-01-01,,,\na,yesterday,,,\n",
            "arrivals.csv:3: arrived_at 'yesterday' is not a time;",
        ),
        (f"{HEADER}\na,2026-01-01,,x,\n", "arrivals.csv:2: size_bytes 'x' is not a number;"),
        (f"{HEADER}\na,2026-01-01,,,-1\n", "arrivals.csv:2: rows '-1' is not a number;"),
        (f"{HEADER}\n,2026-01-01,,,\n", "arrivals.csv:2: table is empty;"),
        (f"{HEADER}\na,2026-01-01,,,,7\n", "arrivals.csv:2: 6 fields where the header has 5"),
        (f"{HEADER}\na,2026-01-01\n", "arrivals.csv:2: 2 fields where the header has 5"),
    ],
)
def test_what_cannot_be_read_is_one_line_with_its_place(replayed: Replayed, text: str, said: str) -> None:
    code, out, err = replayed(text, "--format", "csv")
    assert (code, out) == (2, "")
    assert err.startswith(said)
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (ROWS[:1], "sales.orders: 1 arrival seen, 4 needed (nothing learned)"),
        (ROWS[:2], "sales.orders: 2 arrivals seen, 4 needed (nothing learned)"),
        (ROWS[:1] * 500, "sales.orders: 1 arrival seen, 4 needed (nothing learned)"),
        ([f"a,{day(0)},,{n}," for n in range(500)], "a: 1 arrival seen, 4 needed (nothing learned)"),
        (ROWS[:40], "sales.orders: 40 of the last 40 days at 05:00 UTC; due 08:00"),
    ],
)
def test_what_ends_while_it_is_learned_is_not_judged_and_says_so(
    replayed: Replayed, rows: list[str], said: str
) -> None:
    code, out, _ = replayed("\n".join([HEADER, *rows]))
    assert code == 0
    assert out.startswith(said)
    assert (
        "nothing is judged: learning lasts for 60 days from the first arrival, until 2026-03-06T05:00" in out
    )
    assert "in 0 days" not in out
    assert replayed("\n".join([HEADER, *rows]), "--format", "csv")[1] == "table,opened_at,closed_at,check\n"


def test_an_end_before_the_first_arrival_is_refused(replayed: Replayed) -> None:
    text = "\n".join([HEADER, *ROWS])
    code, out, err = replayed(text, "--until", "2020-01-01")
    assert (code, out) == (2, "")
    assert err == (
        "arrivals.csv: its first arrival, 2026-01-05T05:00:00+00:00, comes after the end of the replay; "
        "write a later --until\n"
    )
    assert replayed(text, "--until", day(0))[0] == 0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--until", "yesterday"], "'yesterday' is not a time; write ISO 8601"),
        (
            ["--until", "9999-12-31T23:59-12:00"],
            "'9999-12-31T23:59-12:00' is beyond the years 1 to 9999 in UTC",
        ),
        (
            ["--until", "0001-01-01T00:00+12:00"],
            "'0001-01-01T00:00+12:00' is beyond the years 1 to 9999 in UTC",
        ),
        (["--train", "0d"], "'0d' is not a duration above zero"),
        (["--train", "60"], "'60' is not a duration; write a number and"),
        (["--train", "9999999999d"], "'9999999999d' is longer than ten years"),
        (["--every", "0s"], "'0s' is not a duration above zero"),
        (["--every", "often"], "'often' is not a duration"),
        (["--format", "xml"], "invalid choice: 'xml'"),
    ],
)
def test_wrong_options_are_told(replayed: Replayed, options: list[str], said: str) -> None:
    with pytest.raises(SystemExit) as ended:
        replayed("\n".join([HEADER, *ROWS]), *options)
    assert ended.value.code == 2
    assert said in replayed.capsys.readouterr().err


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> datetime:
    """The clock: at noon of the last day of ROWS."""
    now = START + timedelta(days=79, hours=7)
    monkeypatch.setattr("checks.backtest_commands.read_clock", lambda: now)
    return now


def test_single_times_ahead_of_the_clock_are_left_out_with_their_place(
    replayed: Replayed, clock: datetime
) -> None:
    whole = replayed("\n".join([HEADER, *ROWS]), "--format", "csv")[1]
    for ahead in (clock + timedelta(minutes=10, seconds=1), datetime(2099, 1, 1, tzinfo=UTC)):
        text = "\n".join([HEADER, ROWS[0], f"sales.orders,{ahead.isoformat()},,1,", *ROWS[1:]])
        code, out, err = replayed(text, "--format", "csv")
        assert (code, out) == (0, whole)
        assert "arrivals.csv:3: ahead of the clock, as 1 row is; left out" in err
    at = clock + timedelta(minutes=10)
    text = "\n".join([HEADER, *ROWS, f"sales.orders,{at.isoformat()},dt={day(79)[:10]},1000,10"])
    _, _, err = replayed(text, "--format", "csv")
    assert "ahead of the clock" not in err


def test_a_file_that_is_ahead_of_the_clock_as_a_whole_is_replayed(
    replayed: Replayed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("checks.backtest_commands.read_clock", lambda: START)
    _, out, err = replayed("\n".join([HEADER, *ROWS]), "--format", "csv")
    assert len(out.splitlines()) == 2
    assert "arrivals.csv:3: ahead of the clock, as 77 rows are; replayed all the same" in err


def test_partitions_that_name_no_time_are_told_with_their_place(replayed: Replayed) -> None:
    odd = [line.replace(f"dt={day(n)[:10]}", f"region=eu-{n}") for n, line in enumerate(lines(range(70)))]
    _, out, _ = replayed("\n".join([HEADER, *odd]))
    assert "arrivals.csv:2: partition 'region=eu-0' names no time, in 70 rows; their tables are judged" in out
    few = [*ROWS[:9], ROWS[9].replace(f"dt={day(9)[:10]}", "dt=__HIVE_DEFAULT_PARTITION__"), *ROWS[10:]]
    _, out, _ = replayed("\n".join([HEADER, *few]))
    assert (
        "arrivals.csv:11: partition 'dt=__HIVE_DEFAULT_PARTITION__' names no time, in 1 row; these teach"
        in out
    )
    assert "names no time" not in replayed("\n".join([HEADER, *lines(range(70))]))[1]


def test_a_byte_order_mark_line_ends_of_windows_and_quotes_say_nothing(replayed: Replayed) -> None:
    whole = replayed("\n".join([HEADER, *ROWS]), "--format", "csv")[1]
    quoted = [",".join(f'"{field}"' for field in line.split(",")) for line in ROWS]
    zoned = [line.replace("T05:00:00+00:00", "T07:00:00+02:00") for line in ROWS[::2]]
    for text in (
        "\ufeff" + "\r\n".join([HEADER, *ROWS]),
        "\n\n".join([f'"{HEADER.replace(",", chr(34) + "," + chr(34))}"', *quoted]),
        "\n".join([HEADER, *sorted([*zoned, *ROWS[1::2]], key=lambda line: line.split(",")[2])]),
        "\n".join([HEADER, *(line.replace("+00:00", "Z") for line in ROWS)]),
        "\n".join([HEADER, *(line.replace("+00:00", "") for line in ROWS)]),
    ):
        code, out, _ = replayed(text, "--format", "csv")
        assert (code, out) == (0, whole)


def test_what_the_runs_of_the_monitor_would_have_seen_is_told(replayed: Replayed) -> None:
    text = "\n".join([HEADER, *ROWS])  # silent from 16 Mar 08:00 to 18 Mar 05:00
    _, out, _ = replayed(text)
    assert (
        "the monitor's runs, cron(0 0 * * ? *), alone would have seen 1 of them, 16 h late in the median"
        in out
    )
    _, out, _ = replayed(text, "--cron", "cron(0 8 * * ? *)")
    assert (
        "the monitor's runs, cron(0 8 * * ? *), alone would have seen 1 of them, 0 s late in the median"
        in out
    )
    _, out, _ = replayed(text, "--cron", "cron(0 6 ? * WED *)")
    assert "the monitor's runs, cron(0 6 ? * WED *), alone would have seen none of them" in out
    code, _, err = replayed(text, "--cron", "often")
    assert code == 2
    assert "often" in err


def test_a_file_that_is_not_there_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["backtest", "--arrivals", str(tmp_path / "none.csv")]) == 2
    assert "none.csv: No such file or directory" in capsys.readouterr().err


def test_bytes_that_are_no_text_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "arrivals.csv"
    path.write_bytes(b"table,arrived_at\n\xff\xfe,2026-01-01\n")
    assert cli.main(["backtest", "--arrivals", str(path)]) == 2
    assert "arrivals.csv:2: is not UTF-8 text" in capsys.readouterr().err


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_what_is_compressed_is_to_be_unpacked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], pack: Callable[[bytes], bytes]
) -> None:
    path = tmp_path / "arrivals.csv.packed"
    path.write_bytes(pack("\n".join([HEADER, *ROWS]).encode()))
    assert cli.main(["backtest", "--arrivals", str(path)]) == 2
    assert capsys.readouterr().err == f"{path}:1: is not UTF-8 text; unpack it first\n"


def test_a_dash_is_standard_input() -> None:
    def piped(data: bytes) -> subprocess.CompletedProcess[bytes]:
        command = [sys.executable, "-m", "checks", "backtest", "--arrivals", "-"]
        return subprocess.run(command, input=data, capture_output=True, check=False)

    told = piped("\n".join([HEADER, *ROWS]).encode())
    assert told.stdout.startswith(b"sales.orders: 61 of the last 63 days at 05:00 UTC; due 08:00")
    assert not told.returncode
    packed = piped(gzip.compress("\n".join([HEADER, *ROWS]).encode()))
    assert packed.stderr == b"/dev/stdin: is not UTF-8 text; write the arrivals as CSV in UTF-8\n"
    assert packed.returncode == 2


@pytest.mark.parametrize(("text", "a_month"), [("1/month", 1), ("12/year", 1), ("0.5 / month", 0.5)])
def test_budgets(text: str, a_month: float) -> None:
    assert backtest.parse_budget(text) == pytest.approx(a_month)


@pytest.mark.parametrize("text", ["1", "0/month", "-1/month", "1/day", "many"])
def test_other_budgets_are_refused(replayed: Replayed, text: str) -> None:
    code, out, err = replayed("\n".join([HEADER, *ROWS]), f"--false-alarms={text}")
    assert (code, out) == (2, "")
    assert err.startswith(f"--false-alarms: '{text}' is not a number")
    assert "write one such as 1/month" in err
