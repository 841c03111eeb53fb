"""The sentences that docs/troubleshooting.md explains are sentences of the product."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "troubleshooting.md"
HOLE = "\0"
SENTENCES = re.findall(r"^### `(.+)`$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)


def texts(tree: ast.AST) -> Iterator[str]:
    """Yield the text of each literal, f-strings whole with a mark for what is put in."""
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(each.value) if isinstance(each, ast.Constant) else HOLE for each in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


@pytest.fixture(scope="module")
def product() -> str:
    """All text of the product's code, without its docstrings."""
    found: list[str] = []
    for path in sorted((ROOT / "checks").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            body = getattr(node, "body", None)
            if isinstance(body, list) and body and isinstance(body[0], ast.Expr):
                body[0] = ast.Pass()
        found += texts(tree)
    return "\n".join(found)


@pytest.mark.parametrize("sentence", SENTENCES)
def test_a_sentence_that_is_explained_is_one_that_is_said(sentence: str, product: str) -> None:
    for part in sentence.split("..."):
        words = part.strip()
        assert words in product, words


def test_many_sentences_are_explained_and_each_once() -> None:
    assert len(SENTENCES) == len(set(SENTENCES)) >= 25
