"""The renderings that are looked at, held line by line to golden files, from the cases that all renderings share."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from checks.report import as_junit, html, terminal
from tests.support.report_cases import CASES

if TYPE_CHECKING:
    from collections.abc import Callable

    from checks.report.build import Report

GOLDEN = Path(__file__).parent / "golden"


def bare_page(report: Report) -> str:
    """Return the page without its style and script, which stand in files of their own, and without their hashes."""
    text = re.sub(r"<(style|script)>.*?</\1>", r"<\1></\1>", html.page(report), flags=re.DOTALL)
    return re.sub(r"'sha256-[^']+'", "'sha256-'", text)


def bare_fragment(report: Report) -> str:
    """Return the notebook's element without its style."""
    return re.sub(r"<style>.*?</style>", "<style></style>", html.fragment(report), flags=re.DOTALL)


RENDERINGS: dict[str, tuple[str, Callable[[Report], str]]] = {
    "junit": ("xml", as_junit.render),
    "page": ("html", bare_page),
    "notebook": ("html", bare_fragment),
    "terminal": ("txt", lambda report: terminal.render(report, width=80, colour=False)),
    "terminal_colours": ("txt", lambda report: terminal.render(report, width=140, colour=True)),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("rendering", RENDERINGS)
def test_what_is_shown_is_what_was_looked_at(rendering: str, name: str) -> None:
    ending, render = RENDERINGS[rendering]
    path, shown = GOLDEN / f"{rendering}_{name}.{ending}", render(CASES[name])
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(shown, encoding="utf-8")
    assert path.is_file(), f"{path.name} is missing; set UPDATE_GOLDEN=1 and read it"
    assert shown == path.read_text(encoding="utf-8"), "set UPDATE_GOLDEN=1 and read what changed"


def test_no_golden_file_is_left_over() -> None:
    known = {
        f"{rendering}_{name}.{ending}" for rendering, (ending, _) in RENDERINGS.items() for name in CASES
    }
    ours = {
        path.name
        for path in GOLDEN.iterdir()
        if path.name.startswith(tuple(f"{each}_" for each in RENDERINGS))
    }
    assert ours == known
