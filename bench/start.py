"""Measure what starting costs: a run of one table against the import of its packages alone, and the help.

    python bench/start.py

Dimensions is the best of five in processes of their own; the server answers at once, so that only starting is measured.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.server import child, serving

TIMES = 5
_IMPORTS = "import boto3, awswrangler, great_expectations, pandas, pydantic, holidays, jinja2, ruamel.yaml"
_COMMAND = "import sys; from checks.cli import main; sys.exit(min(main(sys.argv[1:]), 0))"
_ENTRY = {"table": "sales.t0001", "partitions": {"every": "1d", "due": "06:00", "lookback": 14}}


def main() -> None:
    """Measure, and print a line a promise."""
    with serving("fleet") as url, tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "checks.yml"
        document = {"version": 1, "name": "bench", "history": f"{folder}/history", "tables": [_ENTRY]}
        config.write_text(json.dumps(document), encoding="utf-8")  # JSON is YAML
        words = ("run", "--config", str(config), "--now", "2026-11-24T07:00:00Z", "--no-send")
        child(_COMMAND, *words, url=url)  # compiles what is not compiled yet
        imports = runs = helps = float("inf")
        for _ in range(TIMES):
            imports = min(imports, child(_IMPORTS)[0])
            runs = min(runs, child(_COMMAND, *words, url=url)[0])
            helps = min(helps, child(_COMMAND, "--help")[0])
    print(f"a run of one table {runs:.2f} s, the import of its packages {imports:.2f} s")
    print(f"times the import: {runs / imports:.2f} (at most 1.25)")
    print(f"checks --help: {helps:.2f} s (under 0.5)")


if __name__ == "__main__":
    main()
