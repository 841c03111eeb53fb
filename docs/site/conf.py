"""Builds the pages into a site: `make site`. What is on it, and in which order, docs/index.md says.

Nothing of the site comes from another host: the last step looks through what was built.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
INDEX = "docs/index"

project = "s3-table-monitor"
html_title = "s3-table-monitor"
root_doc = INDEX
extensions = ["myst_parser"]
include_patterns = [
    "README.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "docs/**.md",
    "examples/README.md",
    "tests/rules/rules_table.md",
]
exclude_patterns = [".*", "build", "infra/node_modules"]
myst_heading_anchors = 4
html_theme = "furo"
html_show_sourcelink = False
html_copy_source = False
html_theme_options: dict[str, list[str]] = {"top_of_page_buttons": []}

_LINK = re.compile(r"\]\(([^)#\s]+\.md)\)")
_FROM_OUTSIDE = re.compile(
    r"<(?:script|img|iframe|source|audio|video|embed)\b[^>]*\bsrc=[\"']?(?:https?:)?//[^\"'\s>]+"
    r"|<link\b(?![^>]*\brel=[\"']?(?:canonical|license))[^>]*\bhref=[\"']?(?:https?:)?//[^\"'\s>]+"
    r"|@import\s+[^;]*//[^;]+|url\(\s*[\"']?(?:https?:)?//[^)]+"
)


def contents(name: str) -> dict[str, list[str]]:
    """Return the pages that a page links to, as Sphinx names them, by the heading that they stand below."""
    page = ROOT / f"{name}.md"
    found: dict[str, list[str]] = {}
    for part in re.split(r"^## ", page.read_text(encoding="utf-8"), flags=re.MULTILINE):
        heading = "" if part.startswith("# ") else part.splitlines()[0]
        paths = [(page.parent / target).resolve().relative_to(ROOT) for target in _LINK.findall(part)]
        found[heading] = list(dict.fromkeys(path.with_suffix("").as_posix() for path in paths))
    return found


def _add_contents(_app: Any, name: str, source: list[str]) -> None:
    """Let the index, and the list of decisions, have the pages that they link to below them."""
    if name not in {INDEX, "docs/decisions/README"}:
        return
    for heading, below in contents(name).items():
        caption = f":caption: {heading}\n" if heading else ""
        entries = "\n".join(f"/{page}" for page in below)
        source[0] += f"\n```{{toctree}}\n:hidden:\n:titlesonly:\n{caption}\n{entries}\n```\n"


def from_outside(folder: Path) -> list[str]:
    """Return what built pages would get from other hosts, each with its file."""
    return [
        f"{path.relative_to(folder)}: {match[0][:200]}"
        for path in sorted(folder.rglob("*"))
        if path.suffix in {".html", ".css"}
        for match in _FROM_OUTSIDE.finditer(path.read_text(encoding="utf-8"))
    ]


def _stay_at_home(app: Any, failed: Exception | None) -> None:
    if failed is None and app.builder.name == "html":
        found = from_outside(Path(app.outdir))
        if found:
            raise SystemExit("the site would load from other hosts:\n" + "\n".join(found))


def setup(app: Any) -> None:
    """Connect what is done before pages are read, and after all are written."""
    app.connect("source-read", _add_contents)
    app.connect("build-finished", _stay_at_home)
