"""Configs that cannot be read at all, or that are built to do harm: told in one sentence, within bounds."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.config import ConfigErrors, load
from checks.config.source import LONGEST_TEXT
from checks.model import Problem, ProblemKind, Unobserved
from tests.support.mistakes import lines_of


def test_a_missing_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert lines_of("checks.yml") == [
        "checks.yml: there is no such file; name the config's path or s3:// URI"
    ]
    assert lines_of(Path("a") / "b.yml") == [
        "a/b.yml: there is no such file; name the config's path or s3:// URI"
    ]


def test_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("conf").mkdir()
    assert lines_of("conf") == ["conf: is a folder; name the file in it, such as conf/checks.yml"]


def test_a_file_that_may_not_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    assert lines_of("checks.yml") == ["checks.yml: may not be read by this user; change its permissions"]


@pytest.mark.parametrize(("extra", "fits"), [(-1, True), (0, True), (1, False)])
def test_a_file_of_more_than_1_mib(tmp_path: Path, extra: int, fits: bool) -> None:  # noqa: FBT001 - a case
    start = b"version: 1\ntables: [{table: a.b}]\n"
    path = tmp_path / "checks.yml"
    path.write_bytes(start + b"#" * (LONGEST_TEXT - len(start) + extra))
    assert lines_of(path) == (
        [] if fits else [f"{path}: is larger than 1 MiB; use globs in place of single tables"]
    )


def test_a_bomb_of_aliases(tmp_path: Path) -> None:
    path = tmp_path / "checks.yml"
    rows = ["x-a: &a [x, x, x, x, x, x, x, x, x, x]"]
    rows += [f"x-{b}: &{b} [{', '.join([f'*{a}'] * 10)}]" for a, b in zip("abcdefg", "bcdefgh", strict=True)]
    path.write_text("version: 1\ntables: [{table: a.b}]\n" + "\n".join(rows))
    assert lines_of(path) == [f"{path}:3: comes to more than 200,000 values when its aliases are followed"]


def test_a_bomb_of_merges(tmp_path: Path) -> None:
    path = tmp_path / "checks.yml"
    rows = ["x-a: &a {k: 1}"]
    rows += [
        f"x-{b}: &{b} {{<<: [{', '.join([f'*{a}'] * 20)}]}}"
        for a, b in zip("abcdefg", "bcdefgh", strict=True)
    ]
    path.write_text("\n".join(rows))
    assert "comes to more than 200,000 values" in lines_of(path)[0]


@pytest.mark.parametrize("depth", [100, 10_000])
def test_a_tower_of_brackets(tmp_path: Path, depth: int) -> None:
    path = tmp_path / "checks.yml"
    path.write_text("x-a: " + "[" * depth + "]" * depth)
    (line,) = lines_of(path)
    assert line.endswith("is nested too deeply; at most 40 levels are read")


def test_what_cannot_be_fetched_says_why() -> None:
    def denied(uri: str) -> bytes:
        message = f"access to {uri} was denied"
        raise Unobserved(Problem(ProblemKind.DENIED, message, "allow s3:GetObject on it"))

    def cut_off(_: str) -> bytes:
        message = "connection reset"
        raise OSError(message)

    def told(fetch: object) -> str:
        with pytest.raises(ConfigErrors) as caught:
            load("s3://conf/checks.yml", environ={}, fetch=fetch)  # type: ignore[arg-type] # a function, or None
        return str(caught.value)

    assert told(denied) == (
        "s3://conf/checks.yml: access to s3://conf/checks.yml was denied; allow s3:GetObject on it"
    )
    assert told(cut_off) == "s3://conf/checks.yml: cannot be read: connection reset"
    assert told(None) == "s3://conf/checks.yml: cannot be read from S3 here; name a local file"


@given(text=st.text(alphabet="ab:- \n[]{}&*!|>'\"%@`#,?<\t\0\u2028$~0", max_size=60))
def test_no_text_ends_in_anything_but_mistakes(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.mktemp("config") / "checks.yml"
    path.write_text(text, encoding="utf-8", newline="")
    assert lines_of(path)
