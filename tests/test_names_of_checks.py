"""Nobody but the checks themselves and the config knows a check by its name: a new one is its own file."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import checks
from checks.rules import CHECKS

ROOT = Path(checks.__file__).parent
SOURCES = sorted(
    path for path in ROOT.rglob("*.py") if path.relative_to(ROOT).parts[0] not in ("rules", "config")
)
OF_RULES = "checks.rules."
OPEN_TO_ALL = {
    "asking",
    "base",
    "dimensions",
    "proposing",
    "retold",
    "sentences",
    "table_ids",
    "taught",
    "told_once",
    "upstream",
}
"""Modules of rules that are no check: what is asked, what a rule is, and words for both."""
OPEN_TO_LAKE = {"asking", "base", "dimensions"}


def modules_of_rules(tree: ast.AST) -> set[str]:
    """Return which modules of rules are imported, wherever in the file."""
    return {
        node.module.removeprefix(OF_RULES)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module is not None and node.module.startswith(OF_RULES)
    }


def named_checks(tree: ast.AST) -> list[str]:
    """Return the expressions that ask which check it is: by its class, or by its name."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "isinstance":
            classes = node.args[1]
            names = [ast.unparse(each) for each in getattr(classes, "elts", [classes])]
            found += [
                ast.unparse(node) for name in names if name.endswith(("Rule", "Config")) and name != "Rule"
            ]
        elif isinstance(node, ast.keyword) and node.arg == "check":
            is_named = isinstance(node.value, ast.Constant) and node.value.value in CHECKS
            found += [ast.unparse(node)] if is_named else []
        elif isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            words = {
                each.value for side in sides for each in ast.walk(side) if isinstance(each, ast.Constant)
            }
            asks = any(isinstance(side, ast.Attribute) and side.attr == "check" for side in sides)
            if asks and words & CHECKS.keys():
                found.append(ast.unparse(node))
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_check_is_known_by_its_name_or_class(path: Path) -> None:
    tree = ast.parse(path.read_text())
    assert named_checks(tree) == []
    allowed = OPEN_TO_LAKE if path.is_relative_to(ROOT / "lake") else OPEN_TO_ALL
    assert modules_of_rules(tree) <= allowed


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("isinstance(rule, FreshnessRule)", True),
        ("isinstance(rule, (Other, PartitionsRule))", True),
        ("isinstance(rule, Rule)", False),
        ("rule.check == 'freshness'", True),
        ("finding.check in ('events', 'volume')", True),
        ("'catalog' != change.check", True),
        ("finding.check == CONFIG_CHECK", False),
        ("Finding(check='volume')", True),
        ("Finding(check=rule.check)", False),
        ("rule.check == 'nothing of the kind'", False),
    ],
)
def test_what_counts_as_knowing_a_check(code: str, found: bool) -> None:  # noqa: FBT001 - a parameter of the test
    assert bool(named_checks(ast.parse(code))) is found


def test_imports_within_functions_and_for_types_count() -> None:
    for_types = "if TYPE_CHECKING:\n    from checks.rules.volume import VolumeRule"
    code = f"{for_types}\ndef measure():\n    from checks.rules.base import Row"
    assert modules_of_rules(ast.parse(code)) == {"volume", "base"}
