"""Draw `architecture.svg` out of the code: the parts of the package, in the layers that the import contract states.

`make architecture` runs it, and a test holds the picture to what it would draw.
"""

from __future__ import annotations

import sys
import tomllib
from collections import Counter
from html import escape
from pathlib import Path

import grimp

ROOT = Path(__file__).resolve().parents[1]
PICTURE = ROOT / "docs" / "architecture.svg"
WIDTH, ROW, BOX, GAP, TOP = 960, 66, 36, 14, 60
"""Pixels: of the picture, of a layer, of a box's height, between boxes, above the first layer."""
_STYLE = (
    "svg{background:#fff}text{font:13px system-ui,sans-serif;fill:#1b1f24}.small{font-size:11px;fill:#57606a}"
    "rect{fill:#f3f6fa;stroke:#8c98a8}path{fill:none;stroke:#5b7fb5;stroke-opacity:.28}"
    "@media (prefers-color-scheme:dark){svg{background:#0d1117}text{fill:#e6edf3}.small{fill:#9198a1}"
    "rect{fill:#1b2430;stroke:#59636e}path{stroke:#8ab4f8;stroke-opacity:.3}}"
)


def layers() -> list[list[str]]:
    """Return the parts of the package by layer, the highest first, as the import contract has them."""
    told = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = told["tool"]["importlinter"]["contracts"]
    rows = next(each["layers"] for each in contracts if each["id"] == "layers")
    here = {each.stem if each.suffix == ".py" else each.name for each in (ROOT / "checks").iterdir()}
    names = [[part.strip(" ()") for part in row.split(":")] for row in rows]
    return [found for row in names if (found := [name for name in row if name in here])]


def imports() -> Counter[tuple[str, str]]:
    """Count the imports from part to part."""
    sys.path.insert(0, str(ROOT))  # this checkout, whichever is installed
    graph = grimp.build_graph("checks", cache_dir=None)
    found: Counter[tuple[str, str]] = Counter()
    for importer in graph.modules:
        for imported in graph.find_modules_directly_imported_by(importer):
            pair = tuple(name.split(".")[1] if "." in name else "" for name in (importer, imported))
            if pair[0] != pair[1] and all(pair):
                found[pair[0], pair[1]] += 1
    return found


def draw() -> str:
    """Return the picture as SVG, the same for the same code."""
    rows = layers()
    places: dict[str, tuple[float, float, float]] = {}
    boxes = []
    for number, row in enumerate(rows):
        wide = min(220.0, (WIDTH - 2 * GAP - GAP * (len(row) - 1)) / len(row))
        left = (WIDTH - wide * len(row) - GAP * (len(row) - 1)) / 2
        for index, part in enumerate(row):
            x, y = left + index * (wide + GAP), TOP + number * ROW
            places[part] = (x, y, wide)
            boxes.append(
                f'<rect x="{x:.0f}" y="{y}" width="{wide:.0f}" height="{BOX}" rx="6"/>'
                f'<text x="{x + wide / 2:.0f}" y="{y + 23}" text-anchor="middle">{escape(part)}</text>'
            )
    arrows = []
    for (importer, imported), count in sorted(imports().items()):
        if importer in places and imported in places:
            (x1, y1, w1), (x2, y2, w2) = places[importer], places[imported]
            a, b = x1 + w1 / 2, x2 + w2 / 2
            middle = (y1 + BOX + y2) / 2
            arrows.append(
                f'<path stroke-width="{0.7 if count < 8 else 1.6 if count < 30 else 3.2}" '
                f'd="M{a:.0f} {y1 + BOX} C{a:.0f} {middle:.0f} {b:.0f} {middle:.0f} {b:.0f} {y2}"/>'
            )
    height = TOP + len(rows) * ROW
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-label="The parts of the package checks in their layers"><style>{_STYLE}</style>'
        f'<text x="{GAP}" y="26">The parts of checks. A line is an import, and goes downward; those of many '
        f'are thick.</text><text class="small" x="{GAP}" y="44">Drawn by make architecture.</text>'
        f"{''.join(arrows)}{''.join(boxes)}</svg>\n"
    )


if __name__ == "__main__":
    PICTURE.write_text(draw(), encoding="utf-8")
    sys.stdout.write(f"wrote {PICTURE.relative_to(ROOT)}\n")
