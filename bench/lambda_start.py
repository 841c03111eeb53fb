"""Measure what a night costs in the Lambda's package: unpacking, a cold run of ten real tables, a warm one, memory.

    make package && python bench/lambda_start.py

The package runs isolated, as a process of the Lambda's Python that sees nothing else; Glue, S3 and SNS answer from this
process. CPU seconds are those of the package's process from its start on, the least of three; each has a folder of its
own to unpack into.
"""

from __future__ import annotations

import json
import logging
import os
import platform
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from zipfile import ZipFile

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.server import environment
from infra.package.bytecode import find_python
from tests.support.lakes import HttpLake, serving
from tests.support.real_lake import TABLES, RealLake

ROOT = Path(__file__).parents[1]
TIMES = 3
_NIGHT = """
import json, resource, sys, time
from pathlib import Path
code = Path(sys.argv[1])
sys.path.insert(0, str(code))
import lambda_handler
from checks import bundle
begun = time.process_time()
bundle._unpacked(code / bundle.ARCHIVE, bundle.Manifest.read(code / bundle.MANIFEST), Path(sys.argv[2]))
unpacked = time.process_time()
seconds = []
for number in range(3):
    before = time.process_time()
    answer = lambda_handler.lambda_handler({"id": f"night-{number}", "time": sys.argv[3]}, None)
    seconds.append(time.process_time() - before)
    assert answer["tables"] and not answer["unknown"] and answer["delivered"], answer
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps([unpacked - begun, begun + seconds[0], min(seconds[1:]), peak]))
"""


def main() -> None:
    """Measure, and print a line a promise."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    architecture = {"aarch64": "arm64"}.get(platform.machine(), platform.machine())
    python = find_python()
    with serving() as url, tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        with ZipFile(ROOT / f"build/lambda-{architecture}.zip") as packed:
            packed.extractall(folder / "task")
        os.environ |= environment(url) | {"AWS_REGION": "eu-west-1"}
        lake = HttpLake(url)
        now = datetime.now(UTC).replace(microsecond=0)  # noqa: TID251 - engines write it into their logs
        config = RealLake(lake, folder / "engines", now).build()
        lake.s3.put_object("ops", "checks.yml", json.dumps(config).encode())
        nights = []
        for number in range(TIMES):
            temporary = folder / f"tmp-{number}"
            settings = {
                "CONFIG": "s3://ops/checks.yml",
                "HISTORY": f"s3://ops/{number}/",
                "TMPDIR": str(temporary),
            }
            words: list[str | Path] = [
                python,
                "-I",
                "-S",
                "-c",
                _NIGHT,
                folder / "task",
                temporary / "s3-table-monitor",
                now.isoformat(),
            ]
            done = subprocess.run(  # noqa: S603 - the Python that was found, and the script above
                words, env={**os.environ, **settings}, check=True, stdout=subprocess.PIPE, text=True
            )
            nights.append(json.loads(done.stdout.splitlines()[-1]))
    unpacking, cold, warm, peak = (min(each) for each in zip(*nights, strict=True))
    print(f"unpacking, once an environment: {unpacking:.1f} s of CPU")
    print(f"a cold run of {TABLES} tables, unpacking apart: {cold:.2f} s of CPU (at most 4)")
    print(f"a warm one: {warm:.2f} s of CPU")
    print(f"most memory: {peak:.0f} MiB")


if __name__ == "__main__":
    main()
