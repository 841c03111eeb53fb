"""`checks discover` and `checks init` as commands: what they print, write, merge and refuse."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from checks import cli
from checks.config import load_text
from tests.support.discovered import (
    NOW,
    healthy,
    in_one_place,
    unwell,
)
from tests.support.times import DAY, HOUR

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.lakes import HttpLake


AT = ["--now", "2026-11-23T12:00:00Z"]


def test_what_it_prints_is_a_config_that_raises_nothing(
    lake: HttpLake, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    healthy(lake)
    assert cli.main(["discover", "--database", "*", *AT]) == 0
    text, told = capsys.readouterr()
    assert "looks at 6 tables: " in told.splitlines()[0]
    assert "the catalog took 3" in told.splitlines()[0]
    config = load_text(text, "checks.yml", environ={})
    assert len(config.selectors()) == 6
    assert "# days due at 08:15 UTC (2 tables)\n  - table: sales.invoices\n" in text
    assert "a replay of 62 days would not have alerted" in text
    assert text.count("calendar: closed-sat-sun") == 1
    assert cli.main(["discover", "--database", "*", *AT]) == 0
    assert capsys.readouterr().out == text  # the same lake, the same words
    (tmp_path / "checks.yml").write_text(text, encoding="utf-8")
    assert cli.main(["run", "--no-send", *AT]) == 0
    assert "All 6 tables are fresh" in " ".join(capsys.readouterr().out.split())


def test_what_cannot_be_watched_is_named_with_why(lake: HttpLake, capsys: pytest.CaptureFixture[str]) -> None:
    unwell(lake)
    in_one_place(lake, "web.events", (NOW - number * HOUR for number in range(500)))
    assert cli.main(["discover", "--database", "web", *AT]) == 3
    text, told = capsys.readouterr()
    assert [each.id for each in load_text(text, "checks.yml", environ={}).selectors()] == ["web.events"]
    assert (
        "  # - table: web.young\n  #   freshness: {auto: true, max_age: 7d}  # 3 arrivals seen, 4 needed\n"
        in text
    )
    assert "  # - table: web.empty\n  #   freshness: {auto: true, max_age: 7d}  # it holds no data\n" in text
    assert "# 1 view was left out: views hold no data of their own in S3\n" in text
    assert "# left out: web.odd{brackets}, for no entry of a config can name it" in text
    assert "# not read: web.nowhere: S3 ListObjectsV2 on s3://not-there/x/: the bucket not-there" in text
    assert "could not be read: web.nowhere: " in told


@pytest.mark.parametrize(("days", "is_watched"), [(89, True), (91, False)])
def test_what_nothing_came_to_for_long_may_be_retired(
    lake: HttpLake,
    capsys: pytest.CaptureFixture[str],
    days: int,
    is_watched: bool,  # noqa: FBT001 - a parameter
) -> None:
    in_one_place(lake, "web.old", (NOW - (days + number) * DAY for number in range(60)))
    in_one_place(lake, "web.yearly", (NOW - (100 + number * 365) * DAY for number in range(6)))
    assert cli.main(["discover", "--database", "web", *AT]) == 0
    text = capsys.readouterr().out
    watched = [each.id for each in load_text(text, "checks.yml", environ={}).selectors()]
    assert watched == [*(["web.old"] if is_watched else []), "web.yearly"]
    said = " ".join(text.replace("#", "").split())
    assert ("it is still open: look at the table first" in said) is is_watched
    assert ("# nothing came since 2026-08-24: is it retired?" in text) is not is_watched


def test_where_the_commented_ones_are_taken_in_it_is_still_a_config(
    lake: HttpLake, capsys: pytest.CaptureFixture[str]
) -> None:
    unwell(lake)
    in_one_place(lake, "web.events", (NOW - number * HOUR for number in range(500)))
    cli.main(["discover", "--database", "web", *AT])
    lines = capsys.readouterr().out.splitlines()
    taken = [
        line.replace("  # ", "  ", 1) if line.startswith(("  # - table", "  #   freshness")) else line
        for line in lines
    ]
    ids = [each.id for each in load_text("\n".join(taken), "checks.yml", environ={}).selectors()]
    assert sorted(ids) == ["web.empty", "web.events", "web.young"]


def test_names_that_no_entry_can_hold_cost_no_other_table(
    lake: HttpLake, capsys: pytest.CaptureFixture[str]
) -> None:
    odd = ["new\nline", "ta\tb", "zero\u200bwidth", "\u202ebidi", "trail ", "*star", "?q", "[br]", "${HOME}"]
    fine = [
        "yes",
        "null",
        "~",
        "#hash",
        "a #b",
        "quote'",
        'quote"',
        "co:lon: x",
        "- dash",
        "123",
        "ünï",
        "<<",
        "!tag",
    ]
    for name in (*fine, *odd):
        in_one_place(lake, f"web.{name}", (NOW - number * HOUR for number in range(30)))
    assert cli.main(["discover", "--database", "web", *AT]) == 0
    text = capsys.readouterr().out
    watched = load_text(text, "checks.yml", environ={})
    assert sorted(each.name or "" for each in watched.selectors()) == sorted(fine)
    assert text.count("# left out: web.") == len(odd)
    assert (
        "# left out: web.new line, for no entry of a config can name it; a glob with ? in place of what is"
        in text
    )


def test_a_plan_reads_the_catalog_alone(lake: HttpLake, capsys: pytest.CaptureFixture[str]) -> None:
    healthy(lake)
    assert cli.main(["discover", "--database", "sales", "--plan", "--max-requests", "50", *AT]) == 0
    out, told = capsys.readouterr()
    assert told == ""
    assert "TABLE           FORMAT  READ BY                 REQUESTS  USD AT MOST" in out
    assert "sales.invoices  files   newest partitions back  3 to 50   0.0002" in out
    assert "looks at 3 tables: 9 to 150 requests, $0.0007 at the most; the catalog took 1" in out


def test_init_writes_where_there_is_nothing(
    lake: HttpLake, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    healthy(lake)
    assert cli.main(["init", "--database", "sales", *AT]) == 0
    assert capsys.readouterr().out.startswith("wrote checks.yml: 3 tables to watch")
    written = (tmp_path / "checks.yml").read_bytes()
    assert cli.main(["validate"]) == 0
    assert cli.main(["init", "--database", "sales", *AT]) == 2
    assert "discover --merge checks.yml --write" in capsys.readouterr().err
    assert (tmp_path / "checks.yml").read_bytes() == written


def test_init_follows_no_link_that_leads_nowhere(
    lake: HttpLake, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "checks.yml").symlink_to(tmp_path / "elsewhere.yml")
    assert cli.main(["init", "--database", "sales", *AT]) == 2
    assert not (tmp_path / "elsewhere.yml").exists()


def test_init_writes_nothing_where_there_is_nothing_to_watch(
    lake: HttpLake, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    lake.table("web.empty")
    assert cli.main(["init", "--database", "web", *AT]) == 3
    out, told = capsys.readouterr()
    assert all(line.startswith("#") for line in out.splitlines())
    assert "it holds no data" in out
    assert told.endswith("nothing to watch was found, so this is no config yet\n")
    assert not (tmp_path / "checks.yml").exists()


def test_a_database_that_is_not_there_is_told(lake: HttpLake, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["discover", "--database", "nowhere", *AT]) == 3
    assert (
        "could not be read: nowhere.*: nowhere.* matches no table in the catalog" in capsys.readouterr().err
    )


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--database", "s[a-b]"], "is not a glob here"),
        (["--database", ".x"], "is not database.table"),
        (["--database", "s3://lake/"], "is a location, not a table"),
        (
            ["--database", "a", "--false-alarms", "often"],
            "--false-alarms: 'often' is not a number of false alarms",
        ),
        (["--database", "a", "--write"], "--write is for --merge FILE"),
        (["--database", "a", "--merge", "absent.yml"], "absent.yml: cannot be read: No such file"),
    ],
)
def test_mistakes_are_told_before_anything_is_asked(
    lake: HttpLake, capsys: pytest.CaptureFixture[str], options: list[str], told: str
) -> None:
    assert cli.main(["discover", *options]) == 2
    assert told in capsys.readouterr().err


@pytest.mark.parametrize("command", ["discover", "init"])
def test_without_a_database_those_that_there_are_are_told(
    lake: HttpLake, capsys: pytest.CaptureFixture[str], tmp_path: Path, command: str
) -> None:
    assert cli.main([command]) == 2
    assert capsys.readouterr().err.endswith("for all; the catalog has no databases here\n")
    lake.table("web.a")
    lake.table("ads.b")
    assert cli.main([command, "--database", " "]) == 2
    assert capsys.readouterr() == (
        "",
        'which tables? Write --database NAME, or a glob such as --database "*" for all; the catalog has ads and web\n',
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "options", [["--days", "0"], ["--days", "3651"], ["--days", "x"], ["--max-requests", "0"]]
)
def test_wrong_options_are_refused(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        cli.main(["discover", "--database", "a", *options])
    assert refused.value.code == 2


def test_merging_adds_what_is_not_watched_and_changes_nothing_else(
    lake: HttpLake, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    healthy(lake)
    path = tmp_path / "mine.yml"
    before = (
        "# mine\nversion: 1\ncalendars:\n    bank:   {closed: [sat, sun]}  # rests\ntables:\n"
        "- table: sales.orders   # by hand\n  freshness: {max_age: 40h}\n  # of orders\n"
        '- {table: "web.*", exclude: [clicks], freshness: auto}\n\n# last\nroutes: []\n'
    )
    path.write_text(before, encoding="utf-8")
    assert cli.main(["discover", "--database", "*", *AT, "--merge", str(path)]) == 0
    out, told = capsys.readouterr()
    assert path.read_text(encoding="utf-8") == before
    assert "looks at 2 tables, 4 more are in the config" in told  # what is excluded is left out on purpose
    added = [line for line in out.splitlines() if line.startswith("- table: ")]
    assert added == ["- table: sales.orders   # by hand", "- table: sales.invoices", "- table: sales.refunds"]
    assert "calendar: bank}" in out
    assert [line for line in out.splitlines(keepends=True) if line in before.splitlines(keepends=True)][
        :5
    ] == (before.splitlines(keepends=True)[:5])
    assert cli.main(["discover", "--database", "*", *AT, "--merge", str(path), "--write"]) == 0
    assert path.read_text(encoding="utf-8") == out
    written = capsys.readouterr()
    assert written.out == ""
    assert f"{path}: 2 tables to watch\n" in written.err
    assert cli.main(["discover", "--database", "*", *AT, "--merge", str(path), "--write"]) == 0
    assert path.read_text(encoding="utf-8") == out
    assert f"{path}: nothing to add\n" in capsys.readouterr().err
