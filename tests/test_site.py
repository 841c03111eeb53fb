"""The site has every page, and nothing of it would come from another host."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def conf() -> ModuleType:
    spec = importlib.util.spec_from_file_location("conf", ROOT / "docs" / "site" / "conf.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def named(conf: Any, page: str) -> list[str]:
    return [each for below in conf.contents(page).values() for each in below]


def test_the_index_names_every_page_once(conf: ModuleType) -> None:
    listed = named(conf, "docs/index")
    pages = {path.relative_to(ROOT).with_suffix("").as_posix() for path in (ROOT / "docs").glob("*.md")}
    beside = {"README", "CHANGELOG", "CONTRIBUTING", "SECURITY", "examples/README", "tests/rules/rules_table"}
    assert sorted(listed) == sorted({*pages, *beside, "docs/decisions/README"} - {"docs/index"})


def test_every_decision_is_named_by_the_list_of_decisions(conf: ModuleType) -> None:
    pages = {
        path.relative_to(ROOT).with_suffix("").as_posix() for path in (ROOT / "docs/decisions").glob("*.md")
    }
    assert sorted(named(conf, "docs/decisions/README")) == sorted(pages - {"docs/decisions/README"})


def test_each_page_of_the_index_stands_below_a_heading_but_the_readme(conf: ModuleType) -> None:
    found = conf.contents("docs/index")
    assert found[""] == ["README"]
    assert all(found.values())
    assert len(found) == 6


@pytest.mark.parametrize(
    "loads",
    [
        '<script src="https://example.com/a.js"></script>',
        "<script async src='//example.com/a.js'></script>",
        '<link rel="stylesheet" href="https://fonts.example.com/css">',
        "<img alt='' src=https://example.com/a.png>",
        '<style>@import "https://example.com/a.css";</style>',
        "<style>a { background: url( 'http://example.com/a.png') }</style>",
    ],
)
def test_what_would_come_from_another_host_is_found(conf: ModuleType, tmp_path: Path, loads: str) -> None:
    (tmp_path / "a.html").write_text(f"<html>{loads}</html>", encoding="utf-8")
    (found,) = conf.from_outside(tmp_path)
    assert found.startswith("a.html: ")


@pytest.mark.parametrize(
    "stays",
    [
        '<script src="../_static/a.js?v=1"></script>',
        '<link rel="stylesheet" href="_static/a.css">',
        '<link rel="canonical" href="https://example.com/">',
        '<a href="https://docs.example.com/">elsewhere</a>',
        '<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0"/></svg>',
        "<style>a { background: url(data:image/png;base64,AA==) }</style>",
        "<pre>https://wiki.example.com/orders</pre>",
    ],
)
def test_links_and_what_lies_beside_a_page_are_no_fault(conf: ModuleType, tmp_path: Path, stays: str) -> None:
    (tmp_path / "a.html").write_text(f"<html>{stays}</html>", encoding="utf-8")
    assert conf.from_outside(tmp_path) == []


def test_its_tools_are_locked_with_their_hashes() -> None:
    lock = (ROOT / "locks" / "site.txt").read_text(encoding="utf-8")
    assert {"sphinx", "myst-parser", "furo"} <= set(re.findall(r"^([a-z0-9-]+)==", lock, re.MULTILINE))
    assert lock.count("--hash=sha256:") > 40
    assert "index-url" not in lock
